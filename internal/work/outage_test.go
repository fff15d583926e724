package work_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"doorstep/fault"
	"doorstep/internal/work"
)

// TestAnOutageIsLoggedOnce has the database take nothing for a while: of all the
// steps that fail then, the log says it once, and once that they go on. What
// fails for a reason of its own is logged each time.
func TestAnOutageIsLoggedOnce(t *testing.T) {
	const steps = 5
	onBenches(t, func(t *testing.T, b *bench) {
		var said bytes.Buffer
		full := fault.New(fault.Unavailable, "made up: the disk is full")
		answers := make(chan error, 1)
		_, worked := b.start(b.queue, work.Config{
			Poll: never, Workers: 1, Log: slog.New(slog.NewTextHandler(&said, nil)),
			Handle: func(ctx context.Context, it work.Item) (func(context.Context) error, error) {
				if err := <-answers; err != nil {
					return nil, err
				}
				return b.finish(b.queue)(ctx, it)
			},
			Failed: func(context.Context, work.Item, error) error { return full },
		})
		made := 0
		play := func(answer error) {
			for range steps {
				made++
				answers <- answer
				b.enqueue(fmt.Sprint(made), 0)
				wait(t, worked)
			}
		}
		for range 2 {
			play(full)
			play(nil)
		}
		play(errors.New("made up: a defect"))
		play(nil)
		for what, want := range map[string]int{"disk is full": 2 + 1, "a defect": steps, "steps go on": 2 + 1, "level=ERROR": 2 + steps + 1} {
			if got := strings.Count(said.String(), what); got != want {
				t.Errorf("the log says %q %d times, not %d:\n%s", what, got, want, said.String())
			}
		}
	})
}
