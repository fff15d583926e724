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
	"unicode"
	"unicode/utf8"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/money"
)

// Columns are the columns of the file, in any order. A file may lack those of
// Optional.
var Columns = []string{"sku", "name", "currency", "price", "weight_grams", "location", "on_hand", "safety"}

// Optional are the columns that a file may lack.
var Optional = []string{"safety"}

// Row is one row: an SKU, and how many of it lie where. A row without a
// location only says what the SKU is.
type Row struct {
	Line     int // of the file, from 1
	SKU      inventory.SKU
	Location string
	OnHand   int64
	Safety   *int64 // how many of them are kept back; nil when the file does not say
}

// The limits of a file.
const (
	maxRows   = 1_000_000
	maxOnHand = 1_000_000_000
)

// Read reads a whole file and checks it whole.
//
// Errors: invalid, with the line and the column of everything that is wrong.
func Read(data []byte) ([]Row, error) {
	var c fault.Check
	if !utf8.Valid(data) {
		c.Add(fmt.Sprintf("line %d", invalidLine(data)), "not_utf8", "valid UTF-8")
		return nil, c.Err(what)
	}
	r := &reader{csv: csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))), check: &c, defined: map[string]Row{}, levels: map[[2]string]int{}}
	if !r.header() {
		return nil, c.Err(what)
	}
	rows := r.rows()
	if err := c.Err(what); err != nil {
		return nil, err
	}
	return rows, nil
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
	csv     *csv.Reader
	check   *fault.Check
	at      map[string]int    // where each column is
	defined map[string]Row    // the first row of each SKU
	levels  map[[2]string]int // the line of each SKU and location
}

// header reads which column is where, and says whether that went well.
func (r *reader) header() bool {
	names, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		r.check.Add("line 1", "required", "a header: %s", strings.Join(Columns, ","))
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
		r.check.If(!slices.Contains(Columns, name), "line 1", "unknown", "%q is none of the columns %s", clip(name), strings.Join(Columns, ","))
		r.check.If(twice, "line 1", "duplicate", "the column %q once", clip(name))
		r.at[name] = i
	}
	for _, name := range Columns {
		_, has := r.at[name]
		r.check.If(!has && !slices.Contains(Optional, name), "line 1", "required", "the column %q", name)
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

func (r *reader) rows() []Row {
	var rows []Row
	for {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			r.broken(err)
			return nil // what follows a broken row can not be trusted
		}
		line, _ := r.csv.FieldPos(0)
		if len(rows) == maxRows {
			r.check.Add(fmt.Sprintf("line %d", line), "too_many", "at most %d rows", maxRows)
			return nil
		}
		rows = append(rows, r.row(line, cells))
	}
}

// row reads one row and checks it by itself and against those before it.
func (r *reader) row(line int, cells []string) Row {
	cell := func(name string) string {
		if at, has := r.at[name]; has {
			return strings.TrimSpace(cells[at])
		}
		return ""
	}
	wrong := func(name, code, format string, args ...any) {
		r.check.Add(fmt.Sprintf("line %d, %s", line, name), code, format, args...)
	}
	row := Row{Line: line, Location: cell("location"), SKU: inventory.SKU{Code: cell("sku"), Name: cell("name"), Currency: money.Currency(cell("currency"))}}
	if row.SKU.Currency.Valid() {
		price, err := money.Parse(cell("price"), row.SKU.Currency)
		if err != nil {
			wrong("price", "malformed", "%s", fault.As(err).Message)
		}
		row.SKU.Price = price.Minor
	}
	row.SKU.Weight = number(cell("weight_grams"), "weight_grams", wrong)
	if err := row.SKU.Validate(); err != nil {
		for _, f := range fault.As(err).Fields {
			wrong(f.Path, f.Code, "%s", f.Message)
		}
	}
	r.level(&row, cell("on_hand"), cell("safety"), wrong)
	r.agrees(row, wrong)
	return row
}

// level reads how many there are, how many of them are kept back, and where.
func (r *reader) level(row *Row, onHand, safety string, wrong func(name, code, format string, args ...any)) {
	if row.Location == "" {
		if onHand != "" || safety != "" {
			wrong("location", "required", "where the %s lie", clip(cmp.Or(onHand, safety)))
		}
		return
	}
	row.OnHand = quantity(onHand, "on_hand", wrong)
	if safety != "" {
		row.Safety = new(quantity(safety, "safety", wrong))
	}
	if len(row.Location) > 64 || strings.ContainsFunc(row.Location, unicode.IsControl) {
		wrong("location", "malformed", "at most 64 bytes without control characters")
	}
	if first, twice := r.levels[[2]string{row.SKU.Code, row.Location}]; twice {
		wrong("location", "duplicate", "an SKU and location once: line %d has them too", first)
		return
	}
	r.levels[[2]string{row.SKU.Code, row.Location}] = row.Line
}

// agrees checks that all rows of an SKU say the same of it.
func (r *reader) agrees(row Row, wrong func(name, code, format string, args ...any)) {
	first, seen := r.defined[row.SKU.Code]
	if !seen {
		r.defined[row.SKU.Code] = row
		return
	}
	if first.SKU != row.SKU {
		wrong("sku", "mismatch", "the name, currency, price and weight that line %d has", first.Line)
	}
}

func quantity(s, name string, wrong func(name, code, format string, args ...any)) int64 {
	n := number(s, name, wrong)
	if n < 0 || n > maxOnHand {
		wrong(name, "out_of_range", "from 0 to %d", maxOnHand)
	}
	return n
}

func number(s, name string, wrong func(name, code, format string, args ...any)) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		wrong(name, "malformed", "a whole number; %q is none", clip(s))
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
	price := money.Of(r.SKU.Price, r.SKU.Currency).Decimal()
	return w.csv.Write([]string{r.SKU.Code, r.SKU.Name, string(r.SKU.Currency), price, strconv.FormatInt(r.SKU.Weight, 10), r.Location, onHand, safety})
}

// Flush writes what is buffered, and returns the first error of writing.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
