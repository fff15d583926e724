package process_test

import (
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"

	"github.com/google/go-cmp/cmp"
)

// bought has a made-up customer buy so many cups, at a price of their own.
func (s *shop) bought(n int, cups, price int64) order.Order {
	s.t.Helper()
	q := request(n, "CUP")
	q.Lines[0].Quantity, q.Lines[0].UnitPrice, q.Customer.ID = cups, &price, "7"
	placed, err := s.Place(s.t.Context(), person(""), q)
	must(s.t, err)
	return placed.Value.Order
}

func TestFindSales(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		arrived := s.bought(1, 3, 500)
		must(t, s.run.RunUntil(t.Context(), opening.Add(20*24*time.Hour)))
		other, here := s.bought(2, 2, 400), s.bought(3, 2, 500)
		q := process.SalesRequest{Source: "test", Customer: "7", Currency: "GBP", Until: s.clock.Now(), Reason: "unwanted", Units: []process.SoldUnits{
			{SKU: "CUP", Quantity: 4, UnitPrice: 500}, {SKU: "CUP", Quantity: 4, UnitPrice: 500}, {SKU: "CUP", Quantity: 2, UnitPrice: 500}, {SKU: "POT", Quantity: 1, UnitPrice: 1999},
		}}
		want := process.Sales{
			Units: []process.FoundUnits{{Enough: true, Bought: true, Left: 4}, {Bought: true, Left: 3}, {Enough: true, Bought: true, Left: 2}, {}},
			Orders: []process.Undo{
				{Order: here.ID, Way: process.UndoCancel, Lines: []process.UndoLine{{Line: 1, Quantity: 2}}},
				{Order: arrived.ID, Way: process.UndoReturn, Lines: []process.UndoLine{{Line: 1, Quantity: 3}}},
				{Order: other.ID, Way: process.UndoEdit, Lines: []process.UndoLine{{Line: 1, Quantity: 1, Rest: 1}}},
			},
		}
		first, err := s.FindSales(t.Context(), person("sales"), q)
		must(t, err)
		if diff := cmp.Diff(want, first.Value); diff != "" || first.Replayed {
			t.Errorf("found (-want +got):\n%s", diff)
		}
		_, err = s.Cancel(t.Context(), person(""), here.ID, "")
		must(t, err)
		again, err := s.FindSales(t.Context(), person("sales"), q)
		must(t, err)
		if diff := cmp.Diff(first.Value, again.Value); diff != "" || !again.Replayed {
			t.Errorf("the answer under the same key has changed:\n%s", diff)
		}
		q.Except = map[string]map[int64]int64{arrived.ID: {1: 3}}
		if left, err := s.FindSales(t.Context(), person(""), q); err != nil || left.Value.Units[2] != (process.FoundUnits{Enough: true, Bought: true, Left: 2}) || left.Value.Units[0].Enough {
			t.Errorf("but for what is expected back: %+v, %v", left.Value, err)
		}
		q.Until = opening.Add(-time.Second)
		if none, err := s.FindSales(t.Context(), person(""), q); err != nil || len(none.Value.Orders) > 0 {
			t.Errorf("before anything was sold: %+v, %v", none.Value, err)
		}
		for _, known := range []bool{true, false} {
			key := map[bool]string{true: "sales", false: "none"}[known]
			if is, err := s.Known(t.Context(), key); err != nil || is != known {
				t.Errorf("the key %s is known: %t, %v", key, is, err)
			}
		}
		if _, err := s.FindSales(t.Context(), person(""), process.SalesRequest{Reason: "unwanted"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("nothing is asked for: %v", err)
		}
	})
}
