package process_test

import (
	"errors"
	"strings"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// labelScenarios are the ways of a paid order to its label.
var labelScenarios = []scenario{
	{"the label is refused for good", config{policy: failsUnshipped}, func(s *shop) {
		s.gateway.refund.say(gatewayAway)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(0)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunding none", Money: taken,
			Tickets: "order_issue on_hold refund_pending", Next: "refund"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded"})
		s.wantLevel("CUP", 100, 0)
	}},
	{"the carrier is in trouble once", config{}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalTroubleOnce))
		s.after(59 * time.Second)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "buy_label"})
		s.after(2 * time.Second)
		s.expect(o, underWay)
		s.wantCount(o, shipping.EventLabelRefused, 1)
	}},
	{"the carrier is in trouble too often", config{carrier: carrier.Config{TroubleRate: 1}, policy: failsUnshipped}, func(s *shop) {
		o := s.place(cup())
		s.after(70 * time.Minute)
		s.wantStatus(o, order.Paid)
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded"})
		s.wantCount(o, shipping.EventLabelRefused, 3)
	}},
	{"the carrier is silent after the purchase", config{}, func(s *shop) { labelUnknownOnce(s, carrier.PostalTimeoutAfterOnce) }},
	{"the carrier is silent before the purchase", config{}, func(s *shop) { labelUnknownOnce(s, carrier.PostalTimeoutBeforeOnce) }},
	{"the carrier is not reached once", config{}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalUnreachableOnce))
		s.after(time.Minute)
		s.expect(o, underWay)
		s.wantCount(o, shipping.EventLabelUnknown, 0)
	}},
	{"the carrier is never reached", config{carrier: carrier.Config{Unreachable: 1}, policy: impatient}, func(s *shop) {
		o := s.place(cup())
		s.after(3 * day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken,
			Tickets: "other open needs_person", Next: "buy_label"})
	}},
	{"the carrier is always silent", config{carrier: carrier.Config{TimeoutBefore: 1}, policy: impatient}, func(s *shop) {
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken,
			Tickets: "order_issue open step_stuck", Next: "buy_label stuck"})
	}},
	{"the label's key has expired, and none was sold",
		config{carrier: carrier.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.carrier.buy.say(labelSilent)
			o := s.place(cup())
			s.after(time.Hour)
			s.expect(o, underWay)
			s.wantCount(o, shipping.EventLabelUnknown, 1)
		}},
	{"the carrier is not reached before the label's key expired",
		config{carrier: carrier.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.carrier.buy.say(labelAway)
			o := s.place(cup())
			s.after(time.Hour)
			s.expect(o, underWay)
		}},
	{"the carrier is silent, then refuses for good", config{policy: failsUnshipped}, func(s *shop) {
		s.carrier.buy.say(labelSilent)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded"})
	}},
	{"the label's key has expired, and one was sold",
		config{carrier: carrier.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			o := s.place(sentTo(carrier.PostalTimeoutAfterOnce))
			s.after(time.Hour)
			s.expect(o, underWay)
		}},
}

// failedTooLate is an order whose money can not be taken when the carrier has its
// parcels already.
func (s *shop) failedTooLate(q order.Request) order.Order {
	s.t.Helper()
	s.annex("LAMP", 1)
	s.gateway.capture.say(declinedSoftly, declinedHard)
	o := s.place(q)
	s.after(day)
	s.wantStatus(o, order.Failed)
	return o
}

// labelUnknownOnce is a carrier that gives no answer once: whatever it did then,
// it sells one label.
func labelUnknownOnce(s *shop, postalCode string) {
	o := s.place(sentTo(postalCode))
	s.after(0)
	s.wantCount(o, shipping.EventLabelUnknown, 1)
	s.wantStatus(o, order.Paid)
	s.after(time.Minute)
	s.expect(o, underWay)
}

// handOverScenarios are the ways of a labelled parcel to the door.
var handOverScenarios = []scenario{
	{"handed over by a person", config{policy: byPerson}, handOverByPerson},
	{"handed over late", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(4 * day)
		late := outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold",
			Tickets: "other open needs_person", Next: "await_handover"}
		s.expect(o, late)
		s.after(9 * day)
		s.expect(o, late)
	}},
	{"handed over by the first scan", config{policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(7 * time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "track"})
		s.after(2 * time.Hour)
		s.expect(o, underWay)
		s.after(14 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"never scanned after the label", config{policy: firstScan}, func(s *shop) {
		s.carrier.blind = true
		o := s.place(cup())
		s.after(30 * day)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold",
			Tickets: "where_is_my_order open not_seen", Next: "track"})
		s.wantCount(o, shipping.EventSilent, 1)
	}},
	{"captured on hand-over", config{policy: settings(onHandOver, byPerson)}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(0)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Next: "buy_label"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
		s.handOver(o, "")
		s.wantStatus(o, order.Shipped)
		s.wantAttempts(o, attempt.Succeeded, attempt.Succeeded)
	}},
	{"the capture is declined for now", config{policy: onHandOver}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(0)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Next: "capture"})
		_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
		s.refused(fault.Conflict, err)
		s.after(10 * time.Minute)
		s.expect(o, underWay)
	}},
	{"the capture is silent", config{policy: onHandOver}, func(s *shop) {
		s.gateway.capture.say(gatewayLost, gatewaySilent)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, underWay)
		s.wantCount(o, payment.EventUnknown, 1)
	}},
	{"the capture is never answered", config{policy: settings(onHandOver, impatient)}, func(s *shop) {
		s.gateway.capture.say(gatewaySilent, gatewaySilent, gatewaySilent)
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold",
			Tickets: "order_issue open step_stuck", Next: "capture stuck"})
	}},
	{"the capture is declined for good", config{policy: onHandOver}, func(s *shop) {
		s.gateway.capture.say(declinedHard)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Labels: "1 sold, 1 void",
			Tickets: "order_issue solved nothing_taken"})
		s.wantLevel("CUP", 100, 0)
	}},
	{"the capture is declined, and the parcel needs no label", config{policy: settings(manualCarrier, onHandOver)}, func(s *shop) {
		s.gateway.capture.say(declinedHard)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void",
			Tickets: "order_issue solved nothing_taken"})
	}},
	{"the capture is declined when the parcel has left", config{policy: settings(onHandOver, retryAfter(12*time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly, declinedHard)
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "failed capture_failed: reserved voided labelled", Money: "void", Labels: "1 sold",
			Tickets: "order_issue solved nothing_taken, other open needs_person"})
		p := s.parcel(o)
		_, err := s.ReportMishap(s.t.Context(), person(""), o.ID, p.ID, shipping.Damaged)
		s.refused(fault.Conflict, err)
		s.find(p)
		s.wantParcel(p, shipping.Unpacked)
		s.wantFacets(o, order.Failed, order.StockReleased, order.FulfilmentNone)
		s.wantLevel("CUP", 100, 0)
		_, err = s.MarkFound(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
	}},
	{"the capture is declined when both parcels have left", config{policy: settings(onHandOver, retryAfter(12*time.Hour))}, func(s *shop) {
		o := s.failedTooLate(lampsAndCup())
		for _, p := range s.show(o.ID).Shipments {
			s.report(p, shipping.Lost)
			s.wantParcel(p, shipping.Strayed)
		}
		s.wantFacets(o, order.Failed, order.StockReleased, order.FulfilmentNone)
		s.wantLevel("CUP", 99, 0)
	}},
	{"the capture is declined when both parcels seem to have left", config{policy: settings(onHandOver, retryAfter(12*time.Hour))}, func(s *shop) {
		o := s.failedTooLate(lampsAndCup())
		for _, p := range s.show(o.ID).Shipments {
			s.find(p)
		}
		s.wantFacets(o, order.Failed, order.StockReleased, order.FulfilmentNone)
		s.wantLevel("CUP", 100, 0)
	}},
	{"the capture is declined, and the parcel is gone", config{policy: settings(onHandOver, retryAfter(12*time.Hour))}, func(s *shop) {
		o := s.failedTooLate(cup())
		s.report(s.parcel(o), shipping.Lost)
		s.wantFacets(o, order.Failed, order.StockReleased, order.FulfilmentNone)
		s.wantLevel("CUP", 99, 0)
	}},
	{"the policy changes between the label and the money", config{policy: settings(onHandOver, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.change(func(p *policy.Policy) { p.HandOver = policy.HandOverByPerson })
		s.after(2 * time.Hour)
		s.expect(o, underWay)
	}},
	{"a provider says what no database keeps", config{policy: impatient}, func(s *shop) {
		bad := reply[payment.Answer]{err: errors.New(strings.Repeat("a", 499) + "é\x00\xff")}
		s.gateway.authorise.say(bad, bad, reply[payment.Answer]{answer: payment.Answer{Result: payment.Succeeded, Ref: "ch\x00\xff"}})
		o := s.place(cup())
		s.after(time.Minute)
		s.wantAttempts(o, attempt.Succeeded)
	}},
	{"first scan before the money is taken", config{policy: settings(onHandOver, firstScan, retryAfter(80*time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(4 * day)
		s.after(7 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold", Tickets: ended})
	}},
	{"it has gone, and the money for it can not be taken", heldFor(nil, firstScan, retryAfter(3*day)), func(s *shop) {
		s.gateway.capture.say(declinedSoftly, declinedHard)
		o := s.place(cup())
		s.after(10 * day)
		s.expect(o, outcome{Order: "failed capture_failed: reserved voided labelled", Money: "void", Labels: "1 sold",
			Tickets: "order_issue open gone_all_the_same, other open needs_person, " + ended})
		s.report(s.parcel(o), shipping.Lost) // which is how a person says that it is gone
	}},
	{"it has gone, and the order is held", heldFor(nil, firstScan), func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(12 * day)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Tickets: ended + ", " + ended, Next: "capture held, track"})
		s.wantMatters("1001/held held for 288h0m0s, 845GBP at risk, [retry compensate] ")
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.OnItsWay)
		s.cancel(o)
		s.after(time.Minute)
		s.wantHeld(o, "made_up") // the carrier has not taken the label back
	}},
	{"it has gone, and the held order is released", config{policy: settings(onHandOver, firstScan)}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(12 * day)
		s.release(o)
		s.after(day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold", Tickets: ended})
	}},
	{"the carrier is silent about a parcel", config{}, func(s *shop) {
		s.carrier.blind = true
		o := s.place(cup())
		s.after(29 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold",
			Tickets: "where_is_my_order open not_seen", Next: "track"})
		s.wantCount(o, shipping.EventSilent, 1)
		s.carrier.blind = false
		s.after(day)
		s.wantStatus(o, order.Delivered)
	}},
	{"the tracker is not reached", config{}, func(s *shop) {
		s.carrier.track.say(trackerAway, trackerAway)
		o := s.place(cup())
		s.after(14 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken, Labels: "1 sold"})
	}},
	{"scans late and twice", config{carrier: carrier.Config{LateRate: 0.5, TwiceRate: 0.5, Seed: 3}}, func(s *shop) {
		o := s.place(cup())
		s.after(14 * day)
		s.wantStatus(o, order.Delivered)
		s.wantCount(o, shipping.EventDelivered, 1)
	}},
	{"a carrier without a provider", config{policy: manualCarrier}, manualAllTheWay},
	{"a carrier without a provider, taken at the hand-over", config{policy: settings(manualCarrier, onHandOver)}, manualAllTheWay},
	{"a carrier without a provider, late", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(4 * day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken,
			Tickets: "other open needs_person", Next: "await_handover"})
		s.handOver(o, "MADE-UP-1")
		s.after(29 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken,
			Tickets: "other open needs_person, where_is_my_order open not_seen", Next: "await_delivery"})
		s.wantCount(o, shipping.EventSilent, 1)
	}},
}

func handOverByPerson(s *shop) {
	o := s.place(cup())
	s.after(0)
	ready := outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"}
	s.expect(o, ready)
	parcel := s.parcel(o).ID
	_, err := s.HandOver(s.t.Context(), person(""), o.ID, parcel, shipping.HandOver{TrackingNumber: "ANOTHER"})
	s.refused(fault.Invalid, err)
	_, err = s.HandOver(s.t.Context(), person(""), o.ID, "shp_none", shipping.HandOver{})
	s.refused(fault.NotFound, err)
	_, err = s.MarkDelivered(s.t.Context(), person(""), o.ID, parcel)
	s.refused(fault.Conflict, err)
	s.after(day)
	s.expect(o, ready)
	s.handOver(o, "")
	s.expect(o, underWay)
	_, err = s.HandOver(s.t.Context(), person(""), o.ID, parcel, shipping.HandOver{})
	s.refused(fault.TooLate, err)
	s.after(14 * day)
	s.wantStatus(o, order.Delivered)
}

func manualAllTheWay(s *shop) {
	o := s.place(cup())
	s.after(0)
	s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "await_handover"})
	_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
	s.refused(fault.Invalid, err)
	s.handOver(o, "MADE-UP-1")
	s.expect(o, outcome{Order: shippedOnce, Money: taken, Next: "await_delivery"})
	s.after(3 * day)
	parcel := s.parcel(o).ID
	_, err = s.MarkDelivered(s.t.Context(), person(""), o.ID, parcel)
	must(s.t, err)
	s.expect(o, outcome{Order: "delivered: left captured delivered", Money: taken})
	_, err = s.MarkDelivered(s.t.Context(), person(""), o.ID, parcel)
	s.refused(fault.Conflict, err)
}
