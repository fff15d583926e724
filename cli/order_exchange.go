package cli

import (
	"doorstep"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// orderExchange takes goods back for others.
type orderExchange struct {
	Order   string   `arg:"" help:"The order: its number, id, or source/number."`
	Line    []string `help:"What is sent back: a line, and how many of its units; all that may come back when it says none. Without any, all of the order." placeholder:"N[=UNITS]" sep:"none"`
	For     []Item   `help:"What is wanted instead, and how many of it." placeholder:"CUP=1" sep:"none" required:""`
	Reason  string   `help:"Why, as a word for programs: letters, digits and _." required:"" placeholder:"CODE"`
	Late    bool     `help:"Also what arrived longer ago than the policy's return_window."`
	Preview bool     `help:"Show what would come back and what would be sent, and change nothing."`
	Version int64    `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderExchange) Help() string {
	return `A return (see order return), and a new order for the same customer in its place, at the catalogue's prices and without shipping. What is wanted is reserved at once, and sent when what comes back pays for it (return receive); the rest of the money goes back to the customer. Where the return expires, is cancelled or does not pay for it, the new order is cancelled.

What is dearer than what comes back is refused with exit code 4: have the goods sent back with order return, and place an order of its own.

Examples:

    doorstep order exchange 1001 --line 1=1 --for CUP --reason broken --preview
    doorstep order exchange 1001 --line 2 --for CUP --for LAMP=2 --reason broken`
}

// exchanging is what an exchange comes to, before it is made.
type exchanging struct {
	Preview bool                 `json:"preview"`
	Plan    process.ExchangePlan `json:"exchange"`
}

// Run exchanges the goods, or previews that.
func (v *orderExchange) Run(s *session) error {
	lines, err := lineUnits(v.Line, "the return")
	if err != nil {
		return err
	}
	q := process.ExchangeRequest{Return: shipping.ReturnRequest{Lines: lines, Reason: v.Reason, Late: v.Late}}
	for _, i := range v.For {
		q.Lines = append(q.Lines, order.LineRequest{SKU: i.SKU, Quantity: i.Quantity})
	}
	if v.Preview {
		return v.preview(s, q)
	}
	var done process.Exchanged
	made, err := s.change(v.working, func(shop *doorstep.Shop) (string, error) {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err != nil {
			return "", err
		}
		r, err := shop.Process.Exchange(s.ctx, v.command(s).At(v.Version), o.ID, q)
		done = r.Value
		return done.New.ID, err
	})
	if err != nil {
		return err
	}
	done.New = made.Order
	return s.out.show(done, func() {
		s.out.summary(made, nil)
		s.out.printf("  in exchange for what comes back of order %d\n", done.Order.Number)
	})
}

func (v *orderExchange) preview(s *session, q process.ExchangeRequest) error {
	done := exchanging{Preview: true}
	err := s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err == nil {
			done.Plan, err = shop.Process.PreviewExchange(s.ctx, o.ID, q)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.exchanging(done.Plan) })
}

func (s *screen) exchanging(plan process.ExchangePlan) {
	t := s.table("", column{}, column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true}, column{title: "UNITS", right: true})
	for _, l := range plan.Return.Lines {
		t.add("back", l.SKU, l.Location, digits(l.Quantity))
	}
	for _, r := range plan.From {
		t.add("instead", r.SKU, r.Location, digits(r.Quantity))
	}
	t.print()
	for _, b := range plan.Waiting {
		s.printf("%s: %d are not there, and are waited for\n", printable(b.SKU), b.Quantity)
	}
	for _, x := range plan.Short {
		s.printf("%s: %d wanted, %d there\n", printable(x.SKU), x.Wanted, x.Available)
	}
	amount := func(minor int64) money.Amount { return money.Of(minor, plan.Return.Currency) }
	s.printf("\nWaited for until %s. Of %s for what comes back:\n", moment(plan.Return.Until), amount(plan.Return.Refund))
	s.printf("  %s pays for what is wanted instead\n  %s goes back to the customer\n", amount(plan.Total), amount(plan.Rest))
	s.printf("Nothing has changed: this was a preview of version %d.\n", plan.Return.Version)
}
