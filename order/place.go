package order

import (
	"fmt"
	"strings"

	"doorstep/country"
	"doorstep/fault"
	"doorstep/money"
)

// Request is an order as a shop sends it. Amounts are minor units of Currency.
type Request struct {
	Reference        Reference       `json:"reference,omitzero"` // where it comes from, unique for good; our own number when missing
	Customer         CustomerRequest `json:"customer,omitzero"`
	Currency         money.Currency  `json:"currency"`
	PricesIncludeTax bool            `json:"prices_include_tax,omitempty"`
	Lines            []LineRequest   `json:"lines"`
	Discount         int64           `json:"discount,omitempty"` // on the whole order, not negative
	Shipping         ShippingRequest `json:"shipping,omitzero"`
	ShipTo           Address         `json:"ship_to"`
	BillTo           Address         `json:"bill_to,omitzero"`
	Payment          PaymentRequest  `json:"payment,omitzero"`
	Total            *int64          `json:"total,omitempty"` // what the shop has shown the customer; refused when it differs
}

// CustomerRequest says who orders.
type CustomerRequest struct {
	ID    string `json:"id,omitempty"` // the shop's own identifier
	Name  string `json:"name,omitempty"`
	Mail  string `json:"mail,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// LineRequest is one line. Name and UnitPrice come from the catalogue where
// they are not given.
type LineRequest struct {
	SKU       string `json:"sku"`
	Name      string `json:"name,omitempty"`
	Quantity  int64  `json:"quantity"`
	UnitPrice *int64 `json:"unit_price,omitempty"`
	Tax       int64  `json:"tax,omitempty"` // of the whole line
}

// ShippingRequest says how it is sent and what the customer pays for that.
type ShippingRequest struct {
	Method string `json:"method,omitempty"` // standard when empty
	Price  int64  `json:"price,omitempty"`
	Tax    int64  `json:"tax,omitempty"`
}

// PaymentRequest says how it is paid.
type PaymentRequest struct {
	Gateway string `json:"gateway,omitempty"` // the policy's when empty
	Method  string `json:"method,omitempty"`  // a token of the gateway's, never a card number
}

// The limits of an order.
const (
	MaxLines    = 2000
	MaxQuantity = 1_000_000
	maxText     = 200
	maxSKU      = 64
)

// OwnSource is where an order comes from that names no other place.
const OwnSource = "doorstep"

// DefaultMethod is the shipping method of an order that names none.
const DefaultMethod = "standard"

// Validate checks what can be checked without the catalogue.
//
// Errors: invalid, with the path of every field that is wrong.
func (q Request) Validate() error {
	var c fault.Check
	c.Text("reference.source", q.Reference.Source, maxSKU)
	c.Text("reference.number", q.Reference.Number, maxSKU)
	c.If(q.Reference != (Reference{}) && (fault.Blank(q.Reference.Source) || fault.Blank(q.Reference.Number)), "reference", "incomplete", "both source and number, or neither")
	c.If(strings.Contains(q.Reference.Source, "/"), "reference.source", "malformed", "no /: an order is named by its source, / and its number")
	c.If(q.Reference.Source == OwnSource, "reference.source", "reserved", "another source: %s is for orders that name none", OwnSource)
	c.If(!q.Currency.Valid(), "currency", "unknown", "an active ISO 4217 code such as GBP")
	c.If(len(q.Lines) == 0, "lines", "required", "at least one line")
	c.If(len(q.Lines) > MaxLines, "lines", "too_many", "at most %d lines", MaxLines)
	for i, l := range q.Lines[:min(len(q.Lines), MaxLines)] {
		l.validate(&c, fmt.Sprintf("lines[%d]", i))
	}
	c.If(q.Discount < 0, "discount", "out_of_range", "not negative")
	c.If(q.Shipping.Price < 0, "shipping.price", "out_of_range", "not negative")
	c.If(q.Shipping.Tax < 0, "shipping.tax", "out_of_range", "not negative")
	c.Text("shipping.method", q.Shipping.Method, maxSKU)
	c.Text("customer.id", q.Customer.ID, maxSKU)
	c.Text("customer.name", q.Customer.Name, maxText)
	c.Text("customer.phone", q.Customer.Phone, maxSKU)
	c.Text("customer.mail", q.Customer.Mail, maxText)
	at := strings.LastIndexByte(q.Customer.Mail, '@')
	c.If(q.Customer.Mail != "" && (at < 1 || at == len(q.Customer.Mail)-1), "customer.mail", "malformed", "a mail address")
	c.Text("payment.gateway", q.Payment.Gateway, maxSKU)
	c.Text("payment.method", q.Payment.Method, maxText)
	c.If(cardNumber(q.Payment.Method), "payment.method", "card_number", "a token of the gateway's, never a card number")
	q.ShipTo.validate(&c, "ship_to")
	if q.BillTo != (Address{}) {
		q.BillTo.validate(&c, "bill_to")
	}
	return c.Err("the order")
}

func (l LineRequest) validate(c *fault.Check, path string) {
	c.Required(path+".sku", l.SKU, maxSKU, "an SKU")
	if l.Name != "" {
		c.Required(path+".name", l.Name, maxText, "a name, or nothing for the catalogue's")
	}
	c.If(l.Quantity < 1 || l.Quantity > MaxQuantity, path+".quantity", "out_of_range", "from 1 to %d", MaxQuantity)
	c.If(l.UnitPrice != nil && *l.UnitPrice < 0, path+".unit_price", "out_of_range", "not negative")
	c.If(l.Tax < 0, path+".tax", "out_of_range", "not negative")
}

// Validate checks an address that is given apart from an order.
//
// Errors: invalid, with the path of every field that is wrong.
func (a Address) Validate() error {
	var c fault.Check
	a.validate(&c, "address")
	return c.Err("the address")
}

func (a Address) validate(c *fault.Check, path string) {
	c.Required(path+".name", a.Name, maxText, "who receives it")
	c.Required(path+".line1", a.Line1, maxText, "street and number")
	c.Required(path+".city", a.City, maxText, "a city")
	if a.Country != country.Unknown { // as an order of another shop's history may have it
		country.Check(c, path+".country", a.Country)
	}
	for _, f := range [][2]string{{"line2", a.Line2}, {"region", a.Region}, {"postal_code", a.PostalCode}} {
		c.Text(path+"."+f[0], f[1], maxText)
	}
}

// cardNumber says whether a token looks like the number of a card: 12 to 19
// digits with a right check digit (ISO/IEC 7812-1, annex B).
func cardNumber(s string) bool {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	if len(digits) < 12 || len(digits) > 19 {
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// Build makes the lines and the totals of an order whose every line has a name
// and a price, checks every identity exactly, and allots discount, shipping and
// with it the total to the lines by largest remainder.
//
// Errors: invalid when a sum does not fit, the discount is more than the
// items, or the total is not what the shop said.
func (q Request) Build() (Totals, []Line, error) {
	var c fault.Check
	var t Totals
	lines := make([]Line, len(q.Lines))
	weights := make([]int64, len(q.Lines))
	for i, l := range q.Lines {
		total, ok := money.Mul(l.Quantity, *l.UnitPrice)
		lines[i] = Line{Line: int64(i + 1), SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitPrice: *l.UnitPrice, Tax: l.Tax, Total: total}
		weights[i] = total
		fits := ok && addTo(&t.Items, total) && addTo(&t.Tax, l.Tax)
		c.If(!fits, fmt.Sprintf("lines[%d]", i), "overflow", "sums that fit 64 bits")
	}
	t.Discount, t.Shipping, t.ShippingTax, t.Total = q.Discount, q.Shipping.Price, q.Shipping.Tax, t.Items
	fits := addTo(&t.Tax, t.ShippingTax) && addTo(&t.Total, -t.Discount) && addTo(&t.Total, t.Shipping)
	if !q.PricesIncludeTax {
		fits = addTo(&t.Total, t.Tax) && fits
	}
	c.If(!fits, "lines", "overflow", "sums that fit 64 bits")
	c.If(t.Discount > t.Items, "discount", "out_of_range", "at most the sum of the lines")
	c.If(q.PricesIncludeTax && t.Tax > t.Total, "lines", "out_of_range", "at most the total in included tax")
	c.If(q.Total != nil && *q.Total != t.Total, "total", "mismatch", "%d, the sum of what was sent", t.Total)
	if err := c.Err("the order"); err != nil {
		return Totals{}, nil, err
	}
	discounts, shippings, taxes := money.Allot(t.Discount, weights), money.Allot(t.Shipping, weights), money.Allot(t.ShippingTax, weights)
	for i := range lines {
		l := &lines[i]
		l.Discount, l.Shipping = discounts[i], shippings[i]
		l.Amount = l.Total - l.Discount + l.Shipping
		if !q.PricesIncludeTax {
			l.Amount += l.Tax + taxes[i]
		}
	}
	return t, lines, nil
}

func addTo(sum *int64, n int64) bool {
	s, ok := money.Add(*sum, n)
	*sum = s
	return ok
}

// Demand sums what is wanted of an order per SKU, since several lines may ask for
// the same one.
func Demand(lines []Line) map[string]int64 {
	d := make(map[string]int64, len(lines))
	for _, l := range lines {
		d[l.SKU] += l.Wanted()
	}
	return d
}
