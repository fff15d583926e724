package process

import (
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/shipping"
)

// unsent returns how many units of each line do not leave any more when the goods of
// a parcel are not sent anew after all: all that it held. Units of a line are alike,
// so that others of it which are here may stay in the place of those that have left.
//
// Errors: not_found; conflict when they are not being sent anew, or some were taken
// out of the order since; too_late when some have left, with the way that is left.
func (s standing) unsent(id string) (map[int64]int64, error) {
	if id == "" {
		return nil, nil
	}
	p, err := s.replaced(id)
	if err != nil {
		return nil, err
	}
	gone := s.unitsIn(func(p shipping.Shipment) bool { return p.Gone() && p.Live() })
	units := map[int64]int64{}
	for _, l := range linesOf(s.held[p.ID]) {
		line := s.lines[l.Line-1]
		switch lacks := l.Quantity - (line.Wanted() - gone[l.Line]); {
		case lacks > line.Cancelled:
			return nil, fault.New(fault.TooLate, "what is sent anew for shipment %s has left, all of it or some: that can be sent back when it has arrived, and what is here can be taken out of the order", p.ID)
		case lacks > 0:
			return nil, fault.New(fault.Conflict, "%d of what shipment %s held were taken out of order %d since: hold what is left of it, so that it does not leave; what leaves can be sent back when it has arrived", lacks, p.ID, s.order.Number)
		}
		units[l.Line] = l.Quantity
	}
	return units, nil
}

// replaced returns a parcel whose goods are or were sent anew.
//
// Errors: not_found; conflict.
func (s standing) replaced(id string) (shipping.Shipment, error) {
	p, ok := s.parcel(id)
	switch {
	case !ok:
		return p, fault.New(fault.NotFound, "order %d has no shipment %q", s.order.Number, id)
	case p.ReplacedAt.IsZero():
		return p, fault.New(fault.Conflict, "the goods of shipment %s are not being sent anew: there is nothing to withdraw", id)
	}
	return p, nil
}

// parcel returns a parcel of the order, if it has it.
func (s standing) parcel(id string) (p shipping.Shipment, ok bool) {
	if i := slices.IndexFunc(s.shipments, func(p shipping.Shipment) bool { return p.ID == id }); i >= 0 {
		return s.shipments[i], true
	}
	return p, false
}

// unsend takes back that the goods of a parcel are sent anew, of which so many units
// were reserved and waited for: it counts as what it is now, and money that went back
// meanwhile may have been for it.
func (c *change) unsend(id string, freed, dropped int64) error {
	s, err := c.shipment(id)
	if err != nil {
		return err
	}
	data := shipmentData{Carrier: s.Carrier, Kept: freed, Backordered: dropped}
	if !s.DeliveredAt.IsZero() {
		data.Arrived = s.Units
	}
	s.ReplacedAt = time.Time{}
	if s.Lacking() {
		if err := c.claim(func(d *draft) { d.miss(*s) }); err != nil {
			return err
		}
	}
	return c.moveShipment(s, shipping.EventNotReplaced, data)
}

// wasUnsent says whether a person has once decided that something of the order is not
// sent anew.
func (c *change) wasUnsent() (bool, error) {
	withdrawn, err := event.OfType(c.tx, shipping.EventNotReplaced, []string{c.order.ID})
	return len(withdrawn) > 0, err
}

// orUnsend ends what a person is told with the way that is left beside, where goods
// of the order were sent anew: what was lost can not be cancelled.
func (c *change) orUnsend(ways string) string {
	if c.order.Sums.Replaced == 0 {
		return ways + "."
	}
	return ways + "; what is sent anew can be withdrawn while it is here."
}
