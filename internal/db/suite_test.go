package db_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// put and get use the table meta, which every database has.
func put(tx *db.Tx, key, value string) {
	tx.Write(`INSERT INTO meta (key, value) VALUES ($1, $2)`, key, value)
}

func get(r db.Reader, key string) (value string, err error) {
	value, _, err = db.One(r, text, `SELECT value FROM meta WHERE key = $1`, key)
	return value, err
}

func text(row db.Row) (s string, err error) { return s, row.Scan(&s) }

func number(row db.Row) (n int64, err error) { return n, row.Scan(&n) }

// stored returns the value that a new View sees.
func stored(t *testing.T, d *db.DB, key string) string {
	t.Helper()
	value, err := db.View(context.Background(), d, func(r db.Reader) (string, error) { return get(r, key) })
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// update runs fn for its error.
func update(d *db.DB, fn func(tx *db.Tx) error, locks ...db.Lock) error {
	_, err := db.Update(context.Background(), d, locks, func(tx *db.Tx) (struct{}, error) {
		return struct{}{}, fn(tx)
	})
	return err
}

// mustUpdate is update for what can't fail.
func mustUpdate(t *testing.T, d *db.DB, fn func(tx *db.Tx)) {
	t.Helper()
	if err := update(d, func(tx *db.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// oneWriter opens a database whose Updates all wait for one writer.
func oneWriter(t *testing.T, engine string) *db.DB {
	t.Helper()
	return dbtest.Open(t, engine, db.Config{Lanes: 1})
}

// hold keeps the only writer busy until the function it returns is called.
func hold(t *testing.T, d *db.DB) (release func()) {
	t.Helper()
	running, gate := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		if err := update(d, func(*db.Tx) error {
			select {
			case <-running: // it runs again with a group that failed
			default:
				close(running)
			}
			<-gate
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-running
	return func() { close(gate); done.Wait() }
}

// awaitQueue returns when n Updates wait for a writer.
func awaitQueue(d *db.DB, n int) {
	for d.Stats().Waiting < n {
		runtime.Gosched()
	}
}

// asGroup runs the functions in one group, in their order, and returns their
// errors; a function that panics has none. The database must have one writer.
func asGroup(t *testing.T, d *db.DB, fns ...func(tx *db.Tx) error) []error {
	t.Helper()
	release := hold(t, d)
	errs := make([]error, len(fns))
	var done sync.WaitGroup
	for i, fn := range fns {
		done.Go(func() {
			defer func() { _ = recover() }()
			errs[i] = update(d, fn)
		})
		awaitQueue(d, i+1)
	}
	release()
	done.Wait()
	return errs
}
