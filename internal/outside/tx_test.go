package outside_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"doorstep/internal/outside"
)

// numbers opens a world in memory with the numbers from 1 to 3.
func numbers(t *testing.T) *outside.File {
	t.Helper()
	f, err := outside.Open("")
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	must(t, f.Update(func(tx *outside.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE number (n INTEGER PRIMARY KEY, name TEXT) STRICT`); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO number VALUES (1, ?1), (2, ?2), (3, NULL)`, "one", "two")
		if n != 3 {
			t.Errorf("it inserted %d rows", n)
		}
		return err
	}))
	return f
}

func count(t *testing.T, f *outside.File) (n int) {
	t.Helper()
	must(t, f.View(func(tx *outside.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM number`).Scan(&n) }))
	return n
}

func TestAStatementIsReadyAgainHoweverItEnded(t *testing.T) {
	t.Parallel()
	f := numbers(t)
	const query = `SELECT n, name FROM number WHERE n >= ?1 ORDER BY n`
	must(t, f.View(func(tx *outside.Tx) error {
		var n int64
		var name string
		stop := func(outside.Row) error { return errMissing }
		if err := tx.Query(stop, query, 1); !errors.Is(err, errMissing) {
			t.Errorf("stopped with %v", err)
		}
		if err := tx.QueryRow(query, "1", 2).Scan(&n, &name); err == nil {
			t.Error("two arguments for one parameter")
		}
		if err := tx.QueryRow(query, 3).Scan(&n, &name); err == nil || !strings.Contains(err.Error(), "name: it is NULL") {
			t.Errorf("a name that is NULL: %v", err)
		}
		if err := tx.QueryRow(query, 4).Scan(&n, &name); !errors.Is(err, outside.ErrNoRow) {
			t.Errorf("no fourth number: %v", err)
		}
		if err := tx.QueryRow(query, 1).Scan(&n, &name); err != nil || n != 1 || name != "one" {
			t.Errorf("the first number is %d, %q, %v", n, name, err)
		}
		return nil
	}))
}

// TestAFailedWriteLeavesItsStatementReady: of the same statement with a number
// that is taken and one that is not.
func TestAFailedWriteLeavesItsStatementReady(t *testing.T) {
	t.Parallel()
	f := numbers(t)
	for n, fails := range map[int]bool{3: true, 4: false} {
		err := f.Update(func(tx *outside.Tx) error {
			_, err := tx.Exec(`INSERT INTO number VALUES (?1, 'new')`, n)
			return err
		})
		if (err != nil) != fails {
			t.Errorf("the number %d: %v", n, err)
		}
	}
	if got := count(t, f); got != 4 {
		t.Errorf("%d numbers, want 4", got)
	}
}

func TestAPanicUndoesAndLeavesTheFileUsable(t *testing.T) {
	t.Parallel()
	f := numbers(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = f.Update(func(tx *outside.Tx) error {
			_, err := tx.Exec(`DELETE FROM number WHERE n = ?1`, 1)
			must(t, err)
			return tx.Query(func(outside.Row) error { panic("in the middle of an answer") }, `SELECT n FROM number`)
		})
	}()
	if got := count(t, f); got != 3 {
		t.Errorf("%d numbers are left", got)
	}
	must(t, f.Update(func(tx *outside.Tx) error {
		_, err := tx.Exec(`DELETE FROM number WHERE n = ?1`, 1)
		return err
	}))
	if got := count(t, f); got != 2 {
		t.Errorf("%d numbers are left of those that are kept", got)
	}
}

func TestWhatIsNotUnderstoodIsSaid(t *testing.T) {
	t.Parallel()
	f := numbers(t)
	must(t, f.View(func(tx *outside.Tx) error {
		var n, more int64
		var wrong float64
		for want, err := range map[string]error{
			"0 arguments for 1 parameters":    tx.QueryRow(`SELECT n FROM number WHERE n = ?1`).Scan(&n),
			"1 columns for 2 variables":       tx.QueryRow(`SELECT n FROM number`).Scan(&n, &more),
			"a variable of the type *float64": tx.QueryRow(`SELECT n FROM number`).Scan(&wrong),
			"an argument of the type float64": tx.QueryRow(`SELECT n FROM number WHERE n = ?1`, 1.0).Scan(&n),
			"no such table":                   tx.QueryRow(`SELECT n FROM letter`).Scan(&n),
			"statement has trailing bytes":    tx.QueryRow(`SELECT 1; SELECT 2`).Scan(&n),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		return nil
	}))
}

func TestAClosedFileSaysSo(t *testing.T) {
	t.Parallel()
	f, err := outside.Open(filepath.Join(t.TempDir(), "outside.db"))
	must(t, err)
	must(t, f.Close())
	must(t, f.Close())
	if err := f.View(func(*outside.Tx) error { return nil }); err == nil || err.Error() != "it is closed" {
		t.Errorf("a closed file was read, with %v", err)
	}
}
