package process_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// history plays some weeks of a shop whose providers are unreliable, and
// returns all its events as they are written out.
func history(t *testing.T, engine string, seed uint64) []byte {
	t.Helper()
	s := newShop(t, engine, config{
		gateway: gateway.Config{Seed: seed, DeclineRate: 0.3, SoftShare: 0.5, TimeoutBefore: 0.1, TimeoutAfter: 0.1, Unreachable: 0.1,
			LatencyMin: 100 * time.Millisecond, LatencyMax: 3 * time.Second},
		carrier: carrier.Config{Seed: seed, RefuseRate: 0.1, TroubleRate: 0.2, TimeoutAfter: 0.1, LateRate: 0.3, TwiceRate: 0.3,
			LatencyMin: 100 * time.Millisecond, LatencyMax: 5 * time.Second},
		policy: settings(onHandOver, func(p *policy.Policy) { p.HandOver = policy.HandOverFirstScan }),
	})
	orders := 40
	if testing.Short() {
		orders = 10
	}
	for n := range orders {
		o := s.place(request(n, "CUP", "POT"))
		if n%5 == 0 {
			s.raise(o, support.CancelRequest)
		}
		if n%8 == 0 {
			s.after(time.Hour)
		}
	}
	s.after(30 * day)
	return s.written()
}

func (s *shop) written() []byte {
	s.t.Helper()
	all, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]event.Event, error) {
		if r.Postgres() {
			return event.Range(r, "", "~")
		}
		all, _, err := event.After(r, "", 1_000_000)
		return all, err
	})
	must(s.t, err)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, e := range all {
		must(s.t, enc.Encode(e))
	}
	return b.Bytes()
}

// TestTheSameSeedGivesTheSameHistory runs alone, because it changes how many
// threads the program uses.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			was := runtime.GOMAXPROCS(1)
			defer runtime.GOMAXPROCS(was)
			one := history(t, engine, 7)
			runtime.GOMAXPROCS(4)
			four := history(t, engine, 7)
			if len(one) < 5_000 || !bytes.Equal(one, four) {
				t.Errorf("the histories on one and on four threads have %d and %d bytes, and are the same: %t", len(one), len(four), bytes.Equal(one, four))
			}
			if engine == dbtest.SQLite && bytes.Equal(history(t, engine, 8), one) {
				t.Error("another seed makes no other history")
			}
		})
	}
}
