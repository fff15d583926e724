// Package bench measures the order process beside the limits of the machine that
// it runs on: how fast the rows of an order can be written at all, how fast whole
// orders go from their placement to the parcel that has left, and what remains of
// that when all of them want the same article.
//
// It takes wired shops, each on a database of its own, with simulated providers
// that answer at once. Nothing is measured with less durability than a shop has.
package bench

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/insight/figures"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/process"
	"doorstep/verify"
)

// Shop is an open shop with an empty database of its own, whose runner does not
// run yet.
type Shop struct {
	DB      *db.DB
	Process *process.Process
	Runner  *work.Runner
	Figures *figures.Figures
	// Serve serves the shop over HTTP on this machine, until stop is called.
	Serve func(ctx context.Context) (over Place, stop func() error, err error)
	// Console serves the console on this machine, until stop is called.
	Console func(ctx context.Context) (look Look, stop func() error, err error)
	// Shut closes the shop and leaves its database, on which Reopen opens it again.
	Shut   func() error
	Reopen func(ctx context.Context) (Shop, error)
	// Close closes the shop and removes its database.
	Close func() error
}

// Place places an order under a key. Of its answer the id and the status are looked at.
type Place func(ctx context.Context, key string, q order.Request) (order.Order, error)

// Options says what is measured.
type Options struct {
	// Open opens one more shop. Fired is told of the rows of the process table that
	// fire: see process.Deps.
	Open    func(ctx context.Context, fired func(process.Step, string) func()) (Shop, error)
	Orders  int   // of each run
	Callers []int // runs of the whole process, one for each, and one with Usual of them, with which the rest is measured
	Groups  []int // orders per commit of the raw limit, at most
	// Stored is how many orders a shop has before it is measured once more; 0 leaves
	// that out. They are placed, paid and shipped as all others.
	Stored int
	// Paced is for how long orders are placed at half the top rate.
	Paced time.Duration
	// HTTP measures everything of the process once more, with orders that are placed over
	// HTTP by callers on the same machine, each with a connection of its own.
	HTTP bool
	// Pgbench compares with pgbench on the server, this often; 0 leaves it out. It
	// needs Server, for which Scratch makes room.
	Pgbench int
	Scratch func(ctx context.Context) (url string, drop func(context.Context) error, err error)
	Told    func(what string) // of each run before it begins
}

// Usual is how many callers there are where nothing else is said.
const Usual = 64

// check holds the options to what can be measured, and adds what has to be: ratios
// are of runs with Usual callers, and no commit has more orders than there are.
//
// Errors: invalid.
func (o *Options) check() error {
	var c fault.Check
	inRange := func(name string, all []int) {
		for _, n := range all {
			c.If(n < 1 || n > most, name, "out_of_range", "numbers from 1 to %d", most)
		}
	}
	c.If(o.Orders < 1, "orders", "out_of_range", "at least one order")
	c.If(len(o.Callers) == 0, "callers", "required", "at least one number of callers")
	inRange("callers", o.Callers)
	inRange("groups", o.Groups)
	o.Callers = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(o.Callers), Usual))))
	o.Groups = slices.Clone(o.Groups)
	for i := range o.Groups {
		o.Groups[i] = min(o.Groups[i], o.Orders)
	}
	o.Groups = slices.Compact(slices.Sorted(slices.Values(o.Groups)))
	if o.Told == nil {
		o.Told = func(string) {}
	}
	return c.Err("the measurement")
}

// most is how many callers there can be, and orders in a commit.
const most = 10_000

// Result is what was measured, with the names under which it is kept as JSON: they
// stay as they are.
type Result struct {
	Machine    Machine       `json:"machine"`
	Durability db.Durability `json:"durability"`
	Orders     int           `json:"orders_per_run"`
	Raw        []Raw         `json:"raw"`                // A, by orders per commit
	Process    []Run         `json:"process"`            // B, by callers
	OneSKU     Run           `json:"one_sku"`            // C
	HalfRate   *Paced        `json:"half_rate"`          // placement at half the top rate
	Stored     *Stored       `json:"stored,omitempty"`   // with many orders stored
	HTTP       *HTTP         `json:"http,omitempty"`     // through the API
	Pgbench    *Pgbench      `json:"pgbench,omitempty"`  // on PostgreSQL
	Ratios     Ratios        `json:"ratios"`             // of this run
	Violations int64         `json:"verify_violations"`  // in all runs
	Took       float64       `json:"took_seconds"`       // of the machine's time
	Bytes      int64         `json:"bytes_per_order"`    // on the disk, after the run with the usual callers
	Memory     int64         `json:"peak_memory_bytes"`  // resident, in any run of the process: the largest of theirs
	Rows       float64       `json:"raw_rows_per_order"` // that A writes
}

// Raw is how fast the rows of orders are written, and nothing else.
type Raw struct {
	Group  int     `json:"orders_per_commit"` // at most
	Orders float64 `json:"orders_per_second"`
}

// Ratios are what the targets are about.
type Ratios struct {
	ProcessToRaw    float64 `json:"process_to_raw"`               // B/A
	OneSKUToProcess float64 `json:"one_sku_to_process"`           // C/B
	HTTPToProcess   float64 `json:"http_to_process,omitempty"`    // B over HTTP to B
	ToPgbench       float64 `json:"process_to_pgbench,omitempty"` // whole orders to its transactions
}

// Measure measures everything that the options name.
//
// Errors: invalid; internal when a run did not end as it must, such as with more
// sold than there was; those of the process.
func Measure(ctx context.Context, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	start := time.Now()
	m := &measure{Options: o, result: Result{Machine: thisMachine(), Orders: o.Orders}}
	for _, part := range []func(context.Context) error{m.whole, m.raw, m.forget, m.oneSKU, m.paced, m.overAPI, m.stored, m.pgbench} {
		if err := part(ctx); err != nil {
			return Result{}, err
		}
	}
	m.ratios()
	m.result.Took = time.Since(start).Seconds()
	return m.result, nil
}

// measure is one measurement on its way.
type measure struct {
	Options
	result Result
	rows   []db.RawTable // that a run of the process has written

	overHTTP bool // whether orders are placed over HTTP
}

// whole measures the whole process, with every number of callers. The usual one
// comes last: what it has written is kept in memory, which is none of the process's,
// until the raw limit has been measured.
func (m *measure) whole(ctx context.Context) error {
	callers := slices.SortedFunc(slices.Values(m.Callers), func(a, b int) int { return cmp.Compare(abs(b-Usual), abs(a-Usual)) })
	for _, callers := range callers {
		m.Told(told("B", callers))
		if err := m.inShop(ctx, func(s *load) error {
			run, err := m.runOf(ctx, s, callers, basket)
			if err != nil {
				return err
			}
			m.result.Process = append(m.result.Process, run)
			if m.result.Durability, err = s.DB.Durability(ctx); err != nil || callers != Usual {
				return err
			}
			m.result.Bytes = run.Bytes
			m.rows, err = s.written(ctx)
			return err
		}); err != nil {
			return err
		}
	}
	slices.SortFunc(m.result.Process, func(a, b Run) int { return cmp.Compare(a.Callers, b.Callers) })
	return nil
}

// runOf has orders placed by callers, each of whom waits until one has left before
// they place the next, and checks what came of it.
func (m *measure) runOf(ctx context.Context, s *load, callers int, basket func(int) lines) (Run, error) {
	run, err := m.run(ctx, s, 0, m.Orders, callers, basket)
	if err != nil {
		return Run{}, err
	}
	s.stop()
	return run, m.verified(ctx, s)
}

// run has callers place n orders in a shop, and keeps how much memory any run took.
func (m *measure) run(ctx context.Context, s *load, first, n, callers int, of func(int) lines) (Run, error) {
	run, err := s.run(ctx, first, n, callers, of)
	m.result.Memory = max(m.result.Memory, run.Memory)
	return run, err
}

// verified checks the books of a shop.
func (m *measure) verified(ctx context.Context, s *load) error {
	report, err := verify.Run(ctx, s.DB, verify.Options{})
	m.result.Violations += report.Count
	if err == nil && !report.Clean() {
		err = fault.New(fault.Internal, "the books do not agree after a run: %s", report.Violations[0])
	}
	return err
}

// inShop does something in a shop of its own, which has stock.
func (m *measure) inShop(ctx context.Context, do func(*load) error) (err error) {
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.end(); err == nil {
			err = closed
		}
	}()
	return do(s)
}

// raw measures the raw limit: the rows that the process has written, once more, by
// prepared inserts and nothing else.
func (m *measure) raw(ctx context.Context) error {
	n := 0
	for _, t := range m.rows {
		n += len(t.Rows)
	}
	m.result.Rows = float64(n) / float64(m.Orders)
	for _, group := range m.Groups {
		m.Told(told("A", group))
		if err := m.inShop(ctx, func(s *load) error {
			s.stop()
			took, err := s.DB.WriteRaw(ctx, m.rows, m.commits(group))
			m.result.Raw = append(m.result.Raw, Raw{group, float64(m.Orders) / took.Seconds()})
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// commits is in how many commits the rows of a run are written, with so many orders
// in each at most.
func (m *measure) commits(group int) int { return (m.Orders + group - 1) / group }

// forget gives back the memory of what was written once more.
func (m *measure) forget(context.Context) error {
	m.rows = nil
	debug.FreeOSMemory()
	return nil
}

// oneSKU measures the process when every order wants the same article, of which
// there is less than all of them want.
func (m *measure) oneSKU(ctx context.Context) (err error) {
	m.Told(told("C", Usual))
	m.result.OneSKU, err = m.soldOut(ctx)
	return err
}

// soldOut is a run of which every order wants the one article.
func (m *measure) soldOut(ctx context.Context) (run Run, err error) {
	err = m.inShop(ctx, func(s *load) error {
		stock := int64(max(1, m.Orders*4/5))
		if err := s.scarce(ctx, stock); err != nil {
			return err
		}
		if run, err = m.runOf(ctx, s, Usual, theOne); err != nil {
			return err
		}
		if sold := int64(run.Orders - run.OutOfStock); sold != min(stock, int64(m.Orders)) {
			return fault.New(fault.Internal, "of %d there were sold %d", stock, sold)
		}
		return s.soldOut(ctx)
	})
	return run, err
}

// paced measures the placement of orders that come at half the top rate.
func (m *measure) paced(ctx context.Context) (err error) {
	m.result.HalfRate, err = m.atHalf(ctx, m.result.Process)
	return err
}

// atHalf places orders at half the top rate of the runs.
func (m *measure) atHalf(ctx context.Context, runs []Run) (p *Paced, err error) {
	if m.Paced == 0 {
		return nil, nil
	}
	m.Told(told("placement at half the top rate", 0))
	err = m.inShop(ctx, func(s *load) error {
		got, err := s.paced(ctx, top(runs)/2, m.Paced)
		if err != nil {
			return err
		}
		p = &got
		m.result.Memory = max(m.result.Memory, got.Memory)
		return m.verified(ctx, s)
	})
	return p, err
}

// top is the best rate of the runs.
func top(runs []Run) (best float64) {
	for _, r := range runs {
		best = max(best, r.Rate)
	}
	return best
}

// usual is the run with the usual number of callers.
func usual(runs []Run) Run {
	return runs[slices.IndexFunc(runs, func(r Run) bool { return r.Callers == Usual })]
}

func abs(n int) int { return max(n, -n) }

func (m *measure) ratios() {
	b, a := usual(m.result.Process).Rate, 0.0
	for _, r := range m.result.Raw {
		a = max(a, r.Orders)
	}
	if a > 0 {
		m.result.Ratios.ProcessToRaw = b / a
	}
	m.result.Ratios.OneSKUToProcess = m.result.OneSKU.Rate / b
	if m.result.HTTP != nil {
		m.result.Ratios.HTTPToProcess = usual(m.result.HTTP.Process).Rate / b
	}
	if m.result.Pgbench != nil {
		m.result.Ratios.ToPgbench = m.result.Pgbench.Orders / m.result.Pgbench.Transactions
	}
}
