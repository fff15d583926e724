package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"doorstep/internal/db"

	_ "modernc.org/sqlite" // for the template
)

// sqliteTemplate is the file that all others are copied from, made once for the
// whole test binary. Which kind of time it runs on is left open.
var sqliteTemplate = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "doorstep-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "shop.db")
	d, err := db.Open(context.Background(), db.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	if err := forgetTime(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func forgetTime(path string) error {
	d, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = d.Exec("DELETE FROM meta WHERE key = 'time'; PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, d.Close())
}

func sqliteURL(t testing.TB) string {
	t.Helper()
	file, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shop.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
