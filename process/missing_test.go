package process_test

import (
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/shipping"
	"doorstep/support"

	"github.com/google/go-cmp/cmp"
)

func (s *shop) recount(sku, location string, n int64) error {
	_, err := s.CountStock(s.t.Context(), person(""), []inventory.Count{{SKU: sku, Location: location, Quantity: n}}, "made up")
	return err
}

func (s *shop) receive(sku, location string, n int64) {
	s.t.Helper()
	_, err := s.ReceiveStock(s.t.Context(), person(""), sku, location, n)
	must(s.t, err)
}

// wantMissing checks for what an order is held, and how many units it lacks.
func (s *shop) wantMissing(o order.Order, reason string, units int64) {
	s.t.Helper()
	if now := s.show(o.ID).Order; now.Held != reason || now.Sums.Short() != units {
		s.t.Errorf("it is held for %q and lacks %d, want %q and %d", now.Held, now.Sums.Short(), reason, units)
	}
}

// noRelease checks that an order can not go on yet.
func (s *shop) noRelease(o order.Order) {
	s.t.Helper()
	_, err := s.Release(s.t.Context(), person(""), o.ID)
	s.refused(fault.Conflict, err)
}

// missingScenarios are the ways of an order whose goods a count does not find.
var missingScenarios = []scenario{
	{"a step is stuck of which no other ticket tells any more", config{policy: impatient}, aForgottenStep},
	{"not found before it is paid", config{policy: manualGateway}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.wantLevel("LAMP", 0, 0)
		s.after(30 * day)
		s.expect(o, outcome{Order: "processed: missing due none", Tickets: stopped, Next: "await_payment held"})
		s.noRelease(o)
		s.receive("LAMP", "main", 1)
		s.release(o)
		s.wantMissing(o, "", 0)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: goesOn, Next: "await_payment"})
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: o.Total})
		must(s.t, err)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"not found while the gateway is asked", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Second)
		must(s.t, s.recount("LAMP", "main", 0))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: missing captured none", Money: "9295 taken", Tickets: stopped})
		s.receive("LAMP", "main", 1)
		s.release(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "9295 taken", Labels: "1 sold", Tickets: goesOn, Next: "track"})
	}},
	{"not found while the gateway declines", config{gateway: slowGateway}, func(s *shop) {
		q := request(1, "LAMP")
		q.Payment.Method = gateway.MethodStolen
		o := s.place(q)
		s.after(time.Second)
		must(s.t, s.recount("LAMP", "main", 0))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none", Tickets: goesOn})
	}},
	{"not found, and cancelled", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		must(s.t, s.recount("LAMP", "main", 0))
		s.expect(o, outcome{Order: "paid: missing captured none", Money: "9295 taken", Tickets: stopped})
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "9295 taken, 9295 back", Tickets: goesOn})
	}},
	{"one of two parcels is not found, and planned anew", config{policy: manualCarrier}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		must(s.t, s.recount("LAMP", "annex", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.after(30 * day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18645 taken", Tickets: stopped, Next: "await_handover held"})
		s.receive("LAMP", "main", 1) // beside the one that is reserved there
		s.release(o)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18645 taken", Tickets: goesOn, Next: "await_handover, await_handover"})
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "stock_missing", 2)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "18645 taken, 18645 back", Tickets: goesOn + ", " + goesOn})
		s.wantLevel("CUP", 100, 0)
	}},
	{"not found while it is held for something else", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		s.hold(o, "made_up")
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "made_up", 1)
		s.noRelease(o)
		s.receive("LAMP", "main", 1)
		s.release(o)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "9295 taken", Next: "await_handover"})
	}},
	{"not found, and too late to cancel", config{policy: settings(byPerson, retryAfter(10*day))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}})
		o := s.twoLamps()
		s.after(time.Minute)
		waiting := s.show(o.ID).Shipments[0]
		must(s.t, s.recount("LAMP", waiting.Location, 0))
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18645 taken", Labels: "1 sold", Tickets: stopped, Next: "await_handover held"})
		s.cancel(o)
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantMissing(o, "stock_missing", 1)
		s.noRelease(o)
		s.receive("LAMP", waiting.Location, 1)
		s.release(o)
		s.after(time.Minute)
		for _, location := range []string{"annex", "main"} {
			must(s.t, s.handOverFrom(o, location))
		}
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
}

// aForgottenStep: the ticket of a step that is stuck is solved while another one tells of
// the order, and that one is over when the order is cancelled.
func aForgottenStep(s *shop) {
	s.gateway.authorise.say(gatewaySilent, gatewaySilent, gatewaySilent)
	o := s.place(request(1, "LAMP"))
	s.after(time.Hour)
	must(s.t, s.recount("LAMP", "main", 0))
	for _, t := range s.show(o.ID).Tickets {
		if t.Category == support.OrderIssue {
			s.solve(t.ID)
		}
	}
	s.expect(o, outcome{Order: "processed: missing due none", Tickets: "order_issue solved step_stuck, " + stopped, Next: "authorise stuck"})
	s.cancel(o)
	s.expect(o, outcome{Order: "processed cancelling: missing due none", Tickets: "order_issue open step_stuck, order_issue solved step_stuck, other solved needs_person", Next: "authorise stuck"})
	_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
	must(s.t, err)
	s.after(time.Hour)
	s.wantStatus(o, order.Cancelled)
}

// TestACountPrefersOrdersWithoutLabels: the oldest order gives up its goods when
// those of the younger ones are in parcels with a label.
func TestACountPrefersOrdersWithoutLabels(t *testing.T) {
	onShops(t, config{policy: byPerson}, func(t *testing.T, s *shop) {
		q := request(1, "CUP")
		q.Payment.Gateway = payment.Manual
		waits := s.place(q)
		s.after(time.Second)
		labelled := s.place(request(2, "CUP"))
		s.after(time.Minute)
		all, err := s.PreviewCount(t.Context(), []inventory.Count{{SKU: "CUP", Location: "main", Quantity: 0}})
		must(t, err)
		if all[0].Labelled != 1 || len(all[0].GivenUp) != 1 || all[0].GivenUp[0].Order != waits.ID {
			t.Errorf("a count of none comes to %+v", all[0])
		}
		s.refused(fault.Conflict, s.recount("CUP", "main", 0))
		s.wantLevel("CUP", 100, 2)
		must(t, s.recount("CUP", "main", 1))
		s.wantLevel("CUP", 1, 1)
		s.wantMissing(waits, "stock_missing", 1)
		s.wantMissing(labelled, "", 0)
	})
}

// TestACountOfSeveral takes what two SKUs of one parcel lack at once.
func TestACountOfSeveral(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		o := s.place(request(1, "CUP", "POT", "LAMP"))
		s.after(time.Minute)
		counts := []inventory.Count{{SKU: "POT", Location: "main"}, {SKU: "CUP", Location: "main"}}
		for _, replayed := range []bool{false, true} {
			r, err := s.CountStock(t.Context(), person("k1"), counts, "made up")
			must(t, err)
			if r.Replayed != replayed || len(r.Value) != 2 || len(r.Value[1].GivenUp) != 1 {
				t.Errorf("%+v", r)
			}
		}
		s.wantMissing(o, "stock_missing", 2)
		s.receive("POT", "main", 1)
		s.noRelease(o)
		s.receive("CUP", "main", 1)
		s.release(o)
		v := s.show(o.ID)
		var units []int64
		for _, p := range v.Shipments {
			units = append(units, p.Units)
		}
		if diff := cmp.Diff([]int64{3, 3}, units); diff != "" || v.Order.Sums.Planned != 3 {
			t.Errorf("the parcels hold %s", diff)
		}
	})
}
