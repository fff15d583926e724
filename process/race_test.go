package process_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// newRealShop opens a shop in real time, with nodes that share its database. It
// returns a function that waits until something is true of it.
func newRealShop(t *testing.T, engine string, nodes int) (shops []*shop, until func(func() bool)) {
	t.Helper()
	d := dbtest.Open(t, engine, db.Config{})
	g, err := gateway.Open("", gateway.Config{}, clock.Wall{})
	must(t, err)
	t.Cleanup(func() { _ = g.Close() })
	c, err := carrier.Open("", carrier.Config{}, clock.Wall{})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	stirred := make(chan struct{}, 1)
	for n := range nodes {
		q := work.NewQueue("node"+string(rune('a'+n)), 30*time.Second)
		s := &shop{t: t, db: d, gateway: &desk{Gateway: g}, carrier: &depot{Carrier: c}}
		s.Process = process.New(process.Deps{DB: d, Queue: q, IDs: id.Random(),
			Gateways: []payment.Gateway{s.gateway}, Carriers: []shipping.Carrier{s.carrier}})
		r := work.NewRunner(d, q, work.Config{Handle: s.Handle, Workers: 8, Done: func(string, time.Duration) {
			select {
			case stirred <- struct{}{}:
			default:
			}
		}})
		must(t, r.Start(t.Context()))
		t.Cleanup(r.Stop)
		shops = append(shops, s)
	}
	shops[0].stock()
	return shops, func(holds func() bool) {
		t.Helper()
		for !holds() {
			select {
			case <-stirred:
			case <-t.Context().Done():
				t.Fatal("the test ended first")
			}
		}
	}
}

// TestTheLastUnits has many buyers want the last seven at once, on two nodes.
func TestTheLastUnits(t *testing.T) {
	t.Parallel()
	const buyers, units = 200, 7
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shops, until := newRealShop(t, engine, 2)
		_, err := shops[0].ReceiveStock(t.Context(), person(""), "LAMP", "main", units-1)
		must(t, err)
		var winners, losers atomic.Int64
		var done sync.WaitGroup
		for n := range buyers {
			done.Go(func() {
				r, err := shops[n%2].Place(t.Context(), person(""), request(n, "CUP", "LAMP"))
				switch {
				case err != nil:
					t.Error(err)
				case r.Value.Order.Status == order.Failed:
					losers.Add(1)
				default:
					winners.Add(1)
				}
			})
		}
		done.Wait()
		if winners.Load() != units || losers.Load() != buyers-units {
			t.Errorf("%d won and %d lost", winners.Load(), losers.Load())
		}
		until(func() bool { return counts(t, shops[0])[order.Shipped] == units })
		shops[0].wantLevel("LAMP", 0, 0)
		shops[0].wantLevel("CUP", 100-units, 0)
		if got := counts(t, shops[0]); len(got) != 2 || got[order.Failed] != buyers-units {
			t.Errorf("the kept counts are %v", got)
		}
		totals, err := shops[0].gateway.Totals(t.Context())
		must(t, err)
		if len(totals) != 1 || totals[0].Charges != units || totals[0].Captured != units*(450+8900+395) {
			t.Errorf("the gateway's books add up to %+v", totals)
		}
	})
}

func counts(t testing.TB, s *shop) map[order.Status]int64 {
	t.Helper()
	got, err := db.View(t.Context(), s.db, order.Counts)
	must(t, err)
	return got
}
