package process

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
)

// Counted is a count and what it comes to.
type Counted struct {
	inventory.Level           // what the books say
	Counted         int64     `json:"counted"`            // how many were found
	GivenUp         []GivenUp `json:"given_up"`           // whose goods are not there, the youngest order first
	Labelled        int64     `json:"labelled,omitempty"` // how many are missing that no order can do without, because they are in parcels with a label
}

// GivenUp is a reservation that a count leaves without goods.
type GivenUp struct {
	Order    string `json:"order"`
	Number   int64  `json:"number"`
	Quantity int64  `json:"quantity"`
}

// MaxCounts bounds how many counts are taken at once.
const MaxCounts = 5000

// PreviewCount says what counts would change, and which orders would lose what
// is reserved for them because it was not found.
//
// Errors: invalid, with the path of every count that can not be.
func (p *Process) PreviewCount(ctx context.Context, counts []inventory.Count) ([]Counted, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]Counted, error) { return p.hold(r, counts) })
}

// CountStock sets what is on hand to what was found, all of the counts or none,
// for a reason. Where less was found than is reserved, the youngest orders lose
// what is reserved for them of the SKU and are held (stock_missing) until they
// are released, when it is there again, or cancelled. Goods that are or may be in
// a parcel with a label stay with their order.
//
// Errors: invalid, with the path of every count that can not be; conflict when
// too much of it is in parcels with a label, and when other orders have come to
// be touched meanwhile.
func (p *Process) CountStock(ctx context.Context, by Command, counts []inventory.Count, reason string) (Result[[]Counted], error) {
	locks, err := p.countLocks(ctx, counts)
	if err != nil {
		return Result[[]Counted]{}, err
	}
	request := struct {
		Counts []inventory.Count
		Reason string
	}{counts, reason}
	return once(ctx, p, by, "count_stock", request, locks, func(tx *db.Tx) ([]Counted, error) {
		all, err := p.hold(tx, counts)
		if err != nil {
			return nil, err
		}
		if err := p.takeBack(tx, by, all); err != nil {
			return nil, err
		}
		for _, c := range all {
			d := inventory.EventData{Location: c.Location, Quantity: c.Counted, Reason: reason}
			if _, err := p.move(tx, by, inventory.EventAdjusted, c.SKU, d, inventory.Set); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
}

// countLocks returns what counts hold, as things stand now: the SKUs, and the
// orders that lose goods.
func (p *Process) countLocks(ctx context.Context, counts []inventory.Count) ([]db.Lock, error) {
	all, err := p.PreviewCount(ctx, counts)
	if err != nil {
		return nil, err
	}
	var locks []db.Lock
	for _, c := range counts {
		locks = append(locks, inventory.Lock(c.SKU))
	}
	for id := range lost(all) {
		of, err := p.locks(ctx, id)
		if err != nil {
			return nil, err
		}
		locks = append(locks, of...)
	}
	return locks, nil
}

// takeBack takes from the orders what is gone of what is reserved for them.
//
// Errors: conflict.
func (p *Process) takeBack(tx *db.Tx, by Command, all []Counted) error {
	for _, c := range all {
		if c.Labelled > 0 {
			return fault.New(fault.Conflict, "of %s at %s %d are missing that are in parcels with a label, or with one that is being bought: cancel those orders first",
				c.SKU, c.Location, c.Labelled)
		}
	}
	parts := lost(all)
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		if !tx.Holds(order.Lock(id)) {
			return fault.New(fault.Conflict, "other orders have come in meanwhile that the count touches: preview it again")
		}
		if _, err := p.changeIn(tx, by.At(0), id, func(c *change) error { return c.goWithout(parts[id]) }); err != nil {
			return err
		}
	}
	return nil
}

// lost is what each order loses.
func lost(counted []Counted) map[string][]inventory.Reservation {
	parts := map[string][]inventory.Reservation{}
	for _, c := range counted {
		for _, g := range c.GivenUp {
			parts[g.Order] = append(parts[g.Order], inventory.Reservation{Order: g.Order, SKU: c.SKU, Location: c.Location, Quantity: g.Quantity})
		}
	}
	return parts
}

// hold holds counts against the books.
func (p *Process) hold(r db.Reader, counts []inventory.Count) ([]Counted, error) {
	if err := checkCounts(r, counts); err != nil {
		return nil, err
	}
	all := make([]Counted, len(counts))
	for i, c := range counts {
		var err error
		if all[i], err = p.holdOne(r, c); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *Process) holdOne(r db.Reader, c inventory.Count) (Counted, error) {
	level, err := inventory.LevelOf(r, c.SKU, c.Location)
	counted := Counted{Level: level, Counted: c.Quantity, GivenUp: []GivenUp{}}
	if err != nil || c.Quantity >= level.Reserved {
		return counted, err
	}
	reserved, err := inventory.ReservedAt(r, c.SKU, c.Location)
	if err != nil {
		return counted, err
	}
	var able []inventory.Reservation
	var fixed int64
	for _, v := range reserved {
		can, err := p.canGiveUp(r, v)
		if err != nil {
			return counted, err
		}
		if can {
			able = append(able, v)
		} else {
			fixed += v.Quantity
		}
	}
	counted.Labelled = max(0, fixed-c.Quantity)
	for _, v := range inventory.GiveUp(able, fixed, c.Quantity) {
		o, err := order.Get(r, v.Order)
		if err != nil {
			return counted, err
		}
		counted.GivenUp = append(counted.GivenUp, GivenUp{v.Order, o.Number, v.Quantity})
	}
	return counted, nil
}

// checkCounts looks whether each count can be, and is there once.
//
// Errors: invalid, with the path of every count that can not be.
func checkCounts(r db.Reader, counts []inventory.Count) error {
	var check fault.Check
	check.If(len(counts) == 0 || len(counts) > MaxCounts, "counts", "out_of_range", "from 1 to %d at once", MaxCounts)
	known, places, err := whatThereIs(r, counts)
	if err != nil {
		return err
	}
	seen := map[[2]string]bool{}
	for i, c := range counts {
		path := fmt.Sprintf("counts[%d].", i)
		_, there := known[c.SKU]
		check.If(!there, path+"sku", "unknown", "an SKU of the catalogue; %.80q is none", c.SKU)
		check.If(!places[c.Location], path+"location", "unknown", "a location of the shop; %.80q is none", c.Location)
		check.If(c.Quantity < 0 || c.Quantity > inventory.MaxQuantity, path+"quantity", "out_of_range", "from 0 to %d", int64(inventory.MaxQuantity))
		check.If(seen[[2]string{c.SKU, c.Location}], path+"sku", "duplicate", "an SKU and location once")
		seen[[2]string{c.SKU, c.Location}] = true
	}
	return check.Err("the count")
}

// whatThereIs are those of the counts' SKUs that there are, and the locations.
func whatThereIs(r db.Reader, counts []inventory.Count) (map[string]inventory.SKU, map[string]bool, error) {
	var skus []string
	for _, c := range counts {
		skus = append(skus, c.SKU)
	}
	known, err := inventory.Catalogue(r, skus)
	if err != nil {
		return nil, nil, err
	}
	locations, err := inventory.Locations(r)
	places := map[string]bool{}
	for _, l := range locations {
		places[l.ID] = true
	}
	return known, places, err
}
