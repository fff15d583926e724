package process

import (
	"time"

	"doorstep/attempt"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
)

// expirePaymentDue is when an order has been unpaid for too long.
func expirePaymentDue(c *change) time.Time {
	due := c.toPaySince().Add(time.Duration(c.policy.PayWithin))
	if now := c.tx.Now(); due.Before(now) {
		return now
	}
	return due
}

// toPaySince is since when the order is to be paid.
func (c *change) toPaySince() time.Time {
	if p, err := c.payment(); err == nil && p != nil {
		return p.OpenedAt
	}
	return c.order.PlacedAt
}

// expirePayment ends an order that was not paid in time, unless it may still be
// paid by what was asked already: then it looks again, the seldomer the longer
// that lasts.
func expirePayment(c *change, it *work.Item) error {
	waits, err := c.mayStillBePaid()
	if err != nil {
		return err
	}
	if !waits {
		return c.failOrder(order.PaymentExpired)
	}
	overdue := c.tx.Now().Sub(c.toPaySince().Add(time.Duration(c.policy.PayWithin)))
	wait := min(max(time.Duration(c.policy.Ask.Most), overdue/4), time.Duration(c.policy.PayWithin))
	c.again(it, c.tx.Now().Add(wait), 0, "the payment may still come")
	return nil
}

// mayStillBePaid says whether the money may come without anyone doing anything
// more: the order waits for an answer before it is cancelled, the gateway has
// been asked, or it would have been if it were there.
func (c *change) mayStillBePaid() (bool, error) {
	p, err := c.payment()
	if err != nil || c.order.End != order.EndNone {
		return c.order.End != order.EndNone, err
	}
	if p.Status == payment.StatusRequiresPaymentMethod {
		return c.awaitsReturn()
	}
	if c.gatewayAway(p) {
		return true, nil
	}
	attempts, err := c.getAttempts()
	if err != nil {
		return false, err
	}
	for _, a := range attempts {
		unbegun, err := c.unbegun(payStep[a.Op], a.Payment, a.Status == attempt.Open)
		if err != nil {
			return false, err
		}
		if a.IsOpen() && !a.Op.Undoes() && !(unbegun && c.firstAsk(p, a).After(c.tx.Now())) {
			return true, nil
		}
	}
	return false, nil
}

// gatewayAway says whether a payment's gateway is none of the shop's, or is
// left alone because it gives no answers.
func (c *change) gatewayAway(p *payment.Payment) bool {
	return c.p.gateways[p.Gateway] == nil || c.p.breaker(line{KindGateway, p.Gateway}).read().Reach != ReachClosed
}

// firstAsk is when an attempt was to be asked first: one that is still due
// later than that was put back because the gateway was not reached.
func (c *change) firstAsk(p *payment.Payment, a *payment.Attempt) time.Time {
	return a.KeyUntil.Add(-c.gatewayKeyLife(p))
}
