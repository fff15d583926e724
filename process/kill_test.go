package process_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
	"doorstep/verify"
)

// Every row is decided in a transaction. Here a process of its own plays a
// scenario and dies when a row fires, by SIGKILL: in the midst of the transaction,
// or as soon as it is durable. Which scenario makes a row fire was seen while all
// were played, so that a new row is killed at as soon as it has its scenario: one
// in which the shop knows what it has asked, for what only the dead have known is
// lost with them.

var killLong = flag.Bool("kill.long", false, "kill at every row in every scenario in which it fires, in its transaction and after it")

// end is how a process that plays a scenario dies.
type end struct {
	Engine   string
	Place    place
	Scenario string
	Step     process.Step
	Durable  bool // after the transaction in which the row fires, not in its midst
}

func (e end) String() string {
	when := "in the transaction"
	if e.Durable {
		when = "after it"
	}
	return fmt.Sprintf("%s/%s/%s", e.Step, when, e.Scenario)
}

// dies is the environment variable that tells a process how to die.
const dies = "DOORSTEP_TEST_DIES"

// playToDie plays a scenario up to the death that this process is for, and says
// whether it is for one.
func playToDie(t *testing.T) bool {
	t.Helper()
	text, ok := os.LookupEnv(dies)
	if !ok {
		return false
	}
	var e end
	must(t, json.Unmarshal([]byte(text), &e))
	sc := scenarioOf(e.Scenario)
	cfg := sc.config
	cfg.place, cfg.lanes, cfg.fired = &e.Place, 1, e.fired
	sc.play(newShop(t, e.Engine, cfg))
	return true
}

func scenarioOf(name string) scenario {
	all := scenarios()
	return all[slices.IndexFunc(all, func(sc scenario) bool { return sc.name == name })]
}

// fired ends the process at the row, and tells of what is durable before that.
func (e end) fired(now time.Time, d *db.DB, step process.Step, owner string) func() {
	die := func() {
		tell(line{Died: now})
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more is done on the way out
	}
	if step == e.Step && !e.Durable {
		die()
	}
	return func() {
		o, err := db.View(context.Background(), d, func(r db.Reader) (order.Order, error) { return order.Get(r, owner) })
		if err == nil { // a ticket without an order is none
			tell(line{Order: o.ID, Version: o.Version})
		}
		if step == e.Step {
			die()
		}
	}
}

// line is what a process says that will die.
type line struct {
	Order   string
	Version int64     // up to which the order's events are durable
	Died    time.Time // shop time
}

const said = "said: "

// tell writes a line at once.
func tell(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	fmt.Printf("%s%s\n", said, text)
}

// killAtEveryRow kills a process at every row of the table, and holds what is left
// against everything that must be true of it. In the short run, each engine dies
// in the transaction at every other row and after it at those between.
func killAtEveryRow(t *testing.T, engine string, seen *sightings) {
	killed := &kills{of: map[process.Step][2]int{}}
	t.Run("at", func(t *testing.T) {
		for i, row := range process.Table() {
			for _, e := range ends(engine, row.Step, seen.firing(row.Step), i%2 == 0) {
				t.Run(e.String(), func(t *testing.T) {
					t.Parallel()
					e.happen(t)
					killed.add(e)
				})
			}
		}
	})
	killed.report(t, engine)
}

// ends are the deaths at a row.
func ends(engine string, step process.Step, in []string, even bool) (all []end) {
	if len(in) == 0 {
		return nil // the report says so
	}
	if *killLong {
		for _, name := range in {
			all = append(all, end{Engine: engine, Scenario: name, Step: step}, end{Engine: engine, Scenario: name, Step: step, Durable: true})
		}
		return all
	}
	return []end{{Engine: engine, Scenario: in[0], Step: step, Durable: even == (engine == dbtest.SQLite)}}
}

// happen lets a process die, and looks at what it has left behind.
func (e end) happen(t *testing.T) {
	e.Place = place{URL: dbtest.URL(t, e.Engine), Outside: t.TempDir()}
	stands, died := e.run(t)
	e.Place.Again = died
	was := scenarioOf(e.Scenario).config
	cfg := config{place: &e.Place, lanes: 1} // from now on its providers work well
	cfg.gateway = gateway.Config{Seed: was.gateway.Seed, KeyLife: was.gateway.KeyLife, AuthorisationLife: was.gateway.AuthorisationLife}
	cfg.carrier = carrier.Config{Seed: was.carrier.Seed, KeyLife: was.carrier.KeyLife}
	s := newShop(t, e.Engine, cfg)
	for id, version := range stands {
		if v := s.show(id); v.Order.Version < version || int64(len(v.Timeline)) != v.Order.Version {
			t.Errorf("%d events of the order were durable, and it has %d\n%s", version, v.Order.Version, timeline(v))
		}
	}
	s.verify()
	m := &model{shop: s, orders: s.allOrders()}
	m.toTheEnd()
	s.verify()
}

// run lets the process play up to its death, and returns up to where it has said
// that orders are durable, and when it died.
func (e end) run(t *testing.T) (stands map[string]int64, died time.Time) {
	t.Helper()
	how, err := json.Marshal(e)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestScenarios$")
	cmd.Env = append(os.Environ(), dies+"="+string(how))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	stands = map[string]int64{}
	var rest strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text, ours := strings.CutPrefix(lines.Text(), said)
		if !ours {
			fmt.Fprintln(&rest, lines.Text())
			continue
		}
		var l line
		must(t, json.Unmarshal([]byte(text), &l))
		if l.Order != "" {
			stands[l.Order] = max(stands[l.Order], l.Version)
		}
		died = l.Died
	}
	err = cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL || died.IsZero() {
		t.Fatalf("it was not killed at %s: %v\n%s", e.Step, err, rest.String())
	}
	return stands, died
}

func (s *shop) allOrders() []order.Order {
	s.t.Helper()
	all, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]order.Order, error) { return order.Page(r, "", 1_000_000) })
	must(s.t, err)
	return all
}

// verify is the shop's own check of all that is stored.
func (s *shop) verify() {
	s.t.Helper()
	r, err := verify.Run(context.Background(), s.db, verify.Options{})
	must(s.t, err)
	for _, v := range r.Violations {
		s.t.Errorf("verify: %s", v)
	}
}

// kills counts the deaths per row: in its transaction, and after it.
type kills struct {
	mu sync.Mutex
	of map[process.Step][2]int
}

func (k *kills) add(e end) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.of[e.Step]
	if e.Durable {
		n[1]++
	} else {
		n[0]++
	}
	k.of[e.Step] = n
}

func (k *kills) report(t *testing.T, engine string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: kills per row\n%-22s %18s %8s\n", engine, "row", "in the transaction", "after it")
	for _, row := range process.Table() {
		n := k.of[row.Step]
		fmt.Fprintf(&b, "%-22s %18d %8d\n", row.Step, n[0], n[1])
		if n[0]+n[1] == 0 {
			t.Errorf("no process was killed at %s", row.Step)
		}
	}
	t.Log("\n" + b.String())
}
