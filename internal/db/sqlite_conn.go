package db

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
)

// maxStatements bounds how many statements a connection keeps prepared.
const maxStatements = 1000

// sqliteConn is one connection to a file, opened when it is first used, with
// its prepared statements. It is used by one goroutine at a time.
type sqliteConn struct {
	dsn        string
	pool       *sql.DB // of one: the driver has no other door
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func (c *sqliteConn) open(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	pool, err := sql.Open("sqlite", c.dsn)
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	c.pool, c.conn, c.statements = pool, conn, map[string]*sql.Stmt{}
	return nil
}

func (c *sqliteConn) close() error {
	if c.conn == nil {
		return nil
	}
	c.forget()
	err := errors.Join(c.conn.Close(), c.pool.Close())
	c.conn = nil
	return err
}

// forget closes the prepared statements.
func (c *sqliteConn) forget() {
	for _, s := range c.statements {
		_ = s.Close()
	}
	clear(c.statements)
}

func (c *sqliteConn) prepare(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		c.forget()
	}
	// Not under the caller's context: the statement outlives it.
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err == nil {
		c.statements[query] = s
	}
	return s, err
}

// exec runs the statement and returns how many rows it changed.
func (c *sqliteConn) exec(ctx context.Context, query string, args []any) (int64, error) {
	s, err := c.prepare(query) //nolint:sqlclosecheck // it is kept for the next time
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each runs the statement and hands its rows on.
func (c *sqliteConn) each(ctx context.Context, query string, args []any, row func(Row) error) (rowErr, sqlErr error) {
	s, err := c.prepare(query) //nolint:sqlclosecheck // it is kept for the next time
	if err != nil {
		return nil, err
	}
	rs, err := s.QueryContext(ctx, args...) //nolint:rowserrcheck // readAll looks at it
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	return readAll(rs, row)
}

// pagesWritten returns how many pages the connection has written since it was
// asked last: https://sqlite.org/c3ref/c_dbstatus_options.html.
func (c *sqliteConn) pagesWritten() (pages int) {
	_ = c.conn.Raw(func(driver any) (err error) {
		pages, _, err = driver.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
		return err
	})
	return pages
}

// rollback ends the transaction. It does so even when the caller's context has
// ended, and does no harm when SQLite has ended the transaction itself.
func (c *sqliteConn) rollback() { _, _ = c.exec(context.Background(), "ROLLBACK", nil) }
