package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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
	fault.TooLate:     exitConflict,
	fault.Forbidden:   exitConflict,
	fault.Locked:      exitUnavailable,
	fault.Unavailable: exitUnavailable,
	fault.Internal:    exitInternal,
}

// errViolations says that verify has found something, and has said what.
var errViolations = errors.New("violations were found")

// ExitCode returns the exit code for an error of a command, 0 for nil.
func ExitCode(err error) int {
	switch {
	case errors.Is(err, errHelped):
		return exitDone
	case errors.Is(err, errViolations):
		return exitViolations
	}
	if code, ok := exits[fault.CodeOf(err)]; ok {
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
	code := ExitCode(err)
	if code == exitDone || code == exitViolations {
		return code
	}
	if errors.Is(err, syscall.EPIPE) {
		return code // whoever read has left, and is not to be told
	}
	f := failureOf(err)
	s.logCause(f, err)
	if s.flags.JSON {
		b, _ := json.Marshal(map[string]failure{"error": f}) // its values are all text
		fmt.Fprintf(s.program.Stderr, "%s\n", b)
		return code
	}
	fmt.Fprintf(s.program.Stderr, "doorstep: %s\n", printable(f.Message))
	for _, field := range f.Fields {
		fmt.Fprintf(s.program.Stderr, "  %s: %s\n", printable(field.Path), printable(field.Message))
	}
	if f.Hint != "" {
		fmt.Fprintf(s.program.Stderr, "  %s\n", f.Hint)
	}
	return code
}

// failureOf returns what is shown of an error. What has no code is a defect:
// it is logged whole and shown as such.
func failureOf(err error) failure {
	e := fault.As(err)
	if e == nil {
		return failure{Code: fault.Internal, Message: "something went wrong that should not have"}
	}
	return failure{Code: e.Code, Message: e.Message, Fields: e.Fields, Hint: hints[e.Code]}
}

// hints say how to go about what a message can only state.
var hints = map[fault.Code]string{
	fault.Locked: "Stop that process first, or let it do the work (doorstep serve --intake);\n" +
		"  with --db postgres://… several processes may write at once. Reading works beside it.",
}

// logCause logs what is not shown of an error.
func (s *session) logCause(f failure, err error) {
	level := slog.LevelDebug
	switch f.Code {
	case fault.Internal:
		level = slog.LevelError
	case fault.Unavailable:
		level = slog.LevelWarn
	}
	if e := fault.As(err); e == nil || e.Err != nil {
		s.log.Log(s.ctx, level, "the cause", "code", f.Code, "error", err.Error())
	}
}
