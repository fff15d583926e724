package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/verify"
)

// told is a shop's back-end that is sent events, and verifies them.
type told struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	seen   map[string]int // by webhook-id
	bad    []error
}

func listen(t *testing.T) *told {
	t.Helper()
	l := &told{seen: map[string]int{}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		library, made := standardwebhooks.NewWebhook(l.secret)
		if err == nil && made == nil {
			err = library.Verify(body, r.Header)
		}
		if err != nil || made != nil {
			l.bad = append(l.bad, err, made)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		l.seen[r.Header.Get("webhook-id")]++
	}))
	t.Cleanup(l.Close)
	return l
}

// knows has it verify with a secret.
func (l *told) knows(secret any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secret, _ = secret.(string)
}

// counts returns how many events came, and how many of them more than once.
func (l *told) counts() (events, again int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.seen {
		if n > 1 {
			again++
		}
	}
	return len(l.seen), again
}

// nowhere looks for a secret where it could be kept.
func (s *server) nowhere(secret any) {
	s.t.Helper()
	text, is := secret.(string)
	if !is || len(text) < 32 {
		s.t.Fatalf("the secret is %v", secret)
	}
	kept, err := db.View(s.t.Context(), s.shop.DB, func(r db.Reader) ([]string, error) {
		return db.All(r, func(row db.Row) (kept string, err error) { return kept, row.Scan(&kept) },
			`SELECT secret || ' ' || previous FROM webhook_endpoints UNION ALL SELECT answer FROM commands UNION ALL SELECT data FROM events`)
	})
	must(s.t, err)
	if len(kept) < 3 {
		s.t.Error("nothing was looked through")
	}
	for _, line := range kept {
		if strings.Contains(line, strings.TrimPrefix(text, "whsec_")) {
			s.t.Errorf("the secret stands in %.200s", line)
		}
	}
}

func TestAShopIsToldOfItsOrders(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s, l := serve(t, engine), listen(t)
		ask := fmt.Sprintf(`{"name":"made up","url":%q,"types":["order.*","payment.*"]}`, l.URL)
		made := s.ask("POST", "/v1/webhooks", ask, "Idempotency-Key", "a webhook")
		s.want(made, 201, "")
		l.knows(made.json["secret"])
		if again := s.ask("POST", "/v1/webhooks", ask, "Idempotency-Key", "a webhook"); again.json["secret"] != nil || again.json["id"] != made.json["id"] {
			t.Errorf("made again: %s", again.body)
		}
		s.nowhere(made.json["secret"])
		at := made.header.Get("Location")
		path := s.shipped("A-1")
		timeline := s.ask("GET", path+"?expand=timeline", "").json["timeline"].([]any)
		want := 0
		for _, e := range timeline {
			if t, _ := e.(map[string]any)["type"].(string); t[:6] == "order." || t[:8] == "payment." {
				want++
			}
		}
		s.eventually("told", func() bool { n, _ := l.counts(); return n >= want })
		s.eventually("noted", func() bool {
			items := s.ask("GET", at+"/deliveries?limit=2", "").json["items"].([]any)
			return len(items) == 2 && items[0].(map[string]any)["accepted"] == true
		})
		page := s.ask("GET", at+"/deliveries?limit=1", "")
		s.want(s.ask("GET", at+"/deliveries?cursor="+page.json["next"].(string), ""), 200, "")
		s.want(s.ask("GET", at+"/deliveries?cursor=x", ""), 422, "invalid")

		rotated := s.ask("POST", at+"/rotate", `{"overlap":3600}`)
		s.want(rotated, 200, "")
		s.nowhere(rotated.json["secret"])
		s.want(s.ask("POST", at+"/rotate", `{"overlap":604801}`), 422, "invalid")
		first := page.json["items"].([]any)[0].(map[string]any)
		s.want(s.ask("POST", at+"/replay", fmt.Sprintf(`{"from":%q}`, first["event"])), 200, "")
		s.eventually("told again by the secret before", func() bool { _, again := l.counts(); return again >= 1 })
		l.knows(rotated.json["secret"])
		s.want(s.ask("POST", at+"/replay", `{}`), 200, "")
		s.eventually("told everything again", func() bool { _, again := l.counts(); return again >= want })
		s.want(s.ask("POST", at+"/replay", `{"from":"ord_made_up.1"}`), 422, "invalid")
		s.want(s.ask("POST", at+"/replay", `{"from":"x"}`), 422, "invalid")

		s.want(s.ask("POST", at+"/disable", ""), 200, "")
		if r := s.ask("GET", at, ""); r.json["state"] != "disabled" || r.json["why"] != "person" {
			t.Errorf("disabled it is %s", r.body)
		}
		s.want(s.ask("POST", at+"/enable", ""), 200, "")
		s.want(s.ask("POST", at+"/change", fmt.Sprintf(`{"name":"other","url":%q}`, l.URL)), 200, "")
		if items := s.ask("GET", "/v1/webhooks", "").json["items"].([]any); len(items) != 1 || items[0].(map[string]any)["name"] != "other" {
			t.Errorf("the webhooks are %v", items)
		}
		if len(l.bad) > 0 {
			t.Errorf("not verified: %v", l.bad)
		}
		s.shop.Webhooks.Stop()
		s.shop.Runner.Stop()
		report, err := verify.Run(t.Context(), s.shop.DB, verify.Options{})
		must(t, err)
		if len(report.Violations) > 0 {
			t.Errorf("verify says %+v", report.Violations)
		}
	})
}

func TestAWebhookIsTheAdministrators(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/v1/webhooks", `{"name":"made up","url":"https://shop.example/"}`}, {"GET", "/v1/webhooks", ""}, {"GET", "/v1/webhooks/x", ""},
		{"POST", "/v1/webhooks/x/rotate", "{}"}, {"POST", "/v1/webhooks/x/replay", "{}"}, {"GET", "/v1/webhooks/x/deliveries", ""},
	} {
		s.want(s.askAs(s.key(access.Read, access.Orders), x.method, x.path, x.body), 403, "forbidden")
		if x.path != "/v1/webhooks" {
			s.want(s.ask(x.method, x.path, x.body), 404, "not_found")
		}
	}
	for _, url := range []string{"", "http://shop.example/", "https://10.0.0.1/", "https://[fd00::1]/"} {
		s.want(s.ask("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"made up","url":%q}`, url)), 422, "invalid")
	}
	for n := range 50 {
		s.want(s.ask("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"made up %d","url":"https://shop.invalid/"}`, n)), 201, "")
	}
	s.want(s.ask("POST", "/v1/webhooks", `{"name":"made up","url":"https://shop.invalid/"}`), 409, "conflict")
}
