package process_test

import (
	"cmp"
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// notSolved wants it refused to solve the order's ticket that a person sees to.
func (s *shop) notSolved(o order.Order) {
	s.t.Helper()
	told := 0
	for _, t := range s.show(o.ID).Tickets {
		if t.Status == support.Open {
			told++
			_, err := s.SolveTicket(s.t.Context(), person(""), t.ID, "Seen to.")
			s.refused(fault.Conflict, err)
		}
	}
	if told != 1 {
		s.t.Errorf("%d tickets of the order are open, not one\n%s", told, timeline(s.show(o.ID)))
	}
}

// wantTickets checks how many of the order's tickets are in a state.
func (s *shop) wantTickets(o order.Order, status support.Status, want int) {
	s.t.Helper()
	n := 0
	for _, t := range s.show(o.ID).Tickets {
		if t.Status == status {
			n++
		}
	}
	if n != want {
		s.t.Errorf("%d tickets of the order are %s, not %d\n%s", n, status, want, timeline(s.show(o.ID)))
	}
}

// handOverAll has a person hand over what of the order is here.
func (s *shop) handOverAll(o order.Order) {
	s.t.Helper()
	for _, p := range s.show(o.ID).Shipments {
		if p.Here() {
			_, err := s.HandOver(s.t.Context(), person(""), o.ID, p.ID, shipping.HandOver{TrackingNumber: cmp.Or(p.TrackingNumber, "MADE-UP-2")})
			must(s.t, err)
		}
	}
}

// aCup is the refund of a cup.
var aCup = order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}}

// closesSoon is a shop that closes what is solved after a day.
func closesSoon(p *policy.Policy) { p.CloseSolved = policy.Duration(day) }

// owedScenarios are the ways of what is owed when no one is at it.
var owedScenarios = []scenario{
	{"the money for what came back does not stay with the customer", config{gateway: bouncing, policy: closesSoon}, func(s *shop) {
		o := s.arrived(cup())
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.after(9 * day)
		s.expect(o, outcome{Order: "returned: left captured returned", Money: taken, Labels: "1 sold", Tickets: "payment_issue open needs_person"})
		s.notSolved(o)
		s.refund(o, aCup)
		s.solveAll(o)
		s.after(4 * day)
		s.wantTickets(o, support.Closed, 1)
		s.after(4 * day) // it comes back once more
		s.notSolved(o)
	}},
	{"the money for what was taken out is not given back", config{policy: settings(byPerson, closesSoon)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.gateway.refund.say(declinedHard)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.failRefund(o, 0)
		s.handOverAll(o)
		s.after(30 * day)
		for _, t := range s.show(o.ID).Tickets[1:] {
			_, err := s.SolveTicket(s.t.Context(), person(""), t.ID, "Seen to.")
			must(s.t, err)
		}
		s.notSolved(o)
		s.wantTickets(o, support.Closed, 0)
		s.refund(o, aCup)
		s.solveAll(o)
		s.after(4 * day)
		s.wantTickets(o, support.Open, 0)
		s.wantTickets(o, support.Solved, 0)
	}},
	{"units are taken out while a refund is under way that fails", config{policy: byPerson}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.gateway.refund.say(declinedHard)
		s.refund(o, aCup)
		if plan := s.edit(o, fewer(1)); plan.Refund != 0 {
			s.t.Errorf("%d are given back once more", plan.Refund)
		}
		s.after(time.Minute)
		s.failRefund(o, 0)
		_, err := s.SolveTicket(s.t.Context(), person(""), s.show(o.ID).Tickets[1].ID, "Seen to.")
		must(s.t, err)
		s.notSolved(o)
		s.refund(o, order.CreditRequest{Amount: 2000}) // in another way
		s.solveAll(o)
	}},
	{"a lost parcel's ticket is solved, and nothing is made good", config{policy: manualCarrier}, func(s *shop) {
		o, p := s.unseen(cup())
		s.leave(p)
		s.report(p, shipping.Lost)
		s.solveAll(o)
		s.after(30 * day)
		s.wantTickets(o, support.Closed, 0)
		s.reship(p)
		s.handOverAll(o)
		s.after(time.Minute)
		s.solveAll(o)
		s.after(8 * day)
		s.wantTickets(o, support.Solved, 0)
	}},
	{"the money for what came back is given again, and another parcel is lost", config{gateway: bouncing, policy: settings(manualCarrier, func(p *policy.Policy) { p.AwaitHandOver = policy.Duration(60 * day) })}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(second, shipping.Lost)
		s.arrive(first)
		r := s.takeBack(s.sendBack(o), shipping.Reception{})
		s.after(8 * day)
		s.wantCount(o, payment.EventRefundFailed, 1)
		s.refund(o, aCup)
		s.wantRemedy(o, second) // that was for what came back
		again, err := s.FindReturn(s.t.Context(), r.ID)
		must(s.t, err)
		if again.Refund == r.Refund {
			s.t.Errorf("the return has still the refund %s, which failed", r.Refund)
		}
		s.refund(o, aCup)
		s.wantRemedy(o)
	}},
	{"a unit comes back that brings no money", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cups(2))
		s.after(time.Second)
		s.leave(s.parcel(o))
		s.arrive(s.parcel(o))
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{Withhold: true, Grading: unfit("CUP", 1)})
		s.expect(o, outcome{Order: atTheDoor, Money: "1295 taken"})
		s.refund(o, aCup) // all the same
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.expect(o, outcome{Order: "returned: left partly_refunded returned", Money: "1295 taken, 647 back", Tickets: needsPerson})
		s.refund(o, aCup)
		s.expect(o, outcome{Order: allCameBack, Money: "1295 taken, 1295 back", Tickets: needsPerson})
	}},
	{"a person decides about what came back, and its money does not stay with the customer", config{gateway: bouncing, policy: asksAboutReturns}, func(s *shop) {
		o := s.arrived(cup())
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.refund(o, aCup)
		s.solveAll(o)
		s.after(8 * day)
		s.notSolved(o)
	}},
	{"an authorisation is held of an order that is cancelled", config{policy: settings(onHandOver)}, func(s *shop) {
		s.carrier.buy.say(labelTrouble, labelTrouble, labelTrouble, labelTrouble)
		o := s.place(cup())
		s.after(10 * time.Second)
		s.gateway.away = true
		s.cancel(o)
		id := s.raise(o, support.Other).ID
		s.after(time.Minute)
		_, err := s.SolveTicket(s.t.Context(), person(""), id, "Seen to.")
		must(s.t, err)
		s.after(9 * day)
		s.wantTicket(id, support.Solved, support.NeedsPerson)
		s.gateway.away = false
		s.after(9 * day)
		s.wantTicket(id, support.Closed, support.NeedsPerson)
		s.wantCount(o, payment.EventCanceled, 1)
	}},
}
