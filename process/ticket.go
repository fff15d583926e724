package process

import (
	"context"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// moveTicket moves a ticket by its table and says so in the history.
func (c *change) moveTicket(t *support.Ticket, on event.Type) error {
	from := t.Status
	to, err := support.Transitions.Next(from, on)
	if err != nil {
		return err
	}
	if !(from != "" && from.Unsolved()) && to.Unsolved() {
		c.order.OpenTickets++
	}
	if from != "" && from.Unsolved() && !to.Unsolved() {
		c.order.OpenTickets--
	}
	t.Status, t.UpdatedAt = to, c.tx.Now()
	t.Version++
	return c.emit(event.Event{Entity: t.ID, Version: t.Version, Type: on, From: string(from), To: string(to),
		Data: event.Data(ticketData{Category: t.Category, Reason: t.Reason})})
}

// ticketData is what an event of a ticket carries.
type ticketData struct {
	Category support.Category `json:"category"`
	Reason   support.Reason   `json:"reason,omitempty"`
}

// openTicket raises a matter. The table decides at once what it calls for.
func (c *change) openTicket(category support.Category, from support.Author, body string) (*support.Ticket, error) {
	if _, err := c.getTickets(); err != nil {
		return nil, err
	}
	t := c.tickets.add(support.Ticket{ID: c.newID(support.Prefix), Order: c.order.ID, Category: category,
		OpenedBy: string(c.by), OpenedAt: c.tx.Now()})
	c.say(t, from, body)
	return t, c.moveTicket(t, support.EventOpened)
}

func (c *change) say(t *support.Ticket, from support.Author, body string) {
	t.Messages++
	support.AddMessage(c.tx, t.ID, support.Message{N: t.Messages, At: c.tx.Now(), From: from, Body: body})
}

// decideTicket is the rule of a ticket that was opened.
func decideTicket(c *change, e event.Event) error {
	t, err := c.ticket(e.Entity)
	if err != nil {
		return err
	}
	return c.decide(t)
}

// decideAgain is the rule of tickets that wait for their order.
func decideAgain(c *change, _ event.Event) error {
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if t.Status == support.OnHold {
			if err := c.decide(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *change) ticket(id string) (*support.Ticket, error) {
	tickets, err := c.getTickets()
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(tickets, func(t *support.Ticket) bool { return t.ID == id }); i >= 0 {
		return tickets[i], nil
	}
	return nil, fault.New(fault.NotFound, "there is no ticket %q", id)
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
	t.Reason = d.Reason
	if err := support.AddDecision(c.tx, t.ID, support.Record{N: t.Version + 1, At: c.tx.Now(), Facts: facts, Result: d}); err != nil {
		return err
	}
	c.say(t, support.FromProcess, support.Text(d, facts))
	switch d.Act {
	case support.Explain:
		return c.moveTicket(t, support.EventSolved)
	case support.Escalate:
		return c.moveTicket(t, support.EventEscalated)
	case support.Cancel:
		if err := c.moveTicket(t, support.EventWaiting); err != nil {
			return err
		}
		return c.requestCancel()
	default:
		return c.moveTicket(t, support.EventWaiting)
	}
}

// facts gathers what a decision is made on.
func (c *change) facts(t *support.Ticket) (support.Facts, error) {
	f := support.Facts{Category: t.Category}
	if c.order.ID == "" {
		return f, nil
	}
	items, err := c.getItems()
	if err != nil {
		return f, err
	}
	o := &support.OrderFact{
		Status: string(c.order.Status), Failure: string(c.order.Failure), Payment: string(c.order.Payment),
		Cancelling:    c.order.End == order.EndCancelling,
		CancelRefused: c.order.End == order.EndNone && (t.Reason == support.WillCancel || t.Reason == support.IsCancelling),
		Stuck:         slices.ContainsFunc(items, func(it *work.Item) bool { return it.State == work.Stuck }),
	}
	f.Order = o
	p, err := c.payment()
	if err != nil {
		return f, err
	}
	o.NothingToPay = p != nil && p.Gateway == payment.Free
	o.AwaitsPayment = p != nil && p.Status == payment.StatusRequiresPaymentMethod
	shipments, err := c.getShipments()
	if err != nil {
		return f, err
	}
	for _, s := range shipments {
		o.Carrier, o.TrackingNumber, o.Tracking, o.DeliveredAt = s.Carrier, s.TrackingNumber, string(s.Tracking), s.DeliveredAt
		o.Silent = c.isSilent(s)
	}
	return f, nil
}

// isSilent says whether nothing was seen of a parcel under way for longer than
// policy allows.
func (c *change) isSilent(s *shipping.Shipment) bool {
	under := s.Status == shipping.Shipped && s.DeliveredAt.IsZero() || s.Status == shipping.LabelBought
	return under && c.tx.Now().Sub(s.LastSeen()) >= time.Duration(c.policy.Silence)
}

// silence tells a person, once per silence, that a parcel was not seen for too
// long.
func (c *change) silence(s *shipping.Shipment) error {
	if !c.isSilent(s) {
		return nil
	}
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if t.OpenedBy == string(access.Process) && t.Category == support.WhereIsMyOrder && t.OpenedAt.After(s.LastSeen()) {
			return nil
		}
	}
	if err := c.moveShipment(s, shipping.EventSilent, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber}); err != nil {
		return err
	}
	c.by = access.Process
	_, err = c.openTicket(support.WhereIsMyOrder, support.FromProcess, "Nothing has been seen of the parcel for too long.")
	return err
}

// remind tells a person that something is waited for, unless someone is at it
// already, and waits once more.
func (c *change) remind(own *work.Item, again time.Duration, category support.Category, body string) error {
	c.again(own, c.tx.Now().Add(again), 0, "")
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(tickets, func(t *support.Ticket) bool { return t.Category == category && t.Status.Unsolved() }) {
		return nil
	}
	_, err = c.openTicket(category, support.FromProcess, body)
	return err
}

func paymentLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitPayment), support.PaymentIssue, "The payment has not arrived in time.")
}

func refundLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitPayment), support.PaymentIssue, "Money that is owed to the customer has not been given back in time.")
}

// handOverLate tells a person. Its ticket is of a category that no rule
// decides: of an order issue the rules would say that the parcel is being
// prepared, and solve it.
func handOverLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitHandOver), support.Other, "The parcel has not been handed over in time.")
}

func deliveryLate(c *change, it *work.Item) error {
	s, err := c.shipment(it.Subject)
	if err != nil {
		return err
	}
	c.again(it, c.tx.Now().Add(time.Duration(c.policy.Silence)), 0, "")
	return c.silence(s)
}

// reportFailure is the rule of an order that failed after it was paid for.
func reportFailure(c *change, _ event.Event) error {
	_, err := c.openTicket(support.OrderIssue, support.FromProcess, "The order failed after it was paid for: "+string(c.order.Failure)+".")
	return err
}

// reportStuck is the rule of a step that has used up its tries.
func reportStuck(c *change, e event.Event) error {
	_, err := c.openTicket(support.OrderIssue, support.FromProcess, "A step has used up its tries: "+string(e.Data))
	return err
}

// reportRefund is the rule of money that a person has to give back.
func reportRefund(c *change, _ event.Event) error {
	_, err := c.openTicket(support.PaymentIssue, support.FromProcess, "The order was paid elsewhere, and its money has to be given back there.")
	return err
}

// reportLostLabel is the rule of a parcel that left although its order is over.
func reportLostLabel(c *change, _ event.Event) error {
	_, err := c.openTicket(support.Other, support.FromProcess, "The carrier gives the label of an order that is over not back: its parcel has to be found.")
	return err
}

func closeTicketDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.CloseSolved)) }

func closeTicket(c *change, it *work.Item) error {
	t, err := c.ticket(it.Subject)
	if err != nil {
		return err
	}
	return c.moveTicket(t, support.EventClosed)
}

// OpenTicket raises a ticket, about an order (by its id) or about none. What
// the rules can decide is decided at once.
//
// Errors: invalid; not_found.
func (p *Process) OpenTicket(ctx context.Context, by Command, q support.Request) (Result[support.Ticket], error) {
	if err := q.Validate(); err != nil {
		return Result[support.Ticket]{}, err
	}
	var locks []db.Lock
	if q.Order != "" {
		var err error
		if locks, err = p.locks(ctx, q.Order, true); err != nil {
			return Result[support.Ticket]{}, err
		}
	}
	return once(ctx, p, by, "open_ticket", q, locks, func(tx *db.Tx) (support.Ticket, error) {
		c, err := p.beginTicket(tx, by, q)
		if err != nil {
			return support.Ticket{}, err
		}
		t, err := c.openTicket(q.Category, support.FromCustomer, q.Body)
		if err != nil {
			return support.Ticket{}, err
		}
		return c.endTicket(t)
	})
}

// beginTicket begins a change for a new ticket.
func (p *Process) beginTicket(tx *db.Tx, by Command, q support.Request) (*change, error) {
	if q.Order != "" {
		return p.begin(tx, q.Order, by.By)
	}
	c := &change{p: p, tx: tx, by: by.By}
	c.loneTicket()
	c.items.loaded = true
	c.unique = by.Key + "\x00" + q.Body
	var err error
	c.policy, err = p.policies.Current(tx)
	return c, err
}

// endTicket does what follows, writes it, and returns the ticket as it is then.
func (c *change) endTicket(t *support.Ticket) (support.Ticket, error) {
	if err := c.follow(); err != nil {
		return support.Ticket{}, err
	}
	return *t, c.finish(nil)
}

// changeTicket carries out a use case on one ticket.
func (p *Process) changeTicket(ctx context.Context, by Command, useCase, id string, request any, do func(*change, *support.Ticket) error) (Result[support.Ticket], error) {
	was, err := db.View(ctx, p.db, func(r db.Reader) (support.Ticket, error) { return support.Get(r, id) })
	if err != nil {
		return Result[support.Ticket]{}, err
	}
	owner := was.Order
	if owner == "" {
		owner = was.ID
	}
	locks, err := p.locks(ctx, owner, false)
	if err != nil {
		return Result[support.Ticket]{}, err
	}
	return once(ctx, p, by, useCase, [2]any{id, request}, locks, func(tx *db.Tx) (support.Ticket, error) {
		c, err := p.begin(tx, owner, by.By)
		if err != nil {
			return support.Ticket{}, err
		}
		t, err := c.ticket(id)
		if err != nil {
			return support.Ticket{}, err
		}
		if err := do(c, t); err != nil {
			return support.Ticket{}, err
		}
		return c.endTicket(t)
	})
}

// ReplyTicket adds a message. The customer's reopens a solved ticket for a
// person; the shop's leaves it to the customer.
//
// Errors: invalid; not_found; conflict when the ticket is closed.
func (p *Process) ReplyTicket(ctx context.Context, by Command, id string, from support.Author, body string) (Result[support.Ticket], error) {
	var check fault.Check
	support.ValidateBody(&check, body)
	if err := check.Err("the reply"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "reply_ticket", id, [2]any{from, body}, func(c *change, t *support.Ticket) error {
		c.say(t, from, body)
		if from == support.FromCustomer {
			return c.moveTicket(t, support.EventMessaged)
		}
		return c.moveTicket(t, support.EventReplied)
	})
}

// SolveTicket says that a person has solved it, with what is told the customer.
//
// Errors: invalid; not_found; conflict when it is solved, closed, or waits for
// its order.
func (p *Process) SolveTicket(ctx context.Context, by Command, id, body string) (Result[support.Ticket], error) {
	var check fault.Check
	support.ValidateBody(&check, body)
	if err := check.Err("the answer"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "solve_ticket", id, body, func(c *change, t *support.Ticket) error {
		if t.Status == support.OnHold {
			return fault.New(fault.Conflict, "ticket %s waits for its order: it is solved when the order has moved", t.ID)
		}
		c.say(t, support.FromShop, body)
		return c.moveTicket(t, support.EventSolved)
	})
}
