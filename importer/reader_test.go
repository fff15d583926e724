package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"doorstep/fault"
	"doorstep/importer"
)

const goods = "1,90000,GOODS,1,2011-01-01 00:00:00,100,1.0,USA"

func TestBrokenRowsAreSetAside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, row, column string
		reason            importer.Reason
		value             string // empty when it cannot be known
	}{
		{"open quote", `1,90001,"X,2,2011-01-01 00:00:00,1.5,,USA`, "", importer.BrokenQuotes, ""},
		{"quote inside", `1,90001,X"Y"Z,2,2011-01-01 00:00:00,1.5,,USA`, "", importer.BrokenQuotes, ""},
		{"too few", `1,90001,X,2,2011-01-01 00:00:00,1.5,USA`, "", importer.WrongFieldCount, ""},
		{"too many", `1,90001,X,2,2011-01-01 00:00:00,1.5,,USA,`, "", importer.WrongFieldCount, ""},
		{"carriage return", "\r\r", "", importer.WrongFieldCount, ""},
		{"too long", strings.Repeat("x", 70_000), "", importer.LineTooLong, ""},
		{"too long, blank", strings.Repeat("\r", 70_000), "", importer.LineTooLong, ""},
		{"latin-1", "1,90001,\xa35,2,2011-01-01 00:00:00,1.5,,USA", "Description", importer.InvalidUTF8, "3.00"},
		{"control", "1,90001,X\x00,2,2011-01-01 00:00:00,1.5,,USA", "Description", importer.BadValue, "3.00"},
		{"turned round", "1,90001,X\u202eY,2,2011-01-01 00:00:00,1.5,,USA", "Description", importer.BadValue, "3.00"},
		{"invisible code", "1,\u200b,X,2,2011-01-01 00:00:00,1.5,,USA", "StockCode", importer.BadValue, "3.00"},
		{"no number", ",90001,X,2,2011-01-01 00:00:00,1.5,,USA", "InvoiceNo", importer.BadValue, "3.00"},
		{"two letters", "AB1,90001,X,2,2011-01-01 00:00:00,1.5,,USA", "InvoiceNo", importer.BadValue, "3.00"},
		{"zero before", "01,90001,X,2,2011-01-01 00:00:00,1.5,,USA", "InvoiceNo", importer.BadValue, "3.00"},
		{"no code", "1,,X,2,2011-01-01 00:00:00,1.5,,USA", "StockCode", importer.BadValue, "3.00"},
		{"long code", "1," + strings.Repeat("9", 201) + ",X,2,2011-01-01 00:00:00,1.5,,USA", "StockCode", importer.OutOfRange, "3.00"},
		{"no quantity", "1,90001,X,,2011-01-01 00:00:00,1.5,,USA", "Quantity", importer.BadValue, ""},
		{"half a piece", "1,90001,X,0.5,2011-01-01 00:00:00,1.5,,USA", "Quantity", importer.BadValue, "0.75"},
		{"many pieces", "1,90001,X,1000001,2011-01-01 00:00:00,1.5,,USA", "Quantity", importer.OutOfRange, "1500001.50"},
		{"many pieces back", "1,90001,X,-1000001,2011-01-01 00:00:00,1.5,,USA", "Quantity", importer.OutOfRange, "-1500001.50"},
		{"overflow", "1,90001,X,-99999999999999999999,2011-01-01 00:00:00,1.5,,USA", "Quantity", importer.OutOfRange, "-149999999999999999998.50"},
		{"other date", "1,90001,X,2,01/02/2011 00:00,1.5,,USA", "InvoiceDate", importer.BadValue, "3.00"},
		{"no such day", "1,90001,X,2,2011-02-29 00:00:00,1.5,,USA", "InvoiceDate", importer.BadValue, "3.00"},
		{"before identifiers", "1,90001,X,2,1969-12-31 23:59:59,1.5,,USA", "InvoiceDate", importer.OutOfRange, "3.00"},
		{"year 1", "1,90001,X,2,0001-01-01 00:00:00,1.5,,USA", "InvoiceDate", importer.OutOfRange, "3.00"},
		{"last year", "1,90001,X,2,9999-12-31 23:59:59,1.5,,USA", "InvoiceDate", importer.OutOfRange, "3.00"},
		{"no price", "1,90001,X,2,2011-01-01 00:00:00,,,USA", "UnitPrice", importer.BadValue, ""},
		{"power", "1,90001,X,2,2011-01-01 00:00:00,1e3,,USA", "UnitPrice", importer.BadValue, ""},
		{"fraction", "1,90001,X,2,2011-01-01 00:00:00,1/3,,USA", "UnitPrice", importer.BadValue, ""},
		{"too fine", "1,90001,X,2,2011-01-01 00:00:00,0.001,,USA", "UnitPrice", importer.TooManyDecimals, "0.002"},
		{"too dear", "1,90001,X,2,2011-01-01 00:00:00,10000000.01,,USA", "UnitPrice", importer.OutOfRange, "20000000.02"},
		{"too dear back", "1,90001,X,2,2011-01-01 00:00:00,-10000000.01,,USA", "UnitPrice", importer.OutOfRange, "-20000000.02"},
		{"too many digits", "1,90001,X,2,2011-01-01 00:00:00,0." + strings.Repeat("0", 40) + ",,USA", "UnitPrice", importer.BadValue, ""},
		{"customer", "1,90001,X,2,2011-01-01 00:00:00,1.5,17850.5,USA", "CustomerID", importer.BadValue, "3.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readRows(t, goods, c.row, strings.Replace(goods, "90000", "90002", 1))
			if len(got.asides) != 1 || len(got.docs) != 1 || len(got.docs[0].Sale.Request.Lines) != 2 {
				t.Fatalf("reading did not go on around the row: %+v", got)
			}
			a := got.asides[0]
			if a.Row != 3 || a.Column != c.column || a.Reason != c.reason {
				t.Errorf("row %d, column %q, %s; want row 3, column %q, %s", a.Row, a.Column, a.Reason, c.column, c.reason)
			}
			if a.Known != (c.value != "") || a.Known && a.Value.String() != c.value {
				t.Errorf("value %s, known: %t; want %q", a.Value, a.Known, c.value)
			}
			if err := got.account.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		ok   bool
	}{
		"as stated":       {header, true},
		"byte order mark": {"\uFEFF" + header, true},
		"windows":         {strings.Replace(header, "\n", "\r\n", 1), true},
		"no line end":     {strings.TrimSpace(header), true},
		"empty":           {"", false},
		"other order":     {"StockCode,InvoiceNo,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n", false},
		"one more":        {strings.Replace(header, "\n", ",More\n", 1), false},
		"too long":        {strings.Repeat(header[:80], 1000), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := importer.NewReader(strings.NewReader(c.file), nil)
			if c.ok && err != nil || !c.ok && !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v, want ok: %t", err, c.ok)
			}
			if !c.ok {
				return
			}
			if _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("a file without rows: %v", err)
			}
			if r.Offset() != int64(len(c.file)) {
				t.Errorf("offset %d of %d", r.Offset(), len(c.file))
			}
		})
	}
}

func TestTimeIsTheShopsOwn(t *testing.T) {
	t.Parallel()
	got := readRows(t, "1,90000,X,1,2011-07-01 12:00:00,1,,USA", "2,90000,X,1,2011-12-01 12:00:00,1,,USA")
	for i, want := range []time.Time{
		time.Date(2011, 7, 1, 11, 0, 0, 0, time.UTC), // British Summer Time
		time.Date(2011, 12, 1, 12, 0, 0, 0, time.UTC),
	} {
		if !got.docs[i].At.Equal(want) {
			t.Errorf("%v, want %v", got.docs[i].At, want)
		}
	}
}

// invoiceRow is a row of invoice n, at the given minute.
func invoiceRow(n, minute int) string {
	at := time.Date(2011, 1, 1, 0, minute, 0, 0, time.UTC).Format(time.DateTime)
	return fmt.Sprintf("%d,90000,X,1,%s,1.5,,USA", n, at)
}

func invoiceRows(from, to int) (rows []string) {
	for n := from; n < to; n++ {
		rows = append(rows, invoiceRow(n, n))
	}
	return rows
}

func TestRowsOfAnInvoiceFindTogether(t *testing.T) {
	t.Parallel()
	for between, repeated := range map[int]bool{1: false, 63: false, 64: true, 200: true} {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			t.Parallel()
			rows := append(invoiceRows(100, 101+between), invoiceRow(100, 100))
			got := readRows(t, rows...)
			if len(got.docs) != between+1 {
				t.Errorf("%d invoices, want %d", len(got.docs), between+1)
			}
			if aside := len(got.asides) == 1 && got.asides[0].Reason == importer.InvoiceRepeated; aside != repeated {
				t.Errorf("set aside: %+v, want: %t", got.asides, repeated)
			}
			if err := got.account.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLateInvoicesComeInOrder(t *testing.T) {
	t.Parallel()
	for late, inOrder := range map[int]bool{1: true, 64: true, 65: false} {
		t.Run(fmt.Sprint(late), func(t *testing.T) {
			t.Parallel()
			rows := append(invoiceRows(100, 100+late), invoiceRow(99, 1))
			got := readRows(t, rows...)
			if len(got.docs) != late+1 {
				t.Fatalf("%d invoices, want %d", len(got.docs), late+1)
			}
			if first := got.docs[0].Number == "99"; first != inOrder {
				t.Errorf("first is %s; late one first: want %t", got.docs[0].Number, inOrder)
			}
		})
	}
}

func TestEqualTimesKeepTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	got := readRows(t, invoiceRow(5, 0), invoiceRow(3, 0), invoiceRow(4, 0))
	for i, want := range []string{"5", "3", "4"} {
		if got.docs[i].Number != want {
			t.Errorf("invoice %d is %s, want %s", i, got.docs[i].Number, want)
		}
	}
}

func TestInvoiceWithTooManyRows(t *testing.T) {
	t.Parallel()
	for rows, imported := range map[int]int{2000: 2, 2001: 1, 2002: 1} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			t.Parallel()
			file := header + strings.Repeat(invoiceRow(1, 0)+"\n", rows) + invoiceRow(2, 1) + "\n"
			got := readAll(t, strings.NewReader(file))
			if len(got.docs) != imported {
				t.Errorf("%d invoices, want %d", len(got.docs), imported)
			}
			if err := got.account.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestErrorsEndTheReading(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader(header+goods), iotest.ErrReader(errors.New("made up")))
	r, err := importer.NewReader(broken, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a source that fails: %v", err)
	}
	if _, err := importer.NewReader(iotest.ErrReader(errors.New("made up")), nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a source that fails at once: %v", err)
	}
	if _, err := importer.Demand(strings.NewReader("")); !fault.Is(err, fault.Invalid) {
		t.Errorf("demand of an empty file: %v", err)
	}
	full := errors.New("disk full")
	for _, row := range []string{"C" + goods, "bad", "2,POST,X,1,2011-01-01 00:00:00,1,,USA"} {
		r, err = importer.NewReader(strings.NewReader(header+row), func(importer.Aside) error { return full })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); !errors.Is(err, full) {
			t.Errorf("%s: a set-aside file that fails: %v", row, err)
		}
	}
}

// generated is a long file that is made while it is read.
type generated struct {
	next, invoices int
	rest           []byte
}

func (g *generated) Read(p []byte) (int, error) {
	for len(g.rest) == 0 {
		if g.next == g.invoices {
			return 0, io.EOF
		}
		g.next++
		g.rest = []byte(strings.Repeat(invoiceRow(g.next, g.next)+"\n", 3))
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// Not parallel: it measures the heap.
func TestMemoryIsBounded(t *testing.T) {
	const invoices, perInvoice = 50_000, 64 // bytes: a number in a map, and room for it to grow
	r, err := importer.NewReader(io.MultiReader(strings.NewReader(header), &generated{invoices: invoices}), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for err == nil {
		_, err = r.Next()
	}
	if r.Account().File("GBP").Rows != 3*invoices {
		t.Fatalf("%d rows: %v", r.Account().File("GBP").Rows, err)
	}
	if grown := int64(heap()) - int64(before); grown > invoices*perInvoice {
		t.Errorf("%d bytes are held after %d invoices", grown, invoices)
	}
	runtime.KeepAlive(r)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(header + goods))
	f.Add([]byte(header + "C" + goods + "\r\n\n" + `1,"a ""b""",X,-1,2011-01-01 00:00:00,0.001,,USA`))
	f.Add([]byte("\uFEFF" + header + goods + "\n1,D,X,-1,2011-01-01 00:00:00,200,,USA"))
	for _, at := range []string{"0000-01-01 00:00:00", "1969-12-31 23:59:59", "1970-01-02 00:00:00", "9999-12-31 23:59:59"} {
		f.Add([]byte(header + strings.Replace(goods, "2011-01-01 00:00:00", at, 1)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := importer.NewReader(bytes.NewReader(file), nil); err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("a header that is wrong: %v", err)
			}
			return
		}
		got := readAll(t, bytes.NewReader(file))
		if err := got.account.Check(); err != nil {
			t.Error(err)
		}
		for _, d := range got.docs {
			checkDocument(t, d)
		}
	})
}
