package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/order"
	"doorstep/process"
)

// Orders placed in bulk, as lines of JSON (https://github.com/ndjson/ndjson-spec).
const (
	ndjson      = "application/x-ndjson"
	bulkPath    = "/v1/orders/bulk"
	bulkAtOnce  = 64        // orders that are placed at once, which the database groups
	mostBulks   = 32        // that are under way at once
	longestLine = 256 << 10 // bytes
)

// BulkResult is what became of one order of many.
type BulkResult struct {
	Line     int64           `json:"line"`               // Of the request, from 1.
	Status   int             `json:"status"`             // The HTTP status that the order would have had by itself.
	Replayed bool            `json:"replayed,omitempty"` // It was placed by an earlier line or request.
	Placed   *process.Placed `json:"placed,omitempty"`
	Problem  *Problem        `json:"problem,omitempty"` // Why it was not placed.
}

// bulkRequest has its body read as it comes.
type bulkRequest struct{ ctx huma.Context }

// Resolve keeps the request, for huma.
func (b *bulkRequest) Resolve(ctx huma.Context) []error {
	if b.ctx = ctx; !isMediaType(ctx.Header("Content-Type"), ndjson) {
		return []error{problem(codeMediaType, "the body is "+ndjson)}
	}
	return nil
}

func (a *API) bulk() {
	o := operation{method: http.MethodPost, path: bulkPath}
	registry := a.huma.OpenAPI().Components.Schemas
	huma.Register(a.huma, huma.Operation{
		OperationID: "place-orders", Method: o.method, Path: o.path, Tags: []string{"orders"}, Summary: "Place many orders",
		Description: "Each line is an order as JSON, with its reference, and each gets a result line, in the order in which they are done, while the request is still being sent. " +
			"A line that is wrong keeps no other back. Sent again, an order that was placed here is answered with its first answer. " +
			"When the request can not be read further, the last line says so, and what comes behind it was not looked at.",
		Errors: append(errorsOf(o, reflect.TypeFor[bulkRequest]()), http.StatusUnsupportedMediaType), Security: []map[string][]string{{"key": {}}},
		Extensions: map[string]any{"x-scope": access.Orders},
		Responses: map[string]*huma.Response{"200": {Description: "A result for each line.",
			Content: map[string]*huma.MediaType{ndjson: {Schema: registry.Schema(reflect.TypeFor[BulkResult](), true, "")}}}},
	}, func(ctx context.Context, in *bulkRequest) (*huma.StreamResponse, error) {
		if err := permitOf(ctx).Check(access.Orders); err != nil {
			return nil, problemOf(ctx, a.log, err)
		}
		select {
		case a.bulks <- struct{}{}:
		default:
			return nil, problem(codeStreamsTooMany, fmt.Sprintf("%d requests with many orders are under way, and no more can be", mostBulks))
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer func() { <-a.bulks }()
			r, w := humago.Unwrap(hc)
			w.Header().Del("Connection")
			hc.SetHeader("Content-Type", ndjson)
			hc.SetStatus(http.StatusOK)
			a.placeAll(ctx, r.Body, &results{w: w, control: http.NewResponseController(w), within: a.patience})
		}}, nil
	})
	// Said afterwards: huma would read the body itself.
	a.huma.OpenAPI().Paths[o.path].Post.RequestBody = &huma.RequestBody{Required: true,
		Content: map[string]*huma.MediaType{ndjson: {Schema: registry.Schema(reflect.TypeFor[order.Request](), true, "")}}}
}

// answeredAtOnce has a bulk that is refused be refused at once: net/http would first read
// what is still to be sent, of a sender who may wait for the answer, unless it hangs up.
func answeredAtOnce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == bulkPath && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// placeAll places the order of each line, and writes its result as soon as it is durable.
// Who does not take results is not read from: what is kept at once is bounded.
func (a *API) placeAll(ctx context.Context, body io.Reader, out *results) {
	_ = out.control.EnableFullDuplex() // HTTP/2 is, without
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, longestLine)
	room := make(chan struct{}, bulkAtOnce)
	var busy sync.WaitGroup
	defer busy.Wait()
	n := int64(1)
	last := time.Now().Add(toSendMany * a.patience)
	for ; out.wanted(); n++ {
		by := time.Now().Add(a.patience)
		if by.After(last) {
			by = last
		}
		if err := out.control.SetReadDeadline(by); err != nil && !errors.Is(err, http.ErrNotSupported) {
			break
		}
		if !lines.Scan() {
			break
		}
		line := bytes.Clone(bytes.TrimSpace(lines.Bytes()))
		if len(line) == 0 {
			continue
		}
		at := n
		room <- struct{}{}
		busy.Go(func() {
			defer func() { <-room }()
			r := a.placeLine(ctx, line)
			r.Line = at
			out.write(r)
		})
	}
	err := lines.Err()
	if err == nil {
		_ = out.control.SetReadDeadline(time.Time{}) // which would end what is still placed
	} else {
		busy.Wait()
		p := a.unreadable(err)
		out.write(BulkResult{Line: n, Status: p.Status, Problem: p})
	}
}

// unreadable says why lines can not be read further.
func (a *API) unreadable(err error) *Problem {
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return problem(codeTooLarge, fmt.Sprintf("a line is at most %d bytes", longestLine))
	case isTimeout(err):
		return problem(codeTooSlow, fmt.Sprintf("the line did not arrive within %s, or all of them within %s", a.patience, toSendMany*a.patience))
	}
	return problem(fault.Invalid, "the request can not be read to its end")
}

// placeLine places one order. Its reference is its idempotency key.
func (a *API) placeLine(ctx context.Context, line []byte) BulkResult {
	var q order.Request
	err := strictjson.Unmarshal(line, "the order", &q)
	if err == nil {
		var check fault.Check
		check.If(q.Reference.Number == "", "reference", "required", "where the order comes from, by which it is placed once")
		err = check.Err("the order")
	}
	var r process.Result[process.Placed]
	if err == nil {
		r, err = a.process.Place(ctx, command(ctx, "bulk:"+q.Reference.Source+"/"+q.Reference.Number), q)
	}
	if err != nil {
		p := problemOf(ctx, a.log, err)
		return BulkResult{Status: p.Status, Problem: p}
	}
	return BulkResult{Status: http.StatusCreated, Replayed: r.Replayed, Placed: &r.Value}
}

// results writes one line after the other to one reader.
type results struct {
	w       http.ResponseWriter
	control *http.ResponseController
	within  time.Duration // in which a line must have been taken
	mu      sync.Mutex
	gone    bool // the reader takes no more
}

func (r *results) wanted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.gone
}

func (r *results) write(v BulkResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return
	}
	_ = r.control.SetWriteDeadline(time.Now().Add(r.within)) // where it can not be set, the server's own holds
	if json.NewEncoder(r.w).Encode(v) != nil || r.control.Flush() != nil {
		r.gone = true
	}
}
