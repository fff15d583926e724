package db_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// made makes a database, runs fn on it and closes it.
func made(t *testing.T, engine string, config db.Config, fn func(tx *db.Tx)) (url string) {
	t.Helper()
	config.URL = dbtest.URL(t, engine)
	d, err := db.Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, d, fn)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return config.URL
}

// refused checks that the database can't be opened: with this code, and words
// that a person can do something with.
func refused(t *testing.T, config db.Config, code fault.Code, words ...string) {
	t.Helper()
	d, err := db.Open(context.Background(), config)
	if err == nil {
		_ = d.Close()
	}
	if !fault.Is(err, code) {
		t.Errorf("Open returned %v, want the code %s", err, code)
		return
	}
	for _, word := range words {
		if !strings.Contains(fault.As(err).Message, word) {
			t.Errorf("%q is not in: %s", word, fault.As(err).Message)
		}
	}
}

// content returns the file's bytes, nothing for a server's database.
func content(t *testing.T, url string) []byte {
	t.Helper()
	if strings.HasPrefix(url, "postgres:") {
		return nil
	}
	b, err := os.ReadFile(url)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := made(t, engine, db.Config{}, func(tx *db.Tx) { put(tx, "a", "1") })
		d := dbtest.Open(t, engine, db.Config{URL: url})
		if got := stored(t, d, "a"); got != "1" || d.Engine() != engine || d.Virtual() {
			t.Errorf("stored is %q in %s", got, d.Engine())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKindOfTimeStays(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for _, virtual := range []bool{true, false} {
			url := made(t, engine, db.Config{Virtual: virtual}, func(*db.Tx) {})
			before := content(t, url)
			refused(t, db.Config{URL: url, Virtual: !virtual}, fault.Conflict, "virtual time", "wall time")
			if !bytes.Equal(before, content(t, url)) {
				t.Error("the file was changed")
			}
			if d := dbtest.Open(t, engine, db.Config{URL: url, ReadOnly: true}); d.Virtual() != virtual {
				t.Errorf("Virtual is %v", d.Virtual())
			}
			if d := dbtest.Open(t, engine, db.Config{URL: url, Virtual: virtual}); d.Virtual() != virtual {
				t.Errorf("Virtual is %v", d.Virtual())
			}
		}
	})
}

// TestOneClockAtATime opens a database that another one runs on virtual time.
func TestOneClockAtATime(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.URL(t, engine)
		for range 2 { // the lock is given back at once
			d, err := db.Open(t.Context(), db.Config{URL: url, Virtual: true})
			if err != nil {
				t.Fatal(err)
			}
			refused(t, db.Config{URL: url, Virtual: true}, fault.Locked, "another process")
			dbtest.Open(t, engine, db.Config{URL: url, ReadOnly: true})
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNewerDatabaseStaysUntouched(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := made(t, engine, db.Config{}, func(tx *db.Tx) {
			tx.WriteAny(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)`, true)
		})
		before := content(t, url)
		for _, readOnly := range []bool{false, true} {
			refused(t, db.Config{URL: url, ReadOnly: readOnly}, fault.Conflict, "version 99999", "newer program")
		}
		if !bytes.Equal(before, content(t, url)) {
			t.Error("the file was changed")
		}
	})
}

func TestOlderDatabaseIsNotForReadersYet(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := made(t, engine, db.Config{}, func(tx *db.Tx) {
			tx.WriteAny(`DELETE FROM goose_db_version WHERE version_id > 1`)
		})
		refused(t, db.Config{URL: url, ReadOnly: true}, fault.Conflict, "older version", "a command that writes")
	})
}

// TestDatabaseOfAnUnreleasedVersionStaysUntouched has databases of the newest
// version whose tables were made by other texts of the migrations.
func TestDatabaseOfAnUnreleasedVersionStaysUntouched(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for _, spoil := range []string{
			`DELETE FROM meta WHERE key = 'schema'`, // as before there was such a mark
			`UPDATE meta SET value = '1 0123456789abcdef' WHERE key = 'schema'`,
			`UPDATE meta SET value = value || '0' WHERE key = 'schema'`,
			`UPDATE meta SET value = 'x' WHERE key = 'schema'`,
		} {
			url := made(t, engine, db.Config{}, func(tx *db.Tx) { tx.Write(spoil) })
			before := content(t, url)
			for _, readOnly := range []bool{false, true} {
				refused(t, db.Config{URL: url, ReadOnly: readOnly}, fault.Conflict, "unreleased version")
			}
			if !bytes.Equal(before, content(t, url)) {
				t.Error("the file was changed")
			}
		}
	})
}

// TestAMakerMayStopBeforeTheMark opens databases whose tables are there, and the
// marks of them not yet.
func TestAMakerMayStopBeforeTheMark(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		first := db.SchemaOf(t, engine, 1)
		for _, stop := range []string{
			`DELETE FROM meta`, // of a new one
			`UPDATE meta SET value = '` + first + `' WHERE key = 'schema'`, // of one that was brought up to date
		} {
			url := made(t, engine, db.Config{}, func(tx *db.Tx) { tx.WriteAny(stop) })
			d := dbtest.Open(t, engine, db.Config{URL: url})
			if got := stored(t, d, "schema"); got != db.SchemaOf(t, engine, db.Newest()) || stored(t, d, "time") != "wall" {
				t.Errorf("it is marked as %q", got)
			}
		}
		if first == db.SchemaOf(t, engine, 2) {
			t.Error("two versions have the same mark")
		}
	})
}

func TestEmptyDatabaseIsNotForReaders(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.EmptyURL(t, engine)
		if engine == dbtest.SQLite {
			if err := os.WriteFile(url, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, db.Config{URL: url, ReadOnly: true}, fault.NotFound, "is empty", "a command that writes")
	})
}

func TestForeignDatabaseStaysUntouched(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := made(t, engine, db.Config{}, func(tx *db.Tx) { tx.WriteAny(`DROP TABLE goose_db_version`) })
		before := content(t, url)
		refused(t, db.Config{URL: url}, fault.Conflict, "another program")
		if !bytes.Equal(before, content(t, url)) {
			t.Error("the file was changed")
		}
	})
}

func TestReadOnlyBesideAWriter(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.URL(t, engine)
		d := dbtest.Open(t, engine, db.Config{URL: url})
		reader := dbtest.Open(t, engine, db.Config{URL: url, ReadOnly: true})
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
		if got := stored(t, reader, "a"); got != "1" {
			t.Errorf("the reader sees %q", got)
		}
		if err := update(reader, func(*db.Tx) error { return nil }); !fault.Is(err, fault.Conflict) {
			t.Errorf("Update returned %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if got := stored(t, reader, "a"); got != "1" {
			t.Errorf("after the writer is gone the reader sees %q", got)
		}
	})
}

func TestDurabilityIsReadBack(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		dbtest.SQLite:   "journal_mode=wal synchronous=2",
		dbtest.Postgres: "fsync=on synchronous_commit=on full_page_writes=on",
	}
	dbtest.Engines(t, func(t *testing.T, engine string) {
		for _, virtual := range []bool{false, true} { // virtual time saves nothing on safety
			d := dbtest.Open(t, engine, db.Config{Virtual: virtual})
			got, err := d.Durability(context.Background())
			var settings []string
			for _, s := range got.Settings {
				settings = append(settings, s.Name+"="+s.Value)
			}
			if err != nil || strings.Join(settings, " ") != want[engine] || got.Version == "" || got.Engine != engine {
				t.Errorf("Durability is %+v, %v", got, err)
			}
		}
	})
}

// TestDurabilityIsThatOfTheWriter: what one connection uses, another one made as it
// was does not say.
func TestDurabilityIsThatOfTheWriter(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{Lanes: 1})
		if engine == dbtest.Postgres {
			mustUpdate(t, d, func(tx *db.Tx) { tx.WriteAny("SET synchronous_commit = off") })
		} else {
			db.SetForWriter(t, d, "PRAGMA synchronous = off")
		}
		if got, err := d.Durability(context.Background()); err != nil || got.Check() == nil {
			t.Errorf("of a writer that keeps nothing it says %+v, %v", got, err)
		}
	})
}

func TestDurabilityCheck(t *testing.T) {
	t.Parallel()
	for setting, safe := range map[db.Setting]bool{
		{Name: "journal_mode", Value: "wal"}:                   true,
		{Name: "journal_mode", Value: "memory"}:                false,
		{Name: "synchronous", Value: "1"}:                      false,
		{Name: "fsync", Value: "off"}:                          false,
		{Name: "full_page_writes", Value: "off"}:               false,
		{Name: "synchronous_commit", Value: "off"}:             false,
		{Name: "synchronous_commit", Value: "remote_apply"}:    true,
		{Name: "something_else_altogether", Value: "whatever"}: true,
	} {
		err := db.Durability{Engine: "made-up", Settings: []db.Setting{setting}}.Check()
		if safe != (err == nil) || !safe && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v: %v", setting, err)
		}
	}
}

// TestNodesStartAtOnce opens one empty database several times together.
func TestNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.EmptyURL(t, dbtest.Postgres)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			d, err := db.Open(context.Background(), db.Config{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	d := dbtest.Open(t, dbtest.Postgres, db.Config{URL: url})
	if got := stored(t, d, "time"); got != "wall" {
		t.Errorf("time is %q", got)
	}
}
