package process

import (
	"context"
	"fmt"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
)

// Counted is a count and what it comes to.
type Counted struct {
	inventory.Level           // what the books say
	Counted         int64     `json:"counted"`  // how many were found
	GivenUp         []GivenUp `json:"given_up"` // whose goods are not there, the youngest order first
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
	return db.View(ctx, p.db, func(r db.Reader) ([]Counted, error) { return hold(r, counts) })
}

// CountStock sets what is on hand to what was found, all of the counts or none,
// for a reason.
//
// Errors: invalid, with the path of every count that can not be; conflict when
// there is less of something than is reserved.
func (p *Process) CountStock(ctx context.Context, by Command, counts []inventory.Count, reason string) (Result[[]Counted], error) {
	skus := make([]string, len(counts))
	for i, c := range counts {
		skus[i] = c.SKU
	}
	request := struct {
		Counts []inventory.Count
		Reason string
	}{counts, reason}
	return once(ctx, p, by, "count_stock", request, inventory.Locks(skus), func(tx *db.Tx) ([]Counted, error) {
		all, err := hold(tx, counts)
		if err != nil {
			return nil, err
		}
		if n := ordersOf(all); n > 0 {
			return nil, fault.New(fault.Conflict, "what was counted is less than is reserved for orders, and %d of them would have to wait: a preview names them", n)
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

// ordersOf is how many orders would lose what is reserved for them.
func ordersOf(counted []Counted) int {
	orders := map[string]bool{}
	for _, c := range counted {
		for _, g := range c.GivenUp {
			orders[g.Order] = true
		}
	}
	return len(orders)
}

// hold holds counts against the books.
func hold(r db.Reader, counts []inventory.Count) ([]Counted, error) {
	if err := checkCounts(r, counts); err != nil {
		return nil, err
	}
	all := make([]Counted, len(counts))
	for i, c := range counts {
		var err error
		if all[i], err = holdOne(r, c); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func holdOne(r db.Reader, c inventory.Count) (Counted, error) {
	level, err := inventory.LevelOf(r, c.SKU, c.Location)
	counted := Counted{Level: level, Counted: c.Quantity, GivenUp: []GivenUp{}}
	if err != nil || c.Quantity >= level.Reserved {
		return counted, err
	}
	reserved, err := inventory.ReservedAt(r, c.SKU, c.Location)
	if err != nil {
		return counted, err
	}
	for _, v := range inventory.GiveUp(reserved, c.Quantity) {
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
