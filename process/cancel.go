package process

import (
	"context"
	"maps"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// Cancel stops an order that has not been handed over. While a provider is
// being asked, the order is cancelled as soon as the answer is there; then
// labels are given back, money goes back, and the stock is released. The reason
// is kept as a note. With a version, the order must still be at it.
//
// Errors: not_found; stale; too_late when it has left, with the way that is left;
// conflict when it is over already.
func (p *Process) Cancel(ctx context.Context, by Command, orderID, reason string) (Result[order.Order], error) {
	var check fault.Check
	check.Prose("reason", reason, maxReason)
	if err := check.Err("the cancellation"); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "cancel", orderID, reason, func(c *change) error {
		if err := c.requestCancel(); err != nil {
			return err
		}
		c.keepNote(reason)
		return nil
	})
}

// CancelPlan is what cancelling an order comes to.
type CancelPlan struct {
	Order   string  `json:"order"`
	Version int64   `json:"version"` // of the order
	Undoing Undoing `json:"undoing"`
}

// PreviewCancel says what Cancel would undo.
//
// Errors: as Cancel.
func (p *Process) PreviewCancel(ctx context.Context, orderID string) (CancelPlan, error) {
	return db.View(ctx, p.db, func(r db.Reader) (CancelPlan, error) {
		o, err := order.Get(r, orderID)
		if err != nil {
			return CancelPlan{}, err
		}
		if err := WhyNoCancel(o); err != nil {
			return CancelPlan{}, err
		}
		u, err := p.undoing(r, o)
		return CancelPlan{Order: o.ID, Version: o.Version, Undoing: u}, err
	})
}

const maxReason = 500

func (c *change) requestCancel() error {
	if err := WhyNoCancel(c.order); err != nil {
		return err
	}
	if c.order.End == order.EndChanging {
		order.DropEdit(c.tx, c.order.ID)
	}
	if c.order.Held == "" {
		return c.emitOrder(order.EventCancelRequested, nil)
	}
	return c.emitOrder(order.EventCancelRequested, cancelData{Held: c.order.Held})
}

// leftOfReshipping is the way that is left for goods which are sent anew and no longer
// wanted.
const leftOfReshipping = "withdraw that while it is here, or hold it, so that it does not leave; what leaves can be sent back when it has arrived"

// WhyNoCancel is why an order can not be cancelled as it stands, nil when it can.
func WhyNoCancel(o order.Order) error {
	switch {
	case o.Status == order.Returned:
		return fault.New(fault.Conflict, "order %d has come back already", o.Number)
	case o.Fulfilment == order.FulfilmentReshipping && o.End.GoesOn():
		return fault.New(fault.TooLate, "order %d is being sent anew: %s", o.Number, leftOfReshipping)
	case o.Status == order.Delivered:
		return fault.New(fault.TooLate, "order %d has arrived: it can be sent back", o.Number)
	case o.Sums.Lost > 0:
		return fault.New(fault.TooLate, "order %d has left, and not all of it arrives: money is given back for that (refund), or it is sent anew (reship)", o.Number)
	case o.Status == order.Shipped:
		return fault.New(fault.TooLate, "order %d is shipped: it can be sent back when it has arrived", o.Number)
	case o.Sums.Sent() > 0:
		return fault.New(fault.TooLate, "a parcel of order %d has left: its lines that are still here can be cancelled, and the rest sent back when it has arrived", o.Number)
	case o.End == order.EndCancelling:
		return fault.New(fault.Conflict, "order %d is being cancelled", o.Number)
	case !o.End.GoesOn():
		return fault.New(fault.Conflict, "order %d is %s", o.Number, o.Status)
	}
	return nil
}

// finishCancel is the rule of an order that is being cancelled: what was never
// asked is given up, bought labels are given back, and when nothing is in
// flight any more it is cancelled.
func finishCancel(c *change, _ event.Event) error {
	if err := c.withdraw(); err != nil {
		return err
	}
	if err := c.withdrawLabels(); err != nil {
		return err
	}
	if flying, err := c.inFlight(); err != nil || flying {
		return err
	}
	if waiting, err := c.giveBackLabels(anyShipment); err != nil || waiting {
		return err
	}
	return c.emitOrder(order.EventCancelled, nil)
}

// withdrawAttempts is the rule of an order that has failed before everything was
// asked of the gateway.
func withdrawAttempts(c *change, _ event.Event) error { return c.withdraw() }

// withdraw gives up every attempt at the gateway that no one has begun to make.
func (c *change) withdraw() error {
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	for _, a := range attempts {
		unbegun, err := c.unbegun(payStep[a.Op], a.Payment, a.Status == attempt.Open)
		if err != nil || !unbegun {
			if err != nil {
				return err
			}
			continue
		}
		if err := a.Move(attempt.Withdrawn, c.tx.Now()); err != nil {
			return err
		}
		if err := c.endItem(payStep[a.Op], a.Payment); err != nil {
			return err
		}
		if a.Op == payment.OpAuthorise {
			p, err := c.payment()
			if err != nil {
				return err
			}
			if err := c.movePayment(p, payment.EventCanceled, dataOf(p, a)); err != nil {
				return err
			}
		}
	}
	return nil
}

// withdrawLabels does the same for the attempts at the carrier.
func (c *change) withdrawLabels() error {
	labels, err := c.getLabels()
	if err != nil {
		return err
	}
	for _, a := range labels {
		if _, err := c.withdrawLabel(a); err != nil {
			return err
		}
	}
	return nil
}

// withdrawLabel gives up the attempt to buy a label, and with it the parcel, if
// no one has begun to make it, and says whether it did.
func (c *change) withdrawLabel(a *shipping.Attempt) (bool, error) {
	unbegun, err := c.unbegun(StepBuyLabel, a.Shipment, a.Status == attempt.Open && a.Op == shipping.OpBuy)
	if err != nil || !unbegun {
		return false, err
	}
	if err := a.Move(attempt.Withdrawn, c.tx.Now()); err != nil {
		return false, err
	}
	s, err := c.shipment(a.Shipment)
	if err != nil {
		return false, err
	}
	return true, c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier, Attempt: a.N})
}

// payStep is the step that makes the attempts of an operation.
var payStep = map[payment.Op]Step{payment.OpAuthorise: StepAuthorise, payment.OpCapture: StepCapture, payment.OpRenew: StepRenew}

// unbegun says whether no one has ever begun the step of an open attempt. A run
// on virtual time takes no leases: there, whatever is due may have been begun.
func (c *change) unbegun(step Step, subject string, open bool) (bool, error) {
	if !open || step == "" {
		return false, nil
	}
	it, err := c.item(step, subject)
	return err == nil && it != nil && c.p.untouched(*it, c.tx.Now()), err
}

// untouched says whether no one can have begun a step.
func (p *Process) untouched(it work.Item, now time.Time) bool {
	waits := it.State == work.Held || it.Due.After(now)
	return it.Lease == "" && it.Tries == 0 && (waits || !p.db.Virtual())
}

// inFlight says whether a provider is or may have been asked something whose
// answer is not known.
func (c *change) inFlight() (bool, error) {
	attempts, err := c.getAttempts()
	if err != nil {
		return false, err
	}
	for _, a := range attempts {
		if a.IsOpen() && !a.Op.Undoes() && a.Op != payment.OpRefund {
			return true, nil
		}
	}
	labels, err := c.getLabels()
	if err != nil {
		return false, err
	}
	for _, a := range labels {
		if a.IsOpen() {
			return true, nil
		}
	}
	return false, nil
}

func anyShipment(*shipping.Shipment) bool { return true }

// giveBackLabels gives back what was bought for those of the parcels, and says
// whether that takes a carrier's answer. A parcel whose label is being bought or given back is left
// until that is answered.
func (c *change) giveBackLabels(of func(*shipping.Shipment) bool) (waiting bool, err error) {
	shipments, err := c.getShipments()
	if err != nil {
		return false, err
	}
	for _, s := range shipments {
		if !of(s) {
			continue
		}
		open, err := c.asksCarrier(s)
		if err != nil {
			return false, err
		}
		data := shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber}
		switch {
		case open:
			waiting = true
		case s.Status == shipping.LabelBought:
			waiting = true
			err = c.moveShipment(s, shipping.EventVoidRequested, data)
		case s.Status == shipping.Planned:
			err = c.moveShipment(s, shipping.EventVoided, data)
		}
		if err != nil {
			return false, err
		}
	}
	return waiting, nil
}

// recallLabels is the rule of an order that has failed: its parcels stay here.
func recallLabels(c *change, _ event.Event) error {
	if err := c.withdrawLabels(); err != nil {
		return err
	}
	_, err := c.giveBackLabels(anyShipment)
	return err
}

// refuseCancel is the rule of a parcel that was on its way already.
func refuseCancel(c *change, _ event.Event) error {
	return c.emitOrder(order.EventCancelRefused, nil)
}

// releaseStock is the rule of an order that is over: it waits for nothing. What is in a parcel may
// have left with it: it is not free before the label was given back.
func releaseStock(c *change, _ event.Event) error {
	free, err := c.unpacked()
	if err != nil {
		return err
	}
	var parts []inventory.Reservation
	for _, location := range slices.Sorted(maps.Keys(free)) {
		for _, sku := range slices.Sorted(maps.Keys(free[location])) {
			if n := free[location][sku]; n > 0 {
				parts = append(parts, inventory.Reservation{SKU: sku, Location: location, Quantity: n})
			}
		}
	}
	if err := inventory.Release(c.tx, c.cause(string(c.order.Status)), parts); err != nil {
		return err
	}
	if err := c.dropBackorders(); err != nil {
		return err
	}
	return c.emitOrder(inventory.EventReleased, unitsData{c.order.Sums.Unpacked(), c.order.Sums.Backordered})
}

// unitsData is what the events of an order's stock carry.
type unitsData struct {
	Units       int64 `json:"units"`
	Backordered int64 `json:"backordered,omitempty"` // units that are not waited for any more
}

// Note keeps what a person writes about an order.
//
// Errors: invalid; not_found.
func (p *Process) Note(ctx context.Context, by Command, orderID, text string) (Result[order.Order], error) {
	var check fault.Check
	check.If(text == "", "text", "required", "what is noted")
	check.Prose("text", text, maxNote)
	if err := check.Err("the note"); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "note", orderID, text, func(c *change) error {
		if err := c.emitOrder(order.EventNoted, nil); err != nil {
			return err
		}
		c.keepNote(text)
		return nil
	})
}

// keepNote keeps what a person writes about what has just happened to the order,
// if anything.
func (c *change) keepNote(text string) {
	if text != "" {
		order.AddNote(c.tx, c.order.ID, c.order.Version, order.Note{At: c.tx.Now(), Actor: string(c.by), Text: text})
	}
}

const maxNote = 10_000
