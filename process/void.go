package process

import (
	"context"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/payment"
)

// Void has an authorisation given up at the gateway. Nothing can leave that no one pays:
// an order that is going on is cancelled for it, as by Cancel, and the gateway is asked
// when nothing else is in flight and the labels are given back. Of one that is over
// already, the gateway is asked now where it was to be asked later, or the step has used
// up its tries. The reason is kept as a note.
//
// Errors: invalid; not_found; too_late when the money is taken, or something has left,
// with the way that is left; conflict when nothing is authorised, or it is being given up
// already.
func (p *Process) Void(ctx context.Context, by Command, orderID, reason string) (Result[order.Order], error) {
	var check fault.Check
	check.Prose("reason", reason, maxReason)
	if err := check.Err("the void"); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "void", orderID, reason, func(c *change) error {
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if err := whyNoVoid(c.order, pay); err != nil {
			return err
		}
		if c.order.End.Over() {
			err = c.askNow(StepVoidPayment, pay.ID)
		} else {
			err = c.requestCancel()
		}
		if err != nil {
			return err
		}
		c.keepNote(reason)
		return nil
	})
}

// PreviewVoid says what Void would undo.
//
// Errors: as Void.
func (p *Process) PreviewVoid(ctx context.Context, orderID string) (CancelPlan, error) {
	return db.View(ctx, p.db, func(r db.Reader) (CancelPlan, error) {
		o, pay, err := orderAndPayment(r, orderID)
		if err == nil {
			err = whyNoVoid(o, pay)
		}
		if err != nil {
			return CancelPlan{}, err
		}
		u, err := p.undoing(r, o)
		return CancelPlan{Order: o.ID, Version: o.Version, Undoing: u}, err
	})
}

// whyNoVoid is why an authorisation can not be given up as it and its order stand, nil
// when it may be.
//
// Errors: too_late; conflict.
func whyNoVoid(o order.Order, pay *payment.Payment) error {
	switch {
	case pay == nil:
		return fault.New(fault.Conflict, "order %d has no payment", o.Number)
	case pay.Status == payment.StatusSucceeded && pay.Captured > 0:
		return fault.New(fault.TooLate, "the money of order %d is taken: give it back by a refund", o.Number)
	case pay.Status == payment.StatusCanceled:
		return fault.New(fault.Conflict, "the payment of order %d is canceled already: nothing of it is held", o.Number)
	case pay.Status != payment.StatusRequiresCapture:
		return fault.New(fault.Conflict, "no money of order %d is authorised (%s): cancel the order", o.Number, pay.Status)
	case o.End.Over():
		return nil
	}
	return WhyNoCancel(o)
}
