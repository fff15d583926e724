package figures_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/clock"
	"doorstep/event"
	"doorstep/insight"
	"doorstep/insight/figures"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim"
	"doorstep/verify"
)

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// open opens a shop on virtual time, in which much goes wrong.
func open(t testing.TB, engine string, seed uint64) (*doorstep.Shop, *sim.Shop) {
	t.Helper()
	clk := clock.NewVirtual(monday)
	s, err := doorstep.Open(t.Context(), doorstep.Config{
		DB: dbtest.URL(t, engine), Outside: doorstep.InMemory, Virtual: clk, Seed: seed,
		Gateway: gateway.Config{DeclineRate: 0.2, SoftShare: 0.4, LatencyMin: time.Second, LatencyMax: time.Minute},
		Carrier: carrier.Config{RefuseRate: 0.2, LateRate: 0.2, LatencyMin: time.Second, LatencyMax: time.Minute},
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, &sim.Shop{Process: s.Process, Runner: s.Virtual, Clock: clk, Seed: seed}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// count counts all that has happened.
func count(t testing.TB, s *doorstep.Shop, f *figures.Figures) {
	t.Helper()
	shown(t, s)
	must(t, f.Count(t.Context()))
}

// shown waits until the feed shows all that has happened: on PostgreSQL it shows what is
// older than every running transaction, those of other tests among them.
func shown(t testing.TB, s *doorstep.Shop) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		missing, err := db.View(t.Context(), s.DB, func(r db.Reader) (int, error) {
			shown, err := everyEvent(r)
			if err != nil {
				return 0, err
			}
			n, _, err := db.One(r, func(row db.Row) (n int, err error) { return n, row.Scan(&n) }, `SELECT COUNT(*) FROM events`)
			return n - len(shown), err
		})
		must(t, err)
		if missing == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the feed does not show %d events", missing)
		}
		time.Sleep(time.Millisecond)
	}
}

// node is one more program that counts the figures of a shop.
func node(s *doorstep.Shop, name string, page int) *figures.Figures {
	return figures.New(s.DB, s.Process, name, nil).CountedIn(page)
}

// agree holds the figures against another walk through the log: insight's, order by order.
func agree(t testing.TB, s *doorstep.Shop) figures.Today {
	t.Helper()
	wrong, err := figures.Check(t.Context(), s.DB)
	must(t, err)
	if len(wrong) > 0 {
		t.Errorf("%d figures are not what the log comes to, such as %+v", len(wrong), wrong[0])
	}
	log, err := insight.Read(t.Context(), s.DB)
	must(t, err)
	kept, err := figures.Everything(t.Context(), s.DB)
	must(t, err)
	for _, c := range []struct {
		what figures.What
		want int64
	}{
		{figures.Placed, log.Orders.Placed}, {figures.Processed, log.Orders.Processed}, {figures.Paid, log.Orders.Paid}, {figures.Shipped, log.Orders.Shipped},
		{figures.Delivered, log.Orders.Delivered}, {figures.Cancelled, log.Orders.Cancelled}, {figures.Returned, log.Orders.Returned},
	} {
		if day, cohort := kept["day "+string(c.what)], kept["cohort "+string(c.what)]; day != c.want || cohort != c.want {
			t.Errorf("%d orders are %s, and %d of the days they were placed on; by the log they are %d", day, c.what, cohort, c.want)
		}
	}
	for reason, n := range log.Failed {
		if got := kept["day failed "+string(reason)]; got != n {
			t.Errorf("%d failed for %s, and not %d", n, reason, got)
		}
	}
	for currency, n := range log.Taken {
		if got := kept["day taken "+string(currency)]; got != n {
			t.Errorf("%d %s was taken, and not %d", n, currency, got)
		}
	}
	for currency, n := range log.Refunded {
		if got := kept["day refunded "+string(currency)]; got != n {
			t.Errorf("%d %s was given back, and not %d", n, currency, got)
		}
	}
	for i, step := range []figures.Step{figures.ToPaid, figures.ToLabel, figures.ToShipped, figures.ToDelivered, figures.Whole} {
		if got := kept["steps "+string(step)]; got != log.Waits[i].N {
			t.Errorf("%d took the step %s, and by the log %d", got, step, log.Waits[i].N)
		}
	}
	today, err := s.Figures.Today(t.Context(), 60)
	must(t, err)
	return today
}

// TestAsTheLogSays has the figures counted in pages of any size, between and after what
// happens, and holds them against the log.
func TestAsTheLogSays(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for seed, page := range map[uint64]int{2: 7, 3: 2000} {
			s, simulated := open(t, engine, seed)
			f, n := node(s, "one", page), 30
			must(t, simulated.Day(t.Context(), n, func(done, _ int, _ time.Time) {
				if done%7 == 0 {
					must(t, f.Count(t.Context()))
				}
			}))
			count(t, s, f)
			agree(t, s)
			report, err := verify.Run(t.Context(), s.DB, verify.Options{})
			must(t, err)
			if !report.Clean() {
				t.Errorf("verify finds %v", report.Violations)
			}
			must(t, f.Recount(t.Context()))
			agree(t, s)
		}
	})
}

// TestNodesCountOnce has several nodes count at once.
func TestNodesCountOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s, simulated := open(t, engine, 4)
		must(t, simulated.Day(t.Context(), 20, func(int, int, time.Time) {}))
		var nodes sync.WaitGroup
		for i := range 4 {
			f := node(s, fmt.Sprint("node ", i), 5+i)
			nodes.Go(func() {
				for range 50 { // who is late finds nothing, and looks again
					if err := f.Count(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		nodes.Wait()
		count(t, s, node(s, "the last", 100))
		agree(t, s)
	})
}

// TestACorruptionIsNamed spoils each table.
func TestACorruptionIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s, simulated := open(t, engine, 5)
		must(t, simulated.Day(t.Context(), 10, func(int, int, time.Time) {}))
		count(t, s, s.Figures)
		for _, c := range []struct{ sql, names string }{
			{`UPDATE figures SET n = n + 1 WHERE span = 'day' AND what = 'placed'`, "day 2026-03-02T00:00:00Z placed"},
			{`DELETE FROM figures WHERE span = 'cohort' AND what = 'paid'`, "cohort 2026-03-02T00:00:00Z paid"},
			{`UPDATE figures_steps SET buckets = '1:1' WHERE step = 'placed_to_paid'`, "step 2026-03-02 placed_to_paid 1"},
			{`INSERT INTO figures_sold (day, sku, units) SELECT MAX(day) , 'MADE-UP', 3 FROM figures_sold`, "sold 2026-03-02 MADE-UP"},
			{`UPDATE figures_answers SET last_at = last_at - 1 WHERE kind = 'carrier' AND outcome = 'done'`, "last answer carrier/simulated/done"},
		} {
			_, err := db.Update(t.Context(), s.DB, nil, func(tx *db.Tx) (struct{}, error) {
				tx.WriteAny(c.sql)
				return struct{}{}, nil
			})
			must(t, err)
			report, err := verify.Run(t.Context(), s.DB, verify.Options{})
			must(t, err)
			if !slices.ContainsFunc(report.Violations, func(v verify.Violation) bool { return v.Kind == verify.Figures && v.Subject == c.names }) {
				t.Errorf("after %s, verify finds %v", c.sql, report.Violations)
			}
			must(t, s.Figures.Recount(t.Context()))
			if agree(t, s); t.Failed() {
				return
			}
		}
	})
}

// TestDaysAreThoseOfUTC places an order a second before midnight in UTC, and one after it.
func TestDaysAreThoseOfUTC(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		ctx, by := t.Context(), process.Command{By: access.Operator}
		zone := time.FixedZone("far east of Greenwich", 9*60*60)
		clk := clock.NewVirtual(time.Date(2026, 3, 3, 8, 59, 59, 0, zone)) // in Greenwich it is still Monday
		s, err := doorstep.Open(ctx, doorstep.Config{DB: dbtest.URL(t, engine), Outside: doorstep.InMemory, Virtual: clk, Seed: 1})
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		_, err = s.Process.SetLocation(ctx, by, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
		must(t, err)
		_, err = s.Process.DefineSKU(ctx, by, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450})
		must(t, err)
		_, err = s.Process.ReceiveStock(ctx, by, "CUP", "main", 100)
		must(t, err)
		for range 2 {
			_, err := s.Process.Place(ctx, by, order.Request{
				Currency: "GBP", Lines: []order.LineRequest{{SKU: "CUP", Quantity: 5}},
				ShipTo: order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
			})
			must(t, err)
			must(t, s.Virtual.RunUntil(ctx, clk.Now().Add(2*time.Second)))
		}
		shown(t, s)
		for _, counted := range []bool{false, true} {
			if counted {
				count(t, s, s.Figures)
			}
			now, err := s.Figures.Today(ctx, 5)
			must(t, err)
			if now.Today.Orders.Placed != 1 || now.Week.Orders.Placed != 2 || now.Week.Funnel.Paid != 2 || !now.Until.Equal(now.At) {
				t.Errorf("counted %t: today %+v, of the week %+v", counted, now.Today, now.Week)
			}
			if got := []int64{now.Minutes[3].Placed, now.Minutes[4].Placed, now.Hours[22].Placed, now.Hours[23].Placed}; !slices.Equal(got, []int64{1, 1, 1, 1}) || len(now.Minutes) != 5 || len(now.Hours) != 24 {
				t.Errorf("counted %t: by minute %v, by hour %v", counted, now.Minutes, now.Hours)
			}
			out, err := s.Figures.RunsOutSoon(ctx, 7, 7, 10)
			must(t, err)
			// 10 were sold within the least that is looked at, an hour: 90 last for 9 hours.
			if len(out.Items) != 1 || out.Items[0].SKU != "CUP" || out.Items[0].Name != "Cup" || out.Items[0].Available != 90 || out.Items[0].Sold != 10 || out.Items[0].Cover != 9 {
				t.Errorf("counted %t: what runs out is %+v", counted, out)
			}
		}
		agree(t, s)
	})
}

// TestWhatIsOldIsDropped lets time pass until no minutes, and no sales, are kept.
func TestWhatIsOldIsDropped(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s, simulated := open(t, engine, 6)
		must(t, simulated.Day(t.Context(), 5, func(int, int, time.Time) {}))
		count(t, s, s.Figures)
		before, err := figures.Everything(t.Context(), s.DB)
		must(t, err)
		must(t, simulated.RunUntil(t.Context(), simulated.Clock.Now().Add(100*24*time.Hour)))
		_, err = s.Process.SetLocation(t.Context(), process.Command{By: access.Operator}, inventory.Location{ID: "more", Name: "More", Country: "GB"})
		must(t, err)
		_, err = s.Process.DefineSKU(t.Context(), process.Command{By: access.Operator}, inventory.SKU{Code: "MORE", Name: "More", Currency: "GBP"})
		must(t, err) // an event, so that there is something to count
		count(t, s, s.Figures)
		after, err := figures.Everything(t.Context(), s.DB)
		must(t, err)
		if before["minute placed"] == 0 && before["hour placed"] == 0 || before["sold"] == 0 || before["steps placed_to_paid"] == 0 {
			t.Errorf("before: %v", before)
		}
		for name, n := range after {
			span, _, _ := strings.Cut(name, " ")
			if forGood := span == "day" || span == "cohort" || span == "answers"; !forGood && n != 0 {
				t.Errorf("after 100 days there is still %s: %d", name, n)
			}
		}
		if after["day placed"] != before["day placed"] || after["cohort placed"] != 5 {
			t.Errorf("the days are %v, and were %v", after, before)
		}
		if wrong, err := figures.Check(t.Context(), s.DB); err != nil || len(wrong) > 0 {
			t.Errorf("the log says otherwise: %v %v", wrong, err)
		}
	})
}

// TestAnAskedProviderIsKnown looks at what gateways and carriers have answered.
func TestAnAskedProviderIsKnown(t *testing.T) {
	t.Parallel()
	s, simulated := open(t, dbtest.SQLite, 2)
	must(t, simulated.Day(t.Context(), 30, func(int, int, time.Time) {}))
	count(t, s, s.Figures)
	kept, err := figures.Everything(t.Context(), s.DB)
	must(t, err)
	events, err := db.View(t.Context(), s.DB, everyEvent)
	must(t, err)
	want := map[string]int64{}
	for _, e := range events {
		switch e.Type {
		case "payment.succeeded", "refund.succeeded":
			want["gateway done"]++
		case "payment.declined", "payment.failed", "refund.declined":
			want["gateway refused"]++
		case "payment.unknown", "refund.unknown":
			want["gateway unknown"]++
		case "shipment.label_bought":
			want["carrier done"]++
		case "shipment.label_refused", "shipment.failed":
			want["carrier refused"]++
		}
	}
	for what, n := range want {
		kind, outcome, _ := strings.Cut(what, " ")
		if got := kept["answers "+kind+"/simulated/"+outcome]; got != n || n == 0 {
			t.Errorf("%s: %d, and by the events %d", what, got, n)
		}
	}
	now, err := s.Figures.Today(t.Context(), 1)
	must(t, err)
	if len(now.Answers) != 2 || now.Answers[0].Kind != process.KindGateway || now.Answers[0].Last.Done.IsZero() || now.Answers[1].Reach == "" {
		t.Errorf("the providers are %+v", now.Answers)
	}
}

func everyEvent(r db.Reader) ([]event.Event, error) {
	all, _, err := event.After(r, "", 100_000)
	return all, err
}
