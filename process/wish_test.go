package process_test

import (
	"strings"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// wishes has the customer write that the order is to go elsewhere.
func (s *shop) wishes(o order.Order, postalCode string, change ...func(*order.Address)) support.Ticket {
	s.t.Helper()
	to := *elsewhere(postalCode).ShipTo
	for _, c := range change {
		c(&to)
	}
	r, err := s.OpenTicket(s.t.Context(), process.Command{By: "customer"}, process.TicketRequest{ShipTo: &to,
		Request: support.Request{Order: o.ID, Category: support.AddressChange, Body: "made up"}})
	must(s.t, err)
	return r.Value
}

func (s *shop) wantAddress(o order.Order, want string) {
	s.t.Helper()
	if to := s.show(o.ID).Contact.ShipTo; to.PostalCode != want {
		s.t.Errorf("it goes to %+v, not to %s", to, want)
	}
}

// otherCountry is an address in another country.
func otherCountry(to *order.Address) { to.Country = "FR" }

// wishScenarios are the ways of tickets that want another address.
var wishScenarios = []scenario{
	{"a customer has the address changed", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		s.wantTicket(id, support.OnHold, support.ChangingAddress)
		s.decided(id, support.Decision{Act: support.ChangeAddress, Reason: support.ChangingAddress}, "process")
		if s.ticket(id).ShipTo == nil {
			s.t.Error("the ticket does not say which address it wants")
		}
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "2 sold, 1 void",
			Tickets: "address_change solved address_changed", Next: "await_handover"})
		s.wantAddress(o, "SA1 1AB")
		if s.ticket(id).ShipTo != nil {
			s.t.Error("a solved ticket keeps an address")
		}
		s.wantTicket(s.wishes(o, "SA1 1AB").ID, support.Solved, support.AddressSame)
		s.after(time.Hour)
		s.wantCount(o, shipping.EventLabelBought, 2)
		if written := string(s.written()); strings.Contains(written, "SA1 1AB") {
			s.t.Error("an event tells the address")
		}
	}},
	{"the address is changed before anything was asked", config{policy: settings(byPerson, manualGateway)}, func(s *shop) {
		o := s.place(cup())
		s.wantTicket(s.wishes(o, "SA1 1AB").ID, support.Solved, support.AddressChanged)
		s.wantAddress(o, "SA1 1AB")
	}},
	{"too late for the address that a ticket wants", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(11 * time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		s.wantTicket(id, support.OnHold, support.ChangingAddress)
		s.after(5 * time.Hour)
		s.wantTicket(id, support.Solved, support.AddressTooLate)
		s.wantAddress(o, "SA1 1AA")
	}},
	{"an order is cancelled while a ticket has its address changed", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		s.wantTicket(id, support.OnHold, support.ChangingAddress)
		s.cancel(o)
		s.wantTicket(id, support.OnHold, support.IsCancelling)
		s.after(time.Hour)
		s.wantStatus(o, order.Cancelled)
		if got := s.ticket(id); got.Ticket.Status.Unsolved() || got.ShipTo != nil {
			s.t.Errorf("of a cancelled order, the ticket is %+v", got)
		}
		s.wantAddress(o, "SA1 1AA")
	}},
	{"a cancel is refused of an order of which a ticket had the address changed", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(11 * time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		s.cancel(o)
		s.wantTicket(id, support.OnHold, support.IsCancelling)
		s.after(5 * time.Hour)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantTicket(id, support.Solved, support.AddressTooLate)
		s.wantAddress(o, "SA1 1AA")
	}},
	{"a person withdraws the change that a ticket wants", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		_, err := s.WithdrawEdit(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.wantTicket(id, support.Open, support.AddressRefused)
		s.after(time.Hour)
		s.wantAddress(o, "SA1 1AA")
	}},
	{"the label is not given back for another address", config{policy: settings(byPerson, impatient)}, func(s *shop) {
		s.carrier.void.say(voidSilent, voidSilent, voidSilent)
		o := s.place(cup())
		s.after(time.Hour)
		id := s.wishes(o, "SA1 1AB").ID
		s.after(time.Hour)
		s.wantTicket(id, support.Open, support.StepStuck)
	}},
	{"another country is left to a person", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		id := s.wishes(o, "SA1 1AB", otherCountry).ID
		s.wantTicket(id, support.Open, support.AddressToChange)
		s.wantHeld(o, "ticket")
		s.edit(o, elsewhere("SA1 1AC"))
		s.after(time.Hour)
		s.solve(id)
		s.wantHeld(o, "")
		s.wantAddress(o, "SA1 1AC")
	}},
	{"the address of an order that is held is left to a person", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.hold(o, "made_up")
		s.wantTicket(s.wishes(o, "SA1 1AB").ID, support.Open, support.AddressToChange)
		s.after(time.Hour)
		s.wantAddress(o, "SA1 1AA")
	}},
	{"the address of an old order is left to a person", config{policy: settings(manualCarrier, func(p *policy.Policy) { p.TicketLimits.OrderAge = policy.Duration(day) })}, func(s *shop) {
		o := s.place(cup())
		s.after(2 * day)
		s.wantTicket(s.wishes(o, "SA1 1AB").ID, support.Open, support.AddressToChange)
	}},
	{"an order that goes there already is not packed anew", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		same := cup().ShipTo
		s.noEdit(o, order.Edit{ShipTo: &same}, fault.Conflict)
		q := order.Edit{ShipTo: &same, Method: "express"}
		s.edit(o, q)
		s.after(time.Hour)
		s.wantCount(o, shipping.EventLabelBought, 2)
	}},
}

// returnsFirst is a shop that has what is wrong sent back before it gives money back.
func returnsFirst(p *policy.Policy) { p.OnComplaint = policy.OnComplaintReturn }

// wantBackScenarios are the ways of tickets that have something sent back.
var wantBackScenarios = []scenario{
	{"what is broken is sent back first", config{policy: returnsFirst}, func(s *shop) {
		o := s.arrived(pair())
		id := s.complain(o, support.Damaged, 1).ID
		s.wantTicket(id, support.OnHold, support.MaySendBack)
		s.decided(id, support.Decision{Act: support.SendBack, Reason: support.MaySendBack}, "process")
		back := s.waitedFor(o)
		if back.Units != 1 || back.Reason != "damaged" || s.ticket(id).Ticket.Remedy != back.ID {
			s.t.Errorf("the return is %+v", back)
		}
		s.after(day)
		s.takeBack(back, shipping.Reception{})
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "1295 taken, 647 back", Labels: "1 sold", Tickets: "damaged solved money_back"})
		s.wantTicket(s.complain(o, support.WrongItem, 2).ID, support.Open, support.NeedsPerson)
	}},
	{"a customer sends all of it back", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.raise(o, support.ReturnRequest).ID
		s.wantTicket(id, support.OnHold, support.MaySendBack)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.wantTicket(id, support.Solved, support.MoneyBack)
		s.wantStatus(o, order.Returned)
		s.wantTicket(s.raise(o, support.ReturnRequest).ID, support.Open, support.NeedsPerson)
	}},
	{"nothing comes of what a ticket has sent back", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.raise(o, support.ReturnRequest).ID
		s.after(31 * day)
		s.wantTicket(id, support.Solved, support.NothingCame)
		s.wantTicket(s.raise(o, support.ReturnRequest).ID, support.Open, support.ReturnTooLate)
	}},
	{"a person cancels the return that a ticket waits for", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.raise(o, support.ReturnRequest).ID
		_, err := s.CancelReturn(s.t.Context(), person(""), o.ID, s.waitedFor(o).ID)
		must(s.t, err)
		s.wantTicket(id, support.Solved, support.ReturnOver)
	}},
	{"a person decides about the money for what a ticket has sent back", config{policy: asksAboutReturns}, func(s *shop) {
		o := s.arrived(cup())
		id := s.raise(o, support.ReturnRequest).ID
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.wantTicket(id, support.Open, support.NeedsPerson)
	}},
	{"the money for what was sent back is not there yet", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.record(o)
		s.after(20 * day)
		id := s.raise(o, support.ReturnRequest).ID
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.wantTicket(id, support.OnHold, support.WillRefund)
		f := s.show(o.ID).Refunds[0]
		_, err := s.RecordRefund(s.t.Context(), person(""), o.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount})
		must(s.t, err)
		s.wantTicket(id, support.Solved, support.MoneyBack)
	}},
	{"what is broken came too long ago", config{policy: settings(returnsFirst, gives(1000))}, func(s *shop) {
		o := s.arrived(cup())
		s.after(40 * day)
		s.wantTicket(s.complain(o, support.Damaged, 1).ID, support.Open, support.ReturnTooLate)
		s.wantCount(o, payment.EventRefundOpened, 0)
	}},
	{"what is to be sent back has not arrived", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.wantTicket(s.raise(o, support.ReturnRequest).ID, support.Open, support.NeedsPerson)
		s.handOver(o, "")
		s.after(time.Hour)
		s.wantTicket(s.raise(o, support.ReturnRequest).ID, support.Solved, support.ReturnNotYet)
	}},
	{"what was proposed is to be sent back first by now", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.complain(o, support.Damaged, 1).ID
		s.change(returnsFirst)
		s.refused(fault.Conflict, s.approve(id, "agent:8"))
		s.wantTicket(id, support.Open, support.NeedsPerson)
		s.wantCount(o, shipping.EventReturnAuthorised, 0)
	}},
}

// TestATicketWantsTheAddressOfItsOrder refuses an address that belongs nowhere, and one
// that is none.
func TestATicketWantsTheAddressOfItsOrder(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		to := o.ID
		good := *elsewhere("SA1 1AB").ShipTo
		for _, q := range []process.TicketRequest{
			{Request: support.Request{Category: support.AddressChange, Body: "made up"}, ShipTo: &good},
			{Request: support.Request{Order: to, Category: support.Other, Body: "made up"}, ShipTo: &good},
			{Request: support.Request{Order: to, Category: support.AddressChange, Body: "made up"}, ShipTo: &order.Address{Name: "Made Up"}},
		} {
			_, err := s.OpenTicket(t.Context(), person(""), q)
			s.refused(fault.Invalid, err)
		}
	})
}
