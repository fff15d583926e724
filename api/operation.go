package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/process"
)

// operation is one thing that can be asked for.
type operation struct {
	id, method, path string
	tag              string
	summary          string
	description      string
	scope            access.Scope // which a key needs for it
	status           int          // of a good answer, 200 when 0
	versioned        bool         // the answer has the version of the order that it is about
	answer           any          // a value of the type of the answer
	ambiguous        bool         // what its path names can be several, which is a conflict
}

// answer is what an operation answers with.
type answer struct {
	body     any
	version  int64 // of the order that it is about, 0 for none
	replayed bool
	location string // where what was made is found
}

// reply is an answer as huma writes it.
type reply struct {
	ETag     string `header:"ETag" doc:"The version of the order, or of the policy, for If-Match."`
	Replayed string `header:"Idempotency-Replayed" doc:"true where the answer was given before, under the same key."`
	Location string `header:"Location" doc:"Where what was made is found."`
	Body     any
}

// Posting is what every request has that changes something.
type Posting struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"A name for the request, such as a random UUID. Sent again under it, it changes nothing more and is given the first answer."`
}

func (p Posting) key() string { return p.IdempotencyKey }

// Matching is what every request has that changes an order.
type Matching struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the order, or of the policy, as it was seen: when it has changed since, the request is refused with 412."`
}

func (m Matching) version() (int64, error) {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return 0, nil
	}
	text := strings.TrimPrefix(m.IfMatch, "W/")
	n, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil || n < 1 {
		var check fault.Check
		check.Add("If-Match", "malformed", `an ETag such as "17"`)
		return 0, check.Err("the request")
	}
	return n, nil
}

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// Sent is the body of a request, which is read as strictly as the command line reads.
type Sent[T any] struct{ Value T }

// Resolve reads the body, for huma.
func (b *Sent[T]) Resolve(ctx huma.Context) []error {
	data, err := readBody(ctx, "application/json", maxBody)
	if err == nil && len(data) > 0 {
		err = strictjson.Unmarshal(data, "the request", &b.Value)
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

func (b *Sent[T]) schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// empty says whether no body is as good as an empty one: what is needed of it is asked
// for by the use case.
func (b *Sent[T]) empty() bool { return reflect.TypeFor[T]().NumField() == 0 }

// bodied is an input with a body.
type bodied interface {
	schema(huma.Registry) *huma.Schema
	empty() bool
}

func readBody(ctx huma.Context, mediaType string, most int64) ([]byte, error) {
	if got := ctx.Header("Content-Type"); got != "" && !isMediaType(got, mediaType) {
		return nil, problem(codeMediaType, "the body is "+mediaType)
	}
	within := patienceOf(ctx.Context())
	if err := ctx.SetReadDeadline(time.Now().Add(within)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(ctx.BodyReader(), most+1))
	switch {
	case isTimeout(err):
		return nil, problem(codeTooSlow, "the body did not arrive within "+within.String())
	case err != nil:
		return nil, fault.New(fault.Invalid, "the body can not be read to its end: %w", err)
	case int64(len(data)) > most:
		return nil, problem(codeTooLarge, "the body is longer than "+strconv.FormatInt(most, 10)+" bytes")
	}
	_ = ctx.SetReadDeadline(time.Time{}) // which would end the request while it is worked on
	return data, nil
}

func isMediaType(header, mediaType string) bool {
	got, _, err := mime.ParseMediaType(header)
	return err == nil && got == mediaType
}

func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

// errors that any operation may give, besides those of its own kind.
var always = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}

// register adds an operation, which do carries out.
func register[I any](a *API, o operation, do func(context.Context, *I) (answer, error)) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.description,
		DefaultStatus: o.status, Errors: errorsOf(o, reflect.TypeFor[I]()), Security: []map[string][]string{{"key": {}}},
		Extensions: map[string]any{"x-scope": o.scope},
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*reply, error) {
		if err := permitOf(ctx).Check(o.scope); err != nil {
			return nil, problemOf(ctx, a.log, err)
		}
		got, err := do(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, a.log, err)
		}
		r := &reply{Body: got.body, Location: got.location}
		if got.version > 0 {
			r.ETag = etag(got.version)
		}
		if got.replayed {
			r.Replayed = "true"
		}
		return r, nil
	})
	a.document(o, reflect.TypeFor[I]())
}

// errorsOf are the statuses of the problems that an operation may answer with.
func errorsOf(o operation, in reflect.Type) []int {
	errs := append([]int{}, always...)
	if _, named := in.FieldByName("OfOrder"); named || strings.Contains(o.path, "{") {
		errs = append(errs, http.StatusNotFound)
	}
	if o.method != http.MethodGet {
		errs = append(errs, http.StatusConflict, http.StatusNotFound)
	}
	if o.ambiguous {
		errs = append(errs, http.StatusConflict)
	}
	if in.Implements(reflect.TypeFor[interface{ version() (int64, error) }]()) {
		errs = append(errs, http.StatusPreconditionFailed)
	}
	if _, ok := reflect.New(in).Interface().(bodied); ok {
		errs = append(errs, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout, http.StatusUnsupportedMediaType)
	}
	return errs
}

// document says in the document what huma can not see: the bodies, and what words a
// parameter may be.
func (a *API) document(o operation, in reflect.Type) {
	doc := a.huma.OpenAPI()
	op := methodOf(doc.Paths[o.path], o.method)
	for _, f := range reflect.VisibleFields(in) {
		for _, p := range op.Parameters {
			if p.In == "query" && p.Name == f.Tag.Get("query") {
				describeField(p.Schema, f, in)
				p.Schema.PrecomputeMessages()
			}
		}
	}
	if b, ok := reflect.New(in).Interface().(bodied); ok {
		op.RequestBody = &huma.RequestBody{Required: !b.empty(), Content: map[string]*huma.MediaType{"application/json": {Schema: b.schema(doc.Components.Schemas)}}}
	}
	good := op.Responses[strconv.Itoa(o.status)]
	if good.Content = nil; o.answer != nil {
		good.Content = map[string]*huma.MediaType{"application/json": {Schema: doc.Components.Schemas.Schema(reflect.TypeOf(o.answer), true, "")}}
	}
	if _, matching := in.FieldByName("IfMatch"); !matching && !o.versioned {
		delete(good.Headers, "ETag")
	}
	if _, posting := in.FieldByName("IdempotencyKey"); !posting {
		delete(good.Headers, "Idempotency-Replayed")
	}
	if o.status != http.StatusCreated {
		delete(good.Headers, "Location")
	}
}

func methodOf(p *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodGet:
		return p.Get
	case http.MethodPost:
		return p.Post
	case http.MethodPut:
		return p.Put
	case http.MethodPatch:
		return p.Patch
	default:
		return p.Delete
	}
}

// command is what the key of a request commands.
func command(ctx context.Context, key string) process.Command {
	who := callerOf(ctx)
	return process.Command{By: who.actor, May: who.permit, Key: key}
}

// changing is a request that changes an order.
type changing interface {
	key() string
	version() (int64, error)
}

// commandOn is command for an order that may have to be at a version.
func commandOn(ctx context.Context, in changing) (process.Command, error) {
	version, err := in.version()
	return command(ctx, in.key()).At(version), err
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`          // What is on the page.
	Next  string `json:"next,omitempty"` // The cursor of the next page; missing on the last one.
}

// Paging is what every request for a list has.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"The next of the page before."`
}

// page returns a page of what was read one more than asked for, each with the place
// behind it.
func page[T any](items []T, limit int, place func(T) string) Page[T] {
	p := Page[T]{Items: items}
	if items == nil {
		p.Items = []T{}
	}
	if len(items) > limit {
		p.Items = items[:limit]
		p.Next = place(items[limit-1])
	}
	return p
}

func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone: no one else can be told
}
