package process

import (
	"cmp"
	"slices"

	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// Repaid returns the parcels that do not arrive, and were not sent anew, of which the
// money for what they held went back: by refunds of their lines, or of everything.
// Of the refunds those count that did go back, and with the pending ones those that
// are about to. What was taken out of the order, and what the customer has sent back,
// has its money first.
func (a Account) Repaid(pending bool) map[string]bool {
	return inFull(a.paybacks(pending))
}

func inFull(paybacks map[string]order.Payback) map[string]bool {
	repaid := map[string]bool{}
	for id, paid := range paybacks {
		repaid[id] = paid == order.AllPaidBack
	}
	return repaid
}

// paybacks returns the same parcels with how much of their money went back.
func (a Account) paybacks(pending bool) map[string]order.Payback {
	back := a.back(pending)
	other := slices.ContainsFunc(a.Refunds, func(f payment.Refund) bool {
		return counts(f, pending) && !slices.ContainsFunc(a.Returns, func(r shipping.Return) bool { return a.pays(f, r) })
	})
	if !other {
		return nil // also of goods that cost nothing: they are missed
	}
	missed := slices.DeleteFunc(slices.Clone(a.Shipments), func(s shipping.Shipment) bool { return !s.Lacking() })
	slices.SortFunc(missed, func(a, b shipping.Shipment) int {
		return cmp.Or(a.AstrayAt.Compare(b.AstrayAt), cmp.Compare(a.ID, b.ID))
	})
	parcels := make([][]order.CreditLine, len(missed))
	for i, s := range missed {
		parcels[i] = linesOf(a.Held[s.ID])
	}
	paybacks := map[string]order.Payback{}
	for i, paid := range order.Paybacks(a.Lines, back, a.due(), parcels) {
		paybacks[missed[i].ID] = paid
	}
	return paybacks
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
func (c *change) paybacks(pending bool) (map[string]order.Payback, error) {
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
