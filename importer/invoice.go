package importer

import (
	"cmp"
	"fmt"
	"strings"

	"doorstep/order"
)

// rejected is one row that its invoice had to leave out.
type rejected struct {
	row row
	problem
}

// assemble makes the document of the rows that belong to one number. Rows that
// can not be a part of it are returned beside it.
func assemble(rows []row) (d Document, out []rejected) {
	first := rows[0]
	d = Document{Number: strings.TrimSpace(first.fields[invoiceNo]), At: first.at, Source: OnlineRetail, Customer: first.customer, Currency: Currency}
	var sold []row
	for _, r := range rows {
		switch r.rule.Becomes {
		case ToTaking:
			d.Takings = append(d.Takings, Taking{SKU: r.sku, Quantity: -r.quantity, UnitPrice: r.price, entry: entryOf(r)})
		case ToAdjustment:
			d.Adjustments = append(d.Adjustments, adjust(r, writtenOff))
		case ToUnmatched:
			d.Unmatched++
			out = append(out, rejected{r, problem{header[stockCode], Unmatched, "a charge or a reduction, which is no goods"}})
		default:
			sold = append(sold, r)
		}
	}
	if len(sold) == 0 {
		return d, out
	}
	switch bad := noOrder(sold); {
	case bad == nil:
		var beside []rejected
		d.Sale, beside = sell(d, sold)
		out = append(out, beside...)
	case bad.reason == found:
		for _, r := range sold {
			d.Adjustments = append(d.Adjustments, adjust(r, string(found)))
		}
	default:
		out = append(out, reject(sold, *bad)...)
	}
	return d, out
}

// The words for what is adjusted.
const (
	writtenOff        = "written_off"
	found      Reason = "found"
)

func adjust(r row, reason string) Adjustment {
	return Adjustment{SKU: r.sku, Delta: r.quantity, Reason: reason, entry: entryOf(r)}
}

// entryOf is an entry of one row.
func entryOf(r row) entry {
	e := entry{rows: []row{r}, currency: Currency}
	e.add(r.quantity * r.price)
	return e
}

func (e *entry) add(amount int64) {
	if amount < 0 {
		e.negative += amount
	} else {
		e.positive += amount
	}
}

// sell makes the sale of rows. Those that it can not have are returned beside it.
func sell(d Document, rows []row) (*Sale, []rejected) {
	rows, out := withoutLargeDiscount(rows)
	s := &Sale{Request: requestOf(d, rows[0].country), entry: entry{rows: rows, currency: Currency}}
	for _, r := range rows {
		s.take(r)
	}
	s.Totals.Total = s.Totals.Items - s.Totals.Discount + s.Totals.Shipping
	s.Request.Discount, s.Request.Shipping.Price, s.Request.Total = s.Totals.Discount, s.Totals.Shipping, &s.Totals.Total
	return s, out
}

// take adds a row to the sale. The bounds of quantity, price and number of rows
// keep every sum within 64 bits.
func (s *Sale) take(r row) {
	amount := r.quantity * r.price
	s.add(amount)
	switch r.rule.Becomes {
	case ToShipping:
		s.Totals.Shipping += amount
	case ToDiscount:
		s.Totals.Discount -= amount
	default:
		s.Totals.Items += amount
		price := r.price
		s.Request.Lines = append(s.Request.Lines, order.LineRequest{SKU: r.sku, Name: cmp.Or(r.name, r.sku), Quantity: r.quantity, UnitPrice: &price})
	}
}

// noOrder says why the rows are no order, nil when they are one. The reason found
// is that of goods which the shop has found.
func noOrder(rows []row) *problem {
	goods, charges, priced := false, false, false
	for _, r := range rows {
		// What was keyed in by hand is paid for, but nothing that is sent.
		sent := r.rule.Becomes == ToLine && r.rule.Kind != Manual
		goods, charges = goods || sent, charges || !sent
		priced = priced || r.value.Sign() != 0
	}
	switch {
	case !goods:
		return &problem{column: header[stockCode], reason: NoGoods}
	case !priced && !charges && rows[0].customer == "":
		return &problem{reason: found}
	default:
		return nil
	}
}

// withoutLargeDiscount takes the discounts out when they are more than what
// they reduce: an order cannot have a negative total.
func withoutLargeDiscount(rows []row) (kept []row, out []rejected) {
	var lines, discount int64
	for _, r := range rows {
		switch r.rule.Becomes {
		case ToLine:
			lines += r.quantity * r.price
		case ToDiscount:
			discount -= r.quantity * r.price
		}
	}
	if discount <= lines {
		return rows, nil
	}
	bad := problem{header[unitPrice], DiscountTooLarge, fmt.Sprintf("discounts of %s on lines of %s", sumOf(discount, Currency), sumOf(lines, Currency))}
	for _, r := range rows {
		if r.rule.Becomes == ToDiscount {
			out = append(out, rejected{r, bad})
		} else {
			kept = append(kept, r)
		}
	}
	return kept, out
}

func reject(rows []row, p problem) []rejected {
	out := make([]rejected, len(rows))
	for i, r := range rows {
		out[i] = rejected{r, p}
	}
	return out
}
