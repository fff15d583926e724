package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/fault"
)

// maxSocket bounds the name of a socket, in bytes: the least of what systems allow
// (sun_path: 108 on Linux, 104 on BSD and macOS, with the NUL at its end).
const maxSocket = 103

// socketPatience is how long a command's headers may take on the socket.
const socketPatience = 10 * time.Second

// serveSocket begins to take commands of this machine on a socket beside the database,
// which only its owner may reach; nil where the database is on a server.
//
// Errors: unavailable.
func (s *session) serveSocket(shop *doorstep.Shop, ending <-chan struct{}) (*apiServer, error) {
	if doorstep.OnServer(s.flags.DB) {
		return nil, nil
	}
	name := socketOf(s.flags.DB)
	if len(name) > maxSocket {
		s.log.Warn("the database's path is too long for a socket beside it: what is typed on this machine is not carried out by this server", "socket", name)
		return nil, nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was killed: this process holds the database
		return nil, fault.New(fault.Unavailable, "no socket can be made at %q: %w", name, err)
	}
	closed := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		return errors.Join(c.Control(func(fd uintptr) { err = private(fd) }), err)
	}}
	on, err := closed.Listen(s.ctx, "unix", name)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "no socket can be made at %q: %w", name, err)
	}
	owner := func(*http.Request) (access.Actor, access.Permit) { return access.Operator, access.Permit{} }
	served := &apiServer{done: make(chan error, 1), server: &http.Server{
		Handler: Commands(shop, s.log, ending, owner), ReadHeaderTimeout: socketPatience,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(s.ctx) },
	}}
	go func() { served.done <- served.server.Serve(on) }()
	return served, nil
}
