package process_test

import (
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// bouncing is a gateway from whose refunds the money comes back after a day.
var bouncing = gateway.Config{RefundBounceRate: 1, RefundBounceAfter: day}

// refundScenarios are the ways of money that goes back while an order goes on,
// and of money that comes back.
var refundScenarios = []scenario{
	{"lines, an amount and the rest are given back", config{}, refundPieceByPiece},
	{"a refund does not stay with the customer", config{gateway: bouncing}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 100 back", Labels: "1 sold"})
		s.after(8 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold", Tickets: givenBack})
		s.refund(o, order.CreditRequest{Amount: 845})
		s.after(8 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold", Tickets: givenBack + ", " + givenBack})
		s.wantCount(o, payment.EventRefundFailed, 2)
	}},
	{"one of two refunds does not stay with the customer", config{gateway: bouncing}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.after(time.Hour)
		s.refund(o, order.CreditRequest{All: true})
		s.expect(o, outcome{Order: "delivered: left refunded delivered", Money: takenBack, Labels: "1 sold"})
		s.after(7*day - 30*time.Minute) // half an hour before the second is asked about
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: taken, Labels: "1 sold", Tickets: givenBack})
	}},
	{"a cancelled order's money comes back", config{gateway: bouncing, policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.cancel(o)
		s.after(8 * day)
		owed := outcome{Order: "cancelled: released captured none", Money: taken, Labels: "1 sold, 1 void", Tickets: givenBack}
		s.expect(o, owed)
		_, err := s.SolveTicket(s.t.Context(), person(""), s.show(o.ID).Tickets[0].ID, "Made up answer.")
		s.refused(fault.Conflict, err) // no one would know of the money any more
		s.refund(o, order.CreditRequest{All: true})
		s.solve(s.show(o.ID).Tickets[0].ID)
		owed.Order, owed.Money, owed.Tickets = "cancelled: released refunded none", takenBack, "payment_issue solved needs_person"
		s.expect(o, owed)
	}},
	{"a refund that is not made is given up", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.gateway.refund.say(declinedHard)
		s.refund(o, order.CreditRequest{Amount: 100})
		stuck := outcome{Order: "delivered: left refunding delivered", Money: taken, Labels: "1 sold", Tickets: "order_issue open step_stuck", Next: "refund stuck"}
		s.expect(o, stuck)
		s.failRefund(o, 0)
		stuck.Order, stuck.Next, stuck.Tickets = "delivered: left captured delivered", "", stuckAnd
		s.expect(o, stuck)
		_, err := s.FailRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[0].ID)
		s.refused(fault.Conflict, err)
	}},
	{"a second refund that is not made is given up", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.gateway.refund.say(gatewaySilent)
		s.refund(o, order.CreditRequest{Amount: 200})
		_, err := s.FailRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[1].ID)
		s.refused(fault.Conflict, err) // it was made meanwhile
		s.gateway.refund.say(declinedHard)
		s.refund(o, order.CreditRequest{Amount: 300})
		s.failRefund(o, 2)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 300 back", Labels: "1 sold",
			Tickets: "order_issue open step_stuck, " + givenBack})
	}},
	{"the gateway contradicts itself about a refund, and it was made twice", config{gateway: gateway.Config{KeyLife: time.Minute}, policy: slow}, func(s *shop) {
		o := s.arrived(cup())
		s.gateway.refund.say(gatewayLost)
		s.gateway.lookup.say(gatewayDenies, gatewayDenies, gatewayDenies)
		s.refund(o, order.CreditRequest{Amount: 100})
		s.after(time.Hour)
		if sums := s.show(o.ID).Order.Sums; sums.Refunded != 100 {
			s.t.Errorf("the sums are %+v", sums)
		}
		s.expectMoney(o, "845 taken, 200 back")
		s.after(30 * day)
		if sums := s.show(o.ID).Order.Sums; sums.Refunded != 200 {
			s.t.Errorf("the sums are %+v", sums)
		}
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 200 back", Labels: "1 sold", Tickets: givenBack})
		s.wantTold(o, "GBP 1.00 too much, of which GBP 1.00 are recorded")
		s.wantCount(o, payment.EventRefundConfirmed, 2)
	}},
	{"a refund is tried again of which an earlier attempt was made", config{gateway: gateway.Config{KeyLife: time.Minute}, policy: slow}, func(s *shop) {
		o := s.arrived(cup())
		s.gateway.refund.say(gatewayLost, declinedHard)
		s.gateway.lookup.say(gatewayDenies, gatewayDenies, gatewayDenies)
		s.refund(o, order.CreditRequest{Amount: 500})
		s.after(time.Hour)
		s.expectMoney(o, "845 taken, 500 back")
		_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(30 * day)
		s.wantCount(o, payment.EventRefundSucceeded, 1)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 500 back", Labels: "1 sold", Tickets: "order_issue open step_stuck"})
	}},
	{"a refund is given up of which an earlier attempt was made", config{gateway: gateway.Config{KeyLife: time.Minute}, policy: slow}, func(s *shop) {
		o := s.arrived(cup())
		s.gateway.refund.say(gatewayLost, declinedHard)
		s.gateway.lookup.say(gatewayDenies, gatewayDenies, gatewayDenies)
		s.refund(o, order.CreditRequest{Amount: 100})
		s.after(time.Hour)
		s.expectMoney(o, "845 taken, 100 back")
		s.gateway.lookup.say(gatewaySilent)
		s.refused(fault.Conflict, s.recordRefund(o, 0))
		_, err := s.FailRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[0].ID)
		s.refused(fault.Conflict, err) // the first attempt has made it, as the gateway says now
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 100 back", Labels: "1 sold", Tickets: "order_issue open step_stuck"})
		s.after(8 * day)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 100 back", Labels: "1 sold", Tickets: "order_issue open step_stuck"})
	}},
	{"a person says that a refund has come back", config{gateway: bouncing, policy: impatient}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 400})
		first, fail := s.show(o.ID).Refunds[0].ID, func(id string) error {
			_, err := s.FailRefund(s.t.Context(), person(""), o.ID, id)
			return err
		}
		s.refused(fault.Conflict, fail(first)) // the gateway says that it stands
		s.gateway.lookup.say(gatewaySilent)
		s.refused(fault.Conflict, fail(first))
		s.after(2 * day)
		must(s.t, fail(first))
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold", Tickets: givenBack})
		s.refund(o, order.CreditRequest{Amount: 400})
		s.gateway.lookup.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(8 * day) // nobody knows more than the person now
		s.gateway.lookup.say(gatewaySilent)
		must(s.t, fail(s.show(o.ID).Refunds[1].ID))
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold",
			Tickets: "order_issue open step_stuck, " + givenBack + ", " + givenBack})
	}},
	{"the gateway is silent when it is asked whether a refund stands", config{policy: impatient}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.gateway.lookup.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(8 * day)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 100 back", Labels: "1 sold", Tickets: "order_issue open step_stuck"})
		_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		s.wantCount(o, payment.EventRefundConfirmed, 1)
	}},
	{"a person has looked whether a refund stands", config{policy: impatient}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.gateway.lookup.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(8 * day)
		s.attend(process.WaySkip, item(o, "check_refund"))
		s.wantCount(o, payment.EventRefundConfirmed, 1)
		s.wantMatters()
	}},
	{"the gateway is away when it is asked whether a refund stands", config{policy: within(time.Hour)}, func(s *shop) {
		o := s.arrived(cup())
		s.refund(o, order.CreditRequest{Amount: 100})
		s.gateway.away = true
		s.after(8 * day)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 100 back", Labels: "1 sold", Tickets: givenBack})
		s.gateway.away = false
		s.after(day)
		s.wantCount(o, payment.EventRefundConfirmed, 1)
	}},
	{"a refund fails while a ticket waits for another", config{gateway: bouncing, policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{Amount: 100})
		s.after(7*day - 30*time.Minute)
		s.gateway.refund.say(declinedSoftly)
		s.cancel(o)
		_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.OrderIssue, Body: "Where is my money?"}})
		must(s.t, err)
		s.after(40 * time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunding none", Money: taken, Next: "refund",
			Tickets: "order_issue open refund_failed, other open needs_person, " + givenBack})
	}},
	{"what was refunded is not sent anew", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.after(10 * day)
		s.refund(o, order.CreditRequest{All: true})
		s.after(300 * day)
		v := s.show(o.ID)
		if len(s.sold(o.ID)) != 1 || len(v.Tickets) > 2 {
			s.t.Errorf("%d labels were sold, and %d tickets opened", len(s.sold(o.ID)), len(v.Tickets))
		}
		_, err := s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		_, err = s.PreviewReship(s.t.Context(), o.ID, p.ID)
		s.refused(fault.Conflict, err)
	}},
	{"what no carrier takes the second time is refunded", config{policy: byPerson}, func(s *shop) {
		o, p := s.unseen(cup())
		s.handOver(o, "")
		s.report(p, shipping.Lost)
		s.reship(p)
		s.carrier.buy.say(labelRefused)
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{All: true})
		s.expectMoney(o, takenBack)
	}},
	{"nothing is left of a line whose units are not refunded", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.gateway.refund.say(declinedHard)
		s.refund(o, order.CreditRequest{Amount: 100})
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1}}})
		s.failRefund(o, 0)
		s.notRefunded(o, fault.Invalid, order.CreditRequest{Lines: []order.CreditLine{{Line: 1}}, Reason: "made up"})
		s.refund(o, order.CreditRequest{All: true})
		s.expectMoney(o, takenBack)
	}},
	{"cancelled while some of the money goes back", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.gateway.refund.say(gatewayLost)
		s.refund(o, order.CreditRequest{Amount: 100})
		s.cancel(o)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Labels: "1 sold, 1 void"})
	}},
	{"what can not be given back", config{policy: settings(byPerson, onHandOver)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		all := order.CreditRequest{All: true, Reason: "made up"}
		s.notRefunded(o, fault.Conflict, all) // nothing has left: cancel it
		s.notRefunded(o, fault.Invalid, order.CreditRequest{Amount: 846, Reason: "made up"})
		s.notRefunded(o, fault.Invalid, order.CreditRequest{Lines: []order.CreditLine{{Line: 2}}, Reason: "made up"})
		s.notRefunded(o, fault.Invalid, order.CreditRequest{Amount: 1})
		unpaid := request(2, "CUP")
		unpaid.Payment.Method = gateway.MethodTryAgainLater
		held := s.place(unpaid)
		s.notRefunded(held, fault.Conflict, all) // nothing was taken
		s.cancel(o)
		s.notRefunded(o, fault.Conflict, all)
	}},
}

func refundPieceByPiece(s *shop) {
	q := request(1, "CUP", "POT")
	q.Lines[0].Quantity = 2 // the line's part of the total is 1023, of which one unit has 511
	o := s.arrived(q)
	one := order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}}
	s.refund(o, one)
	s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "3294 taken, 511 back", Labels: "1 sold"})
	s.notRefunded(o, fault.Invalid, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 2}}, Reason: "made up"})
	s.refund(o, order.CreditRequest{Amount: 100}) // 18 of the cups, 82 of the pot
	s.refund(o, one)                              // 512, without the 18
	s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "3294 taken, 1105 back", Labels: "1 sold"})
	_, err := s.Refund(s.t.Context(), person("").At(1), o.ID, order.CreditRequest{All: true, Reason: "made up"})
	s.refused(fault.Stale, err) // it has changed since
	s.refund(o, order.CreditRequest{All: true})
	s.expect(o, outcome{Order: "delivered: left refunded delivered", Money: "3294 taken, 3294 back", Labels: "1 sold"})
	for _, l := range s.show(o.ID).Lines {
		if l.Credited != l.Amount {
			s.t.Errorf("of line %d %d of %d are given back", l.Line, l.Credited, l.Amount)
		}
	}
	s.notRefunded(o, fault.Conflict, order.CreditRequest{Amount: 1, Reason: "made up"})
	s.after(8 * day)
	s.wantCount(o, payment.EventRefundConfirmed, 4)
}

// arrived is an order that has arrived.
func (s *shop) arrived(q order.Request) order.Order {
	s.t.Helper()
	o := s.place(q)
	s.after(20 * day)
	if v := s.show(o.ID); v.Order.Status != order.Delivered {
		s.t.Fatalf("the order is %s after 20 days", v.Order.Status)
	}
	return o
}

// refund gives money back, as it was previewed, and has the gateway asked.
func (s *shop) refund(o order.Order, q order.CreditRequest) {
	s.t.Helper()
	q.Reason = "made up"
	plan, err := s.PreviewRefund(s.t.Context(), o.ID, q)
	must(s.t, err)
	r, err := s.Refund(s.t.Context(), person("").At(plan.Version), o.ID, q)
	must(s.t, err)
	if got := plan.Kept - r.Value.Order.Sums.Kept(); got != plan.Amount {
		s.t.Errorf("%d were to be given back, %d are", plan.Amount, got)
	}
	s.after(time.Minute)
}

// notRefunded wants a refund refused, and its preview.
func (s *shop) notRefunded(o order.Order, code fault.Code, q order.CreditRequest) {
	s.t.Helper()
	_, err := s.PreviewRefund(s.t.Context(), o.ID, q)
	s.refused(code, err)
	_, err = s.Refund(s.t.Context(), person(""), o.ID, q)
	s.refused(code, err)
}

func (s *shop) expectMoney(o order.Order, want string) {
	s.t.Helper()
	if got := s.money(s.show(o.ID)); got != want {
		s.t.Errorf("the gateway has %s, not %s", got, want)
	}
}

// failRefund gives the order's nth refund up.
func (s *shop) failRefund(o order.Order, n int) {
	s.t.Helper()
	_, err := s.FailRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[n].ID)
	must(s.t, err)
}

// lookedAfter checks that whoever was refunded at a gateway is asked about.
func (s *shop) lookedAfter(v process.Overview) {
	s.t.Helper()
	for _, f := range v.Refunds {
		due, settled := false, f.Status != payment.RefundSucceeded || f.Pays != "" || v.Payments[0].Gateway == payment.Manual
		for _, n := range v.Next {
			due = due || n.Step == process.StepCheckRefund
		}
		for _, e := range v.Timeline {
			settled = settled || e.Entity == f.ID && e.Type == payment.EventRefundConfirmed
		}
		if !due && !settled {
			s.t.Errorf("no one asks whether refund %s stands", f.ID)
		}
	}
}
