package importer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"doorstep/importer"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	samplePath = "testdata/online-retail-sample.csv"
	header     = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
)

// result is everything that reading a file gives.
type result struct {
	docs    []importer.Document
	asides  []importer.Aside
	account *importer.Account
}

// readAll imports every invoice of a file.
func readAll(t testing.TB, source io.Reader) result {
	t.Helper()
	var got result
	r, err := importer.NewReader(source, func(a importer.Aside) error {
		got.asides = append(got.asides, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got.account = r.Account()
	for {
		d, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got.docs = append(got.docs, d)
		for _, e := range entries(d) {
			got.account.Import(e)
		}
	}
}

// entries are all parts of a document.
func entries(d importer.Document) (all []importer.Entry) {
	if d.Sale != nil {
		all = append(all, d.Sale)
	}
	for _, t := range d.Takings {
		all = append(all, t)
	}
	for _, a := range d.Adjustments {
		all = append(all, a)
	}
	return all
}

// sales are the documents that sell something.
func (r result) sales() (sales []importer.Document) {
	for _, d := range r.docs {
		if d.Sale != nil {
			sales = append(sales, d)
		}
	}
	return sales
}

func readRows(t testing.TB, rows ...string) result {
	t.Helper()
	return readAll(t, strings.NewReader(header+strings.Join(rows, "\n")+"\n"))
}

func open(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, diff)
	}
}

func goldenJSON(t *testing.T, path string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, path, append(text, '\n'))
}

func asideFile(t *testing.T, asides []importer.Aside) []byte {
	t.Helper()
	var b bytes.Buffer
	w := importer.NewAsideWriter(&b, importer.Online{}.Columns())
	for _, a := range asides {
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type accountReport struct {
	File, Imported, SetAside importer.Tally
	Reasons                  []importer.ReasonTally
}

func report(a *importer.Account) accountReport {
	return accountReport{a.File("GBP"), a.Imported("GBP"), a.SetAside("GBP"), a.Reasons("GBP")}
}

func TestSample(t *testing.T) {
	t.Parallel()
	got := readAll(t, open(t, samplePath))
	if err := got.account.Check(); err != nil {
		t.Error(err)
	}
	goldenJSON(t, filepath.Join("testdata", "documents.golden.json"), got.docs)
	goldenJSON(t, filepath.Join("testdata", "account.golden.json"), report(got.account))
	golden(t, filepath.Join("testdata", "aside.golden.csv"), asideFile(t, got.asides))
}

func TestSampleDemand(t *testing.T) {
	t.Parallel()
	articles, err := importer.Demand(open(t, samplePath))
	if err != nil {
		t.Fatal(err)
	}
	goldenJSON(t, filepath.Join("testdata", "demand.golden.json"), articles)
}

// Everything that sets rows aside by the table must be in the sample, so that
// whoever reads it sees each.
func TestSampleHasEveryKindSetAside(t *testing.T) {
	t.Parallel()
	seen := map[importer.Reason]bool{}
	for _, r := range readAll(t, open(t, samplePath)).account.Reasons("GBP") {
		seen[r.Reason] = true
	}
	for _, rule := range importer.Mapping() {
		if rule.Becomes == importer.ToAside && !seen[importer.Reason(rule.Kind)] {
			t.Errorf("the sample has no row of kind %s", rule.Kind)
		}
	}
}

func TestReadingTwiceIsTheSame(t *testing.T) {
	t.Parallel()
	first, second := readAll(t, open(t, samplePath)), readAll(t, open(t, samplePath))
	if diff := cmp.Diff(first.docs, second.docs, cmpopts.IgnoreUnexported(importer.Sale{}, importer.Taking{}, importer.Adjustment{})); diff != "" {
		t.Error(diff)
	}
}

func demandOf(t *testing.T, rows ...string) []importer.Article {
	t.Helper()
	articles, err := importer.Demand(strings.NewReader(header + strings.Join(rows, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return articles
}
