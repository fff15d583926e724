package inventory

import (
	"maps"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
)

// Shortage is an SKU of which there is too little.
type Shortage struct {
	SKU       string `json:"sku"`
	Wanted    int64  `json:"wanted"`
	Available int64  `json:"available"` // at the location that has the most of what was wanted
}

// Cause says who moves stock, when and for what.
type Cause struct {
	Order  string // "" when it is for none
	Key    string // where there is no order: what makes it differ from any other of the same instant
	By     access.Actor
	At     time.Time
	Reason string
	IDs    id.Source
}

// ReserveAll reserves everything that an order wants at the first location
// that can fill it whole, or nothing. It returns the location, or what is
// short. The transaction holds the Locks of the SKUs.
func ReserveAll(tx *db.Tx, c Cause, demand map[string]int64) (string, []Shortage, error) {
	skus := slices.Sorted(maps.Keys(demand))
	levels, err := levelsOf(tx, skus)
	if err != nil {
		return "", nil, err
	}
	location, short := choose(demand, skus, levels)
	if len(short) > 0 {
		return "", short, nil
	}
	for _, sku := range skus {
		n := demand[sku]
		tx.Write(`INSERT INTO reservations (order_id, sku, location, quantity) VALUES ($1, $2, $3, $4)`, c.Order, sku, location, n)
		move(tx, c, Movement{SKU: sku, Location: location, Type: Reserve, Quantity: n})
	}
	return location, nil, nil
}

// choose picks the first location, in the order of the levels, that has all of
// the demand. Where none has, it returns what the fullest one is short of.
func choose(demand map[string]int64, skus []string, levels []Level) (string, []Shortage) {
	available := map[string]map[string]int64{}
	var locations []string
	for _, l := range levels {
		if available[l.Location] == nil {
			available[l.Location] = map[string]int64{}
			locations = append(locations, l.Location)
		}
		available[l.Location][l.SKU] = l.Available()
	}
	var best []Shortage
	for _, location := range append(locations, "") {
		var short []Shortage
		for _, sku := range skus {
			if has := available[location][sku]; has < demand[sku] {
				short = append(short, Shortage{SKU: sku, Wanted: demand[sku], Available: has})
			}
		}
		if len(short) == 0 {
			return location, nil
		}
		if best == nil || len(short) < len(best) {
			best = short
		}
	}
	return "", best
}

// ReleaseAll gives back what is reserved for an order.
func ReleaseAll(tx *db.Tx, c Cause) error { return settle(tx, c, Release) }

// ShipAll lets what is reserved for an order leave with its parcel.
func ShipAll(tx *db.Tx, c Cause) error { return settle(tx, c, Ship) }

// settle ends an order's reservations by a movement of the type.
func settle(tx *db.Tx, c Cause, t MovementType) error {
	reserved, err := Reservations(tx, c.Order, c.Order)
	if err != nil {
		return err
	}
	for _, r := range reserved {
		tx.Write(`DELETE FROM reservations WHERE order_id = $1 AND sku = $2 AND location = $3`, r.Order, r.SKU, r.Location)
		move(tx, c, Movement{SKU: r.SKU, Location: r.Location, Type: t, Quantity: r.Quantity})
	}
	return nil
}

// Receive adds what came in to a location, and returns by how much it changed.
//
// Errors: invalid when the quantity is not positive or too large; not_found
// when there is no such location; conflict when there would be too much.
func Receive(tx *db.Tx, c Cause, sku, location string, quantity int64) (int64, error) {
	if quantity < 1 || quantity > MaxQuantity {
		return 0, fault.New(fault.Invalid, "a receipt of %d is not from 1 to %d", quantity, int64(MaxQuantity))
	}
	return change(tx, c, Movement{SKU: sku, Location: location, Type: Receipt, Quantity: quantity})
}

// TakeBack adds what a customer has sent back to a location, and returns by how
// much it changed.
//
// Errors: as Receive.
func TakeBack(tx *db.Tx, c Cause, sku, location string, quantity int64) (int64, error) {
	if quantity < 1 || quantity > MaxQuantity {
		return 0, fault.New(fault.Invalid, "a return of %d is not from 1 to %d", quantity, int64(MaxQuantity))
	}
	return change(tx, c, Movement{SKU: sku, Location: location, Type: ReturnStock, Quantity: quantity})
}

// Adjust changes what a location has by delta, for the cause's reason, and
// returns delta.
//
// Errors: invalid when delta is zero or too large, or there is no reason;
// not_found when there is no such location; conflict when less would be left
// than is reserved.
func Adjust(tx *db.Tx, c Cause, sku, location string, delta int64) (int64, error) {
	if err := c.hasReason(); err != nil {
		return 0, err
	}
	if delta == 0 || delta > MaxQuantity || delta < -MaxQuantity {
		return 0, fault.New(fault.Invalid, "an adjustment of %d is zero or beyond %d", delta, int64(MaxQuantity))
	}
	return change(tx, c, Movement{SKU: sku, Location: location, Type: Adjustment, Quantity: delta})
}

// Set adjusts what a location has to the given figure, and returns by how much
// that changed it.
//
// Errors: as Adjust; a figure that is right already changes nothing.
func Set(tx *db.Tx, c Cause, sku, location string, onHand int64) (int64, error) {
	if err := c.hasReason(); err != nil {
		return 0, err
	}
	if onHand < 0 || onHand > MaxQuantity {
		return 0, fault.New(fault.Invalid, "a stock of %d is not from 0 to %d", onHand, int64(MaxQuantity))
	}
	levels, err := levelsOf(tx, []string{sku})
	if err != nil {
		return 0, err
	}
	for _, l := range levels {
		if l.Location == location {
			onHand -= l.OnHand
		}
	}
	if onHand == 0 {
		return 0, nil
	}
	return Adjust(tx, c, sku, location, onHand)
}

// SetSafety has so many of an SKU kept back at a location: what is available
// there is that much less, and what is reserved already stays reserved. It
// returns the level as it is then, and whether that changed it.
//
// Errors: invalid when the quantity is negative or too large; not_found when
// there is no such location.
func SetSafety(tx *db.Tx, sku, location string, quantity int64) (Level, bool, error) {
	if quantity < 0 || quantity > MaxQuantity {
		return Level{}, false, fault.New(fault.Invalid, "a safety stock of %d is not from 0 to %d", quantity, int64(MaxQuantity))
	}
	l, err := levelAt(tx, sku, location)
	if err != nil || l.Safety == quantity {
		return l, false, err
	}
	l.Safety = quantity
	tx.Write(`UPDATE stock_levels SET safety = $1 WHERE sku = $2 AND location = $3`, quantity, sku, location)
	return l, true, nil
}

// hasReason is for what nothing but its reason explains.
func (c Cause) hasReason() error {
	var check fault.Check
	check.If(fault.Blank(c.Reason), "reason", "required", "why the stock is another than the books say")
	return check.Err("the adjustment")
}

// MaxQuantity is how many of an SKU a location can have.
const MaxQuantity = 1_000_000_000

// change moves stock that is not an order's.
func change(tx *db.Tx, c Cause, m Movement) (int64, error) {
	var check fault.Check
	check.Text("reason", c.Reason, maxText)
	if err := check.Err("the movement"); err != nil {
		return 0, err
	}
	l, err := levelAt(tx, m.SKU, m.Location)
	if err != nil {
		return 0, err
	}
	if left := l.OnHand + m.Quantity; left < l.Reserved || left > MaxQuantity {
		return 0, fault.New(fault.Conflict, "%s at %s has %d, of which %d are reserved: %+d can not be",
			m.SKU, m.Location, l.OnHand, l.Reserved, m.Quantity)
	}
	move(tx, c, m)
	return m.Quantity, nil
}

// levelAt returns the level of an SKU at a location, and makes it where there
// is none.
//
// Errors: not_found when there is no such location.
func levelAt(tx *db.Tx, sku, location string) (Level, error) {
	if _, err := GetLocation(tx, location); err != nil {
		return Level{}, err
	}
	levels, err := levelsOf(tx, []string{sku})
	if err != nil {
		return Level{}, err
	}
	if i := slices.IndexFunc(levels, func(l Level) bool { return l.Location == location }); i >= 0 {
		return levels[i], nil
	}
	tx.Write(`INSERT INTO stock_levels (sku, location, on_hand, reserved) VALUES ($1, $2, 0, 0)`, sku, location)
	return Level{SKU: sku, Location: location}, nil
}

// move writes a movement and what it does to its level. That a level is never
// below zero nor reserved beyond what is on hand is checked by the database too.
func move(tx *db.Tx, c Cause, m Movement) {
	if tx.Postgres() && !tx.Holds(Lock(m.SKU)) {
		panic("inventory: the stock of " + m.SKU + " is moved without its lock")
	}
	onHand, reserved := m.Effect()
	tx.Write(`UPDATE stock_levels SET on_hand = on_hand + $1, reserved = reserved + $2 WHERE sku = $3 AND location = $4`,
		onHand, reserved, m.SKU, m.Location)
	m.ID = c.IDs.New("mov", c.At, c.Order, c.Key, m.SKU, m.Location, string(m.Type))
	tx.Write(`INSERT INTO stock_movements (id, sku, location, type, quantity, order_id, at, actor, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, m.SKU, m.Location, string(m.Type), m.Quantity, c.Order, db.Micros(c.At), string(c.By), c.Reason)
}
