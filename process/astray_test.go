package process_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// sendsAnew is a shop that sends anew what is lost or damaged.
func sendsAnew(p *policy.Policy) { p.OnLost = policy.OnLostReship }

// What people and carriers say of parcels that do not arrive.

// scan has a blind carrier see a parcel now.
func (s *shop) scan(p shipping.Shipment, status shipping.TrackingStatus, detail shipping.Detail) {
	s.t.Helper()
	if s.carrier.sees == nil {
		s.carrier.sees = map[string][]shipping.Scan{}
	}
	seen := s.carrier.sees[p.TrackingNumber]
	s.carrier.sees[p.TrackingNumber] = append(seen, shipping.Scan{
		ID: fmt.Sprint(len(seen)), Status: status, Detail: detail, At: s.clock.Now(), Place: "made up"})
}

// unseen places an order in a shop whose carrier sees nothing by itself, and lets
// its parcel leave.
func (s *shop) unseen(q order.Request) (order.Order, shipping.Shipment) {
	s.t.Helper()
	s.carrier.blind = true
	o := s.place(q)
	s.after(time.Minute)
	return o, s.parcel(o)
}

func (s *shop) report(p shipping.Shipment, became shipping.Status) {
	s.t.Helper()
	_, err := s.ReportMishap(s.t.Context(), person(""), p.Order, p.ID, became)
	must(s.t, err)
}

func (s *shop) reship(p shipping.Shipment) {
	s.t.Helper()
	_, err := s.Reship(s.t.Context(), person(""), p.Order, p.ID)
	must(s.t, err)
}

func (s *shop) find(p shipping.Shipment) {
	s.t.Helper()
	_, err := s.MarkFound(s.t.Context(), person(""), p.Order, p.ID)
	must(s.t, err)
}

func (s *shop) receiveBack(p shipping.Shipment, g shipping.Grading) {
	s.t.Helper()
	_, err := s.ReceiveBack(s.t.Context(), person(""), p.Order, p.ID, g)
	must(s.t, err)
}

func (s *shop) arrive(p shipping.Shipment) {
	s.t.Helper()
	_, err := s.MarkDelivered(s.t.Context(), person(""), p.Order, p.ID)
	must(s.t, err)
}

// the returns the order's parcel with the id, as it stands now.
func (s *shop) the(p shipping.Shipment) shipping.Shipment {
	s.t.Helper()
	v := s.show(p.Order)
	return v.Shipments[slices.IndexFunc(v.Shipments, func(q shipping.Shipment) bool { return q.ID == p.ID })]
}

// newest returns the order's parcel that was planned last.
func (s *shop) newest(o order.Order) shipping.Shipment {
	s.t.Helper()
	v := s.show(o.ID)
	return slices.MaxFunc(v.Shipments, func(a, b shipping.Shipment) int { return a.PlannedAt.Compare(b.PlannedAt) })
}

func (s *shop) wantParcel(p shipping.Shipment, want shipping.Status) {
	s.t.Helper()
	if got := s.the(p).Status; got != want {
		s.t.Fatalf("the parcel is %s, not %s\n%s", got, want, timeline(s.show(p.Order)))
	}
}

const (
	lostOnce  = "shipped: left captured lost"
	sentAnew  = "shipped: reserved captured reshipping"
	notSeen   = "where_is_my_order open not_seen"
	notComing = "where_is_my_order open not_arriving"
	atTheDoor = "delivered: left captured delivered"
)

// astrayScenarios are the ways of a parcel that has left and does not arrive.
var astrayScenarios = []scenario{
	{"it is sent anew by itself once", config{policy: sendsAnew}, func(s *shop) {
		o, _ := s.unseen(cup())
		s.carrier.blind = true
		s.after(200 * day)
		if n := len(s.sold(o.ID)); n != 2 {
			s.t.Errorf("%d labels were sold", n)
		}
		s.wantCount(o, shipping.EventLost, 2)
		if v := s.show(o.ID); v.Order.OpenTickets == 0 {
			s.t.Error("no one is told")
		}
	}},
	{"what was sent anew is not seen", config{policy: settings(firstScan, sendsAnew)}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.InTransit, "")
		s.after(7 * time.Hour)
		s.report(p, shipping.Lost)
		s.after(90 * day)
		if v := s.show(o.ID); v.Order.OpenTickets == 0 {
			s.t.Error("no one is told")
		}
	}},
	{"it can not be received while its label is being given back", config{policy: settings(firstScan, impatient)}, func(s *shop) {
		o, p := s.unseen(cup())
		s.carrier.void.say(voidSilent, voidSilent, voidSilent)
		s.cancel(o)
		s.after(2 * time.Minute)
		s.scan(p, shipping.InTransit, "")
		s.after(7 * time.Hour)
		_, err := s.ReceiveBack(s.t.Context(), person(""), o.ID, p.ID, shipping.Grading{})
		s.refused(fault.Conflict, err)
		_, err = s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Minute)
		_, err = s.ReceiveBack(s.t.Context(), person(""), o.ID, p.ID, shipping.Grading{})
		must(s.t, err)
	}},
	{"the carrier keeps the label of a failed order, and no one may forget it", config{policy: settings(byPerson, onHandOver)}, func(s *shop) {
		s.gateway.capture.say(declinedHard)
		s.carrier.void.say(reply[shipping.VoidAnswer]{answer: shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}})
		o := s.place(cup())
		s.after(time.Hour)
		open := 0
		for _, t := range s.show(o.ID).Tickets {
			if t.Status != support.Open {
				continue
			}
			open++
			_, err := s.SolveTicket(s.t.Context(), person(""), t.ID, "Made up answer.")
			s.refused(fault.Conflict, err)
		}
		if open != 1 {
			s.t.Errorf("%d tickets are with a person", open)
		}
	}},
	{"lost by its deadline, and found", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.after(29 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Tickets: notSeen, Next: "track"})
		s.after(day)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notSeen, Next: "await_remedy, track"})
		s.wantCount(o, shipping.EventLost, 1)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		s.scan(p, shipping.InTransit, "")
		s.after(7 * time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Tickets: notSeen, Next: "track"})
		s.scan(p, shipping.Delivered, "")
		s.after(day)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold", Tickets: notSeen})
	}},
	{"never given up", config{policy: func(p *policy.Policy) { p.LostAfter = 0 }}, func(s *shop) {
		o, _ := s.unseen(cup())
		s.after(300 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Tickets: notSeen, Next: "track"})
	}},
	{"lost, as its carrier says, and delivered after all", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.Failure, shipping.DetailLost)
		s.after(7 * time.Hour)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy, track"})
		s.scan(p, shipping.Delivered, "")
		s.after(8 * day)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold", Tickets: notComing})
	}},
	{"lost, as a person says, and found by another", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy, track"})
		_, err := s.ReportMishap(s.t.Context(), person(""), o.ID, p.ID, shipping.Lost)
		s.refused(fault.Conflict, err)
		_, err = s.ReportMishap(s.t.Context(), person(""), o.ID, p.ID, shipping.Failed)
		s.refused(fault.Invalid, err)
		s.after(6 * day) // the ticket is open: there is none more
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy, track"})
		s.find(p)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "track"})
		_, err = s.MarkFound(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		s.after(29 * day)
		s.wantParcel(p, shipping.Shipped)
		s.after(8 * day)
		s.wantParcel(p, shipping.Lost)
	}},
	{"lost, and no one does anything about it", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.solveAll(o)
		s.after(4 * day)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold",
			Tickets: "where_is_my_order open not_arriving, where_is_my_order solved not_arriving", Next: "await_remedy, track"})
	}},
	{"what is sent anew is not wanted any more", config{policy: byPerson}, func(s *shop) {
		o, p := s.unseen(cup())
		s.handOver(o, "")
		s.report(p, shipping.Lost)
		s.reship(p)
		s.after(time.Minute)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		s.saysHold(err)
		_, err = s.PreviewEdit(s.t.Context(), o.ID, fewer(0))
		s.refused(fault.Conflict, err)
		s.saysHold(err)
		s.hold(o, "made_up")
		_, err = s.HandOver(s.t.Context(), person(""), o.ID, s.newest(o).ID, shipping.HandOver{})
		s.refused(fault.Conflict, err)
		s.release(o)
		s.after(time.Minute)
		_, err = s.HandOver(s.t.Context(), person(""), o.ID, s.newest(o).ID, shipping.HandOver{})
		must(s.t, err)
		s.scan(s.newest(o), shipping.Delivered, "")
		s.after(day)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expectMoney(o, takenBack)
	}},
	{"lost, and sent anew by a person", config{policy: byPerson}, func(s *shop) {
		o, p := s.unseen(cup())
		_, err := s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		s.handOver(o, "")
		_, err = s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		s.report(p, shipping.Lost)
		s.reship(p)
		s.wantLevel("CUP", 99, 1)
		_, err = s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		s.after(time.Minute)
		s.expect(o, outcome{Order: sentAnew, Money: taken, Labels: "2 sold", Tickets: notComing, Next: "track, await_handover"})
		t := s.raise(o, support.WhereIsMyOrder)
		s.wantTicket(t.ID, support.Solved, support.BeingSentAnew)
		_, err = s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		next := s.newest(o)
		_, err = s.HandOver(s.t.Context(), person(""), o.ID, next.ID, shipping.HandOver{})
		must(s.t, err)
		s.wantLevel("CUP", 98, 0)
		s.scan(next, shipping.Delivered, "")
		s.after(day)
		s.wantStatus(o, order.Delivered)
		s.wantParcel(p, shipping.Lost)
	}},
	{"lost, and sent anew by itself", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.Failure, shipping.DetailLost)
		s.after(7 * time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "2 sold", Next: "track, track"})
		s.scan(s.newest(o), shipping.Delivered, "")
		s.after(day)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "2 sold", Next: "track"})
		s.wantLevel("CUP", 98, 0)
	}},
	{"lost, sent anew, and found", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.after(31 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "2 sold", Tickets: notSeen, Next: "track, track"})
		s.scan(p, shipping.InTransit, "")
		s.after(8 * day)
		twice := outcome{Order: shippedOnce, Money: taken, Labels: "2 sold", Tickets: "other open needs_person, " + notSeen + ", " + notSeen, Next: "track, track"}
		s.expect(o, twice)
		s.scan(p, shipping.Delivered, "")
		s.scan(s.newest(o), shipping.Delivered, "")
		s.after(day)
		twice.Order, twice.Next = atTheDoor, ""
		s.expect(o, twice)
		s.wantLevel("CUP", 98, 0)
	}},
	{"lost, sent anew, and delivered twice", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.scan(s.newest(o), shipping.Delivered, "")
		s.after(day)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "2 sold", Next: "track"})
		s.scan(p, shipping.Delivered, "")
		s.after(8 * day)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "2 sold", Tickets: "other open needs_person"})
	}},
	{"lost, and not there to be sent anew", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(request(1, "LAMP"))
		s.report(p, shipping.Lost)
		s.expect(o, outcome{Order: lostOnce, Money: "9295 taken", Labels: "1 sold", Tickets: "where_is_my_order open refund", Next: "await_remedy, track"})
		_, err := s.Reship(s.t.Context(), person(""), o.ID, p.ID)
		s.refused(fault.Conflict, err)
		s.wantReship(p, 0, 1)
		s.receive("LAMP", "main", 1)
		s.wantReship(p, 1, 0)
		s.reship(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: "9295 taken", Labels: "2 sold", Tickets: "where_is_my_order open refund", Next: "track, track"})
		s.wantLevel("LAMP", 0, 0)
	}},
	{"lost twice", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		second := s.newest(o)
		s.report(second, shipping.Damaged)
		s.reship(second) // the second time, a person decides
		s.after(time.Minute)
		last := s.newest(o)
		s.scan(last, shipping.Delivered, "")
		s.after(day)
		s.wantStatus(o, order.Delivered)
		if sums := s.show(o.ID).Order.Sums; sums.Replaced != 2 || sums.Arrived != 1 || sums.Lost != 0 {
			s.t.Errorf("the sums are %+v", sums)
		}
		s.wantLevel("CUP", 97, 0)
	}},
	{"damaged, and a person sends it anew", config{}, func(s *shop) {
		o, p := s.unseen(request(1, "CUP", "POT"))
		s.scan(p, shipping.Failure, shipping.DetailDamaged)
		s.after(7 * time.Hour)
		damaged := outcome{Order: lostOnce, Money: "2844 taken", Labels: "1 sold", Tickets: "damaged open needs_person", Next: "await_remedy"}
		s.expect(o, damaged)
		s.reship(p)
		s.after(time.Minute)
		damaged.Order, damaged.Labels, damaged.Next = shippedOnce, "2 sold", "track"
		s.expect(o, damaged)
		_, err := s.ReceiveBack(s.t.Context(), person(""), o.ID, p.ID, shipping.Grading{Unfit: map[string]int64{"CUP": 2}})
		s.refused(fault.Invalid, err)
		s.wantBack(p, shipping.Grading{Unfit: map[string]int64{"CUP": 1}}, map[string]int64{"POT": 1})
		s.receiveBack(p, shipping.Grading{Unfit: map[string]int64{"CUP": 1}})
		s.wantLevel("CUP", 98, 0)
		s.wantLevel("POT", 49, 0)
		s.wantParcel(p, shipping.Received)
		_, err = s.ReceiveBack(s.t.Context(), person(""), o.ID, p.ID, shipping.Grading{})
		s.refused(fault.Conflict, err)
	}},
	{"damaged, and sent anew", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Damaged)
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "2 sold", Next: "track"})
		s.receiveBack(p, shipping.Grading{WriteOff: true})
		s.wantLevel("CUP", 98, 0)
	}},
	{"refused at the door, and back in the house", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.ReturnToSender, shipping.DetailRefused)
		s.after(7 * time.Hour)
		back := outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy"}
		s.expect(o, back)
		s.receiveBack(p, shipping.Grading{})
		s.wantLevel("CUP", 100, 0)
		s.expect(o, back)
		s.reship(p)
		s.after(time.Minute)
		back.Order, back.Labels, back.Next = shippedOnce, "2 sold", "track"
		s.expect(o, back)
		s.wantLevel("CUP", 99, 0)
	}},
	{"it comes back, and is sent anew before it is there", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Returned)
		s.reship(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "2 sold", Tickets: notComing, Next: "track"})
	}},
	{"back in the house before anyone said so", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.receiveBack(p, shipping.Grading{})
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy"})
		s.wantLevel("CUP", 100, 0)
		t := s.raise(o, support.OrderIssue)
		s.wantTicket(t.ID, support.Open, support.NotArriving)
	}},
	{"lost, and then damaged", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.scan(p, shipping.Failure, shipping.DetailDamaged)
		s.after(8 * day)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: "damaged open needs_person, " + notComing, Next: "await_remedy"})
	}},
	{"lost, and then coming back", config{}, func(s *shop) {
		o, p := s.unseen(cup())
		s.report(p, shipping.Lost)
		s.scan(p, shipping.ReturnToSender, "")
		s.after(8 * day)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy"})
		s.wantParcel(p, shipping.Returned)
	}},
	{"a scan that is late finds nothing", config{}, func(s *shop) {
		_, p := s.unseen(cup())
		s.scan(p, shipping.InTransit, "")
		s.after(time.Hour)
		s.report(p, shipping.Lost)
		s.after(8 * day)
		s.wantParcel(p, shipping.Lost)
	}},
	{"a carrier without a provider loses a parcel", config{policy: settings(manualCarrier, func(p *policy.Policy) { p.LostAfter = policy.Duration(5 * day) })}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		s.handOver(o, "MADE-UP-1")
		p := s.parcel(o)
		s.after(5*day - time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Next: "await_delivery"})
		s.after(time.Minute)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Tickets: notComing, Next: "await_remedy"})
		s.find(p)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Tickets: notComing, Next: "await_delivery"})
		s.report(p, shipping.Lost)
		s.arrive(p)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Tickets: notComing})
		_, err := s.ReportMishap(s.t.Context(), person(""), o.ID, p.ID, shipping.Damaged)
		s.refused(fault.Conflict, err)
		_, err = s.ReceiveBack(s.t.Context(), person(""), o.ID, p.ID, shipping.Grading{})
		s.refused(fault.Conflict, err)
	}},
	{"what came back is sent anew to another address", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		s.handOver(o, "MADE-UP-1")
		s.noEdit(o, elsewhere("EC1A 1BB"), fault.TooLate)
		p := s.parcel(o)
		s.report(p, shipping.Returned)
		s.edit(o, elsewhere("EC1A 1BB"))
		s.receiveBack(p, shipping.Grading{})
		s.reship(p)
		if to := s.show(o.ID).Contact.ShipTo; to != *elsewhere("EC1A 1BB").ShipTo {
			s.t.Errorf("it goes to %+v", to)
		}
		s.wantFacets(o, order.Shipped, order.StockReserved, order.FulfilmentReshipping)
		s.leave(s.newest(o))
		s.arrive(s.newest(o))
	}},
	{"a carrier without a provider damages a parcel and brings another back", config{policy: manualCarrier}, func(s *shop) {
		for i, became := range []shipping.Status{shipping.Damaged, shipping.Returned} {
			o := s.place(request(i, "CUP"))
			s.after(0)
			s.handOver(o, fmt.Sprint("MADE-UP-", i))
			s.report(s.parcel(o), became)
			if v := s.show(o.ID); len(v.Next) != 1 || v.Next[0].Step != process.StepAwaitRemedy {
				s.t.Errorf("next is %+v", v.Next)
			}
		}
	}},
}

// wantReship checks what sending a parcel anew would reserve, and what is short.
func (s *shop) wantReship(p shipping.Shipment, from, short int) {
	s.t.Helper()
	v, err := s.PreviewReship(s.t.Context(), p.Order, p.ID)
	must(s.t, err)
	if len(v.From) != from || len(v.Short) != short || len(v.Lines) == 0 {
		s.t.Errorf("sending it anew would be %+v", v)
	}
}

// wantBack checks what receiving a parcel would put back.
func (s *shop) wantBack(p shipping.Shipment, g shipping.Grading, fit map[string]int64) {
	s.t.Helper()
	v, err := s.PreviewReceiveBack(s.t.Context(), p.Order, p.ID, g)
	must(s.t, err)
	if fmt.Sprint(v.Fit) != fmt.Sprint(fit) || int64(len(v.Fit)+len(v.Unfit)) != int64(len(v.Lines)) {
		s.t.Errorf("receiving it would be %+v", v)
	}
}

// pair is an order of two lamps that are in two parcels of a carrier without a
// provider, and two more lamps to send anew.
func (s *shop) pair() (o order.Order, main, annex shipping.Shipment) {
	s.t.Helper()
	s.annex("LAMP", 1)
	q := request(1, "LAMP")
	q.Lines[0].Quantity = 2
	o = s.place(q)
	s.after(0)
	s.receive("LAMP", "annex", 2)
	return o, s.from(o, "main"), s.from(o, "annex")
}

// leave hands parcels over to a carrier without a provider, a second before
// anything else happens.
func (s *shop) leave(parcels ...shipping.Shipment) {
	s.t.Helper()
	for _, p := range parcels {
		_, err := s.HandOver(s.t.Context(), person(""), p.Order, p.ID, shipping.HandOver{TrackingNumber: "MADE-UP-" + p.ID})
		must(s.t, err)
	}
	s.after(time.Second)
}

// saysHold wants withdrawing and holding named as the ways that are left.
func (s *shop) saysHold(err error) {
	s.t.Helper()
	if !strings.Contains(err.Error(), "withdraw that") || !strings.Contains(err.Error(), "hold it") {
		s.t.Errorf("no way is named that exists: %v", err)
	}
}

// wantFacets checks status, stock and fulfilment of an order.
func (s *shop) wantFacets(o order.Order, status order.Status, stock order.Stock, f order.Fulfilment) {
	s.t.Helper()
	v := s.show(o.ID)
	s.sound(v)
	if now := v.Order; now.Status != status || now.Stock != stock || now.Fulfilment != f {
		s.t.Fatalf("the order is %s, %s, %s and not %s, %s, %s\n%s", now.Status, now.Stock, now.Fulfilment, status, stock, f, timeline(v))
	}
}

// oneOfTwoScenarios are the ways of an order of which one parcel does not arrive,
// and another one is here, under way, or astray too.
var oneOfTwoScenarios = []scenario{
	{"a cancel is asked for after one of two parcels left", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.wantTicket(s.raise(o, support.CancelRequest).ID, support.Open, support.PartTooLate)
		s.report(first, shipping.Lost)
		s.wantTicket(s.raise(o, support.CancelRequest).ID, support.Open, support.NotArriving)
		s.find(first)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}})
		s.wantParcel(second, shipping.Voided)
	}},
	{"one parcel is lost and found before the other leaves", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		for range 2 {
			s.report(first, shipping.Lost)
			s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyLost)
			s.find(first)
			s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyShipped)
		}
		s.report(first, shipping.Lost)
		s.arrive(first)
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyShipped)
		s.leave(second)
		s.arrive(second)
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
	}},
	{"one parcel is damaged before the other leaves", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.report(first, shipping.Damaged)
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyLost)
		s.leave(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.arrive(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.reship(first)
		s.leave(s.newest(o))
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
		s.arrive(s.newest(o))
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
	}},
	{"one parcel is lost, the other arrives, and it is sent anew", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.arrive(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.reship(first)
		s.leave(s.newest(o))
		s.arrive(s.newest(o))
		s.expect(o, outcome{Order: atTheDoor, Money: "18195 taken", Tickets: notComing})
	}},
	{"one parcel comes back and is sent anew before the other leaves", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.report(first, shipping.Returned)
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyLost)
		s.after(time.Minute)
		s.reship(first)
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentPartlyShipped)
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.TooLate, err)
		anew := s.newest(o)
		s.leave(anew)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentReshipping)
		s.report(anew, shipping.Lost)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
		s.leave(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
	}},
	{"one parcel is sent anew, and then the other is damaged", config{policy: manualCarrier}, func(s *shop) {
		o := s.sentAnewOne(shipping.Damaged)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
	}},
	{"one parcel is sent anew, and then the other comes back", config{policy: manualCarrier}, func(s *shop) {
		o := s.sentAnewOne(shipping.Returned)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
	}},
	{"both are lost, one is sent anew, and the other is found", config{policy: manualCarrier}, func(s *shop) {
		o, second := s.bothLost()
		s.find(second)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentReshipping)
	}},
	{"both are lost, one is sent anew, and the other arrives", config{policy: manualCarrier}, func(s *shop) {
		o, second := s.bothLost()
		s.arrive(second)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentReshipping)
	}},
	{"one is lost and arrives while the other is under way", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.arrive(first)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"no carrier takes what is sent anew", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.carrier.buy.say(labelRefused)
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.expect(o, outcome{Order: sentAnew, Money: taken, Labels: "1 sold", Tickets: "other open needs_person", Next: "await_carrier, track"})
		if held := s.show(o.ID).Order.Held; held != string(order.ShippingFailed) {
			s.t.Errorf("it is held for %q", held)
		}
		s.release(o)
		s.after(time.Minute)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"what is to be sent anew is not found", config{policy: settings(manualCarrier, sendsAnew)}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		s.leave(s.parcel(o))
		s.report(s.parcel(o), shipping.Lost)
		must(s.t, s.recount("CUP", "main", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.wantFacets(o, order.Shipped, order.StockMissing, order.FulfilmentReshipping)
		s.receive("CUP", "main", 1)
		s.after(time.Second)
		s.release(o)
		s.leave(s.newest(o))
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
}

// sentAnewOne is an order of which one parcel is sent anew, when that becomes of
// the other.
func (s *shop) sentAnewOne(became shipping.Status) order.Order {
	s.t.Helper()
	o, first, second := s.pair()
	s.leave(first, second)
	s.report(first, shipping.Lost)
	s.reship(first)
	s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentReshipping)
	s.report(second, became)
	return o
}

// bothLost is an order of which both parcels were lost and one is sent anew, and
// the other parcel.
func (s *shop) bothLost() (order.Order, shipping.Shipment) {
	s.t.Helper()
	o, first, second := s.pair()
	s.leave(first, second)
	s.report(first, shipping.Lost)
	s.report(second, shipping.Lost)
	s.reship(first)
	s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
	return o, second
}
