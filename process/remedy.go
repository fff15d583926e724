package process

import (
	"cmp"
	"context"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// remedyFacts adds what could be given back or sent anew to a ticket's facts, and
// what that may cost.
func (c *change) remedyFacts(t *support.Ticket, f *support.Facts) error {
	var err error
	if f.Address, err = c.addressFacts(t); err != nil {
		return err
	}
	if f.Return, err = c.returnFacts(t); err != nil {
		return err
	}
	if f.Remedy, err = c.remedyOf(t); err != nil || f.Remedy != "" || !t.Status.Unsolved() {
		return err
	}
	lines, parcel, err := c.complained(t)
	if err != nil || len(lines) == 0 {
		return err
	}
	plan, err := planRefund(c.tx, c.order, refundOf(t, lines), causeOf(t, parcel))
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		return nil // a person sees why
	}
	if err != nil {
		return err
	}
	f.Order.Worth, f.Order.Currency = plan.Amount, string(plan.Currency)
	if f.Order.CanReship, err = c.canReship(parcel); err != nil {
		return err
	}
	f.Limits, err = c.ticketLimits()
	return err
}

// remedyOf says what has become of what a ticket had done, "" when it had nothing
// done.
func (c *change) remedyOf(t *support.Ticket) (support.Remedy, error) {
	if t.Remedy == "" {
		return "", nil
	}
	returns, err := c.getReturns()
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(returns, func(r *shipping.Return) bool { return r.ID == t.Remedy }); i >= 0 {
		return c.returnRemedy(returns[i])
	}
	refunds, err := c.getRefunds()
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(refunds, func(f *payment.Refund) bool { return f.ID == t.Remedy })
	if i < 0 {
		return support.Reshipped, nil
	}
	again, err := c.givenAgain(t)
	switch {
	case err != nil:
		return "", err
	case again, refunds[i].Status == payment.RefundSucceeded:
		return support.RefundDone, nil
	case refunds[i].Status == payment.RefundCanceled:
		return support.RefundWithdrawn, nil
	default:
		return support.RefundOpen, nil
	}
}

// givenAgain says whether another refund has given what a ticket's had failed to.
func (c *change) givenAgain(t *support.Ticket) (bool, error) {
	a, err := c.account()
	if err != nil {
		return false, err
	}
	_, given := a.back(false)
	owes := slices.ContainsFunc(a.owed(), func(o order.Credit) bool { return o.Cause == t.ID })
	return len(given[t.ID]) > 0 && !owes, nil
}

// complained returns the lines that a ticket is about: those that it names of an
// order that has arrived, or what the parcel holds of which it is said what is done
// without a person, and that parcel.
func (c *change) complained(t *support.Ticket) ([]order.CreditLine, *shipping.Shipment, error) {
	var lines []order.CreditLine
	if c.order.Status == order.Delivered {
		named, err := support.Lines(c.tx, t.ID)
		for _, l := range named {
			lines = append(lines, order.CreditLine(l))
		}
		return lines, nil, err
	}
	s, err := c.strayParcel()
	if err != nil || s == nil {
		return nil, nil, err
	}
	held, err := c.heldBy(s)
	return linesOf(held), s, err
}

// canReship says whether the goods of a parcel may be sent anew, and are there.
func (c *change) canReship(s *shipping.Shipment) (bool, error) {
	if s == nil {
		return false, nil
	}
	if anew, err := sendsAnew(c); err != nil || !anew {
		return false, err
	}
	held, err := c.heldBy(s)
	if err != nil {
		return false, err
	}
	taken, err := wouldTakeAnew(c.tx, shipping.Units(held), c.policy.Split)
	return len(taken.Short) == 0, err
}

// strayParcel returns the parcel that a decision may be about, nil when there is
// none: of one that was not taken and comes back, a person decides, and of one of
// whose money some goes back, or may have.
func (c *change) strayParcel() (*shipping.Shipment, error) {
	if c.policy.OnLost != policy.OnLostReship {
		return nil, nil
	}
	paid, err := c.paybacks(true)
	if err != nil {
		return nil, err
	}
	all, err := c.getShipments()
	i := slices.IndexFunc(all, func(s *shipping.Shipment) bool {
		return s.Lacking() && paid[s.ID] == nonePaidBack && (s.Status == shipping.Lost || s.Status == shipping.Damaged)
	})
	if err != nil || i < 0 {
		return nil, err
	}
	return all[i], nil
}

// causeOf is what the refund of a ticket is for: the parcel that it is about, or itself.
func causeOf(t *support.Ticket, parcel *shipping.Shipment) string {
	if parcel != nil {
		return parcel.ID
	}
	return t.ID
}

// refundOf is the refund of lines for a ticket.
func refundOf(t *support.Ticket, lines []order.CreditLine) order.CreditRequest {
	return order.CreditRequest{Lines: lines, Reason: t.ID}
}

// ticketLimits are the limits of policy for the order, and what its customer was
// given. That is not known of an order that names no customer, and where another
// change may give them something at the same time.
func (c *change) ticketLimits() (*support.Limits, error) {
	set := c.policy.TicketLimits
	l := &support.Limits{Decision: policy.In(set.Decision, c.order.Currency), Customer: policy.In(set.Customer, c.order.Currency), Count: set.Count,
		TooOld: c.tx.Now().Sub(c.order.PlacedAt) > time.Duration(set.OrderAge)}
	if !c.givenHeld || c.order.Customer == "" {
		return l, nil
	}
	var err error
	l.Given, err = c.given(c.tx.Now().Add(-time.Duration(set.Period)))
	return l, err
}

// mostLooked bounds how many orders of a customer are looked at: what one was
// given who has more is not known.
const mostLooked = 1000

// given sums up what the order's customer was given by tickets since then, nil
// when that is not known.
func (c *change) given(since time.Time) (*support.Given, error) {
	orders, err := order.List(c.tx, order.Filter{Customer: c.order.Customer, Limit: mostLooked})
	if err != nil || len(orders) == mostLooked {
		return nil, err
	}
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	of, err := support.GivenSince(c.tx, ids, since)
	var sum support.Given
	for _, o := range orders {
		sum.Count += of[o.ID].Count
		if o.Currency == c.order.Currency {
			sum.Amount += of[o.ID].Amount
		}
	}
	return &sum, err
}

// givenLocks are what a change holds of an order that decides by what its customer
// was given. Where there is one writer, that is nothing.
func (p *Process) givenLocks(ctx context.Context, orderID string) ([]db.Lock, error) {
	if p.db.Engine() == "sqlite" || orderID == "" {
		return nil, nil
	}
	o, err := db.View(ctx, p.db, func(r db.Reader) (order.Order, error) { return order.Get(r, orderID) })
	if err != nil || o.Customer == "" {
		return nil, err
	}
	return []db.Lock{support.GivenLock(o.Customer)}, nil
}

// remedy does what was decided or approved, which the ticket waits for.
func (c *change) remedy(t *support.Ticket, act support.Act) error {
	lines, parcel, err := c.complained(t)
	if err != nil {
		return err
	}
	if act == support.Reship {
		t.Remedy = parcel.ID
		_, err = c.replace(parcel)
		return err
	}
	plan, err := planRefund(c.tx, c.order, refundOf(t, lines), causeOf(t, parcel))
	if err != nil {
		return err
	}
	f, err := c.openDraft(plan.draft, t.ID)
	if err == nil {
		t.Remedy = f.ID
	}
	return err
}

// ApproveTicket has done what was proposed in a ticket, if it still fits: the facts
// are read again. Where it does not, it is decided anew, which stands in the
// ticket, and refused.
//
// Errors: invalid when it is no person; not_found; conflict when nothing is
// proposed, when the ticket was raised by the same person, and when what was
// proposed no longer fits.
func (p *Process) ApproveTicket(ctx context.Context, by Command, id string) (Result[support.Ticket], error) {
	r, err := p.judge(ctx, by, "approve_ticket", id, func(c *change, t *support.Ticket) error {
		if t.OpenedBy == string(by.By) {
			return fault.New(fault.Conflict, "ticket %s was raised by %s: another person approves it", t.ID, by.By)
		}
		return c.approve(t)
	})
	if err == nil && r.Value.Remedy == "" {
		err = fault.New(fault.Conflict, "what was proposed in ticket %s no longer fits: it was decided anew (%s)", id, r.Value.Reason)
	}
	return r, err
}

// RejectTicket says that what was proposed in a ticket is not done: a person
// decides.
//
// Errors: invalid when it is no person; not_found; conflict when nothing is proposed.
func (p *Process) RejectTicket(ctx context.Context, by Command, id string) (Result[support.Ticket], error) {
	return p.judge(ctx, by, "reject_ticket", id, func(c *change, t *support.Ticket) error {
		facts, err := c.facts(t)
		if err != nil {
			return err
		}
		t.Proposed = ""
		return c.note(t, facts, support.Decision{Act: support.Escalate, Reason: support.Rejected}, support.EventRejected)
	})
}

// judge carries out what a person says of what is proposed in a ticket.
func (p *Process) judge(ctx context.Context, by Command, useCase, id string, do func(*change, *support.Ticket) error) (Result[support.Ticket], error) {
	var check fault.Check
	check.If(!by.By.IsPerson(), "actor", "malformed", "a person of the shop as the log names them, such as operator or agent:7")
	if err := check.Err("the judgement"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, useCase, id, nil, func(c *change, t *support.Ticket) error {
		if t.Proposed == "" {
			return fault.New(fault.Conflict, "nothing is proposed in ticket %s", t.ID)
		}
		return do(c, t)
	})
}

// approve does what was proposed in a ticket, or decides anew.
func (c *change) approve(t *support.Ticket) error {
	proposed, err := c.proposal(t)
	if err != nil {
		return err
	}
	facts, err := c.facts(t)
	if err != nil {
		return err
	}
	t.Proposed = ""
	switch d := support.Decide(facts); {
	case d.Act == proposed.Act && d.Amount == proposed.Amount:
		d.Beyond = ""
		if err := c.note(t, facts, d, support.EventApproved); err != nil {
			return err
		}
		return c.remedy(t, d.Act)
	case d.Act == support.Refund || d.Act == support.Reship:
		d.Beyond = cmp.Or(d.Beyond, support.DecisionAmount) // no one has approved this one
		t.Proposed = d.Act
		return c.note(t, facts, d, support.EventProposed)
	case d.Act == support.SendBack: // of which nothing was proposed
		return c.note(t, facts, support.Decision{Act: support.Escalate, Reason: support.NeedsPerson}, support.EventEscalated)
	default:
		return c.note(t, facts, support.Decision{Act: support.Escalate, Reason: d.Reason}, support.EventEscalated)
	}
}

// proposal is the decision that waits for approval.
func (c *change) proposal(t *support.Ticket) (support.Decision, error) {
	all, err := support.Decisions(c.tx, t.ID)
	if err != nil || len(all) == 0 {
		return support.Decision{}, err
	}
	return all[len(all)-1].Result, nil
}

// note keeps a decision of a ticket with its facts, tells it, and moves the ticket.
func (c *change) note(t *support.Ticket, facts support.Facts, d support.Decision, on event.Type) error {
	t.Reason = d.Reason
	err := support.AddDecision(c.tx, t.ID, support.Record{N: t.Version + 1, At: c.tx.Now(), Facts: facts, Result: d, By: string(c.by)})
	if err != nil {
		return err
	}
	c.say(t, support.FromProcess, support.Text(d, facts))
	return c.moveTicket(t, on)
}
