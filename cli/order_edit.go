package cli

import (
	"cmp"
	"strconv"
	"strings"

	"doorstep"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

// orderEdit changes what is ordered, and how it is shipped.
type orderEdit struct {
	Order  string   `arg:"" help:"The order: its number, id, or source/number."`
	Line   []string `help:"A line, and how many of its units are still wanted; 0 takes it out." placeholder:"N=UNITS" sep:"none"`
	Add    []Item   `help:"What is wanted beside, and how many of it, at the catalogue's price." placeholder:"CUP=2" sep:"none"`
	Method string   `help:"Another shipping method, for what has not left." placeholder:"express"`

	Withdraw bool `help:"Give up a change that waits for a provider's answer."`
	editing
}

// editing is what every change of an order has.
type editing struct {
	Reason  string `help:"Why: kept as a note." placeholder:"TEXT"`
	Preview bool   `help:"Show what would be changed, and change nothing."`
	Version int64  `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderEdit) Help() string {
	return `Fewer units: what was paid for them goes back, or less is taken, and they are free again. Parcels that hold them are packed anew, their labels given back. Further units: while no one was asked for the money, or when no more is to be paid than was authorised. While a provider is being asked, the order is changed as soon as it has answered. What has left can no longer be changed: exit code 4.

Examples:

    doorstep order edit 1001 --line 2=0 --preview
    doorstep order edit 1001 --line 2=0 --add POT=1 --version 3
    doorstep order edit 1001 --method express
    doorstep order edit 1001 --withdraw`
}

// Run changes the order, or previews it.
func (v *orderEdit) Run(s *session) error {
	if v.Withdraw {
		return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
			_, err := p.WithdrawEdit(s.ctx, v.command(s), id)
			return err
		})
	}
	q := order.Edit{Method: v.Method, Reason: v.Reason}
	for _, i := range v.Add {
		q.Add = append(q.Add, order.LineRequest{SKU: i.SKU, Quantity: i.Quantity})
	}
	lines, err := linesOf(v.Line, 0)
	if err != nil {
		return err
	}
	for _, l := range lines {
		q.Lines = append(q.Lines, order.EditLine{Line: l[0], Quantity: l[1]})
	}
	return v.run(s, v.Order, func(*process.Process) (order.Edit, error) { return q, nil }, v.Line, v.Add, v.Method)
}

// linesOf reads lines with their units, of which there are at least so many.
func linesOf(typed []string, least int64) (lines [][2]int64, err error) {
	var c fault.Check
	for _, one := range typed {
		line, units, _ := strings.Cut(one, "=")
		n, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			c.Add("--line", "malformed", "a line's number, and how many units, as 2=1")
			continue
		}
		m, err := strconv.ParseInt(units, 10, 64)
		c.If(err != nil || m < least, "--line", "malformed", "a line's number, and how many units, as 2=1")
		lines = append(lines, [2]int64{n, m})
	}
	return lines, c.Err("the change")
}

// run changes an order, or previews it.
func (v *editing) run(s *session, what string, request func(*process.Process) (order.Edit, error), typed ...any) error {
	if v.Preview {
		return v.preview(s, what, request)
	}
	return s.changeOrder(v.working, what, func(p *process.Process, id string) error {
		q, err := request(p)
		if err != nil {
			return err
		}
		_, err = p.Edit(s.ctx, v.asking(s, what, typed, v.Reason, v.Version).At(v.Version), id, q)
		return err
	})
}

// edited is what a change of an order comes to.
type edited struct {
	Preview bool             `json:"preview"`
	Plan    process.EditPlan `json:"change"`
}

func (v *editing) preview(s *session, what string, request func(*process.Process) (order.Edit, error)) error {
	done := edited{Preview: true}
	err := s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, what)
		if err != nil {
			return err
		}
		q, err := request(shop.Process)
		if err != nil {
			return err
		}
		done.Plan, err = shop.Process.PreviewEdit(s.ctx, o.ID, q)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.editing(done.Plan) })
}

func (s *screen) editing(plan process.EditPlan) {
	if len(plan.Lines) > 0 {
		t := s.table("", column{title: "LINE", right: true}, column{title: "SKU"}, column{title: "UNITS", right: true}, column{title: "THEN", right: true})
		for _, l := range plan.Lines {
			t.add(digits(l.Line), l.SKU, digits(l.From), digits(l.To))
		}
		t.print()
		s.printf("\n")
	}
	amount := func(minor int64) money.Amount { return money.Of(minor, plan.Currency) }
	switch {
	case plan.Refund > 0:
		s.printf("%s of %s goes back to the customer.\n", amount(plan.Refund), amount(plan.Total))
	case plan.After != plan.Total:
		s.printf("To pay: %s, in the place of %s.\n", amount(plan.After), amount(plan.Total))
	default:
		s.printf("No money moves.\n")
	}
	s.editedGoods(plan)
	s.editedParcels(plan)
	if plan.Waits {
		s.printf("It would be changed as soon as a provider has answered.\n")
	}
	s.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
}

// editedGoods says what a change does to the stock.
func (s *screen) editedGoods(plan process.EditPlan) {
	if plan.Withdrawn != "" {
		s.printf("What %s held would not be sent anew.\nThat parcel would count as %s.\n", plan.Withdrawn, words(plan.Stands))
	}
	if n := plan.Freed - plan.Unwaited; n > 0 {
		s.printf("%s would be free again.\n", count(int(n), "unit", "units"))
	}
	if plan.Unwaited > 0 {
		s.printf("%s would be waited for no more.\n", count(int(plan.Unwaited), "unit", "units"))
	}
	for _, r := range plan.Kept {
		s.printf("%d of %s would be kept at %s.\n", r.Quantity, printable(r.SKU), printable(r.Location))
	}
	for _, short := range plan.Short {
		s.printf("Of %s, %d are wanted beside and %d are there: nothing would be changed.\n", printable(short.SKU), short.Wanted, short.Available)
	}
}

// editedParcels says what a change does to what is packed.
func (s *screen) editedParcels(plan process.EditPlan) {
	becomes := "packed anew"
	if plan.Withdrawn != "" {
		becomes = "given up"
	}
	if n := len(plan.Repacked); n > 0 {
		s.printf("%s would be %s.\n", count(n, "parcel", "parcels"), becomes)
	}
	if n := len(plan.Voided); n > 0 {
		s.printf("%s would be given back.\n", count(n, "label", "labels"))
	}
}

// orderAddress changes where an order goes.
type orderAddress struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
	newAddress
	editing
}

// newAddress is where an order is to go.
type newAddress struct {
	Name       string `help:"Who receives it; as before by default."`
	Address    string `help:"Street and number." placeholder:"LINE"`
	Address2   string `name:"address2" help:"A second line of the address." placeholder:"LINE"`
	City       string `help:"City; as before by default."`
	Region     string `help:"Region, where the country has them."`
	PostalCode string `help:"Postal code." placeholder:"CODE"`
	Country    string `help:"Country: ISO 3166-1 alpha-2; as before by default." placeholder:"GB"`
}

// to returns the address, nil when none is given.
//
// Errors: invalid when it is a part of one, or no order is named; not_found.
func (v newAddress) to(s *session, p *process.Process, what string) (*order.Address, error) {
	if v == (newAddress{}) {
		return nil, nil
	}
	if v.Address == "" {
		return nil, invalid("--address is needed: street and number")
	}
	if what == "" {
		return nil, invalid("--address is that of an order: name it")
	}
	o, err := p.Show(s.ctx, what)
	if err != nil {
		return nil, err
	}
	was := o.Contact.ShipTo
	return &order.Address{Name: cmp.Or(v.Name, was.Name), Line1: v.Address, Line2: v.Address2, City: cmp.Or(v.City, was.City),
		Region: v.Region, PostalCode: v.PostalCode, Country: cmp.Or(v.Country, was.Country)}, nil
}

// Help is the detail of the verb's help.
func (orderAddress) Help() string {
	return `Until it is handed over: labels that are bought are given back, and bought anew. What has left goes where it was to go; when all has left, it is too late: exit code 4.

Examples:

    doorstep order address 1001 --address "2 Sample Street" --preview
    doorstep order address 1001 --address "2 Sample Street" --city Sampleton`
}

// Run changes the address, or previews it.
func (v *orderAddress) Run(s *session) error {
	if v.Address == "" {
		return invalid("--address is needed: street and number")
	}
	request := func(p *process.Process) (order.Edit, error) {
		to, err := v.to(s, p, v.Order)
		return order.Edit{ShipTo: to, Reason: v.Reason}, err
	}
	return v.run(s, v.Order, request, v.Name, v.Address, v.Address2, v.City, v.Region, v.PostalCode, v.Country)
}
