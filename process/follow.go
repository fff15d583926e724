package process

import (
	"context"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
)

// How often the feed is looked at by who waits for its next event: at first soon, then
// ever less often. The bell rings for those that this process writes, after which it
// begins anew: on PostgreSQL an event is shown only when no older transaction runs.
const (
	lookFirst = 20 * time.Millisecond
	lookLast  = time.Second
)

// Follow calls do with the events behind the cursor, up to limit at once, and with those
// that come, until ctx ends or do returns an error, which it returns. It calls do with
// none at the beginning when there is none, and when none has come for as long as
// silent. Nothing of the database is held while do runs.
//
// Errors: invalid when the cursor is none of the feed's.
func (p *Process) Follow(ctx context.Context, after event.Cursor, limit int, silent time.Duration, do func([]event.Entry) error) error {
	look := lookFirst
	var said time.Time
	for {
		rung := p.db.Rung()
		entries, err := db.View(ctx, p.db, func(r db.Reader) ([]event.Entry, error) { return event.Entries(r, after, limit) })
		if err != nil {
			return err
		}
		if len(entries) > 0 || time.Since(said) >= silent {
			if err := do(entries); err != nil {
				return err
			}
			said = time.Now()
		}
		if n := len(entries); n > 0 {
			after, look = entries[n-1].Cursor, lookFirst
			continue
		}
		wait := time.NewTimer(look)
		select {
		case <-rung:
			look = lookFirst
		case <-wait.C:
			look = min(2*look, lookLast)
		case <-ctx.Done():
		}
		wait.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
