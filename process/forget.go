package process

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/shipping"
	"doorstep/support"
)

// Forgotten is what was erased of a customer.
type Forgotten struct {
	Orders  []int64 `json:"orders"` // their numbers
	Tickets int64   `json:"tickets"`

	ids map[string]bool // by which the shop knew them
}

// forgotAtOnce is how many orders are looked for at a time.
const forgotAtOnce = 200

// Forget erases a customer, by the shop's own identifier of them or by their mail address:
// who they are and where they live, in each of their orders, and what they and others wrote
// about these. What was ordered, paid and decided stays. What a file of the database keeps
// of it is overwritten; backups keep it, and so does who was told of it before.
//
// Errors: invalid; not_found when there is no order of theirs; conflict, with all that keeps
// them, when something of an order is still to come: then nothing is erased.
func (p *Process) Forget(ctx context.Context, by Command, customer string) (f Forgotten, err error) {
	var check fault.Check
	check.Required("customer", customer, 254, "the shop's own identifier of the customer, or their mail address")
	if err := check.Err("who is forgotten"); err != nil {
		return f, err
	}
	if err := by.permitted("forget"); err != nil {
		return f, err
	}
	// All are tried first, so that no one is forgotten by half.
	if f, err = p.forgetAll(ctx, by.Rehearsal(), customer); err != nil || by.rehearsed != nil {
		return f, err
	}
	f, err = p.forgetAll(ctx, by, customer)
	return f, errors.Join(err, p.forgetInAnswers(ctx, f.ids))
}

// forgetAll forgets who placed each of a customer's orders, as far as it may be.
//
// Errors: not_found; conflict.
func (p *Process) forgetAll(ctx context.Context, by Command, customer string) (f Forgotten, err error) {
	var kept fault.Check
	found := false
	f.ids = map[string]bool{}
	for before := ""; ; {
		orders, err := db.View(ctx, p.db, func(r db.Reader) ([]order.Order, error) { return order.OfCustomer(r, customer, before, forgotAtOnce) })
		if err != nil {
			return f, err
		}
		for _, o := range orders {
			found, before = true, o.ID
			tickets, err := p.forgetOrder(ctx, by, o.ID)
			switch {
			case fault.Is(err, fault.Conflict):
				kept.Add(fmt.Sprintf("order %d", o.Number), "to_come", "%s", fault.As(err).Message)
			case err != nil:
				return f, err
			default:
				if o.Customer != "" {
					f.ids[o.Customer] = true
				}
				f.Orders, f.Tickets = append(f.Orders, o.Number), f.Tickets+tickets
			}
		}
		if len(orders) < forgotAtOnce {
			break
		}
	}
	if !found {
		return f, fault.New(fault.NotFound, "no order is of %q", customer)
	}
	if e := fault.As(kept.Err("the customer")); e != nil {
		return f, &fault.Error{Code: fault.Conflict, Message: "the customer can not be forgotten yet", Fields: e.Fields}
	}
	return f, nil
}

// forgetOrder erases who placed an order, and returns in how many tickets.
func (p *Process) forgetOrder(ctx context.Context, by Command, id string) (tickets int64, err error) {
	by.Key = "" // it is done or not, whoever asks again
	_, err = p.change(ctx, by, "forget", id, nil, func(c *change) error {
		if err := c.whyNoForget(); err != nil {
			return err
		}
		all, err := c.getTickets()
		if err != nil {
			return err
		}
		order.Forget(c.tx, c.order.ID)
		access.DropCode(c.tx, c.order.ID)
		for _, t := range all {
			support.Forget(c.tx, t.ID)
		}
		tickets = int64(len(all))
		return c.emitOrder(order.EventForgotten, nil)
	})
	if errors.As(err, new(*Rehearsed)) {
		err = nil
	}
	return tickets, err
}

// whyNoForget is why who placed an order has to be known as it stands.
//
// Errors: conflict.
func (c *change) whyNoForget() error {
	o := c.order
	shipments, err := c.getShipments()
	if err != nil {
		return err
	}
	missed, err := c.toRemedy()
	if err != nil {
		return err
	}
	returns, err := c.getReturns()
	if err != nil {
		return err
	}
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	switch {
	case o.End == order.EndCancelling || o.End == order.EndChanging || !o.End.Over() && o.Sums.Reserved+o.Sums.Backordered > 0:
		return fault.New(fault.Conflict, "it is %s: it is not over", ended(o))
	case o.Sums.Refunding > 0:
		return fault.New(fault.Conflict, "money is on its way back")
	case slices.ContainsFunc(shipments, func(s *shipping.Shipment) bool { return s.Status == shipping.Shipped && s.DeliveredAt.IsZero() }):
		return fault.New(fault.Conflict, "a parcel is under way")
	case len(missed) > 0:
		return fault.New(fault.Conflict, "a parcel has not arrived, and nothing is put right")
	case slices.ContainsFunc(returns, func(r *shipping.Return) bool { return r.Open() }):
		return fault.New(fault.Conflict, "something is to come back")
	case slices.ContainsFunc(tickets, func(t *support.Ticket) bool { return t.Status.Unsolved() }):
		return fault.New(fault.Conflict, "a ticket is not solved")
	}
	return nil
}
