package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// Meter measures what a shop does, for Prometheus. Its methods are for
// doorstep.Config, and for many callers at once.
type Meter struct {
	registry  *prometheus.Registry
	steps     *prometheus.HistogramVec
	questions *prometheus.HistogramVec
	groups    prometheus.Histogram
	commits   prometheus.Histogram
}

// NewMeter returns a meter that was told nothing yet. It measures its program, too.
func NewMeter() *Meter {
	quick := prometheus.ExponentialBuckets(0.0005, 2, 15) // half a millisecond to 8 s
	m := &Meter{
		registry: prometheus.NewRegistry(),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "doorstep_step_seconds", Help: "How long a step of the process took, what providers took of it included.", Buckets: quick,
		}, []string{"step"}),
		questions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "doorstep_provider_answer_seconds", Help: "How long a question to a gateway or carrier took, by what came of it.", Buckets: quick,
		}, []string{"kind", "provider", "outcome"}),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "doorstep_commit_updates", Help: "How many changes a commit of the database carried.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "doorstep_commit_seconds", Help: "How long a transaction of the database took until it was durable.", Buckets: quick,
		}),
	}
	m.registry.MustRegister(m.steps, m.questions, m.groups, m.commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Done takes down a step that was worked on, and the time it took.
func (m *Meter) Done(step string, took time.Duration) {
	m.steps.WithLabelValues(step).Observe(took.Seconds())
}

// Asked takes down a question to a provider, what came of it and the time it took.
func (m *Meter) Asked(kind process.ProviderKind, provider string, came process.Outcome, took time.Duration) {
	m.questions.WithLabelValues(string(kind), provider, string(came)).Observe(took.Seconds())
}

// Committed takes down a commit, the changes it carried and the time it took.
func (m *Meter) Committed(updates int, took time.Duration) {
	m.groups.Observe(float64(updates))
	m.commits.Observe(took.Seconds())
}

// mostScrapes bounds how many read the figures at once.
const mostScrapes = 2

// handler shows what was measured, and how the shop stands.
func (m *Meter) handler(p *process.Process) http.Handler {
	shop := prometheus.NewRegistry()
	shop.MustRegister(vitals{p})
	return promhttp.HandlerFor(prometheus.Gatherers{m.registry, shop}, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes})
}

// vitals are the figures that are read when they are asked for.
type vitals struct{ process *process.Process }

func figure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("doorstep_"+name, help, labels, nil)
}

var (
	descUp          = figure("database_up", "Whether the database answers: 1, or 0, and then what it would tell is missing.")
	descOrders      = figure("orders", "Orders by status.", "status")
	descTickets     = figure("tickets", "Tickets by status.", "status")
	descAttention   = figure("attention", "What needs attention, by cause, counted up to 10000.", "cause")
	descDue         = figure("work_due", "Steps that are due, those in hand among them, counted up to 10000.")
	descLate        = figure("work_due_age_seconds", "For how long the oldest step is due.")
	descLog         = figure("database_log_bytes", "The size of SQLite's write-ahead log; 0 on PostgreSQL.")
	descUpdates     = figure("database_updates_total", "Changes asked for since the start.")
	descStatements  = figure("database_statements_total", "Statements of changes since the start.")
	descRepeats     = figure("database_repeats_total", "Groups of changes that had to be run again since the start.")
	descCheckpoints = figure("database_checkpoints_total", "Copies of SQLite's write-ahead log into the database since the start.")
	descWaiting     = figure("database_waiting", "Changes that wait for their turn.")
	descReach       = figure("provider_reachable", "Whether a gateway or carrier is asked: 1, or 0 while it is left alone because it gave no answers.", "kind", "provider")
)

// Describe names the figures, for Prometheus.
func (vitals) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descOrders, descTickets, descAttention, descDue, descLate, descLog,
		descUpdates, descStatements, descRepeats, descCheckpoints, descWaiting, descReach} {
		to <- d
	}
}

// Collect reads the figures, for Prometheus.
func (v vitals) Collect(to chan<- prometheus.Metric) {
	say := func(d *prometheus.Desc, kind prometheus.ValueType, n float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, n, labels...)
	}
	s := v.process.DatabaseStats()
	say(descLog, prometheus.GaugeValue, float64(s.LogBytes))
	say(descWaiting, prometheus.GaugeValue, float64(s.Waiting))
	say(descUpdates, prometheus.CounterValue, float64(s.Updates))
	say(descStatements, prometheus.CounterValue, float64(s.Statements))
	say(descRepeats, prometheus.CounterValue, float64(s.Repeats))
	say(descCheckpoints, prometheus.CounterValue, float64(s.Checkpoints))
	for _, p := range v.process.Providers() {
		reachable := 1.0
		if p.Reach == process.ReachOpen {
			reachable = 0
		}
		say(descReach, prometheus.GaugeValue, reachable, string(p.Kind), p.Name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	stands, err := v.process.Vitals(ctx)
	if err != nil {
		say(descUp, prometheus.GaugeValue, 0)
		return
	}
	say(descUp, prometheus.GaugeValue, 1)
	for _, status := range order.Statuses {
		say(descOrders, prometheus.GaugeValue, float64(stands.Orders[status]), string(status))
	}
	for _, status := range support.Statuses {
		say(descTickets, prometheus.GaugeValue, float64(stands.Tickets[status]), string(status))
	}
	for _, cause := range process.Causes {
		say(descAttention, prometheus.GaugeValue, float64(stands.Attention[cause]), string(cause))
	}
	say(descDue, prometheus.GaugeValue, float64(stands.Due))
	say(descLate, prometheus.GaugeValue, stands.Late.Seconds())
}
