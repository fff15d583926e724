package order

import (
	"time"

	"doorstep/internal/db"
	"doorstep/money"
)

// Sold is a line that a customer bought, of an order that is neither over nor being
// cancelled or changed.
type Sold struct {
	Order string
	Line
}

// SoldQuery asks for what a customer bought of an SKU. An order has it that came
// from the source, in the currency, by a time.
type SoldQuery struct {
	Source    string
	Customer  string
	Currency  money.Currency
	SKU       string
	UnitPrice int64 // lines of this price come first
	Until     time.Time
}

// SoldTo returns up to limit such lines after the first offset: those of the
// price first, and of each the newest order's first. A guest has bought nothing.
func SoldTo(r db.Reader, q SoldQuery, offset, limit int) ([]Sold, error) {
	return db.All(r, func(row db.Row) (s Sold, err error) {
		return s, row.Scan(&s.Order, &s.Line.Line, &s.Quantity, &s.Cancelled, &s.Returned, &s.UnitPrice)
	}, `SELECT o.id, l.line, l.quantity, l.cancelled, l.returned, l.unit_price
		FROM orders AS o JOIN order_lines AS l ON l.order_id = o.id
		WHERE o.customer = $1 AND o.customer <> '' AND o.source = $2 AND o.currency = $3 AND o.placed_at <= $4
			AND o.ended = '' AND l.sku = $5
		ORDER BY CASE WHEN l.unit_price = $6 THEN 0 ELSE 1 END, o.id DESC, l.line LIMIT $7 OFFSET $8`,
		q.Customer, q.Source, string(q.Currency), db.Micros(q.Until), q.SKU, q.UnitPrice, limit, offset)
}
