package process

import (
	"context"
	"slices"
	"strconv"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
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
	t.Turn(t.UpdatedAt)
	if !to.Unsolved() {
		t.Holds, t.Proposed = "", ""
		if err := c.dropWish(t); err != nil {
			return err
		}
	}
	t.Version++
	data := ticketData{Category: t.Category, Reason: t.Reason}
	if on == support.EventAssigned {
		data.Assignee = &t.Assignee
	}
	return c.emit(event.Event{Entity: t.ID, Version: t.Version, Type: on, From: string(from), To: string(to), Data: event.Data(data)})
}

// ticketData is what an event of a ticket carries.
type ticketData struct {
	Category support.Category `json:"category"`
	Reason   support.Reason   `json:"reason,omitempty"`
	Assignee *string          `json:"assignee,omitempty"` // of ticket.assigned, "" for none
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
	support.AddMessage(c.tx, t.ID, support.Message{N: t.Messages, At: c.tx.Now(), From: from, By: string(c.by), Body: body})
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

func closeTicketDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.CloseSolved)) }

// closeTicket closes a ticket, or looks again later while something is owed.
func closeTicket(c *change, it *work.Item) error {
	owing, err := c.owing()
	if err != nil {
		return err
	}
	if owing {
		c.again(it, closeTicketDue(c), 0, "something is still owed")
		return nil
	}
	return closeNow(c, it)
}

// skipClose has a ticket closed that the process has failed to close.
func skipClose(c *change, it *work.Item) error {
	owing, err := c.owing()
	if err != nil {
		return err
	}
	if owing {
		return fault.New(fault.Conflict, "ticket %s is closed when nothing of order %d is owed any more", it.Subject, c.order.Number)
	}
	return closeNow(c, it)
}

func closeNow(c *change, it *work.Item) error {
	t, err := c.ticket(it.Subject)
	if err != nil {
		return err
	}
	return c.moveTicket(t, support.EventClosed)
}

// OpenTicket raises a ticket, about an order (by its id) or about none. What
// the rules can decide is decided at once, but for one that is raised to hold its
// order: a person solves it.
//
// Errors: invalid; not_found; conflict when the order can not be held.
func (p *Process) OpenTicket(ctx context.Context, by Command, q TicketRequest) (Result[support.Ticket], error) {
	if err := q.Validate(); err != nil {
		return Result[support.Ticket]{}, err
	}
	unique := p.tickets.Add(1)
	return onceHolding(ctx, p, by, "open_ticket", q, p.ticketLocks(q.Order, ""), func(tx *db.Tx) (support.Ticket, error) {
		c, err := p.beginTicket(tx, by, q.Request, unique)
		if err != nil {
			return support.Ticket{}, err
		}
		t, err := c.openTicket(q.Category, support.FromCustomer, q.Body)
		if err != nil {
			return support.Ticket{}, err
		}
		support.AddLines(c.tx, t.ID, q.Lines)
		if err := c.keepWish(t, q.ShipTo); err != nil {
			return support.Ticket{}, err
		}
		c.givenHeld = true
		if q.Hold {
			if err := c.holdFor(t); err != nil {
				return support.Ticket{}, err
			}
		}
		return c.endTicket(t)
	})
}

// ticketLocks are what a change of a ticket holds: its order and what the customer of
// that is given, or the ticket where it is about none. A new ticket has no id yet.
//
// Errors: not_found.
func (p *Process) ticketLocks(orderID, id string) lockChoice {
	switch {
	case orderID != "":
		given := func(ctx context.Context) ([]db.Lock, error) { return p.givenLocks(ctx, orderID) }
		return allOf(given, p.locksOf(orderID))
	case id != "":
		return p.locksOf(id)
	default:
		return always(nil)
	}
}

// beginTicket begins a change for a new ticket.
func (p *Process) beginTicket(tx *db.Tx, by Command, q support.Request, unique int64) (*change, error) {
	if q.Order != "" {
		return p.begin(tx, q.Order, by.By)
	}
	c := &change{p: p, tx: tx, by: by.By}
	c.loneTicket()
	c.items.loaded = true
	c.unique = strconv.FormatInt(unique, 10)
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
//
// Errors: not_found; stale when the command has a version and the ticket is at another.
func (p *Process) changeTicket(ctx context.Context, by Command, useCase, id string, request any, do func(*change, *support.Ticket) error) (Result[support.Ticket], error) {
	was, err := db.View(ctx, p.db, func(r db.Reader) (support.Ticket, error) { return support.Get(r, id) })
	if err != nil {
		return Result[support.Ticket]{}, err
	}
	owner := was.Order
	if owner == "" {
		owner = was.ID
	}
	return onceHolding(ctx, p, by, useCase, []any{id, by.Version, request}, p.ticketLocks(was.Order, id), func(tx *db.Tx) (support.Ticket, error) {
		c, err := p.begin(tx, owner, by.By)
		if err != nil {
			return support.Ticket{}, err
		}
		c.rehearsed = by.rehearsed
		t, err := c.ticket(id)
		if err != nil {
			return support.Ticket{}, err
		}
		if by.Version != 0 && by.Version != t.Version {
			return support.Ticket{}, fault.New(fault.Stale, "ticket %s has changed since version %d: it is at %d", t.ID, by.Version, t.Version)
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
	check.If(from != support.FromCustomer && from != support.FromShop, "from", "unknown", "customer or shop: whose words these are")
	if from == support.FromShop {
		support.ValidateAnswer(&check, body)
	} else {
		support.ValidateBody(&check, body)
	}
	if err := check.Err("the reply"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "reply_ticket", id, [2]any{from, body}, func(c *change, t *support.Ticket) error {
		if err := whyNoWord(t); err != nil {
			return err
		}
		c.say(t, from, body)
		if from == support.FromCustomer {
			return c.moveTicket(t, support.EventMessaged)
		}
		return c.moveTicket(t, support.EventReplied)
	})
}

// NoteTicket keeps what a person of the shop writes for the others who see to a ticket. No
// customer is shown it.
//
// Errors: invalid; not_found; conflict when the ticket is closed.
func (p *Process) NoteTicket(ctx context.Context, by Command, id, body string) (Result[support.Ticket], error) {
	var check fault.Check
	support.ValidateBody(&check, body)
	if err := check.Err("the note"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "note_ticket", id, body, func(c *change, t *support.Ticket) error {
		if err := whyNoWord(t); err != nil {
			return err
		}
		if err := c.moveTicket(t, support.EventNoted); err != nil {
			return err
		}
		support.AddNote(c.tx, t.ID, support.Note{N: t.Version, At: c.tx.Now(), By: string(c.by), Body: body})
		return nil
	})
}

// SolveTicket says that a person has solved it, with what is told the customer.
//
// Errors: invalid; not_found; conflict when it is solved, closed, or waits for
// its order, or when it is the last one that tells of a step that is stuck, of
// money that is owed, or of an order that the process has stopped.
func (p *Process) SolveTicket(ctx context.Context, by Command, id, body string) (Result[support.Ticket], error) {
	var check fault.Check
	support.ValidateAnswer(&check, body)
	if err := check.Err("the answer"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "solve_ticket", id, body, func(c *change, t *support.Ticket) error {
		switch {
		case !t.Status.Unsolved():
			return fault.New(fault.Conflict, "ticket %s is %s already", t.ID, t.Status)
		case t.Status == support.OnHold:
			return fault.New(fault.Conflict, "ticket %s waits for its order: it is solved when the order has moved", t.ID)
		}
		if err := c.nothingForgotten(); err != nil {
			return err
		}
		c.say(t, support.FromShop, body)
		return c.moveTicket(t, support.EventSolved)
	})
}

// ReopenTicket says that a solved ticket is not solved after all: a person sees to it,
// and it is not closed. With words, those are told the customer. What it did while it
// was unsolved is over: it holds its order no more, and nothing is decided about it anew.
//
// Errors: invalid; not_found; conflict when it is not solved yet, or closed.
func (p *Process) ReopenTicket(ctx context.Context, by Command, id, body string) (Result[support.Ticket], error) {
	var check fault.Check
	if body != "" {
		support.ValidateAnswer(&check, body)
	}
	if err := check.Err("the reopening"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "reopen_ticket", id, body, func(c *change, t *support.Ticket) error {
		if t.Status.Unsolved() {
			return fault.New(fault.Conflict, "ticket %s is %s: it is not solved yet", t.ID, t.Status)
		}
		if err := whyNoWord(t); err != nil {
			return err
		}
		if body != "" {
			c.say(t, support.FromShop, body)
		}
		return c.moveTicket(t, support.EventReopened)
	})
}

// whyNoWord is why nothing more comes to a ticket, nil when something may.
//
// Errors: conflict.
func whyNoWord(t *support.Ticket) error {
	if t.Status == support.Closed {
		return fault.New(fault.Conflict, "ticket %s is closed: raise the matter in a new ticket, and name this one in it", t.ID)
	}
	return nil
}

// AssignTicket says which person sees to a ticket, "" for none. Where that is so
// already, nothing changes.
//
// Errors: invalid when it is no person; not_found; conflict when the ticket is
// solved or closed.
func (p *Process) AssignTicket(ctx context.Context, by Command, id string, who access.Actor) (Result[support.Ticket], error) {
	var check fault.Check
	check.If(who != "" && !who.IsPerson(), "assignee", "malformed", "a person of the shop as the log names them, such as operator or agent:7")
	if err := check.Err("the assignment"); err != nil {
		return Result[support.Ticket]{}, err
	}
	return p.changeTicket(ctx, by, "assign_ticket", id, who, func(c *change, t *support.Ticket) error {
		if !t.Status.Unsolved() {
			return fault.New(fault.Conflict, "ticket %s is %s: no one sees to it any more", t.ID, t.Status)
		}
		if t.Assignee == string(who) {
			return nil
		}
		t.Assignee = string(who)
		return c.moveTicket(t, support.EventAssigned)
	})
}

// withPerson counts the order's tickets that only a person solves.
func (c *change) withPerson() (n int, err error) {
	tickets, err := c.getTickets()
	for _, t := range tickets {
		if t.Status == support.Open || t.Status == support.Pending {
			n++
		}
	}
	return n, err
}

// nothingForgotten refuses to solve the last ticket with a person of an order of
// which a step is stuck, which owes money or keeps goods although it is over, or
// which the process has stopped: no one would be told of it any more.
func (c *change) nothingForgotten() error {
	if c.order.ID == "" {
		return nil
	}
	if told, err := c.withPerson(); err != nil || told > 1 {
		return err
	}
	if HeldByProcess(c.order.Held) {
		return fault.New(fault.Conflict, "order %d is held (%s): release it, or cancel it", c.order.Number, c.order.Held)
	}
	if kept, err := c.keeps(); err != nil || kept {
		if err == nil {
			err = fault.New(fault.Conflict, "money of order %d is the customer's that a refund did not bring back: refund it again", c.order.Number)
		}
		return err
	}
	items, err := c.getItems()
	if err != nil {
		return err
	}
	asked := slices.ContainsFunc(items, func(it *work.Item) bool { return it.Step == string(StepVoidLabel) })
	if c.order.End.Over() && c.order.Sums.Labelled > 0 && !asked {
		return fault.New(fault.Conflict, "order %d is over, and the carrier kept the label of a parcel: say that it was found, or that it is lost", c.order.Number)
	}
	for _, it := range items {
		if it.State == work.Stuck {
			return fault.New(fault.Conflict, "order %d can not go on by itself (%s): have it tried again, or record what was done elsewhere", c.order.Number,
				c.p.steps[Step(it.Step)].Does)
		}
	}
	return nil
}
