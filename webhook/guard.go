package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Hosts are those that the operator allows by name, wherever they are: as they stand in
// the address of an endpoint, without the port.
type Hosts []string

// Has says whether a host is allowed by name.
func (h Hosts) Has(host string) bool {
	return slices.ContainsFunc(h, func(allowed string) bool { return strings.EqualFold(allowed, host) })
}

// errPrivate says that a host is not reached over the Internet.
var errPrivate = errors.New("the address is not of the public Internet")

// special are the networks that are not of the public Internet, or lead into one that is
// not: https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry.
var special = networks(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// unicast is where the public addresses of IPv6 are.
var unicast = netip.MustParsePrefix("2000::/3")

func networks(all ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, n := range all {
		parsed = append(parsed, netip.MustParsePrefix(n))
	}
	return parsed
}

// public says whether an address is of the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !unicast.Contains(a) {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(a) })
}

// literal says whether a host is an address and no name.
func literal(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func publicHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && public(a)
}

// How long it may take to connect, and until the answer is there when the Config says
// nothing else.
const (
	connectWithin = 5 * time.Second
	answerWithin  = 15 * time.Second
)

// newClient returns what sends messages. It reaches what is not of the public Internet
// only where it is allowed by name: looked at is the address that is connected to, so
// that no name gets round it, whatever it resolves to by then. It follows no redirect and
// asks no proxy.
func newClient(allowed Hosts, answer time.Duration) *http.Client {
	free := &net.Dialer{Timeout: connectWithin}
	guarded := &net.Dialer{Timeout: connectWithin, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !public(to.Addr()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		Timeout: answer,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if host, _, err := net.SplitHostPort(address); err == nil && allowed.Has(host) {
					return free.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout: connectWithin, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: abreast, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
