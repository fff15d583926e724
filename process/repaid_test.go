package process_test

import (
	"slices"
	"time"

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

// bouncesLate is a gateway from whose refunds the money comes back after three days.
var bouncesLate = gateway.Config{RefundBounceRate: 1, RefundBounceAfter: 3 * day}

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
