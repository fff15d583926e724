package cli

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"doorstep"
	"doorstep/access"
	"doorstep/cli/relay"
	"doorstep/fault"
)

// held is a command that was typed in another process, in the one that holds the shop.
type held struct {
	shop    *doorstep.Shop
	by      access.Actor
	may     access.Permit
	columns int
	colour  bool
	ending  <-chan struct{}   // closed when the server is told to stop
	files   map[string][]byte // what the command reads
	begun   bool              // whether it has come to the shop
}

// Who says who has sent a command, and what they may do.
type Who func(*http.Request) (access.Actor, access.Permit)

// Commands carries out, on a shop that this process holds and runs, what is typed in
// other processes. What follows events ends with ending.
func Commands(shop *doorstep.Shop, log *slog.Logger, ending <-chan struct{}, who Who) http.Handler {
	return relay.Handler(func(r *http.Request, c relay.Command, stdout, stderr relay.Writer) (int, string) {
		on := &held{shop: shop, columns: c.Columns, colour: c.Colour, ending: ending, files: c.Files}
		on.by, on.may = who(r)
		p := Program{Stdin: bytes.NewReader(nil), Stdout: stdout, Stderr: stderr, on: on,
			Env: func(name string) (string, bool) { v, set := c.Env[name]; return v, set }}
		var wanted wants
		s := &session{ctx: r.Context(), program: p, flags: &globals{}}
		err := s.run(c.Args)
		if errors.As(err, &wanted) {
			return 0, string(wanted)
		}
		log.DebugContext(r.Context(), "a command was carried out", "actor", on.by, "code", ExitCode(err))
		return s.report(err), ""
	})
}

// wants is the error of a command that reads a file that has not come with it.
type wants string

func (w wants) Error() string { return "the file " + string(w) + " has not come with the command" }

// input opens a file that has come with the command.
//
// Errors: wants.
func (h *held) input(name string) (io.ReadCloser, error) {
	data, there := h.files[name]
	switch {
	case there:
		return io.NopCloser(bytes.NewReader(data)), nil
	case h.begun:
		return nil, fault.New(fault.Internal, "a command reads a file after it has come to the shop")
	}
	return nil, wants(name)
}

// with carries out do on the shop.
//
// Errors: forbidden when it is only read and that is not allowed: what is changed is
// asked for by its use case.
func (h *held) with(readOnly bool, do func(*doorstep.Shop) error) error {
	h.begun = true
	if readOnly {
		if err := h.may.Check(access.Read); err != nil {
			return err
		}
	}
	return do(h.shop)
}

// ends is closed when a command ends that would go on for good; nil is never.
func (h *held) ends() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.ending
}
