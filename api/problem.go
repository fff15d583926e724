package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/fault"
	"doorstep/internal/web"
)

// Problem is what is wrong, as a problem document (RFC 9457). Its code says what kind
// of problem it is and thereby what a caller can do.
type Problem struct {
	Type   string        `json:"type"`             // A link to what the documentation says of the code.
	Title  string        `json:"title"`            // The kind of problem, in words.
	Status int           `json:"status"`           // The HTTP status.
	Code   fault.Code    `json:"code"`             // The kind of problem, for programs.
	Detail string        `json:"detail,omitempty"` // What is wrong in this case, in words.
	Fields []fault.Field `json:"fields,omitempty"` // What is wrong with the input, field by field, and what would be right.
	Trace  string        `json:"trace,omitempty"`  // The identifier of the request in the logs of the server.
}

// kind is what a code means over HTTP.
type kind struct {
	status int
	title  string
	advice string // what a caller should do about it
}

// kinds are all codes that an answer may have. docs/errors.md is written from them.
var kinds = map[fault.Code]kind{
	fault.Invalid:      {http.StatusUnprocessableEntity, "The request is not right.", "Mend the fields that are named and send it again."},
	fault.NotFound:     {http.StatusNotFound, "There is no such thing.", "Look whether its identifier is right, and whether it is this shop's."},
	fault.Conflict:     {http.StatusConflict, "It does not go together with how things stand.", "Look at the thing again, then decide. An idempotency key that was used for another request gives it, too: take a new one."},
	fault.Stale:        {http.StatusPreconditionFailed, "It has changed since.", "Read it again, decide anew, and send the request with the new ETag in If-Match."},
	fault.TooLate:      {http.StatusConflict, "It is too late for that.", "The order has gone past the point where it could be done: the detail names the way that is left."},
	fault.Forbidden:    {http.StatusForbidden, "This key may not do that.", "Use a key with the scope that the detail names."},
	fault.Unavailable:  {http.StatusServiceUnavailable, "Not now.", "Ask again later, with the same idempotency key."},
	fault.Locked:       {http.StatusServiceUnavailable, "The database is held by another process.", "Ask again later, with the same idempotency key."},
	fault.Internal:     {http.StatusInternalServerError, "Something is wrong here.", "Ask again with the same idempotency key; if it stays, report it with the trace."},
	codeUnknownKey:     {http.StatusUnauthorized, "An API key is needed.", "Send a key that is valid: Authorization: Bearer dsk_…"},
	codeTooMany:        {http.StatusTooManyRequests, "Too many requests.", "Wait for as long as Retry-After says."},
	codeTooLarge:       {http.StatusRequestEntityTooLarge, "The request is too large.", "Send less at once."},
	codeTooSlow:        {http.StatusRequestTimeout, "The request took too long to arrive.", "Send it again, faster."},
	codeMediaType:      {http.StatusUnsupportedMediaType, "The body is of another type.", "Send the type that the operation takes, such as application/json."},
	codeNotAllowed:     {http.StatusMethodNotAllowed, "This method is not for this path.", "Look at the document for the methods of the path."},
	codeNotAcceptable:  {http.StatusNotAcceptable, "There is no answer of that type.", "Accept application/json."},
	codeHeadersTooBig:  {http.StatusRequestHeaderFieldsTooLarge, "The headers are too large.", "Send fewer or shorter headers."},
	codeStreamsTooMany: {http.StatusServiceUnavailable, "Too many streams are open.", "Close one, or come again when another has ended."},
}

// The codes that are of HTTP alone.
const (
	codeUnknownKey     fault.Code = "unauthenticated"
	codeTooMany        fault.Code = "too_many_requests"
	codeTooLarge       fault.Code = "too_large"
	codeTooSlow        fault.Code = "too_slow"
	codeMediaType      fault.Code = "unsupported_media_type"
	codeNotAllowed     fault.Code = "method_not_allowed"
	codeNotAcceptable  fault.Code = "not_acceptable"
	codeHeadersTooBig  fault.Code = "headers_too_large"
	codeStreamsTooMany fault.Code = "too_many_streams"
)

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problem documents, for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// problem returns a code as a problem.
func problem(code fault.Code, detail string, fields ...fault.Field) *Problem {
	k, known := kinds[code]
	if !known {
		k = kinds[fault.Internal]
	}
	return &Problem{Type: errorsPath + "#" + string(code), Title: k.title, Status: k.status, Code: code, Detail: detail, Fields: fields}
}

// problemOf returns an error as a problem. What has no code is logged whole and shown
// opaque.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if ctx.Err() != nil && fault.CodeOf(err) == fault.Internal {
		return problem(fault.Unavailable, "the request was given up before it was done")
	}
	e := fault.As(err)
	if e == nil || e.Code == fault.Internal {
		id := web.RequestOf(ctx).ID
		log.ErrorContext(ctx, "a request failed", "error", err, "request", id)
		p = problem(fault.Internal, "something went wrong that should not have")
		p.Trace = id
		return p
	}
	return problem(e.Code, e.Message, e.Fields...)
}

// init has huma make its own errors, of parameters and bodies, problems as well, and
// lists that are empty and never null. It knows one way of these for the whole program.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = humaProblem
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return humaProblem(status, message, errs...)
	}
}

// byStatus are the codes of what huma finds wrong.
var byStatus = map[int]fault.Code{
	http.StatusBadRequest: fault.Invalid, http.StatusUnprocessableEntity: fault.Invalid, http.StatusNotFound: fault.NotFound,
	http.StatusRequestEntityTooLarge: codeTooLarge, http.StatusRequestTimeout: codeTooSlow, http.StatusUnsupportedMediaType: codeMediaType,
	http.StatusMethodNotAllowed: codeNotAllowed, http.StatusNotAcceptable: codeNotAcceptable,
}

func humaProblem(status int, message string, errs ...error) huma.StatusError {
	var fields []fault.Field
	for _, err := range errs {
		var p *Problem
		var detail *huma.ErrorDetail
		switch e := fault.As(err); {
		case errors.As(err, &p):
			return p
		case e != nil:
			return problem(e.Code, e.Message, append(fields, e.Fields...)...)
		case errors.As(err, &detail):
			fields = append(fields, fault.Field{Path: parameter(detail.Location), Code: "malformed", Message: detail.Message})
		}
	}
	code, known := byStatus[status]
	if !known {
		code = fault.Internal
	}
	if len(fields) > 0 {
		message = "the request is not right: " + fields[0].Path + ": " + fields[0].Message
	}
	return problem(code, message, fields...)
}

// parameter is a place as fields name theirs: without where it is sent.
func parameter(location string) string {
	for _, in := range []string{"query.", "path.", "header.", "body."} {
		if rest, ok := strings.CutPrefix(location, in); ok {
			return rest
		}
	}
	return location
}

// refuse answers a request that no operation has seen.
func refuse(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }
