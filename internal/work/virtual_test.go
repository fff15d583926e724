package work_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/work"
)

// log is what a virtual runner did, and when by the shop's clock.
type log struct {
	*bench
	lines []string
	lag   map[string]time.Duration // how long an owner's provider takes
}

func (l *log) note(what string, it work.Item) {
	l.lines = append(l.lines, fmt.Sprintf("%s %s %s", l.clock.Now().Format("15:04:05"), what, it.Owner))
}

// handle asks, which takes the owner's lag, and finishes.
func (l *log) handle(ctx context.Context, it work.Item) (func(context.Context) error, error) {
	l.note("asks", it)
	if err := l.clock.Sleep(ctx, l.lag[it.Owner]); err != nil {
		return nil, err
	}
	return func(context.Context) error {
		l.note("writes", it)
		return l.update(func(tx *db.Tx) error { l.queue.Finish(tx, it); return nil })
	}, nil
}

func (l *log) want(lines ...string) {
	l.t.Helper()
	if !slices.Equal(l.lines, lines) {
		l.t.Errorf("it did\n%q, not\n%q", l.lines, lines)
	}
}

func TestVirtualTimeHasOneOrder(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		l := &log{bench: b, lag: map[string]time.Duration{"slow": 90 * time.Second, "slow too": 90 * time.Second}}
		v := work.NewVirtual(b.db, b.queue, b.clock, work.Config{Handle: l.handle})
		for _, owner := range []string{"slow too", "b", "slow", "a"} {
			b.enqueue(owner, time.Minute)
		}
		b.enqueue("between", 2*time.Minute)
		b.enqueue("later", time.Hour)
		b.must(v.RunUntil(t.Context(), opening.Add(10*time.Minute)))
		l.want("09:01:00 asks a", "09:01:00 writes a", "09:01:00 asks b", "09:01:00 writes b", "09:01:00 asks slow", "09:01:00 asks slow too",
			"09:02:00 asks between", "09:02:00 writes between", "09:02:30 writes slow", "09:02:30 writes slow too")
		if now := b.clock.Now(); !now.Equal(opening.Add(10 * time.Minute)) {
			t.Errorf("the clock stands at %s", now)
		}
		b.must(v.RunAll(t.Context(), opening.Add(day)))
		if now := b.clock.Now(); !now.Equal(opening.Add(time.Hour)) {
			t.Errorf("after all was done the clock stands at %s", now)
		}
	})
}

func TestVirtualTimeStopsBetweenAskingAndWriting(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		l := &log{bench: b, lag: map[string]time.Duration{"slow": time.Minute}}
		v := work.NewVirtual(b.db, b.queue, b.clock, work.Config{Handle: l.handle})
		b.enqueue("slow", 0)
		b.must(v.RunUntil(t.Context(), opening.Add(59*time.Second)))
		l.want("09:00:00 asks slow")
		if _, ok := b.item("slow"); !ok {
			t.Error("the item is gone while its provider is being asked")
		}
		b.must(v.RunUntil(t.Context(), opening.Add(time.Minute)))
		l.want("09:00:00 asks slow", "09:01:00 writes slow")
	})
}

func TestAVirtualRunEndsWithWhatNoStepCanHandle(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		broken := errors.New("made up")
		v := work.NewVirtual(b.db, b.queue, b.clock, work.Config{Handle: func(_ context.Context, it work.Item) (func(context.Context) error, error) {
			switch it.Owner {
			case "broken":
				return nil, broken
			case "panics":
				return func(context.Context) error { panic("made up") }, nil
			}
			return func(context.Context) error {
				return errors.Join(work.ErrLeaseLost, b.update(func(tx *db.Tx) error { b.queue.Finish(tx, it); return nil }))
			}, nil
		}})
		b.enqueue("lost", 0)
		b.must(v.RunUntil(t.Context(), opening))
		it := b.enqueue("broken", 0)
		if err := v.RunUntil(t.Context(), opening); !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
		b.must(b.update(func(tx *db.Tx) error { b.queue.Finish(tx, it); return nil }))
		b.enqueue("panics", 0)
		if err := v.RunUntil(t.Context(), opening); err == nil {
			t.Error("a panic went unnoticed")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.RunUntil(ended, opening.Add(time.Hour)); !errors.Is(err, context.Canceled) || !b.clock.Now().Equal(opening) {
			t.Errorf("after the end of its context: %v, the clock stands at %s", err, b.clock.Now())
		}
	})
}
