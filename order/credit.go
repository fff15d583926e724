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
	Quantity int64 // the units for which it is given back; 0 for money alone
	Amount   int64 // minor units
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
// of each. Before says for how many units of each line money was given back.
//
// Errors: invalid, with the path of every field that asks for more than there is.
func (q CreditRequest) Of(lines []Line, before map[int64]int64) ([]Credit, error) {
	var c fault.Check
	var credits []Credit
	switch {
	case q.All:
		for _, l := range lines {
			credits = append(credits, Credit{l.Line, l.Quantity - before[l.Line], l.Left()})
		}
	case len(q.Lines) == 0:
		credits = q.spread(&c, lines)
	}
	for i, asked := range q.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if asked.Line < 1 || asked.Line > int64(len(lines)) {
			c.Add(path+".line", "unknown", "from 1 to %d", len(lines))
			continue
		}
		credits = append(credits, lines[asked.Line-1].credit(&c, path, asked.Quantity, before[asked.Line]))
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

// spread takes an amount from all lines, by what is left of each.
func (q CreditRequest) spread(c *fault.Check, lines []Line) []Credit {
	left, all := make([]int64, len(lines)), int64(0)
	for i, l := range lines {
		left[i] = l.Left()
		all += left[i]
	}
	if q.Amount > all {
		c.Add("amount", "out_of_range", "at most %d, what is left of the order", all)
		return nil
	}
	credits := make([]Credit, len(lines))
	for i, part := range money.Allot(q.Amount, left) {
		credits[i] = Credit{Line: lines[i].Line, Amount: part}
	}
	return credits
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
	part := l.upTo(min(before+quantity, l.Quantity)) - l.upTo(before)
	return Credit{l.Line, quantity, min(part, l.Left())}
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

// upTo is what of the line's amount its first n units have.
func (l Line) upTo(n int64) int64 {
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

// Underpaid says whether of any line money is missing for units that the customer
// does not have: fewer units had theirs, by what goes back of the lines, and less
// money than so many come to.
func Underpaid(lines []Line, back []Credit, units map[int64]int64) bool {
	paid := map[int64]int64{}
	for _, c := range back {
		paid[c.Line] += c.Quantity
	}
	return slices.ContainsFunc(lines, func(l Line) bool {
		due := min(units[l.Line], l.Quantity)
		return paid[l.Line] < due && l.Credited < l.upTo(due)
	})
}

// Payback says for how much of what a parcel holds the money went back.
type Payback int

// The paybacks.
const (
	NonePaidBack Payback = iota
	SomePaidBack
	AllPaidBack
)

// Paybacks says of each of the parcels that do not arrive how much of the money for
// what it held went back, by what went back of the lines. Units that the customer was
// to have theirs for before, because they were taken out of the order or came back,
// have it first; then the parcels of which all can have it, one after the other, and
// what is left then is for units of the others.
func Paybacks(lines []Line, back []Credit, before map[int64]int64, parcels [][]CreditLine) []Payback {
	units, missing := map[int64]int64{}, map[int64]int64{}
	for _, l := range lines {
		units[l.Line] -= before[l.Line]
		missing[l.Line] = l.Amount // of a line that costs nothing, nothing goes back
	}
	for _, c := range back {
		units[c.Line] += c.Quantity
		missing[c.Line] -= c.Amount
	}
	paid := make([]Payback, len(parcels))
	for i, held := range parcels {
		if slices.ContainsFunc(held, func(h CreditLine) bool { return missing[h.Line] > 0 && units[h.Line] < h.Quantity }) {
			continue
		}
		paid[i] = AllPaidBack
		for _, h := range held {
			units[h.Line] -= h.Quantity
		}
	}
	for i, held := range parcels {
		for _, h := range held {
			if n := min(units[h.Line], h.Quantity); paid[i] != AllPaidBack && n > 0 {
				paid[i] = SomePaidBack
				units[h.Line] -= n
			}
		}
	}
	return paid
}
