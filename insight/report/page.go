package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"doorstep/fault"
)

// page is what the template reads: the data, and what was worked out from it.
type page struct {
	Data
	Policy    string
	Style     template.CSS
	Scripts   []template.JS
	Period    string
	Per       string // the length of a bucket, in words
	Moment    string // the layout of a bucket's start
	Cards     []card
	Placed    int64
	Lost      int64 // orders that failed
	Elsewhere int64 // orders that are none of the others: they are under way
	TicketSum int64
	Balance   []balance
	Clocks    []clockwork
	FunnelFig *figure
	TimeFig   *figure
	LoadFig   *figure
	LoadAt    string // the layout of a load's time
	MostOut   int64  // hours, of all SKUs
	Found     int64  // violations
	More      int64  // violations that are not listed
}

// clockwork is the steps that were timed by one clock.
type clockwork struct {
	Name, Clock, About string
	Steps              []Step
	Fig                *figure
}

// maxViolations bounds how many violations a page lists.
const maxViolations = 100

func newPage(d Data) (*page, error) {
	d.Title = cmp.Or(d.Title, "Order report")
	d.Every = cmp.Or(d.Every, time.Hour)
	p := &page{
		Data: d, Policy: contentPolicy(), Style: template.CSS(pageCSS), Scripts: scripts, //nolint:gosec // our own file
		Period: period(d.From, d.To), Per: stretch(d.Every), Moment: moment(d.Every, d.OverTime),
	}
	p.boundViolations()
	var err error
	if p.Balance, err = balances(d.Taken, d.Refunded); err != nil {
		return nil, err
	}
	if p.Clocks, err = clockworks(d.Steps); err != nil {
		return nil, err
	}
	p.countOrders()
	p.Cards = p.headline()
	p.FunnelFig = funnelFigure(d.Funnel)
	p.TimeFig = timeFigure(d.OverTime, p.Moment, p.Per)
	p.LoadAt = moment(time.Hour, d.OverTime)
	p.LoadFig = loadFigure(d.Load, p.LoadAt)
	for _, s := range d.Stock {
		p.MostOut = max(p.MostOut, s.HoursOut)
	}
	return p, nil
}

// boundViolations keeps the page short however much is wrong.
func (p *page) boundViolations() {
	p.Found = int64(len(p.Verify.Violations))
	if p.Found > maxViolations {
		p.More, p.Verify.Violations = p.Found-maxViolations, p.Verify.Violations[:maxViolations]
	}
}

func (p *page) countOrders() {
	for _, r := range p.Failed {
		p.Lost += r.Orders
	}
	for _, t := range p.Tickets {
		p.TicketSum += t.N
	}
	if len(p.Funnel) > 0 {
		p.Placed = p.Funnel[0].Orders
		p.Elsewhere = max(0, p.Placed-p.last().Orders-p.Lost-p.Cancelled-p.Repaid)
	}
}

// Worths says whether it is known what failed orders were worth.
func (p *page) Worths() bool {
	return slices.ContainsFunc(p.Failed, func(r Reason) bool { return len(r.Worth) > 0 })
}

func (p *page) last() Stage { return p.Funnel[len(p.Funnel)-1] }

// Before returns how many orders came to the stage before.
func (p *page) Before(stage int) int64 { return p.Funnel[max(0, stage-1)].Orders }

// Start returns the start of a bucket, as the chart and the table show it.
func (p *page) Start(b Bucket) string { return b.Start.Format(p.Moment) }

// Bar returns the length of a bar in a table cell, in per cent of its cell.
func (p *page) Bar(part, whole int64) string {
	return fmt.Sprintf("%.1f%%", min(100, percent(part, whole)))
}

// clockworks sorts the steps by their clock. The two are never shown together:
// one counts in days and the other in thousandths of a second.
func clockworks(steps []Step) ([]clockwork, error) {
	all := []clockwork{
		{Name: "Waits", Clock: string(ShopTime), About: "What a customer waits, on the shop’s clock."},
		{Name: "Computation", Clock: string(WallTime), About: "What the computer took, on the wall clock."},
	}
	for _, s := range steps {
		switch s.Clock {
		case ShopTime:
			all[0].Steps = append(all[0].Steps, s)
		case WallTime:
			all[1].Steps = append(all[1].Steps, s)
		default:
			return nil, fault.New(fault.Invalid, "step %q was timed by no known clock: %q", s.Name, string(s.Clock))
		}
	}
	for i, tone := range []string{"wait", "work"} {
		all[i].Fig = stepFigure(all[i], tone)
	}
	return slices.DeleteFunc(all, func(c clockwork) bool { return len(c.Steps) == 0 }), nil
}
