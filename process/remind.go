package process

import (
	"encoding/json"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/work"
	"doorstep/shipping"
	"doorstep/support"
)

// isSilent says whether nothing was seen of a parcel under way for longer than
// policy allows.
func (c *change) isSilent(s *shipping.Shipment) bool {
	under := s.Status == shipping.Shipped && s.DeliveredAt.IsZero() || s.Status == shipping.LabelBought && s.Tracking != shipping.Delivered
	return under && c.tx.Now().Sub(s.LastSeen()) >= time.Duration(c.policy.Silence)
}

// againSilent puts a step back that waits for what is seen of a parcel: late when
// that is nothing for too long.
func (c *change) againSilent(it *work.Item, s *shipping.Shipment, due time.Time, tries int, why string) {
	if c.isSilent(s) {
		c.againLate(it, due, tries, why)
		return
	}
	c.again(it, due, tries, why)
}

// isLost says whether nothing was seen of a parcel that has left for so long that
// policy gives it up.
func (c *change) isLost(s *shipping.Shipment) (bool, error) {
	after := time.Duration(c.policy.LostAfter)
	if s.Status != shipping.Shipped || !s.DeliveredAt.IsZero() || after == 0 || c.tx.Now().Sub(s.LastSeen()) < after {
		return false, nil
	}
	voiding, err := c.asksCarrier(s)
	return !voiding, err
}

// silence gives a parcel up that was not seen for very long, and tells a person,
// once per silence, of one that was not seen for too long.
func (c *change) silence(s *shipping.Shipment) error {
	if lost, err := c.isLost(s); err != nil || lost {
		if err != nil {
			return err
		}
		c.by = access.Process
		return c.mishap(s, shipping.Lost, c.tx.Now())
	}
	if !c.isSilent(s) {
		return nil
	}
	tickets, err := c.getTickets()
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if t.OpenedBy == string(access.Process) && t.Category == support.WhereIsMyOrder && t.OpenedAt.After(s.LastSeen()) {
			return nil
		}
	}
	if err := c.moveShipment(s, shipping.EventSilent, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber}); err != nil {
		return err
	}
	c.by = access.Process
	_, err = c.openTicket(support.WhereIsMyOrder, support.FromProcess, "Nothing has been seen of the parcel for too long.")
	return err
}

// remind tells a person that something is waited for, unless someone is at it
// already, and waits once more.
func (c *change) remind(own *work.Item, again time.Duration, category support.Category, body string) error {
	c.againLate(own, c.tx.Now().Add(again), 0, "")
	return c.tell(category, body)
}

// tell opens a ticket for a person, unless there is one of its category at
// which someone is.
func (c *change) tell(category support.Category, body string) error {
	c.by = access.Process
	if told, err := c.alreadyTold(category); err != nil || told != nil {
		return err
	}
	_, err := c.openTicket(category, support.FromProcess, body)
	return err
}

// tellMore tells a person, in the ticket of the category at which someone is where
// there is one.
func (c *change) tellMore(category support.Category, body string) error {
	told, err := c.alreadyTold(category)
	if err != nil {
		return err
	}
	if told != nil {
		c.say(told, support.FromProcess, body)
		return nil
	}
	return c.tell(category, body)
}

// alreadyTold returns the ticket of the category at which a person is, nil when
// there is none.
func (c *change) alreadyTold(category support.Category) (*support.Ticket, error) {
	tickets, err := c.getTickets()
	if err != nil {
		return nil, err
	}
	for _, t := range tickets {
		if t.Category == category && (t.Status == support.Open || t.Status == support.Pending) {
			return t, nil
		}
	}
	return nil, nil
}

func paymentLate(c *change, it *work.Item) error {
	if coming, err := c.awaitsReturn(); err != nil || coming {
		c.again(it, awaitPaymentDue(c), 0, "")
		return err
	}
	return c.remind(it, time.Duration(c.policy.AwaitPayment), support.PaymentIssue, "The payment has not arrived in time.")
}

func refundLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitPayment), support.PaymentIssue, "Money that is owed to the customer has not been given back in time.")
}

// handOverLate tells a person. Its ticket is of a category that no rule
// decides: of an order issue the rules would say that the parcel is being
// prepared, and solve it.
func handOverLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitHandOver), support.Other, "The parcel has not been handed over in time.")
}

func deliveryLate(c *change, it *work.Item) error {
	s, err := c.shipment(it.Subject)
	if err != nil {
		return err
	}
	c.againSilent(it, s, c.missedAt(s), 0, "")
	return c.silence(s)
}

// reportFailure is the rule of an order that failed after it was paid for.
func reportFailure(c *change, _ event.Event) error {
	_, err := c.openTicket(support.OrderIssue, support.FromProcess, "The order failed after it was paid for: "+strings.ReplaceAll(string(c.order.Failure), "_", " ")+".")
	return err
}

// reportUnpaid is the rule of a parcel that has gone before its money was taken. A
// hold keeps that from being taken, and a person has to say which of them counts.
func reportUnpaid(c *change, _ event.Event) error {
	body := "The carrier has a parcel of this order, and the money for it is not taken yet: it is asked for again."
	if c.order.Held != "" {
		body = "The carrier has a parcel of this order, and the money for it is not taken, because the order is held: release it to have that taken."
	}
	return c.tellMore(support.PaymentIssue, body)
}

// reportStuck is the rule of a step that has used up its tries.
func reportStuck(c *change, e event.Event) error {
	var what struct{ Step Step }
	if err := json.Unmarshal(e.Data, &what); err != nil {
		return err
	}
	return c.tellStuck(what.Step)
}

// tellStuck tells a person of a step that waits for them.
func (c *change) tellStuck(step Step) error {
	return c.tellMore(support.OrderIssue, "A step has used up its tries and needs a person to try it again: "+c.p.steps[step].Does+".")
}

// reportRefund is the rule of money that a person has to give back.
func reportRefund(c *change, _ event.Event) error {
	_, err := c.openTicket(support.PaymentIssue, support.FromProcess, "The order was paid elsewhere, and its money has to be given back there.")
	return err
}

// reportFailedRefund is the rule of a refund that did not reach the customer.
func reportFailedRefund(c *change, _ event.Event) error {
	_, err := c.openTicket(support.PaymentIssue, support.FromProcess, "A refund has failed: its money is not with the customer. Refund it again, or give it back elsewhere.")
	return err
}

// reportLostLabel is the rule of a parcel that left although its order is over.
// Nothing more is waited for of it.
func reportLostLabel(c *change, e event.Event) error {
	for _, step := range []Step{StepAwaitHandOver, StepTrack} {
		if err := c.endItem(step, e.Entity); err != nil {
			return err
		}
	}
	_, err := c.openTicket(support.Other, support.FromProcess, "The carrier gives the label of an order that is over not back: find its parcel, and say that it was found, or that it is lost.")
	return err
}
