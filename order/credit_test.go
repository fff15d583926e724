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

// TestUnitsThatCameBack credits units in turns: never more than there are, and in
// the end exactly the line's part.
func TestUnitsThatCameBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		line := order.Line{Line: 1, Quantity: rapid.Int64Range(1, 9).Draw(r, "units"), Amount: rapid.Int64Range(0, 1000).Draw(r, "amount")}
		before := map[int64]int64{}
		for range 10 {
			n := rapid.Int64Range(0, 4).Draw(r, "come back")
			for _, c := range order.CreditUnits([]order.Line{line}, before, map[int64]int64{1: n}) {
				if c.Quantity > n {
					r.Errorf("%d came back, and %+v is given back", n, c)
				}
				line.Credited += c.Amount
			}
			before[1] = min(line.Quantity, before[1]+n)
			if line.Credited > line.Amount || before[1] == line.Quantity && line.Credited != line.Amount {
				r.Errorf("for %d of %d units %d of %d are given back", before[1], line.Quantity, line.Credited, line.Amount)
			}
		}
	})
}
