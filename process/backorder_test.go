package process_test

import (
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

func together(p *policy.Policy) { p.Split = false }
func payLater(p *policy.Policy) { p.PayBackorders = policy.PayWhenShippable }

// mayWait lets orders wait for lamps, of which there is one.
func (s *shop) mayWait() {
	s.t.Helper()
	_, err := s.DefineSKU(s.t.Context(), person(""), inventory.SKU{Code: "LAMP", Name: "Lamp", Currency: "GBP", Price: 8900, Weight: 3000, Backorder: true})
	must(s.t, err)
}

// lamps is an order of so many lamps, 89.00 each, and 3.95 for shipping.
func lamps(number int, n int64) order.Request {
	q := request(number, "LAMP")
	q.Lines[0].Quantity = n
	return q
}

// waits places an order in a shop where orders may wait for lamps.
func (s *shop) waits(q order.Request) order.Order {
	s.t.Helper()
	s.mayWait()
	return s.place(q)
}

func lampsLeft(n int64) order.Edit {
	return order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: n}}}
}

// wantWaiting checks how many lamps orders wait for, the one that is served first
// first.
func (s *shop) wantWaiting(want ...int64) {
	s.t.Helper()
	all, err := s.Waiting(s.t.Context(), "LAMP", 100)
	must(s.t, err)
	ok := len(all) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = all[i].Quantity == want[i]
	}
	if !ok {
		s.t.Fatalf("%+v wait, not %v", all, want)
	}
}

const (
	waitsUnpaid = "processed: backordered due none"
	waitsPaid   = "paid: backordered captured none"
	toBePaid    = "processed: reserved due none"
)

// backorderScenarios are the ways of an order of goods that are not all there.
var backorderScenarios = []scenario{
	{"what is there leaves before what is waited for", config{}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: partly_left captured partly_shipped", Money: "27095 taken", Labels: "1 sold", Next: "await_stock, track"})
		if t := s.raise(o, support.WhereIsMyOrder); t.Status != support.Solved || t.Reason != support.WaitsForGoods {
			s.t.Errorf("the ticket is %+v", t)
		}
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantWaiting(1)
		s.receive("LAMP", "main", 5)
		s.after(time.Minute)
		s.wantWaiting()
		s.wantLevel("LAMP", 4, 0)
		s.after(30 * day)
		s.expect(o, outcome{Order: "delivered: left captured delivered", Money: "27095 taken", Labels: "3 sold", Tickets: "where_is_my_order closed waits_for_goods"})
	}},
	{"all of it leaves together", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		s.after(time.Minute)
		s.expect(o, outcome{Order: waitsPaid, Money: "27095 taken", Next: "await_stock"})
		s.receive("LAMP", "main", 1)
		s.after(day)
		s.expect(o, outcome{Order: waitsPaid, Money: "27095 taken", Next: "await_stock"})
		s.wantLevel("LAMP", 2, 2)
		s.annex("LAMP", 1)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "27095 taken", Labels: "2 sold", Next: "track, track"})
	}},
	{"nothing of it is there, and its money is only authorised", config{policy: onHandOver}, func(s *shop) {
		s.mayWait()
		first := s.place(lamps(1, 1))
		o := s.place(lamps(2, 1))
		s.after(time.Minute)
		s.wantStatus(first, order.Shipped)
		s.expect(o, outcome{Order: "paid: backordered authorised none", Money: "9295 held", Next: "await_stock"})
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "9295 taken", Labels: "1 sold", Next: "track"})
	}},
	{"it is asked to be paid when all of it is there", config{policy: payLater}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(day)
		s.expect(o, outcome{Order: waitsUnpaid, Next: "await_stock"})
		for c, want := range map[support.Category]support.Reason{support.WhereIsMyOrder: support.WaitsForGoods, support.PaymentIssue: support.PaysLater} {
			if t := s.raise(o, c); t.Status != support.Solved || t.Reason != want {
				s.t.Errorf("the ticket is %+v", t)
			}
		}
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: o.Total})
		s.refused(fault.Conflict, err)
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "shipped: left captured shipped", Money: "18195 taken", Labels: "1 sold",
			Tickets: "payment_issue solved pays_later, where_is_my_order solved waits_for_goods", Next: "track"})
	}},
	{"it is declined for now when all of it is there", config{policy: settings(payLater, retryAfter(3*day), payWithin(2*day))}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(10 * day)
		s.gateway.authorise.say(declinedSoftly)
		s.receive("LAMP", "main", 1)
		s.after(47 * time.Hour) // it has as long as any other from then on
		s.expect(o, outcome{Order: toBePaid, Next: "authorise"})
		s.after(2 * time.Hour)
		s.expect(o, notPaid)
		s.wantLevel("LAMP", 2, 0)
	}},
	{"it is to be paid elsewhere when all of it is there, and is not", config{policy: settings(manualGateway, payLater, payWithin(2*day))}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		next := s.place(lamps(2, 1))
		s.after(10 * day)
		s.expect(o, outcome{Order: waitsUnpaid, Next: "await_stock"})
		s.receive("LAMP", "main", 1)
		s.after(47 * time.Hour)
		s.expect(o, outcome{Order: toBePaid, Next: "await_payment"})
		s.expect(next, outcome{Order: waitsUnpaid, Next: "await_stock"})
		s.after(2 * time.Hour)
		s.wantStatus(o, order.Failed)
		s.expect(next, outcome{Order: toBePaid, Next: "await_payment"})
		s.record(next)
		s.after(time.Minute)
		s.wantStatus(next, order.Shipped)
		s.wantLevel("LAMP", 1, 0)
	}},
	{"it is paid elsewhere before anyone asks", config{policy: settings(manualGateway, payLater)}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.record(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: partly_left captured partly_shipped", Money: "by hand 18195 taken", Labels: "1 sold", Next: "await_stock, track"})
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"the oldest is served first, and no one before it", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		s.mayWait()
		var all []order.Order
		for n := range 3 {
			all = append(all, s.place(lamps(n, 2)))
			s.after(time.Minute)
		}
		s.wantWaiting(1, 2, 2)
		s.receive("LAMP", "main", 2)
		late := s.place(lamps(4, 1)) // although two are there
		s.wantWaiting(1, 2, 2, 1)
		s.noAdd(s.place(request(5, "CUP")), "LAMP")
		s.after(0)
		s.wantWaiting(1, 2, 1)
		s.expect(all[0], outcome{Order: toBePaid, Next: "await_payment"})
		s.expect(all[1], outcome{Order: waitsUnpaid, Next: "await_stock, await_payment"})
		s.cancel(all[1])
		s.after(0)
		s.wantWaiting(1, 1)
		s.cancel(all[0])
		s.after(0)
		s.wantWaiting()
		s.wantLevel("LAMP", 3, 3)
		s.expect(late, outcome{Order: toBePaid, Next: "await_payment"})
	}},
	{"goods are short for which no order may wait", config{}, func(s *shop) {
		s.mayWait()
		q := request(1, "LAMP", "POT")
		q.Lines[0].Quantity, q.Lines[1].Quantity = 2, 51
		r, err := s.Place(s.t.Context(), person(""), q)
		must(s.t, err)
		if v := r.Value; v.Order.Failure != order.OutOfStock || len(v.Waiting) > 0 || len(v.Shortages) != 2 {
			s.t.Errorf("it is answered by %+v", v)
		}
		s.wantWaiting()
		s.wantLevel("LAMP", 1, 0)
	}},
	{"cancelled while it waits, before it is asked to be paid", config{policy: payLater}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none"})
		s.wantWaiting()
		s.wantLevel("LAMP", 1, 0)
	}},
	{"cancelled while it waits, and paid", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(time.Minute)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "18195 taken, 18195 back"})
		s.wantWaiting()
	}},
	{"nothing of it is there, and it is cancelled", config{}, func(s *shop) {
		s.mayWait()
		s.place(lamps(1, 1))
		o := s.place(lamps(2, 1))
		s.after(time.Minute)
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: "9295 taken, 9295 back"})
		s.wantWaiting()
	}},
	{"declined while it waits", config{}, func(s *shop) {
		q := lamps(1, 2)
		q.Payment.Method = gateway.MethodStolen
		o := s.waits(q)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none"})
		s.wantWaiting()
	}},
	{"nothing of it is there, and it is declined", config{}, func(s *shop) {
		s.mayWait()
		s.place(lamps(1, 1))
		q := lamps(2, 1)
		q.Payment.Method = gateway.MethodStolen
		o := s.place(q)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none"})
		s.wantWaiting()
	}},
	{"too late to cancel, and what has come is sent too", config{policy: byPerson}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: backordered captured planned", Money: "27095 taken", Labels: "1 sold", Next: "await_stock, await_handover"})
		s.carrier.void.say(labelKept)
		s.cancel(o)
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.expect(o, outcome{Order: "paid: backordered captured planned", Money: "27095 taken", Labels: "2 sold", Next: "await_stock, await_handover, await_handover"})
	}},
	{"changed to do without", config{policy: payLater}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		if plan := s.edit(o, lampsLeft(2)); plan.Freed != 1 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.wantWaiting(1)
		s.expect(o, outcome{Order: waitsUnpaid, Next: "await_stock"})
		s.edit(o, lampsLeft(1))
		s.wantWaiting()
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
		s.wantLevel("LAMP", 0, 0)
	}},
	{"changed to do without after it was paid", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(time.Minute)
		s.edit(o, lampsLeft(1))
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
		s.wantWaiting()
	}},
	{"what another is changed to do without", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		s.mayWait()
		s.annex("LAMP", 1)
		first := s.place(lamps(1, 2))
		o := s.place(lamps(2, 1))
		s.edit(first, lampsLeft(1))
		s.after(0)
		s.wantWaiting()
		s.expect(o, outcome{Order: toBePaid, Next: "await_payment"})
	}},
	{"what is found, kept back no more, or taken back", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		s.mayWait()
		_, err := s.SetSafetyStock(s.t.Context(), person(""), "LAMP", "main", 1)
		must(s.t, err)
		for n := range 3 {
			s.place(lamps(n, 1))
			s.after(time.Minute)
		}
		s.wantWaiting(1, 1, 1)
		_, err = s.SetSafetyStock(s.t.Context(), person(""), "LAMP", "main", 0)
		must(s.t, err)
		s.after(0)
		s.wantWaiting(1, 1)
		_, err = s.AdjustStock(s.t.Context(), person(""), "LAMP", "main", 1, "made up")
		must(s.t, err)
		s.after(0)
		s.wantWaiting(1)
		_, err = s.TakeBackStock(s.t.Context(), person(""), "LAMP", "main", 1, "made up")
		must(s.t, err)
		s.after(0)
		s.wantWaiting()
		s.wantLevel("LAMP", 3, 3)
	}},
	{"what another sends back", config{}, func(s *shop) {
		s.mayWait()
		first := s.arrived(lamps(1, 1))
		o := s.place(lamps(2, 1))
		s.after(time.Minute)
		s.takeBack(s.sendBack(first), shipping.Reception{})
		s.wantWaiting()
		s.wantStatus(o, order.Shipped)
	}},
	{"what another did not get", config{}, func(s *shop) {
		s.mayWait()
		_, p := s.unseen(lamps(1, 1))
		o := s.place(lamps(2, 1))
		s.after(time.Minute)
		s.receiveBack(p, shipping.Grading{})
		s.after(time.Minute)
		s.wantWaiting()
		s.wantStatus(o, order.Shipped)
	}},
	{"what another lost is sent anew before it", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		first := s.place(lamps(1, 1))
		s.after(time.Minute)
		p := s.parcel(first)
		s.handOver(first, "made up 1")
		o := s.place(lamps(2, 1))
		s.after(time.Minute)
		s.report(p, shipping.Lost)
		s.receive("LAMP", "main", 1)
		s.reship(p) // it had its goods before
		s.after(time.Minute)
		s.wantWaiting(1)
		s.wantStatus(o, order.Paid)
	}},
	{"of two, one is lost and sent anew while another is waited for", config{policy: manualCarrier}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(time.Minute)
		p := s.parcel(o)
		s.handOver(o, "made up 1")
		s.report(p, shipping.Lost)
		s.receive("LAMP", "main", 1)
		s.reship(p)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: backordered captured partly_shipped", Money: "18195 taken", Tickets: "where_is_my_order open not_arriving", Next: "await_stock, await_handover"})
	}},
	{"it waits for too long", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(29 * day)
		s.expect(o, outcome{Order: waitsPaid, Money: "18195 taken", Next: "await_stock"})
		s.after(2 * day)
		s.expect(o, outcome{Order: waitsPaid, Money: "18195 taken", Tickets: "other open needs_person", Next: "await_stock"})
		s.wantMatters(item(o, "await_stock") + " overdue for 24h0m0s, 18195GBP at risk, [compensate] restock, or have the order changed to do without")
	}},
	{"held while it waits, it keeps its place", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.receive("LAMP", "main", 1)
		s.after(60 * day)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18195 taken", Next: "buy_label held"})
		s.release(o)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"what was reserved of it is not found", config{policy: settings(together, manualGateway)}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.edit(o, lampsLeft(1))
		s.wantWaiting()
		s.wantMissing(o, "stock_missing", 1)
		s.receive("LAMP", "main", 1)
		s.release(o)
		s.record(s.show(o.ID).Order)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"what a count did not find is waited for before all others", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		o := s.place(lamps(1, 1))
		s.after(time.Minute)
		next := s.place(lamps(2, 2))
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMissing(o, "stock_missing", 1)
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantWaiting(1)
		s.release(o)
		s.expect(o, outcome{Order: "paid: backordered captured none", Money: "9295 taken", Tickets: goesOn, Next: "await_stock"})
		s.wantWaiting(1, 1)
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "9295 taken", Tickets: goesOn, Next: "await_handover"})
		s.wantStatus(next, order.Paid)
		s.wantWaiting(1)
	}},
	{"one of two that a count did not find is waited for", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		s.annex("LAMP", 1)
		o := s.place(lamps(1, 2))
		s.after(time.Minute)
		must(s.t, s.recount("LAMP", "annex", 0))
		s.release(o)
		s.expect(o, outcome{Order: "paid: backordered captured planned", Money: "18195 taken", Tickets: goesOn, Next: "await_stock, await_handover"})
	}},
	{"what came back is given to another, and is waited for before all others", config{policy: manualCarrier}, func(s *shop) {
		s.mayWait()
		o := s.place(lamps(1, 1))
		s.after(time.Minute)
		p := s.parcel(o)
		s.handOver(o, "made up 1")
		next := s.place(lamps(2, 2))
		s.after(time.Minute)
		s.report(p, shipping.Returned)
		s.receiveBack(p, shipping.Grading{})
		s.after(time.Minute)
		s.wantWaiting(1)
		plan, err := s.PreviewReship(s.t.Context(), o.ID, p.ID)
		must(s.t, err)
		if len(plan.Waiting) != 1 || len(plan.From)+len(plan.Short) > 0 {
			s.t.Errorf("the plan is %+v", plan)
		}
		s.reship(p)
		s.wantWaiting(1, 1)
		s.wantFacets(o, order.Shipped, order.StockBackordered, order.FulfilmentReshipping)
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantFacets(o, order.Shipped, order.StockReserved, order.FulfilmentReshipping)
		s.wantWaiting(1)
		s.wantStatus(next, order.Paid)
	}},
	{"it is not asked to be paid while some of it is not found", config{policy: payLater}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		must(s.t, s.recount("LAMP", "main", 0))
		s.receive("LAMP", "main", 2)
		s.after(time.Minute)
		s.wantWaiting()
		s.expect(o, outcome{Order: toBePaid, Tickets: stopped})
		s.release(o)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"what it waits for is refunded", config{}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		s.after(time.Minute)
		plan, err := s.PreviewRefund(s.t.Context(), o.ID, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 2}}, Reason: "made up"})
		must(s.t, err)
		if plan.Here != 2 {
			s.t.Errorf("%d are still to leave", plan.Here)
		}
		s.edit(o, lampsLeft(1))
		s.after(time.Minute)
		s.wantWaiting()
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentShipped)
	}},
	{"a shop that does not split takes what may be waited for from two places", config{policy: settings(together, manualCarrier)}, func(s *shop) {
		s.mayWait()
		s.annex("LAMP", 1)
		o := s.place(lamps(1, 2))
		s.after(time.Minute)
		s.wantWaiting()
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "18195 taken", Next: "await_handover, await_handover"})
	}},
	{"what has come could not be given, and goes on with what comes next", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 3))
		s.after(time.Minute)
		s.receive("LAMP", "main", 1)
		s.giveUp(process.StockOwner("LAMP"))
		s.after(day)
		s.wantWaiting(2)
		s.wantMatters("sku:LAMP/fill_backorders stuck for 24h0m0s, 0 at risk, [retry] ")
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"what has come could not be given, and a person has it tried again", config{policy: together}, func(s *shop) {
		o := s.waits(lamps(1, 2))
		s.after(time.Minute)
		s.receive("LAMP", "main", 1)
		s.giveUp(process.StockOwner("LAMP"))
		if a := s.attend(process.WayRetry, "sku:LAMP/fill_backorders"); a.SKU != "LAMP" {
			s.t.Errorf("it was %+v", a)
		}
		s.after(time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"it is exchanged for what is waited for", config{policy: payLater}, func(s *shop) {
		q := request(1, "POT")
		q.Lines[0].Quantity = 10
		o := s.arrived(q)
		s.mayWait()
		made := s.exchange(o, 10, "LAMP", 2)
		s.expect(made, outcome{Order: waitsUnpaid, Next: "await_stock, await_payment"})
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.receive("LAMP", "main", 1)
		s.after(time.Minute)
		s.wantStatus(made, order.Shipped)
	}},
}

// noAdd has an SKU refused that is wanted beside, for which others wait.
func (s *shop) noAdd(o order.Order, sku string) {
	s.t.Helper()
	q := beside(sku, 1)
	plan, err := s.PreviewEdit(s.t.Context(), o.ID, q)
	must(s.t, err)
	if len(plan.Short) != 1 {
		s.t.Errorf("the plan is %+v", plan)
	}
	_, err = s.Edit(s.t.Context(), person(""), o.ID, q)
	s.refused(fault.Conflict, err)
}
