package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/api"
	"doorstep/fault"
	"doorstep/policy"
	"doorstep/policy/settings"
)

// versionsShown is how many versions of the policy are on a page.
const versionsShown = 10

// rules is what the page of the policy shows.
type rules struct {
	Fields  []setting
	Typed   []field   // what is to be confirmed, and what it was when it was looked at
	Changes []changed // that are to be confirmed, none before anything was typed
	Past    []pastPolicy
	Older   string // the version before which the next page begins, "" on the last one
	Names   map[access.Actor]string
}

// setting is one in a form, and what it is now.
type setting struct {
	field
	Was string
}

// changed is a setting that is to be another one.
type changed struct{ Path, From, To string }

// pastPolicy is a version with what it has changed.
type pastPolicy struct {
	Number  int64
	At      time.Time
	Actor   access.Actor
	Changes []changed
}

// By is who has changed the policy, as people are shown it.
func (v rules) By(a access.Actor) string { return nameOf(v.Names, a) }

// Was is the name of the field that says what a setting was when it was looked at.
func (rules) Was(path string) string { return wasPrefix + path }

const wasPrefix = "was."

func (c *Console) policy(w http.ResponseWriter, r *http.Request) error {
	return c.policyWith(w, r, nil, nil)
}

// policyWith shows the settings in force, what would change of them, or why nothing was.
func (c *Console) policyWith(w http.ResponseWriter, r *http.Request, changes []changed, problem error) error {
	current, err := c.process.PolicyInForce(r.Context())
	if err != nil {
		return err
	}
	v := rules{Changes: changes}
	if v.Fields, err = settingsOf(current.Policy); err != nil {
		return err
	}
	if v.Past, v.Older, err = c.pastPolicies(r); err != nil {
		return err
	}
	actors := make([]access.Actor, len(v.Past))
	for i, p := range v.Past {
		actors[i] = p.Actor
	}
	if v.Names, err = c.process.Names(r.Context(), actors); err != nil {
		return err
	}
	v.keep(r, problem)
	return c.show(w, r, "policy", shown{Title: "Policy", Here: "settings", Page: v}, problem)
}

// settingsOf are the settings of a policy, each with what it means.
func settingsOf(p policy.Policy) (all []setting, err error) {
	named, err := settings.All(p)
	for _, one := range named {
		f := field{Name: one.Path, Label: one.Path, Kind: "text", Value: settings.Text(one.Value)}
		if f.Hint, f.Words = api.Meaning(reflect.TypeFor[policy.Policy](), one.Path); len(f.Words) > 0 {
			f.Kind = "choice"
		}
		all = append(all, setting{f, f.Value})
	}
	return all, err
}

// keep keeps what was typed, and says what is wrong with it.
func (v *rules) keep(r *http.Request, problem error) {
	for name := range r.PostForm {
		if strings.HasPrefix(name, wasPrefix) || r.PostForm.Has(wasPrefix+name) {
			v.Typed = append(v.Typed, field{Name: name, Value: r.PostForm.Get(name)})
		}
	}
	if problem == nil {
		return
	}
	e := fault.As(problem)
	for i := range v.Fields {
		f := &v.Fields[i]
		if r.PostForm.Has(f.Name) {
			f.Value = r.PostForm.Get(f.Name)
		}
		if e == nil {
			continue
		}
		if w, is := pick(e.Fields, func(w fault.Field) bool { return w.Path == f.Name }); is {
			f.Wrong = w.Message
		}
	}
}

// pastPolicies are the versions of a page, and where the next one begins.
func (c *Console) pastPolicies(r *http.Request) (past []pastPolicy, older string, err error) {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // 0 for the newest
	all, err := c.process.PolicyVersions(r.Context(), before, versionsShown+1)
	if err != nil {
		return nil, "", err
	}
	for i, v := range all[:min(len(all), versionsShown)] {
		was := policy.Default()
		if i+1 < len(all) {
			was = all[i+1].Policy
		}
		changes, err := differences(was, v.Policy)
		if err != nil {
			return nil, "", err
		}
		past = append(past, pastPolicy{v.Number, v.At, v.Actor, changes})
	}
	if len(all) > versionsShown {
		older = strconv.FormatInt(all[versionsShown-1].Number, 10)
	}
	return past, older, nil
}

func differences(from, to policy.Policy) (all []changed, err error) {
	changes, err := settings.Diff(from, to)
	for _, one := range changes {
		all = append(all, changed{one.Setting, told(one.From), told(one.To)})
	}
	return all, err
}

// told is what a setting is set to, for people.
func told(value json.RawMessage) string {
	if text := settings.Text(value); text != "" {
		return text
	}
	return "none"
}

// policyAsked is what a form asks for: settings as path=value, and what they were.
type policyAsked struct {
	Settings []string
	was      map[string]string
}

func policyAskedBy(form url.Values) policyAsked {
	q := policyAsked{was: map[string]string{}}
	for name := range form {
		path, is := strings.CutPrefix(name, wasPrefix)
		to := strings.TrimSpace(form.Get(path))
		if is && form.Has(path) && to != form.Get(name) {
			q.Settings, q.was[path] = append(q.Settings, path+"="+to), form.Get(name)
		}
	}
	slices.Sort(q.Settings)
	return q
}

// apply returns the policy with what was asked for.
//
// Errors: invalid; stale when one of these is no longer what it was.
func (q policyAsked) apply(p policy.Policy) (policy.Policy, error) {
	now, err := settings.All(p)
	if err != nil {
		return p, err
	}
	for _, one := range now {
		if was, is := q.was[one.Path]; is && was != settings.Text(one.Value) {
			return p, fault.New(fault.Stale, "%s has changed since", one.Path)
		}
	}
	return settings.Assign(p, q.Settings)
}

// changePolicy shows what would change as it was typed; and once that was seen and is meant,
// changes it. What someone else has changed meanwhile is not overwritten.
func (c *Console) changePolicy(w http.ResponseWriter, r *http.Request) error {
	q := policyAskedBy(r.PostForm)
	if r.PostForm.Get("sure") == "" {
		changes, err := c.wouldChange(r.Context(), q)
		return c.policyWith(w, r, changes, err)
	}
	by := command(r)
	by.Asked = q.Settings
	if _, err := c.process.ChangePolicy(r.Context(), by, q.apply); err != nil {
		return c.policyWith(w, r, nil, err)
	}
	return done(w, r, "/settings/policy", "policy")
}

// wouldChange says what would change.
//
// Errors: invalid; stale.
func (c *Console) wouldChange(ctx context.Context, q policyAsked) ([]changed, error) {
	current, err := c.process.PolicyInForce(ctx)
	if err != nil {
		return nil, err
	}
	next, err := q.apply(current.Policy)
	if err == nil {
		err = c.process.CheckPolicy(next)
	}
	if err != nil {
		return nil, err
	}
	changes, err := differences(current.Policy, next)
	if err == nil && len(changes) == 0 {
		err = fault.New(fault.Invalid, "nothing is changed by that")
	}
	return changes, err
}
