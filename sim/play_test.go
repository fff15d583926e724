package sim_test

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"doorstep/cli/stage"
	"doorstep/event"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/sim"
	"doorstep/sim/scenario"
	"doorstep/support"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
)

// played is a new shop that has gone through a scenario.
func played(t testing.TB, engine string, seed uint64, sc scenario.Scenario) (*shop, sim.Log) {
	t.Helper()
	must(t, sc.Validate())
	s := openShop(t, engine, seed, time.Time(sc.Start), stage.Config(sc))
	log, err := s.Play(t.Context(), sc, func(int, int, time.Time) {})
	must(t, err)
	return s, log
}

// result is what came of it, when nothing of it is wrong.
func (s *shop) result(sc scenario.Scenario, log sim.Log) sim.Result {
	s.t.Helper()
	in, err := insight.Read(s.t.Context(), s.db)
	must(s.t, err)
	checked, err := verify.Run(s.t.Context(), s.db, verify.Options{})
	must(s.t, err)
	if !checked.Clean() {
		s.t.Errorf("%s: %v", sc.Name, checked.Violations)
	}
	s.nothingIsLost(in.Orders.Placed)
	return sim.NewResult(sc, s.Seed, log, in, sim.Verdict{Orders: checked.Orders, Events: checked.Events, Violations: checked.Count})
}

// nothingIsLost: every order that was placed has come to its end, or what is
// lost of it was paid back, or someone was told of it.
func (s *shop) nothingIsLost(placed int64) {
	s.t.Helper()
	all := read(s.t, s.db, func(r db.Reader) ([]order.Order, error) { return order.Page(r, "", 1_000_000) })
	if int64(len(all)) != placed || placed == 0 {
		s.t.Errorf("%d orders, and %d were placed", len(all), placed)
	}
	for _, o := range all {
		paidBack := o.Fulfilment == order.FulfilmentLost && o.Sums.Refunded > 0
		if !o.Status.Final() && !paidBack && o.OpenTickets == 0 {
			s.t.Errorf("order %d is %s, of which no one knows: %+v", o.Number, o.Status, o)
		}
	}
}

// shown is what each scenario that comes with the program is about, seen in a part
// of it.
var shown = map[string]struct {
	scale float64
	shows func(sim.Result) bool
}{
	"quiet-shop": {0.2, func(r sim.Result) bool {
		paid, left := r.Steps[0], r.Steps[2]
		return r.Orders.Delivered*10 >= r.Orders.Placed*8 && r.People.StuckMost == 0 && paid.P50 < time.Minute && paid.P99 > 12*time.Hour && left.P50 > 2*time.Hour
	}},
	"black-friday": {0.1, func(r sim.Result) bool {
		busiest := slices.MaxFunc(r.Hours, func(a, b sim.Hour) int { return int(a.Placed - b.Placed) })
		return busiest.Placed >= 6 && busiest.At.Weekday() == time.Friday
	}},
	"flash-sale": {0.15, func(r sim.Result) bool {
		lamp := stockOf(r, "LAMP")
		return failed(r, order.OutOfStock) >= 15 && lamp.OrdersLost == failed(r, order.OutOfStock) && lamp.HoursOut > 0
	}},
	"gateway-outage": {0.25, func(r sim.Result) bool {
		paid := r.Steps[0]
		return paid.P50 < time.Minute && paid.P99 > time.Hour && paid.P99 < 4*time.Hour && r.People.StuckMost == 0
	}},
	"carrier-strike": {0.15, func(r sim.Result) bool {
		return r.Steps[2].P90 > 4*24*time.Hour && r.People.OverdueMost > 2 && r.Orders.Delivered*10 >= r.Orders.Placed*8 &&
			len(r.Carriers) == 2 && r.Carriers[0].Labels > 5 && r.Carriers[0].Name == scenario.Second
	}},
	"scarce-stock": {0.2, func(r sim.Result) bool {
		out, waited := 0, r.Steps[1].P99 > 12*time.Hour // for what may be waited for
		for _, s := range r.Stock {
			out += s.HoursOut
		}
		return failed(r, order.OutOfStock) > 5 && out > 48 && waited
	}},
	"support-wave": {0.2, func(r sim.Result) bool {
		return r.Tickets.Opened >= 40 && r.People.OpenMost >= 10 && r.People.Oldest > time.Hour && r.Tickets.Unsolved < 5
	}},
}

func failed(r sim.Result, why order.Failure) (n int64) {
	for _, f := range r.Failed {
		if f.Reason == why {
			n += f.Orders
		}
	}
	return n
}

func stockOf(r sim.Result, sku string) sim.Stock {
	return r.Stock[slices.IndexFunc(r.Stock, func(s sim.Stock) bool { return s.SKU == sku })]
}

// TestShippedScenariosShowWhatTheyAreAbout, with no order lost and everything that
// is stored true.
func TestShippedScenariosShowWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(scenario.Names(), slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Fatal(diff)
	}
	for name, part := range shown {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, err := scenario.Find(name)
			must(t, err)
			sc = sc.Scaled(part.scale)
			s, log := played(t, dbtest.SQLite, 1, sc)
			if r := s.result(sc, log); !part.shows(r) {
				t.Errorf("it does not show what it is about: %+v %+v %+v %+v %+v", r.Orders, r.Failed, r.Steps, r.People, r.Stock)
			}
		})
	}
}

// TestAFlashSaleSellsNothingTwice: exactly what there is of the one SKU.
func TestAFlashSaleSellsNothingTwice(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		sc, err := scenario.Find("flash-sale")
		must(t, err)
		sc = sc.Scaled(0.1)
		sc.Gateway.DeclineRate, sc.Wishes, sc.Days, sc.FollowDays = 0, nil, 2, 3
		s, log := played(t, engine, 3, sc)
		r := s.result(sc, log)
		units, _, _ := sc.StockOf(sc.Goods[0])
		levels, err := s.Levels(t.Context(), "LAMP", "LAMP")
		must(t, err)
		moved := read(t, s.db, func(r db.Reader) ([]inventory.Movement, error) { return inventory.Moved(r, "LAMP", "LAMP") })
		var left int64
		for _, m := range moved {
			if m.Type == inventory.Ship {
				left += m.Quantity
			}
		}
		if left+levels[0].OnHand != units || levels[0].OnHand > 1 || r.Orders.Delivered == 0 {
			t.Errorf("of %d, %d have left and %d are there: %+v", units, left, levels[0].OnHand, moved)
		}
	})
}

// small is a shop in which much happens in a few days.
func small() scenario.Scenario {
	sc := scenario.Default()
	sc.Days, sc.FollowDays = 3, 12
	sc.Orders.PerDay = 12
	sc.Orders.Peaks = []scenario.Peak{{Span: scenario.Span{From: 0, To: scenario.Moment(24 * time.Hour)}, Orders: 6, SKU: "VASE"}}
	sc.Stock = scenario.Stock{Units: 8, ReorderAt: 4, Reorder: 6, LeadTime: sc.Returns.After}
	sc.Goods[0].Backorders = true
	sc.Gateway.DeclineRate, sc.Gateway.TimeoutAfterRate = 0.2, 0.05
	sc.Gateway.Outages = []scenario.Outage{{Span: scenario.Span{From: scenario.Moment(30 * time.Hour), To: scenario.Moment(33 * time.Hour)}, Silent: true}}
	sc.Carrier.RefuseRate, sc.Carrier.LostRate, sc.Carrier.DamagedRate, sc.Carrier.RefusedRate = 0.1, 0.1, 0.1, 0.1
	sc.Policy.Silence, sc.Policy.LostAfter = sc.Returns.After, 3*sc.Returns.After
	for i := range sc.Wishes {
		sc.Wishes[i].Share *= 4
	}
	sc.Wishes = append(sc.Wishes, scenario.Wish{Category: support.AddressChange, Share: 0.1, Since: scenario.SincePlaced, After: sc.Gateway.LatencyMost, Within: sc.Thoughts.Within})
	sc.Elsewhere.Share, sc.Elsewhere.Within = 0.4, sc.Returns.After/2
	sc.Thoughts.Address, sc.Thoughts.Cancel, sc.Thoughts.Within = 0.15, 0.15, sc.Returns.After/2
	sc.Policy.HandOver, sc.Policy.NextCarriers = policy.HandOverByPerson, []string{scenario.Second}
	sc.Carrier.Strikes = []scenario.Strike{{Span: scenario.Span{From: scenario.Moment(33 * time.Hour), To: scenario.Moment(48 * time.Hour)}, Refuses: true}}
	sc.Waves = []scenario.Wave{{Span: scenario.Span{From: scenario.Moment(50 * time.Hour), To: scenario.Moment(51 * time.Hour)}, Category: support.Other, Tickets: 8}}
	return sc
}

// TestPeopleSeeToWhatDoesNotGoOn on both engines: whatever goes wrong, the tickets
// are worked off, by the people whose shift it is.
func TestPeopleSeeToWhatDoesNotGoOn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		sc := small()
		s, log := played(t, engine, 2, sc)
		r := s.result(sc, log)
		if r.Orders.Placed != 42 || r.Tickets.Opened < 20 || r.Tickets.Unsolved*10 > r.Tickets.Opened || len(r.Hours) != 24*15 || r.Orders.Returned == 0 {
			t.Errorf("%+v %+v", r.Orders, r.Tickets)
		}
		taken := 0
		for _, e := range read(t, s.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") }) {
			if e.Type != support.EventAssigned {
				continue
			}
			taken++
			if day := e.At.Weekday(); day == time.Saturday || day == time.Sunday || e.At.Hour() < 9 || e.At.Hour() >= 17 || e.Actor != "agent:1" {
				t.Errorf("%s has taken a ticket on a %s at %s", e.Actor, day, e.At)
			}
		}
		if taken < 20 {
			t.Errorf("people have taken %d tickets", taken)
		}
		s.isAShop(r)
	})
}

// isAShop holds what has happened against what people and a second carrier do in a
// shop, and when.
func (s *shop) isAShop(r sim.Result) {
	s.t.Helper()
	seen := map[event.Type]map[string]int{}
	for _, e := range read(s.t, s.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") }) {
		if seen[e.Type] == nil {
			seen[e.Type] = map[string]int{}
		}
		seen[e.Type][string(e.Actor)]++
		atWork := e.At.Hour() >= 9 && e.At.Hour() < 17 && e.At.Weekday() != time.Saturday && e.At.Weekday() != time.Sunday
		switch {
		case e.Type == shipping.EventShipped && (e.Actor != "agent:1" || e.At.Format("15:04") != "16:30" || !atWork):
			s.t.Errorf("a parcel leaves on a %s at %s, by %s", e.At.Weekday(), e.At, e.Actor)
		case e.Type == payment.EventSucceeded && e.Actor == "operator" && !atWork:
			s.t.Errorf("a payment is recorded on a %s at %s", e.At.Weekday(), e.At)
		}
	}
	for _, want := range []struct {
		of event.Type
		by string
	}{
		{payment.EventSucceeded, "operator"}, {payment.EventRefundSucceeded, "agent:1"}, {order.EventChangeRequested, "customer"},
		{order.EventCancelRequested, "customer"}, {shipping.EventShipped, "agent:1"}, {shipping.EventRerouted, "provider:simulated"},
	} {
		if seen[want.of][want.by] == 0 {
			s.t.Errorf("nothing is %s by %s: %v", want.of, want.by, seen[want.of])
		}
	}
	if len(r.Carriers) != 2 || r.Carriers[0].Name != scenario.Second || r.Carriers[0].Labels == 0 ||
		r.Carriers[0].Cost[0].Amount*r.Carriers[1].Labels <= r.Carriers[1].Cost[0].Amount*r.Carriers[0].Labels {
		s.t.Errorf("the second carrier is not asked, or not dearer: %+v", r.Carriers)
	}
}

// TestTheSameSeedPlaysTheSame, to the byte, on one processor or several, and on
// either engine. Another seed plays something else.
//
// It changes what the whole program runs on, so nothing runs beside it.
func TestTheSameSeedPlaysTheSame(t *testing.T) {
	sc := small()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, log := played(t, dbtest.SQLite, 5, sc)
	feed, history := one.feed(), one.history()
	runtime.GOMAXPROCS(4)
	again, logAgain := played(t, dbtest.SQLite, 5, sc)
	if diff := cmp.Diff(feed, again.feed()); diff != "" {
		t.Fatalf("the same seed (-one processor, +four):\n%s", diff)
	}
	if diff := cmp.Diff(one.result(sc, log), again.result(sc, logAgain), cmp.Comparer(func(a, b scenario.Date) bool { return a == b })); diff != "" {
		t.Errorf("the same history, and another result:\n%s", diff)
	}
	other, _ := played(t, dbtest.Postgres, 5, sc)
	if diff := cmp.Diff(history, other.history()); diff != "" {
		t.Errorf("the same seed (-sqlite, +postgres):\n%s", diff)
	}
	another, _ := played(t, dbtest.SQLite, 6, sc)
	if feed == another.feed() {
		t.Error("another seed plays the same")
	}
}

// TestAPlayThatIsCutShort ends with the context, and what was placed is true.
func TestAPlayThatIsCutShort(t *testing.T) {
	t.Parallel()
	sc := small()
	s := openShop(t, dbtest.SQLite, 3, time.Time(sc.Start), stage.Config(sc))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Play(ctx, sc, func(placed, of int, _ time.Time) {
		if of != sim.Expected(sc) {
			t.Errorf("%d are expected", of)
		}
		if placed == 5 {
			cancel()
		}
	})
	s.wasCutShort(err, 5)
}

// TestAPolicyIsWhatTheShopGoesBy: of what two shops are given alike, they make
// something else.
func TestAPolicyIsWhatTheShopGoesBy(t *testing.T) {
	t.Parallel()
	sc := small()
	sc.Days, sc.Orders.PerDay, sc.Gateway.DeclineRate, sc.Gateway.SoftShare = 2, 20, 0.5, 1
	retried, log := played(t, dbtest.SQLite, 4, sc)
	a := retried.result(sc, log)
	sc.Policy.PaymentRetries = nil
	not, log := played(t, dbtest.SQLite, 4, sc)
	b := not.result(sc, log)
	if a.Orders.Placed != b.Orders.Placed || failed(a, order.PaymentDeclined) >= failed(b, order.PaymentDeclined) || a.Money[0].Taken <= b.Money[0].Taken {
		t.Errorf("with retries %+v %+v, without %+v %+v", a.Orders, a.Money, b.Orders, b.Money)
	}
	for _, g := range sim.Compare(a, b) {
		for _, r := range g.Rows {
			if r.Name == "placed" && (r.Difference() != 0 || r.A != a.Orders.Placed) || r.Name == "taken" && r.Difference() >= 0 {
				t.Errorf("compared: %+v", r)
			}
		}
	}
	current, _, err := not.Policies(t.Context())
	must(t, err)
	if len(current.PaymentRetries) != 0 || current.HandOver != sc.Policy.HandOver {
		t.Errorf("the policy in force is %+v", current)
	}
}
