package db_test

import (
	"context"
	"errors"
	"testing"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

func put(tx *db.Tx, key, value string) {
	tx.Write(`INSERT INTO meta (key, value) VALUES ($1, $2)`, key, value)
}

func get(r db.Reader, key string) (string, bool, error) {
	return db.One(r, func(row db.Row) (v string, err error) { return v, row.Scan(&v) },
		`SELECT value FROM meta WHERE key = $1`, key)
}

func TestUpdateIsSeenByView(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		got, err := db.Update(context.Background(), d, nil, func(tx *db.Tx) (string, error) {
			put(tx, "a", "1")
			v, _, err := get(tx, "a")
			return v, err
		})
		if got != "1" || err != nil {
			t.Fatalf("Update returned %q, %v", got, err)
		}
		boom := errors.New("boom")
		if _, err := db.Update(context.Background(), d, nil, func(tx *db.Tx) (int, error) {
			put(tx, "b", "1")
			return 0, boom
		}); !errors.Is(err, boom) {
			t.Fatalf("Update returned %v", err)
		}
		got, err = db.View(context.Background(), d, func(r db.Reader) (string, error) {
			_, found, err := get(r, "b")
			if found {
				t.Error("b is there")
			}
			v, _, _ := get(r, "a")
			return v, err
		})
		if got != "1" || err != nil {
			t.Fatalf("View returned %q, %v", got, err)
		}
	})
}
