package support_test

import (
	"strings"
	"testing"

	"doorstep/fault"
	"doorstep/support"
)

// about is a ticket's facts with the changes made to an order that is paid.
func about(c support.Category, change ...func(*support.OrderFact)) support.Facts {
	o := &support.OrderFact{Status: "paid", Payment: "captured"}
	for _, ch := range change {
		ch(o)
	}
	return support.Facts{Category: c, Order: o}
}

func worth(o *support.OrderFact)     { o.Worth, o.Currency = 450, "GBP" }
func canReship(o *support.OrderFact) { o.CanReship = true }

// limited are facts with limits of 4.50 at once, and of twice and 10.00 for a customer.
func limited(f support.Facts, change ...func(*support.Limits)) support.Facts {
	f.Limits = &support.Limits{Decision: 450, Customer: 1000, Count: 2, Given: &support.Given{}}
	for _, ch := range change {
		ch(f.Limits)
	}
	return f
}

// proposed is a refund of 4.50 beyond a limit.
func proposed(beyond support.Limit) support.Decision {
	return support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450, Beyond: beyond}
}

// doing is a ticket that had something done.
func doing(r support.Remedy) support.Facts {
	f := about(support.Damaged, status("delivered"), worth)
	f.Remedy = r
	return f
}

// wanting is a ticket that wants another address of an order that is paid.
func wanting(a support.Address, change ...func(*support.OrderFact)) support.Facts {
	f := about(support.AddressChange, change...)
	f.Address = &a
	return f
}

// sending is a ticket about what has arrived, and how it may be sent back.
func sending(c support.Category, r support.Return) support.Facts {
	f := limited(about(c, status("delivered"), worth))
	f.Return = &r
	return f
}

// byProcess is a ticket of the process about an order that is paid.
func byProcess(c support.Category) support.Facts {
	f := about(c)
	f.ByProcess = true
	return f
}

func status(s string) func(*support.OrderFact) { return func(o *support.OrderFact) { o.Status = s } }
func paid(s string) func(*support.OrderFact)   { return func(o *support.OrderFact) { o.Payment = s } }
func failed(why string) func(*support.OrderFact) {
	return func(o *support.OrderFact) { o.Status, o.Failure = "failed", why }
}

func cancelling(o *support.OrderFact)    { o.Cancelling = true }
func cancelRefused(o *support.OrderFact) { o.CancelRefused = true }
func awaits(o *support.OrderFact)        { o.AwaitsPayment = true }
func free(o *support.OrderFact)          { o.NothingToPay = true }
func stuck(o *support.OrderFact)         { o.Stuck = true }
func silent(o *support.OrderFact)        { o.Silent = true }
func astray(o *support.OrderFact)        { o.Astray = true }
func declined(o *support.OrderFact)      { o.Declined = true }
func retried(o *support.OrderFact)       { o.Retried = true }
func held(o *support.OrderFact)          { o.Held = "made_up" }
func gone(o *support.OrderFact)          { o.HasGone = true }
func backordered(o *support.OrderFact)   { o.Backordered = true }
func paysLater(o *support.OrderFact)     { o.PaysLater = true }
func sentAnew(o *support.OrderFact)      { o.SentAnew = true }
func changing(o *support.OrderFact)      { o.Changing = true }
func repaying(o *support.OrderFact)      { o.Repaying = true }
func partGone(o *support.OrderFact)      { o.PartGone = true }
func repaid(o *support.OrderFact)        { o.Repaid = true }

var decisions = []struct {
	name  string
	facts support.Facts
	want  support.Decision
}{
	{"raised to hold", support.Facts{Category: support.OrderIssue, Holds: true, Order: &support.OrderFact{Status: "paid"}}, support.Decision{Act: support.Escalate, Reason: support.HoldsOrder}},
	{"damaged, and nothing is named", about(support.Damaged, status("delivered")), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"delivered, within the limits", limited(about(support.Damaged, status("delivered"), worth)), support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450}},
	{"wrong, within the limits", limited(about(support.WrongItem, status("delivered"), worth)), support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450}},
	{"an issue, within the limits", limited(about(support.OrderIssue, status("delivered"), worth)), support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450}},
	{"where it is, delivered", limited(about(support.WhereIsMyOrder, status("delivered"), worth)), support.Decision{Act: support.Escalate, Reason: support.DeliveredMissing}},
	{"too much", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.Decision = 449 }), proposed(support.DecisionAmount)},
	{"no limits are known", about(support.Damaged, status("delivered"), worth), proposed(support.DecisionAmount)},
	{"who it is for is not known", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.Given = nil }), proposed(support.UnknownGiven)},
	{"too much for the customer", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.Given.Amount = 551 }), proposed(support.CustomerAmount)},
	{"as much as the customer may have", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.Given.Amount = 550 }),
		support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450}},
	{"too often", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.Given.Count = 2 }), proposed(support.CustomerCount)},
	{"too long ago", limited(about(support.Damaged, status("delivered"), worth), func(l *support.Limits) { l.TooOld = true }), proposed(support.OrderAge)},
	{"does not arrive, and is there", limited(about(support.WhereIsMyOrder, status("shipped"), astray, worth, canReship)),
		support.Decision{Act: support.Reship, Reason: support.WillReship, Amount: 450}},
	{"does not arrive, and is not there", limited(about(support.Damaged, status("shipped"), astray, worth)), support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 450}},
	{"its refund is under way", doing(support.RefundOpen), support.Decision{Act: support.Wait, Reason: support.WillRefund}},
	{"its refund is made", doing(support.RefundDone), support.Decision{Act: support.Explain, Reason: support.MoneyBack}},
	{"its goods were sent anew", doing(support.Reshipped), support.Decision{Act: support.Explain, Reason: support.BeingSentAnew}},
	{"damaged, by the process", byProcess(support.Damaged), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"damaged", about(support.Damaged), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"wrong item", about(support.WrongItem), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"address", about(support.AddressChange), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address of a stuck order", about(support.AddressChange, status("processed"), stuck), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address, and nothing is in the way", wanting(support.Address{Allowed: true}), support.Decision{Act: support.ChangeAddress, Reason: support.ChangingAddress}},
	{"address, something is in the way", wanting(support.Address{}), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address, abroad", wanting(support.Address{Allowed: true, Abroad: true}), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address, too old", wanting(support.Address{Allowed: true, TooOld: true}), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address, held", wanting(support.Address{Allowed: true}, held), support.Decision{Act: support.Hold, Reason: support.AddressToChange}},
	{"address, as it is", wanting(support.Address{Same: true}), support.Decision{Act: support.Explain, Reason: support.AddressSame}},
	{"address, being changed", wanting(support.Address{Asked: true}, changing), support.Decision{Act: support.Wait, Reason: support.ChangingAddress}},
	{"address, being changed, stuck", wanting(support.Address{Asked: true}, changing, stuck), support.Decision{Act: support.Escalate, Reason: support.StepStuck}},
	{"address, not changed", wanting(support.Address{Asked: true}), support.Decision{Act: support.Escalate, Reason: support.AddressRefused}},
	{"address, changed", wanting(support.Address{Asked: true, Same: true}), support.Decision{Act: support.Explain, Reason: support.AddressChanged}},
	{"address, changed and shipped", wanting(support.Address{Asked: true, Same: true}, status("shipped")), support.Decision{Act: support.Explain, Reason: support.AddressChanged}},
	{"address, not changed and shipped", wanting(support.Address{Asked: true}, status("shipped")), support.Decision{Act: support.Explain, Reason: support.AddressTooLate}},
	{"send back", sending(support.ReturnRequest, support.Return{Wanted: true, Allowed: true}), support.Decision{Act: support.SendBack, Reason: support.MaySendBack}},
	{"send back, too late", sending(support.ReturnRequest, support.Return{Wanted: true, Late: true}), support.Decision{Act: support.Escalate, Reason: support.ReturnTooLate}},
	{"send back, nothing", sending(support.ReturnRequest, support.Return{Wanted: true}), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"send back, to leave", about(support.ReturnRequest), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"send back, shipped", about(support.ReturnRequest, status("shipped")), support.Decision{Act: support.Explain, Reason: support.ReturnNotYet}},
	{"send back, by the process", byProcess(support.ReturnRequest), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"damaged, and sent back first", sending(support.Damaged, support.Return{Wanted: true, Allowed: true}), support.Decision{Act: support.SendBack, Reason: support.MaySendBack}},
	{"its refund is taken back", doing(support.RefundWithdrawn), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"its return is waited for", doing(support.ReturnAwaited), support.Decision{Act: support.Wait, Reason: support.MaySendBack}},
	{"its return came", doing(support.ReturnCame), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"its return is canceled", doing(support.ReturnCanceled), support.Decision{Act: support.Explain, Reason: support.ReturnOver}},
	{"its return has expired", doing(support.ReturnExpired), support.Decision{Act: support.Explain, Reason: support.NothingCame}},
	{"address, cancelling", about(support.AddressChange, cancelling), support.Decision{Act: support.Wait, Reason: support.IsCancelling}},
	{"address, shipped", about(support.AddressChange, status("shipped")), support.Decision{Act: support.Explain, Reason: support.AddressTooLate}},
	{"address, cancelled", about(support.AddressChange, status("cancelled"), paid("refunded")), support.Decision{Act: support.Explain, Reason: support.WasRefunded}},
	{"address, by the process", byProcess(support.AddressChange), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"payment, by the process", byProcess(support.PaymentIssue), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"payment, taken", about(support.PaymentIssue), support.Decision{Act: support.Explain, Reason: support.WasPaid}},
	{"payment, authorised", about(support.PaymentIssue, paid("authorised")), support.Decision{Act: support.Explain, Reason: support.WasPaid}},
	{"payment, partly given back", about(support.PaymentIssue, paid("partly_refunded")), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"payment, elsewhere", about(support.PaymentIssue, status("processed"), paid("due"), awaits), support.Decision{Act: support.Explain, Reason: support.AwaitingPayment}},
	{"payment, being asked", about(support.PaymentIssue, status("processed"), paid("due")), support.Decision{Act: support.Explain, Reason: support.PayingNow}},
	{"payment, declined for now", about(support.PaymentIssue, status("processed"), paid("due"), declined), support.Decision{Act: support.Retry, Reason: support.RetryingPayment}},
	{"payment, declined and held", about(support.PaymentIssue, status("processed"), paid("due"), declined, held), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"payment, declined again", about(support.PaymentIssue, status("processed"), paid("due"), declined, retried), support.Decision{Act: support.Explain, Reason: support.DeclinedAgain}},
	{"payment, declined for good", about(support.PaymentIssue, failed("payment_declined"), retried), support.Decision{Act: support.Explain, Reason: support.WasDeclined}},
	{"other", support.Facts{Category: support.Other}, support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"unknown", about("made_up"), support.Decision{Act: support.Escalate, Reason: support.UnknownCategory}},
	{"no order", support.Facts{Category: support.OrderIssue}, support.Decision{Act: support.Escalate, Reason: support.NoOrder}},
	{"stuck", about(support.OrderIssue, stuck), support.Decision{Act: support.Escalate, Reason: support.StepStuck}},
	{"stuck comes before cancelling", about(support.CancelRequest, stuck, cancelling), support.Decision{Act: support.Escalate, Reason: support.StepStuck}},
	{"cancelling", about(support.WhereIsMyOrder, cancelling), support.Decision{Act: support.Wait, Reason: support.IsCancelling}},
	{"out of stock", about(support.OrderIssue, failed("out_of_stock")), support.Decision{Act: support.Explain, Reason: support.WasOutOfStock}},
	{"declined", about(support.OrderIssue, failed("payment_declined")), support.Decision{Act: support.Explain, Reason: support.WasDeclined}},
	{"not paid in time", about(support.OrderIssue, failed("payment_expired")), support.Decision{Act: support.Explain, Reason: support.WasNotPaid}},
	{"not shipped, taken", about(support.OrderIssue, failed("shipping_failed")), support.Decision{Act: support.Wait, Reason: support.RefundPending}},
	{"not shipped, held", about(support.OrderIssue, failed("shipping_failed"), paid("authorised")), support.Decision{Act: support.Wait, Reason: support.RefundPending}},
	{"not shipped, on its way back", about(support.WhereIsMyOrder, failed("shipping_failed"), paid("refunding")),
		support.Decision{Act: support.Wait, Reason: support.RefundPending}},
	{"not shipped, back", about(support.CancelRequest, failed("shipping_failed"), paid("refunded")), support.Decision{Act: support.Explain, Reason: support.WasRefunded}},
	{"not captured", about(support.OrderIssue, failed("capture_failed"), paid("failed")), support.Decision{Act: support.Explain, Reason: support.NothingTaken}},
	{"cancelled, back", about(support.OrderIssue, status("cancelled"), paid("refunded")), support.Decision{Act: support.Explain, Reason: support.WasRefunded}},
	{"cancelled, let go", about(support.CancelRequest, status("cancelled"), paid("voided")), support.Decision{Act: support.Explain, Reason: support.NothingTaken}},
	{"cancelled, nothing to pay", about(support.CancelRequest, status("cancelled"), free), support.Decision{Act: support.Explain, Reason: support.NothingTaken}},
	{"does not arrive", about(support.OrderIssue, status("shipped"), astray, silent), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"one is sent anew, another does not arrive", about(support.WhereIsMyOrder, status("shipped"), astray, sentAnew), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"is sent anew", about(support.WhereIsMyOrder, status("shipped"), sentAnew), support.Decision{Act: support.Explain, Reason: support.BeingSentAnew}},
	{"is sent anew, and not seen", about(support.WhereIsMyOrder, status("shipped"), sentAnew, silent), support.Decision{Act: support.Escalate, Reason: support.NotSeen}},
	{"its money is on its way back", about(support.WhereIsMyOrder, status("shipped"), repaying), support.Decision{Act: support.Wait, Reason: support.ParcelRefunding}},
	{"its money is back", about(support.WhereIsMyOrder, status("shipped"), repaid), support.Decision{Act: support.Explain, Reason: support.ParcelRefunded}},
	{"the money of one is back, another does not arrive", about(support.WhereIsMyOrder, status("shipped"), repaid, astray), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"cancel", about(support.CancelRequest), support.Decision{Act: support.Cancel, Reason: support.WillCancel}},
	{"cancel before it is paid", about(support.CancelRequest, status("processed"), paid("due")), support.Decision{Act: support.Cancel, Reason: support.WillCancel}},
	{"cancel, refused", about(support.CancelRequest, cancelRefused), support.Decision{Act: support.Explain, Reason: support.TooLate}},
	{"cancel, shipped", about(support.CancelRequest, status("shipped")), support.Decision{Act: support.Explain, Reason: support.TooLate}},
	{"delivered, missing", about(support.WhereIsMyOrder, status("delivered")), support.Decision{Act: support.Escalate, Reason: support.DeliveredMissing}},
	{"delivered, issue", about(support.OrderIssue, status("delivered")), support.Decision{Act: support.Escalate, Reason: support.DeliveredIssue}},
	{"sent back", about(support.WhereIsMyOrder, status("returned"), paid("refunded")), support.Decision{Act: support.Explain, Reason: support.CameBack}},
	{"sent back, issue", about(support.OrderIssue, status("returned"), paid("refunded")), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"sent back, damaged, and some of its money is kept", limited(about(support.Damaged, status("returned"), worth)), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"cancel, sent back", about(support.CancelRequest, status("returned"), paid("refunded")), support.Decision{Act: support.Explain, Reason: support.CameBack}},
	{"cancel, a part has left", about(support.CancelRequest, partGone), support.Decision{Act: support.Escalate, Reason: support.PartTooLate}},
	{"cancel was refused, a part has left", about(support.CancelRequest, partGone, cancelRefused), support.Decision{Act: support.Escalate, Reason: support.PartTooLate}},
	{"cancel, a part has left and does not arrive", about(support.CancelRequest, partGone, astray), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"cancel, delivered", about(support.CancelRequest, status("delivered")), support.Decision{Act: support.Explain, Reason: support.HasArrived}},
	{"cancel, does not arrive", about(support.CancelRequest, status("shipped"), astray), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"cancel, not seen", about(support.CancelRequest, status("shipped"), silent), support.Decision{Act: support.Escalate, Reason: support.NotSeen}},
	{"cancel, sent anew", about(support.CancelRequest, status("shipped"), sentAnew), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"cancel, paid back", about(support.CancelRequest, status("shipped"), repaid), support.Decision{Act: support.Explain, Reason: support.ParcelRefunded}},
	{"send back, does not arrive", about(support.ReturnRequest, status("shipped"), astray), support.Decision{Act: support.Escalate, Reason: support.NotArriving}},
	{"send back, its money is on its way", about(support.ReturnRequest, status("shipped"), repaying), support.Decision{Act: support.Wait, Reason: support.ParcelRefunding}},
	{"address, delivered", about(support.AddressChange, status("delivered")), support.Decision{Act: support.Explain, Reason: support.HasArrived}},
	{"address, sent back", about(support.AddressChange, status("returned")), support.Decision{Act: support.Explain, Reason: support.CameBack}},
	{"address, does not arrive", about(support.AddressChange, status("shipped"), astray), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"address, does not arrive, and nothing is in the way", wanting(support.Address{Allowed: true}, status("shipped"), astray), support.Decision{Act: support.ChangeAddress, Reason: support.ChangingAddress}},
	{"address, sent anew, something is in the way", wanting(support.Address{}, status("shipped"), sentAnew), support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}},
	{"gone, and not paid", about(support.WhereIsMyOrder, held, gone), support.Decision{Act: support.Explain, Reason: support.OnItsWay}},
	{"gone, and it has failed", about(support.OrderIssue, failed("capture_failed"), paid("voided"), gone), support.Decision{Act: support.Escalate, Reason: support.GoneAllTheSame}},
	{"gone, and it is cancelled", about(support.WhereIsMyOrder, status("cancelled"), paid("voided"), gone), support.Decision{Act: support.Escalate, Reason: support.GoneAllTheSame}},
	{"silent", about(support.WhereIsMyOrder, status("shipped"), silent), support.Decision{Act: support.Escalate, Reason: support.NotSeen}},
	{"silent before the hand-over", about(support.OrderIssue, silent), support.Decision{Act: support.Escalate, Reason: support.NotSeen}},
	{"shipped", about(support.WhereIsMyOrder, status("shipped")), support.Decision{Act: support.Explain, Reason: support.OnItsWay}},
	{"prepared", about(support.OrderIssue), support.Decision{Act: support.Explain, Reason: support.BeingPrepared}},
	{"held", about(support.WhereIsMyOrder, held, backordered), support.Decision{Act: support.Explain, Reason: support.IsHeld}},
	{"waits for goods", about(support.OrderIssue, backordered), support.Decision{Act: support.Explain, Reason: support.WaitsForGoods}},
	{"waits for goods, to be paid elsewhere now", about(support.OrderIssue, status("processed"), paid("due"), backordered, awaits), support.Decision{Act: support.Explain, Reason: support.AwaitingPayment}},
	{"payment, when its goods are there", about(support.PaymentIssue, status("processed"), paid("due"), backordered, paysLater), support.Decision{Act: support.Explain, Reason: support.PaysLater}},
	{"to be paid elsewhere", about(support.OrderIssue, status("processed"), paid("due"), awaits), support.Decision{Act: support.Explain, Reason: support.AwaitingPayment}},
	{"being paid", about(support.WhereIsMyOrder, status("processed"), paid("due")), support.Decision{Act: support.Explain, Reason: support.PayingNow}},
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, tt := range decisions {
		if got := support.Decide(tt.facts); got != tt.want {
			t.Errorf("%s: decided %+v, not %+v", tt.name, got, tt.want)
		}
	}
}

var reasons = []support.Reason{
	support.WillRefund, support.WillReship, support.MoneyBack, support.ParcelRefunding, support.ParcelRefunded,
	support.ChangingAddress, support.AddressSame, support.AddressRefused, support.AddressChanged, support.MaySendBack, support.ReturnTooLate, support.ReturnOver, support.NothingCame,
	support.IsHeld, support.WaitsForGoods, support.PaysLater,
	support.HoldsOrder, support.AddressToChange, support.AddressTooLate, support.WasPaid, support.RetryingPayment, support.DeclinedAgain,
	support.NoOrder, support.UnknownCategory, support.NeedsPerson, support.StepStuck, support.WasOutOfStock, support.WasDeclined, support.WasNotPaid,
	support.RefundPending, support.WasRefunded, support.NothingTaken, support.AwaitingPayment, support.PayingNow, support.BeingPrepared,
	support.OnItsWay, support.GoneAllTheSame, support.NotSeen, support.NotArriving, support.BeingSentAnew, support.DeliveredMissing, support.DeliveredIssue, support.CameBack, support.IsCancelling, support.WillCancel, support.TooLate, support.PartTooLate, support.ReturnNotYet, support.HasArrived,
}

// TestEveryReason checks that the decisions above have every reason, and that
// whatever the facts are, a decision has one of them and a text for the customer.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	seen := map[support.Reason]bool{}
	for _, tt := range decisions {
		seen[tt.want.Reason] = true
	}
	for _, r := range reasons {
		if !seen[r] {
			t.Errorf("no test decides %s", r)
		}
		delete(seen, r)
	}
	for r := range seen {
		t.Errorf("%s is not among the reasons", r)
	}
	known := map[support.Reason]bool{}
	for _, r := range reasons {
		known[r] = true
	}
	for _, f := range allFacts() {
		d := support.Decide(f)
		if !known[d.Reason] || support.Text(d, f) == "" || d != support.Decide(f) {
			t.Errorf("%+v of %+v is decided %+v: %q", f.Category, f.Order, d, support.Text(d, f))
		}
	}
}

func allFacts() (all []support.Facts) {
	for _, c := range append(support.Categories, "made_up") {
		for _, s := range []string{"processed", "paid", "shipped", "delivered", "returned", "failed", "cancelled", "made_up"} {
			for _, p := range []string{"due", "authorised", "captured", "failed", "voided", "refunding", "refunded"} {
				for bits := range 1 << 9 {
					is := func(bit int) bool { return bits>>bit&1 == 1 }
					all = append(all, support.Facts{Category: c, Order: &support.OrderFact{Status: s, Payment: p, Cancelling: is(0),
						CancelRefused: is(1), AwaitsPayment: is(2), Stuck: is(3), Silent: is(4), NothingToPay: is(5), Astray: is(6), SentAnew: is(7), Declined: is(8)}})
				}
			}
		}
	}
	return all
}

func TestTextNamesTheParcel(t *testing.T) {
	t.Parallel()
	f := about(support.WhereIsMyOrder, status("shipped"))
	f.Order.Carrier, f.Order.TrackingNumber = "made up", "MU1"
	if got := support.Text(support.Decide(f), f); !strings.HasSuffix(got, "Tracking number: MU1 (made up).") {
		t.Errorf("the text is %q", got)
	}
}

func TestARequestIsChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		category, body string
		field, code    string
	}{
		{"", "made up", "category", "required"},
		{strings.Repeat("c", 65), "made up", "category", "too_long"},
		{"a\nb", "made up", "category", "control_character"},
		{"other", "", "body", "required"},
		{"other", strings.Repeat("b", 10_001), "body", "too_long"},
		{"other", "\xff", "body", "not_utf8"},
		{"other", "a\x00", "body", "control_character"},
	} {
		err := support.Request{Category: support.Category(tt.category), Body: tt.body}.Validate()
		e := fault.As(err)
		if e == nil || len(e.Fields) != 1 || e.Fields[0].Path != tt.field || e.Fields[0].Code != tt.code {
			t.Errorf("%.10q, %.10q: %v, not %s %s", tt.category, tt.body, err, tt.field, tt.code)
		}
	}
	if err := (support.Request{Category: "anything", Body: "Two\nlines."}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestATicketAlwaysHasAWayOn checks that a customer who writes is heard in every
// status but closed.
func TestATicketAlwaysHasAWayOn(t *testing.T) {
	t.Parallel()
	for _, s := range support.Transitions.States() {
		if can := support.Transitions.Can(s, support.EventMessaged); can == (s == support.Closed || s == support.New) {
			t.Errorf("a customer can write in status %s: %t", s, can)
		}
		if s.Unsolved() == (s == support.Solved || s == support.Closed) {
			t.Errorf("%s is unsolved: %t", s, s.Unsolved())
		}
	}
}
