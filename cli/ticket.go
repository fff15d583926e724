package cli

import (
	"cmp"
	"context"
	"strconv"

	"doorstep"
	"doorstep/access"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/process"
	"doorstep/support"
)

type ticketVerbs struct {
	Open    ticketOpen    `cmd:"" help:"Raise a matter, about an order or about none."`
	List    ticketList    `cmd:"" help:"List tickets, the newest first."`
	Show    ticketShow    `cmd:"" help:"Show what was written and decided."`
	Assign  ticketAssign  `cmd:"" help:"Say who sees to it."`
	Approve ticketApprove `cmd:"" help:"Have done what is proposed, or reject it."`
	Reply   ticketReply   `cmd:"" help:"Write to the customer, or for them."`
	Note    ticketNote    `cmd:"" help:"Write for those who see to it, not for the customer."`
	Views   ticketViews   `cmd:"" help:"Say how many tickets there are in each view."`
	Resolve ticketResolve `cmd:"" help:"Say that it is solved, and how."`
	Reopen  ticketReopen  `cmd:"" help:"Say that it is not solved after all."`
}

// ticketOpen raises a ticket.
type ticketOpen struct {
	Order    string           `help:"The order that it is about: its number, id, or source/number." placeholder:"ORDER"`
	Category support.Category `help:"What it is about: order_issue, where_is_my_order, damaged, wrong_item, return, cancel_request, address_change, payment_issue or other." default:"other" placeholder:"NAME"`
	Message  string           `help:"What the customer says." required:"" placeholder:"TEXT"`
	Line     []string         `help:"A line that it is about, and how many of its units; all when it says none." placeholder:"N[=UNITS]" sep:"none"`
	Hold     bool             `help:"Hold the order until the ticket is solved."`
	newAddress
	keyed
	working
}

// Help is the detail of the verb's help.
func (ticketOpen) Help() string {
	return `What the rules can decide is decided at once; anything else waits for a person. What was broken or wrong is refunded for the lines that are named, within the limits of the policy (ticket_limits); what is beyond them is proposed, and a second person approves it. Where the policy's on_complaint is return, it is sent back first, as what a ticket of the category return is about. With --address, of the category address_change, the order goes there, where nothing is in the way; a change of the country is left to a person.

Examples:

    doorstep ticket open --order 1001 --category where_is_my_order \
        --message "It has not arrived."
    doorstep ticket open --order 1001 --category cancel_request \
        --message "I have ordered twice."
    doorstep ticket open --order 1001 --category damaged --line 2=1 \
        --message "One of the cups is broken."
    doorstep ticket open --order 1001 --category return --line 1 \
        --message "It is too small."
    doorstep ticket open --order 1001 --category address_change \
        --address "2 Sample Street" --message "I have moved."
    doorstep ticket open --order 1001 --hold --message "Is it the blue one?"`
}

// Run raises the ticket.
func (v *ticketOpen) Run(s *session) error {
	return s.changeTicket(v.working, func(p *process.Process) (support.Ticket, error) {
		q := process.TicketRequest{Request: support.Request{Category: v.Category, Body: v.Message, Hold: v.Hold}}
		lines, err := lineUnits(v.Line, "the ticket")
		if err != nil {
			return support.Ticket{}, err
		}
		for _, l := range lines {
			q.Lines = append(q.Lines, support.Line(l))
		}
		if v.Order != "" {
			o, err := p.FindOrder(s.ctx, v.Order)
			if err != nil {
				return support.Ticket{}, err
			}
			q.Order = o.ID
		}
		if q.ShipTo, err = v.to(s, p, v.Order); err != nil {
			return support.Ticket{}, err
		}
		r, err := p.OpenTicket(s.ctx, v.command(s), q)
		return r.Value, err
	})
}

// changeTicket carries out a use case on a ticket, works off what is then due
// of its order, and shows the ticket.
func (s *session) changeTicket(w working, do func(*process.Process) (support.Ticket, error)) error {
	var c process.Conversation
	err := s.writing(func(shop *doorstep.Shop) error {
		if err := s.start(shop, w.Wait); err != nil {
			return err
		}
		t, err := do(shop.Process)
		if err != nil {
			return err
		}
		if t.Order != "" {
			if err := s.workOff(shop, w.Wait, t.Order); err != nil {
				return err
			}
		}
		c, err = shop.Process.ShowTicket(context.WithoutCancel(s.ctx), t.ID)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(c, func() { s.out.conversation(c) })
}

// ticketList lists tickets.
type ticketList struct {
	View     *support.View    `help:"Only those in this view: ${enum}." enum:"open, mine, unassigned, pending, overdue, approvals" placeholder:"VIEW"`
	Status   *support.Status  `help:"Only those with this status: ${enum}." enum:"new, open, pending, on_hold, solved, closed" placeholder:"STATUS"`
	Category support.Category `help:"Only those of this category." placeholder:"NAME"`
	Assignee string           `help:"Only those that this person sees to." placeholder:"WHO"`
	Limit    int              `help:"How many at most." default:"20" placeholder:"N"`
	Before   string           `help:"Only those before this one: the next page." placeholder:"TICKET"`
}

// Help is the detail of the verb's help.
func (ticketList) Help() string {
	return `What is overdue has waited for a person for longer than the policy's answer_within: it is listed by how long, the longest first.

Examples:

    doorstep ticket list
    doorstep ticket list --view unassigned
    doorstep ticket list --status open --limit 100
    doorstep ticket list --assignee agent:7`
}

// Run lists the tickets.
func (v *ticketList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	var tickets []support.Ticket
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		tickets, err = shop.Process.Tickets(s.ctx, support.Filter{View: given(v.View), Me: string(keyed{}.command(s).By), Status: given(v.Status), Category: v.Category, Assignee: v.Assignee, Before: v.Before, Limit: v.Limit})
		return err
	})
	if err != nil {
		return err
	}
	p := pageOf(tickets)
	if len(tickets) == v.Limit {
		p.Before = tickets[len(tickets)-1].Place(given(v.View))
	}
	return s.out.show(p, func() { s.out.tickets(p) })
}

func (s *screen) tickets(p page[support.Ticket]) {
	if len(p.Items) == 0 {
		s.printf("There are no such tickets.\n")
		return
	}
	t := s.table("", column{title: "TICKET"}, column{title: "STATUS", status: true}, column{title: "CATEGORY", shrink: true},
		column{title: "REASON", shrink: true}, column{title: "ASSIGNEE", shrink: true}, column{title: "OPENED"})
	for _, k := range p.Items {
		t.add(k.ID, words(k.Status), words(k.Category), words(k.Reason), k.Assignee, k.OpenedAt.Format("01-02 15:04Z"))
	}
	t.print()
	if p.Before != "" {
		s.printf("There may be more: --before %s\n", p.Before)
	}
}

// ticketShow shows one ticket.
type ticketShow struct {
	Ticket string `arg:"" help:"The ticket's id."`
}

// Help is the detail of the verb's help.
func (ticketShow) Help() string {
	return `Examples:

    doorstep ticket show tkt_01m8…`
}

// Run shows the ticket.
func (v *ticketShow) Run(s *session) error {
	var c process.Conversation
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		c, err = shop.Process.ShowTicket(s.ctx, v.Ticket)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(c, func() { s.out.conversation(c) })
}

// conversation writes a ticket with what was written and decided.
func (s *screen) conversation(c process.Conversation) {
	t := c.Ticket
	s.printf("Ticket %s (%s): %s\n", s.paint(bold, t.ID), printable(words(t.Category)), s.status(words(t.Status)))
	s.printf("  opened %s by %s, about %s\n", moment(t.OpenedAt), printable(t.OpenedBy), cmp.Or(t.Order, "no order"))
	if t.Holds != "" {
		s.printf("  the order is held for it (%s)\n", printable(t.Holds))
	}
	if t.Assignee != "" {
		s.printf("  assigned to %s\n", printable(t.Assignee))
	}
	for _, d := range c.Decisions {
		s.decision(d)
	}
	if c.ShipTo != nil {
		s.printf("  wants it to go to %s\n", printable(address(*c.ShipTo)))
	}
	for _, m := range c.Messages {
		s.heading("%s  %s", instant(m.At), m.From)
		s.paragraph(m.Body)
	}
	for _, n := range c.Notes {
		s.heading("%s  note by %s", instant(n.At), printable(n.By))
		s.paragraph(n.Body)
	}
}

// ticketAssign says who sees to a ticket.
type ticketAssign struct {
	Ticket string       `arg:"" help:"The ticket's id."`
	Who    access.Actor `arg:"" help:"The person, by kind and identifier; none for no one."`
	keyed
}

// Help is the detail of the verb's help.
func (ticketAssign) Help() string {
	return `A person is named as the log names them, by an identifier and never by their name.

Examples:

    doorstep ticket assign tkt_01m8… agent:7
    doorstep ticket assign tkt_01m8… none
    doorstep ticket list --assignee agent:7`
}

// Run assigns the ticket.
func (v *ticketAssign) Run(s *session) error {
	who := v.Who
	if who == "none" {
		who = ""
	}
	return s.changeTicket(working{}, func(p *process.Process) (support.Ticket, error) {
		r, err := p.AssignTicket(s.ctx, v.command(s), v.Ticket, who)
		return r.Value, err
	})
}

// decision writes what was decided, what it costs, and why it is only proposed.
func (s *screen) decision(d support.Record) {
	did, cost := "decided", ""
	if d.Result.Beyond != "" {
		did = "proposed"
	}
	if o := d.Facts.Order; o != nil && d.Result.Amount > 0 {
		cost = " of " + money.Of(d.Result.Amount, money.Currency(o.Currency)).String()
	}
	s.printf("  %s %s: %s%s, because: %s\n", did, moment(d.At), words(d.Result.Act), cost, words(d.Result.Reason))
	if d.Result.Beyond != "" {
		s.printf("    beyond a limit: %s\n", words(d.Result.Beyond))
	}
	if d.By != string(access.Process) {
		s.printf("    by %s\n", printable(d.By))
	}
}

// ticketApprove has done what is proposed.
type ticketApprove struct {
	Ticket  string       `arg:"" help:"The ticket's id."`
	As      access.Actor `help:"The person who says so, by kind and identifier." default:"operator" placeholder:"WHO"`
	Reject  bool         `help:"Do it not: a person decides otherwise."`
	Preview bool         `help:"Show what would come of it at once, and change nothing."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (ticketApprove) Help() string {
	return `What costs more than the limits of the policy (ticket_limits) is proposed in the ticket, and done when a person approves it who did not raise it. The facts are read again: what no longer fits is refused, and decided anew.

Examples:

    doorstep ticket list --status open
    doorstep ticket approve tkt_01m8… --as agent:8
    doorstep ticket approve tkt_01m8… --as agent:8 --reject`
}

// Run approves or rejects what is proposed.
func (v *ticketApprove) Run(s *session) error {
	by := v.command(s)
	switch {
	case by.By == access.Operator:
		by.By = v.As
	case v.As != access.Operator:
		return fault.New(fault.Forbidden, "--as is for who holds the database: with an API key, it is the key that acts")
	}
	if v.Preview {
		by, v.working = by.Rehearsal(), working{}
	}
	return s.orRehearsed(s.changeTicket(v.working, func(p *process.Process) (support.Ticket, error) {
		judge := p.ApproveTicket
		if v.Reject {
			judge = p.RejectTicket
		}
		r, err := judge(s.ctx, by, v.Ticket)
		return r.Value, err
	}))
}

// ticketReply adds a message.
type ticketReply struct {
	Ticket     string `arg:"" help:"The ticket's id."`
	Text       string `arg:"" help:"What to write."`
	AsCustomer bool   `help:"It is what the customer has answered."`
	keyed
}

// Help is the detail of the verb's help.
func (ticketReply) Help() string {
	return `Examples:

    doorstep ticket reply tkt_01m8… "We are looking for it."
    doorstep ticket reply tkt_01m8… "Thank you" --as-customer`
}

// Run adds the message.
func (v *ticketReply) Run(s *session) error {
	from := support.FromShop
	if v.AsCustomer {
		from = support.FromCustomer
	}
	return s.changeTicket(working{}, func(p *process.Process) (support.Ticket, error) {
		r, err := p.ReplyTicket(s.ctx, v.command(s), v.Ticket, from, v.Text)
		return r.Value, err
	})
}

// ticketNote keeps a note.
type ticketNote struct {
	Ticket string `arg:"" help:"The ticket's id."`
	Text   string `arg:"" help:"What to write."`
	keyed
}

// Help is the detail of the verb's help.
func (ticketNote) Help() string {
	return `No customer is shown it.

Examples:

    doorstep ticket note tkt_01m8… "They have asked by telephone, too."`
}

// Run keeps the note.
func (v *ticketNote) Run(s *session) error {
	return s.changeTicket(working{}, func(p *process.Process) (support.Ticket, error) {
		r, err := p.NoteTicket(s.ctx, v.command(s), v.Ticket, v.Text)
		return r.Value, err
	})
}

// ticketViews counts tickets.
type ticketViews struct{}

// Help is the detail of the verb's help.
func (ticketViews) Help() string {
	return `Examples:

    doorstep ticket views
    doorstep ticket list --view overdue`
}

// Run counts the tickets.
func (*ticketViews) Run(s *session) error {
	var views []process.InView
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		views, err = shop.Process.TicketViews(s.ctx, keyed{}.command(s).By)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(views), func() {
		t := s.out.table("", column{title: "VIEW"}, column{title: "TICKETS", right: true})
		for _, v := range views {
			n := strconv.FormatInt(v.Tickets, 10)
			if v.More {
				n += "+"
			}
			t.add(string(v.View), n)
		}
		t.print()
	})
}

// ticketResolve solves a ticket.
type ticketResolve struct {
	Ticket string `arg:"" help:"The ticket's id."`
	Text   string `arg:"" help:"What the customer is told."`
	keyed
}

// Help is the detail of the verb's help.
func (ticketResolve) Help() string {
	return `Examples:

    doorstep ticket resolve tkt_01m8… "A new cup is on its way."`
}

// Run solves the ticket.
func (v *ticketResolve) Run(s *session) error {
	return s.changeTicket(working{}, func(p *process.Process) (support.Ticket, error) {
		r, err := p.SolveTicket(s.ctx, v.command(s), v.Ticket, v.Text)
		return r.Value, err
	})
}

// ticketReopen opens a solved ticket again.
type ticketReopen struct {
	Ticket string `arg:"" help:"The ticket's id."`
	Text   string `arg:"" optional:"" help:"What the customer is told."`
	keyed
}

// Help is the detail of the verb's help.
func (ticketReopen) Help() string {
	return `It waits for a person again. An order that it held until it was solved goes on as before: hold that anew where it has to wait.

Examples:

    doorstep ticket reopen tkt_01m8…
    doorstep ticket reopen tkt_01m8… "It was not your parcel: we look again."`
}

// Run reopens the ticket.
func (v *ticketReopen) Run(s *session) error {
	return s.changeTicket(working{}, func(p *process.Process) (support.Ticket, error) {
		r, err := p.ReopenTicket(s.ctx, v.command(s), v.Ticket, v.Text)
		return r.Value, err
	})
}
