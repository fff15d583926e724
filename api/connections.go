package api

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connections are those that are open on a listener, of which there are only so many:
// when one more comes, one is closed that only waits for its client.
type connections struct {
	net.Listener
	most int

	mu    sync.Mutex
	open  map[*connection]struct{}
	freed chan struct{} // told of one that has ended
	over  chan struct{} // closed with the listener
	close func() error
}

// Limit returns a listener of which at most so many connections are open. A further one
// is let in at the cost of the one for which the server has done nothing the longest: one
// on which nothing is asked, whose request does not arrive or whose answer is not read. Who
// came less than a second ago is spared, and so is who waits for the server. 0 sets no
// limit.
func Limit(on net.Listener, most int) net.Listener {
	if most == 0 {
		return on
	}
	l := &connections{Listener: on, most: most, open: map[*connection]struct{}{}, freed: make(chan struct{}, 1), over: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.over)
		return on.Close()
	})
	return l
}

// sparedFor is how long a client is waited for though others want in.
const sparedFor = time.Second

// Accept waits for a connection, and until there is room for it.
func (l *connections) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: accepted, of: l}
	c.served()
	look := time.NewTicker(sparedFor / 20)
	defer look.Stop()
	for !l.admit(c) {
		select {
		case <-l.freed:
		case <-look.C:
		case <-l.over:
			return nil, errors.Join(net.ErrClosed, accepted.Close())
		}
	}
	return c, nil
}

// Close stops accepting.
func (l *connections) Close() error { return l.close() }

// admit lets a connection in if there is room, or can be.
func (l *connections) admit(c *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		idle := l.longestIdle(time.Now().Add(-sparedFor))
		if idle == nil {
			return false
		}
		delete(l.open, idle)
		_ = idle.Conn.Close() // its client has gone anyway
	}
	l.open[c] = struct{}{}
	return true
}

// longestIdle returns the connection that waits for its client, and for which nothing was
// done the longest, at least since then; nil when there is none.
func (l *connections) longestIdle(since time.Time) (found *connection) {
	longest := since.UnixNano()
	for c := range l.open {
		if at := c.at.Load(); at <= longest && c.busy.Load() <= 0 {
			found, longest = c, at
		}
	}
	return found
}

// connection is one client's.
type connection struct {
	net.Conn
	of   *connections
	busy atomic.Int64 // how many of its requests wait for the server, and not for the client
	at   atomic.Int64 // when the server has done something for it, in nanoseconds
}

func (c *connection) served() { c.at.Store(time.Now().UnixNano()) }

// Write sends a part of an answer: until the client takes it, the client is waited for.
func (c *connection) Write(b []byte) (int, error) {
	c.served()
	c.busy.Add(-1)
	defer c.busy.Add(1)
	return c.Conn.Write(b)
}

// CloseWrite says that nothing more is sent: net/http does so where it ends a connection
// before it has read all, so that the client gets to see the answer.
func (c *connection) CloseWrite() error {
	if half, is := c.Conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return nil
}

// Close ends it and makes room for another.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	select {
	case c.of.freed <- struct{}{}:
	default:
	}
	return c.Conn.Close()
}

type connectionKey struct{}

// onConnection keeps the connection for attended.
func onConnection(ctx context.Context, c net.Conn) context.Context {
	if secured, is := c.(*tls.Conn); is {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, c)
}

// attended says of connections which wait for the server, and which for their clients.
func attended(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, is := r.Context().Value(connectionKey{}).(*connection)
		if !is {
			next.ServeHTTP(w, r)
			return
		}
		c.served()
		c.busy.Add(1)
		defer c.busy.Add(-1)
		r = r.WithContext(r.Context())
		r.Body = awaited{r.Body, c}
		next.ServeHTTP(w, r)
	})
}

// awaited is the body of a request: until it has arrived, the client is waited for.
type awaited struct {
	io.ReadCloser
	on *connection
}

func (b awaited) Read(p []byte) (int, error) {
	b.on.busy.Add(-1)
	defer b.on.busy.Add(1)
	return b.ReadCloser.Read(p)
}
