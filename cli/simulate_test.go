package cli_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"doorstep"
	"doorstep/insight/report"
	"doorstep/internal/db/dbtest"
	"doorstep/sim"
	"doorstep/sim/scenario"

	"github.com/google/go-cmp/cmp"
)

// mine is a scenario of a shop's own: made up, and small.
const mine = `{
  "name": "mine", "about": "A made-up shop of one's own.", "days": 2, "follow_days": 12,
  "orders": {"per_day": 12, "peaks": [{"from": "day 1 09:00", "to": "day 1 10:00", "orders": 6, "sku": "LAMP"}]},
  "stock": {"units": 6, "reorder_at": 2, "reorder": 4, "lead_time": "24h"},
  "gateway": {"decline_rate": 0.2, "soft_share": 1},
  "policy": {"payment_retries": ["10m"]}
}`

// simulator runs the command line beside a scenario's file.
type simulator struct {
	*shop
	dir string
}

func newSimulator(t testing.TB) simulator {
	t.Helper()
	s := simulator{newShop(t, "sqlite"), t.TempDir()}
	s.write("mine.json", mine)
	return s
}

func (s simulator) write(name, text string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

func (s simulator) file(name string) string { return filepath.Join(s.dir, name) }

var tookTime = regexp.MustCompile(`(to their end in )[0-9.]+m?s`)

// TestSimulate is what people see of it, and of what a change does.
func TestSimulate(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	page, seeds := s.file("report.html"), s.file("seeds.html")
	var text strings.Builder
	for _, args := range [][]string{
		{"simulate"},
		{"simulate", s.file("mine.json"), "--report", page},
		{"simulate", "compare", s.file("mine.json"), "--with", "stock.reorder_at=6", "--with", "policy.payment_retries="},
		{"simulate", "compare", s.file("mine.json"), "--with", "gateway.decline_rate=0.5", "--seeds", "5", "--days", "1", "--report", seeds},
	} {
		said := tookTime.ReplaceAllString(s.must("", args...), "${1}TIME")
		text.WriteString("$ doorstep " + quoted(args) + "\n" + said + "\n")
	}
	got := strings.ReplaceAll(text.String(), s.dir, "DIR")
	golden(t, "simulate.txt", got, *update)
	for _, line := range tooWide(got) {
		t.Errorf("wider than 80 columns: %s", line)
	}
	for file, want := range map[string]string{page: "What waited for people", seeds: "Both were run with the same 5 seeds"} {
		html, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(html), want) || file == page && !strings.Contains(string(html), "LAMP") {
			t.Errorf("the report %s lacks something: %v", file, err)
		}
	}
}

// TestSimulateAsJSON: the same run is the same to the byte, can be kept, and can be
// compared, with itself and with what a change makes of it.
func TestSimulateAsJSON(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	first := s.must("", "simulate", s.file("mine.json"), "--seed", "7", "--json")
	if diff := cmp.Diff(first, s.must(mine, "simulate", "-", "--seed", "7", "--json")); diff != "" {
		t.Errorf("the same again:\n%s", diff)
	}
	var r sim.Result
	if err := json.Unmarshal([]byte(first), &r); err != nil || r.Kind != sim.ResultKind || r.Seed != 7 || r.Orders.Placed != 30 || len(r.Hours) != 24*14 {
		t.Fatalf("%v: %+v", err, r.Orders)
	}
	kept := s.write("a.json", first)
	page := s.file("both.html")
	var same, other struct {
		Changes []struct{ Setting string }
		Groups  []struct {
			Name string
			Rows []struct {
				Name, Unit string
				A, B       int64
			}
		}
	}
	compare := func(into any, args ...string) {
		t.Helper()
		if err := json.Unmarshal([]byte(s.must("", append([]string{"simulate", "compare", "--json"}, args...)...)), into); err != nil {
			t.Fatal(err)
		}
	}
	compare(&same, kept, s.file("mine.json"), "--seed", "7")
	for _, g := range same.Groups {
		for _, row := range g.Rows {
			if row.A != row.B || len(same.Changes) != 0 {
				t.Errorf("a run differs from itself: %+v, %v", row, same.Changes)
			}
		}
	}
	compare(&other, kept, "--with", "gateway.decline_rate=1", "--report", page)
	if len(other.Changes) != 1 || other.Changes[0].Setting != "gateway.decline_rate" || other.Groups[0].Rows[1].Name != "paid" ||
		other.Groups[0].Rows[1].A != r.Orders.Paid || other.Groups[0].Rows[1].B != 0 {
		t.Errorf("%+v", other)
	}
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "gateway.decline_rate") || !strings.Contains(string(html), "Orders delivered so far") {
		t.Errorf("the report lacks something: %v", err)
	}
}

// TestSeveralSeedsAsJSON: each figure is the mean of the runs with those seeds.
func TestSeveralSeedsAsJSON(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	small := []string{"--days", "1", "--scale", "0.5", "--json"}
	taken := func(seed, rate string) float64 {
		var r sim.Result
		args := append([]string{"simulate", s.file("mine.json"), "--seed", seed, "--with", "gateway.decline_rate=" + rate}, small...)
		if err := json.Unmarshal([]byte(s.must("", args...)), &r); err != nil {
			t.Fatal(err)
		}
		return float64(r.Money[0].Taken)
	}
	a, b := 0.0, 0.0
	for _, seed := range []string{"3", "4", "5", "6", "7"} {
		a, b = a+taken(seed, "0")/5, b+taken(seed, "0.9")/5
	}
	args := append([]string{"simulate", "compare", s.file("mine.json"), s.file("mine.json"), "--seed", "3", "--seeds", "5", "--with", "gateway.decline_rate=0.9"}, small...)
	s.write("mine.json", strings.Replace(mine, `"decline_rate": 0.2`, `"decline_rate": 0`, 1))
	var c struct {
		A      struct{ Seed, Seeds int }
		Groups []struct {
			Name string
			Rows []report.Row
		}
	}
	if err := json.Unmarshal([]byte(s.must("", args...)), &c); err != nil {
		t.Fatal(err)
	}
	row := c.Groups[1].Rows[0]
	if c.A.Seed != 3 || c.A.Seeds != 5 || row.Name != "taken" || row.Paired == nil || math.Abs(row.Paired.A-a) > 1e-6 || math.Abs(row.Paired.B-b) > 1e-6 ||
		math.Abs(row.Paired.Difference-(b-a)) > 1e-6 || !row.Paired.MoreThanChance {
		t.Errorf("the runs say %v and %v, and compared they are %+v %+v", a, b, row, row.Paired)
	}
}

// TestARunOfAnotherSeedIsNotTheSame, although nothing of its scenario is different.
func TestARunOfAnotherSeedIsNotTheSame(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	for _, seed := range []string{"5", "6"} {
		s.write(seed+".json", s.must("", "simulate", s.file("mine.json"), "--seed", seed, "--days", "1", "--json"))
	}
	said := s.must("", "simulate", "compare", s.file("5.json"), s.file("6.json"))
	if rows := strings.Fields(said); !strings.Contains(strings.Join(rows, " "), "setting A B seed 5 6") || strings.Contains(said, "Nothing.") {
		t.Errorf("it says %s", said)
	}
}

// TestWhatIsNamedIsNotScaled: a value of --with is meant as it stands.
func TestWhatIsNamedIsNotScaled(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	var r sim.Result
	said := s.must("", "simulate", s.file("mine.json"), "--with", "staff.people=3", "--with", "stock.reorder_at=30", "--scale", "0.1", "--days", "1", "--json")
	if err := json.Unmarshal([]byte(said), &r); err != nil {
		t.Fatal(err)
	}
	if sc := r.Scenario; sc.Staff.People != 3 || sc.Stock.ReorderAt != 30 || sc.Stock.Units != 1 || sc.Orders.PerDay != 1 {
		t.Errorf("%d people, %+v, %d orders a day", sc.Staff.People, sc.Stock, sc.Orders.PerDay)
	}
}

// TestALongSKUFitsTheScreen, as one of any length does.
func TestALongSKUFitsTheScreen(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	long := strings.Repeat("X", 64)
	text := strings.Replace(mine, `"days": 2`, `"days": 1, "baskets": {"lines": [1]}, "goods": [{"sku": "`+long+`", "name": "Made up", "price": 1, "weight_grams": 1, "popularity": 1}]`, 1)
	text = strings.Replace(text, `"sku": "LAMP"`, `"sku": "`+long+`"`, 1)
	s.write("long.json", text)
	said := s.must("", "simulate", s.file("long.json"), "--with", "stock.units=1", "--with", "stock.reorder_at=0")
	if !strings.Contains(said, "XXXX") {
		t.Errorf("it was never out of stock:\n%s", said)
	}
	for _, line := range tooWide(said) {
		t.Errorf("wider than 80 columns: %s", line)
	}
}

// TestASimulatedShopIsKept, in a file or on a server: every verb that reads shows it,
// and it is never run over. Without a name of its own for them, the providers' books
// of a file lie beside it.
func TestASimulatedShopIsKept(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newSimulator(t)
		s.db = dbtest.EmptyURL(t, engine)
		books, named := s.file("books"), []string{"--outside", s.file("books")}
		if engine == dbtest.SQLite {
			books, named = doorstep.OutsideOf(s.db), nil
		}
		s.must("", append([]string{"simulate", s.file("mine.json"), "--keep", s.db, "--days", "1", "--scale", "0.5", "--realtime", "--speed", "1000000"}, named...)...)
		if kept, err := os.ReadDir(books); err != nil || len(kept) < 2 {
			t.Errorf("the books of the providers are %v, %v", kept, err)
		}
		if list := s.must("", "order", "list", "--json"); strings.Count(list, `"shipping_method"`) != 9 {
			t.Errorf("the orders are %s", list)
		}
		if said := s.must("", "verify"); !strings.Contains(said, "9 orders") {
			t.Errorf("verify says %s", said)
		}
		for dir, says := range map[string]string{books: "another shop", s.file("other"): "holds a shop already"} {
			a := s.run("", "simulate", "quiet-shop", "--keep", s.db, "--outside", dir)
			if a.code != 4 || !strings.Contains(a.stderr, says) {
				t.Errorf("it is run over: exit code %d\n%s%s", a.code, a.stdout, a.stderr)
			}
		}
	})
}

// TestASimulationThatCanNotBe says what is wrong, and where.
func TestASimulationThatCanNotBe(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	s.write("bad.json", `{"name": "bad", "orders": {"per_hour": 3}}`)
	s.write("kept.json", `{"kind": "doorstep.simulation/9"}`)
	s.write("empty.json", `{"kind": "doorstep.simulation/1", "seed": 1}`)
	kept, err := json.Marshal(sim.Result{Kind: sim.ResultKind, Scenario: scenario.Default(), Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	s.write("run.json", string(kept))
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{3, `no scenario "made-up"`, []string{"made-up"}},
		{3, "there is no file", []string{s.file("none.json")}},
		{2, "orders.per_hour", []string{s.file("bad.json")}},
		{2, "orders.per_hours", []string{"quiet-shop", "--with", "orders.per_hours=3"}},
		{2, "stock.units", []string{"quiet-shop", "--with", "stock.units=-3"}},
		{2, "policy.silence", []string{"quiet-shop", "--with", "policy.silence=soon"}},
		{2, "--scale", []string{"quiet-shop", "--scale", "0"}},
		{2, "--speed", []string{"quiet-shop", "--realtime", "--speed", "0"}},
		{2, "--speed", []string{"quiet-shop", "--realtime", "--speed", "NaN"}},
		{2, "--days", []string{"quiet-shop", "--days", "-1"}},
		{2, "start", []string{"quiet-shop", "--with", "start=1969-12-31"}},
		{2, "start", []string{"quiet-shop", "--with", "start=9999-12-31"}},
		{2, "days", []string{"quiet-shop", "--days", "100000"}},
		{3, "no folder", []string{"quiet-shop", "--report", s.file("none/x.html")}},
		{2, "--with", []string{"compare", "quiet-shop"}},
		{2, "--seeds is from 5", []string{"compare", "quiet-shop", "black-friday", "--seeds", "4"}},
		{2, "--seeds runs scenarios", []string{"compare", s.file("run.json"), "quiet-shop", "--seeds", "5"}},
		{2, "kept.json", []string{"compare", s.file("kept.json"), "quiet-shop"}},
		{2, "--with changes a scenario", []string{"compare", "quiet-shop", s.file("run.json"), "--with", "days=1"}},
		{2, "empty.json", []string{"compare", s.file("empty.json"), "quiet-shop"}},
		{2, "are for scenarios", []string{"compare", s.file("run.json"), "--with", "days=1", "--seed", "9"}},
		{2, "are for scenarios", []string{"compare", s.file("run.json"), "--with", "days=1", "--seed", "1"}},
		{2, "are for scenarios", []string{"compare", s.file("run.json"), "--with", "days=1", "--days", "1"}},
		{2, "are for scenarios", []string{"compare", s.file("run.json"), s.file("run.json"), "--scale", "2"}},
		{3, "no scenario", []string{"show", "made-up"}},
	} {
		a := s.run("", append([]string{"simulate"}, c.args...)...)
		if a.code != c.code || !strings.Contains(a.stderr, c.says) || a.stdout != "" {
			t.Errorf("%v: exit code %d, not %d with %q: %s%s", c.args, a.code, c.code, c.says, a.stdout, a.stderr)
		}
	}
}

// TestAScenarioIsShownWhole: what it shows is a scenario again.
func TestAScenarioIsShownWhole(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	whole := s.must("", "simulate", "show", s.file("mine.json"))
	for _, want := range []string{`"per_day": 12`, `"from": "day 1 09:00"`, `"lead_time": "24h0m0s"`, `"payment_retries"`, `"by_weekday"`} {
		if !strings.Contains(whole, want) {
			t.Errorf("%s is missing:\n%s", want, whole)
		}
	}
	again := s.write("again.json", whole)
	if diff := cmp.Diff(whole, s.must("", "simulate", "show", again)); diff != "" {
		t.Error(diff)
	}
	if all := s.must("", "simulate", "show", "quiet-shop", "--all"); !strings.Contains(all, `"returns"`) {
		t.Errorf("it shows %s", all)
	}
}
