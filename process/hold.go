package process

import (
	"context"
	"encoding/json"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
)

// reasonData is what order.held carries.
type reasonData struct {
	Reason string `json:"reason"`
}

// reasonOf is the reason that an event of a hold or a release carries.
func reasonOf(e event.Event) string {
	var d reasonData
	_ = json.Unmarshal(e.Data, &d) // what can not be read gives none
	return d.Reason
}

// Hold stops an order: what is due of it waits, beside what brings money back
// or follows a parcel. What a provider is being asked at that moment goes on to
// its answer. The text is kept as a note.
//
// Errors: invalid; not_found; conflict when it is held already, or over.
func (p *Process) Hold(ctx context.Context, by Command, orderID, reason, text string) (Result[order.Order], error) {
	var check fault.Check
	check.Word("reason", reason, "fraud_suspected")
	check.If(HeldByProcess(reason) || reason == HeldByTicket, "reason", "reserved", "another word: for this reason the process itself holds orders")
	check.Prose("text", text, maxNote)
	if err := check.Err("the hold"); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "hold", orderID, [2]string{reason, text}, func(c *change) error {
		if err := c.holdByHand(reason); err != nil {
			return err
		}
		c.keepNote(text)
		return nil
	})
}

// holdByHand holds an order for a person's reason. One that a ticket holds is held
// for that reason from then on, and for the ticket again when it is released.
//
// Errors: conflict.
func (c *change) holdByHand(reason string) error {
	switch c.order.Held {
	case "":
		if err := whyNoHold(c.order); err != nil {
			return err
		}
	case HeldByTicket:
		if err := c.emitOrder(order.EventReleased, reasonData{HeldByTicket}); err != nil {
			return err
		}
	default:
		return fault.New(fault.Conflict, "order %d is held already (%s)", c.order.Number, c.order.Held)
	}
	return c.hold(reason)
}

func (c *change) hold(reason string) error {
	return c.emitOrder(order.EventHeld, reasonData{reason})
}

// Release lets an order go on that is held. What was waited for is waited for
// as long again as it was held. What a count did not find is reserved anew. Where
// a ticket holds it too, it is held for that.
//
// Errors: not_found; conflict when it is not held, or its goods are not there, or
// it is a ticket alone that holds it.
func (p *Process) Release(ctx context.Context, by Command, orderID string) (Result[order.Order], error) {
	return p.change(ctx, by, "release", orderID, nil, func(c *change) error {
		if c.order.Held == "" {
			return fault.New(fault.Conflict, "order %d is not held", c.order.Number)
		}
		if err := whyNoRelease(c.order); err != nil {
			return err
		}
		return c.release()
	})
}

// whyNoRelease is why no person can release an order, nil when one can.
//
// Errors: conflict.
func whyNoRelease(o order.Order) error {
	switch {
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed: release it when that is done", o.Number)
	case o.Held == HeldByTicket:
		return fault.New(fault.Conflict, "order %d is held by a ticket: it goes on when that is solved", o.Number)
	}
	return nil
}

func (c *change) release() error {
	if err := c.reserveMissing(); err != nil {
		return err
	}
	return c.emitOrder(order.EventReleased, reasonData{c.order.Held})
}

// parkSteps is the rule of an order that is held: what waits for its time waits
// for its release.
func parkSteps(c *change, _ event.Event) error {
	items, err := c.getItems()
	if err != nil {
		return err
	}
	for _, it := range items {
		// A run on virtual time takes no leases: what was due before is being asked.
		asking := c.p.db.Virtual() && it.Due.Before(c.tx.Now())
		if c.p.steps[Step(it.Step)].Holds && !asking {
			*it, _ = c.p.queue.Park(c.tx, *it)
		}
	}
	return nil
}

// resumeSteps is the rule of an order that goes on.
func resumeSteps(c *change, _ event.Event) error {
	items, err := c.getItems()
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.State != work.Held {
			continue
		}
		due := it.Due
		if c.p.steps[Step(it.Step)].Kind == Wait {
			due = due.Add(c.tx.Now().Sub(c.before.HeldAt))
		}
		if due.Before(c.tx.Now()) {
			due = c.tx.Now()
		}
		if err := c.renewKey(it, due); err != nil {
			return err
		}
		*it = c.p.queue.Resume(c.tx, *it, due)
	}
	return nil
}

// renewKey gives the attempt of a step that no one has ever begun as long a life
// as a new one: no provider knows its key yet.
func (c *change) renewKey(it *work.Item, due time.Time) error {
	if it.Lease != "" || it.Tries > 0 {
		return nil
	}
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if a.Status == attempt.Open && a.Payment == it.Subject {
			p, err := c.payment()
			if err != nil {
				return err
			}
			a.KeyUntil = due.Add(c.gatewayKeyLife(p))
		}
	}
	labels, err := c.getLabels()
	if err != nil {
		return err
	}
	for _, a := range labels {
		if a.Status == attempt.Open && a.Shipment == it.Subject {
			s, err := c.shipment(it.Subject)
			if err != nil {
				return err
			}
			a.KeyUntil = due.Add(c.carrierKeyLife(s))
		}
	}
	return nil
}
