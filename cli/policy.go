package cli

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"doorstep"
	"doorstep/policy"
	"doorstep/policy/settings"
)

type policyVerbs struct {
	Get     policyGet     `cmd:"" help:"Show the settings in force."`
	Set     policySet     `cmd:"" help:"Change settings, from a file or one by one."`
	History policyHistory `cmd:"" help:"Show what each version has changed, the newest first."`
}

// policyGet shows the policy in force.
type policyGet struct {
	Settings []string `arg:"" optional:"" help:"Only these, or what is under them." placeholder:"NAME"`
}

// Help is the detail of the verb's help.
func (policyGet) Help() string {
	return `What it shows, with --json or without, is what policy set reads.

Examples:

    doorstep policy get
    doorstep policy get silence ask
    doorstep policy get --json > policy.json`
}

// Run shows the policy.
func (v *policyGet) Run(s *session) error {
	var current policy.Policy
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		current, _, err = shop.Process.Policies(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	named, err := settings.Under(current, v.Settings)
	if err != nil {
		return err
	}
	doc := any(current) // whole, in the order in which it is written down
	if len(v.Settings) > 0 {
		if doc, err = settings.JSON(named); err != nil {
			return err
		}
	}
	return s.out.show(doc, func() {
		for _, one := range named {
			s.out.printf("%s=%s\n", one.Path, settings.Text(one.Value))
		}
	})
}

// policySet changes the policy.
type policySet struct {
	Settings []string `arg:"" help:"A JSON file as policy get --json writes it, - for standard input, or settings as name=value." placeholder:"FILE|NAME=VALUE"`
	Preview  bool     `help:"Show what would change, and change nothing."`
	keyed
}

// Help is the detail of the verb's help.
func (policySet) Help() string {
	return `What is not named stays as it is. Every change is a new version; none is overwritten. An order goes on by the settings that are in force when its next step is decided.

Examples:

    doorstep policy set handover=by_person carrier=manual
    doorstep policy set payment_retries=5m,1h,6h ask.tries=10 --preview
    doorstep policy set policy.json`
}

// policyChange is what a change of the policy comes to.
type policyChange struct {
	Preview bool              `json:"preview"`
	Version int64             `json:"version"` // in force after it, or still
	Changes []settings.Change `json:"changes"`
	Policy  policy.Policy     `json:"policy"` // after it
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
	open := s.writing
	if v.Preview {
		open = s.reading
	}
	var change policyChange
	err := open(func(shop *doorstep.Shop) (err error) {
		change, err = v.change(s, shop, file)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(change, func() { s.out.policyChange(change) })
}

// change sets what was named, unless it is a preview.
func (v *policySet) change(s *session, shop *doorstep.Shop, file []byte) (c policyChange, err error) {
	if v.Preview {
		return v.preview(s.ctx, shop, file)
	}
	asked := v.asking(s, v.Settings)
	if file != nil {
		asked = v.asking(s, string(file))
	}
	set, err := shop.Process.ChangePolicy(s.ctx, asked, func(p policy.Policy) (policy.Policy, error) { return v.apply(p, file) })
	if err != nil {
		return c, err
	}
	c.Version, c.Policy = set.Value.InForce.Number, set.Value.InForce.Policy
	c.Changes, err = settings.Diff(set.Value.Before, c.Policy)
	return c, err
}

// preview says what a change would come to.
func (v *policySet) preview(ctx context.Context, shop *doorstep.Shop, file []byte) (c policyChange, err error) {
	current, history, err := shop.Process.Policies(ctx)
	if err != nil {
		return c, err
	}
	if len(history) > 0 {
		c.Version = history[0].Number
	}
	if c.Policy, err = v.apply(current, file); err != nil {
		return c, err
	}
	c.Preview = true
	if c.Changes, err = settings.Diff(current, c.Policy); err != nil {
		return c, err
	}
	return c, shop.Process.CheckPolicy(c.Policy)
}

// apply returns the policy with what was named changed.
func (v *policySet) apply(p policy.Policy, file []byte) (policy.Policy, error) {
	if file != nil {
		return settings.Merge(p, file)
	}
	return settings.Assign(p, v.Settings)
}

func (s *screen) policyChange(c policyChange) {
	switch {
	case len(c.Changes) == 0:
		s.printf("Nothing changes: all of it is in force already.\n")
		return
	case c.Preview:
		s.printf("This would change (version %d stays in force):\n", c.Version)
	default:
		s.printf("Version %d is in force.\n", c.Version)
	}
	t := s.table("  ", column{title: "SETTING"}, column{title: "FROM", shrink: true}, column{title: "TO", shrink: true})
	for _, one := range c.Changes {
		t.add(one.Setting, setTo(one.From), setTo(one.To))
	}
	t.print()
}

// setTo is what a setting is set to, for people.
func setTo(value json.RawMessage) string {
	if text := settings.Text(value); text != "" {
		return text
	}
	return "(none)"
}

// policyHistory shows every version.
type policyHistory struct{}

// Help is the detail of the verb's help.
func (policyHistory) Help() string {
	return `Examples:

    doorstep policy history
    doorstep policy history --json`
}

// policyVersion is a version with what it has changed.
type policyVersion struct {
	policy.Version
	Changes []settings.Change `json:"changes"`
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
	all, err := withChanges(history)
	if err != nil {
		return err
	}
	return s.out.show(pageOf(all), func() { s.out.policies(all) })
}

// withChanges holds each version against the one before it, the first against
// the default.
func withChanges(history []policy.Version) ([]policyVersion, error) {
	all := make([]policyVersion, len(history))
	before := policy.Default()
	for i, v := range slices.Backward(history) {
		changes, err := settings.Diff(before, v.Policy)
		if err != nil {
			return nil, err
		}
		all[i], before = policyVersion{v, changes}, v.Policy
	}
	return all, nil
}

// policies writes a line for each change of each version.
func (s *screen) policies(history []policyVersion) {
	t := s.table("", column{title: "VERSION", right: true}, column{title: "TIME"}, column{title: "BY", shrink: true},
		column{title: "SETTING"}, column{title: "FROM", shrink: true}, column{title: "TO", shrink: true})
	for _, v := range history {
		number, at, by := strconv.FormatInt(v.Number, 10), moment(v.At), string(v.Actor)
		if len(v.Changes) == 0 {
			t.add(number, at, by, "nothing", "", "")
		}
		for _, c := range v.Changes {
			t.add(number, at, by, c.Setting, setTo(c.From), setTo(c.To))
			number, at, by = "", "", ""
		}
	}
	t.add("0", "", "", "the default", "", "")
	t.print()
}
