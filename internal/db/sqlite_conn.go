package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// maxStatements bounds how many statements a connection keeps prepared.
const maxStatements = 1000

// sqliteConn is one connection to a file, opened when it is first used, with
// its prepared statements. It is used by one goroutine at a time. It goes to
// SQLite itself and not through database/sql, which costs as much again for a row
// of many columns.
type sqliteConn struct {
	path       string
	mode       sqlite.OpenFlags
	pragmas    []string
	connected  func(*sqlite.Conn) error // nil where no one wants to know
	conn       *sqlite.Conn
	statements map[string]*sqliteStatement
}

// sqliteStatement is a prepared statement, with which of its arguments goes to
// each of its places: SQLite numbers them as they come, whatever they are called.
type sqliteStatement struct {
	*sqlite.Stmt
	places []int
	args   int
}

// How a connection opens its file, which is there.
const (
	toRead  = sqlite.OpenReadOnly
	toWrite = sqlite.OpenReadWrite
)

func (c *sqliteConn) open(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := sqlite.OpenConn(c.path, c.mode)
	if err != nil {
		return sqliteError(err)
	}
	c.conn, c.statements = conn, map[string]*sqliteStatement{}
	for _, p := range c.pragmas {
		if _, err := c.exec(ctx, "PRAGMA "+p, nil); err != nil {
			return errors.Join(err, c.close())
		}
	}
	if c.connected == nil {
		return nil
	}
	if err := c.connected(conn); err != nil {
		return errors.Join(err, c.close())
	}
	return nil
}

func (c *sqliteConn) close() error {
	if c.conn == nil {
		return nil
	}
	c.forget()
	err := sqliteError(c.conn.Close())
	c.conn = nil
	return err
}

// forget finalizes the prepared statements.
func (c *sqliteConn) forget() {
	for _, s := range c.statements {
		_ = s.Finalize()
	}
	clear(c.statements)
}

func (c *sqliteConn) prepare(query string) (*sqliteStatement, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		c.forget()
	}
	stmt, rest, err := c.conn.PrepareTransient(query)
	if err != nil {
		return nil, sqliteError(err)
	}
	if strings.TrimSpace(query[len(query)-rest:]) != "" {
		return nil, errors.Join(fmt.Errorf("more than one statement: %s", brief(query)), stmt.Finalize())
	}
	s := &sqliteStatement{Stmt: stmt, places: make([]int, stmt.BindParamCount())}
	for i := range s.places {
		n, err := strconv.Atoi(strings.TrimPrefix(stmt.BindParamName(i+1), "$"))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("parameters that are not $1, $2 …: %s", brief(query)), stmt.Finalize())
		}
		s.places[i], s.args = n-1, max(s.args, n)
	}
	c.statements[query] = s
	return s, nil
}

// exec runs the statement and returns how many rows it changed.
func (c *sqliteConn) exec(ctx context.Context, query string, args []any) (int64, error) {
	_, err := c.each(ctx, query, args, func(Row) error { return nil })
	return int64(c.conn.Changes()), err
}

// each runs the statement and hands its rows on.
func (c *sqliteConn) each(ctx context.Context, query string, args []any, row func(Row) error) (rowErr, sqlErr error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	if err := s.bind(args); err != nil {
		return nil, err
	}
	defer c.interruptible(ctx)()
	for {
		more, err := s.Step()
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, sqliteError(err)
		}
		if !more {
			return nil, sqliteError(s.Reset())
		}
		if rowErr = row(sqliteRow{s.Stmt}); rowErr != nil {
			return rowErr, sqliteError(s.Reset())
		}
	}
}

// text returns what the statement answers, one column of one row.
func (c *sqliteConn) text(ctx context.Context, query string) (v string, err error) {
	rowErr, err := c.each(ctx, query, nil, func(row Row) error { return row.Scan(&v) })
	return v, errors.Join(rowErr, err)
}

// interruptible ends the statement when the context does, until it is called off.
func (c *sqliteConn) interruptible(ctx context.Context) (off func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	c.conn.SetInterrupt(ctx.Done())
	return func() { c.conn.SetInterrupt(nil) }
}

// bind gives a statement its arguments.
func (s *sqliteStatement) bind(args []any) error {
	if s.args != len(args) {
		return fmt.Errorf("%d arguments for %d parameters", len(args), s.args)
	}
	for i, place := range s.places {
		if err := bindOne(s.Stmt, i+1, args[place]); err != nil {
			return err
		}
	}
	return nil
}

func bindOne(s *sqlite.Stmt, place int, arg any) error {
	switch v := arg.(type) {
	case string:
		s.BindText(place, v)
	case int64:
		s.BindInt64(place, v)
	case int:
		s.BindInt64(place, int64(v))
	case bool:
		s.BindBool(place, v)
	case []byte:
		s.BindBytes(place, v)
	case float64:
		s.BindFloat(place, v)
	case nil:
		s.BindNull(place)
	default:
		plain, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return err
		}
		if reflect.TypeOf(plain) == reflect.TypeOf(arg) {
			return fmt.Errorf("a parameter of the type %T", arg)
		}
		return bindOne(s, place, plain)
	}
	return nil
}

// sqliteRow is the row that a statement stands at.
type sqliteRow struct{ s *sqlite.Stmt }

// Scan copies the row's columns, like the method of sql.Rows, into what they are
// read as here.
func (r sqliteRow) Scan(dest ...any) error {
	if n := r.s.ColumnCount(); n != len(dest) {
		return fmt.Errorf("%d columns for %d variables", n, len(dest))
	}
	for i, d := range dest {
		if err := r.scan(i, d); err != nil {
			return fmt.Errorf("column %s: %w", r.s.ColumnName(i), err)
		}
	}
	return nil
}

func (r sqliteRow) scan(i int, dest any) error {
	if p, ok := dest.(*any); ok {
		*p = r.value(i)
		return nil
	}
	if r.s.ColumnIsNull(i) {
		return errors.New("it is NULL")
	}
	switch p := dest.(type) {
	case *string:
		*p = r.s.ColumnText(i)
	case *int64:
		*p = r.s.ColumnInt64(i)
	case *int:
		*p = int(r.s.ColumnInt64(i))
	case *bool:
		*p = r.s.ColumnInt64(i) != 0
	case *[]byte:
		*p = []byte(r.s.ColumnText(i))
	case *float64:
		*p = r.s.ColumnFloat(i)
	case sql.Scanner:
		return p.Scan(r.value(i))
	default:
		return r.scanNamed(i, dest)
	}
	return nil
}

// scanNamed reads a column into a variable of a named type.
func (r sqliteRow) scanNamed(i int, dest any) error {
	v := reflect.ValueOf(dest)
	if v.Kind() != reflect.Pointer {
		return fmt.Errorf("%T is no pointer", dest)
	}
	switch v = v.Elem(); v.Kind() {
	case reflect.String:
		v.SetString(r.s.ColumnText(i))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.s.ColumnInt64(i))
	case reflect.Bool:
		v.SetBool(r.s.ColumnInt64(i) != 0)
	default:
		return fmt.Errorf("a variable of the type %T", dest)
	}
	return nil
}

func (r sqliteRow) value(i int) any {
	switch r.s.ColumnType(i) {
	case sqlite.TypeInteger:
		return r.s.ColumnInt64(i)
	case sqlite.TypeFloat:
		return r.s.ColumnFloat(i)
	case sqlite.TypeText:
		return r.s.ColumnText(i)
	case sqlite.TypeBlob:
		return []byte(r.s.ColumnText(i))
	default:
		return nil
	}
}

// rollback ends the transaction. It does so even when the caller's context has
// ended, and does no harm when SQLite has ended the transaction itself.
func (c *sqliteConn) rollback() { _, _ = c.exec(context.Background(), "ROLLBACK", nil) }

// sqliteFailure is an error of SQLite's with its code.
type sqliteFailure struct {
	code int
	err  error
}

func (e *sqliteFailure) Error() string { return e.err.Error() }
func (e *sqliteFailure) Unwrap() error { return e.err }

// sqliteError gives an error the code that SQLite has answered with.
func sqliteError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &sqliteFailure{int(sqlite.ErrCode(err)), err}
}
