package db

import "testing"

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
