package shipping

import (
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// A shipment, its attempts and its scans change under their order's lock.

// NumberLocks are what giving a parcel the tracking number holds: that a number
// is one parcel's is seen across orders. No number needs none.
func NumberLocks(number string) []db.Lock {
	if number == "" {
		return nil
	}
	return []db.Lock{{Rank: numberRank, Key: number}}
}

const numberRank = 36

// Insert writes a new shipment and what it holds.
func Insert(tx *db.Tx, s Shipment, lines []ShipmentLine) {
	tx.Write(`INSERT INTO shipments (id, order_id, location, carrier, service, leaves, units, weight_grams, status, tracking, tracking_number,
			label_ref, cost, cost_currency, planned_at, shipped_at, delivered_at, scanned_at, astray_at, replaced_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		s.ID, s.Order, s.Location, s.Carrier, s.Service, string(s.Leaves), s.Units, s.Weight, string(s.Status), string(s.Tracking), s.TrackingNumber,
		s.LabelRef, s.Cost, string(s.CostCurrency), db.Micros(s.PlannedAt), db.Micros(s.ShippedAt), db.Micros(s.DeliveredAt), db.Micros(s.ScannedAt),
		db.Micros(s.AstrayAt), db.Micros(s.ReplacedAt))
	for _, l := range lines {
		tx.Write(`INSERT INTO shipment_lines (order_id, shipment_id, line, sku, quantity) VALUES ($1, $2, $3, $4, $5)`,
			s.Order, s.ID, l.Line, l.SKU, l.Quantity)
	}
}

// Save writes what moves of a shipment.
func Save(tx *db.Tx, s Shipment) {
	tx.Write(`UPDATE shipments SET carrier = $1, status = $2, tracking = $3, tracking_number = $4, label_ref = $5, cost = $6,
			cost_currency = $7, shipped_at = $8, delivered_at = $9, scanned_at = $10, astray_at = $11, replaced_at = $12 WHERE id = $13`,
		s.Carrier, string(s.Status), string(s.Tracking), s.TrackingNumber, s.LabelRef, s.Cost, string(s.CostCurrency),
		db.Micros(s.ShippedAt), db.Micros(s.DeliveredAt), db.Micros(s.ScannedAt), db.Micros(s.AstrayAt), db.Micros(s.ReplacedAt), s.ID)
}

// Of returns an order's shipments, oldest first.
func Of(r db.Reader, order string) ([]Shipment, error) { return Range(r, order, order) }

// Range returns the shipments of the orders from first to last, both included.
func Range(r db.Reader, first, last string) ([]Shipment, error) {
	return db.All(r, scanShipment, `SELECT `+shipmentColumns+` FROM shipments
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, id`, first, last)
}

// Filter says which shipments a list shows. The zero value of a field is no limit.
type Filter struct {
	Order    string
	Status   Status
	From, To time.Time // made from this time on, and before that one, to the millisecond
	Before   string    // a shipment's id: only older ones, for the next page
	Limit    int
}

// List returns shipments, the newest first.
func List(r db.Reader, f Filter) ([]Shipment, error) {
	var w db.Where
	w.OfOrder(f.Order, string(f.Status))
	w.Made(Prefix, f.From, f.To, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanShipment, `SELECT `+shipmentColumns+` FROM shipments`+end, args...)
}

// OrderOf returns the order that a shipment belongs to, by the shipment's id
// or its tracking number.
//
// Errors: not_found; conflict when several parcels have the tracking number.
func OrderOf(r db.Reader, what string) (order, shipment string, err error) {
	s, found, err := db.One(r, scanShipment, `SELECT `+shipmentColumns+` FROM shipments WHERE id = $1`, what)
	if err != nil || found {
		return s.Order, s.ID, err
	}
	by, err := ByTracking(r, what)
	switch {
	case err != nil:
		return "", "", err
	case len(by) == 0:
		return "", "", fault.New(fault.NotFound, "there is no shipment %q", what)
	case len(by) > 1:
		return "", "", fault.New(fault.Conflict, "%d parcels have the tracking number %q: name one by its id", len(by), what)
	}
	return by[0].Order, by[0].ID, nil
}

// ByTracking returns the shipments that have the tracking number, oldest first.
// A carrier gives a number to one parcel at a time, and two carriers may give
// the same; "" is nobody's.
func ByTracking(r db.Reader, number string) ([]Shipment, error) {
	return db.All(r, scanShipment, `SELECT `+shipmentColumns+` FROM shipments
		WHERE tracking_number = $1 AND tracking_number <> '' ORDER BY order_id, id`, number)
}

// Lines returns what an order's shipments hold, by shipment.
func Lines(r db.Reader, order string) (map[string][]ShipmentLine, error) {
	all, err := LinesRange(r, order, order)
	return some(all[order]), err
}

// LinesRange returns what the shipments of the orders from first to last hold,
// by order and shipment.
func LinesRange(r db.Reader, first, last string) (map[string]map[string][]ShipmentLine, error) {
	all := map[string]map[string][]ShipmentLine{}
	err := db.Each(r, func(row db.Row) error {
		var order, shipment string
		var l ShipmentLine
		if err := row.Scan(&order, &shipment, &l.Line, &l.SKU, &l.Quantity); err != nil {
			return err
		}
		add(all, order, shipment, l)
		return nil
	}, `SELECT order_id, shipment_id, line, sku, quantity FROM shipment_lines
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, shipment_id, line`, first, last)
	return all, err
}

// some is an empty map where there is none.
func some[T any](parts map[string][]T) map[string][]T {
	if parts == nil {
		return map[string][]T{}
	}
	return parts
}

// add puts what belongs to a shipment of an order to the rest of it.
func add[T any](all map[string]map[string][]T, order, shipment string, part T) {
	if all[order] == nil {
		all[order] = map[string][]T{}
	}
	all[order][shipment] = append(all[order][shipment], part)
}

// InsertAttempt writes an attempt before it is asked. The database refuses a
// second open one of the same shipment.
func InsertAttempt(tx *db.Tx, a Attempt) {
	tx.Write(`INSERT INTO label_attempts (key, shipment_id, order_id, n, op, carrier, status, ref, tracking_number, cost, cost_currency,
			refusal, opened_at, key_until, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		a.Key, a.Shipment, a.Order, a.N, string(a.Op), a.Carrier, string(a.Status), a.Ref, a.TrackingNumber, a.Cost, string(a.CostCurrency),
		string(a.Refusal), db.Micros(a.OpenedAt), db.Micros(a.KeyUntil), db.Micros(a.ClosedAt))
}

// SaveAttempt writes what moves of an attempt.
func SaveAttempt(tx *db.Tx, a Attempt) {
	tx.Write(`UPDATE label_attempts SET status = $1, ref = $2, tracking_number = $3, cost = $4, cost_currency = $5, refusal = $6,
			key_until = $7, closed_at = $8 WHERE key = $9`,
		string(a.Status), a.Ref, a.TrackingNumber, a.Cost, string(a.CostCurrency), string(a.Refusal),
		db.Micros(a.KeyUntil), db.Micros(a.ClosedAt), a.Key)
}

// Attempts returns the attempts of an order's shipments, oldest first.
func Attempts(r db.Reader, order string) ([]Attempt, error) { return AttemptsRange(r, order, order) }

// AttemptsRange returns the attempts of the orders from first to last, both included.
func AttemptsRange(r db.Reader, first, last string) ([]Attempt, error) {
	return db.All(r, func(row db.Row) (Attempt, error) {
		var a Attempt
		var opened, until, closed int64
		err := row.Scan(&a.Key, &a.Shipment, &a.Order, &a.N, (*string)(&a.Op), &a.Carrier, (*string)(&a.Status), &a.Ref, &a.TrackingNumber,
			&a.Cost, (*string)(&a.CostCurrency), (*string)(&a.Refusal), &opened, &until, &closed)
		a.OpenedAt, a.KeyUntil, a.ClosedAt = db.Time(opened), db.Time(until), db.Time(closed)
		return a, err
	}, `SELECT key, shipment_id, order_id, n, op, carrier, status, ref, tracking_number, cost, cost_currency, refusal, opened_at, key_until, closed_at
		FROM label_attempts WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, shipment_id, n`, first, last)
}

// AddScans appends those of the scans that are new, and returns them, and all
// that there are then.
func AddScans(tx *db.Tx, s Shipment, scans []Scan) (added, all []Scan, err error) {
	known, err := Scans(tx, s.Order)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, k := range known[s.ID] {
		seen[k.ID] = true
	}
	for _, k := range scans {
		if seen[k.ID] {
			continue
		}
		seen[k.ID] = true
		added = append(added, k)
		tx.Write(`INSERT INTO scans (order_id, shipment_id, scan_id, status, at, seen_at, place, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			s.Order, s.ID, k.ID, string(k.Status), db.Micros(k.At), db.Micros(tx.Now()), k.Place, string(k.Detail))
	}
	return added, append(known[s.ID], added...), nil
}

// Scans returns the scans of an order's shipments, by shipment, in the order of
// the carrier's clock.
func Scans(r db.Reader, order string) (map[string][]Scan, error) {
	all, err := ScansRange(r, order, order)
	return some(all[order]), err
}

// ScansRange returns the scans of the orders from first to last, by order and
// shipment, in the order of the carrier's clock.
func ScansRange(r db.Reader, first, last string) (map[string]map[string][]Scan, error) {
	all := map[string]map[string][]Scan{}
	err := db.Each(r, func(row db.Row) error {
		var order, shipment string
		var k Scan
		var at int64
		if err := row.Scan(&order, &shipment, &k.ID, (*string)(&k.Status), &at, &k.Place, (*string)(&k.Detail)); err != nil {
			return err
		}
		k.At = db.Time(at)
		add(all, order, shipment, k)
		return nil
	}, `SELECT order_id, shipment_id, scan_id, status, at, place, detail FROM scans
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, shipment_id, at, scan_id`, first, last)
	return all, err
}

// KeepAnswer keeps an answer that came too late to change anything, as
// evidence: whoever has the attempt now asks again under its key.
func KeepAnswer(tx *db.Tx, id string, a Attempt, answer string) {
	tx.Write(`INSERT INTO label_late_answers (id, attempt_key, order_id, at, answer) VALUES ($1, $2, $3, $4, $5)`,
		id, a.Key, a.Order, db.Micros(tx.Now()), answer)
}

// LastSeen is when something was last known of a parcel: its latest scan, or
// when it was handed over or planned.
func (s Shipment) LastSeen() time.Time {
	last := s.PlannedAt
	for _, t := range []time.Time{s.ShippedAt, s.ScannedAt} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

const shipmentColumns = `id, order_id, location, carrier, service, leaves, units, weight_grams, status, tracking, tracking_number,
	label_ref, cost, cost_currency, planned_at, shipped_at, delivered_at, scanned_at, astray_at, replaced_at`

func scanShipment(row db.Row) (Shipment, error) {
	var s Shipment
	var planned, shipped, delivered, scanned, astray, replaced int64
	err := row.Scan(&s.ID, &s.Order, &s.Location, &s.Carrier, &s.Service, (*string)(&s.Leaves), &s.Units, &s.Weight, (*string)(&s.Status), (*string)(&s.Tracking), &s.TrackingNumber,
		&s.LabelRef, &s.Cost, (*string)(&s.CostCurrency), &planned, &shipped, &delivered, &scanned, &astray, &replaced)
	s.PlannedAt, s.ShippedAt, s.DeliveredAt, s.ScannedAt = db.Time(planned), db.Time(shipped), db.Time(delivered), db.Time(scanned)
	s.AstrayAt, s.ReplacedAt = db.Time(astray), db.Time(replaced)
	return s, err
}
