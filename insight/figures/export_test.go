package figures

import (
	"context"
	"strings"

	"doorstep/internal/db"
)

// CountedIn has pages of so many events counted at a time.
func (f *Figures) CountedIn(events int) *Figures {
	f.page = events
	return f
}

// Everything returns the sums of all that is kept, whenever it happened.
func Everything(ctx context.Context, d *db.DB) (map[string]int64, error) {
	t, err := db.View(ctx, d, func(r db.Reader) (*tally, error) {
		f, err := readFeed(r)
		if err != nil {
			return nil, err
		}
		return everything(r, f.since)
	})
	if err != nil {
		return nil, err
	}
	sums := map[string]int64{}
	for s, n := range t.figures {
		sums[strings.TrimSpace(string(s.span)+" "+string(s.what)+" "+s.key)] += n
	}
	for s, d := range t.steps {
		sums["steps "+string(s.step)] += d.N
	}
	for _, n := range t.sold {
		sums["sold"] += n
	}
	for s, a := range t.answers {
		sums["answers "+s.key()] = a.n
	}
	return sums, nil
}
