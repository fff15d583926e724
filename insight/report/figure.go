package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// figure is one chart: what it says to who can not see it, how high it is, and
// its configuration.
type figure struct {
	About  string
	Height int // CSS pixels
	Config config
}

// config is a configuration of Chart.js 4, less what only a script can say:
// draw.js adds colours by their tone, texts and marks. A number of the data is
// formatted here and never there.
type config struct {
	Type    string  `json:"type"`
	Data    series  `json:"data"`
	Options options `json:"options"`
}

type series struct {
	Labels   []string  `json:"labels"`
	Datasets []dataset `json:"datasets"`
}

type dataset struct {
	Type  string   `json:"type"`
	Label string   `json:"label"`
	Data  []any    `json:"data"`  // numbers, or pairs of them for a bar that floats
	Tone  string   `json:"tone"`  // the colour, by the name of a custom property in page.css
	Texts []string `json:"texts"` // what a tooltip says of each point; none where null
	Look  look     `json:"look"`
}

// look is how a dataset is drawn, in the words of Chart.js.
type look struct {
	Stack        string  `json:"stack,omitempty"`
	BarThickness int     `json:"barThickness,omitempty"`
	BorderRadius int     `json:"borderRadius,omitempty"`
	BorderDash   []int   `json:"borderDash,omitempty"`
	BorderWidth  float64 `json:"borderWidth,omitempty"`
	PointStyle   string  `json:"pointStyle,omitempty"`
	PointRadius  float64 `json:"pointRadius"`
	ShowLine     bool    `json:"showLine"`
	Hollow       bool    `json:"hollow,omitempty"` // the point is filled with the page's colour
}

type options struct {
	IndexAxis string          `json:"indexAxis"`
	Legend    bool            `json:"legend"`
	Scales    map[string]axis `json:"scales"`
}

type axis struct {
	Type        string  `json:"type"`
	Min         float64 `json:"min"`
	Max         float64 `json:"max,omitempty"`
	Stacked     bool    `json:"stacked,omitempty"`
	BeginAtZero bool    `json:"beginAtZero,omitempty"`
	Quiet       bool    `json:"quiet,omitempty"` // without a grid
	Whole       bool    `json:"whole,omitempty"` // marks at whole numbers only
	Marks       []mark  `json:"marks,omitempty"` // the only places that are marked
}

type mark struct {
	Value float64 `json:"value"`
	Label string  `json:"label"`
}

// rowsHigh is the height of a chart with one bar per row.
func rowsHigh(rows int) int { return 56 + 40*rows }

// funnelFigure draws the stages as bars, each beside what was lost until then.
func funnelFigure(stages []Stage) *figure {
	if len(stages) == 0 || stages[0].Orders == 0 {
		return nil
	}
	placed := stages[0].Orders
	look := look{Stack: "orders", BarThickness: 20, BorderRadius: 3}
	reached := dataset{Type: "bar", Label: "Orders", Tone: "placed", Look: look}
	lost := dataset{Type: "bar", Label: "Not reached", Tone: "faint", Look: look}
	var names, said []string
	for _, s := range stages {
		names = append(names, words(s.Name))
		rest := max(0, placed-s.Orders)
		reached.Data, lost.Data = append(reached.Data, s.Orders), append(lost.Data, rest)
		reached.Texts = append(reached.Texts, fmt.Sprintf("%s (%s)", plural(s.Orders, "order"), share(s.Orders, placed)))
		lost.Texts = append(lost.Texts, fmt.Sprintf("Not reached: %s (%s)", plural(rest, "order"), share(rest, placed)))
		said = append(said, words(s.Name)+" "+count(s.Orders))
	}
	return &figure{
		About:  "Bar chart of orders by stage: " + strings.Join(said, ", ") + ".",
		Height: rowsHigh(len(stages)),
		Config: config{Type: "bar", Data: series{names, []dataset{reached, lost}}, Options: options{
			IndexAxis: "y",
			Scales: map[string]axis{
				"x": {Type: "linear", BeginAtZero: true, Whole: true, Stacked: true, Max: float64(placed)},
				"y": {Type: "category", Stacked: true, Quiet: true},
			},
		}},
	}
}

// timeFigure draws what happened over time, one line each.
func timeFigure(buckets []Bucket, layout, per string) *figure {
	lines := []dataset{
		{Label: "Placed", Tone: "placed", Look: look{PointStyle: "circle"}},
		{Label: "Shipped", Tone: "shipped", Look: look{PointStyle: "rect", BorderDash: []int{6, 4}}},
		{Label: "Delivered", Tone: "delivered", Look: look{PointStyle: "triangle"}},
	}
	var labels []string
	for _, b := range buckets {
		labels = append(labels, b.Start.Format(layout))
		for i, n := range []int64{b.Placed, b.Shipped, b.Delivered} {
			lines[i].Data = append(lines[i].Data, n)
			lines[i].Texts = append(lines[i].Texts, lines[i].Label+": "+count(n))
		}
	}
	if quiet(buckets) {
		return nil
	}
	return linesFigure(fmt.Sprintf("Line chart of orders placed, shipped and delivered %s, from %s to %s. The table below has the numbers.", per, labels[0], labels[len(labels)-1]),
		labels, lines)
}

// loadFigure draws what waited for people, one line each.
func loadFigure(load []Load, layout string) *figure {
	lines := []dataset{
		{Label: "Open tickets", Tone: "placed", Look: look{PointStyle: "circle"}},
		{Label: "Held orders", Tone: "shipped", Look: look{PointStyle: "rect", BorderDash: []int{6, 4}}},
		{Label: "Late or stuck steps", Tone: "work", Look: look{PointStyle: "triangle"}},
		{Label: "SKUs out of stock", Tone: "bad", Look: look{PointStyle: "rectRot", BorderDash: []int{2, 3}}},
	}
	var labels []string
	most := int64(0)
	for _, l := range load {
		labels = append(labels, l.At.Format(layout))
		for i, n := range []int64{l.Tickets, l.Held, l.Overdue, l.OutOfStock} {
			most = max(most, n)
			lines[i].Data = append(lines[i].Data, n)
			lines[i].Texts = append(lines[i].Texts, lines[i].Label+": "+count(n))
		}
	}
	if most == 0 {
		return nil
	}
	return linesFigure(fmt.Sprintf("Line chart of open tickets, held orders, late or stuck steps and SKUs out of stock, from %s to %s.", labels[0], labels[len(labels)-1]),
		labels, lines)
}

// linesFigure draws lines over time.
func linesFigure(about string, labels []string, lines []dataset) *figure {
	for i := range lines {
		lines[i].Type, lines[i].Look.ShowLine, lines[i].Look.BorderWidth = "line", true, 2
		lines[i].Look.PointRadius = pointRadius(len(labels))
	}
	return &figure{
		About:  about,
		Height: 300,
		Config: config{Type: "line", Data: series{labels, lines}, Options: options{
			IndexAxis: "x", Legend: true,
			Scales: map[string]axis{
				"x": {Type: "category", Quiet: true},
				"y": {Type: "linear", BeginAtZero: true, Whole: true},
			},
		}},
	}
}

// quiet says whether nothing at all happened.
func quiet(buckets []Bucket) bool {
	return !slices.ContainsFunc(buckets, func(b Bucket) bool { return b.Placed != 0 || b.Shipped != 0 || b.Delivered != 0 })
}

// pointRadius leaves the points away where they would hide the lines.
func pointRadius(n int) float64 {
	if n > 40 {
		return 0
	}
	return 3
}

// stepFigure draws each step as a line from its median to its 95th percentile.
func stepFigure(c clockwork, tone string) *figure {
	if len(c.Steps) == 0 {
		return nil
	}
	scale := durationAxis(c.Steps)
	place := func(d time.Duration) float64 { return min(max(seconds(d), scale.Min), scale.Max) }
	spread := dataset{Type: "bar", Label: "between", Tone: tone + "-faint", Look: look{BarThickness: 6, BorderRadius: 3}}
	median := dataset{Type: "line", Label: "Median", Tone: tone, Look: look{PointStyle: "circle", PointRadius: 6, BorderWidth: 2}}
	p95 := dataset{Type: "line", Label: "p95", Tone: tone, Look: look{PointStyle: "circle", PointRadius: 6, BorderWidth: 2, Hollow: true}}
	var names, said []string
	for _, s := range c.Steps {
		names = append(names, words(s.Name))
		spread.Data = append(spread.Data, [2]float64{place(s.Median), place(s.P95)})
		median.Data, p95.Data = append(median.Data, place(s.Median)), append(p95.Data, place(s.P95))
		median.Texts = append(median.Texts, "Median: "+duration(s.Median))
		p95.Texts = append(p95.Texts, "p95: "+duration(s.P95))
		said = append(said, fmt.Sprintf("%s %s and %s", words(s.Name), duration(s.Median), duration(s.P95)))
	}
	return &figure{
		About:  fmt.Sprintf("Chart of the time per step in %s, median and 95th percentile: %s.", c.Clock, strings.Join(said, "; ")),
		Height: rowsHigh(len(c.Steps)) + 30,
		// The last dataset is drawn first, so that the points lie on the line between them.
		Config: config{Type: "bar", Data: series{names, []dataset{median, p95, spread}}, Options: options{
			IndexAxis: "y", Legend: true,
			Scales: map[string]axis{"x": scale, "y": {Type: "category", Quiet: true}},
		}},
	}
}
