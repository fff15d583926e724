// Package settings names what a policy says, setting by setting, such as
// ask.tries, and reads and writes each as text. It goes by the policy's JSON:
// what is added there is a setting here. What else is an object in JSON can be set
// in the same way.
package settings

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/policy"
)

// Setting is one setting and what it is set to.
type Setting struct {
	Path  string          // its names in the policy's JSON, from the outermost, joined by dots
	Value json.RawMessage // any but an object that holds something
}

// Change is what differs between two policies in one setting.
type Change struct {
	Setting string          `json:"setting"`
	From    json.RawMessage `json:"from"` // null where there was none
	To      json.RawMessage `json:"to"`   // null where there is none any more
}

const what = "the policy"

// All returns every setting, by path.
func All(p policy.Policy) ([]Setting, error) { return all(p) }

func all(v any) ([]Setting, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Internal, "settings can not be written as JSON: %w", err)
	}
	return flat("", doc)
}

// flat returns the settings of a part of the policy.
func flat(path string, doc json.RawMessage) ([]Setting, error) {
	inner, err := object(doc)
	if err != nil {
		return nil, err
	}
	if len(inner) == 0 {
		return []Setting{{path, doc}}, nil
	}
	var all []Setting
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		below, err := flat(join(path, name), inner[name])
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// object is what a JSON object holds, nil for any other value.
func object(doc json.RawMessage) (inner map[string]json.RawMessage, err error) {
	if !bytes.HasPrefix(doc, []byte("{")) {
		return nil, nil
	}
	if err := json.Unmarshal(doc, &inner); err != nil {
		return nil, fault.New(fault.Internal, "a policy can not be read as JSON: %w", err)
	}
	return inner, nil
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// Under returns the settings that the paths name, each itself or all of those
// under it, by path; all settings when there is no path.
//
// Errors: invalid, with every path that names nothing.
func Under(p policy.Policy, paths []string) ([]Setting, error) {
	all, err := All(p)
	if err != nil || len(paths) == 0 {
		return all, err
	}
	var c fault.Check
	for _, path := range paths {
		c.If(!slices.ContainsFunc(all, func(s Setting) bool { return s.under(path) }), path, "unknown", "a setting of the policy")
	}
	named := slices.DeleteFunc(all, func(s Setting) bool { return !slices.ContainsFunc(paths, s.under) })
	return named, c.Err(what)
}

func (s Setting) under(path string) bool {
	return s.Path == path || strings.HasPrefix(s.Path, path+".")
}

// JSON returns settings as a part of a policy, which Merge reads.
func JSON(settings []Setting) (json.RawMessage, error) {
	tree := map[string]any{}
	for _, s := range settings {
		put(tree, strings.Split(s.Path, "."), s.Value)
	}
	return json.Marshal(tree)
}

// put puts a value where the names lead to.
func put(tree map[string]any, names []string, value any) {
	if len(names) == 1 {
		tree[names[0]] = value
		return
	}
	inner, ok := tree[names[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		tree[names[0]] = inner
	}
	put(inner, names[1:], value)
}

// Merge returns the policy with what the JSON document says. What it does not
// name stays as it is.
//
// Errors: invalid, with the path of what is unknown or can not be.
func Merge(p policy.Policy, doc []byte) (policy.Policy, error) { return merge(p, what, doc) }

func merge[T any](v T, of string, doc []byte) (T, error) {
	// From a copy: reading into lists would change those that v shares with others.
	next, err := clone(v, of)
	if err != nil {
		return v, err
	}
	if err := strictjson.Unmarshal(doc, of, &next); err != nil {
		return v, err
	}
	return next, nil
}

func clone[T any](v T, of string) (next T, err error) {
	doc, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(doc, &next)
	}
	if err != nil {
		return v, fault.New(fault.Internal, "%s can not be copied: %w", of, err)
	}
	return next, nil
}

// Diff returns what changes from one policy to another, by setting.
func Diff(from, to policy.Policy) ([]Change, error) { return DiffIn(from, to) }

// DiffIn does the same to any two values that are objects in JSON.
func DiffIn[T any](from, to T) ([]Change, error) {
	before, err := all(from)
	if err != nil {
		return nil, err
	}
	after, err := all(to)
	if err != nil {
		return nil, err
	}
	values := map[string]*Change{}
	of := func(path string) *Change {
		if values[path] == nil {
			values[path] = &Change{path, null, null}
		}
		return values[path]
	}
	for _, s := range before {
		of(s.Path).From = s.Value
	}
	for _, s := range after {
		of(s.Path).To = s.Value
	}
	changes := []Change{}
	for _, path := range slices.Sorted(maps.Keys(values)) {
		// A list that is not there is one with nothing in it.
		if c := *values[path]; Text(c.From) != Text(c.To) {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

var null = json.RawMessage("null")
