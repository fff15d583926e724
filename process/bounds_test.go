package process_test

import (
	"testing"
	"time"

	"doorstep/attempt"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// seldom is a carrier that has seen nothing and wants to be left alone for a year.
var seldom = reply[shipping.Tracking]{answer: shipping.Tracking{Next: opening.Add(365 * day)}}

// boundScenarios go to the very ends of what policy and providers allow.
var boundScenarios = []scenario{
	{"a new attempt has its own time to be answered", config{policy: settings(within(2*time.Hour), retryAfter(3*time.Hour))}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent, declinedSoftly, gatewaySilent)
		o := s.place(cup())
		s.after(4 * time.Hour)
		s.expect(o, underWay)
		s.wantAttempts(o, attempt.Declined, attempt.Succeeded)
		s.wantCount(o, payment.EventUnknown, 2)
	}},
	{"the carrier wants to be left alone for too long", config{}, func(s *shop) {
		s.carrier.track.say(seldom, seldom)
		o := s.place(cup())
		s.after(7*day + time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold",
			Tickets: "where_is_my_order open not_seen", Next: "track"})
		s.wantDue(o, s.clock.Now().Add(7*day))
		s.after(7 * day)
		s.after(6 * time.Hour) // the carrier answers for itself again
		s.wantStatus(o, order.Delivered)
	}},
	{"the carrier is silent, and then once more", config{}, func(s *shop) {
		s.carrier.blind = true
		o := s.place(cup())
		s.after(8 * day)
		s.wantCount(o, shipping.EventSilent, 1)
		s.carrier.blind = false
		s.carrier.track.say(reply[shipping.Tracking]{answer: shipping.Tracking{
			Scans: []shipping.Scan{{ID: "made up", Status: shipping.InTransit, At: s.clock.Now().Add(time.Hour)}}}})
		s.after(7 * time.Hour)
		s.wantCount(o, shipping.EventTracked, 1)
		s.carrier.blind = true
		s.after(6 * day)
		s.wantCount(o, shipping.EventSilent, 1)
		s.after(9 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold",
			Tickets: "where_is_my_order open not_seen, where_is_my_order open not_seen", Next: "track"})
		s.wantCount(o, shipping.EventSilent, 2)
	}},
	{"a scan wins over a label that is given back", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(11 * time.Hour)
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Voided: true}, reach: true})
		s.cancel(o)
		s.after(5 * time.Hour)
		s.wantStatus(o, order.Shipped)
		s.wantCount(o, order.EventCancelRefused, 1)
		labels := s.labelAttempts(o)
		if last := labels[len(labels)-1]; last.Op != shipping.OpVoid || last.Status != attempt.Declined || last.Refusal != shipping.AlreadyHandedIn {
			s.t.Errorf("the label was given back by %+v", last)
		}
	}},
	{"references that no database keeps", config{}, func(s *shop) {
		s.gateway.authorise.say(reply[payment.Answer]{answer: payment.Answer{Result: payment.Succeeded, Ref: "ch\x00\xff1"}})
		s.carrier.buy.say(reply[shipping.LabelAnswer]{answer: shipping.LabelAnswer{Bought: true, Ref: "la\xff\x001", TrackingNumber: "\x00T1\xff",
			Cost: money.Of(100, "GBP")}})
		o := s.place(cup())
		s.after(time.Minute)
		v := s.show(o.ID)
		if p, a := v.Payments[0], v.Attempts[0]; p.Ref != "ch1" || a.Ref != "ch1" {
			s.t.Errorf("the gateway's reference is kept as %q and %q", p.Ref, a.Ref)
		}
		if p, a := v.Shipments[0], s.labelAttempts(o)[0]; p.LabelRef != "la1" || p.TrackingNumber != "T1" || a.Ref != "la1" || a.TrackingNumber != "T1" {
			s.t.Errorf("the carrier's references are kept as %q, %q and %q, %q", p.LabelRef, p.TrackingNumber, a.Ref, a.TrackingNumber)
		}
	}},
	{"not paid for long, and the gateway is away", config{policy: settings(payWithin(time.Hour), retryAfter(30*time.Minute))}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(10 * time.Minute)
		s.gateway.away = true
		for range 20 {
			s.after(2 * time.Hour)
			for _, it := range s.items(o) {
				if wait := it.Due.Sub(s.clock.Now()); it.Step == "expire_payment" && wait > time.Hour {
					s.t.Errorf("it is looked at again only after %s", wait)
				}
			}
		}
	}},
}

// labelAttempts returns what was asked of the carrier about an order.
func (s *shop) labelAttempts(o order.Order) []shipping.Attempt {
	s.t.Helper()
	all, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]shipping.Attempt, error) { return shipping.Attempts(r, o.ID) })
	must(s.t, err)
	return all
}

// items returns what is due or waited for of an order.
func (s *shop) items(o order.Order) []work.Item {
	s.t.Helper()
	items, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]work.Item, error) { return work.Of(r, o.ID) })
	must(s.t, err)
	return items
}

// wantDue checks that the next thing of an order is due by then.
func (s *shop) wantDue(o order.Order, latest time.Time) {
	s.t.Helper()
	if due := s.show(o.ID).Order.NextDue; due.IsZero() || due.After(latest) {
		s.t.Errorf("the next step is due at %s, after %s", due, latest)
	}
}

// TestAQuestionThatCouldArriveTooLateIsNotAsked asks again shortly before the
// key ends: the question might arrive when it has ended.
func TestAQuestionThatCouldArriveTooLateIsNotAsked(t *testing.T) {
	t.Parallel()
	outcome := func(life time.Duration) (again time.Duration, made []attempt.Status) {
		cfg := config{policy: slow}
		cfg.gateway.KeyLife = life
		s := newShop(t, dbtest.SQLite, cfg)
		s.gateway.authorise.say(gatewayLost, declinedHard) // who looks up finds that it has succeeded
		o := s.place(cup())
		s.after(0)
		for _, it := range s.items(o) {
			if it.Step == "authorise" {
				again = it.Due.Sub(opening)
			}
		}
		s.after(time.Hour)
		for _, a := range s.show(o.ID).Attempts {
			made = append(made, a.Status)
		}
		return again, made
	}
	again, asked := outcome(time.Hour)
	if len(asked) != 1 || asked[0] != attempt.Declined {
		t.Errorf("while the key lives for long, the attempts are %v", asked)
	}
	const margin = 10 * time.Second // how long a provider is waited for
	for life, want := range map[time.Duration]attempt.Status{
		again + margin:                    attempt.Succeeded,
		again + margin + time.Microsecond: attempt.Declined,
	} {
		if _, made := outcome(life); len(made) != 1 || made[0] != want {
			t.Errorf("with %s left of the key, the attempts are %v", life-again, made)
		}
	}
}

// TestAttemptsAreNumberedByWhatTheyAreAbout opens attempts for two payments and
// for two parcels of one order.
func TestAttemptsAreNumberedByWhatTheyAreAbout(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		payments, labels, err := s.Numbers(t.Context(), []string{"a", "b", "a", "a", "b"})
		must(t, err)
		for what, got := range map[string][]int64{"payments": payments, "labels": labels} {
			for i, want := range []int64{1, 1, 2, 3, 2} {
				if got[i] != want {
					t.Errorf("the attempts of two %s are numbered %v", what, got)
					break
				}
			}
		}
	})
}
