package process

import (
	"context"
	"maps"
	"slices"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// ReceiveBack says that a parcel which did not arrive is back in the house, and
// what of it is unfit to be sold again: the rest goes back to where it left from.
//
// Errors: invalid when more is unfit than the parcel holds; not_found; conflict
// when the parcel has not left, has arrived, or was received already, or when a
// location would have too much.
func (p *Process) ReceiveBack(ctx context.Context, by Command, orderID, shipmentID string, g shipping.Grading) (Result[order.Order], error) {
	return p.change(ctx, by, "receive_back", orderID, [2]any{shipmentID, g}, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		if err := c.notAsked(s); err != nil {
			return err
		}
		if err := mayComeBack(*s); err != nil {
			return err
		}
		held, err := c.heldBy(s)
		if err != nil {
			return err
		}
		fit, err := g.Fit(held)
		if err != nil {
			return err
		}
		return c.receive(s, fit)
	})
}

// mayComeBack refuses a parcel that can not come back.
func mayComeBack(s shipping.Shipment) error {
	if shipping.Transitions.Can(s.Status, shipping.EventReceived) || mayStray(s, shipping.Returned) {
		return nil
	}
	return fault.New(fault.Conflict, "shipment %s is %s: it can not come back", s.ID, whereIs(s))
}

// receive puts what came back in a parcel and is fit to be sold back to where it
// left from. That it was on its way back goes without saying.
func (c *change) receive(s *shipping.Shipment, fit map[string]int64) error {
	if !shipping.Transitions.Can(s.Status, shipping.EventReceived) {
		if err := c.mishap(s, shipping.Returned, c.tx.Now()); err != nil {
			return err
		}
	}
	var units int64
	for _, sku := range slices.Sorted(maps.Keys(fit)) {
		if _, err := inventory.TakeBack(c.tx, c.cause(s.ID), sku, s.Location, fit[sku]); err != nil {
			return err
		}
		units += fit[sku]
	}
	return c.moveShipment(s, shipping.EventReceived, shipmentData{Carrier: s.Carrier, Location: s.Location, Restocked: units, WrittenOff: s.Units - units})
}

// ComingBack is what receiving a parcel that did not arrive comes to.
type ComingBack struct {
	Shipment shipping.Shipment       `json:"shipment"`
	Version  int64                   `json:"version"` // of the order
	Lines    []shipping.ShipmentLine `json:"lines"`
	Fit      map[string]int64        `json:"fit"`   // what goes back to the shipment's location, by SKU
	Unfit    map[string]int64        `json:"unfit"` // what is written off
}

// PreviewReceiveBack says what ReceiveBack would put where.
//
// Errors: as ReceiveBack, but for what a location can have.
func (p *Process) PreviewReceiveBack(ctx context.Context, orderID, shipmentID string, g shipping.Grading) (ComingBack, error) {
	return db.View(ctx, p.db, func(r db.Reader) (v ComingBack, err error) {
		if v.Shipment, err = readShipment(r, work.Item{Owner: orderID, Subject: shipmentID}); err != nil {
			return v, err
		}
		if err := mayComeBack(v.Shipment); err != nil {
			return v, err
		}
		o, err := order.Get(r, orderID)
		if err != nil {
			return v, err
		}
		v.Version = o.Version
		held, err := shipping.Lines(r, orderID)
		if err != nil {
			return v, err
		}
		v.Lines = held[shipmentID]
		if v.Fit, err = g.Fit(v.Lines); err != nil {
			return v, err
		}
		v.Unfit = shipping.Units(v.Lines)
		for sku, n := range v.Fit {
			v.Unfit[sku] -= n
		}
		maps.DeleteFunc(v.Unfit, func(_ string, n int64) bool { return n == 0 })
		return v, nil
	})
}
