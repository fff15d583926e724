package verify

import (
	"slices"

	"doorstep/internal/work"
	"doorstep/support"
)

// checkTold looks for steps that wait for a person whom no one has told. A
// ticket without an order is with a person by itself.
func (d *dossier) checkTold() {
	if slices.ContainsFunc(d.tickets, func(t support.Ticket) bool { return t.Status.Unsolved() }) {
		return
	}
	for _, it := range d.items {
		if it.State == work.Stuck {
			d.find(Untold, d.order.ID, "the step %s about %s waits for a person, and no ticket of the order is unsolved", it.Step, it.Subject)
		}
	}
}
