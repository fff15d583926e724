package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"doorstep/fault"

	"github.com/pressly/goose/v3"
)

// Until the first release the migrations are amended in place, so that a version
// alone does not say which tables a database has. What does is kept beside it.

// schemaOf says which tables a database of the version has: the version, and a
// hash of the texts of the migrations that make it.
func schemaOf(files fs.FS, version int64) (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	texts := sha256.New()
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return "", err
		}
		if v > version {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(texts, "%s %d\n%s", name, len(text), text)
	}
	return fmt.Sprintf("%d %x", version, texts.Sum(nil)[:8]), nil
}

// markSchema keeps which tables the database has now.
func (m *migrator) markSchema(ctx context.Context, tx *sql.Tx) error {
	schema, err := schemaOf(m.files, m.newest())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, schema)
	return classify(err)
}

// checkSchema refuses a database whose tables are not those that this program
// makes, or made when it made that version.
func (m *migrator) checkSchema(ctx context.Context) error {
	var marked, schema string
	err := m.pool.QueryRowContext(ctx, `SELECT COALESCE(MAX(CASE WHEN key = 'time' THEN value END), ''),
		COALESCE(MAX(CASE WHEN key = 'schema' THEN value END), '') FROM meta WHERE key IN ('time', 'schema')`).Scan(&marked, &schema)
	if err != nil {
		return classify(err)
	}
	if marked == "" && schema == "" {
		return nil // it was being made when its maker stopped
	}
	// A maker may have stopped between a newer version's tables and this mark, so
	// that it is held against the version that it says.
	var version int64
	_, _ = fmt.Sscanf(schema, "%d", &version)
	if want, err := schemaOf(m.files, version); err != nil || schema == want {
		return err
	}
	return fault.New(fault.Conflict, "%s was made by an unreleased version of this program, whose tables were others: "+
		"keep it for that version, and begin a new one", m.about)
}

// mark says what a new database is: which kind of time it runs on, and which
// tables it has.
func (m *migrator) mark(ctx context.Context, virtual bool) (err error) {
	tx, err := m.pool.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := m.markTime(ctx, tx, virtual); err != nil {
		return err
	}
	if err := m.markSchema(ctx, tx); err != nil {
		return err
	}
	return classify(tx.Commit())
}
