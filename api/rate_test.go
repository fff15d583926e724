package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"doorstep/access"
	"doorstep/api"
	"doorstep/internal/db/dbtest"
)

// TestEachKeyHasItsQuota uses one up: others go on, and so does the key after a while.
func TestEachKeyHasItsQuota(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite).behind(api.Config{RateLimit: 1}, 100)
	busy := s.key(access.Read)
	var r response
	for n := range 1000 { // of which ten come at once, and one a second more
		r = s.askAs(busy, "GET", "/v1/orders", "")
		if r.status != http.StatusOK {
			break
		}
		if got := r.header.Get("RateLimit-Policy"); got != `"key";q=10;w=10` {
			t.Fatalf("the policy is %s", got)
		}
		if got := r.header.Get("RateLimit"); n == 0 && got != `"key";r=9;t=1` {
			t.Errorf("after one request is left %s", got)
		}
	}
	s.want(r, http.StatusTooManyRequests, "too_many_requests")
	if got := r.header.Get("RateLimit"); got != `"key";r=0;t=10` {
		t.Errorf("when none is left the answer says %s", got)
	}
	if after, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || after != 1 {
		t.Errorf("it may come again after %s", r.header.Get("Retry-After"))
	}
	s.want(s.ask("GET", "/v1/orders", ""), 200, "")
	for _, path := range []string{"/healthz", "/readyz"} {
		for range 20 {
			s.want(s.askAs("", "GET", path, ""), 200, "")
		}
	}
	s.eventually("let in again", func() bool { return s.askAs(busy, "GET", "/v1/orders", "").status == 200 })
}

// TestKeysAreNotGuessed tries many: those who have one are let in from the same address,
// and strangers from others are told that they have none.
func TestKeysAreNotGuessed(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	s.want(s.ask("GET", "/v1/orders", ""), 200, "") // known from now on
	guess := func(s *server, n int, from string) response {
		return s.askAs(fmt.Sprintf("dsk_MADEUP%d", n), "GET", "/v1/orders", "", "X-Forwarded-For", from)
	}
	exhaust := func(s *server, from string) (n int) {
		t.Helper()
		for ; n < 100_000; n++ {
			r := guess(s, n, from)
			if r.status == http.StatusTooManyRequests {
				s.want(r, 429, "too_many_requests")
				if r.header.Get("Retry-After") != "1" || r.header.Get("RateLimit-Policy") != `"address";q=100;w=10` {
					t.Errorf("after %d guesses: %v", n, r.header)
				}
				return n
			}
			s.want(r, 401, "unauthenticated")
		}
		t.Error("any number of keys can be tried")
		return n
	}
	if n := exhaust(s, "192.0.2.1"); n < 100 {
		t.Errorf("no more than %d guesses are let through at once", n)
	}
	for range 200 {
		s.want(s.ask("GET", "/v1/orders", ""), 200, "")
	}
	fronted := s.behind(api.Config{Front: true}, 100)
	exhaust(fronted, "192.0.2.2")
	s.want(guess(fronted, 0, "203.0.113.9, 192.0.2.3"), 401, "")
	exhaust(fronted, "203.0.113.9, 2001:db8::1")
	s.want(guess(fronted, 0, "203.0.113.9, 2001:db8:0:1::1"), 401, "")
	if n := exhaust(fronted, "2001:db8::2"); n >= 100 {
		t.Errorf("another address of the same network may guess as if it were another's: %d times", n)
	}
}
