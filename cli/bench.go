package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"doorstep"
	"doorstep/bench"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/vault"
	"doorstep/process"
)

// benchVerb measures the process.
type benchVerb struct {
	Orders  int           `help:"How many orders each run has." default:"10000" placeholder:"N"`
	Callers []int         `help:"How many place orders at once: a run for each, and always one for 64." default:"1,8,64,256" placeholder:"N"`
	Groups  []int         `help:"How many orders' rows a commit of the raw limit has at most." default:"16,64,256,1000" placeholder:"N"`
	Paced   time.Duration `help:"For how long orders are placed at half the top rate; 0 leaves it out." default:"10s" placeholder:"TIME"`
	Stored  int           `help:"How many orders are stored before the process is measured once more, opened again and verified; 0 leaves it out." placeholder:"N"`
	HTTP    bool          `name:"http" help:"Measure once more with orders that are placed through the API, by callers on this machine."`
	Pgbench int           `help:"How many turns pgbench gets, on PostgreSQL; 0 leaves it out." default:"5" placeholder:"N"`
	Dir     string        `help:"The folder for the databases, which are removed; a temporary one by default. Its disk is measured too." type:"path" placeholder:"DIR"`
	Short   bool          `help:"Few orders, only to see that it works and nothing is oversold."`
	Profile string        `name:"cpuprofile" help:"Where a profile of the runs of the process is written, for go tool pprof." type:"path" placeholder:"FILE"`
}

// Help says more, with examples.
func (benchVerb) Help() string {
	return `Measures in one run, with a shop's durability: the raw limit A (the rows that the process writes, by prepared inserts and nothing else), the whole process B (orders placed, paid and shipped, with providers that answer at once), and C, B with every order on one article of which there is less than they want. After each run everything is verified. docs/performance.md says what each figure is, and the names under which --json has them.

With --db postgres://… it makes databases of its own on that server and removes them, and compares with pgbench there, in turns.

    doorstep bench
    doorstep bench --json > today.json
    doorstep bench --http --callers 64
    doorstep bench --db postgres:///postgres --callers 64`
}

// Validate is called by the grammar.
func (v *benchVerb) Validate() error {
	if v.Short {
		v.Orders, v.Callers, v.Groups, v.Paced, v.Stored, v.Pgbench, v.HTTP = 100, []int{1}, []int{bench.Usual, 1000}, 300*time.Millisecond, 100, 0, true
	}
	if v.Pgbench < 0 || v.Paced < 0 || v.Stored < 0 {
		return errors.New("neither --pgbench nor --paced nor --stored is negative")
	}
	return nil
}

// Run measures.
func (v *benchVerb) Run(s *session) (err error) {
	if err := s.checkOutputs(nil, named{"--cpuprofile", v.Profile}); err != nil {
		return err
	}
	where, remove, err := v.where(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	n := 0
	scratch := func(ctx context.Context) (string, func(context.Context) error, error) {
		n++
		return db.Scratch(ctx, where, fmt.Sprintf("doorstep_bench_%d_%d", os.Getpid(), n))
	}
	o := bench.Options{
		Orders: v.Orders, Callers: v.Callers, Groups: v.Groups, Paced: v.Paced, Stored: v.Stored, HTTP: v.HTTP, Scratch: scratch,
		Told: func(what string) {
			if !s.flags.JSON {
				fmt.Fprintf(s.program.Stderr, "measuring %s\n", what)
			}
		},
		Open: func(ctx context.Context, fired func(process.Step, string) func()) (bench.Shop, error) {
			return openBench(ctx, s, scratch, fired)
		},
	}
	if doorstep.OnServer(s.flags.DB) {
		o.Pgbench = v.Pgbench
	}
	stop, err := profile(v.Profile)
	if err != nil {
		return err
	}
	result, err := bench.Measure(s.ctx, o)
	err = errors.Join(err, stop())
	if err != nil {
		return err
	}
	return s.out.show(result, func() { s.out.bench(result) })
}

// where is where the databases are made: on a server, or in a folder.
func (v *benchVerb) where(s *session) (where string, remove func() error, err error) {
	if doorstep.OnServer(s.flags.DB) {
		return s.flags.DB, func() error { return nil }, nil
	}
	if where, err = os.MkdirTemp(v.Dir, "doorstep-bench-"); err != nil {
		return "", nil, fault.New(fault.NotFound, "there is no folder %q for the databases: %w", v.Dir, err)
	}
	return where, func() error { return os.RemoveAll(where) }, nil
}

// openBench opens a shop on a database of its own.
func openBench(ctx context.Context, s *session, scratch func(context.Context) (string, func(context.Context) error, error), fired func(process.Step, string) func()) (bench.Shop, error) {
	at, drop, err := scratch(ctx)
	if err != nil {
		return bench.Shop{}, err
	}
	shop, err := reopenBench(ctx, s, at, drop, fired)
	if err != nil {
		return bench.Shop{}, errors.Join(err, drop(context.WithoutCancel(ctx)))
	}
	return shop, nil
}

// benchKey seals the secrets of the shops that are measured. They are kept nowhere.
var benchKey = sync.OnceValue(vault.NewKey)

// reopenBench opens a shop on a database that is there.
func reopenBench(ctx context.Context, s *session, at string, drop func(context.Context) error, fired func(process.Step, string) func()) (bench.Shop, error) {
	shop, err := doorstep.Open(ctx, doorstep.Config{DB: at, Outside: doorstep.InMemory, SecretsKey: benchKey(), Log: s.log, Fired: fired})
	if err != nil {
		return bench.Shop{}, err
	}
	return bench.Shop{
		DB: shop.DB, Process: shop.Process, Runner: shop.Runner, Figures: shop.Figures,
		Serve:   func(ctx context.Context) (bench.Place, func() error, error) { return serveBench(ctx, s, shop) },
		Console: func(ctx context.Context) (bench.Look, func() error, error) { return lookBench(ctx, s, shop) },
		Shut:    shop.Close,
		Reopen:  func(ctx context.Context) (bench.Shop, error) { return reopenBench(ctx, s, at, drop, fired) },
		Close:   func() error { return errors.Join(shop.Close(), drop(context.WithoutCancel(ctx))) },
	}, nil
}

// bench shows what was measured.
func (s *screen) bench(r bench.Result) {
	m := r.Machine
	s.printf("%s, %s, %s, %.1f GiB, %s\n", m.System, cmp.Or(m.Processor, "processor not told"), count(m.Cores, "core", "cores"), float64(m.Memory)/(1<<30), m.Go)
	var settings []string
	for _, set := range r.Durability.Settings {
		settings = append(settings, set.Name+"="+set.Value)
	}
	s.printf("%s %s: %s\n\n", r.Durability.Engine, r.Durability.Version, strings.Join(settings, ", "))
	s.printf("%s\n", s.paint(bold, fmt.Sprintf("A, the raw limit: %.1f rows of each of %d orders", r.Rows, r.Orders)))
	raw := s.table("  ", column{title: "ORDERS/COMMIT", right: true}, column{title: "ORDERS/S", right: true})
	for _, a := range r.Raw {
		raw.add(fmt.Sprint(a.Group), fmt.Sprintf("%.0f", a.Orders))
	}
	raw.print()
	s.benchRuns("B, the whole process, and C, all orders on one article (p50 and p99)", r.Process, r.OneSKU)
	s.printf("\nOf %d orders for the one article %d were out of stock: none was oversold.\n", r.OneSKU.Orders, r.OneSKU.OutOfStock)
	s.benchPaced(r.HalfRate)
	if h := r.HTTP; h != nil {
		s.benchRuns("The same through the API, by callers on the same processors", h.Process, h.OneSKU)
		s.benchPaced(h.HalfRate)
	}
	if p := r.Stored; p != nil {
		s.printf("With %d orders stored: %.0f orders/s, each %.2f times as dear (A %.2f);\n", p.Orders, p.Run.Rate, p.Growth, p.RawGrowth)
		s.printf("  opened with %d unfinished, the first step after %.2f s; verified in %.1f s.\n", p.Unfinished, p.Start, p.Verified)
	}
	if p := r.Stored; p != nil && len(p.Pages) > 0 {
		s.printf("\n%s\n", s.paint(bold, fmt.Sprintf("Pages of the console, with %d orders and %d tickets", p.Orders, p.Tickets)))
		t := s.table("  ", column{title: "PAGE", shrink: true}, column{title: "P50 MS", right: true}, column{title: "P95", right: true}, column{title: "BYTES", right: true})
		for _, page := range p.Pages {
			t.add(page.Path, tenths(page.P50), tenths(page.P95), fmt.Sprint(page.Bytes))
		}
		t.print()
	}
	if p := r.Pgbench; p != nil {
		s.printf("%s:\n  %.0f transactions/s beside %.0f whole orders/s, medians of %d turns.\n", p.Command, p.Transactions, p.Orders, len(p.EachOfIts))
	}
	s.printf("%d bytes per order on the disk, %.0f MiB of memory at most.\n", r.Bytes, float64(r.Memory)/(1<<20))
	s.printf("B/A %.2f, C/B %.2f", r.Ratios.ProcessToRaw, r.Ratios.OneSKUToProcess)
	if r.HTTP != nil {
		s.printf(", B over HTTP/B %.2f", r.Ratios.HTTPToProcess)
	}
	if r.Pgbench != nil {
		s.printf(", B/pgbench %.2f", r.Ratios.ToPgbench)
	}
	s.printf(".\nAll books agree. It took %s.\n", time.Duration(r.Took*float64(time.Second)).Round(time.Second))
}

// benchRuns shows runs of the whole process, and the one on one article.
func (s *screen) benchRuns(title string, process []bench.Run, oneSKU bench.Run) {
	s.printf("\n%s\n", s.paint(bold, title))
	runs := s.table("  ", column{title: "CALLERS", right: true}, column{title: "ORDERS/S", right: true},
		column{title: "PLACED MS", right: true}, column{title: "P99", right: true}, column{title: "WHOLE MS", right: true}, column{title: "P99", right: true},
		column{title: "COMMITS", right: true}, column{title: "STATEMENTS", right: true})
	for i, b := range append(slices.Clone(process), oneSKU) {
		name := "B "
		if i == len(process) {
			name = "C "
		}
		runs.add(name+fmt.Sprint(b.Callers), fmt.Sprintf("%.0f", b.Rate), tenths(b.Placed.P50), tenths(b.Placed.P99), tenths(b.Whole.P50), tenths(b.Whole.P99),
			fmt.Sprintf("%.2f", b.Commits), fmt.Sprintf("%.1f", b.Statements))
	}
	runs.print()
}

// benchPaced shows what placement took at a steady rate, where that was measured.
func (s *screen) benchPaced(p *bench.Paced) {
	if p != nil {
		s.printf("Placed at %.0f orders/s, half the top rate: p50 %s, p99 %s.\n", p.Rate, milli(p.Placed.P50), milli(p.Placed.P99))
	}
}

// profile begins to write down what the processor does, and returns what ends that.
func profile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the profile can not be written: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

func tenths(n float64) string { return fmt.Sprintf("%.1f", n) }

func milli(ms float64) string { return tenths(ms) + " ms" }
