package process_test

import (
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/support"
)

// payWithin is a shop that keeps stock for so long for an order that is not paid.
func payWithin(d time.Duration) func(*policy.Policy) {
	return func(p *policy.Policy) { p.PayWithin = policy.Duration(d) }
}

// notPaid is an order that was not paid in time.
var notPaid = outcome{Order: "failed payment_expired: released voided none"}

// expireScenarios are the ways of an order that is not paid for long.
var expireScenarios = []scenario{
	{"declined for now, and its time is over", config{policy: settings(retryAfter(3*day), payWithin(day))}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(23 * time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.after(time.Hour)
		s.expect(o, notPaid)
		s.wantAttempts(o, attempt.Declined, attempt.Withdrawn)
		s.wantLevel("CUP", 100, 0)
		if ticket := s.raise(o, support.OrderIssue); ticket.Status != support.Solved || ticket.Reason != support.WasNotPaid {
			s.t.Errorf("the ticket is %+v", ticket)
		}
		s.after(7 * day)
		s.wantCount(o, payment.EventSucceeded, 0)
	}},
	{"declined for now, then authorised in time", config{policy: settings(onHandOver, byPerson, payWithin(day))}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(2 * day)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
	}},
	{"its time is over while the gateway is away", config{policy: settings(retryAfter(20*time.Hour), payWithin(day))}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Hour)
		s.gateway.away = true
		s.after(30 * time.Hour)
		s.wantStatus(o, order.Processed)
		s.wantAttempts(o, attempt.Declined, attempt.Open)
		s.gateway.away = false
		s.after(10 * time.Minute)
		s.expect(o, underWay)
	}},
	{"its time is over while the gateway is left alone", config{policy: settings(retryAfter(3*day), payWithin(day))}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(23 * time.Hour)
		s.gateway.away = true
		other := s.place(request(2, "POT"))
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.gateway.away = false
		s.after(time.Hour)
		s.wantStatus(other, order.Shipped)
		s.expect(o, notPaid)
	}},
	{"its time is over while the outcome is unknown", config{policy: unknownAtTheEnd}, func(s *shop) {
		o := s.placeUnknown()
		s.after(time.Hour)
		s.expect(o, underWay)
	}},
	{"its time is over while a cancel waits", config{policy: unknownAtTheEnd}, func(s *shop) {
		o := s.placeUnknown()
		s.cancel(o)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"paid elsewhere, and its time is over", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(14*day - time.Minute)
		reminded := "payment_issue open needs_person"
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: reminded, Next: "await_payment"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: notPaid.Order, Tickets: reminded})
		s.wantLevel("CUP", 100, 0)
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: o.Total})
		s.refused(fault.Conflict, err)
	}},
}

// unknownAtTheEnd is a shop that asks again every two minutes, also about the
// attempt that it makes just before an order's time is over.
func unknownAtTheEnd(p *policy.Policy) {
	settings(slow, retryAfter(12*time.Hour), payWithin(12*time.Hour+5*time.Minute))(p)
}

// placeUnknown places an order and comes to just before its time is over.
func (s *shop) placeUnknown() order.Order {
	s.t.Helper()
	s.gateway.authorise.say(append([]reply[payment.Answer]{declinedSoftly}, slices.Repeat([]reply[payment.Answer]{gatewayLost}, 4)...)...)
	o := s.place(cup())
	s.after(12*time.Hour + 4*time.Minute)
	s.wantAttempts(o, attempt.Declined, attempt.Unknown)
	return o
}
