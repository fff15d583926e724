package process

import (
	"slices"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/support"
)

// HeldByTicket is the reason code of an order that a ticket holds until it is
// solved.
const HeldByTicket = "ticket"

// holdFor has a ticket hold its order until it is solved. Of an order that is
// held for something else already, nothing changes yet.
//
// Errors: conflict when nothing of the order can be held.
func (c *change) holdFor(t *support.Ticket) error {
	if err := whyNoHold(c.order); err != nil {
		return err
	}
	t.Holds = HeldByTicket
	if c.order.Held != "" {
		return nil
	}
	return c.hold(HeldByTicket)
}

// whyNoHold is why an order can not be held as it stands, nil when it can.
//
// Errors: conflict.
func whyNoHold(o order.Order) error {
	if !o.End.GoesOn() || o.Status.Final() {
		return fault.New(fault.Conflict, "order %d is %s: nothing of it can be held", o.Number, ended(o))
	}
	return nil
}

// tellHeld tells a person of the order that it is held for the reason, unless
// someone was told of that hold already.
func (c *change) tellHeld(reason, body string) error {
	c.by = access.Process
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(tickets, func(t *support.Ticket) bool { return t.Holds == reason }) {
		return nil
	}
	t, err := c.openTicket(support.Other, support.FromProcess, body)
	if err == nil && c.order.Held == reason {
		t.Holds = reason
	}
	return err
}

// holder returns the ticket that holds the order, nil when none does.
func (c *change) holder() (*support.Ticket, error) {
	tickets, err := c.getTickets()
	if i := slices.IndexFunc(tickets, func(t *support.Ticket) bool { return t.Holds == HeldByTicket }); i >= 0 {
		return tickets[i], nil
	}
	return nil, err
}

// ticketHolds holds when a ticket holds an order that is not held.
var ticketHolds = &Guard{"a ticket holds the order, which is going on and not held", func(c *change, _ event.Event) (bool, error) {
	if c.order.OpenTickets == 0 || c.order.Held != "" || whyNoHold(c.order) != nil {
		return false, nil
	}
	t, err := c.holder()
	return t != nil, err
}}

// holdAgain is the rule of an order that goes on although a ticket holds it.
func holdAgain(c *change, _ event.Event) error { return c.hold(HeldByTicket) }

// nothingHolds holds when an order is held for tickets that are solved.
var nothingHolds = &Guard{"the order is held for a ticket, and none holds it any more", func(c *change, _ event.Event) (bool, error) {
	if c.order.Held != HeldByTicket {
		return false, nil
	}
	t, err := c.holder()
	return t == nil, err
}}

// letGo is the rule of an order that the last ticket has let go. Where goods of it
// were not found meanwhile, it is held for that. One that is being changed goes on
// too, and what it lacks is reserved when it is known what it will need.
func letGo(c *change, _ event.Event) error {
	if c.order.End == order.EndChanging {
		return c.emitOrder(order.EventReleased, holdData{Reason: HeldByTicket})
	}
	err := c.release()
	if fault.Is(err, fault.Conflict) {
		return c.emitOrder(order.EventReleased, holdData{Reason: HeldByTicket})
	}
	return err
}

// holdIsOver holds when a ticket tells of a hold that is over.
var holdIsOver = &Guard{"a ticket tells of a hold that is over", func(c *change, _ event.Event) (bool, error) {
	tickets, err := c.getTickets()
	return slices.ContainsFunc(tickets, c.tellsNoMore), err
}}

// tellsNoMore says whether a ticket tells of a hold that is over.
func (c *change) tellsNoMore(t *support.Ticket) bool {
	return t.Holds != "" && t.Holds != HeldByTicket && t.Holds != c.order.Held
}

// solveHold is the rule of tickets that told a person of a hold. Where another ticket was
// solved because this one told of the order, a step that is stuck is told of anew.
func solveHold(c *change, _ event.Event) error {
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if !c.tellsNoMore(t) {
			continue
		}
		c.say(t, support.FromProcess, "The order is held for this no longer.")
		if err := c.moveTicket(t, support.EventSolved); err != nil {
			return err
		}
	}
	if told, err := c.withPerson(); err != nil || told > 0 {
		return err
	}
	items, err := c.getItems()
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.State == work.Stuck {
			return c.tellStuck(Step(it.Step))
		}
	}
	return nil
}
