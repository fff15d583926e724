package process_test

import (
	"context"
	"errors"
	"time"

	"doorstep/attempt"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
)

const (
	givenBack = "payment_issue open needs_person"
	stuckAnd  = "order_issue open step_stuck, " + givenBack
	neverPaid = "cancelled: released voided none"
)

// strayScenarios are the ways of money that comes when no one waits for it any
// more.
var strayScenarios = []scenario{
	{"charged after it was given up", config{}, func(s *shop) {
		o, late := s.withdrawn()
		s.expect(o, outcome{Order: neverPaid, Money: taken})
		s.tooLate(late...)
		s.expect(o, outcome{Order: neverPaid, Money: taken, Tickets: givenBack, Next: "undo_charge"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack})
		s.wantCount(o, process.EventStray, 1)
		s.wantCount(o, process.EventUndone, 1)
	}},
	{"authorised after it was given up", config{policy: onHandOver}, func(s *shop) {
		o, late := s.withdrawn()
		s.expect(o, outcome{Order: neverPaid, Money: "845 held"})
		s.tooLate(late...)
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: "void", Tickets: givenBack})
	}},
	{"a node dies when it has given a charge back", config{}, func(s *shop) {
		o, late := s.withdrawn()
		s.tooLate(late...)
		s.asks(s.claimStep(o, process.StepUndo, "d.1")) // and no one writes down what it was answered
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack, Next: "undo_charge"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack})
	}},
	{"both attempts were charged after all", config{}, func(s *shop) {
		o := s.place(cup())
		first := s.asks(s.claimStep(o, process.StepAuthorise, "a.1"))
		s.gateway.authorise.say(declinedSoftly)
		must(s.t, s.asks(s.claimStep(o, process.StepAuthorise, "b.1"))(s.t.Context()))
		second := s.asks(s.claimStep(o, process.StepAuthorise, "c.1"))
		s.claimStep(o, process.StepAuthorise, "")
		s.cancel(o)
		s.wantAttempts(o, attempt.Declined, attempt.Withdrawn)
		s.tooLate(first, second)
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack + ", " + takenBack, Tickets: givenBack + ", " + givenBack})
	}},
	{"a late answer to an attempt that is the order's own", config{}, func(s *shop) {
		o := s.place(cup())
		late := s.asks(s.claimStep(o, process.StepAuthorise, "a.1"))
		s.claimStep(o, process.StepAuthorise, "")
		s.after(time.Minute)
		s.tooLate(late)
		s.expect(o, underWay)
	}},
	{"a late answer that names the charge of another attempt", config{}, func(s *shop) {
		same := reply[payment.Answer]{answer: payment.Answer{Result: payment.Succeeded, Ref: "made up"}}
		s.gateway.authorise.say(same, declinedSoftly, same)
		o := s.place(cup())
		late := s.asks(s.claimStep(o, process.StepAuthorise, "a.1"))
		must(s.t, s.asks(s.claimStep(o, process.StepAuthorise, "b.1"))(s.t.Context()))
		s.after(10 * time.Minute)
		s.tooLate(late)
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Labels: "1 sold", Next: "track"})
	}},
	{"it can not be given back", config{}, func(s *shop) {
		o, late := s.withdrawn()
		s.tooLate(late...)
		s.gateway.refund.say(gatewaySilent, declinedSoftly, declinedHard)
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: neverPaid, Money: taken, Tickets: stuckAnd, Next: "undo_charge stuck"})
		_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: stuckAnd})
	}},
	{"it can not be given back for days", config{policy: within(2 * time.Hour)}, func(s *shop) {
		o, late := s.withdrawn()
		s.tooLate(late...)
		s.solveAll(o)
		s.gateway.away = true
		s.after(3 * time.Hour)
		s.gateway.away = false
		s.after(time.Hour)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack + ", payment_issue solved needs_person"})
	}},
	{"the gateway contradicts itself, and the order is cancelled", config{gateway: shortKeys, policy: slow}, func(s *shop) {
		o := s.denied()
		s.cancel(o)
		s.after(75 * time.Second)
		s.wantAttempts(o, attempt.Expired)
		s.after(time.Minute)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack})
	}},
	{"the gateway contradicts itself, and the order has failed", config{gateway: shortKeys, policy: slow}, func(s *shop) {
		o := s.denied()
		s.gateway.authorise.say(declinedHard)
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: unpaid.Order, Money: takenBack, Tickets: givenBack})
	}},
	{"the gateway does not say whether it contradicts itself", config{gateway: shortKeys, policy: settings(slow, impatient)}, func(s *shop) {
		o := s.denied()
		s.cancel(o)
		s.gateway.lookup.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(time.Hour)
		s.expect(o, outcome{Order: neverPaid, Money: taken, Tickets: "order_issue open step_stuck", Next: "look_again stuck"})
	}},
	{"the gateway is away when it is asked once more", config{gateway: shortKeys, policy: settings(slow, within(2*time.Hour))}, func(s *shop) {
		o := s.denied()
		s.cancel(o)
		s.after(75 * time.Second)
		s.gateway.away = true
		s.after(3 * time.Hour)
		s.expect(o, outcome{Order: neverPaid, Money: taken, Tickets: givenBack, Next: "look_again"})
		s.gateway.away = false
		s.after(time.Hour)
		s.expect(o, outcome{Order: neverPaid, Money: takenBack, Tickets: givenBack + ", " + givenBack})
	}},
}

// shortKeys is a gateway whose keys live so short that it is looked up soon.
var shortKeys = gateway.Config{KeyLife: 10 * time.Second}

// withdrawn is an order that was cancelled while no one knew that two nodes,
// whose leases have ended, are still being answered.
func (s *shop) withdrawn() (order.Order, []func(context.Context) error) {
	s.t.Helper()
	o := s.place(cup())
	late := []func(context.Context) error{
		s.asks(s.claimStep(o, process.StepAuthorise, "a.1")), s.asks(s.claimStep(o, process.StepAuthorise, "b.1")),
	}
	s.gateway.authorise.say(gatewayAway)
	must(s.t, s.asks(s.claimStep(o, process.StepAuthorise, "c.1"))(s.t.Context()))
	s.cancel(o)
	s.wantAttempts(o, attempt.Withdrawn)
	return o, late
}

// tooLate has answers come to nodes which have lost their leases.
func (s *shop) tooLate(answers ...func(context.Context) error) {
	s.t.Helper()
	for _, settle := range answers {
		if err := settle(s.t.Context()); !errors.Is(err, work.ErrLeaseLost) || err.Error() != work.ErrLeaseLost.Error() {
			s.t.Fatalf("the answer is %v", err)
		}
	}
}

// denied is an order whose charge the gateway will deny when it is looked up first.
func (s *shop) denied() order.Order {
	s.t.Helper()
	s.gateway.authorise.say(gatewayLost)
	s.gateway.lookup.say(gatewayDenies)
	o := s.place(cup())
	s.after(time.Second)
	s.wantAttempts(o, attempt.Unknown)
	return o
}
