package order

import (
	"fmt"
	"math/bits"
	"slices"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
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

// Of returns what the request comes to, line by line and never more than is left
// of each. Before says for how many units of each line money was given back. What is
// owed is given first, as it was to be: it names its cause.
//
// Errors: invalid, with the path of every field that asks for more than there is.
func (q CreditRequest) Of(lines []Line, before map[int64]int64, owed []Credit) ([]Credit, error) {
	var c fault.Check
	var credits []Credit
	switch {
	case q.All:
		for _, l := range lines {
			first, rest := l.owing(owed, l.Left())
			credits = append(credits, first...)
			credits = append(credits, Credit{Line: l.Line, Quantity: l.Quantity - before[l.Line] - unitsOf(first), Amount: rest})
		}
	case len(q.Lines) == 0:
		credits = q.spread(&c, lines, owed)
	}
	for i, asked := range q.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if asked.Line < 1 || asked.Line > int64(len(lines)) {
			c.Add(path+".line", "unknown", "from 1 to %d", len(lines))
			continue
		}
		credits = append(credits, lines[asked.Line-1].credits(&c, path, asked.Quantity, before[asked.Line], owed)...)
	}
	if err := c.Err("the refund"); err != nil {
		return nil, err
	}
	some := credits[:0]
	for _, credit := range credits {
		if credit.Amount > 0 {
			some = append(some, credit)
		}
	}
	return some, nil
}

// Left is what of a line's amount was not given back, minor units.
func (l Line) Left() int64 { return l.Amount - l.Credited }

// owing takes what is owed of the line out of an amount that goes back of it, and
// returns what is left of that. Of what is not given whole, no unit has its money.
func (l Line) owing(owed []Credit, amount int64) (credits []Credit, rest int64) {
	for _, o := range owed {
		if o.Line != l.Line || amount == 0 {
			continue
		}
		if o.Amount > amount {
			o.Quantity, o.Amount = 0, amount
		}
		amount -= o.Amount
		credits = append(credits, o)
	}
	return credits, amount
}

// spread takes an amount from all lines: first what is owed of them, and then by
// what is left of each.
func (q CreditRequest) spread(c *fault.Check, lines []Line, owed []Credit) (credits []Credit) {
	left, rest := make([]int64, len(lines)), q.Amount
	for i, l := range lines {
		first, _ := l.owing(owed, min(rest, l.Left()))
		credits = append(credits, first...)
		left[i] = l.Left() - amountOf(first)
		rest -= amountOf(first)
	}
	if all := sumOf(left); rest > all {
		c.Add("amount", "out_of_range", "at most %d, what is left of the order", q.Amount-rest+all)
		return nil
	}
	for i, part := range money.Allot(rest, left) {
		credits = append(credits, Credit{Line: lines[i].Line, Amount: part})
	}
	return credits
}

func sumOf(all []int64) (sum int64) {
	for _, n := range all {
		sum += n
	}
	return sum
}

func amountOf(credits []Credit) (sum int64) {
	for _, credit := range credits {
		sum += credit.Amount
	}
	return sum
}

func unitsOf(credits []Credit) (sum int64) {
	for _, credit := range credits {
		sum += credit.Quantity
	}
	return sum
}

// credits is for so many units of a line, all when 0, after others: first what is owed
// for some of them, as it was to be, and then what the others come to.
func (l Line) credits(c *fault.Check, path string, quantity, before int64, owed []Credit) (credits []Credit) {
	all := quantity == 0
	for _, o := range owed {
		if o.Line != l.Line {
			continue
		}
		of := l.worth(o)
		if !all && of > quantity {
			o.Quantity, o.Amount = min(o.Quantity, quantity), portion(o.Amount, quantity, of)
		}
		credits = append(credits, o)
		before += o.Quantity
		l.Credited += o.Amount
		if quantity -= min(of, quantity); quantity == 0 && !all {
			return credits
		}
	}
	if all && len(credits) > 0 && (before == l.Quantity || l.Left() == 0) {
		return credits
	}
	return append(credits, l.credit(c, path, quantity, before))
}

// worth is the money of how many units a credit is.
func (l Line) worth(o Credit) int64 {
	if o.Quantity > 0 || l.Amount == 0 {
		return o.Quantity
	}
	units := portion(l.Quantity, o.Amount, l.Amount)
	if l.UpTo(units) < o.Amount {
		units++
	}
	return units
}

// credit is for so many units of a line, after others: the parts of all units
// come to the line's amount. What was given back beside is not given again.
func (l Line) credit(c *fault.Check, path string, quantity, before int64) Credit {
	rest := l.Quantity - before
	if quantity == 0 {
		quantity = rest
	}
	c.If(quantity > rest, path+".quantity", "out_of_range", "at most %d, for which none was given back", rest)
	c.If(quantity <= rest && l.Left() == 0, path+".line", "nothing_left", "a line of which something is left")
	part := l.UpTo(min(before+quantity, l.Quantity)) - l.UpTo(before)
	return Credit{Line: l.Line, Quantity: quantity, Amount: min(part, l.Left())}
}

// CreditUnits returns what so many units of each line come to, of those for which
// none was given back: never more than is left of the line. Before says for how
// many units of each money was given back.
func CreditUnits(lines []Line, before, units map[int64]int64) (credits []Credit) {
	for _, l := range lines {
		var c fault.Check // there is nothing to refuse: it is bounded here
		if n := min(units[l.Line], l.Quantity-before[l.Line]); n > 0 && l.Left() > 0 {
			credits = append(credits, l.credit(&c, "", n, before[l.Line]))
		}
	}
	return slices.DeleteFunc(credits, func(c Credit) bool { return c.Amount == 0 })
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
			first = append(first, Credit{Line: c.Line, Amount: taken})
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
