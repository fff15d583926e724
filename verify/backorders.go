package verify

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
)

// waited is how many units of each SKU the order waits for.
func (d *dossier) waited() (bySKU map[string]int64, units int64) {
	bySKU = map[string]int64{}
	for _, b := range d.backorders {
		bySKU[b.SKU] += b.Quantity
		units += b.Quantity
	}
	return bySKU, units
}

// checkBackorders holds what the order waits for against what it says, and looks
// whether it is asked to be paid once it waits for nothing.
func (d *dossier) checkBackorders() {
	o := d.order
	_, units := d.waited()
	if units != o.Sums.Backordered || o.End.Over() && units > 0 {
		d.find(Backorders, o.ID, "the row says that it is %s and waits for %d units, its backorders come to %d", o.Status, o.Sums.Backordered, units)
	}
	for _, p := range d.payments {
		if since := d.toPaySince(p); !p.OpenedAt.Equal(since) {
			d.find(Times, p.ID, "it is to be paid since %s, its events say since %s", p.OpenedAt, since)
		}
		if p.Status == payment.StatusRequiresConfirmation && o.End == order.EndNone && o.Sums.Backordered+o.Sums.Short() == 0 {
			d.find(Backorders, o.ID, "it has all of its goods, and its payment %s was not asked for", p.ID)
		}
	}
}

// toPaySince is since when a payment is to be made: since its order was placed, or
// asked for it later.
func (d *dossier) toPaySince(p payment.Payment) (since time.Time) {
	for i, e := range d.events {
		if i == 0 || e.Entity == p.ID && (e.Type == payment.EventConfirmed || e.Type == payment.EventRequested) {
			since = e.At
		}
	}
	return since
}

// saidLater says whether the order was placed to be paid when all of its goods are
// there.
func (d *dossier) saidLater() bool {
	var said struct {
		PayLater bool `json:"pay_later"`
	}
	if len(d.events) > 0 {
		_ = json.Unmarshal(d.events[0].Data, &said) // what can not be read says nothing
	}
	return said.PayLater
}

// checkFilling looks whether what is there of the SKUs is given to those who wait
// for it.
func (run *run) checkFilling(s shelf, known map[string]bool) {
	given := map[string]bool{}
	byOwner := map[string][]work.Item{}
	for _, it := range s.items {
		byOwner[it.Owner] = append(byOwner[it.Owner], it)
	}
	for _, owner := range slices.Sorted(maps.Keys(byOwner)) {
		sku, _ := process.OfStock(owner)
		for _, it := range byOwner[owner] {
			if it.Step != string(process.StepFill) || it.Subject != sku || !known[sku] {
				run.report.find(StrayStep, owner, "the step %s about %q is none of the stock of an SKU", it.Step, it.Subject)
				continue
			}
			given[sku] = true
		}
		(&dossier{Report: &run.report, latest: run.latest, items: byOwner[owner]}).checkFarOff()
	}
	for _, sku := range s.wanted {
		if !given[sku] {
			run.report.find(Unfilled, sku, "an order waits for it, some of it is there, and no step gives it")
		}
	}
	for _, sku := range s.waitedFor {
		if !known[sku] {
			run.report.find(Orphan, sku, "there is no such SKU, but an order waits for it")
		}
	}
}
