package verify

import (
	"encoding/json"
	"slices"

	"doorstep/event"
	"doorstep/order"
	"doorstep/process"
)

// checkHolds follows for what the order was held, and looks for a hold that a
// refused cancel has let go.
func (d *dossier) checkHolds() {
	if !d.whole() {
		return
	}
	held, was := "", ""
	for i, e := range d.events {
		switch e.Type {
		case order.EventHeld:
			held = saidOfHold(e).Reason
		case order.EventReleased, order.EventFailed:
			held = ""
		case order.EventCancelRequested:
			if said := saidOfHold(e).Held; said != held {
				d.find(HoldKept, d.order.ID, "version %d, %s, says that the order was held for %q; it was for %q", e.Version, e.Type, said, held)
			}
			held, was = "", held
		case order.EventCancelRefused:
			if process.HeldAsBefore(was) && !slices.ContainsFunc(d.events[i+1:min(i+2, len(d.events))], func(e event.Event) bool {
				return e.Type == order.EventHeld && saidOfHold(e).Reason == was
			}) {
				d.find(HoldKept, d.order.ID, "its cancel was refused at version %d, and it is not held for %q as before", e.Version, was)
			}
		}
	}
}

// holdSaid is what the events of holds say, and of cancels that interrupt them.
type holdSaid struct{ Reason, Held string }

func saidOfHold(e event.Event) (s holdSaid) {
	_ = json.Unmarshal(e.Data, &s) // what can not be read says nothing
	return s
}
