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

	shop, by time.Time // when it began
}

// beat is how often the shop's clock is moved, by the other clock.
const beat = 100 * time.Millisecond

// RunUntil does everything that falls due up to t, each thing not before its time
// has come.
func (p *Paced) RunUntil(ctx context.Context, t time.Time) error {
	if p.shop.IsZero() {
		p.shop, p.by = p.Shop.Now(), p.By.Now()
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
