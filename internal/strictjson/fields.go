package strictjson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
)

// checkFields looks for fields that an object of valid JSON has twice, or that
// the type has not. The decoder takes the last of two, and a name in any case.
//
// Errors: invalid, with the path of the first such field.
func checkFields(data []byte, what string, t reflect.Type) error {
	w := walk{d: tokens(data), what: what}
	return w.value("", t)
}

// walk goes through a JSON value beside the type that it is read into, which is
// nil where that is not known.
type walk struct {
	d    *json.Decoder
	what string
}

func (w walk) value(path string, t reflect.Type) error {
	token, err := w.d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		err = w.object(path, indirect(t))
	case json.Delim('['):
		err = w.list(path, indirect(t))
	default:
		return nil
	}
	if err == nil {
		_, err = w.d.Token() // the end of it
	}
	return err
}

func (w walk) object(path string, t reflect.Type) error {
	seen := map[string]bool{}
	for w.d.More() {
		token, err := w.d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		at := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return refuse(w.what, at, "duplicate", "the field once")
		}
		seen[name] = true
		of, known := fieldOf(t, name)
		if !known {
			return refuse(w.what, at, "unknown", "a field that is known")
		}
		if err := w.value(at, of); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) list(path string, t reflect.Type) error {
	var of reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		of = t.Elem()
	}
	for n := 0; w.d.More(); n++ {
		if err := w.value(fmt.Sprintf("%s[%d]", path, n), of); err != nil {
			return err
		}
	}
	return nil
}

// indirect returns what a value is read into, nil where the type itself says how
// it is read.
func indirect(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return nil
	}
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return nil
	}
	return t
}

// fieldOf returns the type of a field of an object, and whether there is one.
// What is no object of Go is for the decoder to refuse.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	switch {
	case t == nil:
		return nil, true
	case t.Kind() == reflect.Map:
		return t.Elem(), true
	case t.Kind() != reflect.Struct:
		return nil, true
	}
	for _, f := range reflect.VisibleFields(t) {
		if nameOf(f) == name {
			return f.Type, true
		}
	}
	return nil, false
}

// nameOf is a field's name in JSON, as encoding/json has it; "" for one that is
// none.
func nameOf(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Tag.Get("json") == "-" || !f.IsExported() || f.Anonymous && tag == "":
		return ""
	case tag == "":
		return f.Name
	}
	return tag
}

// surrogateAt is where an escape ends that is half of a character, or -1. The
// decoder replaces it.
func surrogateAt(data []byte) int64 {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		r, escaped := escape(data[i:])
		switch {
		case !escaped:
			i++ // what follows may be a backslash
		case !utf16.IsSurrogate(r):
			i += len(`\u0000`) - 1
		default:
			i += len(`\u0000`)
			low, escaped := escape(data[i:])
			if !escaped || utf16.DecodeRune(r, low) == '\ufffd' {
				return int64(i)
			}
			i += len(`\u0000`) - 1
		}
	}
	return -1
}

// escape reads an escape such as \u00fc at the beginning.
func escape(data []byte) (rune, bool) {
	if len(data) < len(`\u0000`) || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(n), err == nil
}
