package sim_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
)

// ordersOfADay is how many orders the tests' days have.
func ordersOfADay() int {
	if testing.Short() {
		return 20
	}
	return 60
}

// TestADay: all orders are placed and come to an end, and the books agree.
func TestADay(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		n := ordersOfADay()
		s := day(t, engine, 1, n)
		counts := read(t, s.db, order.Counts)
		if ended := counts[order.Delivered] + counts[order.Failed] + counts[order.Cancelled]; ended != int64(n) || counts[order.Delivered] < int64(n)/2 {
			t.Errorf("of %d orders, these have come to an end: %v", n, counts)
		}
		report, err := verify.Run(t.Context(), s.db, verify.Options{})
		must(t, err)
		if !report.Clean() || report.Orders != int64(n) || report.Tickets == 0 {
			t.Errorf("verify says of %d orders and %d tickets: %v", report.Orders, report.Tickets, report.Violations)
		}
		for _, o := range read(t, s.db, func(r db.Reader) ([]order.Order, error) { return order.Page(r, "", n+1) }) {
			if o.PlacedAt.Before(opening) || !o.PlacedAt.Before(opening.Add(24*time.Hour)) {
				t.Errorf("order %d is of %s, another day", o.Number, o.PlacedAt)
			}
			if o.OpenTickets < 0 || !o.Status.Final() {
				t.Errorf("order %d is %s at last, with %d open tickets", o.Number, o.Status, o.OpenTickets)
			}
		}
	})
}

// TestADayTellsHowFarItIs: order by order, in the order of time.
func TestADayTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	const n = 12
	s := newShop(t, dbtest.SQLite, 3, opening)
	var told []int
	last := opening
	must(t, s.Day(t.Context(), n, func(placed, of int, now time.Time) {
		told = append(told, placed)
		if of != n || now.Before(last) || now.After(opening.Add(24*time.Hour)) {
			t.Errorf("%d of %d at %s, after %s", placed, of, now, last)
		}
		last = now
	}))
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, told); diff != "" {
		t.Error(diff)
	}
}

// TestADayThatIsCutShort ends with the context, and what was placed is true.
func TestADayThatIsCutShort(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite, 3, opening)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Day(ctx, 12, func(placed, _ int, _ time.Time) {
		if placed == 5 {
			cancel()
		}
	})
	s.wasCutShort(err, 5)
}

// wasCutShort holds what was ended by its context to what was placed until then.
func (s *shop) wasCutShort(err error, orders int64) {
	s.t.Helper()
	if !errors.Is(err, context.Canceled) {
		s.t.Errorf("it ends with %v", err)
	}
	report, err := verify.Run(s.t.Context(), s.db, verify.Options{})
	must(s.t, err)
	if !report.Clean() || report.Orders != orders {
		s.t.Errorf("verify says of %d orders: %v", report.Orders, report.Violations)
	}
}

// TestTheSameSeedTellsTheSame, to the byte, on one processor or several, and on
// either engine. Another seed tells something else.
//
// It changes what the whole program runs on, so nothing runs beside it.
func TestTheSameSeedTellsTheSame(t *testing.T) {
	n := ordersOfADay() / 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := day(t, dbtest.SQLite, 5, n)
	feed, history := one.feed(), one.history()
	runtime.GOMAXPROCS(4)
	for range 2 {
		if diff := cmp.Diff(feed, day(t, dbtest.SQLite, 5, n).feed()); diff != "" {
			t.Fatalf("the same seed (-one processor, +four):\n%s", diff)
		}
	}
	if diff := cmp.Diff(history, day(t, dbtest.Postgres, 5, n).history()); diff != "" {
		t.Errorf("the same seed (-sqlite, +postgres):\n%s", diff)
	}
	other := newShop(t, dbtest.SQLite, 5, opening)
	other.Seed = 6 // the providers draw as before
	must(t, other.Day(t.Context(), n, func(int, int, time.Time) {}))
	if feed == other.feed() {
		t.Error("another seed tells the same")
	}
}
