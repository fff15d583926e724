package relay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"doorstep/fault"
)

// Server is one that commands can be sent to.
type Server struct {
	name   string // for people
	url    string
	key    string
	client *http.Client
}

// At is the server at an address, which a key opens.
func At(url, key string) *Server {
	return &Server{name: url, url: strings.TrimSuffix(url, "/") + Path, key: key, client: &http.Client{}}
}

// Beside is the server that listens on a socket; nil when none does.
func Beside(ctx context.Context, socket string) *Server {
	var dialer net.Dialer
	first, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil
	}
	dial := func(context.Context, string, string) (net.Conn, error) {
		if c := first; c != nil {
			first = nil
			return c, nil
		}
		return dialer.DialContext(ctx, "unix", socket)
	}
	return &Server{name: socket, url: "http://doorstep" + Path, client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxConnsPerHost: 1}}}
}

// Send has a command carried out, shows what it shows, and returns its exit code. What it
// reads is asked of read, by name.
//
// Errors: unavailable when the server is not reached, or is lost before the command has
// ended; forbidden when it knows no such key; what read and the writers return.
func (s *Server) Send(ctx context.Context, c Command, read func(name string) ([]byte, error), stdout, stderr io.Writer) (code int, err error) {
	defer s.client.CloseIdleConnections()
	for {
		last, err := s.send(ctx, c, stdout, stderr)
		switch {
		case err != nil:
			return 0, err
		case last.Exit != nil:
			return *last.Exit, nil
		case c.Files == nil:
			c.Files = map[string][]byte{}
		}
		if c.Files[last.Wants], err = read(last.Wants); err != nil {
			return 0, err
		}
	}
}

// send sends the command and returns the last frame of the answer.
func (s *Server) send(ctx context.Context, c Command, stdout, stderr io.Writer) (last frame, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return last, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return last, fault.New(fault.Invalid, "%.200q is no address of a server", s.name)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return last, fault.New(fault.Unavailable, "the server at %s is not reached: %w", s.name, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return last, s.refused(res)
	}
	return s.show(json.NewDecoder(bufio.NewReader(res.Body)), stdout, stderr)
}

// show writes what an answer shows, up to its last frame.
func (s *Server) show(answer *json.Decoder, stdout, stderr io.Writer) (frame, error) {
	for {
		var f frame
		if err := answer.Decode(&f); err != nil {
			return f, fault.New(fault.Unavailable, "the server at %s was lost before its answer had ended: whether the command was carried out is not known (sent again under the same --key, it is carried out once): %w", s.name, err)
		}
		_, err1 := stdout.Write(f.Out)
		_, err2 := stderr.Write(f.Err)
		if err := errors.Join(err1, err2); err != nil || f.Exit != nil || f.Wants != "" {
			return f, err
		}
	}
}

// codes are those of refusals, by their status.
var codes = map[int]fault.Code{
	http.StatusUnauthorized: fault.Forbidden, http.StatusForbidden: fault.Forbidden,
	http.StatusBadRequest: fault.Invalid, http.StatusRequestEntityTooLarge: fault.Invalid,
}

// refused is what a server says that does not carry a command out.
func (s *Server) refused(res *http.Response) error {
	var said struct {
		Detail string `json:"detail"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said); err != nil || said.Detail == "" {
		said.Detail = "it answers " + res.Status + ": is it a Doorstep of this version?"
	}
	code, known := codes[res.StatusCode]
	if !known {
		code = fault.Unavailable
	}
	return fault.New(code, "the server at %s refuses: %s", s.name, said.Detail)
}
