package importer_test

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"doorstep/importer"
	"doorstep/order"
)

func TestWhatBecomesOfARow(t *testing.T) {
	t.Parallel()
	const lines, shipping, discount, takings = "lines", "shipping", "discount", "takings"
	for _, c := range []struct{ row, want string }{
		{"1,90001,X,2,2011-01-01 00:00:00,1.5,,USA", lines},
		{"1,90001,X,2,2011-01-01 00:00:00,0.0,,USA", lines},
		{"1,PADS,X,1,2011-01-01 00:00:00,0.01,,USA", lines},
		{"1,DCGS0001,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,post,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,M,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,m,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,S,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,gift_0001_10,X,1,2011-01-01 00:00:00,2,,USA", lines},
		{"1,POST,X,1,2011-01-01 00:00:00,2,,USA", shipping},
		{"1,DOT,X,1,2011-01-01 00:00:00,2,,USA", shipping},
		{"1,C2,X,1,2011-01-01 00:00:00,2,,USA", shipping},
		{"1,D,X,-1,2011-01-01 00:00:00,2,,USA", discount},
		{"1,D,X,1,2011-01-01 00:00:00,2,,USA", "odd_charge"},
		{"1,POST,X,1,2011-01-01 00:00:00,0,,USA", "odd_charge"},
		{"1,M,X,-1,2011-01-01 00:00:00,2,,USA", "odd_charge"},
		{"1,S,X,-1,2011-01-01 00:00:00,2,,USA", "odd_charge"},
		{"1,BANK CHARGES,X,1,2011-01-01 00:00:00,2,,USA", "bank_charge"},
		{"1,AMAZONFEE,X,-1,2011-01-01 00:00:00,2,,USA", "marketplace_fee"},
		{"1,CRUK,X,-1,2011-01-01 00:00:00,2,,USA", "commission"},
		{"1,B,X,1,2011-01-01 00:00:00,-2,,USA", "bad_debt"},
		{"A1,B,X,1,2011-01-01 00:00:00,-2,,USA", "bad_debt"},
		{"C1,90001,X,-1,2011-01-01 00:00:00,2,,USA", takings},
		{"c1,90001,X,-1,2011-01-01 00:00:00,2,,USA", takings},
		{"C1,90001,X,-1,2011-01-01 00:00:00,0,,USA", takings},
		{"C1,S,X,-1,2011-01-01 00:00:00,2,,USA", takings},
		{"C1,gift_0001_10,X,-1,2011-01-01 00:00:00,2,,USA", takings},
		{"C1,90001,X,1,2011-01-01 00:00:00,2,,USA", "odd_cancellation"},
		{"C1,90001,X,0,2011-01-01 00:00:00,2,,USA", "odd_cancellation"},
		{"C1,90001,X,-1,2011-01-01 00:00:00,-2,,USA", "odd_cancellation"},
		{"C1,POST,X,-1,2011-01-01 00:00:00,2,,USA", "unmatched"},
		{"C1,D,X,-1,2011-01-01 00:00:00,2,,USA", "unmatched"},
		{"C1,M,X,1,2011-01-01 00:00:00,2,,USA", "unmatched"},
		{"C1,AMAZONFEE,X,-1,2011-01-01 00:00:00,2,,USA", "unmatched"},
		{"Z1,90001,X,1,2011-01-01 00:00:00,2,,USA", "unknown_document"},
		{"1,90001,X,-1,2011-01-01 00:00:00,0,,USA", "adjustments"},
		{"1,90001,X,0,2011-01-01 00:00:00,2,,USA", "zero_quantity"},
		{"1,90001,X,-1,2011-01-01 00:00:00,2,,USA", "negative_good"},
		{"1,90001,X,1,2011-01-01 00:00:00,-2,,USA", "negative_good"},
	} {
		t.Run(c.row, func(t *testing.T) {
			t.Parallel()
			// Beside goods that carry whatever is asked about.
			got := readRows(t, "1,90000,GOODS,1,2011-01-01 00:00:00,100,1.0,USA", c.row)
			if becomes := whatBecame(got); becomes != c.want {
				t.Errorf("got %s, want %s", becomes, c.want)
			}
			if err := got.account.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// whatBecame says where the row beside the goods went.
func whatBecame(got result) string {
	var sale *importer.Sale
	for _, d := range got.docs {
		switch {
		case len(d.Takings) > 0:
			return "takings"
		case len(d.Adjustments) > 0:
			return "adjustments"
		case d.Sale != nil:
			sale = d.Sale
		}
	}
	switch {
	case len(got.asides) > 0:
		return string(got.asides[0].Reason)
	case sale.Totals.Shipping > 0:
		return "shipping"
	case sale.Totals.Discount > 0:
		return "discount"
	case len(sale.Request.Lines) == 2:
		return "lines"
	default:
		return "lost"
	}
}

func TestColumnThatDecided(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		"C1,90001,X,1,2011-01-01 00:00:00,2,,USA":         "InvoiceNo",
		"C1,POST,X,-1,2011-01-01 00:00:00,2,,USA":         "StockCode",
		"1,BANK CHARGES,X,1,2011-01-01 00:00:00,2,,USA":   "StockCode",
		"1,90001,X,-1,2011-01-01 00:00:00,2,,USA":         "Quantity",
		"1,90001,X,0,2011-01-01 00:00:00,2,,USA":          "Quantity",
		"1,90001,X,1,2011-01-01 00:00:00,-2,,USA":         "UnitPrice",
		"1,POST,POSTAGE,1,2011-01-01 00:00:00,2,,USA":     "StockCode",
		"1,90001,MADE UP,1,2011-01-01 00:00:00,0,x,USA":   "CustomerID",
		"1,90001,MADE UP,1,2011-01-01 00:00:00,0,,USA,no": "",
	} {
		if got := readRows(t, row).asides[0].Column; got != want {
			t.Errorf("%s: column %q, want %q", row, got, want)
		}
	}
}

func TestCountriesCanBeSentTo(t *testing.T) {
	t.Parallel()
	for name, code := range importer.Countries() {
		if err := (order.Address{Name: "Made Up", Line1: "1", City: "Sampleton", Country: code}).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type named struct{ Name, Code string }

func TestDocs(t *testing.T) {
	t.Parallel()
	page := template.Must(template.New("import.md.tmpl").Funcs(template.FuncMap{
		"letter": func(s string) string {
			return map[string]string{"": "none", "*": "any"}[s] + strings.Trim(s, "*")
		},
		"codes": func(codes []string) string {
			if len(codes) == 0 {
				return "any"
			}
			return "`" + strings.Join(codes, "` `") + "`"
		},
		"sign": func(s importer.Sign) string {
			if s == importer.AnySign {
				return "any"
			}
			return string(s)
		},
	}).ParseFiles("testdata/import.md.tmpl"))
	var b bytes.Buffer
	if err := page.Execute(&b, map[string]any{
		"Mapping": importer.Mapping(), "Reasons": importer.Reasons(), "Currency": importer.Currency,
		"Unknown": importer.UnknownCountry, "Countries": countryRows(), "Weight": importer.Weight,
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("../docs", 0o755); err != nil {
		t.Fatal(err)
	}
	golden(t, "../docs/import.md", b.Bytes())
}

// countryRows returns the country table three names to a row.
func countryRows() [][]named {
	countries := importer.Countries()
	list := []named{}
	for _, name := range slices.Sorted(maps.Keys(countries)) {
		list = append(list, named{name, countries[name]})
	}
	return slices.Collect(slices.Chunk(append(list, make([]named, (3-len(list)%3)%3)...), 3))
}
