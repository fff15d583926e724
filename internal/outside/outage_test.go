package outside_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
)

// TestAnOutageKeepsEverythingFromArriving, from its beginning up to its end, and
// whoever asks again afterwards is answered under the same key.
func TestAnOutageKeepsEverythingFromArriving(t *testing.T) {
	t.Parallel()
	for silent, want := range map[bool]error{false: errNotReached, true: context.DeadlineExceeded} {
		clk := clock.NewVirtual(start)
		l := dial(t, "", outside.Network{Outages: []outside.Outage{{From: start.Add(time.Hour), To: start.Add(2 * time.Hour), Silent: silent}}}, clk)
		for _, at := range []struct {
			after time.Duration
			out   bool
		}{{time.Hour - time.Microsecond, false}, {time.Hour, true}, {2*time.Hour - time.Microsecond, true}, {2 * time.Hour, false}} {
			clk.MoveTo(start.Add(at.after))
			q := request(at.after.String())
			q.First = outside.Arrives
			_, err := outside.Ask(t.Context(), l, q, done("yes"))
			if at.out && (!errors.Is(err, want) || !fault.Is(err, fault.Unavailable)) || !at.out && err != nil {
				t.Errorf("silent %t, after %s: %v", silent, at.after, err)
			}
		}
		if got, err := outside.Ask(t.Context(), l, request(time.Hour.String()), done("later")); got != "later" || err != nil {
			t.Errorf("silent %t, asked again: %q, %v", silent, got, err)
		}
	}
}
