package process_test

import (
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// cupsAndPot is an order of so many cups, 4.50 each, and a pot, 19.99; 3.95 for shipping.
func cupsAndPot(n int64) order.Request {
	q := request(1, "CUP", "POT")
	q.Lines[0].Quantity = n
	return q
}

// fewer is a change that leaves so many cups.
func fewer(n int64) order.Edit { return order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: n}}} }

// elsewhere is a change of the address, which is made up.
func elsewhere(postalCode string) order.Edit {
	to := cup().ShipTo
	to.Line1, to.PostalCode = "2 Sample Street", postalCode
	return order.Edit{ShipTo: &to}
}

func beside(sku string, n int64) order.Edit {
	return order.Edit{Add: []order.LineRequest{{SKU: sku, Quantity: n}}}
}

// edit changes an order as it was previewed.
func (s *shop) edit(o order.Order, q order.Edit) process.EditPlan {
	s.t.Helper()
	plan, err := s.PreviewEdit(s.t.Context(), o.ID, q)
	must(s.t, err)
	r, err := s.Edit(s.t.Context(), person("").At(plan.Version), o.ID, q)
	must(s.t, err)
	if waits := r.Value.End == order.EndChanging; waits != plan.Waits {
		s.t.Errorf("the preview says that it waits: %t; it does: %t", plan.Waits, waits)
	}
	return plan
}

// noEdit has a change refused, in its preview too.
func (s *shop) noEdit(o order.Order, q order.Edit, code fault.Code) {
	s.t.Helper()
	_, err := s.PreviewEdit(s.t.Context(), o.ID, q)
	s.refused(code, err)
	_, err = s.Edit(s.t.Context(), person(""), o.ID, q)
	s.refused(code, err)
}

// notChanged is the ticket of a change that came too late.
const notChanged = "other open needs_person"

var labelKept = reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}}

// oneLamp is a change of two lamps in two parcels to one.
func oneLamp() order.Edit { return order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}} }

// editScenarios are the ways of an order that is changed after it was placed. Two
// cups and a pot come to 32.94: a cup to 4.50 and its part of the shipping, 0.61.
var editScenarios = []scenario{
	{"a cup less before it is paid", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		plan := s.edit(o, fewer(1))
		if plan.Total != 3294 || plan.After != 2783 || plan.Freed != 1 || plan.Refund != 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "await_payment"})
		s.wantLevel("CUP", 100, 1)
		o.Total = 2783
		s.record(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "by hand 2783 taken", Labels: "1 sold", Next: "track"})
	}},
	{"a line added before it is paid", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cupsAndPot(1))
		plan := s.edit(o, beside("CUP", 2))
		if len(plan.Kept) != 1 || plan.After-plan.Total != 900 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.noEdit(o, beside("SAUCER", 1), fault.Invalid)
		s.wantLevel("CUP", 100, 3)
		plan, err := s.PreviewEdit(s.t.Context(), o.ID, beside("LAMP", 2))
		must(s.t, err)
		if len(plan.Short) != 1 {
			s.t.Errorf("the plan is %+v", plan)
		}
		_, err = s.Edit(s.t.Context(), person(""), o.ID, beside("LAMP", 2))
		s.refused(fault.Conflict, err)
		_, err = s.Edit(s.t.Context(), person("").At(1), o.ID, fewer(0))
		s.refused(fault.Stale, err) // it was changed since
		o = s.show(o.ID).Order
		s.record(o)
		s.after(30 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: "by hand 3744 taken", Labels: "1 sold"})
	}},
	{"a line of which nothing is left", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cupsAndPot(3))
		s.edit(o, fewer(0))
		s.noEdit(o, order.Edit{Lines: []order.EditLine{{Line: 2}}}, fault.Conflict)
		s.noEdit(o, fewer(1), fault.Invalid)
		s.noEdit(o, order.Edit{Lines: []order.EditLine{{Line: 3}}}, fault.Invalid)
		s.noEdit(o, order.Edit{}, fault.Invalid)
		s.noEdit(o, order.Edit{Method: order.DefaultMethod}, fault.Conflict)
		o = s.show(o.ID).Order
		s.record(o)
		s.after(30 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: "by hand 2235 taken", Labels: "1 sold"})
	}},
	{"a cup less while the gateway authorises", config{gateway: slowGateway, policy: onHandOver}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.expect(o, outcome{Order: "processed changing: reserved due none", Money: "3294 held", Next: "authorise"})
		_, err := s.Edit(s.t.Context(), person(""), o.ID, fewer(0))
		s.refused(fault.Conflict, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "2783 taken", Labels: "1 sold", Next: "track"})
	}},
	{"a cup less while the gateway takes the money", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "3294 taken, 511 back", Labels: "1 sold", Next: "track"})
		s.after(30 * day)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "3294 taken, 511 back", Labels: "1 sold"})
	}},
	{"a cup less while the gateway declines", config{gateway: slowGateway}, func(s *shop) {
		q := cupsAndPot(2)
		q.Payment.Method = gateway.MethodStolen
		o := s.place(q)
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none", Tickets: notChanged})
	}},
	{"a cup less while the gateway declines for now", config{gateway: slowGateway, policy: retryAfter(time.Hour)}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent, declinedSoftly)
		o := s.place(cupsAndPot(2))
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.after(30 * time.Minute)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.edit(o, beside("CUP", 1))
		s.after(time.Hour)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "3233 taken", Labels: "1 sold", Next: "track"})
	}},
	{"a cup less while the gateway declines another time", config{gateway: slowGateway}, func(s *shop) {
		q := cupsAndPot(2)
		q.Payment.Method = gateway.MethodTryAgainLater
		o := s.place(q)
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.wantCount(o, payment.EventDeclined, 1)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.wantCount(o, order.EventChanged, 1)
	}},
	{"more while the gateway authorises", config{gateway: slowGateway, policy: onHandOver}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Second)
		_, err := s.Edit(s.t.Context(), person(""), o.ID, beside("CUP", 1))
		s.refused(fault.Conflict, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "3294 taken", Labels: "1 sold", Next: "track"})
	}},
	{"a swap of what is authorised", config{policy: settings(onHandOver, retryAfter(time.Hour))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		q := beside("CUP", 4)
		q.Lines = []order.EditLine{{Line: 2}}
		s.noEdit(o, beside("CUP", 1), fault.Conflict)
		s.edit(o, q)
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "3095 taken", Labels: "1 sold", Next: "track"})
		s.wantLevel("CUP", 94, 0)
		s.wantLevel("POT", 50, 0)
	}},
	{"fewer of what is authorised, and as many again", config{policy: settings(onHandOver, byPerson, retryAfter(time.Hour))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cupsAndPot(3)) // 3744 are authorised
		s.after(time.Minute)
		s.edit(o, fewer(1))
		s.noEdit(o, beside("CUP", 3), fault.Conflict)
		s.edit(o, beside("CUP", 2))
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "3638 taken", Labels: "2 sold", Next: "await_handover, await_handover"})
	}},
	{"something else altogether is wanted", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		q := beside("POT", 1)
		q.Lines = []order.EditLine{{Line: 1}}
		if plan := s.edit(o, q); plan.After != 1999+395 {
			s.t.Errorf("%d are to be paid", plan.After)
		}
		s.verify()
	}},
	{"fewer of what is authorised", config{policy: settings(onHandOver, byPerson)}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.noEdit(o, beside("CUP", 1), fault.Conflict)
		q := beside("CUP", 3)
		q.Lines = []order.EditLine{{Line: 2}}
		_, err := s.Edit(s.t.Context(), person(""), o.ID, q)
		s.refused(fault.Conflict, err) // its label is sold
		s.after(0)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 2}}})
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "1023 taken", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"an order is cancelled of which less is wanted than is authorised", config{policy: settings(onHandOver, byPerson, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly, declinedSoftly)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 2}}})
		s.after(time.Minute)
		plan, err := s.PreviewCancel(s.t.Context(), o.ID)
		must(s.t, err)
		if plan.Undoing.Void != 3294 {
			s.t.Errorf("%d are let go, not all that the gateway keeps", plan.Undoing.Void)
		}
		s.cancel(o)
		s.after(time.Hour)
		s.expectMoney(o, "void")
	}},
	{"a cup less while the capture is declined", config{gateway: slowGateway, policy: onHandOver}, func(s *shop) {
		s.gateway.capture.say(gatewaySilent, declinedHard)
		o := s.place(cupsAndPot(2))
		s.after(2 * time.Second)
		s.edit(o, fewer(1))
		s.expect(o, outcome{Order: "paid changing: reserved authorised labelled", Money: "3294 held", Labels: "1 sold", Next: "capture, void_label"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Labels: "1 sold, 1 void",
			Tickets: "order_issue solved nothing_taken, " + notChanged})
	}},
	{"a cup less while the label is bought", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(30 * time.Second)
		plan := s.edit(o, fewer(1))
		if plan.Refund != 511 || len(plan.Repacked) != 1 || !plan.Waits {
			s.t.Errorf("the plan is %+v", plan)
		}
		_, err := s.Refund(s.t.Context(), person(""), o.ID, order.CreditRequest{Amount: 1, Reason: "made up"})
		s.refused(fault.Conflict, err)
		s.after(30 * time.Second)
		s.expect(o, outcome{Order: "paid changing: reserved captured labelled", Money: "3294 taken", Labels: "1 sold, 1 void", Next: "void_label"})
		s.after(time.Hour)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "3294 taken, 511 back", Labels: "2 sold, 1 void", Next: "track"})
		s.wantLevel("CUP", 99, 0)
	}},
	{"a cup less while the label is refused for now", config{carrier: slowCarrier(time.Minute), policy: retryAfter(time.Hour)}, func(s *shop) {
		q := cupsAndPot(2)
		q.ShipTo.PostalCode = carrier.PostalTroubleOnce
		o := s.place(q)
		s.after(30 * time.Second)
		s.edit(o, fewer(1))
		s.after(5 * time.Hour)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "3294 taken, 511 back", Labels: "1 sold", Next: "track"})
	}},
	{"a better address while the label is refused", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(30 * time.Second)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Next: "track"})
		if to := s.show(o.ID).Contact.ShipTo; to.Line1 != "2 Sample Street" {
			s.t.Errorf("it goes to %+v", to)
		}
	}},
	{"another address after the label", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		plan := s.edit(o, elsewhere("SA1 1AB"))
		if plan.After != plan.Total || plan.Refund+plan.Freed != 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
		s.refused(fault.Conflict, err)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "2 sold, 1 void", Next: "await_handover"})
		must(s.t, s.handOverFrom(o, "main"))
		s.noEdit(o, elsewhere("SA1 1AC"), fault.TooLate)
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"another method of an order picked by hand", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.edit(o, order.Edit{Method: "express", Reason: "made up"})
		if v := s.show(o.ID); v.Order.ShippingMethod != "express" || v.Shipments[1].Service != "express" || len(v.Notes) != 1 {
			s.t.Errorf("it goes by %s in %+v, %v", v.Order.ShippingMethod, v.Shipments, v.Notes)
		}
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "await_handover"})
	}},
	{"a change of a held order", config{policy: byPerson}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		must(s.t, err)
		s.edit(o, fewer(1))
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded planned", Money: "3294 taken, 511 back", Labels: "1 sold, 1 void", Next: "buy_label held"})
		_, err = s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 511 back", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"a change that is cancelled", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(30 * time.Second)
		s.edit(o, fewer(1))
		s.cancel(o)
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "3294 taken, 3294 back", Labels: "1 sold, 1 void"})
		s.noEdit(o, fewer(1), fault.Conflict)
	}},
	{"too late to change: scanned while the label was given back", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(11 * time.Hour)
		s.edit(o, fewer(1))
		s.after(5 * time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: "3294 taken", Labels: "1 sold", Tickets: notChanged, Next: "track"})
	}},
	{"too late for another address: scanned while the label was bought", config{carrier: slowCarrier(10 * time.Hour)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(20 * time.Hour)
		s.wantCount(o, order.EventChangeRefused, 1)
		if to := s.show(o.ID).Contact.ShipTo; to.Line1 != "1 Sample Street" {
			s.t.Errorf("it goes to %+v", to)
		}
	}},
	{"too late to change: the carrier keeps the label", config{policy: settings(byPerson, onHandOver)}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cupsAndPot(2))
		s.after(10 * time.Hour)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "3294 taken", Labels: "1 sold", Tickets: notChanged, Next: "await_handover"})
	}},
	{"one of two parcels is taken out while the labels are bought", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.twoLamps()
		s.after(30 * time.Second)
		if plan := s.edit(o, oneLamp()); len(plan.Repacked) != 1 || plan.Repacked[0] != s.from(o, "annex").ID {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid changing: reserved captured labelled", Money: "18645 taken", Labels: "2 sold, 1 void", Next: "void_label"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "18645 taken, 9092 back", Labels: "2 sold, 1 void", Next: "track"})
	}},
	{"one of two parcels is taken out before the money is taken", config{carrier: slowCarrier(time.Minute), policy: onHandOver}, func(s *shop) {
		o := s.twoLamps()
		s.after(30 * time.Second)
		s.edit(o, oneLamp())
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "9553 taken", Labels: "2 sold, 1 void", Next: "track"})
	}},
	{"too late to take one of two parcels out", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		s.carrier.void.say(labelKept)
		o := s.twoLamps()
		s.after(30 * time.Second)
		s.edit(o, oneLamp())
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18645 taken", Labels: "2 sold", Tickets: notChanged, Next: "track, track"})
	}},
	{"too late to take one of two parcels out before the money is taken", config{carrier: slowCarrier(time.Minute), policy: onHandOver}, func(s *shop) {
		s.carrier.void.say(labelKept)
		o := s.twoLamps()
		s.after(30 * time.Second)
		s.edit(o, oneLamp())
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18645 taken", Labels: "2 sold", Tickets: notChanged, Next: "track, track"})
	}},
	{"too late for another address of one of two parcels", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.carrier.void.say(labelKept)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "18645 taken", Labels: "3 sold, 1 void", Tickets: notChanged, Next: "await_handover, await_handover"})
	}},
	{"too late for another address of the second of two parcels", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Voided: true}, reach: true}, labelKept)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "18645 taken", Labels: "3 sold, 1 void", Tickets: notChanged, Next: "await_handover, await_handover"})
	}},
	{"no parcel leaves whose label is being given back", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		s.carrier.void.say(labelKept)
		o := s.twoLamps()
		s.after(30 * time.Second)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(31 * time.Second)
		s.wantCount(o, order.EventChangeRefused, 1)
		s.wantCount(o, shipping.EventShipped, 1)
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18645 taken", Labels: "3 sold, 1 void", Tickets: notChanged, Next: "track, track"})
	}},
	{"both labels are kept, one after the other", config{carrier: slowCarrier(time.Minute), policy: slow}, func(s *shop) {
		s.carrier.void.say(labelKept, voidSilent, labelKept)
		o := s.twoLamps()
		s.after(30 * time.Second)
		s.edit(o, elsewhere("SA1 1AB"))
		s.after(31 * time.Second)
		s.wantCount(o, shipping.EventShipped, 1)
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18645 taken", Labels: "2 sold", Tickets: notChanged, Next: "track, track"})
	}},
	{"a change that is withdrawn", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		_, err := s.WithdrawEdit(s.t.Context(), person(""), o.ID)
		s.refused(fault.Conflict, err)
		s.carrier.void.say(voidSilent)
		s.edit(o, fewer(1))
		s.after(time.Second)
		_, err = s.WithdrawEdit(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		_, err = s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
		s.refused(fault.Conflict, err) // its label is being given back
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "3294 taken", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"a hold, a release and a ticket while it is changed", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.carrier.void.say(voidSilent)
		s.edit(o, fewer(1))
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		must(s.t, err)
		_, err = s.Release(s.t.Context(), person(""), o.ID)
		s.refused(fault.Conflict, err)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded planned", Money: "3294 taken, 511 back", Labels: "1 sold, 1 void", Next: "buy_label held"})
	}},
	{"a ticket lets an order go while it is changed", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.carrier.void.say(voidSilent)
		s.edit(o, fewer(1))
		s.solve(s.raise(o, support.AddressChange).ID)
		if held := s.show(o.ID).Order.Held; held != "" {
			s.t.Errorf("it is held for %q", held)
		}
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 511 back", Labels: "2 sold, 1 void",
			Tickets: "address_change solved address_to_change", Next: "await_handover"})
	}},
	{"nothing is added while the gateway is asked", config{policy: slow}, func(s *shop) {
		s.gateway.authorise.say(gatewayLost)
		o := s.place(cup())
		s.after(0)
		q := beside("POT", 1)
		_, err := s.PreviewEdit(s.t.Context(), o.ID, q)
		s.refused(fault.Conflict, err)
		s.noEdit(o, q, fault.Conflict)
	}},
	{"held while a change of it waits for a label", config{policy: settings(byPerson, slow)}, func(s *shop) {
		s.carrier.buy.say(labelSilent, labelSilent)
		o := s.place(cupsAndPot(2))
		s.after(time.Second)
		s.edit(o, fewer(1))
		s.hold(o, "made_up")
		s.wantMatters("1001/held held for 0s, 3294GBP at risk, [compensate] release it when it is changed, or withdraw the change")
		_, err := s.Release(s.t.Context(), person(""), o.ID)
		s.refused(fault.Conflict, err)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded planned", Money: "3294 taken, 511 back", Labels: "1 sold, 1 void", Next: "buy_label held"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 511 back", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"held in doubt, and then changed", config{policy: slow}, func(s *shop) {
		s.gateway.authorise.say(gatewayLost, gatewaySilent)
		o := s.place(cupsAndPot(2))
		s.after(0)
		s.hold(o, "made_up")
		s.after(time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Money: "3294 taken", Next: "authorise held"})
		s.edit(o, fewer(1))
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded planned", Money: "3294 taken, 511 back", Next: "buy_label held"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "3294 taken, 511 back", Labels: "1 sold", Next: "track"})
	}},
	{"held in doubt, and the change is withdrawn", config{policy: slow}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent)
		o := s.place(cupsAndPot(2))
		s.after(0)
		s.hold(o, "made_up")
		s.edit(o, fewer(1))
		_, err := s.WithdrawEdit(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(day)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
	}},
	{"held, and what a change waits for is not reached", config{policy: slow}, func(s *shop) {
		s.gateway.authorise.say(gatewayAway)
		o := s.place(cupsAndPot(2))
		s.clock.MoveTo(s.clock.Now().Add(time.Second)) // the gateway may have been asked
		s.edit(o, fewer(1))
		s.hold(o, "made_up")
		s.after(time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "2783 taken", Labels: "1 sold", Next: "track"})
	}},
	{"the carrier is not reached for a label that a change gives up", config{policy: settings(byPerson, labelAgain(time.Hour))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble, labelAway)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.clock.MoveTo(s.clock.Now().Add(time.Hour)) // the carrier may have been asked
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 511 back", Labels: "1 sold", Next: "await_handover"})
	}},
	{"the gateway is not reached for a capture that a change makes smaller", config{policy: settings(byPerson, onHandOver, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly, gatewayAway)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.clock.MoveTo(s.clock.Now().Add(time.Hour)) // the gateway may have been asked
		s.edit(o, fewer(1))
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "2783 taken", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"the gateway is not reached for a renewal of less", heldFor(nil, retryAfter(time.Hour), labelAgain(20*day)), func(s *shop) {
		o := s.renewing(declinedSoftly, gatewayAway)
		s.clock.MoveTo(s.clock.Now().Add(time.Hour)) // the gateway may have been asked
		s.edit(o, fewer(1))
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: "2783 taken, void", Labels: "1 sold", Next: "track"})
	}},
	{"held, and what a change waits for was never made", config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent)
		o := s.place(cupsAndPot(2))
		s.after(0)
		s.edit(o, fewer(1))
		s.hold(o, "made_up")
		s.after(time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
		s.wantAttempts(o, attempt.Expired, attempt.Open)
	}},
	{"a ticket lets an order go whose change waits for what it held", config{policy: settings(impatient, slow)}, func(s *shop) {
		s.gateway.authorise.say(gatewayLost)
		o := s.place(cupsAndPot(2))
		s.after(0)
		held := s.raise(o, support.AddressChange)
		s.edit(o, fewer(1))
		s.after(time.Hour) // it has not waited for the release
		s.expect(o, outcome{Order: "paid: reserved partly_refunded planned", Money: "3294 taken, 511 back", Tickets: "address_change open address_to_change", Next: "buy_label held"})
		s.solve(held.ID)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "3294 taken, 511 back", Labels: "1 sold", Tickets: "address_change solved address_to_change", Next: "track"})
	}},
	{"a ticket lets an order go whose change is refused", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.carrier.void.say(voidSilent, labelKept)
		s.edit(o, fewer(1))
		s.solve(s.raise(o, support.AddressChange).ID)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "3294 taken", Labels: "1 sold",
			Tickets: "address_change solved address_to_change, " + notChanged, Next: "await_handover"})
	}},
	{"a rule stops what was added to", config{policy: settings(manualGateway, holding(over(5000)))}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.edit(o, beside("POT", 2))
		if held := s.show(o.ID).Order.Held; held != "rule_amount" {
			s.t.Errorf("it is held for %q", held)
		}
	}},
	{"one of two that were given back is taken out", config{policy: byPerson}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}, Reason: "made up"})
		s.after(time.Minute)
		if plan := s.edit(o, fewer(1)); plan.Refund != 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		if plan := s.edit(o, fewer(0)); plan.Refund != 512 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 1023 back", Labels: "3 sold, 2 void", Next: "await_handover"})
	}},
	{"what is left costs nothing", config{policy: byPerson}, func(s *shop) {
		q, nothing := cupsAndPot(2), int64(0)
		q.Lines[1].UnitPrice = &nothing
		o := s.place(q)
		s.after(time.Minute)
		s.noEdit(o, fewer(0), fault.Conflict)
	}},
	{"what was not found is no longer wanted, and the rest is kept", config{policy: manualGateway}, func(s *shop) {
		o := s.twoLamps()
		must(s.t, s.recount("LAMP", "annex", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.edit(o, oneLamp())
		s.wantMissing(o, "stock_missing", 0)
		s.release(o)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: goesOn, Next: "await_payment"})
	}},
	{"a label is kept, and the order is not cancelled", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Voided: true}, reach: true}, labelKept)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "18645 taken", Labels: "3 sold, 1 void", Next: "await_handover, await_handover"})
	}},
	{"a lamp less after both labels", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.edit(o, oneLamp())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "18645 taken, 9092 back", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"a cup less while the authorisation is renewed", heldFor(renewedSlowly, labelAgain(8*day)), func(s *shop) {
		o := s.renewing()
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "2783 taken, void", Labels: "1 sold", Next: "track"})
	}},
	{"a cup less while the renewal is declined", heldFor(renewedSlowly, labelAgain(8*day), slow), func(s *shop) {
		o := s.renewing(gatewaySilent, declinedHard)
		s.edit(o, fewer(1))
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "2783 taken", Labels: "1 sold", Tickets: ended, Next: "track"})
	}},
	{"a gift for what has a label", config{policy: settings(onHandOver, byPerson, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		q, nothing := beside("CUP", 1), int64(0)
		q.Add[0].UnitPrice = &nothing
		s.edit(o, q)
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentPlanned)
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "3294 taken", Labels: "2 sold", Next: "await_handover, await_handover"})
	}},
	{"something beside what was not found", config{policy: manualGateway}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		must(s.t, s.recount("LAMP", "main", 0))
		s.edit(o, beside("CUP", 1))
		s.wantFacets(o, order.Processed, order.StockReserved, order.FulfilmentNone)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 2}}})
		s.wantFacets(o, order.Processed, order.StockMissing, order.FulfilmentNone)
		s.wantMissing(o, "stock_missing", 1)
	}},
	{"one parcel is lost, and the other is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, _ := s.pair()
		s.leave(first)
		s.report(first, shipping.Lost)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.noEdit(o, order.Edit{Lines: []order.EditLine{{Line: 1}}}, fault.TooLate)
	}},
	{"one parcel has arrived, and the other is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, _ := s.pair()
		s.leave(first)
		s.arrive(first)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
	}},
	{"one parcel is sent anew, and the other is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, _ := s.pair()
		s.leave(first)
		s.report(first, shipping.Lost)
		s.reship(first)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Shipped, order.StockReserved, order.FulfilmentReshipping)
	}},
	{"one parcel has arrived, and what is sent anew is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(second)
		s.report(first, shipping.Lost)
		s.reship(first)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
	}},
	{"one parcel has come back, and the other is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, _ := s.pair()
		s.leave(first)
		s.arrive(first)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Returned, order.StockLeft, order.FulfilmentReturned)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "returned: left refunded returned", Money: "18195 taken, 18195 back"})
	}},
	{"one parcel has come back, and what is sent anew is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(second)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.report(first, shipping.Lost)
		s.reship(first)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Returned, order.StockLeft, order.FulfilmentReturned)
	}},
	{"one parcel is under way, and what is sent anew is no longer wanted", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.reship(first)
		s.edit(o, oneLamp())
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"the rest is cancelled after one of two parcels left", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		must(s.t, s.handOverFrom(o, "main"))
		s.noEdit(o, order.Edit{Lines: []order.EditLine{{Line: 1}}}, fault.TooLate)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left partly_refunded shipped", Money: "18645 taken, 9092 back", Labels: "2 sold, 1 void", Next: "track"})
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"what was given back is not given back again", config{policy: byPerson}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1}}, Reason: "made up"})
		s.after(time.Minute)
		if plan := s.edit(o, fewer(0)); plan.Refund != 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved partly_refunded labelled", Money: "3294 taken, 1023 back", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
	{"what was not found is no longer wanted", config{policy: byPerson}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		must(s.t, s.recount("CUP", "main", 1))
		s.edit(o, fewer(1))
		s.after(time.Minute)
		_, err := s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: "2783 taken", Labels: "1 sold",
			Tickets: "other solved needs_person", Next: "await_handover"})
	}},
	{"nothing to pay, changed", config{policy: byPerson}, func(s *shop) {
		q := free()
		q.Lines[0].Quantity = 2
		o := s.place(q)
		s.after(time.Minute)
		s.noEdit(o, beside("CUP", 1), fault.Conflict)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Labels: "2 sold, 1 void", Next: "await_handover"})
	}},
}

func renewedSlowly(g *gateway.Config) { g.LatencyMin, g.LatencyMax = 2*time.Second, 2*time.Second }

// renewing is an order of two cups and a pot whose authorisation is just being
// renewed, and whose label will be asked for again only later.
func (s *shop) renewing(renewal ...reply[payment.Answer]) order.Order {
	s.t.Helper()
	s.carrier.buy.say(labelTrouble)
	o := s.place(cupsAndPot(2))
	s.after(6*day - time.Second)
	s.gateway.authorise.say(renewal...)
	s.after(2 * time.Second)
	return o
}
