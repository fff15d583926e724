package sim_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"doorstep/sim"
	"doorstep/sim/scenario"

	"github.com/google/go-cmp/cmp"
)

const document = "../docs/simulate.md"

// TestTheDocumentIsWrittenFromTheCode: the tables of what a scenario's file holds,
// and of what a run answers as JSON.
func TestTheDocumentIsWrittenFromTheCode(t *testing.T) {
	t.Parallel()
	was, err := os.ReadFile(document)
	must(t, err)
	got := string(was)
	doc, err := json.Marshal(scenario.Default())
	must(t, err)
	var byDefault any
	must(t, json.Unmarshal(doc, &byDefault))
	tables := map[string]string{
		"scenario": newTable(t, "scenario/scenario.go").rows("", reflect.TypeFor[scenario.Scenario](), byDefault, "field | by default | what it is"),
		"result":   newTable(t, "result.go", "stockroom.go", "../insight/insight.go").rows("", reflect.TypeFor[sim.Result](), nil, "field | what it is"),
	}
	for name, table := range tables {
		part := regexp.MustCompile(`(?s)(<!-- ` + name + ` -->\n).*?(<!-- end -->)`)
		if !part.MatchString(got) {
			t.Errorf("%s has no place for the table of the %s", document, name)
		}
		got = part.ReplaceAllString(got, "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}")
	}
	if *update {
		must(t, os.WriteFile(document, []byte(got), 0o644))
		return
	}
	if diff := cmp.Diff(string(was), got); diff != "" {
		t.Errorf("%s is not what the code says (-update writes it anew):\n%s", document, diff)
	}
}

// table writes down the fields of types, with what is said of them in the source.
type table struct {
	t    testing.TB
	said map[string]string // by type and field
	b    strings.Builder
}

func newTable(t testing.TB, files ...string) *table {
	tb := &table{t: t, said: map[string]string{}}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		must(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range of.Fields.List {
					for _, name := range f.Names {
						if said := strings.TrimSpace(f.Comment.Text()); said != "" {
							tb.said[spec.Name.Name+"."+name.Name] = said
						}
					}
				}
			}
			return false
		})
	}
	return tb
}

func (tb *table) rows(path string, of reflect.Type, byDefault any, head string) string {
	fmt.Fprintf(&tb.b, "\n| %s |\n|%s\n", strings.ReplaceAll(head, " | ", " | "), strings.Repeat("---|", 1+strings.Count(head, "|")))
	tb.fields(path, of, byDefault, strings.Count(head, "|") == 2)
	return tb.b.String() + "\n"
}

// fields writes those of a type, and what is in them.
func (tb *table) fields(path string, of reflect.Type, byDefault any, defaults bool) {
	values, _ := byDefault.(map[string]any)
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			tb.fields(path, f.Type, byDefault, defaults)
			continue
		}
		said := tb.said[of.Name()+"."+f.Name]
		if said == "" {
			tb.t.Errorf("nothing is said of %s.%s", of.Name(), f.Name)
		}
		inner, at := f.Type, path+name
		if inner.Kind() == reflect.Slice {
			inner, at = inner.Elem(), at+"[]"
		}
		deep := inner.Kind() == reflect.Struct && strings.HasPrefix(inner.PkgPath(), "doorstep/") && inner.Name() != "Policy" && inner.Name() != "Date" && inner.Name() != "Scenario"
		value := ""
		if defaults {
			value = " " + shortly(values[name], deep) + " |"
		}
		fmt.Fprintf(&tb.b, "| `%s` |%s %s |\n", strings.TrimSuffix(path+name, "."), value, said)
		if deep {
			tb.fields(at+".", inner, inside(values[name]), defaults)
		}
	}
}

// inside is what there is by default in an object, nil of a list.
func inside(v any) any {
	if _, list := v.([]any); list {
		return nil
	}
	return v
}

// shortly is a value by default, where it is short.
func shortly(v any, deep bool) string {
	if list, is := v.([]any); v == nil || deep && (!is || len(list) > 0) {
		return ""
	}
	b, _ := json.Marshal(v)
	if len(b) > 60 {
		return "see `simulate show --all`"
	}
	return "`" + string(b) + "`"
}
