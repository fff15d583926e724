package sim

import (
	"context"
	"time"

	"doorstep/clock"
)

// Paced runs a shop along with another clock, so many times as fast as that goes.
// What is still to be done in the end (RunAll) it does at once.
type Paced struct {
	Runner
	Shop  *clock.Virtual // the one that the runner moves
	By    clock.Clock
	Speed float64 // above 0

	// From is when it begins to: what is before that is done at once. Begin is called then,
	// where there is one.
	From  time.Time
	Begin func() error

	shop, by time.Time // when it began
}

// beat is how often the shop's clock is moved, by the other clock.
const beat = 100 * time.Millisecond

// RunUntil does everything that falls due up to t, each thing not before its time
// has come.
func (p *Paced) RunUntil(ctx context.Context, t time.Time) error {
	if t.Before(p.From) {
		return p.Runner.RunUntil(ctx, t)
	}
	if p.shop.IsZero() {
		if err := p.begin(ctx); err != nil {
			return err
		}
	}
	for now := p.Shop.Now(); now.Before(t); now = p.Shop.Now() {
		next := now.Add(max(time.Microsecond, time.Duration(float64(beat)*p.Speed)))
		if next.After(t) {
			next = t
		}
		due := p.by.Add(time.Duration(float64(next.Sub(p.shop)) / p.Speed))
		if err := p.By.Sleep(ctx, due.Sub(p.By.Now())); err != nil {
			return err
		}
		if err := p.Runner.RunUntil(ctx, next); err != nil {
			return err
		}
	}
	return p.Runner.RunUntil(ctx, t)
}

// begin catches up with what is before, and sets the clocks beside each other.
func (p *Paced) begin(ctx context.Context) error {
	if p.Shop.Now().Before(p.From) {
		if err := p.Runner.RunUntil(ctx, p.From); err != nil {
			return err
		}
	}
	if p.Begin != nil {
		if err := p.Begin(); err != nil {
			return err
		}
	}
	p.shop, p.by = p.Shop.Now(), p.By.Now()
	return nil
}
