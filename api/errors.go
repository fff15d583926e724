package api

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
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

var errorsPage = template.Must(template.New("errors").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of the Doorstep API</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h2 { font-size: 1.05rem; margin: 2rem 0 0 }
h2:target { background: #fff3c4 }
p { margin: .25rem 0 }
code, .status { font-family: ui-monospace, monospace }
.status { color: #666 }
</style>
</head>
<body>
<h1>Errors</h1>
<p>{{.About}}</p>
{{range .All}}<h2 id="{{.Code}}"><code>{{.Code}}</code> <span class="status">{{.Status}}</span></h2>
<p>{{.Title}} {{.Advice}}</p>
{{end}}</body>
</html>
`))

// explainErrors serves the page that the types of problems lead to.
func explainErrors() (http.Handler, error) {
	var page bytes.Buffer
	err := errorsPage.Execute(&page, struct {
		About string
		All   []explained
	}{aboutErrors, explanations()})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(page.Bytes()) // the client has gone: no one else can be told
	}), nil
}
