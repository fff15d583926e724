package bench

import (
	"context"
	"slices"
	"time"

	"doorstep/internal/db"
)

// Stored is what was measured of a shop in which many orders are stored.
type Stored struct {
	Orders       int     `json:"orders"`              // that were stored
	FilledIn     float64 `json:"filled_in_seconds"`   // in which they were placed, paid and shipped
	Run          Run     `json:"run"`                 // B with the usual callers, on top of them
	Raw          float64 `json:"raw_per_second"`      // A, in its best group, on top of them
	Growth       float64 `json:"growth"`              // by how much an order of B costs more than in an empty shop, as a factor
	RawGrowth    float64 `json:"raw_growth"`          // the same of A
	Unfinished   int     `json:"unfinished"`          // orders that were only placed when the shop was opened again
	Start        float64 `json:"start_seconds"`       // from opening it to the first step
	Verified     float64 `json:"verified_in_seconds"` // in which all of it was verified
	VerifyMemory int64   `json:"verify_memory_bytes"` // resident at most meanwhile
	Tickets      int     `json:"tickets"`             // that were opened before the pages were looked at
	Pages        []Page  `json:"pages"`               // of the console
}

// unfinished is how many orders are only placed when a shop is opened again, at most.
const unfinished = 10_000

// stored measures a shop in which many orders are stored.
func (m *measure) stored(ctx context.Context) error {
	if m.Stored == 0 {
		return nil
	}
	m.Told(told("a shop that has stored", m.Stored))
	return m.inShop(ctx, func(s *load) error {
		r := &Stored{Orders: m.Stored}
		filled, err := m.run(ctx, s, m.Orders, m.Stored, fillers, basket)
		if err != nil {
			return err
		}
		r.FilledIn = float64(m.Stored) / filled.Rate
		s.shipped.forget()
		if r.Run, err = m.run(ctx, s, m.Orders+m.Stored, m.Orders, Usual, basket); err != nil {
			return err
		}
		if err := m.pages(ctx, s, r); err != nil {
			return err
		}
		r.Growth = usual(m.result.Process).Rate / r.Run.Rate
		if err := m.reopened(ctx, s, r); err != nil {
			return err
		}
		if err := m.onTop(ctx, s, r); err != nil {
			return err
		}
		m.result.Stored = r
		return nil
	})
}

// fillers is how many callers fill a shop.
const fillers = 256

// reopened measures how long a shop takes to go on that was closed with orders in
// hand, and then verifies all of it.
func (m *measure) reopened(ctx context.Context, s *load, r *Stored) error {
	s.stop()
	r.Unfinished = min(unfinished, m.Stored)
	ids := make([]string, r.Unfinished)
	if err := inParallel(ctx, len(ids), fillers, func(i int) error {
		placed, err := s.place(ctx, m.Orders*2+m.Stored+i, basket(i))
		ids[i] = placed.ID
		return err
	}); err != nil {
		return err
	}
	s.shipped.forget()
	if err := s.Shut(); err != nil {
		return err
	}
	start := time.Now()
	again, err := s.Reopen(ctx)
	if err != nil {
		return err
	}
	s.Shop = again
	if err := s.start(ctx); err != nil {
		return err
	}
	first, err := s.shipped.firstAfter(ctx)
	if err != nil {
		return err
	}
	r.Start = first.Sub(start).Seconds()
	for _, id := range ids {
		if err := s.shipped.wait(ctx, id); err != nil {
			return err
		}
	}
	s.stop()
	forgetPeak()
	start = time.Now()
	err = m.verified(ctx, s)
	r.Verified, r.VerifyMemory = time.Since(start).Seconds(), peak()
	return err
}

// onTop measures the raw limit in the same database, with the rows of one more run:
// those of the first were not held, since their memory is none of the process's.
func (m *measure) onTop(ctx context.Context, s *load, r *Stored) error {
	if len(m.result.Raw) == 0 {
		return nil
	}
	if err := m.gather(ctx); err != nil {
		return err
	}
	best := slices.MaxFunc(m.result.Raw, func(a, b Raw) int { return int(a.Orders - b.Orders) })
	took, err := s.DB.WriteRaw(ctx, m.moved(), m.commits(best.Group))
	if err != nil {
		return err
	}
	r.Raw = float64(m.Orders) / took.Seconds()
	r.RawGrowth = best.Orders / r.Raw
	return m.forget(ctx)
}

// gather keeps the rows that a run of the process writes.
func (m *measure) gather(ctx context.Context) error {
	return m.inShop(ctx, func(s *load) error {
		if _, err := s.run(ctx, 0, m.Orders, Usual, basket); err != nil {
			return err
		}
		s.stop()
		var err error
		m.rows, err = s.written(ctx)
		return err
	})
}

// moved returns the rows of the orders, with the numbers that a database gives
// moved out of the way of those that it has given. What there is once for all orders
// is there.
func (m *measure) moved() []db.RawTable {
	tables := slices.DeleteFunc(slices.Clone(m.rows), func(t db.RawTable) bool { return len(t.Rows) < m.Orders/2 })
	for i, t := range tables {
		for c, name := range t.Columns {
			if name != "number" && name != "seq" {
				continue
			}
			rows := slices.Clone(tables[i].Rows)
			for n, row := range rows {
				row = slices.Clone(row)
				if v, ok := row[c].(int64); ok {
					row[c] = v + 1<<40
				}
				rows[n] = row
			}
			tables[i].Rows = rows
		}
	}
	return tables
}
