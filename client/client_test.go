package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/client"
)

// fake is a server that answers as a test has it, one handler after the other, the last
// for good.
type fake struct {
	*client.Client
	mu   sync.Mutex
	keys []string // the idempotency keys that came
}

func answering(t *testing.T, answers ...http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{}
	var n atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.keys = append(f.keys, r.Header.Get("Idempotency-Key"))
		f.mu.Unlock()
		answers[min(int(n.Add(1)), len(answers))-1](w, r)
	}))
	t.Cleanup(h.Close)
	f.Client = client.New(h.URL, "dsk_made_up")
	return f
}

// sent returns the keys that have come.
func (f *fake) sent() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.keys)
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// cut breaks the connection off.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// half sends half an answer.
func half(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = fmt.Fprint(w, `{"order":`)
}

const busy = `{"code":"unavailable","title":"Not now.","status":503}`

// TestWhatHasNoAnswerIsSentAgain under the same key.
func TestWhatHasNoAnswerIsSentAgain(t *testing.T) {
	t.Parallel()
	done := says(201, `{"order":{"number":7}}`, "Idempotency-Replayed", "true")
	for name, first := range map[string]http.HandlerFunc{
		"cut off": cut, "half an answer": half, "unavailable": says(503, busy), "too many": says(429, `{"code":"too_many_requests"}`, "Retry-After", "0"), "a proxy's": says(502, "<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := answering(t, first, first, done)
			var m client.Meta
			placed, err := f.PlaceOrder(t.Context(), order("A-1"), client.Into(&m))
			if err != nil || placed.Order.Number != 7 || !m.Replayed {
				t.Errorf("it came to %+v, %v", placed.Order, err)
			}
			if keys := f.sent(); len(keys) != 3 || keys[0] == "" || keys[0] != keys[1] || keys[0] != keys[2] {
				t.Errorf("it was sent under %q", keys)
			}
		})
	}
}

// TestWhoIsSilentIsAskedAgain gives up waiting for an answer, unless the caller has.
func TestWhoIsSilentIsAskedAgain(t *testing.T) {
	t.Parallel()
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	f := answering(t, silent, says(200, `{"number":7}`))
	f.HTTP = &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 50 * time.Millisecond}}
	if o, err := f.ShowOrder(t.Context(), "1001", client.ShowOrderParams{}); err != nil || o.Number != 7 {
		t.Errorf("it came to %d, %v", o.Number, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	f = answering(t, silent)
	if _, err := f.ShowOrder(ctx, "1001", client.ShowOrderParams{}); !errors.Is(err, context.DeadlineExceeded) || len(f.sent()) != 1 {
		t.Errorf("it came to %v after %d times", err, len(f.sent()))
	}
}

func TestWhatIsRefusedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		answer http.HandlerFunc
		code   string
		times  int
	}{
		"refused":        {says(409, `{"code":"conflict","detail":"made up"}`), client.CodeConflict, 1},
		"for too long":   {says(429, `{"code":"too_many_requests"}`, "Retry-After", "3600"), client.CodeTooManyRequests, 1},
		"until 3000":     {says(503, busy, "Retry-After", "Wed, 01 Jan 3000 00:00:00 GMT"), client.CodeUnavailable, 1},
		"again and over": {says(503, busy), client.CodeUnavailable, 2},
	} {
		f := answering(t, x.answer)
		f.Attempts = 2
		_, err := f.PlaceOrder(t.Context(), order("A-1"))
		if client.CodeOf(err) != x.code || !errors.Is(err, &client.Problem{Code: x.code}) || len(f.sent()) != x.times {
			t.Errorf("%s: %v after %d times", name, err, len(f.sent()))
		}
	}
}

// TestWhoHasNoTimeIsNotKeptWaiting returns the problem before a deadline that waiting
// would miss.
func TestWhoHasNoTimeIsNotKeptWaiting(t *testing.T) {
	t.Parallel()
	f := answering(t, says(503, busy, "Retry-After", "20"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := f.ShowOrder(ctx, "1001", client.ShowOrderParams{}); client.CodeOf(err) != client.CodeUnavailable || ctx.Err() != nil {
		t.Errorf("it came to %v", err)
	}
}

// TestAProblemNamesTheFields and what stands before a server that answers otherwise.
func TestAProblemNamesTheFields(t *testing.T) {
	t.Parallel()
	f := answering(t, says(422, `{"code":"invalid","detail":"the order is not right","fields":[{"path":"lines","code":"required","message":"at least one line"}]}`))
	if _, err := f.PlaceOrder(t.Context(), order("A-1")); fmt.Sprint(err) != "doorstep: the order is not right; lines: at least one line" {
		t.Errorf("it says %v", err)
	}
	f = answering(t, says(404, "<html>", "X-Request-Id", "made-up"))
	_, err := f.ShowOrder(t.Context(), "1001", client.ShowOrderParams{})
	if p, is := errors.AsType[*client.Problem](err); !is || p.Status != 404 || p.Trace != "made-up" || client.CodeOf(err) != "" {
		t.Errorf("it says %v", err)
	}
}

// TestPagesAreReadAsFarAsTheyAreWanted asks for the second page only when it is needed.
func TestPagesAreReadAsFarAsTheyAreWanted(t *testing.T) {
	t.Parallel()
	var asked []string
	first := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		says(200, `{"items":[{"number":2},{"number":1}],"next":"n"}`)(w, r)
	}
	second := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		says(200, `{"items":[{"number":0}]}`)(w, r)
	}
	f := answering(t, first, first, second)
	for _, err := range f.ListOrders(t.Context(), client.ListOrdersParams{Held: true}) {
		check(err)
		break
	}
	var numbers []int64
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	for o, err := range f.ListOrders(t.Context(), client.ListOrdersParams{Status: client.OrderStatusPaid, PlacedFrom: at}) {
		check(err)
		numbers = append(numbers, o.Number)
	}
	want := []string{"held=true", "placed_from=2026-03-02T09%3A30%3A00Z&status=paid", "cursor=n&placed_from=2026-03-02T09%3A30%3A00Z&status=paid"}
	if !slices.Equal(numbers, []int64{2, 1, 0}) || !slices.Equal(asked, want) {
		t.Errorf("%v were read by %q", numbers, asked)
	}
}

// TestAFollowerMissesNothing has its streams break, and the server refuse it for a while
// and at last for good.
func TestAFollowerMissesNothing(t *testing.T) {
	t.Parallel()
	var after []string
	from := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			after = append(after, r.URL.Query().Get("after"))
			answer(w, r)
		}
	}
	events := func(text string) http.HandlerFunc {
		return says(200, "retry: 1\n\n: nothing new\n\n"+text, "Content-Type", "text/event-stream")
	}
	f := answering(t,
		from(events("id: c1\ndata: {\"version\":1}\n\nid: c2\ndata: {\"version\":2}\n\nid: c3\ndata: {\"vers")),
		from(says(503, `{"code":"too_many_streams"}`)),
		from(events("id: c3\ndata: {\"version\":3}\n\n")),
		from(says(403, `{"code":"forbidden"}`)),
	)
	var seen []string
	var last error
	for e, err := range f.Follow(t.Context(), "c0") {
		if last = err; err == nil {
			seen = append(seen, fmt.Sprint(e.Cursor, "=", e.Event.Version))
		}
	}
	if got := strings.Join(seen, " "); got != "c1=1 c2=2 c3=3" || client.CodeOf(last) != client.CodeForbidden || !slices.Equal(after, []string{"c0", "c2", "c2", "c3"}) {
		t.Errorf("it saw %s behind %q and ended as %v", got, after, last)
	}
}

// TestAFollowerComesAgain has a real server cut its stream off between two orders.
func TestAFollowerComesAgain(t *testing.T) {
	t.Parallel()
	s := open(t.Context())
	defer s.close()
	need(s.PlaceOrder(t.Context(), order("A-1")))
	seen := map[string]int{}
	for e, err := range s.Follow(t.Context(), "") {
		check(err)
		seen[fmt.Sprint(e.Event.Subject, ".", e.Event.Version)]++
		if e.Event.Type == "order.processed" && len(seen) == 1 {
			s.http.CloseClientConnections()
			need(s.PlaceOrder(t.Context(), order("A-2")))
			continue
		}
		if e.Event.Type == "order.processed" && len(seen) > 1 {
			break
		}
	}
	feed := need(s.ListEvents(t.Context(), client.ListEventsParams{Limit: 1000}))
	for _, e := range feed.Items[:len(seen)] {
		if n := seen[fmt.Sprint(e.Subject, ".", e.Version)]; n != 1 {
			t.Errorf("%s of %s came %d times", e.Type, e.Subject, n)
		}
	}
}

func TestAFollowerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := open(t.Context())
	defer s.close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	need(s.PlaceOrder(ctx, order("A-1")))
	var last error
	for _, err := range s.Follow(ctx, "") {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("it ended as %v", last)
	}
}

// TestManyOrdersEndEarly stops reading results while orders are still sent.
func TestManyOrdersEndEarly(t *testing.T) {
	t.Parallel()
	s := open(t.Context())
	defer s.close()
	endless := func(yield func(client.OrderRequest) bool) {
		for n := 0; yield(order(fmt.Sprint(n))); n++ {
		}
	}
	for result, err := range s.PlaceOrders(t.Context(), endless) {
		check(err)
		if result.Line > 100 {
			break
		}
	}
	stranger := client.New(s.url, "dsk_made_up")
	for _, err := range stranger.PlaceOrders(t.Context(), slices.Values([]client.OrderRequest{order("A-1")})) {
		if client.CodeOf(err) != client.CodeUnauthenticated {
			t.Errorf("a stranger's came to %v", err)
		}
	}
}

func TestAReceiverBelievesWhatIsSigned(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]string{nil, {"whsec_%"}} {
		if _, err := client.NewReceiver(secrets...); err == nil {
			t.Errorf("%q are taken as secrets", secrets)
		}
	}
	s := open(t.Context())
	defer s.close()
	type post struct {
		header http.Header
		body   string
	}
	posts := make(chan post, 1)
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		posts <- post{r.Header, string(need(io.ReadAll(r.Body)))}
	}))
	defer h.Close()
	hook := need(s.AddWebhook(t.Context(), client.WebhookRequest{Name: "made up", URL: h.URL, Types: []string{"order.processed"}}))
	other := need(s.AddWebhook(t.Context(), client.WebhookRequest{Name: "other", URL: h.URL, Types: []string{"order.delivered"}}))
	need(s.PlaceOrder(t.Context(), order("A-1")))
	sent := <-posts
	for name, x := range map[string]struct {
		secrets  []string
		body     string
		believed bool
	}{
		"as it was sent":  {[]string{hook.Secret}, sent.body, true},
		"while rotated":   {[]string{other.Secret, hook.Secret}, sent.body, true},
		"another secret":  {[]string{other.Secret}, sent.body, false},
		"changed":         {[]string{hook.Secret}, strings.Replace(sent.body, "processed", "cancelled", 1), false},
		"without a thing": {[]string{hook.Secret}, "", false},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(x.body))
		r.Header = sent.header
		d, err := need(client.NewReceiver(x.secrets...)).Read(r)
		if (err == nil) != x.believed || x.believed && (d.Type != "order.processed" || d.ID == "" || d.Event.Status != "processed") {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}
