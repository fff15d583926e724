package process_test

import (
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// twoLamps is an order of two lamps and a cup in a shop that has one lamp at
// each of two locations: 178.00, 4.50, and 3.95 for shipping.
func (s *shop) twoLamps() order.Order {
	s.t.Helper()
	s.annex("LAMP", 1)
	return s.place(lampsAndCup())
}

func lampsAndCup() order.Request {
	q := request(2, "LAMP", "CUP")
	q.Lines[0].Quantity = 2
	return q
}

// annex puts goods to a second location.
func (s *shop) annex(sku string, n int64) {
	s.t.Helper()
	_, err := s.SetLocation(s.t.Context(), person(""), inventory.Location{ID: "annex", Name: "Annex", Country: "GB", Priority: 2})
	must(s.t, err)
	_, err = s.ReceiveStock(s.t.Context(), person(""), sku, "annex", n)
	must(s.t, err)
}

// from returns the order's parcel that leaves from a location.
func (s *shop) from(o order.Order, location string) shipping.Shipment {
	s.t.Helper()
	v := s.show(o.ID)
	i := slices.IndexFunc(v.Shipments, func(p shipping.Shipment) bool { return p.Location == location && p.Live() })
	if i < 0 {
		s.t.Fatalf("no parcel leaves from %s\n%s", location, timeline(v))
	}
	return v.Shipments[i]
}

func (s *shop) handOverFrom(o order.Order, location string) error {
	s.t.Helper()
	_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.from(o, location).ID, shipping.HandOver{})
	return err
}

// splitScenarios are the ways of an order that leaves in two parcels.
var splitScenarios = []scenario{
	{"one line leaves in two parcels", config{}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18645 taken", Labels: "2 sold", Next: "track, track"})
		if main, annex := s.from(o, "main"), s.from(o, "annex"); main.Units != 2 || annex.Units != 1 {
			s.t.Errorf("the parcels hold %d and %d", main.Units, annex.Units)
		}
		s.after(30 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: "18645 taken", Labels: "2 sold"})
		s.wantCount(o, shipping.EventDelivered, 2)
	}},
	{"a shop that does not split", config{policy: func(p *policy.Policy) { p.Split = false }}, func(s *shop) {
		o := s.twoLamps()
		s.expect(o, outcome{Order: "failed out_of_stock: none due none"})
	}},
	{"one parcel is handed over before the other", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		must(s.t, s.handOverFrom(o, "annex"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: partly_left captured partly_shipped", Money: "18645 taken", Labels: "2 sold",
			Next: "await_handover, track"})
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		must(s.t, s.handOverFrom(o, "main"))
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"one parcel leaves when the other has no label yet", config{policy: byPerson}, func(s *shop) {
		s.carrier.buy.say(labelAway)
		o := s.twoLamps()
		s.after(0)
		parcels := s.show(o.ID).Shipments
		i := slices.IndexFunc(parcels, func(p shipping.Shipment) bool { return p.Status == shipping.LabelBought })
		must(s.t, s.handOverFrom(o, parcels[i].Location))
		s.wantStatus(o, order.Paid)
		s.after(time.Minute)
		must(s.t, s.handOverFrom(o, parcels[1-i].Location))
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"cancelled with two labels", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "18645 taken, 18645 back", Labels: "2 sold, 2 void"})
	}},
	{"one of two labels is refused for good", config{policy: settings(failsUnshipped, byPerson)}, func(s *shop) {
		s.annex("LAMP", 1)
		s.carrier.buy.say(labelRefused)
		o := s.place(lampsAndCup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: "18645 taken, 18645 back",
			Labels: "1 sold, 1 void", Tickets: "order_issue solved refunded"})
	}},
	{"one of two labels is refused for good, the other for now", config{policy: settings(failsUnshipped, byPerson)}, func(s *shop) {
		s.annex("LAMP", 1)
		s.carrier.buy.say(labelRefused, labelTrouble)
		o := s.place(lampsAndCup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: "18645 taken, 18645 back",
			Tickets: "order_issue solved refunded"})
	}},
}

// nextCarrier is a shop with a second carrier.
func nextCarrier(p *policy.Policy) { p.NextCarriers = []string{"spare"} }

// failsUnshipped is a shop whose orders fail at once that no carrier takes.
func failsUnshipped(p *policy.Policy) { p.HoldUnshipped = 0 }

// carrierScenarios are the ways of a parcel that a carrier does not take.
var carrierScenarios = []scenario{
	{"the next carrier takes it", config{policy: nextCarrier}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, underWay)
		if p := s.parcel(o); p.Carrier != "spare" {
			s.t.Errorf("it is carried by %s", p.Carrier)
		}
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
		s.wantCount(o, shipping.EventRerouted, 1)
	}},
	{"the next carrier takes it after the first was in trouble", config{policy: settings(nextCarrier, retryAfter(time.Hour))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble, labelTrouble)
		s.spare.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(3 * time.Hour)
		s.expect(o, underWay)
		s.wantCount(o, shipping.EventLabelRefused, 2)
	}},
	{"no carrier takes it, and the order fails", config{policy: settings(failsUnshipped, nextCarrier)}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		s.spare.buy.say(labelRefused)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack, Tickets: "order_issue solved refunded"})
	}},
	{"no carrier takes it, and a person finds a way", config{}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(2 * day)
		s.expect(o, outcome{Order: "paid: reserved captured none", Money: taken, Tickets: "other open needs_person", Next: "await_carrier"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: taken, Labels: "1 sold", Tickets: goesOn, Next: "track"})
	}},
	{"no carrier takes it, and it goes elsewhere", config{}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(day)
		s.edit(o, elsewhere("SA1 2AA"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: taken, Labels: "1 sold", Tickets: goesOn, Next: "track"})
	}},
	{"no carrier takes one of two parcels, and the customer does without", config{policy: byPerson}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.twoLamps()
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18645 taken", Tickets: "other open needs_person", Next: "await_carrier, buy_label held"})
		cut := lampsLeft(1)
		for _, p := range s.show(o.ID).Shipments {
			if p.Status == shipping.Failed && p.Units == 2 { // the cup is in it too
				cut.Lines = append(cut.Lines, order.EditLine{Line: 2, Quantity: 0})
			}
		}
		s.edit(o, cut)
		s.after(time.Minute)
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentLabelled)
		s.wantMissing(o, "", 0)
	}},
	{"no carrier takes it, and no one finds a way", config{}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(4 * day)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded, " + goesOn})
	}},
	{"no carrier takes it while a person holds it", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(20 * time.Second)
		s.hold(o, "fraud_suspected")
		s.after(9 * day)
		s.wantHeld(o, "fraud_suspected")
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentNone)
		s.release(o)
		s.after(2 * time.Minute)
		s.wantHeld(o, "shipping_failed")
		s.edit(o, elsewhere("SA1 2AA"))
		s.after(2 * time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"no carrier takes it while a person holds it, and policy waits for no one", config{carrier: slowCarrier(time.Minute), policy: failsUnshipped}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(20 * time.Second)
		s.hold(o, "made_up")
		s.after(9 * day)
		s.wantHeld(o, "made_up")
		s.expect(o, outcome{Order: "paid: reserved captured none", Money: taken, Tickets: "other open needs_person", Next: "await_carrier"})
		s.release(o) // the carriers are asked again
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack, Tickets: "order_issue solved refunded, other open needs_person"})
	}},
	{"no carrier takes it, and a ticket holds it beside", config{}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(day)
		ticket := s.raiseToHold(o)
		s.after(9 * day)
		s.wantHeld(o, "shipping_failed")
		s.solve(ticket.ID)
		s.after(3 * day)
		s.wantStatus(o, order.Failed)
	}},
	{"no carrier takes one of two parcels, and it is too late to cancel", config{policy: byPerson}, func(s *shop) {
		s.carrier.buy.say(labelAway)
		o := s.twoLamps()
		s.after(0)
		s.carrier.buy.say(labelRefused)
		s.after(30 * time.Minute)
		s.wantHeld(o, "shipping_failed")
		s.carrier.void.say(labelKept)
		s.cancel(o)
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantHeld(o, "") // the carriers are asked again
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentLabelled)
	}},
	{"no carrier takes it, and it is cancelled", config{}, func(s *shop) {
		s.carrier.buy.say(labelRefused)
		o := s.place(cup())
		s.after(day)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Tickets: goesOn})
	}},
	{"no carrier takes one of two parcels, and the other has left", config{policy: byPerson}, func(s *shop) {
		s.carrier.buy.say(labelAway)
		o := s.twoLamps()
		s.after(0)
		s.carrier.buy.say(labelRefused, labelRefused)
		left := s.leaveLabelled(o)
		s.after(30 * time.Minute)
		held := outcome{Order: "paid: partly_left captured partly_shipped", Money: "18645 taken", Labels: "1 sold",
			Tickets: "other open needs_person", Next: "await_carrier, track"}
		s.expect(o, held)
		s.release(o)
		s.after(30 * day)
		held.Next = "await_carrier"
		s.solveAll(o)
		s.after(4 * day)
		held.Tickets = "other closed needs_person, other open needs_person, other solved needs_person"
		s.expect(o, held)
		s.release(o)
		s.after(time.Minute)
		must(s.t, s.handOverFrom(o, map[string]string{"main": "annex", "annex": "main"}[left]))
		s.after(30 * day)
		s.wantStatus(o, order.Delivered)
	}},
}

// leaveLabelled hands the parcel over that has its label, and returns where it
// left from.
func (s *shop) leaveLabelled(o order.Order) string {
	s.t.Helper()
	for _, p := range s.show(o.ID).Shipments {
		if p.Status == shipping.LabelBought {
			must(s.t, s.handOverFrom(o, p.Location))
			return p.Location
		}
	}
	s.t.Fatal("no parcel has a label")
	return ""
}

// holdScenarios are the ways of an order that is stopped and goes on.
var holdScenarios = []scenario{
	{"held before it is paid", config{}, func(s *shop) {
		o := s.place(cup())
		s.hold(o, "made_up")
		s.after(day)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "again", "")
		s.refused(fault.Conflict, err)
		s.release(o)
		s.after(time.Minute)
		s.expect(o, underWay)
		_, err = s.Release(s.t.Context(), person(""), o.ID)
		s.refused(fault.Conflict, err)
	}},
	{"held between two attempts", config{policy: retryAfter(time.Hour)}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, underWay)
	}},
	{"held between two attempts, of which the second one's answer is lost", config{gateway: gateway.Config{KeyLife: time.Minute}, policy: settings(retryAfter(time.Hour), slow)}, func(s *shop) {
		s.gateway.authorise.say(declinedSoftly, gatewayLost)
		o := s.place(cup())
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(30 * day)
		s.release(o)
		s.after(day) // asked once more with a key that is gone, the gateway would take it for another attempt
		s.expect(o, outcome{Order: shippedOnce, Money: "845 taken", Labels: "1 sold", Next: "track"})
	}},
	{"held when it is labelled", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
		s.refused(fault.Conflict, err)
		s.after(10 * day)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover held"})
		s.release(o)
		s.after(2 * day) // a person has as long as before
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
		s.handOver(o, "")
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"held while its label is bought", config{}, func(s *shop) {
		s.carrier.buy.say(labelSilent)
		o := s.place(cup())
		s.after(0)
		s.hold(o, "made_up")
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "buy_label held"})
		s.release(o)
		s.after(time.Minute)
		s.expect(o, underWay)
	}},
	{"held while the gateway declines", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodStolen))
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none"})
	}},
	{"held while the money can not be taken", config{
		gateway: gateway.Config{AuthorisationLife: 30 * time.Second, LatencyMin: 20 * time.Second, LatencyMax: 20 * time.Second},
		policy:  settings(onHandOver, beforeTheEnd(policy.EndReport), labelAgain(time.Minute)),
	}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(90 * time.Second) // it is labelled, and the gateway is being asked
		s.hold(o, "made_up")
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Tickets: ended, Next: "capture"})
		s.after(time.Hour)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Labels: "1 sold, 1 void", Tickets: "order_issue solved nothing_taken, " + ended})
	}},
	{"held while its label is sold", config{carrier: slowCarrier(2 * time.Second)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold"})
		s.release(o)
		s.after(0)
		s.expect(o, underWay)
	}},
	{"held and cancelled", config{}, func(s *shop) {
		o := s.place(cup())
		s.hold(o, "made_up")
		s.cancel(o)
		s.after(0)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		s.refused(fault.Conflict, err)
	}},
	{"held by a person, and too late to cancel", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.twoLamps()
		s.after(20 * time.Second)
		s.hold(o, "fraud_suspected")
		s.after(3 * time.Minute) // the labels are there, and nothing leaves
		s.carrier.void.say(labelKept)
		s.raise(o, support.CancelRequest)
		s.after(time.Hour)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantHeld(o, "fraud_suspected")
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentPlanned) // the other label was taken back
		s.release(o)
		s.after(time.Hour)
		s.wantStatus(o, order.Shipped)
	}},
	{"held, changed and cancelled, and too late for both", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o := s.place(cupsAndPot(2))
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.carrier.void.say(voidSilent, labelKept)
		s.edit(o, fewer(1))
		s.after(time.Second)
		s.cancel(o)
		s.after(time.Hour)
		s.wantHeld(o, "made_up")
		s.release(o)
		s.carrier.void.say(labelKept)
		s.cancel(o)
		s.after(time.Hour)
		s.wantCount(o, order.EventCancelRefused, 2)
		s.wantHeld(o, "") // it was not, when that was asked for
	}},
	{"held by a person and a ticket, and too late to cancel", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raiseToHold(o)
		s.hold(o, "made_up")
		s.carrier.void.say(labelKept)
		s.cancel(o)
		s.after(time.Minute)
		s.wantHeld(o, "made_up")
		_, err := s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.wantHeld(o, "ticket")
		s.solve(ticket.ID)
		s.wantHeld(o, "")
	}},
	{"what is on its way is followed, held or not", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		must(s.t, s.handOverFrom(o, "annex"))
		s.hold(o, "made_up")
		s.after(20 * day)
		s.expect(o, outcome{Order: "paid: partly_left captured partly_shipped", Money: "18645 taken", Labels: "2 sold", Next: "await_handover held"})
		s.wantCount(o, shipping.EventDelivered, 1)
		s.release(o)
		must(s.t, s.handOverFrom(o, "main"))
		s.after(20 * day)
		s.wantStatus(o, order.Delivered)
	}},
}

func (s *shop) hold(o order.Order, reason string) {
	s.t.Helper()
	r, err := s.Hold(s.t.Context(), person(""), o.ID, reason, "made up")
	must(s.t, err)
	if r.Value.Held != reason || !r.Value.HeldAt.Equal(s.clock.Now()) {
		s.t.Errorf("it is held for %q since %s", r.Value.Held, r.Value.HeldAt)
	}
}

func (s *shop) release(o order.Order) {
	s.t.Helper()
	r, err := s.Release(s.t.Context(), person(""), o.ID)
	must(s.t, err)
	if r.Value.Held != "" || !r.Value.HeldAt.IsZero() {
		s.t.Errorf("it is held for %q since %s", r.Value.Held, r.Value.HeldAt)
	}
}
