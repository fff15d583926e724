package db

import (
	"context"
	"errors"
	"time"

	"doorstep/clock"
)

// sqliteWriter runs all Updates of a file.
type sqliteWriter struct {
	db     *DB
	engine *sqliteDB
}

// sqliteLane is the number of the one lane that SQLite has.
const sqliteLane = 0

// errBroken means that SQLite has ended the transaction by itself, so that what
// ran in it has to run again: https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
var errBroken = errors.New("the transaction was ended by the database")

func (w *sqliteWriter) close() {}

// run runs the job together with those that wait behind it, and when that goes
// wrong each for itself.
func (w *sqliteWriter) run(first *job) {
	g := newGroup()
	err := w.together(g, w.more(first))
	if err == nil {
		g.answer()
		return
	}
	w.db.stats.repeats.Add(1)
	for _, j := range survivors(g.jobs) {
		w.alone(j)
	}
}

// alone runs one job in a transaction of its own.
func (w *sqliteWriter) alone(j *job) {
	g := newGroup()
	if err := w.together(g, only(j)); err != nil {
		// What the function found out first says more than that its transaction
		// was ended.
		if errors.Is(err, errBroken) && len(g.answers) > 0 && g.answers[0] != nil {
			err = g.answers[0]
		}
		j.answer(classify(err))
		return
	}
	g.answer()
}

// more returns a source of jobs: the first, then what is queued, until the
// group is full or has taken its time.
func (w *sqliteWriter) more(first *job) func() *job {
	start, n := time.Now(), 0
	return func() *job {
		n++
		if n == 1 {
			return first
		}
		if n > maxGroup || time.Since(start) > groupTime {
			return nil
		}
		select {
		case j := <-w.db.queue:
			return j
		default:
			return nil
		}
	}
}

// only is a source of one job.
func only(j *job) func() *job {
	return func() *job {
		next := j
		j = nil
		return next
	}
}

// together runs the jobs in one transaction. The group holds every job that was
// taken, also when there is an error, which means that nothing was committed.
func (w *sqliteWriter) together(g *group, next func() *job) error {
	began := time.Now()
	if err := w.begin(); err != nil {
		// The first job was taken from the queue and wants its answer.
		g.jobs = append(g.jobs, next())
		return err
	}
	for j := next(); j != nil; j = next() {
		if !j.start() {
			continue
		}
		if err := w.runOne(g, j); err != nil {
			w.engine.writer.rollback()
			return err
		}
	}
	if err := w.commit(g); err != nil {
		w.engine.writer.rollback()
		return err
	}
	w.db.committed(len(g.jobs), began)
	w.engine.checkpoints.grown()
	return nil
}

func (w *sqliteWriter) begin() error {
	if err := w.engine.checkpoints.catchUp(); err != nil {
		return err
	}
	w.engine.checkpoints.beginAnew(w.engine.readers)
	return w.do("BEGIN IMMEDIATE")
}

// runOne runs the job in a savepoint. An error means that the transaction is
// no longer there.
func (w *sqliteWriter) runOne(g *group, j *job) error {
	if err := w.do("SAVEPOINT job"); err != nil {
		g.jobs = append(g.jobs, j)
		return err
	}
	results := make(chan outcome)
	w.db.begin(j, w.db.newTx(j, w, clock.Wall{}.Now()), results)
	err := w.db.end(<-results)
	g.add(j, err)
	if err != nil {
		if w.do("ROLLBACK TO job") != nil {
			return errBroken
		}
	}
	if w.do("RELEASE job") != nil {
		return errBroken
	}
	return nil
}

func (w *sqliteWriter) commit(g *group) error {
	if err := g.counts.write(sqliteLane, w.write); err != nil {
		return err
	}
	return w.do("COMMIT")
}

func (w *sqliteWriter) do(query string) error {
	_, err := w.exec(query, nil)
	return err
}

func (w *sqliteWriter) each(query string, args []any, row func(Row) error) (rowErr, sqlErr error) {
	rowErr, sqlErr = w.engine.writer.each(context.Background(), query, args, row)
	w.lookForRoom(sqlErr)
	return rowErr, sqlErr
}

func (w *sqliteWriter) exec(query string, args []any) (int64, error) {
	rows, err := w.engine.writer.exec(context.Background(), query, args)
	w.lookForRoom(err)
	return rows, err
}

// lookForRoom has the log copied into the database when the disk is full: then
// it begins anew, in the room that it has already.
func (w *sqliteWriter) lookForRoom(err error) {
	if isFull(err) {
		w.engine.checkpoints.full()
	}
}

func (w *sqliteWriter) write(query string, args []any, one bool) error {
	rows, err := w.exec(query, args)
	if err == nil && one && rows != 1 {
		return rowsError(query, rows)
	}
	return err
}
