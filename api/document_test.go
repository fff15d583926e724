package api_test

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"doorstep/api"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// TestTheDocumentIsKept holds the API to the documents that callers have read.
func TestTheDocumentIsKept(t *testing.T) {
	t.Parallel()
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	must(t, err)
	document, err := a.Document()
	must(t, err)
	for kept, got := range map[string][]byte{"../docs/openapi.json": document, "../docs/errors.md": api.ErrorsDocument()} {
		if flag.Lookup("update").Value.String() == "true" {
			must(t, os.WriteFile(kept, got, 0o644))
		}
		want, err := os.ReadFile(kept)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is served: go test ./api -run Document -update, and look at what has changed for callers", kept)
		}
	}
}

// TestTheDocumentOfErrorsIsWhereProblemsLead follows the type of a problem.
func TestTheDocumentOfErrorsIsWhereProblemsLead(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	r := s.ask("GET", "/v1/orders/ord_made_up", "")
	s.want(r, 404, "not_found")
	link, _ := r.json["type"].(string)
	path, code, _ := strings.Cut(link, "#")
	page, err := http.Get(s.url + path)
	must(t, err)
	defer func() { must(t, page.Body.Close()) }()
	text, err := io.ReadAll(page.Body)
	must(t, err)
	if page.StatusCode != 200 || !strings.Contains(string(text), `id="`+code+`"`) {
		t.Errorf("%s leads to %s: %.200s", link, page.Status, text)
	}
}

// TestTheDocumentIsServed needs no key.
func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	r := s.askAs("", "GET", "/openapi.json", "")
	s.want(r, 200, "")
	if r.json["openapi"] != "3.1.0" {
		t.Errorf("the document begins as %.60s", r.body)
	}
}
