package db

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresTx is a physical transaction. What needs no answer is queued and sent
// with the next statement that does.
type postgresTx struct {
	ctx    context.Context
	conn   *pgx.Conn
	queue  []queued
	begun  bool // BEGIN was sent
	broken bool // a statement failed
}

// queued is a statement that waits to be sent.
type queued struct {
	sql  string
	args []any
	one  bool // it must change one row
}

// newPostgresTx returns a transaction that begins with its first round trip.
func newPostgresTx(ctx context.Context, conn *pgx.Conn, begin string) *postgresTx {
	return &postgresTx{ctx: ctx, conn: conn, queue: []queued{{sql: begin}}}
}

// takeLocks takes the locks in the order of the list and reads the database's
// time when it has them. The locks have a statement of their own, because one
// that waits has the snapshot from before its wait.
const takeLocks = `WITH taken AS MATERIALIZED (
		SELECT count(pg_advisory_xact_lock(k)) AS n FROM unnest($1::bigint[]) AS k)
	SELECT n, clock_timestamp() FROM taken`

func (t *postgresTx) takeLocks(numbers []int64) (leaseNow time.Time, err error) {
	err = t.roundTrip(takeLocks, []any{numbers}, func(results pgx.BatchResults) error {
		var n int64
		return results.QueryRow().Scan(&n, &leaseNow)
	})
	return leaseNow.UTC(), err
}

func (t *postgresTx) write(sql string, args []any, one bool) error {
	t.queue = append(t.queue, queued{sql, args, one})
	return nil
}

func (t *postgresTx) each(sql string, args []any, row func(Row) error) (rowErr, sqlErr error) {
	sqlErr = t.roundTrip(sql, args, func(results pgx.BatchResults) (err error) {
		rowErr, err = readRows(results, row)
		return err
	})
	return rowErr, sqlErr
}

func readRows(results pgx.BatchResults, row func(Row) error) (rowErr, sqlErr error) {
	rs, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	return readAll(rs, row)
}

// onlyReads is sure of a plain SELECT only; anything else may write.
func onlyReads(sql string) bool {
	const word = "SELECT"
	sql = strings.TrimSpace(sql)
	return len(sql) > len(word) && strings.EqualFold(sql[:len(word)], word)
}

// flush sends what is queued.
func (t *postgresTx) flush() error {
	if len(t.queue) == 0 {
		return nil
	}
	return t.roundTrip("", nil, nil)
}

// roundTrip sends what is queued and then the statement, if there is one, and
// reads the answers: read gets the last one.
func (t *postgresTx) roundTrip(sql string, args []any, read func(pgx.BatchResults) error) error {
	batch := &pgx.Batch{}
	queueAll(batch, t.queue)
	if read != nil {
		batch.Queue(sql, args...)
	}
	queue := t.takeQueue()
	results := t.conn.SendBatch(t.ctx, batch)
	err := readQueued(results, queue)
	if err == nil && read != nil {
		err = statementError(sql, read(results))
	}
	if closed := results.Close(); err == nil {
		err = classify(closed)
	}
	t.broken = t.broken || err != nil
	return err
}

func (t *postgresTx) takeQueue() []queued {
	queue := t.queue
	t.begun, t.queue = true, nil
	return queue
}

func readQueued(results pgx.BatchResults, queue []queued) error {
	for _, q := range queue {
		tag, err := results.Exec()
		if err != nil {
			return statementError(q.sql, err)
		}
		if q.one && tag.RowsAffected() != 1 {
			return rowsError(q.sql, tag.RowsAffected())
		}
	}
	return nil
}

// errNotCommitted is for a COMMIT that PostgreSQL answered with ROLLBACK.
var errNotCommitted = errors.New("the transaction was rolled back instead of committed")

// commit ends the transaction. Every answer must have been read before, for
// nothing can be taken back after.
func (t *postgresTx) commit() error {
	results, err := t.conn.PgConn().Exec(t.ctx, "COMMIT").ReadAll()
	if err != nil {
		return err
	}
	if results[0].CommandTag.String() != "COMMIT" {
		return errNotCommitted
	}
	return nil
}

// rollback ends the transaction, also when its context has ended.
func (t *postgresTx) rollback() {
	if !t.begun || t.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 5*time.Second)
	defer cancel()
	_, _ = t.conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
}
