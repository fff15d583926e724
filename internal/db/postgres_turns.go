package db

import (
	"cmp"

	"github.com/jackc/pgx/v5"
)

// The functions of a group run at the same time where they share no lock: what
// they ask in their turns is sent together, in one round trip, and each reads its
// answer on its own goroutine while the others wait.

// sideBySide divides jobs into those that run at the same time, one after the
// other: jobs that share a lock run in the order in which they came.
func sideBySide(jobs []*job) (sides [][]*job) {
	after := map[Lock]int{} // the number of the side after the last one that has the lock
	for _, j := range jobs {
		n := 0
		for _, l := range j.locks {
			n = max(n, after[l])
		}
		for _, l := range j.locks {
			after[l] = n + 1
		}
		if n == len(sides) {
			sides = append(sides, nil)
		}
		sides[n] = append(sides[n], j)
	}
	return sides
}

// part is a job's part of a physical transaction: what it has written is sent with
// its next question, or at the end.
type part struct {
	job   *job
	said  chan<- outcome
	queue []queued
	sent  bool // a write of it was sent
}

// question is a statement whose answer a job waits for.
type question struct {
	part *part
	sql  string
	args []any
	turn chan answer // to read the answer, or an error
	read chan error  // what came of reading it
}

type answer struct {
	results pgx.BatchResults
	err     error
}

func (p *part) write(sql string, args []any, one bool) error {
	p.queue = append(p.queue, queued{sql, args, one})
	return nil
}

func (p *part) exec(sql string, args []any) (changed int64, err error) {
	p.sent = true
	err = p.ask(sql, args, func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

func (p *part) each(sql string, args []any, row func(Row) error) (rowErr, sqlErr error) {
	p.sent = p.sent || !onlyReads(sql)
	sqlErr = p.ask(sql, args, func(results pgx.BatchResults) (err error) {
		rowErr, err = readRows(results, row)
		return err
	})
	return rowErr, sqlErr
}

// ask waits until the statement was sent, and reads its answer.
func (p *part) ask(sql string, args []any, read func(pgx.BatchResults) error) error {
	q := &question{part: p, sql: sql, args: args, turn: make(chan answer, 1), read: make(chan error, 1)}
	p.said <- outcome{job: p.job, asks: q}
	a := <-q.turn
	if a.err != nil {
		return a.err
	}
	err := errUndo // unless reading it comes to its end
	defer func() { q.read <- err }()
	err = statementError(sql, read(a.results))
	return err
}

// turns are those that jobs have at the same time.
type turns struct {
	t     *postgresTx
	said  chan outcome
	parts map[*job]*part
}

// run answers what the jobs ask until the turns of all are over. Ended is told of
// each and returns its error; what a job that failed has written is forgotten. An
// error means that the transaction is to be rolled back.
func (s *turns) run(ended func(outcome) error) (undo error) {
	var asking []*question
	for running := len(s.parts); running > 0; {
		switch out := <-s.said; {
		case out.asks != nil:
			asking = append(asking, out.asks)
		default:
			running--
			undo = cmp.Or(undo, s.over(s.parts[out.job], ended(out)))
		}
		if len(asking) < running {
			continue
		}
		if undo == nil {
			undo = s.answer(asking)
		} else {
			giveUp(asking, undo)
		}
		asking = nil
	}
	return undo
}

// over keeps what a job has written that is still to be sent, unless it failed.
func (s *turns) over(p *part, err error) error {
	switch {
	case err == nil:
		s.t.queue = append(s.t.queue, p.queue...)
	case s.t.broken:
		return err
	case p.sent:
		return errUndo
	}
	return nil
}

// giveUp ends what jobs wait for.
func giveUp(asking []*question, why error) {
	for _, q := range asking {
		q.turn <- answer{err: why}
	}
}

// answer sends what the jobs have written and ask, and has each read its answer.
func (s *turns) answer(asking []*question) (err error) {
	if len(asking) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	first := s.t.takeQueue()
	queueAll(batch, first)
	for _, q := range asking {
		q.part.sent = q.part.sent || len(q.part.queue) > 0
		queueAll(batch, q.part.queue)
		batch.Queue(q.sql, q.args...)
	}
	results := s.t.conn.SendBatch(s.t.ctx, batch)
	err = readQueued(results, first)
	for _, q := range asking {
		if err == nil {
			err = readQueued(results, q.part.queue)
		}
		q.part.queue = nil
		q.turn <- answer{results, err}
		if err == nil {
			err = <-q.read
		}
	}
	if closed := results.Close(); err == nil {
		err = classify(closed)
	}
	s.t.broken = s.t.broken || err != nil
	return err
}

func queueAll(batch *pgx.Batch, queue []queued) {
	for _, q := range queue {
		batch.Queue(q.sql, q.args...)
	}
}
