package order_test

import (
	"testing"

	"doorstep/order"
)

func TestMoneyAtRisk(t *testing.T) {
	t.Parallel()
	const total = 1000
	for name, c := range map[string]struct {
		payment order.Payment
		sums    order.Sums
		arrived int64
		want    int64
	}{
		"nothing is authorised":        {order.PaymentDue, order.Sums{Units: 2}, 0, 0},
		"authorised":                   {order.PaymentAuthorised, order.Sums{Units: 2}, 0, total},
		"given up":                     {order.PaymentVoided, order.Sums{Units: 2}, 0, 0},
		"captured":                     {order.PaymentCaptured, order.Sums{Units: 2, Captured: total}, 0, total},
		"some of it has arrived":       {order.PaymentCaptured, order.Sums{Units: 2, Left: 1, Arrived: 1, Captured: total}, 400, 600},
		"all of it has arrived":        {order.PaymentCaptured, order.Sums{Units: 2, Arrived: 2, Captured: total}, 900, 0},
		"it is being given back":       {order.PaymentRefunding, order.Sums{Units: 2, Captured: total, Refunding: total}, 0, total},
		"some has been given back":     {order.PaymentPartlyRefunded, order.Sums{Units: 2, Captured: total, Refunded: 300}, 0, 700},
		"owed for what has arrived":    {order.PaymentRefunding, order.Sums{Units: 2, Arrived: 2, Captured: total, Refunding: 50}, 1000, 50},
		"it has been given back":       {order.PaymentRefunded, order.Sums{Units: 2, Captured: total, Refunded: total}, 0, 0},
		"owed beside what has arrived": {order.PaymentRefunding, order.Sums{Units: 2, Left: 1, Arrived: 1, Captured: total, Refunding: 700}, 400, 700},
	} {
		o := order.Order{Facets: order.Facets{Payment: c.payment}, Totals: order.Totals{Total: total}, Sums: c.sums}
		if got := o.AtRisk(c.arrived); got != c.want {
			t.Errorf("%s: %d is at risk, not %d", name, got, c.want)
		}
	}
}

func TestWhatUnitsAreWorth(t *testing.T) {
	t.Parallel()
	l := order.Line{Quantity: 3, UnitPrice: 100, Total: 300, Discount: 10, Shipping: 21, Tax: 40}
	for units, want := range map[int64]int64{0: 0, 1: 104, 2: 207, 3: 311} {
		if got := l.Worth(units, true); got != want {
			t.Errorf("%d units are worth %d, not %d", units, got, want)
		}
	}
	if got := l.Worth(3, false); got != 351 {
		t.Errorf("with tax the line is worth %d", got)
	}
}
