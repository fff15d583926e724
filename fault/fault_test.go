package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"doorstep/fault"
)

func TestAnErrorKeepsItsCause(t *testing.T) {
	t.Parallel()
	e := fault.New(fault.Unavailable, "the line is dead: %w", io.EOF)
	if e.Message != "the line is dead" || !errors.Is(e, io.EOF) || e.Error() != "the line is dead: EOF" {
		t.Errorf("the error is %+v: %v", e, e)
	}
	wrapped := fmt.Errorf("place an order: %w", e)
	if fault.CodeOf(wrapped) != fault.Unavailable || fault.As(wrapped) != e || !fault.Is(wrapped, fault.Unavailable) || fault.Is(wrapped, fault.Invalid) {
		t.Errorf("wrapped it is %v", wrapped)
	}
	if plain := fault.New(fault.NotFound, "there is no %s", "cup"); plain.Error() != "there is no cup" || plain.Unwrap() != nil {
		t.Errorf("the error is %v", plain)
	}
}

func TestWhatIsNotClassifiedIsInternal(t *testing.T) {
	t.Parallel()
	if got := fault.CodeOf(io.EOF); got != fault.Internal {
		t.Errorf("the code is %s", got)
	}
	if got := fault.CodeOf(nil); got != "" {
		t.Errorf("nothing has the code %s", got)
	}
	if fault.As(io.EOF) != nil {
		t.Error("any error is one of ours")
	}
}

func TestTheOutermostCodeCounts(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Conflict, "outer: %w", fault.New(fault.NotFound, "inner"))
	if got := fault.CodeOf(err); got != fault.Conflict {
		t.Errorf("the code is %s", got)
	}
}

func TestCheckGathersFields(t *testing.T) {
	t.Parallel()
	var c fault.Check
	if err := c.Err("the cup"); err != nil {
		t.Errorf("nothing is wrong, and yet: %v", err)
	}
	c.If(false, "size", "unknown", "never")
	c.If(true, "lines[3].quantity", "out_of_range", "from 1 to %d", 10)
	c.Add("colour", "unknown", "red")
	err := c.Err("the cup")
	if got, want := err.Error(), "the cup is not valid: lines[3].quantity: from 1 to 10; colour: red"; got != want || !fault.Is(err, fault.Invalid) {
		t.Errorf("the error is %q, not %q", got, want)
	}
	for range 100 {
		c.Add("more", "unknown", "more")
	}
	if n := len(fault.As(c.Err("the cup")).Fields); n != 50 {
		t.Errorf("an error names %d fields", n)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, line, prose string }{
		{"", "", ""},
		{"plain, ünïcödé 🚚", "", ""},
		{"two\nlines", "control_character", ""},
		{"a\x7f", "control_character", ""},
		{"a\u0085b", "control_character", ""},
		{"a\u009bb", "control_character", ""},
		{"two\u2028lines", "control_character", ""},
		{"live\u202eevil", "control_character", ""},
		{"a\u2066b\u2069", "control_character", ""},
		{"a\u200eb", "control_character", ""},
		{"a\u200db", "", ""}, // joins the parts of an emoji
		{"a\x00", "control_character", "control_character"},
		{"\xff", "not_utf8", "not_utf8"},
		{strings.Repeat("x", 41), "too_long", "too_long"},
	} {
		var line, prose fault.Check
		line.Text("f", tt.text, 40)
		prose.Prose("f", tt.text, 40)
		if got := codes(line); got != tt.line {
			t.Errorf("%q as a line is %q, not %q", tt.text, got, tt.line)
		}
		if got := codes(prose); got != tt.prose {
			t.Errorf("%q as prose is %q, not %q", tt.text, got, tt.prose)
		}
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x": "", " x ": "", "٣": "", "🚚": "", "\u0301": "",
		"": "required", "  ": "required", "\u00a0": "required", "\u2003\u3000": "required", "\u200b\ufeff": "required",
		"\t": "required control_character", "\u200f": "required control_character",
		"\xff": "not_utf8", "x\n": "control_character", strings.Repeat("x", 41): "too_long",
	} {
		var c fault.Check
		c.Required("f", text, 40, "something")
		if got := codes(c); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func codes(c fault.Check) string {
	e := fault.As(c.Err("it"))
	if e == nil {
		return ""
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Code)
	}
	return strings.Join(all, " ")
}
