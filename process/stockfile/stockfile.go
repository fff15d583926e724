// Package stockfile reads and writes a shop's stock as CSV (RFC 4180, UTF-8):
// one row per SKU and location, under a header that names the columns.
package stockfile

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/money"
)

// Columns are the columns of the file, in any order. A file may lack those of
// Optional.
var Columns = []string{"sku", "name", "currency", "price", "weight_grams", "location", "on_hand", "safety", "backorder"}

// Optional are the columns that a file may lack.
var Optional = []string{"safety", "backorder"}

// Row is one row: an SKU, and how many of it lie where. A row without a
// location only says what the SKU is.
type Row struct {
	Line      int // of the file, from 1
	SKU       inventory.SKU
	Location  string
	OnHand    int64
	Safety    *int64 // how many of them are kept back; nil when the file does not say
	Backorder *bool  // whether orders may wait for the SKU; nil when the file does not say
}

// The limits of a file.
const (
	maxRows     = 1_000_000
	maxLocation = 64 // bytes
)

// Read reads a whole file and checks it whole.
//
// Errors: invalid, with the line and the column of everything that is wrong.
func Read(data []byte) ([]Row, error) {
	var rows []Row
	defined := map[string]Row{}
	err := eachRow(data, Columns, Optional, func(r *reader) {
		row := r.row()
		r.agrees(row, defined)
		rows = append(rows, row)
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// eachRow reads a file that has the columns, and may lack the optional ones.
//
// Errors: invalid, with the line and the column of everything that is wrong.
func eachRow(data []byte, columns, optional []string, do func(r *reader)) error {
	var c fault.Check
	if !utf8.Valid(data) {
		c.Add(fmt.Sprintf("line %d", invalidLine(data)), "not_utf8", "valid UTF-8")
		return c.Err(what)
	}
	r := &reader{csv: csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))), check: &c, levels: map[[2]string]int{}}
	if r.header(columns, optional) {
		r.rows(do)
	}
	return c.Err(what)
}

const what = "the stock file"

// invalidLine is the line of the first bytes that are no UTF-8.
func invalidLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}

type reader struct {
	csv    *csv.Reader
	check  *fault.Check
	at     map[string]int    // where each column is
	line   int               // of the row
	cells  []string          // of the row
	levels map[[2]string]int // the line of each SKU and location
}

// header reads which column is where, and says whether that went well.
func (r *reader) header(columns, optional []string) bool {
	names, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		r.check.Add("line 1", "required", "a header: %s", strings.Join(columns, ","))
		return false
	}
	if err != nil {
		r.broken(err)
		return false
	}
	r.at = map[string]int{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := r.at[name]
		r.check.If(!slices.Contains(columns, name), "line 1", "unknown", "%q is none of the columns %s", clip(name), strings.Join(columns, ","))
		r.check.If(twice, "line 1", "duplicate", "the column %q once", clip(name))
		r.at[name] = i
	}
	for _, name := range columns {
		_, has := r.at[name]
		r.check.If(!has && !slices.Contains(optional, name), "line 1", "required", "the column %q", name)
	}
	return r.check.Err(what) == nil
}

func (r *reader) broken(err error) {
	var p *csv.ParseError
	if errors.As(err, &p) {
		r.check.Add(fmt.Sprintf("line %d, column %d", p.Line, p.Column), "malformed", "CSV: %v", p.Err)
		return
	}
	r.check.Add("file", "malformed", "CSV: %v", err)
}

// rows reads the rows up to the first that is broken: what follows it can not
// be trusted.
func (r *reader) rows(do func(r *reader)) {
	for n := 0; ; n++ {
		var err error
		if r.cells, err = r.csv.Read(); errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.broken(err)
			return
		}
		r.line, _ = r.csv.FieldPos(0)
		if n == maxRows {
			r.check.Add(fmt.Sprintf("line %d", r.line), "too_many", "at most %d rows", maxRows)
			return
		}
		do(r)
	}
}

// cell is what the row has in a column, "" where the file lacks it.
func (r *reader) cell(name string) string {
	if at, has := r.at[name]; has {
		return strings.TrimSpace(r.cells[at])
	}
	return ""
}

func (r *reader) wrong(name, code, format string, args ...any) {
	r.check.Add(fmt.Sprintf("line %d, %s", r.line, name), code, format, args...)
}

// row reads one row.
func (r *reader) row() Row {
	row := Row{Line: r.line, Location: r.cell("location"), SKU: inventory.SKU{Code: r.cell("sku"), Name: r.cell("name"), Currency: money.Currency(r.cell("currency"))}}
	if row.SKU.Currency.Valid() {
		price, err := money.Parse(r.cell("price"), row.SKU.Currency)
		if err != nil {
			r.wrong("price", "malformed", "%s", fault.As(err).Message)
		}
		row.SKU.Price = price.Minor
	}
	row.SKU.Weight = r.number("weight_grams")
	switch text := r.cell("backorder"); text {
	case "":
	case "yes", "no":
		row.Backorder = new(text == "yes")
	default:
		r.wrong("backorder", "unknown", "yes or no; %q is neither", clip(text))
	}
	if err := row.SKU.Validate(); err != nil {
		for _, f := range fault.As(err).Fields {
			r.wrong(f.Path, f.Code, "%s", f.Message)
		}
	}
	r.level(&row)
	return row
}

// level reads how many there are, how many of them are kept back, and where.
func (r *reader) level(row *Row) {
	onHand, safety := r.cell("on_hand"), r.cell("safety")
	if row.Location == "" {
		if onHand != "" || safety != "" {
			r.wrong("location", "required", "where the %s lie", clip(cmp.Or(onHand, safety)))
		}
		return
	}
	row.OnHand = r.quantity("on_hand")
	if safety != "" {
		row.Safety = new(r.quantity("safety"))
	}
	r.once(row.SKU.Code, row.Location)
}

// once checks a location, and that the file has an SKU there once.
func (r *reader) once(sku, location string) {
	r.location(location)
	at := [2]string{sku, location}
	if first, twice := r.levels[at]; twice {
		r.wrong("location", "duplicate", "an SKU and location once: line %d has them too", first)
		return
	}
	r.levels[at] = r.line
}

// location checks the code of a location.
func (r *reader) location(code string) {
	var c fault.Check
	c.Required("location", code, maxLocation, "the code of a location")
	if err := c.Err(what); err != nil {
		for _, f := range fault.As(err).Fields {
			r.wrong(f.Path, f.Code, "%s", f.Message)
		}
	}
}

// agrees checks that all rows of an SKU say the same of it.
func (r *reader) agrees(row Row, defined map[string]Row) {
	first, seen := defined[row.SKU.Code]
	if !seen {
		defined[row.SKU.Code] = row
		return
	}
	if first.SKU != row.SKU || (first.Backorder == nil) != (row.Backorder == nil) || first.Backorder != nil && *first.Backorder != *row.Backorder {
		r.wrong("sku", "mismatch", "the name, currency, price, weight and backorder that line %d has", first.Line)
	}
}

// quantity reads how many of something there are.
func (r *reader) quantity(name string) int64 {
	n := r.number(name)
	if n < 0 || n > inventory.MaxQuantity {
		r.wrong(name, "out_of_range", "from 0 to %d", inventory.MaxQuantity)
	}
	return n
}

func (r *reader) number(name string) int64 {
	n, err := strconv.ParseInt(r.cell(name), 10, 64)
	if err != nil {
		r.wrong(name, "malformed", "a whole number; %q is none", clip(r.cell(name)))
		return 0
	}
	return n
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// Writer writes a file that Read reads.
type Writer struct{ csv *csv.Writer }

// NewWriter returns a writer that has written the header.
func NewWriter(w io.Writer) (*Writer, error) {
	out := &Writer{csv: csv.NewWriter(w)}
	return out, out.csv.Write(Columns)
}

// Write writes a row.
func (w *Writer) Write(r Row) error {
	onHand, safety := "", ""
	if r.Location != "" {
		onHand = strconv.FormatInt(r.OnHand, 10)
	}
	if r.Safety != nil {
		safety = strconv.FormatInt(*r.Safety, 10)
	}
	backorder := ""
	if r.Backorder != nil {
		backorder = map[bool]string{true: "yes", false: "no"}[*r.Backorder]
	}
	price := money.Of(r.SKU.Price, r.SKU.Currency).Decimal()
	return w.csv.Write([]string{r.SKU.Code, r.SKU.Name, string(r.SKU.Currency), price, strconv.FormatInt(r.SKU.Weight, 10), r.Location, onHand, safety, backorder})
}

// Flush writes what is buffered, and returns the first error of writing.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
