package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

var errBoom = errors.New("boom")

func TestUpdateReturnsItsResult(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		got, err := db.Update(context.Background(), d, nil, func(tx *db.Tx) (string, error) {
			put(tx, "a", "1")
			return get(tx, "a") // its own writes are seen
		})
		if got != "1" || err != nil {
			t.Fatalf("Update returned %q, %v", got, err)
		}
		if got := stored(t, d, "a"); got != "1" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestUpdateThatFailsIsUndone(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		for name, read := range map[string]bool{"queued": false, "sent": true} {
			got, err := db.Update(context.Background(), d, nil, func(tx *db.Tx) (int, error) {
				put(tx, name, "1")
				tx.OnCommit(func() { t.Error("OnCommit ran without a commit") })
				if read {
					if _, err := get(tx, name); err != nil {
						return 0, err
					}
				}
				return 7, errBoom
			})
			if !errors.Is(err, errBoom) || got != 0 {
				t.Errorf("%s: Update returned %d, %v", name, got, err)
			}
			if got := stored(t, d, name); got != "" {
				t.Errorf("%s: stored is %q", name, got)
			}
		}
	})
}

func TestWriteMustChangeOneRow(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		err := update(d, func(tx *db.Tx) error {
			put(tx, "a", "1")
			tx.Write(`UPDATE meta SET value = 'x' WHERE key = $1`, "nobody")
			return nil
		})
		if !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "0 rows by UPDATE meta") {
			t.Errorf("Update returned %v", err)
		}
		if stored(t, d, "a") != "" {
			t.Error("the write beside it was kept")
		}
		mustUpdate(t, d, func(tx *db.Tx) {
			tx.WriteAny(`UPDATE meta SET value = 'x' WHERE key = $1`, "nobody")
		})
	})
}

func TestExecCountsRows(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) {
			put(tx, "a", "1")
			put(tx, "b", "1")
			rows, err := tx.Exec(`UPDATE meta SET value = '2' WHERE key IN `+tx.ListParam("$1"), db.List([]string{"a", "b", "c"}))
			if rows != 2 || err != nil {
				t.Errorf("Exec returned %d, %v", rows, err)
			}
		})
		if got := stored(t, d, "b"); got != "2" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestReturningIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) {
			first, found, err := db.One(tx, text,
				`INSERT INTO meta (key, value) VALUES ('a', '1'), ('b', '2') RETURNING value`)
			if first != "1" || !found || err != nil {
				t.Errorf("One returned %q, %v, %v", first, found, err)
			}
		})
		if got := stored(t, d, "b"); got != "2" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestFailedStatementEndsTheUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
		err := update(d, func(tx *db.Tx) error {
			put(tx, "b", "1")
			_, first := tx.Exec(`INSERT INTO meta (key, value) VALUES ('a', '2')`)
			if !db.IsUnique(first) || !fault.Is(first, fault.Internal) {
				t.Errorf("Exec returned %v", first)
			}
			put(tx, "c", "1")
			if _, again := get(tx, "a"); !errors.Is(again, first) {
				t.Errorf("the next statement returned %v", again)
			}
			return nil // taken lightly
		})
		if !db.IsUnique(err) {
			t.Errorf("Update returned %v", err)
		}
		if stored(t, d, "b") != "" || stored(t, d, "c") != "" {
			t.Error("something was kept")
		}
	})
}

func TestUniqueViolationOfAWrite(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		err := update(d, func(tx *db.Tx) error {
			put(tx, "a", "1")
			put(tx, "a", "2")
			return nil
		})
		if !db.IsUnique(err) || db.IsUnique(errBoom) || db.IsUnique(nil) {
			t.Errorf("Update returned %v", err)
		}
	})
}

func TestFunctionsOwnErrorComesFirst(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
		taken := fault.New(fault.Conflict, "a is taken")
		err := update(d, func(tx *db.Tx) error {
			if _, err := tx.Exec(`INSERT INTO meta (key, value) VALUES ('a', '2')`); db.IsUnique(err) {
				return taken
			}
			return nil
		})
		if !errors.Is(err, taken) {
			t.Errorf("Update returned %v", err)
		}
	})
}

func TestStatementInsideEachIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		inside := func(r db.Reader) error {
			return db.Each(r, func(db.Row) error {
				_, err := get(r, "time")
				return err
			}, `SELECT key FROM meta`)
		}
		if err := update(d, func(tx *db.Tx) error { return inside(tx) }); !fault.Is(err, fault.Internal) {
			t.Errorf("Update returned %v", err)
		}
		_, err := db.View(context.Background(), d, func(r db.Reader) (int, error) { return 0, inside(r) })
		if !fault.Is(err, fault.Internal) {
			t.Errorf("View returned %v", err)
		}
	})
}

func TestErrorOfARowFunctionHarmsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) {
			err := db.Each(tx, func(db.Row) error { return errBoom }, `SELECT key FROM meta`)
			if !errors.Is(err, errBoom) {
				t.Errorf("Each returned %v", err)
			}
			put(tx, "a", "1")
		})
		if got := stored(t, d, "a"); got != "1" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestOnCommitRunsBeforeUpdateReturns(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		var seen []string
		mustUpdate(t, d, func(tx *db.Tx) {
			put(tx, "a", "1")
			tx.OnCommit(func() { seen = append(seen, stored(t, d, "a")) })
			tx.OnCommit(func() {
				seen = append(seen, "nested")
				mustUpdate(t, d, func(tx *db.Tx) { put(tx, "b", "1") })
			})
		})
		if got := strings.Join(seen, " "); got != "1 nested" {
			t.Errorf("OnCommit saw %q", got)
		}
	})
}

func TestNestedUpdatePanics(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, "inside an Update") {
					t.Errorf("the panic said %q", said)
				}
			}()
			_ = update(d, func(tx *db.Tx) error {
				put(tx, "a", "1")
				return update(d, func(*db.Tx) error { return nil })
			})
		}()
		if got := stored(t, d, "a"); got != "" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestTxIsOverWhenItsFunctionReturns(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		var kept *db.Tx
		mustUpdate(t, d, func(tx *db.Tx) { kept = tx })
		defer func() {
			if recover() == nil {
				t.Error("a Tx could be used after its function had returned")
			}
		}()
		put(kept, "a", "1")
	})
}

func TestTimesOfAnUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shop := clock.NewVirtual(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC))
		d := dbtest.Open(t, engine, db.Config{Clock: shop, Virtual: true})
		mustUpdate(t, d, func(tx *db.Tx) {
			shop.MoveTo(shop.Now().Add(time.Hour))
			if got := tx.Now(); !got.Equal(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)) {
				t.Errorf("Now is %v", got)
			}
			if away := time.Since(tx.LeaseNow()).Abs(); away > time.Minute || tx.LeaseNow().Location() != time.UTC {
				t.Errorf("LeaseNow is %v, %v away", tx.LeaseNow(), away)
			}
		})
	})
}

func TestHolds(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		a, b := db.Lock{Rank: 2, Key: "a"}, db.Lock{Rank: 1, Key: "b"}
		err := update(d, func(tx *db.Tx) error {
			if !tx.Holds(a) || !tx.Holds(b) || tx.Holds(db.Lock{Rank: 1, Key: "a"}) {
				t.Error("Holds is wrong")
			}
			return nil
		}, a, b, a)
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCounts(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		count := func(fn func(tx *db.Tx) error) { _ = update(d, fn) }
		for range 20 {
			count(func(tx *db.Tx) error { tx.Count("order/paid", 2); tx.Count("order/paid", -1); return nil })
		}
		count(func(tx *db.Tx) error { tx.Count("order/paid", 100); return errBoom })
		count(func(tx *db.Tx) error { tx.Count("order/gone", 1); tx.Count("order/gone", -1); return nil })
		count(func(tx *db.Tx) error { tx.Count("other%", 1); return nil })
		got, err := db.View(context.Background(), d, func(r db.Reader) (map[string]int64, error) {
			return db.Counts[string](r, "order/")
		})
		if err != nil || len(got) != 1 || got["paid"] != 20 {
			t.Errorf("Counts returned %v, %v", got, err)
		}
	})
}

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		before := d.Stats()
		mustUpdate(t, d, func(tx *db.Tx) {
			put(tx, "a", "1")
			_, _ = get(tx, "a")
			_, _ = tx.Exec(`DELETE FROM meta WHERE key = 'a'`)
			tx.Count("n", 1)
		})
		after := d.Stats()
		if after.Statements-before.Statements != 3 || after.Updates-before.Updates != 1 || after.Commits-before.Commits != 1 {
			t.Errorf("from %+v to %+v", before, after)
		}
	})
}
