package db

import (
	"context"
	"testing"
)

// SetForWriter has the one connection of a SQLite file that writes, which is idle,
// use other settings.
func SetForWriter(t *testing.T, d *DB, pragma string) {
	t.Helper()
	if _, err := d.engine.(*sqliteDB).writer.exec(context.Background(), pragma, nil); err != nil {
		t.Fatal(err)
	}
}

// SchemaOf is how a database of the version is marked.
func SchemaOf(t *testing.T, engine string, version int64) string {
	t.Helper()
	files, err := migrationFiles(engine)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := schemaOf(files, version)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
