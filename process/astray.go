package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
	"doorstep/support"
)

// mishap says that a parcel does not arrive: what has become of it, and since when.
func (c *change) mishap(s *shipping.Shipment, became shipping.Status, at time.Time) error {
	s.AstrayAt = at
	if err := c.claim(func(d *draft) { d.miss(*s) }); err != nil {
		return err
	}
	return c.moveShipment(s, shipping.Mishaps[became], shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, SeenAt: &at})
}

// found says that a parcel that was lost is on its way again.
func (c *change) found(s *shipping.Shipment, at time.Time) error {
	repaid, err := c.repaid(true)
	if err != nil {
		return err
	}
	s.AstrayAt = time.Time{}
	return c.moveShipment(s, shipping.EventFound, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, SeenAt: &at, Repaid: repaid[s.ID]})
}

// whereabouts follows what the carrier's latest scan says of a parcel: it does
// not arrive, or is there again. While its label is being given back, that is
// waited for first.
func (c *change) whereabouts(s *shipping.Shipment, scans []shipping.Scan) error {
	last, ok := shipping.Latest(scans)
	if voiding, err := c.asksCarrier(s); err != nil || voiding || !ok {
		return err
	}
	switch became := last.Mishap(); {
	case became != "" && mayStray(*s, became):
		return c.mishap(s, became, last.At)
	case became == "" && s.Status == shipping.Lost && last.At.After(s.AstrayAt):
		return c.found(s, last.At)
	}
	return nil
}

// mayStray says whether that can become of a parcel.
func mayStray(s shipping.Shipment, became shipping.Status) bool {
	return s.DeliveredAt.IsZero() && shipping.Transitions.Can(s.Status, shipping.Mishaps[became])
}

// asksCarrier says whether the carrier is being asked about a parcel's label.
func (c *change) asksCarrier(s *shipping.Shipment) (bool, error) {
	labels, err := c.getLabels()
	return slices.ContainsFunc(labels, func(a *shipping.Attempt) bool { return a.Shipment == s.ID && a.IsOpen() }), err
}

// notAsked refuses what has to wait for the carrier's answer.
//
// Errors: conflict.
func (c *change) notAsked(s *shipping.Shipment) error {
	voiding, err := c.asksCarrier(s)
	if err == nil && voiding {
		err = fault.New(fault.Conflict, "the carrier is being asked about the label of shipment %s: say it again when it has answered", s.ID)
	}
	return err
}

// ReportMishap says that a parcel under way does not arrive: that it is lost,
// damaged or coming back (returned). What follows is said by policy. Of an order
// that has failed, lost says that the parcel has left all the same.
//
// Errors: invalid when became is none of these; not_found; conflict when the
// parcel is not under way, or its label is being given back.
func (p *Process) ReportMishap(ctx context.Context, by Command, orderID, shipmentID string, became shipping.Status) (Result[order.Order], error) {
	if shipping.Mishaps[became] == "" {
		return Result[order.Order]{}, fault.New(fault.Invalid, "a parcel that does not arrive is one of %v", slices.Sorted(maps.Keys(shipping.Mishaps)))
	}
	return p.change(ctx, by, "report_mishap", orderID, [2]any{shipmentID, became}, func(c *change) error {
		s, kept, err := c.keptShipment(shipmentID)
		if err != nil {
			return err
		}
		if kept && became == shipping.Lost {
			return c.strayed(s)
		}
		if err := whyNoMishap(*s, became); err != nil {
			return err
		}
		if err := c.notAsked(s); err != nil {
			return err
		}
		return c.mishap(s, became, c.tx.Now())
	})
}

func whyNoMishap(s shipping.Shipment, became shipping.Status) error {
	if !mayStray(s, became) {
		return fault.New(fault.Conflict, "shipment %s is %s: it can not be %s", s.ID, whereIs(s), became)
	}
	return nil
}

// whereIs says how far a parcel is, in a word.
func whereIs(s shipping.Shipment) string {
	if !s.DeliveredAt.IsZero() {
		return string(shipping.Delivered)
	}
	return string(s.Status)
}

// keptShipment returns a shipment, and whether its label was kept.
//
// Errors: not_found.
func (c *change) keptShipment(id string) (*shipping.Shipment, bool, error) {
	s, err := c.existingShipment(id)
	if err != nil {
		return nil, false, err
	}
	kept, err := c.labelKept(s)
	return s, kept, err
}

// labelKept says whether a parcel of an order that has failed is neither here nor
// gone by the books, because its carrier has not taken the label back.
func (c *change) labelKept(s *shipping.Shipment) (bool, error) {
	if !mayBeKept(c.order, *s) {
		return false, nil
	}
	voiding, err := c.asksCarrier(s)
	return !voiding, err
}

// mayBeKept says whether the label of a parcel is kept, unless its carrier is asked to take
// it back.
func mayBeKept(o order.Order, s shipping.Shipment) bool {
	return o.End == order.EndFailed && s.Status == shipping.LabelBought
}

// strayed lets the goods of a parcel go that has left though its order is over.
func (c *change) strayed(s *shipping.Shipment) error {
	if err := c.goodsLeave(s); err != nil {
		return err
	}
	return c.moveShipment(s, shipping.EventStrayed, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
}

// MarkFound says that a parcel that was lost is on its way again, which is kept as
// a scan of which a person tells; or that a parcel of an order that has failed is
// here, so that its goods are free.
//
// Errors: not_found; conflict when neither is missed.
func (p *Process) MarkFound(ctx context.Context, by Command, orderID, shipmentID string) (Result[order.Order], error) {
	return p.change(ctx, by, "mark_found", orderID, shipmentID, func(c *change) error {
		s, kept, err := c.keptShipment(shipmentID)
		if err != nil {
			return err
		}
		if kept {
			return c.moveShipment(s, shipping.EventUnpacked, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
		}
		if err := whyNoFound(*s); err != nil {
			return err
		}
		seen := shipping.Scan{ID: c.newID("said", s.ID), Status: shipping.InTransit, At: c.tx.Now()}
		if _, _, err := shipping.AddScans(c.tx, *s, []shipping.Scan{seen}); err != nil {
			return err
		}
		s.Tracking = shipping.Fold(s.Tracking, seen)
		if seen.At.After(s.ScannedAt) {
			s.ScannedAt = seen.At
		}
		return c.found(s, seen.At)
	})
}

func whyNoFound(s shipping.Shipment) error {
	if s.Status != shipping.Lost {
		return fault.New(fault.Conflict, "shipment %s is %s, and not lost", s.ID, whereIs(s))
	}
	return nil
}

// Reship reserves what a parcel holds that does not arrive once more, all of it
// or nothing, to be sent anew.
//
// Errors: not_found; conflict when the parcel is not astray or was replaced
// already, when its money has gone back or is about to, or when its goods are not
// there.
func (p *Process) Reship(ctx context.Context, by Command, orderID, shipmentID string) (Result[order.Order], error) {
	return p.change(ctx, by, "reship", orderID, shipmentID, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		paid, err := c.paybacks(true)
		if err != nil {
			return err
		}
		if err := mayReplace(c.order, *s, paid[s.ID]); err != nil {
			return err
		}
		lacks, err := c.replace(s)
		if err != nil {
			return err
		}
		return notThere(c.order, lacks)
	})
}

// mayReplace refuses to send goods anew that are not missed, or whose money has gone
// back or is about to.
func mayReplace(o order.Order, s shipping.Shipment, paid payback) error {
	switch {
	case gaveAllBack(o):
		return fault.New(fault.Conflict, "all the money of order %d has gone back: what is wanted again is a new order", o.Number)
	case !s.Astray():
		return fault.New(fault.Conflict, "shipment %s is %s: nothing is to be sent in its place", s.ID, whereIs(s))
	case !s.Lacking():
		return fault.New(fault.Conflict, "the goods of shipment %s were sent anew already", s.ID)
	case paid == allPaidBack:
		return fault.New(fault.Conflict, "the money for what shipment %s holds has gone back, or is about to: what is wanted again is a new order", s.ID)
	case paid == somePaidBack:
		return fault.New(fault.Conflict, "some of the money for what shipment %s holds has gone back, or is about to: give the rest back; what is wanted again is a new order", s.ID)
	}
	return nil
}

func notThere(o order.Order, lacks []inventory.Shortage) error {
	if len(lacks) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "order %d can not be sent anew: %d of %s are wanted, and %d are there: restock it, or give the money back",
		o.Number, lacks[0].Wanted, lacks[0].SKU, lacks[0].Available)
}

// replace reserves the goods of a parcel once more, or says what is short.
//
// Errors: conflict when who ordered was erased.
func (c *change) replace(s *shipping.Shipment) ([]inventory.Shortage, error) {
	if to, err := shipTo(c.tx, c.order.ID); err != nil {
		return nil, err
	} else if to == (order.Address{}) {
		return nil, fault.New(fault.Conflict, "no one knows any more where order %d goes: who placed it was erased", c.order.Number)
	}
	held, err := c.heldBy(s)
	if err != nil {
		return nil, err
	}
	cause := c.cause("reship")
	cause.Key += s.ID
	taken, err := c.takeAnew(cause, shipping.Units(held))
	if err != nil || len(taken.Short) > 0 {
		return taken.Short, err
	}
	if err := c.moveShipment(s, shipping.EventReplaced, shipmentData{Carrier: s.Carrier, Backordered: unitsOf(taken.Waiting)}); err != nil {
		return nil, err
	}
	s.ReplacedAt = c.tx.Now()
	return nil, nil
}

// Reshipping is what sending a parcel's goods anew comes to.
type Reshipping struct {
	Shipment shipping.Shipment       `json:"shipment"`
	Version  int64                   `json:"version"` // of the order
	Lines    []shipping.ShipmentLine `json:"lines"`
	From     []inventory.Reservation `json:"from"`              // what would be reserved where
	Waiting  []inventory.Backorder   `json:"waiting,omitempty"` // what would be waited for, before all others
	Short    []inventory.Shortage    `json:"short,omitempty"`   // what is not there: then nothing is
}

// PreviewReship says what Reship would reserve, and what is short.
//
// Errors: not_found; conflict as Reship, but for goods that are not there.
func (p *Process) PreviewReship(ctx context.Context, orderID, shipmentID string) (Reshipping, error) {
	return db.View(ctx, p.db, func(r db.Reader) (v Reshipping, err error) {
		if v.Shipment, err = readShipment(r, work.Item{Owner: orderID, Subject: shipmentID}); err != nil {
			return v, err
		}
		o, err := order.Get(r, orderID)
		if err != nil {
			return v, err
		}
		a, err := ReadAccount(r, o)
		if err != nil {
			return v, err
		}
		if err := mayReplace(o, v.Shipment, a.paybacks(true)[shipmentID]); err != nil {
			return v, err
		}
		set, err := p.policies.Current(r)
		if err != nil {
			return v, err
		}
		v.Version, v.Lines = o.Version, a.Held[shipmentID]
		taken, err := wouldTakeAnew(r, shipping.Units(v.Lines), set.Split)
		v.From, v.Waiting, v.Short = taken.Parts, taken.Waiting, taken.Short
		return v, err
	})
}

// reship is the rule of a shop that sends anew what does not arrive. Where the
// goods are not there, a person is told.
func reship(c *change, e event.Event) error {
	s, err := c.shipment(e.Entity)
	if err != nil {
		return err
	}
	lacks, err := c.replace(s)
	if err != nil || len(lacks) == 0 {
		return err
	}
	return c.tellOf(s, "Its goods are not all there to be sent anew: restock them and have them reshipped, or give the money back.")
}

// ForParcel is the reason of a refund that policy has made for a parcel that is lost or
// damaged.
const ForParcel = "not_arrived"

// refundAstray is the rule of a shop that gives the money back for what does not
// arrive. Where that can not be, a person is told why.
func refundAstray(c *change, e event.Event) error {
	s, err := c.shipment(e.Entity)
	if err != nil {
		return err
	}
	held, err := c.heldBy(s)
	if err != nil {
		return err
	}
	plan, err := planRefund(c.tx, c.order, order.CreditRequest{Lines: linesOf(held), Reason: ForParcel}, s.ID)
	if refused(err) {
		return c.tellOf(s, fmt.Sprintf("The money for what it held is not given back by itself: %s. Have its goods reshipped, or give the money back when that can be.", fault.As(err).Message))
	}
	if err == nil {
		_, err = c.openDraft(plan.draft, ForParcel)
	}
	return err
}

// reportAstray is the rule of a parcel of which a person decides.
func reportAstray(c *change, e event.Event) error {
	s, err := c.shipment(e.Entity)
	if err != nil {
		return err
	}
	paid, err := c.paybacks(true)
	if err != nil {
		return err
	}
	return c.tellOf(s, astrayWays[paid[s.ID]])
}

// astrayWays says what is left to do about a parcel, by how much of its money went back.
var astrayWays = map[payback]string{
	nonePaidBack:  "Have its goods reshipped, or give the money back.",
	maybePaidBack: "For as many units as some of what it holds, money had gone back before: see whether it was for these, or for others that the customer has. If not, have its goods reshipped, or give the money back.",
	somePaidBack:  "Some of the money for it has gone back, or is about to: its goods are not sent anew. Give the rest back; what is wanted again is a new order.",
	allPaidBack:   "The money for it has gone back, or is about to: its goods are not sent anew.",
}

// astrayText says what has become of a parcel.
var astrayText = map[shipping.Status]string{
	shipping.Lost:     "A parcel of this order is lost.",
	shipping.Damaged:  "A parcel of this order is damaged.",
	shipping.Returned: "A parcel of this order was not taken and comes back.",
	shipping.Received: "A parcel of this order has come back.",
}

// tellOf tells a person of a parcel that does not arrive, in the ticket that is
// open about it where there is one.
func (c *change) tellOf(s *shipping.Shipment, more string) error {
	return c.tellMore(categoryOf(s), astrayText[s.Status]+" "+more)
}

// categoryOf is what a ticket of a parcel that does not arrive is about.
func categoryOf(s *shipping.Shipment) support.Category {
	if s.Status == shipping.Damaged {
		return support.Damaged
	}
	return support.WhereIsMyOrder
}

func awaitRemedyDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.AwaitHandOver))
}

// remedyLate tells a person once more of a parcel that does not arrive, unless
// someone is at it or its money is about to go back.
func remedyLate(c *change, it *work.Item) error {
	repaid, err := c.repaid(true)
	if err != nil {
		return err
	}
	if repaid[it.Subject] {
		c.again(it, awaitRemedyDue(c), 0, "")
		return nil
	}
	s, err := c.shipment(it.Subject)
	if err != nil {
		return err
	}
	return c.remind(it, time.Duration(c.policy.AwaitHandOver), categoryOf(s), astrayText[s.Status]+" Nothing was sent in its place.")
}

// wasRepaid says whether the money for a parcel that turns up has gone back, or is
// about to, as its event has it.
func wasRepaid(e event.Event) bool { return shipmentOf(e).Repaid }

// reportTwice is the rule of a parcel that turns up after it was made up for.
func reportTwice(c *change, e event.Event) error {
	body := "A parcel that was given up has turned up after its goods were sent anew: the customer may get them twice. While they are here, that they are sent anew can be withdrawn."
	if wasRepaid(e) {
		body = "A parcel that was given up has turned up after the money for it went back, or is about to: the customer may get it for nothing."
	}
	return c.tellMore(support.Other, body)
}
