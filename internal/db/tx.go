package db

import (
	"fmt"
	"slices"
	"time"

	"doorstep/fault"
)

// Tx is the transaction that an Update's function runs in. It belongs to that
// function's goroutine and ends when the function returns.
//
// After a statement has failed, every later one returns the same error, and the
// Update fails.
type Tx struct {
	db       *DB
	job      *job
	conn     session
	now      time.Time
	leaseNow time.Time
	err      error
	busy     bool
	over     bool
	counts   counts
	onCommit []func()
	rings    bool
}

// session is a transaction on an engine's connection.
type session interface {
	// each runs the statement and hands its rows on.
	each(sql string, args []any, row func(Row) error) (rowErr, sqlErr error)
	// exec runs the statement and returns how many rows it changed.
	exec(sql string, args []any) (int64, error)
	// write runs the statement now or later. When one is true, it must change
	// one row.
	write(sql string, args []any, one bool) error
}

func (d *DB) newTx(j *job, conn session, leaseNow time.Time) *Tx {
	return &Tx{db: d, job: j, conn: conn, now: d.config.Clock.Now(), leaseNow: leaseNow}
}

// Now returns shop time, the same for the whole of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// LeaseNow returns the database's own time, which is never virtual: what leases
// are measured in, the same on all nodes.
func (tx *Tx) LeaseNow() time.Time { return tx.leaseNow }

// Postgres says whether the engine is PostgreSQL.
func (tx *Tx) Postgres() bool { return tx.db.Engine() == postgresName }

// ListParam returns a subselect that yields the strings of a List parameter.
func (tx *Tx) ListParam(placeholder string) string { return listParam(tx.Postgres(), placeholder) }

// Holds says whether the Update was given the lock.
func (tx *Tx) Holds(l Lock) bool {
	_, found := slices.BinarySearchFunc(tx.job.locks, l, compareLocks)
	return found
}

// OnCommit keeps f to be run after the commit, before Update returns, on the
// caller's goroutine. It does not run when the transaction is rolled back.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// Write runs a statement that must change exactly one row. On PostgreSQL it is
// sent with the next read or at the end. No error is returned: the first one
// becomes the Update's.
func (tx *Tx) Write(sql string, args ...any) { tx.write(sql, args, true) }

// WriteAny is Write for a statement that may change any number of rows.
func (tx *Tx) WriteAny(sql string, args ...any) { tx.write(sql, args, false) }

func (tx *Tx) write(sql string, args []any, one bool) {
	if tx.ready(sql) != nil {
		return
	}
	tx.db.stats.statements.Add(1)
	_ = tx.keep(sql, tx.conn.write(sql, args, one))
}

// Exec runs a statement at once, after the Writes before it, and returns how
// many rows it changed.
func (tx *Tx) Exec(sql string, args ...any) (rows int64, err error) {
	if err := tx.ready(sql); err != nil {
		return 0, err
	}
	tx.db.stats.statements.Add(1)
	rows, err = tx.conn.exec(sql, args)
	return rows, tx.keep(sql, err)
}

func (tx *Tx) each(sql string, args []any, row func(Row) error) error {
	if err := tx.ready(sql); err != nil {
		return err
	}
	tx.db.stats.statements.Add(1)
	tx.busy = true
	defer func() { tx.busy = false }()
	rowErr, sqlErr := tx.conn.each(sql, args, row)
	if sqlErr != nil {
		return tx.keep(sql, sqlErr)
	}
	return rowErr
}

// ready returns an error when no statement can run.
func (tx *Tx) ready(sql string) error {
	switch {
	case tx.over:
		panic("db: a Tx is used after its function has returned")
	case tx.err != nil:
		return tx.err
	case tx.busy:
		return tx.keep(sql, errBusy(sql))
	}
	return nil
}

// keep remembers the first error of a statement: the transaction can't go on
// after it (PostgreSQL refuses to, SQLite may have rolled back all of it).
func (tx *Tx) keep(sql string, err error) error {
	if err != nil && tx.err == nil {
		tx.err = statementError(sql, err)
	}
	return tx.err
}

// rowsError is for a Write that did not change exactly one row.
func rowsError(sql string, rows int64) error {
	return fault.New(fault.Internal, "a write changed another number of rows than one: %w",
		fmt.Errorf("%d rows by %s", rows, brief(sql)))
}
