package process

import (
	"context"
	"errors"
	"slices"

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
// as its own, unless this is a rehearsal.
//
// Errors: conflict when it was made, or the gateway gives no answer while the
// attempt's key may live.
func (p *Process) lookFirst(ctx context.Context, by Command, orderID string, step Step, subject string) (lookedUp, error) {
	it := work.Item{Owner: orderID, Step: string(step), Subject: subject}
	stuck, err := p.isStuck(ctx, it)
	if err != nil || !stuck {
		return lookedUp{}, err // the use case says why it is refused
	}
	i := inquiry[question, payment.Answer]{
		kind: KindGateway, provider: func(q question) string { return q.payment.Gateway }, read: readQuestion, ask: lookUpAttempt,
	}
	q, set, err := i.prepare(ctx, p, it)
	if errors.Is(err, work.ErrLeaseLost) {
		return lookedUp{}, p.madeBefore(ctx, by, it, lookedUp{}) // no attempt is open
	}
	if err != nil {
		return lookedUp{}, err
	}
	answer, asked := i.put(ctx, p, q, set)
	if asked == nil && answer.Result == payment.Succeeded {
		if by.rehearsed != nil {
			return lookedUp{}, wasMade(q.payment.Gateway)
		}
		return lookedUp{}, p.recordFound(ctx, it, q, answer)
	}
	seen, err := p.notMade(q, answer, asked)
	if err != nil {
		return seen, err
	}
	return seen, p.madeBefore(ctx, by, it, seen)
}

// madeBefore asks the gateway once more about earlier attempts of a refund that it
// knew nothing of, and records what one of them has given back after all.
//
// Errors: conflict when one has, or the gateway gives no answer.
func (p *Process) madeBefore(ctx context.Context, by Command, it work.Item, seen lookedUp) error {
	if Step(it.Step) != StepRefund {
		return nil
	}
	i := aboutRefund()
	i.read = readExpired
	q, set, err := i.prepare(ctx, p, it)
	if err != nil || len(q.attempts) == 0 {
		return err
	}
	answers, asked := i.put(ctx, p, q, set)
	if asked != nil {
		return fault.New(fault.Conflict, "the gateway %s may have done it, and has not answered: have it tried again first", q.payment.Gateway)
	}
	for _, a := range q.attempts {
		if answer := answers[a.Key]; answer.Result == payment.Succeeded {
			if by.rehearsed != nil {
				return wasMade(q.payment.Gateway)
			}
			return p.recordMade(ctx, it, q.payment, answer, seen)
		}
	}
	return nil
}

func readExpired(r db.Reader, it work.Item) (q pastQuestion, err error) {
	attempts, err := payment.Attempts(r, it.Owner)
	if err != nil {
		return q, err
	}
	q.attempts = slices.DeleteFunc(attempts, func(a payment.Attempt) bool { return a.Refund != it.Subject || a.Status != attempt.Expired })
	if len(q.attempts) == 0 {
		return q, nil
	}
	q.payment, err = payment.Get(r, it.Owner, q.attempts[0].Payment)
	return q, err
}

// recordMade records a refund that an attempt has made which was taken for one that
// was never made.
//
// Errors: conflict, always: nothing is left to be recorded.
func (p *Process) recordMade(ctx context.Context, it work.Item, of payment.Payment, answer payment.Answer, seen lookedUp) error {
	_, err := p.change(ctx, Command{By: access.Provider(of.Gateway)}, "record_found", it.Owner, nil, func(c *change) error {
		f, pay, err := c.refund(it.Subject)
		if err != nil {
			return err
		}
		if err := c.withdrawStuck(StepRefund, f.ID, payment.OpRefund, pay, seen); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpRefund, payment.Record{Reference: answer.Ref, Amount: f.Amount}, f.ID); err != nil {
			return err
		}
		return c.refundSucceeded(pay, f, refundData(pay, f))
	})
	if err != nil {
		return err
	}
	return alreadyMade(of.Gateway)
}

// wasMade is alreadyMade for a rehearsal, which records nothing.
func wasMade(gateway string) error {
	return fault.New(fault.Conflict, "the gateway %s has made it, which is then recorded: it is not to be made elsewhere", gateway)
}

func alreadyMade(gateway string) error {
	return fault.New(fault.Conflict, "the gateway %s has made it, which is recorded now: it is not to be made elsewhere", gateway)
}

// refundStands asks the gateway of a refund that it has made, before a person says
// that its money is the shop's again: given back once more, it would be gone twice.
// Of a refund that it knows nothing of, a person knows more; likewise when it was
// asked in vain for so long that the process has left that to a person.
//
// Errors: conflict when the refund stands, or the gateway does not say.
func (p *Process) refundStands(ctx context.Context, orderID, refundID string) error {
	i := aboutRefund()
	q, set, err := i.prepare(ctx, p, work.Item{Owner: orderID, Subject: refundID})
	if errors.Is(err, work.ErrLeaseLost) {
		return nil // it was not made
	}
	if err != nil || q.payment.Gateway == payment.Manual {
		return err
	}
	answers, asked := i.put(ctx, p, q, set)
	for _, answer := range answers {
		if answer.Result == payment.Succeeded {
			return fault.New(fault.Conflict, "the gateway %s says that refund %s stands: its money is with the customer", q.payment.Gateway, refundID)
		}
	}
	if asked == nil {
		return nil
	}
	if stuck, err := p.isStuck(ctx, work.Item{Owner: orderID, Step: string(StepCheckRefund), Subject: refundID}); err != nil || stuck {
		return err
	}
	return fault.New(fault.Conflict, "the gateway %s does not say whether refund %s stands: say it again when it answers", q.payment.Gateway, refundID)
}

// isStuck says whether a step waits for a person.
func (p *Process) isStuck(ctx context.Context, it work.Item) (bool, error) {
	return db.View(ctx, p.db, func(r db.Reader) (bool, error) {
		items, err := work.Of(r, it.Owner)
		return slices.ContainsFunc(items, func(other work.Item) bool { return other.Key() == it.Key() && other.State == work.Stuck }), err
	})
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
	return alreadyMade(q.payment.Gateway)
}

// lookFirstOfPayment is lookFirst for an authorisation that is to be given up.
func (p *Process) lookFirstOfPayment(ctx context.Context, by Command, orderID string) (lookedUp, error) {
	payments, err := db.View(ctx, p.db, func(r db.Reader) ([]payment.Payment, error) { return payment.Of(r, orderID) })
	if err != nil || len(payments) == 0 {
		return lookedUp{}, err
	}
	return p.lookFirst(ctx, by, orderID, StepVoidPayment, payments[0].ID)
}
