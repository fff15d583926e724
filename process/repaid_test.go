package process_test

import (
	"slices"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// wantRemedy checks which of an order's parcels are waited for because something of
// them is missed.
func (s *shop) wantRemedy(o order.Order, want ...shipping.Shipment) {
	s.t.Helper()
	var got, ids []string
	for _, it := range s.items(o) {
		if it.Step == string(process.StepAwaitRemedy) {
			got = append(got, it.Subject)
		}
	}
	for _, p := range want {
		ids = append(ids, p.ID)
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		s.t.Fatalf("waited for are %v, not %v\n%s", got, ids, timeline(s.show(o.ID)))
	}
}

// potApart is an order of a cup and a pot that have left in parcels of their own, and
// the pot's parcel.
func (s *shop) potApart() (order.Order, shipping.Shipment) {
	s.t.Helper()
	s.annex("POT", 10)
	must(s.t, s.recount("POT", "main", 0))
	o := s.place(request(1, "CUP", "POT"))
	if s.show(o.ID).Payments[0].Gateway == payment.Manual {
		s.record(o)
	}
	s.after(time.Second)
	s.leave(s.show(o.ID).Shipments...)
	return o, s.from(o, "annex")
}

// wantTold checks that a ticket which a person has to see to says so.
func (s *shop) wantTold(o order.Order, what string) {
	s.t.Helper()
	for _, t := range s.show(o.ID).Tickets {
		if t.Status == support.Open && slices.ContainsFunc(s.ticket(t.ID).Messages, func(m support.Message) bool { return strings.Contains(m.Body, what) }) {
			return
		}
	}
	s.t.Errorf("no one is told %q\n%s", what, timeline(s.show(o.ID)))
}

// bouncesLate is a gateway from whose refunds the money comes back after three days.
var bouncesLate = gateway.Config{RefundBounceRate: 1, RefundBounceAfter: 3 * day}

// loseBoth places an order that leaves in two parcels, one with a cup and a pot and one
// with a cup, which are lost one after the other.
func (s *shop) loseBoth() (o order.Order, mixed, single shipping.Shipment) {
	s.t.Helper()
	s.annex("POT", 10)
	s.annex("CUP", 1)
	must(s.t, s.recount("CUP", "main", 1))
	must(s.t, s.recount("POT", "main", 0))
	o = s.place(cupsAndPot(2))
	s.after(time.Second)
	s.leave(s.show(o.ID).Shipments...)
	mixed, single = s.from(o, "annex"), s.from(o, "main")
	s.report(mixed, shipping.Lost)
	s.after(time.Hour)
	s.report(single, shipping.Lost)
	return o, mixed, single
}

// paysBack is a shop that gives the money back for what is lost or damaged.
func paysBack(p *policy.Policy) { p.OnLost = policy.OnLostRefund }

// byRuleScenarios are the ways of parcels whose money policy has given back.
var byRuleScenarios = []scenario{
	{"lost, and refunded by itself", config{policy: paysBack}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.Failure, shipping.DetailLost)
		s.after(7 * time.Hour)
		s.expect(o, outcome{Order: "shipped: left refunded lost", Money: takenBack, Labels: "1 sold", Next: "track"})
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.ParcelRefunded)
		s.scan(p, shipping.Delivered, "")
		s.after(8 * day)
		s.wantTold(o, "for nothing")
	}},
	{"one of two parcels is lost, and refunded by itself", config{policy: settings(paysBack, manualCarrier)}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(second)
		s.report(first, shipping.Lost)
		s.after(time.Minute)
		v := s.show(o.ID)
		half := v.Lines[0].UpTo(1)
		s.expectMoney(o, takenAndBack(v.Order.Total, half))
		s.wantRemedy(o)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
	}},
	{"lost, its refund is taken back, and it is damaged", config{policy: settings(paysBack, manualGateway)}, func(s *shop) {
		o := s.place(cup())
		s.record(o)
		s.after(time.Minute)
		p := s.parcel(o)
		s.report(p, shipping.Lost)
		s.wantRemedy(o, p)
		must(s.t, s.takeBackRefund(o, 0))
		s.wantRemedy(o, p)
		s.find(p)
		s.report(p, shipping.Damaged)
		s.after(time.Minute)
		if n := len(s.show(o.ID).Refunds); n != 1 {
			s.t.Errorf("there are %d refunds", n)
		}
		s.wantTold(o, "Have its goods reshipped, or give the money back.")
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"lost, and its money comes back to the shop", config{gateway: bouncesLate, policy: paysBack}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.wantRemedy(o)
		s.after(8 * day)
		s.wantCount(o, payment.EventRefundFailed, 1)
		s.wantCount(o, payment.EventRefundOpened, 1)
		s.wantRemedy(o, p)
		if s.show(o.ID).Order.OpenTickets == 0 {
			s.t.Error("no one is told")
		}
	}},
	{"lost, and there is no money to give back", config{policy: paysBack}, func(s *shop) {
		o, p := s.unseen(free())
		s.report(p, shipping.Lost)
		s.wantTold(o, "not given back by itself: there is nothing to pay")
		s.wantRemedy(o, p)
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"lost after a unit was refunded, and not refunded by itself", config{policy: settings(paysBack, manualCarrier)}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(second)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		s.report(first, shipping.Lost)
		s.after(time.Minute)
		s.wantCount(o, payment.EventRefundOpened, 1)
		s.wantTold(o, "money had gone back before")
	}},
	{"both of two parcels are astray, and refunded by themselves", config{policy: settings(paysBack, manualCarrier)}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.report(first, shipping.Lost)
		s.after(time.Minute)
		s.leave(second)
		s.report(second, shipping.Damaged)
		s.after(time.Minute)
		s.expectMoney(o, takenAndBack(o.Total, o.Total))
		s.wantRemedy(o)
	}},
}

// repaidScenarios are the ways of parcels that do not arrive and whose money goes
// back.
var repaidScenarios = []scenario{
	{"a lost parcel's money goes back, and comes back to the shop", config{gateway: bouncesLate}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.wantRemedy(o, p)
		s.refund(o, order.CreditRequest{All: true})
		s.wantRemedy(o)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.ParcelRefunded)
		s.after(8 * day)
		s.wantCount(o, payment.EventRefundFailed, 1)
		s.wantRemedy(o, p)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Open, support.NotArriving)
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"a lost parcel of what cost nothing is missed", config{}, func(s *shop) {
		o, p := s.unseen(free())
		s.report(p, shipping.Lost)
		s.wantRemedy(o, p)
		s.verify()
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"one of two lost parcels is refunded", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.after(time.Hour)
		s.report(second, shipping.Damaged)
		s.goodwill(o)
		s.wantRemedy(o, first, second)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		s.wantRemedy(o, second)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Open, support.NotArriving)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		s.wantRemedy(o)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.after(60 * day)
		s.wantRemedy(o)
	}},
	{"the money of a parcel is on its way back", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.record(o)
		s.after(time.Minute)
		p := s.parcel(o)
		s.report(p, shipping.Damaged)
		s.refundAll(o)
		s.wantRemedy(o, p)
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.wantTicket(id, support.OnHold, support.ParcelRefunding)
		s.after(8 * day)
		f := s.show(o.ID).Refunds[0]
		_, err := s.RecordRefund(s.t.Context(), person(""), o.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount})
		must(s.t, err)
		s.wantRemedy(o)
		s.wantTicket(id, support.Solved, support.ParcelRefunded)
	}},
	{"a parcel is lost whose money has gone back", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.refund(o, order.CreditRequest{All: true})
		s.report(p, shipping.Lost)
		s.wantRemedy(o)
	}},
	{"a parcel is lost whose line was refunded", config{policy: settings(manualCarrier, sendsAnew)}, func(s *shop) {
		o, p := s.potApart()
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 2, Quantity: 1}}})
		s.report(p, shipping.Lost)
		s.wantCount(o, shipping.EventReplaced, 0)
		s.wantRemedy(o)
		s.after(5 * day)
		s.expect(o, outcome{Order: "shipped: left partly_refunded lost", Money: "2844 taken, 2321 back", Tickets: "where_is_my_order solved parcel_refunded", Next: "await_delivery"})
	}},
	{"a refunded parcel is not sent anew by a person", config{policy: settings(manualCarrier, manualGateway)}, func(s *shop) {
		o, p := s.potApart()
		s.report(p, shipping.Lost)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 2, Quantity: 1}}}) // which is pending
		_, err := s.PreviewReship(s.t.Context(), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		_, err = s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		must(s.t, s.takeBackRefund(o, 0))
		s.wantReship(p, 1, 0)
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"some of what a lost parcel held was refunded", config{policy: settings(manualCarrier, sendsAnew, gives(20_000))}, func(s *shop) {
		o := s.place(request(1, "CUP", "POT"))
		s.after(time.Second)
		p := s.parcel(o)
		s.leave(p)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 2, Quantity: 1}}})
		s.report(p, shipping.Lost)
		s.wantCount(o, shipping.EventReplaced, 0)
		s.wantTold(o, "Give the rest back")
		s.wantRemedy(o, p)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Open, support.NotArriving)
		s.refund(o, aCup)
		s.wantRemedy(o)
		s.expect(o, outcome{Order: "shipped: left refunded lost", Money: "2844 taken, 2844 back",
			Tickets: "where_is_my_order open not_arriving, where_is_my_order open not_arriving"})
	}},
	{"one unit of a lost parcel was refunded", config{policy: settings(manualCarrier, manualGateway)}, func(s *shop) {
		o := s.place(cups(2))
		s.record(o)
		s.after(time.Second)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.refund(o, aCup) // which is pending
		for _, reship := range []func() error{
			func() error { _, err := s.PreviewReship(s.t.Context(), o.ID, p.ID); return err },
			func() error { _, err := s.Reship(s.t.Context(), person(""), o.ID, p.ID); return err },
		} {
			if err := reship(); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "give the rest back") {
				s.t.Errorf("it is sent anew: %v", err)
			}
		}
		must(s.t, s.takeBackRefund(o, 0))
		s.reship(p)
		s.wantRemedy(o)
	}},
	{"of two lost parcels the smaller one is refunded", config{policy: manualCarrier}, func(s *shop) {
		o, mixed, single := s.loseBoth()
		s.refund(o, aCup)
		s.wantRemedy(o, mixed)
		_, err := s.Reship(s.t.Context(), person(""), o.ID, single.ID)
		s.refused(fault.Conflict, err)
		s.annex("CUP", 1)
		s.reship(mixed)
		s.wantRemedy(o)
	}},
	{"a refunded parcel turns up", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.refundAll(o)
		s.solveAll(o)
		s.find(p)
		s.wantTold(o, "for nothing")
		s.solveAll(o)
		s.arrive(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "delivered: left refunded delivered", Money: takenBack, Tickets: "other solved needs_person, where_is_my_order solved not_arriving"})
	}},
	{"a parcel that a ticket has refunded arrives", config{policy: settings(manualCarrier, gives(5000), sendsAnew)}, func(s *shop) {
		must(s.t, s.recount("CUP", "main", 1))
		o := s.place(cup())
		s.after(time.Second)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.raise(o, support.WhereIsMyOrder)
		s.after(time.Minute)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.raise(o, support.Other)
		s.arrive(p)
		s.wantStatus(o, order.Delivered)
		s.wantTold(o, "for nothing") // in the ticket at which a person is
		if n := len(s.show(o.ID).Tickets); n != 3 {
			s.t.Errorf("there are %d tickets", n)
		}
	}},
	{"of two lost parcels the second is sent anew", config{policy: settings(manualCarrier, gives(20_000))}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.after(time.Hour)
		s.report(second, shipping.Lost)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		s.annex("LAMP", 1)
		s.change(func(p *policy.Policy) { p.OnLost = policy.OnLostReship })
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.wantTicket(id, support.Solved, support.BeingSentAnew)
		if got := s.ticket(id).Ticket.Remedy; got != second.ID {
			s.t.Errorf("%s was sent anew, not %s", got, second.ID)
		}
	}},
}
