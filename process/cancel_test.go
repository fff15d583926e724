package process_test

import (
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// slowGateway answers after two seconds of the shop's time.
var slowGateway = gateway.Config{LatencyMin: 2 * time.Second, LatencyMax: 2 * time.Second}

func slowCarrier(d time.Duration) carrier.Config {
	return carrier.Config{LatencyMin: d, LatencyMax: d}
}

// cancelScenarios are cancellations at every point of an order's way.
var cancelScenarios = []scenario{
	{"cancelled before the gateway is asked", config{}, func(s *shop) {
		o := s.place(cup())
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
		s.wantLevel("CUP", 100, 0)
	}},
	{"cancelled while the gateway is asked", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		s.cancel(o)
		s.expect(o, outcome{Order: "processed cancelling: reserved due none", Money: taken, Next: "authorise"})
		s.after(time.Second)
		s.expect(o, outcome{Order: "cancelled: released refunding none", Money: takenBack, Next: "refund"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled while the gateway authorises", config{gateway: slowGateway, policy: onHandOver}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		s.cancel(o)
		s.after(time.Second)
		s.expect(o, outcome{Order: "cancelled: released authorised none", Money: "void", Next: "void_payment"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void"})
	}},
	{"cancelled while the gateway declines", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodStolen))
		s.after(time.Second)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released failed none"})
	}},
	{"cancelled while the gateway declines for now", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodTryAgainLater))
		s.after(time.Second)
		s.cancel(o)
		s.after(2 * time.Second)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		s.after(day)
		s.wantAttempts(o, attempt.Declined, attempt.Withdrawn)
	}},
	{"cancelled before a later attempt", config{}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodInsufficientFunds))
		s.after(time.Minute)
		s.cancel(o)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		s.after(day)
		s.wantAttempts(o, attempt.Declined, attempt.Withdrawn)
	}},
	{"cancelled while the outcome is unknown", config{}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodTimeoutAfterChargeOnce))
		s.after(0)
		s.cancel(o)
		s.expect(o, outcome{Order: "processed cancelling: reserved due none", Money: taken, Next: "authorise"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled, and the key has expired",
		config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.gateway.authorise.say(gatewaySilent)
			o := s.place(cup())
			s.after(time.Second)
			s.cancel(o)
			s.after(time.Hour)
			s.expect(o, outcome{Order: "cancelled: released voided none"})
			s.wantAttempts(o, attempt.Expired)
		}},
	{"cancelled, and the capture's key has expired",
		config{gateway: gateway.Config{KeyLife: 10 * time.Second}, policy: settings(slow, onHandOver)}, func(s *shop) {
			s.gateway.capture.say(gatewaySilent)
			o := s.place(cup())
			s.after(time.Second)
			s.cancel(o)
			s.after(time.Hour)
			s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void", Labels: "1 sold, 1 void"})
		}},
	{"cancelled, and the label's key has expired",
		config{carrier: carrier.Config{KeyLife: 10 * time.Second}, policy: slow}, func(s *shop) {
			s.carrier.buy.say(labelSilent)
			o := s.place(cup())
			s.after(time.Second)
			s.cancel(o)
			s.after(time.Hour)
			s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
		}},
	{"cancelled while the label is bought", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(cup())
		s.after(30 * time.Second)
		s.cancel(o)
		s.after(30 * time.Second)
		s.expect(o, outcome{Order: "paid cancelling: reserved captured labelled", Money: taken, Labels: "1 sold, 1 void", Next: "void_label"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Labels: "1 sold, 1 void"})
	}},
	{"cancelled while the label is refused", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(30 * time.Second)
		s.cancel(o)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled while the label is refused for now", config{carrier: slowCarrier(time.Minute), policy: retryAfter(time.Hour)}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalTroubleOnce))
		s.after(30 * time.Second)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
		s.after(day)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled before a later label", config{policy: retryAfter(time.Hour)}, func(s *shop) {
		o := s.place(sentTo(carrier.PostalTroubleOnce))
		s.after(time.Minute)
		s.cancel(o)
		s.after(day)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled after the label", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.cancel(o)
		_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{})
		s.refused(fault.TooLate, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Labels: "1 sold, 1 void"})
	}},
	{"cancelled before the first scan", config{policy: settings(firstScan, onHandOver)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		ticket := s.raise(o, support.CancelRequest)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Labels: "1 sold, 1 void",
			Tickets: "cancel_request solved refunded"})
		s.wantTicket(ticket.ID, support.Solved, support.WasRefunded)
	}},
	{"cancelled before the money is taken", config{policy: settings(onHandOver, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		ticket := s.raise(o, support.CancelRequest)
		s.after(0)
		s.wantTicket(ticket.ID, support.Solved, support.NothingTaken)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void", Labels: "1 sold, 1 void",
			Tickets: "cancel_request solved nothing_taken"})
	}},
	{"cancelled before a parcel is picked by hand", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
	}},
	{"cancelled before a later capture", config{policy: settings(onHandOver, retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Minute)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void", Labels: "1 sold, 1 void"})
		s.wantAttempts(o, attempt.Succeeded, attempt.Declined, attempt.Withdrawn, attempt.Succeeded)
	}},
	{"cancelled while the capture is declined", config{gateway: slowGateway, policy: onHandOver}, func(s *shop) {
		s.gateway.capture.say(gatewaySilent, declinedHard)
		o := s.place(cup())
		s.after(2 * time.Second)
		s.cancel(o)
		s.expect(o, outcome{Order: "paid cancelling: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Next: "capture"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void", Labels: "1 sold, 1 void"})
	}},
	{"cancelled while the gateway is not reached", config{gateway: gateway.Config{Unreachable: 1}}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.cancel(o)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		s.wantAttempts(o, attempt.Withdrawn)
	}},
	{"a cancel while no provider is reached for hours", config{policy: settings(byPerson, within(2*time.Hour))}, func(s *shop) {
		s.carrier.void.say(slices.Repeat([]reply[shipping.VoidAnswer]{voidAway}, 60)...)
		s.gateway.refund.say(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 60)...)
		o := s.place(cup())
		s.after(time.Minute)
		s.cancel(o)
		s.after(day)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "845 taken, 845 back", Labels: "1 sold, 1 void",
			Tickets: "other open needs_person, payment_issue open needs_person"})
	}},
	{"neither captured nor let go for hours", config{policy: settings(onHandOver, within(2*time.Hour))}, func(s *shop) {
		s.gateway.capture.say(append(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 60), declinedHard)...)
		s.gateway.void.say(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 60)...)
		o := s.place(cup())
		s.after(5 * time.Hour)
		s.solveAll(o)
		s.after(day)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Labels: "1 sold, 1 void",
			Tickets: "order_issue solved nothing_taken, payment_issue open needs_person, payment_issue solved needs_person"})
	}},
	{"too late: picked up already", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(10 * time.Hour)
		ticket := s.raise(o, support.CancelRequest)
		s.wantTicket(ticket.ID, support.OnHold, support.WillCancel)
		s.after(0)
		s.wantTicket(ticket.ID, support.Solved, support.TooLate)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold",
			Tickets: "cancel_request solved too_late", Next: "await_handover"})
		s.handOver(o, "")
		s.after(14 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"too late: the label came when it was picked up", config{carrier: slowCarrier(10 * time.Hour)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Hour)
		s.cancel(o)
		s.after(20 * time.Hour)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.expect(o, underWay)
	}},
	{"too late: the money is taken after all", config{policy: settings(onHandOver, retryAfter(20*time.Hour))}, func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(10 * time.Hour)
		s.cancel(o)
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.expect(o, underWay)
	}},
	{"too late: scanned while the label was given back", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(11 * time.Hour)
		s.wantStatus(o, order.Paid)
		s.cancel(o)
		s.after(5 * time.Hour)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantCount(o, shipping.EventVoidRefused, 1)
		s.expect(o, underWay)
	}},
	{"too late: handed over", config{}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		s.after(14 * day)
		_, err = s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		s.wantStatus(o, order.Delivered)
	}},
	{"cancelled twice", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		s.cancel(o)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.Conflict, err)
		s.after(time.Minute)
		_, err = s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.Conflict, err)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack})
		_, err = s.Cancel(s.t.Context(), person(""), "ord_none", "")
		s.refused(fault.NotFound, err)
	}},
	{"nothing to pay, cancelled", config{policy: byPerson}, func(s *shop) {
		o := s.place(free())
		s.after(time.Minute)
		ticket := s.raise(o, support.CancelRequest)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released captured none", Labels: "1 sold, 1 void",
			Tickets: "cancel_request solved nothing_taken"})
		s.wantTicket(ticket.ID, support.Solved, support.NothingTaken)
	}},
}

// undoScenarios are what can go wrong when something is undone.
var undoScenarios = []scenario{
	{"the refund is declined for now", config{policy: failsUnshipped}, func(s *shop) {
		s.gateway.refund.say(declinedSoftly)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(59 * time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunding none", Money: taken,
			Tickets: "order_issue on_hold refund_pending", Next: "refund"})
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded"})
		s.wantCount(o, payment.EventRefundDeclined, 1)
	}},
	{"the refund is silent", config{policy: failsUnshipped}, func(s *shop) {
		s.gateway.refund.say(gatewayLost, gatewaySilent)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack,
			Tickets: "order_issue solved refunded"})
		s.wantCount(o, payment.EventRefundUnknown, 1)
	}},
	{"the refund is declined for good", config{gateway: gateway.Config{RefundDeclineRate: 1}, policy: failsUnshipped}, refundStuck},
	{"the refund is declined for now too often", config{gateway: gateway.Config{RefundDeclineRate: 1, SoftShare: 1}, policy: failsUnshipped}, refundStuck},
	{"the authorisation is not given up", config{policy: settings(failsUnshipped, onHandOver, impatient)}, func(s *shop) {
		s.gateway.void.say(gatewayAway, gatewaySilent, gatewaySilent, gatewaySilent)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(day)
		s.expect(o, outcome{Order: "failed shipping_failed: released authorised none", Money: "845 held",
			Tickets: "order_issue open step_stuck, order_issue open step_stuck", Next: "void_payment stuck"})
		s.wantCount(o, payment.EventUnknown, 1)
	}},
	{"the authorisation can not be given up", config{policy: settings(failsUnshipped, onHandOver)}, func(s *shop) {
		s.gateway.void.say(declinedHard)
		o := s.place(sentTo(carrier.PostalFailLabel))
		s.after(day)
		s.expect(o, outcome{Order: "failed shipping_failed: released authorised none", Money: "845 held",
			Tickets: "order_issue open step_stuck, order_issue open step_stuck", Next: "void_payment stuck"})
		_, err := s.RecordVoid(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.Invalid, err)
		_, err = s.RecordVoid(s.t.Context(), person(""), o.ID, "made up: it has lapsed")
		must(s.t, err)
		s.expect(o, outcome{Order: "failed shipping_failed: released voided none", Money: "845 held",
			Tickets: "order_issue open step_stuck, order_issue open step_stuck"})
		_, err = s.RecordVoid(s.t.Context(), person(""), o.ID, "made up")
		s.refused(fault.Conflict, err)
	}},
	{"the label is not given back", config{policy: settings(byPerson, impatient)}, func(s *shop) {
		s.carrier.void.say(voidAway, voidSilent, voidSilent, voidSilent)
		o := s.place(cup())
		s.after(time.Hour)
		s.cancel(o)
		s.after(day)
		s.expect(o, outcome{Order: "paid cancelling: reserved captured labelled", Money: taken, Labels: "1 sold",
			Tickets: "order_issue open step_stuck", Next: "await_handover, void_label stuck"})
	}},
	{"a person gives the money back", config{policy: settings(manualGateway, manualCarrier)}, refundByHand},
}

func refundStuck(s *shop) {
	o := s.place(sentTo(carrier.PostalFailLabel))
	s.after(3 * day)
	s.expect(o, outcome{Order: "failed shipping_failed: released refunding none", Money: taken,
		Tickets: "order_issue open step_stuck, order_issue open step_stuck", Next: "refund stuck"})
	tickets := s.show(o.ID).Tickets
	s.solve(tickets[0].ID)
	_, err := s.SolveTicket(s.t.Context(), person(""), tickets[1].ID, "Made up answer.")
	s.refused(fault.Conflict, err) // no one would know of the money any more
	_, err = s.RetryStuck(s.t.Context(), person(""), o.ID)
	must(s.t, err)
	s.after(3 * day)
	s.expect(o, outcome{Order: "failed shipping_failed: released refunding none", Money: taken,
		Tickets: "order_issue open step_stuck, order_issue solved step_stuck", Next: "refund stuck"})
	_, err = s.RecordRefund(s.t.Context(), person(""), o.ID, s.show(o.ID).Refunds[0].ID, payment.Record{Reference: "made up", Amount: o.Total})
	must(s.t, err)
	s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: taken,
		Tickets: "order_issue open step_stuck, order_issue solved step_stuck"})
	s.solve(tickets[1].ID)
}

func refundByHand(s *shop) {
	o := s.place(cup())
	s.record(o)
	s.cancel(o)
	owed := outcome{Order: "cancelled: released refunding none", Money: "by hand 845 taken",
		Tickets: "payment_issue open needs_person", Next: "await_refund"}
	s.expect(o, owed)
	s.after(20 * day)
	s.expect(o, owed)
	_, err := s.SolveTicket(s.t.Context(), person(""), s.show(o.ID).Tickets[0].ID, "It is on its way.")
	must(s.t, err)
	s.after(8 * day)
	owed.Tickets = "payment_issue open needs_person, payment_issue solved needs_person"
	s.expect(o, owed)
	refund := s.show(o.ID).Refunds[0].ID
	_, err = s.RecordRefund(s.t.Context(), person(""), o.ID, refund, payment.Record{Reference: "made up", Amount: 1})
	s.refused(fault.Invalid, err)
	_, err = s.RecordRefund(s.t.Context(), person(""), o.ID, "rfd_none", payment.Record{Reference: "made up", Amount: o.Total})
	s.refused(fault.NotFound, err)
	_, err = s.RecordRefund(s.t.Context(), person(""), o.ID, refund, payment.Record{Reference: "made up", Amount: o.Total})
	must(s.t, err)
	owed.Order, owed.Money, owed.Next = "cancelled: released refunded none", "by hand 845 taken, 845 back", ""
	s.expect(o, owed)
	s.after(8 * day)
	owed.Tickets = "payment_issue closed needs_person, payment_issue open needs_person" // nothing is owed any more
	s.expect(o, owed)
	_, err = s.RecordRefund(s.t.Context(), person(""), o.ID, refund, payment.Record{Reference: "made up", Amount: o.Total})
	s.refused(fault.Conflict, err)
}
