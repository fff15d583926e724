package order_test

import (
	"testing"

	"pgregory.net/rapid"

	"doorstep/order"
)

// TestSplitCreditsLoseNothing takes amounts off credits: both parts come to them,
// line by line, units and money.
func TestSplitCreditsLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var all []order.Credit
		var sum int64
		for i := range rapid.Int64Range(0, 5).Draw(r, "lines") {
			c := order.Credit{Line: i + 1, Quantity: rapid.Int64Range(1, 3).Draw(r, "units"), Amount: rapid.Int64Range(1, 9).Draw(r, "amount")}
			all, sum = append(all, c), sum+c.Amount
		}
		amount := rapid.Int64Range(0, sum).Draw(r, "taken off")
		first, rest := order.SplitCredits(all, amount)
		got, taken := map[int64]order.Credit{}, int64(0)
		for _, part := range [][]order.Credit{first, rest} {
			for _, c := range part {
				if c.Amount <= 0 {
					r.Errorf("a part of nothing: %+v", c)
				}
				had := got[c.Line]
				got[c.Line] = order.Credit{Line: c.Line, Quantity: had.Quantity + c.Quantity, Amount: had.Amount + c.Amount}
			}
		}
		for _, c := range first {
			taken += c.Amount
		}
		for _, c := range all {
			if got[c.Line] != c {
				r.Errorf("%+v became %+v", c, got[c.Line])
			}
		}
		if taken != amount || len(got) != len(all) {
			r.Errorf("of %v, %d were to be taken off: %v, and %v is left", all, amount, first, rest)
		}
	})
}

// TestPartsOfALine gives units of a line back in turns, for one thing and another: no
// more than there is, in whichever parts the same, and in the end exactly the line's.
func TestPartsOfALine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := order.Line{Line: 1, Quantity: rapid.Int64Range(1, 9).Draw(r, "units"), Amount: rapid.Int64Range(0, 1000).Draw(r, "amount")}
		paid := make([]order.Repaid, 3)
		var units, amount int64
		for units < l.Quantity {
			n, of := rapid.Int64Range(1, l.Quantity-units).Draw(r, "more"), &paid[rapid.IntRange(0, 2).Draw(r, "for")]
			due := l.Due(paid, *of, of.Units+n)
			if due.Units != n || due.Amount != l.Part(paid, n) {
				r.Fatalf("%d more units are %+v, which come to %d", n, due, l.Part(paid, n))
			}
			of.Units, of.Amount = of.Units+n, of.Amount+due.Amount
			units, amount = units+n, amount+due.Amount
			if amount != l.UpTo(units) {
				r.Errorf("%d of %d units have %d of %d", units, l.Quantity, amount, l.Amount)
			}
			if !l.Covers(*of, of.Units) || l.Lacks(*of, of.Units) != 0 {
				r.Errorf("%+v is not the money of the units of %+v", *of, l)
			}
		}
	})
}

// TestWhatALineLacks pays something for units of a line, and then what it lacks: then it
// lacks nothing, and not a unit's money is paid twice.
func TestWhatALineLacks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := order.Line{Line: 1, Quantity: rapid.Int64Range(1, 9).Draw(r, "units"), Amount: rapid.Int64Range(0, 1000).Draw(r, "amount")}
		units := rapid.Int64Range(1, l.Quantity).Draw(r, "wanted")
		had := order.Repaid{Units: rapid.Int64Range(0, units).Draw(r, "had"), Amount: rapid.Int64Range(0, l.UpTo(units)).Draw(r, "had of them")}
		due := l.Due([]order.Repaid{had}, had, units)
		now := order.Repaid{Units: had.Units + due.Units, Amount: had.Amount + due.Amount}
		if !l.Covers(now, units) || l.Lacks(now, units) != 0 {
			r.Errorf("with %+v beside %+v, %d units of %+v lack money", due, had, units, l)
		}
		if over := now.Amount - l.UpTo(units); over >= l.Quantity {
			r.Errorf("%+v beside %+v is %d too much for %d units of %+v", due, had, over, units, l)
		}
		if lacks := l.Lacks(had, units); lacks < 0 || lacks > units || (lacks == 0) != l.Covers(had, units) {
			r.Errorf("of %d units of %+v, %d lack money with %+v", units, l, lacks, had)
		}
	})
}
