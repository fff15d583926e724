package inventory

import (
	"maps"
	"slices"
	"time"

	"doorstep/internal/db"
)

// Backorder is how many of an SKU an order waits for. What comes is reserved for
// the order that has waited longest.
type Backorder struct {
	Order    string    `json:"order"`
	SKU      string    `json:"sku"`
	Quantity int64     `json:"quantity"`
	Since    time.Time `json:"since"`
}

// Taken is what an order comes to have when it is placed: what is reserved for it
// and what it waits for, or what is short.
type Taken struct {
	Parts   []Reservation
	Waiting []Backorder
	Short   []Shortage
}

// Take reserves everything that an order wants, as ReserveAll does. Where that can
// not be, but all that is short is of SKUs that may be waited for, the order gets what
// is there, from wherever it is, and waits for the rest. While an order waits for an
// SKU, a later one gets none of it before, but for one that had its goods already: that
// waits before all others. The transaction holds the Locks of the SKUs, which are
// described by known.
func Take(tx *db.Tx, c Cause, demand map[string]int64, t Terms, known map[string]SKU) (Taken, error) {
	taken, err := WouldTake(tx, demand, t, known)
	if err != nil {
		return taken, err
	}
	place := `MAX(place), 0) + 1`
	if t.First {
		place = `MIN(place), 0) - 1`
	}
	for i := range taken.Waiting {
		taken.Waiting[i].Order, taken.Waiting[i].Since = c.Order, c.At
		b := taken.Waiting[i]
		tx.Write(`INSERT INTO backorders (order_id, sku, quantity, place, since)
			VALUES ($1, $2, $3, (SELECT COALESCE(`+place+` FROM backorders WHERE sku = $2), $4)
			ON CONFLICT (order_id, sku) DO UPDATE SET quantity = backorders.quantity + excluded.quantity, place = excluded.place`,
			b.Order, b.SKU, b.Quantity, db.Micros(b.Since))
	}
	return taken, reserve(tx, c, taken.Parts)
}

// WouldTake returns what Take would come to.
func WouldTake(r db.Reader, demand map[string]int64, t Terms, known map[string]SKU) (Taken, error) {
	levels, err := t.levels(r, demand)
	if err != nil {
		return Taken{}, err
	}
	parts, short := choose(demand, levels, t.Split)
	if len(short) == 0 {
		return Taken{Parts: parts}, nil
	}
	all := shelves(levels)
	if slices.ContainsFunc(short, func(s Shortage) bool { return !known[s.SKU].Backorder }) {
		return Taken{Short: short}, nil
	}
	_, lacks := together(all).fills(demand)
	there, waiting := maps.Clone(demand), make([]Backorder, len(lacks))
	for i, s := range lacks {
		waiting[i] = Backorder{SKU: s.SKU, Quantity: s.Wanted - s.Available}
		there[s.SKU] -= waiting[i].Quantity
	}
	maps.DeleteFunc(there, func(_ string, n int64) bool { return n == 0 })
	return Taken{Parts: gather(all, there), Waiting: waiting}, nil
}

// Fill reserves what is there for an order that waits for it, at as few locations
// as it takes, and returns how many units that are. The transaction holds the Lock
// of the SKU.
func Fill(tx *db.Tx, c Cause, b Backorder) (int64, error) {
	levels, err := levelsOf(tx, []string{b.SKU})
	if err != nil {
		return 0, err
	}
	all := shelves(levels)
	units := min(b.Quantity, together(all).available[b.SKU])
	if units == 0 {
		return 0, nil
	}
	DropBackorder(tx, b, units)
	return units, reserve(tx, c, gather(all, map[string]int64{b.SKU: units}))
}

// DropBackorder has an order wait for fewer units: they are there, or not wanted
// any more.
func DropBackorder(tx *db.Tx, b Backorder, units int64) {
	if units == b.Quantity {
		tx.Write(`DELETE FROM backorders WHERE order_id = $1 AND sku = $2`, b.Order, b.SKU)
		return
	}
	tx.Write(`UPDATE backorders SET quantity = quantity - $1 WHERE order_id = $2 AND sku = $3`, units, b.Order, b.SKU)
}

// Oldest returns the order that has waited longest for an SKU of which there is
// some that can be reserved, if there is one.
func Oldest(r db.Reader, sku string) (Backorder, bool, error) {
	return db.One(r, scanBackorder, `SELECT `+backorderColumns+` FROM backorders
		WHERE sku = $1 AND EXISTS (SELECT 1 FROM stock_levels WHERE sku = $1 AND `+someThere+`) ORDER BY place LIMIT 1`, sku)
}

// Wanted returns those of the SKUs for which an order waits, and of which there is
// some that can be reserved.
func Wanted(r db.Reader, skus []string) ([]string, error) {
	return db.All(r, scanCode, `SELECT DISTINCT sku FROM stock_levels
		WHERE sku IN `+r.ListParam("$1")+` AND `+someThere+someoneWaits+` ORDER BY sku`, db.List(skus))
}

// WaitedRange returns those of the SKUs from first to last, both included, for which
// an order waits, and which of these are Wanted.
func WaitedRange(r db.Reader, first, last string) (waited, wanted []string, err error) {
	if waited, err = db.All(r, scanCode, `SELECT DISTINCT sku FROM backorders WHERE sku >= $1 AND sku <= $2 ORDER BY sku`, first, last); err != nil {
		return nil, nil, err
	}
	wanted, err = db.All(r, scanCode, `SELECT DISTINCT sku FROM stock_levels
		WHERE sku >= $1 AND sku <= $2 AND `+someThere+someoneWaits+` ORDER BY sku`, first, last)
	return waited, wanted, err
}

// Where some of an SKU can be reserved, and where an order waits for it.
const (
	someThere    = `on_hand - reserved - safety > 0`
	someoneWaits = ` AND EXISTS (SELECT 1 FROM backorders b WHERE b.sku = stock_levels.sku)`
)

// Backorders returns what the orders from first to last, both included, wait for.
func Backorders(r db.Reader, first, last string) ([]Backorder, error) {
	return db.All(r, scanBackorder, `SELECT `+backorderColumns+` FROM backorders
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, sku`, first, last)
}

// Waiting returns up to limit orders that wait for an SKU, or for any (""), by SKU
// and in the order in which they are served.
func Waiting(r db.Reader, sku string, limit int) ([]Backorder, error) {
	which, args := ``, []any{limit}
	if sku != "" {
		which, args = ` WHERE sku = $2`, append(args, sku)
	}
	return db.All(r, scanBackorder, `SELECT `+backorderColumns+` FROM backorders`+which+` ORDER BY sku, place LIMIT $1`, args...)
}

// WaitedFor returns how many units orders wait for, of each of the SKUs for which some do.
func WaitedFor(r db.Reader, skus []string) (map[string]int64, error) {
	type waited struct {
		sku   string
		units int64
	}
	all, err := db.All(r, func(row db.Row) (w waited, err error) { return w, row.Scan(&w.sku, &w.units) },
		`SELECT sku, CAST(SUM(quantity) AS BIGINT) FROM backorders WHERE sku IN `+r.ListParam("$1")+` GROUP BY sku`, db.List(skus))
	units := make(map[string]int64, len(all))
	for _, w := range all {
		units[w.sku] = w.units
	}
	return units, err
}

const backorderColumns = `order_id, sku, quantity, since`

func scanBackorder(row db.Row) (Backorder, error) {
	var b Backorder
	var since int64
	err := row.Scan(&b.Order, &b.SKU, &b.Quantity, &since)
	b.Since = db.Time(since)
	return b, err
}

func scanCode(row db.Row) (code string, err error) { return code, row.Scan(&code) }
