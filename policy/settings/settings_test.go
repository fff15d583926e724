package settings_test

import (
	"encoding/json"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/policy"
	"doorstep/policy/settings"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsShownCanBeSet sets every setting to what it is, and from a policy
// that says nothing to what the default says.
func TestWhatIsShownCanBeSet(t *testing.T) {
	t.Parallel()
	all, err := settings.All(policy.Default())
	if err != nil || len(all) < 16 {
		t.Fatalf("there are %d settings, %v", len(all), err)
	}
	var texts []string
	for _, s := range all {
		text := s.Path + "=" + settings.Text(s.Value)
		texts = append(texts, text)
		same, err := settings.Assign(policy.Default(), []string{text})
		if diff := cmp.Diff(policy.Default(), same); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	whole, err := settings.Assign(policy.Policy{}, texts)
	if diff := cmp.Diff(policy.Default(), whole); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAPartCanBeMerged(t *testing.T) {
	t.Parallel()
	from := policy.Default()
	from.Ask.Tries, from.Silence, from.LabelRetries = 5, 6, policy.Schedule{7}
	part, err := settings.Under(from, []string{"silence", "ask", "ask.tries", "label_retries"})
	if err != nil || len(part) != 6 {
		t.Fatalf("the part is %v, %v", part, err)
	}
	doc, err := settings.JSON(part)
	if err != nil {
		t.Fatal(err)
	}
	to := policy.Default()
	merged, err := settings.Merge(to, doc)
	if diff := cmp.Diff(from, merged); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", doc, err, diff)
	}
	if diff := cmp.Diff(policy.Default(), to); diff != "" {
		t.Errorf("what it was merged into has changed: %s", diff)
	}
}

func TestADifferenceIsTold(t *testing.T) {
	t.Parallel()
	from := policy.Default()
	from.Ask.Tries, from.Silence = 700, policy.Duration(168*time.Hour)
	from.PaymentRetries = policy.Schedule{policy.Duration(5 * time.Minute), policy.Duration(time.Hour)}
	to, err := settings.Assign(from, []string{"ask.tries=9", "payment_retries=", "silence=48h", "carrier=simulated"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := settings.Diff(from, to)
	want := []settings.Change{
		{Setting: "ask.tries", From: json.RawMessage("700"), To: json.RawMessage("9")},
		{Setting: "payment_retries", From: json.RawMessage(`["5m0s","1h0m0s"]`), To: json.RawMessage("[]")},
		{Setting: "silence", From: json.RawMessage(`"168h0m0s"`), To: json.RawMessage(`"48h0m0s"`)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	none := from
	none.PaymentRetries = nil
	if got, err := settings.Diff(to, none); err != nil || len(got) != 2 {
		t.Errorf("a list that is not there differs from one with nothing in it: %v, %v", got, err)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"nonsense=1":                       "nonsense unknown",
		"silence":                          "silence unknown",
		"ask.tries.more=1":                 "ask.tries.more unknown",
		"=1":                               " unknown",
		"ask.tries=many":                   "ask.tries malformed",
		"ask.tries=99999999999999999":      "", // fits
		"ask.tries=9999999999999999999999": "ask.tries malformed",
		"ask=5":                            "ask wrong_type",
		"ask={":                            "ask malformed",
		`ask={"tires":5}`:                  "ask.tires unknown",
		"silence=soon":                     "silence malformed",
		"payment_retries=5m,soon":          "payment_retries[1] malformed",
		`payment_retries=["5m"`:            "payment_retries malformed",
		`payment_retries=["5m", 5]`:        "payment_retries[1] wrong_type",
	} {
		p, err := settings.Assign(policy.Default(), []string{text, "track_every=1h"})
		got := ""
		if e := fault.As(err); e != nil && len(e.Fields) == 1 {
			got = e.Fields[0].Path + " " + e.Fields[0].Code
		}
		if got != want || p.TrackEvery != policy.Duration(time.Hour) {
			t.Errorf("%s: %v, not %q", text, err, want)
		}
	}
	_, err := settings.Under(policy.Default(), []string{"ask.", "as", "silence"})
	if e := fault.As(err); e == nil || len(e.Fields) != 2 || e.Fields[0].Path != "ask." || e.Fields[1].Path != "as" {
		t.Errorf("paths to nothing: %v", err)
	}
}
