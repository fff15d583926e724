package support

import (
	"strconv"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// View is one of the lists by which people find what they are to do about tickets.
type View string

// The views.
const (
	ViewOpen       View = "open"       // all that are not solved
	ViewMine       View = "mine"       // not solved, and seen to by the one who asks
	ViewUnassigned View = "unassigned" // not solved, and seen to by nobody
	ViewPending    View = "pending"    // they wait for the customer
	ViewOverdue    View = "overdue"    // they wait for a person of the shop for longer than policy has them
	ViewApprovals  View = "approvals"  // something is proposed in them that a second person is to approve
)

// Views are all views.
var Views = []View{ViewOpen, ViewMine, ViewUnassigned, ViewPending, ViewOverdue, ViewApprovals}

// Filter says which tickets a list shows. The zero value of a field is no limit.
type Filter struct {
	View     View
	Me       string    // who asks, as an actor: of whom ViewMine is
	Late     time.Time // what waits from before it is overdue: of ViewOverdue
	Status   Status
	Category Category
	Assignee string
	Before   string // the Place of a ticket: only those behind it in the list, for the next page
	Limit    int
}

// unsolved is what Status.Unsolved says, as the indexes have it.
const unsolved = `status NOT IN ('solved', 'closed')`

// where is which tickets the filter lets through, but for where the page begins.
func (f Filter) where() (w db.Where) {
	switch f.View {
	case ViewOpen:
		w.And(unsolved)
	case ViewMine:
		w.And("assignee = %s AND "+unsolved, f.Me)
	case ViewUnassigned:
		w.And("assignee = '' AND " + unsolved)
	case ViewPending:
		w.Is("status", string(Pending))
	case ViewOverdue:
		w.And("waits_from > 0 AND waits_from < %s", db.Micros(f.Late))
	case ViewApprovals:
		w.And("proposed <> ''")
	}
	w.Is("status", string(f.Status))
	w.Is("category", string(f.Category))
	if f.Assignee != "" {
		w.And("assignee = %s AND assignee <> ''", f.Assignee) // as the index says
	}
	return w
}

// List returns tickets, the newest first; of those that are overdue, those first that wait
// for longest.
//
// Errors: invalid when Before is no place in the list.
func List(r db.Reader, f Filter) ([]Ticket, error) {
	w := f.where()
	if f.View == ViewOverdue {
		return overdue(r, w, f)
	}
	w.Made(Prefix, time.Time{}, time.Time{}, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanTicket, `SELECT `+columns+` FROM tickets`+end, args...)
}

// overdue lists tickets by how long they wait.
func overdue(r db.Reader, w db.Where, f Filter) ([]Ticket, error) {
	if f.Before != "" {
		since, id, _ := strings.Cut(f.Before, ".")
		waits, err := strconv.ParseInt(since, 10, 64)
		if err != nil {
			var c fault.Check
			c.Add("cursor", "malformed", "the next of the page before")
			return nil, c.Err("the list of tickets")
		}
		w.And("(waits_from, id) > (%s, %s)", waits, id)
	}
	end, args := w.Ordered("waits_from, id", f.Limit)
	return db.All(r, scanTicket, `SELECT `+columns+` FROM tickets`+end, args...)
}

// Place is where the ticket stands in the list of a view: what is behind it is Before it.
func (t Ticket) Place(in View) string {
	if in == ViewOverdue {
		return strconv.FormatInt(db.Micros(t.WaitsFrom), 10) + "." + t.ID
	}
	return t.ID
}

// Count counts the tickets that the filter lets through, up to its limit.
func Count(r db.Reader, f Filter) (n int64, err error) {
	w := f.where()
	end, args := w.Ordered("", f.Limit)
	n, _, err = db.One(r, func(row db.Row) (n int64, err error) { return n, row.Scan(&n) },
		`SELECT COUNT(*) FROM (SELECT 1 AS one FROM tickets`+end+`) AS counted`, args...)
	return n, err
}
