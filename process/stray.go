package process

import (
	"context"
	"errors"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/payment"
	"doorstep/support"
)

// strayData is what is said of a charge that is not the order's own.
type strayData struct {
	paymentData
	Charge string `json:"charge"` // the gateway's reference
}

// reconcile sees to what a gateway says of an attempt that is closed. When it
// has succeeded after all, its charge is undone, once: the order is over, or it
// was paid by another attempt, or that is still to be asked. Of an attempt that
// is open nothing is decided here: it is asked again.
func (c *change) reconcile(key string, answer payment.Answer) error {
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(attempts, func(a *payment.Attempt) bool { return a.Key == key })
	if i < 0 || answer.Result != payment.Succeeded {
		return nil
	}
	a := attempts[i]
	if a.IsOpen() || a.Status == attempt.Succeeded || !a.Op.Takes() {
		return nil
	}
	charge := answer.Ref
	if a.Op == payment.OpCapture {
		charge = a.Charge
	}
	return c.stray(a, charge)
}

// stray opens what undoes a charge, unless that was done before or the charge
// is one that the order was paid with.
func (c *change) stray(a *payment.Attempt, charge string) error {
	for _, other := range c.attempts.pointers() {
		own := other.Op.Authorises() && other.Status == attempt.Succeeded && other.Ref == charge && a.Op != payment.OpCapture
		if own || other.Op.Undoes() && other.Charge == charge {
			return nil
		}
	}
	p, err := c.payment()
	if err != nil {
		return err
	}
	op := payment.OpReverse
	if a.Op != payment.OpCapture && !p.Capture {
		op = payment.OpRelease
	}
	if err := c.undo(p, op, a.Amount, charge); err != nil {
		return err
	}
	return c.emitOrder(EventStray, strayData{dataOf(p, a), charge})
}

// undo opens the attempt that undoes a charge.
func (c *change) undo(p *payment.Payment, op payment.Op, amount int64, charge string) error {
	a, err := c.openAttempt(p, op, amount, "", c.tx.Now())
	if err == nil {
		a.Charge = charge
	}
	return err
}

// toUndo says whether an attempt undoes a charge that stands.
func toUndo(a payment.Attempt) bool { return a.Op.Undoes() && a.IsOpen() }

// reportStray is the rule of a charge that is not the order's own.
func reportStray(c *change, _ event.Event) error {
	_, err := c.openTicket(support.PaymentIssue, support.FromProcess,
		"The gateway says of an attempt that had been given up that it has succeeded after all. What it took is given back.")
	return err
}

// expiredTaking says whether an attempt that would have taken money was closed
// because the gateway knew nothing of it.
func expiredTaking(a payment.Attempt) bool { return a.Op.Takes() && a.Status == attempt.Expired }

// lookAgainDue is when whatever was under way to the gateway has arrived: it is
// no longer under way than a key lives, nor than policy has it asked about.
func lookAgainDue(c *change) time.Time {
	p, err := c.payment()
	if err != nil || p == nil {
		return c.tx.Now()
	}
	return c.tx.Now().Add(min(c.gatewayKeyLife(p), time.Duration(c.policy.Ask.Within)))
}

// pastQuestion is what a gateway is asked about attempts that are closed.
type pastQuestion struct {
	payment  payment.Payment
	attempts []payment.Attempt
}

// askOnceMore looks up every attempt of an order that is over and that the
// gateway knew nothing of.
func askOnceMore(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	return inquiry[pastQuestion, map[string]payment.Answer]{
		kind:     KindGateway,
		provider: func(q pastQuestion) string { return q.payment.Gateway },
		read:     readPast,
		ask:      lookUpPast,
		settle: func(c *change, own *work.Item, q pastQuestion, answers map[string]payment.Answer, asked error) error {
			return c.settlePast(own, q, answers, asked)
		},
	}.carryOut(ctx, p, it)
}

func readPast(r db.Reader, it work.Item) (q pastQuestion, err error) {
	attempts, err := payment.Attempts(r, it.Owner)
	if err != nil {
		return q, err
	}
	q.attempts = slices.DeleteFunc(attempts, func(a payment.Attempt) bool { return !expiredTaking(a) })
	if len(q.attempts) == 0 {
		return q, work.ErrLeaseLost
	}
	q.payment, err = payment.Get(r, it.Owner, q.attempts[0].Payment)
	return q, err
}

// lookUpPast asks a gateway what it knows of attempts now, by their keys.
func lookUpPast(ctx context.Context, p *Process, q pastQuestion) (map[string]payment.Answer, error) {
	g, err := p.gateway(q.payment.Gateway)
	if err != nil {
		return nil, err
	}
	answers := map[string]payment.Answer{}
	for _, a := range q.attempts {
		answer, err := g.Lookup(ctx, a.Key)
		if errors.Is(err, attempt.ErrNotKnown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		answer.Ref = clean(answer.Ref)
		answers[a.Key] = answer
	}
	return answers, nil
}

func (c *change) settlePast(own *work.Item, q pastQuestion, answers map[string]payment.Answer, asked error) error {
	if asked != nil {
		return c.askLater(own, asked)
	}
	for _, a := range q.attempts {
		if err := c.reconcile(a.Key, answers[a.Key]); err != nil {
			return err
		}
	}
	return c.emitOrder(EventLookedAgain, nil)
}
