// Package support is the tickets: what a customer or the process says is
// wrong, what was decided on which facts, and what was written about it.
package support

import (
	"fmt"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/state"
)

// Ticket is one matter that someone raised.
type Ticket struct {
	ID        string    `json:"id"`
	Order     string    `json:"order,omitempty"` // "" when it is about none
	Category  Category  `json:"category"`
	Status    Status    `json:"status"`
	Version   int64     `json:"version"` // counts its changes
	Messages  int64     `json:"messages"`
	Reason    Reason    `json:"reason"`             // of the last decision
	Assignee  string    `json:"assignee,omitempty"` // the person who sees to it, as an actor; "" for none
	Proposed  Act       `json:"proposed,omitempty"` // what waits for a second person's approval; "" for nothing
	Remedy    string    `json:"remedy,omitempty"`   // the refund that was made, the parcel whose goods were sent anew, or the return that is waited for; "" for nothing
	Holds     string    `json:"holds,omitempty"`    // the reason code of the hold that it makes, or tells of, until it is solved; "" for none
	OpenedBy  string    `json:"opened_by"`
	OpenedAt  time.Time `json:"opened_at"`
	UpdatedAt time.Time `json:"updated_at"`
	WaitsFrom time.Time `json:"waits_from,omitzero"` // since when it waits for a person of the shop, without a break; zero when it does not
}

// Category says what a ticket is about.
type Category string

// The categories.
const (
	OrderIssue     Category = "order_issue"
	WhereIsMyOrder Category = "where_is_my_order"
	Damaged        Category = "damaged"
	WrongItem      Category = "wrong_item"
	CancelRequest  Category = "cancel_request"
	AddressChange  Category = "address_change"
	PaymentIssue   Category = "payment_issue"
	ReturnRequest  Category = "return" // the customer wants to send something back
	Other          Category = "other"
)

// Categories are all categories that are known.
var Categories = []Category{OrderIssue, WhereIsMyOrder, Damaged, WrongItem, CancelRequest, AddressChange, PaymentIssue, ReturnRequest, Other}

// Status is how far a ticket is.
type Status string

// The statuses.
const (
	New     Status = "new"     // nothing is decided yet
	Open    Status = "open"    // it waits for a person of the shop
	Pending Status = "pending" // it waits for the customer
	OnHold  Status = "on_hold" // it waits for the order's process
	Solved  Status = "solved"
	Closed  Status = "closed" // solved, and too long ago to reply to
)

// Statuses are all statuses.
var Statuses = []Status{New, Open, Pending, OnHold, Solved, Closed}

// Unsolved says whether someone or something still has to do with it.
func (s Status) Unsolved() bool { return s != Solved && s != Closed }

// The events of a ticket.
const (
	EventOpened    event.Type = "ticket.opened"
	EventWaiting   event.Type = "ticket.waiting"   // decided: it is solved when the process has done its part
	EventEscalated event.Type = "ticket.escalated" // decided: a person is needed
	EventProposed  event.Type = "ticket.proposed"  // decided: a second person is to approve it
	EventApproved  event.Type = "ticket.approved"  // what was proposed is being done
	EventRejected  event.Type = "ticket.rejected"  // what was proposed is not done: a person decides
	EventAssigned  event.Type = "ticket.assigned"  // a person is to see to it, or no longer
	EventSolved    event.Type = "ticket.solved"
	EventReplied   event.Type = "ticket.replied"  // the shop wrote
	EventMessaged  event.Type = "ticket.messaged" // the customer wrote
	EventNoted     event.Type = "ticket.noted"    // a person of the shop wrote something for the others alone
	EventReopened  event.Type = "ticket.reopened" // it was not solved after all
	EventClosed    event.Type = "ticket.closed"
)

// Transitions is the one table of what a ticket can go through.
var Transitions = state.Table[Status, event.Type]{
	{From: "", On: EventOpened, To: New},
	{From: New, On: EventSolved, To: Solved},
	{From: New, On: EventWaiting, To: OnHold},
	{From: New, On: EventEscalated, To: Open},
	{From: New, On: EventProposed, To: Open},
	{From: OnHold, On: EventWaiting, To: OnHold},
	{From: OnHold, On: EventSolved, To: Solved},
	{From: OnHold, On: EventEscalated, To: Open},
	{From: OnHold, On: EventAssigned, To: OnHold},
	{From: OnHold, On: EventReplied, To: OnHold},
	{From: OnHold, On: EventMessaged, To: OnHold},
	{From: OnHold, On: EventNoted, To: OnHold},
	{From: Open, On: EventAssigned, To: Open},
	{From: Open, On: EventReplied, To: Pending},
	{From: Open, On: EventMessaged, To: Open},
	{From: Open, On: EventNoted, To: Open},
	{From: Open, On: EventSolved, To: Solved},
	{From: Open, On: EventApproved, To: OnHold},
	{From: Open, On: EventRejected, To: Open},
	{From: Open, On: EventProposed, To: Open}, // decided anew
	{From: Open, On: EventEscalated, To: Open},
	{From: Pending, On: EventAssigned, To: Pending},
	{From: Pending, On: EventReplied, To: Pending},
	{From: Pending, On: EventMessaged, To: Open},
	{From: Pending, On: EventNoted, To: Pending},
	{From: Pending, On: EventSolved, To: Solved},
	{From: Pending, On: EventApproved, To: OnHold},
	{From: Pending, On: EventRejected, To: Pending},
	{From: Pending, On: EventProposed, To: Open},
	{From: Pending, On: EventEscalated, To: Open},
	{From: Solved, On: EventMessaged, To: Open},
	{From: Solved, On: EventNoted, To: Solved},
	{From: Solved, On: EventReplied, To: Solved},
	{From: Solved, On: EventReopened, To: Open},
	{From: Solved, On: EventClosed, To: Closed},
}

// Message is what was written in a ticket, between the customer and the shop. It may hold
// personal data.
type Message struct {
	N    int64     `json:"n"` // counts from 1
	At   time.Time `json:"at"`
	From Author    `json:"from"`
	By   string    `json:"by"` // the actor who wrote it down
	Body string    `json:"body"`
}

// Note is what a person of the shop wrote in a ticket for the others who see to it. No
// customer is shown it: it is kept apart from what they are. It may hold personal data.
type Note struct {
	N    int64     `json:"n"` // the version of the ticket that it made
	At   time.Time `json:"at"`
	By   string    `json:"by"` // the actor
	Body string    `json:"body"`
}

// Author says on whose side a message was written.
type Author string

// The authors.
const (
	FromCustomer Author = "customer"
	FromShop     Author = "shop"
	FromProcess  Author = "process"
)

// Record is a decision as it stands in the ticket, with the facts it was made on.
type Record struct {
	N      int64     `json:"n"` // counts from 1
	At     time.Time `json:"at"`
	Facts  Facts     `json:"facts"`
	Result Decision  `json:"decision"`
	By     string    `json:"by"` // the actor: the process, or who approved or rejected it
}

// Line names units of one of the order's lines.
type Line struct {
	Line     int64 `json:"line"`
	Quantity int64 `json:"quantity,omitempty"` // all that none was given back for when 0
}

// Request is a ticket as someone raises it.
type Request struct {
	Order    string   `json:"order,omitempty"` // its id, number or reference
	Category Category `json:"category"`
	Body     string   `json:"body"`
	Lines    []Line   `json:"lines,omitempty"` // what of the order it is about
	Hold     bool     `json:"hold,omitempty"`  // the order is held until the ticket is solved
}

// The bounds of what a request holds.
const (
	maxBody  = 10_000
	maxLines = 1000
	maxUnits = 1_000_000
)

// Validate checks a request. Any category is taken: one that is not known goes
// to a person.
//
// Errors: invalid, with the path of every field that is wrong.
func (q Request) Validate() error {
	var c fault.Check
	c.Required("category", string(q.Category), 64, "such as "+string(OrderIssue))
	ValidateBody(&c, q.Body)
	c.If(len(q.Lines) > 0 && q.Order == "", "lines", "needless", "name the order of which they are")
	c.If(len(q.Lines) > maxLines, "lines", "too_many", "at most %d lines", maxLines)
	seen := map[int64]bool{}
	for i, l := range q.Lines[:min(len(q.Lines), maxLines)] {
		c.If(l.Line < 1 || l.Line > maxLines, fmt.Sprintf("lines[%d].line", i), "out_of_range", "from 1 to the number of the order's lines")
		c.If(seen[l.Line], fmt.Sprintf("lines[%d].line", i), "repeated", "each line once")
		c.If(l.Quantity < 0 || l.Quantity > maxUnits, fmt.Sprintf("lines[%d].quantity", i), "out_of_range", "from 1 to %d", maxUnits)
		seen[l.Line] = true
	}
	c.If(q.Hold && q.Order == "", "hold", "needless", "name the order that is to be held")
	return c.Err("the ticket")
}

// ValidateBody checks the text of a message.
func ValidateBody(c *fault.Check, body string) {
	c.If(fault.Blank(body), "body", "required", "what it is about")
	c.Prose("body", body, maxBody)
}

// Turn says how a ticket waits that was moved at a time: for a person of the shop while it
// is open, from when it came to be.
func (t *Ticket) Turn(at time.Time) {
	switch {
	case t.Status != Open:
		t.WaitsFrom = time.Time{}
	case t.WaitsFrom.IsZero():
		t.WaitsFrom = at
	}
}

// Lock is what a change of a ticket without an order holds. A ticket of an
// order changes under its order's lock.
func Lock(ticket string) db.Lock { return db.Lock{Rank: lockRank, Key: ticket} }

const lockRank = 35

// GivenLock is what a change holds that decides by what a customer was given.
func GivenLock(customer string) db.Lock { return db.Lock{Rank: lockRank + 2, Key: customer} }

// Prefix begins the identifier of a ticket.
const Prefix = "tkt"
