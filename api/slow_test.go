package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"doorstep/api"
	"doorstep/internal/db/dbtest"
)

// dial opens a connection that takes little before it is read from, and sends something.
func (s *server) dial(send string) net.Conn {
	s.t.Helper()
	small := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	c, err := small.DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	must(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, send); err != nil {
		s.t.Logf("sending: %s", err) // it was closed already
	}
	return c
}

// request is one as it is sent, with the key of the shop.
func (s *server) request(line string, more ...string) string {
	return line + " HTTP/1.1\r\nHost: made-up\r\nAuthorization: Bearer " + s.secret + "\r\n" + strings.Join(more, "\r\n")
}

// answered reads an answer.
func answered(t *testing.T, c net.Conn) *http.Response {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(30*time.Second)))
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	must(t, err)
	return r // its body ends with the connection: to close it would read it to its end
}

// stalls are the ways in which a client keeps a server waiting.
func (s *server) stalls() map[string]string {
	const half = "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
	return map[string]string{
		"silent from the start":  "",
		"half a header":          "GET /v1/orders HTTP/1.1\r\nHost: made",
		"silent after an answer": "GET /healthz HTTP/1.1\r\nHost: made-up\r\n\r\n",
		"half a body":            s.request("POST /v1/orders", half),
		"half a body, no key":    "POST /v1/orders HTTP/1.1\r\nHost: made-up\r\n" + half,
		"half a line of a bulk":  s.request("POST /v1/orders/bulk", "Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{"),
		"an answer unread":       strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: made-up\r\n\r\n", 20),
	}
}

// TestSilentClientsKeepNobodyOut has more clients that stall than may be connected, and no
// time limit that would end them soon: others are served meanwhile.
func TestSilentClientsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	for name, sent := range s.stalls() {
		t.Run(name, func(t *testing.T) {
			full := s.in(t).behind(api.Config{Patience: time.Hour}, 1000)
			full.fresh(10 * time.Second) // its key is known from now on
			for range 1500 {
				full.dial(sent)
			}
			for range 5 {
				full.fresh(10 * time.Second)
			}
		})
	}
}

// in is the server in a test within the test.
func (s *server) in(t *testing.T) *server {
	other := *s
	other.t = t
	return &other
}

// fresh asks on a connection of its own, and has to be answered in time.
func (s *server) fresh(within time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/v1/orders", nil)
	must(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("another client is not served: %s", err)
	}
	if _, err = io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		s.t.Errorf("another client is served with %d (%v)", res.StatusCode, err)
	}
	must(s.t, res.Body.Close())
}

// TestWhoWaitsForTheServerIsNotCutOff fills all places with readers of the feed, who wait
// rightly: the next client waits as well, until one of them has gone.
func TestWhoWaitsForTheServerIsNotCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite).behind(api.Config{}, 5)
	var readers []*streamed
	for range 5 {
		r := s.stream(s.secret, "")
		r.next()
		readers = append(readers, r)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.fresh(30 * time.Second)
	}()
	_, err := s.shop.Process.ReceiveStock(t.Context(), operator, "CUP", "main", 1) // an event, without a connection
	must(t, err)
	for _, r := range readers {
		if id, _ := r.next(); id == "" {
			t.Error("a reader was cut off")
		}
	}
	select {
	case <-served:
		t.Error("there was room for one more")
	default:
	}
	readers[0].stop()
	<-served
}

// TestWhoStallsIsCutOff has each way of it end by itself, and says so where there is
// someone to say it to.
func TestWhoStallsIsCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	says := map[string]string{
		"half a body": "408", "half a body, no key": "401", "half a line of a bulk": "too_slow",
	}
	for name, sent := range s.stalls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hasty := s.in(t).behind(api.Config{Patience: 100 * time.Millisecond}, 100)
			c := hasty.dial(sent)
			<-hasty.ended
			if want := says[name]; want != "" {
				must(t, c.SetReadDeadline(time.Now().Add(30*time.Second)))
				if got, _ := io.ReadAll(c); !strings.Contains(string(got), want) {
					t.Errorf("it is told %s, not %s", got, want)
				}
			}
		})
	}
}

// TestWhoDoesNotTakeResultsIsNotReadFrom sends lines for ever.
func TestWhoDoesNotTakeResultsIsNotReadFrom(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite).behind(api.Config{Patience: 200 * time.Millisecond}, 100)
	c := s.dial(s.request("POST /v1/orders/bulk", "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"))
	sent := 0
	for ; sent < 1<<30; sent += 1000 {
		if _, err := io.WriteString(c, "bb8\r\n"+strings.Repeat("{}\n", 1000)+"\r\n"); err != nil {
			break
		}
	}
	<-s.ended
	t.Logf("it was cut off after %d lines", sent)
}

// TestAReaderOfTheFeedIsCutOffWhenItReadsNothing and the others are not.
func TestAReaderOfTheFeedIsCutOffWhenItReadsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	var lines strings.Builder
	for n := range 300 {
		lines.WriteString(oneLine(placing(fmt.Sprint(n))))
	}
	s.bulkResults(lines.String())
	hasty := s.behind(api.Config{Patience: 300 * time.Millisecond}, 100)
	reads, seen := hasty.stream(s.secret, ""), make(chan bool)
	go func() {
		defer close(seen)
		for id, data := reads.next(); id != ""; id, data = reads.next() {
			if strings.Contains(data, `"stock.received"`) {
				seen <- true
			}
		}
	}()
	<-seen
	for range 20 { // as much as they have asked for never fits between the two
		hasty.dial(hasty.request("GET /v1/events", "Accept: text/event-stream\r\n\r\n"))
	}
	for range 20 {
		<-hasty.ended
	}
	s.stock("CUP", 450, 1)
	if !<-seen {
		t.Errorf("who reads was cut off, too: %v", reads.lines.Err())
	}
}

// TestASilentStreamSaysThatItIsAlive for longer than a request may take.
func TestASilentStreamSaysThatItIsAlive(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite).behind(api.Config{Patience: 50 * time.Millisecond}, 100)
	r := s.stream(s.secret, "?after="+s.ask("GET", "/v1/events?limit=1000", "").json["next"].(string))
	for said := 0; said < 4; {
		if !r.lines.Scan() {
			t.Fatalf("it ended after %d comments: %v", said, r.lines.Err())
		}
		if r.lines.Text() == ": nothing new" {
			said++
		}
	}
}

// TestThereAreOnlySoManyStreams of either kind at once.
func TestThereAreOnlySoManyStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	feed := func() (status int, stop func()) {
		r := s.stream(s.secret, "")
		return r.res.StatusCode, r.stop
	}
	bulk := func() (status int, stop func()) {
		c := s.dial(s.request("POST /v1/orders/bulk", "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n"))
		return answered(t, c).StatusCode, func() { _ = c.Close() }
	}
	for name, kind := range map[string]struct {
		open func() (int, func())
		most int
	}{"of events": {feed, 200}, "of orders": {bulk, 32}} {
		var stop func()
		for n := range kind.most {
			status, end := kind.open()
			if stop = end; status != http.StatusOK {
				t.Fatalf("stream %d %s is answered with %d", n, name, status)
			}
		}
		if status, _ := kind.open(); status != http.StatusServiceUnavailable {
			t.Errorf("one more %s is answered with %d", name, status)
		}
		stop()
		s.eventually("room for another "+name, func() bool {
			status, end := kind.open()
			end()
			return status == http.StatusOK
		})
	}
}
