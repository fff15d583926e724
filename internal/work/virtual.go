package work

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"

	"doorstep/clock"
	"doorstep/internal/db"
)

// Virtual does what is due on a clock that it moves, one thing after the other
// in a fixed order: the same shop and the same seed give the same history.
// What a provider takes in shop time passes between asking and writing, so
// that other things can happen meanwhile.
type Virtual struct {
	*Runner
	clock   *clock.Virtual
	flights flights
	asked   map[string]bool // the items in flight, by Key
	count   int
}

// NewVirtual returns a runner on a virtual clock. It is not started: RunUntil
// runs it. It is for one caller at a time.
func NewVirtual(d *db.DB, q *Queue, c *clock.Virtual, cfg Config) *Virtual {
	return &Virtual{Runner: NewRunner(d, q, cfg), clock: c, asked: map[string]bool{}}
}

// flight is an item that was asked about, and whose answer comes at a time.
type flight struct {
	at     time.Time
	n      int // the order of asking, for answers of the same instant
	item   Item
	settle func(context.Context) error
	spent  time.Duration // of the machine's time, on asking
}

// RunUntil does everything that falls due up to and including t, and leaves
// the clock at t. An error is the first that no step could handle itself.
func (v *Virtual) RunUntil(ctx context.Context, t time.Time) error {
	for {
		more, err := v.step(ctx, t)
		if err != nil {
			return err
		}
		if !more {
			v.clock.MoveTo(t)
			return nil
		}
	}
}

// RunAll does everything there is to do up to the horizon, and leaves the
// clock where the last thing was done.
func (v *Virtual) RunAll(ctx context.Context, horizon time.Time) error {
	for {
		more, err := v.step(ctx, horizon)
		if err != nil || !more {
			return err
		}
	}
}

// step does the one thing that is next by t, and says whether there was one.
// The context counts between two things: what is in hand is finished.
func (v *Virtual) step(ctx context.Context, t time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	ctx = context.WithoutCancel(ctx)
	item, due, err := v.next(ctx, t)
	if err != nil {
		return false, err
	}
	if len(v.flights) > 0 && (!due || !v.flights[0].at.After(item.Due)) && !v.flights[0].at.After(t) {
		f := heap.Pop(&v.flights).(flight)
		delete(v.asked, f.item.Key())
		v.clock.MoveTo(f.at)
		return true, v.land(ctx, f)
	}
	if !due {
		return false, nil
	}
	v.clock.MoveTo(item.Due)
	return true, v.launch(ctx, item)
}

// next returns the first item that is due by t and not in flight.
func (v *Virtual) next(ctx context.Context, t time.Time) (Item, bool, error) {
	items, err := db.View(ctx, v.db, func(r db.Reader) ([]Item, error) { return Due(r, t, len(v.asked)+1) })
	if err != nil {
		return Item{}, false, err
	}
	for _, it := range items {
		if !v.asked[it.Key()] {
			return it, true, nil
		}
	}
	return Item{}, false, nil
}

// launch asks, and lands at once when the answer took no time.
func (v *Virtual) launch(ctx context.Context, it Item) error {
	start := time.Now()
	asking, took := clock.Metered(ctx)
	settle, err := v.ask(asking, it)
	if err != nil {
		return fmt.Errorf("step %s of %s: %w", it.Step, it.Owner, err)
	}
	f := flight{at: v.clock.Now().Add(*took), n: v.count, item: it, settle: settle, spent: time.Since(start)}
	v.count++
	if *took > 0 {
		v.asked[it.Key()] = true
		heap.Push(&v.flights, f)
		return nil
	}
	return v.land(ctx, f)
}

func (v *Virtual) land(ctx context.Context, f flight) error {
	start := time.Now()
	err := v.settle(ctx, f.settle)
	v.cfg.Done(f.item.Step, f.spent+time.Since(start))
	if err != nil && !errors.Is(err, ErrLeaseLost) {
		return fmt.Errorf("step %s of %s: %w", f.item.Step, f.item.Owner, err)
	}
	return nil
}

// flights is a heap of what is in flight, by the time of its answer.
type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	if !f[i].at.Equal(f[j].at) {
		return f[i].at.Before(f[j].at)
	}
	return f[i].n < f[j].n
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push and Pop are for package heap.
func (f *flights) Push(x any) { *f = append(*f, x.(flight)) }

// Pop removes the last.
func (f *flights) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}
