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
	Key    string // what makes it differ from any other of the same instant
	By     access.Actor
	At     time.Time
	Reason string
	IDs    id.Source
}

// Terms say how stock may be taken.
type Terms struct {
	Split bool // from several locations, where none has all of it
	First bool // before the orders that wait for it: by one that had its goods already
}

// ReserveAll reserves everything that an order wants, or nothing: at the first
// location that can fill it whole, or else, where it may be split, at as few as
// it takes. It comes on top of what the order has. It returns what is reserved
// where, or what is short. The transaction holds the Locks of the SKUs.
func ReserveAll(tx *db.Tx, c Cause, demand map[string]int64, t Terms) ([]Reservation, []Shortage, error) {
	parts, short, err := WouldReserve(tx, demand, t)
	if err != nil {
		return nil, nil, err
	}
	return parts, short, reserve(tx, c, parts)
}

// reserve reserves parts for the cause's order, beside what it has.
func reserve(tx *db.Tx, c Cause, parts []Reservation) error {
	for i := range parts {
		parts[i].Order = c.Order
		r := parts[i]
		tx.Write(`INSERT INTO reservations (order_id, sku, location, quantity) VALUES ($1, $2, $3, $4)
			ON CONFLICT (order_id, sku, location) DO UPDATE SET quantity = reservations.quantity + excluded.quantity`, r.Order, r.SKU, r.Location, r.Quantity)
		if err := move(tx, c, Movement{SKU: r.SKU, Location: r.Location, Type: Reserve, Quantity: r.Quantity}); err != nil {
			return err
		}
	}
	return nil
}

// WouldReserve returns what ReserveAll would reserve where, or what is short.
func WouldReserve(r db.Reader, demand map[string]int64, t Terms) ([]Reservation, []Shortage, error) {
	levels, err := t.levels(r, demand)
	if err != nil {
		return nil, nil, err
	}
	parts, short := choose(demand, levels, t.Split)
	return parts, short, nil
}

// levels are those from which the demand may be taken.
func (t Terms) levels(r db.Reader, demand map[string]int64) ([]Level, error) {
	skus := slices.Sorted(maps.Keys(demand))
	if t.First {
		return levelsOf(r, skus)
	}
	return openLevels(r, skus)
}

// shelf is what one location has of what is wanted.
type shelf struct {
	location  string
	available map[string]int64
}

// fills returns how many of the demand a location has, and what it is short of.
func (s shelf) fills(demand map[string]int64) (units int64, short []Shortage) {
	for _, sku := range slices.Sorted(maps.Keys(demand)) {
		has := s.available[sku]
		units += min(has, demand[sku])
		if has < demand[sku] {
			short = append(short, Shortage{SKU: sku, Wanted: demand[sku], Available: has})
		}
	}
	return units, short
}

// shelves returns the locations in the order of the levels.
func shelves(levels []Level) []shelf {
	var all []shelf
	for _, l := range levels {
		i := slices.IndexFunc(all, func(s shelf) bool { return s.location == l.Location })
		if i < 0 {
			i, all = len(all), append(all, shelf{l.Location, map[string]int64{}})
		}
		all[i].available[l.SKU] = max(0, l.Available())
	}
	return all
}

// choose says what is taken from where: all of it from the first location that
// has it, or else, where it may be split, from one after the other that has the
// most of what is left. Where there is too little, it returns what is short.
func choose(demand map[string]int64, levels []Level, split bool) ([]Reservation, []Shortage) {
	all := shelves(levels)
	_, short := shelf{}.fills(demand)
	for _, s := range all {
		_, lacks := s.fills(demand)
		if len(lacks) == 0 {
			return takeFrom(s, maps.Clone(demand)), nil
		}
		if len(lacks) < len(short) || len(lacks) == len(short) && lacking(lacks) < lacking(short) {
			short = lacks
		}
	}
	if !split {
		return nil, short
	}
	if _, short := together(all).fills(demand); len(short) > 0 {
		return nil, short
	}
	return gather(all, maps.Clone(demand)), nil
}

// together is what all locations have.
func together(all []shelf) shelf {
	sum := shelf{available: map[string]int64{}}
	for _, s := range all {
		for sku, n := range s.available {
			sum.available[sku] += n
		}
	}
	return sum
}

func lacking(short []Shortage) (units int64) {
	for _, s := range short {
		units += s.Wanted - s.Available
	}
	return units
}

// gather takes from the fullest location until nothing is left to be taken.
func gather(all []shelf, left map[string]int64) (parts []Reservation) {
	for len(left) > 0 {
		best, most := 0, int64(-1)
		for i, s := range all {
			if units, _ := s.fills(left); units > most {
				best, most = i, units
			}
		}
		parts = append(parts, takeFrom(all[best], left)...)
		all = slices.Delete(slices.Clone(all), best, best+1)
	}
	return parts
}

// takeFrom takes from a location what it has of what is left to be taken.
func takeFrom(s shelf, left map[string]int64) (parts []Reservation) {
	for _, sku := range slices.Sorted(maps.Keys(left)) {
		n := min(s.available[sku], left[sku])
		if n > 0 {
			parts = append(parts, Reservation{SKU: sku, Location: s.location, Quantity: n})
		}
		if left[sku] -= n; left[sku] == 0 {
			delete(left, sku)
		}
	}
	return parts
}

// Release gives back parts of what is reserved for the cause's order.
//
// Errors: internal when less is reserved.
func Release(tx *db.Tx, c Cause, parts []Reservation) error { return settle(tx, c, Unreserve, parts) }

// ShipParcel lets what a parcel holds, by SKU, leave from a location where it is
// reserved for the cause's order.
//
// Errors: internal when less is reserved there.
func ShipParcel(tx *db.Tx, c Cause, location string, units map[string]int64) error {
	var parts []Reservation
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		parts = append(parts, Reservation{SKU: sku, Location: location, Quantity: units[sku]})
	}
	return settle(tx, c, Ship, parts)
}

// settle ends parts of an order's reservations by a movement of the type.
func settle(tx *db.Tx, c Cause, t MovementType, parts []Reservation) error {
	reserved, err := Reservations(tx, c.Order, c.Order)
	if err != nil {
		return err
	}
	for _, p := range parts {
		i := slices.IndexFunc(reserved, func(r Reservation) bool { return r.SKU == p.SKU && r.Location == p.Location })
		switch {
		case i < 0 || reserved[i].Quantity < p.Quantity:
			return fault.New(fault.Internal, "of %s at %s less is reserved for the order %s than %d", p.SKU, p.Location, c.Order, p.Quantity)
		case reserved[i].Quantity == p.Quantity:
			tx.Write(`DELETE FROM reservations WHERE order_id = $1 AND sku = $2 AND location = $3`, c.Order, p.SKU, p.Location)
		default:
			tx.Write(`UPDATE reservations SET quantity = quantity - $1 WHERE order_id = $2 AND sku = $3 AND location = $4`,
				p.Quantity, c.Order, p.SKU, p.Location)
		}
		if err := move(tx, c, Movement{SKU: p.SKU, Location: p.Location, Type: t, Quantity: p.Quantity}); err != nil {
			return err
		}
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
	return m.Quantity, move(tx, c, m)
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

// Locked says whether the transaction may move stock of an SKU, or look for who
// waits for it. SQLite's one writer needs no lock.
//
// Errors: ErrNotLocked.
func Locked(tx *db.Tx, sku string) error {
	if tx.Postgres() && !tx.Holds(Lock(sku)) {
		return ErrNotLocked
	}
	return nil
}

// ErrNotLocked says that the lock of an SKU, or of an order that is changed beside
// another, is not held, because an order came to have it after the locks were chosen, or
// in a step that seldom does: tried again, it is.
var ErrNotLocked = fault.New(fault.Conflict, "the order has been given other goods at the same instant: try it again")

// move writes a movement and what it does to its level. That a level is never
// below zero nor reserved beyond what is on hand is checked by the database too.
//
// Errors: ErrNotLocked.
func move(tx *db.Tx, c Cause, m Movement) error {
	if err := Locked(tx, m.SKU); err != nil {
		return err
	}
	onHand, reserved := m.Effect()
	tx.Write(`UPDATE stock_levels SET on_hand = on_hand + $1, reserved = reserved + $2 WHERE sku = $3 AND location = $4`,
		onHand, reserved, m.SKU, m.Location)
	m.ID = c.IDs.New("mov", c.At, c.Order, c.Key, m.SKU, m.Location, string(m.Type))
	tx.Write(`INSERT INTO stock_movements (id, sku, location, type, quantity, order_id, at, actor, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, m.SKU, m.Location, string(m.Type), m.Quantity, c.Order, db.Micros(c.At), string(c.By), c.Reason)
	return nil
}
