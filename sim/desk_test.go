package sim_test

import (
	"testing"
	"time"

	"doorstep/cli/stage"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/sim/scenario"
	"doorstep/support"
)

// away is a shop whose gateway is away for four days, and which has no other trouble.
func away(silent bool) scenario.Scenario {
	sc := scenario.Default()
	sc.Days, sc.FollowDays, sc.Orders.PerDay, sc.Wishes = 4, 5, 6, nil
	sc.Staff.Weekends = true
	sc.Gateway.DeclineRate, sc.Gateway.TimeoutBeforeRate, sc.Gateway.TimeoutAfterRate = 0, 0, 0
	sc.Carrier.RefuseRate, sc.Carrier.TroubleRate, sc.Carrier.LostRate, sc.Carrier.DamagedRate = 0, 0, 0, 0
	sc.Carrier.RefusedRate, sc.Carrier.ReturnedRate, sc.Carrier.TimeoutAfterRate = 0, 0, 0
	sc.Policy.Ask.Most = policy.Duration(30 * time.Minute)
	sc.Gateway.Outages = []scenario.Outage{{Span: scenario.Span{From: scenario.Moment(12 * time.Hour), To: scenario.Moment(108 * time.Hour)}, Silent: silent}}
	return sc
}

// TestPeopleWaitForAProviderThatIsAway: they try nothing that can not be, and answer no
// one that all is well, so that each matter is told once; and they see to it when the
// provider is back.
func TestPeopleWaitForAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"not reached": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Engines(t, func(t *testing.T, engine string) {
				sc := away(silent)
				s, log := played(t, engine, 1, sc)
				r := s.result(sc, log)
				back := time.Time(sc.Start).Add(time.Duration(sc.Gateway.Outages[0].To))
				told, solved := s.told(t, back)
				if len(told) < 10 || solved > 0 || r.Tickets.Unsolved > 0 {
					t.Errorf("%d matters are told of, %d tickets solved while nothing could be done, %d never", len(told), solved, r.Tickets.Unsolved)
				}
				for of, n := range told {
					if n > 1 {
						t.Errorf("%s is told of %d times", of, n)
					}
				}
				if silent != (r.People.StuckMost > 0) {
					t.Errorf("%d steps were stuck at once", r.People.StuckMost)
				}
			})
		})
	}
}

// told counts the tickets that the process has opened, by order and category, and those
// that people had solved by a time.
func (s *shop) told(t *testing.T, by time.Time) (told map[string]int, solved int) {
	t.Helper()
	told = map[string]int{}
	tickets, err := s.Tickets(t.Context(), support.Filter{Limit: 10_000})
	must(t, err)
	for _, one := range tickets {
		told[one.Order+" "+string(one.Category)]++
	}
	for _, e := range read(t, s.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") }) {
		if e.Type == support.EventSolved && e.Actor == "agent:1" && e.At.Before(by) {
			solved++
		}
	}
	return told, solved
}

// TestPeopleGiveAgainWhatIsOwed: money for what came back of orders that go on does not
// stay with the customers, and is refunded until it does.
func TestPeopleGiveAgainWhatIsOwed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		sc := scenario.Default()
		sc.Days, sc.FollowDays, sc.Orders.PerDay = 2, 60, 15
		sc.Wishes = []scenario.Wish{{Category: support.ReturnRequest, Share: 1, Since: scenario.SinceDelivered, After: sc.Returns.After}}
		sc.Returns.Posted = 1
		cfg := stage.Config(sc)
		cfg.Gateway.RefundBounceRate, cfg.Gateway.RefundBounceAfter = 0.5, time.Hour
		s := openShop(t, engine, 1, time.Time(sc.Start), cfg)
		log, err := s.Play(t.Context(), sc, func(int, int, time.Time) {})
		must(t, err)
		s.result(sc, log)
		again := 0
		for _, o := range read(t, s.db, func(r db.Reader) ([]order.Order, error) { return order.Page(r, "", 1_000_000) }) {
			v, err := s.Show(t.Context(), o.ID)
			must(t, err)
			if v.Owed() > 0 {
				t.Errorf("of order %d, %d are owed: %+v", o.Number, v.Owed(), v.Refunds)
			}
			again += givenAgain(v)
		}
		if again < 5 {
			t.Errorf("%d refunds of orders that are not over were made again", again)
		}
	})
}

// givenAgain counts the refunds of an order that is not over which follow one that had
// failed.
func givenAgain(v process.Overview) (n int) {
	failed := 0
	for _, f := range v.Refunds {
		if f.Status == payment.RefundFailed {
			failed++
		}
	}
	if v.Order.End.Over() || failed == 0 {
		return 0
	}
	return len(v.Refunds) - 1
}
