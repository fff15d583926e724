package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"doorstep"
	"doorstep/cli/stage"
	"doorstep/clock"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/policy/settings"
	"doorstep/sim"
	"doorstep/sim/scenario"
	"doorstep/verify"
)

type simulateVerbs struct {
	Run     simulateRun     `cmd:"" default:"withargs" help:"Have a simulated shop go through a scenario."`
	Compare simulateCompare `cmd:"" help:"Set two runs side by side, or what a change does to one."`
	List    simulateList    `cmd:"" help:"Show the scenarios that come with the program."`
	Show    simulateShow    `cmd:"" help:"Show a scenario's file, to begin one's own with."`
}

// staging is how a scenario is run.
type staging struct {
	Seed  *uint64 `help:"Where all chance comes from: the same one gives the same run; 1 when not given." placeholder:"N"`
	Days  int     `help:"On how many days orders come in; as the scenario says when 0." placeholder:"N"`
	Scale float64 `help:"So many times the customers, and the goods and people for them." default:"1" placeholder:"TIMES"`
	File  string  `name:"report" help:"Write a page with charts to this file; it opens offline." type:"path" placeholder:"FILE"`
}

// seed is the one to run with.
func (v staging) seed() uint64 {
	if v.Seed == nil {
		return 1
	}
	return *v.Seed
}

// Validate is called by the grammar.
func (v staging) Validate() error {
	switch {
	case !(v.Scale > 0 && v.Scale <= 1000):
		return errors.New("--scale is above 0 and at most 1000")
	case v.Days < 0:
		return errors.New("--days is not negative")
	}
	return nil
}

// simulateRun has a simulated shop go through a scenario.
type simulateRun struct {
	Scenario string   `arg:"" optional:"" help:"One that comes with the program, or a file. Without it they are listed." placeholder:"NAME|FILE"`
	With     []string `help:"Change the scenario in one value, by its path in the file; may be repeated." sep:"none" placeholder:"PATH=VALUE"`
	Keep     string   `help:"Keep the simulated shop in this new database, to look at." placeholder:"FILE|URL"`
	Realtime bool     `help:"Let shop time pass with the wall clock, until the staff have gone home for good."`
	Speed    float64  `help:"With --realtime: how many times as fast." default:"1" placeholder:"TIMES"`
	staging
}

// Help says more, with examples.
func (simulateRun) Help() string {
	return `Customers come and buy, goods run out and come in, the gateway and the carrier fail at their rates, and people work tickets: all of it through the same process as in a real shop, on virtual time, in a throw-away database. Then everything that is stored is verified. The same scenario and seed give the same run. docs/simulate.md says what a scenario's file holds, and what --json answers. The word run may be left out; beside it there are simulate list, simulate show and simulate compare.

Examples:

    doorstep simulate run quiet-shop
    doorstep simulate black-friday --seed 7 --report friday.html
    doorstep simulate scarce-stock --with stock.reorder_at=30
    doorstep simulate my-shop.json --json > before.json
    doorstep simulate quiet-shop --realtime --speed 3600 --keep shop.db`
}

// Validate is called by the grammar.
func (v simulateRun) Validate() error {
	if !(v.Speed > 0 && v.Speed <= maxSpeed) { // so that NaN is none
		return fmt.Errorf("--speed is above 0 and at most %d", int(maxSpeed))
	}
	return v.staging.Validate()
}

const maxSpeed = 1e6

// Run runs a scenario.
func (v *simulateRun) Run(s *session) error {
	if v.Scenario == "" {
		return (&simulateList{}).Run(s)
	}
	kept := append(databaseFiles("the shop that is kept (--keep)", v.Keep, s.flags.Outside), scenarioFile(v.Scenario))
	if err := s.checkOutputs(kept, named{"--report", v.File}); err != nil {
		return err
	}
	sc, err := s.scenario(v.Scenario, v.With, v.staging)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE)
	run, err := s.simulate(sc.Name, sc, *v)
	if err != nil {
		return err
	}
	if v.File != "" {
		if err := writePage(v.File, func(f *os.File) error { return report.Render(f, run.page()) }); err != nil {
			return err
		}
	}
	if err := s.out.show(run.Result, func() { s.out.simulated(run, *v) }); err != nil {
		return err
	}
	if run.Verify.Violations > 0 {
		return errViolations
	}
	return nil
}

// scenario reads a scenario that comes with the program or a file, with what is
// changed of it.
//
// Errors: not_found; invalid.
func (s *session) scenario(name string, with []string, by staging) (scenario.Scenario, error) {
	sc, err := s.findScenario(name)
	if err != nil {
		return sc, err
	}
	return changed(sc, with, by)
}

// findScenario takes what looks like a file for one.
func (s *session) findScenario(name string) (scenario.Scenario, error) {
	if !isFile(name) {
		return scenario.Find(name)
	}
	data, err := s.readAll(name)
	if err != nil {
		return scenario.Scenario{}, err
	}
	return scenario.Parse(data)
}

// scenarioFile is the file that a scenario, or a run, is read from, if it is one.
func scenarioFile(name string) named {
	if !isFile(name) {
		name = ""
	}
	return named{"what is read", name}
}

func isFile(name string) bool {
	return name == "-" || strings.ContainsRune(name, filepath.Separator) || filepath.Ext(name) != ""
}

// changed is a scenario with what was typed about it.
func changed(sc scenario.Scenario, with []string, by staging) (scenario.Scenario, error) {
	sc.Days = cmp.Or(by.Days, sc.Days)
	if by.Scale != 1 {
		sc = sc.Scaled(by.Scale)
	}
	// What is named comes last: it is meant as it stands.
	sc, err := settings.AssignIn(sc, "the scenario", "a value that simulate show --all prints, as path=value", with)
	if err != nil {
		return sc, err
	}
	return sc, sc.Validate()
}

// run is a scenario that was gone through.
type run struct {
	sim.Result
	checked verify.Report
	durable db.Durability
	took    time.Duration // of the machine's time
}

// untold is the title of a scenario of which is not shown how far it is.
const untold = ""

// simulate has a new shop go through a scenario, which is shown under a title.
func (s *session) simulate(title string, sc scenario.Scenario, v simulateRun) (run, error) {
	dir, err := os.MkdirTemp("", "doorstep-simulate-")
	if err != nil {
		return run{}, err
	}
	cfg := stage.Config(sc)
	if s.flags.LogLevel == "warn" { // that providers fail is what is tried out
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	file := filepath.Join(dir, "shop.db")
	if v.Keep != "" {
		file, cfg.Outside = v.Keep, cmp.Or(s.flags.Outside, doorstep.OutsideOf(v.Keep))
		err = mustBeEmpty(cfg.Outside)
	}
	var r run
	if err == nil {
		r, err = s.goThrough(title, file, cfg, sc, v)
	}
	return r, errors.Join(err, os.RemoveAll(dir))
}

// mustBeEmpty refuses a folder in which providers have kept their books already:
// they would take the new shop's questions for those of an older one.
//
// Errors: conflict.
func mustBeEmpty(outside string) error {
	if entries, err := os.ReadDir(outside); err == nil && len(entries) > 0 {
		return fault.New(fault.Conflict, "the folder %q has the books of another shop's gateway and carrier: remove it, or name another one by --outside", outside)
	}
	return nil
}

func (s *session) goThrough(title, file string, cfg doorstep.Config, sc scenario.Scenario, v simulateRun) (r run, err error) {
	shop, simulated, err := s.demoShop(file, v.seed(), time.Time(sc.Start), cfg)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	if err := s.mustBeNew(shop); err != nil {
		return r, err
	}
	if v.Realtime {
		simulated.Runner = &sim.Paced{Runner: shop.Virtual, Shop: simulated.Clock, By: clock.Wall{}, Speed: v.Speed}
	}
	start := time.Now()
	log, err := s.play(title, simulated, sc)
	if err != nil {
		return r, err
	}
	r.took = time.Since(start)
	return r, s.look(shop, sc, v.seed(), log, &r)
}

// mustBeNew refuses a database in which something has happened.
//
// Errors: conflict.
func (s *session) mustBeNew(shop *doorstep.Shop) error {
	events, err := db.View(s.ctx, shop.DB, func(r db.Reader) ([]event.Event, error) {
		events, _, err := event.After(r, "", 1)
		return events, err
	})
	if err == nil && len(events) > 0 {
		return fault.New(fault.Conflict, "the database holds a shop already: a simulated one needs a new one")
	}
	return err
}

// play shows how far the shop is that goes through a scenario. Who reads may leave
// early.
func (s *session) play(title string, simulated *sim.Shop, sc scenario.Scenario) (sim.Log, error) {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	if title == untold {
		return simulated.Play(ctx, sc, func(int, int, time.Time) {})
	}
	bar := s.newProgress("placed", int64(sim.Expected(sc)))
	if !s.out.json {
		s.out.heading("%s (shop time, %s from %s)", title, count(sc.Days, "day", "days"), time.Time(sc.Start).Format("2 January 2006"))
		s.out.paragraph(sc.About)
		s.out.printf("\n")
	}
	log, err := simulated.Play(ctx, sc, func(placed, _ int, now time.Time) {
		bar.set(int64(placed), now.Format(", on 2 January at 15:04"))
		if s.out.err != nil {
			stop() // nobody reads any more
		}
	})
	bar.end()
	return log, cmp.Or(s.out.err, err)
}

// look reads what came of it.
func (s *session) look(shop *doorstep.Shop, sc scenario.Scenario, seed uint64, log sim.Log, r *run) error {
	ctx := context.WithoutCancel(s.ctx)
	in, err := insight.Read(ctx, shop.DB)
	if err != nil {
		return err
	}
	if r.checked, err = verify.Run(ctx, shop.DB, verify.Options{}); err != nil {
		return err
	}
	if r.durable, err = shop.DB.Durability(ctx); err != nil {
		return err
	}
	r.Result = sim.NewResult(sc, seed, log, in, sim.Verdict{Orders: r.checked.Orders, Events: r.checked.Events, Violations: r.checked.Count})
	return nil
}

// page is what the report of a run shows.
func (r run) page() report.Data {
	d := r.Report()
	d.Verify = verdict(r.checked)
	d.Facts = r.facts()
	return d
}

func (r run) facts() []report.Fact {
	facts := []report.Fact{
		{Name: "Seed", Value: strconv.FormatUint(r.Seed, 10)},
		{Name: "Database", Value: durability(r.durable)},
		{Name: "Computed in", Value: r.took.Round(10 * time.Millisecond).String()},
		{Name: "Events", Value: thousands(r.Result.Verify.Events)},
	}
	for _, c := range r.Carriers {
		facts = append(facts, report.Fact{Name: "Labels of " + c.Name, Value: thousands(c.Labels) + ", " + c.Paid()})
	}
	return facts
}

// simulated shows a run.
func (s *screen) simulated(r run, v simulateRun) {
	s.heading("How far the orders came")
	s.printf("\n")
	for _, stage := range r.Report().Funnel {
		s.funnelLine(stage.Name, stage.Orders, r.Orders.Placed, "█")
	}
	for _, f := range r.Failed {
		s.funnelLine("failed: "+words(f.Reason), f.Orders, r.Orders.Placed, "░")
	}
	s.funnelLine("cancelled", r.Orders.Cancelled, r.Orders.Placed, "░")
	s.funnelLine("sent something back", r.Orders.Returned, r.Orders.Placed, "░")
	if r.Orders.Repaid > 0 {
		s.funnelLine("lost, and paid back", r.Orders.Repaid, r.Orders.Placed, "░")
	}
	s.simulatedMoney(r)
	s.simulatedCarriers(r)
	s.simulatedTimes(r)
	s.simulatedPeople(r)
	s.simulatedStock(r)
	s.heading("Verify")
	s.printf("\n  %s, %s events: %s\n", orders(r.checked.Orders), thousands(r.checked.Events), verified(r.checked))
	for _, violation := range r.checked.Violations {
		s.paragraph(violation.String())
	}
	s.printf("\n  %s in %s; the same again with --seed %d.\n", toTheEnd(r.Orders.Placed), r.took.Round(10*time.Millisecond), r.Seed)
	if v.File != "" {
		s.printf("  Report: %s\n", v.File)
	}
	if v.Keep != "" {
		s.printf("  The shop is kept: look at it by every verb, with --db.\n")
	}
}

func (s *screen) simulatedMoney(r run) {
	s.heading("Money")
	s.printf("\n")
	t := s.table("  ", column{title: "currency"}, column{title: "taken", right: true}, column{title: "given back", right: true},
		column{title: "kept", right: true}, column{title: "worth of failed orders", right: true})
	for _, m := range r.Money {
		of := func(n int64) string { return money.Of(n, m.Currency).Decimal() }
		t.add(string(m.Currency), of(m.Taken), of(m.Refunded), of(m.Kept), of(m.Failed))
	}
	t.print()
	for _, f := range r.Failed {
		for _, w := range f.Worth {
			s.printf("  %s: %s\n", words(f.Reason), money.Of(w.Amount, w.Currency))
		}
	}
}

// simulatedCarriers shows who was paid for labels, where there is more than one.
func (s *screen) simulatedCarriers(r run) {
	if len(r.Carriers) < 2 {
		return
	}
	s.heading("Carriers")
	s.printf("\n")
	t := s.table("  ", column{title: "carrier"}, column{title: "labels", right: true}, column{title: "paid for them", right: true})
	for _, c := range r.Carriers {
		t.add(c.Name, thousands(c.Labels), c.Paid())
	}
	t.print()
}

func (s *screen) simulatedTimes(r run) {
	s.heading("How long it took (shop time)")
	s.printf("\n")
	t := s.table("  ", column{title: "step"}, column{title: "times", right: true}, column{title: "p50", right: true},
		column{title: "p90", right: true}, column{title: "p99", right: true})
	for _, step := range r.Steps {
		t.add(step.Name, thousands(step.N), short(step.P50), short(step.P90), short(step.P99))
	}
	t.print()
}

func (s *screen) simulatedPeople(r run) {
	s.heading("What waited for people")
	p := r.People
	s.printf("\n  %s tickets opened, %s unsolved in the end.\n", thousands(r.Tickets.Opened), thousands(r.Tickets.Unsolved))
	s.printf("  Open at once: %d at most, %.1f on average; the oldest for %s.\n", p.OpenMost, p.OpenMean, short(p.Oldest))
	s.printf("  At most %d orders held, %d steps stuck, %d steps late.\n", p.HeldMost, p.StuckMost, p.OverdueMost)
	t := s.table("  ", column{title: "category"}, column{title: "what was decided", shrink: true}, column{title: "tickets", right: true})
	const most = 8
	rest := int64(0)
	for i, o := range r.Tickets.By {
		if i >= most {
			rest += o.N
			continue
		}
		t.add(words(o.Category), words(o.Outcome), thousands(o.N))
	}
	if rest > 0 {
		t.add("others", "", thousands(rest))
	}
	if len(r.Tickets.By) > 0 {
		s.printf("\n")
		t.print()
	}
}

func (s *screen) simulatedStock(r run) {
	s.heading("Stock")
	t := s.table("  ", column{title: "SKU", shrink: true}, column{title: "hours out", right: true}, column{title: "orders lost", right: true},
		column{title: "reorders", right: true}, column{title: "units received", right: true})
	always := 0
	for _, k := range r.Stock {
		if k.HoursOut == 0 && k.OrdersLost == 0 {
			always++
			continue
		}
		t.add(k.SKU, thousands(int64(k.HoursOut)), thousands(k.OrdersLost), thousands(int64(k.Reorders)), thousands(k.Received))
	}
	s.printf("\n")
	if always < len(r.Stock) {
		t.print()
	}
	s.printf("  Of %d of %d SKUs there was always enough.\n", always, len(r.Stock))
}

// simulateList shows the scenarios.
type simulateList struct{}

// Help says more, with examples.
func (simulateList) Help() string {
	return `Examples:

    doorstep simulate list
    doorstep simulate show black-friday > mine.json`
}

// listed is a scenario in a list.
type listed struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Days   int    `json:"days"`
	Orders int    `json:"orders"` // about how many are placed
}

// Run lists them.
func (*simulateList) Run(s *session) error {
	var all []listed
	for _, name := range scenario.Names() {
		sc, err := scenario.Find(name)
		if err != nil {
			return err
		}
		all = append(all, listed{name, sc.About, sc.Days, sim.Expected(sc)})
	}
	return s.out.show(all, func() {
		for _, one := range all {
			s.out.printf("%s  (%s, about %s)\n", s.out.paint(bold, one.Name), count(one.Days, "day", "days"), orders(int64(one.Orders)))
			s.out.paragraph(one.About)
		}
		s.out.printf("\nRun one: doorstep simulate %s\n", all[0].Name)
	})
}

// simulateShow shows a scenario's file.
type simulateShow struct {
	Scenario string `arg:"" help:"One that comes with the program, or a file." placeholder:"NAME|FILE"`
	All      bool   `help:"With everything that the file leaves as it is by default."`
}

// Help says more, with examples.
func (simulateShow) Help() string {
	return `The file is itself a scenario: what it does not name is as by default.

Examples:

    doorstep simulate show quiet-shop --all
    doorstep simulate show black-friday > mine.json`
}

// Run shows it.
func (v *simulateShow) Run(s *session) error {
	sc, err := s.findScenario(v.Scenario)
	if err != nil {
		return err
	}
	if !v.All && !isFile(v.Scenario) {
		file, err := scenario.File(v.Scenario)
		s.out.printf("%s", file)
		return cmp.Or(err, s.out.err)
	}
	doc, err := json.MarshalIndent(sc, "", "  ")
	if err != nil {
		return err
	}
	s.out.printf("%s\n", doc)
	return s.out.err
}
