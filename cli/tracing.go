package cli

import (
	"context"
	"log/slog"
	"time"

	"doorstep/fault"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// tracing tells an OTLP endpoint of traces, where the variables of OpenTelemetry name
// one (OTEL_EXPORTER_OTLP_ENDPOINT, and what else its specification has:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/). What is not told by the
// end is given up after a while. It is nil where none is named.
//
// Errors: unavailable when a variable can not be used.
func (s *session) tracing() (p trace.TracerProvider, end func(), err error) {
	named := false
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		value, _ := s.program.Env(name)
		named = named || value != ""
	}
	if !named {
		return nil, func() {}, nil
	}
	exporter, err := otlptracehttp.New(s.ctx)
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "traces can not be told to the OTLP endpoint: %w", err)
	}
	about, err := resource.New(s.ctx, resource.WithSchemaURL(semconv.SchemaURL), resource.WithAttributes(semconv.ServiceName("doorstep")), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		s.log.Warn("not all is told of who traces", "error", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { s.log.Warn("traces can not be told", "error", err) }))
	return provider, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), toldWithin)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			s.log.Warn("the last traces could not be told", "error", err)
		}
	}, nil
}

// toldWithin is how long the last traces have to be told.
const toldWithin = 3 * time.Second

// traceHandler adds to each line of the log in which trace it was written.
type traceHandler struct{ slog.Handler }

// Handle writes a line.
func (h traceHandler) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is of what each line has.
func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup is of how lines are grouped.
func (h traceHandler) WithGroup(name string) slog.Handler {
	return traceHandler{h.Handler.WithGroup(name)}
}
