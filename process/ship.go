package process

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// moveShipment moves a shipment by its table and says so in the history, with
// how many units it moves where that counts.
func (c *change) moveShipment(s *shipping.Shipment, t event.Type, data shipmentData) error {
	if order.Adds(t) && s.ReplacedAt.IsZero() {
		data.Units = s.Units // of a parcel that was replaced none count any more
	}
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
	Units          int64                   `json:"units,omitempty"`
	TrackingNumber string                  `json:"tracking_number,omitempty"`
	Cost           int64                   `json:"cost,omitempty"`
	Currency       string                  `json:"currency,omitempty"`
	Attempt        int64                   `json:"attempt,omitempty"`
	Refusal        shipping.Refusal        `json:"refusal,omitempty"`
	NextCarrier    string                  `json:"next_carrier,omitempty"` // who is asked instead
	Next           *time.Time              `json:"next,omitempty"`         // when it is attempted again
	Backordered    int64                   `json:"backordered,omitempty"`  // of the units, those that are waited for
	Kept           int64                   `json:"kept,omitempty"`         // of the units that are not sent anew, those that were reserved
	Arrived        int64                   `json:"arrived,omitempty"`      // of these, those that have arrived meanwhile
	Restocked      int64                   `json:"restocked,omitempty"`    // units that came back and can be sold
	WrittenOff     int64                   `json:"written_off,omitempty"`  // units that came back and can not
	Tracking       shipping.TrackingStatus `json:"tracking,omitempty"`
	SeenAt         *time.Time              `json:"seen_at,omitempty"` // by the carrier's clock
	Unpaid         bool                    `json:"unpaid,omitempty"`  // the carrier is first seen to have it, and the money for it is not taken
	Repaid         bool                    `json:"repaid,omitempty"`  // it was given up, and the money for what it holds has gone back or is about to
}

func shipmentOf(e event.Event) (d shipmentData) {
	_ = json.Unmarshal(e.Data, &d) // what can not be read says nothing
	return d
}

// planShipments is the rule of goods that are kept for an order and are in no
// parcel: there is one for each location that has some of them.
func planShipments(c *change, _ event.Event) error {
	free, err := c.unpacked()
	if err != nil {
		return err
	}
	lines, err := c.missing()
	if err != nil {
		return err
	}
	skus, err := inventory.Catalogue(c.tx, slices.Sorted(maps.Keys(order.Demand(lines))))
	if err != nil {
		return err
	}
	for _, location := range slices.Sorted(maps.Keys(free)) {
		s := shipping.Shipment{
			ID: c.newID(shipping.Prefix, location), Order: c.order.ID, Location: location, Carrier: c.policy.Carrier,
			Service: c.order.ShippingMethod, Leaves: c.policy.HandOver, Tracking: shipping.TrackingUnknown, PlannedAt: c.tx.Now(),
		}
		held := pack(lines, free[location])
		for _, l := range held {
			s.Units += l.Quantity
			s.Weight += skus[l.SKU].Weight * l.Quantity
		}
		if s.Units == 0 {
			continue
		}
		c.held[s.ID] = held
		if err := c.moveShipment(c.shipments.add(s), shipping.EventPlanned, shipmentData{Carrier: s.Carrier, Location: s.Location}); err != nil {
			return err
		}
	}
	return nil
}

// unpacked returns what is reserved for the order and in no parcel that is
// here, by location and SKU.
func (c *change) unpacked() (map[string]map[string]int64, error) {
	reserved, err := inventory.Reservations(c.tx, c.order.ID, c.order.ID)
	if err != nil {
		return nil, err
	}
	free := map[string]map[string]int64{}
	for _, r := range reserved {
		if free[r.Location] == nil {
			free[r.Location] = map[string]int64{}
		}
		free[r.Location][r.SKU] += r.Quantity
	}
	shipments, err := c.getShipments()
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		if !s.Here() {
			continue
		}
		held, err := c.heldBy(s)
		if err != nil {
			return nil, err
		}
		for _, l := range held {
			free[s.Location][l.SKU] -= l.Quantity
		}
	}
	return free, nil
}

// missing returns the order's lines with how many of each are in no parcel.
func (c *change) missing() ([]order.Line, error) {
	lines, err := c.lines()
	if err != nil {
		return nil, err
	}
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Quantity = lines[i].Wanted()
	}
	shipments, err := c.getShipments()
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		if !s.Live() {
			continue
		}
		held, err := c.heldBy(s)
		if err != nil {
			return nil, err
		}
		for _, l := range held {
			lines[l.Line-1].Quantity -= l.Quantity
		}
	}
	return lines, nil
}

// heldBy returns what a parcel holds.
func (c *change) heldBy(s *shipping.Shipment) ([]shipping.ShipmentLine, error) {
	if held, ok := c.held[s.ID]; ok {
		return held, nil
	}
	all, err := shipping.Lines(c.tx, c.order.ID)
	for id, held := range all {
		if _, ok := c.held[id]; !ok {
			c.held[id] = held
		}
	}
	return c.held[s.ID], err
}

// pack takes from the lines what is free at one location, and returns what a
// parcel from there holds.
func pack(lines []order.Line, free map[string]int64) (held []shipping.ShipmentLine) {
	for i := range lines {
		l := &lines[i]
		n := min(l.Quantity, free[l.SKU])
		if n <= 0 {
			continue
		}
		held = append(held, shipping.ShipmentLine{Line: l.Line, SKU: l.SKU, Quantity: n})
		l.Quantity -= n
		free[l.SKU] -= n
	}
	return held
}

// lines returns the order's lines, those just placed where it is new.
func (c *change) lines() ([]order.Line, error) {
	if c.fresh {
		return c.newLines, nil
	}
	return order.Lines(c.tx, c.order.ID)
}

// failUnshipped is the rule of a parcel that no carrier takes.
func failUnshipped(c *change, _ event.Event) error { return c.failOrder(order.ShippingFailed) }

// holdUnshipped is the rule of a parcel that no carrier takes, where a person
// may find a way.
func holdUnshipped(c *change, _ event.Event) error {
	if c.order.Held == "" {
		if err := c.hold(string(order.ShippingFailed)); err != nil {
			return err
		}
	}
	return c.tellHeld(string(order.ShippingFailed), c.orUnsend("No carrier takes a parcel of this order: release it to have them asked again, or cancel what has not left"))
}

func awaitCarrierDue(c *change) time.Time {
	wait := c.policy.HoldUnshipped
	if wait == 0 {
		wait = c.policy.AwaitHandOver
	}
	return c.tx.Now().Add(time.Duration(wait))
}

// carrierLate ends an order for which no carrier was found, unless a parcel of
// it has left: then a person is told again. While a person or a ticket holds it, it
// does not end by itself.
func carrierLate(c *change, it *work.Item) error {
	if c.order.End == order.EndChanging {
		c.again(it, c.tx.Now().Add(time.Duration(c.policy.Ask.Most)), 0, "the order is being changed")
		return nil
	}
	ticket, err := c.holder()
	if err != nil {
		return err
	}
	if c.order.Held != string(order.ShippingFailed) || ticket != nil {
		c.again(it, awaitCarrierDue(c), 0, "the order is held for something else")
		return nil
	}
	if c.order.Sums.Sent() == 0 {
		return c.failOrder(order.ShippingFailed)
	}
	// It is not late for itself: its order is held for this.
	c.again(it, c.tx.Now().Add(time.Duration(c.policy.AwaitHandOver)), 0, "")
	return c.tellHeld(string(order.ShippingFailed), "A parcel of this order has still no carrier that takes it.")
}

// handOverReady is the rule of a shop where the label is the hand-over.
func handOverReady(c *change, _ event.Event) error {
	leaving, err := c.leaveByLabel()
	for _, s := range leaving {
		if err := c.ship(s); err != nil {
			return err
		}
	}
	return err
}

// ship lets a parcel leave with its goods.
func (c *change) ship(s *shipping.Shipment) error {
	if err := c.goodsLeave(s); err != nil {
		return err
	}
	s.ShippedAt = c.tx.Now()
	return c.moveShipment(s, shipping.EventShipped, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
}

// goodsLeave takes what a parcel holds off the books.
func (c *change) goodsLeave(s *shipping.Shipment) error {
	held, err := c.heldBy(s)
	if err != nil {
		return err
	}
	return inventory.ShipParcel(c.tx, c.cause(s.ID), s.Location, shipping.Units(held))
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
		if err := whyNoHandOver(c.order, *s); err != nil {
			return err
		}
		if err := c.notAsked(s); err != nil {
			return err
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
	}, always(shipping.NumberLocks(h.TrackingNumber)))
}

// whyNoHandOver is why a parcel is not handed over as it and its order stand, nil when it
// may be.
//
// Errors: too_late; conflict.
func whyNoHandOver(o order.Order, s shipping.Shipment) error {
	switch {
	case !s.Here():
		return fault.New(fault.TooLate, "shipment %s is %s", s.ID, s.Status)
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed: hand it over when that is done", o.Number)
	case o.End != order.EndNone:
		return fault.New(fault.TooLate, "order %d is %s: nothing of it leaves", o.Number, ended(o))
	case o.Held != "":
		return fault.New(fault.Conflict, "order %d is held (%s): nothing of it leaves", o.Number, o.Held)
	case !o.Payment.Taken():
		return fault.New(fault.Conflict, "order %d is not paid yet (%s): nothing of it leaves", o.Number, o.Payment)
	case s.Carrier != shipping.Manual && s.Status != shipping.LabelBought:
		return fault.New(fault.Conflict, "shipment %s has no label yet", s.ID)
	}
	return nil
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
	switch o.End {
	case order.EndCancelling:
		return "being cancelled"
	case order.EndChanging:
		return "being changed"
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
		if err := whyNoDelivered(*s); err != nil {
			return err
		}
		return c.delivered(s, c.tx.Now())
	})
}

func whyNoDelivered(s shipping.Shipment) error {
	if s.Carrier != shipping.Manual || s.Status != shipping.Shipped && s.Status != shipping.Lost || !s.DeliveredAt.IsZero() {
		return fault.New(fault.Conflict, "shipment %s (%s, by %s) waits for no word that it has arrived", s.ID, whereIs(s), s.Carrier)
	}
	return nil
}

func (c *change) existingShipment(id string) (*shipping.Shipment, error) {
	s, err := c.shipment(id)
	if err == nil && s == nil {
		err = fault.New(fault.NotFound, "order %d has no shipment %q", c.order.Number, id)
	}
	return s, err
}

func (c *change) delivered(s *shipping.Shipment, at time.Time) error {
	repaid, err := c.repaid(true)
	if err != nil {
		return err
	}
	s.DeliveredAt, s.Tracking, s.AstrayAt = at, shipping.Delivered, time.Time{}
	return c.moveShipment(s, shipping.EventDelivered, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, SeenAt: &at, Repaid: repaid[s.ID]})
}

func awaitHandOverDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.AwaitHandOver))
}

func awaitDeliveryDue(c *change) time.Time { return c.tx.Now().Add(c.patience()) }
