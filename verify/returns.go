package verify

import (
	"encoding/json"
	"slices"

	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// checkReturns holds what comes back of the order against what has arrived of it,
// and against its lines and its events.
func (d *dossier) checkReturns() {
	returned := map[int64]int64{}
	var came int64
	for _, v := range d.returns {
		var of shipping.Return
		for _, l := range d.coming[v.ID] {
			of.Units, of.Came = of.Units+l.Quantity, of.Came+l.Came
			of.Restocked, of.Withheld = of.Restocked+l.Restocked, of.Withheld+l.Withheld
			returned[l.Line] += v.Counts(l)
			if line, ok := pick(d.lines, func(o order.Line) bool { return o.Line == l.Line }); !ok || line.SKU != l.SKU {
				d.find(Returns, v.ID, "it is about %s of line %d, and the order has no such line", l.SKU, l.Line)
			}
		}
		if has := (shipping.Return{Units: v.Units, Came: v.Came, Restocked: v.Restocked, Withheld: v.Withheld}); has != of {
			d.find(Returns, v.ID, "the row says %d units, of which %d came, %d are on hand again and %d not paid for; its lines %d, %d, %d and %d",
				has.Units, has.Came, has.Restocked, has.Withheld, of.Units, of.Came, of.Restocked, of.Withheld)
		}
		if v.Open() != v.ClosedAt.IsZero() || v.Came > 0 && v.Status != shipping.ReturnReceived {
			d.find(Returns, v.ID, "it is %s since %s, and %d units of it came", v.Status, v.ClosedAt, v.Came)
		}
		d.checkCameAsSaid(v)
		came += v.Came
	}
	if came != d.order.Sums.Returned {
		d.find(Returns, d.order.ID, "the row says that %d units came back, its returns %d", d.order.Sums.Returned, came)
	}
	arrived := d.arrived()
	for _, l := range d.lines {
		if l.Returned != returned[l.Line] || returned[l.Line] > arrived[l.Line] {
			d.find(Returns, d.order.ID, "line %d says that %d units came back or may, its returns %d; %d have arrived", l.Line, l.Returned, returned[l.Line], arrived[l.Line])
		}
	}
}

// checkCameAsSaid holds what came of a return against what its event says.
func (d *dossier) checkCameAsSaid(v shipping.Return) {
	e, ok := pick(d.events, func(e event.Event) bool { return e.Entity == v.ID && e.Type == shipping.EventReturnReceived })
	if !ok || !d.whole() {
		return // that there is one is what its state says
	}
	var said struct{ Units, Restocked, Withheld int64 }
	_ = json.Unmarshal(e.Data, &said) // what can not be read says nothing
	if said.Units != v.Came || said.Restocked != v.Restocked || said.Withheld != v.Withheld {
		d.find(Returns, v.ID, "%d units of it came, %d are on hand again and %d not paid for; its event says %d, %d and %d",
			v.Came, v.Restocked, v.Withheld, said.Units, said.Restocked, said.Withheld)
	}
}

// arrived returns how many units of each line are at the door, or were.
func (d *dossier) arrived() map[int64]int64 {
	units := map[int64]int64{}
	for _, s := range d.shipments {
		if s.DeliveredAt.IsZero() || !s.Live() {
			continue
		}
		for _, l := range d.held[s.ID] {
			units[l.Line] += l.Quantity
		}
	}
	return units
}

// checkReturnRefunds holds what is given back for the order's returns against what
// came of them.
func (d *dossier) checkReturnRefunds() {
	a := d.account()
	for _, v := range d.returns {
		if f, ok := d.refund(v.Refund); v.Refund != "" && (!ok || f.OpenedAt.Before(v.ClosedAt) || v.Status != shipping.ReturnReceived || !d.isFor(f, v.ID)) {
			d.find(ReturnRefunds, v.ID, "it is %s since %s, and its refund %s is none of the order's for it since then", v.Status, v.ClosedAt, v.Refund)
		}
		came := map[int64]int64{}
		for _, l := range d.coming[v.ID] {
			came[l.Line] = l.Came - l.Withheld
		}
		for _, l := range d.lines {
			if had := a.Given(v.ID, l.Line); had.Units > came[l.Line] || had.Amount > 0 && came[l.Line] == 0 {
				d.find(ReturnRefunds, v.ID, "%d are given back for %d units of line %d, and %d came", had.Amount, had.Units, l.Line, came[l.Line])
			}
		}
	}
}

// isFor says whether a refund is for a cause.
func (d *dossier) isFor(f payment.Refund, cause string) bool {
	return slices.ContainsFunc(d.credits[f.ID], func(l payment.RefundLine) bool { return l.Cause == cause })
}
