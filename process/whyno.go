package process

import (
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// What follows says why something can not be done about an order as an overview shows it,
// nil where it may be: for the same, the use case is refused. What hangs on more than
// that, such as on what is asked for or on a provider's answer, the use case alone says.

// WhyNoEdit is why nothing of the order can be changed.
//
// Errors: too_late; conflict.
func (v Overview) WhyNoEdit() error {
	if err := whyNoEdit(v.Order); err != nil {
		return err
	}
	if slices.ContainsFunc(v.Shipments, func(p shipping.Shipment) bool { return p.Lacking() }) {
		return nil // where it is to go when it is sent anew
	}
	return allGone(v.Order)
}

// allGone refuses to change what has left.
func allGone(o order.Order) error {
	if o.Sums.Gone() == o.Sums.Units {
		return fault.New(fault.TooLate, "all of order %d has left: it can be sent back when it has arrived", o.Number)
	}
	return nil
}

// WhyNoWithdrawEdit is why no change can be given up. Errors: conflict.
func (v Overview) WhyNoWithdrawEdit() error { return whyNoWithdrawEdit(v.Order) }

// WhyNoRefund is why no money can be given back. Errors: conflict.
func (v Overview) WhyNoRefund() error { return whyNoRefund(v.Order, v.payment()) }

// WhyNoReturn is why nothing can be sent back, or exchanged. Errors: conflict.
func (v Overview) WhyNoReturn() error { return nothingCame(v.Order, v.MayReturn()) }

// MayReturn is of which lines how many units can be sent back, whenever they arrived.
func (v Overview) MayReturn() []shipping.ReturnLine {
	return returnable(v.Lines, slices.Clone(v.Shipments), v.Packed, time.Time{})
}

// WhyNoCapture is why the money can not be taken now. Errors: too_late; conflict.
func (v Overview) WhyNoCapture() error { return whyNoCapture(v.Order, v.payment()) }

// WhyNoVoid is why an authorisation can not be given up. Errors: too_late; conflict.
func (v Overview) WhyNoVoid() error { return whyNoVoid(v.Order, v.payment()) }

// WhyNoPaid is why no payment can be recorded. Errors: conflict.
func (v Overview) WhyNoPaid() error { return whyNoPaid(v.Order, v.payment()) }

// WhyNoRetry is why nothing can be tried again. Errors: conflict.
func (v Overview) WhyNoRetry() error {
	return nothingStuck(v.Order, slices.ContainsFunc(v.Next, func(n Next) bool { return n.Stuck }))
}

// WhyNoLabel is why no label can be bought for a parcel. Errors: too_late; conflict.
func (v Overview) WhyNoLabel(s shipping.Shipment) error {
	if noneTakes(v.Order, s) {
		return WhyNoRelease(v.Order)
	}
	return whyNoLabel(v.Order, s)
}

// WhyNoHandOver is why a parcel can not be handed over. Errors: too_late; conflict.
func (v Overview) WhyNoHandOver(s shipping.Shipment) error { return whyNoHandOver(v.Order, s) }

// WhyNoScan is why nothing can be said of where a parcel is. Errors: conflict.
func (v Overview) WhyNoScan(s shipping.Shipment) error { return whyNoScan(s) }

// WhyNoDelivered is why a person can not say that a parcel has arrived. Errors: conflict.
func (v Overview) WhyNoDelivered(s shipping.Shipment) error { return whyNoDelivered(s) }

// WhyNoMishap is why that can not have become of a parcel. Errors: conflict.
func (v Overview) WhyNoMishap(s shipping.Shipment, became shipping.Status) error {
	if became == shipping.Lost && mayBeKept(v.Order, s) {
		return nil
	}
	return whyNoMishap(s, became)
}

// WhyNoFound is why a parcel is not missed. Errors: conflict.
func (v Overview) WhyNoFound(s shipping.Shipment) error {
	if mayBeKept(v.Order, s) {
		return nil
	}
	return whyNoFound(s)
}

// WhyNoReceiveBack is why a parcel can not come back. Errors: conflict.
func (v Overview) WhyNoReceiveBack(s shipping.Shipment) error { return mayComeBack(s) }

// WhyNoReship is why what a parcel holds can not be sent anew. Errors: conflict.
func (v Overview) WhyNoReship(s shipping.Shipment) error {
	return mayReplace(v.Order, s, v.account().paybacks(true)[s.ID])
}

// WhyNoReceiveReturn is why a return can not be received, nor be given up. Errors: conflict.
func (v Overview) WhyNoReceiveReturn(r shipping.Return) error {
	if r.Open() {
		return nil
	}
	return notOpen(r)
}

// account is what of the overview says what is owed.
func (v Overview) account() Account {
	return Account{Order: v.Order, Lines: v.Lines, Shipments: v.Shipments, Held: v.Packed, Returns: v.Returns, Coming: v.Coming, Refunds: v.Refunds, Credits: v.Credits, Attempts: v.Attempts}
}

// payment is the order's, nil when it never came so far.
func (v Overview) payment() *payment.Payment {
	if len(v.Payments) == 0 {
		return nil
	}
	return &v.Payments[0]
}
