package insight_test

import (
	"fmt"
	"testing"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/clock"
	"doorstep/event"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim"
	"doorstep/support"
)

// open opens a shop on virtual time in which so much goes wrong, of 1.
func open(t testing.TB, engine string, wrong float64) (*doorstep.Shop, *sim.Shop) {
	t.Helper()
	clk := clock.NewVirtual(monday)
	s, err := doorstep.Open(t.Context(), doorstep.Config{
		DB: dbtest.URL(t, engine), Outside: t.TempDir(), Virtual: clk, Seed: 2,
		Gateway: gateway.Config{DeclineRate: wrong, SoftShare: 0.4, LatencyMin: time.Second, LatencyMax: time.Minute},
		Carrier: carrier.Config{RefuseRate: wrong, LateRate: wrong, LatencyMin: time.Second, LatencyMax: time.Minute},
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, &sim.Shop{Process: s.Process, Runner: s.Virtual, Clock: clk, Seed: 2}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRead holds what the log says against what the rooms' rows say.
func TestRead(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shop, simulated := open(t, engine, 0.2)
		n := 60
		if testing.Short() {
			n = 30
		}
		must(t, simulated.Day(t.Context(), n, func(int, int, time.Time) {}))
		got := read(t, shop.DB)
		compare(t, count(t, shop), got)
		for _, some := range []int64{got.Failed[order.OutOfStock], got.Failed[order.PaymentDeclined], got.Failed[order.ShippingFailed],
			got.Orders.Delivered, got.Refunded["GBP"], int64(len(got.Tickets)), int64(len(got.Short))} {
			if some == 0 {
				t.Errorf("a day that shows too little: %+v", got)
			}
		}
	})
}

// TestReadOfOtherWays: an order is paid when its money is promised, or when
// there is nothing to pay; and cancelled ones count as such.
func TestReadOfOtherWays(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shop, simulated := open(t, engine, 0)
		ctx, by := t.Context(), process.Command{By: access.Operator}
		_, err := shop.Process.SetLocation(ctx, by, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
		must(t, err)
		_, err = shop.Process.DefineSKU(ctx, by, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300})
		must(t, err)
		_, err = shop.Process.ReceiveStock(ctx, by, "CUP", "main", 100)
		must(t, err)
		p := policy.Default()
		p.Capture, p.HandOver = policy.CaptureOnHandOver, policy.HandOverByPerson
		_, err = shop.Process.SetPolicy(ctx, by, 0, p)
		must(t, err)
		for i := range 6 {
			o, err := shop.Process.Place(ctx, by, request(i))
			must(t, err)
			must(t, simulated.RunUntil(ctx, simulated.Clock.Now().Add(time.Hour)))
			if i < 3 {
				_, err = shop.Process.Cancel(ctx, by, o.Value.Order.ID, "")
				must(t, err)
			}
		}
		must(t, simulated.RunUntil(ctx, simulated.Clock.Now().Add(time.Hour)))
		got := read(t, shop.DB)
		compare(t, count(t, shop), got)
		if want := (insight.Funnel{Placed: 6, Processed: 6, Paid: 6, Cancelled: 3}); got.Orders != want || got.Waits[insight.ToLabel].N != 6 {
			t.Errorf("%+v", got)
		}
	})
}

// request is an order of a cup; every second one is given away.
func request(n int) order.Request {
	q := order.Request{
		Reference: order.Reference{Source: "test", Number: fmt.Sprint(n)},
		Customer:  order.CustomerRequest{ID: "c1", Name: "Made Up", Mail: "made.up@example.com"},
		Currency:  "GBP", PricesIncludeTax: true,
		Lines:  []order.LineRequest{{SKU: "CUP", Quantity: 1}},
		ShipTo: order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", PostalCode: "SA1 1AA", Country: "GB"},
	}
	if n%2 == 1 {
		q.Discount = 450
	}
	return q
}

// TestWhatWasPaidBackIsNotUnderWay: an order of which something did not arrive is
// under way until the money for it has gone back, and then no more; also when the
// rest of it has arrived.
func TestWhatWasPaidBackIsNotUnderWay(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shop, simulated := open(t, engine, 0)
		ctx, by := t.Context(), process.Command{By: access.Operator}
		for _, at := range []string{"main", "annex"} {
			_, err := shop.Process.SetLocation(ctx, by, inventory.Location{ID: at, Name: "Made up", Country: "GB"})
			must(t, err)
		}
		for sku, at := range map[string]string{"CUP": "main", "POT": "annex"} {
			_, err := shop.Process.DefineSKU(ctx, by, inventory.SKU{Code: sku, Name: "Made up", Currency: "GBP", Price: 450, Weight: 300})
			must(t, err)
			_, err = shop.Process.ReceiveStock(ctx, by, sku, at, 10)
			must(t, err)
		}
		p := policy.Default()
		p.Carrier = shipping.Manual
		_, err := shop.Process.SetPolicy(ctx, by, 0, p)
		must(t, err)
		for i, lose := range []int{1, 2} { // of two parcels
			q := request(2 * i)
			q.Lines = append(q.Lines, order.LineRequest{SKU: "POT", Quantity: 1})
			o, err := shop.Process.Place(ctx, by, q)
			must(t, err)
			must(t, simulated.RunUntil(ctx, simulated.Clock.Now().Add(time.Hour)))
			v, err := shop.Process.Show(ctx, o.Value.Order.ID)
			must(t, err)
			var missing order.CreditRequest
			for n, s := range v.Shipments {
				_, err = shop.Process.HandOver(ctx, by, v.Order.ID, s.ID, shipping.HandOver{TrackingNumber: s.ID})
				must(t, err)
				if n >= lose {
					_, err = shop.Process.MarkDelivered(ctx, by, v.Order.ID, s.ID)
					must(t, err)
					continue
				}
				_, err = shop.Process.ReportMishap(ctx, by, v.Order.ID, s.ID, shipping.Lost)
				must(t, err)
				missing.Lines = append(missing.Lines, order.CreditLine{Line: v.Packed[s.ID][0].Line, Quantity: 1})
			}
			must(t, simulated.RunUntil(ctx, simulated.Clock.Now().Add(24*time.Hour)))
			if got := read(t, shop.DB); got.Orders.Repaid != int64(i) || got.Orders.Shipped != int64(i+1) {
				t.Errorf("with %d parcels lost: %+v", lose, got.Orders)
			}
			missing.Reason = "lost"
			_, err = shop.Process.Refund(ctx, by, v.Order.ID, missing)
			must(t, err)
			must(t, simulated.RunUntil(ctx, simulated.Clock.Now().Add(time.Hour)))
			got := read(t, shop.DB)
			if got.Orders.Repaid != int64(i+1) || got.Orders.Delivered != 0 || got.Data().Repaid != got.Orders.Repaid {
				t.Errorf("with %d parcels lost and paid back: %+v", lose, got.Orders)
			}
		}
	})
}

// TestReadOfMany goes on behind every range of orders and of tickets.
func TestReadOfMany(t *testing.T) {
	t.Parallel()
	const n = 1234
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (int, error) {
			for i := range n {
				of := fmt.Sprintf("ord_%04d", i)
				o := order.Order{ID: of, Number: int64(i + 1), Reference: order.Reference{Source: "test", Number: of}, Version: 1,
					Facets: order.New(), Status: order.Processed, Currency: "GBP", PlacedAt: monday, UpdatedAt: monday}
				if err := order.Insert(tx, o, nil, order.Contact{}); err != nil {
					return 0, err
				}
				event.Append(tx, event.Event{Subject: of, Version: 1, Entity: of, Type: order.EventProcessed, Actor: access.Operator, At: monday})
				support.Insert(tx, support.Ticket{ID: fmt.Sprintf("tkt_%04d", i), Category: support.Other, Status: support.Open, Version: 1,
					Reason: support.NoOrder, OpenedBy: "operator", OpenedAt: monday, UpdatedAt: monday})
			}
			return 0, nil
		})
		must(t, err)
		got := read(t, d)
		if got.Orders.Placed != n || got.Orders.Processed != n || got.Events != n ||
			got.Tickets[insight.TicketKind{Category: support.Other, Reason: support.NoOrder}] != n {
			t.Errorf("of %d orders and tickets it reads %+v", n, got)
		}
	})
}

func TestReadOfNothing(t *testing.T) {
	t.Parallel()
	got := read(t, dbtest.Open(t, dbtest.SQLite, db.Config{}))
	if got.Orders != (insight.Funnel{}) || got.Events != 0 || !got.From.IsZero() || len(got.Data().OverTime) > 0 {
		t.Errorf("of nothing it reads %+v", got)
	}
}

func read(t testing.TB, d *db.DB) insight.Insight {
	t.Helper()
	in, err := insight.Read(t.Context(), d)
	must(t, err)
	return in
}
