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

	"pgregory.net/rapid"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/payment"
	"doorstep/payment/simulated"
)

// start is a Monday.
var start = time.Date(2024, 1, 8, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, path string, cfg simulated.Config) (*simulated.Gateway, *clock.Virtual) {
	t.Helper()
	clk := clock.NewVirtual(start)
	g, err := simulated.Open(path, cfg, clk)
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })
	return g, clk
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func gbp(minor int64) money.Amount { return money.Of(minor, "GBP") }

// auth asks for 10 pounds, uncaptured.
func auth(key string) payment.Authorisation {
	return payment.Authorisation{Key: key, Amount: gbp(1000), Order: "order of " + key, Method: "tok_any"}
}

func sale(key string) payment.Authorisation {
	r := auth(key)
	r.Capture = true
	return r
}

func charges(t *testing.T, g *simulated.Gateway) (all []simulated.Charge) {
	t.Helper()
	must(t, g.Charges(t.Context(), func(c simulated.Charge) error {
		all = append(all, c)
		return nil
	}))
	return all
}

func TestAnswersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	cfg := simulated.Config{Seed: 3, DeclineRate: 0.5, SoftShare: 0.5}
	ask := func(g *simulated.Gateway) (all []payment.Answer) {
		for i := range 20 {
			a, err := g.Authorise(t.Context(), auth(fmt.Sprint(i)))
			must(t, err)
			all = append(all, a)
		}
		return all
	}
	g, err := simulated.Open(path, cfg, clock.NewVirtual(start))
	must(t, err)
	before := ask(g)
	must(t, g.Close())

	g, _ = open(t, path, cfg)
	count := len(charges(t, g))
	if after := ask(g); !slices.Equal(before, after) {
		t.Errorf("answers changed from %v to %v", before, after)
	}
	if got := len(charges(t, g)); got != count || count == 0 {
		t.Errorf("%d charges became %d", count, got)
	}
}

func TestAKeyIsForOneAmountAndOperation(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	a, err := g.Authorise(t.Context(), auth("k"))
	must(t, err)
	more := auth("k")
	more.Amount = gbp(1001)
	if _, err := g.Authorise(t.Context(), more); !fault.Is(err, fault.Conflict) {
		t.Errorf("another amount: %v, want conflict", err)
	}
	if _, err := g.Capture(t.Context(), payment.Followup{Key: "k", Ref: a.Ref, Amount: gbp(1000)}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another operation: %v, want conflict", err)
	}
	if all := charges(t, g); len(all) != 1 || all[0].Authorised != gbp(1000) || all[0].Captured != gbp(0) {
		t.Errorf("charges: %+v", all)
	}
}

func TestOneKeyAskedAtOnceIsOneCharge(t *testing.T) {
	t.Parallel()
	g, _ := open(t, filepath.Join(t.TempDir(), "outside.db"), simulated.Config{})
	refs := make([]string, 100)
	var all sync.WaitGroup
	for i := range refs {
		all.Go(func() {
			a, err := g.Authorise(context.Background(), sale("k"))
			if err != nil {
				t.Error(err)
			}
			refs[i] = a.Ref
		})
	}
	all.Wait()
	if got := slices.Compact(refs); len(got) != 1 {
		t.Errorf("%d references", len(got))
	}
	if got := len(charges(t, g)); got != 1 {
		t.Errorf("%d charges", got)
	}
}

func TestOrderOfCallsDoesNotMatter(t *testing.T) {
	t.Parallel()
	cfg := simulated.Config{Seed: 5, DeclineRate: 0.3, SoftShare: 0.5, Unreachable: 0.1, TimeoutBefore: 0.1, TimeoutAfter: 0.1}
	run := func(keys []int) map[int]string {
		g, _ := open(t, "", cfg)
		outcomes := map[int]string{}
		for _, k := range keys {
			for ask := range 3 {
				a, err := g.Authorise(t.Context(), auth(fmt.Sprint(k)))
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
	g, _ := open(t, "", simulated.Config{Seed: 11, DeclineRate: 0.2, SoftShare: 0.75, RefundDeclineRate: 0.1})
	const n = 500
	declines := map[payment.Decline]int{}
	declined, soft, refused, refunds := 0, 0, 0, 0
	for i := range n {
		a, err := g.Authorise(t.Context(), sale(fmt.Sprint(i)))
		must(t, err)
		if a.Result == payment.Declined {
			declined++
			declines[a.Decline]++
			if a.Decline.Soft() {
				soft++
			}
			continue
		}
		refunds++
		r, err := g.Refund(t.Context(), payment.Followup{Key: fmt.Sprint("refund", i), Ref: a.Ref, Amount: gbp(1)})
		must(t, err)
		if r.Result == payment.Declined {
			refused++
		}
	}
	within(t, "declined", declined, n, 0.2)
	within(t, "soft declines", soft, declined, 0.75)
	within(t, "refunds declined", refused, refunds, 0.1)
	if len(declines) != 6 {
		t.Errorf("declines: %v, want each of six reasons", declines)
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

func TestMethodsThatDecline(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	for method, want := range map[string]payment.Decline{
		simulated.MethodInsufficientFunds: payment.InsufficientFunds,
		simulated.MethodTryAgainLater:     payment.TryAgainLater,
		simulated.MethodExpired:           payment.CardExpired,
		simulated.MethodStolen:            payment.CardStolen,
		simulated.MethodFraud:             payment.SuspectedFraud,
		simulated.MethodInvalid:           payment.InvalidMethod,
		"tok_any":                         "",
	} {
		r := auth(method)
		r.Method = method
		a, err := g.Authorise(t.Context(), r)
		if err != nil || a.Decline != want || (a.Result == payment.Declined) != (want != "") || a.Ref == "" {
			t.Errorf("%s: %+v, %v, want %q", method, a, err, want)
		}
	}
	if got := len(charges(t, g)); got != 1 {
		t.Errorf("%d charges, want the approved one", got)
	}
}

func TestMethodsThatSilenceTheFirstAsk(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]struct {
		err     error
		charged int
	}{
		simulated.MethodTimeoutAfterChargeOnce:  {context.DeadlineExceeded, 1},
		simulated.MethodTimeoutBeforeChargeOnce: {context.DeadlineExceeded, 0},
		simulated.MethodUnreachableOnce:         {payment.ErrNotReached, 0},
	} {
		g, _ := open(t, "", simulated.Config{})
		r := sale("k")
		r.Method = method
		if _, err := g.Authorise(t.Context(), r); !errors.Is(err, want.err) {
			t.Errorf("%s: %v, want %v", method, err, want.err)
		}
		if got := len(charges(t, g)); got != want.charged {
			t.Errorf("%s: %d charges, want %d", method, got, want.charged)
		}
		found, err := g.Lookup(t.Context(), "k")
		if want.charged == 0 && !errors.Is(err, payment.ErrNoAttempt) {
			t.Errorf("%s: lookup: %v, want no attempt", method, err)
		}
		again, askErr := g.Authorise(t.Context(), r)
		must(t, askErr)
		if want.charged == 1 && (err != nil || found != again) {
			t.Errorf("%s: found %+v, %v, and then answered %+v", method, found, err, again)
		}
		if all := charges(t, g); len(all) != 1 || all[0].Captured != gbp(1000) {
			t.Errorf("%s: charges %+v", method, all)
		}
	}
}

func TestAKeyPastItsLifeChargesAgain(t *testing.T) {
	t.Parallel()
	g, clk := open(t, "", simulated.Config{})
	if g.KeyLife() != 24*time.Hour {
		t.Fatalf("a key lives %s", g.KeyLife())
	}
	first, err := g.Authorise(t.Context(), auth("k"))
	must(t, err)
	clk.MoveTo(start.Add(g.KeyLife()))
	found, err := g.Lookup(t.Context(), "k")
	if err != nil || found != first {
		t.Errorf("found %+v, %v, want %+v", found, err, first)
	}
	if _, err := g.Authorise(t.Context(), auth("k")); err != nil {
		t.Error(err)
	}
	if got := len(charges(t, g)); got != 2 {
		t.Errorf("%d charges, want a second one", got)
	}
}

func TestWrongRequests(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	follow := func(a money.Amount) payment.Followup { return payment.Followup{Key: "f", Ref: "ch_x", Amount: a} }
	for name, ask := range map[string]func() (payment.Answer, error){
		"no key": func() (payment.Answer, error) { return g.Authorise(t.Context(), auth("")) },
		"nothing asked": func() (payment.Answer, error) {
			return g.Authorise(t.Context(), payment.Authorisation{Key: "k", Amount: gbp(0)})
		},
		"negative":    func() (payment.Answer, error) { return g.Capture(t.Context(), follow(gbp(-1))) },
		"no currency": func() (payment.Answer, error) { return g.Refund(t.Context(), follow(money.Of(1, "ZZZ"))) },
	} {
		if _, err := ask(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestOpenNamesWrongSettings(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]simulated.Config{
		"DeclineRate":       {DeclineRate: 1.1},
		"SoftShare":         {SoftShare: -1},
		"RefundDeclineRate": {RefundDeclineRate: 2},
		"TimeoutAfter":      {TimeoutBefore: 0.6, TimeoutAfter: 0.6},
		"KeyLife":           {KeyLife: -1},
	} {
		_, err := simulated.Open("", cfg, clock.Wall{})
		if f := fault.As(err); f == nil || f.Code != fault.Invalid || f.Fields[0].Path != field {
			t.Errorf("%+v: %v, want the field %s", cfg, err, field)
		}
	}
}

// TestFollowups asks for random things about a few authorisations and keeps its
// own books: the provider permits exactly what they allow.
func TestFollowups(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		first := auth(fmt.Sprint("auth", run))
		first.Capture = rapid.Bool().Draw(rt, "capture")
		a, err := g.Authorise(t.Context(), first)
		if err != nil {
			rt.Fatal(err)
		}
		books := account{authorised: 1000}
		if first.Capture {
			books.captured = 1000
		}
		for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			minor := rapid.Int64Range(1, 1200).Draw(rt, "minor")
			operation := rapid.SampledFrom([]string{"capture", "void", "refund"}).Draw(rt, "operation")
			f := payment.Followup{Key: fmt.Sprintf("%d/%d", run, i), Ref: a.Ref, Amount: gbp(minor)}
			answer, err := map[string]func(context.Context, payment.Followup) (payment.Answer, error){
				"capture": g.Capture, "void": g.Void, "refund": g.Refund}[operation](t.Context(), f)
			if err != nil {
				rt.Fatal(err)
			}
			want := payment.Answer{Result: payment.Declined, Decline: payment.NotPermitted}
			if books.apply(operation, minor) {
				want = payment.Answer{Result: payment.Succeeded}
			}
			if answer.Ref = ""; answer != want {
				rt.Fatalf("%s of %d: %+v, want %+v with %+v", operation, minor, answer, want, books)
			}
		}
		books.compare(rt, t, g, first.Key)
	})
}

// account is the test's own idea of an authorisation.
type account struct {
	authorised, captured, refunded int64
	void                           bool
}

func (a *account) apply(operation string, minor int64) bool {
	next := *a
	switch operation {
	case "capture":
		next.captured += minor
	case "refund":
		next.refunded += minor
	case "void":
		next.void = true
	}
	ok := !a.void && next.captured <= next.authorised && next.refunded <= next.captured && !(next.void && next.captured > 0)
	if ok {
		*a = next
	}
	return ok
}

func (a *account) compare(rt *rapid.T, t *testing.T, g *simulated.Gateway, key string) {
	var found []account
	for _, c := range charges(t, g) {
		if c.Key == key {
			found = append(found, account{c.Authorised.Minor, c.Captured.Minor, c.Refunded.Minor, c.Voided})
		}
	}
	if !slices.Equal(found, []account{*a}) {
		rt.Fatalf("the provider's books say %+v, want %+v", found, *a)
	}
}

func TestFollowupsThatAreNeverPermitted(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	a, err := g.Authorise(t.Context(), sale("k"))
	must(t, err)
	declined := auth("declined")
	declined.Method = simulated.MethodStolen
	d, err := g.Authorise(t.Context(), declined)
	must(t, err)
	for name, f := range map[string]payment.Followup{
		"an unknown reference":     {Ref: "ch_unknown", Amount: gbp(1)},
		"a declined authorisation": {Ref: d.Ref, Amount: gbp(1)},
		"another currency":         {Ref: a.Ref, Amount: money.Of(1, "EUR")},
	} {
		f.Key = name
		got, err := g.Refund(t.Context(), f)
		if err != nil || got.Decline != payment.NotPermitted {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestARefundAskedTwiceIsGivenOnce(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	a, err := g.Authorise(t.Context(), sale("k"))
	must(t, err)
	f := payment.Followup{Key: "refund", Ref: a.Ref, Amount: gbp(400)}
	first, err := g.Refund(t.Context(), f)
	must(t, err)
	second, err := g.Refund(t.Context(), f)
	if err != nil || first != second || first.Result != payment.Succeeded {
		t.Errorf("%+v and then %+v, %v", first, second, err)
	}
	if all := charges(t, g); all[0].Refunded != gbp(400) {
		t.Errorf("refunded %s", all[0].Refunded)
	}
}

func TestWitness(t *testing.T) {
	t.Parallel()
	g, _ := open(t, "", simulated.Config{})
	eur := sale("b")
	eur.Amount = money.Of(250, "EUR")
	for _, r := range []payment.Authorisation{sale("a"), eur, auth("c"), auth("d")} {
		a, err := g.Authorise(t.Context(), r)
		must(t, err)
		switch r.Key {
		case "a":
			_, err = g.Refund(t.Context(), payment.Followup{Key: "r", Ref: a.Ref, Amount: gbp(300)})
		case "d":
			_, err = g.Void(t.Context(), payment.Followup{Key: "v", Ref: a.Ref})
		}
		must(t, err)
	}
	seen := map[string]simulated.Charge{}
	for _, c := range charges(t, g) {
		if c.Ref == "" {
			t.Errorf("no reference: %+v", c)
		}
		c.Ref = ""
		seen[c.Key] = c
	}
	want := map[string]simulated.Charge{
		"a": {Key: "a", Order: "order of a", Authorised: gbp(1000), Captured: gbp(1000), Refunded: gbp(300)},
		"b": {Key: "b", Order: "order of b", Authorised: money.Of(250, "EUR"), Captured: money.Of(250, "EUR"), Refunded: money.Of(0, "EUR")},
		"c": {Key: "c", Order: "order of c", Authorised: gbp(1000), Captured: gbp(0), Refunded: gbp(0)},
		"d": {Key: "d", Order: "order of d", Authorised: gbp(1000), Captured: gbp(0), Refunded: gbp(0), Voided: true},
	}
	if !maps.Equal(seen, want) {
		t.Errorf("charges: %+v\nwant %+v", seen, want)
	}
	totals, err := g.Totals(t.Context())
	must(t, err)
	if want := []simulated.Total{
		{Currency: "EUR", Charges: 1, Authorised: 250, Captured: 250},
		{Currency: "GBP", Charges: 3, Authorised: 2000, Captured: 1000, Refunded: 300},
	}; !slices.Equal(totals, want) || totals[1].Net() != 700 {
		t.Errorf("totals: %+v, want %+v", totals, want)
	}
}

// TestAnAuthorisationEnds captures up to the end of authorisations and from it on.
func TestAnAuthorisationEnds(t *testing.T) {
	t.Parallel()
	const life = 7 * 24 * time.Hour
	g, clk := open(t, "", simulated.Config{AuthorisationLife: life})
	refs := map[string]string{}
	for _, key := range []string{"in time", "late", "given up late"} {
		a, err := g.Authorise(t.Context(), auth(key))
		must(t, err)
		if !a.Until.Equal(start.Add(life)) {
			t.Errorf("the authorisation ends at %s", a.Until)
		}
		refs[key] = a.Ref
	}
	sold, err := g.Authorise(t.Context(), sale("sold"))
	must(t, err)
	if !sold.Until.IsZero() {
		t.Errorf("what is taken at once ends at %s", sold.Until)
	}
	capture := func(key string) payment.Answer {
		t.Helper()
		a, err := g.Capture(t.Context(), payment.Followup{Key: "capture " + key, Ref: refs[key], Amount: gbp(1000)})
		must(t, err)
		return a
	}
	clk.MoveTo(start.Add(life - time.Microsecond))
	if a := capture("in time"); a.Result != payment.Succeeded {
		t.Errorf("before the end: %+v", a)
	}
	clk.MoveTo(start.Add(life))
	if a := capture("late"); a.Decline != payment.AuthorisationExpired {
		t.Errorf("at the end: %+v", a)
	}
	a, err := g.Void(t.Context(), payment.Followup{Key: "void", Ref: refs["given up late"]})
	must(t, err)
	if a.Result != payment.Succeeded {
		t.Errorf("given up after the end: %+v", a)
	}
	back, err := g.Refund(t.Context(), payment.Followup{Key: "refund", Ref: sold.Ref, Amount: gbp(1000)})
	must(t, err)
	if back.Result != payment.Succeeded {
		t.Errorf("given back after the end: %+v", back)
	}
}
