// Package web is what everything that is served over HTTP has in common: a name and a
// line in the log for each request, where it comes from, and how many there may be.
package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"doorstep/access"
)

// Request is what is known of a request on its way.
type Request struct {
	ID      string       // under which the logs have it
	Pattern string       // of its path, without what is in it; "" before it is known
	Actor   access.Actor // who makes it, "" before they are known
}

type requestKey struct{}

// RequestOf returns what is known of the request, which is nothing outside of one.
func RequestOf(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{}
}

// Named gives each request a name under which the logs have it, and logs how it was
// answered: by the pattern of its path, without what is in it.
func Named(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, is, told := time.Now(), &Request{ID: rand.Text()}, &told{ResponseWriter: w, status: http.StatusOK}
		w.Header().Set("X-Request-Id", is.ID)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		ctx := context.WithValue(r.Context(), requestKey{}, is)
		next.ServeHTTP(told, r.WithContext(ctx))
		log.LogAttrs(ctx, slog.LevelInfo, "a request was answered", slog.String("request", is.ID), slog.String("operation", is.Pattern),
			slog.Int("status", told.status), slog.String("actor", string(is.Actor)), slog.Duration("took", time.Since(began)))
	})
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

// Origin is the address that a request comes from, or the network of an IPv6 address, of
// which a caller has as many as it likes. Behind something in front it is the last
// address in X-Forwarded-For, which that has put there.
func Origin(r *http.Request, front bool) string {
	from := r.RemoteAddr
	if front {
		all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		from = cmp.Or(strings.TrimSpace(all[len(all)-1]), from)
	}
	ip, err := netip.ParseAddr(from)
	if err != nil {
		with, _ := netip.ParseAddrPort(from)
		ip = with.Addr()
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		network, _ := ip.Prefix(64)
		return network.String()
	}
	return ip.String()
}
