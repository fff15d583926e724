package policy_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
)

func TestTheDefaultIsValid(t *testing.T) {
	t.Parallel()
	if err := policy.Default().Validate(); err != nil {
		t.Error(err)
	}
}

// TestTheDefaultAsksForAsLongAsItSays has the tries of the default not run out
// before its time has, however chance spaces them.
func TestTheDefaultAsksForAsLongAsItSays(t *testing.T) {
	t.Parallel()
	ask := policy.Default().Ask
	if least := time.Duration(ask.Tries) * time.Duration(ask.Most) / 2; least < time.Duration(ask.Within) {
		t.Errorf("%d tries may be used up within %s, which is less than %s", ask.Tries, least, time.Duration(ask.Within))
	}
}

func TestAPolicyIsChecked(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*policy.Policy){
		"gateway":              func(p *policy.Policy) { p.Gateway = "" },
		"carrier":              func(p *policy.Policy) { p.Carrier = "" },
		"capture":              func(p *policy.Policy) { p.Capture = "made_up" },
		"handover":             func(p *policy.Policy) { p.HandOver = "" },
		"ask.tries":            func(p *policy.Policy) { p.Ask.Tries = 0 },
		"ask":                  func(p *policy.Policy) { p.Ask.Most = p.Ask.First - 1 },
		"ask.first":            func(p *policy.Policy) { p.Ask.First = 1 },
		"ask.within":           func(p *policy.Policy) { p.Ask.Within = 0 },
		"breaker.failures":     func(p *policy.Policy) { p.Breaker.Failures = -1 },
		"authorisation_end":    func(p *policy.Policy) { p.AuthorisationEnd = "" },
		"authorisation_margin": func(p *policy.Policy) { p.AuthorisationMargin = 0 },
		"breaker.pause":        func(p *policy.Policy) { p.Breaker.Pause = 1 },
		"await_stock":          func(p *policy.Policy) { p.AwaitStock = 0 },
		"pay_backorders":       func(p *policy.Policy) { p.PayBackorders = "later" },
		"await_payment":        func(p *policy.Policy) { p.AwaitPayment = 0 },
		"await_handover":       func(p *policy.Policy) { p.AwaitHandOver = -1 },
		"pay_within":           func(p *policy.Policy) { p.PayWithin = 1 },
		"track_every":          func(p *policy.Policy) { p.TrackEvery = 1 },
		"silence":              func(p *policy.Policy) { p.Silence = policy.Duration(time.Second - 1) },
		"lost_after":           func(p *policy.Policy) { p.LostAfter = 1 },
		"on_lost":              func(p *policy.Policy) { p.OnLost = "" },
		"close_solved":         func(p *policy.Policy) { p.CloseSolved = 0 },
		"answer_within":        func(p *policy.Policy) { p.AnswerWithin = 0 },
		"payment_retries":      func(p *policy.Policy) { p.PaymentRetries[1] = -1 },
		"label_retries":        func(p *policy.Policy) { p.LabelRetries = policy.Schedule{-1} },
		"refund_retries":       func(p *policy.Policy) { p.RefundRetries[0] = -1 },
	} {
		p := policy.Default()
		spoil(&p)
		if e := fault.As(p.Validate()); e == nil || e.Code != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("a wrong %s: %v", field, p.Validate())
		}
	}
}

func TestAPolicyReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	doc, err := json.Marshal(policy.Default())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), `"track_every":"6h0m0s"`) || !strings.Contains(string(doc), `"payment_retries":["5m0s","1h0m0s"]`) {
		t.Errorf("it is written as %s", doc)
	}
	var read policy.Policy
	if err := json.Unmarshal(doc, &read); err != nil || !reflect.DeepEqual(read, policy.Default()) {
		t.Errorf("it is read as %+v, %v", read, err)
	}
	for _, bad := range []string{`{"silence":"long"}`, `{"silence":5}`, `{"payment_retries":["soon"]}`} {
		if err := json.Unmarshal([]byte(bad), &read); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

// TestAParcelMayNeverBeGivenUp takes no time at all for never.
func TestAParcelMayNeverBeGivenUp(t *testing.T) {
	t.Parallel()
	p := policy.Default()
	p.LostAfter = 0
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

// TestTheLongestWait makes each setting in turn the longest that anything waits.
func TestTheLongestWait(t *testing.T) {
	t.Parallel()
	const most = policy.Duration(1000 * time.Hour)
	def := policy.Default()
	for name, set := range map[string]func(*policy.Policy){
		"payment retries": func(p *policy.Policy) { p.PaymentRetries = policy.Schedule{1, most, 2} },
		"refund retries":  func(p *policy.Policy) { p.RefundRetries = policy.Schedule{most} },
		"ask within":      func(p *policy.Policy) { p.Ask.Within = most },
		"breaker's pause": func(p *policy.Policy) { p.Breaker.Pause = most },
		"silence":         func(p *policy.Policy) { p.Silence = most },
	} {
		p := policy.Default()
		if set(&p); p.Longest() != time.Duration(most) {
			t.Errorf("%s: the longest is %s", name, p.Longest())
		}
	}
	if got := def.Longest(); got < time.Duration(def.Silence) || got >= time.Duration(most) {
		t.Errorf("by default the longest is %s", got)
	}
}

// TestTheLongestWaitEver has a policy that lets things wait for long, and then
// one that does not.
func TestTheLongestWaitEver(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		var s policy.Store
		wantEver(t, d, policy.Default().Longest())
		long := policy.Default()
		long.Silence = policy.Duration(1000 * time.Hour)
		for n, p := range []policy.Policy{long, policy.Default()} {
			if _, err := db.Update(t.Context(), d, []db.Lock{policy.Lock()}, func(tx *db.Tx) (policy.Version, error) {
				return s.Set(tx, access.Operator, int64(n), p)
			}); err != nil {
				t.Fatal(err)
			}
			wantEver(t, d, long.Longest())
		}
	})
}

func wantEver(t *testing.T, d *db.DB, want time.Duration) {
	t.Helper()
	if got, err := db.View(t.Context(), d, policy.LongestEver); err != nil || got != want {
		t.Errorf("the longest ever is %s, not %s: %v", got, want, err)
	}
}

func TestAScheduleEnds(t *testing.T) {
	t.Parallel()
	s := policy.Schedule{policy.Duration(time.Minute), policy.Duration(time.Hour)}
	for made, want := range []time.Duration{0, time.Minute, time.Hour, 0} {
		if got, more := s.Wait(made); got != want || more != (want != 0) {
			t.Errorf("after %d attempts: %s, %t", made, got, more)
		}
	}
	if _, more := s.Wait(-1); more {
		t.Error("there is an attempt before the first")
	}
}

func TestADurationReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		d := policy.Duration(rapid.Int64().Draw(r, "nanoseconds"))
		text, err := d.MarshalText()
		var read policy.Duration
		if err != nil || read.UnmarshalText(text) != nil || read != d {
			r.Errorf("%d was written as %s and read as %d", d, text, read)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"1h30m", "-5s", "", "1", "9999999999h", "1.5h", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d policy.Duration
		if err := d.UnmarshalText([]byte(s)); err != nil {
			if !fault.Is(err, fault.Invalid) || d != 0 {
				t.Errorf("%q: %v, read as %d", s, err, d)
			}
			return
		}
		text, _ := d.MarshalText()
		var again policy.Duration
		if err := again.UnmarshalText(text); err != nil || again != d {
			t.Errorf("%q was written as %s and read as %d, %v", s, text, again, err)
		}
	})
}

// TestAnOlderVersionHasTheDefaultOfWhatCameLater writes a version that names one
// setting alone.
func TestAnOlderVersionHasTheDefaultOfWhatCameLater(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
			tx.Write(`INSERT INTO policies (version, at, actor, doc) VALUES (1, 0, 'operator', '{"handover":"by_person"}')`)
			return struct{}{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := policy.Default()
		want.HandOver = policy.HandOverByPerson
		if got := current(t, d, &policy.Store{}); !reflect.DeepEqual(got, want) {
			t.Errorf("the policy in force is %+v", got)
		}
	})
}

func TestAChangeIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d, store := dbtest.Open(t, engine, db.Config{}), &policy.Store{}
		if got := current(t, d, store); !reflect.DeepEqual(got, policy.Default()) {
			t.Errorf("the policy in force is %+v", got)
		}
		next := policy.Default()
		next.Carrier = "made up"
		set := func(from int64, p policy.Policy) error {
			_, err := db.Update(context.Background(), d, []db.Lock{policy.Lock()}, func(tx *db.Tx) (policy.Version, error) {
				return store.Set(tx, access.Operator, from, p)
			})
			return err
		}
		if err := set(0, policy.Policy{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an invalid policy: %v", err)
		}
		if err := set(0, next); err != nil {
			t.Fatal(err)
		}
		if got := current(t, d, store); got.Carrier != "made up" {
			t.Errorf("the policy in force is %+v", got)
		}
		if err := set(0, policy.Default()); !fault.Is(err, fault.Conflict) {
			t.Errorf("a change of an older version: %v", err)
		}
	})
}

func current(t *testing.T, d *db.DB, s *policy.Store) policy.Policy {
	t.Helper()
	p, err := db.View(t.Context(), d, s.Current)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
