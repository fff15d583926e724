package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"

	"doorstep/fault"
)

// The exit codes, as the help states them.
const (
	exitDone        = 0
	exitInternal    = 1
	exitInvalid     = 2
	exitNotFound    = 3
	exitConflict    = 4
	exitUnavailable = 5
	exitViolations  = 6
)

// exits maps the code of every fault to the exit code of the process.
var exits = map[fault.Code]int{
	"":                exitDone,
	fault.Invalid:     exitInvalid,
	fault.NotFound:    exitNotFound,
	fault.Conflict:    exitConflict,
	fault.Stale:       exitConflict,
	fault.TooLate:     exitConflict,
	fault.Forbidden:   exitConflict,
	fault.Locked:      exitUnavailable,
	fault.Unavailable: exitUnavailable,
	fault.Internal:    exitInternal,
}

// errViolations says that verify has found something, and has said what.
var errViolations = errors.New("violations were found")

// errInterrupted is the cause of an error of a command that was told to stop
// and says how to go on.
var errInterrupted = errors.New("told to stop")

// interruption is what err is to people when it comes of having been told to
// stop, and err itself otherwise.
func interruption(err error) error {
	if !errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted) {
		return err
	}
	if e := fault.As(err); e != nil && e.Code != fault.Unavailable {
		return err
	}
	return fault.New(fault.Unavailable, "interrupted: %w", errors.Join(errInterrupted, err))
}

// ExitCode returns the exit code for an error of a command, 0 for nil.
func ExitCode(err error) int {
	switch {
	case errors.Is(err, errHelped):
		return exitDone
	case errors.Is(err, errViolations):
		return exitViolations
	}
	if code, ok := exits[fault.CodeOf(interruption(err))]; ok {
		return code
	}
	return exitInternal
}

// failure is an error as it is shown.
type failure struct {
	Code    fault.Code    `json:"code"`
	Message string        `json:"message"`
	Fields  []fault.Field `json:"fields,omitempty"`
	Hint    string        `json:"hint,omitempty"` // what can be done about it
}

// report shows an error and returns the exit code for it.
func (s *session) report(err error) int {
	var ended exit
	if errors.As(err, &ended) {
		return int(ended)
	}
	code := ExitCode(err)
	if code == exitDone || code == exitViolations {
		return code
	}
	if errors.Is(err, syscall.EPIPE) {
		return code // whoever read has left, and is not to be told
	}
	err = interruption(err)
	f := failureOf(err)
	s.logCause(f, err)
	if s.flags.JSON {
		b, _ := json.Marshal(map[string]failure{"error": f}) // its values are all text
		fmt.Fprintf(s.program.Stderr, "%s\n", b)
		return code
	}
	s.showFailure(f)
	return code
}

// showFailure shows an error to people.
func (s *session) showFailure(f failure) {
	out := &screen{w: s.program.Stderr, width: s.out.width}
	out.hanging("", "doorstep: "+f.Message)
	for _, field := range f.Fields {
		out.hanging("  ", field.Path+": "+field.Message)
	}
	if f.Hint != "" {
		out.paragraph(f.Hint)
	}
}

// failureOf returns what is shown of an error. What has no code is a defect:
// it is logged whole and shown as such.
func failureOf(err error) failure {
	e := fault.As(err)
	if e == nil {
		return failure{Code: fault.Internal, Message: "something went wrong that should not have"}
	}
	f := failure{Code: e.Code, Message: e.Message, Fields: e.Fields, Hint: hints[e.Code]}
	if why := reason(e); why != "" {
		f.Message += ": " + why
	}
	return f
}

// reason is what the system says of why something is not available, such as
// "permission denied", or "".
func reason(e *fault.Error) string {
	var system syscall.Errno
	if e.Code != fault.Unavailable || !errors.As(e.Err, &system) || strings.Contains(e.Message, system.Error()) {
		return ""
	}
	return system.Error()
}

// hints say how to go about what a message can only state.
var hints = map[fault.Code]string{
	fault.Locked: "Stop that process first, or wait until it has ended: only doorstep serve does what is typed elsewhere, on a socket beside the file. " +
		"With --db postgres://… several processes may write at once, but on virtual time. Reading works beside it.",
}

// logCause logs what is not shown of an error.
func (s *session) logCause(f failure, err error) {
	e := fault.As(err)
	if e != nil && e.Err == nil {
		return // all of it is shown
	}
	s.log.Log(s.ctx, levelOf(f, err), "the cause", "code", f.Code, "error", err.Error())
}

// levelOf is debug where the sentence says enough: what is wrong with the input,
// or why something is not available.
func levelOf(f failure, err error) slog.Level {
	var system syscall.Errno
	switch {
	case f.Code == fault.Internal:
		return slog.LevelError
	case f.Code == fault.Unavailable && !errors.As(err, &system) && !errors.Is(err, errInterrupted):
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
