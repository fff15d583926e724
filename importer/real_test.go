package importer_test

import (
	"os"
	"path/filepath"
	"testing"

	"doorstep/importer"
)

// dataFolder is the variable that names the folder of data which are not a part
// of the project.
const dataFolder = "DOORSTEP_DATA"

// realFile finds the month of a real shop: where dataFolder says, or else in
// shared/data beside the project, or beside a directory that it lies in.
func realFile(t *testing.T) string {
	t.Helper()
	const file = "online-retail/online-retail-2010-12.csv"
	if folder := os.Getenv(dataFolder); folder != "" {
		return filepath.Join(folder, file)
	}
	const below = "shared/data/" + file
	start, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, below)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("the real shop's month is missing: this test expects it at %s in a directory above %s, or at %s in the folder that %s names", below, start, file, dataFolder)
		}
	}
}

func TestRealMonth(t *testing.T) {
	t.Parallel()
	path := realFile(t)
	got := readAll(t, open(t, path))
	t.Run("totals", func(t *testing.T) { checkTotals(t, got.account) })
	t.Run("set aside", func(t *testing.T) { checkReasons(t, got.account) })
	t.Run("documents", func(t *testing.T) { checkDocuments(t, got.docs) })
	t.Run("demand", func(t *testing.T) { checkDemand(t, path, got.docs) })
}

func checkTotals(t *testing.T, a *importer.Account) {
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"file, positive", a.File("GBP").Positive.String(), "823746.14"},
		{"file, net", a.File("GBP").Net().String(), "748957.02"},
		{"imported, positive", a.Imported("GBP").Positive.String(), "809630.36"},
		{"imported, negative", a.Imported("GBP").Negative.String(), "-17672.81"},
		{"set aside, positive", a.SetAside("GBP").Positive.String(), "14115.78"},
		{"set aside, negative", a.SetAside("GBP").Negative.String(), "-57116.31"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"rows", a.File("GBP").Rows, 42_481},
		{"rows without a value", a.File("GBP").Unknown, 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
}

func checkReasons(t *testing.T, a *importer.Account) {
	want := map[importer.Reason]string{
		importer.Unmatched:                       "-57116.31", // charges; whether sales match, only the shop knows
		importer.Reason(importer.MarketplaceFee): "13541.33",
		importer.NoGoods:                         "559.45",
		importer.Reason(importer.BankCharge):     "15.00",
	}
	for _, r := range a.Reasons("GBP") {
		if r.Net().String() != want[r.Reason] {
			t.Errorf("%s: %s in %d rows, want %q", r.Reason, r.Net(), r.Rows, want[r.Reason])
		}
		delete(want, r.Reason)
	}
	for reason := range want {
		t.Errorf("nothing was set aside for %s", reason)
	}
}

func checkDocuments(t *testing.T, docs []importer.Document) {
	sales, cancellations, adjustments := 0, 0, 0
	for i, d := range docs {
		checkDocument(t, d)
		if i > 0 && d.At.Before(docs[i-1].At) {
			t.Errorf("document %s at %v comes after %v", d.Number, d.At, docs[i-1].At)
		}
		if d.Sale != nil {
			sales++
			if d.Sale.Request.ShipTo.Country == importer.UnknownCountry {
				t.Errorf("document %s goes to no country", d.Number)
			}
		}
		if d.IsCancellation() {
			cancellations++
		}
		adjustments += len(d.Adjustments)
	}
	if sales != 1552 || cancellations != 326 || adjustments != 140 {
		t.Errorf("%d sales, %d cancellations, %d adjustments", sales, cancellations, adjustments)
	}
}

func checkDemand(t *testing.T, path string, docs []importer.Document) {
	wanted := map[string]int64{}
	for _, d := range docs {
		if d.Sale != nil {
			for _, l := range d.Sale.Request.Lines {
				wanted[l.SKU] += l.Quantity
			}
		}
		for _, a := range d.Adjustments {
			wanted[a.SKU] += max(0, -a.Delta)
		}
	}
	articles, err := importer.Demand(open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range articles {
		if a.Quantity != wanted[a.SKU] {
			t.Errorf("%s: demand %d, want %d", a.SKU, a.Quantity, wanted[a.SKU])
		}
		if a.Name == "" || a.FirstPrice > a.HighestPrice {
			t.Errorf("no article for a catalogue: %+v", a)
		}
	}
	if len(articles) != len(wanted) {
		t.Errorf("%d articles, want %d", len(articles), len(wanted))
	}
}
