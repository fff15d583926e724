package process_test

import (
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// stillOwed wants the order's last ticket with a person not to be solved before the
// refund is made that pays what is owed: so much, and no more.
func (s *shop) stillOwed(o order.Order, q order.CreditRequest, want int64) {
	s.t.Helper()
	s.trySolve(o)
	s.wantTickets(o, support.Open, 1)
	q.Reason = "made up"
	plan, err := s.PreviewRefund(s.t.Context(), o.ID, q)
	must(s.t, err)
	if plan.Amount != want {
		s.t.Errorf("%d are given back, not %d\n%s", plan.Amount, want, timeline(s.show(o.ID)))
	}
	s.refund(o, q)
	s.trySolve(o)
	s.wantTickets(o, support.Open, 0)
}

// trySolve has a person solve what may be solved of the order's tickets.
func (s *shop) trySolve(o order.Order) {
	s.t.Helper()
	for _, t := range s.show(o.ID).Tickets {
		if t.Status != support.Open {
			continue
		}
		if _, err := s.SolveTicket(s.t.Context(), person(""), t.ID, "Seen to."); err != nil {
			s.refused(fault.Conflict, err)
		}
	}
}

// untold is a shop in which no one is reminded of a parcel for long.
func untold(p *policy.Policy) { p.AwaitHandOver = policy.Duration(60 * day) }

// causeScenarios are the ways of money that went back for something else than it seems.
var causeScenarios = []scenario{
	{"a unit is refunded before it comes back, and the money does not stay with the customer", config{gateway: bouncing, policy: closesSoon}, func(s *shop) {
		o := s.arrived(cups(2))
		s.refund(o, aCup)
		s.after(time.Minute)
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.after(8 * day)
		s.stillOwed(o, aCup, 647)
	}},
	{"an amount is refunded before a unit comes back, and does not stay with the customer", config{gateway: bouncing, policy: closesSoon}, func(s *shop) {
		o := s.arrived(cups(2))
		s.refund(o, order.CreditRequest{Amount: 1200})
		s.after(6 * day)
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{}) // for which 95 are left
		s.after(day + time.Hour)
		s.wantCount(o, payment.EventRefundFailed, 1)
		s.stillOwed(o, aCup, 552)
	}},
	{"an amount is begun by mistake, and what it was taken from comes back", config{policy: settings(manualGateway, closesSoon)}, func(s *shop) {
		o := s.paidElsewhere(cup())
		s.refund(o, order.CreditRequest{Amount: 845})
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.refused(fault.Conflict, s.takeBackRefund(o, 0))
	}},
	{"an amount is begun by mistake, and units are taken out meanwhile", config{policy: settings(manualGateway, byPerson, closesSoon)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.record(o)
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{Amount: 3200})
		if plan := s.edit(o, fewer(1)); plan.Refund != 29 {
			s.t.Errorf("%d are given back beside", plan.Refund)
		}
		s.after(time.Minute)
		must(s.t, s.takeBackRefund(o, 0))
		s.wantCount(o, payment.EventRefundOpened, 3)
		if sums := s.show(o.ID).Order.Sums; sums.Refunding != 511 {
			s.t.Errorf("of what was taken out, %d go back", sums.Refunding)
		}
		s.refused(fault.Conflict, s.takeBackRefund(o, 2))
	}},
	{"the rest of an exchange does not stay with the customer", config{gateway: bouncing, policy: closesSoon}, func(s *shop) {
		o := s.arrived(cups(2))
		s.exchange(o, 1, "CUP", 1)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.after(9 * day)
		s.stillOwed(o, aCup, 197)
	}},
	{"goodwill for a unit that is kept, and the money for another that came back does not stay", config{gateway: bouncing, policy: closesSoon}, func(s *shop) {
		o := s.arrived(cups(2))
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.after(2 * day)
		s.refund(o, aCup)
		s.after(5*day + time.Hour)
		s.wantCount(o, payment.EventRefundFailed, 1)
		s.stillOwed(o, order.CreditRequest{Amount: 647}, 647)
	}},
	{"a ticket's refund does not stay with the customer", config{gateway: bouncing, policy: settings(gives(5000), closesSoon)}, func(s *shop) {
		o := s.arrived(cups(2))
		id := s.complain(o, support.Damaged, 1).ID
		s.after(8 * day)
		s.expectMoney(o, "1295 taken")
		s.wantTicket(id, support.Closed, support.MoneyBack)
		s.stillOwed(o, aCup, 647)
	}},
	{"a ticket's refund does not stay with the customer, and what it was about comes back", config{gateway: bouncing, policy: settings(gives(5000), closesSoon)}, func(s *shop) {
		o := s.arrived(cups(2))
		s.complain(o, support.Damaged, 1)
		s.after(8 * day)
		s.notSolved(o)
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.trySolve(o) // it has its money
		s.wantTickets(o, support.Open, 0)
		s.expectMoney(o, "1295 taken, 647 back")
	}},
	{"of two returns a person pays the second", config{policy: settings(asksAboutReturns)}, func(s *shop) {
		o := s.arrived(cups(3))
		first := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.solveAll(o)
		second := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.refund(o, aCup)
		for _, r := range s.show(o.ID).Returns {
			if paid := r.Refund != ""; paid != (r.ID == second.ID) || paid == (r.ID == first.ID) {
				s.t.Errorf("the return %s has the refund %q", r.ID, r.Refund)
			}
		}
	}},
	{"a refunded unit comes back while another one is under way", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(first)
		s.refund(o, aCup) // it arrived broken
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.arrive(second)
		s.wantTold(o, "for others that the customer has")
		s.expectMoney(o, "18195 taken, 9097 back")
	}},
	{"a parcel is lost after a unit that arrived was refunded", config{policy: settings(manualCarrier, sendsAnew, gives(20_000), closesSoon)}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(first)
		s.refund(o, aCup) // it arrived broken
		s.report(second, shipping.Lost)
		s.wantRemedy(o, second)
		s.wantTold(o, "for others that the customer has")
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.wantTicket(id, support.Open, support.NotArriving)
		s.reship(second)
		s.wantRemedy(o)
	}},
	{"a parcel is lost, and the money that went back before was for it", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.refund(o, aCup)
		s.report(second, shipping.Lost)
		s.arrive(first)
		s.after(5 * day)
		s.attend(process.WaySkip, "1001/await_remedy")
		s.wantRemedy(o)
		s.wantCount(o, process.EventAttributed, 1)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.ParcelRefunded)
	}},
	{"a parcel is lost, and a person says in vain that its money went back", config{policy: manualCarrier}, func(s *shop) {
		o, p := s.unseen(cup())
		s.leave(p)
		s.report(p, shipping.Lost)
		s.after(5 * day)
		_, err := s.Attend(s.t.Context(), person(""), process.WaySkip, "1001/await_remedy")
		s.refused(fault.Conflict, err)
		s.wantRemedy(o, p)
	}},
	{"of two lost parcels that is refunded for which it is enough", config{policy: settings(manualCarrier, untold)}, func(s *shop) {
		o, mixed, _ := s.loseBoth()
		s.refund(o, aCup)
		s.wantRemedy(o, mixed)
	}},
}
