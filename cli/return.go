package cli

import (
	"strconv"
	"strings"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// lineUnits reads lines of an order as they are typed: a line's number, and how
// many units of it.
//
// Errors: invalid, of the flag.
func lineUnits(typed []string, what string) (lines []shipping.LineUnits, err error) {
	var c fault.Check
	for _, text := range typed {
		line, units, some := strings.Cut(text, "=")
		n, err := strconv.ParseInt(line, 10, 64)
		asked := shipping.LineUnits{Line: n}
		if some && err == nil {
			asked.Quantity, err = strconv.ParseInt(units, 10, 64)
		}
		c.If(err != nil || some && asked.Quantity < 1, "--line", "malformed", "a line's number, and how many units, as 2 or 2=1")
		lines = append(lines, asked)
	}
	return lines, c.Err(what)
}

// orderReturn allows a customer to send goods back.
type orderReturn struct {
	Order   string   `arg:"" help:"The order: its number, id, or source/number."`
	Line    []string `help:"A line, and how many of its units; all that may come back when it says none. Without any, all of the order." placeholder:"N[=UNITS]" sep:"none"`
	Reason  string   `help:"Why, as a word for programs: letters, digits and _." required:"" placeholder:"CODE"`
	Late    bool     `help:"Also what arrived longer ago than the policy's return_window."`
	Preview bool     `help:"Show what would come back, and change nothing."`
	Version int64    `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderReturn) Help() string {
	return `It is for what has arrived and is in no other return. What is sent back is waited for as long as the policy's return_within; then the return expires. When it comes, say so with return receive: it goes on hand again, and, as on_return has it, its money goes back or a ticket asks a person.

What arrived longer ago than return_window is refused with exit code 4, unless --late says that it is taken all the same.

Examples:

    doorstep order return 1001 --reason unwanted --preview
    doorstep order return 1001 --line 1=2 --reason too_small
    doorstep order return web/A-17 --reason broken --late`
}

// sendingBack is what a return comes to, before it is authorised.
type sendingBack struct {
	Preview bool               `json:"preview"`
	Plan    process.ReturnPlan `json:"return"`
}

// Run authorises the return, or previews it.
func (v *orderReturn) Run(s *session) error {
	lines, err := lineUnits(v.Line, "the return")
	if err != nil {
		return err
	}
	q := shipping.ReturnRequest{Lines: lines, Reason: v.Reason, Late: v.Late}
	if !v.Preview {
		return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
			_, err := p.AuthoriseReturn(s.ctx, v.command(s).At(v.Version), id, q)
			return err
		})
	}
	done := sendingBack{Preview: true}
	err = s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err == nil {
			done.Plan, err = shop.Process.PreviewReturn(s.ctx, o.ID, q)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.sendingBack(done.Plan) })
}

func (s *screen) sendingBack(plan process.ReturnPlan) {
	t := s.table("", column{title: "LINE", right: true}, column{title: "SKU", shrink: true}, column{title: "UNITS", right: true}, column{title: "BACK TO", shrink: true})
	for _, l := range plan.Lines {
		t.add(digits(l.Line), l.SKU, digits(l.Quantity), l.Location)
	}
	t.print()
	s.printf("\nWaited for until %s; then %s.\n", moment(plan.Until), givenBack(money.Of(plan.Refund, plan.Currency), plan.By))
	s.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
}

// givenBack says what becomes of the money for a return.
func givenBack(amount money.Amount, by policy.OnReturn) string {
	switch {
	case amount.Minor == 0:
		return "nothing is given back"
	case by == policy.OnReturnAsk:
		return "a person decides about " + amount.String()
	}
	return amount.String() + " is given back"
}

type returnVerbs struct {
	Receive returnReceive `cmd:"" help:"Say what came of a return, put it on hand, and give its money back."`
	Cancel  returnCancel  `cmd:"" help:"Say that a return is not to come."`
	Show    returnShow    `cmd:"" help:"Show one return."`
	List    returnList    `cmd:"" help:"List returns, the newest first."`
}

// returnReceive receives a return.
type returnReceive struct {
	Return   string   `arg:"" help:"The return: its id; or its order, where only one of its returns is waited for."`
	Line     []string `help:"What came: a line, and how many of its units. Without any, all of it." placeholder:"N[=UNITS]" sep:"none"`
	Unfit    []Item   `help:"What of it can not be sold again, and how many." placeholder:"CUP=1" sep:"none"`
	WriteOff bool     `help:"Nothing of it can be sold again."`
	Withhold bool     `help:"For what can not be sold again, no money is given back."`
	Location string   `help:"Where it is put; where it left from by default." placeholder:"LOCATION"`
	Preview  bool     `help:"Show what would be put on hand and given back, and change nothing."`
	Version  int64    `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (returnReceive) Help() string {
	return `What is fit to be sold goes on hand; the rest is written off. As the policy's on_return has it, the money for what came is given back, or a ticket asks a person. For a unit whose money went back before, none is given again. What did not come may be returned anew.

Examples:

    doorstep return receive 1001 --preview
    doorstep return receive 1001 --line 1=1 --location main
    doorstep return receive 1001 --unfit CUP=1 --withhold`
}

// receiving is what receiving a return comes to, before it is received.
type receiving struct {
	Preview bool `json:"preview"`
	process.ReceivingPlan
}

// Run receives the return, or previews that.
func (v *returnReceive) Run(s *session) error {
	lines, err := lineUnits(v.Line, "the reception")
	if err != nil {
		return err
	}
	q := shipping.Reception{Lines: lines, Location: v.Location, Withhold: v.Withhold, Grading: grading(v.WriteOff, v.Unfit)}
	if !v.Preview {
		return s.changeReturn(v.working, v.asking(s, v.Return, q).At(v.Version), v.Return, func(p *process.Process, by process.Command, of shipping.Return) error {
			_, err := p.ReceiveReturn(s.ctx, by, of.Order, of.ID, q)
			return err
		})
	}
	plan := receiving{Preview: true}
	err = s.reading(func(shop *doorstep.Shop) error {
		of, err := shop.Process.FindReturn(s.ctx, v.Return)
		if err == nil {
			plan.ReceivingPlan, err = shop.Process.PreviewReceiveReturn(s.ctx, of.Order, of.ID, q)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(plan, func() { s.out.receiving(plan.ReceivingPlan) })
}

// grading reads what can not be sold again.
func grading(writeOff bool, unfit []Item) shipping.Grading {
	g := shipping.Grading{WriteOff: writeOff, Unfit: map[string]int64{}}
	for _, i := range unfit {
		g.Unfit[i.SKU] += i.Quantity
	}
	return g
}

func (s *screen) receiving(plan process.ReceivingPlan) {
	t := s.table("", column{title: "LINE", right: true}, column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true},
		column{title: "BACK ON HAND", right: true}, column{title: "WRITTEN OFF", right: true})
	for _, l := range plan.Lines {
		t.add(digits(l.Line), l.SKU, l.Location, digits(l.Restocked), digits(l.Came-l.Restocked))
	}
	t.print()
	then := "Then " + givenBack(money.Of(plan.Refund, plan.Currency), plan.By) + "."
	switch {
	case plan.Pays > 0:
		then = "Then " + money.Of(plan.Pays, plan.Currency).String() + " pays for what is wanted instead, and " + strings.TrimPrefix(then, "Then ")
	case plan.Exchange != "":
		then = "That does not pay for what is wanted instead: the new order is cancelled. " + then
	}
	s.printf("\n")
	s.hanging("", then)
	s.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
}

// changeReturn carries out a use case on a return that was named, and shows how
// its order stands. Which return it is may be left to the shop: sent again under
// its key, the command is about the one that it was about.
func (s *session) changeReturn(w working, by process.Command, what string, do func(p *process.Process, by process.Command, of shipping.Return) error) error {
	v, err := s.change(w, func(shop *doorstep.Shop) (string, error) {
		of, err := shop.Process.FindReturn(s.ctx, what)
		if fault.Is(err, fault.Conflict) && by.Key != "" {
			none := err
			var o order.Order
			if o, err = shop.Process.FindOrder(s.ctx, what); err != nil {
				return "", err
			}
			of.Order = o.ID // the command may have been carried out: the key knows
			if err = do(shop.Process, by, of); fault.Is(err, fault.NotFound) {
				err = none
			}
			return of.Order, err
		}
		if err != nil {
			return "", err
		}
		return of.Order, do(shop.Process, by, of)
	})
	if err != nil {
		return err
	}
	return s.out.show(placed{Order: v.Order}, func() { s.out.summary(v, nil) })
}

// returnCancel gives a return up.
type returnCancel struct {
	Return string `arg:"" help:"The return: its id; or its order, where only one of its returns is waited for."`
	rehearsed
}

// Help is the detail of the verb's help.
func (returnCancel) Help() string {
	return `The goods stay with the customer. They may be returned anew.

Examples:

    doorstep return cancel 1001`
}

// Run gives the return up.
func (v *returnCancel) Run(s *session) error {
	return s.orRehearsed(s.changeReturn(v.then(), v.may(v.asking(s, v.Return)), v.Return, func(p *process.Process, by process.Command, of shipping.Return) error {
		_, err := p.CancelReturn(s.ctx, by, of.Order, of.ID)
		return err
	}))
}

// returnShow shows one return.
type returnShow struct {
	Return string `arg:"" help:"The return: its id; or its order, where only one of its returns is waited for."`
}

// Help is the detail of the verb's help.
func (returnShow) Help() string {
	return `Examples:

    doorstep return show 1001
    doorstep return show 1001 --json`
}

// returned is a return with its lines.
type returned struct {
	shipping.Return
	Lines []shipping.ReturnLine `json:"lines"`
}

// Run shows the return.
func (v *returnShow) Run(s *session) error {
	var of returned
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		if of.Return, err = shop.Process.FindReturn(s.ctx, v.Return); err != nil {
			return err
		}
		o, err := shop.Process.Show(s.ctx, of.Order)
		of.Lines = o.Coming[of.ID]
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(of, func() { s.out.returned(of) })
}

// returned writes one return.
func (s *screen) returned(of returned) {
	s.heading("Return for %s: %s", words(of.Reason), words(of.Status))
	s.paragraph(of.ID + ", " + cameOf(of.Return))
	if of.Exchange != "" {
		s.paragraph("exchanged for " + of.Exchange)
	}
	t := s.table("  ", column{title: "LINE", right: true}, column{title: "SKU", shrink: true}, column{title: "UNITS", right: true},
		column{title: "CAME", right: true}, column{title: "BACK ON HAND", right: true}, column{title: "LOCATION", shrink: true})
	for _, l := range of.Lines {
		t.add(digits(l.Line), l.SKU, digits(l.Quantity), digits(l.Came), digits(l.Restocked), l.Location)
	}
	t.print()
}

// cameOf says what of a return came, or until when it is waited for.
func cameOf(r shipping.Return) string {
	switch r.Status {
	case shipping.ReturnAuthorised:
		return count(int(r.Units), "unit", "units") + ", waited for until " + moment(r.Until)
	case shipping.ReturnReceived:
		return digits(r.Came) + " of " + count(int(r.Units), "unit", "units") + " came, " + digits(r.Restocked) + " on hand again"
	}
	return "nothing came"
}

// returnList lists returns.
type returnList struct {
	Status *shipping.ReturnStatus `help:"Only those with this status: ${enum}." enum:"authorised, received, canceled, expired" placeholder:"STATUS"`
	Limit  int                    `help:"How many at most." default:"20" placeholder:"N"`
	Before string                 `help:"Only those before this one: the next page." placeholder:"RETURN"`
}

// Help is the detail of the verb's help.
func (returnList) Help() string {
	return `Examples:

    doorstep return list --status authorised
    doorstep return list --limit 100 --json`
}

// Run lists the returns.
func (v *returnList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	found, err := view(s, func(r db.Reader) ([]shipping.Return, error) {
		return shipping.ListReturns(r, shipping.ReturnFilter{Status: given(v.Status), Before: v.Before, Limit: v.Limit})
	})
	if err != nil {
		return err
	}
	p := pageOf(found)
	if len(found) == v.Limit {
		p.Before = found[len(found)-1].ID
	}
	return s.out.show(p, func() { s.out.returns(p) })
}

func (s *screen) returns(p page[shipping.Return]) {
	if len(p.Items) == 0 {
		s.printf("There are no such returns.\n")
		return
	}
	t := s.table("", column{title: "RETURN"}, column{title: "STATUS", status: true}, column{title: "REASON", shrink: true}, column{title: "ABOUT", shrink: true})
	for _, r := range p.Items {
		t.add(r.ID, words(r.Status), words(r.Reason), cameOf(r))
	}
	t.print()
	if p.Before != "" {
		s.printf("There may be more: --before %s\n", p.Before)
	}
}
