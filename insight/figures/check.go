package figures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
)

// Difference is a figure that is not what the log comes to.
type Difference struct {
	Figure    string // names it
	Kept, Log int64
}

// Check counts everything once more, up to where the figures are counted, and returns what
// is not as it is kept, by name. It reads the log page by page, beside whoever counts on.
func Check(ctx context.Context, d *db.DB) ([]Difference, error) {
	var to feed
	kept, err := db.View(ctx, d, func(r db.Reader) (t *tally, err error) {
		if to, err = readFeed(r); err != nil {
			return nil, err
		}
		return everything(r, to.since)
	})
	if err != nil {
		return nil, err
	}
	log, err := recount(ctx, d, to)
	if err != nil {
		return nil, err
	}
	return compare(kept, log), nil
}

// everything reads all that is kept.
func everything(r db.Reader, since horizon) (*tally, error) {
	t := newTally(since)
	for _, s := range []span{minute, hour, day, cohort} {
		if err := t.readFigures(r, s, 0, whats...); err != nil {
			return t, err
		}
	}
	kept, err := readSteps(r, 0)
	if err != nil {
		return t, err
	}
	t.merge(kept)
	if err := t.readSold(r, 0); err != nil {
		return t, err
	}
	return t, t.readAnswers(r)
}

// recount counts the log up to a place.
func recount(ctx context.Context, d *db.DB, to feed) (*tally, error) {
	t, ways := newTally(to.since), newWays()
	for at := event.Cursor(""); at != to.place; {
		var events []event.Event
		next, err := db.View(ctx, d, func(r db.Reader) (next event.Cursor, err error) {
			if events, next, err = event.Between(r, at, to.place, pageSize); err != nil {
				return next, err
			}
			return next, ways.read(r, at, events)
		})
		if err != nil {
			return t, err
		}
		ways.count(t, events, next)
		at = next
	}
	return t, nil
}

// compare holds two tallies against each other. What is not there is 0.
func compare(kept, log *tally) []Difference {
	type both struct{ kept, log int64 }
	all := map[string]*both{}
	each := func(t *tally, add func(*both, int64)) {
		t.each(func(name string, n int64) {
			if all[name] == nil {
				all[name] = &both{}
			}
			add(all[name], n)
		})
	}
	each(kept, func(b *both, n int64) { b.kept += n })
	each(log, func(b *both, n int64) { b.log += n })
	var found []Difference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if b := all[name]; b.kept != b.log {
			found = append(found, Difference{name, b.kept, b.log})
		}
	}
	return found
}

// each names each figure.
func (t *tally) each(do func(name string, n int64)) {
	for s, n := range t.figures {
		do(strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.span, db.Time(s.at).Format(time.RFC3339), s.what, s.key)), n)
	}
	for s, d := range t.steps {
		for bucket, n := range d.Buckets() {
			do(fmt.Sprintf("step %s %s %d", db.Time(s.day).Format(time.DateOnly), s.step, bucket), n)
		}
	}
	for s, n := range t.sold {
		do(fmt.Sprintf("sold %s %s", db.Time(s.day).Format(time.DateOnly), s.sku), n)
	}
	for s, a := range t.answers {
		do("answers "+s.key(), a.n)
		do("last answer "+s.key(), a.last)
	}
}
