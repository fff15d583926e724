package process_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/order/ordertest"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/state"
	"doorstep/support"
)

// sightings are what was seen of the process while the scenarios were played.
type sightings struct {
	mu    sync.Mutex
	rows  map[process.Sighting]bool
	fired map[process.Step][]string // the scenarios in which a row fires
	moves map[string]bool           // the transitions that were made
	ended map[string]bool           // the scenarios that are over
	real  map[string]bool           // the scenarios in which nothing was feigned
}

func newSightings() *sightings {
	return &sightings{rows: map[process.Sighting]bool{}, fired: map[process.Step][]string{}, moves: map[string]bool{}, ended: map[string]bool{}, real: map[string]bool{}}
}

// of returns what is told of all that the table does in the scenario.
func (s *sightings) of(name string) func(process.Sighting) {
	return func(is process.Sighting) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended[name] {
			return
		}
		s.rows[is] = true
		if is.What == "fires" && !slices.Contains(s.fired[is.Step], name) {
			s.fired[is.Step] = append(s.fired[is.Step], name)
		}
	}
}

// over says that what happens from now on is no part of the scenario.
func (s *sightings) over(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[name] = true
}

func (s *sightings) trust(name string, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.real[name] = is
}

// firing returns the scenarios in which a row fires and nothing was feigned.
func (s *sightings) firing(step process.Step) (names []string) {
	for _, name := range slices.Sorted(slices.Values(s.fired[step])) {
		if s.real[name] {
			names = append(names, name)
		}
	}
	return names
}

func (s *sightings) saw(thing string, from, on, to any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves[fmt.Sprintf("%s %v -%v-> %v", thing, from, on, to)] = true
}

// history takes down what the events and the attempts of a shop say.
func (s *sightings) history(shop *shop) {
	events, err := db.View(shop.t.Context(), shop.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") })
	must(shop.t, err)
	standing := map[string]ordertest.Standing{}
	for _, e := range events {
		kind, _, _ := strings.Cut(e.Entity, "_")
		s.saw(kind, e.From, e.Type, e.To)
		if strings.HasPrefix(e.Subject, order.Prefix) {
			s.facets(shop, standing, e)
		}
	}
	s.attempts(shop, events)
}

func (s *sightings) facets(shop *shop, known map[string]ordertest.Standing, e event.Event) {
	before, ok := known[e.Subject]
	if !ok {
		before.Facets = order.New()
	}
	facets, sums, err := order.Apply(before.Facets, before.Sums, e)
	must(shop.t, err)
	known[e.Subject] = ordertest.Standing{Facets: facets, Sums: sums}
	s.facetMoves(before, e.Type, known[e.Subject])
}

func (s *sightings) facetMoves(before ordertest.Standing, on event.Type, after ordertest.Standing) {
	if before.Stock != after.Stock {
		s.saw("stock", before.Stock, on, after.Stock)
	}
	if before.Payment != after.Payment {
		s.saw("payment", before.Payment, on, after.Payment)
	}
	if before.Fulfilment != after.Fulfilment {
		s.saw("fulfilment", before.Fulfilment, on, after.Fulfilment)
	}
	if before.End != after.End {
		s.saw("end", before.End, on, after.End)
	}
}

// attempts takes down how attempts have ended, and whether their outcome was
// unknown before.
func (s *sightings) attempts(shop *shop, events []event.Event) {
	unknown := map[string]bool{} // by entity and number
	for _, e := range events {
		if e.Type == payment.EventUnknown || e.Type == shipping.EventLabelUnknown || e.Type == payment.EventRefundUnknown {
			unknown[e.Entity+string(e.Data[strings.Index(string(e.Data), `"attempt"`):])] = true
		}
	}
	_, err := db.View(shop.t.Context(), shop.db, func(r db.Reader) (struct{}, error) {
		paid, err := payment.AttemptsRange(r, "", "~")
		for _, a := range paid {
			entity := a.Payment
			if a.Refund != "" {
				entity = a.Refund
			}
			s.attempt("attempt", unknown[fmt.Sprintf(`%s"attempt":%d}`, entity, a.N)], string(a.Status))
		}
		if err != nil {
			return struct{}{}, err
		}
		labels, err := shipping.AttemptsRange(r, "", "~")
		for _, a := range labels {
			s.attempt("label", unknown[fmt.Sprintf(`%s"attempt":%d}`, a.Shipment, a.N)], string(a.Status))
		}
		return struct{}{}, err
	})
	must(shop.t, err)
}

func (s *sightings) attempt(thing string, wasUnknown bool, ended string) {
	from := "open"
	if wasUnknown {
		from = "unknown"
		s.saw(thing, "open", "unknown", "unknown")
		s.saw(thing, "unknown", "unknown", "unknown") // it is asked again and again
	}
	s.saw(thing, from, ended, ended)
}

// holdTheTable checks that the table says all that its rows do, and does all
// that it says; that every transition is made; and that no row can be missed.
func holdTheTable(t *testing.T, seen *sightings) {
	t.Run("declared", seen.declared)
	t.Run("transitions", seen.transitions)
	t.Run("without", seen.without)
}

func (s *sightings) declared(t *testing.T) {
	for _, row := range process.Table() {
		if len(s.fired[row.Step]) == 0 {
			t.Errorf("no scenario fires %s", row.Step)
		}
		for _, on := range row.On {
			s.wantSeen(t, process.Sighting{Step: row.Step, What: "fires", Type: on})
		}
		for _, lead := range row.Leads {
			s.wantSeen(t, process.Sighting{Step: row.Step, What: "causes", Type: lead})
		}
		for _, until := range row.Until {
			s.wantSeen(t, process.Sighting{Step: row.Step, What: "ends", Type: until})
		}
	}
	rows := map[process.Step]process.Row{}
	for _, row := range process.Table() {
		rows[row.Step] = row
	}
	for _, row := range rows {
		if (row.Asks != "") != (row.Kind == process.Ask) {
			t.Errorf("%s is of kind %s, and asks a provider of kind %q", row.Step, row.Kind, row.Asks)
		}
	}
	for is := range s.rows {
		row := rows[is.Step]
		if is.What == "causes" && !slices.Contains(row.Leads, is.Type) && !slices.Contains(row.Until, is.Type) {
			t.Errorf("%s causes %s, which its row does not say", is.Step, is.Type)
		}
	}
}

func (s *sightings) wantSeen(t *testing.T, is process.Sighting) {
	t.Helper()
	if !s.rows[is] {
		t.Errorf("no scenario shows that %s %s %s", is.Step, is.What, is.Type)
	}
}

// transitions checks that the scenarios make every transition of every table.
func (s *sightings) transitions(t *testing.T) {
	want := map[string]bool{}
	add := func(thing string, from, on, to any) { want[fmt.Sprintf("%s %v -%v-> %v", thing, from, on, to)] = true }
	tableOf("pay", payment.Transitions, add)
	tableOf("rfd", payment.RefundTransitions, add)
	tableOf("shp", shipping.Transitions, add)
	tableOf("ret", shipping.ReturnTransitions, add)
	tableOf("tkt", support.Transitions, add)
	tableOf("attempt", attempt.Transitions, add)
	tableOf("label", attempt.Transitions, add)
	for _, m := range slices.Sorted(maps.Keys(facetTable())) {
		want[m] = true
	}
	for _, m := range slices.Sorted(maps.Keys(want)) {
		if !s.moves[m] {
			t.Errorf("no scenario makes the transition %s", m)
		}
	}
}

func tableOf[S, E ~string](thing string, table state.Table[S, E], add func(thing string, from, on, to any)) {
	for _, row := range table {
		add(thing, row.From, row.On, row.To)
	}
}

// facetTable is every move that a facet of a small order can make.
func facetTable() map[string]bool {
	found := newSightings()
	ordertest.Ways(found.facetMoves)
	return found.moves
}

// without takes each row out of the table, one after the other: a scenario in
// which it fires must notice.
func (s *sightings) without(t *testing.T) {
	byName := map[string]scenario{}
	for _, sc := range scenarios() {
		byName[sc.name] = sc
	}
	for _, row := range process.Table() {
		t.Run(string(row.Step), func(t *testing.T) {
			t.Parallel()
			names := s.fired[row.Step]
			if !slices.ContainsFunc(names, func(name string) bool { return fails(t, byName[name], row.Step) }) {
				t.Errorf("the process without %s does not fail in %v", row.Step, names)
			}
		})
	}
}

// fails says whether a scenario fails in a shop whose table lacks the step.
func fails(t *testing.T, sc scenario, step process.Step) (failed bool) {
	tr := &trial{TB: t}
	cfg := sc.config
	cfg.without = step
	s := newShop(t, dbtest.SQLite, cfg)
	s.t = tr
	defer func() { failed = recover() != nil || tr.failed }()
	sc.play(s)
	return tr.failed
}

// trial is a test that may fail: what would end it ends the trial alone.
type trial struct {
	testing.TB
	failed bool
}

func (t *trial) Errorf(string, ...any) { t.failed = true }
func (t *trial) Error(...any)          { t.failed = true }
func (t *trial) Fatalf(string, ...any) { panic("the trial has failed") }
func (t *trial) Fatal(...any)          { panic("the trial has failed") }
