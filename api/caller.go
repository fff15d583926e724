package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"doorstep/access"
	"doorstep/internal/web"
)

// caller is who makes a request.
type caller struct {
	actor  access.Actor
	permit access.Permit
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	if c, ok := ctx.Value(callerKey{}).(caller); ok {
		return c
	}
	return caller{permit: access.Limit()} // nobody may do nothing
}

// Caller says who makes a request that is served beside the API, and what they may do.
func Caller(r *http.Request) (access.Actor, access.Permit) {
	c := callerOf(r.Context())
	return c.actor, c.permit
}

func permitOf(ctx context.Context) access.Permit { return callerOf(ctx).permit }

// keyring knows for a second which key a secret opens, so that not every request asks
// the database: a key that is revoked is refused at the latest then.
type keyring struct {
	find func(context.Context, access.Secret) (access.Key, bool, error)

	mu   sync.Mutex
	seen map[access.Secret]sighting
}

type sighting struct {
	key access.Key
	at  time.Time
}

const (
	keptFor  = time.Second
	mostKept = 10_000
)

func newKeyring(find func(context.Context, access.Secret) (access.Key, bool, error)) *keyring {
	return &keyring{find: find, seen: map[access.Secret]sighting{}}
}

func (k *keyring) open(ctx context.Context, s access.Secret) (access.Key, bool, error) {
	now := time.Now()
	k.mu.Lock()
	got, there := k.seen[s]
	k.mu.Unlock()
	if there && now.Sub(got.at) < keptFor {
		return got.key, got.key.ValidAt(now), nil
	}
	key, valid, err := k.find(ctx, s)
	if err != nil {
		return key, false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !valid {
		delete(k.seen, s)
		return key, false, nil
	}
	if len(k.seen) >= mostKept {
		clear(k.seen)
	}
	k.seen[s] = sighting{key, now}
	return key, true, nil
}

// knows says whether a secret has opened a key before.
func (k *keyring) knows(s access.Secret) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, there := k.seen[s]
	return there
}

// authenticate finds out who calls, for everything below /v1.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := secretOf(r)
		if !a.keys.knows(secret) && a.guessing(w, r) {
			return
		}
		if secret == "" || len(secret) > 200 {
			a.unknown(w, r, "there is no key: send Authorization: Bearer dsk_…")
			return
		}
		key, valid, err := a.keys.open(r.Context(), secret)
		switch {
		case err != nil:
			refuse(w, problemOf(r.Context(), a.log, err))
		case !valid:
			a.unknown(w, r, "there is no such key, or it has expired or was revoked")
		default:
			web.RequestOf(r.Context()).Actor = key.Actor()
			who := caller{actor: key.Actor(), permit: key.Permit()}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
		}
	})
}

// secretOf returns the secret that a request shows, "" when it shows none.
func secretOf(r *http.Request) access.Secret {
	secret, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !is {
		return ""
	}
	return access.Secret(secret)
}

func (a *API) unknown(w http.ResponseWriter, r *http.Request, detail string) {
	a.guesses.Charge(web.Origin(r, a.front), time.Now())
	w.Header().Set("WWW-Authenticate", `Bearer realm="doorstep"`)
	refuse(w, problem(codeUnknownKey, detail))
}
