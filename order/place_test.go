package order_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"doorstep/country"
	"doorstep/fault"
	"doorstep/order"
)

// valid is an order of two cups and a pot, made up.
func valid() order.Request {
	cup, pot := int64(450), int64(1999)
	return order.Request{
		Reference: order.Reference{Source: "test", Number: "1"},
		Customer:  order.CustomerRequest{ID: "c1", Name: "Made Up", Mail: "made.up@example.com", Phone: "+44 0"},
		Currency:  "GBP", PricesIncludeTax: true,
		Lines: []order.LineRequest{
			{SKU: "CUP", Name: "Cup", Quantity: 2, UnitPrice: &cup, Tax: 150},
			{SKU: "POT", Name: "Pot", Quantity: 1, UnitPrice: &pot},
		},
		Discount: 100,
		Shipping: order.ShippingRequest{Price: 395, Tax: 65},
		ShipTo:   order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", PostalCode: "SA1 1AA", Country: "GB"},
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	long, negative := strings.Repeat("x", 201), int64(-1)
	for _, tt := range []struct {
		path, code string
		spoil      func(*order.Request)
	}{
		{"reference", "incomplete", func(q *order.Request) { q.Reference.Source = "" }},
		{"reference.source", "too_long", func(q *order.Request) { q.Reference.Source = long }},
		{"reference.number", "not_utf8", func(q *order.Request) { q.Reference.Number = "\xff" }},
		{"currency", "unknown", func(q *order.Request) { q.Currency = "XXX" }},
		{"lines", "required", func(q *order.Request) { q.Lines = nil }},
		{"lines", "too_many", func(q *order.Request) { q.Lines = slices.Repeat(q.Lines[:1], order.MaxLines+1) }},
		{"lines[1].sku", "required", func(q *order.Request) { q.Lines[1].SKU = "" }},
		{"lines[1].sku", "too_long", func(q *order.Request) { q.Lines[1].SKU = long }},
		{"lines[1].name", "control_character", func(q *order.Request) { q.Lines[1].Name = "a\nb" }},
		{"lines[0].quantity", "out_of_range", func(q *order.Request) { q.Lines[0].Quantity = 0 }},
		{"lines[0].quantity", "out_of_range", func(q *order.Request) { q.Lines[0].Quantity = -1 }},
		{"lines[0].quantity", "out_of_range", func(q *order.Request) { q.Lines[0].Quantity = order.MaxQuantity + 1 }},
		{"lines[0].quantity", "out_of_range", func(q *order.Request) { q.Lines[0].Quantity = math.MinInt64 }},
		{"lines[0].unit_price", "out_of_range", func(q *order.Request) { q.Lines[0].UnitPrice = &negative }},
		{"lines[0].tax", "out_of_range", func(q *order.Request) { q.Lines[0].Tax = -1 }},
		{"discount", "out_of_range", func(q *order.Request) { q.Discount = -1 }},
		{"shipping.price", "out_of_range", func(q *order.Request) { q.Shipping.Price = -1 }},
		{"shipping.tax", "out_of_range", func(q *order.Request) { q.Shipping.Tax = -1 }},
		{"shipping.method", "too_long", func(q *order.Request) { q.Shipping.Method = long }},
		{"customer.id", "too_long", func(q *order.Request) { q.Customer.ID = long }},
		{"customer.name", "not_utf8", func(q *order.Request) { q.Customer.Name = "\xff" }},
		{"customer.phone", "control_character", func(q *order.Request) { q.Customer.Phone = "\x00" }},
		{"customer.mail", "malformed", func(q *order.Request) { q.Customer.Mail = "made up" }},
		{"customer.mail", "malformed", func(q *order.Request) { q.Customer.Mail = "@example.com" }},
		{"customer.mail", "malformed", func(q *order.Request) { q.Customer.Mail = "made.up@" }},
		{"payment.gateway", "too_long", func(q *order.Request) { q.Payment.Gateway = long }},
		{"payment.method", "control_character", func(q *order.Request) { q.Payment.Method = "a\tb" }},
		{"payment.method", "card_number", func(q *order.Request) { q.Payment.Method = "4242 4242 4242 4242" }},
		{"ship_to.name", "required", func(q *order.Request) { q.ShipTo.Name = "" }},
		{"ship_to.name", "required", func(q *order.Request) { q.ShipTo.Name = "\u00a0" }},
		{"ship_to.name", "control_character", func(q *order.Request) { q.ShipTo.Name = "\u202epU edaM" }},
		{"ship_to.line1", "required", func(q *order.Request) { q.ShipTo.Line1 = "  " }},
		{"ship_to.line1", "required", func(q *order.Request) { q.ShipTo.Line1 = "" }},
		{"lines[1].name", "required", func(q *order.Request) { q.Lines[1].Name = " " }},
		{"reference", "incomplete", func(q *order.Request) { q.Reference = order.Reference{Source: " ", Number: " "} }},
		{"ship_to.city", "required", func(q *order.Request) { q.ShipTo.City = "" }},
		{"ship_to.country", "malformed", func(q *order.Request) { q.ShipTo.Country = "gb" }},
		{"ship_to.country", "malformed", func(q *order.Request) { q.ShipTo.Country = "GBR" }},
		{"ship_to.country", "unknown", func(q *order.Request) { q.ShipTo.Country = "UK" }},
		{"ship_to.line2", "too_long", func(q *order.Request) { q.ShipTo.Line2 = long }},
		{"bill_to.name", "required", func(q *order.Request) { q.BillTo = q.ShipTo; q.BillTo.Name = "" }},
	} {
		q := valid()
		tt.spoil(&q)
		wantField(t, q.Validate(), tt.path, tt.code)
	}
}

func wantField(t *testing.T, err error, path, code string) {
	t.Helper()
	e := fault.As(err)
	if e == nil || e.Code != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != path || e.Fields[0].Code != code || e.Fields[0].Message == "" {
		t.Errorf("the answer is %v, not %s %s", err, path, code)
	}
}

func TestAnOrderMayGoToACountryThatNobodyWroteDown(t *testing.T) {
	t.Parallel()
	q := valid()
	q.ShipTo.Country = country.Unknown
	if err := q.Validate(); err != nil {
		t.Error(err)
	}
}

func TestATokenIsNoCardNumber(t *testing.T) {
	t.Parallel()
	for _, fine := range []string{"", "tok_1", "4242 4242 4242 4243", "42424242424", "12345678901234567890", "4242-4242-4242-424x"} {
		q := valid()
		if q.Payment.Method = fine; q.Validate() != nil {
			t.Errorf("%q: %v", fine, q.Validate())
		}
	}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	totals, lines, err := valid().Build()
	if err != nil {
		t.Fatal(err)
	}
	if want := (order.Totals{Items: 2899, Discount: 100, Shipping: 395, ShippingTax: 65, Tax: 215, Total: 3194}); totals != want {
		t.Errorf("the totals are %+v, not %+v", totals, want)
	}
	want := []order.Line{
		{Line: 1, SKU: "CUP", Name: "Cup", Quantity: 2, UnitPrice: 450, Tax: 150, Total: 900, Discount: 31, Shipping: 123, Amount: 992},
		{Line: 2, SKU: "POT", Name: "Pot", Quantity: 1, UnitPrice: 1999, Total: 1999, Discount: 69, Shipping: 272, Amount: 2202},
	}
	if !slices.Equal(lines, want) {
		t.Errorf("the lines are %+v, not %+v", lines, want)
	}
	q := valid()
	q.PricesIncludeTax = false
	if totals, _, err = q.Build(); err != nil || totals.Total != 3194+215 {
		t.Errorf("with tax on top the totals are %+v, %v", totals, err)
	}
	shown := totals.Total
	if q.Total = &shown; !built(q) {
		t.Error("the right total is refused")
	}
}

func built(q order.Request) bool {
	_, _, err := q.Build()
	return err == nil
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	huge, wrong := int64(math.MaxInt64), int64(1)
	for _, tt := range []struct {
		path, code string
		spoil      func(*order.Request)
	}{
		{"lines[0]", "overflow", func(q *order.Request) { q.Lines[0].UnitPrice = &huge }},
		{"lines[1]", "overflow", func(q *order.Request) { q.Lines[1].UnitPrice = &huge }},
		{"lines[1]", "overflow", func(q *order.Request) { q.Lines[1].Tax = huge }},
		{"lines", "overflow", func(q *order.Request) { q.Shipping.Price = huge }},
		{"discount", "out_of_range", func(q *order.Request) { q.Discount = 2900 }},
		{"lines", "out_of_range", func(q *order.Request) { q.Lines[0].Tax = 5000 }},
		{"total", "mismatch", func(q *order.Request) { q.Total = &wrong }},
	} {
		q := valid()
		tt.spoil(&q)
		_, lines, err := q.Build()
		e := fault.As(err)
		if e == nil || e.Code != fault.Invalid || lines != nil ||
			!slices.ContainsFunc(e.Fields, func(f fault.Field) bool { return f.Path == tt.path && f.Code == tt.code }) {
			t.Errorf("the answer is %v, not %s %s", err, tt.path, tt.code)
		}
	}
}

// TestTotalsAddUp checks every identity of a built order.
func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		q := drawRequest(r)
		totals, lines, err := q.Build()
		if err != nil {
			r.Fatalf("%+v: %v", q, err)
		}
		var sum order.Totals
		demand := map[string]int64{}
		for i, l := range lines {
			if l.Line != int64(i+1) || l.Total != l.Quantity*l.UnitPrice || l.Discount > l.Total {
				r.Errorf("line %d is %+v", i+1, l)
			}
			sum.Items += l.Total
			sum.Tax += l.Tax
			sum.Discount += l.Discount
			sum.Shipping += l.Shipping
			demand[l.SKU] += l.Quantity
		}
		sum.ShippingTax = q.Shipping.Tax
		sum.Tax += sum.ShippingTax
		sum.Total = sum.Items - sum.Discount + sum.Shipping
		if !q.PricesIncludeTax {
			sum.Total += sum.Tax
		}
		if sum != totals || totals.Discount != q.Discount || totals.Shipping != q.Shipping.Price {
			r.Errorf("the lines come to %+v, the totals say %+v", sum, totals)
		}
		for sku, n := range order.Demand(lines) {
			if demand[sku] != n {
				r.Errorf("of %s %d are wanted, not %d", sku, demand[sku], n)
			}
		}
	})
}

func drawRequest(r *rapid.T) order.Request {
	q := valid()
	q.Lines, q.PricesIncludeTax = nil, rapid.Bool().Draw(r, "prices include tax")
	items := int64(0)
	for range rapid.IntRange(1, 20).Draw(r, "lines") {
		price := rapid.Int64Range(0, 1_000_000).Draw(r, "price")
		l := order.LineRequest{SKU: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(r, "SKU"), Name: "made up", UnitPrice: &price,
			Quantity: rapid.Int64Range(1, 1000).Draw(r, "quantity")}
		items += l.Quantity * price
		q.Lines = append(q.Lines, l)
	}
	q.Discount = rapid.Int64Range(0, items).Draw(r, "discount")
	q.Shipping = order.ShippingRequest{Price: rapid.Int64Range(0, 10_000).Draw(r, "shipping")}
	if !q.PricesIncludeTax {
		q.Lines[0].Tax, q.Shipping.Tax = rapid.Int64Range(0, items).Draw(r, "tax"), 7
	}
	return q
}

// FuzzRequest reads an order as a shop might send it. Whatever it is, it is
// refused with a code or becomes an order that adds up.
func FuzzRequest(f *testing.F) {
	seed, err := json.Marshal(valid())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"currency":"GBP","lines":[{"sku":"A","quantity":9223372036854775807,"unit_price":9223372036854775807}]}`))
	f.Add([]byte(`{"lines":[{}],"discount":-9223372036854775808,"total":0}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var q order.Request
		if json.Unmarshal(doc, &q) != nil {
			return
		}
		if err := q.Validate(); err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		for i := range q.Lines {
			if q.Lines[i].UnitPrice == nil {
				q.Lines[i].UnitPrice = new(int64)
			}
		}
		totals, lines, err := q.Build()
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		discount := int64(0)
		for _, l := range lines {
			discount += l.Discount
		}
		if totals.Total < 0 || discount != totals.Discount {
			t.Errorf("the totals are %+v, the lines %+v", totals, lines)
		}
	})
}
