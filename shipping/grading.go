package shipping

import (
	"maps"
	"slices"

	"doorstep/fault"
)

// Grading says what of a parcel that came back is unfit to be sold again.
type Grading struct {
	Unfit    map[string]int64 `json:"unfit,omitempty"`     // how many, by SKU
	WriteOff bool             `json:"write_off,omitempty"` // all of it
}

// Units returns how many of each SKU lines hold.
func Units(held []ShipmentLine) map[string]int64 {
	units := map[string]int64{}
	for _, l := range held {
		units[l.SKU] += l.Quantity
	}
	return units
}

// Fit returns how many of each SKU of a parcel can be sold again.
//
// Errors: invalid, with the path of every figure that is wrong.
func (g Grading) Fit(held []ShipmentLine) (map[string]int64, error) {
	units := Units(held)
	var c fault.Check
	for _, sku := range slices.Sorted(maps.Keys(g.Unfit)) {
		n := g.Unfit[sku]
		c.If(n < 0 || n > units[sku], "unfit["+sku+"]", "out_of_range", "from 0 to %d, as many as the parcel holds", units[sku])
		units[sku] -= n
	}
	if g.WriteOff {
		clear(units)
	}
	maps.DeleteFunc(units, func(_ string, n int64) bool { return n == 0 })
	return units, c.Err("the grading")
}
