package sim

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/sim/scenario"
)

// Play has the shop, which is not open yet, go through a scenario: customers come
// and write, goods run out and come in, and people work tickets, up to some time
// after the last day. Then whatever is under way still comes to its end, without
// people. Progress is told of each order that is placed; the number of all is as
// many as are expected.
func (s *Shop) Play(ctx context.Context, sc scenario.Scenario, progress Progress) (Log, error) {
	p := &play{Shop: s, sc: sc, progress: progress, log: Log{Shelves: map[string]*Shelf{}}}
	p.desk = newDesk()
	if err := p.furnish(ctx); err != nil {
		return p.log, err
	}
	p.plan()
	for len(p.agenda) > 0 {
		d := heap.Pop(&p.agenda).(appointment)
		if err := s.RunUntil(ctx, d.at); err != nil {
			return p.log, err
		}
		if err := d.do(ctx); err != nil {
			return p.log, err
		}
	}
	return p.log, s.RunAll(ctx, p.end().Add(tail))
}

// tail is how long is waited for what is under way in the end.
const tail = 90 * day

const day = 24 * time.Hour

// play is a scenario that a shop goes through.
type play struct {
	*Shop
	sc       scenario.Scenario
	progress Progress
	agenda   agenda
	made     int      // how many appointments were made
	placed   int      // orders
	toLeave  []string // orders of which a person may have to hand something over
	desk     *desk
	log      Log
}

// appointment is something that someone does at a time.
type appointment struct {
	at time.Time
	n  int // the order in which they were made, for those of one instant
	do func(context.Context) error
}

// agenda is a heap of appointments, by time.
type agenda []appointment

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].n < a[j].n
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push and Pop are for package heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(appointment)) }

// Pop removes the last.
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = appointment{} // what it holds can be let go of
	*a = old[:len(old)-1]
	return last
}

// at has something done at a time.
func (p *play) at(t time.Time, do func(context.Context) error) {
	heap.Push(&p.agenda, appointment{at: t, n: p.made, do: do})
	p.made++
}

// start is when the first day begins, closing when no more orders come in, and end
// when people go home for good.
func (p *play) start() time.Time   { return time.Time(p.sc.Start) }
func (p *play) closing() time.Time { return p.start().Add(time.Duration(p.sc.Days) * day) }
func (p *play) end() time.Time {
	return p.closing().Add(time.Duration(p.sc.FollowDays) * day)
}

// furnish sets the policy, and puts the goods on the shelf.
func (p *play) furnish(ctx context.Context) error {
	if err := p.define(ctx, p.sc.Country, catalogue(p.sc.Currency, p.sc.Goods)); err != nil {
		return err
	}
	for _, g := range p.sc.Goods {
		p.log.Shelves[g.SKU] = &Shelf{}
		if units, _, _ := p.sc.StockOf(g); units > 0 {
			if err := p.takeIn(ctx, g.SKU, units); err != nil {
				return err
			}
		}
	}
	_, err := p.ChangePolicy(ctx, operator, func(policy.Policy) (policy.Policy, error) { return p.sc.Policy, nil })
	return err
}

// operator is who does what is done in the shop, but for tickets.
var operator = process.Command{By: access.Operator}

func (p *play) takeIn(ctx context.Context, sku string, units int64) error {
	_, err := p.ReceiveStock(ctx, operator, sku, inventory.MainLocation, units)
	return err
}

// plan makes the appointments that stand from the beginning. What follows from
// them makes its own.
func (p *play) plan() {
	for d := range p.sc.Days {
		p.at(p.start().Add(time.Duration(d)*day), func(context.Context) error { return p.openDay(d) })
	}
	for i, peak := range p.sc.Orders.Peaks {
		p.crowd(peak.Span, peak.Orders, "peak", i, func(ctx context.Context, _ int) error { return p.arrive(ctx, peak.SKU) })
	}
	for i, w := range p.sc.Waves {
		p.crowd(w.Span, w.Tickets, "wave", i, func(ctx context.Context, n int) error { return p.complain(ctx, w.Category, i, n) })
	}
	for i := range p.sc.Staff.People {
		p.at(p.start(), p.worker(i+1))
	}
	if p.sc.Policy.HandOver == policy.HandOverByPerson {
		p.at(p.nextRound(p.start()), p.dispatch)
	}
	p.at(p.start(), p.hourly)
}

// crowd spreads so many appointments evenly over a time, by chance. What would
// begin behind the last day is left out.
func (p *play) crowd(over scenario.Span, n int, what string, i int, do func(ctx context.Context, n int) error) {
	from := p.sc.At(over.From)
	if !from.Before(p.closing()) {
		return
	}
	for k := range n {
		r := p.draw(what, i, k)
		p.at(from.Add(within(r, time.Duration(over.To-over.From))), func(ctx context.Context) error { return do(ctx, k) })
	}
}

// within draws a time of less than most.
func within(r *rand.Rand, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(r.Int64N(int64(most))).Truncate(time.Millisecond)
}

// later draws a time from least on, of at most so much more.
func later(r *rand.Rand, least, more policy.Duration) time.Duration {
	return time.Duration(least) + within(r, time.Duration(more))
}

// refused says whether what someone wanted is not to be had as things stand, which
// people in a shop live with.
func refused(err error) bool { return fault.Is(err, fault.Conflict) || fault.Is(err, fault.TooLate) }

// unlessRefused is an error that is none of those that people live with.
func unlessRefused(err error) error {
	if refused(err) {
		return nil
	}
	return err
}
