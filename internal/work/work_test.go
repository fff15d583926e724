package work_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
)

var opening = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// bench is a database with a queue, on a clock that stands still until it is moved.
type bench struct {
	t     testing.TB
	db    *db.DB
	queue *work.Queue
	clock *clock.Virtual
}

func newBench(t testing.TB, engine string) *bench {
	t.Helper()
	clk := clock.NewVirtual(opening)
	return &bench{t: t, db: dbtest.Open(t, engine, db.Config{Clock: clk, Virtual: true}), queue: work.NewQueue("node", time.Hour), clock: clk}
}

// update changes something in one transaction.
func (b *bench) update(do func(tx *db.Tx) error) error {
	b.t.Helper()
	_, err := db.Update(context.Background(), b.db, nil, func(tx *db.Tx) (struct{}, error) { return struct{}{}, do(tx) })
	return err
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// enqueue writes an item of the owner that is due after d.
func (b *bench) enqueue(owner string, d time.Duration) work.Item {
	b.t.Helper()
	var it work.Item
	b.must(b.update(func(tx *db.Tx) error {
		it = b.queue.Enqueue(tx, work.Item{Owner: owner, Subject: "subject", Step: "step", Due: tx.Now().Add(d)})
		return nil
	}))
	return it
}

// item returns an owner's one item, if it is there.
func (b *bench) item(owner string) (work.Item, bool) {
	b.t.Helper()
	items, err := db.View(context.Background(), b.db, func(r db.Reader) ([]work.Item, error) { return work.Of(r, owner) })
	b.must(err)
	if len(items) == 0 {
		return work.Item{}, false
	}
	return items[0], true
}

func (b *bench) mustItem(owner string) work.Item {
	b.t.Helper()
	it, ok := b.item(owner)
	if !ok {
		b.t.Fatalf("%s has no item", owner)
	}
	return it
}

func (b *bench) due(d time.Duration) []string {
	b.t.Helper()
	items, err := db.View(context.Background(), b.db, func(r db.Reader) ([]work.Item, error) { return work.Due(r, b.clock.Now().Add(d), 10) })
	b.must(err)
	owners := []string{}
	for _, it := range items {
		owners = append(owners, it.Owner)
	}
	return owners
}

func onBenches(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) { test(t, newBench(t, engine)) })
}

func TestAnItemIsKeptUntilItIsDone(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		it := b.enqueue("a", time.Hour)
		if got := b.mustItem("a"); got != it || got.State != work.Ready || !got.Since.Equal(opening) || got.Lease != "" {
			t.Errorf("the item is %+v, written was %+v", got, it)
		}
		b.must(b.update(func(tx *db.Tx) error {
			it = b.queue.Retry(tx, it, opening.Add(2*time.Hour), 3, strings.Repeat("x", 1000))
			return nil
		}))
		if got := b.mustItem("a"); got != it || got.Tries != 3 || len(got.Error) != 500 {
			t.Errorf("the item is %+v", got)
		}
		b.must(b.update(func(tx *db.Tx) error { b.queue.Finish(tx, it); return nil }))
		if got, ok := b.item("a"); ok {
			t.Errorf("the item is still there: %+v", got)
		}
	})
}

func TestDueItemsComeInOneOrder(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		for _, owner := range []string{"c", "a", "b"} {
			b.enqueue(owner, time.Hour)
		}
		b.enqueue("early", time.Minute)
		b.enqueue("late", 2*time.Hour)
		if got := strings.Join(b.due(time.Hour), " "); got != "early a b c" {
			t.Errorf("due are %s", got)
		}
	})
}

func TestAStuckItemWaitsForAPerson(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		it := b.enqueue("a", 0)
		b.must(b.update(func(tx *db.Tx) error { b.queue.GiveUp(tx, it, "made up"); return nil }))
		got := b.mustItem("a")
		if got.State != work.Stuck || got.Tries != 1 || got.Error != "made up" {
			t.Errorf("the item is %+v", got)
		}
		if due := b.due(day); len(due) != 0 {
			t.Errorf("a stuck item is due: %v", due)
		}
		stuck, err := db.View(t.Context(), b.db, func(r db.Reader) ([]work.Item, error) { return work.Stuckness(r, 10) })
		b.must(err)
		if len(stuck) != 1 || stuck[0] != got {
			t.Errorf("stuck are %+v", stuck)
		}
	})
}

const day = 24 * time.Hour

// TestAWrongLeaseFencesOff has everyone who lost an item's lease change it.
func TestAWrongLeaseFencesOff(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		it := b.enqueue("a", 0)
		stale := it
		stale.Lease = "node.99"
		for name, change := range map[string]func(*db.Tx){
			"finish":  func(tx *db.Tx) { b.queue.Finish(tx, stale) },
			"retry":   func(tx *db.Tx) { b.queue.Retry(tx, stale, opening.Add(day), 5, "stale") },
			"give up": func(tx *db.Tx) { b.queue.GiveUp(tx, stale, "stale") },
		} {
			if err := b.update(func(tx *db.Tx) error { change(tx); return nil }); !fault.Is(err, fault.Internal) {
				t.Errorf("%s under a lost lease: %v", name, err)
			}
			if got := b.mustItem("a"); got != it {
				t.Errorf("%s under a lost lease has made the item %+v", name, got)
			}
		}
	})
}

func TestASecondItemOfTheSameStepIsRefused(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.enqueue("a", 0)
		err := b.update(func(tx *db.Tx) error {
			b.queue.Enqueue(tx, work.Item{Owner: "a", Subject: "subject", Step: "step", Due: tx.Now()})
			return nil
		})
		if !db.IsUnique(err) {
			t.Errorf("the answer is %v", err)
		}
	})
}

func TestBackoffIsBoundedAndRepeatable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		it := work.Item{Owner: rapid.String().Draw(r, "owner"), Subject: rapid.String().Draw(r, "subject"), Step: "step"}
		n := rapid.IntRange(0, 1000).Draw(r, "tries")
		first := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(r, "first"))
		most := first + time.Duration(rapid.Int64Range(0, int64(day)).Draw(r, "more"))
		got := work.Backoff(it, n, first, most)
		full := most
		if n < 40 && float64(first)*float64(int64(1)<<n) < float64(most) {
			full = first << n
		}
		if got > full || got < full/2 {
			r.Errorf("wait %d is %s, not between %s and %s", n, got, full/2, full)
		}
		if again := work.Backoff(it, n, first, most); again != got {
			r.Errorf("it was %s before, and is %s now", got, again)
		}
	})
	spread := map[time.Duration]bool{}
	for n := range 100 {
		spread[work.Backoff(work.Item{Owner: strconv.Itoa(n)}, 0, time.Hour, time.Hour)] = true
	}
	if len(spread) < 50 {
		t.Errorf("a hundred items wait %d different times: they all come at once", len(spread))
	}
}

// TestWhatMayHaveBegunCountsAsTried holds an item whose node has died, and lets it go
// on: a provider may have been asked, and no one is to take it for untouched.
func TestWhatMayHaveBegunCountsAsTried(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		for lease, want := range map[string]int{"dead.1": 1, "": 0} {
			it := b.enqueue("owner of "+lease, 0)
			b.must(b.update(func(tx *db.Tx) error {
				tx.Write(`UPDATE work SET lease = $1, lease_until = 0 WHERE owner = $2`, lease, it.Owner)
				it.Lease = lease
				parked, ok := b.queue.Park(tx, it)
				if !ok {
					t.Errorf("%+v goes on", it)
				}
				it = b.queue.Resume(tx, parked, opening.Add(time.Hour))
				return nil
			}))
			if now := b.mustItem(it.Owner); now != it || now.Tries != want || now.State != work.Ready {
				t.Errorf("of %q it is %+v, and said to be %+v", lease, now, it)
			}
		}
	})
}
