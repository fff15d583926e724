package process

import (
	"context"
	"slices"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// WithdrawRefund takes back a refund that was begun by mistake and that a person is
// to make, before it is made.
//
// Errors: not_found; conflict when it waits for no person, or its money is owed: of
// an order that is over, for what came back, or for what was taken out of the order.
func (p *Process) WithdrawRefund(ctx context.Context, by Command, orderID, refundID string) (Result[order.Order], error) {
	return p.change(ctx, by, "withdraw_refund", orderID, refundID, func(c *change) error {
		f, pay, err := c.refund(refundID)
		if err != nil {
			return err
		}
		if f.Status != payment.RefundPending || pay.Gateway != payment.Manual {
			return fault.New(fault.Conflict, "refund %s is %s at %s: only one that a person is still to make can be taken back", f.ID, f.Status, pay.Gateway)
		}
		if owed, err := c.owed(f); err != nil || owed {
			if err == nil {
				err = fault.New(fault.Conflict, "the money of refund %s is owed to the customer", f.ID)
			}
			return err
		}
		return c.endRefund(pay, f, payment.EventRefundCanceled)
	})
}

// owed says whether a refund's money is the customer's: the order is over, its goods
// came back, or they were taken out of the order after it was paid.
func (c *change) owed(f *payment.Refund) (bool, error) {
	returns, err := c.getReturns()
	if err != nil {
		return false, err
	}
	if c.order.End.Over() || slices.ContainsFunc(returns, func(r *shipping.Return) bool { return r.Refund == f.ID }) {
		return true, nil
	}
	before, err := credited(c.tx, c.order.ID)
	if err != nil {
		return false, err
	}
	a, err := c.account()
	if err != nil {
		return false, err
	}
	gone := map[int64]int64{} // what the customer does not have, and is not refused the money for
	for _, l := range a.Lines {
		gone[l.Line] = l.Cancelled
	}
	for _, came := range a.Coming {
		for _, l := range came {
			gone[l.Line] += l.Came - l.Withheld
		}
	}
	return slices.ContainsFunc(a.Credits[f.ID], func(l payment.RefundLine) bool {
		return l.Quantity > 0 && before[l.Line]-l.Quantity < gone[l.Line]
	}), nil
}

// solveRefund is the rule of tickets that told a person of a refund that is not to be
// made.
func solveRefund(c *change, e event.Event) error {
	f, _, err := c.refund(e.Entity)
	if err != nil {
		return err
	}
	told, err := c.toldOf(f)
	for _, t := range told {
		if err := c.nothingForgotten(); err != nil {
			if refused(err) {
				err = nil // a person is told of something else by it too
			}
			return err
		}
		c.say(t, support.FromProcess, "The money is not to be given back after all.")
		if err := c.moveTicket(t, support.EventSolved); err != nil {
			return err
		}
	}
	return err
}

// refundTold holds when a ticket tells a person of a refund.
var refundTold = &Guard{"a ticket tells a person of it", func(c *change, e event.Event) (bool, error) {
	f, _, err := c.refund(e.Entity)
	if err != nil {
		return false, err
	}
	told, err := c.toldOf(f)
	return len(told) > 0, err
}}

// toldOf returns the tickets that were opened with a refund, and that a person sees to.
func (c *change) toldOf(f *payment.Refund) (told []*support.Ticket, err error) {
	tickets, err := c.getTickets()
	for _, t := range tickets {
		withPerson := t.Status == support.Open || t.Status == support.Pending
		if withPerson && t.Category == support.PaymentIssue && t.OpenedBy == string(access.Process) && t.OpenedAt.Equal(f.OpenedAt) {
			told = append(told, t)
		}
	}
	return told, err
}
