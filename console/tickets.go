package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/process"
	"doorstep/support"
)

// viewAll is the view of all tickets, solved ones as well.
const viewAll = "all"

// viewNames are the views as the page names them.
var viewNames = map[support.View]string{
	support.ViewOpen: "Open", support.ViewMine: "Mine", support.ViewUnassigned: "Unassigned", support.ViewPending: "Waiting for the customer",
	support.ViewOverdue: "Overdue", support.ViewApprovals: "Approvals", viewAll: "All",
}

// viewEmpty says of a view in which nothing is why.
var viewEmpty = map[support.View]string{
	support.ViewOpen: "Every ticket is solved.", support.ViewMine: "You see to no ticket.", support.ViewUnassigned: "Someone sees to every ticket.",
	support.ViewPending: "No ticket waits for its customer.", support.ViewOverdue: "Nobody has waited for too long.", support.ViewApprovals: "Nothing waits for a second person.",
	viewAll: "There are no tickets. What customers ask, and what the process can not see to by itself, is here.",
}

// inbox is what the list of tickets shows.
type inbox struct {
	part[support.Ticket]
	View       support.View
	Views      []process.InView
	Asked      url.Values // as the address says, without the view and where the page begins
	Statuses   []support.Status
	Categories []support.Category
	Glimpses   map[string]process.Glimpse
	Names      map[access.Actor]string
}

// Export is the address of the whole list as a file.
func (v inbox) Export() string {
	return "/tickets.csv?view=" + string(v.View) + link(v.Asked, "", "")
}

// Link is the address of the same list with one thing of it otherwise.
func (v inbox) Link(name, value string) string { return v.Of(v.View) + link(v.Asked, name, value) }

// link is query behind a first value.
func link(asked url.Values, name, value string) string {
	if q := query(asked, name, value); q != "" {
		return "&" + q[1:]
	}
	return ""
}

// Of is the address of a view.
func (inbox) Of(view support.View) string { return "/tickets?view=" + string(view) }

// Name is a view as the page names it.
func (inbox) Name(view support.View) string { return viewNames[view] }

// Tally is how many tickets are in a view, "" where there is none.
func (inbox) Tally(v process.InView) string {
	switch {
	case v.More:
		return strconv.FormatInt(v.Tickets, 10) + "+"
	case v.Tickets == 0:
		return ""
	}
	return strconv.FormatInt(v.Tickets, 10)
}

// Empty says why nothing is listed.
func (v inbox) Empty() string { return viewEmpty[v.View] }

// Wants says whether the list is narrowed down to a word.
func (v inbox) Wants(name string, word any) bool { return v.Asked.Get(name) == fmt.Sprint(word) }

// By is who sees to a ticket, as people are shown it.
func (v inbox) By(actor any) string { return nameOf(v.Names, actor) }

// ticketFilter is what an address asks for: what is open, unless it says something else.
//
// Errors: invalid.
func ticketFilter(q url.Values) (f support.Filter, err error) {
	f = support.Filter{View: support.View(q.Get("view")), Status: support.Status(q.Get("status")), Category: support.Category(q.Get("category")), Assignee: q.Get("assignee"), Before: q.Get("before")}
	if f.View == "" {
		if f.View = viewAll; f.Status == "" && f.Assignee == "" {
			f.View = support.ViewOpen
		}
	}
	var check fault.Check
	check.If(viewNames[f.View] == "", "view", "unknown", "one of %v", append(slices.Clone(support.Views), viewAll))
	check.If(f.Status != "" && !slices.Contains(support.Statuses, f.Status), "status", "unknown", "one of %v", support.Statuses)
	check.Text("category", string(f.Category), 64)
	check.Text("assignee", f.Assignee, 100)
	check.Text("before", f.Before, 100)
	return f, check.Err("the list of tickets")
}

func (c *Console) tickets(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, problem := ticketFilter(q)
	v := inbox{View: f.View, Asked: asked(q, "status", "category", "assignee"), Statuses: support.Statuses, Categories: support.Categories}
	me := signedInOf(r.Context()).User.Actor()
	var err error
	if v.Views, err = c.process.TicketViews(r.Context(), me); err != nil {
		return err
	}
	if problem == nil {
		problem = c.fill(r.Context(), &v, listing(f, me, listed+1))
	}
	return c.show(w, r, "tickets", shown{Title: "Tickets", Here: "tickets", Page: v}, problem)
}

// listing is what is read for a list of someone's.
func listing(f support.Filter, me access.Actor, limit int) support.Filter {
	if f.View == viewAll {
		f.View = ""
	}
	f.Me, f.Limit = string(me), limit
	return f
}

// ticketsCSV sends all tickets that are asked for as a file.
func (c *Console) ticketsCSV(w http.ResponseWriter, r *http.Request) error {
	f, err := ticketFilter(r.URL.Query())
	if err != nil {
		return err
	}
	f = listing(f, signedInOf(r.Context()).User.Actor(), exported)
	f.Before = ""
	return export(w, "tickets.csv", []string{"id", "order", "category", "status", "reason", "assignee", "proposed", "opened_by", "opened_at", "updated_at", "waits_from"}, func(last *support.Ticket) ([]support.Ticket, error) {
		if last != nil {
			f.Before = last.Place(f.View)
		}
		return c.process.Tickets(r.Context(), f)
	}, func(t support.Ticket) []string {
		return []string{t.ID, t.Order, string(t.Category), string(t.Status), string(t.Reason), t.Assignee, string(t.Proposed), t.OpenedBy, stamp(t.OpenedAt), stamp(t.UpdatedAt), stamp(t.WaitsFrom)}
	})
}

// fill reads the tickets of a page, and what tells them from each other.
func (c *Console) fill(ctx context.Context, v *inbox, f support.Filter) error {
	found, err := c.process.Tickets(ctx, f)
	if err != nil {
		return err
	}
	v.part = partOf(found, func(t support.Ticket) string { return t.Place(f.View) })
	if v.Glimpses, err = c.process.Glimpses(ctx, v.Items); err != nil {
		return err
	}
	var actors []access.Actor
	for _, t := range v.Items {
		actors = append(actors, access.Actor(t.Assignee))
	}
	v.Names, err = c.process.Names(ctx, actors)
	return err
}
