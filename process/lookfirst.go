package process

import (
	"context"
	"errors"

	"doorstep/access"
	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/payment"
)

// lookedUp is what the gateway has said of the attempt of a step that waits for a
// person, before they record what they did elsewhere: how it may be closed.
type lookedUp struct {
	key     string // of the attempt, "" when there is none
	as      attempt.Status
	decline payment.Decline
}

// lookFirst asks the gateway what it knows of the open attempt of a step that waits
// for a person. A step may be stuck because what the gateway has done could not be
// written: recorded once more, it would be done twice. What it has made is recorded
// as its own.
//
// Errors: conflict when it was made, or the gateway gives no answer while the
// attempt's key may live.
func (p *Process) lookFirst(ctx context.Context, orderID string, step Step, subject string) (lookedUp, error) {
	it := work.Item{Owner: orderID, Step: string(step), Subject: subject}
	stuck, err := db.View(ctx, p.db, func(r db.Reader) (bool, error) {
		items, err := work.Of(r, orderID)
		for _, other := range items {
			if other.Key() == it.Key() && other.State == work.Stuck {
				return true, err
			}
		}
		return false, err
	})
	if err != nil || !stuck {
		return lookedUp{}, err // the use case says why it is refused
	}
	i := inquiry[question, payment.Answer]{
		kind: KindGateway, provider: func(q question) string { return q.payment.Gateway }, read: readQuestion, ask: lookUpAttempt,
	}
	q, set, err := i.prepare(ctx, p, it)
	if errors.Is(err, work.ErrLeaseLost) {
		return lookedUp{}, nil // no attempt is open
	}
	if err != nil {
		return lookedUp{}, err
	}
	answer, asked := i.put(ctx, p, q, set)
	if asked == nil && answer.Result == payment.Succeeded {
		return lookedUp{}, p.recordFound(ctx, it, q, answer)
	}
	return p.notMade(q, answer, asked)
}

func lookUpAttempt(ctx context.Context, p *Process, q question) (payment.Answer, error) {
	g, err := p.gateway(q.payment.Gateway)
	if err != nil {
		return payment.Answer{}, err
	}
	answer, err := g.Lookup(ctx, q.attempt.Key)
	answer.Ref = clean(answer.Ref)
	return answer, err
}

// notMade says how an attempt may be closed that was not made as far as is known.
//
// Errors: conflict while that is not known enough.
func (p *Process) notMade(q question, answer payment.Answer, asked error) (lookedUp, error) {
	unknown := q.attempt.Status == attempt.Unknown
	gone := keyIsGone(q.now, q.attempt.KeyUntil, p.gatewayKeyLife(q.payment.Gateway))
	switch {
	case asked == nil:
		return lookedUp{q.attempt.Key, attempt.Declined, answer.Decline}, nil
	case errors.Is(asked, attempt.ErrNotKnown) && gone:
		return lookedUp{q.attempt.Key, attempt.Expired, ""}, nil
	case !unknown && (errors.Is(asked, attempt.ErrNotKnown) || gone):
		return lookedUp{q.attempt.Key, attempt.Withdrawn, ""}, nil
	default:
		return lookedUp{}, fault.New(fault.Conflict, "the gateway %s may have done it, and has not answered: have it tried again first", q.payment.Gateway)
	}
}

// recordFound records what the gateway has made after all.
//
// Errors: conflict, always: nothing is left to be recorded.
func (p *Process) recordFound(ctx context.Context, it work.Item, q question, answer payment.Answer) error {
	made := fault.New(fault.Conflict, "the gateway %s has made it, which is recorded now: it is not to be made elsewhere", q.payment.Gateway)
	_, err := p.change(ctx, Command{By: access.Provider(q.payment.Gateway)}, "record_found", it.Owner, nil, func(c *change) error {
		own, err := c.item(Step(it.Step), it.Subject)
		if err != nil {
			return err
		}
		return c.settleAttempt(own, q.attempt.Key, answer, nil)
	})
	if err != nil && !errors.Is(err, work.ErrLeaseLost) { // someone else may have recorded it meanwhile
		return err
	}
	return made
}

// lookFirstOfPayment is lookFirst for an authorisation that is to be given up.
func (p *Process) lookFirstOfPayment(ctx context.Context, orderID string) (lookedUp, error) {
	payments, err := db.View(ctx, p.db, func(r db.Reader) ([]payment.Payment, error) { return payment.Of(r, orderID) })
	if err != nil || len(payments) == 0 {
		return lookedUp{}, err
	}
	return p.lookFirst(ctx, orderID, StepVoidPayment, payments[0].ID)
}
