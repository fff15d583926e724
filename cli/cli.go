// Package cli is the command line: it parses what was typed, opens the shop,
// calls one use case, and shows the answer to people as aligned text or to
// programs as JSON. It decides nothing.
package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"doorstep"
)

// Main runs the command line of a real process, until it ends or is asked to
// by SIGINT or SIGTERM, and returns the exit code. A second signal ends it at
// once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Program{Stdin: stdin, Stdout: stdout, Stderr: stderr, Env: os.LookupEnv}.Run(ctx, args)
}

// Program is the command line with all that it takes from its surroundings.
type Program struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Env looks up an environment variable; nil is an empty environment.
	Env func(name string) (string, bool)
	// Configure has the last word on how a shop is opened, such as on which
	// clock; nil leaves it to the flags.
	Configure func(*doorstep.Config)

	on *held // the shop of the process that carries out what was typed in another, or nil
}

// Run carries out what the arguments say until ctx ends, and returns the exit
// code (see ExitCode). Errors are printed to Stderr.
func (p Program) Run(ctx context.Context, args []string) int {
	if p.Env == nil {
		p.Env = func(string) (string, bool) { return "", false }
	}
	s := &session{ctx: ctx, program: p, flags: &globals{}}
	return s.report(s.run(args))
}

// variable is an environment variable, "" when it is not set.
func (p Program) variable(name string) string {
	value, set := p.Env(name)
	if !set {
		return ""
	}
	return value
}

// run carries out what the arguments say.
func (s *session) run(args []string) error {
	typed, err := s.program.parse(args, s.flags)
	s.flags.JSON = s.flags.JSON || err != nil && wantsJSON(args)
	s.out = s.program.newScreen(s.flags)
	s.log = s.program.newLog(s.flags)
	if err != nil {
		return err
	}
	return s.carryOut(typed)
}

// wantsJSON says whether arguments that can not be parsed ask for JSON.
func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--json" {
			return true
		}
	}
	return false
}

// newLog logs to Stderr, as text or as JSON.
func (p Program) newLog(flags *globals) *slog.Logger {
	level := slog.LevelWarn
	if flags.LogLevel != "" {
		_ = level.UnmarshalText([]byte(strings.ToUpper(flags.LogLevel))) // the grammar lets nothing else through
	}
	options := &slog.HandlerOptions{Level: level}
	if flags.JSON {
		return slog.New(traceHandler{slog.NewJSONHandler(p.Stderr, options)})
	}
	return slog.New(traceHandler{slog.NewTextHandler(p.Stderr, options)})
}
