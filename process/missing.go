package process

import (
	"maps"
	"slices"
	"strconv"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// reasonMissing is why an order is held whose goods a count did not find.
const reasonMissing = "stock_missing"

// holdMissing is the rule of an order that can not go on for want of its goods.
func holdMissing(c *change, _ event.Event) error {
	if err := c.hold(reasonMissing); err != nil {
		return err
	}
	return c.tellHeld(reasonMissing, c.orUnsend("Goods that were kept for this order were not found: release it when they are there again, or cancel it"))
}

// canGiveUp says whether an order can do without what is reserved for it: it is
// going on, and no carrier has sold or may have sold a label for the goods.
func (p *Process) canGiveUp(r db.Reader, v inventory.Reservation) (bool, error) {
	o, err := order.Get(r, v.Order)
	if err != nil || o.End != order.EndNone {
		return false, err
	}
	parcels, err := parcelsWith(r, v)
	if err != nil || len(parcels) == 0 {
		return err == nil, err
	}
	items, err := work.Of(r, v.Order)
	if err != nil {
		return false, err
	}
	for _, s := range parcels {
		bought := slices.ContainsFunc(items, func(it work.Item) bool {
			return it.Step == string(StepBuyLabel) && it.Subject == s.ID && !p.untouched(it, r.Now())
		})
		if s.Status != shipping.Planned || bought {
			return false, nil
		}
	}
	return true, nil
}

// parcelsWith returns the order's parcels that are here and hold goods of the
// reservation.
func parcelsWith(r db.Reader, v inventory.Reservation) ([]shipping.Shipment, error) {
	all, err := shipping.Of(r, v.Order)
	if err != nil {
		return nil, err
	}
	held, err := shipping.Lines(r, v.Order)
	return slices.DeleteFunc(all, func(s shipping.Shipment) bool {
		holds := slices.ContainsFunc(held[s.ID], func(l shipping.ShipmentLine) bool { return l.SKU == v.SKU })
		return !s.Here() || s.Location != v.Location || !holds
	}), err
}

// goWithout takes from an order what was reserved for it and not found. Parcels
// that hold some of it are planned anew when it is there again.
//
// Errors: conflict when a label was or may have been bought for one of them.
func (c *change) goWithout(parts []inventory.Reservation) error {
	var units int64
	for _, v := range parts {
		if err := c.unpack(v); err != nil {
			return err
		}
		units += v.Quantity
	}
	if err := inventory.Release(c.tx, c.stockCause(), parts); err != nil {
		return err
	}
	return c.emitOrder(inventory.EventMissing, unitsData{Units: units})
}

// unpack gives up the parcels that hold goods of the reservation.
func (c *change) unpack(v inventory.Reservation) error {
	parcels, err := parcelsWith(c.tx, v)
	if err != nil {
		return err
	}
	for _, p := range parcels {
		s, err := c.shipment(p.ID)
		if err != nil {
			return err
		}
		if s.Status == shipping.Voided {
			continue // with another SKU of the same count
		}
		if err := c.voidPlanned(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) voidPlanned(s *shipping.Shipment) error {
	labels, err := c.getLabels()
	if err != nil {
		return err
	}
	for _, a := range labels {
		if a.Shipment != s.ID || !a.IsOpen() {
			continue
		}
		if given, err := c.withdrawLabel(a); err != nil || given {
			return err
		}
		return fault.New(fault.Conflict, "a label is being bought for order %d: count again when it is known", c.order.Number)
	}
	return c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier})
}

// reserveMissing reserves anew what an order is to send and has not, or has it wait
// for that before all others where it may be waited for.
//
// Errors: conflict when it is neither.
func (c *change) reserveMissing() error {
	units := c.order.Sums.Short()
	if units == 0 {
		return nil
	}
	demand, err := short(c.tx, c.order.ID)
	if err != nil {
		return err
	}
	taken, err := c.takeAnew(c.stockCause(), demand)
	if err != nil {
		return err
	}
	if len(taken.Short) > 0 {
		return stillMissing(c.order, taken.Short)
	}
	waits := unitsOf(taken.Waiting)
	return c.emitOrder(inventory.EventReserved, unitsData{Units: units - waits, Backordered: waits})
}

// canRelease says whether an order that is held could be released: what it is to
// send and has not is there, or may be waited for.
//
// Errors: conflict when it is not there.
func (p *Process) canRelease(r db.Reader, o order.Order) error {
	if o.Sums.Short() == 0 {
		return nil
	}
	set, err := p.policies.Current(r)
	if err != nil {
		return err
	}
	demand, err := short(r, o.ID)
	if err != nil {
		return err
	}
	taken, err := wouldTakeAnew(r, demand, set.Split)
	if err == nil && len(taken.Short) > 0 {
		err = stillMissing(o, taken.Short)
	}
	return err
}

func stillMissing(o order.Order, lacks []inventory.Shortage) error {
	return fault.New(fault.Conflict, "order %d can not go on: %d of %s are missing, and %d are there",
		o.Number, lacks[0].Wanted, lacks[0].SKU, lacks[0].Available)
}

// short returns how many of each SKU an order is to send that are neither
// reserved for it nor waited for nor gone, as it is stored.
func short(r db.Reader, orderID string) (map[string]int64, error) {
	lines, err := order.Lines(r, orderID)
	if err != nil {
		return nil, err
	}
	demand := order.Demand(lines)
	reserved, err := inventory.Reservations(r, orderID, orderID)
	if err != nil {
		return nil, err
	}
	for _, v := range reserved {
		demand[v.SKU] -= v.Quantity
	}
	waiting, err := inventory.Backorders(r, orderID, orderID)
	if err != nil {
		return nil, err
	}
	for _, b := range waiting {
		demand[b.SKU] -= b.Quantity
	}
	shipments, err := shipping.Of(r, orderID)
	if err != nil {
		return nil, err
	}
	held, err := shipping.Lines(r, orderID)
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		if !s.Gone() || !s.Live() {
			continue
		}
		for _, l := range held[s.ID] {
			demand[l.SKU] -= l.Quantity
		}
	}
	maps.DeleteFunc(demand, func(_ string, n int64) bool { return n == 0 })
	return demand, nil
}

// stockCause is the cause of goods that an order loses and gets back: both may
// happen more than once.
func (c *change) stockCause() inventory.Cause {
	cause := c.cause(reasonMissing)
	cause.Key += strconv.FormatInt(c.order.Version, 10)
	return cause
}
