package process

import (
	"context"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/support"
)

// WithdrawRefund takes back a refund that was begun by mistake and that a person is
// to make, before it is made. What of its money is owed by now, for what came back or
// was taken out of the order, is another refund from then on.
//
// Errors: not_found; conflict when it waits for no person, or all of its money is
// owed, as of an order that is over.
func (p *Process) WithdrawRefund(ctx context.Context, by Command, orderID, refundID string) (Result[order.Order], error) {
	return p.change(ctx, by, "withdraw_refund", orderID, refundID, func(c *change) error {
		f, pay, err := c.refund(refundID)
		if err != nil {
			return err
		}
		if f.Status != payment.RefundPending || pay.Gateway != payment.Manual {
			return fault.New(fault.Conflict, "refund %s is %s at %s: only one that a person is still to make can be taken back", f.ID, f.Status, pay.Gateway)
		}
		bound, all, err := c.bound(f)
		if err != nil {
			return err
		}
		if all {
			return fault.New(fault.Conflict, "the money of refund %s is owed to the customer", f.ID)
		}
		if err := c.endRefund(pay, f, payment.EventRefundCanceled); err != nil || len(bound) == 0 {
			return err
		}
		if err := c.claim(func(d *draft) { d.instead(bound) }); err != nil {
			return err
		}
		_, err = c.openRefund(bound, f.Reason, "")
		return err
	})
}

// bound returns what of a refund is the customer's whatever a person wants: the order
// is over, its goods came back, or they were taken out of it after it was paid.
func (c *change) bound(f *payment.Refund) (credits []order.Credit, all bool, err error) {
	lines, err := c.allCredits()
	all = true
	for _, l := range lines[f.ID] {
		if is := c.order.End.Over() || l.Cause == c.order.ID || isReturn(l.Cause); is {
			credits = append(credits, order.Credit(l))
		} else {
			all = false
		}
	}
	return credits, all, err
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
