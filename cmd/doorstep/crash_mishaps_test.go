package main_test

import (
	"context"
	"slices"
	"time"

	"doorstep/cli/intake"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// What goes wrong only where a provider contradicts itself, or by what several
// people do one after the other, comes up too rarely by chance. In a shop of its
// own, each life of the program is fed what lures one row into firing.

// lure is what makes a row fire: an order, and what people do about it.
type lure struct {
	order func(*order.Request)    // what is special about it
	then  func(*shop, string)     // when it was acknowledged; nil for nothing
	while func(*shop, logLine)    // when a step begins; nil for nothing
	tend  func(*shop, *situation) // when the books say how it stands; nil for nothing
}

// situation is an order and what belongs to it.
type situation struct {
	order.Order
	payment   payment.Payment
	refunds   []payment.Refund
	shipments []shipping.Shipment
	returns   []shipping.Return
}

// mishaps are the parts of the shop of mishaps.
func mishaps(engine string) []part {
	byHand := hasty()
	byHand.Carrier = shipping.Manual
	otherwise := byHand
	otherwise.OnLost, otherwise.OnReturn = policy.OnLostReship, policy.OnReturnAsk
	paidBack := byHand
	paidBack.OnLost = policy.OnLostRefund
	atOdds := hasty()
	atOdds.Gateway, atOdds.Carrier = moody, moody
	atOdds.Capture, atOdds.PayBackorders = policy.CaptureOnHandOver, policy.PayWhenShippable
	atOdds.AuthorisationEnd, atOdds.AuthorisationMargin = policy.EndReport, policy.Duration(time.Second)
	atOdds.LabelRetries = policy.Schedule{policy.Duration(4 * time.Second)}
	atOdds.Breaker.Failures = 0 // so many are silent
	atOdds.HoldUnshipped = policy.Duration(5 * time.Second)
	seenFirst := atOdds
	seenFirst.HandOver, seenFirst.PaymentRetries = policy.HandOverFirstScan, policy.Schedule{policy.Duration(3 * time.Second)}
	atOnce := hasty()
	atOnce.Ask.Tries, atOnce.Gateway = 1, moody
	return []part{
		{"by hand", 0, byHand, spread(engine, process.StepRefundReturn, process.StepEndExchange, process.StepReportTwice, process.StepEndRemedy,
			process.StepRemedyAgain, process.StepReportFailing, process.StepSolveRefund), false},
		{"by hand, otherwise", 0, otherwise, spread(engine, process.StepReship, process.StepReportReturn), false},
		{"by hand, and paid back", 0, paidBack, firing(engine, process.StepRefundAstray), false},
		{"at odds with the providers", 0, atOdds, spread(engine, process.StepReportStray, process.StepFailCapture, process.StepRecall, process.StepReportVoid,
			process.StepRefuseCancel, process.StepHoldAsBefore, process.StepReportEnding, process.StepAskCarriers, process.StepAskToPay, process.StepHoldMissing, process.StepAskOn), false},
		{"seen before it is paid", 0, seenFirst, spread(engine, process.StepReportUnpaid), false},
		{"asked once", 0, atOnce, firing(engine, process.StepReportStuck), false},
	}
}

// lures are those of the rows of these parts.
var lures = map[process.Step]lure{
	process.StepRefundReturn:  {order: paidAtGateway, tend: sendsBack},
	process.StepReportReturn:  {order: paidAtGateway, tend: sendsBack},
	process.StepEndExchange:   {order: paidAtGateway, tend: exchangesForNothing},
	process.StepReportTwice:   {order: paidAtGateway, tend: sentTwice},
	process.StepReship:        {order: paidAtGateway, tend: loses},
	process.StepRefundAstray:  {order: paidAtGateway, tend: loses},
	process.StepEndRemedy:     {order: paidAtGateway, tend: refundsLost},
	process.StepRemedyAgain:   {order: paidByHand, tend: refundsLostInVain},
	process.StepReportFailing: {order: paidByHand, tend: refundsInVain},
	process.StepSolveRefund:   {order: paidByHand, tend: takesRefundBack},
	process.StepReportStray:   {order: paidBy(methodForgotten)},
	process.StepFailCapture:   {order: paidBy(methodEmpty)},
	process.StepRecall:        {order: paidBy(methodEmpty)},
	process.StepReportVoid:    {order: both(paidBy(methodEmpty), sentTo(postalGone))},
	process.StepRefuseCancel:  {order: sentTo(postalGone), while: cancelsLate},
	process.StepHoldAsBefore:  {order: sentTo(postalGone), while: holdsLate},
	process.StepReportEnding:  {order: sentTo(carrier.PostalTroubleOnce)},
	process.StepAskCarriers:   {order: sentTo(carrier.PostalFailLabel), tend: movesHeld},
	process.StepAskToPay:      {order: of(waitedFor, 50), tend: fills},
	process.StepHoldMissing:   {order: both(paidByHand, of(countedLess, 1)), then: func(s *shop, id string) { s.count(countedLess, id) }},
	process.StepAskOn:         {order: both(paidBy(methodSilent), of("CUP", 2)), while: holdsToChange},
	process.StepReportUnpaid:  {order: both(paidBy(methodLater), sentTo(postalSeen))},
	process.StepReportStuck:   {order: paidBy(methodSilent)},
}

func paidAtGateway(*order.Request) {}

func paidByHand(q *order.Request) { q.Payment = order.PaymentRequest{Gateway: payment.Manual} }

func paidBy(method string) func(*order.Request) {
	return func(q *order.Request) { q.Payment.Method = method }
}

func sentTo(postal string) func(*order.Request) {
	return func(q *order.Request) { q.ShipTo.PostalCode = postal }
}

func of(sku string, quantity int64) func(*order.Request) {
	return func(q *order.Request) { q.Lines = []order.LineRequest{{SKU: sku, Quantity: quantity}} }
}

func both(a, b func(*order.Request)) func(*order.Request) {
	return func(q *order.Request) { a(q); b(q) }
}

// arrives has an order paid and its parcels handed over, and says whether all have
// arrived.
func (s *shop) arrives(o *situation) bool {
	if !s.leaves(o) {
		return false
	}
	arrived := true
	for _, p := range o.shipments {
		arrived = arrived && (p.Status == shipping.Voided || !p.DeliveredAt.IsZero())
		if p.Status == shipping.Shipped && p.DeliveredAt.IsZero() {
			s.delivered(p.ID)
		}
	}
	return arrived
}

// leaves has an order paid and its parcels handed over, and says whether all have
// left.
func (s *shop) leaves(o *situation) bool {
	if o.payment.Status == payment.StatusRequiresPaymentMethod {
		s.recordPayment(o.ID)
	}
	left := len(o.shipments) > 0
	for _, p := range o.shipments {
		left = left && p.Status != shipping.Planned
		if p.Status == shipping.Planned && o.Order.Payment.Taken() {
			s.handOver(p.ID)
		}
	}
	return left
}

// sendsBack has all of an order come back when it has arrived.
func sendsBack(s *shop, o *situation) {
	if !s.arrives(o) {
		return
	}
	s.sendBack(o.ID)
	for _, r := range o.returns {
		s.receiveReturn(r.ID)
	}
}

// exchangesForNothing has something else wanted for an order that does not come back.
func exchangesForNothing(s *shop, o *situation) {
	if o.ExchangeOf != "" || !s.arrives(o) {
		return
	}
	s.exchange(o.ID)
	for _, r := range o.returns {
		s.noReturn(r.ID)
	}
}

// loses has the parcels of an order lost when they have left.
func loses(s *shop, o *situation) {
	if !s.leaves(o) {
		return
	}
	for _, p := range o.shipments {
		if p.Status == shipping.Shipped && p.DeliveredAt.IsZero() {
			s.parcel(intake.Lost, p.ID)
		}
	}
}

// sentTwice has a lost parcel turn up when its goods were sent anew.
func sentTwice(s *shop, o *situation) {
	for _, p := range o.shipments {
		switch {
		case p.Lacking():
			s.parcel(intake.Reship, p.ID)
		case p.Astray():
			s.parcel(intake.Found, p.ID)
		}
	}
	if len(o.shipments) == 1 {
		loses(s, o)
	}
}

// refundsLost gives the money back for what was lost.
func refundsLost(s *shop, o *situation) {
	loses(s, o)
	if slices.ContainsFunc(o.shipments, func(p shipping.Shipment) bool { return p.Lacking() }) {
		s.refundAll(o.ID)
	}
}

// refundsLostInVain has that money come back to the shop.
func refundsLostInVain(s *shop, o *situation) {
	refundsLost(s, o)
	s.failRefunds(o)
}

// refundsInVain has money come back to the shop that was given for nothing.
func refundsInVain(s *shop, o *situation) {
	if s.arrives(o) {
		s.goodwill(o.ID)
		s.failRefunds(o)
	}
}

// failRefunds has refunds that a person makes come back.
func (s *shop) failRefunds(o *situation) {
	if o.payment.Gateway != payment.Manual {
		return // the gateway's own books would not say so
	}
	for _, f := range o.refunds {
		switch f.Status {
		case payment.RefundPending:
			s.recordRefund(o.ID, f.ID)
		case payment.RefundSucceeded:
			s.book.add("failed "+f.ID, intake.FailRefund, fields{"order": o.ID, "refund": f.ID})
		}
	}
}

// takesRefundBack begins a refund that a person is to make, and takes it back.
func takesRefundBack(s *shop, o *situation) {
	if !s.arrives(o) {
		return
	}
	s.goodwill(o.ID)
	for _, f := range o.refunds {
		if f.Status == payment.RefundPending {
			s.book.add("withdraw "+f.ID, intake.WithdrawRefund, fields{"order": o.ID, "refund": f.ID})
		}
	}
}

// cancelsLate cancels an order whose parcel is gone and whose money is being taken.
func cancelsLate(s *shop, l logLine) {
	if process.Step(l.Step) == process.StepCapture {
		s.cancel(l.Owner)
	}
}

// holdsLate holds an order whose parcel is gone and whose money is being taken. It is
// cancelled when that is done.
func holdsLate(s *shop, l logLine) {
	if process.Step(l.Step) == process.StepCapture {
		s.book.add("hold "+l.Owner, intake.Hold, fields{"order": l.Owner, "reason": heldByHand})
	}
}

// holdsToChange holds an order whose gateway gives no answer. It is changed when that is
// done.
func holdsToChange(s *shop, l logLine) {
	if process.Step(l.Step) == process.StepAuthorise {
		s.book.add("hold "+l.Owner, intake.Hold, fields{"order": l.Owner, "reason": heldToChange})
	}
}

// heldToChange is why an order is held that is changed then.
const heldToChange = "made_up_change"

// cut takes a unit out of an order.
func (s *shop) cut(id string) {
	s.book.add("cut "+id, intake.Edit, fields{"order": id, "change": order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}, Reason: "made up"}})
}

// movesHeld has an order go elsewhere that no carrier takes.
func movesHeld(s *shop, o *situation) {
	if o.Held == string(order.ShippingFailed) {
		s.move(o.ID)
	}
}

// fills has the goods come in that an order waits for.
func fills(s *shop, o *situation) {
	if o.Stock == order.StockBackordered {
		s.book.add("receive for "+o.ID, intake.Receive, fields{"sku": waitedFor, "quantity": int64(50)})
	}
}

// countedLess is what is there no more when it is counted.
const countedLess = "CLOCK"

// count finds nothing of an SKU when an order was placed.
func (s *shop) count(sku, id string) {
	s.book.add("count "+id, intake.Count, fields{"sku": sku, "quantity": int64(0), "reason": "made up"})
}

func (s *shop) refundAll(id string) {
	s.book.add("refund all "+id, intake.Refund, fields{"order": id, "reason": "made-up loss"})
}

// refundReturned gives the money back for what came back.
func (s *shop) refundReturned(id string) bool {
	return s.book.add("refund returned "+id, intake.Refund, fields{"order": id, "reason": "made-up return"})
}

// lure is that of the row at which the program is to die, one without anything when
// there is none.
func (s *shop) lure() lure {
	if s.mark == nil {
		return lure{}
	}
	return lures[s.mark.at.step]
}

// followLured is what is done when a command was carried out.
func (s *shop) followLured(k *command) {
	switch {
	case k.do == intake.Count:
		s.receive(countedLess, 2) // for those who come next
	case k.do == intake.Hold && k.answer.Order != "" && k.fields["reason"] == heldToChange:
		s.cut(k.answer.Order)
	case k.do == intake.Hold && k.answer.Order != "": // it may have come too late
		s.cancel(k.answer.Order)
	case k.places() && !k.answer.Replayed && s.lure().then != nil:
		s.lure().then(s, k.answer.Order)
	}
}

// lured places orders that lure a row into firing, and tends those that are there.
func (s *shop) lured(with lure, tick int) {
	if tick%10 == 0 && tick < 200 {
		q := s.newOrder()
		q.Lines = []order.LineRequest{{SKU: "CUP", Quantity: 1}}
		with.order(&q)
		s.order(q)
	}
	if with.tend == nil || tick%5 != 0 {
		return
	}
	for _, o := range s.look().situations() {
		if o.End == order.EndNone {
			with.tend(s, o)
		}
	}
}

// situations are the orders of the books.
func (b books) situations() (all []*situation) {
	by := map[string]*situation{}
	for _, o := range b.orders {
		by[o.ID] = &situation{Order: o}
		all = append(all, by[o.ID])
	}
	for _, p := range b.payments {
		by[p.Order].payment = p
	}
	for _, f := range b.refunds {
		by[f.Order].refunds = append(by[f.Order].refunds, f)
	}
	for _, p := range b.shipments {
		by[p.Order].shipments = append(by[p.Order].shipments, p)
	}
	for _, r := range b.returns {
		by[r.Order].returns = append(by[r.Order].returns, r)
	}
	return all
}

// retryStuck has everything tried again that waits for a person.
func (s *shop) retryStuck() {
	s.Helper()
	owners := map[string]bool{}
	for _, it := range s.look().stuck {
		owners[it.Owner] = true
	}
	s.open(func(ctx context.Context, p *process.Process, by process.Command) error {
		for id := range owners {
			if _, err := p.RetryStuck(ctx, by, id); err != nil {
				return err
			}
		}
		return nil
	})
}
