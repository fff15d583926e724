package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// ticketList is what the list of tickets shows.
type ticketList struct {
	part[support.Ticket]
	Asked      url.Values
	Statuses   []support.Status
	Categories []support.Category
	Me         access.Actor
	Names      map[access.Actor]string
}

// Link is the address of the same list with one thing of it otherwise.
func (l ticketList) Link(name, value string) string { return "/tickets" + query(l.Asked, name, value) }

// Wants says whether the list is narrowed down to a word.
func (l ticketList) Wants(name string, word any) bool { return l.Asked.Get(name) == fmt.Sprint(word) }

// By is who sees to a ticket, as people are shown it.
func (l ticketList) By(actor any) string { return nameOf(l.Names, actor) }

func (c *Console) tickets(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := support.Filter{Status: support.Status(q.Get("status")), Category: support.Category(q.Get("category")), Assignee: q.Get("assignee"), Before: q.Get("before"), Limit: listed + 1}
	var check fault.Check
	check.If(f.Status != "" && !slices.Contains(support.Statuses, f.Status), "status", "unknown", "one of %v", support.Statuses)
	check.Text("category", string(f.Category), 64)
	check.Text("assignee", f.Assignee, 100)
	check.Text("before", f.Before, 64)
	list := ticketList{Asked: asked(q, "status", "category", "assignee"), Statuses: support.Statuses, Categories: support.Categories, Me: signedInOf(r.Context()).User.Actor()}
	err := check.Err("the list of tickets")
	if err == nil {
		list.part, list.Names, err = c.ticketsOf(r.Context(), f)
	}
	return c.show(w, r, "tickets", shown{Title: "Tickets", Here: "tickets", Page: list}, err)
}

// ticketsOf are the tickets of a page, and the names of those who see to them.
func (c *Console) ticketsOf(ctx context.Context, f support.Filter) (part[support.Ticket], map[access.Actor]string, error) {
	found, err := c.process.Tickets(ctx, f)
	if err != nil {
		return part[support.Ticket]{}, nil, err
	}
	var actors []access.Actor
	for _, t := range found {
		actors = append(actors, access.Actor(t.Assignee))
	}
	names, err := c.process.Names(ctx, actors)
	return partOf(found, func(t support.Ticket) string { return t.ID }), names, err
}

// conversation is what the page of a ticket shows.
type conversation struct {
	process.Conversation
	Order *order.Order // that it is about, nil for none
	Me    access.Actor
	Names map[access.Actor]string
	Typed map[string]string // as it was sent, where it was not done
}

// By is who has acted, as people are shown it.
func (v conversation) By(actor any) string { return nameOf(v.Names, actor) }

// Over says whether nothing more is done about the ticket.
func (v conversation) Over() bool { return !v.Ticket.Status.Unsolved() }

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
		o, err := c.process.FindOrder(r.Context(), v.Ticket.Order)
		if err != nil {
			return err
		}
		v.Order = &o
	}
	actors := []access.Actor{access.Actor(v.Ticket.Assignee), access.Actor(v.Ticket.OpenedBy)}
	for _, d := range v.Decisions {
		actors = append(actors, access.Actor(d.By))
	}
	if v.Names, err = c.process.Names(r.Context(), actors); err != nil {
		return err
	}
	if problem != nil {
		v.Typed["body"] = r.PostForm.Get("body")
	}
	return c.show(w, r, "ticket", shown{Title: "Ticket: " + words(v.Ticket.Category), Here: "tickets", Page: v}, problem)
}

// ticketChanges are what can be done about a ticket, by the last word of the path.
var ticketChanges = map[string]change[support.Ticket]{
	"reply": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.ReplyTicket(ctx, by, id, support.FromShop, form("body"))
	},
	"solve": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[support.Ticket], error) {
		return p.SolveTicket(ctx, by, id, form("body"))
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
		return done(w, r, "/tickets/"+url.PathEscape(r.PathValue("ticket")), lastWord(r.URL.Path))
	}
}
