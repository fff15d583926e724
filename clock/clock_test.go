package clock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"doorstep/clock"
)

func TestAVirtualClockStandsStillUntilItIsMoved(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 1500, time.FixedZone("made up", 3600))
	v := clock.NewVirtual(noon)
	want := time.Date(2026, 3, 2, 11, 0, 0, 1000, time.UTC)
	if got := v.Now(); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("it stands at %s, not %s", got, want)
	}
	v.MoveTo(want.Add(-time.Hour))
	if got := v.Now(); !got.Equal(want) {
		t.Errorf("it went back to %s", got)
	}
	v.MoveTo(want.Add(time.Hour))
	if got := v.Now(); !got.Equal(want.Add(time.Hour)) {
		t.Errorf("it was moved to %s", got)
	}
}

func TestVirtualSleepIsAddedUp(t *testing.T) {
	t.Parallel()
	v := clock.NewVirtual(time.Unix(0, 0))
	ctx, slept := clock.Metered(t.Context())
	for _, d := range []time.Duration{time.Second, -time.Second, time.Minute} {
		if err := v.Sleep(ctx, d); err != nil {
			t.Error(err)
		}
	}
	if *slept != time.Minute+time.Second || !v.Now().Equal(time.Unix(0, 0)) {
		t.Errorf("it slept for %s, the clock stands at %s", *slept, v.Now())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []clock.Clock{v, clock.Wall{}} {
		if err := c.Sleep(ended, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("%T slept on: %v", c, err)
		}
		if err := c.Sleep(ended, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("%T does not see that it is over: %v", c, err)
		}
	}
	if err := v.Sleep(t.Context(), time.Hour); err != nil {
		t.Errorf("without a meter: %v", err)
	}
}

func TestTheWallClock(t *testing.T) {
	t.Parallel()
	now := clock.Wall{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("it tells %s", now)
	}
	if err := (clock.Wall{}).Sleep(t.Context(), time.Microsecond); err != nil {
		t.Error(err)
	}
}
