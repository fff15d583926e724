package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"doorstep/api"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// document is the OpenAPI document as tests look at it.
func document(t *testing.T) object {
	t.Helper()
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	must(t, err)
	raw, err := a.Document()
	must(t, err)
	var doc object
	must(t, json.Unmarshal(raw, &doc))
	return doc
}

// operations calls a function for each operation of a document.
func (o object) operations(each func(method, path string, op object)) {
	for path := range o.in("paths") {
		for method := range o.in("paths", path) {
			each(strings.ToUpper(method), path, o.in("paths", path, method))
		}
	}
}

// page is a page as a browser would see it.
type page struct {
	ids   []string
	links []string
	loads []string // what it would load or run
	text  string
}

func readPage(t *testing.T, r io.Reader) (p page) {
	t.Helper()
	root, err := html.Parse(r)
	must(t, err)
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			p.text += n.Data
			if n.Parent.Data == "style" && (strings.Contains(n.Data, "url(") || strings.Contains(n.Data, "@import")) {
				p.loads = append(p.loads, "a style of elsewhere")
			}
			continue
		}
		if slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"}, n.Data) {
			p.loads = append(p.loads, n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id":
				p.ids = append(p.ids, a.Val)
			case a.Key == "href":
				p.links = append(p.links, a.Val)
			case a.Key == "src" || a.Key == "style" || a.Key == "srcset" || strings.HasPrefix(a.Key, "on"):
				p.loads = append(p.loads, a.Key)
			}
		}
	}
	return p
}

// TestThePagesAreWhole reads them without a key: they load nothing, every link leads
// somewhere, and every operation is there with what one asks it with.
func TestThePagesAreWhole(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	seen := map[string]page{}
	for _, path := range []string{"/docs", "/docs/errors"} {
		res, err := http.Get(s.url + path)
		must(t, err)
		seen[path] = readPage(t, res.Body)
		must(t, res.Body.Close())
		if policy := res.Header.Get("Content-Security-Policy"); res.StatusCode != 200 || !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s is %s with the policy %q", path, res.Status, policy)
		}
		if loads := seen[path].loads; len(loads) > 0 {
			t.Errorf("%s would load or run %q", path, loads)
		}
		if ids := slices.Sorted(slices.Values(seen[path].ids)); len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("%s has two of one name: %q", path, ids)
		}
	}
	for from, p := range seen {
		for _, link := range p.links {
			path, id, anchored := strings.Cut(link, "#")
			if path == "" {
				path = from
			}
			to, known := seen[path]
			if path != "/openapi.json" && !known || anchored && !slices.Contains(to.ids, id) {
				t.Errorf("%s: %q leads nowhere", from, link)
			}
		}
	}
	document(t).operations(func(method, path string, op object) {
		id := op["operationId"].(string)
		if !slices.Contains(seen["/docs"].ids, id) {
			t.Errorf("/docs does not have %s", id)
		}
	})
	if text := seen["/docs"].text; strings.Count(text, `curl "$DOORSTEP/v1/`) < 80 || strings.Contains(text, "curl \"$DOORSTEP/v1/orders/{") {
		t.Error("/docs does not say how everything is asked for")
	}
}

// TestEveryExampleCanBeSent sends what the document gives as an example to the operation
// that takes it, about things that there are, or are not: nothing of it is wrong in itself.
func TestEveryExampleCanBeSent(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	s.shipped("A-0")
	doc := document(t)
	sent := 0
	doc.operations(func(method, path string, op object) {
		body, has := op["requestBody"].(map[string]any)
		if !has {
			return
		}
		for mediaType, m := range object(body).in("content") {
			_, name, _ := strings.Cut(object(m.(map[string]any)).in("schema")["$ref"].(string), "schemas/")
			schema := doc.in("components", "schemas", name)
			example := "{}"
			if all, has := schema["examples"].([]any); has {
				raw, err := json.Marshal(all[0])
				must(t, err)
				example = string(raw)
			} else if properties, _ := schema["properties"].(map[string]any); len(properties) > 0 {
				t.Errorf("%s has no example", name)
			}
			where := path
			parameters, _ := op["parameters"].([]any)
			for _, p := range parameters {
				if p := object(p.(map[string]any)); p["in"] == "path" {
					where = strings.ReplaceAll(where, "{"+p["name"].(string)+"}", p.in("schema")["examples"].([]any)[0].(string))
				}
			}
			r := s.ask(method, where, example, "Content-Type", mediaType)
			sent++
			if r.status >= 400 && !slices.Contains([]int{404, 409}, r.status) {
				t.Errorf("%s %s %s: %d %s", method, where, example, r.status, r.body)
			}
		}
	})
	if sent < 50 {
		t.Errorf("%d examples were sent", sent)
	}
}
