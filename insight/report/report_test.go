package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doorstep/fault"
	"doorstep/insight/report"
	"doorstep/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, d report.Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, d); err != nil {
		t.Fatalf("Render: %v", err)
	}
	return b.String()
}

// elided matches the vendored script, which would only bloat the golden files.
var elided = regexp.MustCompile(`(?s)<script>/\*!\n \* Chart\.js v.*?</script>`)

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]report.Data{"day": day(), "troubled": troubled(), "single": single(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := render(t, d)
			got := elided.ReplaceAllString(whole, "<script>/* Chart.js */</script>")
			if len(got) == len(whole) {
				t.Fatal("the vendored script is not in the page")
			}
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s is not what Render writes (-want +got, -update accepts it):\n%s", file, diff)
			}
		})
	}
}

// TestDrawsTheSameTwice shows that nothing in the page depends on chance.
func TestDrawsTheSameTwice(t *testing.T) {
	t.Parallel()
	if once, again := render(t, day()), render(t, day()); once != again {
		t.Error("two pages of the same data differ")
	}
}

var (
	attribute = regexp.MustCompile(`(?i)\b(?:src|srcset|href|action|formaction|poster|data|background|ping)\s*=\s*["']?([^"'\s>]*)`)
	tag       = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	request   = regexp.MustCompile(`@import|\burl\(|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|\bimport\(|new Worker|new Image\b|sourceMappingURL|<iframe|<object|<embed|<base`)
)

func TestLoadsNothing(t *testing.T) {
	t.Parallel()
	html := render(t, day())
	if found := request.FindAllString(html, -1); found != nil {
		t.Errorf("the page can make requests: %q", found)
	}
	for _, element := range tag.FindAllString(elided.ReplaceAllString(html, ""), -1) {
		for _, m := range attribute.FindAllStringSubmatch(element, -1) {
			if m[1] != "data:," {
				t.Errorf("%s points outside of the page", element)
			}
		}
	}
	if !strings.Contains(html, `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;`) {
		t.Error("the page's policy does not forbid requests")
	}
}

const hostile = `</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`{{.}}\u2028&lt;"

// poison puts hostile text into every string that it can reach.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[report.Clock]() { // a clock is one of two
			v.SetString(hostile)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i))
		}
	}
}

func TestEscapes(t *testing.T) {
	t.Parallel()
	d := troubled()
	clean := render(t, d)
	poison(reflect.ValueOf(&d).Elem())
	html := render(t, d)
	for _, element := range []string{"<script", "</script", "</style", "</title", "<img", "onerror=alert(1)>"} {
		if got, want := strings.Count(html, element), strings.Count(clean, element); got != want {
			t.Errorf("%d times %s, want %d", got, element, want)
		}
	}
	if n := strings.Count(html, "&lt;/script&gt;&lt;/style&gt;"); n < 20 {
		t.Errorf("the hostile text is shown %d times, want each time it is in the data", n)
	}
	for _, config := range configs(t, html) {
		if labels := config.Data.Labels; config.Type == "bar" && !strings.HasPrefix(labels[0], hostile[:40]) {
			t.Errorf("a chart's label came out as %q", labels[0])
		}
	}
}

type config struct {
	Type string
	Data struct {
		Labels   []string
		Datasets []struct {
			Label string
			Data  []json.RawMessage
			Texts []string
		}
	}
	Options struct {
		Scales map[string]struct {
			Type     string
			Min, Max float64
			Marks    []struct {
				Value float64
				Label string
			}
		}
	}
}

var block = regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`)

// configs returns the configurations of the page's charts.
func configs(t *testing.T, html string) []config {
	t.Helper()
	var all []config
	for _, m := range block.FindAllStringSubmatch(html, -1) {
		var c config
		if err := json.Unmarshal([]byte(m[1]), &c); err != nil {
			t.Fatalf("a configuration is no JSON: %v", err)
		}
		all = append(all, c)
	}
	return all
}

// TestTables shows that whatever a chart draws can be read without it.
func TestTables(t *testing.T) {
	t.Parallel()
	html := render(t, day())
	all := configs(t, html)
	if len(all) != 4 {
		t.Fatalf("%d charts, want 4", len(all))
	}
	for _, c := range all {
		for _, label := range c.Data.Labels {
			if !strings.Contains(html, `<th scope="row">`+label+`</th>`) {
				t.Errorf("%q is in a chart and in no table", label)
			}
		}
		for _, set := range c.Data.Datasets {
			if len(set.Data) != len(c.Data.Labels) {
				t.Errorf("%s has %d points for %d labels", set.Label, len(set.Data), len(c.Data.Labels))
			}
		}
	}
	if got := strings.Count(html, "<canvas role=\"img\" aria-label=\""); got != 4 {
		t.Errorf("%d charts say what they show, want 4", got)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0 s":          0,
		"7 ns":         7,
		"850 µs":       850 * time.Microsecond,
		"1 ms":         999_960 * time.Nanosecond,
		"1.24 ms":      1_236 * time.Microsecond,
		"412 ms":       412 * time.Millisecond,
		"59.9 s":       59_949 * time.Millisecond,
		"1 min":        59_960 * time.Millisecond,
		"12 min 5 s":   12*time.Minute + 5*time.Second,
		"1 h":          time.Hour - 400*time.Millisecond,
		"5 h 7 min":    5*time.Hour + 7*time.Minute + 12*time.Second,
		"1 d":          24*time.Hour - 20*time.Second,
		"3 d 4 h":      76 * time.Hour,
		"2,000 d":      48_000 * time.Hour,
		"106,751 d 23": math.MaxInt64 * time.Nanosecond,
	} {
		html := render(t, report.Data{Steps: []report.Step{{"wait", report.ShopTime, 1, d, d, 0, 0}}})
		// A number never parts from its unit.
		if !strings.Contains(strings.ReplaceAll(html, "\u00a0", " "), `<td class="n">`+want) {
			t.Errorf("%d ns is not shown as %q", d, want)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 7, "0%"}, {7, 7, "100%"}, {1, 3, "33.3%"}, {1, 1_000_000, "&lt;0.1%"}, {999_999, 1_000_000, "&gt;99.9%"}, {1, 2, "50.0%"},
	} {
		html := render(t, report.Data{Funnel: []report.Stage{{"placed", c.whole}, {"paid", c.part}}})
		if !strings.Contains(html, `<td class="n">`+c.want+`</td>`) {
			t.Errorf("%d of %d is not shown as %s", c.part, c.whole, c.want)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	html := render(t, report.Data{
		Taken:    []money.Amount{money.Of(82_374_614, "GBP"), money.Of(1_234_567, "JPY"), money.Of(1, "GBP")},
		Refunded: []money.Amount{money.Of(1_500, "KWD")},
	})
	for _, want := range []string{"<small>GBP</small> 823,746.15<", ">823,746.15<", ">1,234,567<", ">1.500<", ">−1.500<", ">0.00<"} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
}

func TestManyViolations(t *testing.T) {
	t.Parallel()
	html := render(t, report.Data{Verify: report.Verdict{Violations: make([]string, 1_350)}})
	for _, want := range []string{"Verify found 1,350 violations", "<li>and 1,250 more</li>"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if n := strings.Count(html, "<li></li>"); n != 100 {
		t.Errorf("%d violations are listed, want 100", n)
	}
}

// TestAxes shows that every point lies on its axis, however large or small.
func TestAxes(t *testing.T) {
	t.Parallel()
	for name, times := range map[string][]time.Duration{
		"nothing":     {0, 0},
		"alike":       {3 * time.Hour, 5 * time.Hour},
		"wide":        {time.Millisecond, 400 * time.Hour},
		"with zero":   {0, 90 * time.Second},
		"nanoseconds": {1, 3},
		"longest":     {1, math.MaxInt64},
		"long alike":  {math.MaxInt64 / 2, math.MaxInt64 / 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			html := render(t, report.Data{Steps: []report.Step{{"wait", report.ShopTime, 1, times[0], times[1], 0, 0}}})
			c := configs(t, html)[0]
			x := c.Options.Scales["x"]
			if x.Type == "logarithmic" && x.Min <= 0 || len(x.Marks) < 2 || len(x.Marks) > 22 || x.Marks[len(x.Marks)-1].Value != x.Max {
				t.Errorf("the axis is %+v", x)
			}
			for _, set := range c.Data.Datasets[:2] {
				var at float64
				if err := json.Unmarshal(set.Data[0], &at); err != nil || at < x.Min || at > x.Max {
					t.Errorf("%s lies at %v, outside of %v to %v (%v)", set.Label, at, x.Min, x.Max, err)
				}
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]report.Data{
		"a step without a clock": {Steps: []report.Step{{Name: "pay"}}},
		"too much taken":         {Taken: []money.Amount{money.Of(math.MaxInt64, "GBP"), money.Of(1, "GBP")}},
		"too much refunded":      {Refunded: []money.Amount{money.Of(math.MaxInt64, "GBP"), money.Of(1, "GBP")}},
		"refunds below nothing":  {Refunded: []money.Amount{money.Of(math.MinInt64, "GBP")}},
		"too much lost":          {Taken: []money.Amount{money.Of(math.MinInt64, "GBP")}, Refunded: []money.Amount{money.Of(1, "GBP")}},
	} {
		var b bytes.Buffer
		if err := report.Render(&b, d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes were written", name, b.Len())
		}
	}
}

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestWriterFails(t *testing.T) {
	t.Parallel()
	noSpace := errors.New("no space left")
	if err := report.Render(full{noSpace}, day()); !errors.Is(err, noSpace) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

// TestVendored shows that the notes on the vendored script are about this script.
func TestVendored(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("assets/chart.umd.min.js")
	if err != nil {
		t.Fatal(err)
	}
	notes, err := os.ReadFile("assets/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []*regexp.Regexp{
		regexp.MustCompile(`Chart\.js v?(\d+\.\d+\.\d+)`), regexp.MustCompile("@kurkle/color`? v?(\\d+\\.\\d+\\.\\d+)"),
	} {
		in, said := version.FindSubmatch(script), version.FindSubmatch(notes)
		if in == nil || said == nil || string(in[1]) != string(said[1]) {
			t.Errorf("the script is %q and the notes say %q", in, said)
		}
	}
	if bytes.Contains(script, []byte("</script")) {
		t.Error("the script would end itself when written into a page")
	}
}
