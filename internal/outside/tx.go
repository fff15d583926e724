package outside

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

var (
	// ErrNoRow says that a question of one row has no answer.
	ErrNoRow = errors.New("there is no such row")

	errClosed = errors.New("it is closed")
)

// Update runs fn in a transaction that may write. When fn fails or panics,
// nothing of it is kept.
//
// Errors: fn's own; SQLite's as they come.
func (f *File) Update(fn func(tx *Tx) error) error { return f.transact("BEGIN IMMEDIATE", fn) }

// View runs fn in a transaction that only reads.
//
// Errors: fn's own; SQLite's as they come.
func (f *File) View(fn func(tx *Tx) error) error { return f.transact("BEGIN", fn) }

func (f *File) transact(begin string, fn func(tx *Tx) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return errClosed
	}
	tx := &Tx{f.conn}
	if _, err := tx.Exec(begin); err != nil {
		return err
	}
	defer tx.rollback() // nothing is left to roll back after a commit
	if err := fn(tx); err != nil {
		return err
	}
	_, err := tx.Exec("COMMIT")
	return err
}

// Tx is a transaction, for as long as the function that is given it. A
// statement is prepared when it is first seen and kept as long as the file is
// open, so that what changes from one ask to the next goes into its parameters.
//
// A parameter is ?1, ?2 …, and its argument a string, an int, an int64 or a bool.
type Tx struct{ conn *sqlite.Conn }

// Exec runs a statement and returns how many rows it inserted, updated or deleted.
func (tx *Tx) Exec(query string, args ...any) (changed int, err error) {
	err = tx.Query(func(Row) error { return nil }, query, args...)
	return tx.conn.Changes(), err
}

// Query runs a statement and calls fn with each row of its answer. It stops at
// fn's first error.
func (tx *Tx) Query(fn func(Row) error, query string, args ...any) error {
	stmt, err := tx.prepare(query, args)
	if err != nil {
		return err
	}
	defer finish(stmt)
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if err := fn(row{stmt}); err != nil {
			return err
		}
	}
}

// QueryRow asks for one row. Its Scan runs the statement, and fails with
// ErrNoRow when there is none.
func (tx *Tx) QueryRow(query string, args ...any) Row { return question{tx, query, args} }

func (tx *Tx) prepare(query string, args []any) (*sqlite.Stmt, error) {
	stmt, err := tx.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	if n := stmt.BindParamCount(); n != len(args) {
		return nil, fmt.Errorf("%d arguments for %d parameters: %s", len(args), n, query)
	}
	for i, arg := range args {
		if err := bind(stmt, i+1, arg); err != nil {
			return nil, err
		}
	}
	return stmt, nil
}

func bind(stmt *sqlite.Stmt, place int, arg any) error {
	switch v := arg.(type) {
	case string:
		stmt.BindText(place, v)
	case int:
		stmt.BindInt64(place, int64(v))
	case int64:
		stmt.BindInt64(place, v)
	case bool:
		stmt.BindBool(place, v)
	default:
		return fmt.Errorf("an argument of the type %T", arg)
	}
	return nil
}

// finish makes a statement ready for its next use: one that still stands at a
// row would keep what it reads locked. If its last step failed, it says so again.
func finish(stmt *sqlite.Stmt) { _ = stmt.Reset() }

// rollback ends a transaction that is still open. SQLite ends some itself, such
// as one for which the disk is full.
func (tx *Tx) rollback() {
	if !tx.conn.AutocommitEnabled() {
		_, _ = tx.Exec("ROLLBACK")
	}
}

// Row is a row of an answer.
type Row interface {
	// Scan copies the columns, of which none may be NULL, into a *string, *int,
	// *int64 or *bool each.
	Scan(dest ...any) error
}

// question is a statement that is to answer with one row.
type question struct {
	tx    *Tx
	query string
	args  []any
}

func (q question) Scan(dest ...any) error {
	stmt, err := q.tx.prepare(q.query, q.args)
	if err != nil {
		return err
	}
	defer finish(stmt)
	found, err := stmt.Step()
	if err != nil {
		return err
	}
	if !found {
		return ErrNoRow
	}
	return row{stmt}.Scan(dest...)
}

// row is the row that a statement stands at.
type row struct{ stmt *sqlite.Stmt }

func (r row) Scan(dest ...any) error {
	if n := r.stmt.ColumnCount(); n != len(dest) {
		return fmt.Errorf("%d columns for %d variables", n, len(dest))
	}
	for i, d := range dest {
		if err := r.scan(i, d); err != nil {
			return fmt.Errorf("column %s: %w", r.stmt.ColumnName(i), err)
		}
	}
	return nil
}

func (r row) scan(column int, dest any) error {
	if r.stmt.ColumnIsNull(column) {
		return errors.New("it is NULL")
	}
	switch p := dest.(type) {
	case *string:
		*p = r.stmt.ColumnText(column)
	case *int:
		*p = r.stmt.ColumnInt(column)
	case *int64:
		*p = r.stmt.ColumnInt64(column)
	case *bool:
		*p = r.stmt.ColumnBool(column)
	default:
		return fmt.Errorf("a variable of the type %T", dest)
	}
	return nil
}
