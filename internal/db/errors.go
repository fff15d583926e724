package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"doorstep/fault"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsUnique says whether err comes from a UNIQUE or PRIMARY KEY that was
// violated, on either engine.
func IsUnique(err error) bool {
	if pg := postgresError(err); pg != nil {
		return pg.Code == "23505"
	}
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// statementError gives an error of the database a code, and names the statement.
func statementError(sql string, err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	return classify(fmt.Errorf("%s: %w", brief(sql), err))
}

// classify gives an error of the database a code.
func classify(err error) error {
	switch {
	case err == nil || fault.As(err) != nil:
		return err
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return gaveUp(err)
	case postgresError(err) != nil:
		return classifyPostgres(err)
	case sqliteCode(err) != 0:
		return classifySQLite(err)
	case isConnectionLost(err):
		return fault.New(fault.Unavailable, "the database can't be reached: %w", err)
	}
	return fault.New(fault.Internal, "the database failed: %w", err)
}

func gaveUp(err error) error {
	return fault.New(fault.Unavailable, "the wait for the database was given up: %w", err)
}

// sqliteCode is SQLite's code of an error, 0 when it is none of SQLite's: from a
// connection of ours, or from the driver that makes the tables.
func sqliteCode(err error) int {
	if own := (*sqliteFailure)(nil); errors.As(err, &own) {
		return own.code
	}
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isFull says whether SQLite found no room on the disk.
func isFull(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_FULL }

// classifySQLite goes by https://sqlite.org/rescode.html.
func classifySQLite(err error) error {
	switch sqliteCode(err) & 0xff { // the primary code
	case sqlite3.SQLITE_FULL:
		return fault.New(fault.Unavailable, "the disk is full: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fault.New(fault.Unavailable, "the disk can't be read or written: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.New(fault.Unavailable, "another program keeps the database file busy: %w", err)
	case sqlite3.SQLITE_CANTOPEN:
		return fault.New(fault.Unavailable, "the database file can't be opened: %w", err)
	case sqlite3.SQLITE_READONLY:
		return fault.New(fault.Unavailable, "the database file can't be written: %w", err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.New(fault.Internal, "the database file is damaged: %w", err)
	}
	return fault.New(fault.Internal, "the database refused a statement: %w", err)
}

func postgresError(err error) *pgconn.PgError {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// classifyPostgres goes by the classes of
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func classifyPostgres(err error) error {
	code := postgresError(err).Code
	switch {
	case code == "22021" || code == "22P05": // the second of a text within JSON
		return fault.New(fault.Invalid, "a text is not valid UTF-8, or holds NUL: %w", err)
	case code == "53100":
		return fault.New(fault.Unavailable, "the database server's disk is full: %w", err)
	case isAway(code):
		return fault.New(fault.Unavailable, "the database server is not available: %w", err)
	case isContention(err):
		return fault.New(fault.Unavailable, "the database is too busy with the same rows: %w", err)
	case code == "53200":
		return fault.New(fault.Unavailable, "the database server is out of memory or locks: %w", err)
	case code == "25006":
		return fault.New(fault.Unavailable, "the database can't be written: %w", err)
	}
	return fault.New(fault.Internal, "the database refused a statement: %w", err)
}

// isAway is for a server that ends, starts, is out of something, or lets
// nobody in: the connection is of no more use.
func isAway(code string) bool {
	for _, class := range []string{"08", "53300", "57P", "58", "28"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// isContention says whether PostgreSQL ended a transaction for the sake of
// others: run again, it may well succeed.
func isContention(err error) bool {
	pg := postgresError(err)
	return pg != nil && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03" || pg.Code == "53200")
}

// isConnectionLost says whether err means that PostgreSQL went away, rather
// than that it answered with an error.
func isConnectionLost(err error) bool {
	if err == nil || sqliteCode(err) != 0 {
		return false
	}
	if pg := postgresError(err); pg != nil {
		return isAway(pg.Code)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// brief is a statement on one line, short enough for a log.
func brief(sql string) string {
	const most = 120
	line := strings.Join(strings.Fields(sql), " ")
	if len(line) > most {
		line = line[:most] + "…"
	}
	return line
}
