package importer

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"doorstep/fault"
)

// Reason says why a row was set aside: one of the reasons below, or the Kind
// of a row that the mapping table sets aside.
type Reason string

// The reasons that lie in the row.
const (
	LineTooLong     Reason = "line_too_long"
	BrokenQuotes    Reason = "broken_quotes"
	WrongFieldCount Reason = "wrong_field_count"
	InvalidUTF8     Reason = "invalid_utf8"
	BadValue        Reason = "bad_value"
	OutOfRange      Reason = "out_of_range"
	TooManyDecimals Reason = "too_many_decimals"
)

// The reasons that lie in the invoice.
const (
	NoGoods          Reason = "no_goods"
	Unmatched        Reason = "unmatched"
	DiscountTooLarge Reason = "discount_too_large"
	TooManyRows      Reason = "too_many_rows"
	InvoiceRepeated  Reason = "invoice_repeated"
	Refused          Reason = "refused"
)

// The reasons that only the plain format has.
const (
	UnknownSKU        Reason = "unknown_sku"
	ReferenceRepeated Reason = "reference_repeated"
)

// Explanation is what a reason means, for people.
type Explanation struct {
	Reason Reason
	Means  string
}

var reasons = []Explanation{
	{LineTooLong, "The line has 65,536 bytes or more (4 MiB in the plain format). Its value is unknown."},
	{BrokenQuotes, "A quote is not where it may be, or does not close on its line. Its value is unknown."},
	{WrongFieldCount, "The line has not eight fields. Its value is unknown."},
	{InvalidUTF8, "The column is not valid UTF-8."},
	{BadValue, "The column does not have the form that it should have."},
	{OutOfRange, "The column's number is larger than the importer takes, its text longer, or its time before 1970-01-02 or after 9900-01-01."},
	{TooManyDecimals, "The price has more decimals than the currency; it is not rounded."},
	{NoGoods, "The invoice has charges but nothing that could be sent."},
	{Unmatched, "The row of a cancellation undoes nothing in the shop: there is no customer, no such sale, or less is left of it; or it is a charge."},
	{DiscountTooLarge, "The discounts come to more than the lines that they reduce."},
	{TooManyRows, "The invoice has more than 2,000 rows; none of it is imported."},
	{InvoiceRepeated, "The row belongs to an invoice that ended long before it in the file."},
	{UnknownSKU, "A line of the order is for an SKU that is not among those of the history."},
	{ReferenceRepeated, "The order has the reference of one that stands before it."},
	{Refused, "The process did not accept the order; the detail says why."},
}

// Reasons returns what each reason means, leaving out those that are a Kind of
// the mapping table.
func Reasons() []Explanation { return slices.Clone(reasons) }

// Aside is one row that was not imported.
type Aside struct {
	Row    int      // line of the file, where the header is 1
	Column string   // header of the column that is the reason, empty when it is the whole row
	Reason Reason   //
	Detail string   // what was found, for people; may be empty
	Value  Sum      // quantity times price; zero where it is not known
	Known  bool     // whether the value could be read
	Fields []string // as they stand in the file; nil when the line could not be split
	Text   string   // the line, when it could not be split
}

// AsideWriter writes rows set aside as CSV (RFC 4180, UTF-8): Row, Column,
// Reason, Detail, Value (a decimal, empty where it is not known), then the
// original fields, then Line, which has the line of a row that could not
// be split. Bytes that are not UTF-8 are replaced by U+FFFD.
type AsideWriter struct {
	csv    *csv.Writer
	fields int
}

// NewAsideWriter returns a writer that has written the header, for rows with the
// given columns.
func NewAsideWriter(w io.Writer, columns []string) *AsideWriter {
	a := &AsideWriter{csv.NewWriter(w), len(columns)}
	// The writer is buffered and keeps its error for Flush.
	_ = a.csv.Write(slices.Concat([]string{"Row", "Column", "Reason", "Detail", "Value"}, columns, []string{"Line"}))
	return a
}

// Write adds one row.
//
// Errors: unavailable when what lies below cannot be written.
func (w *AsideWriter) Write(a Aside) error {
	value := ""
	if a.Known {
		value = a.Value.String()
	}
	record := []string{strconv.Itoa(a.Row), a.Column, string(a.Reason), a.Detail, value}
	record = append(record, a.Fields...)
	record = append(record, make([]string, w.fields-len(a.Fields))...)
	record = append(record, a.Text)
	for i := range record {
		record[i] = strings.ToValidUTF8(record[i], "\uFFFD")
	}
	return writeFault(w.csv.Write(record))
}

// Flush writes what is still buffered.
//
// Errors: unavailable when it, or an earlier row, cannot be written.
func (w *AsideWriter) Flush() error {
	w.csv.Flush()
	return writeFault(w.csv.Error())
}

func writeFault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the rows set aside cannot be written: %w", err)
}
