package process_test

import (
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// takeBackRefund takes the order's nth refund back.
func (s *shop) takeBackRefund(o order.Order, n int) error {
	_, err := s.WithdrawRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[n].ID)
	return err
}

// recordRefund says that a person has made the order's nth refund.
func (s *shop) recordRefund(o order.Order, n int) error {
	f := s.show(o.ID).Refunds[n]
	_, err := s.RecordRefund(s.t.Context(), person(""), o.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount})
	return err
}

// paidElsewhere is an order that was paid by hand and has arrived.
func (s *shop) paidElsewhere(q order.Request) order.Order {
	s.t.Helper()
	o := s.place(q)
	s.record(o)
	s.after(20 * day)
	s.wantStatus(o, order.Delivered)
	return o
}

// handScenarios are the ways of refunds that a person makes, or takes back.
var handScenarios = []scenario{
	{"a refund that was begun by mistake is taken back", config{policy: manualGateway}, func(s *shop) {
		o := s.paidElsewhere(cup())
		s.goodwill(o)
		s.expect(o, outcome{Order: "delivered: left refunding delivered", Money: "by hand 845 taken", Labels: "1 sold", Tickets: "payment_issue open needs_person", Next: "await_refund"})
		must(s.t, s.takeBackRefund(o, 0))
		s.expect(o, outcome{Order: atTheDoor, Money: "by hand 845 taken", Labels: "1 sold", Tickets: "payment_issue solved needs_person"})
		s.refused(fault.Conflict, s.takeBackRefund(o, 0))
		s.refused(fault.Conflict, s.recordRefund(o, 0))
		s.after(time.Minute)
		s.goodwill(o)
		must(s.t, s.recordRefund(o, 1))
		s.refused(fault.Conflict, s.takeBackRefund(o, 1))
		s.after(time.Minute)
		s.refundAll(o)
		must(s.t, s.takeBackRefund(o, 2))
		s.wantCount(o, payment.EventRefundCanceled, 2)
		if sums := s.show(o.ID).Order.Sums; sums.Refunding != 0 || sums.Refunded != 10 {
			s.t.Errorf("the sums are %+v", sums)
		}
	}},
	{"a ticket's refund is taken back", config{policy: settings(manualGateway, gives(1000))}, func(s *shop) {
		o := s.paidElsewhere(cup())
		id := s.complain(o, support.Damaged, 1).ID
		s.wantTicket(id, support.OnHold, support.WillRefund)
		must(s.t, s.takeBackRefund(o, 0))
		s.wantTicket(id, support.Open, support.NeedsPerson)
	}},
	{"a refund that is owed can not be taken back", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		over := s.place(cup())
		s.record(over)
		s.cancel(over)
		s.refused(fault.Conflict, s.takeBackRefund(over, 0))
		q := pair()
		q.Reference.Number = "2"
		cut := s.place(q)
		s.record(cut)
		s.after(time.Minute)
		s.edit(cut, order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}})
		s.refused(fault.Conflict, s.takeBackRefund(cut, 0))
		sent := s.place(request(3, "CUP"))
		s.record(sent)
		s.after(time.Minute)
		s.leave(s.parcel(sent))
		s.arrive(s.parcel(sent))
		s.takeBack(s.sendBack(sent), shipping.Reception{})
		s.refused(fault.Conflict, s.takeBackRefund(sent, 0))
	}},
	{"a refund in advance for what has come back can not be taken back", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		o := s.place(cups(3))
		s.record(o)
		s.after(time.Minute)
		s.leave(s.parcel(o))
		s.refund(o, aCup)
		s.refund(o, aCup)
		s.arrive(s.parcel(o))
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{}) // for nothing: it was paid before
		must(s.t, s.takeBackRefund(o, 1))
		s.refused(fault.Conflict, s.takeBackRefund(o, 0))
	}},
	{"a refund at a gateway can not be taken back", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.goodwill(o)
		s.refused(fault.Conflict, s.takeBackRefund(o, 0))
		_, err := s.WithdrawRefund(s.t.Context(), person(""), o.ID, "rfd_none")
		s.refused(fault.NotFound, err)
	}},
	{"a refund that could not be written is recorded by a person", config{policy: byPerson}, func(s *shop) {
		o := s.arrivedByHand()
		s.goodwill(o)
		s.asks(s.claimStep(o, process.StepRefund, "made-up-lease")) // its answer is lost in a kill
		s.giveUp(o.ID)
		s.refused(fault.Conflict, s.recordRefund(o, 0)) // the gateway has made it
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "845 taken, 10 back", Labels: "1 sold", Tickets: "order_issue open step_stuck"})
		s.wantAttempts(o, attempt.Succeeded, attempt.Succeeded)
		s.refused(fault.Conflict, s.recordRefund(o, 0))
	}},
	{"a refund that was never made is recorded by a person", config{policy: byPerson}, func(s *shop) {
		o := s.arrivedByHand()
		s.goodwill(o)
		s.giveUp(o.ID)
		s.gateway.away = true
		s.refused(fault.Conflict, s.recordRefund(o, 0)) // it may have made it
		s.gateway.away = false
		s.gateway.lookup.say(gatewaySilent)
		s.refused(fault.Conflict, s.recordRefund(o, 0))
		must(s.t, s.recordRefund(o, 0))
		s.wantCount(o, payment.EventRefundSucceeded, 1)
	}},
	{"a person records a refund whose gateway is away for longer than its key lives", config{policy: byPerson}, func(s *shop) {
		o := s.arrivedByHand()
		s.goodwill(o)
		s.giveUp(o.ID)
		s.gateway.away = true
		s.after(60 * day)
		must(s.t, s.recordRefund(o, 0))
	}},
}

// arrivedByHand is an order that a person has handed over, and that has arrived.
func (s *shop) arrivedByHand() order.Order {
	s.t.Helper()
	o := s.place(cup())
	s.after(time.Minute)
	s.handOver(o, "")
	s.after(20 * day)
	s.wantStatus(o, order.Delivered)
	return o
}
