package order_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/order"
)

// reachable returns every way in which an order can stand, from its first event on.
func reachable() []order.Facets {
	seen := map[order.Facets]bool{order.New(): true}
	for queue := []order.Facets{order.New()}; len(queue) > 0; queue = queue[1:] {
		for _, on := range order.Moving() {
			next, err := order.Apply(queue[0], on, order.OutOfStock)
			if err == nil && !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// TestNoOrderStandsAsItMustNot goes through every way in which an order can
// stand by the table.
func TestNoOrderStandsAsItMustNot(t *testing.T) {
	t.Parallel()
	all := reachable()
	if len(all) < 20 {
		t.Fatalf("an order stands in %d ways", len(all))
	}
	for _, f := range all {
		left := f.Fulfilment == order.FulfilmentShipped || f.Fulfilment == order.FulfilmentDelivered
		for what, broken := range map[string]bool{
			"a parcel leaves with its stock, and only so":   left != (f.Stock == order.StockLeft),
			"nothing is handed over unpaid":                 left && f.Payment != order.PaymentCaptured,
			"what has left is neither failed nor cancelled": left && (f.End == order.EndFailed || f.End == order.EndCancelled),
			"stock is free only when the order is over":     f.Stock == order.StockReleased && f.End != order.EndFailed && f.End != order.EndCancelled,
			"money goes back only when the order is over": (f.Payment == order.PaymentRefunding || f.Payment == order.PaymentRefunded) &&
				f.End != order.EndFailed && f.End != order.EndCancelled,
			"only a failed order has a reason":          (f.Failure != "") != (f.End == order.EndFailed),
			"a status is one of them":                   !slices.Contains(order.Statuses, f.Status()),
			"shipped is what people call shipped":       f.End == order.EndNone && left != (f.Status() == order.Shipped || f.Status() == order.Delivered),
			"a cancelled order has no label of its own": f.End == order.EndCancelled && f.Fulfilment == order.FulfilmentLabelled,
		} {
			if broken {
				t.Errorf("%s: %+v", what, f)
			}
		}
	}
}

// TestAnImpossibleEventChangesNothing applies events at random.
func TestAnImpossibleEventChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		f := order.New()
		for _, on := range rapid.SliceOf(rapid.SampledFrom(order.Moving())).Draw(r, "events") {
			next, err := order.Apply(f, on, order.PaymentDeclined)
			if err != nil && (next != f || !fault.Is(err, fault.Conflict)) {
				r.Errorf("%s can not happen to %+v, and makes it %+v: %v", on, f, next, err)
			}
			if f.Status().Final() && next.Status() != f.Status() {
				r.Errorf("%s makes an order that was %s %s", on, f.Status(), next.Status())
			}
			f = next
		}
	})
}

func TestAnEventThatMovesNothing(t *testing.T) {
	t.Parallel()
	for _, on := range []event.Type{order.EventNoted, "made.up"} {
		if got, err := order.Apply(order.New(), on, ""); err != nil || got != order.New() {
			t.Errorf("%s makes it %+v, %v", on, got, err)
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	for _, s := range order.Statuses {
		if want := s == order.Delivered || s == order.Failed || s == order.Cancelled; s.Final() != want {
			t.Errorf("%s is final: %t", s, s.Final())
		}
	}
}
