package cli_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"doorstep/internal/db/dbtest"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans is a collector of traces.
type spans struct {
	*httptest.Server
	mu   sync.Mutex
	all  map[string][]string // the names of spans, by trace
	more chan struct{}       // holds a value when more has come
}

func collect(t *testing.T) *spans {
	t.Helper()
	s := &spans{all: map[string][]string{}, more: make(chan struct{}, 1)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var told collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &told)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s is told: %v", r.URL, err)
		}
		if strings.Contains(string(body), "Made Up") || strings.Contains(string(body), "Sample Street") {
			t.Error("a name or an address is told")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, of := range told.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					trace := hex.EncodeToString(span.GetTraceId())
					s.all[trace] = append(s.all[trace], span.GetName())
				}
			}
		}
		select {
		case s.more <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// waitFor waits until a span of a trace is told.
func (s *spans) waitFor(t *testing.T, trace, name string) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		s.mu.Lock()
		said, told := fmt.Sprint(s.all), slices.Contains(s.all[trace], name)
		s.mu.Unlock()
		if told {
			return
		}
		select {
		case <-s.more:
		case <-late:
			t.Fatalf("%q is not told in %s, but %s", name, trace, said)
		}
	}
}

// TestOneTraceFollowsAnOrder: from the request that places it, through steps before a
// kill and after it.
func TestOneTraceFollowsAnOrder(t *testing.T) {
	t.Parallel()
	const trace = "0af7651916cd43dd8448eb211c80319c"
	db, told := realShop(t, dbtest.SQLite), collect(t)
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + told.URL, "OTEL_BSP_SCHEDULE_DELAY=20", "DOORSTEP_OUTSIDE=" + t.TempDir()}
	s := serveIn(t, env, db, "--listen", "127.0.0.1:0", "--json", "--sim-latency", "2s")
	api, file := s.serves(t)
	secret, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api+"/v1/orders", strings.NewReader(anOrder(`{"sku":"CUP","quantity":1}`)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(secret)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("placed: %s, %v", res.Status, err)
	}
	told.waitFor(t, trace, "POST /v1/orders")
	told.waitFor(t, trace, "step authorise")
	if err := s.cmd.Process.Kill(); err != nil { // while a label is asked for
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // it was killed
	again := serveIn(t, env, db, "--listen", "off")
	told.waitFor(t, trace, "step buy_label")
	told.waitFor(t, trace, "ask carrier")
	if err := again.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	again.end(t)
}
