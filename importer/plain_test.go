package importer_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"doorstep/fault"
	"doorstep/importer"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
)

// plain is a made-up shop: two articles, one of them at two locations.
var plain = importer.Plain{Stock: []importer.Opening{
	{SKU: inventory.SKU{Code: "CUP", Name: "Made-up cup", Currency: "GBP", Price: 450, Weight: 300}, Location: "main", Country: "DE", Quantity: 10},
	{SKU: inventory.SKU{Code: "CUP", Name: "Made-up cup", Currency: "GBP", Price: 450, Weight: 300}, Location: "annex", Country: "DE", Quantity: 3, Safety: 2},
	{SKU: inventory.SKU{Code: "POT", Name: "Made-up pot", Currency: "EUR", Price: 1999, Weight: 900}, Location: "main", Country: "DE", Quantity: 4},
}}

const goesTo = `"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}`

// plainLine is a made-up order with the rest of its fields.
func plainLine(number int, at, rest string) string {
	return fmt.Sprintf(`{"placed_at":%q,"reference":{"source":"web","number":"%d"},%s,%s}`, at, number, goesTo, rest)
}

func plainFile() []byte {
	const at = "2026-01-05T10:00:00+01:00"
	return []byte("\uFEFF" + strings.Join([]string{ // as spreadsheets write it
		plainLine(1, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":2}],"shipping":{"price":395},"discount":100`),
		plainLine(2, "2026-01-05T08:00:00Z", `"currency":"EUR","lines":[{"sku":"POT","quantity":1,"tax":380},{"sku":"CUP","quantity":1,"unit_price":500}],"shipping":{"price":100,"tax":19}`),
		"",
		plainLine(3, at, `"currency":"JPY","lines":[{"sku":"CUP","quantity":1,"unit_price":900}]`),
		plainLine(4, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":90}]`), // more than there are
		plainLine(3, at, `"currency":"JPY","lines":[{"sku":"CUP","quantity":1,"unit_price":900}]`),
		plainLine(5, at, `"currency":"GBP","lines":[{"sku":"NONE","quantity":1}]`),
		plainLine(6, at, `"currency":"GBP","lines":[{"sku":"POT","quantity":1}]`),
		plainLine(7, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":0}]`),
		plainLine(8, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}],"total":1`),
		plainLine(9, "1969-01-05T10:00:00Z", `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]`),
		plainLine(10, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}],"colour":"red"`),
		`{"reference":{"source":"web","number":"11"},"currency":"GBP","lines":[{"sku":"CUP","quantity":1}],` + goesTo + `}`,
		`{"placed_at":"` + at + `","currency":"GBP","lines":[{"sku":"CUP","quantity":1}],` + goesTo + `}`,
		`no JSON`,
		plainLine(12, "yesterday", `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]`),
		strings.Replace(plainLine(13, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]`), `"`+at+`"`, "1767607200", 1),
		strings.Replace(plainLine(1, at, `"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]`), `"web"`, `"web/eu"`, 1),
	}, "\n"))
}

func TestAPlainHistoryGoesToTheDoor(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p, aside := newPlace(t, engine), filepath.Join(t.TempDir(), "aside.csv")
		got := p.run(t, plainFile(), importer.Options{Format: plain, SetAside: aside})
		p.checkBooks(t)
		if got.Orders != 4 || got.Articles != 2 || got.Statuses[order.Delivered] != 3 || got.Failures[order.OutOfStock] != 1 {
			t.Errorf("%d orders of %d articles: %v, %v", got.Orders, got.Articles, got.Statuses, got.Failures)
		}
		if want := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC); !got.First.Equal(want) {
			t.Errorf("the first order is of %v, want %v: orders come by their times", got.First, want)
		}
		checkPlainAccounts(t, got)
		checkPlainAside(t, aside)
	})
}

func checkPlainAccounts(t *testing.T, got importer.Result) {
	t.Helper()
	type sums struct {
		Rows, Imported int
		File, Taken    string
	}
	have := map[string]sums{}
	for _, b := range got.Accounts {
		have[string(b.Currency)] = sums{b.File.Rows, b.Imported.Rows, b.File.Net().String(), b.Imported.Net().String()}
	}
	want := map[string]sums{
		"":    {9, 0, "0.00", "0.00"}, // what could not be read
		"EUR": {1, 1, "29.98", "29.98"},
		"GBP": {5, 2, "430.45", "416.95"},
		"JPY": {2, 1, "1800.00", "900.00"},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

func checkPlainAside(t *testing.T, path string) {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(read(t, path))).ReadAll()
	must(t, err)
	var got [][3]string
	for _, r := range records[1:] {
		got = append(got, [3]string{r[0], r[1], r[2]})
		if len(r) != 6 || r[5] == "" || strings.Contains(r[3], "UnmarshalJSON") {
			t.Errorf("the line is missing in %q", r)
		}
	}
	want := [][3]string{
		{"6", "reference", "reference_repeated"},
		{"7", "lines[0].sku", "unknown_sku"},
		{"8", "lines[0].unit_price", "bad_value"},
		{"9", "lines[0].quantity", "bad_value"},
		{"10", "total", "bad_value"},
		{"11", "placed_at", "out_of_range"},
		{"12", "colour", "bad_value"},
		{"13", "placed_at", "bad_value"},
		{"14", "reference", "bad_value"},
		{"15", "", "bad_value"},
		{"16", "placed_at", "bad_value"},
		{"17", "placed_at", "bad_value"},
		{"18", "reference.source", "bad_value"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
}

func TestAPlainHistoryThatIsInterruptedEndsTheSame(t *testing.T) {
	t.Parallel()
	first := newPlace(t, dbtest.SQLite)
	want := first.run(t, plainFile(), importer.Options{Format: plain})
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p := newPlace(t, engine)
		got, interrupted := p.untilDone(t, plainFile(), importer.Options{Format: plain, SetAside: filepath.Join(t.TempDir(), "aside.csv")})
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(importer.Result{}, "Replayed", "Took")); diff != "" || interrupted < 5 {
			t.Errorf("after %d interruptions the result differs (-want +got):\n%s", interrupted, diff)
		}
		sameState(t, first, p)
	})
}

// TestLinesOfNoPlainHistory looks at what is refused at once.
func TestLinesOfNoPlainHistory(t *testing.T) {
	t.Parallel()
	if _, err := plain.Read(strings.NewReader(header+goods), nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("another format: %v", err)
	}
	if _, err := importer.Start(plain, strings.NewReader("\n")); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing: %v", err)
	}
	r, err := plain.Read(strings.NewReader("{}\n"+strings.Repeat(" ", 5<<20)), nil)
	must(t, err)
	if _, err := r.Next(); !errors.Is(err, io.EOF) || r.Account().SetAside("").Rows != 2 {
		t.Errorf("a line that is too long: %v, %+v", err, r.Account().SetAside(""))
	}
}

// FuzzPlain: whatever is read, the account holds.
func FuzzPlain(f *testing.F) {
	f.Add(plainFile())
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := plain.Read(bytes.NewReader(file), nil)
		if err != nil {
			return
		}
		for {
			d, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			r.Account().Import(d.Sale)
		}
		if err := r.Account().Check(); err != nil {
			t.Error(err)
		}
	})
}
