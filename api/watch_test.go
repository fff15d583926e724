package api_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"doorstep/access"
	"doorstep/api"
	"doorstep/internal/db/dbtest"
)

// TestTheServerSaysHowItIs asks as who runs it does: without a key.
func TestTheServerSaysHowItIs(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.want(s.askAs("", "GET", "/healthz", ""), 200, "")
		s.want(s.askAs("", "GET", "/readyz", ""), 200, "")
		must(t, s.shop.DB.Close())
		s.want(s.askAs("", "GET", "/healthz", ""), 200, "")
		s.eventually("not ready without its database", func() bool {
			r := s.askAs("", "GET", "/readyz", "")
			return r.status == http.StatusServiceUnavailable && r.json["code"] == "unavailable"
		})
	})
}

// TestAShopThatDoesNotDoItsWorkIsNotReady stops what does the work.
func TestAShopThatDoesNotDoItsWorkIsNotReady(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		strict, err := api.New(api.Config{Process: s.shop.Process, DueWithin: time.Nanosecond})
		must(t, err)
		s.shop.Runner.Stop()
		s.want(s.ask("POST", "/v1/orders", placing("A-1")), 201, "")
		answer := httptest.NewRecorder()
		strict.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
		if answer.Code != http.StatusServiceUnavailable {
			t.Errorf("with work that is not done it says %d %s", answer.Code, answer.Body)
		}
		s.want(s.askAs("", "GET", "/readyz", ""), 200, "") // it is not late for this one
	})
}

// scrape reads what Prometheus would.
func (s *server) scrape(secret string) (status int, found map[string]*dto.MetricFamily) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+"/metrics", nil)
	must(s.t, err)
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(s.t, err)
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err = parser.TextToMetricFamilies(bytes.NewReader(body))
	must(s.t, err)
	return res.StatusCode, found
}

// labelled returns the metric of a family that has the label's value, "" for any.
func labelled(f *dto.MetricFamily, value string) *dto.Metric {
	for _, m := range f.GetMetric() {
		if value == "" {
			return m
		}
		for _, l := range m.GetLabel() {
			if l.GetValue() == value {
				return m
			}
		}
	}
	return nil
}

func TestWhatTheShopDoesIsMeasured(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.shipped("A-1")
		held := s.shipped("A-2")
		s.want(s.ask("POST", "/v1/orders", placing("A-3")), 201, "")
		s.want(s.ask("POST", held+"/hold", `{"reason":"made_up"}`), 200, "")
		for secret, want := range map[string]int{"": 401, s.key(access.Orders): 403, s.key(access.Read): 200} {
			if got, _ := s.scrape(secret); got != want {
				t.Errorf("to some key /metrics says %d, not %d", got, want)
			}
		}
		var found map[string]*dto.MetricFamily
		gauge := func(name, label string) float64 {
			return labelled(found["doorstep_"+name], label).GetGauge().GetValue()
		}
		s.eventually("all shipped", func() bool {
			_, found = s.scrape(s.secret)
			return gauge("orders", "shipped") == 3
		})
		for name, label := range map[string]string{"step_seconds": "authorise", "provider_answer_seconds": "answered", "commit_updates": "", "commit_seconds": ""} {
			h := labelled(found["doorstep_"+name], label).GetHistogram()
			if h.GetSampleCount() == 0 || h.GetSampleSum() <= 0 {
				t.Errorf("%s of %q has %v", name, label, h)
			}
		}
		if up, held, due := gauge("database_up", ""), gauge("attention", "held"), found["doorstep_work_due"]; up != 1 || held != 1 || due == nil {
			t.Errorf("up is %v, held %v, due %v", up, held, due)
		}
		if log := gauge("database_log_bytes", ""); (log > 0) != (engine == dbtest.SQLite) {
			t.Errorf("the write-ahead log has %v bytes", log)
		}
		if n := labelled(found["doorstep_database_updates_total"], "").GetCounter().GetValue(); n < 3 {
			t.Errorf("there were %v updates", n)
		}
	})
}
