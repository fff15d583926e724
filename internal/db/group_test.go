package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// increment reads and writes in two steps, so that only locks keep it right.
func increment(tx *db.Tx, key string) error {
	value, err := get(tx, key)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return err
	}
	tx.Write(`UPDATE meta SET value = $2 WHERE key = $1`, key, strconv.Itoa(n+1))
	return nil
}

func lockOf(key string) db.Lock { return db.Lock{Rank: 1, Key: key} }

func TestConcurrentIncrementsAreNotLost(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		incrementAtOnce(t, dbtest.Open(t, engine, db.Config{}), func() func() { return func() {} })
	})
}

// TestWhoWaitsSharesACommit keeps the writer busy until every caller waits.
func TestWhoWaitsSharesACommit(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := oneWriter(t, engine)
		commits := incrementAtOnce(t, d, func() func() {
			release := hold(t, d)
			return func() { awaitQueue(d, callers); release() }
		})
		if most := int64(1 + 1 + callers*(each-1)); commits > most { // who comes back later may have one of their own
			t.Errorf("%d Updates took %d commits", callers*each, commits)
		}
	})
}

// So many callers increment so often each.
const callers, each = 40, 10

// incrementAtOnce has callers increment one value, and returns how many commits that
// took. What begin returns is called when they have begun.
func incrementAtOnce(t *testing.T, d *db.DB, begin func() func()) (commits int64) {
	t.Helper()
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "n", "0") })
	before := d.Stats()
	begun := begin()
	var done sync.WaitGroup
	for range callers {
		done.Go(func() {
			for range each {
				if err := update(d, func(tx *db.Tx) error { return increment(tx, "n") }, lockOf("n")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	begun()
	done.Wait()
	if got := stored(t, d, "n"); got != strconv.Itoa(callers*each) {
		t.Errorf("n is %s", got)
	}
	return d.Stats().Commits - before.Commits
}

// TestLocksInAnyOrderDoNotDeadlock has nodes whose groups take many of the same
// locks, each Update in an order of its own. (A SQLite file has one node.)
func TestLocksInAnyOrderDoNotDeadlock(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.URL(t, engine)
		nodes := []*db.DB{dbtest.Open(t, engine, db.Config{URL: url})}
		if engine == dbtest.Postgres {
			nodes = append(nodes, dbtest.Open(t, engine, db.Config{URL: url}))
		}
		const keys, callers, each = 60, 40, 5
		mustUpdate(t, nodes[0], func(tx *db.Tx) {
			for i := range keys {
				put(tx, strconv.Itoa(i), "0")
			}
		})
		var done sync.WaitGroup
		for i := range callers {
			done.Go(func() {
				for j := range each {
					if err := incrementTwo(nodes[i%len(nodes)], rand.New(rand.NewPCG(uint64(i), uint64(j))).Perm(keys)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done.Wait()
		sum := 0
		for i := range keys {
			n, _ := strconv.Atoi(stored(t, nodes[0], strconv.Itoa(i)))
			sum += n
		}
		if sum != callers*each*2 {
			t.Errorf("the sum is %d", sum)
		}
		for _, d := range nodes {
			if s := d.Stats(); s.Repeats != 0 {
				t.Errorf("%d groups were repeated", s.Repeats)
			}
		}
	})
}

// incrementTwo locks the first twenty of the keys and increments two of them.
func incrementTwo(d *db.DB, keys []int) error {
	var locks []db.Lock
	for _, key := range keys[:20] {
		locks = append(locks, lockOf(strconv.Itoa(key)))
	}
	return update(d, func(tx *db.Tx) error {
		return errors.Join(increment(tx, strconv.Itoa(keys[19])), increment(tx, strconv.Itoa(keys[0])))
	}, locks...)
}

func TestGroupTakesOneCommit(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := oneWriter(t, engine)
		var fns []func(*db.Tx) error
		for i := range 100 {
			fns = append(fns, func(tx *db.Tx) error { put(tx, fmt.Sprint("k", i), "1"); return nil })
		}
		before := d.Stats()
		for i, err := range asGroup(t, d, fns...) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		// One for the Update that held the writer, and more where the group has taken its time.
		if commits := d.Stats().Commits - before.Commits; commits > 10 {
			t.Errorf("100 Updates that waited took %d commits", commits)
		}
		if got := stored(t, d, "k99"); got != "1" {
			t.Errorf("k99 is %q", got)
		}
	})
}

// TestOneFailsAlone has functions end in every way between two good ones.
func TestOneFailsAlone(t *testing.T) {
	t.Parallel()
	ways := map[string]func(tx *db.Tx) error{
		"an error": func(*db.Tx) error { return errBoom },
		"an error after a read": func(tx *db.Tx) error {
			_, err := get(tx, "bad")
			return errors.Join(errBoom, err)
		},
		"a wrong count": func(tx *db.Tx) error {
			tx.Write(`DELETE FROM meta WHERE key = 'nobody'`)
			return nil
		},
		"a duplicate":     func(tx *db.Tx) error { put(tx, "time", "again"); return nil },
		"bad SQL":         func(tx *db.Tx) error { _, err := tx.Exec(`NO SQL`); return err },
		"a panic":         func(*db.Tx) error { panic(errBoom) },
		"a late panic":    func(tx *db.Tx) error { _, _ = get(tx, "bad"); panic(errBoom) },
		"Goexit":          func(*db.Tx) error { runtime.Goexit(); return nil },
		"a swallowed one": func(tx *db.Tx) error { _, _ = tx.Exec(`NO SQL`); return nil },
	}
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for name, way := range ways {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				failsAlone(t, oneWriter(t, engine), way)
			})
		}
	})
}

func failsAlone(t *testing.T, d *db.DB, way func(tx *db.Tx) error) {
	returned := false
	errs := asGroup(t, d,
		func(tx *db.Tx) error { put(tx, "before", "1"); tx.Count("good", 1); return nil },
		func(tx *db.Tx) error {
			put(tx, "bad", "1")
			tx.Count("bad", 1)
			tx.OnCommit(func() { t.Error("OnCommit ran") })
			err := way(tx)
			returned = true
			return err
		},
		func(tx *db.Tx) error { put(tx, "after", "1"); tx.Count("good", 1); return nil },
	)
	if errs[0] != nil || errs[2] != nil || returned && errs[1] == nil {
		t.Errorf("the errors are %v", errs)
	}
	if stored(t, d, "before") != "1" || stored(t, d, "after") != "1" || stored(t, d, "bad") != "" {
		t.Error("the wrong ones were kept")
	}
	counts, err := db.View(context.Background(), d, func(r db.Reader) (map[string]int64, error) { return db.Counts[string](r, "") })
	if err != nil || counts["good"] != 2 || counts["bad"] != 0 {
		t.Errorf("the counts are %v, %v", counts, err)
	}
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "later", "1") })
}

func TestPanicGoesOnInItsCaller(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, errBoom) {
					t.Errorf("recovered %v", err)
				}
			}()
			_ = update(d, func(tx *db.Tx) error { put(tx, "a", "1"); panic(errBoom) })
		}()
		// What it wrote is undone by the time the panic is caught.
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "2") })
	})
}

func TestContextEndsTheWaitOnly(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := oneWriter(t, engine)
		release := hold(t, d)
		ctx, cancel := context.WithCancel(context.Background())
		answer := make(chan error)
		go func() {
			_, err := db.Update(ctx, d, nil, func(*db.Tx) (int, error) {
				t.Error("the function ran")
				return 0, nil
			})
			answer <- err
		}()
		awaitQueue(d, 1)
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("Update returned %v", err)
		}
		release()
	})
}

func TestContextDoesNotEndARunningUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		_, err := db.Update(ctx, d, nil, func(tx *db.Tx) (int, error) {
			cancel()
			put(tx, "a", "1")
			_, err := get(tx, "a")
			return 0, err
		})
		if got := stored(t, d, "a"); got != "1" || err != nil {
			t.Errorf("stored is %q, Update returned %v", got, err)
		}
	})
}

func TestCloseWaitsAndRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.URL(t, engine)
		d := dbtest.Open(t, engine, db.Config{URL: url, Lanes: 1})
		release := hold(t, d)
		answer, closed := make(chan error, 1), make(chan struct{})
		go func() { answer <- update(d, func(tx *db.Tx) error { put(tx, "a", "1"); return nil }) }()
		awaitQueue(d, 1)
		go func() { _ = d.Close(); close(closed) }()
		for !fault.Is(emptyView(d), fault.Unavailable) {
			runtime.Gosched() // until Close has begun
		}
		if err := update(d, func(*db.Tx) error { return nil }); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Update returned %v", err)
		}
		select {
		case <-closed:
			t.Error("Close did not wait")
		default:
		}
		release()
		<-closed
		if err := <-answer; err != nil {
			t.Error(err)
		}
		if got := stored(t, dbtest.Open(t, engine, db.Config{URL: url}), "a"); got != "1" {
			t.Errorf("stored is %q", got)
		}
	})
}

func emptyView(d *db.DB) error {
	_, err := db.View(context.Background(), d, func(db.Reader) (int, error) { return 0, nil })
	return err
}
