package process

import (
	"cmp"
	"slices"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// Repaid returns the parcels that do not arrive, and were not sent anew, of which the
// money for what they held went back. Of the refunds those count that did go back, and
// with the pending ones those that are about to.
func (a Account) Repaid(pending bool) map[string]bool { return inFull(a.paybacks(pending)) }

func inFull(paybacks map[string]payback) map[string]bool {
	repaid := map[string]bool{}
	for id, paid := range paybacks {
		repaid[id] = paid == allPaidBack
	}
	return repaid
}

// payback says for how much of what a parcel held the money went back.
type payback int

const (
	nonePaidBack  payback = iota
	maybePaidBack         // some went back that may have been for it, or for other units
	somePaidBack
	allPaidBack
)

// paybacks returns the same parcels with how much of their money went back: for these
// parcels, or as all that their lines came to.
func (a Account) paybacks(pending bool) map[string]payback {
	all, of := a.back(pending)
	paybacks := map[string]payback{}
	for _, s := range a.missed() {
		priced, repaid, spare := 0, 0, false // goods that cost nothing are missed alone, or until all money has gone back
		for _, h := range linesOf(a.Held[s.ID]) {
			l := a.line(h.Line)
			spare = spare || a.spareUnits(l.Line) > 0
			if l.Amount == 0 {
				continue
			}
			priced++
			if all[l.Line] == l.Amount || l.Covers(of[s.ID][l.Line], h.Quantity) {
				repaid++
			}
		}
		switch {
		case repaid == priced && (priced > 0 || gaveAllBack(a.Order)):
			paybacks[s.ID] = allPaidBack
		case repaid > 0 || len(of[s.ID]) > 0:
			paybacks[s.ID] = somePaidBack
		case spare:
			paybacks[s.ID] = maybePaidBack
		}
	}
	return paybacks
}

// line is the order's line of the number, the zero line where there is none.
func (a Account) line(n int64) order.Line {
	if i := slices.IndexFunc(a.Lines, func(l order.Line) bool { return l.Line == n }); i >= 0 {
		return a.Lines[i]
	}
	return order.Line{}
}

// missed returns the parcels that do not arrive and in whose place nothing was sent, in
// the order in which they did not.
func (a Account) missed() []shipping.Shipment {
	missed := slices.DeleteFunc(slices.Clone(a.Shipments), func(s shipping.Shipment) bool { return !s.Lacking() })
	slices.SortFunc(missed, func(a, b shipping.Shipment) int {
		return cmp.Or(a.AstrayAt.Compare(b.AstrayAt), cmp.Compare(a.ID, b.ID))
	})
	return missed
}

// back is what went back of each line, or with the pending refunds is about to, and
// what of it for each cause.
func (a Account) back(pending bool) (all map[int64]int64, of map[string]map[int64]order.Repaid) {
	all, of = map[int64]int64{}, map[string]map[int64]order.Repaid{}
	for _, f := range a.Refunds {
		if !counts(f, pending) {
			continue
		}
		for _, l := range a.Credits[f.ID] {
			if of[l.Cause] == nil {
				of[l.Cause] = map[int64]order.Repaid{}
			}
			all[l.Line] += l.Amount
			had := of[l.Cause][l.Line]
			of[l.Cause][l.Line] = order.Repaid{Units: had.Units + l.Quantity, Amount: had.Amount + l.Amount}
		}
	}
	return all, of
}

// claimAll takes for a parcel that does not arrive the money that went back before, as
// much as it comes to, and says whether that is all of it.
func (d *draft) claimAll(s shipping.Shipment) bool {
	for _, of := range d.missing(s) {
		d.fill(of, of.units, 0)
	}
	return d.Repaid(false)[s.ID]
}

// maySkipRemedy says whether the money that went back before may have been for a parcel
// that does not arrive.
func maySkipRemedy(a Account, id string) bool {
	i := slices.IndexFunc(a.Shipments, func(s shipping.Shipment) bool { return s.ID == id })
	return i >= 0 && a.draft().claimAll(a.Shipments[i])
}

// skipRemedy takes a person's word that the money which went back before was for a
// parcel that does not arrive.
//
// Errors: conflict when that is not the money for what it held.
func skipRemedy(c *change, it *work.Item) error {
	s, err := c.shipment(it.Subject)
	if err != nil {
		return err
	}
	repaid := false
	if err := c.claim(func(d *draft) { repaid = d.claimAll(*s) }); err != nil {
		return err
	}
	if !repaid {
		return fault.New(fault.Conflict, "the money for what shipment %s holds has not gone back: have its goods sent anew, or give the money back", s.ID)
	}
	return c.emitOrder(EventAttributed, map[string]string{"shipment": s.ID})
}

// linesOf returns what a parcel holds by line: it may hold goods of one line from
// more than one place.
func linesOf(held []shipping.ShipmentLine) (lines []order.CreditLine) {
	for _, h := range held {
		if i := slices.IndexFunc(lines, func(l order.CreditLine) bool { return l.Line == h.Line }); i >= 0 {
			lines[i].Quantity += h.Quantity
			continue
		}
		lines = append(lines, order.CreditLine{Line: h.Line, Quantity: h.Quantity})
	}
	slices.SortFunc(lines, func(a, b order.CreditLine) int { return cmp.Compare(a.Line, b.Line) })
	return lines
}

// repaid returns the parcels that do not arrive and whose money went back, or with
// the pending refunds those whose money is about to.
func (c *change) repaid(pending bool) (map[string]bool, error) {
	paybacks, err := c.paybacks(pending)
	return inFull(paybacks), err
}

// paybacks returns the parcels that do not arrive with how much of the money for them
// went back, or with the pending refunds is about to.
func (c *change) paybacks(pending bool) (map[string]payback, error) {
	if c.order.Sums.Lost == 0 || c.order.Sums.Refunding+c.order.Sums.Refunded == 0 {
		return nil, nil
	}
	a, err := c.account()
	if err != nil {
		return nil, err
	}
	return a.paybacks(pending), nil
}

// allCredits returns of which lines the order's refunds are, those that this change
// opens among them.
func (c *change) allCredits() (map[string][]payment.RefundLine, error) {
	credits, err := payment.RefundLines(c.tx, c.order.ID)
	if err != nil {
		return nil, err
	}
	for id, lines := range c.credits {
		credits[id] = lines
	}
	return credits, nil
}

// toRemedy returns the parcels that do not arrive and whose money has not gone back.
func (c *change) toRemedy() (parcels []*shipping.Shipment, err error) {
	repaid, err := c.repaid(false)
	if err != nil {
		return nil, err
	}
	shipments, err := c.getShipments()
	for _, s := range shipments {
		if s.Lacking() && !repaid[s.ID] {
			parcels = append(parcels, s)
		}
	}
	return parcels, err
}

// moneyMissed holds for a parcel of which something is missed: its goods or the
// money for them.
var moneyMissed = &Guard{"nothing was sent in its place, and its money has not gone back", func(c *change, e event.Event) (bool, error) {
	missed, err := c.toRemedy()
	return slices.ContainsFunc(missed, func(s *shipping.Shipment) bool { return s.ID == e.Entity }), err
}}

// remedyWaits and remedyMissed hold when more is waited for than is missed, and when
// less is.
var (
	remedyWaits = &Guard{"a parcel is waited for whose money has gone back", func(c *change, _ event.Event) (bool, error) {
		settled, _, err := c.remedies()
		return len(settled) > 0, err
	}}
	remedyMissed = &Guard{"a parcel does not arrive whose money is not with the customer, and nothing is waited for", func(c *change, _ event.Event) (bool, error) {
		_, missed, err := c.remedies()
		return len(missed) > 0, err
	}}
)

// remedies returns the parcels that are waited for although nothing of them is
// missed, and those of which something is and that are not waited for.
func (c *change) remedies() (settled, missed []string, err error) {
	if c.order.Sums.Lost == 0 {
		return nil, nil, nil
	}
	parcels, err := c.toRemedy()
	if err != nil {
		return nil, nil, err
	}
	items, err := c.getItems()
	waits := map[string]bool{}
	for _, it := range items {
		waits[it.Subject] = waits[it.Subject] || it.Step == string(StepAwaitRemedy)
	}
	for _, s := range parcels {
		if !waits[s.ID] {
			missed = append(missed, s.ID)
		}
		delete(waits, s.ID)
	}
	for _, it := range items {
		if it.Step == string(StepAwaitRemedy) && waits[it.Subject] {
			settled = append(settled, it.Subject)
		}
	}
	return settled, missed, err
}

// endRemedy is the rule of parcels whose money has gone back.
func endRemedy(c *change, _ event.Event) error {
	settled, _, err := c.remedies()
	for _, id := range settled {
		if err := c.endItem(StepAwaitRemedy, id); err != nil {
			return err
		}
	}
	return err
}

// remedyAgain is the rule of parcels whose money has come back to the shop.
func remedyAgain(c *change, e event.Event) error {
	_, missed, err := c.remedies()
	for _, id := range missed {
		e.Entity = id
		if err := c.arm(c.p.steps[StepAwaitRemedy], e); err != nil {
			return err
		}
	}
	return err
}
