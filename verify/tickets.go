package verify

import (
	"context"
	"maps"
	"slices"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

const ticketPrefix = support.Prefix + "_"

// checkTickets checks the tickets of an order, or a ticket without one.
func (d *dossier) checkTickets() {
	var unsolved int64
	for _, t := range d.tickets {
		if t.Status.Unsolved() {
			unsolved++
		}
		d.checkTicket(t)
	}
	if d.order.ID != "" && d.order.OpenTickets != unsolved {
		d.find(OpenTickets, d.order.ID, "the row says %d, there are %d", d.order.OpenTickets, unsolved)
	}
	d.checkTicketHolds()
	d.checkRemedies()
	d.checkWishes()
}

// checkTicketHolds holds what the tickets say of the order's hold against it.
func (d *dossier) checkTicketHolds() {
	held := false
	for _, t := range d.tickets {
		held = held || t.Holds == process.HeldByTicket
		switch {
		case t.Holds == "":
		case !t.Status.Unsolved():
			d.find(TicketHold, t.ID, "it is %s, and says that the order is held for it (%s)", t.Status, t.Holds)
		case t.Holds != process.HeldByTicket && t.Holds != d.order.Held:
			d.find(TicketHold, t.ID, "it tells that the order is held (%s), which is held for %q", t.Holds, d.order.Held)
		case d.order.Held == "" && d.order.End == order.EndNone && !d.order.Status.Final():
			d.find(TicketHold, t.ID, "it holds its order, which is not held")
		}
	}
	if d.order.Held == process.HeldByTicket && !held {
		d.find(TicketHold, d.order.ID, "it is held for a ticket, and none holds it")
	}
}

func (d *dossier) checkTicket(t support.Ticket) {
	d.checkTicketSaid(t)
	if c := d.messages[t.ID]; c.Messages != t.Messages || c.Last != t.Messages {
		d.find(TicketMessages, t.ID, "the row says %d, there are %d up to number %d", t.Messages, c.Messages, c.Last)
	}
	if t.Status == support.Solved && len(d.about(t.ID)) == 0 {
		d.find(NoNextStep, t.ID, "it is solved, and no step will close it")
	}
	if t.Status == support.OnHold && !d.moves() {
		d.find(NoNextStep, t.ID, "it waits for its order, of which no step follows")
	}
}

// checkRemedies holds what the tickets had done against what was.
func (d *dossier) checkRemedies() {
	for _, t := range d.tickets {
		decisions := d.decisions[t.ID]
		var done []support.Record
		for _, r := range decisions {
			if puts(r.Result.Act) && r.Result.Beyond == "" {
				done = append(done, r)
			}
		}
		switch {
		case len(done) > 1:
			d.find(TicketRemedy, t.ID, "%d things were done for it", len(done))
		case len(done) == 0 && t.Remedy != "":
			d.find(TicketRemedy, t.ID, "it has %q, and no decision says so", t.Remedy)
		case len(done) == 1:
			d.checkRemedy(t, done[0])
		}
		d.checkProposed(t, decisions)
	}
}

// puts says whether an act puts something right, which the ticket then names.
func puts(a support.Act) bool {
	return a == support.Refund || a == support.Reship || a == support.SendBack
}

// checkWishes holds the addresses that tickets want against what became of them.
func (d *dossier) checkWishes() {
	for _, t := range d.tickets {
		if d.wishes[t.ID] && (!t.Status.Unsolved() || t.Category != support.AddressChange) {
			d.find(TicketAddress, t.ID, "it is %s, about %s, and still keeps an address", t.Status, t.Category)
		}
		if t.Status == support.OnHold && t.Reason == support.ChangingAddress && d.order.End != order.EndChanging {
			d.find(TicketAddress, t.ID, "it waits for a change of its order, which is not being changed")
		}
	}
}

// checkRemedy holds a decision that was carried out against what it names.
func (d *dossier) checkRemedy(t support.Ticket, r support.Record) {
	if f, ok := d.refund(t.Remedy); r.Result.Act == support.Refund && (!ok || f.Amount != r.Result.Amount) {
		d.find(TicketRemedy, t.ID, "it was decided to refund %d, and its refund is %q of %d", r.Result.Amount, t.Remedy, f.Amount)
	}
	if r.Result.Act == support.Reship && !d.wasReplaced(t.Remedy) {
		d.find(TicketRemedy, t.ID, "it was decided to send a parcel anew, and %q was not", t.Remedy)
	}
	if v, ok := d.returnOf(t.Remedy); r.Result.Act == support.SendBack && (!ok || !v.AuthorisedAt.Equal(r.At)) {
		d.find(TicketRemedy, t.ID, "it was decided at %s to have something sent back, and its return is %q of %s", r.At, t.Remedy, v.AuthorisedAt)
	}
	if by := access.Actor(r.By); by != access.Process && (!by.IsPerson() || r.By == t.OpenedBy) {
		d.find(TicketApproval, t.ID, "%s has approved what %s has raised", r.By, t.OpenedBy)
	}
}

// wasReplaced says whether the goods of a parcel were reserved once more, whatever
// became of that.
func (d *dossier) wasReplaced(id string) bool {
	return slices.ContainsFunc(d.events, func(e event.Event) bool { return e.Entity == id && e.Type == shipping.EventReplaced })
}

// checkProposed holds what waits for approval against the last decision.
func (d *dossier) checkProposed(t support.Ticket, decisions []support.Record) {
	if t.Proposed == "" {
		return
	}
	var last support.Decision
	if n := len(decisions); n > 0 {
		last = decisions[n-1].Result
	}
	if last.Act != t.Proposed || last.Beyond == "" || t.Status != support.Open && t.Status != support.Pending {
		d.find(TicketApproval, t.ID, "it is %s and proposes %s, its last decision is %s beyond %q", t.Status, t.Proposed, last.Act, last.Beyond)
	}
}

// letters is a page of tickets, with all that belongs to those without an order.
type letters struct {
	tickets  []support.Ticket
	events   []event.Event
	messages map[string]support.MessageCount
	items    []work.Item
}

// tickets counts all tickets and checks those without an order: those of an
// order are checked with it.
func (run *run) tickets(ctx context.Context) error {
	return walk(ctx, run.db, func(r db.Reader, after string) (l letters, rest string, err error) {
		if l.tickets, err = support.Page(r, after, run.Orders); err != nil {
			return l, "", err
		}
		first, last, rest := bounds(ticketPrefix, after, l.tickets, run.Orders, func(t support.Ticket) string { return t.ID })
		if l.events, err = event.Range(r, first, last); err != nil {
			return l, "", err
		}
		if l.items, err = work.Range(r, first, last); err != nil {
			return l, "", err
		}
		l.messages, err = support.CountMessages(r, ticketIDs(l.tickets))
		return l, rest, err
	}, run.checkLetters)
}

func ticketIDs(tickets []support.Ticket) []string {
	ids := make([]string, len(tickets))
	for i, t := range tickets {
		ids[i] = t.ID
	}
	return ids
}

func (run *run) checkLetters(l letters) {
	events, items := map[string][]event.Event{}, map[string][]work.Item{}
	for _, e := range l.events {
		if !ofStock(e) { // an SKU may be named like a ticket
			events[e.Subject] = append(events[e.Subject], e)
		}
	}
	for _, it := range l.items {
		items[it.Owner] = append(items[it.Owner], it)
	}
	for _, t := range l.tickets {
		run.report.Tickets++
		if t.Order == "" {
			run.report.Events += int64(len(events[t.ID]))
			run.checkLoneTicket(&dossier{Report: &run.report, latest: run.latest, tickets: []support.Ticket{t}, events: events[t.ID], items: items[t.ID], messages: l.messages})
			delete(events, t.ID)
			delete(items, t.ID)
		} else if !isOrder(t.Order) {
			run.report.find(Orphan, t.ID, "there is no order %q for this ticket", t.Order)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(events)) {
		run.report.find(Orphan, id, "there is no such ticket without an order, but %d events of it", len(events[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(items)) {
		run.report.find(StrayStep, id, "there is no such ticket without an order, but the step %s about %q", items[id][0].Step, items[id][0].Subject)
	}
}

// checkLoneTicket checks a ticket whose history is its own.
func (run *run) checkLoneTicket(d *dossier) {
	t := d.tickets[0]
	span := event.Span{Events: int64(len(d.events))}
	if span.Events > 0 {
		span.First, span.Last = d.events[0].Version, d.events[len(d.events)-1].Version
	}
	if d.checkSpan(t.ID, t.Version, span) {
		d.checkTicketHistory(t, d.events)
	}
	d.checkTickets()
	d.checkSteps()
	d.checkFarOff()
}
