// Package clock is where the program gets shop time from: the wall, or a
// virtual clock that a simulation or an import moves on.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells shop time and waits in it.
type Clock interface {
	// Now returns the time in UTC, to the microsecond.
	Now() time.Time
	// Sleep waits for d, or less when ctx ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// Wall is the machine's clock.
type Wall struct{}

// Now returns the machine's time.
func (Wall) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep waits for d on the machine's clock.
func (Wall) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Virtual is a clock that stands still until it is moved, never backwards.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
}

// NewVirtual returns a virtual clock that stands at t.
func NewVirtual(t time.Time) *Virtual {
	return &Virtual{now: t.UTC().Truncate(time.Microsecond)}
}

// Now returns the time that the clock was last moved to.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// MoveTo moves the clock to t; an earlier time leaves it where it is.
func (v *Virtual) MoveTo(t time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t = t.UTC().Truncate(time.Microsecond); t.After(v.now) {
		v.now = t
	}
}

// Sleep returns at once and adds d to the meter that ctx carries, so that
// whoever runs the caller knows how long it took in shop time.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	if m, ok := ctx.Value(meterKey{}).(*time.Duration); ok && d > 0 {
		*m += d
	}
	return ctx.Err()
}

type meterKey struct{}

// Metered returns a context in which a virtual Sleep is added up, and the sum.
// The sum is read after the work that uses the context has returned.
func Metered(ctx context.Context) (context.Context, *time.Duration) {
	d := new(time.Duration)
	return context.WithValue(ctx, meterKey{}, d), d
}
