package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/support"
)

// refund returns the order's refund with the id, and the payment that it gives
// back of.
func (c *change) refund(id string) (*payment.Refund, *payment.Payment, error) {
	all, err := c.getRefunds()
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(all, func(f *payment.Refund) bool { return f.ID == id })
	if i < 0 {
		return nil, nil, fault.New(fault.NotFound, "order %s has no refund %q", c.order.ID, id)
	}
	p, err := c.payment()
	return all[i], p, err
}

func (c *change) moveRefund(f *payment.Refund, t event.Type, data any) error {
	from := f.Status
	to, err := payment.RefundTransitions.Next(from, t)
	if err != nil {
		return err
	}
	f.Status = to
	return c.emit(event.Event{Entity: f.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

func (c *change) refundSucceeded(p *payment.Payment, f *payment.Refund, data paymentData) error {
	p.Refunded += f.Amount
	f.ClosedAt = c.tx.Now()
	return c.moveRefund(f, payment.EventRefundSucceeded, data)
}

// refundFailed puts back what was said of a refund: its money is the shop's.
func (c *change) refundFailed(p *payment.Payment, f *payment.Refund) error {
	if f.Status == payment.RefundSucceeded {
		p.Refunded -= f.Amount
	}
	return c.endRefund(p, f, payment.EventRefundFailed)
}

// endRefund ends a refund that gives nothing back: what was credited to the lines is
// not.
func (c *change) endRefund(p *payment.Payment, f *payment.Refund, t event.Type) error {
	lines, err := payment.RefundLines(c.tx, c.order.ID)
	if err != nil {
		return err
	}
	for _, l := range lines[f.ID] {
		order.GiveCredit(c.tx, c.order.ID, l.Line, -l.Amount)
	}
	f.ClosedAt = c.tx.Now()
	return c.moveRefund(f, t, refundData(p, f))
}

func refundData(p *payment.Payment, f *payment.Refund) paymentData {
	return paymentData{Amount: f.Amount, Currency: string(p.Currency), Gateway: p.Gateway, Pays: f.Pays}
}

// openRefund begins to give back what was credited to the order's lines: to the
// customer, or to the payment of another order that it pays. What a ticket is owed for
// units that came back is not, where they have their money.
func (c *change) openRefund(credits []order.Credit, reason, pays string) (*payment.Refund, error) {
	p, err := c.payment()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(credits, ofReturn) {
		if err := c.claim(func(d *draft) { d.complaints(credits) }); err != nil {
			return nil, err
		}
	}
	f := c.refunds.add(payment.Refund{ID: c.newID(payment.RefundPrefix, p.ID), Payment: p.ID, Order: c.order.ID, Reason: reason, Pays: pays, OpenedAt: c.tx.Now()})
	for _, credit := range credits {
		f.Amount += credit.Amount
		c.credits[f.ID] = merge(c.credits[f.ID], payment.RefundLine(credit))
		order.GiveCredit(c.tx, c.order.ID, credit.Line, credit.Amount)
	}
	if err := c.paysReturns(f); err != nil {
		return nil, err
	}
	return f, c.moveRefund(f, payment.EventRefundOpened, refundData(p, f))
}

func ofReturn(credit order.Credit) bool { return isReturn(credit.Cause) }

// openDraft begins to give back what was drafted, in the place of what that replaces.
func (c *change) openDraft(d *draft, reason string) (*payment.Refund, error) {
	c.keepClaims(d)
	return c.openRefund(d.credits(), reason, "")
}

// paysReturns names a refund in the returns whose money it gives back.
func (c *change) paysReturns(f *payment.Refund) error {
	for _, l := range c.credits[f.ID] {
		if !isReturn(l.Cause) {
			continue
		}
		r, err := c.theReturn(l.Cause)
		if err != nil {
			return err
		}
		r.Refund = f.ID
	}
	return nil
}

// RefundPlan is what a refund comes to.
type RefundPlan struct {
	Order    string               `json:"order"`
	Version  int64                `json:"version"` // of the order
	Currency money.Currency       `json:"currency"`
	Amount   int64                `json:"amount"` // minor units of the currency, as the next ones
	Lines    []payment.RefundLine `json:"lines"`
	Kept     int64                `json:"kept"`    // what was taken and not given back, before
	Here     int64                `json:"here"`    // units that are still to leave, whatever is given back
	Gateway  string               `json:"gateway"` // who gives it back; "manual" when that is a person
	draft    *draft
}

// Refunded is the answer to a refund: it is begun, and the gateway is yet to be asked.
type Refunded struct {
	Order  order.Order    `json:"order"`
	Refund payment.Refund `json:"refund"`
}

// PreviewRefund says what a refund would come to.
//
// Errors: as for Refund.
func (p *Process) PreviewRefund(ctx context.Context, orderID string, q order.CreditRequest) (RefundPlan, error) {
	if err := q.Validate(); err != nil {
		return RefundPlan{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (RefundPlan, error) {
		o, err := order.Get(r, orderID)
		if err != nil {
			return RefundPlan{}, err
		}
		return planRefund(r, o, q, "")
	})
}

// Refund begins to give back what was taken: for units of lines, an amount, or
// all that is left, never more than a line's part of the total. The gateway is
// asked for it, or a person, where it was paid elsewhere. With a version, the
// order must still be at it.
//
// Errors: invalid; not_found; stale; conflict when nothing
// was taken or is left, and for all the money of an order that can be cancelled.
func (p *Process) Refund(ctx context.Context, by Command, orderID string, q order.CreditRequest) (Result[Refunded], error) {
	if err := q.Validate(); err != nil {
		return Result[Refunded]{}, err
	}
	return answering(ctx, p, by, "refund", orderID, q, func(tx *db.Tx) (done Refunded, err error) {
		var made *payment.Refund
		done.Order, err = p.changeIn(tx, by, orderID, func(c *change) error {
			plan, err := planRefund(c.tx, c.order, q, "")
			if err != nil {
				return err
			}
			made, err = c.openDraft(plan.draft, q.Reason)
			return err
		})
		if err == nil {
			done.Refund = *made
		}
		return done, err
	})
}

// at refuses what was decided on an order as it is no longer.
//
// Errors: stale.
func (c *change) at(version int64) error {
	if version != 0 && version != c.order.Version {
		return fault.New(fault.Stale, "order %d has changed since version %d, to %d: preview it again", c.order.Number, version, c.order.Version)
	}
	return nil
}

// planRefund says what a refund comes to as the order stands: one for a cause of its own,
// or, where none is named, first for what is owed and has no money yet.
//
// Errors: invalid; conflict.
func planRefund(r db.Reader, o order.Order, q order.CreditRequest, cause string) (plan RefundPlan, err error) {
	pay, err := paymentOf(r, o.ID)
	if err != nil {
		return plan, err
	}
	kept := o.Sums.Kept()
	if err := whyNoRefund(o, pay); err != nil {
		return plan, err
	}
	a, err := ReadAccount(r, o)
	if err != nil {
		return plan, err
	}
	plan = RefundPlan{Order: o.ID, Version: o.Version, Currency: o.Currency, Kept: kept, Here: o.Sums.Reserved + o.Sums.Backordered, Gateway: pay.Gateway}
	d := a.draft()
	if err := d.request(q, cause); err != nil {
		return plan, err
	}
	plan.draft = d
	for _, credit := range d.credits() {
		plan.Amount += credit.Amount
		plan.Lines = append(plan.Lines, payment.RefundLine(credit))
	}
	if plan.Amount == 0 {
		var c fault.Check
		c.Add("lines", "nothing_left", "lines of which something is left")
		return plan, c.Err("the refund")
	}
	if plan.Amount == kept && o.End == order.EndNone && o.Sums.Sent() == 0 {
		return plan, fault.New(fault.Conflict, "nothing of order %d has left: cancel it, and all of its money goes back", o.Number)
	}
	return plan, nil
}

// whyNoRefund is why nothing is given back as an order and its payment stand, nil when
// something may be.
//
// Errors: conflict.
func whyNoRefund(o order.Order, pay *payment.Payment) error {
	switch {
	case pay == nil || pay.Gateway == payment.Free:
		return fault.New(fault.Conflict, "there is nothing to pay for order %d", o.Number)
	case !o.Payment.Taken():
		return fault.New(fault.Conflict, "no money was taken for order %d yet: change or cancel it", o.Number)
	case o.End == order.EndCancelling, o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is %s, and money goes back with that: see what is left then", o.Number, ended(o))
	case o.Sums.Kept() == 0:
		return fault.New(fault.Conflict, "all that was taken for order %d goes back already", o.Number)
	}
	return nil
}

// credited returns for how many units of each line money is given back.
func credited(r db.Reader, id string) (map[int64]int64, error) {
	refunds, err := payment.Refunds(r, id)
	if err != nil {
		return nil, err
	}
	lines, err := payment.RefundLines(r, id)
	return Account{Refunds: refunds, Credits: lines}.unitsBack(), err
}

// unitsBack is for how many units of each line money is given back.
func (a Account) unitsBack() map[int64]int64 {
	units := map[int64]int64{}
	for _, f := range a.Refunds {
		if !f.Counts() {
			continue
		}
		for _, l := range a.Credits[f.ID] {
			units[l.Line] += l.Quantity
		}
	}
	return units
}

// giveBack is the rule of an order that is over: all that was captured and not
// given back yet is refunded, and what is still to be paid no longer is.
func giveBack(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	if waitedForMoney(*p) {
		return c.movePayment(p, payment.EventCanceled, dataOf(p, nil))
	}
	refunds, err := c.getRefunds()
	if err != nil {
		return err
	}
	kept := payment.Kept(*p, refunds)
	if kept == 0 {
		return nil
	}
	a, err := c.account()
	if err != nil {
		return err
	}
	d := a.draft()
	d.all(c.order.ID)
	_, err = c.openDraft(d, string(c.order.Status))
	return err
}

// RecordRefund says that a person has given money back: what was paid elsewhere,
// or what the gateway does not give back.
//
// Errors: invalid; not_found; conflict when no such refund waits for a person.
func (p *Process) RecordRefund(ctx context.Context, by Command, orderID, refundID string, r payment.Record) (Result[order.Order], error) {
	seen, err := p.lookFirst(ctx, by, orderID, StepRefund, refundID)
	if err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "record_refund", orderID, [2]any{refundID, r}, func(c *change) error {
		f, pay, err := c.refund(refundID)
		if err != nil {
			return err
		}
		if f.Status != payment.RefundPending {
			return fault.New(fault.Conflict, "refund %s is %s already", f.ID, f.Status)
		}
		if pay.Gateway != payment.Manual {
			if err := c.withdrawStuck(StepRefund, f.ID, payment.OpRefund, pay, seen); err != nil {
				return err
			}
		}
		if err := r.Validate(payment.Payment{Amount: f.Amount, Currency: pay.Currency}); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpRefund, r, f.ID); err != nil {
			return err
		}
		return c.refundSucceeded(pay, f, refundData(pay, f))
	})
}

// FailRefund says that money has not gone back, or has come back to the shop: of
// a refund that succeeded, or that waits for a person because the gateway does
// not make it. What it would have given back is the shop's again, and a person is
// told.
//
// Errors: not_found; conflict when the refund has failed or is being made, when its
// gateway says that it stands, or does not answer and is still asked by the process.
func (p *Process) FailRefund(ctx context.Context, by Command, orderID, refundID string) (Result[order.Order], error) {
	seen, err := p.lookFirst(ctx, by, orderID, StepRefund, refundID)
	if err != nil {
		return Result[order.Order]{}, err
	}
	if err := p.refundStands(ctx, orderID, refundID); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "fail_refund", orderID, refundID, func(c *change) error {
		f, pay, err := c.refund(refundID)
		if err != nil {
			return err
		}
		switch {
		case f.Pays != "":
			return fault.New(fault.Conflict, "refund %s has paid for what was sent in exchange", f.ID)
		case f.Status == payment.RefundFailed:
			return fault.New(fault.Conflict, "refund %s is %s already", f.ID, f.Status)
		case f.Status == payment.RefundPending && pay.Gateway == payment.Manual:
			return fault.New(fault.Conflict, "refund %s waits for a person to give it back", f.ID)
		case f.Status == payment.RefundPending:
			if err := c.withdrawStuck(StepRefund, f.ID, payment.OpRefund, pay, seen); err != nil {
				return err
			}
		}
		return c.refundFailed(pay, f)
	})
}

func checkRefundDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.CheckRefund)) }

// askWhetherRefunded asks the gateway once more of a refund that had succeeded, and
// of its attempts that the gateway knew nothing of.
func askWhetherRefunded(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	i := aboutRefund()
	i.settle = func(c *change, own *work.Item, q pastQuestion, answers map[string]payment.Answer, asked error) error {
		return c.settleRefunded(own, q, answers, asked)
	}
	return i.carryOut(ctx, p, it)
}

// aboutRefund asks what has become of a refund that had succeeded.
func aboutRefund() inquiry[pastQuestion, map[string]payment.Answer] {
	return inquiry[pastQuestion, map[string]payment.Answer]{
		kind:     KindGateway,
		provider: func(q pastQuestion) string { return q.payment.Gateway },
		read:     readRefunded,
		ask:      lookUpPast,
	}
}

// readRefunded reads the attempt that made a refund, and those that may have: the
// gateway knew nothing of them.
func readRefunded(r db.Reader, it work.Item) (q pastQuestion, err error) {
	attempts, err := payment.Attempts(r, it.Owner)
	if err != nil {
		return q, err
	}
	made := false
	for _, a := range attempts {
		if a.Op != payment.OpRefund || a.Refund != it.Subject || a.Status != attempt.Succeeded && a.Status != attempt.Expired {
			continue
		}
		made = made || a.Status == attempt.Succeeded
		q.attempts = append(q.attempts, a)
	}
	if !made {
		return q, work.ErrLeaseLost
	}
	q.payment, err = payment.Get(r, it.Owner, q.attempts[0].Payment)
	return q, err
}

// skipCheckRefund passes over asking about a refund: a person has looked.
func skipCheckRefund(c *change, it *work.Item) error {
	return c.confirmRefund(it.Subject)
}

// confirmRefund takes it that a refund has arrived.
func (c *change) confirmRefund(id string) error {
	f, p, err := c.refund(id)
	if err != nil {
		return err
	}
	return c.moveRefund(f, payment.EventRefundConfirmed, refundData(p, f))
}

// settleRefunded follows what the gateway says of a refund. What it knows nothing of
// was recorded by a person, or it has forgotten it: nothing speaks against it.
func (c *change) settleRefunded(own *work.Item, q pastQuestion, answers map[string]payment.Answer, asked error) error {
	if asked != nil {
		return c.askLater(own, asked)
	}
	var bounced bool
	var twice, recorded int64
	for _, a := range q.attempts {
		answer, known := answers[a.Key]
		its := a.Status == attempt.Succeeded || q.hasMade(answer.Ref)
		switch {
		case !known:
		case its:
			bounced = bounced || answer.Result == payment.Declined
		case answer.Result == payment.Succeeded:
			amount, err := c.alsoRefunded(a, answer)
			if err != nil {
				return err
			}
			twice, recorded = twice+a.Amount, recorded+amount
		}
	}
	if err := c.settleMade(own.Subject, bounced); err != nil || twice == 0 {
		return err
	}
	return c.tellMore(support.PaymentIssue, fmt.Sprintf("The gateway has made a refund twice: it knew nothing of the first, and does now. The customer has %s too much, of which %s are recorded as given back: no more was left of the order. Take it up with them, or let them have it.",
		money.Of(twice, c.order.Currency), money.Of(recorded, c.order.Currency)))
}

// hasMade says whether one of the attempts is known to have made what the gateway
// names so.
func (q pastQuestion) hasMade(ref string) bool {
	return slices.ContainsFunc(q.attempts, func(a payment.Attempt) bool { return a.Status == attempt.Succeeded && a.Ref == ref })
}

func (c *change) settleMade(id string, bounced bool) error {
	if !bounced {
		return c.confirmRefund(id)
	}
	f, p, err := c.refund(id)
	if err != nil {
		return err
	}
	return c.refundFailed(p, f)
}

// alsoRefunded records what an attempt has given back that was taken for one which
// was never made: as a refund of its own, as far as there is money to give back. It
// returns how much that is, in minor units.
func (c *change) alsoRefunded(made payment.Attempt, answer payment.Answer) (amount int64, err error) {
	p, err := c.payment()
	if err != nil {
		return 0, err
	}
	refunds, err := c.getRefunds()
	if err != nil {
		return 0, err
	}
	if amount = min(made.Amount, payment.Kept(*p, refunds)); amount == 0 {
		return 0, nil
	}
	a, err := c.account()
	if err != nil {
		return 0, err
	}
	d := a.draft()
	d.spread(amount)
	f, err := c.openDraft(d, "made_twice")
	if err != nil {
		return 0, err
	}
	if err := c.recorded(p, payment.OpRefund, payment.Record{Reference: answer.Ref, Amount: amount}, f.ID); err != nil {
		return 0, err
	}
	return amount, c.refundSucceeded(p, f, refundData(p, f))
}

// askLater puts a step back of which the gateway could tell nothing.
func (c *change) askLater(own *work.Item, asked error) error {
	if errors.Is(asked, attempt.ErrNotReached) {
		return c.notReached(own, support.PaymentIssue, gatewayGone, asked)
	}
	return c.askAgain(own, asked)
}

// RecordVoid says that an authorisation is gone which the gateway did not give
// up, because it has lapsed or was given up there.
//
// Errors: invalid; not_found; conflict when giving it up waits for no person.
func (p *Process) RecordVoid(ctx context.Context, by Command, orderID, reference string) (Result[order.Order], error) {
	r := payment.Record{Reference: reference}
	if err := r.Validate(payment.Payment{}); err != nil {
		return Result[order.Order]{}, err
	}
	seen, err := p.lookFirstOfPayment(ctx, by, orderID)
	if err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "record_void", orderID, r, func(c *change) error {
		pay, err := c.payment()
		if err != nil {
			return err
		}
		if pay == nil || pay.Status != payment.StatusRequiresCapture {
			return fault.New(fault.Conflict, "order %d has no authorisation", c.order.Number)
		}
		if err := c.withdrawStuck(StepVoidPayment, pay.ID, payment.OpVoid, pay, seen); err != nil {
			return err
		}
		if err := c.recorded(pay, payment.OpVoid, payment.Record{Reference: reference, Amount: pay.Amount}, ""); err != nil {
			return err
		}
		return c.movePayment(pay, payment.EventCanceled, dataOf(pay, nil))
	})
}

// withdrawStuck gives up the attempt of a step that waits for a person, who has
// seen to it elsewhere, after what the gateway says of it.
//
// Errors: conflict when the step waits for no person, or the provider may have
// done what the attempt asks for.
func (c *change) withdrawStuck(step Step, subject string, op payment.Op, p *payment.Payment, seen lookedUp) error {
	it, err := c.item(step, subject)
	if err != nil {
		return err
	}
	if it == nil || it.State != work.Stuck {
		return fault.New(fault.Conflict, "%s of order %d waits for no person: the gateway %s is asked for it", subject, c.order.Number, p.Gateway)
	}
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if !a.IsOpen() || a.Op != op || a.Refund != "" && a.Refund != subject {
			continue
		}
		if a.Key != seen.key { // it was begun after the gateway was asked
			return fault.New(fault.Conflict, "the gateway %s may have done it, and has not answered: have it tried again first", p.Gateway)
		}
		a.Decline = seen.decline
		if err := a.Move(seen.as, c.tx.Now()); err != nil {
			return err
		}
	}
	return nil
}
