package verify

import (
	"time"

	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/state"
	"doorstep/support"
)

// checkHistory folds an order's events and holds its row against the result.
func (d *dossier) checkHistory() {
	if !d.checkVersions() {
		return // what is missing of a history can not be folded
	}
	o := d.order
	facets, sums, ok := d.fold()
	if !ok {
		return
	}
	if o.Facets != facets {
		d.find(Facets, o.ID, "the row has %+v, its events come to %+v", o.Facets, facets)
	}
	if o.Sums != sums {
		d.find(Sums, o.ID, "the row has %+v, its events come to %+v", o.Sums, sums)
	}
	if o.Status != o.Facets.Status() {
		d.find(Status, o.ID, "the row says %s, its facets come to %s", o.Status, o.Facets.Status())
	}
	first, last := d.events[0].At, d.events[len(d.events)-1].At
	if !o.PlacedAt.Equal(first) || !o.UpdatedAt.Equal(last) {
		d.find(Times, o.ID, "the row says placed %s and changed %s, its events %s and %s", o.PlacedAt, o.UpdatedAt, first, last)
	}
	if since := d.heldSince(); !o.HeldAt.Equal(since) {
		d.find(Times, o.ID, "the row says held since %s, its events %s", o.HeldAt, since)
	}
}

// heldSince returns when the order was held last, if it still is.
func (d *dossier) heldSince() (at time.Time) {
	for _, e := range d.events {
		if e.Type == order.EventHeld && d.order.Held != "" {
			at = e.At
		}
	}
	return at
}

// checkVersions says whether the order's history is whole.
func (d *dossier) checkVersions() bool {
	span := event.Span{Events: int64(len(d.events))}
	if span.Events > 0 {
		span.First, span.Last = d.events[0].Version, d.events[len(d.events)-1].Version
	}
	return d.checkSpan(d.order.ID, d.order.Version, span)
}

// checkSpan says whether a history is whole and as long as its subject's row says.
func (r *Report) checkSpan(subject string, version int64, span event.Span) bool {
	whole := span == event.Span{Events: version, First: 1, Last: version} && version > 0
	if !whole {
		r.find(Version, subject, "the row has version %d, and there are %d events with versions from %d to %d",
			version, span.Events, span.First, span.Last)
	}
	return whole
}

// fold applies the order's events one by one, and holds what each says of the
// order against what it came to.
func (d *dossier) fold() (order.Facets, order.Sums, bool) {
	facets := order.New()
	var sums order.Sums
	var status order.Status
	for _, e := range d.events {
		if e.Type == shipping.EventShipped && !facets.Payment.Taken() {
			d.find(UnpaidHandOver, d.order.ID, "the parcel %s was handed over at version %d when the payment was %s", e.Entity, e.Version, facets.Payment)
		}
		var err error
		if facets, sums, err = order.Apply(facets, sums, e); err != nil {
			d.find(Impossible, d.order.ID, "version %d: %v", e.Version, err)
			return facets, sums, false
		}
		if e.Type == support.EventClosed && order.Owes(facets, sums) {
			d.find(ClosedOwing, e.Entity, "it was closed at version %d, when something was still owed", e.Version)
		}
		before := status
		status = facets.Status()
		if !d.says(e, before, status) {
			d.find(EventStatus, d.order.ID, "version %d, %s, says %q (from %q to %q); the order was %q and became %q",
				e.Version, e.Type, e.Status, e.From, e.To, before, status)
		}
	}
	return facets, sums, true
}

// checkClosed looks for tickets that were closed while something was owed, after the
// last that has happened to anything else of the order: what was owed then is what is
// owed now.
func (d *dossier) checkClosed() {
	var closed []event.Event
	for _, e := range d.events {
		switch _, of := d.ticket(e.Entity); {
		case !of:
			closed = nil
		case e.Type == support.EventClosed:
			closed = append(closed, e)
		}
	}
	if order.Owes(d.order.Facets, d.order.Sums) || len(closed) == 0 || !d.account().Owes() {
		return // what the sums tell is seen event by event
	}
	for _, e := range closed {
		d.find(ClosedOwing, e.Entity, "it was closed at version %d, and something of its order is owed since before", e.Version)
	}
}

// says says whether an event tells the order's status, and where it is about
// the order itself also its change.
func (d *dossier) says(e event.Event, before, after order.Status) bool {
	if e.Status != string(after) {
		return false
	}
	switch {
	case e.Entity != d.order.ID:
		return true
	case before == after:
		return e.From == "" && e.To == ""
	default:
		return e.From == string(before) && e.To == string(after)
	}
}

// checkEntities replays what happened to each part of the order.
func (d *dossier) checkEntities() {
	if int64(len(d.events)) != d.order.Version {
		return // named already: a history that is not whole proves nothing
	}
	of := map[string][]event.Event{}
	for _, e := range d.events {
		of[e.Entity] = append(of[e.Entity], e)
	}
	delete(of, d.order.ID)
	for _, p := range d.payments {
		replay(d.Report, p.ID, payment.Transitions, d.firstStatus(p), p.Status, of[p.ID])
		delete(of, p.ID)
	}
	for _, f := range d.refunds {
		replay(d.Report, f.ID, payment.RefundTransitions, "", f.Status, of[f.ID])
		delete(of, f.ID)
	}
	for _, s := range d.shipments {
		replay(d.Report, s.ID, shipping.Transitions, "", s.Status, of[s.ID])
		delete(of, s.ID)
	}
	for _, v := range d.returns {
		replay(d.Report, v.ID, shipping.ReturnTransitions, "", v.Status, of[v.ID])
		delete(of, v.ID)
	}
	for _, t := range d.tickets {
		d.checkTicketHistory(t, of[t.ID])
		delete(of, t.ID)
	}
	for entity, events := range of {
		d.find(Orphan, entity, "the order %s has nothing of this name, but %d events about it", d.order.ID, len(events))
	}
}

// firstStatus is how a payment begins: it has no event of its opening, because
// it is opened with its order.
func (d *dossier) firstStatus(p payment.Payment) payment.Status {
	if d.saidLater() {
		return payment.StatusRequiresConfirmation
	}
	if p.Gateway == payment.Manual {
		return payment.StatusRequiresPaymentMethod
	}
	return payment.StatusProcessing
}

// checkTicketHistory replays a ticket, whose version counts its events.
func (r *Report) checkTicketHistory(t support.Ticket, events []event.Event) {
	if t.Version != int64(len(events)) {
		r.find(Version, t.ID, "the row has version %d, and there are %d events", t.Version, len(events))
		return
	}
	replay(r, t.ID, support.Transitions, "", t.Status, events)
	var said support.Ticket
	for _, e := range events {
		said.Status = support.Status(e.To)
		said.Turn(e.At)
	}
	if said.Status == t.Status && !said.WaitsFrom.Equal(t.WaitsFrom) {
		r.find(TicketWaits, t.ID, "the row says that it waits from %s, its events say %s", t.WaitsFrom, said.WaitsFrom)
	}
}

// replay follows the events of one thing along its table, from its first state
// to the one that is stored.
func replay[S ~string](r *Report, id string, table state.Table[S, event.Type], first, stored S, events []event.Event) {
	at := first
	for _, e := range events {
		to, err := table.Next(at, e.Type)
		if err != nil {
			r.find(History, id, "version %d: %v", e.Version, err)
			return
		}
		if e.From != string(at) || e.To != string(to) {
			r.find(History, id, "version %d, %s, says from %q to %q; it was %q and became %q", e.Version, e.Type, e.From, e.To, at, to)
			return
		}
		at = to
	}
	if at != stored {
		r.find(State, id, "the row says %q, its events come to %q", stored, at)
	}
}
