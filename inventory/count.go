package inventory

import (
	"cmp"
	"slices"

	"doorstep/internal/db"
)

// Count is how many of an SKU were found at a location.
type Count struct {
	SKU      string `json:"sku"`
	Location string `json:"location"`
	Quantity int64  `json:"quantity"`
}

// GiveUp returns which of the reservations of an SKU at a location are to be
// given up when so many of it are there: as few as leave no more reserved than
// that, each whole, those of the youngest orders first. An order's identifier
// says how old it is. What is fixed beside them is reserved too and stays; where
// it is more than there is, all are given up, and that does not do.
func GiveUp(reserved []Reservation, fixed, there int64) []Reservation {
	youngest := slices.SortedFunc(slices.Values(reserved), func(a, b Reservation) int { return cmp.Compare(b.Order, a.Order) })
	left := fixed
	for _, r := range youngest {
		left += r.Quantity
	}
	n := 0
	for ; left > there && n < len(youngest); n++ {
		left -= youngest[n].Quantity
	}
	return youngest[:n]
}

// LevelOf returns what the books say of an SKU at a location: a level of
// nothing where there is none.
func LevelOf(r db.Reader, sku, location string) (Level, error) {
	l, found, err := db.One(r, scanLevel, `SELECT sku, location, on_hand, reserved, safety FROM stock_levels
		WHERE sku = $1 AND location = $2`, sku, location)
	if !found {
		l = Level{SKU: sku, Location: location}
	}
	return l, err
}

// ReservedAt returns the reservations of an SKU at a location, by order.
func ReservedAt(r db.Reader, sku, location string) ([]Reservation, error) {
	return db.All(r, scanReservation, `SELECT order_id, sku, location, quantity FROM reservations
		WHERE sku = $1 AND location = $2 ORDER BY order_id`, sku, location)
}
