package verify

import (
	"encoding/json"
	"slices"

	"doorstep/internal/work"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// told says whether a person or the process is at the order, by a ticket.
func (d *dossier) told() bool {
	return slices.ContainsFunc(d.tickets, func(t support.Ticket) bool { return t.Status.Unsolved() })
}

// checkTold looks for steps that wait for a person, and orders that the process
// has stopped, of which no one was told. A ticket without an order is with a
// person by itself.
func (d *dossier) checkTold() {
	d.checkUnpaidTold()
	if d.told() {
		return
	}
	if process.HeldByProcess(d.order.Held) {
		d.find(Untold, d.order.ID, "it is held (%s), and no ticket of it is unsolved", d.order.Held)
	}
	for _, it := range d.items {
		if it.State == work.Stuck {
			d.find(Untold, d.order.ID, "the step %s about %s waits for a person, and no ticket of the order is unsolved", it.Step, it.Subject)
		}
	}
}

// checkUnpaidTold looks for parcels that had gone before their money was taken, and
// of which no one was told then.
func (d *dossier) checkUnpaidTold() {
	for _, e := range d.events {
		var said struct{ Unpaid bool }
		if e.Type != shipping.EventTracked || json.Unmarshal(e.Data, &said) != nil || !said.Unpaid {
			continue
		}
		if !slices.ContainsFunc(d.tickets, func(t support.Ticket) bool { return t.Category == support.PaymentIssue && !t.OpenedAt.After(e.At) }) {
			d.find(Untold, d.order.ID, "the parcel %s had gone at version %d before its money was taken, and no ticket tells of it", e.Entity, e.Version)
		}
	}
}
