// Package fault holds the one error type that crosses rooms: a code for
// programs, a sentence for people, and the paths of the fields that are wrong.
//
// An error is made where its cause is known, wrapped with %w on its way up and
// mapped once per face: to an exit code, a problem document or a page.
package fault

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Code says what kind of error it is and thereby what a caller can do.
type Code string

// The codes.
const (
	Invalid     Code = "invalid"     // the input is wrong: mend the fields named and send it again
	NotFound    Code = "not_found"   // there is no such thing
	Conflict    Code = "conflict"    // something else has changed or taken it: look, then decide
	Stale       Code = "stale"       // it has changed since the version that was named: look again, then decide
	Forbidden   Code = "forbidden"   // this actor may not do it
	TooLate     Code = "too_late"    // the process has gone past the point where it could be done
	Locked      Code = "locked"      // another process holds the database
	Unavailable Code = "unavailable" // not now: ask again with the same command key
	Internal    Code = "internal"    // a defect or a damaged database: logged whole, shown opaque
)

// Field is one thing that is wrong with the input.
type Field struct {
	Path    string `json:"path"`    // where it is, such as lines[3].quantity
	Code    string `json:"code"`    // what is wrong, for programs, such as out_of_range
	Message string `json:"message"` // what would be right, for people
}

// Error is an error with a code.
type Error struct {
	Code    Code
	Message string
	Fields  []Field
	Err     error // the cause, never shown to a caller
}

// Error returns the message, the fields and the cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s: %s", sep, f.Path, f.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error with a code and a formatted message. A %w in the format
// keeps the cause.
func New(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	if cause == nil {
		return &Error{Code: code, Message: err.Error()}
	}
	return &Error{Code: code, Message: strings.TrimSuffix(err.Error(), ": "+cause.Error()), Err: cause}
}

// CodeOf returns the code of the outermost Error in err's chain: Internal when
// there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e := As(err); e != nil {
		return e.Code
	}
	return Internal
}

// As returns the outermost Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is says whether err has the code.
func Is(err error, code Code) bool { return CodeOf(err) == code }

// Check gathers wrong fields and makes one Invalid error of them.
type Check struct{ fields []Field }

// maxFields bounds how many wrong fields one error names.
const maxFields = 50

// Add names a wrong field.
func (c *Check) Add(path, code, format string, args ...any) {
	if len(c.fields) < maxFields {
		c.fields = append(c.fields, Field{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// If names the field when wrong is true.
func (c *Check) If(wrong bool, path, code, format string, args ...any) {
	if wrong {
		c.Add(path, code, format, args...)
	}
}

// Required names the field unless it is a text as Text has it that is not Blank.
// The message says what is wanted.
func (c *Check) Required(path, s string, most int, message string) {
	c.If(Blank(s), path, "required", "%s", message)
	c.Text(path, s, most)
}

// Word names the field unless it is a word for programs: up to 40 small letters,
// digits and _, a letter first.
func (c *Check) Word(path, s, example string) {
	c.If(!word.MatchString(s), path, "malformed", "a word of letters, digits and _ such as %s", example)
}

var word = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Blank says whether a text shows nothing: it is empty, or has spaces of any
// kind and invisible characters alone.
func Blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsPrint(r) && r != ' ' })
}

// Text names the field unless it is what every text of one line must be: valid
// UTF-8 of at most so many bytes, without characters that show nothing but
// steer what is around them: controls (of ASCII, and U+0080 to U+009F), ends of
// lines, and those that turn the direction of writing, which can make a line
// read as what it is not (Unicode Technical Report 36, on the spoofing of
// bidirectional text).
func (c *Check) Text(path, s string, most int) {
	c.Prose(path, s, most)
	c.If(strings.ContainsFunc(s, steers), path, "control_character", "no control characters, nor ones that turn the direction of writing")
}

// steers leaves NUL to Prose.
func steers(r rune) bool {
	return r != 0 && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp))
}

// Prose names the field unless it is what every text of several lines must be:
// valid UTF-8 of at most so many bytes, without a NUL, which PostgreSQL can not
// keep.
func (c *Check) Prose(path, s string, most int) {
	c.If(len(s) > most, path, "too_long", "at most %d bytes", most)
	c.If(!utf8.ValidString(s), path, "not_utf8", "valid UTF-8")
	c.If(strings.Contains(s, "\x00"), path, "control_character", "no NUL")
}

// Err returns nil when nothing was wrong, and otherwise an Invalid error.
func (c *Check) Err(what string) error {
	if len(c.fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: what + " is not valid", Fields: c.fields}
}
