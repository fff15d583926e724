// Package verify holds what is stored against what must be true of it: stock
// against its movements, each order against its events, payments, shipments and
// steps, and what is kept against what is counted.
//
// It reads through the rooms' own functions, in bounded memory, and runs beside
// a running process: each range of orders or SKUs is read in one snapshot.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Options says how Run works. The zero value is usable.
type Options struct {
	// Orders is how many orders, SKUs or tickets are read at a time, 500 when 0.
	Orders int
	// MaxViolations is how many violations are kept, 1,000 when 0. All are counted.
	MaxViolations int
	// Progress is told how many orders have been checked, after each range of them.
	Progress func(done int64)
}

const (
	defaultOrders        = 500
	defaultMaxViolations = 1000

	// atOnce is how many walks there are at a time: that of the orders takes as long as all
	// others together, and who is served meanwhile is left half of what can be read at once.
	atOnce = 2
)

// Violation is one thing that is not as it must be.
type Violation struct {
	Kind    Kind   `json:"kind"`
	Subject string `json:"subject"` // the identifier of what is wrong: an order, or a payment, shipment, ticket or SKU
	Detail  string `json:"detail"`  // for people: what is stored, and what would be right
}

// String returns the violation as one line.
func (v Violation) String() string { return fmt.Sprintf("%s %s: %s", v.Kind, v.Subject, v.Detail) }

// Report is what was read and what was found.
type Report struct {
	Orders     int64          `json:"orders"`
	SKUs       int64          `json:"skus"`
	Tickets    int64          `json:"tickets"`
	Events     int64          `json:"events"`     // those of the orders, the SKUs and the tickets without an order
	Count      int64          `json:"count"`      // of all violations
	Counts     map[Kind]int64 `json:"counts"`     // of all violations, by kind
	Violations []Violation    `json:"violations"` // up to Options.MaxViolations, by kind and subject
	Checked    []Kind         `json:"checked"`    // every kind of violation that was looked for

	most int
}

// Clean says whether everything is as it must be.
func (r Report) Clean() bool { return r.Count == 0 }

// find counts a violation and keeps it while there is room.
func (r *Report) find(kind Kind, subject, format string, args ...any) {
	r.Count++
	r.Counts[kind]++
	if len(r.Violations) < r.most {
		r.Violations = append(r.Violations, Violation{kind, subject, fmt.Sprintf(format, args...)})
	}
}

// Run checks everything that is stored. What it finds is in the report; an
// error says that it could not be read.
//
// Errors by code: invalid when an option is negative; those of db.View.
func Run(ctx context.Context, d *db.DB, o Options) (Report, error) {
	if o.Orders < 0 || o.MaxViolations < 0 {
		return Report{}, fault.New(fault.Invalid, "neither the size of a range nor the number of violations to keep is negative")
	}
	o.Orders, o.MaxViolations = cmp.Or(o.Orders, defaultOrders), cmp.Or(o.MaxViolations, defaultMaxViolations)
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	latest, err := horizon(ctx, d)
	if err != nil {
		return Report{}, err
	}
	walks := []func(*run, context.Context) error{(*run).orders, (*run).strays, (*run).stock, (*run).tickets, (*run).counts, (*run).figures, (*run).settings}
	found := make([]Report, len(walks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, walk := range walks {
		group.Go(func() error {
			run := &run{db: d, Options: o, report: Report{Counts: map[Kind]int64{}, most: o.MaxViolations}, latest: latest}
			err := walk(run, ctx)
			found[i] = run.report
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	return together(found, o.MaxViolations), nil
}

// together is what was found on all walks, with up to most of the violations.
func together(found []Report, most int) Report {
	all := Report{Counts: map[Kind]int64{}, Violations: []Violation{}}
	for _, k := range Kinds() {
		all.Checked = append(all.Checked, k.Kind)
	}
	for _, r := range found {
		all.Orders, all.SKUs, all.Tickets, all.Events, all.Count = all.Orders+r.Orders, all.SKUs+r.SKUs, all.Tickets+r.Tickets, all.Events+r.Events, all.Count+r.Count
		for kind, n := range r.Counts {
			all.Counts[kind] += n
		}
		all.Violations = append(all.Violations, r.Violations...)
	}
	all.sort()
	all.Violations = all.Violations[:min(most, len(all.Violations))]
	return all
}

// sort puts the violations in an order that does not depend on the ranges in
// which they were found.
func (r *Report) sort() {
	rank := map[Kind]int{}
	for i, k := range r.Checked {
		rank[k] = i
	}
	slices.SortFunc(r.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Detail, b.Detail))
	})
}

// run is one walk of a Run.
type run struct {
	Options
	db     *db.DB
	report Report
	latest latest
}

// The walks read what lies behind one identifier up to and including another.
const (
	// end is behind every text that the rooms store.
	end = "\U0010FFFF"
	// next makes the text right behind another one.
	next = "\x01"
)

// page is what was read of one range.
type page[T any] struct {
	content T
	last    string // that the next range begins behind, "" when there is none
	err     error
}

// walk goes through identifiers, range by range. Each range is read by its own
// snapshot: read returns what it has read from first to last of a page of at
// most limit, and the identifier that the next range begins behind, "" when
// there is none. While a range is checked, the next one is read.
func walk[T any](ctx context.Context, d *db.DB, read func(r db.Reader, after string) (T, string, error), check func(T)) error {
	ctx, stop := context.WithCancel(ctx)
	pages := make(chan page[T])
	defer func() {
		stop()
		for range pages { // until the reader has seen it
		}
	}()
	go readPages(ctx, d, read, pages)
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		check(p.content)
	}
	return nil
}

// readPages hands on range after range, until there is none or an error.
func readPages[T any](ctx context.Context, d *db.DB, read func(r db.Reader, after string) (T, string, error), pages chan<- page[T]) {
	defer close(pages)
	for after, more := "", true; more; {
		p, err := db.View(ctx, d, func(r db.Reader) (p page[T], err error) {
			p.content, p.last, err = read(r, after)
			return p, err
		})
		p.err = err
		pages <- p
		after, more = p.last, err == nil && p.last != ""
	}
}

// bounds returns from where to where a page of identifiers with the prefix
// reaches that was read behind after: up to its last one when it is full, and
// otherwise to the end, so that what belongs to no identifier is in a range too.
func bounds[T any](prefix, after string, page []T, full int, id func(T) string) (first, last, rest string) {
	first, last = prefix, prefix+end
	if after != "" {
		first = after + next
	}
	if len(page) == full {
		rest = id(page[len(page)-1])
		last = rest
	}
	return first, last, rest
}
