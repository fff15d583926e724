package process_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/support"
)

// failure is one thing that goes wrong. What becomes of it is not written here:
// the scenario makes it happen, and how its order stands then is read from the
// database.
type failure struct {
	name     string
	trigger  string         // what happens
	decides  string         // who decides what is done
	policy   []string       // by which settings
	rows     []process.Step // which carry it
	scenario string         // which makes it happen to its first order
}

// part is one part of the catalogue.
type part struct {
	name     string
	failures []failure
}

// ending is how an order stands when its scenario is over, in words.
type ending struct {
	Status string // as the customer sees it
	Told   string // what a customer is answered who asks where the order is
	Money  string
	Stock  string
	Open   string            // what still waits
	Policy map[string]string // the settings that the scenario's shop has, as JSON
}

// endings are those of the scenarios that the catalogue names.
type endings struct {
	mu sync.Mutex
	of map[string]ending
}

// firstNumber is the number of a scenario's first order.
const firstNumber = "1001"

// see takes down how a scenario has ended, when the catalogue names it.
func (e *endings) see(s *shop, scenario string) {
	if !slices.ContainsFunc(allFailures(), func(f failure) bool { return f.scenario == scenario }) {
		return
	}
	is := s.ending(s.show(firstNumber))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of[scenario] = is
}

func (s *shop) ending(v process.Overview) ending {
	s.t.Helper()
	p, _, err := s.Policies(s.t.Context())
	must(s.t, err)
	e := ending{Status: string(v.Order.Status), Money: s.moneyOf(v), Stock: s.stockOf(v), Open: openOf(v), Policy: policyFields(s.t, p)}
	if v.Order.Failure != "" {
		e.Status += " (" + string(v.Order.Failure) + ")"
	}
	told := s.ticket(s.raise(v.Order, support.WhereIsMyOrder).ID).Messages[1].Body
	e.Told, _, _ = strings.Cut(told, " Tracking number:")
	return e
}

// moneyOf says what the shop has taken and given back, and what the gateway's own
// books say where that is something else.
func (s *shop) moneyOf(v process.Overview) string {
	sums := v.Order.Sums
	authorised := int64(0)
	if v.Order.Payment == order.PaymentAuthorised {
		authorised = v.Order.Total
	}
	text := fmt.Sprintf("`%s`: %s", v.Order.Payment, inMoney(authorised, sums.Captured, sums.Refunding, sums.Refunded))
	var held, taken, back int64
	for _, c := range s.charges(v.Order.ID) {
		taken, back = taken+c.Captured.Minor, back+c.Refunded.Minor
		if !c.Voided && c.Captured.Minor == 0 {
			held += c.Authorised.Minor
		}
	}
	if books := inMoney(held, taken, 0, back); len(v.Payments) == 1 && v.Payments[0].Gateway != payment.Manual &&
		books != inMoney(authorised, sums.Captured, 0, sums.Refunded) {
		text += "; by the gateway's books " + books
	}
	return text
}

func inMoney(authorised, taken, pending, back int64) string {
	var all []string
	for _, sum := range []struct {
		amount int64
		is     string
	}{{authorised, "authorised"}, {taken, "taken"}, {pending, "on its way back"}, {back, "given back"}} {
		if sum.amount != 0 {
			all = append(all, money.Of(sum.amount, "GBP").String()+" "+sum.is)
		}
	}
	if len(all) == 0 {
		return "nothing taken"
	}
	return strings.Join(all, ", ")
}

// stockOf says what there is of what was ordered, at all locations.
func (s *shop) stockOf(v process.Overview) string {
	text := fmt.Sprintf("`%s`", v.Order.Stock)
	for _, l := range v.Lines {
		levels, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, l.SKU, l.SKU) })
		must(s.t, err)
		var onHand, reserved int64
		for _, level := range levels {
			onHand, reserved = onHand+level.OnHand, reserved+level.Reserved
		}
		if part := fmt.Sprintf("; %s: %d on hand, %d of them reserved", l.SKU, onHand, reserved); !strings.Contains(text, part) {
			text += part
		}
	}
	return text
}

// openOf says what of an order still waits for someone or something.
func openOf(v process.Overview) string {
	var all []string
	if v.Order.Held != "" {
		all = append(all, "held (`"+v.Order.Held+"`)")
	}
	for _, t := range v.Tickets {
		if t.Status.Unsolved() {
			all = append(all, fmt.Sprintf("ticket `%s` %s (`%s`)", t.Category, t.Status, t.Reason))
		}
	}
	for _, n := range v.Next {
		switch {
		case n.Stuck:
			all = append(all, "`"+string(n.Step)+"` is stuck")
		case !waitsBeside(n.Step):
			all = append(all, "`"+string(n.Step)+"`")
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	slices.Sort(all) // several may have come at the same time
	return strings.Join(all, ", ")
}

// policyFields is each setting of a policy, as JSON.
func policyFields(t testing.TB, p policy.Policy) map[string]string {
	t.Helper()
	b, err := json.Marshal(p)
	must(t, err)
	var raw map[string]json.RawMessage
	must(t, json.Unmarshal(b, &raw))
	fields := map[string]string{}
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields
}

func allFailures() (all []failure) {
	for _, p := range catalogue {
		all = append(all, p.failures...)
	}
	return all
}

// holdTheCatalogue checks the catalogue against what was seen, and its page
// against what it comes to.
func holdTheCatalogue(t *testing.T, seen *sightings, ends *endings) {
	t.Run("rows", func(t *testing.T) { rowsOfFailures(t, seen) })
	if page := failuresPage(t, ends); !t.Failed() {
		checkPage(t, page)
	}
}

// rowsOfFailures checks that each failure is carried by the rows that it names,
// and that every row is named by which a provider is asked, someone is waited for,
// or an order fails, is held or is reported.
func rowsOfFailures(t *testing.T, seen *sightings) {
	named := map[process.Step]bool{}
	for _, f := range allFailures() {
		for _, row := range f.rows {
			named[row] = true
			if !slices.Contains(seen.fired[row], f.scenario) {
				t.Errorf("%s: there is no row %s that carries %q", f.name, row, f.scenario)
			}
		}
	}
	for _, row := range process.Table() {
		verb, _, _ := strings.Cut(string(row.Step), "_")
		if (row.Kind != process.Rule || slices.Contains([]string{"report", "fail", "hold"}, verb)) && !named[row.Step] {
			t.Errorf("no failure is carried by %s", row.Step)
		}
	}
}

func checkPage(t *testing.T, want []byte) {
	t.Helper()
	path := filepath.Join("..", "docs", "failures.md")
	if process.Updating() {
		must(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(got), string(want)); d != "" {
		t.Errorf("the failures end in another way than the page says (-page +now): go test ./process -run TestScenarios/sqlite -update\n%s", d)
	}
}

const failuresPreamble = `# What goes wrong, and what becomes of it

This page is written by a test, from the process table and from scenarios that make
each failure happen with the simulated providers, on SQLite and on PostgreSQL:
` + "`go test ./process -run TestScenarios/sqlite -update`" + ` writes it anew. How each one
ends was read from the database when its scenario was over, and from the books that
the simulated gateway keeps for itself, where those say something else. What the
customer is told is the answer to a ticket that asks where the order is.

Every shop begins with 100 cups, 50 pots and one lamp; goods that come in during a
scenario are among those on hand. "The process" decides by rules alone; what a
setting of [policy](../policy/policy.go) decides is named with its default, and with
what the scenario's shop has instead. The rows are those of
[the process table](order-process.md).
`

func failuresPage(t *testing.T, ends *endings) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(failuresPreamble)
	usual, kinds := policyFields(t, policy.Default()), map[process.Step]process.Kind{}
	for _, row := range process.Table() {
		kinds[row.Step] = row.Kind
	}
	for _, p := range catalogue {
		fmt.Fprintf(&b, "\n## %s\n\n| what goes wrong | order | money | stock | decides |\n|---|---|---|---|---|\n", p.name)
		for _, f := range p.failures {
			e := ends.of[f.scenario]
			fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", f.name, anchor(f.name), e.Status, facet(e.Money), facet(e.Stock), f.decides)
		}
		for _, f := range p.failures {
			e, ok := ends.of[f.scenario]
			if !ok {
				t.Errorf("%s: there is no scenario %q", f.name, f.scenario)
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n", f.name, f.trigger)
			fmt.Fprintf(&b, "- **The customer** sees `%s`, and is told: “%s”\n", e.Status, e.Told)
			fmt.Fprintf(&b, "- **Money** %s\n- **Stock** %s\n- **Still open** %s\n", e.Money, e.Stock, e.Open)
			fmt.Fprintf(&b, "- **Decides** %s%s\n", f.decides, settingsOf(t, f, usual, e.Policy))
			fmt.Fprintf(&b, "- **Rows** %s\n- **Scenario** %s\n", linksToRows(f.rows, kinds), f.scenario)
		}
	}
	return b.Bytes()
}

// facet is the one word with which what is said of money or stock begins.
func facet(text string) string {
	_, text, _ = strings.Cut(text, "`")
	text, _, _ = strings.Cut(text, "`")
	return text
}

// anchor is the fragment by which a heading is linked to.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case strings.ContainsRune(",.:;'()", r):
			return -1
		}
		return r
	}, strings.ToLower(heading))
}

func linksToRows(rows []process.Step, kinds map[process.Step]process.Kind) string {
	if len(rows) == 0 {
		return "none: it is refused when it is placed"
	}
	var all []string
	for _, row := range rows {
		all = append(all, fmt.Sprintf("[%s](order-process.md#%s)", row, anchor(string(row)+" "+string(kinds[row]))))
	}
	return strings.Join(all, ", ")
}

// settingsOf names the settings that decide, with their defaults.
func settingsOf(t *testing.T, f failure, usual, here map[string]string) string {
	t.Helper()
	var all []string
	for _, name := range f.policy {
		if usual[name] == "" {
			t.Errorf("%s: policy has no %s", f.name, name)
		}
		text := fmt.Sprintf("`%s` (`%s`", name, usual[name])
		if here[name] != usual[name] {
			text += fmt.Sprintf(", here `%s`", here[name])
		}
		all = append(all, text+")")
	}
	if len(all) == 0 {
		return ""
	}
	return ", by " + strings.Join(all, " and ")
}

// TestTheCatalogueIsSound: every failure has a name of its own and a scenario.
func TestTheCatalogueIsSound(t *testing.T) {
	t.Parallel()
	names, known := map[string]bool{}, map[string]bool{}
	for _, sc := range scenarios() {
		known[sc.name] = true
	}
	for _, f := range allFailures() {
		if names[f.name] || f.name == "" || f.trigger == "" || f.decides == "" {
			t.Errorf("%q is said twice, or lacks something", f.name)
		}
		if strings.HasSuffix(f.trigger, ".") || !known[f.scenario] {
			t.Errorf("%q: its trigger ends with a stop, or there is no scenario %q", f.name, f.scenario)
		}
		names[f.name] = true
	}
	if n := len(slices.Collect(maps.Keys(names))); n < 60 {
		t.Errorf("there are only %d failures", n)
	}
}
