package api_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"doorstep/api"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

const kept = "../docs/openapi.json"

// TestTheDocumentIsKept holds the API to the document that callers have read.
func TestTheDocumentIsKept(t *testing.T) {
	t.Parallel()
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	must(t, err)
	got, err := a.Document()
	must(t, err)
	if flag.Lookup("update").Value.String() == "true" {
		must(t, os.WriteFile(kept, got, 0o644))
	}
	want, err := os.ReadFile(kept)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is served: go test ./api -run Document -update, and look at what has changed for callers", kept)
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
