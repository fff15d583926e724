package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"

	"doorstep/fault"
	"doorstep/internal/web"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// routed answers what no operation is for as a problem, where net/http would answer
// with text.
func routed(operations http.Handler) http.Handler {
	mux, _ := operations.(*http.ServeMux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			web.RequestOf(r.Context()).Pattern = pattern
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
