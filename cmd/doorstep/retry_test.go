package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
	"doorstep/verify"
)

// How much TestClientsRetryThroughKills does.
const (
	retriers  = 100 // clients, of which two at a time send the same
	sentEach  = 6   // orders of a client
	killsEach = 5
)

// TestClientsRetryThroughKills has a hundred clients send orders, in pairs under the same
// idempotency keys, to a server that is killed and started again, until each is answered:
// each order is placed once, and always answered as it was first.
func TestClientsRetryThroughKills(t *testing.T) {
	t.Parallel()
	program := build(t)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		r := newRetries(t, program, engine)
		life := r.start()
		var clients sync.WaitGroup
		for n := range retriers {
			clients.Go(func() {
				for i := range sentEach {
					r.send(fmt.Sprintf("pair-%d-%d", n/2, i))
				}
			})
		}
		for k := range killsEach {
			for r.answered.Load() < int64(retriers*sentEach*(k+1)/(killsEach+2)) {
				<-r.progress
			}
			_ = life.Process.Kill() // one of ours, and no other
			if err := life.Wait(); err == nil {
				t.Error("the server ended by itself")
			}
			life = r.start()
		}
		clients.Wait()
		if r.cutOff.Load() == 0 {
			t.Error("no kill has cut off a request")
		}
		t.Logf("%d requests were not answered, %d answers were replayed", r.cutOff.Load(), r.replayed.Load())
		for key, first := range r.first {
			status, replayed, body, err := r.ask(key, r.order(key))
			if err != nil || status != http.StatusCreated || !replayed || !bytes.Equal(body, first) {
				t.Errorf("in the end %s is answered with %d %s (%v), not %s", key, status, body, err, first)
			}
		}
		if status, _, body, err := r.ask("pair-0-0", r.order("another")); err != nil || status != http.StatusConflict {
			t.Errorf("another order under the key is answered with %d %s (%v)", status, body, err)
		}
		r.must(life.Process.Signal(syscall.SIGTERM))
		r.must(life.Wait())
		r.eachOrderOnce()
	})
}

// retries are the clients of a shop, and what they were answered.
type retries struct {
	*shop
	secret string
	http   *http.Client
	at     atomic.Pointer[string] // the address of the server

	answered, cutOff, replayed atomic.Int64

	progress chan struct{}
	mu       sync.Mutex
	first    map[string][]byte // answers, by the key
}

func newRetries(t *testing.T, program, engine string) *retries {
	t.Helper()
	r := &retries{
		shop: newShop(t, program, engine), progress: make(chan struct{}, retriers*sentEach), first: map[string][]byte{},
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: retriers}},
	}
	r.open(func(ctx context.Context, p *process.Process, by process.Command) error {
		made, err := p.AddKey(ctx, by, access.KeyRequest{Name: "made up", Scopes: []access.Scope{access.Orders}})
		r.secret = string(made.Value.Secret)
		return err
	})
	return r
}

// start starts the server and waits until it says where it is.
func (r *retries) start() *exec.Cmd {
	r.Helper()
	cmd := exec.Command(r.program, "serve", "--listen", "127.0.0.1:0", "--db", r.url, "--outside", r.outside, "--json", "--rate-limit", "0", "--lease", "2s", "--ask-timeout", "1s")
	cmd.Dir = r.outside // what it writes where it works
	cmd.SysProcAttr = dieWithParent()
	said, err := cmd.StderrPipe()
	r.must(err)
	lines, started := bufio.NewReader(said), make(chan error, 1)
	first := make(chan string, 1)
	go func() {
		// The child dies with the thread that has started it: this one.
		runtime.LockOSThread()
		started <- cmd.Start()
		text, _ := lines.ReadString('\n')
		first <- text
		_, _ = io.Copy(io.Discard, lines)
		<-r.quit
	}()
	r.must(<-started)
	r.Cleanup(func() { _ = cmd.Process.Kill() })
	var serving struct {
		API string `json:"api"`
	}
	if text := <-first; json.Unmarshal([]byte(text), &serving) != nil || serving.API == "" {
		r.Fatalf("the server says %q", text)
	}
	r.at.Store(&serving.API)
	return cmd
}

// order is what is placed under a key. It has no reference, by which alone it would be
// placed once.
func (r *retries) order(key string) string {
	return fmt.Sprintf(`{"customer":{"id":%q,"name":"Made Up"},"currency":"GBP","lines":[{"sku":%q,"quantity":1}],
		"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}}`, key, goods[0].Code)
}

// send places an order, as often as it takes until there is an answer.
func (r *retries) send(key string) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		status, replayed, body, err := r.ask(key, r.order(key))
		switch {
		case err != nil || status == http.StatusServiceUnavailable:
			r.cutOff.Add(1)
			<-again.C
			continue
		case status != http.StatusCreated:
			r.Errorf("%s is answered with %d %s", key, status, body)
		}
		if replayed {
			r.replayed.Add(1)
		}
		r.note(key, body)
		r.answered.Add(1)
		r.progress <- struct{}{}
		return
	}
}

// note holds an answer against the first one.
func (r *retries) note(key string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, there := r.first[key]; there && !bytes.Equal(first, body) {
		r.Errorf("%s is answered with %s, and with %s", key, first, body)
	}
	r.first[key] = body
}

// ask sends a request once.
func (r *retries) ask(key, body string) (status int, replayed bool, answer []byte, err error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, *r.at.Load()+"/v1/orders", strings.NewReader(body))
	if err != nil {
		return 0, false, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.secret)
	req.Header.Set("Content-Type", "application/json")
	req.Header["Idempotency-Key"] = []string{key}
	res, err := r.http.Do(req)
	if err != nil {
		return 0, false, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("Idempotency-Replayed") == "true", answer, err
}

// eachOrderOnce reads what is stored.
func (r *retries) eachOrderOnce() {
	r.Helper()
	d := r.reading()
	defer func() { r.must(d.Close()) }()
	report, err := verify.Run(context.Background(), d, verify.Options{})
	r.must(err)
	for _, v := range report.Violations {
		r.Errorf("verify: %s", v)
	}
	// What was counted amid the kills is what verify has counted again; here, that something was.
	counted, err := db.View(context.Background(), d, func(in db.Reader) (n int64, err error) {
		n, _, err = db.One(in, func(row db.Row) (n int64, err error) { return n, row.Scan(&n) },
			`SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM figures WHERE span = 'day' AND what = 'placed'`)
		return n, err
	})
	r.must(err)
	if counted == 0 {
		r.Error("no order is in the figures")
	}
	if want := retriers / 2 * sentEach; report.Orders != int64(want) || len(r.first) != want {
		r.Errorf("there are %d orders under %d keys, of %d", report.Orders, len(r.first), want)
	}
}
