package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"doorstep"
	"doorstep/cli/strictjson"
	"doorstep/fault"
	"doorstep/policy"
)

type policyVerbs struct {
	Get     policyGet     `cmd:"" help:"Show the settings in force."`
	Set     policySet     `cmd:"" help:"Change settings, from a file or one by one."`
	History policyHistory `cmd:"" help:"Show every version, the newest first."`
}

// policyGet shows the policy in force.
type policyGet struct{}

// Help is the detail of the verb's help.
func (policyGet) Help() string {
	return `Examples:

    doorstep policy get
    doorstep policy get --json > policy.json`
}

// Run shows the policy.
func (*policyGet) Run(s *session) error {
	var current policy.Policy
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		current, _, err = shop.Process.Policies(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.showPolicy(current)
}

func (s *session) showPolicy(p policy.Policy) error {
	settings, err := settingsOf(p)
	if err != nil {
		return err
	}
	return s.out.show(p, func() {
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			s.out.printf("%s=%s\n", name, text(settings[name]))
		}
	})
}

// policySet changes the policy.
type policySet struct {
	Settings []string `arg:"" help:"A JSON file as policy get --json writes it, - for standard input, or settings as name=value." placeholder:"FILE|NAME=VALUE"`
	keyed
}

// Help is the detail of the verb's help.
func (policySet) Help() string {
	return `What is not named stays as it is. Every change is a new version; none is overwritten.

Examples:

    doorstep policy set handover=by_person carrier=manual
    doorstep policy set payment_retries=5m,1h,6h ask.tries=10
    doorstep policy set policy.json`
}

// Run changes the policy.
func (v *policySet) Run(s *session) error {
	var file []byte
	if len(v.Settings) == 1 && !strings.Contains(v.Settings[0], "=") {
		var err error
		if file, err = s.readAll(v.Settings[0]); err != nil {
			return err
		}
	}
	var set policy.Policy
	err := s.writing(func(shop *doorstep.Shop) error {
		current, history, err := shop.Process.Policies(s.ctx)
		if err != nil {
			return err
		}
		if set, err = v.apply(current, file); err != nil {
			return err
		}
		version := int64(0)
		if len(history) > 0 {
			version = history[0].Number
		}
		_, err = shop.Process.SetPolicy(s.ctx, v.command(), version, set)
		return err
	})
	if err != nil {
		return err
	}
	return s.showPolicy(set)
}

// apply returns the policy with what was named changed.
func (v *policySet) apply(p policy.Policy, file []byte) (policy.Policy, error) {
	if file != nil {
		return p, strictjson.Unmarshal(file, "the policy", &p)
	}
	settings, err := settingsOf(p)
	if err != nil {
		return p, err
	}
	var c fault.Check
	for _, one := range v.Settings {
		name, value, ok := strings.Cut(one, "=")
		old, known := settings[name]
		if !ok || !known {
			c.Add(name, "unknown", "a setting that policy get shows, as name=value")
			continue
		}
		// Each by itself: only so an error can be told to be this one's.
		next, err := with(settings, name, old, value)
		if err != nil {
			c.Add(name, "malformed", "%s", wrongWith(err))
			settings[name] = old
			continue
		}
		p = next
	}
	return p, c.Err("the policy")
}

// wrongWith is what is wrong with the one setting that was set.
func wrongWith(err error) string {
	e := fault.As(err)
	if len(e.Fields) > 0 {
		return e.Fields[0].Message
	}
	return e.Message
}

// with returns the policy of the settings after one that was old is set.
//
// Errors: invalid.
func with(settings map[string]any, name string, old any, value string) (p policy.Policy, err error) {
	if settings[name], err = like(old, value); err != nil {
		return p, err
	}
	doc, err := json.Marshal(nested(settings))
	if err != nil {
		return p, fault.New(fault.Internal, "the settings can not be written as JSON: %w", err)
	}
	return p, strictjson.Unmarshal(doc, "the policy", &p)
}

// settingsOf returns a policy's settings by their names, such as ask.tries.
func settingsOf(p policy.Policy) (map[string]any, error) {
	doc, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(doc, &tree); err != nil {
		return nil, err
	}
	flat := map[string]any{}
	for name, value := range tree {
		inner, ok := value.(map[string]any)
		if !ok {
			flat[name] = value
			continue
		}
		for key, value := range inner {
			flat[name+"."+key] = value
		}
	}
	return flat, nil
}

// nested is the other way of settingsOf.
func nested(flat map[string]any) map[string]any {
	tree := map[string]any{}
	for name, value := range flat {
		outer, key, deep := strings.Cut(name, ".")
		if !deep {
			tree[name] = value
			continue
		}
		inner, ok := tree[outer].(map[string]any)
		if !ok {
			inner = map[string]any{}
			tree[outer] = inner
		}
		inner[key] = value
	}
	return tree
}

// like reads a value of the kind that the old one has.
//
// Errors: invalid.
func like(old any, value string) (any, error) {
	switch old.(type) {
	case float64:
		return parseCount(value)
	case []any, nil:
		list := []string{}
		for _, one := range strings.Split(value, ",") {
			if one = strings.TrimSpace(one); one != "" {
				list = append(list, one)
			}
		}
		return list, nil
	}
	return value, nil
}

// text is a setting as policySet reads it.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = fmt.Sprint(one)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(value)
}

// policyHistory shows every version.
type policyHistory struct{}

// Help is the detail of the verb's help.
func (policyHistory) Help() string {
	return `Examples:

    doorstep policy history
    doorstep policy history --json`
}

// Run shows the history.
func (*policyHistory) Run(s *session) error {
	var history []policy.Version
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		_, history, err = shop.Process.Policies(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(history), func() { s.out.policies(history) })
}

// policies writes what each version has changed.
func (s *screen) policies(history []policy.Version) {
	t := s.table("", column{title: "VERSION", right: true}, column{title: "TIME"}, column{title: "BY"}, column{title: "CHANGED", shrink: true})
	for i, v := range history {
		before := policy.Default()
		if i+1 < len(history) {
			before = history[i+1].Policy
		}
		t.add(strconv.FormatInt(v.Number, 10), moment(v.At), string(v.Actor), changed(before, v.Policy))
	}
	t.add("0", "", "", "the default")
	t.print()
}

func changed(before, after policy.Policy) string {
	was, err1 := settingsOf(before)
	is, err2 := settingsOf(after)
	if err1 != nil || err2 != nil {
		return "?"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if text(was[name]) != text(is[name]) {
			parts = append(parts, name+"="+text(is[name]))
		}
	}
	return strings.Join(parts, " ")
}
