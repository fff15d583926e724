package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/money"
)

// Comparison is what a page shows of two runs side by side.
type Comparison struct {
	Title   string
	About   string // may be empty
	A, B    string // what the two are called
	Seeds   int    // with how many both were run; more than one where rows are paired
	Changed []Changed
	Groups  []Group
	Pairs   []Pair
	Facts   []Fact
}

// Changed is a setting in which the two differ.
type Changed struct {
	Setting string `json:"setting"`
	A       string `json:"a"`
	B       string `json:"b"`
}

// Group is figures of one kind.
type Group struct {
	Name string `json:"name"`
	Rows []Row  `json:"rows"`
}

// Row is a figure of both.
type Row struct {
	Name   string  `json:"name"`
	Unit   Unit    `json:"unit"`
	A      int64   `json:"a"`                // the mean, rounded, where there are several seeds
	B      int64   `json:"b"`                // as A
	Paired *Paired `json:"paired,omitempty"` // where there are several seeds
}

// Paired is a figure of both over several seeds, in its unit.
type Paired struct {
	Seeds          int     `json:"seeds"`              // that have it
	A              float64 `json:"a"`                  // the mean
	B              float64 `json:"b"`                  // the mean
	Difference     float64 `json:"difference"`         // the mean of B less A, seed by seed
	Deviation      float64 `json:"standard_deviation"` // of the differences
	Margin         float64 `json:"margin"`             // the mean's 95 % confidence interval reaches so far to either side
	MoreThanChance bool    `json:"more_than_chance"`   // the interval does not hold 0
}

// Difference is how much more the second has.
func (r Row) Difference() int64 { return r.B - r.A }

// Unit is what a figure counts: things, nanoseconds, or minor units of the currency
// that it names.
type Unit string

// The units that are no currency.
const (
	UnitCount Unit = "count"
	UnitTime  Unit = "nanoseconds"
)

// Pair is a figure of both over time, hour by hour from the start of each.
type Pair struct {
	Name string
	A, B []int64
}

// comparing is what the template reads.
type comparing struct {
	Comparison
	Policy  string
	Style   template.CSS
	Scripts []template.JS
	Figures []pairFigure
}

type pairFigure struct {
	Name string
	Fig  *figure
}

// RenderComparison writes two runs side by side as one HTML page.
//
// Errors: an error of w, wrapped.
func RenderComparison(w io.Writer, c Comparison) error {
	p := comparing{Comparison: c, Policy: contentPolicy(), Style: template.CSS(pageCSS), Scripts: scripts} //nolint:gosec // our own file
	for _, pair := range c.Pairs {
		if fig := pair.figure(c.A, c.B); fig != nil {
			p.Figures = append(p.Figures, pairFigure{pair.Name, fig})
		}
	}
	var b bytes.Buffer
	if err := comparison.Execute(&b, p); err != nil {
		return fault.New(fault.Internal, "the comparison could not be drawn: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

// figure draws one line for each of the two, up to where nothing changes any more.
func (p Pair) figure(a, b string) *figure {
	n := max(len(p.A), len(p.B))
	at := func(of []int64, i int) int64 {
		if len(of) == 0 {
			return 0
		}
		return of[min(i, len(of)-1)]
	}
	for n > 1 && at(p.A, n-1) == at(p.A, n-2) && at(p.B, n-1) == at(p.B, n-2) {
		n--
	}
	if n == 0 || !slices.ContainsFunc(slices.Concat(p.A, p.B), func(v int64) bool { return v != 0 }) {
		return nil
	}
	lines := []dataset{
		{Label: "A: " + a, Tone: "placed", Look: look{PointStyle: "circle"}},
		{Label: "B: " + b, Tone: "shipped", Look: look{PointStyle: "rect", BorderDash: []int{6, 4}}},
	}
	var labels []string
	for i := range n {
		labels = append(labels, hourOf(i))
		for j, of := range [][]int64{p.A, p.B} {
			lines[j].Data = append(lines[j].Data, at(of, i))
			lines[j].Texts = append(lines[j].Texts, lines[j].Label+": "+count(at(of, i)))
		}
	}
	return linesFigure(fmt.Sprintf("Line chart: %s, of A and of B, by hour.", p.Name), labels, lines)
}

// hourOf names an hour from the start of a run.
func hourOf(i int) string { return fmt.Sprintf("Day %d, %02d:00", 1+i/24, i%24) }

// value shows a figure in the row's unit. Between a currency and its amount a narrow
// page breaks the line.
func (r Row) value(n int64) string {
	switch r.Unit {
	case UnitCount:
		return count(n)
	case UnitTime:
		return duration(time.Duration(n))
	default:
		return string(r.Unit) + " " + decimal(money.Of(n, money.Currency(r.Unit)))
	}
}

// mean shows a mean in the row's unit: of what is counted with a tenth.
func (r Row) mean(x float64) string {
	if r.Unit != UnitCount {
		return r.value(int64(math.Round(x)))
	}
	tenths := int64(math.Round(10 * x))
	return fmt.Sprintf("%s.%d", count(tenths/10), tenths%10)
}

// ShowA is the figure of A in its unit.
func (r Row) ShowA() string {
	if r.Paired != nil {
		return r.mean(r.Paired.A)
	}
	return r.value(r.A)
}

// ShowB is the figure of B in its unit.
func (r Row) ShowB() string {
	if r.Paired != nil {
		return r.mean(r.Paired.B)
	}
	return r.value(r.B)
}

// ShowDifference has a sign; it is empty where the two are the same.
func (r Row) ShowDifference() string {
	d, show := float64(r.Difference()), func(x float64) string { return r.value(int64(x)) }
	if r.Paired != nil {
		d, show = r.Paired.Difference, r.mean
	}
	switch {
	case d == 0:
		return ""
	case d > 0:
		return "+" + show(d)
	default:
		return "−" + show(-d)
	}
}

// ShowMargin is how far the mean of the differences may be off; empty where none of
// them differs.
func (r Row) ShowMargin() string {
	if r.Paired == nil || r.Paired.Margin == 0 {
		return ""
	}
	return "±" + space + r.mean(r.Paired.Margin)
}

// Sure says whether the difference is more than chance.
func (r Row) Sure() bool { return r.Paired != nil && r.Paired.MoreThanChance }
