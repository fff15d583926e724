package importer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"doorstep/importer"
	"doorstep/order"
)

func row(code, name, quantity, price, customer string) string {
	return "536365," + code + "," + name + "," + quantity + ",2010-12-01 08:26:00," + price + "," + customer + ",EIRE"
}

func TestInvoice(t *testing.T) {
	t.Parallel()
	got := readRows(t,
		row("90001", "MUG ", "2", "1.25", "17850.0"),
		row("90001", "", "3", "1.5", "17850.0"),
		row("90001a", "SMALL MUG", "1", "0.0", "17850.0"),
		row("POST", "POSTAGE", "2", "3.1", "17850.0"),
		row("DOT", "POSTAGE", "1", "0.05", "17850.0"),
		row("D", "Discount", "-1", "1.0", "17850.0"),
		row("D", "Discount", "-2", "0.25", "17850.0"),
	)
	price := func(minor int64) *int64 { return &minor }
	want := importer.Sale{
		Request: order.Request{
			Reference: order.Reference{Source: importer.OnlineRetail, Number: "536365"}, Customer: order.CustomerRequest{ID: "17850"},
			Currency: "GBP", PricesIncludeTax: true, Discount: 150, Shipping: order.ShippingRequest{Price: 625}, Total: price(1175),
			ShipTo: order.Address{Name: "Customer 17850", Line1: "unknown", City: "unknown", Country: "IE"},
			Lines: []order.LineRequest{
				{SKU: "90001", Name: "MUG", Quantity: 2, UnitPrice: price(125)},
				{SKU: "90001", Name: "90001", Quantity: 3, UnitPrice: price(150)},
				{SKU: "90001a", Name: "SMALL MUG", Quantity: 1, UnitPrice: price(0)},
			},
		},
		Totals: order.Totals{Items: 700, Discount: 150, Shipping: 625, Total: 1175},
	}
	if diff := cmp.Diff(want, *got.docs[0].Sale, cmpopts.IgnoreUnexported(importer.Sale{})); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoOrder(t *testing.T) {
	t.Parallel()
	discount := row("D", "Discount", "-1", "9", "")
	for name, c := range map[string]struct {
		rows   []string
		orders int
		reason importer.Reason
	}{
		"charges only":                {[]string{row("POST", "", "1", "5", "1.0"), row("M", "", "1", "5", "1.0")}, 0, importer.NoGoods},
		"discount only":               {[]string{discount}, 0, importer.NoGoods},
		"found":                       {[]string{row("90001", "found", "5", "0", "")}, 0, ""},
		"free for a customer":         {[]string{row("90001", "MUG", "5", "0", "1.0")}, 1, ""},
		"free beside a charge":        {[]string{row("90001", "MUG", "5", "0", ""), row("M", "", "1", "5", "")}, 1, ""},
		"voucher only":                {[]string{row("gift_1", "VOUCHER", "1", "5", "")}, 1, ""},
		"discount of everything":      {[]string{row("90001", "MUG", "1", "9", ""), discount}, 1, ""},
		"discount of more than goods": {[]string{discount, row("90001", "MUG", "1", "8.99", ""), row("POST", "", "1", "5", "")}, 1, importer.DiscountTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readRows(t, c.rows...)
			if len(got.sales()) != c.orders {
				t.Errorf("%d orders, want %d", len(got.sales()), c.orders)
			}
			if c.reason == "" && len(got.asides) > 0 || c.reason != "" && (len(got.asides) == 0 || got.asides[0].Reason != c.reason) {
				t.Errorf("set aside: %+v, want %q", got.asides, c.reason)
			}
			if err := got.account.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestArticleTakesItsNameAndPriceFromWhatWasSold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		want  importer.Article
	}{
		"a remark first": {
			[]string{row("9", "remark", "1", "0", "1.0"), row("9", "MUG", "2", "1.5", "1.0"), row("9", "CUP", "3", "2", "1.0")},
			importer.Article{SKU: "9", Name: "MUG", Quantity: 6, FirstPrice: 150, HighestPrice: 200},
		},
		"no name first": {
			[]string{row("9", "", "1", "1.5", "1.0"), row("9", "MUG", "2", "1", "1.0")},
			importer.Article{SKU: "9", Name: "MUG", Quantity: 3, FirstPrice: 150, HighestPrice: 150},
		},
		"never a name": {
			[]string{row("9", "", "1", "0", "1.0")},
			importer.Article{SKU: "9", Name: "9", Quantity: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := demandOf(t, c.lines...)
			if diff := cmp.Diff([]importer.Article{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
