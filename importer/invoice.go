package importer

import (
	"cmp"
	"fmt"
)

// rejected is one row that its invoice had to leave out.
type rejected struct {
	row row
	problem
}

// assemble makes the invoice of the rows that belong to one number. Rows that
// cannot be a part of it are returned beside it; when there is no order in the
// rows at all, ok is false and all of them are.
func assemble(rows []row) (inv Invoice, out []rejected, ok bool) {
	if bad := noOrder(rows); bad != nil {
		return Invoice{}, reject(rows, *bad), false
	}
	first := rows[0]
	rows, out = withoutLargeDiscount(rows)
	inv = Invoice{
		Number: first.fields[invoiceNo], At: first.at, Customer: first.customer,
		Country: countryCode(first.country), CountryName: first.country,
		Currency: Currency, rows: rows,
	}
	for _, r := range rows {
		inv.take(r)
	}
	return inv, out, true
}

// take adds a row to the invoice. The bounds of quantity, price and number of
// rows keep every sum within 64 bits.
func (inv *Invoice) take(r row) {
	amount := r.quantity * r.price
	inv.Value += amount
	switch r.rule.Becomes {
	case ToShipping:
		inv.Shipping += amount
	case ToDiscount:
		inv.Discount -= amount
	case ToLine:
		inv.Lines = append(inv.Lines, Line{
			Row: r.line, SKU: r.sku, Name: cmp.Or(r.name, r.sku), Quantity: r.quantity, UnitPrice: r.price,
		})
	}
}

// noOrder says why the rows are no order, nil when they are one.
func noOrder(rows []row) *problem {
	goods, priced := false, false
	for _, r := range rows {
		// What was keyed in by hand is paid for, but nothing that is sent.
		goods = goods || r.rule.Becomes == ToLine && r.rule.Kind != Manual
		priced = priced || r.value.Sign() != 0
	}
	switch {
	case !goods:
		return &problem{column: header[stockCode], reason: NoGoods}
	case !priced && rows[0].customer == "":
		return &problem{column: header[unitPrice], reason: StockAdjustment}
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
	bad := problem{header[unitPrice], DiscountTooLarge, fmt.Sprintf("discounts of %s on lines of %s", sumOf(discount), sumOf(lines))}
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
