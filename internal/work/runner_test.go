package work_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
)

// never is a poll so rare that only what a node is told of at once is done.
const never = time.Hour

// start runs a queue until the test ends. Each item that was worked on, with
// its follow-up writes, is signalled.
func (b *bench) start(q *work.Queue, cfg work.Config) (*work.Runner, <-chan struct{}) {
	b.t.Helper()
	worked := make(chan struct{}, 1000)
	cfg.Done = func(string, time.Duration) { worked <- struct{}{} }
	r := work.NewRunner(b.db, q, cfg)
	b.must(r.Start(b.t.Context()))
	b.t.Cleanup(r.Stop)
	return r, worked
}

// finish is the handler of an item that has nothing to ask.
func (b *bench) finish(q *work.Queue) work.Handler {
	return func(_ context.Context, it work.Item) (func(context.Context) error, error) {
		return func(context.Context) error {
			return b.update(func(tx *db.Tx) error { q.Finish(tx, it); return nil })
		}, nil
	}
}

func wait[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-t.Context().Done():
		t.Fatal("the test ended first")
		panic("unreachable")
	}
}

func TestADueItemGoesOnAtOnceOnTheNodeThatWroteIt(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		_, worked := b.start(b.queue, work.Config{Handle: b.finish(b.queue), Poll: never})
		it := b.enqueue("a", 0)
		if it.Lease == "" || it.Until.IsZero() {
			t.Errorf("the item was written without a lease: %+v", it)
		}
		wait(t, worked)
		if _, ok := b.item("a"); ok {
			t.Error("the item is still there")
		}
	})
}

func TestNothingGoesOnThatWasRolledBack(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		owners := make(chan string, 10)
		_, worked := b.start(b.queue, work.Config{Poll: never, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			owners <- it.Owner
			return b.finish(b.queue)(ctx, it)
		}})
		made := errors.New("made up")
		if err := b.update(func(tx *db.Tx) error {
			b.queue.Enqueue(tx, work.Item{Owner: "undone", Subject: "s", Step: "step", Due: tx.Now()})
			return made
		}); !errors.Is(err, made) {
			t.Fatal(err)
		}
		b.enqueue("a", 0)
		wait(t, worked)
		if owner := wait(t, owners); owner != "a" {
			t.Errorf("%s was worked on", owner)
		}
	})
}

func TestAnItemWaitsUntilItIsDue(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		order := make(chan string, 10)
		_, worked := b.start(b.queue, work.Config{Poll: time.Millisecond, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			order <- it.Owner
			return b.finish(b.queue)(ctx, it)
		}})
		b.enqueue("later", time.Hour)
		b.enqueue("now", 0)
		wait(t, worked)
		if got := wait(t, order); got != "now" {
			t.Fatalf("%s came first", got)
		}
		b.clock.MoveTo(opening.Add(time.Hour))
		wait(t, worked)
		if got := wait(t, order); got != "later" {
			t.Errorf("%s came second", got)
		}
	})
}

// TestManyItems are more than a node has room for when it asks for it: they wait,
// and none waits for the end of its lease.
func TestManyItems(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		_, worked := b.start(b.queue, work.Config{Handle: b.finish(b.queue), Workers: 1, Poll: time.Millisecond})
		const writers, each = 4, 50
		var done sync.WaitGroup
		for w := range writers {
			done.Go(func() {
				if err := b.update(func(tx *db.Tx) error {
					for n := range each {
						b.queue.Enqueue(tx, work.Item{Owner: strconv.Itoa(w), Subject: strconv.Itoa(n), Step: "step", Due: tx.Now()})
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		for range writers * each {
			wait(t, worked)
		}
		done.Wait()
		if due := b.due(0); len(due) != 0 {
			t.Errorf("there is still work: %v", due)
		}
	})
}

// TestAnotherNodeTakesOver has a node fall silent in the middle of an item. The
// other one takes the item when its lease has ended, and the first one's
// outcome is refused.
func TestAnotherNodeTakesOver(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		clk := clock.NewVirtual(opening)
		url := dbtest.URL(t, engine)
		open := func() *db.DB { return dbtest.Open(t, engine, db.Config{URL: url, Clock: clk}) }
		first := &bench{t: t, db: open(), queue: work.NewQueue("first", 200*time.Millisecond), clock: clk}
		second := &bench{t: t, db: first.db, queue: work.NewQueue("second", time.Minute), clock: clk}
		if engine == dbtest.Postgres {
			second.db = open() // a node of its own: a file has only one
		}
		goOn, asked, outcome := make(chan struct{}), make(chan work.Item, 10), make(chan error, 10)
		first.start(first.queue, work.Config{Poll: never, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			asked <- it
			<-goOn
			settle, err := first.finish(first.queue)(ctx, it)
			return func(ctx context.Context) error { err := settle(ctx); outcome <- err; return err }, err
		}})
		it := first.enqueue("a", 0)
		if got := wait(t, asked); got.Lease != it.Lease || !strings.HasPrefix(it.Lease, "first.") {
			t.Errorf("asked under the lease %q, written was %q", got.Lease, it.Lease)
		}
		taken := make(chan work.Item, 10)
		_, worked := second.start(second.queue, work.Config{Poll: time.Millisecond, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			taken <- it
			return second.finish(second.queue)(ctx, it)
		}})
		if engine == dbtest.Postgres {
			if got := wait(t, taken); !strings.HasPrefix(got.Lease, "second.") || got.Tries != 1 {
				t.Errorf("taken under the lease %q after %d tries", got.Lease, got.Tries)
			}
		}
		wait(t, worked)
		close(goOn)
		if err := wait(t, outcome); err == nil {
			t.Error("the outcome of a node that has lost its lease was written")
		}
	})
}

// TestALeaseKeepsOthersAway has a second node look for work while the first one
// has it.
func TestALeaseKeepsOthersAway(t *testing.T) {
	t.Parallel()
	clk := clock.NewVirtual(opening)
	url := dbtest.URL(t, dbtest.Postgres)
	open := func() *db.DB { return dbtest.Open(t, dbtest.Postgres, db.Config{URL: url, Clock: clk}) }
	first := &bench{t: t, db: open(), queue: work.NewQueue("first", time.Hour), clock: clk}
	second := &bench{t: t, db: open(), queue: work.NewQueue("second", time.Hour), clock: clk}
	goOn, asked := make(chan struct{}), make(chan struct{})
	_, worked := first.start(first.queue, work.Config{Poll: never, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
		close(asked)
		<-goOn
		return first.finish(first.queue)(ctx, it)
	}})
	first.enqueue("a", 0)
	wait(t, asked)
	owners := make(chan string, 10)
	_, others := second.start(second.queue, work.Config{Poll: time.Millisecond, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
		owners <- it.Owner
		return second.finish(second.queue)(ctx, it)
	}})
	// The first node's bench writes b without a runner of its queue: the second
	// node has to claim it, and in doing so passes a by.
	idle := &bench{t: t, db: first.db, queue: work.NewQueue("idle", time.Hour), clock: clk}
	idle.enqueue("b", 0)
	wait(t, others)
	if got := wait(t, owners); got != "b" {
		t.Errorf("the second node has taken %s", got)
	}
	close(goOn)
	wait(t, worked)
	if _, ok := first.item("a"); ok {
		t.Error("the first node's item is still there")
	}
}

// TestADeadProcessKeepsNoLease opens a file again whose last process died with
// its leases.
func TestADeadProcessKeepsNoLease(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite)
	goOn, asked := make(chan struct{}), make(chan struct{}, 1)
	_, worked := b.start(b.queue, work.Config{Poll: never, Handle: func(context.Context, work.Item) (func(context.Context) error, error) {
		asked <- struct{}{}
		<-goOn
		return nil, work.ErrLeaseLost // it leaves the item as a dead process would
	}})
	b.enqueue("a", 0)
	wait(t, asked)
	close(goOn)
	wait(t, worked)
	if it := b.mustItem("a"); it.Lease == "" {
		t.Fatal("the item has no lease")
	}
	next := work.NewQueue("next", time.Hour)
	taken := make(chan work.Item, 1)
	_, worked = b.start(next, work.Config{Poll: time.Millisecond, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
		taken <- it
		return b.finish(next)(ctx, it)
	}})
	wait(t, worked)
	if it := wait(t, taken); it.Tries != 1 {
		t.Errorf("what a dead process had begun counts %d tries", it.Tries)
	}
	if _, ok := b.item("a"); ok {
		t.Error("the item is still there")
	}
}

func TestAHandlerThatPanicsIsTriedAgain(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		_, worked := b.start(b.queue, work.Config{Poll: time.Millisecond, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			switch it.Tries {
			case 0:
				panic("made up: while it asks")
			case 1:
				return func(context.Context) error { panic("made up: while it writes") }, nil
			case 2:
				return nil, errors.New("made up: an error")
			}
			return b.finish(b.queue)(ctx, it)
		}})
		b.enqueue("a", 0)
		for tries, want := range []string{"panic: made up: while it asks", "panic: made up: while it writes", "made up: an error"} {
			wait(t, worked)
			it := b.mustItem("a")
			if it.Tries != tries+1 || !strings.HasPrefix(it.Error, want) || !it.Due.After(b.clock.Now()) || it.Lease != "" {
				t.Errorf("after %d tries the item is %+v", tries+1, it)
			}
			b.clock.MoveTo(it.Due)
		}
		wait(t, worked)
		if _, ok := b.item("a"); ok {
			t.Error("the item is still there")
		}
	})
}

func TestADefectIsGivenUp(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		_, worked := b.start(b.queue, work.Config{Poll: time.Millisecond, Handle: func(context.Context, work.Item) (func(context.Context) error, error) {
			return nil, errors.New("made up")
		}})
		b.enqueue("a", 0)
		tries := 0
		for it := b.mustItem("a"); it.State == work.Ready; it = b.mustItem("a") {
			b.clock.MoveTo(it.Due)
			wait(t, worked)
			tries++
		}
		if it := b.mustItem("a"); it.Tries != tries || tries < 10 || it.Error != "made up" {
			t.Errorf("it was tried %d times, and is %+v", tries, it)
		}
	})
}

// TestADeadlineEndsTheTries gives an item up whose next try would come too late.
func TestADeadlineEndsTheTries(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		deadline := opening.Add(10 * time.Minute)
		it := b.enqueue("a", 0)
		b.must(b.update(func(tx *db.Tx) error {
			it.Deadline = deadline
			b.queue.Retry(tx, it, opening, 0, "")
			return nil
		}))
		_, worked := b.start(b.queue, work.Config{Poll: time.Millisecond, Handle: func(context.Context, work.Item) (func(context.Context) error, error) {
			return nil, errors.New("made up")
		}})
		for it = b.mustItem("a"); it.State == work.Ready; it = b.mustItem("a") {
			if it.Due.After(deadline) {
				t.Fatalf("it is due at %s, past its deadline", it.Due)
			}
			b.clock.MoveTo(it.Due)
			wait(t, worked)
		}
		if now := b.clock.Now(); it.Tries < 5 || now.Before(opening.Add(5*time.Minute)) || !it.Late(deadline.Add(1)) || it.Late(deadline) {
			t.Errorf("at %s it was given up: %+v", now, it)
		}
	})
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		r, _ := b.start(b.queue, work.Config{Poll: never, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			close(asked)
			<-goOn
			if err := ctx.Err(); err != nil {
				t.Errorf("what is in hand was cut off: %v", err)
			}
			return b.finish(b.queue)(ctx, it)
		}})
		b.enqueue("a", 0)
		wait(t, asked)
		stopped := make(chan struct{})
		go func() { r.Stop(); close(stopped) }()
		close(goOn)
		wait(t, stopped)
		if _, ok := b.item("a"); ok {
			t.Error("Stop has left what was in hand")
		}
		if it := b.enqueue("b", 0); it.Lease != "" {
			t.Errorf("a stopped node has taken the lease %q", it.Lease)
		}
	})
}

// TestStopTakesNothingNewAndGivesBackWhatWaits stops a node whose one worker is
// busy, while an item waits for it there.
func TestStopTakesNothingNewAndGivesBackWhatWaits(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		asked, goOn := make(chan string, 10), make(chan struct{})
		r, _ := b.start(b.queue, work.Config{Poll: never, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			asked <- it.Owner
			<-goOn
			return b.finish(b.queue)(ctx, it)
		}})
		b.enqueue("a", 0)
		wait(t, asked)
		waits := b.enqueue("b", 0)
		if waits.Lease == "" || !b.wouldTake() {
			t.Fatal("the node has no room")
		}
		stopped := make(chan struct{})
		go func() { r.Stop(); close(stopped) }()
		for b.wouldTake() { // until the node has begun to stop
		}
		close(goOn)
		wait(t, stopped)
		if len(asked) > 0 {
			t.Errorf("a node that was stopping has begun %s", <-asked)
		}
		if it := b.mustItem("b"); !it.Until.IsZero() || it.Lease != waits.Lease {
			t.Errorf("what has waited was not given back: %+v", it)
		}
	})
}

// wouldTake says whether the node leases an item that is written now. Nothing is.
func (b *bench) wouldTake() bool {
	var lease string
	_ = b.update(func(tx *db.Tx) error {
		lease = b.queue.Enqueue(tx, work.Item{Owner: "trial", Subject: "s", Step: "step", Due: tx.Now()}).Lease
		return errors.New("made up: only a trial")
	})
	return lease != ""
}

// TestStopGivesBackWhatItCouldNotTake stops a node that has leased more items
// than there is room for.
func TestStopGivesBackWhatItCouldNotTake(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		asked, goOn := make(chan string, 10), make(chan struct{})
		r, _ := b.start(b.queue, work.Config{Poll: never, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			asked <- it.Owner
			<-goOn
			return b.finish(b.queue)(ctx, it)
		}})
		b.enqueue("a", 0)
		wait(t, asked)
		const many = 20 // in one transaction, all of which saw room
		b.must(b.update(func(tx *db.Tx) error {
			for n := range many {
				b.queue.Enqueue(tx, work.Item{Owner: "n", Subject: strconv.Itoa(n), Step: "step", Due: tx.Now()})
			}
			return nil
		}))
		stopped := make(chan struct{})
		go func() { r.Stop(); close(stopped) }()
		for b.leased("n") == many { // until those are given back for which there is no room
		}
		close(goOn)
		wait(t, stopped)
		for b.leased("n") > 0 { // by those that come last
		}
		if len(asked) > 0 {
			t.Errorf("a node that was stopping has begun %s", <-asked)
		}
	})
}

// leased returns how many items of an owner have a lease that has not ended.
func (b *bench) leased(owner string) int {
	b.t.Helper()
	items, err := db.View(b.t.Context(), b.db, func(r db.Reader) ([]work.Item, error) { return work.Of(r, owner) })
	b.must(err)
	return len(slices.DeleteFunc(items, func(it work.Item) bool { return it.Until.IsZero() }))
}

// TestStopWithAFullQueue stops a node while it claims more than it has room for.
func TestStopWithAFullQueue(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		asked, goOn := make(chan struct{}, 1000), make(chan struct{})
		r, _ := b.start(b.queue, work.Config{Poll: time.Millisecond, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			asked <- struct{}{}
			<-goOn
			return b.finish(b.queue)(ctx, it)
		}})
		var done sync.WaitGroup
		for n := range 100 {
			done.Go(func() { b.enqueue(strconv.Itoa(n), 0) })
		}
		done.Wait()
		wait(t, asked)
		stopped := make(chan struct{})
		go func() { r.Stop(); close(stopped) }()
		close(goOn)
		wait(t, stopped)
		if slices.Equal(b.due(0), nil) {
			t.Error("Stop has waited until everything was done")
		}
	})
}

// TestALeaseLastsFromWhenTheProviderIsAsked has an item wait for a worker for
// a part of its lease: it must not be someone else's while it is asked about.
func TestALeaseLastsFromWhenTheProviderIsAsked(t *testing.T) {
	const lease = 2 * time.Second
	onBenches(t, func(t *testing.T, b *bench) {
		queue := work.NewQueue("impatient", lease)
		begun, until := make(chan struct{}, 10), make(chan time.Time, 1)
		_, worked := b.start(queue, work.Config{Poll: never, Workers: 1, Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
			if it.Owner == "first" {
				begun <- struct{}{}
				<-time.After(lease / 4) // as a slow provider does
			} else {
				until <- b.mustItem(it.Owner).Until
			}
			return b.finish(queue)(ctx, it)
		}})
		enqueue := func(owner string) (it work.Item) {
			b.must(b.update(func(tx *db.Tx) error {
				it = queue.Enqueue(tx, work.Item{Owner: owner, Subject: "subject", Step: "step", Due: tx.Now()})
				return nil
			}))
			return it
		}
		enqueue("first")
		wait(t, begun)
		second := enqueue("second")
		if renewed := wait(t, until); renewed.Sub(second.Until) < lease/8 {
			t.Errorf("the lease ends at %s when the provider is asked, as when it was enqueued (%s)", renewed, second.Until)
		}
		wait(t, worked)
		wait(t, worked)
	})
}
