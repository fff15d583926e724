package sim_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"doorstep"
	"doorstep/clock"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	gateway "doorstep/payment/simulated"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim"
)

// opening is when every test shop opens: a Monday.
var opening = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// shop is a simulated shop in which much goes wrong.
type shop struct {
	*sim.Shop
	t  testing.TB
	db *db.DB

	wired *doorstep.Shop
}

func newShop(t testing.TB, engine string, seed uint64, at time.Time) *shop {
	t.Helper()
	return openShop(t, engine, seed, at, doorstep.Config{
		Gateway: gateway.Config{DeclineRate: 0.25, SoftShare: 0.4, TimeoutBefore: 0.02, TimeoutAfter: 0.02,
			LatencyMin: 300 * time.Millisecond, LatencyMax: 3 * time.Second},
		Carrier: carrier.Config{RefuseRate: 0.15, TroubleRate: 0.05, LateRate: 0.1, TwiceRate: 0.1, TimeoutAfter: 0.02,
			LatencyMin: 200 * time.Millisecond, LatencyMax: 2 * time.Second},
	})
}

// openShop opens a shop whose providers behave as cfg says.
func openShop(t testing.TB, engine string, seed uint64, at time.Time, cfg doorstep.Config) *shop {
	t.Helper()
	clk := clock.NewVirtual(at)
	cfg.DB, cfg.Outside, cfg.Virtual, cfg.Seed = dbtest.URL(t, engine), t.TempDir(), clk, seed
	s, err := doorstep.Open(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return &shop{&sim.Shop{Process: s.Process, Runner: s.Virtual, Clock: clk, Seed: seed}, t, s.DB, s}
}

// day puts a day of n orders through a new shop.
func day(t testing.TB, engine string, seed uint64, n int) *shop {
	t.Helper()
	s := newShop(t, engine, seed, opening)
	must(t, s.Day(t.Context(), n, func(int, int, time.Time) {}))
	return s
}

// history is all that has happened, one event of JSON a line, by what it is about.
func (s *shop) history() string {
	s.t.Helper()
	return lines(s.t, read(s.t, s.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") }))
}

// feed is all that has happened, one event of JSON a line, as it happened.
func (s *shop) feed() string {
	s.t.Helper()
	return lines(s.t, read(s.t, s.db, func(r db.Reader) ([]event.Event, error) {
		events, _, err := event.After(r, "", 1_000_000)
		return events, err
	}))
}

func lines(t testing.TB, events []event.Event) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, one := range events {
		must(t, e.Encode(one))
	}
	return b.String()
}

func read[T any](t testing.TB, d *db.DB, do func(db.Reader) (T, error)) T {
	t.Helper()
	v, err := db.View(t.Context(), d, do)
	must(t, err)
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
