package process

import (
	"context"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/support"
)

// Vitals is how the shop stands, in figures that cost as little to read when it is large
// as when it is small.
type Vitals struct {
	Orders    map[order.Status]int64   // as kept
	Tickets   map[support.Status]int64 // as kept
	Attention map[Cause]int64          // of each cause, up to mostCounted
	Due       int64                    // steps that are due, those in hand among them, up to mostCounted
	Late      time.Duration            // for how long the oldest of them is, 0 when there is none
}

// Vitals returns how the shop stands.
func (p *Process) Vitals(ctx context.Context) (Vitals, error) {
	return db.View(ctx, p.db, func(r db.Reader) (v Vitals, err error) {
		if v.Orders, err = order.Counts(r); err != nil {
			return v, err
		}
		if v.Tickets, err = support.Counts(r); err != nil {
			return v, err
		}
		v.Attention = map[Cause]int64{}
		for _, cause := range Causes {
			if v.Attention[cause], err = countMatters(r, cause, mostCounted); err != nil {
				return v, err
			}
		}
		if v.Due, err = work.CountDue(r, r.Now(), mostCounted); err != nil {
			return v, err
		}
		v.Late, err = late(r)
		return v, err
	})
}

// late is for how long the oldest step is due.
func late(r db.Reader) (time.Duration, error) {
	oldest, err := work.Due(r, r.Now(), 1)
	if err != nil || len(oldest) == 0 {
		return 0, err
	}
	return r.Now().Sub(oldest[0].Due), nil
}

// Ready says whether the shop does its work: the database answers, and nothing is due
// for longer than the limit.
//
// Errors: unavailable.
func (p *Process) Ready(ctx context.Context, limit time.Duration) error {
	since, err := db.View(ctx, p.db, late)
	if err == nil && since > limit {
		err = fault.New(fault.Unavailable, "work that is due has not been done for longer than %s", limit)
	}
	return err
}

// DatabaseStats counts what the database has done since it was opened here.
func (p *Process) DatabaseStats() db.Stats { return p.db.Stats() }
