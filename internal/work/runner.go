package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"doorstep/internal/db"
)

// Handler does an item's part outside of any transaction, such as asking a
// provider, and returns what is then to be written. What it returns is called
// once. An error means that nothing could be found out or written: the item is
// tried again later.
type Handler func(ctx context.Context, it Item) (settle func(context.Context) error, err error)

// Config says how a Runner works. The zero value of everything but Handle is usable.
type Config struct {
	Handle  Handler
	Workers int           // how many items are worked on at once, 64 when 0
	Poll    time.Duration // how often the database is asked for due items, 200 ms when 0
	Log     *slog.Logger
	Done    func(step string, took time.Duration) // told of each item that was worked on and the machine's time it took
	// Begin is told of each item that is worked on, and returns the context in which it
	// is and what is told of its end.
	Begin func(ctx context.Context, it Item) (context.Context, func(error))
	// Failed puts an item back whose handler failed, or gives it up, as AfterFailure
	// says, together with whatever else is kept of it. When nil, only the item is.
	Failed func(ctx context.Context, it Item, cause error) error
}

// Runner does what is due: items that this node enqueued at once, all others
// when their time has come and no one else has them.
type Runner struct {
	db    *db.DB
	queue *Queue
	cfg   Config

	outage outage

	ready chan Item
	poked chan struct{}
	stop  context.CancelFunc
	wg    sync.WaitGroup

	stopped <-chan struct{} // closed when no worker takes an item any more
}

// waiting is how many items a node leases for each of its workers: few, so that
// none waits for as long as its lease lasts.
const waiting = 2

// NewRunner returns a runner that is not started yet.
func NewRunner(d *db.DB, q *Queue, cfg Config) *Runner {
	if cfg.Workers == 0 {
		cfg.Workers = 64
	}
	if cfg.Poll == 0 {
		cfg.Poll = 200 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Done == nil {
		cfg.Done = func(string, time.Duration) {}
	}
	if cfg.Begin == nil {
		cfg.Begin = func(ctx context.Context, _ Item) (context.Context, func(error)) { return ctx, func(error) {} }
	}
	if cfg.Failed == nil {
		cfg.Failed = func(ctx context.Context, it Item, cause error) error {
			_, err := db.Update(ctx, d, nil, func(tx *db.Tx) (Item, error) { return q.AfterFailure(tx, it, cause), nil })
			return err
		}
	}
	return &Runner{db: d, queue: q, cfg: cfg, outage: outage{log: cfg.Log}, ready: make(chan Item, 2*waiting*cfg.Workers), poked: make(chan struct{}, 1)}
}

// Start begins to work until Stop, with what is due already. On a database
// that one process holds, it first ends the leases that a dead one left.
func (r *Runner) Start(ctx context.Context) error {
	if r.db.Engine() == "sqlite" {
		if _, err := db.Update(ctx, r.db, []db.Lock{claimLock}, func(tx *db.Tx) (struct{}, error) {
			release(tx)
			return struct{}{}, nil
		}); err != nil {
			return fmt.Errorf("end old leases: %w", err)
		}
	}
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.stopped = ctx.Done()
	more, err := r.claim(ctx)
	if err != nil {
		r.stop()
		return fmt.Errorf("claim work: %w", err)
	}
	if more {
		r.wake()
	}
	for range r.cfg.Workers {
		r.wg.Go(func() { r.work(ctx) })
	}
	r.wg.Go(func() { r.poll(ctx) })
	r.queue.runner.Store(r)
	return nil
}

// Stop takes no further item and returns when those in hand are done. What
// waits is given back.
func (r *Runner) Stop() {
	if r.stop != nil {
		r.stop()
	}
	r.queue.runner.CompareAndSwap(r, nil)
	r.wg.Wait()
	var unbegun []Item
	for len(r.ready) > 0 {
		unbegun = append(unbegun, <-r.ready)
	}
	r.giveBack(unbegun)
}

// giveBack ends the leases of what was not begun here, so that others need not
// wait until they end by themselves.
func (r *Runner) giveBack(unbegun []Item) {
	if len(unbegun) == 0 {
		return
	}
	if _, err := db.Update(context.Background(), r.db, []db.Lock{claimLock}, func(tx *db.Tx) (struct{}, error) {
		endLeases(tx, unbegun)
		return struct{}{}, nil
	}); err != nil {
		r.cfg.Log.Info("what was not begun could not be given back: its leases will end", "error", err)
	}
}

func (r *Runner) work(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case it := <-r.ready:
			// What is in hand is finished also when the runner stops.
			r.runOnce(context.WithoutCancel(ctx), it)
		}
	}
}

// poll claims due items as long as there is room for them.
func (r *Runner) poll(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Poll)
	defer tick.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.poked:
		}
		more, err := r.claim(ctx)
		for more && ctx.Err() == nil {
			more, err = r.claim(ctx)
		}
		if ctx.Err() != nil {
			return // what failed now failed because of that
		}
		if failures = r.failures(failures, err); failures > 0 {
			tick.Reset(r.cfg.Poll * time.Duration(min(1<<min(failures, 10), maxSlower)))
		} else {
			tick.Reset(r.cfg.Poll)
		}
	}
}

// maxSlower is how many times slower the database is asked while it refuses.
const maxSlower = 100

// failures counts claims that failed one after the other, and logs the first
// of them and the end of them.
func (r *Runner) failures(before int, err error) int {
	switch {
	case err == nil && before > 0:
		r.cfg.Log.Info("claiming work goes on", "failed", before)
		return 0
	case err == nil:
		return 0
	case before == 0:
		r.cfg.Log.Error("claiming work failed: it is tried again until it goes on", "error", err)
	}
	return before + 1
}

// claim takes what is due and says whether there may be more.
func (r *Runner) claim(ctx context.Context) (more bool, err error) {
	room := waiting*r.cfg.Workers - len(r.ready)
	if room <= 0 {
		return false, nil
	}
	best := time.Now().Add(r.queue.lease)
	items, err := db.Update(ctx, r.db, []db.Lock{claimLock}, func(tx *db.Tx) ([]Item, error) {
		return r.queue.claim(tx, room)
	})
	if err != nil {
		return false, err
	}
	for i := range items {
		items[i].best = best
		if !r.hand(items[i]) {
			r.giveBack(items[i:])
			return false, nil
		}
	}
	return len(items) == room, nil
}

func (r *Runner) hasRoom() bool { return len(r.ready) < waiting*r.cfg.Workers }

// push hands an item that this node has leased to a worker. Those that asked for
// room at the same time may be more than there is: they wait for it, as many as
// there are Updates at once.
func (r *Runner) push(it Item) {
	select {
	case r.ready <- it:
	default:
		go func() {
			if !r.hand(it) {
				r.giveBack([]Item{it})
			}
		}()
	}
}

// hand waits until there is room for an item, and says whether there ever was:
// not when no one takes it any more.
func (r *Runner) hand(it Item) bool {
	select {
	case r.ready <- it:
		return true
	case <-r.stopped:
		return false
	}
}

func (r *Runner) wake() {
	select {
	case r.poked <- struct{}{}:
	default:
	}
}

// runOnce does one item and its follow-up writes.
func (r *Runner) runOnce(ctx context.Context, it Item) {
	start := time.Now()
	if !r.stillMine(ctx, it) {
		return
	}
	ctx, end := r.cfg.Begin(ctx, it)
	log := r.cfg.Log.With("step", it.Step, "owner", it.Owner, "subject", it.Subject)
	log.DebugContext(ctx, "step begins")
	settle, err := r.ask(ctx, it)
	if err == nil {
		log.DebugContext(ctx, "step is answered")
		err = r.settle(ctx, settle)
	}
	r.failed(ctx, it, err)
	log.DebugContext(ctx, "step ends")
	end(err)
	r.cfg.Done(it.Step, time.Since(start))
}

// stillMine says whether an item that may have waited here is still this
// node's, for as long as a new lease: when much of its lease is gone, it is
// renewed before a provider is asked.
func (r *Runner) stillMine(ctx context.Context, it Item) bool {
	if it.Lease == "" || time.Until(it.best) > r.queue.lease*9/10 {
		return true
	}
	_, err := db.Update(ctx, r.db, nil, func(tx *db.Tx) (struct{}, error) { return struct{}{}, r.queue.renew(tx, it) })
	if err != nil && !errors.Is(err, ErrLeaseLost) {
		r.cfg.Log.Log(ctx, r.outage.level(err), "renewing a lease failed", "step", it.Step, "owner", it.Owner, "error", err)
	}
	return err == nil
}

func (r *Runner) ask(ctx context.Context, it Item) (settle func(context.Context) error, err error) {
	defer recovered(&err)
	return r.cfg.Handle(ctx, it)
}

func (r *Runner) settle(ctx context.Context, settle func(context.Context) error) (err error) {
	defer recovered(&err)
	return settle(ctx)
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// The spacing of tries of an item whose handler failed: a defect, or a
// database that is away.
const (
	failedFirst = time.Second
	failedMost  = 5 * time.Minute
	failedTries = 200 // where there is no deadline
)

// AfterFailure puts an item back whose handler failed, to be tried again after
// a while, or gives it up after many tries or past its deadline.
func (q *Queue) AfterFailure(tx *db.Tx, it Item, cause error) Item {
	again := tx.Now().Add(Backoff(it, it.Tries, failedFirst, failedMost))
	if it.Tries+1 >= failedTries && it.Deadline.IsZero() || it.Late(again) {
		return q.GiveUp(tx, it, cause.Error())
	}
	return q.Retry(tx, it, again, it.Tries+1, cause.Error())
}

// failed puts an item back whose handler could not be carried out.
func (r *Runner) failed(ctx context.Context, it Item, err error) {
	if err == nil {
		r.outage.over()
		return
	}
	if errors.Is(err, ErrLeaseLost) {
		r.cfg.Log.InfoContext(ctx, "a lease was lost", "step", it.Step, "owner", it.Owner, "subject", it.Subject)
		return
	}
	r.cfg.Log.Log(ctx, r.outage.level(err), "a step failed", "step", it.Step, "owner", it.Owner, "subject", it.Subject, "tries", it.Tries, "error", err)
	if err := r.cfg.Failed(ctx, it, err); err != nil {
		r.cfg.Log.Log(ctx, r.outage.level(err), "a failed step could not be put back: its lease will end", "step", it.Step, "owner", it.Owner, "error", err)
	}
}
