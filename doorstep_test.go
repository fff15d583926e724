package doorstep_test

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

var by = process.Command{By: access.Operator}

// stocked opens a shop with ten cups. Its goods and people are made up.
func stocked(t *testing.T, cfg doorstep.Config) *doorstep.Shop {
	t.Helper()
	ctx := t.Context()
	s, err := doorstep.Open(ctx, cfg)
	must(t, err)
	_, err = s.Process.SetLocation(ctx, by, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
	must(t, err)
	_, err = s.Process.DefineSKU(ctx, by, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300})
	must(t, err)
	_, err = s.Process.ReceiveStock(ctx, by, "CUP", "main", 10)
	must(t, err)
	return s
}

func cup() order.Request {
	return order.Request{Currency: "GBP", Lines: []order.LineRequest{{SKU: "CUP", Quantity: 1}},
		ShipTo: order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"}}
}

// TestAShopRunsInRealTime is what another program does that embeds a shop.
func TestAShopRunsInRealTime(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		steps := make(chan string, 100)
		cfg := doorstep.Config{DB: dbtest.URL(t, engine), Outside: filepath.Join(t.TempDir(), "outside"),
			Done: func(step string, _ time.Duration) { steps <- step }}
		s := stocked(t, cfg)
		must(t, s.Runner.Start(t.Context()))
		placed, err := s.Process.Place(t.Context(), by, cup())
		must(t, err)
		for step := ""; step != string(process.StepBuyLabel); {
			select {
			case step = <-steps:
			case <-t.Context().Done():
				t.Fatal("the order was not shipped in time")
			}
		}
		must(t, s.Close())

		cfg.ReadOnly = true
		read, err := doorstep.Open(t.Context(), cfg)
		must(t, err)
		v, err := read.Process.Show(t.Context(), placed.Value.Order.ID)
		must(t, err)
		if v.Order.Status != order.Shipped || v.Order.Number != 1001 {
			t.Errorf("order %d is %s after the stop", v.Order.Number, v.Order.Status)
		}
		must(t, read.Close())
	})
}

// TestNumbersGoOnAfterAStop has no gap where no process was killed.
func TestNumbersGoOnAfterAStop(t *testing.T) {
	t.Parallel()
	cfg := doorstep.Config{DB: dbtest.URL(t, dbtest.SQLite)}
	for want := int64(1001); want < 1004; want++ {
		s := stocked(t, cfg)
		placed, err := s.Process.Place(t.Context(), by, cup())
		must(t, err)
		if got := placed.Value.Order.Number; got != want {
			t.Errorf("the order's number is %d, not %d", got, want)
		}
		must(t, s.Close())
	}
}

func TestWhatCanNotBeOpened(t *testing.T) {
	t.Parallel()
	real := doorstep.Config{DB: dbtest.URL(t, dbtest.SQLite)}
	must(t, stocked(t, real).Close())
	virtual := real
	virtual.Virtual = clock.NewVirtual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	short := real
	short.Lease, short.AskTimeout = 5*time.Second, 5*time.Second
	long := real
	long.Lease = work.MaxLease + time.Second
	gateways := func(all ...payment.Gateway) doorstep.Config { return doorstep.Config{DB: real.DB, Gateways: all} }
	carriers := func(all ...shipping.Carrier) doorstep.Config { return doorstep.Config{DB: real.DB, Carriers: all} }
	second := func(name string) doorstep.Config {
		return doorstep.Config{DB: real.DB, Second: &carrier.Config{Name: name}}
	}
	for name, c := range map[string]struct {
		cfg  doorstep.Config
		code fault.Code
	}{
		"a gateway without a name":                         {gateways(renamed{name: " "}), fault.Invalid},
		"a gateway by the name of the simulated one":       {gateways(renamed{name: "simulated"}), fault.Invalid},
		"two gateways of one name":                         {gateways(till{}, till{}), fault.Invalid},
		"a carrier by the name of none":                    {carriers(drawn{name: "manual"}), fault.Invalid},
		"a second carrier by the name of the first":        {second("simulated"), fault.Invalid},
		"a second carrier without a name":                  {second(""), fault.Invalid},
		"a shop in real time, on a virtual clock":          {virtual, fault.Conflict},
		"a lease that ends while a provider is waited for": {short, fault.Invalid},
		"a lease that would hardly end":                    {long, fault.Invalid},
	} {
		s, err := doorstep.Open(context.Background(), c.cfg)
		if !fault.Is(err, c.code) {
			t.Errorf("%s: %v, not %s", name, err, c.code)
		}
		if s != nil {
			must(t, s.Close())
		}
	}
	must(t, stocked(t, real).Close()) // what was refused holds nothing
}

// renamed is a gateway by another name.
type renamed struct {
	till
	name string
}

func (r renamed) Name() string { return r.name }

// drawn is a carrier by another name.
type drawn struct {
	cart
	name string
}

func (d drawn) Name() string { return d.name }

// TestFurtherProvidersAreAsked has a gateway and a carrier of the embedding
// program beside the simulated ones: each order goes to those that it, or the
// policy, names.
func TestFurtherProvidersAreAsked(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		clk := clock.NewVirtual(start)
		s := stocked(t, doorstep.Config{DB: dbtest.URL(t, engine), Outside: t.TempDir(), Virtual: clk,
			Gateways: []payment.Gateway{till{}}, Carriers: []shipping.Carrier{cart{clk}}})
		p := policy.Default()
		p.Carrier = "cart"
		_, err := s.Process.SetPolicy(t.Context(), by, 0, p)
		must(t, err)
		for _, gateway := range []string{"", "till"} {
			q := cup()
			q.Payment.Gateway = gateway
			placed, err := s.Process.Place(t.Context(), by, q)
			must(t, err)
			must(t, s.Virtual.RunUntil(t.Context(), clk.Now().Add(24*time.Hour)))
			v, err := s.Process.Show(t.Context(), placed.Value.Order.ID)
			must(t, err)
			if v.Order.Status != order.Delivered || v.Payments[0].Gateway != cmp.Or(gateway, "simulated") || v.Shipments[0].Carrier != "cart" {
				t.Errorf("the order is %s, paid at %s and shipped by %s", v.Order.Status, v.Payments[0].Gateway, v.Shipments[0].Carrier)
			}
		}
		must(t, s.Close())
	})
}

// TestASecondCarrierTakesWhatTheFirstRefuses, where the policy names it as the next,
// with books of its own.
func TestASecondCarrierTakesWhatTheFirstRefuses(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clk := clock.NewVirtual(start)
	s := stocked(t, doorstep.Config{DB: dbtest.URL(t, dbtest.SQLite), Outside: t.TempDir(), Virtual: clk,
		Carrier: carrier.Config{RefuseRate: 1}, Second: &carrier.Config{Name: "other", Price: 2}})
	p := policy.Default()
	p.NextCarriers = []string{"other"}
	_, err := s.Process.SetPolicy(t.Context(), by, 0, p)
	must(t, err)
	placed, err := s.Process.Place(t.Context(), by, cup())
	must(t, err)
	must(t, s.Virtual.RunUntil(t.Context(), start.Add(14*24*time.Hour)))
	v, err := s.Process.Show(t.Context(), placed.Value.Order.ID)
	must(t, err)
	if v.Order.Status != order.Delivered || v.Shipments[0].Carrier != "other" || v.Shipments[0].Cost != 640 {
		t.Errorf("the order is %s, by %+v", v.Order.Status, v.Shipments)
	}
	must(t, s.Close())
}

func TestWhereTheOutsideWorldIs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{"shop.db": "shop.db-outside", "postgres://localhost/shop": "doorstep-outside"} {
		if got := doorstep.OutsideOf(url); got != want {
			t.Errorf("the books of %s are in %s, not %s", url, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestForgottenIsOverwritten looks into the files: nothing of a customer who was forgotten is
// left in the pages of the database, used or free.
func TestForgottenIsOverwritten(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := stocked(t, doorstep.Config{DB: filepath.Join(dir, "shop.db"), Outside: doorstep.InMemory})
	q := cup()
	q.Payment.Gateway = payment.Manual
	q.Customer = order.CustomerRequest{ID: "C-17", Name: "Felicity Forgettable", Mail: "felicity@example.com"}
	q.ShipTo.Line1 = "17 Oblivion Row"
	for range 9 {
		placed, err := s.Process.Place(ctx, by, q)
		must(t, err)
		id := placed.Value.Order.ID
		_, err = s.Process.Note(ctx, by, id, strings.Repeat("Felicity has called. ", 400)) // which takes pages of its own
		must(t, err)
		_, err = s.Process.Cancel(ctx, by, id, "")
		must(t, err)
	}
	holds := func() (found []string) {
		files, err := filepath.Glob(filepath.Join(dir, "shop.db*"))
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			if bytes.Contains(bytes.ToLower(b), []byte("felicity")) || bytes.Contains(b, []byte("Oblivion")) {
				found = append(found, filepath.Base(f))
			}
		}
		return found
	}
	if len(holds()) == 0 {
		t.Fatal("it is not looked for where it stands")
	}
	_, err := s.Process.Forget(ctx, by, "C-17")
	must(t, err)
	must(t, s.Close()) // which takes what the write-ahead log has into the file
	if left := holds(); len(left) > 0 {
		t.Errorf("it still stands in %v", left)
	}
}
