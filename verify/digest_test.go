package verify_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
)

func digest(t *testing.T, d *db.DB, o verify.Options) verify.StateDigest {
	t.Helper()
	s, err := verify.Digest(t.Context(), d, o)
	must(t, err)
	return s
}

// TestTheEnginesHaveOneDigest fills the same shop twice on each engine.
func TestTheEnginesHaveOneDigest(t *testing.T) {
	t.Parallel()
	var first verify.StateDigest
	for i, engine := range []string{dbtest.SQLite, dbtest.SQLite, dbtest.Postgres} {
		s := newShop(t, dbtest.URL(t, engine), false)
		s.fill()
		got := digest(t, s.db, verify.Options{})
		must(t, s.db.Close())
		if i == 0 {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("shop %d, on %s (-first +this one):\n%s", i, engine, diff)
		}
	}
	if first.Rows < 1000 || len(first.Tables) < 25 {
		t.Errorf("%d rows of %d tables", first.Rows, len(first.Tables))
	}
}

// TestOneChangeMovesTheDigest changes one value of every column of every table,
// one after the other: a cent is enough, and what is left out moves nothing.
func TestOneChangeMovesTheDigest(t *testing.T) {
	t.Parallel()
	path := dbtest.URL(t, dbtest.SQLite)
	s := newShop(t, path, false)
	s.fill()
	must(t, s.db.Close())
	files := copies(path, s.clock)(t)
	tables, err := db.View(t.Context(), files.db, db.Tables)
	must(t, err)
	before := digest(t, files.db, verify.Options{})
	changed := map[string]bool{}
	for _, table := range tables {
		for _, column := range table.Columns {
			if table.Name == "goose_db_version" || !nudge(t, files.raw, table, column) {
				continue // without that table, it could not be opened
			}
			changed[table.Name] = true
			after := digest(t, files.db, verify.Options{})
			if moved := after.Digest != before.Digest; moved == isLeftOut(table.Name, column) {
				t.Errorf("%s.%s was changed, and the digest moved: %t", table.Name, column, moved)
			}
			before = after
		}
	}
	for _, table := range before.Tables {
		if table.Rows > 0 && !changed[table.Table] {
			t.Errorf("nothing of %s was changed", table.Table)
		}
	}
}

func isLeftOut(table, column string) bool {
	return slices.ContainsFunc(verify.Omissions(), func(o verify.Omission) bool {
		return o.Table == table && (o.Columns == nil || slices.Contains(o.Columns, column))
	})
}

// nudge changes the largest value of a column a little, and says whether there
// was one.
func nudge(t *testing.T, raw *sql.DB, table db.Table, column string) bool {
	t.Helper()
	key := strings.Join(table.Key, ", ")
	result, err := raw.ExecContext(t.Context(), fmt.Sprintf(`UPDATE %[1]s SET %[2]s = CASE typeof(%[2]s) WHEN 'integer' THEN %[2]s + 1 ELSE %[2]s || 'x' END
		WHERE (%[3]s) = (SELECT %[3]s FROM %[1]s ORDER BY %[2]s DESC LIMIT 1)`, table.Name, column, key))
	must(t, err)
	n, err := result.RowsAffected()
	must(t, err)
	return n == 1
}

func TestOmissionsAreOfTheDatabase(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	dbtest.Engines(t, func(t *testing.T, engine string) {
		tables, err := db.View(t.Context(), dbtest.Open(t, engine, db.Config{}), db.Tables)
		must(t, err)
		for _, table := range tables {
			if len(table.Key) == 0 {
				t.Errorf("%s has no key to walk by", table.Name)
			}
		}
	})
	for _, o := range verify.Omissions() {
		if left[o.Table] || o.Why == "" {
			t.Errorf("%s is left out twice, or for no reason", o.Table)
		}
		left[o.Table] = true
	}
}

func TestRangesDoNotMoveTheDigest(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.URL(t, dbtest.SQLite), false)
	defer s.db.Close()
	s.stock()
	s.set(func(*policy.Policy) {})
	s.sellAtOnce()
	whole := digest(t, s.db, verify.Options{})
	if diff := cmp.Diff(whole, digest(t, s.db, verify.Options{Orders: 7})); diff != "" {
		t.Errorf("in other ranges (-large +small):\n%s", diff)
	}
	if _, err := verify.Digest(t.Context(), s.db, verify.Options{Orders: -1}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a negative range: %v", err)
	}
}
