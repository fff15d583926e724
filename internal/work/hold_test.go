package work_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
)

// twoNodes returns two nodes of one shop. They are PostgreSQL's: a file has one
// writer, so that there a claim and another transaction never meet.
func twoNodes(t *testing.T) (first, second *bench) {
	t.Helper()
	// A claim that waits for a lock has failed: it is soon told so.
	clk, url := clock.NewVirtual(opening), dbtest.URL(t, dbtest.Postgres)+"&lock_timeout=3s"
	node := func(name string) *bench {
		d := dbtest.Open(t, dbtest.Postgres, db.Config{URL: url, Clock: clk})
		return &bench{t: t, db: d, queue: work.NewQueue(name, time.Hour), clock: clk}
	}
	return node("first"), node("second")
}

// TestAClaimPassesByWhatIsHeld has another node claim while a transaction holds
// an owner's items, finishes one of them and puts another off.
func TestAClaimPassesByWhatIsHeld(t *testing.T) {
	t.Parallel()
	first, second := twoNodes(t)
	first.must(first.update(func(tx *db.Tx) error {
		for _, subject := range []string{"1 done", "2 due", "3 put off"} {
			first.queue.Enqueue(tx, work.Item{Owner: "held", Subject: subject, Step: "step", Due: tx.Now()})
		}
		return nil
	}))
	second.enqueue("other", 0)
	var next func() string
	var worked <-chan struct{}
	if err := first.update(func(tx *db.Tx) error {
		held, err := work.Hold(tx, "held")
		if err != nil || len(held) != 3 {
			return fmt.Errorf("held are %+v: %w", held, err)
		}
		next, worked = second.claims()
		if got := next(); got != "other: subject" {
			t.Errorf("beside what is held the other node has taken %s", got)
		}
		// One claim takes all that it can, and this transaction has not written
		// anything yet: what was not passed by has a lease now, or is gone.
		if now, err := work.Of(tx, "held"); err != nil || !slices.Equal(now, held) {
			t.Errorf("what is held has become %+v, %v", now, err)
		}
		first.queue.Finish(tx, held[0])
		first.queue.Retry(tx, held[2], opening.Add(time.Hour), 0, "")
		return nil
	}); err != nil {
		t.Fatalf("what is held was changed: %v", err)
	}
	if got := next(); got != "held: 2 due" {
		t.Errorf("of what was held the other node has taken %s", got)
	}
	wait(t, worked)
	wait(t, worked)
	if it := first.mustItem("held"); it.Subject != "3 put off" || it.Lease != "" {
		t.Errorf("left is %+v", it)
	}
}

// claims has the node claim all that is due, again and again. What it takes, or
// why it could not, comes from next; each item that it has finished is signalled.
func (b *bench) claims() (next func() string, worked <-chan struct{}) {
	b.t.Helper()
	taken, refused := make(chan string, 10), make(refusals, 10)
	_, worked = b.start(b.queue, work.Config{Poll: time.Millisecond, Log: slog.New(refused), Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
		taken <- it.Owner + ": " + it.Subject
		return b.finish(b.queue)(ctx, it)
	}})
	return func() string {
		select {
		case what := <-taken:
			return what
		case why := <-refused:
			return "nothing, for " + why
		}
	}, worked
}

// refusals is a log of errors.
type refusals chan string

func (refusals) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (r refusals) WithAttrs([]slog.Attr) slog.Handler         { return r }
func (r refusals) WithGroup(string) slog.Handler              { return r }

func (r refusals) Handle(_ context.Context, rec slog.Record) error {
	text := []string{rec.Message}
	rec.Attrs(func(a slog.Attr) bool { text = append(text, a.String()); return true })
	r <- strings.Join(text, " ")
	return nil
}
