package process

import (
	"context"

	"doorstep/fault"
	"doorstep/order"
	"doorstep/shipping"
)

// BuyLabel has the label of a parcel bought now: one for which its carrier is to be asked
// later, because it was away or had trouble, or not at all, because the step has used up
// its tries. An attempt that may have bought one is asked again under its key, so that
// none is bought twice. Of an order that is held because no carrier takes it, all carriers
// are asked again, as by Release. Rates says what a label would cost.
//
// Errors: not_found; too_late when the parcel has left, or will not leave; conflict when
// it has a label or its carrier sells none, when the carrier is being asked, or when the
// order is held for something else or is being changed.
func (p *Process) BuyLabel(ctx context.Context, by Command, orderID, shipmentID string) (Result[order.Order], error) {
	return p.change(ctx, by, "buy_label", orderID, shipmentID, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		if noneTakes(c.order, *s) {
			if err := WhyNoRelease(c.order); err != nil {
				return err
			}
			return c.release()
		}
		if err := whyNoLabel(c.order, *s); err != nil {
			return err
		}
		return c.askNow(StepBuyLabel, s.ID)
	})
}

// noneTakes says whether an order is held because no carrier takes the parcel.
func noneTakes(o order.Order, s shipping.Shipment) bool {
	return s.Status == shipping.Failed && o.Held == string(order.ShippingFailed)
}

// whyNoLabel is why no label is bought for a parcel as it stands, nil when one may be.
//
// Errors: too_late; conflict.
func whyNoLabel(o order.Order, s shipping.Shipment) error {
	switch {
	case s.Status == shipping.LabelBought:
		return fault.New(fault.Conflict, "shipment %s has its label: %s", s.ID, s.TrackingNumber)
	case s.Gone():
		return fault.New(fault.TooLate, "shipment %s has left", s.ID)
	case s.Status != shipping.Planned || o.End.Over() || o.End == order.EndCancelling:
		return fault.New(fault.TooLate, "shipment %s is %s, of order %d, which is %s: it needs no label", s.ID, s.Status, o.Number, ended(o))
	case s.Carrier == shipping.Manual:
		return fault.New(fault.Conflict, "shipment %s goes without a label: hand it over with the number under which it is followed", s.ID)
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed: its labels are bought when that is done", o.Number)
	case o.Held != "":
		return fault.New(fault.Conflict, "order %d is held (%s): release it to have its labels bought", o.Number, o.Held)
	}
	return nil
}
