// Package strictjson reads JSON that people and programs send: what is wrong
// with it is refused, never mended, and named by its path.
package strictjson

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"doorstep/fault"
)

// Unmarshal reads one JSON value into v. What is the noun for it in messages,
// such as "the order". The bytes are valid UTF-8 and what they escape is Unicode,
// objects have each field once and none that v has not, with its very name, and
// nothing follows the value (RFC 8259, and RFC 7493 where that leaves it open).
// After an error, v may have been filled in part.
//
// A type that reads itself from a text may refuse it with an error of package
// fault, whose message then stands with the field.
//
// Errors: invalid, with the path of the field where there is one.
func Unmarshal(data []byte, what string, v any) error {
	if !utf8.Valid(data) {
		return refuse(what, pathAt(data, invalidAt(data)), "not_utf8", "valid UTF-8")
	}
	if at := surrogateAt(data); at >= 0 {
		return refuse(what, pathAt(data, at), "not_utf8", "characters of Unicode; \\ud800 to \\udfff by itself is none")
	}
	if json.Valid(data) {
		if err := checkFields(data, what, reflect.TypeOf(v).Elem()); err != nil {
			return err
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return explain(data, what, v, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "%s is not valid JSON: something follows it", what)
	}
	return nil
}

// tokens reads JSON piece by piece. Numbers stay as they are written: one that
// no type could hold is for the decoder to refuse, in its place.
func tokens(data []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d
}

// explain says what is wrong in the words of the input.
func explain(data []byte, what string, v any, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case fault.As(err) != nil:
		return refuse(what, pathAt(data, refusedAt(data, v)), "malformed", fault.As(err).Message)
	case errors.As(err, &syntax):
		return fault.New(fault.Invalid, "%s is not valid JSON (%s): %s", what, position(data, syntax.Offset), plain(syntax.Error()))
	case errors.Is(err, io.EOF):
		return fault.New(fault.Invalid, "%s is empty, not JSON", what)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Invalid, "%s is not valid JSON: it ends too early", what)
	case errors.As(err, &kind):
		return explainKind(data, what, kind)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		return refuse(what, name, "unknown", "a field that is known")
	}
	return fault.New(fault.Invalid, "%s is not valid: %s", what, plain(err.Error()))
}

func explainKind(data []byte, what string, kind *json.UnmarshalTypeError) error {
	path := pathAt(data, kind.Offset)
	if strings.HasPrefix(kind.Value, "number ") {
		return refuse(what, path, "out_of_range", "a whole number that fits 64 bits")
	}
	value, _, _ := strings.Cut(kind.Value, " ")
	return refuse(what, path, "wrong_type", fmt.Sprintf("%s, not %s", kindOf(kind), cmp.Or(kinds[value], kind.Value)))
}

// kinds are the kinds of JSON values, in the decoder's words and in ours.
var kinds = map[string]string{"string": "a text", "bool": "true or false", "array": "a list", "object": "an object", "number": "a number"}

func kindOf(kind *json.UnmarshalTypeError) string {
	if reflect.PointerTo(kind.Type).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a text"
	}
	switch kind.Type.Kind().String() {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "a list"
	case "struct", "map":
		return "an object"
	}
	return "a number"
}

// refuse names the field that is wrong; where it is the whole, there is none.
func refuse(what, path, code, message string) error {
	if path == "" {
		return fault.New(fault.Invalid, "%s is not valid: it should be %s", what, message)
	}
	var c fault.Check
	c.Add(path, code, "%s", message)
	return c.Err(what)
}

// refusedAt is where the value ends that its own type has refused to be. The
// decoder does not tell, so that the shortest part of the data is looked for
// that is refused as well.
func refusedAt(data []byte, v any) int64 {
	ends := valueEnds(data)
	n := sort.Search(len(ends)-1, func(i int) bool {
		part := json.NewDecoder(bytes.NewReader(closed(data[:ends[i]])))
		return fault.As(part.Decode(reflect.New(reflect.TypeOf(v).Elem()).Interface())) != nil
	})
	return ends[n]
}

// valueEnds returns where the tokens end behind which valid JSON could be
// closed: all but the keys.
func valueEnds(data []byte) []int64 {
	d := tokens(data)
	var ends []int64
	for {
		if _, err := d.Token(); err != nil {
			return append(ends, int64(len(data)))
		}
		if rest := bytes.TrimLeft(data[d.InputOffset():], " \t\r\n"); !bytes.HasPrefix(rest, []byte(":")) {
			ends = append(ends, d.InputOffset())
		}
	}
}

// closed returns the beginning of a JSON value as one that is whole.
func closed(part []byte) []byte {
	d := tokens(part)
	var open []byte
	for {
		token, err := d.Token()
		if err != nil {
			slices.Reverse(open)
			return slices.Concat(part, open)
		}
		switch token {
		case json.Delim('{'):
			open = append(open, '}')
		case json.Delim('['):
			open = append(open, ']')
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}

func plain(s string) string { return strings.TrimPrefix(s, "json: ") }

func position(data []byte, offset int64) string {
	before := data[:min(max(int(offset)-1, 0), len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

// invalidAt is where the first bytes are that are no UTF-8.
func invalidAt(data []byte) int64 {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return int64(i + 1)
		}
		i += n
	}
	return int64(len(data))
}

// level is an object or a list that is being read.
type level struct {
	list  bool
	key   string // the current one, of an object
	value bool   // the next token is a value, not a key
	n     int    // the current index, of a list
}

// pathAt returns the path of the value that ends at or after the offset, such
// as lines[3].quantity. It is "" for the whole.
func pathAt(data []byte, offset int64) string {
	d := tokens(data)
	var levels []level
	for {
		token, err := d.Token()
		if err != nil {
			return pathOf(levels)
		}
		delim, _ := token.(json.Delim)
		if delim == '}' || delim == ']' {
			levels = levels[:len(levels)-1]
		}
		if key, isKey := enter(levels, token, delim); isKey {
			levels[len(levels)-1].key = key
			levels[len(levels)-1].value = true
			if d.InputOffset() < offset {
				continue
			}
		}
		if d.InputOffset() >= offset {
			return pathOf(levels)
		}
		if delim == '{' || delim == '[' {
			levels = append(levels, level{list: delim == '['})
			continue
		}
		leave(levels)
	}
}

// enter says whether the token is a key of the innermost object.
func enter(levels []level, token json.Token, delim json.Delim) (string, bool) {
	if len(levels) == 0 || delim == '}' || delim == ']' {
		return "", false
	}
	top := levels[len(levels)-1]
	key, ok := token.(string)
	return key, ok && !top.list && !top.value
}

// leave goes on behind a value of the innermost level.
func leave(levels []level) {
	if len(levels) == 0 {
		return
	}
	top := &levels[len(levels)-1]
	top.value = false
	if top.list {
		top.n++
	}
}

func pathOf(levels []level) string {
	var b strings.Builder
	for _, l := range levels {
		switch {
		case l.list:
			fmt.Fprintf(&b, "[%d]", l.n)
		case l.key != "":
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(l.key)
		}
	}
	return b.String()
}
