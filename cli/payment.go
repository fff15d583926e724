package cli

import (
	"doorstep"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/payment"
	"doorstep/process"
)

type paymentVerbs struct {
	Record   paymentRecord   `cmd:"" help:"Say that an order was paid elsewhere."`
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
	keyed
	working
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
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
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
		_, err = p.RecordPayment(s.ctx, v.asking(s, v.Order, v.Amount, v.Reference), id, record)
		return err
	})
}

// paymentRefunded records what was given back elsewhere.
type paymentRefunded struct {
	Order     string `arg:"" help:"The order: its number, id, or source/number."`
	Refund    string `arg:"" optional:"" help:"The refund's id; needed where several are waited for."`
	Reference string `help:"Where it is to be found, such as a line of a bank statement." required:"" placeholder:"TEXT"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentRefunded) Help() string {
	return `For orders that were paid elsewhere and whose money has to go back there.

Examples:

    doorstep payment refunded 1001 --reference "statement 9, line 3"`
}

// Run records the refund.
func (v *paymentRefunded) Run(s *session) error {
	return s.changeRefund(v.working, v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.RecordRefund(s.ctx, v.asking(s, v.Order, v.Refund, v.Reference), f.Order, f.ID, payment.Record{Reference: v.Reference, Amount: f.Amount})
		return err
	})
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
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentReturned) Help() string {
	return `For a refund whose money came back to the shop, and for one that the gateway does not make and that waits for a person. The gateway is asked first: where it says that the refund stands, nothing is recorded. The money counts as the shop's again, and a ticket says so: refund it again, or give it back elsewhere.

Examples:

    doorstep payment returned 1001`
}

// Run records that the money is the shop's.
func (v *paymentReturned) Run(s *session) error {
	return s.changeRefund(v.working, v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.FailRefund(s.ctx, v.asking(s, v.Order, v.Refund), f.Order, f.ID)
		return err
	})
}

// paymentWithdraw takes a refund back.
type paymentWithdraw struct {
	Order  string `arg:"" help:"The order: its number, id, or source/number."`
	Refund string `arg:"" optional:"" help:"The refund's id; needed where there are several."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentWithdraw) Help() string {
	return `For a refund of what was paid elsewhere, which a person is still to make: it is not to be made, and its money counts as the shop's. What is owed stays owed: the money of an order that is over, of goods that came back, and of what was taken out of the order.

Examples:

    doorstep payment withdraw 1001`
}

// Run takes the refund back.
func (v *paymentWithdraw) Run(s *session) error {
	return s.changeRefund(v.working, v.Order, v.Refund, func(p *process.Process, f payment.Refund) error {
		_, err := p.WithdrawRefund(s.ctx, v.asking(s, v.Order, v.Refund), f.Order, f.ID)
		return err
	})
}

// paymentVoided records that an authorisation is gone.
type paymentVoided struct {
	Order     string `arg:"" help:"The order: its number, id, or source/number."`
	Reference string `help:"How it is known, such as the gateway's own page." required:"" placeholder:"TEXT"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (paymentVoided) Help() string {
	return `For an order that is over and whose authorisation the gateway would not give up: it waits for a person, who has seen that it has lapsed or was given up there. While the gateway is still asked, it can not be recorded: exit code 4.

Examples:

    doorstep payment voided 1001 --reference "lapsed, as the gateway shows"`
}

// Run records that it is gone.
func (v *paymentVoided) Run(s *session) error {
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		_, err := p.RecordVoid(s.ctx, v.command(s), id, v.Reference)
		return err
	})
}
