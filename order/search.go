package order

import (
	"cmp"
	"maps"
	"slices"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Search returns up to limit orders that a text names, the newest first: by identifier,
// number, reference, the number of a reference alone, customer, mail address, or SKU.
func Search(r db.Reader, text string, limit int) ([]Order, error) {
	var found []Order
	for _, by := range []func(db.Reader, string, int) ([]Order, error){byName, bySourceNumber, byCustomer, byMail, bySKU} {
		more, err := by(r, text, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return Newest(found, limit), nil
}

// Newest returns up to limit of the orders, each once, the newest first.
func Newest(orders []Order, limit int) []Order {
	slices.SortFunc(orders, func(a, b Order) int { return cmp.Compare(b.ID, a.ID) })
	orders = slices.CompactFunc(orders, func(a, b Order) bool { return a.ID == b.ID })
	return orders[:min(len(orders), limit)]
}

func byName(r db.Reader, text string, _ int) ([]Order, error) {
	o, err := Find(r, text)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []Order{o}, nil
}

// bySourceNumber goes through the sources, of which there are few: the numbers alone have
// no index.
func bySourceNumber(r db.Reader, text string, limit int) ([]Order, error) {
	return db.All(r, scanOrder, `WITH RECURSIVE sources (source) AS (
			SELECT MIN(source) FROM orders
			UNION ALL SELECT (SELECT MIN(o.source) FROM orders o WHERE o.source > s.source) FROM sources s WHERE s.source IS NOT NULL)
		SELECT `+columns+` FROM orders WHERE source IN (SELECT source FROM sources WHERE source IS NOT NULL) AND source_number = $1
		ORDER BY id DESC LIMIT $2`, text, limit)
}

func byCustomer(r db.Reader, text string, limit int) ([]Order, error) {
	return List(r, Filter{Customer: text, Limit: limit})
}

// OfCustomer returns up to limit orders of a customer, by the shop's own identifier of them
// or by their mail address, placed before the one with the id ("" for all), the newest first.
func OfCustomer(r db.Reader, who, before string, limit int) ([]Order, error) {
	found, err := List(r, Filter{Customer: who, Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	more, err := ofMail(r, who, before, limit)
	return Newest(append(found, more...), limit), err
}

func byMail(r db.Reader, text string, limit int) ([]Order, error) { return ofMail(r, text, "", limit) }

func ofMail(r db.Reader, mail, before string, limit int) ([]Order, error) {
	before = cmp.Or(before, Prefix+behindAll)
	return db.All(r, scanOrder, `SELECT `+columns+` FROM orders WHERE id IN (
			SELECT order_id FROM order_contacts WHERE lower(mail) = lower($1) AND mail <> '' AND order_id < $2 ORDER BY order_id DESC LIMIT $3)
		ORDER BY id DESC`, mail, before, limit)
}

// behindAll is behind every identifier: a ULID begins with 7 at most.
const behindAll = "_8"

func bySKU(r db.Reader, text string, limit int) ([]Order, error) { return OfSKU(r, text, "", limit) }

// OfSKU returns up to limit orders with a line of the SKU, whatever became of it, placed
// before the one with the id ("" for all), the newest first.
func OfSKU(r db.Reader, sku, before string, limit int) ([]Order, error) {
	before = cmp.Or(before, Prefix+behindAll)
	ids, err := db.All(r, func(row db.Row) (id string, err error) { return id, row.Scan(&id) },
		`SELECT DISTINCT order_id FROM order_lines WHERE sku = $1 AND order_id < $2 ORDER BY order_id DESC LIMIT $3`, sku, before, limit)
	if err != nil {
		return nil, err
	}
	found, err := ByID(r, ids)
	return Newest(slices.Collect(maps.Values(found)), limit), err
}
