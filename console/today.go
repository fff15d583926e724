package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"doorstep/insight/figures"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// minutesShown is of how many minutes the first page shows the orders.
const minutesShown = 60

// standing is what the first page shows: how the shop stands, as it is kept.
type standing struct {
	process.Vitals
	Figures  figures.Today
	Statuses []order.Status
	Unsolved []support.Status
	Causes   []process.Cause
}

func (c *Console) today(w http.ResponseWriter, r *http.Request) error {
	s, err := c.standing(r.Context())
	if err != nil {
		return err
	}
	return c.show(w, r, "today", shown{Title: "Today", Here: "today", Page: s}, nil)
}

func (c *Console) standing(ctx context.Context) (s standing, err error) {
	s = standing{Statuses: order.Statuses, Causes: process.Causes}
	if s.Vitals, err = c.process.Vitals(ctx); err != nil {
		return s, err
	}
	if s.Figures, err = c.figures.Today(ctx, minutesShown); err != nil {
		return s, err
	}
	for _, status := range support.Statuses {
		if status.Unsolved() {
			s.Unsolved = append(s.Unsolved, status)
		}
	}
	return s, nil
}

// stage is how many of the orders of a day came so far.
type stage struct {
	Name    string
	N, Of   int64
	Address string // of the list of just these, "" where no list is
}

// Funnel are the orders that were placed today, by how far they have come.
func (s standing) Funnel() []stage {
	f, from := s.Figures.Today.Funnel, s.Figures.Today.From.Format(time.DateOnly)
	return []stage{
		{"placed", f.Placed, f.Placed, "/orders?from=" + from}, {"processed", f.Processed, f.Placed, ""}, {"paid", f.Paid, f.Placed, ""},
		{"shipped", f.Shipped, f.Placed, ""}, {"delivered", f.Delivered, f.Placed, ""},
		{"failed", f.Failed, f.Placed, "/orders?status=failed&from=" + from}, {"cancelled", f.Cancelled, f.Placed, "/orders?status=cancelled&from=" + from},
	}
}

// Share is the part of all in percent.
func (s stage) Share() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*float64(s.N)/float64(s.Of))
}

// took is how long a step took, in milliseconds, as people read it.
func took(ms int64) string {
	switch d := time.Duration(ms) * time.Millisecond; {
	case ms == 0:
		return "under 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.1f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
}

// ageOf is the age of tickets, by the bounds of it in hours.
func ageOf(all []figures.Aged, i int) string {
	hours := func(n int64) string { return inWords(time.Duration(n) * time.Hour) }
	switch {
	case i == len(all)-1 && i > 0:
		return "over " + hours(all[i-1].Below)
	case i == 0:
		return "up to " + hours(all[i].Below)
	}
	return fmt.Sprintf("%s to %s", hours(all[i-1].Below), hours(all[i].Below))
}
