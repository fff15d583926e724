package order

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Insert writes a new order with its lines and its contact.
func Insert(tx *db.Tx, o Order, lines []Line, c Contact) error {
	shipTo, billTo, err := addresses(c)
	if err != nil {
		return err
	}
	tx.Write(`INSERT INTO orders (id, number, source, source_number, version, status, stock, payment, fulfilment, ended, failure,
			customer, currency, prices_include_tax, items, discount, shipping, shipping_tax, tax, total, shipping_method,
			placed_at, updated_at, next_due, open_tickets, held, held_at, exchange_of, units, reserved, backordered, planned, labelled, left_house, arrived, lost, replaced, returned, captured, refunding, refunded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
			$25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)`,
		o.ID, o.Number, o.Reference.Source, o.Reference.Number, o.Version, string(o.Status),
		string(o.Stock), string(o.Payment), string(o.Fulfilment), string(o.End), string(o.Failure),
		o.Customer, string(o.Currency), db.Bool(o.PricesIncludeTax), o.Items, o.Discount, o.Shipping, o.ShippingTax, o.Tax, o.Total, o.ShippingMethod,
		db.Micros(o.PlacedAt), db.Micros(o.UpdatedAt), db.Micros(o.NextDue), o.OpenTickets, o.Held, db.Micros(o.HeldAt), o.ExchangeOf,
		o.Sums.Units, o.Sums.Reserved, o.Sums.Backordered, o.Sums.Planned, o.Sums.Labelled, o.Sums.Left, o.Sums.Arrived, o.Sums.Lost, o.Sums.Replaced, o.Sums.Returned, o.Sums.Captured, o.Sums.Refunding, o.Sums.Refunded)
	for _, l := range lines {
		insertLine(tx, o.ID, l)
	}
	tx.Write(`INSERT INTO order_contacts (order_id, name, mail, phone, ship_to, bill_to) VALUES ($1, $2, $3, $4, $5, $6)`,
		o.ID, c.Name, c.Mail, c.Phone, shipTo, billTo)
	tx.Count(countOf(o.Status), 1)
	return nil
}

func insertLine(tx *db.Tx, id string, l Line) {
	tx.Write(`INSERT INTO order_lines (order_id, line, sku, name, quantity, cancelled, unit_price, tax, total, discount, shipping, amount, credited, returned)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, l.Line, l.SKU, l.Name, l.Quantity, l.Cancelled, l.UnitPrice, l.Tax, l.Total, l.Discount, l.Shipping, l.Amount, l.Credited, l.Returned)
}

func addresses(c Contact) (shipTo, billTo string, err error) {
	s, err := json.Marshal(c.ShipTo)
	if err != nil {
		return "", "", err
	}
	if c.BillTo == (Address{}) {
		return string(s), "", nil
	}
	b, err := json.Marshal(c.BillTo)
	return string(s), string(b), err
}

// Save writes what moves of an order that was loaded from version and status before.
func Save(tx *db.Tx, o Order, before Order) {
	tx.Write(`UPDATE orders SET version = $1, status = $2, stock = $3, payment = $4, fulfilment = $5, ended = $6, failure = $7,
			updated_at = $8, next_due = $9, open_tickets = $10, held = $11, held_at = $12,
			units = $13, reserved = $14, planned = $15, labelled = $16, left_house = $17, arrived = $18, captured = $19, refunding = $20, refunded = $21,
			lost = $22, replaced = $23, returned = $24, backordered = $25
		WHERE id = $26 AND version = $27`,
		o.Version, string(o.Status), string(o.Stock), string(o.Payment), string(o.Fulfilment), string(o.End), string(o.Failure),
		db.Micros(o.UpdatedAt), db.Micros(o.NextDue), o.OpenTickets, o.Held, db.Micros(o.HeldAt),
		o.Sums.Units, o.Sums.Reserved, o.Sums.Planned, o.Sums.Labelled, o.Sums.Left, o.Sums.Arrived, o.Sums.Captured, o.Sums.Refunding, o.Sums.Refunded,
		o.Sums.Lost, o.Sums.Replaced, o.Sums.Returned, o.Sums.Backordered, o.ID, before.Version)
	if o.Totals != before.Totals || o.ShippingMethod != before.ShippingMethod {
		tx.Write(`UPDATE orders SET items = $1, discount = $2, shipping = $3, shipping_tax = $4, tax = $5, total = $6, shipping_method = $7 WHERE id = $8`,
			o.Items, o.Discount, o.Shipping, o.ShippingTax, o.Tax, o.Total, o.ShippingMethod, o.ID)
	}
	if o.Status != before.Status {
		tx.Count(countOf(before.Status), -1)
		tx.Count(countOf(o.Status), 1)
	}
}

const countPrefix = "orders."

func countOf(s Status) string { return countPrefix + string(s) }

// Counts returns how many orders have each status, as kept.
func Counts(r db.Reader) (map[Status]int64, error) { return db.Counts[Status](r, countPrefix) }

// CountByStatus counts how many orders have each status, which reads an index
// of them all.
func CountByStatus(r db.Reader) (map[Status]int64, error) {
	return db.Tally[Status](r, `SELECT status, COUNT(*) FROM orders GROUP BY status`)
}

// Get returns an order. Errors: not_found.
func Get(r db.Reader, id string) (Order, error) {
	o, found, err := db.One(r, scanOrder, `SELECT `+columns+` FROM orders WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no order %q", id)
	}
	return o, err
}

// Find returns an order by its identifier, its number, or its reference
// written as source/number. Errors: not_found.
func Find(r db.Reader, what string) (Order, error) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(what, "#"), 10, 64); err == nil {
		o, found, err := db.One(r, scanOrder, `SELECT `+columns+` FROM orders WHERE number = $1`, n)
		if err != nil || found {
			return o, err
		}
	}
	if source, num, ok := strings.Cut(what, "/"); ok {
		o, found, err := ByReference(r, Reference{source, num})
		if err != nil || found {
			return o, err
		}
	}
	return Get(r, what)
}

// ByReference returns the order with the reference, if there is one.
func ByReference(r db.Reader, ref Reference) (Order, bool, error) {
	return db.One(r, scanOrder, `SELECT `+columns+` FROM orders WHERE source = $1 AND source_number = $2`, ref.Source, ref.Number)
}

// Filter says which orders a list shows. The zero value of a field is no limit.
type Filter struct {
	Status     Status
	Stock      Stock
	Payment    Payment
	Fulfilment Fulfilment
	Customer   string
	Held       bool      // only those that are held
	From, To   time.Time // placed from this time on, and before that one, to the millisecond
	Before     string    // an order's id: only older ones, for the next page
	Limit      int
}

// List returns orders, the newest first.
func List(r db.Reader, f Filter) ([]Order, error) {
	var w db.Where
	w.Is("status", string(f.Status))
	w.Is("stock", string(f.Stock))
	w.Is("payment", string(f.Payment))
	w.Is("fulfilment", string(f.Fulfilment))
	if f.Customer != "" {
		w.And("customer = %s AND customer <> ''", f.Customer) // as the index says
	}
	if f.Held {
		w.And("held <> ''")
	}
	w.Made(Prefix, f.From, f.To, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanOrder, `SELECT `+columns+` FROM orders`+end, args...)
}

// Held returns up to limit orders that are held, those held for longest first.
func Held(r db.Reader, limit int) ([]Order, error) {
	return db.All(r, scanOrder, `SELECT `+columns+` FROM orders WHERE held <> '' ORDER BY held_at, id LIMIT $1`, limit)
}

// CountHeld counts the orders that are held, up to most.
func CountHeld(r db.Reader, most int) (int64, error) {
	n, _, err := db.One(r, scanNumber, `SELECT COUNT(*) FROM (SELECT 1 FROM orders WHERE held <> '' LIMIT $1) AS counted`, most)
	return n, err
}

// ByID returns those of the orders that there are.
func ByID(r db.Reader, ids []string) (map[string]Order, error) {
	all, err := db.All(r, scanOrder, `SELECT `+columns+` FROM orders WHERE id IN `+r.ListParam("$1"), db.List(ids))
	byID := make(map[string]Order, len(all))
	for _, o := range all {
		byID[o.ID] = o
	}
	return byID, err
}

// Page returns up to limit orders with an id behind after, by id.
func Page(r db.Reader, after string, limit int) ([]Order, error) {
	return db.All(r, scanOrder, `SELECT `+columns+` FROM orders WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// Lines returns an order's lines.
func Lines(r db.Reader, id string) ([]Line, error) {
	byOrder, err := LinesRange(r, id, id)
	return byOrder[id], err
}

// LinesRange returns the lines of the orders from first to last, both included.
func LinesRange(r db.Reader, first, last string) (map[string][]Line, error) {
	byOrder := map[string][]Line{}
	err := db.Each(r, func(row db.Row) error {
		var of string
		var l Line
		if err := row.Scan(&of, &l.Line, &l.SKU, &l.Name, &l.Quantity, &l.Cancelled, &l.UnitPrice, &l.Tax, &l.Total, &l.Discount, &l.Shipping, &l.Amount, &l.Credited, &l.Returned); err != nil {
			return err
		}
		byOrder[of] = append(byOrder[of], l)
		return nil
	}, `SELECT order_id, line, sku, name, quantity, cancelled, unit_price, tax, total, discount, shipping, amount, credited, returned FROM order_lines
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, line`, first, last)
	return byOrder, err
}

// ContactOf returns who ordered. Errors: not_found once it was erased.
func ContactOf(r db.Reader, id string) (Contact, error) {
	c, found, err := db.One(r, func(row db.Row) (Contact, error) {
		var c Contact
		var shipTo, billTo string
		if err := row.Scan(&c.Name, &c.Mail, &c.Phone, &shipTo, &billTo); err != nil {
			return c, err
		}
		if billTo != "" {
			if err := json.Unmarshal([]byte(billTo), &c.BillTo); err != nil {
				return c, err
			}
		}
		return c, json.Unmarshal([]byte(shipTo), &c.ShipTo)
	}, `SELECT name, mail, phone, ship_to, bill_to FROM order_contacts WHERE order_id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "order %s has no contact", id)
	}
	return c, err
}

// KnownContact returns who ordered, no one once that was erased.
func KnownContact(r db.Reader, id string) (Contact, error) {
	c, err := ContactOf(r, id)
	if fault.Is(err, fault.NotFound) {
		return Contact{}, nil
	}
	return c, err
}

// Forget erases who ordered, and what people wrote about the order. What was ordered and
// paid stays. The caller holds the order's lock.
func Forget(tx *db.Tx, id string) {
	tx.WriteAny(`DELETE FROM order_contacts WHERE order_id = $1`, id)
	tx.WriteAny(`UPDATE order_notes SET body = '' WHERE order_id = $1`, id)
	tx.Write(`UPDATE orders SET customer = '' WHERE id = $1`, id)
}

// WithContact returns which of the orders from first to last, both included,
// have a contact: those whose contact was erased have none.
func WithContact(r db.Reader, first, last string) ([]string, error) {
	return db.All(r, func(row db.Row) (id string, err error) { return id, row.Scan(&id) },
		`SELECT order_id FROM order_contacts WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id`, first, last)
}

// AddNote keeps what a person wrote, as note number n of the order.
func AddNote(tx *db.Tx, id string, version int64, n Note) {
	tx.Write(`INSERT INTO order_notes (order_id, version, at, actor, body) VALUES ($1, $2, $3, $4, $5)`,
		id, version, db.Micros(n.At), n.Actor, n.Text)
}

// Notes returns what people wrote about an order, oldest first.
func Notes(r db.Reader, id string) ([]Note, error) {
	return db.All(r, func(row db.Row) (Note, error) {
		var n Note
		var at int64
		err := row.Scan(&at, &n.Actor, &n.Text)
		n.At = db.Time(at)
		return n, err
	}, `SELECT at, actor, body FROM order_notes WHERE order_id = $1 ORDER BY version`, id)
}

// NumberLock is what taking a block of numbers holds.
func NumberLock() db.Lock { return db.Lock{Rank: lockRank - 1, Key: "numbers"} }

// firstNumber is the first order's number.
const firstNumber = 1001

// TakeNumbers takes a block of n numbers and returns the first of it.
func TakeNumbers(tx *db.Tx, n int64) (int64, error) {
	first, found, err := db.One(tx, scanNumber, `SELECT next FROM order_numbers WHERE id = 1`)
	if err != nil {
		return 0, err
	}
	if !found {
		first = firstNumber
		tx.Write(`INSERT INTO order_numbers (id, next) VALUES (1, $1)`, first+n)
		return first, nil
	}
	tx.Write(`UPDATE order_numbers SET next = $1 WHERE id = 1`, first+n)
	return first, nil
}

// GiveNumbersBack gives back the rest of a block, from next up to end, if no
// later block was taken.
func GiveNumbersBack(tx *db.Tx, next, end int64) {
	tx.WriteAny(`UPDATE order_numbers SET next = $1 WHERE id = 1 AND next = $2`, next, end)
}

// Numbers returns the number that the next block begins with, and the largest
// that an order has; 0 where there is none.
func Numbers(r db.Reader) (next, largest int64, err error) {
	if next, _, err = db.One(r, scanNumber, `SELECT next FROM order_numbers WHERE id = 1`); err != nil {
		return 0, 0, err
	}
	largest, _, err = db.One(r, scanNumber, `SELECT number FROM orders ORDER BY number DESC LIMIT 1`)
	return next, largest, err
}

func scanNumber(row db.Row) (int64, error) {
	var n int64
	return n, row.Scan(&n)
}

const columns = `id, number, source, source_number, version, status, stock, payment, fulfilment, ended, failure,
	customer, currency, prices_include_tax, items, discount, shipping, shipping_tax, tax, total, shipping_method,
	placed_at, updated_at, next_due, open_tickets, held, held_at, exchange_of, units, reserved, backordered, planned, labelled, left_house, arrived, lost, replaced, returned, captured, refunding, refunded`

func scanOrder(row db.Row) (Order, error) {
	var o Order
	var included, placed, updated, due, heldAt int64
	err := row.Scan(&o.ID, &o.Number, &o.Reference.Source, &o.Reference.Number, &o.Version, (*string)(&o.Status),
		(*string)(&o.Stock), (*string)(&o.Payment), (*string)(&o.Fulfilment), (*string)(&o.End), (*string)(&o.Failure),
		&o.Customer, (*string)(&o.Currency), &included, &o.Items, &o.Discount, &o.Shipping, &o.ShippingTax, &o.Tax, &o.Total, &o.ShippingMethod,
		&placed, &updated, &due, &o.OpenTickets, &o.Held, &heldAt, &o.ExchangeOf,
		&o.Sums.Units, &o.Sums.Reserved, &o.Sums.Backordered, &o.Sums.Planned, &o.Sums.Labelled, &o.Sums.Left, &o.Sums.Arrived, &o.Sums.Lost, &o.Sums.Replaced, &o.Sums.Returned, &o.Sums.Captured, &o.Sums.Refunding, &o.Sums.Refunded)
	o.PricesIncludeTax = included == 1
	o.PlacedAt, o.UpdatedAt, o.NextDue, o.HeldAt = db.Time(placed), db.Time(updated), db.Time(due), db.Time(heldAt)
	return o, err
}
