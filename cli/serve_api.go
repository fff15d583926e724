package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/api"
	"doorstep/cli/relay"
	"doorstep/console"
	"doorstep/fault"

	"go.opentelemetry.io/otel/trace"
)

// listening is the flags of who serves the API.
type listening struct {
	Listen      string        `help:"Where the API is served: an address and a port (0 for any that is free), or off." default:"127.0.0.1:8420" placeholder:"ADDR"`
	TLSCert     string        `name:"tls-cert" help:"The certificate of the API, in PEM." placeholder:"FILE"`
	TLSKey      string        `name:"tls-key" help:"The certificate's private key, in PEM." placeholder:"FILE"`
	TLSFront    bool          `name:"tls-front" help:"Something in front of the API takes TLS off: it may listen beyond this machine without a certificate, and believes its X-Forwarded-For."`
	RateLimit   int           `help:"How many requests a second each API key may make, over ten seconds; 0 for any number." default:"500" placeholder:"N"`
	Connections int           `help:"How many connections to the API may be open at once: a further one takes the place of one whose client is silent." default:"1000" placeholder:"N"`
	DueWithin   time.Duration `help:"How long work may be due for /readyz to say that the shop is ready." default:"5m" placeholder:"TIME"`

	meter  *api.Meter
	traces trace.TracerProvider // nil when no one is told
}

// off is a Listen that serves no API.
const off = "off"

func (l listening) check() error {
	if l.Listen == off {
		return nil
	}
	host, _, err := net.SplitHostPort(l.Listen)
	switch {
	case err != nil:
		return invalid("--listen takes an address and a port, such as 127.0.0.1:8420, or off")
	case (l.TLSCert == "") != (l.TLSKey == ""):
		return invalid("--tls-cert and --tls-key go together")
	case l.RateLimit < 0:
		return invalid("--rate-limit is 0 or more")
	case l.Connections < 1:
		return invalid("--connections is at least 1")
	case l.TLSCert == "" && !l.TLSFront && !loopback(host):
		return invalid("to listen on %s, which others can reach, takes --tls-cert and --tls-key, or --tls-front where something in front takes TLS off", l.Listen)
	}
	return nil
}

// loopback says whether only this machine can reach a host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// apiServer is the API, listening.
type apiServer struct {
	server *http.Server
	URL    string
	done   chan error
}

// serveAPI begins to serve the shop's API.
//
// Errors: invalid when the certificate is none; unavailable when it can not listen.
func (l listening) serveAPI(s *session, shop *doorstep.Shop, ending <-chan struct{}) (*apiServer, error) {
	pages, err := console.New(console.Config{Process: shop.Process, Figures: shop.Figures, Log: s.log, Secure: l.TLSCert != "" || l.TLSFront, Front: l.TLSFront})
	if err != nil {
		return nil, err
	}
	a, err := api.New(api.Config{Pages: pages, Process: shop.Process, Figures: shop.Figures, Log: s.log, Meter: l.meter, DueWithin: l.DueWithin, RateLimit: l.RateLimit, Front: l.TLSFront, Tracing: l.traces,
		Beside: map[string]http.Handler{"POST " + relay.Path: Commands(shop, s.log, ending, api.Caller)}})
	if err != nil {
		return nil, err
	}
	on, err := net.Listen("tcp", l.Listen)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the API can not listen on %s (--listen off serves none): %w", l.Listen, err)
	}
	on = api.Limit(on, l.Connections)
	served := &apiServer{URL: "http://" + on.Addr().String(), done: make(chan error, 1)}
	served.server = a.Server()
	served.server.RegisterOnShutdown(pages.EndStreams)
	if l.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(l.TLSCert, l.TLSKey)
		if err != nil {
			return nil, errors.Join(invalid("the certificate can not be used: %s", err), on.Close())
		}
		served.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		served.URL = "https://" + on.Addr().String()
	}
	go func() {
		if served.server.TLSConfig != nil {
			served.done <- served.server.ServeTLS(on, "", "")
			return
		}
		served.done <- served.server.Serve(on)
	}()
	return served, nil
}

// stop refuses new requests and waits for those that run, until ctx ends.
func (a *apiServer) stop(ctx context.Context) error {
	if a == nil {
		return nil
	}
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fault.New(fault.Unavailable, "requests were cut off that did not end in time"), a.server.Close())
	}
	if served := <-a.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// firstKey makes an API key for the administrator of a shop that has none, and writes
// it to a file that only its owner can read. It returns the file, "" when there are
// keys.
func (s *session) firstKey(shop *doorstep.Shop) (string, error) {
	keys, err := shop.Process.Keys(s.ctx, "", 1)
	if err != nil || len(keys) > 0 {
		return "", err
	}
	made, err := shop.Process.AddKey(s.ctx, keyed{}.command(s), access.KeyRequest{Name: "first administrator", Scopes: []access.Scope{access.Admin}})
	if err != nil {
		return "", err
	}
	name := doorstep.Beside(s.flags.DB, "admin-key")
	if err := writeSecret(name, string(made.Value.Secret)); err != nil {
		_, revoked := shop.Process.RevokeKey(s.ctx, keyed{}.command(s), made.Value.ID)
		return "", errors.Join(fault.New(fault.Unavailable, "the first API key can not be written: %w", err), revoked)
	}
	return name, nil
}

// firstLink makes a link by which the first administrator of a shop that has none gets
// into the console at a URL, and writes it to a file that only its owner can read. It
// returns the file, "" when there is an administrator, or a link already.
func (s *session) firstLink(shop *doorstep.Shop, at string) (string, error) {
	first, made, err := shop.Process.FirstAdministrator(s.ctx, keyed{}.command(s))
	if err != nil || !made {
		return "", err
	}
	name := doorstep.Beside(s.flags.DB, "admin-link")
	if err := writeSecret(name, at+console.LinkPath(first.Link)); err != nil {
		_, disabled := shop.Process.DisableUser(s.ctx, keyed{}.command(s), first.ID) // so that the next start makes another one
		return "", errors.Join(fault.New(fault.Unavailable, "the link for the first administrator can not be written: %w", err), disabled)
	}
	return name, nil
}

// writeSecret writes a line to a file that only its owner can read, in place of one
// that is there.
func writeSecret(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+"-*") // for its owner alone
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
