package process_test

import (
	"testing"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// raiseToHold has someone raise a ticket that holds its order.
func (s *shop) raiseToHold(o order.Order) support.Ticket {
	s.t.Helper()
	r, err := s.OpenTicket(s.t.Context(), process.Command{By: "agent:7"}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.WhereIsMyOrder, Body: "made up", Hold: true}})
	must(s.t, err)
	return r.Value
}

// paysLater is a shop that attempts what was declined for now again after a day,
// and after another.
func paysLater(p *policy.Policy) {
	p.PaymentRetries = policy.Schedule{policy.Duration(day), policy.Duration(day)}
}

// holdingScenarios are orders that tickets hold.
var holdingScenarios = []scenario{
	{"an address is wanted otherwise, and seen to", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raise(o, support.AddressChange)
		s.wantTicket(ticket.ID, support.Open, support.AddressToChange)
		s.wantHeld(o, "ticket")
		s.wantMatters(item(o, "held") + " held for 0s, 845GBP at risk, [compensate] solve the ticket that holds it")
		s.noRelease(o)
		s.after(10 * day)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Tickets: "address_change open address_to_change", Next: "await_handover held"})
		s.solve(ticket.ID)
		s.wantHeld(o, "")
		s.handOver(o, "")
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
		s.wantTicket(s.raise(o, support.AddressChange).ID, support.Solved, support.AddressTooLate)
	}},
	{"two tickets hold an order", config{}, func(s *shop) {
		o := s.place(cup())
		first, second := s.raiseToHold(o), s.raiseToHold(o)
		s.wantTicket(first.ID, support.Open, support.HoldsOrder)
		s.solve(first.ID)
		s.after(day)
		s.wantHeld(o, "ticket")
		s.solve(second.ID)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
		s.wantCount(o, order.EventHeld, 1)
		s.reply(second.ID, support.FromCustomer, support.Open)
		s.wantHeld(o, "")
	}},
	{"a ticket and a person hold an order", config{}, func(s *shop) {
		o := s.place(cup())
		ticket := s.raiseToHold(o)
		s.hold(o, "made_up")
		s.wantHeld(o, "made_up")
		_, err := s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.wantHeld(o, "ticket")
		s.hold(o, "made_up")
		s.solve(ticket.ID)
		s.wantHeld(o, "made_up")
		s.after(day)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: "where_is_my_order solved holds_order", Next: "authorise held"})
		s.release(o)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"goods are not found while a ticket holds the order", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		ticket := s.raiseToHold(o)
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "ticket", 1)
		s.solve(ticket.ID)
		s.wantMissing(o, "stock_missing", 1)
		s.receive("LAMP", "main", 1)
		s.release(o)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "9295 taken", Tickets: goesOn + ", where_is_my_order solved holds_order", Next: "await_handover"})
	}},
	{"goods are found again while a ticket holds the order", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		ticket := s.raiseToHold(o)
		must(s.t, s.recount("LAMP", "main", 0))
		s.receive("LAMP", "main", 1)
		s.solve(ticket.ID)
		s.wantMissing(o, "", 0)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "9295 taken", Tickets: "where_is_my_order solved holds_order", Next: "await_handover"})
	}},
	{"a ticket holds an order that is too late to cancel", config{policy: byPerson}, func(s *shop) {
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}})
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raiseToHold(o)
		s.cancel(o)
		s.wantHeld(o, "")
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantHeld(o, "ticket")
		s.solve(ticket.ID)
		s.handOver(o, "")
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"a ticket can not hold what is over", config{}, func(s *shop) {
		o := s.place(cup())
		s.after(14 * day)
		s.wantStatus(o, order.Delivered)
		_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Other, Body: "made up", Hold: true}})
		s.refused(fault.Conflict, err)
		if n := len(s.show(o.ID).Tickets); n != 0 {
			s.t.Errorf("there are %d tickets", n)
		}
	}},
	{"the customer has a declined payment attempted at once", config{policy: paysLater}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.wantAttempts(o, attempt.Declined, attempt.Open)
		ticket := s.raise(o, support.PaymentIssue)
		s.wantTicket(ticket.ID, support.OnHold, support.RetryingPayment)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: taken, Labels: "1 sold", Tickets: "payment_issue solved paid", Next: "track"})
		s.wantAttempts(o, attempt.Declined, attempt.Succeeded)
	}},
	{"a payment that is attempted at once is authorised", config{policy: settings(paysLater, onHandOver)}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raise(o, support.PaymentIssue)
		s.after(time.Minute)
		s.wantTicket(ticket.ID, support.Solved, support.WasPaid)
		s.wantCount(o, payment.EventAuthorised, 1)
	}},
	{"a payment that is attempted at once is declined again", config{policy: paysLater}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly, declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raise(o, support.PaymentIssue)
		s.after(time.Minute)
		s.wantTicket(ticket.ID, support.Solved, support.DeclinedAgain)
		s.gateway.authorise.say(declinedHard)
		last := s.raise(o, support.PaymentIssue)
		s.after(time.Minute)
		s.wantTicket(last.ID, support.Solved, support.WasDeclined)
		s.wantStatus(o, order.Failed)
	}},
	{"the customer asks about a payment that is held", config{policy: paysLater}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.wantTicket(s.raise(o, support.PaymentIssue).ID, support.Open, support.NeedsPerson)
		s.after(3 * day)
		s.wantAttempts(o, attempt.Declined, attempt.Open)
	}},
}

// TestATicketThatHoldsNamesItsOrder refuses to hold nothing.
func TestATicketThatHoldsNamesItsOrder(t *testing.T) {
	onShops(t, config{}, func(_ *testing.T, s *shop) {
		_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Category: support.Other, Body: "made up", Hold: true}})
		s.refused(fault.Invalid, err)
	})
}
