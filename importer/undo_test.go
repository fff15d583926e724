package importer_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"doorstep/importer"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// on is a row of made-up goods at a time.
func on(at, invoice, sku string, quantity int, price, customer string) string {
	return fmt.Sprintf("%s,%s,MADE UP,%d,%s,%s,%s,France", invoice, sku, quantity, at, price, customer)
}

// cancellations is a file in which earlier sales are taken back in every way.
func cancellations() []byte {
	const monday, moments, tuesday, march = "2011-01-03 10:00:00", "2011-01-03 10:00:30", "2011-01-04 10:00:00", "2011-03-01 10:00:00"
	rows := []string{}
	for h := range 60 { // whose times say when it is looked what has arrived
		at := time.Date(2011, 1, 4, 12+4*h, 10, 0, 0, time.UTC).Format(time.DateTime)
		rows = append(rows, on(at, fmt.Sprint(100+h), "G", 1, "1.00", ""))
	}
	rows = append(rows,
		// All of it before anything has left, part of it, and all of it but what costs nothing.
		on(monday, "1", "A", 2, "5.00", "1"), on(monday, "1", "BB", 1, "7.00", "1"),
		on(moments, "C2", "A", -2, "5.00", "1"), on(moments, "C2", "BB", -1, "7.00", "1"),
		on(monday, "3", "A", 4, "5.00", "2"), on(monday, "3", "POST", 1, "3.00", "2"),
		on(moments, "C4", "A", -1, "5.00", "2"),
		on(monday, "5", "A", 1, "5.00", "3"), on(monday, "5", "BB", 1, "0", "3"),
		on(moments, "C6", "A", -1, "5.00", "3"),
		// On its way, and arrived long ago.
		on(monday, "7", "A", 6, "5.00", "4"),
		on(tuesday, "C8", "A", -2, "5.00", "4"),
		on(march, "C9", "A", -1, "5.00", "4"),
		// The newest of the same price comes first, then older ones, then another price.
		on(monday, "10", "C", 3, "2.00", "5"), on(monday, "10", "C", 1, "2.50", "5"),
		on(tuesday, "11", "C", 2, "2.00", "5"), on(tuesday, "12", "C", 9, "1.00", "5"),
		on(march, "C13", "C", -4, "2.00", "5"), on(march, "C14", "C", -3, "2.00", "5"),
		// Nothing that could be undone.
		on(march, "C15", "A", -1, "5.00", ""),
		on(march, "C16", "D", -1, "5.00", "5"),
		on(march, "C17", "E", -1, "5.00", "5"),
		on(march, "C18", "A", -4, "5.00", "4"),
		on(march, "C19", "A", -3, "5.00", "4"), on(march, "C19", "A", -1, "5.00", "4"),
		on("2011-03-02 10:00:00", "20", "E", 1, "5.00", "5"),
		// Written off, and found.
		on(march, "21", "A", -3, "0", ""), on(march, "22", "A", 5, "0", ""), on(march, "23", "F", -2, "0", ""),
	)
	slices.SortStableFunc(rows, func(a, b string) int { return strings.Compare(strings.Split(a, ",")[4], strings.Split(b, ",")[4]) })
	return rowsOf(rows...)
}

// taken is what was taken back of the lines of an order: units that were taken out
// while it was here, and that came back.
type taken struct{ Out, Back []int64 }

func TestEveryWayOfTakingBack(t *testing.T) {
	t.Parallel()
	file := cancellations()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p, aside := newPlace(t, engine), filepath.Join(t.TempDir(), "aside.csv")
		got := p.run(t, file, importer.Options{SetAside: aside})
		p.checkBooks(t)
		want := importer.Cancellations{Whole: 2, Part: 6, Unmatched: 4, EveryRow: 7, SomeRows: 1, Rows: 9, Ways: map[process.UndoWay]int{
			process.UndoCancel: 1, process.UndoEdit: 1, process.UndoLater: 2, process.UndoReturn: 6,
		}}
		if diff := cmp.Diff(want, got.Cancellations); diff != "" {
			t.Errorf("cancellations (-want +got):\n%s", diff)
		}
		left := p.state(t)
		p.checkLevels(t, readAll(t, bytes.NewReader(file)), left)
		checkTaken(t, left)
		if diff := cmp.Diff([][]string{
			{"unmatched", "there is no customer", "C15"},
			{"unmatched", "a charge or a reduction, which is no goods", "C16"},
			{"unmatched", "no such sale to this customer", "C17"},
			{"unmatched", "only 3 are left of what this customer bought of it", "C18"},
			{"unmatched", "nothing is left of what this customer bought of it", "C19"},
		}, asideRows(t, aside), cmpopts.SortSlices(func(a, b []string) bool { return a[2] < b[2] })); diff != "" {
			t.Errorf("set aside (-want +got):\n%s", diff)
		}
		// Of the third order a part of the postage goes back too; and of the last
		// cancellation, at 2.00 each, two had been sold at 1.00.
		if b := got.Balance("GBP"); b.GivenBack.String() != "69.75" || b.Cancelled.String() != "-71.00" {
			t.Errorf("%s given back, cancelled %s", b.GivenBack, b.Cancelled)
		}
	})
}

func checkTaken(t *testing.T, s state) {
	t.Helper()
	got := map[string]taken{}
	for _, o := range s.Orders {
		if len(o.Reference.Number) == 3 {
			continue // which only make time pass
		}
		var k taken
		for _, l := range s.Lines[o.ID] {
			k.Out, k.Back = append(k.Out, l.Cancelled), append(k.Back, l.Returned)
		}
		got[o.Reference.Number] = k
	}
	want := map[string]taken{
		"1":  {[]int64{0, 0}, []int64{0, 0}}, // cancelled as a whole
		"3":  {[]int64{1}, []int64{0}},
		"5":  {[]int64{0, 0}, []int64{1, 0}},
		"7":  {[]int64{0}, []int64{6}},
		"10": {[]int64{0, 0}, []int64{3, 0}},
		"11": {[]int64{0}, []int64{2}},
		"12": {[]int64{0}, []int64{2}},
		"20": {[]int64{0}, []int64{0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was taken back (-want +got):\n%s", diff)
	}
	for _, o := range s.Orders {
		if o.OpenTickets > 0 {
			t.Errorf("a person is asked about order %s", o.Reference.Number)
		}
		if n := o.Reference.Number; n == "1" && o.Status != order.Cancelled || n == "7" && o.Status != order.Returned || n == "3" && o.Sums.Units != 3 {
			t.Errorf("order %s is %s, of %d units", n, o.Status, o.Sums.Units)
		}
	}
}

// TestWhatComesBackOfAParcelOnItsWayIsOneThing: part of a line is taken back before it
// has arrived. Its money goes back with its goods, for their return, so that no one is
// asked which units it was for.
func TestWhatComesBackOfAParcelOnItsWayIsOneThing(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p := newPlace(t, engine)
		p.run(t, rowsOf(on("2011-01-03 10:00:00", "1", "A", 6, "5.00", "4"), on("2011-01-04 10:00:00", "C2", "A", -2, "5.00", "4")), importer.Options{})
		p.checkBooks(t)
		o := p.state(t).Orders[0]
		returns, refunds := p.givenBack(t, o.ID)
		if len(returns) != 1 || returns[0].Came != 2 || len(refunds) != 1 || o.OpenTickets != 0 {
			t.Fatalf("%d tickets wait for a person; returns %+v, refunds %+v", o.OpenTickets, returns, refunds)
		}
		for _, lines := range refunds {
			if diff := cmp.Diff([]payment.RefundLine{{Line: 1, Quantity: 2, Amount: 1000, Cause: returns[0].ID}}, lines); diff != "" {
				t.Errorf("refunded (-want +got):\n%s", diff)
			}
		}
	})
}

// givenBack is what came back of an order, and by refund what was given back for it.
func (p place) givenBack(t *testing.T, id string) (returns []shipping.Return, refunds map[string][]payment.RefundLine) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: p.url, ReadOnly: true})
	must(t, err)
	defer d.Close()
	refunds, err = db.View(t.Context(), d, func(r db.Reader) (lines map[string][]payment.RefundLine, err error) {
		if returns, err = shipping.Returns(r, id); err != nil {
			return nil, err
		}
		return payment.RefundLines(r, id)
	})
	must(t, err)
	return returns, refunds
}

// TestTakingBackEndsTheSame imports the file twice, on both engines, and once more
// with an interruption after every few steps.
func TestTakingBackEndsTheSame(t *testing.T) {
	t.Parallel()
	file, first := cancellations(), newPlace(t, dbtest.SQLite)
	want := first.run(t, file, importer.Options{})
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, engine)
			got, interrupted := p.untilDone(t, file, importer.Options{SetAside: filepath.Join(t.TempDir(), "aside.csv")})
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(importer.Result{}, "Replayed", "Took")); diff != "" || interrupted < 10 {
				t.Errorf("after %d interruptions the result differs (-want +got):\n%s", interrupted, diff)
			}
			sameState(t, first, p)
			p.run(t, file, importer.Options{})
			sameState(t, first, p)
		})
	}
}

// TestGoodsOnTheirWayComeBackAtTheirTime interrupts an import after each of its
// steps, once: whatever has happened by then, a parcel of which something is taken
// back is returned when that would have been seen.
func TestGoodsOnTheirWayComeBackAtTheirTime(t *testing.T) {
	t.Parallel()
	rows := []string{on("2011-01-03 10:00:00", "1", "A", 6, "5.00", "4"), on("2011-01-04 10:00:00", "C2", "A", -2, "5.00", "4")}
	for h := range 25 { // write-offs, which make time pass
		at := time.Date(2011, 1, 4, 12+5*h, 10, 0, 0, time.UTC).Format(time.DateTime)
		rows = append(rows, on(at, fmt.Sprint(100+h), "G", -1, "0", ""))
	}
	file, whole := rowsOf(rows...), newPlace(t, dbtest.SQLite)
	whole.run(t, file, importer.Options{})
	want := whole.digest(t)
	for limit := 1; ; limit++ {
		p, steps := newPlace(t, dbtest.SQLite), 0
		ctx, cancel := context.WithCancel(t.Context())
		step := func() {
			if steps++; steps == limit {
				cancel()
			}
		}
		_, err := p.try(ctx, t, file, importer.Options{Progress: func(now importer.Progress) {
			if now.Phase == importer.Placing {
				step()
			}
		}}, func(string, time.Duration) { step() })
		cancel()
		if err == nil {
			t.Logf("interrupted after each of %d steps", limit-1)
			return
		}
		p.run(t, file, importer.Options{})
		if got := p.digest(t); got.Digest != want.Digest {
			t.Errorf("interrupted after %d steps (-want +got):\n%s", limit, cmp.Diff(want, got))
		}
	}
}
