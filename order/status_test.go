package order_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/order/ordertest"
)

// TestNoOrderStandsAsItMustNot goes through every way in which a small order can
// stand.
func TestNoOrderStandsAsItMustNot(t *testing.T) {
	t.Parallel()
	seen := map[ordertest.Standing]bool{}
	ordertest.Ways(func(_ ordertest.Standing, _ event.Type, f ordertest.Standing) { seen[f] = true })
	if len(seen) < 100 {
		t.Fatalf("an order stands in %d ways", len(seen))
	}
	for f := range seen {
		over := f.End.Over()
		for what, broken := range map[string]bool{
			"what has left is known as left":                   (f.Gone() > 0) != (f.Stock == order.StockLeft || f.Stock == order.StockPartlyLeft),
			"all has left, or some is still here":              f.Gone() == f.Units && f.Units > 0 && f.Stock != order.StockLeft,
			"nothing is handed over unpaid":                    f.Gone() > 0 && !f.Payment.Taken(),
			"what has left is neither failed nor cancelled":    f.Sent() > 0 && over,
			"stock is free only when the order is over":        f.Stock == order.StockReleased && !over,
			"what goes back was taken":                         f.Refunding+f.Refunded > 0 && !f.Payment.Taken(),
			"only a failed order has a reason":                 (f.Failure != "") != (f.End == order.EndFailed),
			"a status is one of them":                          !slices.Contains(order.Statuses, f.Status()),
			"shipped is when as much as was ordered has left":  (f.Units > 0 && f.Sent() >= f.Units) != (f.Status() == order.Shipped || f.Status() == order.Delivered || f.Status() == order.Returned),
			"lost is what did not arrive and is not sent anew": (f.Lost > 0) != (f.Fulfilment == order.FulfilmentLost || f.Fulfilment == order.FulfilmentPartlyLost),
			"delivered is when everything has arrived":         (f.Status() == order.Delivered || f.Status() == order.Returned) != (f.Units > 0 && f.Arrived == f.Units),
			"returned is when everything came back":            (f.Status() == order.Returned) != (f.Units > 0 && f.Returned == f.Units),
			"only what has arrived comes back":                 f.Returned > f.Arrived,
			"a cancelled order has no label of its own":        f.End == order.EndCancelled && f.Labelled > 0,
			"what is over is not held":                         !f.End.GoesOn() && f.Held != "",
		} {
			if broken {
				t.Errorf("%s: %+v", what, f)
			}
		}
	}
}

// TestAStatusNeverGoesBack goes through every way in which a small order can go.
func TestAStatusNeverGoesBack(t *testing.T) {
	t.Parallel()
	ordertest.Ways(func(before ordertest.Standing, on event.Type, after ordertest.Standing) {
		if slices.Index(order.Statuses, after.Status()) < slices.Index(order.Statuses, before.Status()) {
			t.Errorf("%s makes of an order that was %s one that is %s: %+v", on, before.Status(), after.Status(), after)
		}
	})
}

// TestAnImpossibleEventChangesNothing applies events at random.
func TestAnImpossibleEventChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		f, s := order.New(), order.Sums{}
		for range rapid.IntRange(0, 30).Draw(r, "events") {
			n := rapid.Int64Range(0, 3).Draw(r, "n")
			e := event.Event{
				Type: rapid.SampledFrom(order.Moving()).Draw(r, "event"),
				From: rapid.SampledFrom([]string{"planned", "label_bought", "shipped", "lost", "pending", "succeeded"}).Draw(r, "from"),
				Data: event.Data(map[string]any{"units": n, "amount": n, "reason": "made_up"}),
			}
			next, sums, err := order.Apply(f, s, e)
			if err != nil && (next != f || sums != s || !fault.Is(err, fault.Conflict)) {
				r.Errorf("%s can not happen to %+v %+v, and makes it %+v %+v: %v", e.Type, f, s, next, sums, err)
			}
			if !sums.Hold() {
				r.Errorf("%s makes the sums %+v", e.Type, sums)
			}
			if f.Status().Final() && f.Status() != order.Delivered && next.Status() != f.Status() {
				r.Errorf("%s makes an order that was %s %s", e.Type, f.Status(), next.Status())
			}
			f, s = next, sums
		}
	})
}

func TestAnEventThatMovesNothing(t *testing.T) {
	t.Parallel()
	for _, on := range []event.Type{order.EventNoted, "made.up"} {
		if f, s, err := order.Apply(order.New(), order.Sums{}, event.Event{Type: on}); err != nil || f != order.New() || s != (order.Sums{}) {
			t.Errorf("%s makes it %+v, %+v, %v", on, f, s, err)
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	for _, s := range order.Statuses {
		if want := s == order.Delivered || s == order.Returned || s == order.Failed || s == order.Cancelled; s.Final() != want {
			t.Errorf("%s is final: %t", s, s.Final())
		}
	}
}
