package api

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"doorstep/fault"
)

// errorsPath is where the codes of problems are explained: their types lead there.
const errorsPath = "/docs/errors"

// explained is a code as the documents have it.
type explained struct {
	Code          fault.Code
	Status        int
	Title, Advice string
}

// explanations are all codes, by their status.
func explanations() (all []explained) {
	for code, k := range kinds {
		all = append(all, explained{code, k.status, k.title, k.advice})
	}
	slices.SortFunc(all, func(a, b explained) int { return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code)) })
	return all
}

const aboutErrors = "An answer that is no success is a problem document (RFC 9457, application/problem+json). " +
	"Its code says what kind of problem it is; where fields of the request are wrong, each is named by its path, with what would be right."

// ErrorsDocument is what a caller should do about each code, in Markdown.
func ErrorsDocument() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Errors\n\n%s\n\n| status | code | what it is | what to do |\n|---|---|---|---|\n", aboutErrors)
	for _, e := range explanations() {
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s |\n", e.Status, e.Code, e.Title, e.Advice)
	}
	return b.Bytes()
}

// explainErrors serves the page that the types of problems lead to.
func explainErrors() (http.Handler, error) {
	return servePage("errors", struct {
		About string
		All   []explained
	}{aboutErrors, explanations()})
}
