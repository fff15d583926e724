package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// Look asks for a page of the console as someone who is signed in, and returns how many
// bytes it has.
type Look func(ctx context.Context, path string) (int64, error)

// Page is how fast a page of the console is there, asked for by one browser on this machine.
type Page struct {
	Path  string  `json:"path"`
	P50   float64 `json:"p50"` // milliseconds
	P95   float64 `json:"p95"`
	Bytes int64   `json:"bytes"` // as it comes over the wire
}

// How many of the stored orders have one ticket, and how often each page is asked for: a few
// times before it counts.
const (
	ticketEvery = 20
	asksBefore  = 5
	asks        = 100
)

// pages opens tickets about the stored orders, and measures the console's pages.
func (m *measure) pages(ctx context.Context, s *load, r *Stored) (err error) {
	by := process.Command{By: access.Operator}
	orders, err := s.Process.Orders(ctx, order.Filter{Limit: 1})
	if err != nil || len(orders) == 0 {
		return err
	}
	r.Tickets = m.Stored / ticketEvery
	m.Told(told("the console, after tickets were opened", r.Tickets))
	if err := inParallel(ctx, r.Tickets, fillers, func(i int) error {
		o, err := s.Process.FindOrder(ctx, fmt.Sprintf("%s/%d", source, m.Orders+i*ticketEvery))
		if err != nil {
			return err
		}
		_, err = s.Process.OpenTicket(ctx, by, process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Other, Body: "Made up for a measurement."}})
		return err
	}); err != nil {
		return err
	}
	tickets, err := s.Process.Tickets(ctx, support.Filter{Limit: 1})
	if err != nil {
		return err
	}
	look, stop, err := s.Console(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if ended := stop(); err == nil {
			err = ended
		}
	}()
	o := orders[0]
	paths := []string{
		"/", "/orders", "/orders?status=shipped", "/orders?status=processed", "/orders?held=yes", "/orders?sku=" + sku(0), "/orders?from=" + o.PlacedAt.Format(time.DateOnly),
		"/orders?q=made.up%40example.com", fmt.Sprintf("/orders/%d", o.Number), fmt.Sprintf("/orders/%d/refund", o.Number), "/find?q=" + sku(1), "/attention",
		"/tickets", "/tickets?view=unassigned", "/tickets?view=mine", "/tickets?view=overdue", "/tickets?view=all",
		"/stock", "/stock/" + sku(0), "/running-out", "/settings/users", "/settings/keys", "/settings/answers",
	}
	for _, t := range tickets {
		paths = append(paths, "/tickets/"+t.ID)
	}
	for _, path := range paths {
		page := Page{Path: path}
		var took []time.Duration
		for i := range asksBefore + asks {
			start := time.Now()
			if page.Bytes, err = look(ctx, path); err != nil {
				return err
			}
			if i >= asksBefore {
				took = append(took, time.Since(start))
			}
		}
		slices.Sort(took)
		page.P50, page.P95 = inMilliseconds(took[len(took)/2]), inMilliseconds(took[len(took)*95/100])
		r.Pages = append(r.Pages, page)
	}
	return nil
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
