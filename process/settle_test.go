package process_test

import (
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// oddCups is an order of four cups, of which each comes to half a penny more than 5.49.
func oddCups() order.Request {
	q := cups(4)
	q.Shipping.Price = 398
	return q
}

// cutInVain takes a cup out of three, whose refund is given up. Where there is a label,
// it was given back meanwhile, and another one is bought.
func (s *shop) cutInVain() order.Order {
	s.t.Helper()
	o := s.place(cupsAndPot(3))
	s.after(time.Minute)
	s.gateway.refund.say(declinedHard)
	s.edit(o, fewer(2))
	s.after(time.Minute)
	s.failRefund(o, 0)
	return o
}

// wantGiven checks of which parts the order's nth refund is.
func (s *shop) wantGiven(o order.Order, n int, want ...payment.RefundLine) {
	s.t.Helper()
	v := s.show(o.ID)
	if got := v.Credits[v.Refunds[n].ID]; !slices.Equal(got, want) {
		s.t.Errorf("the refund is of %+v, not of %+v\n%s", got, want, timeline(v))
	}
}

// littleFor refunds units with what another refund of an amount leaves, which fails then.
func (s *shop) littleFor(o order.Order, amount int64) {
	s.t.Helper()
	s.gateway.refund.say(declinedHard)
	s.refund(o, order.CreditRequest{Amount: amount})
	s.refund(o, aCup)
	s.failRefund(o, 0)
}

// threeParcels is an order of four odd cups that has left in parcels of two, one and one:
// the first two are lost, and the third has arrived.
func (s *shop) threeParcels() (o order.Order, two, one shipping.Shipment) {
	s.t.Helper()
	must(s.t, s.recount("CUP", "main", 2))
	s.annex("CUP", 1)
	_, err := s.SetLocation(s.t.Context(), person(""), inventory.Location{ID: "third", Name: "Third", Country: "GB", Priority: 3})
	must(s.t, err)
	s.receive("CUP", "third", 1)
	o = s.place(oddCups())
	s.after(time.Second)
	s.leave(s.show(o.ID).Shipments...)
	two, one = s.from(o, "main"), s.from(o, "annex")
	s.arrive(s.from(o, "third"))
	s.report(two, shipping.Lost)
	s.after(time.Hour)
	s.report(one, shipping.Lost)
	return o, two, one
}

// noSkip wants it neither offered nor done to say that the money which went back before
// was for what is waited for.
func (s *shop) noSkip() {
	s.t.Helper()
	all, err := s.Attention(s.t.Context(), "", 10)
	must(s.t, err)
	for _, m := range all.Items {
		if m.Step == process.StepAwaitRemedy && slices.Contains(m.Ways, process.WaySkip) {
			s.t.Errorf("it is offered to skip %s", m.Item)
		}
	}
	_, err = s.Attend(s.t.Context(), person(""), process.WaySkip, "1001/await_remedy")
	s.refused(fault.Conflict, err)
}

// settleScenarios are the ways of money that came to nothing, or was too little, and of
// what is given in its place.
var settleScenarios = []scenario{
	{"an order is cancelled of which a cut's money did not go back", config{policy: settings(manualCarrier)}, func(s *shop) {
		o := s.cutInVain()
		s.cancel(o)
		s.after(time.Minute)
		s.wantGiven(o, 1, payment.RefundLine{Line: 1, Quantity: 3, Amount: 1509, Cause: o.ID}, payment.RefundLine{Line: 2, Quantity: 1, Amount: 2235, Cause: o.ID})
		s.wantFacets(o, order.Cancelled, order.StockReleased, order.FulfilmentNone)
	}},
	{"an order with a label is cancelled of which a cut's money did not go back", config{policy: byPerson}, func(s *shop) {
		o := s.cutInVain()
		s.cancel(o)
		s.after(time.Hour)
		s.wantFacets(o, order.Cancelled, order.StockReleased, order.FulfilmentNone)
		s.expectMoney(o, "3744 taken, 3744 back")
	}},
	{"the money of two cuts did not go back, and is given again at once", config{policy: byPerson}, func(s *shop) {
		o := s.cutInVain()
		s.gateway.refund.say(declinedHard)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.failRefund(o, 1)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 2}}})
		s.wantGiven(o, 2, payment.RefundLine{Line: 1, Quantity: 2, Amount: 1006, Cause: o.ID})
		s.trySolve(o)
	}},
	{"the money of a return did not stay, and two units are refunded", config{gateway: bouncing}, func(s *shop) {
		o := s.arrived(cups(3))
		r := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.after(9 * day)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 2}}})
		s.wantGiven(o, 1, payment.RefundLine{Line: 1, Quantity: 1, Amount: 582}, payment.RefundLine{Line: 1, Quantity: 1, Amount: 581, Cause: r.ID})
	}},
	{"the money of a return did not stay, and all is refunded", config{gateway: bouncing}, func(s *shop) {
		o := s.arrived(cups(3))
		r := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.after(9 * day)
		s.refund(o, order.CreditRequest{All: true})
		s.wantGiven(o, 1, payment.RefundLine{Line: 1, Quantity: 2, Amount: 1164}, payment.RefundLine{Line: 1, Quantity: 1, Amount: 581, Cause: r.ID})
	}},
	{"the money of a return did not stay, nor what of it was given again", config{gateway: bouncing}, func(s *shop) {
		o := s.arrived(cups(2))
		r := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.after(9 * day)
		s.refund(o, order.CreditRequest{Amount: 300})
		s.after(9 * day)
		s.refund(o, order.CreditRequest{Amount: 647})
		s.wantGiven(o, 2, payment.RefundLine{Line: 1, Quantity: 1, Amount: 647, Cause: r.ID})
	}},
	{"two lost parcels are refunded at once, and nothing is left over", config{policy: manualCarrier}, func(s *shop) {
		o, two, one := s.threeParcels()
		s.wantRemedy(o, two, one)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 3}}})
		s.wantRemedy(o)
		s.trySolve(o)
		s.after(90 * day)
		s.wantTickets(o, support.Open, 0)
		s.expectMoney(o, "2198 taken, 1648 back")
	}},
	{"a lost parcel was refunded with too little, and has the rest", config{policy: settings(manualCarrier, impatient)}, func(s *shop) {
		o, a, b := s.pair()
		s.leave(a, b)
		s.arrive(b)
		s.report(a, shipping.Lost)
		s.littleFor(o, 17000)
		s.wantGiven(o, 1, payment.RefundLine{Line: 1, Amount: 1195, Cause: a.ID})
		s.after(60 * day)
		s.noSkip()
		_, err := s.PreviewReship(s.t.Context(), o.ID, a.ID)
		s.refused(fault.Conflict, err)
		s.refund(o, aCup)
		s.wantGiven(o, 2, payment.RefundLine{Line: 1, Quantity: 1, Amount: 7902, Cause: a.ID})
		s.wantRemedy(o)
		s.refund(o, aCup) // as goodwill
		s.expectMoney(o, "18195 taken, 18195 back")
	}},
	{"a lost parcel was refunded with too little, and the rest was given without saying so", config{policy: settings(manualCarrier, impatient)}, func(s *shop) {
		o, a, b := s.pair()
		s.leave(a, b)
		s.refund(o, aCup)
		s.arrive(b)
		s.report(a, shipping.Lost)
		s.refund(o, order.CreditRequest{Amount: 3000})
		s.after(60 * day)
		s.wantRemedy(o, a)
		s.attend(process.WaySkip, "1001/await_remedy")
		s.wantRemedy(o)
	}},
	{"money goes back while goods are sent anew, which they are not after all", config{policy: manualCarrier}, func(s *shop) {
		o, two, one := s.threeParcels()
		s.receive("CUP", "main", 2)
		s.reship(two)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 3}}})
		s.wantRemedy(o)
		s.edit(o, notAnew(two))
		s.wantRemedy(o, two)
		s.wantGiven(o, 0, payment.RefundLine{Line: 1, Quantity: 1, Amount: 550}, // for what has arrived, perhaps
			payment.RefundLine{Line: 1, Quantity: 1, Amount: 549, Cause: one.ID}, payment.RefundLine{Line: 1, Quantity: 1, Amount: 549, Cause: two.ID})
		_, err := s.PreviewReship(s.t.Context(), o.ID, two.ID)
		s.refused(fault.Conflict, err)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1}}})
		s.wantRemedy(o)
	}},
	{"a unit was refunded with too little, and is taken out", config{policy: settings(byPerson, impatient)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.littleFor(o, 3200)
		if plan := s.edit(o, fewer(1)); plan.Refund != 482 {
			s.t.Errorf("%d are given back, not what is wanting of 511", plan.Refund)
		}
		s.after(time.Minute)
		s.wantGiven(o, 2, payment.RefundLine{Line: 1, Amount: 482, Cause: o.ID})
	}},
	{"a unit was refunded with too little, and comes back", config{policy: impatient}, func(s *shop) {
		o := s.arrived(cups(2))
		s.littleFor(o, 1200)
		r := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.wantGiven(o, 2, payment.RefundLine{Line: 1, Amount: 552, Cause: r.ID})
		s.wantTold(o, "for others that the customer has")
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: "1295 taken, 1295 back", Labels: "1 sold", Tickets: "order_issue open step_stuck, other open needs_person, payment_issue open needs_person"})
	}},
	{"a unit that was refunded with a penny too little comes back", config{}, func(s *shop) {
		o := s.arrived(cups(2))
		s.refund(o, order.CreditRequest{Amount: 1})
		s.gateway.refund.say(declinedHard)
		s.refund(o, order.CreditRequest{Amount: 1})
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1}}}) // 1293 for both
		s.failRefund(o, 1)
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{}) // the penny is there
		s.expectMoney(o, "1295 taken, 1294 back")
	}},
	{"units of odd pennies are taken out around a refund", config{policy: byPerson}, func(s *shop) {
		o := s.place(oddCups())
		s.after(time.Minute)
		s.edit(o, fewer(3))
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 2}}})
		s.edit(o, fewer(2))
		s.after(time.Minute)
		s.verify()
	}},
	{"a unit of odd pennies comes back between two that are taken out", config{policy: settings(manualCarrier)}, func(s *shop) {
		s.annex("CUP", 1)
		must(s.t, s.recount("CUP", "main", 3))
		o := s.place(oddCups())
		s.after(time.Second)
		s.leave(s.from(o, "annex"))
		s.arrive(s.from(o, "annex"))
		s.edit(o, fewer(3))
		s.after(time.Minute)
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.edit(o, fewer(2))
		s.after(time.Minute)
		s.expectMoney(o, "2198 taken, 1648 back")
		s.verify()
	}},
}
