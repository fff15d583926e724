package sim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/order"
	"doorstep/sim/scenario"
)

// ResultKind says of a JSON document that it is a Result.
const ResultKind = "doorstep.simulation/1"

// Result is what came of a scenario. Amounts are minor units, times nanoseconds of
// shop time. It depends on the scenario and the seed alone.
type Result struct {
	Kind     string            `json:"kind"`     // doorstep.simulation/1: what the document is
	Scenario scenario.Scenario `json:"scenario"` // whole, with what was changed
	Seed     uint64            `json:"seed"`     // where its chance came from
	Orders   insight.Funnel    `json:"orders"`   // how many came at least so far
	Failed   []Failed          `json:"failed"`   // the most frequent reason first
	Money    []Money           `json:"money"`    // by currency
	Carriers []Carrier         `json:"carriers"` // by name: who was paid for labels
	Steps    []Step            `json:"steps"`    // in the order of the way
	Tickets  Tickets           `json:"tickets"`  // how many were opened, and what became of them
	People   People            `json:"people"`   // what waited for people at the start of each hour
	Stock    []Stock           `json:"stock"`    // by SKU
	Hours    []Hour            `json:"hours"`    // without gaps, up to when people went home
	Verify   Verdict           `json:"verify"`   // what it said in the end
}

// Failed is how many orders failed for a reason, and what they were worth.
type Failed struct {
	Reason order.Failure `json:"reason"` // such as out_of_stock
	Orders int64         `json:"orders"` // how many
	Worth  []Worth       `json:"worth"`  // what they came to
}

// Worth is some money.
type Worth struct {
	Currency money.Currency `json:"currency"` // ISO 4217
	Amount   int64          `json:"amount"`   // minor units
}

// Money is what became of it in one currency.
type Money struct {
	Currency money.Currency `json:"currency"` // ISO 4217
	Taken    int64          `json:"taken"`    // captured
	Refunded int64          `json:"refunded"` // given back
	Kept     int64          `json:"kept"`     // taken, and not given back
	Failed   int64          `json:"failed"`   // what the orders were worth that failed
}

// Carrier is what was paid to a carrier.
type Carrier struct {
	Name   string  `json:"name"`   // such as simulated
	Labels int64   `json:"labels"` // that were bought, and not given back
	Cost   []Worth `json:"cost"`   // what they came to
}

// Paid is what the labels came to, for people.
func (c Carrier) Paid() string {
	var all []string
	for _, w := range c.Cost {
		all = append(all, money.Of(w.Amount, w.Currency).String())
	}
	return strings.Join(all, ", ")
}

// Step is how long orders waited for a part of the way.
type Step struct {
	Name string        `json:"name"` // such as placed to paid
	N    int64         `json:"n"`    // how many times it was waited for
	P50  time.Duration `json:"p50"`  // half waited no longer
	P90  time.Duration `json:"p90"`  // 90 in 100 waited no longer
	P95  time.Duration `json:"p95"`  // 95 in 100
	P99  time.Duration `json:"p99"`  // 99 in 100
}

// Tickets is how many were opened, and what became of them.
type Tickets struct {
	Opened   int64           `json:"opened"`   // by customers, and by the process
	Unsolved int64           `json:"unsolved"` // in the end
	By       []TicketOutcome `json:"by"`       // the most frequent first
}

// TicketOutcome is how many tickets of a category came to one outcome.
type TicketOutcome struct {
	Category string `json:"category"` // what they are about
	Outcome  string `json:"outcome"`  // what was decided last
	N        int64  `json:"n"`        // how many
}

// People is what waited for people, as seen at the start of each hour.
type People struct {
	OpenMost    int           `json:"open_most"`    // tickets at once
	OpenMean    float64       `json:"open_mean"`    // over the hours in which orders came in
	Oldest      time.Duration `json:"oldest"`       // the longest that an open ticket had been there
	HeldMost    int64         `json:"held_most"`    // orders at once
	StuckMost   int64         `json:"stuck_most"`   // steps at once
	OverdueMost int64         `json:"overdue_most"` // steps at once that were late
	TicketHours int64         `json:"ticket_hours"` // open tickets, summed up over all hours
}

// Stock is what was seen of an SKU.
type Stock struct {
	SKU        string `json:"sku"`         // its code
	HoursOut   int    `json:"hours_out"`   // while orders came in, none could be sold
	OrdersLost int64  `json:"orders_lost"` // failed orders that wanted more than there was
	Reorders   int    `json:"reorders"`    // how many times more was ordered
	Received   int64  `json:"received"`    // units
}

// Hour is what happened within an hour of shop time, and what waited at its start.
type Hour struct {
	Load
	Placed    int64 `json:"placed"`    // orders
	Shipped   int64 `json:"shipped"`   // orders
	Delivered int64 `json:"delivered"` // orders
}

// Verdict is what verify said in the end.
type Verdict struct {
	Orders     int64 `json:"orders"`     // that it looked at
	Events     int64 `json:"events"`     // that it looked at
	Violations int64 `json:"violations"` // that it found
}

// NewResult puts together what was seen of a shop, and what its log says.
func NewResult(sc scenario.Scenario, seed uint64, log Log, in insight.Insight, verified Verdict) Result {
	return Result{
		Kind: ResultKind, Scenario: sc, Seed: seed, Orders: in.Orders, Failed: failures(in), Money: moneyOf(in),
		Carriers: carriers(in), Steps: steps(in),
		Tickets: ticketsOf(in), People: peopleOf(sc, log), Stock: stockOf(log, in), Hours: hoursOf(log, in), Verify: verified,
	}
}

func failures(in insight.Insight) []Failed {
	all := []Failed{}
	for _, why := range slices.Sorted(maps.Keys(in.Failed)) {
		all = append(all, Failed{Reason: why, Orders: in.Failed[why], Worth: worths(in.Worth[why])})
	}
	slices.SortStableFunc(all, func(a, b Failed) int { return cmp.Compare(b.Orders, a.Orders) })
	return all
}

// worths lists amounts by currency.
func worths(of map[money.Currency]int64) (all []Worth) {
	for _, c := range slices.Sorted(maps.Keys(of)) {
		all = append(all, Worth{c, of[c]})
	}
	return all
}

func carriers(in insight.Insight) []Carrier {
	all := []Carrier{}
	for _, name := range slices.Sorted(maps.Keys(in.Labels)) {
		l := in.Labels[name]
		all = append(all, Carrier{Name: name, Labels: l.N, Cost: worths(l.Cost)})
	}
	return all
}

func moneyOf(in insight.Insight) []Money {
	of := map[money.Currency]*Money{}
	get := func(c money.Currency) *Money {
		if of[c] == nil {
			of[c] = &Money{Currency: c}
		}
		return of[c]
	}
	for c, n := range in.Taken {
		get(c).Taken = n
	}
	for c, n := range in.Refunded {
		get(c).Refunded = n
	}
	for _, worth := range in.Worth {
		for c, n := range worth {
			get(c).Failed += n
		}
	}
	all := []Money{}
	for _, c := range slices.Sorted(maps.Keys(of)) {
		of[c].Kept = of[c].Taken - of[c].Refunded
		all = append(all, *of[c])
	}
	return all
}

func steps(in insight.Insight) []Step {
	all := []Step{}
	for i := range in.Waits {
		if d := &in.Waits[i]; d.N > 0 {
			all = append(all, Step{insight.Wait(i).String(), d.N, d.Median(), d.Quantile(0.9), d.P95(), d.Quantile(0.99)})
		}
	}
	return all
}

func ticketsOf(in insight.Insight) Tickets {
	t := Tickets{By: []TicketOutcome{}}
	for k, n := range in.Tickets {
		t.Opened += n
		if !k.Solved {
			t.Unsolved += n
		}
	}
	for _, o := range in.Data().Tickets {
		t.By = append(t.By, TicketOutcome(o))
	}
	return t
}

func peopleOf(sc scenario.Scenario, log Log) People {
	var p People
	for i, h := range log.Hours {
		if i < 24*sc.Days {
			p.OpenMean += float64(h.Open) / float64(24*sc.Days)
		}
		p.OpenMost, p.Oldest, p.TicketHours = max(p.OpenMost, h.Open), max(p.Oldest, h.Oldest), p.TicketHours+int64(h.Open)
		p.HeldMost, p.StuckMost, p.OverdueMost = max(p.HeldMost, h.Held), max(p.StuckMost, h.Stuck), max(p.OverdueMost, h.Overdue)
	}
	return p
}

func stockOf(log Log, in insight.Insight) []Stock {
	all := []Stock{}
	for _, sku := range slices.Sorted(maps.Keys(log.Shelves)) {
		s := log.Shelves[sku]
		all = append(all, Stock{sku, s.Out, in.Short[sku], s.Ordered, s.Received})
	}
	return all
}

func hoursOf(log Log, in insight.Insight) []Hour {
	all := make([]Hour, len(log.Hours))
	for i, load := range log.Hours {
		h := in.Hours[load.At]
		all[i] = Hour{Load: load, Placed: h.Placed, Shipped: h.Shipped, Delivered: h.Delivered}
	}
	return all
}

// Report is what a page shows of it, but for what verify checked and how it was
// made.
func (r Result) Report() report.Data {
	d := report.Data{
		Title: r.Scenario.Name, Shop: "A simulated shop; its people and goods are made up", About: r.Scenario.About,
		Cancelled: r.Orders.Cancelled, Repaid: r.Orders.Repaid, Every: time.Hour, Tails: true,
		Funnel: []report.Stage{{Name: "placed", Orders: r.Orders.Placed}, {Name: "processed", Orders: r.Orders.Processed}, {Name: "paid", Orders: r.Orders.Paid},
			{Name: "shipped", Orders: r.Orders.Shipped}, {Name: "delivered", Orders: r.Orders.Delivered}},
	}
	for _, f := range r.Failed {
		reason := report.Reason{Name: string(f.Reason), Orders: f.Orders}
		for _, w := range f.Worth {
			reason.Worth = append(reason.Worth, money.Of(w.Amount, w.Currency))
		}
		d.Failed = append(d.Failed, reason)
	}
	for _, m := range r.Money {
		d.Taken, d.Refunded = append(d.Taken, money.Of(m.Taken, m.Currency)), append(d.Refunded, money.Of(m.Refunded, m.Currency))
	}
	for _, s := range r.Steps {
		d.Steps = append(d.Steps, report.Step{Name: s.Name, Clock: report.ShopTime, N: s.N, Median: s.P50, P95: s.P95, P90: s.P90, P99: s.P99})
	}
	for _, t := range r.Tickets.By {
		d.Tickets = append(d.Tickets, report.TicketOutcome(t))
	}
	for _, s := range r.Stock {
		d.Stock = append(d.Stock, report.Shelf{SKU: s.SKU, HoursOut: int64(s.HoursOut), OrdersLost: s.OrdersLost, Reorders: int64(s.Reorders), Received: s.Received})
	}
	r.overTime(&d)
	return d
}

// overTime shows the hours up to when nothing is left to be seen of orders, in days
// where there are many.
func (r Result) overTime(d *report.Data) {
	last := 24 * r.Scenario.Days
	for i, h := range r.Hours {
		if h.Placed+h.Shipped+h.Delivered+int64(h.Open) > 0 {
			last = max(last, i+1)
		}
	}
	if last > 4*24 {
		d.Every = day
	}
	for _, h := range r.Hours[:min(last, len(r.Hours))] {
		if n := len(d.OverTime); n == 0 || !h.At.Truncate(d.Every).Equal(d.OverTime[n-1].Start) {
			d.OverTime = append(d.OverTime, report.Bucket{Start: h.At.Truncate(d.Every)})
		}
		b := &d.OverTime[len(d.OverTime)-1]
		b.Placed, b.Shipped, b.Delivered = b.Placed+h.Placed, b.Shipped+h.Shipped, b.Delivered+h.Delivered
		d.Load = append(d.Load, report.Load{At: h.At, Tickets: int64(h.Open), Held: h.Held, Overdue: h.Stuck + h.Overdue, OutOfStock: int64(h.OutOfStock)})
	}
	if len(d.OverTime) > 0 {
		d.From, d.To = d.OverTime[0].Start, d.Load[len(d.Load)-1].At.Add(time.Hour)
	}
}
