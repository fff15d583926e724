package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"doorstep/fault"
	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/policy/settings"
	"doorstep/sim"
	"doorstep/sim/scenario"
)

// simulateCompare sets two runs side by side.
type simulateCompare struct {
	A     string   `arg:"" help:"A scenario that comes with the program, a scenario's file, or a run as simulate --json has written it." placeholder:"A"`
	B     string   `arg:"" optional:"" help:"As A; where it is not named it is A, with what --with changes." placeholder:"B"`
	With  []string `help:"Change the scenario of B in one value, by its path in the file; may be repeated." sep:"none" placeholder:"PATH=VALUE"`
	Seeds int      `help:"Run both with so many seeds, from --seed on, and say which differences are more than chance; at least 5." default:"1" placeholder:"N"`
	staging
}

// Help says more, with examples.
func (simulateCompare) Help() string {
	return `What a change of a setting does is seen where nothing else is different: the same customers come at the same times, want the same, and meet the same gateway and carrier. Scenarios are run with the same seed; runs that were kept are read. With --seeds, each figure is a mean, shown with how far the mean difference may be off.

Examples:

    doorstep simulate compare scarce-stock --with stock.reorder_at=30
    doorstep simulate compare quiet-shop --with policy.payment_retries=5m,6h
    doorstep simulate compare support-wave --with staff.people=3
    doorstep simulate compare scarce-stock --with stock.reorder_at=30 --seeds 10
    doorstep simulate compare before.json after.json --report difference.html`
}

// Validate is called by the grammar.
func (v simulateCompare) Validate() error {
	if v.B == "" && len(v.With) == 0 {
		return fmt.Errorf("name B, or what is to be different in it: --with PATH=VALUE")
	}
	if v.Seeds != 1 && (v.Seeds < sim.FewestSeeds || v.Seeds > maxSeeds) {
		return fmt.Errorf("--seeds is from %d to %d, or 1", sim.FewestSeeds, maxSeeds)
	}
	return v.staging.Validate()
}

const maxSeeds = 1000

// comparedRuns is what a comparison comes to, as JSON.
type comparedRuns struct {
	Kind    string            `json:"kind"` // "doorstep.comparison/1"
	A       compared          `json:"a"`
	B       compared          `json:"b"`
	Changes []settings.Change `json:"changes"` // of the scenario, from A to B, and of the seed
	Groups  []report.Group    `json:"groups"`
}

type compared struct {
	Scenario   string `json:"scenario"`
	Seed       uint64 `json:"seed"`            // the first, where there are several
	Seeds      int    `json:"seeds,omitempty"` // how many, where there are several
	Violations int64  `json:"violations"`      // with all seeds
}

// Run compares.
func (v *simulateCompare) Run(s *session) error {
	if err := s.checkOutputs([]named{scenarioFile(v.A), scenarioFile(v.B)}, named{"--report", v.File}); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE)
	a, b, err := v.sides(s)
	if err != nil {
		return err
	}
	as, bs, err := v.run(s, a, b)
	if err != nil {
		return err
	}
	changes, err := changesOf(as[0], bs[0])
	if err != nil {
		return err
	}
	out := comparedRuns{Kind: "doorstep.comparison/1", A: comparedOf(as), B: comparedOf(bs), Changes: changes}
	if v.Seeds > 1 {
		out.Groups = sim.CompareSeeds(as, bs)
	} else {
		out.Groups = sim.Compare(as[0], bs[0])
	}
	if v.File != "" {
		err := writePage(v.File, func(f *os.File) error { return report.RenderComparison(f, out.page(as[0], bs[0])) })
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

// changesOf is what is different in B. With another seed it is chance that is
// different, which comes first.
func changesOf(a, b sim.Result) ([]settings.Change, error) {
	changes, err := settings.DiffIn(a.Scenario, b.Scenario)
	if err != nil {
		return nil, err
	}
	changes = slices.DeleteFunc(changes, func(c settings.Change) bool { return c.Setting == "about" })
	if a.Seed != b.Seed {
		number := func(seed uint64) json.RawMessage { return json.RawMessage(strconv.FormatUint(seed, 10)) }
		changes = slices.Insert(changes, 0, settings.Change{Setting: "seed", From: number(a.Seed), To: number(b.Seed)})
	}
	return changes, nil
}

// run is what came of both sides, with each seed.
func (v *simulateCompare) run(s *session, a, b side) (as, bs []sim.Result, err error) {
	if v.Seeds > 1 {
		return v.runSeeds(s, a, b)
	}
	ran := make([]sim.Result, 2)
	for i, side := range []side{a, b} {
		if ran[i], err = side.result(s, string(rune('A'+i))+": "+side.sc.Name); err != nil {
			return nil, nil, err
		}
	}
	return ran[:1], ran[1:], nil
}

// runSeeds runs both with every seed, and shows how many runs are done.
func (v *simulateCompare) runSeeds(s *session, a, b side) (as, bs []sim.Result, err error) {
	if a.kept != nil || b.kept != nil {
		return nil, nil, fault.New(fault.Invalid, "a run that is over has one seed: --seeds runs scenarios")
	}
	if !s.out.json {
		s.out.heading("%s and %s, with %d seeds from %d on", a.sc.Name, b.sc.Name, v.Seeds, v.seed())
		s.out.printf("\n")
	}
	bar := s.newProgress("run", int64(2*v.Seeds))
	defer bar.end()
	for i := range v.Seeds {
		for _, one := range []struct {
			side
			into *[]sim.Result
		}{{a, &as}, {b, &bs}} {
			one.seed = v.seed() + uint64(i)
			r, err := one.result(s, untold)
			if err = cmp.Or(err, s.out.err); err != nil {
				return nil, nil, err
			}
			*one.into = append(*one.into, r)
			bar.set(int64(len(as)+len(bs)), "")
		}
	}
	return as, bs, nil
}

// comparedOf says what of a side is compared.
func comparedOf(ran []sim.Result) compared {
	c := compared{Scenario: ran[0].Scenario.Name, Seed: ran[0].Seed}
	if len(ran) > 1 {
		c.Seeds = len(ran)
	}
	for _, r := range ran {
		c.Violations += r.Verify.Violations
	}
	return c
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
		if b, err = v.side(s, v.B, v.With); err == nil && a.kept != nil && b.kept != nil {
			err = v.asKept(a, b)
		}
		return a, b, err
	}
	b = side{sc: a.sc, seed: a.seed}
	if a.kept != nil { // as that was run: what was typed about it is in its scenario already
		if err = v.asKept(a); err == nil {
			b.sc, err = changed(a.kept.Scenario, v.With, staging{Scale: 1})
		}
		return a, b, err
	}
	b, err = v.side(s, v.A, v.With)
	return a, b, err
}

// asKept refuses flags that would change nothing: the runs are over, or one is and
// the other is to be as it was.
//
// Errors: invalid.
func (v *simulateCompare) asKept(kept ...side) error {
	for _, k := range kept {
		if v.Days != 0 || v.Scale != 1 || v.Seed != nil && *v.Seed != k.seed {
			return invalid("a run that is over has its seed, days and customers: --seed, --days and --scale are for scenarios")
		}
	}
	return nil
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
		return side{sc: sc, seed: v.seed()}, err
	}
	sc, err := s.scenario(name, with, v.staging)
	return side{sc: sc, seed: v.seed()}, err
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
	err := json.Unmarshal(data, &kept)
	if err == nil {
		err = kept.Scenario.Validate()
	}
	if err != nil {
		return &kept, true, fault.New(fault.Invalid, "%s is not a run as simulate --json writes it: %w", name, err)
	}
	return &kept, true, nil
}

// result is what came of it, by running it under a title where that was not done
// before.
func (d side) result(s *session, title string) (sim.Result, error) {
	if d.kept != nil {
		return *d.kept, nil
	}
	r, err := s.simulate(title, d.sc, simulateRun{staging: staging{Seed: &d.seed}})
	return r.Result, err
}

// page is what the report shows.
func (c comparedRuns) page(a, b sim.Result) report.Comparison {
	p := report.Comparison{
		Title: "Two runs side by side", A: c.A.Scenario, B: c.B.Scenario, About: a.Scenario.About,
		Groups: c.Groups, Pairs: sim.OverTime(a, b), Seeds: c.A.Seeds,
		Facts: []report.Fact{{Name: "Seed of A", Value: c.A.seeds()}, {Name: "Seed of B", Value: c.B.seeds()},
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
	if c.A.Seeds > 1 {
		s.heading("What is more than chance")
		s.printf("\n")
		s.paragraph(fmt.Sprintf("Both were run with the same %d seeds, and figures are means. ± is how far the mean difference may be off: its 95 %% confidence interval, by Student's paired t. yes: the interval does not hold 0, so the difference is more than chance. Of twenty figures in which only chance differs, about one says yes too.", c.A.Seeds))
	}
	for _, g := range c.Groups {
		s.heading("%s%s", strings.ToUpper(g.Name[:1]), g.Name[1:])
		s.printf("\n")
		s.comparedGroup(g, c.A.Seeds > 1)
	}
	s.heading("Verify")
	for _, one := range []struct {
		name string
		compared
	}{{"A", c.A}, {"B", c.B}} {
		with := "seed "
		if one.Seeds > 1 {
			with = "seeds "
		}
		s.printf("\n  %s, %s with %s%s: %d violations", one.name, one.Scenario, with, one.seeds(), one.Violations)
	}
	s.printf("\n")
	if file != "" {
		s.printf("\n  Report: %s\n", file)
	}
}

// seeds names the seeds that it was run with.
func (c compared) seeds() string {
	if c.Seeds > 1 {
		return fmt.Sprintf("%d to %d", c.Seed, c.Seed+uint64(c.Seeds)-1)
	}
	return strconv.FormatUint(c.Seed, 10)
}

// comparedGroup shows figures of one kind.
func (s *screen) comparedGroup(g report.Group, seeds bool) {
	columns := []column{{title: "figure", shrink: true}, {title: "A", right: true}, {title: "B", right: true}, {title: "B less A", right: true}}
	if seeds {
		columns = append(columns, column{title: "±", right: true}, column{})
	}
	t := s.table("  ", columns...)
	for _, r := range g.Rows {
		if r.Paired == nil {
			t.add(r.Name, figure(r.Unit, r.A), figure(r.Unit, r.B), difference(r))
			continue
		}
		p := *r.Paired
		cells := []string{r.Name, meanFigure(r.Unit, p.A), meanFigure(r.Unit, p.B), "", "", ""}
		if p.Difference != 0 {
			cells[3] = sign(p.Difference) + meanFigure(r.Unit, math.Abs(p.Difference))
		}
		if p.Margin != 0 {
			cells[4] = meanFigure(r.Unit, p.Margin)
		}
		if p.MoreThanChance {
			cells[5] = "yes"
		}
		t.add(cells...)
	}
	t.print()
}

func sign(x float64) string {
	if x < 0 {
		return "-"
	}
	return "+"
}

// meanFigure is a mean of a unit, for people: of what is counted with a tenth.
func meanFigure(u report.Unit, x float64) string {
	if u != report.UnitCount {
		return figure(u, int64(math.Round(x)))
	}
	tenths := int64(math.Round(10 * x))
	return fmt.Sprintf("%s.%d", thousands(tenths/10), tenths%10)
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
