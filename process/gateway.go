package process

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/payment"
	"doorstep/support"
)

// openAttempt writes down what a gateway will be asked, before it is asked for
// the first time at the given time.
func (c *change) openAttempt(p *payment.Payment, op payment.Op, amount int64, refund string, first time.Time) (*payment.Attempt, error) {
	all, err := c.getAttempts()
	if err != nil {
		return nil, err
	}
	n := 1
	for _, a := range all {
		if a.Payment == p.ID {
			n++
		}
	}
	a := c.attempts.add(payment.Attempt{
		Attempt: c.newAttempt("att", p.ID, n, first, c.gatewayKeyLife(p)), Payment: p.ID, Op: op, Amount: amount, Refund: refund,
	})
	if !op.Authorises() {
		a.Charge = p.Ref
	}
	return a, nil
}

// gatewayKeyLife is zero where a payment's gateway is none of the shop's.
func (c *change) gatewayKeyLife(p *payment.Payment) time.Duration {
	return c.p.gatewayKeyLife(p.Gateway)
}

func (p *Process) gatewayKeyLife(name string) time.Duration {
	if g := p.gateways[name]; g != nil {
		return g.KeyLife()
	}
	return 0
}

// openForAll prepares an operation that is about all of the payment's money.
func openForAll(op payment.Op) func(*change, event.Event) error {
	return func(c *change, _ event.Event) error {
		p, err := c.payment()
		if err == nil {
			_, err = c.openAttempt(p, op, p.Amount, "", c.tx.Now())
		}
		return err
	}
}

func openRefundAttempt(c *change, e event.Event) error {
	f, p, err := c.refund(e.Entity)
	if err != nil {
		return err
	}
	_, err = c.openAttempt(p, payment.OpRefund, f.Amount, f.ID, c.tx.Now())
	return err
}

// question is what a gateway is asked in a step.
type question struct {
	payment payment.Payment
	attempt payment.Attempt
	unseen  []payment.Attempt // of the same refund, of which the gateway knew nothing
	now     time.Time
}

// askGateway asks the gateway what the step's open attempt says.
func askGateway(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	return inquiry[question, payment.Answer]{
		kind:     KindGateway,
		provider: func(q question) string { return q.payment.Gateway },
		read:     readQuestion,
		ask:      askAttempt,
		settle: func(c *change, own *work.Item, q question, answer payment.Answer, asked error) error {
			return c.settleAttempt(own, q.attempt.Key, answer, asked)
		},
		late: func(tx *db.Tx, id string, q question, answer string) { payment.KeepAnswer(tx, id, q.attempt, answer) },
		reconcile: func(c *change, q question, answer payment.Answer) error {
			return c.reconcile(q.attempt.Key, answer)
		},
	}.carryOut(ctx, p, it)
}

func readQuestion(r db.Reader, it work.Item) (question, error) {
	attempts, err := payment.Attempts(r, it.Owner)
	if err != nil {
		return question{}, err
	}
	ops := stepOps[Step(it.Step)]
	// Of several charges to be undone the newest attempt comes first: its key
	// lives. An older one may have waited for longer than its own.
	for _, a := range slices.Backward(attempts) {
		if a.IsOpen() && slices.Contains(ops, a.Op) && (a.Refund == "" || a.Refund == it.Subject) {
			p, err := payment.Get(r, it.Owner, a.Payment)
			return question{p, a, unseenBefore(attempts, a), r.Now()}, err
		}
	}
	return question{}, work.ErrLeaseLost // someone else has closed it
}

// unseenBefore returns the earlier attempts of a refund that its gateway knew nothing of.
func unseenBefore(attempts []payment.Attempt, a payment.Attempt) (unseen []payment.Attempt) {
	for _, before := range attempts {
		if a.Refund != "" && before.Refund == a.Refund && before.Status == attempt.Expired {
			unseen = append(unseen, before)
		}
	}
	return unseen
}

// stepOps says which operations each step asks for.
var stepOps = map[Step][]payment.Op{
	StepAuthorise: {payment.OpAuthorise}, StepCapture: {payment.OpCapture}, StepRenew: {payment.OpRenew}, StepVoidPayment: {payment.OpVoid}, StepRefund: {payment.OpRefund},
	StepUndo: {payment.OpRelease, payment.OpReverse},
}

// askAttempt asks under the attempt's key, as long as that is safe.
func askAttempt(ctx context.Context, p *Process, q question) (payment.Answer, error) {
	g, err := p.gateway(q.payment.Gateway)
	if err != nil {
		return payment.Answer{}, err
	}
	answer, err := keyed(p, q.attempt.Attempt, q.now, g.KeyLife(),
		func() (payment.Answer, error) { return makeOnce(ctx, p, g, q) },
		func() (payment.Answer, error) { return g.Lookup(ctx, q.attempt.Key) })
	if fault.Is(err, fault.Invalid) { // it was refused as it stands: nothing was done, nor will be
		answer, err = payment.Answer{Result: payment.Declined, Decline: payment.NotPermitted}, nil
	}
	answer.Ref = clean(answer.Ref)
	return answer, err
}

// gateway returns the shop's gateway of the name. One that the shop has no
// longer is not reached.
func (p *Process) gateway(name string) (payment.Gateway, error) {
	if g := p.gateways[name]; g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("%w: the shop has no gateway %q", payment.ErrNotReached, name)
}

// makeOnce asks for what an attempt says, unless an earlier one that the gateway knew
// nothing of was made after all: its answer is this one's then.
func makeOnce(ctx context.Context, p *Process, g payment.Gateway, q question) (payment.Answer, error) {
	if q.attempt.Status == attempt.Open && len(q.unseen) > 0 {
		answers, err := lookUpPast(ctx, p, pastQuestion{q.payment, q.unseen})
		if err != nil {
			return payment.Answer{}, err
		}
		for _, a := range q.unseen {
			if answers[a.Key].Result == payment.Succeeded {
				return answers[a.Key], nil
			}
		}
	}
	return makeAttempt(ctx, g, q)
}

func makeAttempt(ctx context.Context, g payment.Gateway, q question) (payment.Answer, error) {
	amount := q.payment.Money(q.attempt.Amount)
	then := payment.Followup{Key: q.attempt.Key, Ref: q.attempt.Charge, Amount: amount}
	switch q.attempt.Op {
	case payment.OpAuthorise, payment.OpRenew:
		return g.Authorise(ctx, payment.Authorisation{Key: q.attempt.Key, Amount: amount, Capture: q.payment.Capture,
			Order: q.payment.Order, Method: q.payment.Method})
	case payment.OpCapture:
		return g.Capture(ctx, then)
	case payment.OpVoid, payment.OpRelease:
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
	if asked != nil {
		return c.unanswered(own, gatewayErrand{c, p, a}, asked)
	}
	a.Ref, a.Decline = answer.Ref, answer.Decline
	if answer.Result == payment.Declined {
		return c.attemptDeclined(own, p, a)
	}
	if err := a.Move(attempt.Succeeded, c.tx.Now()); err != nil {
		return err
	}
	switch a.Op {
	case payment.OpAuthorise:
		p.Ref = answer.Ref
		if !p.Capture {
			p.AuthorisedUntil = answer.Until
			return c.movePayment(p, payment.EventAuthorised, dataOf(p, a))
		}
		p.Captured = a.Amount
		return c.movePayment(p, payment.EventSucceeded, dataOf(p, a))
	case payment.OpCapture:
		p.Captured = a.Amount
		return c.movePayment(p, payment.EventSucceeded, dataOf(p, a))
	case payment.OpRenew:
		return c.renewed(p, a, answer)
	case payment.OpVoid:
		return c.movePayment(p, payment.EventCanceled, dataOf(p, a))
	case payment.OpRelease, payment.OpReverse:
		return c.emitOrder(EventUndone, dataOf(p, a))
	default:
		f, _, err := c.refund(a.Refund)
		if err != nil {
			return err
		}
		return c.refundSucceeded(p, f, dataOf(p, a))
	}
}

// attemptDeclined makes a further attempt after a soft decline while policy
// has one, and otherwise ends what the attempt was for.
func (c *change) attemptDeclined(own *work.Item, p *payment.Payment, a *payment.Attempt) error {
	if err := a.Move(attempt.Declined, c.tx.Now()); err != nil {
		return err
	}
	schedule := c.policy.PaymentRetries
	if !a.Op.Takes() {
		schedule = c.policy.RefundRetries
	}
	wait, more := schedule.Wait(c.declines(a))
	needless := a.Op == payment.OpVoid || a.Op.Takes() && c.order.End.Over()
	if a.Decline.Soft() && more && !needless {
		return c.attemptLater(own, gatewayErrand{c, p, a}, wait, "declined: "+string(a.Decline))
	}
	switch a.Op {
	case payment.OpAuthorise:
		return c.movePayment(p, payment.EventFailed, dataOf(p, a))
	case payment.OpRenew:
		return c.movePayment(p, payment.EventRenewalDeclined, dataOf(p, a))
	case payment.OpCapture:
		return c.movePayment(p, payment.EventCaptureFailed, dataOf(p, a))
	default:
		// Money that should go back and does not is a person's to look at. The
		// attempt that they have made again is a new one.
		if err := (gatewayErrand{c, p, a}).anew(c.tx.Now()); err != nil {
			return err
		}
		return c.giveUp(own, "declined: "+string(a.Decline))
	}
}

// declines counts the attempts of the same kind that were declined.
func (c *change) declines(like *payment.Attempt) int {
	n := 0
	for _, a := range c.attempts.pointers() {
		if a.Payment == like.Payment && a.Op == like.Op && a.Refund == like.Refund && a.Status == attempt.Declined {
			n++
		}
	}
	return n
}

// gatewayGone is what a person is told of a gateway that is away for long.
const gatewayGone = "The gateway has not been reached for too long."

// gatewayErrand is an attempt at a gateway.
type gatewayErrand struct {
	c *change
	p *payment.Payment
	a *payment.Attempt
}

func (e gatewayErrand) attempt() *attempt.Attempt { return &e.a.Attempt }
func (e gatewayErrand) keyLife() time.Duration    { return e.c.gatewayKeyLife(e.p) }

func (e gatewayErrand) away() (support.Category, string) {
	return support.PaymentIssue, gatewayGone
}

func (e gatewayErrand) unknown() error {
	return e.say(payment.EventUnknown, payment.EventRefundUnknown, dataOf(e.p, e.a))
}

func (e gatewayErrand) abandon() error {
	if e.a.Op == payment.OpAuthorise {
		return e.c.movePayment(e.p, payment.EventCanceled, dataOf(e.p, e.a))
	}
	return e.c.movePayment(e.p, payment.EventExpired, dataOf(e.p, e.a))
}

func (e gatewayErrand) anew(first time.Time) error {
	a, err := e.c.openAttempt(e.p, e.a.Op, e.a.Amount, e.a.Refund, first)
	if err == nil {
		a.Charge = e.a.Charge
	}
	return err
}

// wanted says that money goes back whatever becomes of the order, and that it is
// taken only for one that goes on.
func (e gatewayErrand) wanted() bool { return !e.a.Op.Takes() || e.c.order.End.GoesOn() }

func (e gatewayErrand) declined(next time.Time) error {
	data := dataOf(e.p, e.a)
	data.Next = &next
	return e.say(payment.EventDeclined, payment.EventRefundDeclined, data)
}

// say says something of an attempt that moves neither its payment nor its
// refund; nothing where it is about neither.
func (e gatewayErrand) say(ofPayment, ofRefund event.Type, data paymentData) error {
	if e.a.Op.Undoes() {
		return nil
	}
	if e.a.Op != payment.OpRefund {
		return e.c.movePayment(e.p, ofPayment, data)
	}
	f, _, err := e.c.refund(e.a.Refund)
	if err != nil {
		return err
	}
	return e.c.moveRefund(f, ofRefund, data)
}

// attempt returns the attempt with the key while it is open.
//
// Errors: work.ErrLeaseLost when someone else has closed it.
func (c *change) attempt(key string) (*payment.Attempt, error) {
	all, err := c.getAttempts()
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(a *payment.Attempt) bool { return a.Key == key && a.IsOpen() }); i >= 0 {
		return all[i], nil
	}
	return nil, work.ErrLeaseLost
}
