package process

import (
	"slices"
	"time"

	"doorstep/event"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/support"
)

// asksForMoney says whether the gateway is or will be asked about the order's
// own money: one thing at a time.
func (c *change) asksForMoney() (bool, error) {
	attempts, err := c.getAttempts()
	return slices.ContainsFunc(attempts, func(a *payment.Attempt) bool { return a.IsOpen() && !a.Op.Undoes() }), err
}

// keepDue is when an authorisation is about to end: half of it is always used,
// however short it is, so that it is not renewed without end.
func keepDue(c *change) time.Time {
	now := c.tx.Now()
	p, err := c.payment()
	if err != nil || p == nil {
		return now
	}
	left := max(0, p.AuthorisedUntil.Sub(now))
	return now.Add(left - min(time.Duration(c.policy.AuthorisationMargin), left/2))
}

// endingData is what is said of an authorisation that is about to end.
type endingData struct {
	paymentData
	Until time.Time `json:"until"`
}

// asksAfterRelease says whether the gateway is asked to take the money only once
// the order is released.
func (c *change) asksAfterRelease() (bool, error) {
	items, err := c.getItems()
	return slices.ContainsFunc(items, func(it *work.Item) bool { return it.Step == string(StepCapture) && it.State == work.Held }), err
}

// longestLook is how often it is looked at least whether the gateway is still asked
// something else; the longer an authorisation has been over, the less often.
const longestLook = 24 * time.Hour

// authorisationLapses says that an authorisation is about to end, once the
// gateway is asked nothing else about it. What waits for the order's release may
// wait for longer than the authorisation lasts.
func authorisationLapses(c *change, it *work.Item) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	asking, err := c.asksForMoney()
	if err != nil {
		return err
	}
	waits, err := c.asksAfterRelease()
	if err != nil {
		return err
	}
	if !waits && (asking || c.order.End != order.EndNone) {
		late := min(c.tx.Now().Sub(p.AuthorisedUntil), longestLook)
		c.again(it, c.tx.Now().Add(max(time.Duration(c.policy.Ask.Most), late)), 0, "the gateway is asked something else")
		return nil
	}
	if err := c.endItem(StepKeep, p.ID); err != nil {
		return err
	}
	return c.movePayment(p, payment.EventEnding, endingData{dataOf(p, nil), p.AuthorisedUntil})
}

// renewed puts a new authorisation in the place of the payment's, which is
// given up.
func (c *change) renewed(p *payment.Payment, a *payment.Attempt, answer payment.Answer) error {
	old := p.Ref
	p.Ref, p.AuthorisedUntil = answer.Ref, answer.Until
	if old != p.Ref {
		if err := c.undo(p, payment.OpRelease, p.Amount, old); err != nil {
			return err
		}
	}
	return c.movePayment(p, payment.EventRenewed, dataOf(p, a))
}

// reportEnding is the rule of an authorisation that a person is to see to.
func reportEnding(c *change, e event.Event) error {
	shipments, err := c.getShipments()
	if err != nil {
		return err
	}
	body := "The authorisation of the payment is about to end, and nothing has left yet."
	switch {
	case e.Type == payment.EventRenewalDeclined:
		body = "The authorisation of the payment is about to end, and the gateway declines to renew it."
	case slices.ContainsFunc(shipments, hasGone):
		body = "The authorisation of the payment is about to end, and the carrier has a parcel that it is for."
	}
	_, err = c.openTicket(support.PaymentIssue, support.FromProcess, body)
	return err
}
