package process_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
)

// TestAnOutageCostsNothing has a gateway away for hours: it is asked seldom
// however many orders wait, no attempt is used up, and no order is lost.
func TestAnOutageCostsNothing(t *testing.T) {
	const orders, hours = 25, 8
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		var said bytes.Buffer
		s := newShop(t, engine, config{policy: retryAfter(time.Hour), log: slog.New(slog.NewTextHandler(&said, nil))})
		s.gateway.away = true
		var placed []order.Order
		for n := range orders {
			placed = append(placed, s.place(request(n, "CUP")))
		}
		s.after(hours * time.Hour)
		if most := hours*60 + 5; s.gateway.asked > most || s.gateway.asked < hours*10 {
			t.Errorf("the gateway was asked %d times in %d hours", s.gateway.asked, hours)
		}
		open := gatewayOf(t, s)
		if open.Reach != process.ReachOpen || !open.Until.After(s.clock.Now()) || open.Failures != s.gateway.asked {
			t.Errorf("the breaker stands at %+v", open)
		}
		for _, o := range placed {
			s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
			s.wantAttempts(o, attempt.Open)
			s.wantCount(o, payment.EventUnknown, 0)
		}
		s.gateway.away = false
		s.after(20 * time.Minute)
		for _, o := range placed {
			s.expect(o, underWay)
			s.wantAttempts(o, attempt.Succeeded)
		}
		if closed := gatewayOf(t, s); closed.Reach != process.ReachClosed || closed.Failures != 0 || !closed.Until.IsZero() {
			t.Errorf("the breaker stands at %+v", closed)
		}
		for _, reach := range []process.Reach{process.ReachOpen, process.ReachHalfOpen, process.ReachClosed} {
			if !strings.Contains(said.String(), "reach="+string(reach)) {
				t.Errorf("the log does not say %s:\n%s", reach, said.String())
			}
		}
	})
}

func gatewayOf(t *testing.T, s *shop) process.ProviderState {
	t.Helper()
	for _, p := range s.Providers() {
		if p.Kind == process.KindGateway && p.Name == s.gateway.Name() {
			return p
		}
	}
	t.Fatalf("no gateway among %+v", s.Providers())
	return process.ProviderState{}
}

func TestABreaker(t *testing.T) {
	t.Parallel()
	set := policy.Breaker{Failures: 3, Pause: policy.Duration(time.Minute)}
	at := func(seconds int) time.Time { return opening.Add(time.Duration(seconds) * time.Second) }
	b := process.NewBreaker()
	admitted := func(now time.Time, want bool) {
		t.Helper()
		if got := b.Admit(now, set); got != want {
			t.Errorf("at %s it may be asked: %t; it stands at %+v", now, got, b.State())
		}
	}
	ask := func(now time.Time, asked error) {
		t.Helper()
		admitted(now, true)
		b.Answered(now, asked)
	}
	ask(at(0), attempt.ErrNotReached)
	ask(at(1), context.DeadlineExceeded)
	ask(at(2), payment.ErrNoAttempt) // an answer
	ask(at(3), attempt.ErrNotReached)
	ask(at(4), fmt.Errorf("wrapped: %w", context.DeadlineExceeded))
	ask(at(5), fault.New(fault.Unavailable, "not to be had"))
	want := process.ProviderState{Kind: process.KindGateway, Name: "made up", Reach: process.ReachOpen, Since: at(5), Until: at(65), Failures: 3}
	if d := cmp.Diff(want, b.State()); d != "" {
		t.Errorf("after three (-want +got):\n%s", d)
	}
	admitted(at(64), false)
	admitted(at(65), true)  // the trial
	admitted(at(65), false) // and no other beside it
	b.Answered(at(75), context.DeadlineExceeded)
	admitted(at(134), false)
	ask(at(135), nil)
	if got := b.State(); got.Reach != process.ReachClosed || got.Since != at(135) || got.Failures != 0 {
		t.Errorf("after an answer it stands at %+v", got)
	}
	for n := range 3 {
		ask(at(200+n), errors.New("a refusal"))
	}
	admitted(at(210), true)
	set.Failures = 0
	for n := range 50 {
		ask(at(300+n), attempt.ErrNotReached)
	}
	set.Failures = 1
	ask(at(400), attempt.ErrNotReached)
	admitted(at(401), false)
}
