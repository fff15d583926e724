package simulated_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
	"doorstep/money"
	"doorstep/shipping"
	"doorstep/shipping/simulated"
)

// start is a Monday.
var start = time.Date(2024, 1, 8, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, path string, cfg simulated.Config) (*simulated.Carrier, *clock.Virtual) {
	t.Helper()
	clk := clock.NewVirtual(start)
	c, err := simulated.Open(path, cfg, clk)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c, clk
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parcel is a made-up parcel of 1.2 kg within one country.
func parcel() shipping.Parcel {
	return shipping.Parcel{Order: "order", WeightGrams: 1200, Service: simulated.Standard, From: "GB", Currency: "GBP",
		To: shipping.Address{Name: "Made Up", Line1: "1 Made-up Road", City: "Nowhere", PostalCode: "N0 1WH", Country: "GB"}}
}

func sentTo(postalCode string) shipping.Parcel {
	p := parcel()
	p.To.PostalCode = postalCode
	return p
}

func labels(t *testing.T, c *simulated.Carrier) (all []simulated.Label) {
	t.Helper()
	must(t, c.Labels(t.Context(), func(l simulated.Label) error {
		all = append(all, l)
		return nil
	}))
	return all
}

func buy(t *testing.T, c *simulated.Carrier, key string, p shipping.Parcel) shipping.LabelAnswer {
	t.Helper()
	a, err := c.BuyLabel(t.Context(), key, p)
	must(t, err)
	if !a.Bought {
		t.Fatalf("refused: %s", a.Refusal)
	}
	return a
}

func TestAnswersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	cfg := simulated.Config{Seed: 3, RefuseRate: 0.2, TroubleRate: 0.2, LateRate: 0.5, TwiceRate: 0.5}
	ask := func(c *simulated.Carrier) (all []shipping.LabelAnswer) {
		for i := range 20 {
			a, err := c.BuyLabel(t.Context(), fmt.Sprint(i), parcel())
			must(t, err)
			all = append(all, a)
		}
		return all
	}
	clk := clock.NewVirtual(start)
	c, err := simulated.Open(path, cfg, clk)
	must(t, err)
	before := ask(c)
	tracked := scansOf(t, c, clk, labels(t, c)[0].TrackingNumber)
	must(t, c.Close())

	c, clk = open(t, path, cfg)
	count := len(labels(t, c))
	if after := ask(c); !slices.Equal(before, after) {
		t.Errorf("answers changed from %v to %v", before, after)
	}
	if got := len(labels(t, c)); got != count || count == 0 {
		t.Errorf("%d labels became %d", count, got)
	}
	if again := scansOf(t, c, clk, labels(t, c)[0].TrackingNumber); !slices.Equal(tracked, again) {
		t.Errorf("scans changed from %v to %v", tracked, again)
	}
}

// scansOf moves the clock on until there is nothing more to show.
func scansOf(t *testing.T, c *simulated.Carrier, clk *clock.Virtual, number string) []shipping.Scan {
	t.Helper()
	for range 100 {
		tr, err := c.Track(t.Context(), number)
		must(t, err)
		if tr.Next.IsZero() {
			return tr.Scans
		}
		if !tr.Next.After(clk.Now()) {
			t.Fatalf("the next scan shows at %s, and it is %s", tr.Next, clk.Now())
		}
		clk.MoveTo(tr.Next)
	}
	t.Fatal("the parcel never arrives")
	return nil
}

func TestAKeyIsForOneParcel(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	a := buy(t, c, "k", parcel())
	if _, err := c.BuyLabel(t.Context(), "k", sentTo("N0 2WH")); !fault.Is(err, fault.Conflict) {
		t.Errorf("another parcel: %v, want conflict", err)
	}
	if _, err := c.VoidLabel(t.Context(), "k", a.Ref); !fault.Is(err, fault.Conflict) {
		t.Errorf("another operation: %v, want conflict", err)
	}
	want := simulated.Label{Key: "k", Ref: a.Ref, TrackingNumber: a.TrackingNumber, Order: "order"}
	if all := labels(t, c); len(all) != 1 || !sameLabel(all[0], want) {
		t.Errorf("labels: %+v, want %+v", all, want)
	}
}

func sameLabel(a, b simulated.Label) bool {
	return a.Key == b.Key && a.Ref == b.Ref && a.TrackingNumber == b.TrackingNumber && a.Order == b.Order && a.Voided == b.Voided
}

func TestOneKeyAskedAtOnceIsOneLabel(t *testing.T) {
	t.Parallel()
	c, _ := open(t, filepath.Join(t.TempDir(), "outside.db"), simulated.Config{})
	numbers := make([]string, 100)
	var all sync.WaitGroup
	for i := range numbers {
		all.Go(func() {
			a, err := c.BuyLabel(context.Background(), "k", parcel())
			if err != nil {
				t.Error(err)
			}
			numbers[i] = a.TrackingNumber
		})
	}
	all.Wait()
	if got := slices.Compact(numbers); len(got) != 1 {
		t.Errorf("%d tracking numbers", len(got))
	}
	if got := len(labels(t, c)); got != 1 {
		t.Errorf("%d labels", got)
	}
}

func TestOrderOfCallsDoesNotMatter(t *testing.T) {
	t.Parallel()
	cfg := simulated.Config{Seed: 5, RefuseRate: 0.2, TroubleRate: 0.2, Unreachable: 0.1, TimeoutBefore: 0.1, TimeoutAfter: 0.1}
	run := func(keys []int) map[int]string {
		c, _ := open(t, "", cfg)
		outcomes := map[int]string{}
		for _, k := range keys {
			for ask := range 3 {
				a, err := c.BuyLabel(t.Context(), fmt.Sprint(k), parcel())
				outcomes[k] += fmt.Sprint(ask, a, err)
			}
		}
		return outcomes
	}
	var keys []int
	for k := range 100 {
		keys = append(keys, k)
	}
	forth := run(keys)
	slices.Reverse(keys)
	if back := run(keys); !maps.Equal(forth, back) {
		t.Error("outcomes depend on the order of calls")
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{Seed: 11, RefuseRate: 0.2, TroubleRate: 0.1})
	const n = 500
	refusals := map[shipping.Refusal]int{}
	for i := range n {
		a, err := c.BuyLabel(t.Context(), fmt.Sprint(i), parcel())
		must(t, err)
		refusals[a.Refusal]++
	}
	within(t, "sold", refusals[""], n, 0.7)
	within(t, "trouble", refusals[shipping.CarrierTrouble], n, 0.1)
	within(t, "addresses refused", refusals[shipping.AddressRefused], n, 0.1)
	within(t, "services refused", refusals[shipping.NoService], n, 0.1)
	if got := len(labels(t, c)); got != refusals[""] {
		t.Errorf("%d labels, and %d were sold", got, refusals[""])
	}
}

// within fails when a count is more than four standard deviations away from its
// expectation: of a fixed seed it either is or is not.
func within(t *testing.T, what string, count, of int, rate float64) {
	t.Helper()
	mean, deviation := float64(of)*rate, math.Sqrt(float64(of)*rate*(1-rate))
	if math.Abs(float64(count)-mean) > 4*deviation {
		t.Errorf("%s: %d of %d, expected %.0f", what, count, of, mean)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	for name, want := range map[string]struct {
		change  func(*shipping.Parcel)
		refusal shipping.Refusal
	}{
		"fail-label":        {func(p *shipping.Parcel) { p.To.PostalCode = simulated.PostalFailLabel }, shipping.AddressRefused},
		"no country":        {func(p *shipping.Parcel) { p.To.Country = "" }, shipping.AddressRefused},
		"a country's name":  {func(p *shipping.Parcel) { p.To.Country = "Britain" }, shipping.AddressRefused},
		"unknown service":   {func(p *shipping.Parcel) { p.Service = "teleport" }, shipping.NoService},
		"no weight":         {func(p *shipping.Parcel) { p.WeightGrams = 0 }, shipping.NoService},
		"more than a lorry": {func(p *shipping.Parcel) { p.WeightGrams = simulated.MaxWeightGrams + 1 }, shipping.NoService},
	} {
		p := parcel()
		want.change(&p)
		a, err := c.BuyLabel(t.Context(), name, p)
		if err != nil || a.Bought || a.Refusal != want.refusal {
			t.Errorf("%s: %+v, %v, want %s", name, a, err, want.refusal)
		}
	}
	if all := labels(t, c); len(all) != 0 {
		t.Errorf("labels: %+v", all)
	}
}

func TestTroubleOnce(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	for _, ask := range []struct {
		key  string
		want shipping.Refusal
	}{{"first", shipping.CarrierTrouble}, {"first", shipping.CarrierTrouble}, {"second", ""}, {"third", ""}} {
		a, err := c.BuyLabel(t.Context(), ask.key, sentTo(simulated.PostalTroubleOnce))
		if err != nil || a.Refusal != ask.want || a.Bought != (ask.want == "") {
			t.Errorf("%s: %+v, %v, want %q", ask.key, a, err, ask.want)
		}
	}
}

// TestLostOnce: of an order's first parcel nothing is seen any more after it was
// picked up, and the next one arrives.
func TestLostOnce(t *testing.T) {
	t.Parallel()
	c, clk := open(t, "", simulated.Config{})
	first := buy(t, c, "first", sentTo(simulated.PostalLostOnce))
	if again := buy(t, c, "first", sentTo(simulated.PostalLostOnce)); again != first {
		t.Errorf("asked again, it sells %+v and then %+v", first, again)
	}
	second := buy(t, c, "second", sentTo(simulated.PostalLostOnce))
	other := sentTo(simulated.PostalLostOnce)
	other.Order = "another"
	third := buy(t, c, "third", other)
	for number, arrives := range map[string]bool{first.TrackingNumber: false, second.TrackingNumber: true, third.TrackingNumber: false} {
		scans := scansOf(t, c, clk, number)
		checkMishap(t, scans)
		last, _ := shipping.Latest(scans)
		if (last.Status == shipping.Delivered) != arrives || last.Mishap() != "" {
			t.Errorf("%s is %s at last", number, last.Status)
		}
	}
}

func TestPostalCodesThatSilenceTheFirstAsk(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct {
		err    error
		bought int
	}{
		simulated.PostalTimeoutAfterOnce:  {context.DeadlineExceeded, 1},
		simulated.PostalTimeoutBeforeOnce: {context.DeadlineExceeded, 0},
		simulated.PostalUnreachableOnce:   {shipping.ErrNotReached, 0},
	} {
		c, _ := open(t, "", simulated.Config{})
		if _, err := c.BuyLabel(t.Context(), "k", sentTo(code)); !errors.Is(err, want.err) {
			t.Errorf("%s: %v, want %v", code, err, want.err)
		}
		if got := len(labels(t, c)); got != want.bought {
			t.Errorf("%s: %d labels, want %d", code, got, want.bought)
		}
		found, err := c.Lookup(t.Context(), "k")
		if want.bought == 0 && !errors.Is(err, shipping.ErrNoLabel) {
			t.Errorf("%s: lookup: %v, want no label", code, err)
		}
		again := buy(t, c, "k", sentTo(code))
		if want.bought == 1 && (err != nil || found != again) {
			t.Errorf("%s: found %+v, %v, and then answered %+v", code, found, err, again)
		}
		if got := len(labels(t, c)); got != 1 {
			t.Errorf("%s: %d labels in the end", code, got)
		}
	}
}

func TestAKeyPastItsLifeBuysAgain(t *testing.T) {
	t.Parallel()
	c, clk := open(t, "", simulated.Config{KeyLife: time.Hour})
	first := buy(t, c, "k", parcel())
	clk.MoveTo(start.Add(c.KeyLife()))
	if found, err := c.Lookup(t.Context(), "k"); err != nil || found != first {
		t.Errorf("found %+v, %v, want %+v", found, err, first)
	}
	if second := buy(t, c, "k", parcel()); second.TrackingNumber == first.TrackingNumber {
		t.Error("the key was honoured past its life")
	}
	if got := len(labels(t, c)); got != 2 {
		t.Errorf("%d labels, want 2", got)
	}
}

func TestATakenNumberIsPassedOver(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	taken := buy(t, c, "k", parcel()).TrackingNumber

	path := filepath.Join(t.TempDir(), "outside.db")
	c, _ = open(t, path, simulated.Config{})
	file, err := outside.Open(path)
	must(t, err)
	defer func() { must(t, file.Close()) }()
	must(t, file.Update(func(tx *outside.Tx) error {
		_, err := tx.Exec(`INSERT INTO carrier_label (ref, key, tracking_number, order_ref, service, from_country, to_country, bought_at)
			VALUES ('lbl_other', 'other', ?1, 'other', 'standard', 'GB', 'GB', 0)`, taken)
		return err
	}))
	if got := buy(t, c, "k", parcel()); got.TrackingNumber == taken || got.TrackingNumber == "" {
		t.Errorf("sold %q, which was taken", got.TrackingNumber)
	}
}

func TestVoidUntilPickedUp(t *testing.T) {
	t.Parallel()
	c, clk := open(t, "", simulated.Config{Seed: 2, TwiceRate: 1})
	early, late := buy(t, c, "early", parcel()), buy(t, c, "late", parcel())
	_, err := c.VoidLabel(t.Context(), "v0", "lbl_unknown")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown label: %v, want not found", err)
	}
	for _, key := range []string{"v1", "v1", "v2"} { // asked, asked again, and asked anew
		a, err := c.VoidLabel(t.Context(), key, early.Ref)
		if err != nil || !a.Voided {
			t.Errorf("%s: %+v, %v", key, a, err)
		}
	}
	clk.MoveTo(pickup(t, c, late.TrackingNumber))
	a, err := c.VoidLabel(t.Context(), "v3", late.Ref)
	if err != nil || a.Voided || a.Refusal != shipping.AlreadyHandedIn {
		t.Errorf("after the pickup: %+v, %v", a, err)
	}
	for _, l := range labels(t, c) {
		if l.Voided != (l.Ref == early.Ref) {
			t.Errorf("%+v", l)
		}
	}
	clk.MoveTo(start.AddDate(0, 0, 30))
	tr, err := c.Track(t.Context(), early.TrackingNumber)
	if err != nil || len(tr.Scans) != 1 || tr.Scans[0].Status != shipping.PreTransit || !tr.Next.IsZero() {
		t.Errorf("a void label shows %+v, %v", tr, err)
	}
}

// pickup is when the first physical scan of a parcel is made, which shows at once.
func pickup(t *testing.T, c *simulated.Carrier, number string) time.Time {
	t.Helper()
	tr, err := c.Track(t.Context(), number)
	must(t, err)
	return tr.Next
}

func TestWrongRequests(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	stateless, penniless := parcel(), parcel()
	stateless.From, penniless.Currency = "uk", "ZZZ"
	for name, ask := range map[string]func() error{
		"no key":           func() error { _, err := c.BuyLabel(t.Context(), "", parcel()); return err },
		"no sender":        func() error { _, err := c.BuyLabel(t.Context(), "k", stateless); return err },
		"no currency":      func() error { _, err := c.BuyLabel(t.Context(), "k", penniless); return err },
		"no key to a void": func() error { _, err := c.VoidLabel(t.Context(), "", "lbl"); return err },
		"a rate for no weight": func() error {
			_, err := c.Rate(t.Context(), shipping.Parcel{From: "GB", Currency: "GBP", Service: "standard", To: shipping.Address{Country: "FR"}})
			return err
		},
	} {
		if err := ask(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := c.Track(t.Context(), "CA000000000GB"); !errors.Is(err, shipping.ErrNoLabel) || !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown number: %v", err)
	}
}

func TestTheLineFailsForReadsToo(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{Unreachable: 1})
	_, rate := c.Rate(t.Context(), parcel())
	_, track := c.Track(t.Context(), "CA000000000GB")
	_, lookup := c.Lookup(t.Context(), "k")
	for name, err := range map[string]error{"rate": rate, "track": track, "lookup": lookup} {
		if !errors.Is(err, shipping.ErrNotReached) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLabelCostsWhatWasQuoted(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{})
	quoted, err := c.Rate(t.Context(), parcel())
	must(t, err)
	if got := buy(t, c, "k", parcel()).Cost; got != quoted || got != money.Of(410, "GBP") {
		t.Errorf("costs %s, quoted %s", got, quoted)
	}
}

// TestADearerCarrierOfAnotherName takes so many times the tariff, quoted and bought.
func TestADearerCarrierOfAnotherName(t *testing.T) {
	t.Parallel()
	c, _ := open(t, "", simulated.Config{Name: "other", Price: 1.5})
	quoted, err := c.Rate(t.Context(), parcel())
	must(t, err)
	if got := buy(t, c, "k", parcel()).Cost; got != quoted || got != money.Of(615, "GBP") || c.Name() != "other" {
		t.Errorf("%s costs %s, quoted %s", c.Name(), got, quoted)
	}
}

func TestOpenNamesWrongSettings(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]simulated.Config{
		"Price":        {Price: -1},
		"RefuseRate":   {RefuseRate: 1.1},
		"TroubleRate":  {RefuseRate: 0.6, TroubleRate: 0.6},
		"LateRate":     {LateRate: -1},
		"Strikes[0]":   {Strikes: []simulated.Strike{{From: start, To: start}}},
		"LostRate":     {LostRate: 0.5, DamagedRate: 0.3, RefusedRate: 0.2, ReturnedRate: 0.1},
		"DamagedRate":  {DamagedRate: -1},
		"RefusedRate":  {RefusedRate: -1},
		"ReturnedRate": {ReturnedRate: -1},
		"TwiceRate":    {TwiceRate: 2},
		"TimeoutAfter": {TimeoutBefore: 0.6, TimeoutAfter: 0.6},
		"KeyLife":      {KeyLife: -1},
	} {
		_, err := simulated.Open("", cfg, clock.Wall{})
		f := fault.As(err)
		if f == nil || f.Code != fault.Invalid || !slices.ContainsFunc(f.Fields, func(w fault.Field) bool { return w.Path == field }) {
			t.Errorf("%+v: %v, want the field %s", cfg, err, field)
		}
	}
}
