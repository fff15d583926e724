package process

import (
	"context"
	"slices"

	"doorstep/event"
	"doorstep/fault"
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

// RecordRefund says that a person has given back what was paid elsewhere.
//
// Errors: invalid; not_found; conflict when no such refund is waited for.
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
		if f.Status != payment.RefundPending || pay.Gateway != payment.Manual {
			return fault.New(fault.Conflict, "refund %s waits for no person", f.ID)
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
