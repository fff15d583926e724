// Package dbtest gives a storage test its databases: every such test runs on
// both engines.
package dbtest

import (
	"context"
	"path/filepath"
	"testing"

	"doorstep/internal/db"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Engines runs the test on each engine, as parallel subtests "sqlite" and
// "postgres".
func Engines(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, engine)
		})
	}
}

// URL returns where a fresh database of the engine will be: a test can open,
// close and open it again, or hand it to another process.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == SQLite {
		return sqliteURL(t)
	}
	s := serverOf(t)
	return s.lend(t, s.take())
}

// URLIn is EmptyURL for a PostgreSQL database whose tables lie in an empty
// directory, such as one on a small disk. What the server can not run without
// stays where it is: its log, and the catalog, without room for whose cache it
// lets nobody in.
func URLIn(t testing.TB, dir string) string {
	t.Helper()
	s := serverOf(t)
	m := s.createIn(dir)
	if m.err != nil {
		t.Fatal(m.err)
	}
	// Before the directory goes: a server that finds its files missing ends.
	t.Cleanup(func() { s.drop(m) })
	return s.url(m.name)
}

// Open opens a database and closes it when the test ends: a fresh one, unless
// the config has a URL.
func Open(t testing.TB, engine string, config db.Config) *db.DB {
	t.Helper()
	if config.URL == "" {
		config.URL = URL(t, engine)
	}
	d, err := db.Open(context.Background(), config)
	if err != nil {
		t.Fatalf("open %s: %v", config.URL, err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close %s: %v", config.URL, err)
		}
	})
	return d
}

// EmptyURL is URL for a database in which there is nothing at all yet.
func EmptyURL(t testing.TB, engine string) string {
	t.Helper()
	if engine == SQLite {
		return filepath.Join(t.TempDir(), "shop.db")
	}
	s := serverOf(t)
	return s.hand(t, s.create("template0"), s.drop)
}
