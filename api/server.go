package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// patience is how long a client is waited for, in each part of a request, when the
// Config says nothing else.
const patience = 10 * time.Second

// How much of its patience a server has for what takes longer than a part of a request.
const (
	toReadAnswer = 3   // an answer, be it large
	toStayIdle   = 12  // between two requests
	toSendMany   = 360 // the orders of a bulk
)

// maxHeaders bounds the headers of a request, in bytes.
const maxHeaders = 64 << 10

// Server returns what serves the API on a listener, such as one of Limit. No client holds
// it up: one that sends its headers, its body or a line of a bulk for longer than the
// patience of the API is cut off, and so is one that takes longer to read an event.
func (a *API) Server() *http.Server {
	s := &http.Server{
		Handler: a, ConnContext: onConnection, MaxHeaderBytes: maxHeaders,
		ReadHeaderTimeout: a.patience, ReadTimeout: 2 * a.patience, WriteTimeout: toReadAnswer * a.patience, IdleTimeout: toStayIdle * a.patience,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	s.RegisterOnShutdown(a.EndStreams)
	return s
}

type patienceKey struct{}

// patient says how long the body of a request is waited for, to what reads it.
func (a *API) patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), patienceKey{}, a.patience)))
	})
}

func patienceOf(ctx context.Context) time.Duration {
	d, _ := ctx.Value(patienceKey{}).(time.Duration)
	return d
}
