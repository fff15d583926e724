package cli

import (
	"doorstep"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

// orderRefund gives money back.
type orderRefund struct {
	Order   string   `arg:"" help:"The order: its number, id, or source/number."`
	Line    []string `help:"A line, and for how many of its units; for all that are left when it says none." placeholder:"N[=UNITS]" sep:"none" xor:"what"`
	Amount  string   `help:"An amount, taken from all lines by what is left of each." placeholder:"5.00" xor:"what"`
	All     bool     `help:"All that was not given back yet." xor:"what"`
	Reason  string   `help:"Why, for the books." required:"" placeholder:"TEXT"`
	Preview bool     `help:"Show what would be given back, and change nothing."`
	Version int64    `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderRefund) Help() string {
	return `Money only: the goods stay where they are. A line's units come to its part of the order's total, discount, shipping and tax included; never more is given back than that. The gateway is asked for it, and a week later whether the money has stayed with the customer; where it was paid elsewhere, a person gives it back (payment refunded).

Examples:

    doorstep order refund 1001 --line 2=1 --reason "chipped" --preview
    doorstep order refund 1001 --amount 5.00 --reason "late" --version 9`
}

// refunding is what a refund comes to.
type refunding struct {
	Preview bool               `json:"preview"`
	Plan    process.RefundPlan `json:"refund"`
}

// Run gives the money back, or previews it.
func (v *orderRefund) Run(s *session) error {
	if v.Preview {
		return v.preview(s)
	}
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		q, err := v.request(s, p)
		if err != nil {
			return err
		}
		_, err = p.Refund(s.ctx, v.asking(s, v.Order, v.Line, v.Amount, v.All, v.Reason, v.Version).At(v.Version), id, q)
		return err
	})
}

func (v *orderRefund) preview(s *session) error {
	done := refunding{Preview: true}
	err := s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err != nil {
			return err
		}
		q, err := v.request(s, shop.Process)
		if err != nil {
			return err
		}
		done.Plan, err = shop.Process.PreviewRefund(s.ctx, o.ID, q)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.refunding(done.Plan) })
}

// request reads what was typed, in the order's currency.
func (v *orderRefund) request(s *session, p *process.Process) (order.CreditRequest, error) {
	q := order.CreditRequest{All: v.All, Reason: v.Reason}
	lines, err := lineUnits(v.Line, "the refund")
	if err != nil {
		return q, err
	}
	for _, l := range lines {
		q.Lines = append(q.Lines, order.CreditLine(l))
	}
	if v.Amount == "" {
		return q, nil
	}
	o, err := p.FindOrder(s.ctx, v.Order)
	if err != nil {
		return q, err
	}
	a, err := money.Parse(v.Amount, o.Currency)
	if err != nil {
		return q, unreadable("--amount", err)
	}
	q.Amount = a.Minor
	return q, nil
}

func (s *screen) refunding(plan process.RefundPlan) {
	t := s.table("", column{title: "LINE", right: true}, column{title: "UNITS", right: true}, column{title: "GIVEN BACK", right: true})
	for _, l := range plan.Lines {
		t.add(digits(l.Line), digits(l.Quantity), money.Of(l.Amount, plan.Currency).Decimal())
	}
	t.print()
	s.printf("\n%s of %s that was taken and is not given back (%s).\n", money.Of(plan.Amount, plan.Currency), money.Of(plan.Kept, plan.Currency), printable(plan.Gateway))
	if plan.Here > 0 {
		s.printf("The goods that are still here (%s) leave all the same.\n", count(int(plan.Here), "unit", "units"))
	}
	s.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
}
