package process_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
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

// TestWhatIsHeldAgainIsNotAsked has a person release an order that a ticket holds too,
// on a node that would go on with it at once.
func TestWhatIsHeldAgainIsNotAsked(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shops, until := newRealShop(t, engine, 1)
		s := shops[0]
		s.change(holding(over(100)))
		o := s.place(cup())
		ticket := s.raiseToHold(o)
		r, err := s.Release(t.Context(), person(""), o.ID)
		must(t, err)
		if items := s.items(o); r.Value.Held != process.HeldByTicket || items[0].Step != string(process.StepAuthorise) || items[0].State != work.Held {
			t.Errorf("it is held for %q, and waits for %+v", r.Value.Held, items)
		}
		s.solve(ticket.ID)
		until(func() bool { return counts(t, s)[order.Shipped] == 1 })
	})
}

// TestOneNumberAtTheSameInstant has parcels that share no goods, and so no lock
// of theirs, handed over under one tracking number all at once.
func TestOneNumberAtTheSameInstant(t *testing.T) {
	const parcels, rounds = 8, 5
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		var skus []string
		for n := range parcels {
			skus = append(skus, fmt.Sprintf("MADE-UP-%d", n))
			_, err := s.DefineSKU(t.Context(), person(""), inventory.SKU{Code: skus[n], Name: "Made up", Currency: "GBP", Price: 100})
			must(t, err)
			_, err = s.ReceiveStock(t.Context(), person(""), skus[n], "main", rounds)
			must(t, err)
		}
		for round := range rounds {
			var orders []order.Order
			for n := range parcels {
				orders = append(orders, s.place(request(round*parcels+n, skus[n])))
			}
			s.after(time.Minute)
			if left := s.handOverAtOnce(orders, fmt.Sprintf("SLIP-%d", round)); left != 1 {
				t.Errorf("round %d: %d parcels left under one tracking number", round, left)
			}
		}
	})
}

// handOverAtOnce hands the orders' parcels over under one number, and returns
// how many left; each of the others is refused as a conflict.
func (s *shop) handOverAtOnce(orders []order.Order, number string) int64 {
	s.t.Helper()
	var left atomic.Int64
	var done sync.WaitGroup
	for _, o := range orders {
		parcel := s.parcel(o).ID
		done.Go(func() {
			_, err := s.HandOver(s.t.Context(), person(""), o.ID, parcel, shipping.HandOver{TrackingNumber: number})
			switch {
			case err == nil:
				left.Add(1)
			case !fault.Is(err, fault.Conflict):
				s.t.Error(err)
			}
		})
	}
	done.Wait()
	return left.Load()
}

// TestGoodsThatAreWaitedFor has many orders wait on two nodes while goods come in and
// some of the orders are cancelled: none waits in the end, and none has too much.
func TestGoodsThatAreWaitedFor(t *testing.T) {
	t.Parallel()
	const orders, cancelled = 40, 8
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shops, until := newRealShop(t, engine, 2)
		shops[0].mayWait()
		var placed [orders]order.Order
		var done sync.WaitGroup
		for n := range orders {
			done.Go(func() { placed[n] = shops[n%2].place(lamps(n, 2)) })
			done.Go(func() { shops[n%2].receive("LAMP", "main", 1) })
		}
		done.Wait()
		for n := range cancelled {
			done.Go(func() {
				_, err := shops[n%2].Cancel(t.Context(), person(""), placed[n].ID, "made up")
				if err != nil && !fault.Is(err, fault.TooLate) && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
			done.Go(func() { shops[(n+1)%2].receive("LAMP", "main", orders/cancelled) })
		}
		done.Wait()
		until(func() bool {
			c := counts(t, shops[0])
			return c[order.Shipped]+c[order.Cancelled] == orders
		})
		shops[0].wantWaiting()
		left := counts(t, shops[0])[order.Cancelled] * 2
		shops[0].wantLevel("LAMP", 1+left, 0)
	})
}

// TestAUseCaseThatMeetsAChange has orders ended at the moment at which they are given
// other goods, by whatever ends them: neither the one nor the other asks a person to try
// again.
func TestAUseCaseThatMeetsAChange(t *testing.T) {
	t.Parallel()
	const orders = 60
	for name, way := range map[string]struct {
		made func(s *shop, n int) order.Order
		end  func(*shop, order.Order) error
	}{
		"a cancellation": {(*shop).unpaid, func(s *shop, o order.Order) error {
			_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
			return err
		}},
		"a ticket": {(*shop).unpaid, func(s *shop, o order.Order) error {
			_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.CancelRequest, Body: "made up"}})
			return err
		}},
		"attention": {(*shop).unpaidAndHeld, func(s *shop, o order.Order) error {
			_, err := s.Attend(s.t.Context(), person(""), process.WayCompensate, o.ID)
			return err
		}},
		"a return that is not to come": {(*shop).exchanged, func(s *shop, o order.Order) error {
			_, err := s.CancelReturn(s.t.Context(), person(""), o.ExchangeOf, s.waitedFor(order.Order{ID: o.ExchangeOf}).ID)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shops, _ := newRealShop(t, dbtest.Postgres, 2)
			shops[0].change(manualCarrier)
			shops[0].receive("LAMP", "main", orders)
			for n := range orders {
				o := way.made(shops[0], n)
				var done sync.WaitGroup
				done.Go(func() {
					if _, err := shops[0].Edit(t.Context(), person(""), o.ID, forNothing("LAMP")); err != nil && !strings.Contains(err.Error(), "cancelled") {
						t.Error(err)
					}
				})
				done.Go(func() {
					if err := way.end(shops[1], o); err != nil {
						t.Error(err)
					}
				})
				done.Wait()
			}
			shops[0].wantLevel("LAMP", 1+orders, 0)
		})
	}
}

// forNothing adds a unit of an SKU that costs nothing.
func forNothing(sku string) order.Edit {
	q, nothing := beside(sku, 1), int64(0)
	q.Add[0].UnitPrice = &nothing
	return q
}

// unpaid is an order that is paid elsewhere, and was not yet.
func (s *shop) unpaid(n int) order.Order {
	q := cup()
	q.Reference.Number, q.Payment.Gateway = fmt.Sprint(n), payment.Manual
	return s.place(q)
}

func (s *shop) unpaidAndHeld(n int) order.Order {
	o := s.unpaid(n)
	_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
	must(s.t, err)
	return o
}

// exchanged is an order in exchange for another one that has arrived.
func (s *shop) exchanged(n int) order.Order {
	o := s.unpaid(n)
	s.record(o)
	p := s.parcel(o)
	_, err := s.HandOver(s.t.Context(), person(""), o.ID, p.ID, shipping.HandOver{TrackingNumber: fmt.Sprint("MADE-UP-", n)})
	must(s.t, err)
	_, err = s.MarkDelivered(s.t.Context(), person(""), o.ID, p.ID)
	must(s.t, err)
	return s.exchange(o, 1, "CUP", 1)
}
