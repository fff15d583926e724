package sim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/sim"
)

// stepped is a runner that tells when it was run, by the clock that paces it.
type stepped struct {
	sim.Runner
	shop *clock.Virtual
	by   *wall
	late time.Duration // the most that something was done before its time
	runs int
}

func (s *stepped) RunUntil(_ context.Context, t time.Time) error {
	s.runs++
	s.shop.MoveTo(t)
	s.late = max(s.late, t.Sub(opening)-60*s.by.Now().Sub(opening))
	return nil
}

// wall is a clock that passes only while someone sleeps.
type wall struct{ *clock.Virtual }

func (w *wall) Sleep(ctx context.Context, d time.Duration) error {
	w.MoveTo(w.Now().Add(d))
	return ctx.Err()
}

// TestAPacedShopGoesWithTheOtherClock, sixty times as fast, and does nothing before
// its time.
func TestAPacedShopGoesWithTheOtherClock(t *testing.T) {
	t.Parallel()
	shop, by := clock.NewVirtual(opening), &wall{clock.NewVirtual(opening)}
	runner := &stepped{shop: shop, by: by}
	paced := &sim.Paced{Runner: runner, Shop: shop, By: by, Speed: 60}
	for _, at := range []time.Duration{0, time.Minute, 2 * time.Hour, 2 * time.Hour} {
		must(t, paced.RunUntil(t.Context(), opening.Add(at)))
		if got, want := by.Now().Sub(opening), at/60; got < want || got > want+time.Millisecond || !shop.Now().Equal(opening.Add(at)) {
			t.Errorf("at %s of the shop's time it is %s of the other", at, got)
		}
	}
	if runner.late > time.Millisecond || runner.runs < 1000 {
		t.Errorf("it was run %d times, %s too early", runner.runs, runner.late)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := paced.RunUntil(ctx, opening.Add(3*time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("it goes on: %v", err)
	}
}

// TestAPacedShopCatchesUpFirst: what is before its beginning takes no time of the other clock.
func TestAPacedShopCatchesUpFirst(t *testing.T) {
	t.Parallel()
	shop, by := clock.NewVirtual(opening), &wall{clock.NewVirtual(opening)}
	begun := 0
	paced := &sim.Paced{Runner: &stepped{shop: shop, by: by}, Shop: shop, By: by, Speed: 1, From: opening.Add(time.Hour), Begin: func() error {
		begun++
		if !shop.Now().Equal(opening.Add(time.Hour)) {
			t.Errorf("it begins at %s", shop.Now())
		}
		return nil
	}}
	for _, at := range []time.Duration{10 * time.Minute, 50 * time.Minute} {
		must(t, paced.RunUntil(t.Context(), opening.Add(at)))
	}
	if begun != 0 || !by.Now().Equal(opening) {
		t.Errorf("it has begun %d times, by %s", begun, by.Now())
	}
	for range 2 {
		must(t, paced.RunUntil(t.Context(), opening.Add(61*time.Minute)))
	}
	if took := by.Now().Sub(opening); begun != 1 || took < time.Minute || took > time.Minute+time.Millisecond {
		t.Errorf("it has begun %d times, and taken %s", begun, took)
	}
	down := errors.New("made up")
	paced = &sim.Paced{Runner: &stepped{shop: shop, by: by}, Shop: shop, By: by, Speed: 1, Begin: func() error { return down }}
	if err := paced.RunUntil(t.Context(), opening.Add(62*time.Minute)); !errors.Is(err, down) {
		t.Errorf("it goes on: %v", err)
	}
}
