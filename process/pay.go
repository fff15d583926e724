package process

import (
	"context"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
)

// movePayment moves a payment by its table and says so in the history.
func (c *change) movePayment(p *payment.Payment, t event.Type, data any) error {
	from := p.Status
	to, err := payment.Transitions.Next(from, t)
	if err != nil {
		return err
	}
	p.Status = to
	return c.emit(event.Event{Entity: p.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

// paymentData is what an event of a payment carries.
type paymentData struct {
	Amount   int64           `json:"amount,omitempty"`
	Currency string          `json:"currency,omitempty"`
	Gateway  string          `json:"gateway"`
	Op       payment.Op      `json:"op,omitempty"`
	Attempt  int64           `json:"attempt,omitempty"`
	Decline  payment.Decline `json:"decline,omitempty"`
	Next     *time.Time      `json:"next,omitempty"`    // when it is attempted again
	Pays     string          `json:"pays,omitempty"`    // of a refund: the payment of another order that it pays
	PaidBy   string          `json:"paid_by,omitempty"` // of a payment: the refund of another order that paid it
}

func dataOf(p *payment.Payment, a *payment.Attempt) paymentData {
	d := paymentData{Amount: p.Amount, Currency: string(p.Currency), Gateway: p.Gateway, PaidBy: p.PaidBy}
	if a != nil {
		d.Amount, d.Op, d.Attempt, d.Decline = a.Amount, a.Op, a.N, a.Decline
	}
	return d
}

// payNothing is the rule of an order of zero.
func payNothing(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	p.Status = payment.StatusSucceeded
	return c.emit(event.Event{Entity: p.ID, Type: payment.EventSucceeded, From: string(payment.StatusProcessing),
		To: string(p.Status), Data: event.Data(dataOf(p, nil))})
}

// failUnpaid is the rule of a payment that was declined for good.
func failUnpaid(c *change, _ event.Event) error { return c.failOrder(order.PaymentDeclined) }

// failCapture is the rule of authorised money that could not be taken.
func failCapture(c *change, _ event.Event) error { return c.failOrder(order.CaptureFailed) }

func (c *change) failOrder(why order.Failure) error {
	return c.emitOrder(order.EventFailed, failedData{Reason: why, Total: c.order.Total, Currency: string(c.order.Currency)})
}

// payLater returns the step of a payment that was declined for now and is attempted
// again later, nil when there is none, or someone may have begun it.
func (c *change) payLater() (*work.Item, error) {
	p, err := c.payment()
	if err != nil || p == nil || p.Status != payment.StatusProcessing {
		return nil, err
	}
	it, err := c.item(StepAuthorise, p.ID)
	if err != nil || it == nil || it.State != work.Ready || !it.Due.After(c.tx.Now()) || !c.p.untouched(*it, c.tx.Now()) {
		return nil, err
	}
	n, err := c.declined()
	if err != nil || n == 0 {
		return nil, err
	}
	return it, nil
}

// payNow has the attempt made now that is to be made later.
func (c *change) payNow() error {
	it, err := c.payLater()
	if err != nil {
		return err
	}
	if err := c.renewKey(it, c.tx.Now()); err != nil {
		return err
	}
	c.again(it, c.tx.Now(), 0, it.Error)
	return nil
}

// RecordPayment says that an order was paid elsewhere.
//
// Errors: invalid; not_found; conflict when the order waits for no payment.
func (p *Process) RecordPayment(ctx context.Context, by Command, orderID string, r payment.Record) (Result[order.Order], error) {
	return p.change(ctx, by, "record_payment", orderID, r, func(c *change) error {
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if err := whyNoPaid(c.order, pay); err != nil {
			return err
		}
		if err := r.Validate(*pay); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpRecord, r, ""); err != nil {
			return err
		}
		pay.Captured = r.Amount
		return c.movePayment(pay, payment.EventSucceeded, dataOf(pay, nil))
	})
}

// whyNoPaid is why no payment can be recorded as it and its order stand, nil when it may be.
func whyNoPaid(o order.Order, pay *payment.Payment) error {
	if pay == nil || !mayBeRecorded(*pay) || o.End != order.EndNone {
		return fault.New(fault.Conflict, "order %d waits for no payment that is made elsewhere", o.Number)
	}
	return nil
}

// mayBeRecorded says whether a payment is made elsewhere and was not yet, whether or
// not anyone was asked for it.
func mayBeRecorded(p payment.Payment) bool {
	return p.Status == payment.StatusRequiresPaymentMethod || p.Status == payment.StatusRequiresConfirmation && p.Gateway == payment.Manual
}

// recorded keeps what a person recorded as an attempt that has succeeded.
func (c *change) recorded(p *payment.Payment, op payment.Op, r payment.Record, refund string) error {
	a, err := c.openAttempt(p, op, r.Amount, refund, c.tx.Now())
	if err != nil {
		return err
	}
	a.Ref = r.Reference
	return a.Move(attempt.Succeeded, c.tx.Now())
}

func awaitPaymentDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.AwaitPayment))
}
