package verify

import (
	"slices"

	"doorstep/internal/work"
	"doorstep/process"
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
