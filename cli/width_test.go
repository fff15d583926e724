package cli_test

import (
	"strings"
	"testing"

	"doorstep/internal/db/dbtest"
)

// TestTheLargestFiguresFit shows the largest amount and the largest stock that
// there can be, in full.
func TestTheLargestFiguresFit(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must("sku,name,currency,price,weight_grams,location,on_hand,safety\n"+
		"CROWN-OF-A-KING,A crown with quite a lot of jewels,GBP,92233720368547758.07,300,the-far-north-of-the-isle,1000000000,\n"+
		"CUP,Blue cup of the finest porcelain,GBP,4.50,300,the-far-north-of-the-isle,1000000000,999999999\n"+
		"POT,Tea pot,GBP,19.99,300,the-far-north-of-the-isle,1000000000,\n", "stock", "import", "-")
	s.must("", "policy", "set", "handover=by_person")
	order := place("--sku", "CROWN-OF-A-KING")
	s.must("", order...)
	s.must("", "order", "cancel", "1001")
	for _, verb := range [][]string{
		{"order", "show", "1001"}, {"order", "list"}, {"stock", "list"}, {"stock", "list", "CUP"},
		{"stock", "movements", "CROWN-OF-A-KING"}, {"shipment", "list"},
	} {
		got := s.must("", verb...)
		for _, line := range tooWide(got) {
			t.Errorf("%s: wider than 80 columns: %s", strings.Join(verb, " "), line)
		}
		if verb[1] == "show" && !strings.Contains(got, "GBP 92233720368547758.07") || verb[0] == "stock" && !strings.Contains(got, "1000000000") {
			t.Errorf("%s cuts a figure:\n%s", strings.Join(verb, " "), got)
		}
	}
}
