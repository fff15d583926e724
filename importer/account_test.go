package importer_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"doorstep/fault"
	"doorstep/id"
	"doorstep/importer"
	"doorstep/order"
)

type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkDocument says what holds for every document.
func checkDocument(t failer, d importer.Document) {
	t.Helper()
	if d.Sale != nil {
		checkSale(t, d)
	}
	for _, k := range d.Takings {
		if k.Quantity < 1 || k.Quantity > importer.MaxQuantity || k.UnitPrice < 0 || k.SKU == "" {
			t.Errorf("%s takes back %+v", d.Number, k)
		}
	}
	for _, a := range d.Adjustments {
		if a.Delta == 0 || a.SKU == "" || a.Reason == "" {
			t.Errorf("%s adjusts %+v", d.Number, a)
		}
	}
	id.Random().New(order.Prefix, d.At) // which panics where none can be made
	if _, err := d.At.AddDate(50, 0, 0).UTC().MarshalJSON(); err != nil {
		t.Errorf("%s at %v: %v", d.Number, d.At, err)
	}
}

func checkSale(t failer, d importer.Document) {
	t.Helper()
	q := d.Sale.Request
	for _, l := range q.Lines {
		if l.Quantity < 1 || l.Quantity > importer.MaxQuantity || *l.UnitPrice < 0 || l.SKU == "" || l.Name == "" || !utf8.ValidString(l.SKU+l.Name) {
			t.Errorf("%s has the line %+v", d.Number, l)
		}
	}
	if totals, lines, err := q.Build(); err != nil || totals != d.Sale.Totals || len(lines) == 0 || len(lines) > order.MaxLines {
		t.Errorf("%s comes to %+v, not %+v, on %d lines: %v", d.Number, totals, d.Sale.Totals, len(lines), err)
	}
	if len(q.ShipTo.Country) != 2 || q.Currency != importer.Currency || q.Reference.Number != d.Number {
		t.Errorf("no order: %+v", q)
	}
}

// fileRow draws a row of which most columns are right and some are not.
func fileRow(t *rapid.T) string {
	oneOf := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	fields := []string{
		oneOf("letter", "", "", "", "", "C", "A", "Z") + oneOf("number", "1", "2", "3", "4", "5", "x"),
		oneOf("code", "90001", "90001a", "90001A", "POST", "DOT", "C2", "D", "D", "M", "m", "S", "B", "AMAZONFEE", "gift_1", "DCGS1", ""),
		oneOf("description", "", "MADE UP", "damages", `"quoted"`),
		oneOf("quantity", "1", "2", "7", "-1", "-3", "0", "1000000", "0.5", "9223372036854775808", "many"),
		oneOf("date", "2011-03-01 10:00:00", "2011-03-01 10:00:00", "2011-03-01 09:00:00", "yesterday"),
		oneOf("price", "0.0", "1", "2.55", "0.1", "10000000", "-2", "0.001", "1.555", "cheap"),
		oneOf("customer", "", "17850.0", "17850", "someone"),
		oneOf("country", "United Kingdom", "EIRE", "Atlantis", ""),
	}
	return strings.Join(fields[:len(fields)-rapid.IntRange(0, 20).Draw(t, "cut")/20], ",")
}

func TestImportedPlusSetAsideIsTheFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(fileRow), 0, 40).Draw(t, "rows")
		r, err := importer.NewReader(strings.NewReader(header+strings.Join(rows, "\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		for {
			d, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			checkDocument(t, d)
			for _, e := range entries(d) {
				if rapid.Bool().Draw(t, "accepted") {
					r.Account().Import(e)
				} else if err := r.SetAside(e, importer.Refused, "made up"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := r.Account().Check(); err != nil {
			t.Fatal(err)
		}
		if r.Account().File("GBP").Rows != len(rows) {
			t.Fatalf("%d rows counted of %d", r.Account().File("GBP").Rows, len(rows))
		}
	})
}

func TestCheckSeesWhatIsMissingOrDoubled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row   string
		times int
		ok    bool
	}{
		"once":                      {goods, 1, true},
		"never":                     {goods, 0, false},
		"twice":                     {goods, 2, false},
		"never, for free":           {"1,90000,X,1,2011-01-01 00:00:00,0,1.0,USA", 0, false},
		"never, written off":        {"1,90000,X,-1,2011-01-01 00:00:00,0,,USA", 0, false},
		"a cancellation, once":      {"C1,90000,X,-1,2011-01-01 00:00:00,7,1.0,USA", 1, true},
		"a cancellation, never":     {"C1,90000,X,-1,2011-01-01 00:00:00,7,1.0,USA", 0, false},
		"a cancellation, two times": {"C1,90000,X,-1,2011-01-01 00:00:00,7,1.0,USA", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := importer.NewReader(strings.NewReader(header+c.row), nil)
			must(t, err)
			d, err := r.Next()
			must(t, err)
			for range c.times {
				r.Account().Import(entries(d)[0])
			}
			if err := r.Account().Check(); c.ok && err != nil || !c.ok && !fault.Is(err, fault.Internal) {
				t.Errorf("check says %v, want ok: %t", err, c.ok)
			}
		})
	}
}

func TestRefusedInvoice(t *testing.T) {
	t.Parallel()
	var asides []importer.Aside
	r, err := importer.NewReader(strings.NewReader(header+goods), func(a importer.Aside) error {
		asides = append(asides, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetAside(d.Sale, importer.Refused, "made-up reason"); err != nil {
		t.Fatal(err)
	}
	if len(asides) != 1 || asides[0].Reason != importer.Refused || asides[0].Detail != "made-up reason" {
		t.Errorf("set aside: %+v", asides)
	}
	if err := r.Account().Check(); err != nil {
		t.Error(err)
	}
}

func TestSetAsideFileIsCSV(t *testing.T) {
	t.Parallel()
	got := readRows(t, goods, `"broken`, "C1,90001,\"a \"\"b\"\", c\",1,2011-01-01 00:00:00,2,,USA", "1,90001,\xa3,2,2011-01-01 00:00:00,1.5,,USA")
	records, err := csv.NewReader(strings.NewReader(string(asideFile(t, got.asides)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 4 {
		t.Fatalf("%d records", len(records))
	}
	for i, c := range []struct {
		column int
		want   string
	}{{13, `"broken`}, {7, `a "b", c`}, {7, "\uFFFD"}} {
		if got := records[i+1][c.column]; got != c.want {
			t.Errorf("record %d has %q, want %q", i+1, got, c.want)
		}
	}
}

// fails is a disk that is full.
type fails struct{}

func (fails) Write([]byte) (int, error) { return 0, errors.New("made up") }

func TestSetAsideFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := importer.NewAsideWriter(fails{}, nil)
	if err := w.Flush(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("flush: %v", err)
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	got := readRows(t, "1,9,X,-3,2011-01-01 00:00:00,0.125,,USA", "1,9,X,-1,2011-01-01 00:00:00,7.5,,USA")
	fine, plain := got.asides[0].Value, got.asides[1].Value
	for _, c := range []struct{ got, want string }{
		{fine.String(), "-0.375"},
		{plain.String(), "-7.50"},
		{fine.Add(plain).String(), "-7.875"},
		{importer.Sum{}.String(), "0.00"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	if minor, ok := plain.Minor("GBP"); !ok || minor != -750 {
		t.Errorf("%d, %t", minor, ok)
	}
	if _, ok := fine.Minor("GBP"); ok {
		t.Error("a sum finer than a minor unit has minor units")
	}
	if text, err := plain.MarshalText(); err != nil || string(text) != "-7.50" {
		t.Errorf("%s, %v", text, err)
	}
}
