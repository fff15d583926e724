package db

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"sync/atomic"

	"doorstep/fault"
)

// Update runs fn in a transaction and returns its result once that is durable.
// The locks name everything fn will change: Updates that share one run one
// after the other, on every node.
//
// fn runs on the caller's goroutine and may run again when the transaction has
// to be repeated: it keeps nothing but its result. When it returns an error,
// or panics, what it wrote is undone and only that; the panic goes on in the
// caller. ctx counts until fn starts, after that the Update runs to its end. An
// Update inside an Update panics.
//
// Errors by code: fn's own; Internal when a statement failed or a Write changed
// another number of rows than one; Unavailable when ctx ended before fn
// started, when the database is closed, full or away, and when the connection
// broke at the commit, so that the outcome is not known.
func Update[T any](ctx context.Context, d *DB, locks []Lock, fn func(tx *Tx) (T, error)) (T, error) {
	var result, zero T
	err := d.update(ctx, locks, func(tx *Tx) (err error) {
		result, err = fn(tx)
		return err
	})
	if err != nil {
		return zero, err
	}
	return result, nil
}

func (d *DB) update(ctx context.Context, locks []Lock, fn func(*Tx) error) error {
	if d.config.ReadOnly {
		return fault.New(fault.Conflict, "the database was opened for reading only")
	}
	me := goroutine()
	if d.isRunning(me) {
		panic("db: an Update inside an Update would wait for itself: pass its tx on instead")
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	d.stats.updates.Add(1)
	j := newJob(me, sortLocks(locks))
	select {
	case d.queue <- j:
	case <-ctx.Done():
		return gaveUp(ctx.Err())
	}
	return j.await(ctx, fn)
}

// The stages of a job: it can be withdrawn until it has started.
const (
	waiting int32 = iota
	started
	withdrawn
)

// job is one Update on its way through a writer.
type job struct {
	caller  int64 // the goroutine that runs it
	locks   []Lock
	stage   atomic.Int32
	calls   chan call      // from the writer
	results chan<- outcome // to the writer, who says where when it is the job's turn
	crashed bool
	tx      *Tx // of the last run
}

// call is what a writer says to a job's caller: take your turn, or the answer.
type call struct {
	turn   *Tx
	answer error
}

// outcome is what a caller says to the writer when its turn is over, or on
// PostgreSQL when it waits for an answer in the midst of it.
type outcome struct {
	job     *job
	err     error
	crashed bool      // it panicked or its goroutine ended
	asks    *question // what it waits for, nil when its turn is over
}

func newJob(caller int64, locks []Lock) *job {
	return &job{caller: caller, locks: locks, calls: make(chan call, 1)}
}

// await takes the turns that the writer gives, on the caller's goroutine, until
// the answer comes.
func (j *job) await(ctx context.Context, fn func(*Tx) error) error {
	done := ctx.Done()
	for {
		select {
		case <-done:
			if j.stage.CompareAndSwap(waiting, withdrawn) {
				return gaveUp(ctx.Err())
			}
			done = nil
		case c := <-j.calls:
			if c.turn == nil {
				return j.finish(c.answer)
			}
			j.take(c.turn, fn)
		}
	}
}

// finish runs the functions that wait for the commit.
func (j *job) finish(answer error) error {
	if answer != nil {
		return answer
	}
	for _, f := range j.tx.onCommit {
		f()
	}
	return nil
}

// take runs fn and hands the turn back, also when fn does not return.
func (j *job) take(tx *Tx, fn func(*Tx) error) {
	out := outcome{job: j, crashed: true}
	defer func() {
		j.results <- out
		if out.crashed {
			<-j.calls // what it wrote is undone before the panic goes on
		}
	}()
	out = outcome{job: j, err: fn(tx)}
}

// start says whether the job still wants to run.
func (j *job) start() bool {
	return j.stage.CompareAndSwap(waiting, started) || j.stage.Load() == started && !j.crashed
}

// begin lets the job run in tx. What comes of it is said to results.
func (d *DB) begin(j *job, tx *Tx, results chan<- outcome) {
	j.tx, j.results = tx, results
	d.running.Store(j.caller, true)
	j.calls <- call{turn: tx}
}

// end ends the job's turn, and its tx, and returns its error. A failed statement
// is an error even where the function took it lightly, for PostgreSQL has given
// the transaction up by then.
func (d *DB) end(out outcome) error {
	j := out.job
	d.running.Delete(j.caller)
	j.tx.over = true
	switch {
	case out.crashed:
		j.crashed = true
		return errCrashed
	case out.err != nil:
		return out.err
	}
	return j.tx.err
}

// errCrashed stands for a panic, which the caller sees itself.
var errCrashed = fault.New(fault.Internal, "the function did not return")

// answer ends the job.
func (j *job) answer(err error) { j.calls <- call{answer: err} }

// answerAll ends all jobs in the same way.
func answerAll(jobs []*job, err error) {
	for _, j := range jobs {
		j.answer(err)
	}
}

// isRunning says whether a goroutine's function is having its turn.
func (d *DB) isRunning(goroutine int64) bool {
	_, running := d.running.Load(goroutine)
	return running
}

// goroutine returns the number of the running goroutine. The runtime tells it
// in a stack trace only: "goroutine 18 [running]:…".
func goroutine() int64 {
	var buf [40]byte
	text := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		panic("db: the runtime's stack trace has another form: " + string(text))
	}
	return n
}
