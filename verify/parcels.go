package verify

import (
	"encoding/json"
	"maps"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// live says whether a parcel is to leave, or has left.
func live(s shipping.Shipment) bool {
	return s.Status != shipping.Voided && s.Status != shipping.Failed
}

func (d *dossier) liveShipments() []shipping.Shipment {
	var all []shipping.Shipment
	for _, s := range d.shipments {
		if live(s) {
			all = append(all, s)
		}
	}
	return all
}

// checkShipments holds the order's fulfilment against its shipments: the one
// that is live decides, and where none is, the last.
func (d *dossier) checkShipments() {
	parcels := d.liveShipments()
	if len(parcels) == 0 {
		parcels = d.shipments
	}
	want := order.FulfilmentNone
	if len(parcels) > 0 {
		want = fulfilment(parcels[len(parcels)-1])
	}
	if d.order.Fulfilment != want && len(d.liveShipments()) < 2 {
		d.find(FulfilmentFacet, d.order.ID, "the row says %s, its %d shipments come to %s", d.order.Fulfilment, len(d.shipments), want)
	}
}

// fulfilment is the facet of an order with this one parcel.
func fulfilment(s shipping.Shipment) order.Fulfilment {
	if s.Status == shipping.Shipped && !s.DeliveredAt.IsZero() {
		return order.FulfilmentDelivered
	}
	return map[shipping.Status]order.Fulfilment{
		shipping.Planned: order.FulfilmentPlanned, shipping.LabelBought: order.FulfilmentLabelled, shipping.Shipped: order.FulfilmentShipped,
		shipping.Failed: order.FulfilmentFailed, shipping.Voided: order.FulfilmentVoided,
	}[s.Status]
}

// checkParcels holds what is on its way against what is owed.
func (d *dossier) checkParcels() {
	parcels := d.liveShipments()
	o := d.order
	owed := o.End == order.EndNone && (o.Payment == order.PaymentAuthorised || o.Payment == order.PaymentCaptured)
	if len(parcels) > 1 || owed && len(parcels) == 0 {
		d.find(Parcel, o.ID, "payment %s, end %q: %d parcels are neither voided nor failed", o.Payment, o.End, len(parcels))
	}
	if len(parcels) == 0 {
		return
	}
	held, ordered := map[shipping.ShipmentLine]int64{}, map[shipping.ShipmentLine]int64{}
	for _, s := range parcels {
		for _, l := range d.held[s.ID] {
			held[shipping.ShipmentLine{Line: l.Line, SKU: l.SKU}] += l.Quantity
		}
	}
	for _, l := range d.lines {
		ordered[shipping.ShipmentLine{Line: l.Line, SKU: l.SKU}] += l.Quantity
	}
	if !maps.Equal(held, ordered) {
		d.find(ShipmentLines, o.ID, "its parcels hold %d lines that are not its %d", len(held), len(ordered))
	}
}

// checkLabels holds what was asked of the carriers, and answered, against the
// shipments.
func (d *dossier) checkLabels() {
	for _, s := range d.shipments {
		var n, open, labels int64
		var bought shipping.Attempt
		for _, a := range d.labels {
			if a.Shipment != s.ID {
				continue
			}
			if n++; a.N != n {
				d.find(LabelAttempts, s.ID, "the attempt %s is number %d where %d was expected", a.Key, a.N, n)
				n = a.N
			}
			if a.Carrier != s.Carrier {
				d.find(LabelAttempts, s.ID, "it is shipped by %s, its attempt %s is of %s", s.Carrier, a.Key, a.Carrier)
			}
			switch {
			case a.IsOpen():
				open++
			case a.Status == attempt.Succeeded && a.Op == shipping.OpBuy:
				labels++
				bought = a
			case a.Status == attempt.Succeeded:
				labels--
			}
		}
		if open > 1 {
			d.find(TwoOpenAttempts, s.ID, "%d attempts are open", open)
		}
		d.checkLabel(s, labels, bought)
	}
}

// checkLabel holds the labels that were not given back against the shipment.
func (d *dossier) checkLabel(s shipping.Shipment, labels int64, bought shipping.Attempt) {
	want := int64(0)
	if s.Carrier != shipping.Manual && (s.Status == shipping.LabelBought || s.Status == shipping.Shipped) {
		want = 1
	}
	switch {
	case labels > 1:
		d.find(TwoLabels, s.ID, "%d labels were bought and not given back", labels)
	case labels != want:
		d.find(LabelAttempts, s.ID, "it is %s by %s, and its attempts come to %d labels", s.Status, s.Carrier, labels)
	case want == 1 && (s.LabelRef != bought.Ref || s.TrackingNumber != bought.TrackingNumber || s.Cost != bought.Cost || s.CostCurrency != bought.CostCurrency):
		d.find(LabelAttempts, s.ID, "it has the label %q (%s), its attempt bought %q (%s)", s.LabelRef, s.TrackingNumber, bought.Ref, bought.TrackingNumber)
	}
}

// checkTracking holds where each parcel is said to be against what was seen of it.
func (d *dossier) checkTracking() {
	for _, s := range d.shipments {
		want, seen := shipping.TrackingUnknown, time.Time{}
		if s.Carrier == shipping.Manual && !s.DeliveredAt.IsZero() {
			want = shipping.Delivered // a person said so
		}
		for _, k := range d.scans[s.ID] {
			want = shipping.Fold(want, k)
			if k.At.After(seen) {
				seen = k.At
			}
		}
		if s.Tracking != want || !s.ScannedAt.Equal(seen) {
			d.find(Tracking, s.ID, "the row says %s, last seen %s; its scans come to %s, last seen %s", s.Tracking, s.ScannedAt, want, seen)
			continue
		}
		if arrived := s.Status == shipping.Shipped && s.Tracking == shipping.Delivered; arrived != !s.DeliveredAt.IsZero() {
			d.find(Tracking, s.ID, "it is %s and %s, but its time of delivery is %s", s.Status, s.Tracking, s.DeliveredAt)
		}
	}
}

// checkHandOvers holds when each parcel was handed over against its events.
func (d *dossier) checkHandOvers() {
	if int64(len(d.events)) != d.order.Version {
		return // named already: a history that is not whole proves nothing
	}
	for _, s := range d.shipments {
		handOver, _ := pick(d.events, func(e event.Event) bool { return e.Entity == s.ID && e.Type == shipping.EventShipped })
		if !s.ShippedAt.Equal(handOver.At) {
			d.find(HandOvers, s.ID, "the row says %s, its events %s", s.ShippedAt, handOver.At)
		}
	}
}

// checkDeliveries holds when each parcel arrived against what its event says was
// seen, to the microsecond that is stored.
func (d *dossier) checkDeliveries() {
	if int64(len(d.events)) != d.order.Version {
		return // named already: a history that is not whole proves nothing
	}
	for _, s := range d.shipments {
		delivery, _ := pick(d.events, func(e event.Event) bool { return e.Entity == s.ID && e.Type == shipping.EventDelivered })
		if at := seenAt(delivery); db.Micros(s.DeliveredAt) != db.Micros(at) {
			d.find(Deliveries, s.ID, "the row says %s, its events %s", s.DeliveredAt, at)
		}
	}
}

// seenAt returns when the carrier saw what an event is about, as the event says.
func seenAt(e event.Event) time.Time {
	var data struct {
		SeenAt time.Time `json:"seen_at"`
	}
	if json.Unmarshal(e.Data, &data) != nil {
		return time.Time{}
	}
	return data.SeenAt
}

// checkMovements holds what was moved for the order against what is reserved
// for it now, what it has taken away and where its parcels leave from.
func (d *dossier) checkMovements() {
	o := d.order
	differ, left, at := map[place]int64{}, map[string]int64{}, map[string]bool{}
	for _, m := range d.moved {
		_, reserved := m.Effect()
		differ[place{m.SKU, m.Location}] += reserved
		at[m.Location] = true
		if m.Type == inventory.Ship {
			left[m.SKU] += m.Quantity
		}
	}
	for _, v := range d.reservations {
		differ[place{v.SKU, v.Location}] -= v.Quantity
	}
	maps.DeleteFunc(differ, func(_ place, n int64) bool { return n == 0 })
	if len(differ) > 0 {
		d.find(OrderMovements, o.ID, "what its movements reserved and what is reserved for it differ by %v", differ)
	}
	gone := map[string]int64{}
	if o.Stock == order.StockLeft {
		gone = order.Demand(d.lines)
	}
	if !maps.Equal(left, gone) {
		d.find(OrderMovements, o.ID, "its stock is %s, its movements took away %v of %v", o.Stock, left, gone)
	}
	for _, s := range d.shipments {
		if !at[s.Location] && d.locations[s.Location] {
			d.find(OrderMovements, o.ID, "the parcel %s leaves from %s, where nothing was reserved for it", s.ID, s.Location)
		}
	}
}

// checkStock holds what is reserved for the order against what it needs.
func (d *dossier) checkStock() {
	o := d.order
	reserved := map[string]int64{}
	for _, v := range d.reservations {
		reserved[v.SKU] += v.Quantity
	}
	if o.Status.Final() {
		if len(reserved) > 0 {
			d.find(DeadReservation, o.ID, "the order is %s, but %v are reserved for it", o.Status, reserved)
		}
		return
	}
	needs := map[string]int64{}
	if o.Stock == order.StockReserved {
		needs = order.Demand(d.lines)
	}
	if !maps.Equal(reserved, needs) {
		d.find(StockFacet, o.ID, "its stock is %s, its lines ask for %v, and %v are reserved", o.Stock, needs, reserved)
	}
}
