package process

import (
	"context"
	"slices"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
)

// refund returns the order's refund with the id.
func (c *change) refund(id string) (*payment.Refund, error) {
	all, err := c.getRefunds()
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(f *payment.Refund) bool { return f.ID == id }); i >= 0 {
		return all[i], nil
	}
	return nil, fault.New(fault.NotFound, "order %s has no refund %q", c.order.ID, id)
}

func (c *change) moveRefund(f *payment.Refund, t event.Type, data any) error {
	from := f.Status
	to, err := payment.RefundTransitions.Next(from, t)
	if err != nil {
		return err
	}
	f.Status = to
	return c.emit(event.Event{Entity: f.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

func (c *change) refundSucceeded(p *payment.Payment, id string, data paymentData) error {
	f, err := c.refund(id)
	if err != nil {
		return err
	}
	p.Refunded += f.Amount
	f.ClosedAt = c.tx.Now()
	return c.moveRefund(f, payment.EventRefundSucceeded, data)
}

// openRefund begins to give back an amount of what was captured.
func (c *change) openRefund(p *payment.Payment, amount int64, reason string) error {
	f := c.refunds.add(payment.Refund{ID: c.newID("rfd", p.ID), Payment: p.ID, Order: c.order.ID, Amount: amount, Reason: reason, OpenedAt: c.tx.Now()})
	return c.moveRefund(f, payment.EventRefundOpened, paymentData{Amount: amount, Currency: string(p.Currency), Gateway: p.Gateway})
}

// giveBack is the rule of an order that is over: all that was captured and not
// given back yet is refunded, and what is still to be paid no longer is.
func giveBack(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	if p.Status == payment.StatusRequiresPaymentMethod {
		return c.movePayment(p, payment.EventCanceled, dataOf(p, nil))
	}
	refunds, err := c.getRefunds()
	if err != nil {
		return err
	}
	kept := payment.Kept(*p, refunds)
	if kept == 0 {
		return nil
	}
	return c.openRefund(p, kept, string(c.order.Status))
}

// RecordRefund says that a person has given money back: what was paid elsewhere,
// or what the gateway does not give back.
//
// Errors: invalid; not_found; conflict when no such refund waits for a person.
func (p *Process) RecordRefund(ctx context.Context, by Command, orderID, refundID string, r payment.Record) (Result[order.Order], error) {
	return p.change(ctx, by, "record_refund", orderID, [2]any{refundID, r}, func(c *change) error {
		f, err := c.refund(refundID)
		if err != nil {
			return err
		}
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if f.Status != payment.RefundPending {
			return fault.New(fault.Conflict, "refund %s is %s already", f.ID, f.Status)
		}
		if pay.Gateway != payment.Manual {
			if err := c.withdrawStuck(StepRefund, f.ID, payment.OpRefund, pay); err != nil {
				return err
			}
		}
		if err := r.Validate(payment.Payment{Amount: f.Amount, Currency: pay.Currency}); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpRefund, r, f.ID); err != nil {
			return err
		}
		return c.refundSucceeded(pay, f.ID, paymentData{Amount: f.Amount, Currency: string(pay.Currency), Gateway: pay.Gateway})
	})
}

// RecordVoid says that an authorisation is gone which the gateway did not give
// up, because it has lapsed or was given up there.
//
// Errors: invalid; not_found; conflict when giving it up waits for no person.
func (p *Process) RecordVoid(ctx context.Context, by Command, orderID, reference string) (Result[order.Order], error) {
	r := payment.Record{Reference: reference}
	if err := r.Validate(payment.Payment{}); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "record_void", orderID, r, func(c *change) error {
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if pay == nil || pay.Status != payment.StatusRequiresCapture {
			return fault.New(fault.Conflict, "order %d has no authorisation", c.order.Number)
		}
		if err := c.withdrawStuck(StepVoidPayment, pay.ID, payment.OpVoid, pay); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpVoid, payment.Record{Reference: reference, Amount: pay.Amount}, ""); err != nil {
			return err
		}
		return c.movePayment(pay, payment.EventCanceled, dataOf(pay, nil))
	})
}

// withdrawStuck gives up the attempt of a step that waits for a person, who has
// seen to it elsewhere.
//
// Errors: conflict when the step waits for no person, or the provider may have
// done what the attempt asks for.
func (c *change) withdrawStuck(step Step, subject string, op payment.Op, p *payment.Payment) error {
	it, err := c.item(step, subject)
	if err != nil {
		return err
	}
	if it == nil || it.State != work.Stuck {
		return fault.New(fault.Conflict, "%s of order %d waits for no person: the gateway %s is asked for it", subject, c.order.Number, p.Gateway)
	}
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if !a.IsOpen() || a.Op != op {
			continue
		}
		if a.Status == attempt.Unknown {
			return fault.New(fault.Conflict, "the gateway %s may have done it, and has not answered: have it tried again first", p.Gateway)
		}
		if err := a.Move(attempt.Withdrawn, c.tx.Now()); err != nil {
			return err
		}
	}
	return nil
}
