package process

import (
	"context"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// moveShipment moves a shipment by its table and says so in the history.
func (c *change) moveShipment(s *shipping.Shipment, t event.Type, data any) error {
	from := s.Status
	to, err := shipping.Transitions.Next(from, t)
	if err != nil {
		return err
	}
	s.Status = to
	return c.emit(event.Event{Entity: s.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

// shipmentData is what an event of a shipment carries.
type shipmentData struct {
	Carrier        string                  `json:"carrier"`
	Location       string                  `json:"location,omitempty"`
	TrackingNumber string                  `json:"tracking_number,omitempty"`
	Cost           int64                   `json:"cost,omitempty"`
	Currency       string                  `json:"currency,omitempty"`
	Attempt        int64                   `json:"attempt,omitempty"`
	Refusal        shipping.Refusal        `json:"refusal,omitempty"`
	Next           *time.Time              `json:"next,omitempty"` // when it is attempted again
	Tracking       shipping.TrackingStatus `json:"tracking,omitempty"`
	SeenAt         *time.Time              `json:"seen_at,omitempty"` // by the carrier's clock
}

// planShipment is the rule of an order that is paid: a parcel for each
// location that keeps goods for it.
func planShipment(c *change, _ event.Event) error {
	reserved, err := inventory.Reservations(c.tx, c.order.ID, c.order.ID)
	if err != nil {
		return err
	}
	lines, err := c.lines()
	if err != nil {
		return err
	}
	var locations []string
	for _, r := range reserved {
		if !slices.Contains(locations, r.Location) {
			locations = append(locations, r.Location)
		}
	}
	if len(locations) != 1 {
		return fault.New(fault.Internal, "order %s has goods reserved at %d locations", c.order.ID, len(locations))
	}
	skus, err := inventory.Catalogue(c.tx, demandOfLines(lines))
	if err != nil {
		return err
	}
	s := shipping.Shipment{
		ID: c.newID("shp", locations[0]), Order: c.order.ID, Location: locations[0], Carrier: c.policy.Carrier,
		Service: c.order.ShippingMethod, Leaves: c.policy.HandOver, Tracking: shipping.TrackingUnknown, PlannedAt: c.tx.Now(),
	}
	held := make([]shipping.ShipmentLine, len(lines))
	for i, l := range lines {
		held[i] = shipping.ShipmentLine{Line: l.Line, SKU: l.SKU, Quantity: l.Quantity}
		s.Weight += skus[l.SKU].Weight * l.Quantity
	}
	c.held = map[string][]shipping.ShipmentLine{s.ID: held}
	return c.moveShipment(c.shipments.add(s), shipping.EventPlanned, shipmentData{Carrier: s.Carrier, Location: s.Location})
}

// lines returns the order's lines, those just placed where it is new.
func (c *change) lines() ([]order.Line, error) {
	if c.fresh {
		return c.newLines, nil
	}
	return order.Lines(c.tx, c.order.ID)
}

func demandOfLines(lines []order.Line) []string {
	var skus []string
	for sku := range order.Demand(lines) {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	return skus
}

// failUnshipped is the rule of a parcel that no carrier takes.
func failUnshipped(c *change, _ event.Event) error { return c.failOrder(order.ShippingFailed) }

// handOverReady is the rule of a shop where the label is the hand-over.
func handOverReady(c *change, _ event.Event) error {
	shipments, err := c.getShipments()
	if err != nil {
		return err
	}
	for _, s := range shipments {
		if leavesByLabel(*s) {
			if err := c.ship(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ship lets a parcel leave with its goods.
func (c *change) ship(s *shipping.Shipment) error {
	if err := inventory.ShipAll(c.tx, c.cause(s.ID)); err != nil {
		return err
	}
	s.ShippedAt = c.tx.Now()
	return c.moveShipment(s, shipping.EventShipped, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
}

// HandOver says that a person has handed a parcel over to its carrier. It is
// named by its id or its tracking number.
//
// Errors: invalid; not_found; too_late when it has left or will not; conflict
// when it waits for its label or for the money, or when its carrier has given
// the tracking number to another parcel.
func (p *Process) HandOver(ctx context.Context, by Command, orderID, shipmentID string, h shipping.HandOver) (Result[order.Order], error) {
	return p.change(ctx, by, "hand_over", orderID, [2]any{shipmentID, h}, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		switch {
		case s.Status == shipping.Shipped || s.Status == shipping.Voided || s.Status == shipping.Failed:
			return fault.New(fault.TooLate, "shipment %s is %s", s.ID, s.Status)
		case c.order.End != order.EndNone:
			return fault.New(fault.TooLate, "order %d is %s: nothing of it leaves", c.order.Number, ended(c.order))
		case c.order.Payment != order.PaymentCaptured:
			return fault.New(fault.Conflict, "order %d is not paid yet (%s): nothing of it leaves", c.order.Number, c.order.Payment)
		case s.Carrier != shipping.Manual && s.Status != shipping.LabelBought:
			return fault.New(fault.Conflict, "shipment %s has no label yet", s.ID)
		}
		if err := h.Validate(*s); err != nil {
			return err
		}
		if s.TrackingNumber == "" {
			if err := c.numberIsFree(s, h.TrackingNumber); err != nil {
				return err
			}
			s.TrackingNumber = h.TrackingNumber
		}
		return c.ship(s)
	}, shipping.NumberLocks(h.TrackingNumber)...)
}

// numberIsFree refuses a tracking number by which another parcel of the same
// carrier is followed: somebody has read the wrong slip. The change holds the
// number's lock, so that of two at the same instant one sees the other.
func (c *change) numberIsFree(s *shipping.Shipment, number string) error {
	others, err := shipping.ByTracking(c.tx, number)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID != s.ID && o.Carrier == s.Carrier {
			return fault.New(fault.Conflict, "the tracking number %s is that of another parcel, %s", number, o.ID)
		}
	}
	return nil
}

func ended(o order.Order) string {
	if o.End == order.EndCancelling {
		return "being cancelled"
	}
	return string(o.Status)
}

// MarkDelivered says that a parcel has arrived which no carrier reports on.
//
// Errors: not_found; conflict when its carrier reports on it, or when it has
// not left or has arrived.
func (p *Process) MarkDelivered(ctx context.Context, by Command, orderID, shipmentID string) (Result[order.Order], error) {
	return p.change(ctx, by, "mark_delivered", orderID, shipmentID, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		if s.Carrier != shipping.Manual || s.Status != shipping.Shipped || !s.DeliveredAt.IsZero() {
			return fault.New(fault.Conflict, "shipment %s (%s, by %s) waits for no word that it has arrived", s.ID, s.Status, s.Carrier)
		}
		return c.delivered(s, c.tx.Now())
	})
}

func (c *change) existingShipment(id string) (*shipping.Shipment, error) {
	s, err := c.shipment(id)
	if err == nil && s == nil {
		err = fault.New(fault.NotFound, "order %d has no shipment %q", c.order.Number, id)
	}
	return s, err
}

func (c *change) delivered(s *shipping.Shipment, at time.Time) error {
	s.DeliveredAt, s.Tracking = at, shipping.Delivered
	return c.moveShipment(s, shipping.EventDelivered, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, SeenAt: &at})
}

func awaitHandOverDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.AwaitHandOver))
}

func awaitDeliveryDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.Silence)) }
