package main_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// engines are all that a shop runs on.
var engines = []string{dbtest.SQLite, dbtest.Postgres}

// shopsPerEngine is how many shops of each engine are killed.
const shopsPerEngine = 3

// ledger adds up what the kills of all shops have hit.
type ledger struct {
	program string

	mu    sync.Mutex
	by    map[string]*tally // by engine
	shops int               // of which it is known
}

// newLedger returns one of shops that run the program. It shows the kills by row
// when the test and all of its parts are over, and fails it for each row of the
// table that was not killed at.
func newLedger(t *testing.T, program string) *ledger {
	l := &ledger{program: program, by: map[string]*tally{}}
	for _, engine := range engines {
		l.by[engine] = newTally()
	}
	t.Cleanup(func() { l.check(t) })
	return l
}

// run runs a shop, and takes down what its kills have hit.
func (l *ledger) run(t *testing.T, engine, name string, crash func(*shop)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		s := newShop(t, l.program, engine)
		crash(s)
		s.Logf("\n%s: %d orders, %d commands, %d lives in %s\n\n%s", engine, s.placed, len(s.book.all), len(s.children),
			time.Since(s.begun).Round(time.Second), s.tally)
		l.add(engine, s.tally)
	})
}

func (l *ledger) add(engine string, t *tally) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shops++
	all := l.by[engine]
	all.kills += t.kills
	add(all.aimed, t.aimed)
	add(all.hit, t.hit)
	add(all.commands, t.commands)
}

func add[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

// check fails for what was never killed at: on no engine in the short run, on one
// of them in the long run.
func (l *ledger) check(t *testing.T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.String()
	t.Log("\n" + text)
	if l.shops < shopsPerEngine*len(engines) {
		t.Log("not all shops have run to their end: rows that were not killed at are not looked for")
		return
	}
	for _, row := range process.Table() {
		if by := l.killedAt(row); len(by) == 0 || *long && len(by) < len(engines) {
			t.Errorf("no kill has hit the row %s on every engine that it must be killed on, only on %v", row.Step, by)
		}
	}
	const kept = "../../.cache"
	if _, err := os.Stat(kept); err != nil {
		return
	}
	if err := os.WriteFile(filepath.Join(kept, "crash.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}

// killedAt returns the engines on which a program died at a row.
func (l *ledger) killedAt(row process.Row) (by []string) {
	for _, engine := range engines {
		if l.by[engine].killedAt(row) {
			by = append(by, engine)
		}
	}
	return by
}

// killedAt says whether a program died while the row was carried out: in or after
// the transaction of a rule, while a provider was asked or after its answer, when a
// wait was over.
func (t *tally) killedAt(row process.Row) bool {
	return t.hit[aim{row.Step, begun}]+t.hit[aim{row.Step, answered}]+t.hit[aim{row.Step, uncommitted}]+t.hit[aim{row.Step, committed}] > 0
}

// moments are those that the report shows of a row, as they are called there.
var moments = []struct {
	moment
	name string
}{{begun, "being asked"}, {answered, "answered"}, {uncommitted, "uncommitted"}, {committed, "committed"}}

// String is the report of all shops.
func (l *ledger) String() string {
	var b strings.Builder
	fmt.Fprint(&b, "Kills by row, that found its step in hand, or the row firing:\n\n")
	table(&b, func(m moment, step process.Step) (cells []int) {
		for _, engine := range engines {
			cells = append(cells, l.by[engine].hit[aim{step, m}])
		}
		return cells
	})
	for _, engine := range engines {
		fmt.Fprintf(&b, "\n%s: %d kills.%s", engine, l.by[engine].kills, l.by[engine].rest())
	}
	return b.String()
}

// String is the report of one shop.
func (t *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d kills. Kills by row, that found its step in hand, or the row firing:\n\n", t.kills)
	table(&b, func(m moment, step process.Step) []int { return []int{t.hit[aim{step, m}]} })
	return b.String() + t.rest()
}

// table shows how often each row was hit at each moment, in as many numbers as
// there are cells.
func table(b *strings.Builder, hits func(moment, process.Step) []int) {
	fmt.Fprintf(b, "%-20s", "row")
	for _, m := range moments {
		fmt.Fprintf(b, " %12s", m.name)
	}
	fmt.Fprintln(b)
	for _, row := range process.Table() {
		fmt.Fprintf(b, "%-20s", row.Step)
		for _, m := range moments {
			var cell []string
			for _, n := range hits(m.moment, row.Step) {
				cell = append(cell, fmt.Sprint(n))
			}
			fmt.Fprintf(b, " %12s", strings.Join(cell, " + "))
		}
		fmt.Fprintln(b)
	}
}

// rest is what is shown below the rows.
func (t *tally) rest() string {
	var b strings.Builder
	fmt.Fprint(&b, "\nKills that found a command without an answer:\n\n")
	for _, v := range slices.Sorted(maps.Keys(t.commands)) {
		fmt.Fprintf(&b, "%-18s %11d\n", v, t.commands[v])
	}
	fmt.Fprint(&b, "\nWhat the kills were aimed at:\n\n")
	for _, a := range slices.SortedFunc(maps.Keys(t.aimed), func(a, b aim) int { return cmp.Compare(a.String(), b.String()) }) {
		fmt.Fprintf(&b, "%-40s %4d\n", a, t.aimed[a])
	}
	return b.String()
}
