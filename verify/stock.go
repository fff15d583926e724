package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// shelf is a page of SKUs and what is stored of them.
type shelf struct {
	skus      []inventory.SKU
	levels    []inventory.Level
	moved     []inventory.Movement // summed up per SKU, location and type
	reserved  []inventory.Level    // summed up per SKU and location
	events    map[string]event.Span
	safety    []event.Event // what was to be kept back
	defined   []event.Event // what each SKU is
	items     []work.Item   // about the stock of the SKUs
	waitedFor []string      // SKUs for which an order waits
	wanted    []string      // of these, those of which some are there

	locations map[string]bool // those that there are
}

// stock checks all SKUs, range by range.
func (run *run) stock(ctx context.Context) error {
	return walk(ctx, run.db, func(r db.Reader, after string) (s shelf, rest string, err error) {
		if s.skus, err = inventory.Page(r, after, run.Orders); err != nil {
			return s, "", err
		}
		first, last, rest := bounds("", after, s.skus, run.Orders, func(s inventory.SKU) string { return s.Code })
		if s.levels, err = inventory.Levels(r, first, last); err != nil {
			return s, "", err
		}
		if s.moved, err = inventory.Moved(r, first, last); err != nil {
			return s, "", err
		}
		if s.reserved, err = inventory.Reserved(r, first, last); err != nil {
			return s, "", err
		}
		if s.items, err = work.Range(r, process.StockOwner(first), process.StockOwner(last)); err != nil {
			return s, "", err
		}
		if s.waitedFor, s.wanted, err = inventory.WaitedRange(r, first, last); err != nil {
			return s, "", err
		}
		if s.locations, err = locationIDs(r); err != nil {
			return s, "", err
		}
		codes := make([]string, len(s.skus))
		for i, sku := range s.skus {
			codes[i] = sku.Code
		}
		if s.safety, err = event.OfType(r, inventory.EventSafety, codes); err != nil {
			return s, "", err
		}
		if s.defined, err = event.OfType(r, inventory.EventDefined, codes); err != nil {
			return s, "", err
		}
		s.events, err = event.Spans(r, codes)
		return s, rest, err
	}, run.checkShelf)
}

// place is an SKU at a location.
type place struct{ sku, location string }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.sku, q.sku), cmp.Compare(p.location, q.location))
}

func (run *run) checkShelf(s shelf) {
	known := map[string]bool{}
	for _, sku := range s.skus {
		known[sku.Code] = true
		run.report.SKUs++
		run.report.Events += s.events[sku.Code].Events
		run.report.checkSpan(sku.Code, sku.Version, s.events[sku.Code])
	}
	levels, moved, reserved := map[place]inventory.Level{}, map[place]inventory.Level{}, map[place]inventory.Level{}
	places := map[place]bool{}
	for _, l := range s.levels {
		at := place{l.SKU, l.Location}
		levels[at], places[at] = l, true
		if l.Reserved < 0 || l.Reserved > l.OnHand {
			run.report.find(StockBounds, l.SKU, "at %s %d are on hand, and %d of them reserved", l.Location, l.OnHand, l.Reserved)
		}
	}
	for _, m := range s.moved {
		at := place{m.SKU, m.Location}
		onHand, held := m.Effect()
		sum := moved[at]
		sum.OnHand += onHand
		sum.Reserved += held
		moved[at], places[at] = sum, true
	}
	for _, l := range s.reserved {
		at := place{l.SKU, l.Location}
		reserved[at], places[at] = l, true
	}
	run.report.checkSafety(levels, s.safety)
	run.report.checkDefined(s.skus, s.defined)
	run.checkFilling(s, known)
	for _, at := range slices.SortedFunc(maps.Keys(places), place.compare) {
		if !s.locations[at.location] {
			run.report.find(Orphan, at.sku, "there is no location %q, but stock, movements or reservations of it there", at.location)
		}
		run.checkPlace(at, known[at.sku], levels[at], moved[at], reserved[at])
	}
}

// checkSafety holds what is kept back against what was said last about it.
func (r *Report) checkSafety(levels map[place]inventory.Level, said []event.Event) {
	last := map[place]int64{}
	for _, e := range said {
		var d inventory.EventData
		if json.Unmarshal(e.Data, &d) != nil {
			r.find(SafetyStock, e.Subject, "what event %d says of it can not be read", e.Version)
			continue
		}
		last[place{e.Subject, d.Location}] = d.Quantity
	}
	places := maps.Clone(last)
	for at, l := range levels {
		places[at] = l.Safety
	}
	for at := range places {
		if levels[at].Safety != last[at] {
			r.find(SafetyStock, at.sku, "at %s %d are kept back, %d were to be", at.location, levels[at].Safety, last[at])
		}
	}
}

// checkPlace holds a level against what made it so and what it is reserved for.
func (run *run) checkPlace(at place, known bool, level, moved, reserved inventory.Level) {
	if !known {
		run.report.find(Orphan, at.sku, "there is no such SKU, but stock, movements or reservations of it at %s", at.location)
		return
	}
	if level.OnHand != moved.OnHand || level.Reserved != moved.Reserved {
		run.report.find(StockMovements, at.sku, "at %s %d are on hand and %d reserved, the movements come to %d and %d",
			at.location, level.OnHand, level.Reserved, moved.OnHand, moved.Reserved)
	}
	if level.Reserved != reserved.Reserved {
		run.report.find(StockReserved, at.sku, "at %s %d are reserved, the reservations come to %d", at.location, level.Reserved, reserved.Reserved)
	}
}

// tallies are the kept counts and what counting gives, by status.
type tallies struct {
	orders, countedOrders   map[order.Status]int64
	tickets, countedTickets map[support.Status]int64
}

// counts holds the kept counts against a count in the same snapshot: beside a
// running process they move while the orders are walked through.
func (run *run) counts(ctx context.Context) error {
	t, err := db.View(ctx, run.db, func(r db.Reader) (t tallies, err error) {
		for _, read := range []func() error{
			func() error { t.orders, err = order.Counts(r); return err },
			func() error { t.countedOrders, err = order.CountByStatus(r); return err },
			func() error { t.tickets, err = support.Counts(r); return err },
			func() error { t.countedTickets, err = support.CountByStatus(r); return err },
		} {
			if err := read(); err != nil {
				return t, err
			}
		}
		return t, nil
	})
	if err != nil {
		return err
	}
	compare(&run.report, "orders", t.orders, t.countedOrders)
	compare(&run.report, "tickets", t.tickets, t.countedTickets)
	return nil
}

func compare[S ~string](r *Report, what string, kept, counted map[S]int64) {
	all := maps.Clone(kept)
	maps.Copy(all, counted)
	for _, status := range slices.Sorted(maps.Keys(all)) {
		if kept[status] != counted[status] {
			r.find(KeptCount, what+"."+string(status), "kept as %d, counted %d", kept[status], counted[status])
		}
	}
}
