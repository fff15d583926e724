package process_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/clock"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// opening is when every test shop opens: a Monday morning.
var opening = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// shop is a shop on virtual time with simulated providers. Its people and
// goods are made up.
type shop struct {
	t       testing.TB
	db      *db.DB
	clock   *clock.Virtual
	gateway *desk
	carrier *depot
	spare   spare // a second carrier, which asks for nothing unless policy names it
	run     *work.Virtual
	deps    process.Deps
	dead    []*work.Virtual // of nodes that were thought dead: what they have asked may still be answered
	feigned bool            // a step that was asked may look as if it was not
	*process.Process
}

// config is what a test may set of its shop.
type config struct {
	gateway gateway.Config
	carrier carrier.Config
	policy  func(*policy.Policy)
	watch   func(process.Sighting) // is told of all that the table does
	without process.Step           // the shop's table lacks this row
	log     *slog.Logger
	lanes   int    // connections that write to PostgreSQL: one is enough where one thing happens after the other
	place   *place // where the shop and the books of its providers lie; nil is somewhere
	fired   func(now time.Time, d *db.DB, step process.Step, owner string) (durable func())
}

// place is where a shop is kept that outlives the process that it runs in.
type place struct {
	URL     string
	Outside string    // the directory of the providers' books
	Again   time.Time // when it is opened, not for the first time; zero is for the first
}

// book returns the file of a provider's books: "" is none that lasts.
func (p *place) book(name string) string {
	if p == nil {
		return ""
	}
	return filepath.Join(p.Outside, name)
}

func (c config) database(t testing.TB, engine string, clk clock.Clock) *db.DB {
	t.Helper()
	open := db.Config{Clock: clk, Virtual: true, Lanes: c.lanes}
	if c.place == nil {
		return dbtest.Open(t, engine, open)
	}
	open.URL = c.place.URL
	for {
		d, err := db.Open(t.Context(), open)
		if fault.Is(err, fault.Locked) {
			continue // a server takes a while to see that who had it is dead
		}
		must(t, err)
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
}

// newShop opens a shop that has three SKUs: 100 cups, 50 pots and one lamp.
func newShop(t testing.TB, engine string, cfg config) *shop {
	t.Helper()
	again := cfg.place != nil && !cfg.place.Again.IsZero()
	clk := clock.NewVirtual(opening)
	if again {
		clk.MoveTo(cfg.place.Again)
	}
	d := cfg.database(t, engine, clk)
	g, err := gateway.Open(cfg.place.book("gateway.db"), cfg.gateway, clk)
	must(t, err)
	t.Cleanup(func() { _ = g.Close() })
	c, err := carrier.Open(cfg.place.book("carrier.db"), cfg.carrier, clk)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	second, err := carrier.Open(cfg.place.book("spare.db"), carrier.Config{}, clk)
	must(t, err)
	t.Cleanup(func() { _ = second.Close() })
	s := &shop{t: t, db: d, clock: clk, gateway: &desk{Gateway: g}, carrier: &depot{Carrier: c}, spare: spare{&depot{Carrier: second}}}
	s.deps = process.Deps{DB: d, IDs: id.Seeded(1), Gateways: []payment.Gateway{s.gateway}, Carriers: []shipping.Carrier{s.carrier, s.spare}, Log: cfg.log}
	if cfg.fired != nil {
		s.deps.Fired = func(step process.Step, owner string) func() { return cfg.fired(clk.Now(), d, step, owner) }
	}
	s.begin("node")
	if cfg.without != "" {
		s.Without(cfg.without)
	}
	if cfg.watch != nil {
		s.Watch(cfg.watch)
	}
	if again {
		return s
	}
	s.stock()
	if cfg.policy != nil {
		def := policy.Default()
		cfg.policy(&def)
		_, err := s.SetPolicy(t.Context(), person(""), 0, def)
		must(t, err)
	}
	return s
}

// begin has a node work on the shop.
func (s *shop) begin(node string) {
	s.deps.Queue = work.NewQueue(node, 30*time.Second)
	s.Process = process.New(s.deps)
	s.run = work.NewVirtual(s.db, s.deps.Queue, s.clock, work.Config{Handle: s.Handle})
}

// die ends the node in the midst of what it has asked, without a word, and has
// another one in its place.
func (s *shop) die() {
	s.t.Helper()
	s.dead = append(s.dead, s.run)
	s.lapse()
	s.begin(fmt.Sprintf("node%d", len(s.dead)))
}

// lapse counts whatever may have been begun as tried, as the end of its lease
// does: a run on virtual time takes none. Among that is what was put aside at the very
// instant at which it was begun: under a lease it would have gone on.
func (s *shop) lapse() {
	s.t.Helper()
	_, err := db.Update(s.t.Context(), s.db, nil, func(tx *db.Tx) (struct{}, error) {
		tx.WriteAny(`UPDATE work SET tries = tries + 1 WHERE state IN ('ready', 'held') AND due <= $1`, db.Micros(tx.Now()))
		return struct{}{}, nil
	})
	must(s.t, err)
}

func (s *shop) stock() {
	ctx := s.t.Context()
	_, err := s.SetLocation(ctx, person(""), inventory.Location{ID: "main", Name: "Main", Country: "GB"})
	must(s.t, err)
	for _, g := range []struct {
		sku   inventory.SKU
		count int64
	}{
		{inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300}, 100},
		{inventory.SKU{Code: "POT", Name: "Pot", Currency: "GBP", Price: 1999, Weight: 1200}, 50},
		{inventory.SKU{Code: "LAMP", Name: "Lamp", Currency: "GBP", Price: 8900, Weight: 3000}, 1},
	} {
		_, err := s.DefineSKU(ctx, person(""), g.sku)
		must(s.t, err)
		_, err = s.ReceiveStock(ctx, person(""), g.sku.Code, "main", g.count)
		must(s.t, err)
	}
}

func person(key string) process.Command { return process.Command{By: access.Operator, Key: key} }

// request is an order of one of each SKU named.
func request(n int, skus ...string) order.Request {
	q := order.Request{
		Reference: order.Reference{Source: "test", Number: fmt.Sprint(n)},
		Customer:  order.CustomerRequest{ID: "c1", Name: "Made Up", Mail: "made.up@example.com"},
		Currency:  "GBP", PricesIncludeTax: true,
		Shipping: order.ShippingRequest{Price: 395},
		ShipTo:   order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", PostalCode: "SA1 1AA", Country: "GB"},
	}
	for _, sku := range skus {
		q.Lines = append(q.Lines, order.LineRequest{SKU: sku, Quantity: 1})
	}
	return q
}

func (s *shop) place(q order.Request) order.Order {
	s.t.Helper()
	r, err := s.Place(s.t.Context(), person(""), q)
	must(s.t, err)
	return r.Value.Order
}

// after lets the shop run for d.
func (s *shop) after(d time.Duration) {
	s.t.Helper()
	must(s.t, s.run.RunUntil(s.t.Context(), s.clock.Now().Add(d)))
}

func (s *shop) show(what string) process.Overview {
	s.t.Helper()
	v, err := s.Show(context.WithoutCancel(s.t.Context()), what)
	must(s.t, err)
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
