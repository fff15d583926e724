package console

import (
	"context"
	"encoding/gob"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"doorstep/access"
	"doorstep/internal/web"
	"doorstep/process"
)

// whoKey is where a session has who is signed in.
const whoKey = "who"

func init() { gob.Register(process.SignedIn{}) }

// newSessions is how browsers are known again: by a cookie with a random token, of which
// the database has the hash.
func newSessions(p *process.Process, secure bool) *scs.SessionManager {
	s := scs.New()
	s.Store, s.HashTokenInStore, s.Lifetime = store{p}, true, access.SessionLife
	s.Cookie.Name, s.Cookie.Secure = "doorstep", secure
	if secure {
		s.Cookie.Name = "__Host-doorstep" // which no other host, and nothing without TLS, can set (RFC 6265bis, 4.1.3)
	}
	return s
}

// store keeps sessions in the shop. All that one holds is who is signed in: of a session
// that was ended, or whose user was disabled, nothing is found.
type store struct{ process *process.Process }

var errWithoutContext = errors.New("console: a session is kept with a context")

// Delete is there for scs, which calls DeleteCtx.
func (store) Delete(string) error { return errWithoutContext }

// Find is there for scs, which calls FindCtx.
func (store) Find(string) ([]byte, bool, error) { return nil, false, errWithoutContext }

// Commit is there for scs, which calls CommitCtx.
func (store) Commit(string, []byte, time.Time) error { return errWithoutContext }

// DeleteCtx ends the session with the hash of a token.
func (s store) DeleteCtx(ctx context.Context, hash string) error {
	return s.process.EndSession(ctx, hash)
}

// FindCtx returns who is signed in by the session with the hash of a token.
func (s store) FindCtx(ctx context.Context, hash string) ([]byte, bool, error) {
	who, found, err := s.process.SessionByHash(ctx, hash)
	if err != nil || !found {
		return nil, false, err
	}
	b, err := scs.GobCodec{}.Encode(who.Session.ExpiresAt, map[string]any{whoKey: who})
	return b, err == nil, err
}

// CommitCtx begins the session of who has signed in.
//
// Errors: see process.BeginSession.
func (s store) CommitCtx(ctx context.Context, hash string, b []byte, expires time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(b)
	if err != nil {
		return err
	}
	who, is := values[whoKey].(process.SignedIn)
	if !is {
		return errors.New("console: a session is someone's who is signed in")
	}
	who.Session.ExpiresAt = expires
	return s.process.BeginSession(ctx, who.Session, hash)
}

// begin signs a user in, in the browser that has sent the request. The token that it has
// shown, if any, is good for nothing any more.
func (c *Console) begin(r *http.Request, u access.User) error {
	if err := c.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	c.sessions.Put(r.Context(), whoKey, process.SignedIn{User: u, Session: access.Session{
		User: u.ID, Passwords: u.Passwords, Address: web.Origin(r, c.front), Agent: r.UserAgent(),
	}})
	return nil
}

type signedInKey struct{}

// signedInOf returns who has sent a request of a page for those who are signed in.
func signedInOf(ctx context.Context) process.SignedIn {
	who, _ := ctx.Value(signedInKey{}).(process.SignedIn)
	return who
}

// signedIn lets in who is signed in and may do what the scope covers; who is not is sent
// to sign in.
func (c *Console) signedIn(scope access.Scope, do page) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		who, is := c.sessions.Get(r.Context(), whoKey).(process.SignedIn)
		if !is {
			http.Redirect(w, r, signInPath(r), http.StatusSeeOther)
			return nil
		}
		web.RequestOf(r.Context()).Actor = who.User.Actor()
		r = r.WithContext(context.WithValue(r.Context(), signedInKey{}, who))
		err := who.User.Permit().Check(scope)
		if err == nil {
			err = do(w, r)
		}
		if err != nil {
			c.problem(w, r, err)
		}
		return nil
	}
}
