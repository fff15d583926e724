package process

import (
	"slices"
	"strings"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
)

// The reason codes of orders that a rule of policy holds.
const (
	reasonAmount    = "rule_amount"
	reasonCountries = "rule_countries"
	reasonDeclines  = "rule_declines"
)

// heldByProcess are the reason codes for which the process itself stops orders,
// and then waits for nothing but a person. (Of an order that no carrier takes a
// person is told anew, by a step of its own.)
var heldByProcess = []string{reasonAmount, reasonCountries, reasonDeclines, reasonMissing}

// HeldByProcess says whether a reason code is one for which the process itself
// stops orders until a person lets them go on. A person holds for none of them,
// and of an order that is held for one a person is told.
func HeldByProcess(reason string) bool { return slices.Contains(heldByProcess, reason) }

// stopper is how orders are looked at by one kind of the policy's hold rules.
type stopper struct {
	on     []event.Type // when, beside whenever something else has let the order go
	reason string       // the reason code of the hold
	says   string       // to the person who decides
	stops  func(*change, policy.HoldRule) (bool, error)
	since  func(c *change, released event.Event) (bool, error) // whether there is more to see than the person saw who released it; nil for never
}

// stoppers is the table of the hold rules, by their kind.
var stoppers = map[policy.HoldKind]stopper{
	policy.AmountOver: {on(order.EventProcessed, order.EventChanged), reasonAmount, "its total is more than the rule lets pass",
		func(c *change, r policy.HoldRule) (bool, error) {
			return c.order.Currency == r.Currency && c.order.Total > r.Amount, nil
		},
		func(c *change, released event.Event) (bool, error) {
			return c.order.Total > holdOf(released).Total, nil
		}},
	policy.CountriesDiffer: {on(order.EventProcessed, order.EventChanged), reasonCountries, "it is billed to another country than it goes to",
		func(c *change, _ policy.HoldRule) (bool, error) {
			contact, err := c.contact()
			to, bill := contact.ShipTo, contact.BillTo
			return bill != (order.Address{}) && bill.Country != to.Country, err
		},
		(*change).goesElsewhere},
	policy.DeclinesFrom: {on(payment.EventDeclined), reasonDeclines, "its payment was declined too often",
		func(c *change, r policy.HoldRule) (bool, error) {
			if c.order.Payment.Taken() {
				return false, nil
			}
			n, err := c.declined()
			return n >= r.Declines, err
		}, nil},
}

// contact returns who ordered; no one when that was erased.
func (c *change) contact() (order.Contact, error) {
	if c.fresh {
		return c.newContact, nil
	}
	return order.KnownContact(c.tx, c.order.ID)
}

// declined counts the attempts to take the order's money that were declined.
func (c *change) declined() (n int, err error) {
	attempts, err := c.getAttempts()
	for _, a := range attempts {
		if a.Op.Takes() && a.Status == attempt.Declined {
			n++
		}
	}
	return n, err
}

// stoppedByRule holds when a rule of policy stops the order.
var stoppedByRule = &Guard{"the order is going on and not held, not all of it has left, and a rule of policy stops it for what no one has seen who released it", func(c *change, e event.Event) (bool, error) {
	if !c.order.End.GoesOn() || c.order.Held != "" || c.order.Sums.Gone() == c.order.Sums.Units {
		return false, nil
	}
	by, err := c.stoppedBy(e)
	return len(by) > 0, err
}}

// stoppedBy returns what stops the order after an event, in the order in which
// policy has the rules. An order that is let go is looked at by all of them: while
// it was held, none did.
func (c *change) stoppedBy(e event.Event) (by []stopper, err error) {
	for _, r := range c.policy.HoldRules {
		s := stoppers[r.Kind]
		if e.Type != order.EventReleased && !slices.Contains(s.on, e.Type) {
			continue
		}
		if stops, err := s.stops(c, r); err != nil || !stops {
			if err != nil {
				return nil, err
			}
			continue
		}
		passed, err := c.letPass(s)
		if err != nil {
			return nil, err
		}
		if !passed {
			by = append(by, s)
		}
	}
	return by, nil
}

// letPass says whether a person has let the order go on that was held for the
// reason, and has seen what there is to see.
func (c *change) letPass(s stopper) (bool, error) {
	if c.fresh {
		return false, nil
	}
	held, err := event.OfType(c.tx, order.EventHeld, []string{c.order.ID})
	if err != nil {
		return false, err
	}
	released, err := event.OfType(c.tx, order.EventReleased, []string{c.order.ID})
	if err != nil {
		return false, err
	}
	for _, e := range released {
		if !endedBy(e, held).isFor(s.reason) {
			continue
		}
		if s.since == nil {
			return true, nil
		}
		if more, err := s.since(c, e); err != nil || !more {
			return err == nil, err
		}
	}
	return false, nil
}

// endedBy returns the hold that a release has ended.
func endedBy(released event.Event, held []event.Event) (d holdData) {
	for _, e := range held {
		if e.Version < released.Version {
			d = holdOf(e)
		}
	}
	return d
}

// isFor says whether an order was held for the reason, alone or beside others.
func (d holdData) isFor(reason string) bool {
	return d.Reason == reason || slices.Contains(d.Beside, reason)
}

// goesElsewhere says whether an order goes elsewhere than when it was released.
func (c *change) goesElsewhere(released event.Event) (bool, error) {
	changed, err := event.OfType(c.tx, order.EventChanged, []string{c.order.ID})
	return slices.ContainsFunc(changed, func(e event.Event) bool { return e.Version > released.Version && changeOf(e).Address }), err
}

// holdByRule is the rule of an order that a rule of policy stops. What stops it
// beside the first is told with it: a person looks at the order once.
func holdByRule(c *change, e event.Event) error {
	by, err := c.stoppedBy(e)
	if err != nil {
		return err
	}
	d := holdData{Reason: by[0].reason}
	var says []string
	for _, s := range by {
		says = append(says, s.says)
		if s.reason != d.Reason && !slices.Contains(d.Beside, s.reason) {
			d.Beside = append(d.Beside, s.reason)
		}
	}
	if err := c.emitOrder(order.EventHeld, d); err != nil {
		return err
	}
	return c.tellHeld(d.Reason, "A rule of the policy has stopped this order: "+strings.Join(says, "; ")+". Release it to have it go on, or cancel it.")
}
