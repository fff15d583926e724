package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"doorstep"
	"doorstep/clock"
	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/internal/db"
	"doorstep/money"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim"
	"doorstep/verify"
)

// demoVerb shows the whole process in a throw-away database.
type demoVerb struct {
	Orders  int     `help:"How many orders the day has." default:"1000" placeholder:"N"`
	Seed    *uint64 `help:"Repeats the demo that was shown with it; drawn when not given." placeholder:"N"`
	Console bool    `help:"Leave a shop open in the browser after that, and trading, until Ctrl-C."`
	Listen  string  `help:"Where it is open then: an address of this machine and a port (0 for any that is free)." default:"127.0.0.1:8420" placeholder:"ADDR"`
	Report  string  `help:"Where the report is written; beside the throw-away database by default." type:"path" placeholder:"FILE"`
}

// Help says more, with examples.
func (demoVerb) Help() string {
	return `First one order's story is told, step by step, with the shop's times. In the second act five things go wrong, and are put right. Then a small shop's day is put through the same process on virtual time, checked by verify, and drawn as a page that opens offline. Nothing outside a throw-away folder is touched, except the report.

With --console a shop is left open in the browser: a week is behind it, and customers come as time goes by. It is gone with Ctrl-C.

    doorstep demo
    doorstep demo --console
    doorstep demo --seed 7 --orders 5000 --report day.html`
}

// Validate is called by the grammar.
func (v demoVerb) Validate() error {
	if v.Orders < 1 || v.Orders > maxDemoOrders {
		return fmt.Errorf("--orders is from 1 to %d", maxDemoOrders)
	}
	return listening{Listen: v.Listen, Connections: 1}.check()
}

const maxDemoOrders = 1_000_000

// demoStart is when every demo begins: the start of a Monday.
var demoStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// Run shows the demo.
func (v demoVerb) Run(s *session) (err error) {
	if err := s.checkOutputs(nil, named{"--report", v.Report}); err != nil {
		return err
	}
	// Whoever reads may leave early, such as head: that is an error of writing
	// then, after which the databases are still removed, and not the end.
	signal.Ignore(syscall.SIGPIPE)
	seed := rand.Uint64N(1_000_000)
	if v.Seed != nil {
		seed = *v.Seed
	}
	dir, err := os.MkdirTemp("", "doorstep-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeShops(dir)) }()
	if v.Report == "" {
		v.Report = filepath.Join(dir, "report.html")
	}
	answer := demoAnswer{Seed: seed, ReportFile: v.Report}
	if answer.Story, err = s.story(dir, seed); err != nil {
		return err
	}
	if answer.SecondAct, err = s.secondAct(dir, seed); err != nil {
		return err
	}
	if err := s.day(dir, v, answer); err != nil || !v.Console {
		return err
	}
	return s.leaveOpen(dir, v, seed)
}

// demoAnswer is what a demo comes to, as JSON.
type demoAnswer struct {
	Seed       uint64           `json:"seed"`
	Story      process.Overview `json:"story"`
	SecondAct  secondAct        `json:"second_act"`
	Orders     insight.Funnel   `json:"orders"`
	Failed     map[string]int64 `json:"failed"` // by reason
	Taken      []money.Amount   `json:"taken"`
	Refunded   []money.Amount   `json:"refunded"`
	Steps      []report.Step    `json:"steps"` // times in nanoseconds
	Verify     verify.Report    `json:"verify"`
	Took       time.Duration    `json:"took_nanoseconds"` // of the machine's time, for the day
	ReportFile string           `json:"report"`
}

// removeShops removes the databases of a demo and leaves its report.
func removeShops(dir string) error {
	shops, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range shops {
		errs = append(errs, os.RemoveAll(f))
	}
	_ = os.Remove(dir) // stays when the report is in it
	return errors.Join(errs...)
}

// troubled is a shop at which providers take seconds, and some things go wrong.
func troubled(declines, refusals float64) doorstep.Config {
	return doorstep.Config{
		Gateway: gateway.Config{DeclineRate: declines, SoftShare: 0.4, TimeoutBefore: 0.005, TimeoutAfter: 0.005,
			LatencyMin: 300 * time.Millisecond, LatencyMax: 3 * time.Second},
		Carrier: carrier.Config{RefuseRate: refusals, TroubleRate: 0.03, LateRate: 0.1, TwiceRate: 0.1, TimeoutAfter: 0.005,
			LatencyMin: 200 * time.Millisecond, LatencyMax: 2 * time.Second},
	}
}

// demoShop opens a throw-away shop on virtual time.
func (s *session) demoShop(file string, seed uint64, at time.Time, cfg doorstep.Config) (*doorstep.Shop, *sim.Shop, error) {
	clk := clock.NewVirtual(at)
	cfg.DB, cfg.Virtual, cfg.Seed = file, clk, seed
	if cfg.Log == nil {
		cfg.Log = s.log
	}
	shop, err := doorstep.Open(s.ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return shop, &sim.Shop{Process: shop.Process, Runner: shop.Virtual, Clock: clk, Seed: seed}, nil
}

// morning is when the demo's single orders are placed.
var morning = demoStart.Add(9*time.Hour + 30*time.Minute)

// story tells what becomes of one order.
func (s *session) story(dir string, seed uint64) (v process.Overview, err error) {
	shop, simulated, err := s.demoShop(filepath.Join(dir, "story.db"), seed, morning, troubled(0.25, 0.15))
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	id, err := simulated.Story(s.ctx)
	if err != nil {
		return v, err
	}
	if v, err = shop.Process.Show(s.ctx, id); err != nil || s.out.json {
		return v, err
	}
	s.out.printf("%s\n\n", s.out.paint(bold, "One order's story (shop time, seed "+strconv.FormatUint(seed, 10)+")"))
	return v, simulated.Tell(s.ctx, s.program.Stdout, id)
}

// secondAct is what goes wrong and is put right.
type secondAct struct {
	Mishaps []sim.Mishap  `json:"mishaps"`
	Verify  verify.Report `json:"verify"`
}

// secondAct lets five things go wrong at providers that fail in nothing else, and
// tells each in three lines.
func (s *session) secondAct(dir string, seed uint64) (act secondAct, err error) {
	cfg := troubled(0, 0)
	cfg.Gateway.TimeoutBefore, cfg.Gateway.TimeoutAfter = 0, 0
	cfg.Carrier.TroubleRate, cfg.Carrier.TimeoutAfter = 0, 0
	shop, simulated, err := s.demoShop(filepath.Join(dir, "mishaps.db"), seed, morning, cfg)
	if err != nil {
		return act, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	act.Mishaps, err = simulated.Mishaps(s.ctx, sim.BadLuck{SilentMethod: gateway.MethodTimeoutAfterChargeOnce, LostTo: carrier.PostalLostOnce})
	if err != nil {
		return act, err
	}
	if act.Verify, err = verify.Run(s.ctx, shop.DB, verify.Options{}); err != nil {
		return act, err
	}
	if !s.out.json {
		s.showSecondAct(act)
	}
	if !act.Verify.Clean() {
		return act, errViolations
	}
	return act, s.out.err
}

func (s *session) showSecondAct(act secondAct) {
	s.out.heading("The second act: five things go wrong, and are put right")
	for i, m := range act.Mishaps {
		s.out.printf("\n  %d. %s\n     %s\n     %s\n", i+1, m.Wrong, m.Done, m.Now)
	}
	s.out.printf("\n  Verify: %s, %s events: %s\n", orders(act.Verify.Orders), thousands(act.Verify.Events), verified(act.Verify))
}

// day puts a day of orders through the process and shows what came of it.
func (s *session) day(dir string, v demoVerb, answer demoAnswer) (err error) {
	times := &stepTimes{by: map[string]*insight.Distribution{}}
	cfg := troubled(0.05, 0.01)
	cfg.Done = times.add
	shop, simulated, err := s.demoShop(filepath.Join(dir, "day.db"), answer.Seed, demoStart, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	if !s.out.json {
		s.out.heading("A small shop's day: %s, on virtual time", orders(int64(v.Orders)))
		s.out.printf("\n")
	}
	start := time.Now()
	bar := s.newProgress("placed", int64(v.Orders))
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	err = simulated.Day(ctx, v.Orders, func(placed, _ int, now time.Time) {
		bar.set(int64(placed), now.Format(", at 15:04 shop time"))
		if s.out.err != nil {
			stop() // nobody reads any more
		}
	})
	bar.end()
	if err := cmp.Or(s.out.err, err); err != nil {
		return err
	}
	answer.Took = time.Since(start)
	return s.results(shop, v, times, answer)
}

func (s *session) results(shop *doorstep.Shop, v demoVerb, times *stepTimes, answer demoAnswer) error {
	ctx := context.WithoutCancel(s.ctx)
	in, err := insight.Read(ctx, shop.DB)
	if err != nil {
		return err
	}
	checked, err := verify.Run(ctx, shop.DB, verify.Options{})
	if err != nil {
		return err
	}
	durable, err := shop.DB.Durability(ctx)
	if err != nil {
		return err
	}
	data := in.Data()
	data.Title, data.Shop, data.Steps = "A small shop's day", "A simulated shop; its people and goods are made up", append(in.Steps(), times.steps()...)
	data.Verify = verdict(checked)
	data.Facts = []report.Fact{
		{Name: "Seed", Value: strconv.FormatUint(answer.Seed, 10)},
		{Name: "Database", Value: durability(durable)},
		{Name: "Computed in", Value: answer.Took.Round(10 * time.Millisecond).String()},
		{Name: "Events", Value: thousands(in.Events)},
	}
	if err := writePage(v.Report, func(f *os.File) error { return report.Render(f, data) }); err != nil {
		return err
	}
	answer.Orders, answer.Taken, answer.Refunded = in.Orders, data.Taken, data.Refunded
	answer.Steps, answer.Verify, answer.Failed = data.Steps, checked, map[string]int64{}
	for _, f := range data.Failed {
		answer.Failed[f.Name] = f.Orders
	}
	if err := s.out.show(answer, func() { s.showDay(in, v, answer) }); err != nil {
		return err
	}
	if !checked.Clean() {
		return errViolations
	}
	return nil
}

// showDay shows what came of a day.
func (s *session) showDay(in insight.Insight, v demoVerb, answer demoAnswer) {
	s.showFunnel(in)
	s.showSteps(answer.Steps)
	s.out.heading("Verify")
	s.out.printf("\n  %s, %s events: %s\n", orders(answer.Verify.Orders), thousands(answer.Verify.Events), verified(answer.Verify))
	for _, violation := range answer.Verify.Violations {
		s.out.paragraph(violation.String())
	}
	s.out.printf("\n  %s in %s, every step durable.\n", toTheEnd(in.Orders.Placed), answer.Took.Round(10*time.Millisecond))
	s.out.printf("  The same again: doorstep demo --seed %d --orders %d\n", answer.Seed, v.Orders)
	s.out.printf("  Report: %s\n", v.Report)
}

// durability says on one line how the database keeps what it acknowledges.
func durability(d db.Durability) string {
	parts := []string{d.Engine + " " + d.Version}
	for _, setting := range d.Settings {
		parts = append(parts, setting.Name+"="+setting.Value)
	}
	return strings.Join(parts, ", ")
}

func verified(r verify.Report) string {
	if r.Clean() {
		return "everything that is stored is true"
	}
	return fmt.Sprintf("%d violations", r.Count)
}

func verdict(r verify.Report) report.Verdict {
	var v report.Verdict
	for _, k := range verify.Kinds() {
		v.Checked = append(v.Checked, k.Says)
	}
	for _, violation := range r.Violations {
		v.Violations = append(v.Violations, violation.String())
	}
	return v
}

// showFunnel shows how many orders came how far.
func (s *session) showFunnel(in insight.Insight) {
	s.out.heading("How far the orders came")
	s.out.printf("\n")
	placed := in.Orders.Placed
	for _, stage := range in.Stages() {
		s.out.funnelLine(stage.Name, stage.Orders, placed, "█")
	}
	for _, f := range in.Failures() {
		s.out.funnelLine("failed: "+strings.ReplaceAll(f.Name, "_", " "), f.Orders, placed, "░")
	}
	s.out.funnelLine("cancelled", in.Orders.Cancelled, placed, "░")
	if in.Orders.Repaid > 0 {
		s.out.funnelLine("lost, and paid back", in.Orders.Repaid, placed, "░")
	}
	for _, sums := range []struct {
		name string
		of   map[money.Currency]int64
	}{{"taken", in.Taken}, {"given back", in.Refunded}} {
		for c, n := range sums.of {
			s.out.printf("  %-24s %s\n", sums.name, money.Of(n, c))
		}
	}
}

// funnelLine writes a name, a count, its share of all and a bar of it.
func (s *screen) funnelLine(name string, n, of int64, fill string) {
	const most = 28
	share := float64(n) / float64(max(of, 1))
	bar := strings.Repeat(fill, int(share*most+0.5))
	s.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %-24s %9s  %5.1f %%  %s", name, thousands(n), 100*share, bar), " "))
}

// showSteps shows how long the steps took.
func (s *session) showSteps(steps []report.Step) {
	s.out.heading("How long it took")
	s.out.printf("\n")
	t := s.out.table("  ", column{title: "step"}, column{title: "clock"}, column{title: "times", right: true},
		column{title: "median", right: true}, column{title: "p95", right: true})
	for _, step := range steps {
		t.add(step.Name, string(step.Clock), thousands(step.N), short(step.Median), short(step.P95))
	}
	t.print()
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= time.Minute:
		return fmt.Sprintf("%.1f min", d.Minutes())
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	default:
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
}

// orders counts orders in words.
func orders(n int64) string {
	if n == 1 {
		return "1 order"
	}
	return thousands(n) + " orders"
}

func toTheEnd(n int64) string {
	if n == 1 {
		return "1 order to its end"
	}
	return thousands(n) + " orders to their end"
}

// thousands writes a number with its thousands apart.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// stepTimes gathers how long the machine took for each step.
type stepTimes struct {
	mu sync.Mutex
	by map[string]*insight.Distribution
	in []string // the order in which the steps were first done
}

func (t *stepTimes) add(step string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[step] == nil {
		t.by[step] = &insight.Distribution{}
		t.in = append(t.in, step)
	}
	t.by[step].Add(took)
}

// mainSteps are those that every delivered order goes through.
var mainSteps = []string{"authorise", "buy_label", "track"}

func (t *stepTimes) steps() []report.Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []report.Step
	for _, name := range mainSteps {
		if d := t.by[name]; d != nil {
			all = append(all, report.Step{Name: strings.ReplaceAll(name, "_", " "), Clock: report.WallTime, N: d.N, Median: d.Median(), P95: d.P95()})
		}
	}
	return all
}
