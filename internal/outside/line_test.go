package outside_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
)

var (
	errMissing    = errors.New("missing")
	errNotReached = errors.New("not reached")
)

func provider(n outside.Network) outside.Provider {
	return outside.Provider{Name: "test", Seed: 1, Network: n, KeyLife: time.Hour, NotReached: errNotReached,
		Schema: `CREATE TABLE IF NOT EXISTS done (id INTEGER PRIMARY KEY) STRICT;`}
}

func dial(t *testing.T, path string, n outside.Network, clk clock.Clock) *outside.Line {
	t.Helper()
	l, err := outside.Dial(path, provider(n), clk)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return l
}

func request(key string) outside.Request {
	return outside.Request{Operation: "do", Key: key, Body: key}
}

func done(answer string) func(*outside.Tx, outside.Attempt) (string, error) {
	return func(*outside.Tx, outside.Attempt) (string, error) { return answer, nil }
}

func TestAKeyIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	clk := clock.NewVirtual(start)
	for i, want := range []string{"first", "first"} {
		// Each ask comes over a new line: the answer lives in the file.
		l, err := outside.Dial(path, provider(outside.Network{}), clk)
		must(t, err)
		got, err := outside.Ask(t.Context(), l, request("k"), done([]string{"first", "second"}[i]))
		if err != nil || got != want {
			t.Errorf("ask %d: %q, %v, want %q", i+1, got, err, want)
		}
		must(t, l.Close())
	}
}

func TestAKeyIsNewAfterItsLife(t *testing.T) {
	t.Parallel()
	clk := clock.NewVirtual(start)
	l := dial(t, "", outside.Network{}, clk)
	ref := func(_ *outside.Tx, a outside.Attempt) (string, error) { return l.Ref("x", a), nil }
	ask := func() string {
		t.Helper()
		got, err := outside.Ask(t.Context(), l, request("k"), ref)
		must(t, err)
		return got
	}
	first := ask()
	clk.MoveTo(start.Add(time.Hour - time.Microsecond))
	if got := ask(); got != first {
		t.Errorf("within its life: %q, want %q", got, first)
	}
	clk.MoveTo(start.Add(time.Hour))
	second := ask()
	if second == first {
		t.Error("the key was honoured past its life")
	}
	got, err := outside.Lookup[string](t.Context(), l, "k", "do", errMissing)
	if err != nil || got != second {
		t.Errorf("looked up: %q, %v, want the latest, %q", got, err, second)
	}
}

func TestAKeyIsForOneRequest(t *testing.T) {
	t.Parallel()
	l := dial(t, "", outside.Network{}, clock.NewVirtual(start))
	_, err := outside.Ask(t.Context(), l, request("k"), done("x"))
	must(t, err)
	for name, r := range map[string]outside.Request{
		"another body":      {Operation: "do", Key: "k", Body: "other"},
		"another operation": {Operation: "undo", Key: "k", Body: "k"},
	} {
		if _, err := outside.Ask(t.Context(), l, r, done("y")); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v, want conflict", name, err)
		}
	}
	if _, err := outside.Ask(t.Context(), l, outside.Request{Operation: "do"}, done("y")); !fault.Is(err, fault.Invalid) {
		t.Errorf("no key: %v, want invalid", err)
	}
}

func TestTwoProvidersShareAFileAndNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	l := dial(t, path, outside.Network{}, clock.NewVirtual(start))
	_, err := outside.Ask(t.Context(), l, request("k"), done("x"))
	must(t, err)

	other := provider(outside.Network{})
	other.Name = "other"
	o, err := outside.Dial(path, other, clock.NewVirtual(start))
	must(t, err)
	defer func() { must(t, o.Close()) }()
	if _, err := outside.Lookup[string](t.Context(), o, "k", "", errMissing); !errors.Is(err, errMissing) || !fault.Is(err, fault.NotFound) {
		t.Errorf("the other provider's key: %v", err)
	}
}

func TestFates(t *testing.T) {
	t.Parallel()
	for fate, want := range map[outside.Fate]struct {
		err  error
		done int
	}{
		outside.Arrives:       {nil, 1},
		outside.Unreachable:   {errNotReached, 0},
		outside.TimeoutBefore: {context.DeadlineExceeded, 0},
		outside.TimeoutAfter:  {context.DeadlineExceeded, 1},
	} {
		l := dial(t, "", outside.Network{}, clock.NewVirtual(start))
		r := request("k")
		r.First = fate
		_, err := outside.Ask(t.Context(), l, r, countDone)
		if !errors.Is(err, want.err) || want.err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want %v", fate, err, want.err)
		}
		if got := doneCount(t, l); got != want.done {
			t.Errorf("%s: done %d times, want %d", fate, got, want.done)
		}
		// A forced fate falls on the first ask alone.
		if _, err := outside.Ask(t.Context(), l, r, countDone); err != nil {
			t.Errorf("%s, asked again: %v", fate, err)
		}
		if got := doneCount(t, l); got != 1 {
			t.Errorf("%s, asked again: done %d times", fate, got)
		}
	}
}

func TestRatesAreMetAndAskingAgainEnds(t *testing.T) {
	t.Parallel()
	n := outside.Network{Unreachable: 0.1, TimeoutBefore: 0.2, TimeoutAfter: 0.3}
	l := dial(t, "", n, clock.NewVirtual(start))
	const keys = 500
	timeouts, unreachable := 0, 0
	for i := range keys {
		r := request(fmt.Sprint("key", i))
		_, err := outside.Ask(t.Context(), l, r, countDone)
		if errors.Is(err, errNotReached) {
			unreachable++
		} else if errors.Is(err, context.DeadlineExceeded) {
			timeouts++
		}
		for asks := 1; err != nil; asks++ {
			if asks == 100 {
				t.Fatalf("no answer to %d asks", asks)
			}
			_, err = outside.Ask(t.Context(), l, r, countDone)
		}
	}
	within(t, "unreachable", unreachable, keys, 0.1)
	within(t, "timeouts", timeouts, keys, 0.5)
	if got := doneCount(t, l); got != keys {
		t.Errorf("done %d times for %d keys", got, keys)
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

func TestLatencyIsWaitedInTheClocksTime(t *testing.T) {
	t.Parallel()
	lo, hi := 100*time.Millisecond, 300*time.Millisecond
	l := dial(t, "", outside.Network{LatencyMin: lo, LatencyMax: hi}, clock.NewVirtual(start))
	seen := map[time.Duration]bool{}
	for i := range 50 {
		ctx, waited := clock.Metered(t.Context())
		_, err := outside.Ask(ctx, l, request(fmt.Sprint(i)), done("x"))
		must(t, err)
		if *waited < lo || *waited > hi {
			t.Errorf("waited %s", *waited)
		}
		seen[*waited] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d different latencies", len(seen))
	}
}

// hangsUp is a clock on which the caller gives up while it waits for the n-th time.
type hangsUp struct {
	*clock.Virtual
	n int
}

func (h *hangsUp) Sleep(context.Context, time.Duration) error {
	if h.n--; h.n == 0 {
		return context.Canceled
	}
	return nil
}

func TestHangingUpDoesNotStopTheProvider(t *testing.T) {
	t.Parallel()
	for sleep, wantDone := range map[int]int{1: 0, 2: 1} {
		l := dial(t, "", outside.Network{}, &hangsUp{clock.NewVirtual(start), sleep})
		_, err := outside.Ask(t.Context(), l, request("k"), countDone)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("hung up while waiting the %d. time: %v", sleep, err)
		}
		if got := doneCount(t, l); got != wantDone {
			t.Errorf("hung up while waiting the %d. time: done %d times, want %d", sleep, got, wantDone)
		}
	}
}

func TestHangingUpInTheMiddleDoesNotStopTheProvider(t *testing.T) {
	t.Parallel()
	l := dial(t, "", outside.Network{}, clock.Wall{})
	ctx, hangUp := context.WithCancel(t.Context())
	_, err := outside.Ask(ctx, l, request("k"), func(tx *outside.Tx, a outside.Attempt) (int, error) {
		hangUp()
		return countDone(tx, a)
	})
	if !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v, want no answer", err)
	}
	if got := doneCount(t, l); got != 1 {
		t.Errorf("done %d times", got)
	}
}

func TestOneKeyAskedAtOnce(t *testing.T) {
	t.Parallel()
	l := dial(t, "", outside.Network{}, clock.NewVirtual(start))
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := outside.Ask(context.Background(), l, request("k"), countDone); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := doneCount(t, l); got != 1 {
		t.Errorf("done %d times", got)
	}
}

func TestTheProvidersOwnErrorUndoesAndReturns(t *testing.T) {
	t.Parallel()
	l := dial(t, "", outside.Network{}, clock.NewVirtual(start))
	_, err := outside.Ask(t.Context(), l, request("k"), func(tx *outside.Tx, a outside.Attempt) (int, error) {
		if _, err := countDone(tx, a); err != nil {
			return 0, err
		}
		return 0, fault.New(fault.NotFound, "nothing there")
	})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("%v, want not found", err)
	}
	_, err = outside.Ask(t.Context(), l, request("k"), func(tx *outside.Tx, _ outside.Attempt) (int, error) {
		_, err := tx.Exec(`INSERT INTO no_such_table DEFAULT VALUES`)
		return 0, err
	})
	if !fault.Is(err, fault.Internal) {
		t.Errorf("%v, want internal", err)
	}
	if got := doneCount(t, l); got != 0 {
		t.Errorf("done %d times", got)
	}
}

func TestNetworkCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]outside.Network{
		"Unreachable":   {Unreachable: -0.1},
		"TimeoutBefore": {TimeoutBefore: math.NaN()},
		"TimeoutAfter":  {Unreachable: 0.5, TimeoutAfter: 0.6},
		"LatencyMin":    {LatencyMin: -1},
		"LatencyMax":    {LatencyMax: -1},
		"Outages[1]":    {Outages: []outside.Outage{{From: start, To: start.Add(1)}, {From: start, To: start}}},
	} {
		var c fault.Check
		n.Check(&c)
		err := fault.As(c.Err("the network"))
		if err == nil || len(err.Fields) != 1 || err.Fields[0].Path != want {
			t.Errorf("%+v: %v, want the field %s", n, err, want)
		}
	}
}

// TestDialNamesWrongSettings: the provider's own, the network's and the key's life.
func TestDialNamesWrongSettings(t *testing.T) {
	t.Parallel()
	p := provider(outside.Network{Unreachable: 2})
	p.KeyLife = -1
	p.Check = func(c *fault.Check) { outside.CheckRate(c, "Own", -1) }
	_, err := outside.Dial("", p, clock.Wall{})
	want := []string{"Own", "Unreachable", "TimeoutAfter", "KeyLife"}
	if e := fault.As(err); e == nil || e.Code != fault.Invalid || e.Message != "the simulated test's configuration is not valid" ||
		!slices.EqualFunc(e.Fields, want, func(f fault.Field, path string) bool { return f.Path == path }) {
		t.Errorf("got %v, want the fields %v", err, want)
	}
}

func TestAKeyLivesADayUnlessSaid(t *testing.T) {
	t.Parallel()
	p := provider(outside.Network{})
	p.KeyLife = 0
	l, err := outside.Dial("", p, clock.Wall{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if l.KeyLife != 24*time.Hour {
		t.Errorf("it lives %s", l.KeyLife)
	}
}

func TestWalkSeesEveryRowOnce(t *testing.T) {
	t.Parallel()
	l := dial(t, "", outside.Network{}, clock.NewVirtual(start))
	const rows = 1034
	must(t, l.Read(t.Context(), request("fill"), func(tx *outside.Tx) error {
		_, err := tx.Exec(`INSERT INTO done WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n`, rows)
		return err
	}))
	const query = `SELECT printf('%06d', id) AS k FROM done WHERE k > ?1 ORDER BY k LIMIT ?2`
	scan := func(r outside.Row) (k, key string, err error) { err = r.Scan(&k); return k, k, err }
	seen := 0
	must(t, outside.Walk(t.Context(), l, query, scan, func(k string) error {
		seen++
		if want := fmt.Sprintf("%06d", seen); k != want {
			return fmt.Errorf("row %s, want %s", k, want)
		}
		if seen%100 != 0 {
			return nil
		}
		// The walk holds no connection while it calls.
		_, err := outside.Lookup[string](t.Context(), l, "none", "", errMissing)
		if !errors.Is(err, errMissing) {
			return err
		}
		return nil
	}))
	if seen != rows {
		t.Errorf("saw %d rows of %d", seen, rows)
	}
	if err := outside.Walk(t.Context(), l, query, scan, func(string) error { return errMissing }); !errors.Is(err, errMissing) {
		t.Errorf("stopped with %v", err)
	}
}
