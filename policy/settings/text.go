package settings

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/policy"
)

// Text is a setting as Assign reads it: a text as it is, a list with commas
// between its values, and what holds more than that as JSON.
func Text(value json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		return listText(value, list)
	}
	return scalarText(value)
}

func listText(value json.RawMessage, list []json.RawMessage) string {
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = scalarText(one)
		if bytes.ContainsAny(one, `{[,`) {
			return string(value)
		}
	}
	return strings.Join(parts, ",")
}

func scalarText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// Assign returns the policy after assignments such as ask.tries=10, in the
// texts that Text writes.
//
// Errors: invalid, with the path of every setting that is unknown or can not be.
func Assign(p policy.Policy, assignments []string) (policy.Policy, error) {
	return AssignIn(p, what, "a setting that policy get shows, as name=value", assignments)
}

// AssignIn does the same to any value that is an object in JSON: of is the noun for
// it, and known says what can be set.
//
// Errors: as Assign.
func AssignIn[T any](v T, of, known string, assignments []string) (T, error) {
	var c fault.Check
	for _, one := range assignments {
		path, text, ok := strings.Cut(one, "=")
		kind, found := typeAt(reflect.TypeFor[T](), path)
		if !ok || !found {
			c.Add(path, "unknown", "%s", known)
			continue
		}
		next, err := assign(v, of, path, kind, text)
		if e := fault.As(err); e != nil && e.Code == fault.Invalid {
			addTo(&c, path, e)
			continue
		}
		if err != nil {
			return v, err
		}
		v = next
	}
	return v, c.Err(of)
}

// addTo names what is wrong with the one setting that was set.
func addTo(c *fault.Check, path string, e *fault.Error) {
	if len(e.Fields) == 0 {
		c.Add(path, "malformed", "%s", e.Message)
		return
	}
	c.Add(e.Fields[0].Path, e.Fields[0].Code, "%s", e.Fields[0].Message)
}

func assign[T any](v T, of, path string, kind reflect.Type, text string) (T, error) {
	value, err := literal(kind, text)
	if err != nil {
		return v, err
	}
	doc, err := JSON([]Setting{{path, value}})
	if err != nil {
		return v, fault.New(fault.Invalid, "%.40q is not valid JSON", text)
	}
	return merge(v, of, doc)
}

// typeAt is the type of what the path leads to.
func typeAt(t reflect.Type, path string) (reflect.Type, bool) {
	name, rest, deeper := strings.Cut(path, ".")
	inner, ok := fieldType(t, name)
	if !ok || !deeper {
		return inner, ok
	}
	return typeAt(inner, rest)
}

func fieldType(t reflect.Type, name string) (reflect.Type, bool) {
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), name != ""
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
				return f.Type, true
			}
		}
	}
	return nil, false
}

// literal is a text as the JSON of a type. What JSON can not hold is left for
// the one who reads it to refuse.
//
// Errors: invalid.
func literal(t reflect.Type, text string) (json.RawMessage, error) {
	if isText(t) {
		return json.Marshal(text)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return literal(t.Elem(), text)
	case reflect.Slice:
		if !strings.HasPrefix(text, "[") {
			return list(t.Elem(), text)
		}
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%.40q is no whole number that fits 64 bits", text)
		}
		return strconv.AppendInt(nil, n, 10), nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return nil, fault.New(fault.Invalid, "%.40q is neither true nor false", text)
		}
	}
	if !json.Valid([]byte(text)) {
		return nil, fault.New(fault.Invalid, "%.40q is not valid JSON", text)
	}
	return json.RawMessage(text), nil
}

// isText says whether a type is a text in JSON.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// list reads values with commas between them.
func list(t reflect.Type, text string) (json.RawMessage, error) {
	values := []json.RawMessage{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		value, err := literal(t, part)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return json.Marshal(values)
}
