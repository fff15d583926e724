package process

import (
	"slices"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/support"
)

// decideTicket is the rule of a ticket that was opened.
func decideTicket(c *change, e event.Event) error {
	t, err := c.ticket(e.Entity)
	if err != nil {
		return err
	}
	return c.decide(t)
}

// decideAgain is the rule of tickets that wait for their order.
func decideAgain(c *change, e event.Event) error {
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if waitsFor(t, e) {
			if err := c.decide(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// waitsFor says whether a ticket waits for what has happened. That a cancel is asked for
// moves only one that waits for a change of the order: there is none any more.
func waitsFor(t *support.Ticket, e event.Event) bool {
	return t.Status == support.OnHold && (e.Type != order.EventCancelRequested || t.Reason == support.ChangingAddress)
}

// decide asks the rules what a ticket calls for, does it, and keeps the
// decision with the facts it was made on.
func (c *change) decide(t *support.Ticket) error {
	facts, err := c.facts(t)
	if err != nil {
		return err
	}
	d := support.Decide(facts)
	if t.Status == support.OnHold && d.Reason == t.Reason {
		return nil // nothing new since it was decided to wait
	}
	if d.Beyond != "" {
		t.Proposed = d.Act
		return c.note(t, facts, d, support.EventProposed)
	}
	if err := c.note(t, facts, d, moves[d.Act]); err != nil {
		return err
	}
	switch d.Act {
	case support.Refund, support.Reship:
		return c.remedy(t, d.Act)
	case support.SendBack:
		return c.haveSentBack(t)
	case support.ChangeAddress:
		return c.changeAddress(t)
	case support.Cancel:
		return c.requestCancel()
	case support.Retry:
		return c.payNow()
	case support.Hold:
		return c.holdFor(t)
	default:
		return nil
	}
}

// moves is what happens to a ticket by what was decided.
var moves = map[support.Act]event.Type{
	support.Explain: support.EventSolved, support.Escalate: support.EventEscalated, support.Hold: support.EventEscalated,
	support.Wait: support.EventWaiting, support.Cancel: support.EventWaiting, support.Retry: support.EventWaiting,
	support.Refund: support.EventWaiting, support.Reship: support.EventWaiting, support.SendBack: support.EventWaiting, support.ChangeAddress: support.EventWaiting,
}

// facts gathers what a decision is made on.
func (c *change) facts(t *support.Ticket) (support.Facts, error) {
	f := support.Facts{Category: t.Category, ByProcess: t.OpenedBy == string(access.Process), Holds: t.Holds == HeldByTicket}
	if c.order.ID == "" {
		return f, nil
	}
	items, err := c.getItems()
	if err != nil {
		return f, err
	}
	o := &support.OrderFact{
		Status: string(c.order.Status), Failure: string(c.order.Failure), Payment: string(c.order.Payment), Held: c.order.Held,
		Retried:       t.Reason == support.RetryingPayment,
		Cancelling:    c.order.End == order.EndCancelling,
		Changing:      c.order.End == order.EndChanging,
		PartGone:      c.order.End.GoesOn() && c.order.Sums.Sent() > 0 && c.order.Sums.Gone() < c.order.Sums.Units,
		CancelRefused: c.order.End == order.EndNone && (t.Reason == support.WillCancel || t.Reason == support.IsCancelling),
		Stuck:         slices.ContainsFunc(items, func(it *work.Item) bool { return it.State == work.Stuck }),
	}
	if o.Owed, err = c.keeps(); err != nil {
		return f, err
	}
	f.Order = o
	later, err := c.payLater()
	if err != nil {
		return f, err
	}
	o.Declined = later != nil
	p, err := c.payment()
	if err != nil {
		return f, err
	}
	o.NothingToPay = p != nil && p.Gateway == payment.Free
	o.AwaitsPayment = p != nil && p.Status == payment.StatusRequiresPaymentMethod
	o.PaysLater = p != nil && p.Status == payment.StatusRequiresConfirmation
	o.Backordered = c.order.Sums.Backordered > 0
	if err := c.parcelFacts(o); err != nil {
		return f, err
	}
	return f, c.remedyFacts(t, &f)
}

// parcelFacts says how the order's parcels stand.
func (c *change) parcelFacts(o *support.OrderFact) error {
	shipments, err := c.getShipments()
	if err != nil {
		return err
	}
	o.SentAnew = c.order.Fulfilment == order.FulfilmentReshipping
	repaid, err := c.repaid(false)
	if err != nil {
		return err
	}
	repaying, err := c.repaid(true)
	if err != nil {
		return err
	}
	for _, s := range shipments {
		if !s.ReplacedAt.IsZero() {
			continue // another one is looked for now
		}
		o.Astray = o.Astray || s.Lacking() && !repaying[s.ID]
		o.Repaid = o.Repaid || repaid[s.ID]
		o.Repaying = o.Repaying || repaying[s.ID] && !repaid[s.ID]
		o.Carrier, o.TrackingNumber, o.Tracking, o.DeliveredAt = s.Carrier, s.TrackingNumber, string(s.Tracking), s.DeliveredAt
		o.Silent = c.isSilent(s)
		o.HasGone = o.HasGone || hasGone(s)
	}
	return nil
}
