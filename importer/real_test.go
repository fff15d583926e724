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
	t.Run("invoices", func(t *testing.T) { checkInvoices(t, got.invoices) })
	t.Run("demand", func(t *testing.T) { checkDemand(t, path, got.invoices) })
}

func checkTotals(t *testing.T, a *importer.Account) {
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"file, positive", a.File().Positive.String(), "823746.14"},
		{"file, net", a.File().Net().String(), "748957.02"},
		{"imported, positive", a.Imported().Positive.String(), "809630.36"},
		{"imported, negative", a.Imported().Negative.String(), "0.00"},
		{"set aside, positive", a.SetAside().Positive.String(), "14115.78"},
		{"set aside, negative", a.SetAside().Negative.String(), "-74789.12"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"rows", a.File().Rows, 42_481},
		{"rows without a value", a.File().Unknown, 0},
		{"orders", a.Orders(), 1_552},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
}

func checkReasons(t *testing.T, a *importer.Account) {
	want := map[importer.Reason]string{
		importer.Reason(importer.Cancellation):   "-74789.12",
		importer.Reason(importer.MarketplaceFee): "13541.33",
		importer.NoGoods:                         "559.45",
		importer.Reason(importer.BankCharge):     "15.00",
		importer.Reason(importer.WriteOff):       "0.00",
		importer.StockAdjustment:                 "0.00",
	}
	for _, r := range a.Reasons() {
		if r.Net().String() != want[r.Reason] {
			t.Errorf("%s: %s in %d rows, want %q", r.Reason, r.Net(), r.Rows, want[r.Reason])
		}
		delete(want, r.Reason)
	}
	for reason := range want {
		t.Errorf("nothing was set aside for %s", reason)
	}
}

func checkInvoices(t *testing.T, invoices []importer.Invoice) {
	for i, inv := range invoices {
		checkInvoice(t, inv)
		if i > 0 && inv.At.Before(invoices[i-1].At) {
			t.Errorf("invoice %s at %v comes after %v", inv.Number, inv.At, invoices[i-1].At)
		}
		if inv.Country == importer.UnknownCountry {
			t.Errorf("invoice %s: no country for %q", inv.Number, inv.CountryName)
		}
	}
}

func checkDemand(t *testing.T, path string, invoices []importer.Invoice) {
	sold := map[string]int64{}
	for _, inv := range invoices {
		for _, l := range inv.Lines {
			sold[l.SKU] += l.Quantity
		}
	}
	articles, err := importer.Demand(open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range articles {
		if a.Quantity != sold[a.SKU] {
			t.Errorf("%s: demand %d, sold %d", a.SKU, a.Quantity, sold[a.SKU])
		}
		if a.Name == "" || a.FirstPrice > a.HighestPrice {
			t.Errorf("no article for a catalogue: %+v", a)
		}
	}
	if len(articles) != len(sold) {
		t.Errorf("%d articles, want %d", len(articles), len(sold))
	}
}
