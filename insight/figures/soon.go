package figures

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
)

// RunsOut is what runs out soon, at the rate at which it was sold lately.
type RunsOut struct {
	At    time.Time `json:"at"`   // shop time
	From  time.Time `json:"from"` // since when sales are looked at
	Items []Running `json:"items"`
	More  int64     `json:"more"` // how many the list leaves out
}

// Running is an SKU that runs out.
type Running struct {
	SKU       string    `json:"sku"`
	Name      string    `json:"name"`
	Available int64     `json:"available"`   // units that can be sold, of all locations
	Sold      int64     `json:"sold"`        // units that were ordered since, less those that were taken out of orders
	Cover     int64     `json:"cover_hours"` // for how long what is available lasts
	Out       time.Time `json:"runs_out_at"`
}

// The bounds of RunsOutSoon, in days.
const (
	MostRateDays  = 56
	MostCoverDays = 365
)

// RunsOutSoon returns up to limit of the SKUs of which nothing will be available within so many
// days, at the rate of the last ones, what runs out first first. A shop that is younger is
// looked at since its first event, but for an hour at least.
//
// Errors: invalid.
func (f *Figures) RunsOutSoon(ctx context.Context, rateDays, withinDays, limit int) (RunsOut, error) {
	var c fault.Check
	c.If(rateDays < 1 || rateDays > MostRateDays, "days", "out_of_range", "from 1 to %d", MostRateDays)
	c.If(withinDays < 0 || withinDays > MostCoverDays, "within", "out_of_range", "from 0 to %d", MostCoverDays)
	c.If(limit < 1, "limit", "out_of_range", "at least 1")
	if err := c.Err("what is asked for"); err != nil {
		return RunsOut{}, err
	}
	return db.View(ctx, f.db, func(r db.Reader) (RunsOut, error) {
		levels, err := inventory.Levels(r, "", "\U0010FFFF")
		if err != nil {
			return RunsOut{}, err
		}
		available := map[string]int64{}
		for _, l := range levels {
			available[l.SKU] += l.Available()
		}
		units, from, err := soldSince(r, rateDays, slices.Collect(maps.Keys(available)))
		out := RunsOut{At: r.Now(), From: from, Items: []Running{}}
		if err != nil {
			return out, err
		}
		span, within := max(out.At.Sub(from), time.Hour), time.Duration(withinDays)*dayLong
		for sku, n := range units {
			if n <= 0 {
				continue
			}
			// In floating point: the product of a time and many units does not fit.
			cover := float64(available[sku]) / float64(n) * span.Hours()
			if cover > within.Hours() {
				continue
			}
			lasts := time.Duration(cover * float64(time.Hour)).Truncate(time.Second)
			out.Items = append(out.Items, Running{SKU: sku, Available: available[sku], Sold: n, Cover: int64(lasts.Hours()), Out: out.At.Add(lasts)})
		}
		slices.SortFunc(out.Items, func(a, b Running) int {
			return cmp.Or(a.Out.Compare(b.Out), -cmp.Compare(a.Sold, b.Sold), cmp.Compare(a.SKU, b.SKU))
		})
		out.More = int64(max(0, len(out.Items)-limit))
		out.Items = out.Items[:min(limit, len(out.Items))]
		return out, out.name(r)
	})
}

// soldSince returns how many units of each of the SKUs were ordered within the last days, and since
// when that is.
func soldSince(r db.Reader, days int, skus []string) (map[string]int64, time.Time, error) {
	t, _, err := uncounted(r)
	if err != nil {
		return nil, time.Time{}, err
	}
	first := day.begins(db.Micros(r.Now())) - int64(days-1)*dayLong.Microseconds()
	units, err := soldOf(r, first, skus)
	for s, n := range t.sold {
		if s.day >= first {
			units[s.sku] += n
		}
	}
	return units, db.Time(max(first, t.first)), err
}

// name names the SKUs.
func (o *RunsOut) name(r db.Reader) error {
	skus := make([]string, len(o.Items))
	for i, s := range o.Items {
		skus[i] = s.SKU
	}
	known, err := inventory.Catalogue(r, skus)
	for i := range o.Items {
		o.Items[i].Name = known[o.Items[i].SKU].Name
	}
	return err
}
