package api_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

// streamed is a stream of events that is read.
type streamed struct {
	s     *server
	res   *http.Response
	lines *bufio.Scanner
	stop  context.CancelFunc
}

// open begins to read the feed as it comes.
func (s *server) stream(secret, query string, headers ...string) *streamed {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/v1/events"+query, nil)
	must(s.t, err)
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	s.t.Cleanup(func() { stop(); _ = res.Body.Close() })
	return &streamed{s, res, bufio.NewScanner(res.Body), stop}
}

// next returns the next event and its id, "" when the stream has ended.
func (r *streamed) next() (id, data string) {
	r.s.t.Helper()
	for r.lines.Scan() {
		name, value, _ := strings.Cut(r.lines.Text(), ": ")
		switch {
		case name == "id":
			id = value
		case name == "data":
			data = value
		case r.lines.Text() == "" && id != "":
			return id, data
		}
	}
	return "", ""
}

// TestTheFeedIsStreamed reads it as it comes, is cut off and comes again, and has seen the
// same in the end as who reads it in parts.
func TestTheFeedIsStreamed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		r := s.stream(s.secret, "")
		if r.res.StatusCode != 200 || r.res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("the stream is %d %v", r.res.StatusCode, r.res.Header)
		}
		s.shipped("A-1")
		var seen []string
		last := ""
		take := func(n int) {
			t.Helper()
			for range n {
				id, data := r.next()
				if id == "" {
					t.Fatalf("the stream has ended after %d events: %v", len(seen), r.lines.Err())
				}
				last, seen = id, append(seen, data)
			}
		}
		take(3)
		r.stop()
		s.shipped("A-2")
		whole := s.ask("GET", "/v1/events?limit=1000", "").json["items"].([]any)
		r = s.stream(s.secret, "?after=nonsense", "Last-Event-ID", last)
		take(len(whole) - 3)
		feed := s.ask("GET", "/v1/events?limit=1000", "")
		if got := `{"items":[` + strings.Join(seen, ",") + `],`; !strings.HasPrefix(string(feed.body), got) {
			t.Errorf("streamed was\n%s\nand the feed is\n%s", got, feed.body)
		}
		if rest := s.ask("GET", "/v1/events", "", "Last-Event-ID", last).json["items"].([]any); len(rest) != len(feed.json["items"].([]any))-len(seen) {
			t.Errorf("behind the last that was streamed there are %d", len(rest))
		}
	})
}

func TestWhoMayStream(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	for _, x := range []struct {
		secret, query string
		status        int
	}{
		{"", "", 401}, {s.key(access.Orders), "", 403}, {s.key(access.Read), "", 200},
		{s.secret, "?after=nonsense", 422}, {s.secret, "?limit=3", 422}, {s.secret, "?after=" + strings.Repeat("x", 201), 422},
	} {
		if r := s.stream(x.secret, x.query); r.res.StatusCode != x.status {
			t.Errorf("GET /v1/events%s says %d, not %d", x.query, r.res.StatusCode, x.status)
		}
	}
}

// TestAStreamEndsWithItsKey revokes the key of a reader.
func TestAStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	made := s.ask("POST", "/v1/keys", `{"name":"made up","scopes":["read"]}`)
	r := s.stream(made.json["secret"].(string), "")
	r.next()
	s.want(s.ask("POST", "/v1/keys/"+made.json["id"].(string)+"/revoke", ""), 200, "")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for id, _ := r.next(); id != ""; id, _ = r.next() {
		}
	}()
	n := 0
	s.eventually("ended", func() bool {
		select {
		case <-over:
			return true
		default:
		}
		n++
		s.want(s.ask("POST", "/v1/orders", placing(fmt.Sprint(n))), 201, "")
		return false
	})
}

// TestAServerThatStopsEndsItsStreams ends them at once, and so does what holds the
// reader of one that reads nothing.
func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	r, silent := s.stream(s.secret, ""), s.stream(s.secret, "")
	r.next()
	s.api.EndStreams()
	for _, one := range []*streamed{r, silent} {
		for id, _ := one.next(); id != ""; id, _ = one.next() {
		}
		if err := one.lines.Err(); err != nil {
			t.Errorf("the stream was not ended but cut off: %s", err)
		}
	}
	s.want(s.ask("GET", "/v1/events", ""), 200, "")
}

// TestASlowReaderHoldsNothing has many readers read nothing while orders go on.
func TestASlowReaderHoldsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		for range 50 {
			s.stream(s.secret, "")
		}
		s.shipped("A-1")
		s.want(s.ask("GET", "/v1/orders", ""), 200, "")
	})
}
