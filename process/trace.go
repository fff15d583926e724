package process

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// One trace follows an order: the one of the request that placed it, which is written
// with the order, so that a step finds it days later and after a restart. An order that
// was placed without one has a trace that is made of its identifier.

// traceparent is the span that ctx is in, as W3C Trace Context writes it; "" for none.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// keepTrace writes in which trace an order was placed.
func keepTrace(tx *db.Tx, orderID, parent string) {
	if parent != "" {
		tx.Write(`INSERT INTO order_traces (order_id, parent) VALUES ($1, $2)`, orderID, parent)
	}
}

func traceOf(r db.Reader, orderID string) (string, bool, error) {
	return db.One(r, func(row db.Row) (parent string, err error) {
		return parent, row.Scan(&parent)
	}, `SELECT parent FROM order_traces WHERE order_id = $1`, orderID)
}

// madeTrace is the trace of whom no request has given one.
func madeTrace(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return fmt.Sprintf("00-%x-%x-01", sum[:16], sum[16:24])
}

// tracing tells a tracer of steps, each in the trace of its order.
type tracing struct {
	tracer trace.Tracer // nil when no one is told

	mu   sync.Mutex
	seen map[string]string // the traces of orders that were asked for last
}

// mostTraces bounds how many traces are remembered, so that not every step asks the
// database for its own.
const mostTraces = 10_000

// Trace begins a span for a step that is worked on, in the trace of its owner, and
// returns what ends it. It is for work.Config.
func (p *Process) Trace(ctx context.Context, it work.Item) (context.Context, func(error)) {
	if p.tracing.tracer == nil {
		return ctx, func(error) {}
	}
	carrier := propagation.MapCarrier{"traceparent": p.traceOfOwner(ctx, it.Owner)}
	ctx, span := p.tracing.tracer.Start(propagation.TraceContext{}.Extract(ctx, carrier), "step "+it.Step,
		trace.WithAttributes(attribute.String("doorstep.owner", it.Owner), attribute.String("doorstep.subject", it.Subject), attribute.Int("doorstep.tries", it.Tries)))
	return ctx, func(err error) { endSpan(span, err) }
}

// asking begins a span for a question to a provider.
func (p *Process) asking(ctx context.Context, kind ProviderKind, provider string) (context.Context, func(error)) {
	if p.tracing.tracer == nil {
		return ctx, func(error) {}
	}
	ctx, span := p.tracing.tracer.Start(ctx, "ask "+string(kind), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("doorstep.provider", provider)))
	return ctx, func(err error) { endSpan(span, err) }
}

func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, string(fault.CodeOf(err))) // its text may hold what a provider has said
	}
	span.End()
}

// traceOfOwner is the trace of an owner. Where the database does not say, it is made:
// to be told is no reason to fail.
func (p *Process) traceOfOwner(ctx context.Context, owner string) string {
	t := &p.tracing
	t.mu.Lock()
	parent := t.seen[owner]
	t.mu.Unlock()
	if parent != "" {
		return parent
	}
	parent, err := db.View(ctx, p.db, func(r db.Reader) (string, error) {
		parent, found, err := traceOf(r, owner)
		if err == nil && !found {
			parent = madeTrace(owner)
		}
		return parent, err
	})
	if err != nil {
		return madeTrace(owner)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil || len(t.seen) >= mostTraces {
		t.seen = map[string]string{}
	}
	t.seen[owner] = parent
	return parent
}
