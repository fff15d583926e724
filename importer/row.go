package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the shop's zone must be there on a machine without a zone database
	"unicode/utf8"

	"doorstep/fault"
	"doorstep/money"
)

// Bounds of what the importer takes. They keep the largest invoice,
// 2,000 · MaxQuantity · maxPrice, within 64 bits.
const (
	MaxQuantity = 1_000_000     // either sign
	maxPrice    = 1_000_000_000 // minor units, either sign
	maxText     = 200           // bytes of a description, a stock code or a country
)

// header is the first line of a file.
var header = []string{
	"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
}

// Indexes into header.
const (
	invoiceNo = iota
	stockCode
	description
	quantity
	invoiceDate
	unitPrice
	customerID
	country
)

// row is one line of the file.
type row struct {
	line   int      // where the header is 1
	fields []string // as they stand; nil when the line could not be split
	text   string   // the line, when it could not be split
	value  Sum      // quantity times price
	known  bool     // whether the value could be read

	currency money.Currency // of the value; empty where it could not be read

	// What follows holds only for a row without a problem.
	document document
	sku      string
	name     string
	quantity int64
	price    int64 // minor units
	at       time.Time
	customer string
	country  string // the file's name for it
	rule     *Rule  // what the mapping table says about it
}

// tally returns the row as a sum of one.
func (r row) tally() Tally {
	t := Tally{Rows: 1}
	if !r.known {
		t.Unknown = 1
	}
	return t.add(r.value)
}

// document is an InvoiceNo. It takes eight bytes and keeps no line of the file alive.
type document struct {
	letter byte // 0 for none
	number uint32
}

// series returns the letter, or "" for none.
func (d document) series() string {
	if d.letter == 0 {
		return ""
	}
	return string(rune(d.letter))
}

// problem is why a row, or all rows of an invoice, must be set aside.
type problem struct {
	column string
	reason Reason
	detail string
}

// parseRow reads one line. A row with a problem still has its value where
// quantity and price can be read, so that the account knows what it loses.
func parseRow(line int, text string) (row, *problem) {
	r := row{line: line, currency: Currency}
	fields, bad := split(text)
	if bad != nil {
		r.text = text
		return r, bad
	}
	r.fields = fields
	r.value, r.known = valueOf(fields[quantity], fields[unitPrice])
	for column, read := range r.readers() {
		if bad := checkText(column, fields[column]); bad != nil {
			return r, bad
		}
		if reason, detail := read(strings.TrimSpace(fields[column])); reason != "" {
			return r, &problem{header[column], reason, detail}
		}
	}
	r.rule = classify(r)
	return r, nil
}

// split takes a line apart by RFC 4180. A record is one line: in this format no
// field has a line break, so that a broken quote spoils its own line only.
func split(text string) ([]string, *problem) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) { // EOF is a line without fields
		return nil, &problem{"", BrokenQuotes, err.Error()}
	}
	if len(fields) != len(header) {
		return nil, &problem{"", WrongFieldCount, fmt.Sprintf("%d fields, expected %d", len(fields), len(header))}
	}
	return fields, nil
}

func valueOf(quantity, price string) (Sum, bool) {
	n, whole := decimal(strings.TrimSpace(quantity))
	p, ok := decimal(strings.TrimSpace(price))
	if !whole || !ok {
		return Sum{}, false
	}
	return n.times(p), true
}

// checkText holds a column to what every text of an order must be, lest one
// row's text has its whole invoice refused.
func checkText(column int, s string) *problem {
	var c fault.Check
	c.Text(header[column], s, maxText)
	if c.Err("the row") == nil {
		return nil
	}
	switch {
	case !utf8.ValidString(s):
		return &problem{header[column], InvalidUTF8, fmt.Sprintf("%+q", clip(s))}
	case len(s) > maxText:
		return &problem{header[column], OutOfRange, fmt.Sprintf("%d bytes, at most %d", len(s), maxText)}
	default:
		return &problem{header[column], BadValue, fmt.Sprintf("%+q has a control character", clip(s))}
	}
}

func clip(s string) string { return s[:min(len(s), 60)] }

// readers returns how each column's trimmed text is read into the row, in the
// order of the header. A reader returns the empty reason when all is well.
func (r *row) readers() [8]func(string) (Reason, string) {
	return [...]func(string) (Reason, string){
		invoiceNo:   r.readDocument,
		stockCode:   r.readSKU,
		description: r.readName,
		quantity:    r.readQuantity,
		invoiceDate: r.readTime,
		unitPrice:   r.readPrice,
		customerID:  r.readCustomer,
		country:     r.readCountry,
	}
}

func (r *row) readDocument(s string) (Reason, string) {
	digits := s
	if s != "" && isLetter(s[0]) {
		r.document.letter, digits = s[0], s[1:]
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != digits {
		return badValue(s, "a number, with a letter before it or none")
	}
	r.document.number = uint32(n)
	return "", ""
}

func isLetter(b byte) bool { return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' }

func (r *row) readSKU(s string) (Reason, string) {
	r.sku = s
	if fault.Blank(s) {
		return badValue(s, "a stock code")
	}
	return "", ""
}

func (r *row) readName(s string) (Reason, string) {
	if !fault.Blank(s) {
		r.name = s
	}
	return "", ""
}

func (r *row) readQuantity(s string) (Reason, string) {
	if _, ok := decimal(s); !ok || strings.Contains(s, ".") {
		return badValue(s, "a whole number")
	}
	q, err := strconv.ParseInt(s, 10, 64)
	if err != nil || q > MaxQuantity || q < -MaxQuantity {
		return OutOfRange, fmt.Sprintf("%s, at most %d", s, MaxQuantity)
	}
	r.quantity = q
	return "", ""
}

// dateLayout is the format's only form of time. It has no zone: it is local
// time of the shop. An hour that the clocks skip is read as the hour after it;
// one that they repeat may be read as either.
const dateLayout = "2006-01-02 15:04:05"

// The times that are taken. An identifier counts from 1970 (ULID), a day later
// so that no zone has it earlier; the last year of RFC 3339 is 9999, before which
// the order has a century to come to its door.
var (
	firstTime = time.Date(1970, time.January, 2, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9900, time.January, 1, 0, 0, 0, 0, time.UTC)
)

var shopZone = loadZone()

func loadZone() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // it is part of the program: time/tzdata
	}
	return zone
}

func (r *row) readTime(s string) (Reason, string) {
	at, err := time.ParseInLocation(dateLayout, s, shopZone)
	if err != nil || len(s) != len(dateLayout) {
		return badValue(s, "a time like 2010-12-01 08:26:00")
	}
	if at.Before(firstTime) || at.After(lastTime) {
		return OutOfRange, fmt.Sprintf("%s, from %s to %s", s, firstTime.Format(dateLayout), lastTime.Format(dateLayout))
	}
	r.at = at
	return "", ""
}

func (r *row) readPrice(s string) (Reason, string) {
	p, ok := decimal(s)
	if !ok {
		return badValue(s, "a decimal number")
	}
	amount, err := money.Parse(s, Currency)
	_, fraction, _ := strings.Cut(p.String(), ".")
	switch {
	case len(fraction) > Currency.Digits():
		return TooManyDecimals, fmt.Sprintf("%s, at most %d decimals", s, Currency.Digits())
	case err != nil || amount.Minor > maxPrice || amount.Minor < -maxPrice:
		return OutOfRange, fmt.Sprintf("%s, at most %s", s, money.Of(maxPrice, Currency).Decimal())
	}
	r.price = amount.Minor
	return "", ""
}

func (r *row) readCustomer(s string) (Reason, string) {
	r.customer = strings.TrimSuffix(s, ".0")
	if s != "" && !isNumber(r.customer) {
		return badValue(s, "a number like 17850.0, or nothing")
	}
	return "", ""
}

func (r *row) readCountry(s string) (Reason, string) {
	r.country = s
	return "", ""
}

func badValue(found, expected string) (Reason, string) {
	return BadValue, fmt.Sprintf("%q, expected %s", clip(found), expected)
}
