package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"

	"doorstep/api"
	"doorstep/process"
)

// released is the document of the last release, which callers keep to.
const released = "../docs/openapi-released.json"

// TestWhatIsReleasedIsNotBroken holds the document to that of the last release: what
// could break a caller takes a version that says so.
func TestWhatIsReleasedIsNotBroken(t *testing.T) {
	t.Parallel()
	before, err := os.ReadFile(released)
	must(t, err)
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	must(t, err)
	now, err := a.Document()
	must(t, err)
	was, is := promise(t, before), promise(t, now)
	if slices.Compare(is, was) < 0 {
		t.Errorf("the version of the document is below that of %s", released)
	}
	if slices.Compare(is, was) > 0 {
		return
	}
	for _, breach := range breaches(t, before, now) {
		t.Errorf("%s", breach)
	}
	if t.Failed() {
		t.Errorf("this breaks who calls the API by %s: leave it as it was, or raise api.Version (docs/decisions/0025-wire.md)", released)
	}
}

// TestABreachIsSeen breaks the document in the ways that callers would notice, and in
// some that they would not.
func TestABreachIsSeen(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(released)
	must(t, err)
	for _, x := range []struct {
		what   string
		change func(doc object)
		breaks bool
	}{
		{"nothing", func(object) {}, false},
		{"an operation is gone", func(doc object) { delete(doc.in("paths", "/v1/orders/{order}"), "get") }, true},
		{"a path is gone", func(doc object) { delete(doc.in("paths"), "/v1/refunds") }, true},
		{"an operation is new", func(doc object) {
			doc.in("paths")["/v1/new"] = doc.in("paths")["/v1/refunds"]
		}, false},
		{"a field of an answer is gone", func(doc object) {
			o := doc.in("components", "schemas", "Order")
			delete(o.in("properties"), "number")
			o["required"] = slices.DeleteFunc(o["required"].([]any), func(name any) bool { return name == "number" })
		}, true},
		{"a field of an answer is new", func(doc object) {
			doc.in("components", "schemas", "Order", "properties")["colour"] = object{"type": "string"}
		}, false},
		{"a word of an answer is new", func(doc object) {
			status := doc.in("components", "schemas", "Order", "properties", "status")
			status["enum"] = append(status["enum"].([]any), "made_up")
		}, true},
		{"a field of a request is needed", func(doc object) {
			q := doc.in("components", "schemas", "NoteRequest")
			q.in("properties")["colour"], q["required"] = object{"type": "string"}, []any{"text", "colour"}
		}, true},
		{"a field of a request is gone", func(doc object) {
			delete(doc.in("components", "schemas", "CancelRequest", "properties"), "reason")
		}, true},
		{"a field is of another type", func(doc object) {
			doc.in("components", "schemas", "Order", "properties", "total")["type"] = "string"
		}, true},
		{"fewer may be asked for", func(doc object) {
			limit := doc.in("paths", "/v1/orders", "get")["parameters"].([]any)[0].(map[string]any)
			object(limit).in("schema")["maximum"] = 10.0
		}, true},
		{"a description is another", func(doc object) { doc.in("info")["description"] = "Made up." }, false},
	} {
		var doc object
		must(t, json.Unmarshal(document, &doc))
		x.change(doc)
		changed, err := json.Marshal(doc)
		must(t, err)
		if found := breaches(t, document, changed); (len(found) > 0) != x.breaks {
			t.Errorf("%s: it was found that %q", x.what, found)
		}
	}
}

// object is one of JSON.
type object map[string]any

// in is the object that is found by the names.
func (o object) in(names ...string) object {
	for _, name := range names {
		o = o[name].(map[string]any)
	}
	return o
}

// promise is the part of the version of a document that stays while nothing breaks:
// the first number, and while that is 0 the second as well.
func promise(t *testing.T, document []byte) []int {
	t.Helper()
	var d struct {
		Info struct{ Version string }
	}
	must(t, json.Unmarshal(document, &d))
	var major, minor, patch int
	if _, err := fmt.Sscanf(d.Info.Version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		t.Fatalf("the version is %q, not three numbers: %v", d.Info.Version, err)
	}
	if major > 0 {
		return []int{major}
	}
	return []int{0, minor}
}

// breaches are what of a document breaks who calls by the one before, as oasdiff has it.
func breaches(t *testing.T, before, now []byte) (found []string) {
	t.Helper()
	d, operations, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), spec(t, before), spec(t, now))
	must(t, err)
	for _, c := range checker.CheckBackwardCompatibility(checker.NewConfig(checker.GetAllChecks()), d, operations) {
		found = append(found, strings.TrimSpace(fmt.Sprintf("%s %s: %s", c.GetOperation(), c.GetPath(), c.GetUncolorizedText(checker.NewDefaultLocalizer()))))
	}
	return found
}

func spec(t *testing.T, document []byte) *load.SpecInfo {
	t.Helper()
	s, err := load.NewSpecInfoFromData(openapi3.NewLoader(), document, "openapi.json")
	must(t, err)
	return s
}
