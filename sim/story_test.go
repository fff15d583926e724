package sim_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story lets a new shop live through its one order's story.
func story(t testing.TB, engine string, seed uint64) (*shop, process.Overview) {
	t.Helper()
	s := newShop(t, engine, seed, opening.Add(9*time.Hour+30*time.Minute))
	id, err := s.Story(t.Context())
	must(t, err)
	v, err := s.Show(t.Context(), id)
	must(t, err)
	return s, v
}

// tell is the story of the order, as it is told.
func (s *shop) tell(id string) string {
	s.t.Helper()
	var b strings.Builder
	must(s.t, s.Tell(s.t.Context(), &b, id))
	return b.String()
}

// ending says in one word how an order's way ended.
func ending(o order.Order) string {
	if o.Status == order.Failed {
		return string(o.Failure)
	}
	return string(o.Status)
}

// atRest are the statuses of a ticket that is solved or with a person.
var atRest = []support.Status{support.Solved, support.Closed, support.Open, support.Pending}

// endings are all the ways in which a story can end.
var endings = []string{string(order.Delivered), string(order.PaymentDeclined), string(order.OutOfStock), string(order.ShippingFailed)}

// seeds are those whose stories are looked at.
func seeds() []uint64 {
	if testing.Short() {
		return slices.Collect(maps.Values(tales))
	}
	all := make([]uint64, 30)
	for i := range all {
		all[i] = uint64(i)
	}
	return all
}

// TestStories: every one ends, every ending is among them, and the ticket about
// each was answered.
func TestStories(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, seed := range seeds() {
		s, v := story(t, dbtest.SQLite, seed)
		end := ending(v.Order)
		seen[end]++
		if !slices.Contains(endings, end) {
			t.Errorf("seed %d ends as %s", seed, end)
		}
		raised := slices.IndexFunc(v.Tickets, func(k support.Ticket) bool { return k.Category == support.OrderIssue && k.OpenedBy == "customer" })
		if raised < 0 {
			t.Errorf("seed %d: nobody raises an order issue", seed)
		}
		for _, k := range v.Tickets {
			if !slices.Contains(atRest, k.Status) || k.Messages < 2 {
				t.Errorf("seed %d: a ticket about the order is %s at last, with %d messages", seed, k.Status, k.Messages)
			}
		}
		report, err := verify.Run(t.Context(), s.db, verify.Options{})
		must(t, err)
		if !report.Clean() {
			t.Errorf("seed %d: %v", seed, report.Violations)
		}
		checkTold(t, seed, v, s.tell(v.Order.ID))
	}
	for _, end := range endings {
		if seen[end] == 0 {
			t.Errorf("no story ends as %s: %v", end, seen)
		}
	}
}

// told is what a story says of each ending.
var told = map[string]string{
	string(order.Delivered):       "DELIVERED\n",
	string(order.PaymentDeclined): "FAILED: payment declined\n",
	string(order.OutOfStock):      "FAILED: out of stock: ",
	string(order.ShippingFailed):  "FAILED: shipping failed\n",
}

// checkTold checks that a story fits a narrow terminal, says how it ended, and
// that every ticket comes with what was written in it.
func checkTold(t *testing.T, seed uint64, v process.Overview, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); runewidth.StringWidth(line) > 80 || strings.HasSuffix(line, " ") {
			t.Errorf("seed %d: wider than 80 columns, or with an end that is not seen: %q", seed, line)
		}
	}
	if want := told[ending(v.Order)]; !strings.Contains(text, want) {
		t.Errorf("seed %d: %q is not told:\n%s", seed, want, text)
	}
	if n := strings.Count(text, "TICKET, "); n != len(v.Tickets) || strings.Contains(text, `: ""`) {
		t.Errorf("seed %d: %d of %d tickets are told of, or one without its words:\n%s", seed, n, len(v.Tickets), text)
	}
}

// tales are seeds whose stories end differently.
var tales = map[string]uint64{
	"delivered":        8,
	"payment_declined": 7,
	"out_of_stock":     21,
	"shipping_failed":  9,
}

// TestATale: a story is told the same on both engines, and as it was before.
func TestATale(t *testing.T) {
	t.Parallel()
	for end, seed := range tales {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			dbtest.Engines(t, func(t *testing.T, engine string) {
				s, v := story(t, engine, seed)
				if got := ending(v.Order); got != end {
					t.Errorf("seed %d ends as %s", seed, got)
				}
				golden(t, fmt.Sprintf("%s.txt", end), s.tell(v.Order.ID), *update && engine == dbtest.SQLite)
			})
		})
	}
}

// golden compares a story with the file of the name.
func golden(t testing.TB, name, got string, write bool) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if write {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what is told (-want +got, -update accepts it):\n%s", file, diff)
	}
}

// failing fails every write.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWhatCanNotBeTold(t *testing.T) {
	t.Parallel()
	s, v := story(t, dbtest.SQLite, 2)
	if err := s.Tell(t.Context(), failing{}, v.Order.ID); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an error of writing becomes %v", err)
	}
	if err := s.Tell(t.Context(), io.Discard, "ord_none"); err == nil {
		t.Error("it tells of an order that there is not")
	}
}
