package importer

import (
	"errors"
	"io"
	"slices"
	"strings"

	"doorstep/fault"
)

// maxLine bounds the bytes of a line.
const maxLine = 64 << 10

// OnlineReader reads a file of the online-retail format invoice by invoice.
//
// It holds the rows of at most 64 invoices of at most 2,000 rows each, and a
// few bytes for each invoice that it has returned. Rows of one invoice find
// together as long as fewer than 64 other invoices begin between them;
// a row that comes later is set aside (InvoiceRepeated). Invoices come in the
// order of their times as long as none is more than 64 invoices late; one that
// is comes with its own time, which then lies before that of its predecessor.
type OnlineReader struct {
	ledger
	lines
	window window
}

// NewReader reads the header and returns a Reader. It calls aside, which may
// be nil, for each row that is set aside; an error of it ends the reading.
//
// Errors: invalid when the header is not that of the format; unavailable when
// the source cannot be read.
func NewReader(source io.Reader, aside func(Aside) error) (*OnlineReader, error) {
	r := &OnlineReader{ledger: ledger{aside: aside}, lines: linesOf(source, maxLine), window: newWindow()}
	text, long, err := r.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	fields, bad := split(text)
	if long || bad != nil || !slices.Equal(fields, header) {
		return nil, fault.New(fault.Invalid, "the first line is not the header of online-retail, which is %s", strings.Join(header, ","))
	}
	return r, nil
}

// Next returns the next document, and io.EOF after the last one. Rows that
// belong to none have been set aside by then.
//
// Errors: unavailable when the source cannot be read, and what the function
// for rows set aside returns.
func (r *OnlineReader) Next() (Document, error) {
	for {
		if err := r.fill(); err != nil {
			return Document{}, err
		}
		draft := r.window.pop()
		if draft == nil {
			return Document{}, io.EOF
		}
		if draft.full {
			continue
		}
		d, out := assemble(draft.rows)
		if err := r.putAside(out); err != nil {
			return Document{}, err
		}
		if d.Sale != nil || d.IsCancellation() || len(d.Adjustments) > 0 {
			return d, nil
		}
	}
}

// fill reads rows until the window is full or the file ends.
func (r *OnlineReader) fill() error {
	for !r.atEnd && !r.window.isFull() {
		if err := r.readRow(); err != nil {
			return err
		}
	}
	return nil
}

// readRow reads one line and puts it where it belongs.
func (r *OnlineReader) readRow() error {
	text, long, err := r.next()
	if errors.Is(err, io.EOF) {
		r.atEnd = true
	} else if err != nil {
		return err
	}
	if text == "" { // an empty line is no row, as in encoding/csv
		return nil
	}
	if long {
		return r.take(row{line: r.line, text: text, currency: Currency}, &problem{reason: LineTooLong})
	}
	return r.take(parseRow(r.line, text))
}

// take counts a row as read, and then adds it to its invoice or sets it aside.
func (r *OnlineReader) take(row row, bad *problem) error {
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
func (r *OnlineReader) join(row row) error {
	d := r.window.draftFor(row)
	if !d.full && len(d.rows) < maxRows {
		d.rows = append(d.rows, row)
		return nil
	}
	rows := append(d.rows, row)
	d.full, d.rows = true, nil
	return r.putAside(reject(rows, problem{header[invoiceNo], TooManyRows, ""}))
}
