package verify

import (
	"encoding/json"
	"maps"
	"slices"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// checkPayments holds the order's payments against its row.
func (d *dossier) checkPayments() {
	o := d.order
	if reserved := o.Stock != order.StockNone; reserved != (len(d.payments) > 0) {
		d.find(PaymentFacet, o.ID, "its stock is %s, and it has %d payments", o.Stock, len(d.payments))
		return
	}
	var amount, captured, refunded int64
	for _, p := range d.payments {
		if p.Currency != o.Currency {
			d.find(PaymentAmount, o.ID, "the payment %s is in %s, the order in %s", p.ID, p.Currency, o.Currency)
		}
		amount += p.Amount
		captured += p.Captured
		refunded += p.Refunded
		if !slices.Contains(d.facetsOf(p), o.Payment) {
			d.find(PaymentFacet, o.ID, "the row says %s, but the payment %s is %s with %d refunds", o.Payment, p.ID, p.Status, len(d.refunds))
		}
	}
	if captured != o.Sums.Captured || refunded != o.Sums.Refunded || d.refunding() != o.Sums.Refunding {
		d.find(PaymentFacet, o.ID, "the row has %+v; its payments took %d and gave back %d, and %d are under way", o.Sums, captured, refunded, d.refunding())
	}
	if len(d.payments) > 0 && amount != o.Total {
		d.find(PaymentAmount, o.ID, "its payments are of %d, its total is %d", amount, o.Total)
	}
	if left, ok := pick(d.shipments, func(s shipping.Shipment) bool { return s.Gone() }); ok && captured != o.Total {
		d.find(UnpaidHandOver, o.ID, "the parcel %s was handed over, and of %d there is %d captured", left.ID, o.Total, captured)
	}
}

// refunding returns what of the order's money is being given back.
func (d *dossier) refunding() (amount int64) {
	for _, f := range d.refunds {
		if f.Status == payment.RefundPending {
			amount += f.Amount
		}
	}
	return amount
}

// facetsOf returns what the order's facet may be as its payment stands.
func (d *dossier) facetsOf(p payment.Payment) []order.Payment {
	switch p.Status {
	case payment.StatusRequiresConfirmation, payment.StatusProcessing, payment.StatusRequiresPaymentMethod:
		return []order.Payment{order.PaymentDue}
	case payment.StatusRequiresCapture:
		return []order.Payment{order.PaymentAuthorised}
	case payment.StatusCanceled:
		return []order.Payment{order.PaymentFailed, order.PaymentVoided}
	case payment.StatusSucceeded:
		return []order.Payment{d.refundFacet(p)}
	}
	return nil
}

// refundFacet is what the refunds of a captured payment make of the facet.
func (d *dossier) refundFacet(p payment.Payment) order.Payment {
	back := int64(0)
	for _, f := range d.refunds {
		if f.Payment == p.ID && f.Status == payment.RefundSucceeded {
			back += f.Amount
		}
	}
	switch {
	case d.refunding() > 0:
		return order.PaymentRefunding
	case back == 0:
		return order.PaymentCaptured
	case back < p.Captured:
		return order.PaymentPartlyRefunded
	default:
		return order.PaymentRefunded
	}
}

// checkRefunds holds what each payment has taken and given back against its
// status and its refunds.
func (d *dossier) checkRefunds() {
	for _, p := range d.payments {
		want := int64(0)
		if p.Status == payment.StatusSucceeded {
			want = p.Amount
		}
		if p.Captured != want {
			d.find(Captured, p.ID, "a payment of %d that is %s has %d captured", p.Amount, p.Status, p.Captured)
		}
		var all, succeeded int64
		for _, f := range d.refunds {
			if f.Payment != p.ID || !f.Counts() {
				continue
			}
			all += f.Amount
			if f.Status == payment.RefundSucceeded {
				succeeded += f.Amount
			}
		}
		if p.Refunded != succeeded {
			d.find(Refunded, p.ID, "the row says %d, the refunds that succeeded come to %d", p.Refunded, succeeded)
		}
		if all > p.Captured {
			d.find(OverRefunded, p.ID, "the refunds come to %d of %d captured", all, p.Captured)
		}
		if end := d.order.End; end.Over() && all < p.Captured && !d.owesKnown() {
			d.find(MoneyKept, d.order.ID, "the order is %s; of %d captured there are refunds of %d", end, p.Captured, all)
		}
	}
}

// checkKept looks for money that is kept for units which the customer does not have.
func (d *dossier) checkKept() {
	a := d.account()
	if d.order.End.Over() || !d.order.Payment.Taken() {
		return
	}
	if a.Keeps() && !d.owesKnown() {
		d.find(MoneyKept, d.order.ID, "money is owed that a refund did not bring back, and no one is told")
	}
	for _, l := range d.lines {
		d.checkGiven(a, d.order.ID, l, l.Cancelled)
	}
	for _, v := range d.returns {
		if f, ok := d.refund(v.Refund); !ok || f.Reason != process.ForReturn {
			continue // a person decides, of which units
		}
		for _, came := range d.coming[v.ID] {
			if l, ok := pick(d.lines, func(l order.Line) bool { return l.Line == came.Line }); ok {
				d.checkGiven(a, v.ID, l, came.Came-came.Withheld)
			}
		}
	}
}

// checkGiven holds what goes back of a line for a cause, or is owed, against so many
// units of it.
func (d *dossier) checkGiven(a process.Account, cause string, l order.Line, units int64) {
	units = min(units, l.Quantity)
	if had := a.Given(cause, l.Line); !l.Covers(had, units) && l.Left() > 0 && l.UpTo(1) > 0 { // what is less than a minor unit goes with others
		d.find(MoneyKept, d.order.ID, "of line %d, %d go back for %d units for %s, and %d units come to %d", l.Line, had.Amount, had.Units, cause, units, l.UpTo(units))
	}
}

// owesKnown says whether a person is told of money that a refund did not bring back.
func (d *dossier) owesKnown() bool {
	_, failed := pick(d.refunds, func(f payment.Refund) bool { return f.Status == payment.RefundFailed })
	return failed && d.told()
}

// checkCredits holds what is given back of each line against the refunds.
func (d *dossier) checkCredits() {
	credited, units := map[int64]int64{}, map[int64]int64{}
	for _, f := range d.refunds {
		sum := int64(0)
		for _, l := range d.credits[f.ID] {
			sum += l.Amount
			if !d.mayCause(l.Cause) {
				d.find(Credits, f.ID, "%d of line %d are given back for %q, which is nothing of the order", l.Amount, l.Line, l.Cause)
			}
			if f.Counts() {
				credited[l.Line] += l.Amount
				units[l.Line] += l.Quantity
			}
		}
		if sum != f.Amount {
			d.find(Credits, f.ID, "the refund is of %d, its lines of %d", f.Amount, sum)
		}
	}
	for _, l := range d.lines {
		if l.Credited != credited[l.Line] || l.Credited > l.Amount || units[l.Line] > l.Quantity {
			d.find(Credits, d.order.ID, "line %d has %d of %d given back, the refunds %d for %d of %d units", l.Line, l.Credited, l.Amount, credited[l.Line], units[l.Line], l.Quantity)
		}
		delete(credited, l.Line)
	}
	if len(credited) > 0 {
		d.find(Credits, d.order.ID, "the refunds name lines that there are not: %v", credited)
	}
}

// mayCause says whether money of the order may be given back for that.
func (d *dossier) mayCause(id string) bool {
	_, parcel := d.shipment(id)
	_, back := d.returnOf(id)
	_, ticket := d.ticket(id)
	return id == "" || id == d.order.ID || parcel || back || ticket
}

// checkPaymentAttempts holds what was asked of the gateways, and answered,
// against the payments.
func (d *dossier) checkPaymentAttempts() {
	for _, p := range d.payments {
		var n int64
		var came asked
		open := map[string]int{} // by the refund that they are for
		for _, a := range d.attempts {
			if a.Payment != p.ID {
				continue
			}
			if n++; a.N != n {
				d.find(PaymentAttempts, p.ID, "the attempt %s is number %d where %d was expected", a.Key, a.N, n)
				n = a.N
			}
			if a.IsOpen() && !a.Op.Undoes() {
				open[a.Refund]++
			}
			if f, ok := d.refund(a.Refund); a.Status == attempt.Succeeded && (!ok || f.Counts()) {
				came.add(p, a)
			}
		}
		for of, n := range open {
			if n > 1 {
				d.find(TwoOpenAttempts, p.ID, "%d attempts are open (refund %q)", n, of)
			}
		}
		d.checkCame(p, came)
	}
}

// checkCame holds what the attempts of a payment came to against it.
func (d *dossier) checkCame(p payment.Payment, came asked) {
	if came.captured != p.Captured || came.refunded != p.Refunded {
		d.find(PaymentAttempts, p.ID, "the attempts that succeeded took %d and gave back %d, the row says %d and %d",
			came.captured, came.refunded, p.Captured, p.Refunded)
	}
	if wasAuthorised(p) && came.authorised != p.Amount && !(came.authorised > p.Amount && d.wasChanged()) {
		d.find(PaymentAttempts, p.ID, "%d of %d were authorised before they could be captured", came.authorised, p.Amount)
	}
	if came.ref != p.Ref {
		d.find(PaymentAttempts, p.ID, "it has the reference %q, the attempt that authorised it %q", p.Ref, came.ref)
	}
}

// asked is what the attempts of a payment that succeeded come to.
type asked struct {
	authorised, captured, refunded int64
	ref                            string // of the authorisation
}

func (s *asked) add(p payment.Payment, a payment.Attempt) {
	if a.Op.Authorises() {
		s.ref = a.Ref
	}
	switch {
	case a.Op.Undoes() || a.Op == payment.OpRenew:
	case a.Op == payment.OpRefund:
		s.refunded += a.Amount
	case a.Op == payment.OpAuthorise && !p.Capture:
		s.authorised += a.Amount
	case a.Op != payment.OpVoid:
		s.captured += a.Amount
	}
}

// checkUnpaidEnd holds that no stock is kept for ever for an order that is not
// paid, nor let go while the money may still come.
func (d *dossier) checkUnpaidEnd() {
	for _, p := range d.payments {
		if d.mayStayUnpaid(p) && !slices.ContainsFunc(d.about(p.ID), func(it work.Item) bool { return it.Step == string(process.StepExpirePayment) }) {
			d.find(UnpaidEnd, p.ID, "the payment is %s, and nothing ends the wait for it", p.Status)
		}
	}
	if d.order.Failure != order.PaymentExpired {
		return
	}
	for _, a := range d.attempts {
		if !a.Op.Undoes() && (a.IsOpen() || a.Status == attempt.Succeeded) {
			d.find(UnpaidEnd, d.order.ID, "it was not paid in time, and the attempt %s is %s", a.Key, a.Status)
		}
	}
}

// mayStayUnpaid says whether a payment waits for a person, or for an attempt
// after one that was declined.
func (d *dossier) mayStayUnpaid(p payment.Payment) bool {
	if p.Status == payment.StatusRequiresPaymentMethod {
		return true
	}
	_, declined := pick(d.attempts, func(a payment.Attempt) bool { return a.Payment == p.ID && a.Status == attempt.Declined })
	return p.Status == payment.StatusProcessing && declined
}

// checkUndone holds the charges that are not the order's own against what undoes
// them.
func (d *dossier) checkUndone() {
	want, got := map[string]int{}, map[string]int{}
	for _, e := range d.events {
		if e.Type == process.EventStray {
			want[chargeOf(e)]++
		}
	}
	for _, a := range d.attempts {
		if p, ok := d.payment(a.Payment); ok && d.replaced(p, a) {
			want[a.Ref]++
		}
		if a.Op.Undoes() && (a.IsOpen() || a.Status == attempt.Succeeded) {
			got[a.Charge]++
		}
	}
	charges := slices.Collect(maps.Keys(want))
	for _, charge := range slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(charges, maps.Keys(got))))) {
		if want[charge] != 1 || got[charge] != 1 {
			d.find(Undone, d.order.ID, "the charge %s is %d times not the order's own, and undone %d times", charge, want[charge], got[charge])
		}
	}
}

// replaced says whether an attempt gave an authorisation in whose place another
// one is now.
func (d *dossier) replaced(p payment.Payment, a payment.Attempt) bool {
	return a.Op.Authorises() && a.Status == attempt.Succeeded && a.Ref != p.Ref &&
		slices.ContainsFunc(d.attempts, func(b payment.Attempt) bool { return b.Op == payment.OpRenew && b.Status == attempt.Succeeded })
}

// checkAuthorisationEnd holds that no authorisation ends without anything done
// before.
func (d *dossier) checkAuthorisationEnd() {
	for _, p := range d.payments {
		if p.Status != payment.StatusRequiresCapture || p.AuthorisedUntil.IsZero() || d.order.End != order.EndNone {
			continue
		}
		kept := slices.ContainsFunc(d.about(p.ID), func(it work.Item) bool { return it.Step == string(process.StepKeep) })
		if !kept && d.lastOf(p.ID, payment.EventAuthorised, payment.EventRenewed, payment.EventEnding) != payment.EventEnding {
			d.find(AuthorisationEnd, p.ID, "it is authorised until %s, and nothing looks after that", p.AuthorisedUntil)
		}
	}
}

// lastOf returns which of the types happened last to an entity.
func (d *dossier) lastOf(entity string, types ...event.Type) (last event.Type) {
	for _, e := range d.events {
		if e.Entity == entity && slices.Contains(types, e.Type) {
			last = e.Type
		}
	}
	return last
}

// chargeOf returns the charge that an event is about.
func chargeOf(e event.Event) string {
	var data struct {
		Charge string `json:"charge"`
	}
	if json.Unmarshal(e.Data, &data) != nil {
		return ""
	}
	return data.Charge
}

// wasAuthorised says whether a payment was to be authorised first and captured
// later, and came so far.
func wasAuthorised(p payment.Payment) bool {
	return p.Status == payment.StatusRequiresCapture || p.Status == payment.StatusSucceeded && atGateway(p) && !p.Capture
}

// checkTotals holds the order's sums against its lines.
func (d *dossier) checkTotals() {
	o := d.order
	var sum order.Totals
	var units int64
	for i, l := range d.lines {
		units += l.Wanted()
		if l.Line != int64(i+1) || l.Total != l.Quantity*l.UnitPrice {
			d.find(Totals, o.ID, "line %d of %d: number %d, %d of %d at %d", i+1, len(d.lines), l.Line, l.Total, l.Quantity, l.UnitPrice)
		}
		sum.Items += l.Total
		sum.Tax += l.Tax
		sum.Discount += l.Discount
		sum.Shipping += l.Shipping
		sum.Total += l.Amount
	}
	if o.Sums.Units > 0 && units != o.Sums.Units { // of an order that was taken at all
		d.find(Totals, o.ID, "the row has %d units, its lines %d", o.Sums.Units, units)
	}
	total := o.Items - o.Discount + o.Shipping
	if !o.PricesIncludeTax {
		total += o.Tax
	}
	if len(d.lines) == 0 || sum.Items != o.Items || sum.Tax+o.ShippingTax != o.Tax || total != o.Total {
		d.find(Totals, o.ID, "the row has items %d, tax %d (of which shipping %d) and total %d, its %d lines items %d and tax %d",
			o.Items, o.Tax, o.ShippingTax, o.Total, len(d.lines), sum.Items, sum.Tax)
	}
	if sum.Discount != o.Discount || sum.Shipping != o.Shipping || sum.Total != o.Total {
		d.find(Allotment, o.ID, "the row has discount %d, shipping %d and total %d, its lines %d, %d and %d", o.Discount, o.Shipping, o.Total, sum.Discount, sum.Shipping, sum.Total)
	}
}

// wasChanged says whether less came to be wanted of the order, or more, after it
// was placed.
func (d *dossier) wasChanged() bool {
	return slices.ContainsFunc(d.events, func(e event.Event) bool { return e.Type == order.EventChanged })
}
