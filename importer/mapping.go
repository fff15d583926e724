package importer

import (
	"slices"
	"strings"
)

// Kind says what a row of the file is.
type Kind string

// The kinds of rows that can be read; a row that cannot be read has a Reason only.
const (
	Good            Kind = "good"
	FreeItem        Kind = "free_item"
	Postage         Kind = "postage"
	Discount        Kind = "discount"
	Manual          Kind = "manual"
	Sample          Kind = "sample"
	Voucher         Kind = "voucher"
	BankCharge      Kind = "bank_charge"
	MarketplaceFee  Kind = "marketplace_fee"
	Commission      Kind = "commission"
	BadDebt         Kind = "bad_debt"
	Cancellation    Kind = "cancellation"
	CancelledCharge Kind = "cancelled_charge"
	OddCancellation Kind = "odd_cancellation"
	UnknownDocument Kind = "unknown_document"
	WriteOff        Kind = "write_off"
	OddCharge       Kind = "odd_charge"
	ZeroQuantity    Kind = "zero_quantity"
	NegativeGood    Kind = "negative_good"
)

// Treatment says what becomes of a row.
type Treatment string

// The treatments.
const (
	ToLine       Treatment = "order line"
	ToShipping   Treatment = "order's shipping charge"
	ToDiscount   Treatment = "order's discount"
	ToTaking     Treatment = "taken back of earlier orders"
	ToAdjustment Treatment = "stock adjustment"
	ToUnmatched  Treatment = "set aside (`unmatched`)"
	ToAside      Treatment = "set aside"
)

// Sign says which numbers a rule takes.
type Sign string

// The signs. AnySign is the zero value.
const (
	AnySign  Sign = ""
	Negative Sign = "< 0"
	Zero     Sign = "0"
	Positive Sign = "> 0"
)

// Documents of the file, told by the letter before the number of an InvoiceNo.
const (
	sale       = ""  // no letter
	cancel     = "C" // UCI: "if this code starts with the letter 'c', it indicates a cancellation"
	adjustment = "A"
	anyLetter  = "*"
)

// Rule is one row of the mapping table: rows that match all of its conditions
// are of its kind. The first rule that matches counts.
type Rule struct {
	Kind     Kind
	Document string   // letter before the number of InvoiceNo: "" for none, "*" for any letter
	Codes    []string // stock codes, case counts; one that ends in * is a beginning; none is any code
	Quantity Sign
	Price    Sign
	Becomes  Treatment
	Why      string
}

var mapping = []Rule{
	{CancelledCharge, cancel, []string{"POST", "DOT", "C2", "D", "M", "m", "BANK CHARGES", "AMAZONFEE", "CRUK", "B"}, AnySign, AnySign, ToUnmatched,
		"What is no goods has no units that could be taken back, and nothing says of which order it is."},
	{OddCancellation, cancel, nil, Positive, AnySign, ToAside,
		"A cancellation that gives."},
	{OddCancellation, cancel, nil, Zero, AnySign, ToAside,
		"A cancellation of nothing."},
	{OddCancellation, cancel, nil, Negative, Negative, ToAside,
		"A cancellation at a price below nothing."},
	{Cancellation, cancel, nil, AnySign, AnySign, ToTaking,
		"It undoes an earlier sale that the file does not name: see below which."},
	{BadDebt, adjustment, nil, AnySign, AnySign, ToAside,
		"Book-keeping: what customers will not pay any more."},
	{UnknownDocument, anyLetter, nil, AnySign, AnySign, ToAside,
		"A document that this table does not know is not taken for a sale."},

	{Postage, sale, []string{"POST", "DOT", "C2"}, Positive, Positive, ToShipping,
		"Postage and carriage that the customer paid for."},
	{Discount, sale, []string{"D"}, Negative, Positive, ToDiscount,
		"A reduction of the invoice as a whole."},
	{Manual, sale, []string{"M", "m"}, Positive, Positive, ToLine,
		"A charge keyed in by hand, which the customer paid for. Some invoices have their whole price here and free items beside it."},
	{Sample, sale, []string{"S"}, Positive, Positive, ToLine,
		"Samples that the customer paid for are goods."},
	{Voucher, sale, []string{"gift_*"}, Positive, Positive, ToLine,
		"A gift voucher is sold and sent like goods."},
	{BankCharge, sale, []string{"BANK CHARGES"}, AnySign, AnySign, ToAside,
		"Between the shop and its bank."},
	{MarketplaceFee, sale, []string{"AMAZONFEE"}, AnySign, AnySign, ToAside,
		"Between the shop and its marketplace."},
	{Commission, sale, []string{"CRUK"}, AnySign, AnySign, ToAside,
		"Between the shop and a charity."},
	{BadDebt, sale, []string{"B"}, AnySign, AnySign, ToAside,
		"Book-keeping: what customers will not pay any more."},
	{OddCharge, sale, []string{"POST", "DOT", "C2", "D", "M", "m", "S", "gift_*"}, AnySign, AnySign, ToAside,
		"A charge of nothing, or one with the sign that it should not have."},

	{Good, sale, nil, Positive, Positive, ToLine,
		"Any other code: goods, DCGS… and PADS among them."},
	{FreeItem, sale, nil, Positive, Zero, ToLine,
		"Goods given away with an order: a line with a price of zero."},
	{WriteOff, sale, nil, Negative, Zero, ToAdjustment,
		"Stock written off: no sale."},
	{ZeroQuantity, sale, nil, Zero, AnySign, ToAside,
		"Nothing was sold."},
	{NegativeGood, sale, nil, AnySign, AnySign, ToAside,
		"Goods taken back, or sold below nothing, outside a cancellation."},
}

// Mapping returns the table that says what becomes of each kind of row.
func Mapping() []Rule { return slices.Clone(mapping) }

// classify returns the rule for a row. Every row has one: the last rules for
// documents and for goods have no conditions.
func classify(r row) *Rule {
	i := slices.IndexFunc(mapping, func(rule Rule) bool { return rule.matches(r) })
	return &mapping[i]
}

func (m Rule) matches(r row) bool {
	return m.takesDocument(r.document) && m.takesCode(r.sku) && m.Quantity.takes(r.quantity) && m.Price.takes(r.price)
}

// column returns the header of the column that decided about a row of the rule.
func (m Rule) column(r row) string {
	switch {
	case m.Document != sale:
		return header[invoiceNo]
	case len(m.Codes) > 0:
		return header[stockCode]
	case r.quantity > 0:
		return header[unitPrice]
	default:
		return header[quantity]
	}
}

func (m Rule) takesDocument(d document) bool {
	if m.Document == anyLetter {
		return d.letter != 0
	}
	return strings.EqualFold(m.Document, d.series())
}

func (m Rule) takesCode(sku string) bool {
	return len(m.Codes) == 0 || slices.ContainsFunc(m.Codes, func(code string) bool {
		if start, ok := strings.CutSuffix(code, "*"); ok {
			return strings.HasPrefix(sku, start)
		}
		return sku == code
	})
}

func (s Sign) takes(n int64) bool {
	switch s {
	case Negative:
		return n < 0
	case Zero:
		return n == 0
	case Positive:
		return n > 0
	default:
		return true
	}
}
