package report_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"doorstep/insight/report"
)

// compared are two made-up runs.
func compared() report.Comparison {
	return report.Comparison{
		Title: "Two runs side by side", About: "A made-up <shop>.", A: "plain", B: "changed",
		Changed: []report.Changed{{Setting: "stock.reorder_at", A: "10", B: "30"}},
		Groups: []report.Group{
			{Name: "orders", Rows: []report.Row{{Name: "placed", Unit: report.UnitCount, A: 1500, B: 1500}, {Name: "failed: out of stock", Unit: report.UnitCount, A: 1207, B: 60}}},
			{Name: "money", Rows: []report.Row{{Name: "kept", Unit: "GBP", A: 1_135_448, B: 1_236_248}, {Name: "given back", Unit: "JPY", A: 900, B: 100}}},
			{Name: "times", Rows: []report.Row{{Name: "placed to paid, p99", Unit: report.UnitTime, A: int64(5 * time.Minute), B: int64(4*time.Minute + 30*time.Second)}}},
			{Name: "stock"},
		},
		Pairs: []report.Pair{{Name: "Open tickets", A: []int64{0, 3, 1, 1, 1}, B: []int64{0, 5, 2}}, {Name: "Nothing", A: []int64{0, 0}, B: []int64{0}}},
		Facts: []report.Fact{{Name: "Seed of A", Value: "7"}},
	}
}

func comparison(t *testing.T, c report.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.RenderComparison(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTwoRunsSideBySide: each figure in its unit, with the sign of the difference,
// and lines up to where nothing changes any more.
func TestTwoRunsSideBySide(t *testing.T) {
	t.Parallel()
	page := comparison(t, compared())
	for _, want := range []string{
		"A made-up &lt;shop&gt;.", "<td>10</td><td>30</td>", `<td class="n">1,500</td><td class="n">1,500</td><td class="n"></td>`,
		`<td class="n">1,207</td><td class="n">60</td><td class="n">−1,147</td>`,
		"+GBP 1,008.00", "−JPY 800", "−30\u00a0s", "Failed: out of stock", "A: plain · B: changed",
		`"labels":["Day 1, 00:00","Day 1, 01:00","Day 1, 02:00"]`, `"data":[0,5,2]`, `"A: plain: 3"`, "Seed of A",
	} {
		if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(page, "<figure"); n != 1 {
		t.Errorf("%d charts", n)
	}
	if page != comparison(t, compared()) {
		t.Error("the same is drawn otherwise")
	}
	if found := request.FindAllString(page, -1); found != nil || !strings.Contains(page, "default-src &#39;none&#39;;") {
		t.Errorf("the page can make requests: %q", found)
	}
}

// TestSeveralSeeds: figures are means, with how far they may be off, and a mark where
// the difference is more than chance.
func TestSeveralSeeds(t *testing.T) {
	t.Parallel()
	c := compared()
	c.Seeds = 6
	c.Groups = []report.Group{{Name: "all", Rows: []report.Row{
		{Name: "placed", Unit: report.UnitCount, Paired: &report.Paired{Seeds: 6, A: 1500.25, B: 1489.5, Difference: -10.75, Margin: 2.5, MoreThanChance: true}},
		{Name: "kept", Unit: "GBP", Paired: &report.Paired{Seeds: 6, A: 100, B: 250.4, Difference: 150.4, Margin: 151}},
		{Name: "same", Unit: report.UnitTime, Paired: &report.Paired{Seeds: 6, A: 6e10, B: 6e10}},
	}}}
	page := strings.ReplaceAll(comparison(t, c), "&#43;", "+")
	for _, want := range []string{
		"the same 6 seeds", "with the first seed", "✓ more than chance",
		`<td class="n">1,500.3</td><td class="n">1,489.5</td><td class="n"><strong>✓ −10.8</strong><br><small>±` + "\u00a0" + `2.5</small></td>`,
		`<td class="n">+GBP 1.50<br><small>±` + "\u00a0" + `GBP 1.51</small></td>`,
		`<td class="n">1` + "\u00a0" + `min</td><td class="n">1` + "\u00a0" + `min</td><td class="n"></td>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if one := comparison(t, compared()); strings.Contains(one, "seeds,") || strings.Contains(one, "more than chance") {
		t.Error("of one seed it speaks of several")
	}
}

// TestNothingIsDifferent says so.
func TestNothingIsDifferent(t *testing.T) {
	t.Parallel()
	if page := comparison(t, report.Comparison{Title: "x"}); !strings.Contains(page, "Nothing.") || strings.Contains(page, "<figure") {
		t.Error(page)
	}
	noSpace := errors.New("no space left")
	if err := report.RenderComparison(full{noSpace}, compared()); !errors.Is(err, noSpace) {
		t.Errorf("a full disk: %v", err)
	}
}

// simulated is a day on which goods run out, and people have something to do.
func simulated() report.Data {
	d := day()
	d.About, d.Tails = "A made-up day on which goods run out.", true
	d.Failed[0].Worth = append(d.Taken[:1:1], d.Taken[1])
	for i := range d.Steps {
		d.Steps[i].P90, d.Steps[i].P99 = d.Steps[i].P95-d.Steps[i].P95/10, d.Steps[i].P95*2
	}
	for i, b := range d.OverTime {
		d.Load = append(d.Load, report.Load{At: b.Start, Tickets: int64(i % 7), Held: int64(i / 12), OutOfStock: 1})
	}
	d.Stock = []report.Shelf{{SKU: "CUP"}, {SKU: "LAMP", HoursOut: 17, OrdersLost: 1204, Reorders: 1, Received: 60}}
	return d
}

// TestWhatWaitedForPeopleIsShown, and stock, worth and tails where they are known,
// and none of them where not.
func TestWhatWaitedForPeopleIsShown(t *testing.T) {
	t.Parallel()
	with, without := render(t, simulated()), render(t, day())
	for _, want := range []string{"What waited for people", "A made-up day on which goods run out.", ">p99</abbr>", "Hours out", "1,204", "Worth", "EUR 9,130.20", `"Held orders: 1"`} {
		if !strings.Contains(with, want) {
			t.Errorf("%q is missing", want)
		}
		if strings.Contains(without, want) {
			t.Errorf("%q is shown of a day of which it is not known", want)
		}
	}
	quiet := simulated()
	for i := range quiet.Load {
		quiet.Load[i] = report.Load{At: quiet.Load[i].At}
	}
	if page := render(t, quiet); !strings.Contains(page, "Nothing did.") {
		t.Error("it does not say that nothing waited")
	}
}

// TestWhatWasPaidBackIsNotUnderWay: it is said of its own.
func TestWhatWasPaidBackIsNotUnderWay(t *testing.T) {
	t.Parallel()
	d := day()
	for n, want := range map[int64][2]string{
		1: {"1 order (0.1%) did not arrive whole", "3 orders (0.3%) are still under way"},
		4: {"4 orders (0.4%) did not arrive whole", ""},
	} {
		d.Repaid = n
		page := render(t, d)
		if !strings.Contains(page, want[0]) || !strings.Contains(page, want[1]) || strings.Contains(page, "still under way") != (want[1] != "") {
			t.Errorf("with %d orders paid back it does not say %q", n, want)
		}
	}
}

// TestAComparisonEscapes whatever text is in it.
func TestAComparisonEscapes(t *testing.T) {
	t.Parallel()
	c := compared()
	clean := comparison(t, c)
	poison(reflect.ValueOf(&c).Elem())
	page := comparison(t, c)
	for _, element := range []string{"<script", "</script", "</style", "</title", "<img", "onerror=alert(1)>"} {
		if got, want := strings.Count(page, element), strings.Count(clean, element); got != want {
			t.Errorf("%d times %s, want %d", got, element, want)
		}
	}
}
