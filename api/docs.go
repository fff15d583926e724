package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/fault"
	"doorstep/internal/web"
)

// docsPath is where people read the document.
const docsPath = "/docs"

// The pages load nothing: their style is within.
var (
	//go:embed docs.html
	docsHTML string
	//go:embed errors.html
	errorsHTML string
	//go:embed pages.css
	pagesCSS string
	style    = web.Look + pagesCSS

	pages = template.Must(template.Must(template.New("docs").Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).
		Parse(docsHTML)).New("errors").Parse(errorsHTML))
	stylePolicy = func() string {
		sum := sha256.Sum256([]byte(style))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	}()
)

// servePage renders a page once, and serves it.
func servePage(name string, with any) (http.Handler, error) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, with); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", stylePolicy)
		_, _ = w.Write(page.Bytes()) // the client has gone: no one else can be told
	}), nil
}

// readable is the document as people read it.
type readable struct {
	About, Version string
	Groups         []readableGroup
	Types          []readableType
}

// readableGroup is operations that are about the same.
type readableGroup struct {
	Name, About string
	Operations  []readableOperation
}

// readableOperation is one operation.
type readableOperation struct {
	ID, Method, Path string
	Summary, About   string
	Scope            string
	Parameters       []readableField
	Body             *readableBody
	Answers          []readableAnswer
	Problems         []readableProblem
	Example          string
}

// readableBody is what is sent.
type readableBody struct {
	MediaType string
	Type      typeRef
	Fields    []readableField
}

// readableAnswer is an answer that is a success.
type readableAnswer struct {
	Status    int
	MediaType string
	Type      typeRef
	Headers   []string
}

// readableProblem is the codes of one status.
type readableProblem struct {
	Status int
	Codes  []fault.Code
}

// readableType is what the document has as a schema.
type readableType struct {
	Name, About string
	Fields      []readableField
}

// readableField is a field or a parameter.
type readableField struct {
	Name, In, About string
	Type            typeRef
	Needed          bool
	Words           []string
	Bounds          string
}

// typeRef names a type: with what stands before it, and whether it is explained below.
type typeRef struct {
	Before, Name string
	Explained    bool
}

// explain serves the document as a page.
func (a *API) explain() (http.Handler, error) {
	doc := a.huma.OpenAPI()
	r := reader{doc.Components.Schemas, doc.Components.Schemas.Map()}
	page := readable{About: doc.Info.Description, Version: doc.Info.Version}
	for _, tag := range doc.Tags {
		page.Groups = append(page.Groups, readableGroup{tag.Name, tag.Description, r.operations(doc, tag.Name)})
	}
	for name, s := range r.schemas {
		if len(s.Properties) > 0 {
			page.Types = append(page.Types, readableType{name, s.Description, r.fields(name)})
		}
	}
	slices.SortFunc(page.Types, func(x, y readableType) int { return cmp.Compare(x.Name, y.Name) })
	return servePage("docs", page)
}

// reader makes of the document what people read.
type reader struct {
	registry huma.Registry
	schemas  map[string]*huma.Schema
}

// operations are those of a group, those that read before those that change.
func (r reader) operations(doc *huma.OpenAPI, tag string) (all []readableOperation) {
	for _, item := range doc.Paths {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if op := methodOf(item, method); op != nil && slices.Contains(op.Tags, tag) {
				all = append(all, r.operation(op))
			}
		}
	}
	slices.SortFunc(all, func(x, y readableOperation) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
	})
	return all
}

func (r reader) operation(op *huma.Operation) readableOperation {
	o := readableOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, About: op.Description, Scope: fmt.Sprint(op.Extensions["x-scope"])}
	for _, p := range op.Parameters {
		f := r.field(p.Name, p.Schema)
		f.In, f.Needed, f.About = p.In, p.Required, cmp.Or(p.Description, f.About)
		o.Parameters = append(o.Parameters, f)
	}
	if op.RequestBody != nil {
		for mediaType, m := range op.RequestBody.Content {
			if t := r.typeOf(m.Schema); len(r.schemas[t.Name].Properties) > 0 {
				o.Body = &readableBody{mediaType, t, r.fields(t.Name)}
			}
		}
	}
	for status, response := range op.Responses {
		n, _ := strconv.Atoi(status)
		if n >= http.StatusBadRequest {
			o.Problems = append(o.Problems, readableProblem{n, codesOf(n)})
			continue
		}
		for mediaType, m := range response.Content {
			a := readableAnswer{Status: n, MediaType: mediaType, Type: r.typeOf(m.Schema)}
			for name := range response.Headers {
				a.Headers = append(a.Headers, name)
			}
			slices.Sort(a.Headers)
			o.Answers = append(o.Answers, a)
		}
	}
	slices.SortFunc(o.Answers, func(x, y readableAnswer) int { return cmp.Compare(x.MediaType, y.MediaType) })
	slices.SortFunc(o.Problems, func(x, y readableProblem) int { return cmp.Compare(x.Status, y.Status) })
	o.Example = r.example(op, o.Body)
	return o
}

// codesOf are the codes of the problems that have a status.
func codesOf(status int) (codes []fault.Code) {
	for _, e := range explanations() {
		if e.Status == status {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

// fields are those of a schema, in the order of its source.
func (r reader) fields(name string) (all []readableField) {
	s := r.schemas[name]
	t := r.registry.TypeFromRef("#/components/schemas/" + name)
	for _, f := range reflect.VisibleFields(t) {
		p := s.Properties[jsonName(f)]
		if p == nil || slices.ContainsFunc(all, func(x readableField) bool { return x.Name == jsonName(f) }) {
			continue
		}
		field := r.field(jsonName(f), p)
		field.Needed = slices.Contains(s.Required, field.Name)
		field.About = cmp.Or(field.About, docs[roomOf(declaring(t, f))+"."+f.Name])
		all = append(all, field)
	}
	return all
}

func (r reader) field(name string, s *huma.Schema) readableField {
	f := readableField{Name: name, About: s.Description, Type: r.typeOf(s)}
	if s.Items != nil {
		s = s.Items
	}
	for _, word := range s.Enum {
		f.Words = append(f.Words, strconv.Quote(fmt.Sprint(word)))
	}
	if s.Minimum != nil && s.Maximum != nil {
		f.Bounds = fmt.Sprintf("%g to %g", *s.Minimum, *s.Maximum)
	}
	return f
}

// typeOf names the type of a schema.
func (r reader) typeOf(s *huma.Schema) typeRef {
	if s == nil {
		return typeRef{Name: "nothing"}
	}
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		return typeRef{Name: name, Explained: len(r.schemas[name].Properties) > 0}
	}
	of, isMap := s.AdditionalProperties.(*huma.Schema)
	switch {
	case s.Items != nil:
		t := r.typeOf(s.Items)
		t.Before = "list of " + t.Before
		return t
	case isMap:
		t := r.typeOf(of)
		t.Before = "by name: " + t.Before
		return t
	case s.Format == "date-time":
		return typeRef{Name: "time"}
	}
	return typeRef{Name: cmp.Or(s.Type, "any JSON")}
}

// example is how an operation is asked for with curl.
func (r reader) example(op *huma.Operation, body *readableBody) string {
	path := op.Path
	posting := false
	for _, p := range op.Parameters {
		if p.In == "path" && p.Schema != nil && len(p.Schema.Examples) > 0 {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Schema.Examples[0]))
		}
		posting = posting || p.Name == "Idempotency-Key"
	}
	parts := []string{`curl "$DOORSTEP` + path + `"`, `-H "Authorization: Bearer $KEY"`}
	if posting {
		parts = append(parts, `-H "Idempotency-Key: $(uuidgen)"`)
	}
	switch {
	case body == nil && op.Method == http.MethodPost:
		parts = append(parts, "-X POST")
	case body != nil && body.MediaType == ndjson:
		parts = append(parts, `-H "Content-Type: `+ndjson+`"`, "--data-binary @orders.ndjson")
	case body != nil:
		sent, _ := r.schemas[body.Type.Name].Examples[0].(json.RawMessage)
		parts = append(parts, `-H "Content-Type: application/json"`, "-d '"+string(sent)+"'")
	}
	return strings.Join(parts, " \\\n  ")
}
