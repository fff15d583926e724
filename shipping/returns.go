package shipping

import (
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// A return changes under its order's lock.

// What identifiers begin with.
const (
	Prefix       = "shp" // of a shipment
	ReturnPrefix = "ret" // of a return
)

// InsertReturn writes a new return and what it is about.
func InsertReturn(tx *db.Tx, r Return, lines []ReturnLine) {
	tx.Write(`INSERT INTO returns (id, order_id, status, reason, units, came, restocked, withheld, refund_id, exchange, authorised_at, until_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		r.ID, r.Order, string(r.Status), r.Reason, r.Units, r.Came, r.Restocked, r.Withheld, r.Refund, r.Exchange,
		db.Micros(r.AuthorisedAt), db.Micros(r.Until), db.Micros(r.ClosedAt))
	for _, l := range lines {
		tx.Write(`INSERT INTO return_lines (order_id, return_id, line, sku, quantity, came, restocked, withheld, location)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.Order, r.ID, l.Line, l.SKU, l.Quantity, l.Came, l.Restocked, l.Withheld, l.Location)
	}
}

// SaveReturn writes what moves of a return.
func SaveReturn(tx *db.Tx, r Return) {
	tx.Write(`UPDATE returns SET status = $1, came = $2, restocked = $3, withheld = $4, refund_id = $5, closed_at = $6 WHERE id = $7`,
		string(r.Status), r.Came, r.Restocked, r.Withheld, r.Refund, db.Micros(r.ClosedAt), r.ID)
}

// SaveCame writes what of a return's lines came.
func SaveCame(tx *db.Tx, r Return, came []ReturnLine) {
	for _, l := range came {
		tx.Write(`UPDATE return_lines SET came = $1, restocked = $2, withheld = $3, location = $4 WHERE order_id = $5 AND return_id = $6 AND line = $7`,
			l.Came, l.Restocked, l.Withheld, l.Location, r.Order, r.ID, l.Line)
	}
}

// Returns returns an order's returns, oldest first.
func Returns(r db.Reader, order string) ([]Return, error) { return ReturnsRange(r, order, order) }

// ReturnsRange returns the returns of the orders from first to last, both included.
func ReturnsRange(r db.Reader, first, last string) ([]Return, error) {
	return db.All(r, scanReturn, `SELECT `+returnColumns+` FROM returns
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, id`, first, last)
}

// ReturnFor returns the return in whose place an order was placed, if there is one.
func ReturnFor(r db.Reader, exchange string) (Return, bool, error) {
	return db.One(r, scanReturn, `SELECT `+returnColumns+` FROM returns WHERE exchange = $1 AND exchange <> ''`, exchange) // as the index says
}

// GetReturn returns a return. Errors: not_found.
func GetReturn(r db.Reader, id string) (Return, error) {
	found, ok, err := db.One(r, scanReturn, `SELECT `+returnColumns+` FROM returns WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no return %q", id)
	}
	return found, err
}

// ReturnFilter says which returns a list shows. The zero value of a field is no
// limit.
type ReturnFilter struct {
	Order    string
	Status   ReturnStatus
	From, To time.Time // made from this time on, and before that one, to the millisecond
	Before   string    // a return's id: only older ones, for the next page
	Limit    int
}

// ListReturns returns returns of all orders, the newest first.
func ListReturns(r db.Reader, f ReturnFilter) ([]Return, error) {
	var w db.Where
	w.OfOrder(f.Order, string(f.Status))
	w.Made(ReturnPrefix, f.From, f.To, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanReturn, `SELECT `+returnColumns+` FROM returns`+end, args...)
}

// ReturnLines returns what an order's returns are about, by return.
func ReturnLines(r db.Reader, order string) (map[string][]ReturnLine, error) {
	all, err := ReturnLinesRange(r, order, order)
	return some(all[order]), err
}

// ReturnLinesRange returns what the returns of the orders from first to last are
// about, by order and return.
func ReturnLinesRange(r db.Reader, first, last string) (map[string]map[string][]ReturnLine, error) {
	all := map[string]map[string][]ReturnLine{}
	err := db.Each(r, func(row db.Row) error {
		var order, id string
		var l ReturnLine
		if err := row.Scan(&order, &id, &l.Line, &l.SKU, &l.Quantity, &l.Came, &l.Restocked, &l.Withheld, &l.Location); err != nil {
			return err
		}
		add(all, order, id, l)
		return nil
	}, `SELECT order_id, return_id, line, sku, quantity, came, restocked, withheld, location FROM return_lines
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, return_id, line`, first, last)
	return all, err
}

const returnColumns = `id, order_id, status, reason, units, came, restocked, withheld, refund_id, exchange, authorised_at, until_at, closed_at`

func scanReturn(row db.Row) (Return, error) {
	var r Return
	var authorised, until, closed int64
	err := row.Scan(&r.ID, &r.Order, (*string)(&r.Status), &r.Reason, &r.Units, &r.Came, &r.Restocked, &r.Withheld, &r.Refund, &r.Exchange,
		&authorised, &until, &closed)
	r.AuthorisedAt, r.Until, r.ClosedAt = db.Time(authorised), db.Time(until), db.Time(closed)
	return r, err
}
