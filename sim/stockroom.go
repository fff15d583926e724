package sim

import (
	"context"
	"maps"
	"slices"
	"time"

	"doorstep/process"
	"doorstep/support"
)

// Log is what was seen of a shop while it went through a scenario.
type Log struct {
	Hours   []Load
	Shelves map[string]*Shelf // by SKU
}

// Load is what waits for people at the start of an hour of shop time.
type Load struct {
	At         time.Time     `json:"at"`                 // when the hour begins
	Open       int           `json:"open"`               // tickets that wait for a person
	Oldest     time.Duration `json:"oldest_nanoseconds"` // how long the oldest of them has been there
	Held       int64         `json:"held"`               // orders
	Stuck      int64         `json:"stuck"`              // steps
	Overdue    int64         `json:"overdue"`            // steps
	OutOfStock int           `json:"out_of_stock"`       // SKUs of which none can be sold
}

// Shelf is what was seen of the stock of an SKU.
type Shelf struct {
	Out      int   // at the start of so many hours none could be sold, while the shop was open
	Ordered  int   // how many times more was ordered
	Received int64 // units that came in of it
	coming   bool  // more is on its way
}

// hourly looks at what waits, and at the shelves, every hour until people go home.
func (p *play) hourly(ctx context.Context) error {
	now := p.Clock.Now()
	load := Load{At: now}
	if err := p.lookAtPeople(ctx, &load); err != nil {
		return err
	}
	if err := p.lookAtShelves(ctx, &load); err != nil {
		return err
	}
	p.log.Hours = append(p.log.Hours, load)
	if next := now.Add(time.Hour); next.Before(p.end()) {
		p.at(next, p.hourly)
	}
	return nil
}

func (p *play) lookAtPeople(ctx context.Context, load *Load) error {
	open, err := p.open(ctx)
	if err != nil {
		return err
	}
	if load.Open = len(open); load.Open > 0 {
		load.Oldest = load.At.Sub(open[len(open)-1].OpenedAt)
	}
	for cause, n := range map[process.Cause]*int64{process.CauseHeld: &load.Held, process.CauseStuck: &load.Stuck, process.CauseOverdue: &load.Overdue} {
		a, err := p.Attention(ctx, cause, 0)
		if err != nil {
			return err
		}
		*n = a.More
	}
	return nil
}

// open returns the tickets that wait for a person, the newest first.
func (p *play) open(ctx context.Context) ([]support.Ticket, error) {
	return p.Tickets(ctx, support.Filter{Status: support.Open, Limit: mostTickets})
}

// mostTickets bounds how many open tickets are looked at.
const mostTickets = 10_000

// lookAtShelves counts what is out of stock, and orders more of what is short.
func (p *play) lookAtShelves(ctx context.Context, load *Load) error {
	codes := slices.Sorted(maps.Keys(p.log.Shelves))
	levels, err := p.Levels(ctx, codes[0], codes[len(codes)-1])
	if err != nil {
		return err
	}
	available := map[string]int64{}
	for _, l := range levels {
		available[l.SKU] += l.Available()
	}
	for _, g := range p.sc.Goods {
		shelf := p.log.Shelves[g.SKU]
		if available[g.SKU] == 0 {
			load.OutOfStock++
			if load.At.Before(p.closing()) {
				shelf.Out++
			}
		}
		_, at, units := p.sc.StockOf(g)
		if available[g.SKU] < at && units > 0 && !shelf.coming {
			p.orderMore(g.SKU, units)
		}
	}
	return nil
}

// orderMore has more of an SKU come in after its lead time.
func (p *play) orderMore(sku string, units int64) {
	shelf := p.log.Shelves[sku]
	shelf.coming = true
	shelf.Ordered++
	p.at(p.Clock.Now().Add(time.Duration(p.sc.Stock.LeadTime)), func(ctx context.Context) error {
		shelf.coming = false
		shelf.Received += units
		return p.takeIn(ctx, sku, units)
	})
}
