package process

import (
	"slices"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// The guards of the table. Each is a condition on how the order stands after
// the event, and on the entity that the event is about.
var (
	goingOn = orderGuard("the order is going on", func(o order.Order) bool {
		return o.End == order.EndNone
	})
	cancelling = orderGuard("the order is being cancelled", func(o order.Order) bool {
		return o.End == order.EndCancelling
	})
	changing = orderGuard("the order is being changed", func(o order.Order) bool {
		return o.End == order.EndChanging
	})
	isHeld          = orderGuard("the order is held", func(o order.Order) bool { return o.Held != "" })
	heldAndChanging = orderGuard("the order is held, and being changed", func(o order.Order) bool {
		return o.Held != "" && o.End == order.EndChanging
	})
	wasHeld   = &Guard{"the order was held", func(c *change, _ event.Event) (bool, error) { return c.before.Held != "", nil }}
	hasFailed = orderGuard("the order has failed", func(o order.Order) bool {
		return o.End == order.EndFailed
	})
	goodsNotNeeded = orderGuard("the order is over, and goods are kept for it that are in no parcel, or it waits for some", func(o order.Order) bool {
		return o.End.Over() && o.Sums.Unpacked()+o.Sums.Backordered > 0
	})
	wasPaid = orderGuard("it had been paid for", func(o order.Order) bool {
		return o.Failure == order.ShippingFailed || o.Failure == order.CaptureFailed
	})
	paidAndUnpacked = &Guard{"the order is paid and going on, and all of its goods are kept for it or gone (or policy sends what is there before what is waited for), and some are in no parcel", func(c *change, _ event.Event) (bool, error) {
		o := c.order
		return o.End == order.EndNone && o.Sums.Unpacked() > 0 && o.Sums.Short() == 0 && (o.Sums.Backordered == 0 || c.policy.Split) &&
			(o.Payment == order.PaymentAuthorised || o.Payment.Taken()), nil
	}}
	goodsMissing = orderGuard("the order is going on without all of its goods, and is not held", func(o order.Order) bool {
		return o.End == order.EndNone && o.Held == "" && o.Sums.Short() > 0
	})
	nothingToPay = paymentGuard("there is nothing to pay", func(p payment.Payment) bool {
		return p.Gateway == payment.Free
	})
	paidAtGateway = paymentGuard("it is paid at a gateway", func(p payment.Payment) bool {
		return p.Status == payment.StatusProcessing
	})
	paidElsewhere = paymentGuard("it is paid elsewhere", func(p payment.Payment) bool {
		return p.Status == payment.StatusRequiresPaymentMethod
	})
	authorisationEnds = paymentGuard("the gateway says when the authorisation ends", func(p payment.Payment) bool {
		return p.Status == payment.StatusRequiresCapture && !p.AuthorisedUntil.IsZero()
	})
	authorisationHeld = paymentGuard("money is authorised and not taken", func(p payment.Payment) bool {
		return p.Status == payment.StatusRequiresCapture
	})
	refundByPerson = refundGuard("it was paid elsewhere, and goes to the customer", func(_ payment.Refund, p payment.Payment) bool {
		return p.Gateway == payment.Manual
	})
	refundAtGateway = refundGuard("it was paid at a gateway, and goes to the customer", atGateway)
	refundToMake    = refundGuard("it was paid at a gateway, goes to the customer, and is not made", func(f payment.Refund, p payment.Payment) bool {
		return atGateway(f, p) && f.Status == payment.RefundPending
	})

	carrierSellsLabels = shipmentGuard("the carrier sells labels", func(_ *change, s shipping.Shipment) bool {
		return s.Carrier != shipping.Manual
	})
	goneUnpaid = &Guard{"the carrier is first seen to have it, and its money is not taken", func(_ *change, e event.Event) (bool, error) {
		return shipmentOf(e).Unpaid, nil
	}}
	nobodyTracks = shipmentGuard("the carrier gives no scans", func(_ *change, s shipping.Shipment) bool {
		return s.Carrier == shipping.Manual
	})
	carrierTracks = shipmentGuard("the carrier gives scans, and the parcel has left or its first scan is the hand-over", func(c *change, s shipping.Shipment) bool {
		return s.Carrier != shipping.Manual && (s.Status == shipping.Shipped || s.Leaves == policy.HandOverFirstScan)
	})
	sentAnew = &Guard{"policy has it sent anew, nothing of the order was yet, no one has withdrawn that, and all of its money is kept", func(c *change, e event.Event) (bool, error) {
		s, way, err := c.onLoss(e)
		return s.Lacking() && way == policy.OnLostReship, err
	}}
	paidBackByRule = &Guard{"policy has its money given back, no refund was for it yet, and all of its money is kept", func(c *change, e event.Event) (bool, error) {
		s, way, err := c.onLoss(e)
		return s.Lacking() && way == policy.OnLostRefund, err
	}}
	personAsked = &Guard{"policy has a person asked, or it comes back, or what policy has done about it was done or withdrawn already, or some of the parcel was refunded, and nothing was sent in its place", func(c *change, e event.Event) (bool, error) {
		s, way, err := c.onLoss(e)
		return s.Lacking() && (way == policy.OnLostAsk || s.Status == shipping.Returned), err
	}}
	madeUpFor = &Guard{"its goods were sent anew, or the money for them has gone back or is about to", func(c *change, e event.Event) (bool, error) {
		s, err := c.shipment(e.Entity)
		return s != nil && (!s.ReplacedAt.IsZero() || wasRepaid(e)), err
	}}
	personHandsOver = shipmentGuard("a person hands over", func(c *change, s shipping.Shipment) bool {
		return s.Carrier == shipping.Manual || s.Status == shipping.LabelBought && s.Leaves == policy.HandOverByPerson
	})
)

// sendsAnew says whether goods that do not arrive are sent once more without a
// person: once in an order, and not when all its money has gone back, nor when a
// person did not want that.
func sendsAnew(c *change) (bool, error) {
	if c.policy.OnLost != policy.OnLostReship || c.order.Sums.Replaced > 0 || gaveAllBack(c.order) {
		return false, nil
	}
	unsent, err := c.wasUnsent()
	return !unsent, err
}

// onLoss returns the parcel that an event is about, and what is done about it: what
// policy says, as long as that is open, and else a person is asked.
func (c *change) onLoss(e event.Event) (s shipping.Shipment, way policy.OnLost, err error) {
	way = policy.OnLostAsk
	parcel, err := c.shipment(e.Entity)
	if err != nil || parcel == nil {
		return s, way, err
	}
	paid, err := c.paybacks(true)
	if err != nil || paid[parcel.ID] != nonePaidBack {
		return *parcel, way, err
	}
	open := false
	switch c.policy.OnLost {
	case policy.OnLostReship:
		open, err = sendsAnew(c)
	case policy.OnLostRefund:
		open, err = c.neverRefunded(parcel)
	}
	if open {
		way = c.policy.OnLost
	}
	return *parcel, way, err
}

// neverRefunded says whether no refund was for a parcel, whatever became of that: one
// that failed or that a person has taken back is not made once more by itself.
func (c *change) neverRefunded(s *shipping.Shipment) (bool, error) {
	credits, err := c.allCredits()
	for _, lines := range credits {
		if slices.ContainsFunc(lines, func(l payment.RefundLine) bool { return l.Cause == s.ID }) {
			return false, nil
		}
	}
	return true, err
}

// gaveAllBack says whether all that was taken for an order has gone back.
func gaveAllBack(o order.Order) bool { return o.Sums.Captured > 0 && o.Sums.Kept() == 0 }

// leavesAtOnce holds when a label is the hand-over, and nothing is owed.
var leavesAtOnce = &Guard{"the label is the hand-over, and the money is taken", func(c *change, _ event.Event) (bool, error) {
	if c.order.End != order.EndNone || c.order.Held != "" || !c.order.Payment.Taken() || c.order.Sums.Labelled == 0 {
		return false, nil
	}
	leaving, err := c.leaveByLabel()
	return len(leaving) > 0, err
}}

// leaveByLabel returns the parcels whose label, now bought, is their hand-over. One
// whose label is being given back stays.
func (c *change) leaveByLabel() (leaving []*shipping.Shipment, err error) {
	shipments, err := c.getShipments()
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		if s.Status != shipping.LabelBought || s.Leaves != policy.HandOverAtOnce {
			continue
		}
		asked, err := c.asksCarrier(s)
		if err != nil {
			return nil, err
		}
		if !asked {
			leaving = append(leaving, s)
		}
	}
	return leaving, nil
}

// mayStayUnpaid holds when a payment may not come: of an order that is just
// placed, when no gateway is asked, and otherwise when the gateway has declined
// it for now.
var mayStayUnpaid = &Guard{"it is paid elsewhere, or was declined for now", func(c *change, e event.Event) (bool, error) {
	if e.Type == payment.EventDeclined {
		return paidAtGateway.holds(c, e)
	}
	return paidElsewhere.holds(c, e)
}}

// notAskedYet holds when an attempt is open that no one has begun to make.
var notAskedYet = &Guard{"an attempt at the gateway is open that no one has begun", func(c *change, _ event.Event) (bool, error) {
	attempts, err := c.getAttempts()
	if err != nil {
		return false, err
	}
	for _, a := range attempts {
		if unbegun, err := c.unbegun(payStep[a.Op], a.Payment, a.Status == attempt.Open); err != nil || unbegun {
			return unbegun, err
		}
	}
	return false, nil
}}

// chargeToUndo holds when an attempt is open that undoes a charge.
var chargeToUndo = attemptGuard("a charge is to be undone", toUndo)

// neverMade holds when an attempt was closed because the gateway knew nothing
// of it.
var neverMade = attemptGuard("an attempt was never made, as the gateway says", expiredTaking)

// moneyHeld holds when an order is over whose money was taken or is waited for.
var moneyHeld = &Guard{"the order is over, and money was taken or is waited for", func(c *change, _ event.Event) (bool, error) {
	p, err := c.payment()
	if err != nil || p == nil || !c.order.End.Over() {
		return false, err
	}
	return p.Status == payment.StatusSucceeded && p.Captured > 0 || waitedForMoney(*p), nil
}}

// waitedForMoney says whether a payment is still to be made, and no gateway is asked.
func waitedForMoney(p payment.Payment) bool {
	return p.Status == payment.StatusRequiresPaymentMethod || p.Status == payment.StatusRequiresConfirmation
}

// authorisationLeft holds when an order is over whose money is authorised, and
// nothing is being asked that may change that.
var authorisationLeft = &Guard{"the order is over, and money is authorised and not being taken", func(c *change, e event.Event) (bool, error) {
	held, err := authorisationHeld.holds(c, e)
	if err != nil || !held || !c.order.End.Over() {
		return false, err
	}
	asking, err := c.asksForMoney()
	return !asking, err
}}

// captureOwed holds when a parcel could leave but for the money, when a person wants it
// taken, or when policy has it taken before the authorisation ends.
var captureOwed = &Guard{"money is authorised and nothing else is asked about it, and a label is bought or none is needed, or a person wants it taken, or the authorisation is about to end and policy takes the money before and the order is not held",
	func(c *change, e event.Event) (bool, error) {
		held, err := authorisationHeld.holds(c, e)
		if err != nil || !held || c.order.End != order.EndNone {
			return false, err
		}
		if asking, err := c.asksForMoney(); err != nil || asking {
			return false, err
		}
		if e.Type == payment.EventCaptureRequested {
			return true, nil
		}
		if e.Type == payment.EventEnding && c.policy.AuthorisationEnd == policy.EndCapture {
			return c.order.Held == "", nil
		}
		shipments, err := c.getShipments()
		return slices.ContainsFunc(shipments, func(s *shipping.Shipment) bool {
			return s.Status == shipping.LabelBought || s.Status == shipping.Planned && s.Carrier == shipping.Manual
		}), err
	}}

// renews holds when policy renews authorisations.
var renews = &Guard{"the order is going on, policy renews authorisations, and the gateway is not to be asked for the money when the order is released", func(c *change, _ event.Event) (bool, error) {
	waits, err := c.asksAfterRelease()
	return c.order.End == order.EndNone && c.policy.AuthorisationEnd == policy.EndRenew && !waits, err
}}

// endReported holds when a person is to see to an authorisation that ends: of a
// held order nothing is taken.
var endReported = &Guard{"the order is going on, and policy has a person told, or the order is held and nothing is taken of it, or the renewal was declined", func(c *change, e event.Event) (bool, error) {
	told := e.Type == payment.EventRenewalDeclined || c.policy.AuthorisationEnd == policy.EndReport ||
		c.policy.AuthorisationEnd == policy.EndCapture && c.order.Held != ""
	waits, err := c.asksAfterRelease()
	return c.order.End.GoesOn() && (told || waits), err
}}

// noCarrier and noCarrierYet hold when no carrier takes a parcel: the order fails,
// or a person may find a way.
var (
	noCarrier = &Guard{"the order is going on and not held, nothing of it has left, and policy holds it not", func(c *change, _ event.Event) (bool, error) {
		return c.order.End == order.EndNone && !c.keptUnshipped(), nil
	}}
	noCarrierYet = &Guard{"the order is going on, and it is held, something of it has left or policy holds it", func(c *change, _ event.Event) (bool, error) {
		return c.order.End == order.EndNone && c.keptUnshipped(), nil
	}}
)

// keptUnshipped says whether an order that no carrier takes is left to a person: one
// that is held does not end by itself.
func (c *change) keptUnshipped() bool {
	return c.order.Held != "" || c.order.Sums.Sent() > 0 || c.policy.HoldUnshipped > 0
}

// mayBeTaken holds when a carrier may take an order that none took, because it goes
// elsewhere or otherwise, or does without what none took.
var mayBeTaken = &Guard{"the order is going on and held because no carrier takes it, and it goes elsewhere or otherwise, or nothing of it is in no parcel", func(c *change, e event.Event) (bool, error) {
	if c.order.End != order.EndNone || c.order.Held != string(order.ShippingFailed) || c.order.Sums.Short() > 0 {
		return false, nil
	}
	d := changeOf(e)
	return d.Address || d.Method != "" || c.order.Sums.Unpacked() == 0, nil
}}

// failedParcelHere holds when there is a parcel that is not to leave any more.
var failedParcelHere = &Guard{"the order has failed, and a parcel of it has not left", func(c *change, _ event.Event) (bool, error) {
	if c.order.End != order.EndFailed {
		return false, nil
	}
	shipments, err := c.getShipments()
	return slices.ContainsFunc(shipments, (*shipping.Shipment).Here), err
}}

// ticketWaits holds when a ticket waits for the order to move.
var ticketWaits = &Guard{"a ticket waits for the order, or for its change, which a cancel ends", func(c *change, e event.Event) (bool, error) {
	if c.order.OpenTickets == 0 {
		return false, nil
	}
	tickets, err := c.getTickets()
	return slices.ContainsFunc(tickets, func(t *support.Ticket) bool { return waitsFor(t, e) }), err
}}

func orderGuard(name string, holds func(order.Order) bool) *Guard {
	return &Guard{name, func(c *change, _ event.Event) (bool, error) { return holds(c.order), nil }}
}

// paymentGuard is a condition on the order's payment. It does not hold for an
// order that has none, because it never came so far.
func paymentGuard(name string, holds func(payment.Payment) bool) *Guard {
	return &Guard{name, func(c *change, _ event.Event) (bool, error) {
		p, err := c.payment()
		return p != nil && holds(*p), err
	}}
}

func atGateway(_ payment.Refund, p payment.Payment) bool { return p.Gateway != payment.Manual }

// refundGuard is a condition on the refund that the event is about, which goes to the
// customer and not to another order, and on its payment.
func refundGuard(name string, holds func(payment.Refund, payment.Payment) bool) *Guard {
	return &Guard{name, func(c *change, e event.Event) (bool, error) {
		f, p, err := c.refund(e.Entity)
		return err == nil && f.Pays == "" && holds(*f, *p), err
	}}
}

// attemptGuard is a condition on any of the attempts at the gateway.
func attemptGuard(name string, holds func(payment.Attempt) bool) *Guard {
	return &Guard{name, func(c *change, _ event.Event) (bool, error) {
		attempts, err := c.getAttempts()
		return slices.ContainsFunc(attempts, func(a *payment.Attempt) bool { return holds(*a) }), err
	}}
}

// shipmentGuard is a condition on the shipment that the event is about.
func shipmentGuard(name string, holds func(*change, shipping.Shipment) bool) *Guard {
	return &Guard{name, func(c *change, e event.Event) (bool, error) {
		s, err := c.shipment(e.Entity)
		return s != nil && holds(c, *s), err
	}}
}

// payment returns the order's payment, nil when it never came so far.
func (c *change) payment() (*payment.Payment, error) {
	all, err := c.getPayments()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// shipment returns the order's shipment with the id, nil when there is none.
func (c *change) shipment(id string) (*shipping.Shipment, error) {
	all, err := c.getShipments()
	if i := slices.IndexFunc(all, func(s *shipping.Shipment) bool { return s.ID == id }); i >= 0 {
		return all[i], nil
	}
	return nil, err
}

// thePayment and theOrder say whom a step is about when its event is about
// something else.
func thePayment(c *change, _ event.Event) string {
	if p, err := c.payment(); err == nil && p != nil {
		return p.ID
	}
	return ""
}

func theOrder(c *change, _ event.Event) string { return c.owner() }
