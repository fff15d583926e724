package verify

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// checkShipments holds where the order's goods are against its shipments.
func (d *dossier) checkShipments() {
	has, want := d.order.Sums, d.order.Sums
	want.Planned, want.Labelled, want.Left, want.Arrived, want.Lost, want.Replaced = 0, 0, 0, 0, 0, 0
	for _, s := range d.shipments {
		switch {
		case !s.ReplacedAt.IsZero():
			want.Replaced += s.Units
		case s.Astray():
			want.Lost += s.Units
		case s.Status == shipping.Planned:
			want.Planned += s.Units
		case s.Status == shipping.LabelBought:
			want.Labelled += s.Units
		case s.Status == shipping.Shipped && s.DeliveredAt.IsZero():
			want.Left += s.Units
		case s.Status == shipping.Shipped:
			want.Arrived += s.Units
		}
	}
	if has != want {
		d.find(FulfilmentFacet, d.order.ID, "the row has %+v, its %d shipments come to %+v", has, len(d.shipments), want)
	}
}

// checkParcels holds what is in parcels against what is owed, and never more.
func (d *dossier) checkParcels() {
	o := d.order
	missing := map[shipping.ShipmentLine]int64{}
	for _, l := range d.lines {
		missing[shipping.ShipmentLine{Line: l.Line, SKU: l.SKU}] += l.Wanted()
	}
	for _, s := range d.shipments {
		var units int64
		for _, l := range d.held[s.ID] {
			units += l.Quantity
			if s.Live() {
				missing[shipping.ShipmentLine{Line: l.Line, SKU: l.SKU}] -= l.Quantity
			}
		}
		if units != s.Units {
			d.find(ShipmentLines, s.ID, "the row says %d units, its lines come to %d", s.Units, units)
		}
	}
	waits := false
	for _, l := range slices.SortedFunc(maps.Keys(missing), func(a, b shipping.ShipmentLine) int { return cmp.Compare(a.Line, b.Line) }) {
		if missing[l] < 0 {
			d.find(ShipmentLines, o.ID, "its parcels hold %d of line %d, %s, more than it asks for", -missing[l], l.Line, l.SKU)
		}
		waits = waits || missing[l] > 0
	}
	if paid := o.Payment == order.PaymentAuthorised || o.Payment.Taken(); waits && paid && o.End == order.EndNone && o.Held == "" && o.Sums.Backordered == 0 {
		d.find(Parcel, o.ID, "it is %s and going on, and %v are in no parcel", o.Payment, missing)
	}
}

// checkLabels holds what was asked of the carriers, and answered, against the
// shipments.
func (d *dossier) checkLabels() {
	for _, s := range d.shipments {
		var n, open, labels int64
		var bought shipping.Attempt
		last := s.Carrier
		for _, a := range d.labels {
			if a.Shipment != s.ID {
				continue
			}
			if n++; a.N != n {
				d.find(LabelAttempts, s.ID, "the attempt %s is number %d where %d was expected", a.Key, a.N, n)
				n = a.N
			}
			last = a.Carrier
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
		if last != s.Carrier {
			d.find(LabelAttempts, s.ID, "it is shipped by %s, its last attempt was of %s", s.Carrier, last)
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
	if s.Carrier != shipping.Manual && (s.Status == shipping.LabelBought || s.Status == shipping.Unpacked || s.Status == shipping.Strayed || s.Gone()) {
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

// checkAstray holds since when each parcel does not arrive, and when its goods were
// sent anew, unless that was withdrawn, against its events.
func (d *dossier) checkAstray() {
	if int64(len(d.events)) != d.order.Version {
		return // named already: a history that is not whole proves nothing
	}
	for _, s := range d.shipments {
		var since, replaced time.Time
		for _, e := range d.events {
			switch {
			case e.Entity != s.ID:
			case e.Type == shipping.EventReplaced:
				replaced = e.At
			case e.Type == shipping.EventNotReplaced:
				replaced = time.Time{}
			case e.Type == shipping.EventFound || e.Type == shipping.EventDelivered:
				since = time.Time{}
			case e.Type == shipping.EventLost || e.Type == shipping.EventDamaged || e.Type == shipping.EventReturned:
				since = seenAt(e)
			}
		}
		if db.Micros(s.AstrayAt) != db.Micros(since) || !s.ReplacedAt.Equal(replaced) {
			d.find(Astray, s.ID, "the row says astray since %s and replaced at %s, its events %s and %s", s.AstrayAt, s.ReplacedAt, since, replaced)
		}
	}
}

// checkReturned holds what was put back of the order's parcels and returns against
// what their events say of it, and never more than they hold.
func (d *dossier) checkReturned() {
	var back, said int64
	for _, m := range d.moved {
		if m.Type == inventory.ReturnStock {
			back += m.Quantity
		}
	}
	for _, e := range d.events {
		if e.Type != shipping.EventReceived && e.Type != shipping.EventReturnReceived {
			continue
		}
		var data struct{ Restocked int64 }
		_ = json.Unmarshal(e.Data, &data) // what can not be read says nothing
		said += data.Restocked
		if s, ok := d.shipment(e.Entity); ok && data.Restocked > s.Units {
			d.find(ReturnedStock, s.ID, "of %d units %d were put back", s.Units, data.Restocked)
		}
	}
	if back != said {
		d.find(ReturnedStock, d.order.ID, "%d units were put back, the events of its parcels and returns say %d", back, said)
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
	if gone := d.gone(); !maps.Equal(left, gone) {
		d.find(OrderMovements, o.ID, "its stock is %s, its movements took away %v of %v", o.Stock, left, gone)
	}
	for _, s := range d.shipments {
		if !at[s.Location] && d.locations[s.Location] {
			d.find(OrderMovements, o.ID, "the parcel %s leaves from %s, where nothing was reserved for it", s.ID, s.Location)
		}
	}
}

// covers says whether what is reserved is what is needed but for what a count
// did not find.
func covers(needs, reserved map[string]int64, short int64) bool {
	for sku, n := range needs {
		short -= n - reserved[sku]
		if reserved[sku] > n {
			return false
		}
	}
	for sku := range reserved {
		if needs[sku] == 0 {
			return false
		}
	}
	return short == 0
}

// checkMissing looks whether an order waits whose goods are not all there.
func (d *dossier) checkMissing() {
	if o := d.order; o.End == order.EndNone && o.Held == "" && o.Sums.Short() > 0 {
		d.find(MissingStock, o.ID, "%d units were not found, and it is not held", o.Sums.Short())
	}
}

// gone returns what the order's parcels have taken away, by SKU.
func (d *dossier) gone() map[string]int64 {
	return d.heldIn(func(s shipping.Shipment) bool { return s.Gone() || s.Status == shipping.Strayed })
}

// heldIn returns what those of the order's parcels hold that are meant, by SKU.
func (d *dossier) heldIn(meant func(shipping.Shipment) bool) map[string]int64 {
	held := map[string]int64{}
	for _, s := range d.shipments {
		if meant(s) {
			for _, l := range d.held[s.ID] {
				held[l.SKU] += l.Quantity
			}
		}
	}
	return held
}

// checkStock holds what is reserved for the order against what it needs. For one
// that is over that is what may have left: what is in a parcel whose label was
// not given back.
func (d *dossier) checkStock() {
	o := d.order
	reserved := map[string]int64{}
	var units int64
	for _, v := range d.reservations {
		reserved[v.SKU] += v.Quantity
		units += v.Quantity
	}
	if o.Status.Final() {
		if here := d.heldIn(func(s shipping.Shipment) bool { return s.Here() }); !maps.Equal(reserved, here) {
			d.find(DeadReservation, o.ID, "the order is %s, its parcels here hold %v, and %v are reserved for it", o.Status, here, reserved)
		}
		return
	}
	needs := order.Demand(d.lines)
	for sku, n := range d.heldIn(func(s shipping.Shipment) bool { return s.Gone() && s.Live() }) {
		needs[sku] -= n
	}
	waited, _ := d.waited()
	for sku, n := range waited {
		needs[sku] -= n
	}
	maps.DeleteFunc(needs, func(_ string, n int64) bool { return n == 0 })
	switch {
	case !covers(needs, reserved, o.Sums.Short()):
		d.find(StockFacet, o.ID, "its stock is %s, its lines still ask for %v, and %v are reserved", o.Stock, needs, reserved)
	case units != o.Sums.Reserved:
		d.find(StockFacet, o.ID, "the row says that %d are reserved, the reservations come to %d", o.Sums.Reserved, units)
	}
}
