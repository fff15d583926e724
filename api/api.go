// Package api is everything that the process can do, over HTTP: REST, with an OpenAPI
// document that is made from the code. It decides nothing: each operation calls one use
// case, as the API key that was shown.
package api

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"doorstep/insight/figures"
	"doorstep/internal/web"
	"doorstep/process"
)

// Version is that of the document, by Semantic Versioning: what breaks a caller takes a
// higher first number, and while that is 0 a higher second one. It is held to the last
// release, docs/openapi-released.json.
const Version = "0.2.0"

// Config says what is served.
type Config struct {
	Process *process.Process
	Figures *figures.Figures
	Log     *slog.Logger // nil logs nothing
	// Meter is told of what the shop does, and shown at /metrics; nil for one that is
	// told nothing.
	Meter *Meter
	// DueWithin is how old work may be that is due, for the shop to be ready, 5 min
	// when 0.
	DueWithin time.Duration
	// RateLimit is how many requests a second each API key may make, over ten seconds;
	// 0 sets no limit.
	RateLimit int
	// Front says that every request comes through something in front of the API, which
	// says in X-Forwarded-For where it comes from.
	Front bool
	// Tracing is told of each request; nil is told nothing.
	Tracing trace.TracerProvider
	// Beside is what else is served to whoever shows a key, by the pattern of
	// http.ServeMux; Caller says who that is.
	Beside map[string]http.Handler
	// Pages is what is served where the API has nothing, such as the console; nil for
	// an answer that says so.
	Pages http.Handler
	// Patience is how long a client is waited for in each part of a request, 10 s when 0.
	Patience time.Duration
}

// API answers requests. It is for many at once.
type API struct {
	process *process.Process
	figures *figures.Figures
	log     *slog.Logger
	keys    *keyring
	quotas  quotas // of keys
	guesses quotas // of addresses without a valid one
	front   bool
	streams *web.Streams
	bulks   chan struct{} // those that are under way

	patience time.Duration
	tracing  trace.TracerProvider
	huma     huma.API
	handler  http.Handler
}

// New returns the API of a shop.
func New(cfg Config) (*API, error) {
	a := &API{
		process: cfg.Process, figures: cfg.Figures, log: cfg.Log, tracing: cfg.Tracing, front: cfg.Front, streams: web.NewStreams(mostStreams), bulks: make(chan struct{}, mostBulks), patience: cmp.Or(cfg.Patience, patience),
		quotas: newQuotas("key", cfg.RateLimit), guesses: newQuotas("address", guessesPerSecond),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.keys = newKeyring(cfg.Process.KeyBySecret)
	operations := http.NewServeMux()
	a.huma = humago.New(operations, a.config())
	a.routes()
	describe(a.huma.OpenAPI().Components.Schemas)
	written, err := a.written()
	if err != nil {
		return nil, err
	}
	a.handler = a.around(operations, written, cmp.Or(cfg.Meter, NewMeter()).handler(cfg.Process), newReadiness(cfg.Process, cmp.Or(cfg.DueWithin, dueWithin)), cfg.Beside, cfg.Pages)
	return a, nil
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// config is how huma makes the document and reads requests.
func (a *API) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Doorstep", Version: Version,
				Description: "Everything between checkout and doorstep. Amounts are integers of the currency's minor unit, times are RFC 3339, identifiers are opaque. " +
					"Every change can be sent again under its Idempotency-Key and is carried out once. Answers may get further fields: pass over those that you do not know.",
				License: &huma.License{Name: "To be said by whoever runs it", Identifier: "LicenseRef-Proprietary"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "This server"}},
			Tags:    tags,
			Components: &huma.Components{
				Schemas: newRegistry(),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"key": {Type: "http", Scheme: "bearer", Description: "An API key: Authorization: Bearer dsk_…"},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// tags are the groups of operations, in the order of the document.
var tags = []*huma.Tag{
	{Name: "orders", Description: "An order, from checkout to the door."},
	{Name: "payments", Description: "What is taken for an order, by a gateway or elsewhere."},
	{Name: "refunds", Description: "What is given back of it."},
	{Name: "shipments", Description: "Parcels, and where they are."},
	{Name: "returns", Description: "What customers send back, and what they are given in its place."},
	{Name: "stock", Description: "What there is of what is sold, and where."},
	{Name: "attention", Description: "What is held, stuck or late, and what may be done about it."},
	{Name: "figures", Description: "How the shop does: what is counted as it happens."},
	{Name: "tickets", Description: "What customers ask, what was decided about it and on which facts."},
	{Name: "events", Description: "Everything that has happened, in a feed that misses nothing."},
	{Name: "webhooks", Description: "Who is sent events as they happen."},
	{Name: "policy", Description: "The shop's settings, as versions of which each stands for good."},
	{Name: "keys", Description: "API keys: who may do what."},
}

func (a *API) routes() {
	a.orders()
	a.bulk()
	a.payments()
	a.refunds()
	a.shipments()
	a.returns()
	a.stock()
	a.attention()
	a.shopFigures()
	a.tickets()
	a.cannedAnswers()
	a.events()
	a.webhooks()
	a.policies()
	a.apiKeys()
	a.documentQuotas()
}

// around puts what every request passes through around the operations.
func (a *API) around(operations http.Handler, written, metrics http.Handler, ready *readiness, beside map[string]http.Handler, pages http.Handler) http.Handler {
	if pages == nil {
		pages = http.HandlerFunc(nothingHere)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", answeredAtOnce(a.authenticate(a.limited(a.once(a.streaming(routed(operations)))))))
	mux.Handle("GET "+documentPath, written)
	mux.Handle("GET "+docsPath, written)
	mux.Handle("GET "+errorsPath, written)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready.look(r.Context()); err != nil {
			refuse(w, problemOf(r.Context(), a.log, err))
			return
		}
		healthy(w, r)
	})
	mux.Handle("GET /metrics", a.authenticate(a.limited(a.reading(metrics))))
	for pattern, handler := range beside {
		mux.Handle(pattern, a.authenticate(a.limited(handler)))
	}
	mux.Handle("/", pages)
	return a.traced(web.Named(a.log, attended(a.patient(mux))))
}

// nothingHere answers where there is nothing.
func nothingHere(w http.ResponseWriter, _ *http.Request) {
	refuse(w, problem("not_found", "there is nothing here: what there is stands at /docs"))
}

// traced continues the trace of who calls (W3C Trace Context), or begins one, where
// traces are told to anyone.
func (a *API) traced(next http.Handler) http.Handler {
	if a.tracing == nil {
		return next
	}
	return otelhttp.NewHandler(next, "request", otelhttp.WithTracerProvider(a.tracing), otelhttp.WithPropagators(propagation.TraceContext{}))
}
