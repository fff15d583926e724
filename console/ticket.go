package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// conversation is what the page of a ticket shows.
type conversation struct {
	process.Conversation
	About  *overview // the order that it is about, nil for none
	Me     access.Actor
	Names  map[access.Actor]string
	People []access.User     // to whom it can be given
	Comes  []string          // what approving would come to, in sentences
	Canned []support.Canned  // what can be inserted
	Blanks []support.Blank   // what is not known of what was inserted
	Typed  map[string]string // as it was sent, where it was not done
}

// By is who has acted, as people are shown it.
func (v conversation) By(actor any) string { return nameOf(v.Names, actor) }

// Over says whether nothing more is done about the ticket.
func (v conversation) Over() bool { return !v.Ticket.Status.Unsolved() }

// Mine says whether who looks at the ticket sees to it.
func (v conversation) Mine() bool { return v.Ticket.Assignee == string(v.Me) }

// Stranger says whether someone sees to it who is none of the people it can be given to.
func (v conversation) Stranger() bool {
	return v.Ticket.Assignee != "" && !slices.ContainsFunc(v.People, func(u access.User) bool { return string(u.Actor()) == v.Ticket.Assignee })
}

// Raised says whether who looks at the ticket has raised it: another one approves.
func (v conversation) Raised() bool { return v.Ticket.OpenedBy == string(v.Me) }

// entry is what was written in a ticket, to the customer or for those who see to it.
type entry struct {
	At         time.Time
	Side, From string
	Body       string
}

// Entries are all that was written, as it was written.
func (v conversation) Entries() (all []entry) {
	for _, m := range v.Messages {
		all = append(all, entry{m.At, string(m.From), v.author(m), m.Body})
	}
	for _, n := range v.Notes {
		all = append(all, entry{n.At, "note", v.By(n.By), n.Body})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.At.Compare(b.At) })
	return all
}

// author is who wrote a message.
func (v conversation) author(m support.Message) string {
	switch {
	case m.From == support.FromProcess:
		return nameOf(nil, access.Process)
	case m.From == support.FromShop:
		return v.By(m.By)
	case v.About != nil && v.About.Contact.Name != "":
		return v.About.Contact.Name
	}
	return "Customer"
}

// Cost is what a decision costs, "" for nothing.
func (conversation) Cost(d support.Record) string {
	if d.Facts.Order == nil || d.Result.Amount == 0 {
		return ""
	}
	return inCurrency(d.Facts, d.Result.Amount)
}

// inCurrency is an amount of the order's currency, as the facts have it.
func inCurrency(f support.Facts, minor int64) string {
	return money.Of(minor, money.Currency(f.Order.Currency)).String()
}

// Beyond says of which limit a decision is beyond, "" for none.
func (conversation) Beyond(d support.Record) string {
	l := d.Facts.Limits
	if d.Result.Beyond == "" || l == nil || d.Facts.Order == nil {
		return words(d.Result.Beyond)
	}
	switch d.Result.Beyond {
	case support.DecisionAmount:
		if l.Decision == 0 {
			return "policy has nothing given in " + d.Facts.Order.Currency + " without one"
		}
		return "it is more than the most for one decision, " + inCurrency(d.Facts, l.Decision)
	case support.CustomerAmount:
		return fmt.Sprintf("with %s that the customer was given already, it is more than the most for one, %s", inCurrency(d.Facts, l.Given.Amount), inCurrency(d.Facts, l.Customer))
	case support.CustomerCount:
		return fmt.Sprintf("the customer was given something %s already, which is the most", count(int64(l.Given.Count), "time"))
	case support.OrderAge:
		return "the order is older than policy has decided without a person"
	default:
		return "what the customer was given already is not known"
	}
}

// fact is one of those that a decision was made on.
type fact struct{ Name, Value string }

// FactsOf are what a decision was made on, in words.
func (conversation) FactsOf(d support.Record) []fact {
	return facts(d.Facts, reflect.ValueOf(d.Facts), "")
}

// facts are the fields of a value that say something: those that are not zero.
func facts(of support.Facts, v reflect.Value, under string) (all []fact) {
	for field, value := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		if !value.IsValid() || value.IsZero() {
			continue
		}
		name = words(name)
		switch is := value.Interface().(type) {
		case time.Time:
			all = append(all, fact{under + name, is.UTC().Format(exactly)})
		case bool:
			all = append(all, fact{under + name, "yes"})
		case int64:
			all = append(all, fact{under + name, inCurrency(of, is)})
		default:
			if value.Kind() == reflect.Struct {
				all = append(all, facts(of, value, strings.TrimPrefix(name+" ", "order "))...)
				continue
			}
			all = append(all, fact{under + name, words(is)})
		}
	}
	return all
}

func (c *Console) ticket(w http.ResponseWriter, r *http.Request) error {
	return c.ticketWith(w, r, nil)
}

// ticketWith shows a ticket, and why what was asked for was not done, with what was typed.
func (c *Console) ticketWith(w http.ResponseWriter, r *http.Request, problem error) error {
	found, err := c.process.ShowTicket(r.Context(), r.PathValue("ticket"))
	if err != nil {
		return err
	}
	v := conversation{Conversation: found, Me: signedInOf(r.Context()).User.Actor(), Typed: map[string]string{}}
	if v.Ticket.Order != "" {
		about, err := c.overviewOf(r, v.Ticket.Order)
		if err != nil {
			return err
		}
		v.About = &about
	}
	if err := c.meet(r.Context(), &v); err != nil {
		return err
	}
	if v.Comes, err = c.comes(r.Context(), v); err != nil {
		return err
	}
	if v.Canned, err = c.process.CannedAnswers(r.Context()); err != nil {
		return err
	}
	if problem != nil {
		v.Typed[lastWord(r.URL.Path)] = r.PostForm.Get("body")
	} else if answer := r.URL.Query().Get("answer"); answer != "" {
		filled, err := c.process.FillCanned(r.Context(), v.Me, v.Ticket.ID, answer)
		if err != nil {
			return err
		}
		v.Typed["reply"], v.Blanks = filled.Text, filled.Missing
	}
	return c.show(w, r, "ticket", shown{Title: "Ticket: " + words(v.Ticket.Category), Here: "tickets", Page: v}, problem)
}

// mostPeople bounds how many people a ticket can be given to on its page.
const mostPeople = 200

// meet reads who has to do with a ticket, and to whom it can be given.
func (c *Console) meet(ctx context.Context, v *conversation) error {
	actors := []access.Actor{access.Actor(v.Ticket.Assignee), access.Actor(v.Ticket.OpenedBy)}
	for _, m := range v.Messages {
		actors = append(actors, access.Actor(m.By))
	}
	for _, n := range v.Notes {
		actors = append(actors, access.Actor(n.By))
	}
	for _, d := range v.Decisions {
		actors = append(actors, access.Actor(d.By))
	}
	var err error
	if v.Names, err = c.process.Names(ctx, actors); err != nil {
		return err
	}
	users, err := c.process.Users(ctx, "", mostPeople)
	v.People = slices.DeleteFunc(users, func(u access.User) bool {
		return u.Invited || !u.DisabledAt.IsZero() || !u.Permit().Allows(access.Tickets)
	})
	slices.SortFunc(v.People, func(a, b access.User) int { return cmp.Compare(a.Name, b.Name) })
	return err
}

// comes says what it would come to if what is proposed in a ticket were approved.
func (c *Console) comes(ctx context.Context, v conversation) ([]string, error) {
	if v.Ticket.Proposed == "" || v.About == nil || len(v.Decisions) == 0 {
		return nil, nil
	}
	last := v.Decisions[len(v.Decisions)-1]
	switch {
	case v.Ticket.Proposed == support.Reship:
		return []string{fmt.Sprintf("Goods worth %s are sent once more, to the address that is known.", v.Cost(last))}, nil
	case len(v.Lines) == 0:
		return []string{v.Cost(last) + " goes back to the customer, to where it came from."}, nil
	}
	q := order.CreditRequest{Reason: v.Ticket.ID}
	for _, l := range v.Lines {
		q.Lines = append(q.Lines, order.CreditLine(l))
	}
	would, err := previewRefund(ctx, c.process, matter{overview: *v.About}, q)
	why := fault.As(err)
	if why == nil {
		return would.Comes, err
	}
	return []string{"It can not be done as things stand: " + why.Message + "."}, nil
}

// ticketPath is where a ticket is shown.
func ticketPath(id string) string { return "/tickets/" + url.PathEscape(id) }

// ticketChanges are what can be done about a ticket, by the last word of the path.
var ticketChanges = map[string]change[support.Ticket]{
	"reply": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.ReplyTicket(ctx, by, id, support.FromShop, form("body"))
	},
	"note": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.NoteTicket(ctx, by, id, form("body"))
	},
	"solve": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.SolveTicket(ctx, by, id, form("body"))
	},
	"reopen": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.ReopenTicket(ctx, by, id, form("body"))
	},
	"assign": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.AssignTicket(ctx, by, id, access.Actor(form("assignee")))
	},
	"approve": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[support.Ticket], error) {
		return p.ApproveTicket(ctx, by, id)
	},
	"reject": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[support.Ticket], error) {
		return p.RejectTicket(ctx, by, id)
	},
}

// changeTicket carries out a change of the ticket as it was seen, and shows it: when it
// has changed since, it is shown as it is now, and nothing is done.
func (c *Console) changeTicket(do change[support.Ticket]) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		by, err := commandAt(r)
		if err == nil {
			_, err = do(r.Context(), c.process, by, r.PathValue("ticket"), r.PostForm.Get)
		}
		if fault.Is(err, fault.NotFound) {
			return err
		}
		if err != nil {
			return c.ticketWith(w, r, err)
		}
		return done(w, r, ticketPath(r.PathValue("ticket")), lastWord(r.URL.Path))
	}
}
