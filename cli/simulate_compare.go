package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"doorstep/cli/settings"
	"doorstep/fault"
	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/sim"
	"doorstep/sim/scenario"
)

// simulateCompare sets two runs side by side.
type simulateCompare struct {
	A    string   `arg:"" help:"A scenario that comes with the program, a scenario's file, or a run as simulate --json has written it." placeholder:"A"`
	B    string   `arg:"" optional:"" help:"As A; where it is not named it is A, with what --with changes." placeholder:"B"`
	With []string `help:"Change the scenario of B in one value, by its path in the file; may be repeated." sep:"none" placeholder:"PATH=VALUE"`
	staging
}

// Help says more, with examples.
func (simulateCompare) Help() string {
	return `What a change of a setting does is seen where nothing else is different: the same customers come at the same times, want the same, and meet the same gateway and carrier. Scenarios are run with the same seed; runs that were kept are read.

Examples:

    doorstep simulate compare scarce-stock --with stock.reorder_at=30
    doorstep simulate compare quiet-shop --with policy.payment_retries=5m,6h
    doorstep simulate compare support-wave --with staff.people=3
    doorstep simulate compare before.json after.json --report difference.html`
}

// Validate is called by the grammar.
func (v simulateCompare) Validate() error {
	if v.B == "" && len(v.With) == 0 {
		return fmt.Errorf("name B, or what is to be different in it: --with PATH=VALUE")
	}
	return v.staging.Validate()
}

// comparedRuns is what a comparison comes to, as JSON.
type comparedRuns struct {
	Kind    string            `json:"kind"` // "doorstep.comparison/1"
	A       compared          `json:"a"`
	B       compared          `json:"b"`
	Changes []settings.Change `json:"changes"` // of the scenario, from A to B
	Groups  []report.Group    `json:"groups"`
}

type compared struct {
	Scenario   string `json:"scenario"`
	Seed       uint64 `json:"seed"`
	Violations int64  `json:"violations"`
}

// Run compares.
func (v *simulateCompare) Run(s *session) error {
	if v.File != "" {
		if err := checkFolder(v.File); err != nil {
			return err
		}
	}
	signal.Ignore(syscall.SIGPIPE)
	a, b, err := v.sides(s)
	if err != nil {
		return err
	}
	ran := make([]sim.Result, 2)
	for i, side := range []side{a, b} {
		if ran[i], err = side.result(s, string(rune('A'+i))); err != nil {
			return err
		}
	}
	changes, err := settings.DiffIn(ran[0].Scenario, ran[1].Scenario)
	if err != nil {
		return err
	}
	changes = slices.DeleteFunc(changes, func(c settings.Change) bool { return c.Setting == "about" })
	out := comparedRuns{Kind: "doorstep.comparison/1", A: comparedOf(ran[0]), B: comparedOf(ran[1]), Changes: changes, Groups: sim.Compare(ran[0], ran[1])}
	if v.File != "" {
		err := writePage(v.File, func(f *os.File) error { return report.RenderComparison(f, out.page(ran[0], ran[1])) })
		if err != nil {
			return err
		}
	}
	if err := s.out.show(out, func() { s.out.comparison(out, v.File) }); err != nil {
		return err
	}
	if out.A.Violations+out.B.Violations > 0 {
		return errViolations
	}
	return nil
}

func comparedOf(r sim.Result) compared {
	return compared{Scenario: r.Scenario.Name, Seed: r.Seed, Violations: r.Verify.Violations}
}

// side is one of the two: a run that was kept, or a scenario to be run.
type side struct {
	kept *sim.Result
	sc   scenario.Scenario
	seed uint64
}

// sides reads both before either is run.
func (v *simulateCompare) sides(s *session) (a, b side, err error) {
	if a, err = v.side(s, v.A, nil); err != nil {
		return a, b, err
	}
	if v.B != "" {
		b, err = v.side(s, v.B, v.With)
		return a, b, err
	}
	b = side{sc: a.sc, seed: a.seed}
	if a.kept != nil { // as that was run: what was typed about it is in its scenario already
		b.sc, err = changed(a.kept.Scenario, v.With, staging{Scale: 1})
		return a, b, err
	}
	b, err = v.side(s, v.A, v.With)
	return a, b, err
}

func (v *simulateCompare) side(s *session, name string, with []string) (side, error) {
	if isFile(name) {
		data, err := s.readAll(name)
		if err != nil {
			return side{}, err
		}
		if kept, is, err := keptRun(name, data); is || err != nil {
			if err == nil && len(with) > 0 {
				err = fault.New(fault.Invalid, "%s is a run that is over: --with changes a scenario", name)
			}
			return side{kept: kept, seed: kept.Seed}, err
		}
		sc, err := scenario.Parse(data)
		if err == nil {
			sc, err = changed(sc, with, v.staging)
		}
		return side{sc: sc, seed: v.Seed}, err
	}
	sc, err := s.scenario(name, with, v.staging)
	return side{sc: sc, seed: v.Seed}, err
}

// keptRun reads a run that was kept, and says whether it is one.
//
// Errors: invalid.
func keptRun(name string, data []byte) (*sim.Result, bool, error) {
	var kind struct {
		Kind string `json:"kind"`
	}
	var kept sim.Result
	_ = json.Unmarshal(data, &kind) // what is no JSON is no run: whoever reads it as a scenario says what is wrong
	if !strings.HasPrefix(kind.Kind, "doorstep.") {
		return &kept, false, nil
	}
	if kind.Kind != sim.ResultKind {
		return &kept, true, fault.New(fault.Invalid, "%s is %q, not a run as simulate --json writes it (%s)", name, kind.Kind, sim.ResultKind)
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return &kept, true, fault.New(fault.Invalid, "%s is not a run as simulate --json writes it: %w", name, err)
	}
	return &kept, true, nil
}

// result is what came of it, by running it where that was not done before.
func (d side) result(s *session, name string) (sim.Result, error) {
	if d.kept != nil {
		return *d.kept, nil
	}
	r, err := s.simulate(name+": "+d.sc.Name, d.sc, simulateRun{staging: staging{Seed: d.seed}})
	return r.Result, err
}

// page is what the report shows.
func (c comparedRuns) page(a, b sim.Result) report.Comparison {
	p := report.Comparison{
		Title: "Two runs side by side", A: c.A.Scenario, B: c.B.Scenario, About: a.Scenario.About,
		Groups: c.Groups, Pairs: sim.OverTime(a, b),
		Facts: []report.Fact{{Name: "Seed of A", Value: strconv.FormatUint(a.Seed, 10)}, {Name: "Seed of B", Value: strconv.FormatUint(b.Seed, 10)},
			{Name: "Violations found by verify", Value: strconv.FormatInt(c.A.Violations+c.B.Violations, 10)}},
	}
	if c.A.Scenario == c.B.Scenario && len(c.Changes) > 0 {
		p.B += ", changed"
	}
	for _, one := range c.Changes {
		p.Changed = append(p.Changed, report.Changed{Setting: one.Setting, A: setTo(one.From), B: setTo(one.To)})
	}
	return p
}

// comparison shows two runs side by side.
func (s *screen) comparison(c comparedRuns, file string) {
	s.heading("What is different in B")
	s.printf("\n")
	if len(c.Changes) == 0 {
		s.printf("  Nothing.\n")
	} else {
		t := s.table("  ", column{title: "setting"}, column{title: "A", shrink: true}, column{title: "B", shrink: true})
		for _, one := range c.Changes {
			t.add(one.Setting, setTo(one.From), setTo(one.To))
		}
		t.print()
	}
	for _, g := range c.Groups {
		s.heading("%s%s", strings.ToUpper(g.Name[:1]), g.Name[1:])
		s.printf("\n")
		t := s.table("  ", column{title: "figure", shrink: true}, column{title: "A", right: true}, column{title: "B", right: true}, column{title: "B less A", right: true})
		for _, r := range g.Rows {
			t.add(r.Name, figure(r.Unit, r.A), figure(r.Unit, r.B), difference(r))
		}
		t.print()
	}
	s.heading("Verify")
	for _, one := range []struct {
		name string
		compared
	}{{"A", c.A}, {"B", c.B}} {
		s.printf("\n  %s, %s with seed %d: %d violations", one.name, one.Scenario, one.Seed, one.Violations)
	}
	s.printf("\n")
	if file != "" {
		s.printf("\n  Report: %s\n", file)
	}
}

// figure is a figure of a unit, for people.
func figure(u report.Unit, n int64) string {
	switch u {
	case report.UnitCount:
		return thousands(n)
	case report.UnitTime:
		return short(time.Duration(n))
	default:
		return money.Of(n, money.Currency(u)).String()
	}
}

// difference is how much more B has, with its sign; nothing where there is none.
func difference(r report.Row) string {
	switch d := r.Difference(); {
	case d == 0:
		return ""
	case d > 0:
		return "+" + figure(r.Unit, d)
	default:
		return "-" + figure(r.Unit, -d)
	}
}
