package process_test

import (
	"testing"
	"time"

	"doorstep/internal/db/dbtest"
	"doorstep/order"
)

func TestAnOrderGoesAllTheWayToTheDoor(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		o := s.place(request(1, "CUP", "POT"))
		if o.Status != order.Processed {
			t.Fatalf("status %s after placing", o.Status)
		}
		s.after(time.Minute)
		if v := s.show(o.ID); v.Order.Status != order.Shipped {
			t.Fatalf("status %s after a minute: %+v", v.Order.Status, v.Next)
		}
		s.after(14 * 24 * time.Hour)
		v := s.show(o.ID)
		for _, e := range v.Timeline {
			t.Logf("%s %d %s %s→%s %s %s %s", e.At.Format(time.RFC3339), e.Version, e.Type, e.From, e.To, e.Status, e.Actor, e.Data)
		}
		if v.Order.Status != order.Delivered || len(v.Next) != 0 {
			t.Fatalf("status %s, next %+v", v.Order.Status, v.Next)
		}
	})
}
