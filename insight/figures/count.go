package figures

import (
	"context"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
)

// pageSize is how many events are counted in one transaction.
const pageSize = 2000

// The bounds of time.
const (
	restFor   = time.Second     // at least, between two looks: what comes meanwhile costs no more than one event
	lookEvery = 5 * time.Second // for what other nodes have written
)

// Start counts what is not counted yet, and what comes, until Stop. Several nodes may have
// it: each event is counted once, by one of them.
func (f *Figures) Start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	f.wg.Go(func() { f.run(ctx) })
}

// Stop returns when nothing is counted any more.
func (f *Figures) Stop() {
	if f.stop != nil {
		f.stop()
	}
	f.wg.Wait()
}

func (f *Figures) run(ctx context.Context) {
	var seen feed
	f.db.AtEachRing(ctx, restFor, lookEvery, func() {
		now, err := db.View(ctx, f.db, readFeed)
		// A node leaves it to another one for as long as that one gets on with it.
		if others := now.node != f.node && seen.place != "" && seen.place != now.place; err == nil && !others {
			now, err = f.count(ctx)
		}
		if seen = now; err != nil && ctx.Err() == nil {
			f.log.ErrorContext(ctx, "events could not be counted: it is tried again", "error", err)
		}
	})
}

// Count counts what is not counted yet, page by page: nobody waits for it.
func (f *Figures) Count(ctx context.Context) error {
	_, err := f.count(ctx)
	return err
}

// Recount drops all figures and counts them from the beginning of the log.
func (f *Figures) Recount(ctx context.Context) error {
	if _, err := db.Update(ctx, f.db, []db.Lock{lock()}, func(tx *db.Tx) (struct{}, error) {
		drop(tx)
		return struct{}{}, nil
	}); err != nil {
		return err
	}
	return f.Count(ctx)
}

func (f *Figures) count(ctx context.Context) (now feed, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for more := true; more && err == nil; {
		now, more, err = f.pass(ctx)
	}
	if err != nil {
		f.ways = newWays()
	}
	return now, err
}

// pass counts one page of the feed, and says whether there may be more. It reads and adds
// up beside all others: what they wait for are the sums, which are written.
func (f *Figures) pass(ctx context.Context) (now feed, more bool, err error) {
	var was feed
	var events []event.Event
	now, err = db.View(ctx, f.db, func(r db.Reader) (now feed, err error) {
		if was, err = readFeed(r); err != nil {
			return was, err
		}
		now = was
		now.node, now.since = f.node, was.since.moved(r.Now())
		if events, now.place, err = event.After(r, was.place, f.page); err != nil || len(events) == 0 {
			return now, err
		}
		return now, f.ways.read(r, was.place, events)
	})
	if err != nil || len(events) == 0 {
		return was, false, err
	}
	t := newTally(now.since)
	f.ways.count(t, events, now.place)
	now.first, now.last = earlier(was.first, t.first), max(was.last, t.last)
	mine, err := db.Update(ctx, f.db, []db.Lock{lock()}, func(tx *db.Tx) (bool, error) {
		mine, err := advance(tx, was, now)
		if !mine || err != nil {
			return false, err
		}
		prune(tx, was.since, now.since)
		return true, t.add(tx)
	})
	if !mine { // another node has counted them, or no one has
		f.ways = newWays()
		return was, false, err
	}
	return now, len(events) == f.page, err
}
