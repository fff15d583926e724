package process

import (
	"maps"
	"slices"
	"strings"

	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// What goes back of a line goes back for something, which it names: a return, a
// parcel that does not arrive, a ticket whose decision it was, or the order itself,
// out of which units were taken or which is over. What a person gives of their own
// accord has no such cause. Where a refund fails, its causes are owed their money
// until another refund takes its place.

// spare says whether money that went back of a line for a cause may have been for any
// unit of it: it was for nothing in particular, for a complaint, or for a parcel that is
// no longer missed.
func (a Account) spare(cause string) bool {
	return cause == "" || isTicket(cause) || isParcel(cause) && !a.lacks(cause)
}

func isParcel(id string) bool { return strings.HasPrefix(id, shipping.Prefix+"_") }

// lacks says whether a parcel does not arrive and nothing was sent in its place.
func (a Account) lacks(id string) bool {
	return slices.ContainsFunc(a.Shipments, func(s shipping.Shipment) bool { return s.ID == id && s.Lacking() })
}

// owedFor says whether a part of a refund that came to nothing is owed still. What a
// parcel lacks is owed in goods or money; what a person takes back of a complaint is
// theirs to decide.
func owedFor(f payment.Refund, l payment.RefundLine) bool {
	switch {
	case f.Counts() || l.Amount == 0 || l.Cause == "" || isParcel(l.Cause):
		return false
	default:
		return f.Status == payment.RefundFailed || !isTicket(l.Cause)
	}
}

// owed is what the lines are owed because a refund came to nothing, never more than is
// left of them.
func (a Account) owed() (credits []order.Credit) {
	left := map[int64]int64{}
	for _, l := range a.Lines {
		left[l.Line] = l.Left()
	}
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if l.Amount = min(l.Amount, left[l.Line]); l.Amount == 0 || !owedFor(f, l) {
				continue
			}
			left[l.Line] -= l.Amount
			credits = append(credits, order.Credit(l))
		}
	}
	return credits
}

// Given is for how many units of a line money goes back for a cause, or is owed, and how
// much.
func (a Account) Given(cause string, line int64) (given order.Repaid) {
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if l.Cause == cause && l.Line == line && (f.Counts() || owedFor(f, l)) {
				given.Units, given.Amount = given.Units+l.Quantity, given.Amount+l.Amount
			}
		}
	}
	return given
}

// repaid is what goes back of a line for units, or for a cause, by cause.
func (a Account) repaid(line int64) map[string]order.Repaid {
	repaid := map[string]order.Repaid{}
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if f.Counts() && l.Line == line && (l.Quantity > 0 || l.Cause != "") {
				had := repaid[l.Cause]
				repaid[l.Cause] = order.Repaid{Units: had.Units + l.Quantity, Amount: had.Amount + l.Amount}
			}
		}
	}
	return repaid
}

// spareUnits is for how many units of a line money goes back that may have been for
// any.
func (a Account) spareUnits(line int64) (units int64) {
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if f.Counts() && l.Line == line && a.spare(l.Cause) {
				units += l.Quantity
			}
		}
	}
	return units
}

// units takes the money of up to so many units of a line, of that which may have been
// for any, for a claimant that lacks it: what they have had is not given once more, and
// owed where it comes back.
func (d *draft) units(of claimant, units int64) {
	at, had, over := d.at(of.line), d.Given(of.cause, of.line), d.over(of.line)
	units = min(units, at.Lacks(had, of.units), of.units-had.Units)
	d.takes(of, func(l payment.RefundLine) (int64, int64) {
		n := min(max(units, 0), l.Quantity)
		amount := min(portionOf(l, n), n*at.UpTo(1)+over, at.Wants(had, of.units, over))
		units, over = units-n, over-max(amount-n*at.UpTo(1), 0)
		had = order.Repaid{Units: had.Units + n, Amount: had.Amount + amount}
		return n, amount
	})
}

// money takes up to an amount likewise, of what went back for no units, or for some that
// do not come to as much.
func (d *draft) money(of claimant, amount int64) {
	d.takes(of, func(l payment.RefundLine) (int64, int64) {
		n := l.Amount
		if l.Quantity > 0 {
			n -= d.at(of.line).Most(l.Quantity)
		}
		n = max(min(amount, n), 0)
		amount -= n
		return 0, n
	})
}

// broken does the same with units that come to more, and takes with it those of which it
// is the money: the others no longer have theirs then.
func (d *draft) broken(of claimant, amount int64) {
	units := of.units - d.Given(of.cause, of.line).Units
	d.takes(of, func(l payment.RefundLine) (int64, int64) {
		n := max(min(amount, l.Amount), 0)
		whole := min(d.at(of.line).Units(n), l.Quantity, units)
		amount, units = amount-n, units-whole
		return whole, n
	})
}

// takes moves what a claimant takes of the parts of refunds that may have been for any
// unit of its line.
func (d *draft) takes(of claimant, take func(payment.RefundLine) (units, amount int64)) {
	d.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if !f.Counts() || l.Line != of.line || l.Cause == of.cause || !d.spare(l.Cause) {
			return 0, 0
		}
		return take(l)
	}, of.cause)
}

// causes is what of a line goes back for each cause, or is owed, but to tickets.
func (a Account) causes(line int64) map[string]order.Repaid {
	causes := a.repaid(line)
	delete(causes, "")
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if l.Line == line && owedFor(f, l) && !isTicket(l.Cause) {
				causes[l.Cause] = a.Given(l.Cause, line)
			}
		}
	}
	return causes
}

// over is how many of the minor units that are over in a line have not gone to a unit of
// which is known which one it was.
func (d *draft) over(line int64) int64 {
	known := d.causes(line)
	maps.DeleteFunc(known, func(cause string, _ order.Repaid) bool {
		return d.spare(cause)
	})
	return d.at(line).Over(slices.Collect(maps.Values(known)))
}

// instead has credits given in the place of what is owed.
func (d *draft) instead(of []order.Credit) {
	for _, by := range of {
		d.replace(by)
	}
}

// replace takes what was owed off the refund that came to nothing, for another one
// gives it.
func (d *draft) replace(by order.Credit) {
	d.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if l.Line != by.Line || l.Cause != by.Cause || !owedFor(f, l) {
			return 0, 0
		}
		amount, units := min(by.Amount, l.Amount), min(max(by.Quantity, 0), l.Quantity)
		if amount == l.Amount && amount > 0 {
			units = l.Quantity
		}
		by.Amount, by.Quantity = by.Amount-amount, by.Quantity-units
		return units, amount
	}, "")
}

// complaints does the same with what tickets are owed of units that came back, where a
// refund is for that.
func (d *draft) complaints(of []order.Credit) {
	for _, by := range of {
		if ofReturn(by) {
			d.complaint(by)
		}
	}
}

func (d *draft) complaint(by order.Credit) {
	d.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if l.Line != by.Line || !isTicket(l.Cause) || !owedFor(f, l) {
			return 0, 0
		}
		n := min(by.Quantity, l.Quantity)
		by.Quantity -= n
		return n, portionOf(l, n)
	}, "")
}

// each moves what is taken of the parts of all refunds to a cause.
func (d *draft) each(take func(payment.Refund, payment.RefundLine) (units, amount int64), cause string) {
	for _, f := range d.Refunds {
		for _, l := range slices.Clone(d.Credits[f.ID]) {
			units, amount := take(f, l)
			if f.ID == drafted || units+amount == 0 {
				continue
			}
			d.Credits[f.ID] = moved(d.Credits[f.ID], l, units, amount, cause)
			d.moved[f.ID] = true
		}
	}
}

// moved moves units and an amount of one part of a refund to another cause.
func moved(lines []payment.RefundLine, from payment.RefundLine, units, amount int64, cause string) []payment.RefundLine {
	var rest []payment.RefundLine
	for _, l := range lines {
		if l == from {
			l.Quantity, l.Amount = l.Quantity-units, l.Amount-amount
		}
		rest = merge(rest, l)
	}
	return merge(rest, payment.RefundLine{Line: from.Line, Quantity: units, Amount: amount, Cause: cause})
}

// merge adds a part to those of a refund, which has one for each line and cause.
func merge(lines []payment.RefundLine, l payment.RefundLine) []payment.RefundLine {
	if l.Quantity+l.Amount == 0 {
		return lines
	}
	for i := range lines {
		if lines[i].Line == l.Line && lines[i].Cause == l.Cause {
			lines[i].Quantity, lines[i].Amount = lines[i].Quantity+l.Quantity, lines[i].Amount+l.Amount
			return lines
		}
	}
	return append(lines, l)
}

// claim moves parts of the order's refunds to causes, where it has any.
func (c *change) claim(do func(*draft)) error {
	if refunds, err := c.getRefunds(); err != nil || len(refunds) == 0 {
		return err
	}
	a, err := c.account()
	if err != nil {
		return err
	}
	d := a.draft()
	do(d)
	c.keepClaims(d)
	return nil
}

// keepClaims keeps which parts of refunds a draft has moved to which causes.
func (c *change) keepClaims(d *draft) {
	for _, id := range slices.Sorted(maps.Keys(d.moved)) {
		if _, fresh := c.credits[id]; fresh {
			c.credits[id] = d.Credits[id]
			continue
		}
		payment.SaveRefundLines(c.tx, payment.Refund{ID: id, Order: c.order.ID}, d.Credits[id])
	}
}

// portionOf is the money of so many units of a part of a refund.
func portionOf(l payment.RefundLine, units int64) int64 {
	return order.Line{Amount: l.Amount, Quantity: l.Quantity}.UpTo(units)
}
