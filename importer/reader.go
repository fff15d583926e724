package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"doorstep/fault"
)

// maxLine bounds the bytes of a line.
const maxLine = 64 << 10

// Reader reads a file of the online-retail format invoice by invoice.
//
// It holds the rows of at most 64 invoices of at most 2,000 rows each, and a
// few bytes for each invoice that it has returned. Rows of one invoice find
// together as long as fewer than 64 other invoices begin between them;
// a row that comes later is set aside (InvoiceRepeated). Invoices come in the
// order of their times as long as none is more than 64 invoices late; one that
// is comes with its own time, which then lies before that of its predecessor.
//
// Reading the same file again gives the same invoices in the same order.
type Reader struct {
	lines   *bufio.Reader
	offset  int64
	line    int
	atEnd   bool
	window  window
	account Account
	aside   func(Aside) error
}

// NewReader reads the header and returns a Reader. It calls aside, which may
// be nil, for each row that is set aside; an error of it ends the reading.
//
// Errors: invalid when the header is not that of the format; unavailable when
// the source cannot be read.
func NewReader(source io.Reader, aside func(Aside) error) (*Reader, error) {
	r := &Reader{lines: bufio.NewReaderSize(source, maxLine), window: newWindow(), aside: aside}
	text, long, err := r.nextLine()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	// Spreadsheets put a byte order mark before UTF-8.
	fields, bad := split(strings.TrimPrefix(text, "\uFEFF"))
	if long || bad != nil || !slices.Equal(fields, header) {
		return nil, fault.New(fault.Invalid, "the first line is not the header of online-retail, which is %s", strings.Join(header, ","))
	}
	return r, nil
}

// Account returns the running totals. The caller tells it of each invoice that
// has become an order.
func (r *Reader) Account() *Account { return &r.account }

// Offset returns how many bytes of the source have been read, for progress.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next invoice, and io.EOF after the last one. Rows that
// belong to no order have been set aside by then.
//
// Errors: unavailable when the source cannot be read, and what the function
// for rows set aside returns.
func (r *Reader) Next() (Invoice, error) {
	for {
		if err := r.fill(); err != nil {
			return Invoice{}, err
		}
		d := r.window.pop()
		if d == nil {
			return Invoice{}, io.EOF
		}
		if d.full {
			continue
		}
		inv, out, ok := assemble(d.rows)
		if err := r.putAside(out); err != nil {
			return Invoice{}, err
		}
		if ok {
			return inv, nil
		}
	}
}

// Refuse sets all rows of an invoice aside that the process did not accept,
// instead of importing it.
//
// Errors: what the function for rows set aside returns.
func (r *Reader) Refuse(inv Invoice, why string) error {
	return r.putAside(reject(inv.rows, problem{reason: Refused, detail: why}))
}

// fill reads rows until the window is full or the file ends.
func (r *Reader) fill() error {
	for !r.atEnd && !r.window.isFull() {
		if err := r.readRow(); err != nil {
			return err
		}
	}
	return nil
}

// readRow reads one line and puts it where it belongs.
func (r *Reader) readRow() error {
	text, long, err := r.nextLine()
	if errors.Is(err, io.EOF) {
		r.atEnd = true
	} else if err != nil {
		return err
	}
	if text == "" { // an empty line is no row, as in encoding/csv
		return nil
	}
	if long {
		return r.take(row{line: r.line, text: text}, &problem{reason: LineTooLong})
	}
	return r.take(parseRow(r.line, text))
}

// take counts a row as read, and then adds it to its invoice or sets it aside.
func (r *Reader) take(row row, bad *problem) error {
	r.account.read(row)
	switch {
	case bad != nil:
		return r.putRowAside(row, *bad)
	case row.rule.Becomes == ToAside:
		return r.putRowAside(row, problem{row.rule.column(row), Reason(row.rule.Kind), ""})
	case r.window.isClosed(row.document):
		return r.putRowAside(row, problem{header[invoiceNo], InvoiceRepeated, ""})
	default:
		return r.join(row)
	}
}

// join adds a row to its invoice. An invoice with too many rows lets go of all
// of them at once, so that no invoice can fill the memory.
func (r *Reader) join(row row) error {
	d := r.window.draftFor(row)
	if !d.full && len(d.rows) < maxRows {
		d.rows = append(d.rows, row)
		return nil
	}
	rows := append(d.rows, row)
	d.full, d.rows = true, nil
	return r.putAside(reject(rows, problem{header[invoiceNo], TooManyRows, ""}))
}

func (r *Reader) putAside(out []rejected) error {
	for _, o := range out {
		if err := r.putRowAside(o.row, o.problem); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) putRowAside(row row, p problem) error {
	r.account.putAside(row, p.reason)
	if r.aside == nil {
		return nil
	}
	return r.aside(Aside{
		Row: row.line, Column: p.column, Reason: p.reason, Detail: p.detail,
		Value: row.value, Known: row.known, Fields: row.fields, Text: row.text,
	})
}

// nextLine returns the next line without its end, and io.EOF with the last
// one. Of a line that is too long it returns the beginning.
func (r *Reader) nextLine() (text string, long bool, err error) {
	r.line++
	line, err := r.lines.ReadSlice('\n')
	r.offset += int64(len(line))
	text = string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
	for errors.Is(err, bufio.ErrBufferFull) {
		long, text = true, clip(text)
		line, err = r.lines.ReadSlice('\n')
		r.offset += int64(len(line))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, fault.New(fault.Unavailable, "the file cannot be read after line %d: %w", r.line-1, err)
	}
	return text, long, err
}
