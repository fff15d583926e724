package importer_test

import (
	"fmt"
	"math/big"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doorstep/fault"
	"doorstep/importer"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
)

// secondMonth is a made-up month after that of the sample, with what a month may
// have that the first one had not.
func secondMonth() []byte {
	rows := []string{
		// One invoice of more than a thousand lines, most of them of one article.
		"710000,90002,MADE-UP MUG,1,2011-04-01 09:00:00,3.4,20001.0,United Kingdom",
	}
	for i := range 1113 {
		sku := "90100"
		if i%3 == 0 {
			sku = fmt.Sprintf("901%02d", i%60)
		}
		rows = append(rows, fmt.Sprintf("710000,%s,MADE-UP BUTTON,2,2011-04-01 09:00:00,0.12,20001.0,United Kingdom", sku))
	}
	return rowsOf(append(rows,
		// Of every kind that can not be taken.
		"X710001,90002,MADE-UP MUG,1,2011-04-02 09:00:00,3.4,20001.0,United Kingdom",
		"Q710002,90002,MADE-UP MUG,-1,2011-04-02 09:00:00,3.4,20001.0,United Kingdom",
		"A710003,B,Adjust bad debt,1,2011-04-02 09:00:00,-11062.06,,United Kingdom",
		"710004,90002,MADE-UP MUG,1,2011-04-02 09:00:00,-3.4,20001.0,United Kingdom",
		"710004,90002,MADE-UP MUG,1,2011-04-02 09:00:00,3.405,20001.0,United Kingdom",
		"710004,90002,MADE-UP MUG,1,2011-04-02 09:00:00,3.400,20001.0,United Kingdom", // a third decimal of nothing
		// What the month before had sold comes back, and a part of the many lines.
		"C710005,90003,MADE-UP TEA TIN,-4,2011-04-20 09:00:00,4.95,20002.0,EIRE",
		"C710006,90100,MADE-UP BUTTON,-1001,2011-04-20 09:00:00,0.12,20001.0,United Kingdom",
		"C710006,90100,MADE-UP BUTTON,-1001,2011-04-20 09:00:00,0.12,20001.0,United Kingdom",
	)...)
}

func TestASecondMonth(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p, aside := newPlace(t, engine), filepath.Join(t.TempDir(), "aside.csv")
		p.run(t, sample(t), importer.Options{})
		got := p.run(t, secondMonth(), importer.Options{SetAside: aside})
		p.checkBooks(t)
		if got.Orders != 2 || got.Statuses[order.Delivered] != 2 {
			t.Errorf("%d orders: %v", got.Orders, got.Statuses)
		}
		want := importer.Cancellations{Part: 2, EveryRow: 1, SomeRows: 1, Rows: 2, Ways: map[process.UndoWay]int{process.UndoReturn: 2}}
		if diff := cmp.Diff(want, got.Cancellations); diff != "" {
			t.Errorf("cancellations (-want +got):\n%s", diff)
		}
		b := got.Balance("GBP")
		reasons := map[importer.Reason]string{}
		for _, r := range b.SetAside {
			reasons[r.Reason] = fmt.Sprint(r.Rows, " ", r.Net())
		}
		if diff := cmp.Diff(map[importer.Reason]string{
			"unknown_document": "2 0.00", "bad_debt": "1 -11062.06", "negative_good": "1 -3.40", "too_many_decimals": "1 3.405", "unmatched": "1 -120.12",
		}, reasons); diff != "" {
			t.Errorf("set aside (-want +got):\n%s", diff)
		}
		// 742 rows of two buttons and ten of the others, a mug more than once.
		if b.Cancelled.String() != "-139.92" || b.GivenBack.Add(b.Cancelled).Sign() < 0 {
			t.Errorf("%s given back for %s", b.GivenBack, b.Cancelled)
		}
	})
}

// TestScarcity gives a shop a little less than it will want.
func TestScarcity(t *testing.T) {
	t.Parallel()
	p := newPlace(t, dbtest.SQLite)
	file := rowsOf(soldOn(1, "9", 15, "1"), soldOn(2, "9", 4, "1"), soldOn(3, "9", 1, "1"), "4,9,damages,-1,2011-01-01 00:00:00,0,,France")
	got := p.run(t, file, importer.Options{Stock: ratio("0.95")}) // of 21 there are 19
	if got.Statuses[order.Delivered] != 2 || got.Failures[order.OutOfStock] != 1 || got.Adjustments != 0 {
		t.Errorf("%v, failed %v, %d adjustments", got.Statuses, got.Failures, got.Adjustments)
	}
	if aside := got.Balance("GBP").SetAside; len(aside) != 1 || aside[0].Reason != importer.Refused {
		t.Errorf("set aside: %+v", aside)
	}
	p.checkBooks(t)
	if _, err := p.try(t.Context(), t, file, importer.Options{}, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("gone on with another stock: %v", err)
	}
	for _, stock := range []string{"0", "-1", "10.01"} {
		if _, err := p.try(t.Context(), t, file, importer.Options{Stock: ratio(stock)}, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("a stock of %s: %v", stock, err)
		}
	}
}

func ratio(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}
