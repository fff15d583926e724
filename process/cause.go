package process

import (
	"cmp"
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

// spare says whether money that went back of a line may have been for any unit of it:
// it was for nothing in particular, for a complaint, or for a parcel that is no longer
// missed.
func (a Account) spare(l payment.RefundLine) bool {
	return l.Cause == "" || isTicket(l.Cause) || isParcel(l.Cause) && !a.lacks(l.Cause)
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
	case f.Counts() || l.Cause == "" || isParcel(l.Cause):
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
// much, in minor units.
func (a Account) Given(cause string, line int64) (units, amount int64) {
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if l.Cause == cause && l.Line == line && (f.Counts() || owedFor(f, l)) {
				units, amount = units+l.Quantity, amount+l.Amount
			}
		}
	}
	return units, amount
}

// spareUnits is for how many units of a line money goes back that may have been for
// any.
func (a Account) spareUnits(line int64) (units int64) {
	for _, f := range a.Refunds {
		for _, l := range a.Credits[f.ID] {
			if f.Counts() && l.Line == line && a.spare(l) {
				units += l.Quantity
			}
		}
	}
	return units
}

// claims moves parts of refunds to causes, and notes of which refunds.
type claims struct {
	Account
	moved map[string]bool // by refund
}

// units takes the money of up to so many units of a line, of that which may have been
// for any, for a cause: what they have had is not given once more, and owed where it
// comes back.
func (cl *claims) units(cause string, line, units int64) {
	cl.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if !f.Counts() || l.Line != line || l.Cause == cause || !cl.spare(l) {
			return 0, 0
		}
		n := min(max(units, 0), l.Quantity)
		units -= n
		return n, portionOf(l, n)
	}, cause)
}

// money takes up to an amount of a line likewise, of what went back for no units.
func (cl *claims) money(cause string, line, amount int64) {
	cl.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if !f.Counts() || l.Line != line || l.Cause == cause || l.Quantity > 0 || !cl.spare(l) || amount <= 0 {
			return 0, 0
		}
		n := min(amount, l.Amount)
		amount -= n
		return 0, n
	}, cause)
}

// replace takes what was owed off the refund that came to nothing, for another one
// gives it.
func (cl *claims) replace(by order.Credit) {
	cl.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if l.Line != by.Line || l.Cause != by.Cause || by.Amount == 0 || !owedFor(f, l) {
			return 0, 0
		}
		n := min(by.Amount, l.Amount)
		by.Amount -= n
		if n == l.Amount {
			return l.Quantity, n
		}
		return min(by.Quantity, l.Quantity), n
	}, "")
}

// complaints does the same with what tickets are owed of units that came back, and of
// which a refund is for that.
func (cl *claims) complaints(by order.Credit) {
	cl.each(func(f payment.Refund, l payment.RefundLine) (int64, int64) {
		if l.Line != by.Line || !isTicket(l.Cause) || !owedFor(f, l) {
			return 0, 0
		}
		n := min(by.Quantity, l.Quantity)
		by.Quantity -= n
		return n, portionOf(l, n)
	}, "")
}

// portionOf is the money of so many units of a part of a refund.
func portionOf(l payment.RefundLine, units int64) int64 {
	return order.Line{Amount: l.Amount, Quantity: l.Quantity}.UpTo(units)
}

// each moves what is taken of the parts of all refunds to a cause.
func (cl *claims) each(take func(payment.Refund, payment.RefundLine) (units, amount int64), cause string) {
	for _, f := range cl.Refunds {
		for _, l := range slices.Clone(cl.Credits[f.ID]) {
			units, amount := take(f, l)
			if units+amount == 0 {
				continue
			}
			cl.Credits[f.ID] = moved(cl.Credits[f.ID], l, units, amount, cause)
			cl.moved[f.ID] = true
		}
	}
}

// moved moves units and an amount of one part of a refund to another cause.
func moved(lines []payment.RefundLine, from payment.RefundLine, units, amount int64, cause string) []payment.RefundLine {
	var rest []payment.RefundLine
	to := payment.RefundLine{Line: from.Line, Quantity: units, Amount: amount, Cause: cause}
	for _, l := range lines {
		switch {
		case l == from:
			l.Quantity, l.Amount = l.Quantity-units, l.Amount-amount
			if l.Quantity+l.Amount > 0 {
				rest = append(rest, l)
			}
		case l.Line == to.Line && l.Cause == to.Cause:
			to.Quantity, to.Amount = to.Quantity+l.Quantity, to.Amount+l.Amount
		default:
			rest = append(rest, l)
		}
	}
	return append(rest, to)
}

// claim moves parts of the order's refunds to causes, where it has any.
func (c *change) claim(do func(*claims)) error {
	if refunds, err := c.getRefunds(); err != nil || len(refunds) == 0 {
		return err
	}
	a, err := c.account()
	if err != nil {
		return err
	}
	cl := claims{a, map[string]bool{}}
	do(&cl)
	for _, id := range slices.Sorted(maps.Keys(cl.moved)) {
		if _, fresh := c.credits[id]; fresh {
			c.credits[id] = cl.Credits[id]
			continue
		}
		payment.SaveRefundLines(c.tx, payment.Refund{ID: id, Order: c.order.ID}, cl.Credits[id])
	}
	return nil
}

// attribute says for what a person gives money back, who does not say: for units of
// returns about which they were to decide, the newest first, and then for parcels that
// do not arrive, the first that it is enough for.
func (a Account) attribute(credits []order.Credit) (attributed []order.Credit) {
	free := map[int64]int64{}
	for _, credit := range credits {
		if credit.Cause == "" {
			free[credit.Line] += credit.Quantity
		}
	}
	var parts []order.Credit // units of lines, with their cause
	take := func(cause string, line, units int64) {
		had, _ := a.Given(cause, line)
		if n := min(units-had, free[line]); n > 0 {
			free[line] -= n
			parts = append(parts, order.Credit{Line: line, Quantity: n, Cause: cause})
		}
	}
	for _, r := range slices.Backward(a.Returns) {
		for _, l := range a.Coming[r.ID] {
			take(r.ID, l.Line, l.Came-l.Withheld)
		}
	}
	for _, s := range a.enoughFirst(free) {
		for _, l := range linesOf(a.Held[s.ID]) {
			take(s.ID, l.Line, l.Quantity)
		}
	}
	for _, credit := range credits {
		attributed = append(attributed, split(credit, parts)...)
	}
	return attributed
}

// enoughFirst returns the parcels that do not arrive in the order in which they did
// not, but those first of whose goods all have their money with so many units.
func (a Account) enoughFirst(free map[int64]int64) []shipping.Shipment {
	missed := a.missed()
	lacks := func(s shipping.Shipment) bool {
		return slices.ContainsFunc(linesOf(a.Held[s.ID]), func(l order.CreditLine) bool {
			had, _ := a.Given(s.ID, l.Line)
			return l.Quantity-had > free[l.Line]
		})
	}
	slices.SortStableFunc(missed, func(x, y shipping.Shipment) int { return cmp.Compare(rank(lacks(x)), rank(lacks(y))) })
	return missed
}

// split takes units off a credit that has no cause, for the causes of the parts.
func split(credit order.Credit, parts []order.Credit) (all []order.Credit) {
	for _, part := range parts {
		if part.Line != credit.Line || credit.Cause != "" || credit.Quantity == 0 {
			continue
		}
		part.Quantity = min(part.Quantity, credit.Quantity)
		part.Amount = portionOf(payment.RefundLine(credit), part.Quantity)
		credit.Quantity, credit.Amount = credit.Quantity-part.Quantity, credit.Amount-part.Amount
		all = append(all, part)
	}
	if credit.Amount > 0 {
		all = append(all, credit)
	}
	return all
}
