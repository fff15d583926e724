package verify

import (
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// waiting says for each step that is asked or waited for whether its subject
// is there and in a state in which the step has something left to do.
var waiting = map[process.Step]func(d *dossier, subject string) bool{
	process.StepAuthorise:    paymentIn(payment.StatusProcessing),
	process.StepAwaitPayment: paymentIn(payment.StatusRequiresPaymentMethod),
	process.StepExpirePayment: func(d *dossier, subject string) bool {
		return paymentIn(payment.StatusProcessing)(d, subject) || paymentIn(payment.StatusRequiresPaymentMethod)(d, subject)
	},
	process.StepUndo: func(d *dossier, subject string) bool {
		return subject == d.order.ID && slices.ContainsFunc(d.attempts, func(a payment.Attempt) bool { return a.Op.Undoes() && a.IsOpen() })
	},
	process.StepLookAgain: func(d *dossier, subject string) bool {
		return subject == d.order.ID && d.order.End.Over() && slices.ContainsFunc(d.attempts, func(a payment.Attempt) bool { return a.Status == attempt.Expired })
	},
	process.StepKeep:        paymentIn(payment.StatusRequiresCapture),
	process.StepRenew:       paymentIn(payment.StatusRequiresCapture),
	process.StepCapture:     paymentIn(payment.StatusRequiresCapture),
	process.StepVoidPayment: paymentIn(payment.StatusRequiresCapture),
	process.StepRefund:      refundPending,
	process.StepAwaitRefund: refundPending,
	process.StepCheckRefund: func(d *dossier, subject string) bool {
		f, ok := d.refund(subject)
		return ok && f.Status == payment.RefundSucceeded
	},
	process.StepBuyLabel: shipmentIn(shipping.Planned),
	// The first scan may tell that a parcel has left while its label is given back.
	process.StepVoidLabel: func(d *dossier, subject string) bool {
		s, ok := d.shipment(subject)
		return ok && (s.Status == shipping.LabelBought || s.Status == shipping.Shipped)
	},
	process.StepAwaitRemedy: lacking,
	process.StepAwaitReturn: func(d *dossier, subject string) bool {
		v, ok := d.returnOf(subject)
		return ok && v.Open()
	},
	process.StepAwaitHandOver: shipmentIn(shipping.Planned, shipping.LabelBought),
	process.StepTrack:         shipmentIn(shipping.LabelBought, shipping.Shipped, shipping.Lost),
	process.StepAwaitDelivery: shipmentIn(shipping.Shipped),
	process.StepAwaitCarrier:  goesOn,
	process.StepAwaitStock: func(d *dossier, subject string) bool {
		return goesOn(d, subject) && d.order.Sums.Backordered > 0
	},
	process.StepCloseTicket: ticketSolved,
}

func paymentIn(status payment.Status) func(*dossier, string) bool {
	return func(d *dossier, subject string) bool {
		p, ok := d.payment(subject)
		return ok && p.Status == status
	}
}

func shipmentIn(statuses ...shipping.Status) func(*dossier, string) bool {
	return func(d *dossier, subject string) bool {
		s, ok := d.shipment(subject)
		return ok && slices.Contains(statuses, s.Status) && s.DeliveredAt.IsZero()
	}
}

func lacking(d *dossier, subject string) bool {
	s, ok := d.shipment(subject)
	return ok && s.Lacking() && !d.repaid()[s.ID]
}

// account is what says what is owed of the order.
func (d *dossier) account() process.Account {
	return process.Account{Order: d.order, Lines: d.lines, Shipments: d.shipments, Held: d.held, Returns: d.returns, Coming: d.coming,
		Refunds: d.refunds, Credits: d.credits, Attempts: d.attempts}
}

// repaid returns the parcels that do not arrive and whose money went back.
func (d *dossier) repaid() map[string]bool {
	return d.account().Repaid(false)
}

func goesOn(d *dossier, subject string) bool {
	return subject == d.order.ID && d.order.End.GoesOn()
}

func refundPending(d *dossier, subject string) bool {
	f, ok := d.refund(subject)
	return ok && f.Status == payment.RefundPending
}

func ticketSolved(d *dossier, subject string) bool {
	t, ok := d.ticket(subject)
	return ok && t.Status == support.Solved
}

// ofProcess are the steps of the process table that are asked or waited for.
var ofProcess = func() map[process.Step]bool {
	steps := map[process.Step]bool{}
	for _, row := range process.Table() {
		steps[row.Step] = row.Kind != process.Rule
	}
	return steps
}()

// checkSteps holds what is due or waited for against what there is.
func (d *dossier) checkSteps() {
	var due time.Time
	for _, it := range d.items {
		if waits := waiting[process.Step(it.Step)]; !ofProcess[process.Step(it.Step)] || waits == nil || !waits(d, it.Subject) {
			d.find(StrayStep, it.Owner, "the step %s about %q is none of the process, or has nothing to do there", it.Step, it.Subject)
		}
		if it.State == work.Ready && (due.IsZero() || it.Due.Before(due)) {
			due = it.Due
		}
	}
	if d.order.ID != "" && !d.order.NextDue.Equal(due) {
		d.find(NextDue, d.order.ID, "the row says %s, its steps come to %s", d.order.NextDue, due)
	}
}

// about returns the order's items about a subject.
func (d *dossier) about(subject string) []work.Item {
	var items []work.Item
	for _, it := range d.items {
		if it.Subject == subject {
			items = append(items, it)
		}
	}
	return items
}

// question names what a step asks about.
type question struct {
	step    process.Step
	subject string
}

// The steps that ask for what an attempt is open for.
var (
	paymentSteps = map[payment.Op]process.Step{
		payment.OpAuthorise: process.StepAuthorise, payment.OpCapture: process.StepCapture, payment.OpRenew: process.StepRenew,
		payment.OpVoid: process.StepVoidPayment, payment.OpRefund: process.StepRefund,
		payment.OpRelease: process.StepUndo, payment.OpReverse: process.StepUndo,
	}
	labelSteps = map[shipping.Op]process.Step{shipping.OpBuy: process.StepBuyLabel, shipping.OpVoid: process.StepVoidLabel}
)

// checkAttemptSteps holds the open attempts against the steps that ask.
func (d *dossier) checkAttemptSteps() {
	open := map[question]bool{}
	for _, a := range d.attempts {
		q := question{paymentSteps[a.Op], a.Payment}
		switch {
		case a.Op == payment.OpRefund:
			q.subject = a.Refund
		case a.Op.Undoes():
			q.subject = a.Order
		}
		open[q] = open[q] || a.IsOpen()
	}
	for _, a := range d.labels {
		q := question{labelSteps[a.Op], a.Shipment}
		open[q] = open[q] || a.IsOpen()
	}
	asked := map[question]bool{}
	for _, it := range d.items {
		if q := (question{process.Step(it.Step), it.Subject}); asks(q.step) {
			asked[q] = true
			if !open[q] {
				d.find(AttemptStep, d.order.ID, "the step %s about %s has no open attempt", q.step, q.subject)
			}
		}
	}
	for q, isOpen := range open {
		if isOpen && !asked[q] {
			d.find(AttemptStep, d.order.ID, "no step %q asks for the open attempt about %s", q.step, q.subject)
		}
	}
}

func asks(step process.Step) bool {
	for _, s := range paymentSteps {
		if s == step {
			return true
		}
	}
	for _, s := range labelSteps {
		if s == step {
			return true
		}
	}
	return false
}

// checkNextStep looks for what is unfinished and goes on by nothing.
func (d *dossier) checkNextStep() {
	o := d.order
	if (!o.Status.Final() || o.End == order.EndCancelling) && o.Held == "" && !d.moves() && !d.settled() {
		d.find(NoNextStep, o.ID, "the order is %s (end %q), and no step follows", o.Status, o.End)
		return
	}
	for _, subject := range d.unfinished() {
		if len(d.about(subject)) == 0 {
			d.find(NoNextStep, o.ID, "no step follows for %s", subject)
		}
	}
}

// settled says whether all of the order that has not arrived was paid back, after it
// had left: then nothing more follows.
func (d *dossier) settled() bool {
	var units int64
	for id, repaid := range d.repaid() {
		if s, ok := d.shipment(id); ok && repaid {
			units += s.Units
		}
	}
	return units > 0 && units == d.order.Sums.Units-d.order.Sums.Arrived
}

// moves says whether a step of the order is due or waited for, beside those of
// its tickets.
func (d *dossier) moves() bool {
	return slices.ContainsFunc(d.items, func(it work.Item) bool {
		_, ofTicket := d.ticket(it.Subject)
		return !ofTicket
	})
}

func (d *dossier) paidAtGateway(id string) bool {
	p, ok := d.payment(id)
	return ok && atGateway(p)
}

func atGateway(p payment.Payment) bool {
	return p.Gateway != payment.Manual && p.Gateway != payment.Free
}

// unfinished returns the parts of an order that a step of their own must move.
func (d *dossier) unfinished() []string {
	var subjects []string
	for _, p := range d.payments {
		switch p.Status {
		case payment.StatusProcessing, payment.StatusRequiresPaymentMethod:
			subjects = append(subjects, p.ID)
		case payment.StatusRequiresCapture:
			if d.order.End.Over() {
				subjects = append(subjects, p.ID)
			}
		}
	}
	for _, f := range d.refunds {
		if f.Status == payment.RefundPending || f.Pays == "" && d.lastOf(f.ID, payment.EventRefundSucceeded, payment.EventRefundConfirmed, payment.EventRefundFailed) == payment.EventRefundSucceeded && d.paidAtGateway(f.Payment) {
			subjects = append(subjects, f.ID)
		}
	}
	return slices.Concat(subjects, d.openParcels(), d.awaited())
}

func (d *dossier) openParcels() (open []string) {
	repaid := d.repaid()
	for _, s := range d.shipments {
		if s.Status == shipping.Planned || s.Status == shipping.Shipped && s.DeliveredAt.IsZero() || s.Lacking() && !repaid[s.ID] {
			open = append(open, s.ID)
		}
	}
	return open
}

// awaited returns what is waited for to come: the order's goods, or its returns.
func (d *dossier) awaited() (open []string) {
	if d.order.Sums.Backordered > 0 && d.order.End != order.EndCancelling {
		open = append(open, d.order.ID)
	}
	for _, v := range d.returns {
		if v.Open() {
			open = append(open, v.ID)
		}
	}
	return open
}
