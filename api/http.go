package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// routed answers what no operation is for as a problem, where net/http would answer
// with text.
func routed(operations http.Handler) http.Handler {
	mux, _ := operations.(*http.ServeMux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			requestOf(r.Context()).pattern = pattern
			span := trace.SpanFromContext(r.Context())
			span.SetName(pattern)
			span.SetAttributes(semconv.HTTPRoute(pattern))
			operations.ServeHTTP(w, r)
			return
		}
		probe := &statusOnly{header: http.Header{}}
		operations.ServeHTTP(probe, r)
		if allow := probe.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			refuse(w, problem(codeNotAllowed, "this path takes "+allow))
			return
		}
		refuse(w, problem(fault.NotFound, "there is no such path"))
	})
}

// once refuses parameters that can not be read, and one that is said more than once, of
// which all but the first would be passed over.
func (a *API) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c fault.Check
		asked, err := url.ParseQuery(r.URL.RawQuery)
		c.If(err != nil, "query", "malformed", "name=value, and what is special in either as %%XX")
		for _, name := range slices.Sorted(maps.Keys(asked)) {
			c.If(len(asked[name]) > 1, name, "repeated", "once, several values with commas between them")
		}
		if err := c.Err("the request"); err != nil {
			refuse(w, problemOf(r.Context(), a.log, err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// statusOnly takes an answer that is not sent.
type statusOnly struct{ header http.Header }

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(int)             {}

type requestKey struct{}

// named gives each request a name under which the logs have it, and logs how it was
// answered: by the pattern of its path, without what is in it.
func (a *API) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id, told := time.Now(), rand.Text(), &told{ResponseWriter: w, status: http.StatusOK}
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		ctx := context.WithValue(r.Context(), requestKey{}, &request{id: id})
		next.ServeHTTP(told, r.WithContext(ctx))
		a.log.LogAttrs(ctx, slog.LevelInfo, "a request was answered", slog.String("request", id), slog.String("operation", requestOf(ctx).pattern),
			slog.Int("status", told.status), slog.String("actor", string(requestOf(ctx).actor)), slog.Duration("took", time.Since(began)))
	})
}

// request is what is known of a request on its way.
type request struct {
	id      string
	pattern string // of its operation, "" before it is known
	actor   access.Actor
}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// told keeps the status of an answer.
type told struct {
	http.ResponseWriter
	status int
}

func (t *told) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (t *told) Unwrap() http.ResponseWriter { return t.ResponseWriter }
