package order_test

import (
	"testing"

	"pgregory.net/rapid"

	"doorstep/order"
)

// TestCutLinesStillMakeTheirOrder takes units out of orders of all kinds, again
// and again: what is left comes to its totals, and is never more than before.
func TestCutLinesStillMakeTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		q := drawTaxed(r)
		totals, lines, err := q.Build()
		if err != nil {
			return // such as a discount of more than the items
		}
		for range 3 {
			cuts := map[int64]int64{}
			for _, l := range lines {
				cuts[l.Line] = rapid.Int64Range(0, l.Quantity).Draw(r, "cut")
			}
			before := totals
			totals, lines = order.Cut(totals, q.PricesIncludeTax, lines, cuts)
			mustCome(r, q.PricesIncludeTax, totals, lines)
			if totals.Total > before.Total || totals.Tax > before.Tax || totals.Shipping > before.Shipping {
				r.Fatalf("%+v became %+v", before, totals)
			}
		}
		all := map[int64]int64{}
		for _, l := range lines {
			all[l.Line] = l.Quantity
		}
		if totals, _ = order.Cut(totals, q.PricesIncludeTax, lines, all); totals != (order.Totals{}) {
			r.Fatalf("of nothing there are %+v", totals)
		}
	})
}

// TestWhatComesInItsPlaceIsShippedForTheSame takes units out and has others come in
// their place: the order is shipped for as much as before, and its lines make it.
func TestWhatComesInItsPlaceIsShippedForTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		q := drawTaxed(r)
		before, lines, err := q.Build()
		if err != nil {
			return // such as a discount of more than the items
		}
		cuts := map[int64]int64{}
		for _, l := range lines {
			cuts[l.Line] = rapid.Int64Range(0, l.Quantity).Draw(r, "cut")
		}
		totals, lines := order.Cut(before, q.PricesIncludeTax, lines, cuts)
		totals, lines, err = order.Add(totals, q.PricesIncludeTax, lines, drawTaxed(r).Lines, before.Freight().Less(totals.Freight()))
		if err != nil {
			return // more tax than is to be paid
		}
		mustCome(r, q.PricesIncludeTax, totals, lines)
		if totals.Freight() != before.Freight() {
			r.Fatalf("%+v became %+v", before, totals)
		}
	})
}

func drawTaxed(r *rapid.T) order.Request {
	q := order.Request{Currency: "GBP", PricesIncludeTax: rapid.Bool().Draw(r, "included"), Discount: rapid.Int64Range(0, 500).Draw(r, "discount"),
		Shipping: order.ShippingRequest{Price: rapid.Int64Range(0, 500).Draw(r, "shipping"), Tax: rapid.Int64Range(0, 90).Draw(r, "its tax")}}
	for range rapid.IntRange(1, 4).Draw(r, "lines") {
		price := rapid.Int64Range(0, 999).Draw(r, "price")
		q.Lines = append(q.Lines, order.LineRequest{SKU: "CUP", Name: "Cup", Quantity: rapid.Int64Range(1, 7).Draw(r, "quantity"),
			UnitPrice: &price, Tax: rapid.Int64Range(0, 200).Draw(r, "tax")})
	}
	return q
}

// mustCome holds lines against the totals, as the database and verify do.
func mustCome(r *rapid.T, included bool, t order.Totals, lines []order.Line) {
	var sum order.Totals
	for _, l := range lines {
		if l.Total != l.Quantity*l.UnitPrice || l.Discount < 0 || l.Discount > l.Total || l.Shipping < 0 || l.Tax < 0 || l.Amount < 0 {
			r.Fatalf("the line %+v", l)
		}
		sum.Items += l.Total
		sum.Discount += l.Discount
		sum.Shipping += l.Shipping
		sum.Tax += l.Tax
		sum.Total += l.Amount
	}
	total := t.Items - t.Discount + t.Shipping
	if !included {
		total += t.Tax
	}
	sum.ShippingTax = t.ShippingTax
	sum.Tax += t.ShippingTax
	if total != t.Total || sum != t || t.ShippingTax < 0 {
		r.Fatalf("the totals are %+v, of the lines %+v, and they come to %d", t, sum, total)
	}
}
