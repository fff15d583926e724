package console

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"doorstep/fault"
	"doorstep/internal/web"
	"doorstep/process"
)

const (
	mostLive  = 200              // pages that go on by themselves at once
	liveEvery = 2 * time.Second  // they do so
	taken     = 10 * time.Second // in which a browser must have taken what is sent
	silence   = 7                // times that nothing has changed, until a comment says that the stream is alive
)

// EndStreams ends what keeps pages as the shop is, now and from now on: the server stops.
func (c *Console) EndStreams() { c.streams.End() }

// nowadays is the first page's content as it is now, for all who look: it is read once in a while,
// however many they are.
type nowadays struct {
	mu   sync.Mutex
	at   time.Time
	html []byte
}

// live sends what the first page shows, anew when it has changed, until the browser has
// gone, the person is signed out, or the server stops.
//
// Errors: unavailable when too many pages go on by themselves.
func (c *Console) live(w http.ResponseWriter, r *http.Request) error {
	ctx, closed, open := c.streams.Open(r.Context())
	if !open {
		return fault.New(fault.Unavailable, "%d pages go on by themselves, and no more can: load this one again", c.streams.Most())
	}
	defer closed()
	out, err := web.NewStream(w, taken)
	if err != nil {
		return err
	}
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var shown []byte
	for silent := 0; ctx.Err() == nil; silent++ {
		if is, err := c.stillSignedIn(ctx, r); err != nil || !is {
			return nil // nothing more is shown, and whoever comes again is asked who they are
		}
		html, err := c.standingNow(ctx)
		switch {
		case err != nil && !out.Begun():
			return err
		case err != nil:
			return nil // it comes again
		case !bytes.Equal(html, shown):
			err, silent = out.Send(web.Event{Data: html}), 0
		case silent == silence:
			err, silent = out.Send(), 0
		}
		if err != nil {
			return nil // the browser has gone
		}
		shown = html
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// stillSignedIn says whether the session by which a request came goes on.
func (c *Console) stillSignedIn(ctx context.Context, r *http.Request) (bool, error) {
	cookie, err := r.Cookie(c.sessions.Cookie.Name)
	if err != nil {
		return false, err
	}
	ctx, err = c.sessions.Load(ctx, cookie.Value)
	if err != nil {
		return false, err
	}
	_, is := c.sessions.Get(ctx, whoKey).(process.SignedIn)
	return is, nil
}

// standingNow is how the shop stands, as part of a page.
func (c *Console) standingNow(ctx context.Context) ([]byte, error) {
	n := &c.nowadays
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.at) < liveEvery/2 {
		return n.html, nil
	}
	s, err := c.standing(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := c.pages["today.html"].ExecuteTemplate(&b, "standing", s); err != nil {
		return nil, err
	}
	n.at, n.html = time.Now(), b.Bytes()
	return n.html, nil
}
