package process

import (
	"context"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
)

// CapturePlan is what capturing a payment takes.
type CapturePlan struct {
	Order    string         `json:"order"`
	Version  int64          `json:"version"` // of the order
	Payment  string         `json:"payment"`
	Gateway  string         `json:"gateway"`
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"` // all that is authorised, minor units of the currency
}

// Capture has the money taken now that is authorised, all of it, where policy takes it
// only when a parcel is about to leave. A capture that was declined for now, or has used
// up its tries, is made now. What is declined for good ends the order, as any capture.
//
// Errors: not_found; too_late when the order is over, or about to be; conflict when
// nothing is authorised, when it was taken already or is being taken, or when the order is
// held or being changed.
func (p *Process) Capture(ctx context.Context, by Command, orderID string) (Result[order.Order], error) {
	return p.change(ctx, by, "capture", orderID, nil, func(c *change) error {
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if err := whyNoCapture(c.order, pay); err != nil {
			return err
		}
		if waits, err := c.item(StepCapture, pay.ID); err != nil || waits != nil {
			if err != nil {
				return err
			}
			return c.askNow(StepCapture, pay.ID)
		}
		if asking, err := c.asksForMoney(); err != nil || asking {
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "the gateway %s is being asked about the authorisation of order %d: capture it when it has answered", pay.Gateway, c.order.Number)
		}
		return c.movePayment(pay, payment.EventCaptureRequested, dataOf(pay, nil))
	})
}

// PreviewCapture says what Capture would take.
//
// Errors: as Capture.
func (p *Process) PreviewCapture(ctx context.Context, orderID string) (CapturePlan, error) {
	return db.View(ctx, p.db, func(r db.Reader) (CapturePlan, error) {
		o, pay, err := orderAndPayment(r, orderID)
		if err == nil {
			err = whyNoCapture(o, pay)
		}
		if err != nil {
			return CapturePlan{}, err
		}
		return CapturePlan{Order: o.ID, Version: o.Version, Payment: pay.ID, Gateway: pay.Gateway, Currency: pay.Currency, Amount: pay.Amount}, nil
	})
}

// orderAndPayment reads an order and its payment, nil when it never came so far.
//
// Errors: not_found.
func orderAndPayment(r db.Reader, orderID string) (order.Order, *payment.Payment, error) {
	o, err := order.Get(r, orderID)
	if err != nil {
		return o, nil, err
	}
	pay, err := paymentOf(r, orderID)
	return o, pay, err
}

// paymentOf reads the payment of an order, nil when it never came so far.
func paymentOf(r db.Reader, orderID string) (*payment.Payment, error) {
	all, err := payment.Of(r, orderID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// whyNoCapture is why a payment can not be captured as it and its order stand, nil when
// it may be.
//
// Errors: too_late; conflict.
func whyNoCapture(o order.Order, pay *payment.Payment) error {
	switch {
	case pay == nil:
		return fault.New(fault.Conflict, "order %d has no payment", o.Number)
	case pay.Status == payment.StatusSucceeded:
		return fault.New(fault.Conflict, "the money of order %d is taken already", o.Number)
	case o.End.Over() || o.End == order.EndCancelling:
		return fault.New(fault.TooLate, "order %d is %s: its money is not taken any more", o.Number, ended(o))
	case pay.Status != payment.StatusRequiresCapture:
		return fault.New(fault.Conflict, "no money of order %d is authorised (%s)", o.Number, pay.Status)
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed: capture its payment when that is done", o.Number)
	case o.Held != "":
		return fault.New(fault.Conflict, "order %d is held (%s): release it to have its money taken", o.Number, o.Held)
	}
	return nil
}
