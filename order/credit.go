package order

import (
	"fmt"
	"math/bits"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Credit is what of a line is given back.
type Credit struct {
	Line     int64
	Quantity int64  // the units for which it is given back; 0 for money alone
	Amount   int64  // minor units
	Cause    string // the return, parcel, ticket or order for which it is given back; "" for none of them
}

// CreditRequest says what is to be given back of an order: some units of some
// lines, or an amount, or all that is left.
type CreditRequest struct {
	Lines  []CreditLine `json:"lines,omitempty"`
	Amount int64        `json:"amount,omitempty"` // minor units
	All    bool         `json:"all,omitempty"`
	Reason string       `json:"reason"` // for the books
}

// CreditLine says for how many units of a line money is to be given back.
type CreditLine struct {
	Line     int64 `json:"line"`
	Quantity int64 `json:"quantity,omitempty"` // all that none was given back for yet when 0
}

// Validate checks what can be checked without the order.
//
// Errors: invalid, with the path of every field that is wrong.
func (q CreditRequest) Validate() error {
	var c fault.Check
	ways := 0
	for _, asked := range []bool{len(q.Lines) > 0, q.Amount != 0, q.All} {
		if asked {
			ways++
		}
	}
	c.If(ways != 1, "amount", "required", "one of: lines, an amount, or all")
	c.If(q.Amount < 0, "amount", "out_of_range", "positive")
	c.If(len(q.Lines) > MaxLines, "lines", "too_many", "at most %d lines", MaxLines)
	seen := map[int64]bool{}
	for i, l := range q.Lines[:min(len(q.Lines), MaxLines)] {
		c.If(seen[l.Line], fmt.Sprintf("lines[%d].line", i), "repeated", "each line once")
		c.If(l.Quantity < 0 || l.Quantity > MaxQuantity, fmt.Sprintf("lines[%d].quantity", i), "out_of_range", "from 1 to %d", MaxQuantity)
		seen[l.Line] = true
	}
	c.Required("reason", q.Reason, maxText, "why, for the books")
	return c.Err("the refund")
}

// Left is what of a line's amount was not given back, minor units.
func (l Line) Left() int64 { return l.Amount - l.Credited }

// Repaid is what has gone back of a line: for how many units, and how much, in minor
// units. What went back for units may have been too little.
type Repaid struct{ Units, Amount int64 }

// each is what every unit of the line comes to at least, in minor units. Those that are
// over, fewer than the line has units, go back with the units that they fall to in turn.
func (l Line) each() int64 { return l.UpTo(1) }

// over is how many of the minor units that are over have gone back for some units.
func (l Line) over(p Repaid) int64 {
	if p.Units == 0 {
		return 0
	}
	return min(max(p.Amount-p.Units*l.each(), 0), l.Amount-l.Quantity*l.each())
}

// Over is how many of the minor units that are over have not gone back with units.
func (l Line) Over(paid []Repaid) int64 {
	over := l.Amount - l.Quantity*l.each()
	for _, p := range paid {
		over -= l.over(p)
	}
	return max(over, 0)
}

// Part is what so many more units of the line come to, in minor units, after what was
// paid of it for one thing and another: whichever way they go back, all units of a line
// come to its amount, and none to less than the others but for what is over.
func (l Line) Part(paid []Repaid, units int64) int64 {
	var over int64
	n := units
	for _, p := range paid {
		n, over = n+p.Units, over+l.over(p)
	}
	n = min(n, l.Quantity)
	over = min(over, l.Amount-l.Quantity*l.each())
	return units*l.each() + max(l.UpTo(n)-n*l.each()-over, 0)
}

// Most is the most that so many units of the line can have come to, with all that is over.
func (l Line) Most(units int64) int64 { return l.Amount - (l.Quantity-units)*l.each() }

// Units is of how many units of the line an amount is the money.
func (l Line) Units(amount int64) int64 {
	if l.each() == 0 {
		return 0
	}
	return min(amount/l.each(), l.Quantity)
}

// Lacks is how many of so many units of the line have not their money. Of a line whose
// units come to less than a minor unit, those have it that went back.
func (l Line) Lacks(p Repaid, units int64) int64 {
	switch {
	case p.Amount >= l.UpTo(units):
		return 0
	case l.each() == 0:
		return max(units-p.Units, 0)
	default:
		return max(units-l.Units(p.Amount), 0)
	}
}

// Wanting is of how many units, beside those that had so much, what is owed is the
// money: one at least.
func (l Line) Wanting(had, owed Repaid) int64 {
	before := had.Amount - l.over(had)
	return max(owed.Units, l.Units(before+owed.Amount-l.over(owed))-l.Units(before), 1)
}

// Covers says whether so many units of the line have their money.
func (l Line) Covers(p Repaid, units int64) bool { return l.Lacks(p, units) == 0 }

// Due is what something is still to have for so many units of the line that has been
// paid so much: the units for which nothing went back, and what is wanting for all of
// them. Paid is what was paid of the line for everything.
func (l Line) Due(paid []Repaid, of Repaid, units int64) Repaid {
	more := max(units-of.Units, 0)
	amount := (units-more)*l.each() + l.Part(paid, more) - (of.Amount - l.over(of))
	return Repaid{Units: more, Amount: max(amount, 0)}
}

// Wants is the most that something may still have for so many units of the line that has
// been paid so much, with so many minor units that are over.
func (l Line) Wants(of Repaid, units, over int64) int64 {
	return max(units*l.each()+over-(of.Amount-l.over(of)), 0)
}

// SplitCredits takes an amount off credits, from the first to the last. Of the one
// that it splits, the rest is for the units.
func SplitCredits(credits []Credit, amount int64) (first, rest []Credit) {
	for _, c := range credits {
		switch taken := min(c.Amount, amount); {
		case taken == c.Amount:
			first = append(first, c)
			amount -= taken
		case taken > 0:
			first = append(first, Credit{Line: c.Line, Amount: taken, Cause: c.Cause})
			c.Amount -= taken
			rest = append(rest, c)
			amount = 0
		default:
			rest = append(rest, c)
		}
	}
	return first, rest
}

// UpTo is what of the line's amount its first n units have, minor units.
func (l Line) UpTo(n int64) int64 {
	return portion(l.Amount, n, l.Quantity)
}

// portion is what n of so many have of an amount, rounded down.
func portion(amount, n, of int64) int64 {
	if of == 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(n))
	part, _ := bits.Div64(hi, lo, uint64(of)) // n ≤ of: it fits
	return int64(part)
}

// GiveCredit keeps what of a line is given back, or, negative, is not after all.
// The database refuses more than the line's amount.
func GiveCredit(tx *db.Tx, id string, line, amount int64) {
	tx.Write(`UPDATE order_lines SET credited = credited + $1 WHERE order_id = $2 AND line = $3`, amount, id, line)
}

// CountReturned counts units of a line that came back or may, or, negative, that do
// not after all. The database refuses more than there are.
func CountReturned(tx *db.Tx, id string, line, units int64) {
	tx.Write(`UPDATE order_lines SET returned = returned + $1 WHERE order_id = $2 AND line = $3`, units, id, line)
}
