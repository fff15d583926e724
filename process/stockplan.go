package process

import (
	"context"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
)

// StockPlan is what a change of an SKU's stock at a location comes to.
type StockPlan struct {
	SKU      inventory.SKU   `json:"sku"`
	Before   inventory.Level `json:"before"`
	After    inventory.Level `json:"after"`
	Gets     []GivenUp       `json:"gets,omitempty"`     // the orders that wait and are given some, who is served first first
	Loses    []GivenUp       `json:"loses,omitempty"`    // the orders whose goods are not there, the youngest first: they are held
	Labelled int64           `json:"labelled,omitempty"` // how many are missing that no order can do without, because they are in parcels with a label
}

// foreseen is how many of the orders that wait a plan names at most.
const foreseen = 50

// PreviewMove says what it comes to when a location has so many more of an SKU, or, by
// less than 0, fewer.
//
// Errors: invalid; not_found; conflict when less would be left than is reserved.
func (p *Process) PreviewMove(ctx context.Context, sku, location string, delta int64) (StockPlan, error) {
	return p.planStock(ctx, sku, location, func(_ db.Reader, s *StockPlan) error {
		s.After.OnHand += delta
		if delta == 0 || delta > inventory.MaxQuantity || delta < -inventory.MaxQuantity {
			return fault.New(fault.Invalid, "a change of %d is zero or beyond %d", delta, int64(inventory.MaxQuantity))
		}
		return s.enough()
	})
}

// PreviewSet says what it comes to when a location is said to have so many of an SKU.
//
// Errors: as PreviewMove.
func (p *Process) PreviewSet(ctx context.Context, sku, location string, onHand int64) (StockPlan, error) {
	return p.planStock(ctx, sku, location, func(_ db.Reader, s *StockPlan) error {
		if s.After.OnHand = onHand; onHand < 0 || onHand > inventory.MaxQuantity {
			return fault.New(fault.Invalid, "%d on hand is not from 0 to %d", onHand, int64(inventory.MaxQuantity))
		}
		return s.enough()
	})
}

// enough refuses to leave less than is reserved.
//
// Errors: conflict.
func (s *StockPlan) enough() error {
	if s.After.OnHand < s.Before.Reserved {
		return fault.New(fault.Conflict, "%s at %s has %d, of which %d are reserved: count what is there, which holds the orders that it is not there for",
			s.SKU.Code, s.Before.Location, s.Before.OnHand, s.Before.Reserved)
	}
	return nil
}

// PreviewCountOf says what one count comes to.
//
// Errors: as PreviewCount; not_found.
func (p *Process) PreviewCountOf(ctx context.Context, c inventory.Count) (StockPlan, error) {
	return p.planStock(ctx, c.SKU, c.Location, func(r db.Reader, s *StockPlan) error {
		all, err := p.hold(r, []inventory.Count{c})
		if err != nil {
			return err
		}
		s.After.OnHand, s.Loses, s.Labelled = c.Quantity, all[0].GivenUp, all[0].Labelled
		for _, g := range s.Loses {
			s.After.Reserved -= g.Quantity
		}
		return nil
	})
}

// PreviewSafety says what it comes to when so many of an SKU are kept back.
//
// Errors: invalid; not_found.
func (p *Process) PreviewSafety(ctx context.Context, sku, location string, quantity int64) (StockPlan, error) {
	return p.planStock(ctx, sku, location, func(_ db.Reader, s *StockPlan) error {
		if s.After.Safety = quantity; quantity < 0 || quantity > inventory.MaxQuantity {
			return fault.New(fault.Invalid, "a safety stock of %d is not from 0 to %d", quantity, int64(inventory.MaxQuantity))
		}
		return nil
	})
}

// planStock says what follows from a change of a level.
//
// Errors: not_found; those of the change.
func (p *Process) planStock(ctx context.Context, sku, location string, change func(db.Reader, *StockPlan) error) (StockPlan, error) {
	return db.View(ctx, p.db, func(r db.Reader) (s StockPlan, err error) {
		if s.SKU, err = inventory.Get(r, sku); err != nil {
			return s, err
		}
		if _, err = inventory.GetLocation(r, location); err != nil {
			return s, err
		}
		if s.Before, err = inventory.LevelOf(r, sku, location); err != nil {
			return s, err
		}
		s.After = s.Before
		if err = change(r, &s); err != nil {
			return s, err
		}
		s.Gets, err = wouldGet(r, s.After)
		return s, err
	})
}

// wouldGet are the orders that are given some of an SKU when a location has a level.
func wouldGet(r db.Reader, to inventory.Level) (all []GivenUp, err error) {
	levels, err := inventory.Levels(r, to.SKU, to.SKU)
	if err != nil {
		return nil, err
	}
	there := to.Available()
	for _, l := range levels {
		if l.Location != to.Location {
			there += l.Available()
		}
	}
	waiting, err := inventory.Waiting(r, to.SKU, foreseen)
	if err != nil {
		return nil, err
	}
	numbers, err := numbersOf(r, waiting, func(b inventory.Backorder) string { return b.Order })
	for _, b := range waiting {
		if n := min(b.Quantity, there); n > 0 {
			all = append(all, GivenUp{b.Order, numbers[b.Order], n})
			there -= n
		}
	}
	return all, err
}

// numbersOf are the numbers of the orders that rows are of.
func numbersOf[T any](r db.Reader, rows []T, of func(T) string) (map[string]int64, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = of(row)
	}
	orders, err := order.ByID(r, ids)
	numbers := map[string]int64{}
	for id, o := range orders {
		numbers[id] = o.Number
	}
	return numbers, err
}

// atSKU refuses what was decided on an SKU as it is no longer.
//
// Errors: stale.
func (c Command) atSKU(s inventory.SKU) error {
	if c.Version != 0 && c.Version != s.Version {
		return fault.New(fault.Stale, "%s has changed since version %d, to %d: preview it again", s.Code, c.Version, s.Version)
	}
	return nil
}

// Reserved is what is reserved of an SKU for an order.
type Reserved struct {
	inventory.Reservation
	Number int64 // the order's
}

// Place is where a list goes on behind it.
func (v Reserved) Place() string { return v.Location + "/" + v.Order }

// ReservedFor returns up to limit orders that an SKU is reserved for behind a place, ""
// for the first, by location and age.
//
// Errors: not_found.
func (p *Process) ReservedFor(ctx context.Context, sku, after string, limit int) ([]Reserved, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]Reserved, error) {
		if _, err := inventory.Get(r, sku); err != nil {
			return nil, err
		}
		found, err := inventory.ReservedOf(r, sku, after, limit)
		if err != nil {
			return nil, err
		}
		numbers, err := numbersOf(r, found, func(v inventory.Reservation) string { return v.Order })
		all := make([]Reserved, len(found))
		for i, v := range found {
			all[i] = Reserved{v, numbers[v.Order]}
		}
		return all, err
	})
}

// WaitedFor returns how many units orders wait for, of each of the SKUs for which some do.
func (p *Process) WaitedFor(ctx context.Context, skus []string) (map[string]int64, error) {
	return db.View(ctx, p.db, func(r db.Reader) (map[string]int64, error) { return inventory.WaitedFor(r, skus) })
}

// NumbersOf returns the numbers of orders, by their ids.
func (p *Process) NumbersOf(ctx context.Context, ids []string) (map[string]int64, error) {
	return db.View(ctx, p.db, func(r db.Reader) (map[string]int64, error) {
		return numbersOf(r, ids, func(id string) string { return id })
	})
}
