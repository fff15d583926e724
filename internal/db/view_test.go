package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

func TestViewIsASnapshot(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		_, err := db.View(context.Background(), d, func(r db.Reader) (int, error) {
			for range 2 {
				if got, err := get(r, "a"); got != "" || err != nil {
					t.Errorf("the View read %q, %v", got, err)
				}
				if err := update(d, func(tx *db.Tx) error {
					tx.Write(`INSERT INTO meta (key, value) VALUES ('a', '1') ON CONFLICT (key) DO UPDATE SET value = '2'`)
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := stored(t, d, "a"); got != "2" {
			t.Errorf("stored is %q", got)
		}
	})
}

func TestViewDoesNotWaitForAnUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		mustUpdate(t, d, func(tx *db.Tx) {
			put(tx, "a", "1")
			_, _ = get(tx, "a")
			if got := stored(t, d, "a"); got != "" {
				t.Errorf("a View beside the Update read %q", got)
			}
		})
	})
}

func TestViewCannotWrite(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		_, err := db.View(context.Background(), d, func(r db.Reader) ([]string, error) {
			return db.All(r, text, `INSERT INTO meta (key, value) VALUES ('a', '1') RETURNING value`)
		})
		if err == nil || stored(t, d, "a") != "" {
			t.Errorf("View returned %v, stored is %q", err, stored(t, d, "a"))
		}
	})
}

func TestViewEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		_, err := db.View(ctx, d, func(r db.Reader) ([]string, error) {
			cancel()
			return db.All(r, text, `SELECT key FROM meta`)
		})
		if !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("View returned %v", err)
		}
		if stored(t, d, "time") == "" {
			t.Error("the next View read nothing")
		}
	})
}

func TestViewsAreBounded(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		gate := make(chan struct{})
		var running, done sync.WaitGroup
		for range 4 {
			running.Add(1)
			done.Go(func() {
				_, err := db.View(context.Background(), d, func(r db.Reader) (string, error) {
					running.Done()
					<-gate
					return get(r, "time")
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := db.View(ctx, d, func(db.Reader) (int, error) { return 0, nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("a fifth View returned %v", err)
		}
		close(gate)
		done.Wait()
	})
}

func TestPanicInAViewHarmsNobody(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		for range 10 {
			func() {
				defer func() { _ = recover() }()
				_, _ = db.View(context.Background(), d, func(r db.Reader) (int, error) {
					_, _ = get(r, "time")
					panic(errBoom)
				})
			}()
		}
		if stored(t, d, "time") == "" {
			t.Error("a later View read nothing")
		}
	})
}

func TestReading(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		shop := clock.NewVirtual(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC))
		d := dbtest.Open(t, engine, db.Config{Virtual: true, Clock: shop})
		keys := []string{`a`, `b"\ü`, `c'`}
		mustUpdate(t, d, func(tx *db.Tx) {
			for _, key := range keys {
				put(tx, key, "v")
			}
		})
		_, err := db.View(context.Background(), d, func(r db.Reader) (int, error) {
			if !r.Now().Equal(shop.Now()) || r.Postgres() != (engine == dbtest.Postgres) {
				t.Errorf("Now is %v, Postgres is %v", r.Now(), r.Postgres())
			}
			const query = `SELECT key FROM meta WHERE key IN `
			all, err := db.All(r, text, query+r.ListParam("$1")+` ORDER BY key`, db.List(append(keys, "z")))
			if !slices.Equal(all, keys) || err != nil {
				t.Errorf("All returned %q, %v", all, err)
			}
			none, err := db.All(r, text, query+r.ListParam("$1"), db.List(nil))
			if len(none) != 0 || err != nil {
				t.Errorf("All returned %q, %v", none, err)
			}
			_, found, err := db.One(r, number, `SELECT n FROM counts WHERE name = $1`, "nobody")
			if found || err != nil {
				t.Errorf("One found %v, %v", found, err)
			}
			return 0, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestMicros(t *testing.T) {
	t.Parallel()
	now := clock.Wall{}.Now()
	if got := db.Time(db.Micros(now)); !got.Equal(now) || got.Location() != time.UTC {
		t.Errorf("%v became %v", now, got)
	}
	if db.Micros(time.Time{}) != 0 || !db.Time(0).IsZero() {
		t.Error("the zero time is not 0")
	}
}
