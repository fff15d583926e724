package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/support"
)

// openAttempt writes down what a gateway will be asked, and under which key,
// before it is asked for the first time at the given time.
func (c *change) openAttempt(p *payment.Payment, op payment.Op, amount int64, refund string, first time.Time) error {
	all, err := c.getAttempts()
	if err != nil {
		return err
	}
	n := int64(1)
	for _, a := range all {
		if a.Payment == p.ID {
			n = max(n, a.N+1)
		}
	}
	a := payment.Attempt{
		Key: c.newID("att", p.ID, fmt.Sprint(n)), Payment: p.ID, Order: c.order.ID, N: n, Op: op, Amount: amount, Refund: refund,
		Status: payment.AttemptOpen, OpenedAt: c.tx.Now(), KeyUntil: first,
	}
	if g := c.p.gateways[p.Gateway]; g != nil {
		a.KeyUntil = first.Add(g.KeyLife())
	}
	c.attempts.add(a)
	return nil
}

func openAuthorisation(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	return c.openAttempt(p, payment.OpAuthorise, p.Amount, "", c.tx.Now())
}

func openCapture(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	return c.openAttempt(p, payment.OpCapture, p.Amount, "", c.tx.Now())
}

func openVoid(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	return c.openAttempt(p, payment.OpVoid, p.Amount, "", c.tx.Now())
}

func openRefundAttempt(c *change, e event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	f, err := c.refund(e.Entity)
	if err != nil {
		return err
	}
	return c.openAttempt(p, payment.OpRefund, f.Amount, f.ID, c.tx.Now())
}

// question is what a gateway is asked in a step.
type question struct {
	payment payment.Payment
	attempt payment.Attempt
	now     time.Time
}

// askGateway asks the gateway what the step's open attempt says, under the
// attempt's key, and returns what is to be written then.
func askGateway(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	q, err := db.View(ctx, p.db, func(r db.Reader) (question, error) { return readQuestion(r, it) })
	if err != nil {
		return nil, err
	}
	answer, err := p.askAttempt(ctx, q)
	return func(ctx context.Context) error {
		settled := p.settle(ctx, it, access.Provider(q.payment.Gateway), func(c *change, own *work.Item) error {
			return c.settleAttempt(own, q.attempt.Key, answer, err)
		})
		if errors.Is(settled, work.ErrLeaseLost) {
			return errors.Join(settled, p.keepLateAnswer(ctx, q.attempt, answer, err))
		}
		return settled
	}, nil
}

func readQuestion(r db.Reader, it work.Item) (question, error) {
	attempts, err := payment.Attempts(r, it.Owner)
	if err != nil {
		return question{}, err
	}
	op := stepOps[Step(it.Step)]
	for _, a := range attempts {
		if a.Open() && a.Op == op {
			p, err := payment.Get(r, it.Owner, a.Payment)
			return question{p, a, r.Now()}, err
		}
	}
	return question{}, work.ErrLeaseLost // someone else has closed it
}

// stepOps says which operation each step asks for.
var stepOps = map[Step]payment.Op{
	StepAuthorise: payment.OpAuthorise, StepCapture: payment.OpCapture, StepVoidPayment: payment.OpVoid, StepRefund: payment.OpRefund,
}

// askAttempt asks under the attempt's key while the key lives, and looks up
// only when it no longer does.
func (p *Process) askAttempt(ctx context.Context, q question) (payment.Answer, error) {
	g := p.gateways[q.payment.Gateway]
	if g == nil {
		return payment.Answer{}, fmt.Errorf("%w: the shop has no gateway %q", payment.ErrNotReached, q.payment.Gateway)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	answer, err := p.askOrLookUp(ctx, g, q)
	if fault.Is(err, fault.Invalid) { // it was refused as it stands: nothing was done, nor will be
		answer, err = payment.Answer{Result: payment.Declined, Decline: payment.NotPermitted}, nil
	}
	answer.Ref = clean(answer.Ref)
	return answer, err
}

func (p *Process) askOrLookUp(ctx context.Context, g payment.Gateway, q question) (payment.Answer, error) {
	if !p.keyLives(q.now, q.attempt.KeyUntil, g.KeyLife()) {
		return g.Lookup(ctx, q.attempt.Key)
	}
	amount := q.payment.Money(q.attempt.Amount)
	then := payment.Followup{Key: q.attempt.Key, Ref: q.payment.Ref, Amount: amount}
	switch q.attempt.Op {
	case payment.OpAuthorise:
		return g.Authorise(ctx, payment.Authorisation{Key: q.attempt.Key, Amount: amount, Capture: q.payment.Capture,
			Order: q.payment.Order, Method: q.payment.Method})
	case payment.OpCapture:
		return g.Capture(ctx, then)
	case payment.OpVoid:
		return g.Void(ctx, then)
	default:
		return g.Refund(ctx, then)
	}
}

// settleAttempt writes what became of an attempt, and what follows.
func (c *change) settleAttempt(own *work.Item, key string, answer payment.Answer, asked error) error {
	a, err := c.attempt(key)
	if err != nil {
		return err
	}
	p, err := c.payment()
	if err != nil {
		return err
	}
	switch {
	case errors.Is(asked, payment.ErrNoAttempt) && keyIsGone(c.tx.Now(), a.KeyUntil, c.p.gateways[p.Gateway].KeyLife()):
		return c.attemptExpired(own, p, a)
	case errors.Is(asked, payment.ErrNotReached):
		return c.notReached(own, support.PaymentIssue, "The gateway has not been reached for too long.", asked)
	case asked != nil:
		return c.attemptUnknown(own, p, a, asked)
	}
	a.Ref, a.Decline = answer.Ref, answer.Decline
	if answer.Result == payment.Declined {
		return c.attemptDeclined(own, p, a)
	}
	if err := c.moveAttempt(a, payment.AttemptSucceeded); err != nil {
		return err
	}
	switch a.Op {
	case payment.OpAuthorise:
		p.Ref = answer.Ref
		if !p.Capture {
			return c.movePayment(p, payment.EventAuthorised, dataOf(p, a))
		}
		p.Captured = a.Amount
		return c.movePayment(p, payment.EventSucceeded, dataOf(p, a))
	case payment.OpCapture:
		p.Captured = a.Amount
		return c.movePayment(p, payment.EventSucceeded, dataOf(p, a))
	case payment.OpVoid:
		return c.movePayment(p, payment.EventCanceled, dataOf(p, a))
	default:
		return c.refundSucceeded(p, a.Refund, dataOf(p, a))
	}
}

// moveAttempt moves an attempt by its table, and notes when it is closed.
func (c *change) moveAttempt(a *payment.Attempt, to payment.AttemptStatus) error {
	next, err := payment.AttemptTransitions.Next(a.Status, to)
	if err != nil {
		return err
	}
	if a.Status = next; !a.Open() {
		a.ClosedAt = c.tx.Now()
	}
	return nil
}

// attempt returns the attempt with the key while it is open.
//
// Errors: work.ErrLeaseLost when someone else has closed it.
func (c *change) attempt(key string) (*payment.Attempt, error) {
	all, err := c.getAttempts()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Key == key && a.Open() {
			return a, nil
		}
	}
	return nil, work.ErrLeaseLost
}

// attemptUnknown keeps an attempt open whose outcome is not known: the same
// attempt is asked again under the same key.
func (c *change) attemptUnknown(own *work.Item, p *payment.Payment, a *payment.Attempt, asked error) error {
	first := a.Status == payment.AttemptOpen
	if err := c.moveAttempt(a, payment.AttemptUnknown); err != nil {
		return err
	}
	if first {
		if err := c.attemptEvent(p, a, payment.EventUnknown, payment.EventRefundUnknown, dataOf(p, a)); err != nil {
			return err
		}
	}
	return c.askAgain(own, asked)
}

// attemptExpired replaces an attempt that was never made, unless the order is
// being cancelled.
func (c *change) attemptExpired(own *work.Item, p *payment.Payment, a *payment.Attempt) error {
	if err := c.moveAttempt(a, payment.AttemptExpired); err != nil {
		return err
	}
	if c.order.End == order.EndCancelling {
		return c.abandon(p, a)
	}
	c.again(own, c.tx.Now(), 0, "the key has expired, and the gateway knows it not")
	return c.openAttempt(p, a.Op, a.Amount, a.Refund, c.tx.Now())
}

// abandon says that an attempt was never made and no longer is wanted: the
// table goes on with the cancelling.
func (c *change) abandon(p *payment.Payment, a *payment.Attempt) error {
	if a.Op == payment.OpAuthorise {
		return c.movePayment(p, payment.EventCanceled, dataOf(p, a))
	}
	return c.movePayment(p, payment.EventExpired, dataOf(p, a))
}

// attemptDeclined makes a further attempt after a soft decline while policy
// has one, and otherwise ends what the attempt was for.
func (c *change) attemptDeclined(own *work.Item, p *payment.Payment, a *payment.Attempt) error {
	if err := c.moveAttempt(a, payment.AttemptDeclined); err != nil {
		return err
	}
	schedule := c.policy.PaymentRetries
	if a.Op == payment.OpRefund {
		schedule = c.policy.RefundRetries
	}
	wait, more := schedule.Wait(c.declines(a))
	if a.Decline.Soft() && more && a.Op != payment.OpVoid {
		return c.attemptAgain(own, p, a, c.tx.Now().Add(wait))
	}
	switch a.Op {
	case payment.OpAuthorise:
		return c.movePayment(p, payment.EventFailed, dataOf(p, a))
	case payment.OpCapture:
		return c.movePayment(p, payment.EventCaptureFailed, dataOf(p, a))
	default:
		// Money that should go back and does not is a person's to look at. The
		// attempt that they have made again is a new one.
		if err := c.openAttempt(p, a.Op, a.Amount, a.Refund, c.tx.Now()); err != nil {
			return err
		}
		return c.giveUp(own, "declined: "+string(a.Decline))
	}
}

// declines counts the attempts of the same kind that were declined.
func (c *change) declines(like *payment.Attempt) int {
	n := 0
	for _, a := range c.attempts.pointers() {
		if a.Payment == like.Payment && a.Op == like.Op && a.Refund == like.Refund && a.Status == payment.AttemptDeclined {
			n++
		}
	}
	return n
}

func (c *change) attemptAgain(own *work.Item, p *payment.Payment, a *payment.Attempt, at time.Time) error {
	data := dataOf(p, a)
	data.Next = &at
	c.again(own, at, 0, "declined: "+string(a.Decline))
	if err := c.openAttempt(p, a.Op, a.Amount, a.Refund, at); err != nil {
		return err
	}
	return c.attemptEvent(p, a, payment.EventDeclined, payment.EventRefundDeclined, data)
}

// attemptEvent says something of an attempt that moves neither its payment nor
// its refund.
func (c *change) attemptEvent(p *payment.Payment, a *payment.Attempt, ofPayment, ofRefund event.Type, data paymentData) error {
	if a.Op != payment.OpRefund {
		return c.movePayment(p, ofPayment, data)
	}
	f, err := c.refund(a.Refund)
	if err != nil {
		return err
	}
	return c.moveRefund(f, ofRefund, data)
}

func (p *Process) keepLateAnswer(ctx context.Context, a payment.Attempt, answer payment.Answer, asked error) error {
	_, err := db.Update(ctx, p.db, []db.Lock{order.Lock(a.Order)}, func(tx *db.Tx) (struct{}, error) {
		payment.KeepAnswer(tx, p.ids.New("ans", tx.Now(), a.Key, fmt.Sprint(tx.Now().UnixNano())), a, late(answer, asked))
		return struct{}{}, nil
	})
	return err
}

func late(answer any, asked error) string {
	if asked != nil {
		return string(event.Data(map[string]string{"error": asked.Error()}))
	}
	return string(event.Data(answer))
}
