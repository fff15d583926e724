package cli

import (
	"context"

	"doorstep"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/payment"
	"doorstep/process"
)

type paymentVerbs struct {
	Record   paymentRecord   `cmd:"" help:"Say that an order was paid elsewhere."`
	Capture  paymentCapture  `cmd:"" help:"Have the money taken now that is authorised."`
	Void     paymentVoid     `cmd:"" help:"Have an authorisation given up, and the order cancelled."`
	Refunded paymentRefunded `cmd:"" help:"Say that money was given back elsewhere."`
	Returned paymentReturned `cmd:"" help:"Say that a refund did not reach the customer."`
	Withdraw paymentWithdraw `cmd:"" help:"Take back a refund that was begun by mistake, before it is made."`
	Voided   paymentVoided   `cmd:"" help:"Say that an authorisation is gone that the gateway did not give up."`
}

// paymentRecord records what was paid elsewhere.
type paymentRecord struct {
	Order     string `arg:"" help:"The order: its number, id, or source/number."`
	Amount    string `help:"What was paid; all that is to be paid by default." placeholder:"12.50"`
	Reference string `help:"Where the payment is to be found, such as a line of a bank statement." required:"" placeholder:"TEXT"`
	rehearsed
}

// Help is the detail of the verb's help.
func (paymentRecord) Help() string {
	return `For orders that are paid by bank transfer or on delivery (--gateway manual).

Examples:

    doorstep payment record 1001 --reference "statement 7, line 12"
    doorstep payment record web/A-17 --amount 12.95 --reference "cash book 88"`
}

// Run records the payment.
func (v *paymentRecord) Run(s *session) error {
	return s.orRehearsed(s.changeOrder(v.then(), v.Order, func(p *process.Process, id string) error {
		o, err := p.FindOrder(s.ctx, id)
		if err != nil {
			return err
		}
		record := payment.Record{Reference: v.Reference, Amount: o.Total}
		if v.Amount != "" {
			paid, err := money.Parse(v.Amount, o.Currency)
			if err != nil {
				return unreadable("--amount", err)
			}
			record.Amount = paid.Minor
		}
		_, err = p.RecordPayment(s.ctx, v.may(v.asking(s, v.Order, v.Amount, v.Reference)), id, record)
		return err
	}))
}

// paymentCapture takes what is authorised.
type paymentCapture struct {
	Order   string `arg:"" help:"The order: its number, id, or source/number."`
	Preview bool   `help:"Show what would be taken, and change nothing."`
	Version int64  `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentCapture) Help() string {
	return `For a shop that takes the money only when a parcel is about to leave (policy capture=on_handover). All of it is taken; what the gateway declines for good ends the order, as any capture.

Examples:

    doorstep payment capture 1001 --preview
    doorstep payment capture 1001`
}

// capturing is what a capture takes, before it is made.
type capturing struct {
	Preview bool                `json:"preview"`
	Plan    process.CapturePlan `json:"capture"`
}

// Run has the money taken, or previews it.
func (v *paymentCapture) Run(s *session) error {
	if !v.Preview {
		return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
			_, err := p.Capture(s.ctx, v.command(s).At(v.Version), id)
			return err
		})
	}
	plan, err := preview(s, v.Order, (*process.Process).PreviewCapture)
	if err != nil {
		return err
	}
	return s.out.show(capturing{true, plan}, func() {
		s.out.printf("%s would be taken by %s.\n", money.Of(plan.Amount, plan.Currency), plan.Gateway)
		s.out.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
	})
}

// preview asks what a change of an order comes to.
func preview[P any](s *session, orderRef string, ask func(*process.Process, context.Context, string) (P, error)) (plan P, err error) {
	err = s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, orderRef)
		if err == nil {
			plan, err = ask(shop.Process, s.ctx, o.ID)
		}
		return err
	})
	return plan, err
}

// paymentVoid gives an authorisation up.
type paymentVoid struct {
	Order   string `arg:"" help:"The order: its number, id, or source/number."`
	Reason  string `help:"Why, for the books." placeholder:"TEXT"`
	Preview bool   `help:"Show what would be undone, and change nothing."`
	Version int64  `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentVoid) Help() string {
	return `Nothing can leave that no one pays: an order that is going on is cancelled for it. Its labels are given back first, and then the gateway is asked. Of an order that is over, and whose authorisation the gateway would not give up, it is asked again. What is taken can not be given up, but refunded: exit code 4.

Examples:

    doorstep payment void 1001 --preview
    doorstep payment void 1001 --reason "The customer pays otherwise."`
}

// Run gives it up, or previews that.
func (v *paymentVoid) Run(s *session) error {
	if !v.Preview {
		return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
			_, err := p.Void(s.ctx, v.command(s).At(v.Version), id, v.Reason)
			return err
		})
	}
	return s.previewCancelling(v.Order, (*process.Process).PreviewVoid)
}

// paymentRefunded records what was given back elsewhere.
type paymentRefunded struct {
	Order     string `arg:"" help:"The order: its number, id, or source/number."`
	Refund    string `arg:"" optional:"" help:"The refund's id; needed where several are waited for."`
	Reference string `help:"Where it is to be found, such as a line of a bank statement." required:"" placeholder:"TEXT"`
	rehearsed
}

// Help is the detail of the verb's help.
func (paymentRefunded) Help() string {
	return `For orders that were paid elsewhere and whose money has to go back there.

Examples:

    doorstep payment refunded 1001 --reference "statement 9, line 3"`
}

// Run records the refund.
func (v *paymentRefunded) Run(s *session) error {
	return s.orRehearsed(s.changeRefund(v.then(), v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.RecordRefund(s.ctx, v.may(v.asking(s, v.Order, v.Refund, v.Reference)), f.Order, f.ID, payment.Record{Reference: v.Reference, Amount: f.Amount})
		return err
	}))
}

// changeRefund does something about the refund that was named, or the only one
// there is, and shows its order.
func (s *session) changeRefund(w working, orderRef, id string, do func(*process.Process, payment.Refund) error) error {
	o, err := s.change(w, func(shop *doorstep.Shop) (string, error) {
		o, err := shop.Process.Show(s.ctx, orderRef)
		if err != nil {
			return "", err
		}
		f, err := refundOf(o, id)
		if err != nil {
			return "", err
		}
		return o.Order.ID, do(shop.Process, f)
	})
	if err != nil {
		return err
	}
	return s.out.show(placed{Order: o.Order}, func() { s.out.summary(o, nil) })
}

// refundOf returns the refund that was named, or the only one there is.
func refundOf(o process.Overview, id string) (payment.Refund, error) {
	if id == "" && len(o.Refunds) == 1 {
		return o.Refunds[0], nil
	}
	for _, f := range o.Refunds {
		if f.ID == id {
			return f, nil
		}
	}
	if id == "" {
		return payment.Refund{}, fault.New(fault.Conflict, "order %d has %s: name one by its id", o.Order.Number, count(len(o.Refunds), "refund", "refunds"))
	}
	return payment.Refund{}, fault.New(fault.NotFound, "order %d has no refund %q", o.Order.Number, id)
}

// paymentReturned records that a refund has failed.
type paymentReturned struct {
	Order  string `arg:"" help:"The order: its number, id, or source/number."`
	Refund string `arg:"" optional:"" help:"The refund's id; needed where there are several."`
	rehearsed
}

// Help is the detail of the verb's help.
func (paymentReturned) Help() string {
	return `For a refund whose money came back to the shop, and for one that the gateway does not make and that waits for a person. The gateway is asked first: where it says that the refund stands, nothing is recorded. The money counts as the shop's again, and a ticket says so: refund it again, or give it back elsewhere.

Examples:

    doorstep payment returned 1001`
}

// Run records that the money is the shop's.
func (v *paymentReturned) Run(s *session) error {
	return s.orRehearsed(s.changeRefund(v.then(), v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.FailRefund(s.ctx, v.may(v.asking(s, v.Order, v.Refund)), f.Order, f.ID)
		return err
	}))
}

// paymentWithdraw takes a refund back.
type paymentWithdraw struct {
	Order  string `arg:"" help:"The order: its number, id, or source/number."`
	Refund string `arg:"" optional:"" help:"The refund's id; needed where there are several."`
	rehearsed
}

// Help is the detail of the verb's help.
func (paymentWithdraw) Help() string {
	return `For a refund of what was paid elsewhere, which a person is still to make: it is not to be made, and its money counts as the shop's. What is owed stays owed: the money of an order that is over, of goods that came back, and of what was taken out of the order.

Examples:

    doorstep payment withdraw 1001`
}

// Run takes the refund back.
func (v *paymentWithdraw) Run(s *session) error {
	return s.orRehearsed(s.changeRefund(v.then(), v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.WithdrawRefund(s.ctx, v.may(v.asking(s, v.Order, v.Refund)), f.Order, f.ID)
		return err
	}))
}

// paymentVoided records that an authorisation is gone.
type paymentVoided struct {
	Order     string `arg:"" help:"The order: its number, id, or source/number."`
	Reference string `help:"How it is known, such as the gateway's own page." required:"" placeholder:"TEXT"`
	rehearsed
}

// Help is the detail of the verb's help.
func (paymentVoided) Help() string {
	return `For an order that is over and whose authorisation the gateway would not give up: it waits for a person, who has seen that it has lapsed or was given up there. While the gateway is still asked, it can not be recorded: exit code 4.

Examples:

    doorstep payment voided 1001 --reference "lapsed, as the gateway shows"`
}

// Run records that it is gone.
func (v *paymentVoided) Run(s *session) error {
	return s.orRehearsed(s.changeOrder(v.then(), v.Order, func(p *process.Process, id string) error {
		_, err := p.RecordVoid(s.ctx, v.may(v.command(s)), id, v.Reference)
		return err
	}))
}
