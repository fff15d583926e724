package inventory_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"doorstep/inventory"
)

// TestTheYoungestGiveUp holds what is given up against what it is for: what is
// left is there, nothing is given up in vain, and no order before a younger one.
func TestTheYoungestGiveUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		quantities := rapid.SliceOfN(rapid.Int64Range(1, 9), 0, 12).Draw(r, "quantities")
		var reserved []inventory.Reservation
		var total int64
		for i, n := range quantities {
			reserved = append(reserved, inventory.Reservation{Order: fmt.Sprintf("ord_%02d", i), SKU: "A", Location: "near", Quantity: n})
			total += n
		}
		there := rapid.Int64Range(0, total+3).Draw(r, "there")
		fixed := rapid.Int64Range(0, there+3).Draw(r, "fixed")
		given := inventory.GiveUp(rapid.Permutation(reserved).Draw(r, "in any order"), fixed, there)

		left := total + fixed
		for _, g := range given {
			left -= g.Quantity
		}
		if left > max(there, fixed) {
			r.Errorf("%d are left reserved, %d are there", left, there)
		}
		if n := len(given); n > 0 && left+given[n-1].Quantity <= there {
			r.Errorf("%+v was given up in vain", given[n-1])
		}
		want := slices.Clone(reserved[len(reserved)-len(given):])
		slices.Reverse(want)
		if !slices.Equal(given, want) {
			r.Errorf("given up are %+v, not the youngest first", given)
		}
	})
}
