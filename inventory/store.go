package inventory

import (
	"cmp"
	"slices"
	"strings"

	"doorstep/country"
	"doorstep/fault"
	"doorstep/internal/db"
)

// Get returns an SKU. Errors: not_found.
func Get(r db.Reader, sku string) (SKU, error) {
	s, found, err := db.One(r, scanSKU, `SELECT `+skuColumns+` FROM skus WHERE sku = $1`, sku)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no SKU %q", sku)
	}
	return s, err
}

// Catalogue returns those of the SKUs that there are, by code.
func Catalogue(r db.Reader, skus []string) (map[string]SKU, error) {
	all, err := db.All(r, scanSKU, `SELECT `+skuColumns+` FROM skus WHERE sku IN `+r.ListParam("$1"), db.List(skus))
	if err != nil {
		return nil, err
	}
	byCode := make(map[string]SKU, len(all))
	for _, s := range all {
		byCode[s.Code] = s
	}
	return byCode, nil
}

// Page returns up to limit SKUs behind after, by code.
func Page(r db.Reader, after string, limit int) ([]SKU, error) {
	return db.All(r, scanSKU, `SELECT `+skuColumns+` FROM skus WHERE sku > $1 ORDER BY sku LIMIT $2`, after, limit)
}

// Find returns up to limit SKUs that begin with a prefix behind after, by code.
func Find(r db.Reader, prefix, after string, limit int) ([]SKU, error) {
	behind := `>`
	if after < prefix {
		after, behind = prefix, `>=`
	}
	return db.All(r, scanSKU, `SELECT `+skuColumns+` FROM skus WHERE sku `+behind+` $1 AND sku < $2 ORDER BY sku LIMIT $3`, after, prefix+lastCode, limit)
}

// lastCode comes behind all codes.
const lastCode = "\U0010FFFF"

// Define makes an SKU, or changes its name, currency, price, weight and whether
// orders may wait for it. It
// returns the SKU with the version that its event has, and whether anything
// changed. The transaction holds its Lock.
//
// Errors: invalid.
func Define(tx *db.Tx, s SKU) (SKU, bool, error) {
	if err := s.Validate(); err != nil {
		return SKU{}, false, err
	}
	old, found, err := db.One(tx, scanSKU, `SELECT `+skuColumns+` FROM skus WHERE sku = $1`, s.Code)
	if err != nil {
		return SKU{}, false, err
	}
	if s.Version = old.Version; found && s == old {
		return old, false, nil
	}
	s.Version++
	if found {
		tx.Write(`UPDATE skus SET name = $1, currency = $2, price = $3, weight_grams = $4, backorder = $5, version = $6 WHERE sku = $7`,
			s.Name, string(s.Currency), s.Price, s.Weight, db.Bool(s.Backorder), s.Version, s.Code)
	} else {
		tx.Write(`INSERT INTO skus (sku, name, currency, price, weight_grams, backorder, version) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			s.Code, s.Name, string(s.Currency), s.Price, s.Weight, db.Bool(s.Backorder), s.Version)
	}
	return s, true, nil
}

// NextVersion counts one more event of an SKU and returns its version.
// Errors: not_found.
func NextVersion(tx *db.Tx, sku string) (int64, error) {
	s, err := Get(tx, sku)
	if err != nil {
		return 0, err
	}
	tx.Write(`UPDATE skus SET version = $1 WHERE sku = $2`, s.Version+1, sku)
	return s.Version + 1, nil
}

// GetLocation returns a location. Errors: not_found.
func GetLocation(r db.Reader, location string) (Location, error) {
	l, found, err := db.One(r, scanLocation, `SELECT `+locationColumns+` FROM locations WHERE id = $1`, location)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no location %q", location)
	}
	return l, err
}

// Locations returns all locations, by id. They are few: places, not shelves.
func Locations(r db.Reader) ([]Location, error) {
	return db.All(r, scanLocation, `SELECT `+locationColumns+` FROM locations ORDER BY id`)
}

// SetLocation makes a location or changes it.
//
// Errors: invalid.
func SetLocation(tx *db.Tx, l Location) error {
	var c fault.Check
	c.Required("id", l.ID, maxCode, "a code such as "+MainLocation)
	c.Required("name", l.Name, maxText, "what it is called")
	country.Check(&c, "country", l.Country)
	if err := c.Err("the location"); err != nil {
		return err
	}
	tx.Write(`INSERT INTO locations (id, name, country, priority) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, priority = excluded.priority`,
		l.ID, l.Name, l.Country, l.Priority)
	return nil
}

// LocationLock is what a change of locations holds.
func LocationLock(location string) db.Lock { return db.Lock{Rank: lockRank - 1, Key: location} }

// levelsOf returns the levels of the SKUs, by the priority of their locations.
func levelsOf(r db.Reader, skus []string) ([]Level, error) {
	return db.All(r, scanLevel, levelsQuery+r.ListParam("$1")+levelsOrder, db.List(skus))
}

// openLevels returns those of the levels for which no order waits.
func openLevels(r db.Reader, skus []string) ([]Level, error) {
	return db.All(r, scanLevel, levelsQuery+r.ListParam("$1")+
		` AND NOT EXISTS (SELECT 1 FROM backorders b WHERE b.sku = s.sku)`+levelsOrder, db.List(skus))
}

const (
	levelsQuery = `SELECT s.sku, s.location, s.on_hand, s.reserved, s.safety
		FROM stock_levels s JOIN locations l ON l.id = s.location WHERE s.sku IN `
	levelsOrder = ` ORDER BY l.priority, l.id, s.sku`
)

// Levels returns the levels of the SKUs from first to last, both included.
func Levels(r db.Reader, first, last string) ([]Level, error) {
	return db.All(r, scanLevel, `SELECT sku, location, on_hand, reserved, safety FROM stock_levels
		WHERE sku >= $1 AND sku <= $2 ORDER BY sku, location`, first, last)
}

// Reservations returns what is reserved for the orders from first to last,
// both included.
func Reservations(r db.Reader, first, last string) ([]Reservation, error) {
	return db.All(r, scanReservation, `SELECT order_id, sku, location, quantity FROM reservations
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, sku, location`, first, last)
}

// ReservedOf returns up to limit reservations of an SKU behind a place, "" for the first, by
// location and order. A place is a location and an order, with a slash between.
func ReservedOf(r db.Reader, sku, after string, limit int) ([]Reservation, error) {
	at := max(0, strings.LastIndexByte(after, '/'))
	return db.All(r, scanReservation, `SELECT order_id, sku, location, quantity FROM reservations
		WHERE sku = $1 AND (location, order_id) > ($2, $3) ORDER BY location, order_id LIMIT $4`, sku, after[:at], strings.TrimPrefix(after[at:], "/"), limit)
}

// Reserved returns what the reservations of the SKUs from first to last come
// to, as levels that have nothing on hand.
func Reserved(r db.Reader, first, last string) ([]Level, error) {
	return db.All(r, scanLevel, `SELECT sku, location, 0, CAST(SUM(quantity) AS BIGINT), 0 FROM reservations
		WHERE sku >= $1 AND sku <= $2 GROUP BY sku, location ORDER BY sku, location`, first, last)
}

// Moved returns what the movements of the SKUs from first to last come to, as
// sums per SKU, location and type. They are summed up here, row by row: the
// database would first sort them all, in memory.
func Moved(r db.Reader, first, last string) ([]Movement, error) {
	type place struct {
		sku, location string
		t             MovementType
	}
	sums := map[place]int64{}
	err := db.Each(r, func(row db.Row) error {
		var at place
		var quantity int64
		err := row.Scan(&at.sku, &at.location, (*string)(&at.t), &quantity)
		sums[at] += quantity
		return err
	}, `SELECT sku, location, type, quantity FROM stock_movements WHERE sku >= $1 AND sku <= $2`, first, last)
	all := make([]Movement, 0, len(sums))
	for at, quantity := range sums {
		all = append(all, Movement{SKU: at.sku, Location: at.location, Type: at.t, Quantity: quantity})
	}
	slices.SortFunc(all, func(a, b Movement) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Location, b.Location), cmp.Compare(a.Type, b.Type))
	})
	return all, err
}

// MovedFor returns what the movements for the orders from first to last, both
// included, come to, as sums per order, SKU, location and type.
func MovedFor(r db.Reader, first, last string) ([]Movement, error) {
	return db.All(r, func(row db.Row) (Movement, error) {
		var m Movement
		return m, row.Scan(&m.Order, &m.SKU, &m.Location, (*string)(&m.Type), &m.Quantity)
	}, `SELECT order_id, sku, location, type, CAST(SUM(quantity) AS BIGINT) FROM stock_movements
		WHERE order_id <> '' AND order_id >= $1 AND order_id <= $2
		GROUP BY order_id, sku, location, type ORDER BY order_id, sku, location, type`, first, last)
}

// Movements returns the last movements of an SKU before the one with the id, "" for all,
// the newest first.
func Movements(r db.Reader, sku, before string, limit int) ([]Movement, error) {
	return db.All(r, func(row db.Row) (Movement, error) {
		var m Movement
		var at int64
		err := row.Scan(&m.ID, &m.SKU, &m.Location, (*string)(&m.Type), &m.Quantity, &m.Order, &at, &m.Actor, &m.Reason)
		m.At = db.Time(at)
		return m, err
	}, `SELECT id, sku, location, type, quantity, order_id, at, actor, reason FROM stock_movements
		WHERE sku = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, sku, cmp.Or(before, "~"), limit) // behind every identifier
}

const (
	skuColumns      = `sku, name, currency, price, weight_grams, backorder, version`
	locationColumns = `id, name, country, priority`
)

func scanSKU(row db.Row) (SKU, error) {
	var s SKU
	var backorder int64
	err := row.Scan(&s.Code, &s.Name, (*string)(&s.Currency), &s.Price, &s.Weight, &backorder, &s.Version)
	s.Backorder = backorder == 1
	return s, err
}

func scanLocation(row db.Row) (Location, error) {
	var l Location
	return l, row.Scan(&l.ID, &l.Name, &l.Country, &l.Priority)
}

func scanLevel(row db.Row) (Level, error) {
	var l Level
	return l, row.Scan(&l.SKU, &l.Location, &l.OnHand, &l.Reserved, &l.Safety)
}

func scanReservation(row db.Row) (Reservation, error) {
	var v Reservation
	return v, row.Scan(&v.Order, &v.SKU, &v.Location, &v.Quantity)
}
