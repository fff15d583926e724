package process_test

import (
	"sync"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// notAnew is the change by which a parcel's goods are not sent anew after all.
func notAnew(p shipping.Shipment) order.Edit { return order.Edit{Withdraw: p.ID} }

// unsend withdraws that a parcel's goods are sent anew, as it was previewed.
func (s *shop) unsend(p shipping.Shipment) process.EditPlan {
	s.t.Helper()
	return s.edit(order.Order{ID: p.Order}, notAnew(p))
}

// anewByHand is an order of a cup whose parcel became that, and whose goods are being
// sent anew by a person, with a label already.
func (s *shop) anewByHand(became shipping.Status) (order.Order, shipping.Shipment) {
	s.t.Helper()
	o, p := s.unseen(cup())
	s.handOver(o, "")
	s.report(p, became)
	s.after(time.Second)
	s.reship(p)
	s.after(time.Minute)
	s.expect(o, outcome{Order: sentAnew, Money: taken, Labels: "2 sold", Tickets: toldOf[became], Next: nextAnew[became]})
	return o, p
}

// toldOf is the ticket of a parcel that became that, and nextAnew what follows while
// its goods are sent anew.
var (
	toldOf   = map[shipping.Status]string{shipping.Lost: notComing, shipping.Returned: notComing, shipping.Damaged: "damaged open needs_person"}
	nextAnew = map[shipping.Status]string{shipping.Lost: "track, await_handover", shipping.Returned: "await_handover", shipping.Damaged: "await_handover"}
)

// unsentOnce is an order whose lost parcel stands as lost again, its new label given back.
var unsentOnce = outcome{Order: lostOnce, Money: taken, Labels: "2 sold, 1 void", Tickets: notComing, Next: "await_remedy, track"}

// unsendScenarios are the ways of goods that are being sent anew, and are not after all.
var unsendScenarios = []scenario{
	{"not sent anew after all, and refunded", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		plan := s.unsend(p)
		if plan.Freed != 1 || plan.Unwaited != 0 || plan.Refund != 0 || plan.After != plan.Total || len(plan.Repacked) != 1 || len(plan.Voided) != 1 ||
			plan.Voided[0] != s.newest(o).ID || plan.Withdrawn != p.ID || plan.Stands != "lost" {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.expect(o, outcome{Order: "shipped changing: reserved captured reshipping", Money: taken, Labels: "2 sold", Tickets: notComing, Next: "track, await_handover, void_label"})
		s.noEdit(o, notAnew(p), fault.Conflict)
		s.after(time.Minute)
		s.expect(o, unsentOnce)
		s.wantLevel("CUP", 99, 0)
		s.wantRemedy(o, p)
		s.noEdit(o, notAnew(p), fault.Conflict)
		s.refundAll(o)
		s.after(time.Minute)
		s.wantRemedy(o)
		s.expect(o, outcome{Order: "shipped: left refunded lost", Money: takenBack, Labels: "2 sold, 1 void", Tickets: notComing, Next: "track"})
	}},
	{"not sent anew, and then sent anew again", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.unsend(p)
		s.after(time.Minute)
		s.reship(p)
		s.after(time.Minute)
		s.wantRemedy(o)
		next := s.newest(o)
		_, err := s.HandOver(s.t.Context(), person(""), o.ID, next.ID, shipping.HandOver{})
		must(s.t, err)
		s.noEdit(o, notAnew(p), fault.TooLate)
		s.scan(next, shipping.Delivered, "")
		s.after(day)
		s.noEdit(o, notAnew(p), fault.TooLate)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "3 sold, 1 void", Tickets: notComing, Next: "track"})
		s.wantLevel("CUP", 98, 0)
	}},
	{"a damaged parcel's goods are not sent anew", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Damaged)
		s.unsend(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "2 sold, 1 void", Tickets: toldOf[shipping.Damaged], Next: "await_remedy"})
	}},
	{"the goods of a parcel that comes back are not sent anew", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Returned)
		s.unsend(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "2 sold, 1 void", Tickets: notComing, Next: "await_remedy"})
		s.receiveBack(p, shipping.Grading{})
		s.wantLevel("CUP", 100, 0)
	}},
	{"not sent anew before anyone was asked for a label", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		p := s.parcel(o)
		s.noEdit(o, notAnew(p), fault.Conflict)
		s.noEdit(o, order.Edit{Withdraw: "shp_none"}, fault.NotFound)
		s.noEdit(o, order.Edit{Withdraw: p.ID, Method: "express"}, fault.Invalid)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.noEdit(o, notAnew(p), fault.Conflict)
		s.reship(p)
		if plan := s.unsend(p); plan.Waits || len(plan.Voided) > 0 || len(plan.Repacked) != 1 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.expect(o, outcome{Order: lostOnce, Money: taken, Tickets: notComing, Next: "await_remedy"})
		s.wantParcel(p, shipping.Lost)
		s.find(p) // it is looked for no more: nobody is told that the customer gets it twice
		s.arrive(p)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Tickets: notComing})
	}},
	{"sent anew, not after all, and sent anew again in the same instant", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.reship(p)
		s.unsend(p)
		s.reship(p) // its movements of stock are others than the first one's
		s.wantLevel("CUP", 99, 1)
		s.expect(o, outcome{Order: sentAnew, Money: taken, Tickets: notComing, Next: "await_handover"})
	}},
	{"not sent anew while its label is bought", config{carrier: slowCarrier(time.Minute)}, func(s *shop) {
		o, p := s.anewSlowly()
		s.unsend(p)
		s.after(30 * time.Second)
		s.expect(o, outcome{Order: "shipped changing: reserved captured reshipping", Money: taken, Labels: "2 sold, 1 void", Tickets: notComing, Next: "track, void_label"})
		s.after(time.Minute)
		s.expect(o, unsentOnce)
	}},
	{"not sent anew while it is not known whether its label is bought", config{policy: slow}, func(s *shop) {
		o, p := s.anewSlowly(labelSilent, labelRefused)
		s.unsend(p)
		s.expect(o, outcome{Order: "shipped changing: reserved captured reshipping", Money: taken, Labels: "1 sold", Tickets: notComing, Next: "track, buy_label"})
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: notComing, Next: "await_remedy, track"})
	}},
	{"too late not to send it anew: scanned while its label is given back", config{policy: settings(firstScan, impatient)}, func(s *shop) {
		o, p := s.unseen(cup())
		s.scan(p, shipping.InTransit, "")
		s.after(7 * time.Hour)
		s.report(p, shipping.Lost)
		s.reship(p)
		s.after(time.Minute)
		s.carrier.void.say(voidSilent, voidSilent, voidSilent)
		s.unsend(p)
		s.scan(s.newest(o), shipping.InTransit, "")
		s.after(7 * time.Hour)
		s.wantCount(o, order.EventChangeRefused, 1)
		s.wantTold(o, "has left")
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"too late not to send it anew: the carrier keeps the label", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.carrier.void.say(labelKept)
		s.unsend(p)
		s.after(time.Minute)
		s.wantCount(o, order.EventChangeRefused, 1)
		s.wantTold(o, "on its way already")
		s.wantFacets(o, order.Shipped, order.StockReserved, order.FulfilmentReshipping)
	}},
	{"that it is not sent anew is withdrawn in its turn", config{policy: settings(byPerson, slow)}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.carrier.void.say(voidSilent)
		s.unsend(p)
		s.after(time.Second)
		_, err := s.WithdrawEdit(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Hour)
		s.expect(o, outcome{Order: sentAnew, Money: taken, Labels: "3 sold, 1 void", Tickets: notComing, Next: "track, await_handover"})
	}},
	{"it turns up, and is not sent anew", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.find(p)
		s.wantTold(o, "can be withdrawn")
		if plan := s.unsend(p); plan.Stands != "shipped" {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
		s.scan(p, shipping.Delivered, "")
		s.after(day)
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
		s.wantLevel("CUP", 99, 0)
	}},
	{"it arrives after all, and is not sent anew", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.scan(p, shipping.Delivered, "")
		s.after(7 * time.Hour)
		if plan := s.unsend(p); plan.Stands != "delivered" {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.after(time.Minute)
		s.wantFacets(o, order.Delivered, order.StockLeft, order.FulfilmentDelivered)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expectMoney(o, takenBack)
	}},
	{"what is sent anew is waited for, and is not sent", config{policy: manualCarrier}, func(s *shop) {
		o, p := s.waitsAnew(lamps(1, 1))
		s.noEdit(o, order.Edit{Lines: []order.EditLine{{Line: 1}}}, fault.Conflict)
		plan := s.unsend(p)
		if plan.Freed != 1 || plan.Unwaited != 1 || plan.Waits {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.wantWaiting(1)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.wantRemedy(o, p)
		s.receive("LAMP", "main", 1) // for the one that is still waited for
		s.after(time.Minute)
		s.wantWaiting()
	}},
	{"of two, what is sent anew of one is waited for, and is not sent", config{policy: settings(together, manualCarrier)}, func(s *shop) {
		s.mayWait()
		s.receive("LAMP", "main", 1)
		o := s.place(lamps(1, 2))
		s.after(time.Minute)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.annex("LAMP", 1)
		s.change(func(p *policy.Policy) { p.Split = true })
		s.reship(p)
		s.wantFacets(o, order.Shipped, order.StockBackordered, order.FulfilmentReshipping)
		if plan := s.unsend(p); plan.Freed != 2 || plan.Unwaited != 1 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.wantWaiting()
	}},
	{"one of two parcels has arrived, and the other's goods are waited for and not sent", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		o, first, second := s.pair()
		s.leave(first, second)
		s.arrive(second)
		s.report(first, shipping.Lost)
		s.place(lamps(2, 2)) // what is there is another's
		s.after(time.Second)
		s.reship(first)
		s.wantWaiting(1)
		s.find(first)
		s.unsend(first)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"what is to be sent anew is not found, and is not sent", config{policy: settings(manualCarrier, sendsAnew)}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		must(s.t, s.recount("CUP", "main", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.wantTold(o, "can be withdrawn")
		s.unsend(p)
		s.release(o)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.wantRemedy(o, p)
		s.wantLevel("CUP", 0, 0)
	}},
	{"a held order's goods are not sent anew", config{policy: byPerson}, func(s *shop) {
		o, p := s.anewByHand(shipping.Lost)
		s.hold(o, "made_up")
		s.unsend(p)
		s.after(time.Minute)
		s.expect(o, unsentOnce)
		if held := s.show(o.ID).Order.Held; held != "made_up" {
			s.t.Errorf("it is held for %q", held)
		}
		s.release(o)
		s.expect(o, unsentOnce)
	}},
	{"no carrier takes what is sent anew, and it is not sent", config{policy: sendsAnew}, func(s *shop) {
		o, p := s.unseen(cup())
		s.carrier.buy.say(labelRefused)
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.unsend(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: lostOnce, Money: taken, Labels: "1 sold", Tickets: "other solved needs_person", Next: "await_remedy, track"})
		if held := s.show(o.ID).Order.Held; held != "" {
			s.t.Errorf("it is held for %q", held)
		}
	}},
	{"what a person did not want sent anew is not sent by itself", config{policy: settings(byPerson, sendsAnew)}, func(s *shop) {
		o, p := s.unseen(cup())
		s.handOver(o, "")
		s.report(p, shipping.Lost)
		s.after(time.Minute)
		s.unsend(p)
		s.after(time.Minute)
		s.scan(p, shipping.Failure, shipping.DetailDamaged)
		s.after(8 * day)
		s.wantParcel(p, shipping.Damaged)
		s.wantCount(o, shipping.EventReplaced, 1)
		s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Open, support.WillRefund) // and not reship
		s.wantRemedy(o, p)
	}},
	{"a ticket had it sent anew, and it is not sent", config{policy: settings(byPerson, gives(1000))}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.handOver(o, "")
		p := s.parcel(o)
		s.report(p, shipping.Lost)
		s.change(replaces)
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.wantTicket(id, support.Solved, support.BeingSentAnew)
		s.after(time.Minute)
		s.unsend(p)
		s.after(time.Minute)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.wantRemedy(o, p)
		s.verify()
	}},
	{"some of what is sent anew was taken out since", config{policy: byPerson}, func(s *shop) {
		o, p := s.unseen(cupsAndPot(2))
		s.handOver(o, "")
		s.report(p, shipping.Lost)
		s.reship(p)
		s.after(time.Minute)
		s.edit(o, fewer(1))
		s.after(time.Minute)
		s.noEdit(o, notAnew(p), fault.Conflict)
	}},
}

// unsendOneScenarios are those of an order of two parcels.
var unsendOneScenarios = []scenario{
	{"one parcel's goods are not sent anew, and the other is here", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.report(first, shipping.Returned)
		s.reship(first)
		anew := s.newest(o)
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentPartlyShipped)
		if plan := s.unsend(first); len(plan.Repacked) != 1 || plan.Repacked[0] != anew.ID {
			s.t.Errorf("the plan is %+v, not to give up %s", plan, anew.ID)
		}
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyLost)
		s.wantParcel(second, shipping.Planned)
		s.leave(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
	}},
	{"one parcel's goods are not found and not sent anew, and the other is here", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first)
		s.report(first, shipping.Lost)
		s.reship(first)
		must(s.t, s.recount("LAMP", "annex", 0))
		s.wantFacets(o, order.Paid, order.StockMissing, order.FulfilmentPartlyShipped)
		s.unsend(first)
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyLost)
		s.wantParcel(second, shipping.Voided)
	}},
	{"one parcel is waited for, and what is sent anew is not sent", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		s.annex("LAMP", 1)
		o := s.place(lamps(1, 3))
		s.after(0)
		first, second := s.from(o, "main"), s.from(o, "annex")
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.reship(first)
		s.wantFacets(o, order.Paid, order.StockPartlyLeft, order.FulfilmentPartlyShipped)
		s.unsend(first)
		s.wantWaiting(1)
	}},
	{"one parcel has arrived, and the other's goods are not sent anew", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.arrive(second)
		s.reship(first)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentReshipping)
		s.unsend(first)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		s.wantRemedy(o)
	}},
	{"both are sent anew, one is waited for, and one's goods are not sent", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		o, first, second := s.pair()
		s.leave(first, second)
		s.place(lamps(2, 1))
		s.report(first, shipping.Lost)
		s.report(second, shipping.Lost)
		s.reship(first)
		s.reship(second)
		s.wantFacets(o, order.Shipped, order.StockBackordered, order.FulfilmentReshipping)
		if plan := s.unsend(first); plan.Unwaited != 1 || len(plan.Repacked) > 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.wantWaiting()
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
		s.wantRemedy(o, first)
	}},
	{"both are sent anew, and first one's goods are not, and then the other's", config{policy: manualCarrier}, func(s *shop) {
		o, first, second := s.pair()
		s.leave(first, second)
		s.report(first, shipping.Lost)
		s.report(second, shipping.Lost)
		s.reship(first)
		s.reship(second)
		s.wantFacets(o, order.Shipped, order.StockReserved, order.FulfilmentReshipping)
		s.unsend(first)
		s.wantFacets(o, order.Shipped, order.StockPartlyLeft, order.FulfilmentLost)
		s.wantRemedy(o, first)
		s.unsend(second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
		s.wantRemedy(o, first, second)
	}},
	{"what was sent anew is lost and sent anew, and the first turns up", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(0)
		first := s.parcel(o)
		s.leave(first)
		s.report(first, shipping.Lost)
		s.reship(first)
		second := s.newest(o)
		s.leave(second)
		s.report(second, shipping.Lost)
		s.reship(second)
		s.find(first)
		s.unsend(first) // its goods are what the customer gets
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
		s.arrive(first)
		s.wantStatus(o, order.Delivered)
		s.noEdit(o, notAnew(second), fault.TooLate)
	}},
	{"one of two parcels that are sent anew has left", config{policy: manualCarrier}, func(s *shop) {
		q := request(1, "CUP", "LAMP")
		o := s.place(q)
		s.after(0)
		p := s.parcel(o)
		s.leave(p)
		s.annex("LAMP", 1)
		s.report(p, shipping.Lost)
		s.reship(p)
		s.leave(s.from(o, "annex"))
		s.noEdit(o, notAnew(p), fault.TooLate)
		s.edit(o, order.Edit{Lines: []order.EditLine{{Line: 1}}})
		s.after(time.Second)
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
}

// anewSlowly is an order whose lost parcel is sent anew, and whose carrier is just
// being asked for the label, to which it answers so.
func (s *shop) anewSlowly(says ...reply[shipping.LabelAnswer]) (order.Order, shipping.Shipment) {
	s.t.Helper()
	s.carrier.blind = true
	o := s.place(cup())
	s.after(5 * time.Minute)
	p := s.parcel(o)
	s.report(p, shipping.Lost)
	s.after(time.Minute)
	s.carrier.buy.say(says...)
	s.reship(p)
	s.after(30 * time.Second)
	return o, p
}

// waitsAnew is an order whose parcel came back and was given to another, so that it
// waits for its goods before that one; both may wait.
func (s *shop) waitsAnew(q order.Request) (order.Order, shipping.Shipment) {
	s.t.Helper()
	s.mayWait()
	o := s.place(q)
	s.after(time.Minute)
	p := s.parcel(o)
	s.leave(p)
	s.place(lamps(2, 2))
	s.after(time.Minute)
	s.report(p, shipping.Returned)
	s.receiveBack(p, shipping.Grading{})
	s.after(time.Minute)
	s.reship(p)
	s.wantWaiting(1, 1)
	s.wantFacets(o, order.Shipped, order.StockBackordered, order.FulfilmentReshipping)
	return o, p
}

// TestTwoWithdrawAtOnce has what is sent anew withdrawn by many at the same time, and
// handed over by as many: one of them all does it.
func TestTwoWithdrawAtOnce(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		s.after(0)
		p := s.parcel(o)
		s.leave(p)
		s.report(p, shipping.Lost)
		s.reship(p)
		anew := s.newest(o)
		var mu sync.Mutex
		var done sync.WaitGroup
		won := 0
		count := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			switch fault.CodeOf(err) {
			case "":
				won++
			case fault.Conflict, fault.TooLate:
			default:
				t.Error(err)
			}
		}
		for range 8 {
			done.Go(func() {
				_, err := s.Edit(t.Context(), person(""), o.ID, notAnew(p))
				count(err)
			})
			done.Go(func() {
				_, err := s.HandOver(t.Context(), person(""), o.ID, anew.ID, shipping.HandOver{TrackingNumber: "MADE-UP-1"})
				count(err)
			})
		}
		done.Wait()
		if won != 1 {
			t.Errorf("%d have done it", won)
		}
		s.verify()
	})
}

// TestKilledWhileItIsWithdrawn kills the process when what is sent anew is withdrawn,
// while its label is given back and while it is bought.
func TestKilledWhileItIsWithdrawn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for _, at := range []end{
			{Scenario: "not sent anew after all, and refunded", Step: process.StepFinishChange},
			{Scenario: "not sent anew while its label is bought", Step: process.StepVoidLabel, Durable: true},
			{Scenario: "it turns up, and is not sent anew", Step: process.StepFinishChange, Durable: true},
		} {
			at.Engine = engine
			t.Run(at.String(), func(t *testing.T) {
				t.Parallel()
				at.happen(t)
			})
		}
	})
}
