// Package ordertest walks through every way in which a small order can go.
package ordertest

import (
	"doorstep/event"
	"doorstep/order"
)

// units is how many units the order has, and what it costs: enough for two
// parcels and for a refund of a part.
const units = 2

// Standing is how an order stands.
type Standing struct {
	order.Facets
	order.Sums
}

// Ways tells visit of every event that can happen to an order of two units, and
// how the order stood before and after it. The first event is its placing.
func Ways(visit func(before Standing, on event.Type, after Standing)) {
	first := Standing{Facets: order.New()}
	seen := map[Standing]bool{first: true}
	for queue := []Standing{first}; len(queue) > 0; queue = queue[1:] {
		for _, e := range happenings(queue[0]) {
			facets, sums, err := order.Apply(queue[0].Facets, queue[0].Sums, e)
			if err != nil {
				continue
			}
			next := Standing{facets, sums}
			visit(queue[0], e.Type, next)
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
}

// happenings returns the events that may be tried on an order that stands so.
func happenings(now Standing) (all []event.Event) {
	if now.Units == 0 {
		return beginnings(now)
	}
	for _, t := range order.Moving() {
		switch t {
		case order.EventProcessed:
		case "payment.succeeded":
			all = append(all, happening(t, "", units))
		case "stock.released":
			all = append(all, event.Event{Type: t, Data: event.Data(map[string]any{"units": now.Unpacked(), "backordered": now.Backordered})})
		case order.EventChanged:
			all = append(all, changes(now)...)
		case "shipment.replaced":
			for n := int64(1); n+now.Replaced <= units; n++ { // it may go on for ever
				all = append(all, happening(t, "lost", n), anew(t, "lost", n, n))
			}
		case "shipment.replacement_withdrawn":
			all = append(all, withdrawals(t, now)...)
		case "stock.reserved": // or it is waited for
			for n := int64(1); n <= now.Short(); n++ {
				all = append(all, happening(t, "", n), anew(t, "", 0, n))
			}
		default:
			for _, from := range states(t) {
				for n := int64(1); n <= units; n++ {
					all = append(all, happening(t, from, n))
				}
			}
		}
	}
	return all
}

// withdrawals are how what is sent anew may be withdrawn: of units that are kept for
// it, waited for or missing, when the parcel is lost, under way or at the door.
func withdrawals(t event.Type, now Standing) (all []event.Event) {
	for n := int64(1); n <= now.Replaced; n++ {
		for kept := range n + 1 {
			for waited := range n - kept + 1 {
				for _, is := range []struct {
					from    string
					arrived int64
				}{{"lost", 0}, {"shipped", 0}, {"shipped", n}} {
					all = append(all, event.Event{Type: t, From: is.from,
						Data: event.Data(map[string]any{"units": n, "kept": kept, "backordered": waited, "arrived": is.arrived})})
				}
			}
		}
	}
	return all
}

// changes are how an order may be changed: by units that are kept for it, waited for
// or missing.
func changes(now Standing) (all []event.Event) {
	for _, kept := range []int64{-2, -1, 0} {
		all = append(all, changed(kept, kept, 0), changed(kept-1, kept, 0), changed(kept-1, kept, -1))
	}
	if now.Units < units {
		all = append(all, changed(1, 1, 0))
	}
	return all
}

// beginnings are how an order may begin: what is not there is waited for.
func beginnings(now Standing) (all []event.Event) {
	if now.End != order.EndNone {
		return nil
	}
	for n := range int64(units + 1) {
		all = append(all, event.Event{Type: order.EventProcessed, Data: event.Data(map[string]any{"units": units - n, "backordered": n})})
	}
	return append(all, happening(order.EventFailed, "", 0))
}

// states are those from which an event may move what it is about.
func states(t event.Type) []string {
	switch t {
	case "refund.opened", "refund.succeeded", "refund.canceled":
		return []string{""}
	case "refund.failed":
		return []string{"pending", "succeeded"}
	default:
		return []string{"planned", "label_bought", "shipped", "lost"}
	}
}

func changed(units, kept, backordered int64) event.Event {
	return event.Event{Type: order.EventChanged, Data: event.Data(map[string]any{"units": units, "kept": kept, "backordered": backordered})}
}

// anew has so many of the units waited for.
func anew(t event.Type, from string, n, waited int64) event.Event {
	return event.Event{Type: t, From: from, Data: event.Data(map[string]any{"units": n, "backordered": waited})}
}

func happening(t event.Type, from string, n int64) event.Event {
	return event.Event{Type: t, From: from, Data: event.Data(map[string]any{"units": n, "amount": n, "reason": "made_up"})}
}
