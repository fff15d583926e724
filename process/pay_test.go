package process_test

import (
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/support"
)

const (
	shippedOnce = "shipped: left captured shipped"
	taken       = "845 taken"
	takenBack   = "845 taken, 845 back"
)

// underWay is an order that has come to the carrier without trouble.
var underWay = outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Next: "track"}

// unpaid is an order whose payment was declined for good.
var unpaid = outcome{Order: "failed payment_declined: released failed none"}

// payScenarios are the ways of an order up to its payment.
var payScenarios = []scenario{
	{"to the door", config{}, func(s *shop) {
		o := s.place(request(1, "CUP", "POT"))
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.wantLevel("CUP", 100, 1)
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: "2844 taken", Labels: "1 sold", Next: "track"})
		s.wantLevel("CUP", 99, 0)
		s.wantLevel("POT", 49, 0)
		s.after(14 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: "2844 taken", Labels: "1 sold"})
	}},
	{"out of stock", config{}, outOfStock},
	{"what is kept back is not sold", config{}, func(s *shop) {
		_, err := s.SetSafetyStock(s.t.Context(), person(""), "LAMP", "main", 1)
		must(s.t, err)
		o := s.place(request(1, "LAMP"))
		s.expect(o, outcome{Order: "failed out_of_stock: none due none"})
		s.wantLevel("LAMP", 1, 0)
	}},
	{"a bundle repeats an SKU", config{}, bundle},
	{"declined for good", config{}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodStolen))
		s.after(day)
		s.expect(o, unpaid)
		s.wantAttempts(o, attempt.Declined)
		s.wantLevel("CUP", 100, 0)
	}},
	{"declined for now, then paid", config{}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(4 * time.Minute)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.after(2 * time.Minute)
		s.expect(o, underWay)
		s.wantAttempts(o, attempt.Declined, attempt.Succeeded)
		s.wantCount(o, payment.EventDeclined, 1)
	}},
	{"declined for now too often", config{}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodInsufficientFunds))
		s.after(64 * time.Minute)
		s.wantStatus(o, order.Processed)
		s.after(2 * time.Minute)
		s.expect(o, unpaid)
		s.wantAttempts(o, attempt.Declined, attempt.Declined, attempt.Declined)
	}},
	{"silent after the charge", config{}, func(s *shop) { unknownOnce(s, gateway.MethodTimeoutAfterChargeOnce) }},
	{"silent before the charge", config{}, func(s *shop) { unknownOnce(s, gateway.MethodTimeoutBeforeChargeOnce) }},
	{"silent, then declined for good", config{}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent)
		o := s.place(paidWith(gateway.MethodFraud))
		s.after(time.Minute)
		s.expect(o, unpaid)
	}},
	{"not reached once", config{}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodUnreachableOnce))
		s.after(time.Minute)
		s.expect(o, underWay)
		s.wantAttempts(o, attempt.Succeeded)
		s.wantCount(o, payment.EventUnknown, 0)
	}},
	{"never reached", config{gateway: gateway.Config{Unreachable: 1}, policy: impatient}, func(s *shop) {
		o := s.place(cup())
		s.after(2 * day)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.wantAttempts(o, attempt.Open)
		s.after(3 * time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: "payment_issue open needs_person", Next: "authorise"})
	}},
	{"reached again after hours", config{policy: within(2 * time.Hour)}, func(s *shop) {
		s.gateway.authorise.say(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 60)...)
		o := s.place(cup())
		s.after(4 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Tickets: "payment_issue open needs_person", Labels: "1 sold"})
		s.wantAttempts(o, attempt.Succeeded)
	}},
	{"first asked late under its key, and never made", config{gateway: gateway.Config{KeyLife: 2 * time.Hour}}, func(s *shop) {
		s.gateway.authorise.say(slices.Concat(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 24),
			slices.Repeat([]reply[payment.Answer]{gatewaySilent}, 40))...)
		o := s.place(cup())
		s.after(3*time.Hour + 50*time.Minute) // the key may have been used first just before its end, and live on
		s.wantAttempts(o, attempt.Unknown)
		s.gateway.authorise.forget()
		s.after(20 * time.Minute)
		s.wantAttempts(o, attempt.Expired, attempt.Succeeded)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Next: "track"})
	}},
	{"tried again by a person", config{policy: impatient}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent, gatewaySilent, gatewaySilent)
		o := s.place(cup())
		s.after(time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: "order_issue open step_stuck", Next: "authorise stuck"})
		_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Tickets: "order_issue open step_stuck", Labels: "1 sold", Next: "track"})
		_, err = s.RetryStuck(s.t.Context(), person(""), o.ID)
		s.refused(fault.Conflict, err)
	}},
	{"always silent", config{gateway: gateway.Config{TimeoutAfter: 1}, policy: impatient}, func(s *shop) {
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "processed: reserved due none", Money: taken,
			Tickets: "order_issue open step_stuck", Next: "authorise stuck"})
		s.wantAttempts(o, attempt.Unknown)
		s.wantCount(o, payment.EventUnknown, 1)
	}},
	{"the key has expired, and nothing was charged",
		config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.gateway.authorise.say(gatewaySilent)
			o := s.place(cup())
			s.after(time.Hour)
			s.expect(o, underWay)
			s.wantAttempts(o, attempt.Expired, attempt.Succeeded)
		}},
	{"the key has expired, and it was charged",
		config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			o := s.place(paidWith(gateway.MethodTimeoutAfterChargeOnce))
			s.after(time.Hour)
			s.expect(o, underWay)
			s.wantAttempts(o, attempt.Succeeded)
		}},
	{"not reached before the key expired",
		config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.gateway.authorise.say(gatewayAway)
			o := s.place(cup())
			s.after(time.Hour)
			s.expect(o, underWay)
			s.wantAttempts(o, attempt.Expired, attempt.Succeeded)
		}},
	{"nothing to pay", config{}, func(s *shop) {
		o := s.place(free())
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Labels: "1 sold", Next: "track"})
	}},
	{"paid elsewhere", config{policy: manualGateway}, paidElsewhere},
	{"paid elsewhere, late", config{policy: settings(manualGateway, payWithin(60*day))}, paidLate},
	{"paid elsewhere, cancelled while it waits", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(day)
		s.cancel(o)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: o.Total})
		s.refused(fault.Conflict, err)
	}},
}

func outOfStock(s *shop) {
	q := request(1, "CUP", "LAMP")
	q.Lines[1].Quantity = 2
	r, err := s.Place(s.t.Context(), person(""), q)
	must(s.t, err)
	o, short := r.Value.Order, r.Value.Shortages
	if len(short) != 1 || short[0].SKU != "LAMP" || short[0].Wanted != 2 || short[0].Available != 1 {
		s.t.Errorf("short of %+v", short)
	}
	s.expect(o, outcome{Order: "failed out_of_stock: none due none"})
	s.wantLevel("CUP", 100, 0)
	s.wantLevel("LAMP", 1, 0)
	if ticket := s.raise(o, support.OrderIssue); ticket.Status != support.Solved || ticket.Reason != support.WasOutOfStock {
		s.t.Errorf("the ticket is %+v", ticket)
	}
	s.after(day)
	s.wantCount(o, payment.EventFailed, 0)
}

func bundle(s *shop) {
	q := request(1, "LAMP", "CUP", "LAMP")
	r, err := s.Place(s.t.Context(), person(""), q)
	must(s.t, err)
	if short := r.Value.Shortages; len(short) != 1 || short[0].Wanted != 2 {
		s.t.Errorf("short of %+v", short)
	}
	s.wantLevel("LAMP", 1, 0)
	q = request(2, "CUP", "CUP")
	q.Lines[0].Quantity, q.Lines[1].Quantity = 40, 60
	o := s.place(q)
	s.wantLevel("CUP", 100, 100)
	s.after(time.Minute)
	s.wantStatus(o, order.Shipped)
	s.wantLevel("CUP", 0, 0)
	s.wantStatus(s.place(request(3, "CUP")), order.Failed)
}

// unknownOnce is a gateway that gives no answer once: whatever it did then, it
// charges once.
func unknownOnce(s *shop, method string) {
	o := s.place(paidWith(method))
	s.after(0)
	if v := s.show(o.ID); v.Attempts[0].Status != attempt.Unknown {
		s.t.Fatalf("the attempt is %s\n%s", v.Attempts[0].Status, timeline(v))
	}
	s.wantStatus(o, order.Processed)
	s.after(time.Minute)
	s.expect(o, underWay)
	s.wantAttempts(o, attempt.Succeeded)
	s.wantCount(o, payment.EventUnknown, 1)
}

func free() order.Request {
	q, zero := cup(), int64(0)
	q.Lines[0].UnitPrice, q.Shipping.Price = &zero, 0
	return q
}

func paidElsewhere(s *shop) {
	o := s.place(cup())
	waiting := outcome{Order: "processed: reserved due none", Next: "await_payment"}
	s.expect(o, waiting)
	for _, wrong := range []payment.Record{{Reference: "", Amount: o.Total}, {Reference: "made up", Amount: o.Total - 1}} {
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, wrong)
		s.refused(fault.Invalid, err)
	}
	s.after(day)
	s.expect(o, waiting)
	s.record(o)
	_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "again", Amount: o.Total})
	s.refused(fault.Conflict, err)
	s.after(0)
	s.expect(o, outcome{Order: shippedOnce, Money: "by hand 845 taken", Labels: "1 sold", Next: "track"})
	s.wantAttempts(o, attempt.Succeeded)
}

// paidLate is a payment that a person is told of once, until they have seen to it.
func paidLate(s *shop) {
	o := s.place(cup())
	s.after(8 * day)
	late := outcome{Order: "processed: reserved due none", Tickets: "payment_issue open needs_person", Next: "await_payment"}
	s.expect(o, late)
	s.after(14 * day)
	s.expect(o, late)
	ticket := s.show(o.ID).Tickets[0]
	if ticket.OpenedBy != "process" {
		s.t.Errorf("the ticket was opened by %s", ticket.OpenedBy)
	}
	_, err := s.SolveTicket(s.t.Context(), person(""), ticket.ID, "They will pay tomorrow.")
	must(s.t, err)
	s.record(o)
	s.after(time.Minute)
	s.wantStatus(o, order.Shipped)
}
