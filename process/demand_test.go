package process_test

import (
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// demandScenarios are what a person has done at once that the process would do later.
var demandScenarios = []scenario{
	{"the money is captured by a person while the label waits", config{policy: settings(onHandOver, byPerson, retryAfter(time.Hour))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.refused(fault.Conflict, s.capture(o, ""))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Next: "buy_label"})
		plan, err := s.PreviewCapture(s.t.Context(), o.ID)
		must(s.t, err)
		if plan.Amount != 845 || plan.Version != s.show(o.ID).Order.Version || plan.Gateway != "simulated" {
			s.t.Errorf("the preview is %+v", plan)
		}
		must(s.t, s.capture(o, "c1"))
		must(s.t, s.capture(o, "c1"))
		s.refused(fault.Conflict, s.capture(o, ""))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "buy_label"})
		s.wantCount(o, payment.EventCaptureRequested, 1)
		s.refused(fault.Conflict, s.capture(o, ""))
		s.refused(fault.TooLate, s.void(o, ""))
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
	}},
	{"a capture that was declined for now is made by a person", config{policy: settings(onHandOver, byPerson, retryAfter(day))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Next: "capture, await_handover"})
		must(s.t, s.capture(o, ""))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
	}},
	{"nothing is captured of an order that is held or over", config{policy: settings(onHandOver, byPerson, retryAfter(day))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.refused(fault.Conflict, s.capture(o, ""))
		s.cancel(o)
		s.refused(fault.TooLate, s.capture(o, ""))
		_, err := s.PreviewCapture(s.t.Context(), o.ID)
		s.refused(fault.TooLate, err)
	}},
	{"an authorisation is given up by a person", config{policy: settings(onHandOver, byPerson, retryAfter(day))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.refused(fault.Conflict, s.void(o, ""))
		s.after(time.Minute)
		plan, err := s.PreviewVoid(s.t.Context(), o.ID)
		must(s.t, err)
		if plan.Undoing.Void != 845 {
			s.t.Errorf("the preview is %+v", plan)
		}
		must(s.t, s.void(o, "v1"))
		must(s.t, s.void(o, "v1"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void", Labels: "1 sold, 1 void"})
		s.wantCount(o, order.EventCancelRequested, 1)
		s.refused(fault.Conflict, s.void(o, ""))
	}},
	{"an authorisation that was not given up is asked for again by a person", config{policy: settings(failsUnshipped, onHandOver)}, func(s *shop) {
		s.gateway.void.say(declinedHard, gatewayAway, gatewayAway)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released authorised none", Money: "845 held",
			Tickets: "order_issue open step_stuck, order_issue open step_stuck", Next: "void_payment stuck"})
		must(s.t, s.void(o, ""))
		s.refused(fault.Conflict, s.void(o, ""))
		s.after(0)
		must(s.t, s.void(o, ""))
		s.after(day)
		s.wantCount(o, payment.EventCanceled, 1)
		s.wantCount(o, process.EventRetried, 2)
		if v := s.show(o.ID); v.Order.Payment != order.PaymentVoided {
			s.t.Errorf("the order is %+v", v.Order)
		}
	}},
	{"the label is bought by a person before its time", config{policy: settings(byPerson, retryAfter(day))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.refused(fault.Conflict, s.label(o, ""))
		s.release(o)
		must(s.t, s.label(o, "l1"))
		must(s.t, s.label(o, "l1"))
		s.refused(fault.Conflict, s.label(o, ""))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
		s.refused(fault.Conflict, s.label(o, ""))
		s.handOver(o, "")
		s.refused(fault.TooLate, s.label(o, ""))
	}},
	{"a label that may have been bought is asked for again by a person", config{policy: settings(byPerson, impatient)}, func(s *shop) {
		s.carrier.buy.say(reply[shipping.LabelAnswer]{err: errSilent, reach: true}, labelSilent, labelSilent)
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Labels: "1 sold", Tickets: "order_issue open step_stuck", Next: "buy_label stuck"})
		must(s.t, s.label(o, ""))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Tickets: "order_issue open step_stuck", Next: "await_handover"})
	}},
	{"carriers that took no parcel are asked again by a person", config{policy: byPerson}, func(s *shop) {
		s.carrier.buy.say(labelNever)
		o := s.place(cup())
		s.after(time.Minute)
		s.wantHeld(o, string(order.ShippingFailed))
		failed := s.parcel(o)
		must(s.t, s.label(o, ""))
		s.after(time.Minute)
		s.wantHeld(o, "")
		s.wantCount(o, shipping.EventLabelBought, 1)
		_, err := s.BuyLabel(s.t.Context(), person(""), o.ID, failed.ID)
		s.refused(fault.TooLate, err)
	}},
	{"a parcel without a label needs none", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.refused(fault.Conflict, s.label(o, ""))
		s.refused(fault.Conflict, s.tell(o, shipping.Sighting{Status: shipping.InTransit}))
	}},
	{"a person tells where a parcel is that no carrier reports on", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.handOver(o, "made-up-1")
		s.after(day)
		s.seen(o, shipping.InTransit, shipping.InTransit)
		s.after(time.Hour)
		s.seen(o, shipping.OutForDelivery, shipping.OutForDelivery)
		at := s.clock.Now().Add(-30 * time.Minute)
		for range 2 {
			must(s.t, s.tell(o, shipping.Sighting{Status: shipping.InTransit, At: at, Place: "Made-up hub"}))
		}
		v := s.show(o.ID)
		p := v.Shipments[0]
		if p.Tracking != shipping.OutForDelivery || !p.ScannedAt.Equal(s.clock.Now()) || len(v.Scans[p.ID]) != 3 {
			s.t.Errorf("the parcel is %+v, its scans %+v", p, v.Scans[p.ID])
		}
		s.wantCount(o, shipping.EventTracked, 3)
		if last := v.Timeline[len(v.Timeline)-1]; last.Type != shipping.EventTracked || last.Actor != access.Operator {
			s.t.Errorf("the last event is %+v", last)
		}
		s.after(time.Minute)
		must(s.t, s.tell(o, shipping.Sighting{Status: shipping.Failure, Detail: shipping.DetailLost}))
		s.wantCount(o, shipping.EventLost, 1)
		s.after(day)
		must(s.t, s.tell(o, shipping.Sighting{Status: shipping.Delivered}))
		s.wantStatus(o, order.Delivered)
		s.refused(fault.Conflict, s.tell(o, shipping.Sighting{Status: shipping.InTransit}))
		for _, wrong := range []shipping.Sighting{{}, {Status: "gone"}, {Status: shipping.TrackingUnknown}, {Status: shipping.Delivered, At: s.clock.Now().Add(time.Second)},
			{Status: shipping.Delivered, Detail: shipping.DetailLost}, {Status: shipping.Failure, Detail: shipping.DetailRefused}, {Status: shipping.InTransit, Place: "\x1b"}} {
			if err := wrong.Validate(s.clock.Now()); !fault.Is(err, fault.Invalid) {
				s.t.Errorf("%+v is taken: %v", wrong, err)
			}
		}
	}},
	{"a person sees the first scan", config{policy: firstScan}, func(s *shop) {
		s.carrier.blind = true
		o := s.place(cup())
		s.after(time.Hour)
		s.seen(o, shipping.InTransit, shipping.InTransit)
		s.wantStatus(o, order.Shipped)
		s.wantCount(o, shipping.EventShipped, 1)
		s.after(time.Minute)
		must(s.t, s.tell(o, shipping.Sighting{Status: shipping.ReturnToSender}))
		s.wantCount(o, shipping.EventReturned, 1)
	}},
	{"a person sees a parcel whose label is being given back", config{policy: firstScan}, func(s *shop) {
		s.carrier.blind = true
		s.carrier.void.say(reply[shipping.VoidAnswer]{err: errSilent, reach: true})
		o := s.place(cup())
		s.after(time.Hour)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		must(s.t, err)
		s.after(0)
		s.refused(fault.Conflict, s.tell(o, shipping.Sighting{Status: shipping.InTransit}))
		s.after(time.Hour)
		s.wantStatus(o, order.Cancelled)
		s.wantCount(o, shipping.EventVoided, 1)
		s.refused(fault.Conflict, s.tell(o, shipping.Sighting{Status: shipping.InTransit}))
	}},
}

func (s *shop) capture(o order.Order, key string) error {
	_, err := s.Capture(s.t.Context(), person(key), o.ID)
	return err
}

func (s *shop) void(o order.Order, key string) error {
	_, err := s.Void(s.t.Context(), person(key), o.ID, "Made up: the customer pays otherwise.")
	return err
}

// label has the label of an order's parcel bought.
func (s *shop) label(o order.Order, key string) error {
	s.t.Helper()
	_, err := s.BuyLabel(s.t.Context(), person(key), o.ID, s.parcel(o).ID)
	return err
}

func (s *shop) tell(o order.Order, q shipping.Sighting) error {
	s.t.Helper()
	_, err := s.RecordScan(s.t.Context(), person(""), o.ID, s.parcel(o).ID, q)
	return err
}

// seen has a person tell of a parcel, and wants it to be there.
func (s *shop) seen(o order.Order, told, want shipping.TrackingStatus) {
	s.t.Helper()
	must(s.t, s.tell(o, shipping.Sighting{Status: told}))
	if p := s.parcel(o); p.Tracking != want {
		s.t.Errorf("told that it is %s, the parcel is %s", told, p.Tracking)
	}
}
