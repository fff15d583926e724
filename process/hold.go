package process

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
)

// holdData is what the events of a hold and of its end carry.
type holdData struct {
	Reason string   `json:"reason"`
	Beside []string `json:"beside,omitempty"` // for what else a rule has stopped it, which is told with it
	Total  int64    `json:"total,omitempty"`  // of order.released: what was to be paid when it was let go, minor units
}

func holdOf(e event.Event) (d holdData) {
	_ = json.Unmarshal(e.Data, &d) // what can not be read gives no reason
	return d
}

// cancelData is what order.cancel_requested carries of an order that was held.
type cancelData struct {
	Held string `json:"held"` // for what
}

// Hold stops an order: what is due of it waits, beside what brings money back
// or follows a parcel. What a provider is being asked at that moment goes on to
// its answer: an order that can not be paid fails, held or not. The text is kept
// as a note.
//
// Errors: invalid; not_found; conflict when it is held already, or over.
func (p *Process) Hold(ctx context.Context, by Command, orderID, reason, text string) (Result[order.Order], error) {
	var check fault.Check
	check.Word("reason", reason, "fraud_suspected")
	check.If(reserved(reason), "reason", "reserved", "another word: for this reason the process itself holds orders")
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

// reserved says whether a reason code is one for which no person holds.
func reserved(reason string) bool {
	return HeldByProcess(reason) || reason == HeldByTicket || reason == string(order.ShippingFailed)
}

// holdByHand holds an order for a person's reason. One that a ticket holds is held
// for that reason from then on, and for the ticket again when it is released.
//
// Errors: conflict.
func (c *change) holdByHand(reason string) error {
	if err := WhyNoHold(c.order); err != nil {
		return err
	}
	if c.order.Held == HeldByTicket {
		if err := c.emitOrder(order.EventReleased, holdData{Reason: HeldByTicket}); err != nil {
			return err
		}
	}
	return c.hold(reason)
}

// WhyNoHold is why no person can hold an order as it stands, nil when one can.
//
// Errors: conflict.
func WhyNoHold(o order.Order) error {
	switch o.Held {
	case "":
		return whyNoHold(o)
	case HeldByTicket:
		return nil
	}
	return fault.New(fault.Conflict, "order %d is held already (%s)", o.Number, o.Held)
}

func (c *change) hold(reason string) error {
	return c.emitOrder(order.EventHeld, holdData{Reason: reason})
}

// Release lets an order go on that is held. What was waited for is waited for
// as long again as it was held. What a count did not find is reserved anew. Where
// a ticket holds it too, or a rule of policy stops it for what no one has seen yet,
// it is held for that.
//
// Errors: not_found; conflict when it is not held, or its goods are not there, or
// it is a ticket alone that holds it.
func (p *Process) Release(ctx context.Context, by Command, orderID string) (Result[order.Order], error) {
	return p.change(ctx, by, "release", orderID, nil, func(c *change) error {
		if err := WhyNoRelease(c.order); err != nil {
			return err
		}
		return c.release()
	})
}

// WhyNoRelease is why no person can release an order as it stands, nil when one can.
//
// Errors: conflict.
func WhyNoRelease(o order.Order) error {
	switch {
	case o.Held == "":
		return fault.New(fault.Conflict, "order %d is not held", o.Number)
	case o.Held == HeldByTicket:
		return fault.New(fault.Conflict, "order %d is held by a ticket: it goes on when that is solved", o.Number)
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed: release it when that is done, or withdraw the change", o.Number)
	}
	return nil
}

func (c *change) release() error {
	if err := c.reserveMissing(); err != nil {
		return err
	}
	return c.emitOrder(order.EventReleased, holdData{Reason: c.order.Held, Total: c.order.Total})
}

// heldBefore holds when a refused cancel would let an order go on that was held.
// For goods that are missing, and for a ticket, rows of their own hold it; what no
// carrier took is offered to them again.
var heldBefore = &Guard{"the order was held by a person or a rule when the cancel was asked for", func(c *change, _ event.Event) (bool, error) {
	reason, err := c.heldWhenCancelled()
	return HeldAsBefore(reason), err
}}

// HeldAsBefore says whether an order that was held for the reason is held for it
// again as soon as a cancel of it is refused.
func HeldAsBefore(reason string) bool {
	return !slices.Contains([]string{"", reasonMissing, HeldByTicket, string(order.ShippingFailed)}, reason)
}

// heldWhenCancelled returns for what an order was held when a cancel of it was asked
// for the last time, "" for nothing.
func (c *change) heldWhenCancelled() (string, error) {
	asked, err := event.OfType(c.tx, order.EventCancelRequested, []string{c.order.ID})
	if err != nil || len(asked) == 0 {
		return "", err
	}
	var d cancelData
	_ = json.Unmarshal(asked[len(asked)-1].Data, &d) // of an order that was not held there is none
	return d.Held, nil
}

// holdAsBefore is the rule of an order that goes on because it is too late to
// cancel: asking for that has let no one release it.
func holdAsBefore(c *change, _ event.Event) error {
	reason, err := c.heldWhenCancelled()
	if err != nil {
		return err
	}
	if err := c.hold(reason); err != nil || !HeldByProcess(reason) {
		return err
	}
	return c.tellHeld(reason, "It is too late to cancel this order, which a rule of the policy had stopped: it is held again. Release it to have it go on.")
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
		if c.stateOf(Step(it.Step), begun(*it)) == work.Held && !asking {
			*it, _ = c.p.queue.Park(c.tx, *it)
		}
	}
	return nil
}

// begun is how often a step was tried, an answer that never came among that.
func begun(it work.Item) int {
	if it.Lease != "" {
		return it.Tries + 1
	}
	return it.Tries
}

// resumeSteps is the rule of an order that goes on.
func resumeSteps(c *change, _ event.Event) error {
	return c.resume(func(work.Item) bool { return true })
}

// askOn is the rule of an order that is held and is to be changed: else the change
// would wait for an answer, and the question for the change.
func askOn(c *change, _ event.Event) error {
	return c.resume(func(it work.Item) bool { return c.stateOf(Step(it.Step), begun(it)) == work.Ready })
}

// resume lets those of the steps go on that wait for the order's release.
func (c *change) resume(goesOn func(work.Item) bool) error {
	items, err := c.getItems()
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.State != work.Held || !goesOn(*it) {
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
		if c.stateOf(Step(it.Step), begun(*it)) == work.Held {
			// The order is held again for something else: resumed, it would be asked before it is parked.
			*it = c.p.queue.Retry(c.tx, *it, due, begun(*it), it.Error)
			continue
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
		if a.Status == attempt.Open && a.Payment == it.Subject && slices.Contains(stepOps[Step(it.Step)], a.Op) {
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
		if a.Status == attempt.Open && a.Shipment == it.Subject && Step(it.Step) == StepBuyLabel {
			s, err := c.shipment(it.Subject)
			if err != nil {
				return err
			}
			a.KeyUntil = due.Add(c.carrierKeyLife(s))
		}
	}
	return nil
}
