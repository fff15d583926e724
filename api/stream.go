package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/web"
)

// The feed as server-sent events.
const (
	streamPage  = 100 // how many events are read at once
	mostStreams = 200 // at once
)

// EndStreams ends every stream of events, now and from now on: their readers come again
// where they were. Requests of other kinds go on.
func (a *API) EndStreams() { a.streams.End() }

// streaming answers who accepts a stream of events with one.
func (a *API) streaming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != feedPath || !accepts(r, web.EventStream) {
			next.ServeHTTP(w, r)
			return
		}
		if err := a.stream(w, r); err != nil {
			refuse(w, problemOf(r.Context(), a.log, err))
		}
	})
}

// accepts says whether the request names the media type.
func accepts(r *http.Request, mediaType string) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if got, _, err := mime.ParseMediaType(part); err == nil && got == mediaType {
			return true
		}
	}
	return false
}

// stream sends the events behind the cursor that is asked for, and those that come, until
// the reader is gone or too slow, its key has ended, or the server stops.
//
// Errors: forbidden; invalid; too_many_streams. Nothing was sent then.
func (a *API) stream(w http.ResponseWriter, r *http.Request) error {
	if err := permitOf(r.Context()).Check(access.Read); err != nil {
		return err
	}
	after, err := streamAfter(r)
	if err != nil {
		return err
	}
	ctx, closed, open := a.streams.Open(r.Context())
	if !open {
		return problem(codeStreamsTooMany, fmt.Sprintf("%d streams are open, and no more can be", a.streams.Most()))
	}
	defer closed()
	out, err := web.NewStream(w, a.patience)
	if err != nil {
		return err
	}
	silent := a.patience * 3 / 2 // until a comment says that the stream is alive
	err = a.process.Follow(ctx, after, streamPage, silent, func(entries []event.Entry) error {
		if _, valid, err := a.keys.open(ctx, secretOf(r)); err != nil || !valid {
			return errors.Join(err, errStreamEnds)
		}
		events := make([]web.Event, len(entries))
		for i, e := range entries {
			data, err := json.Marshal(e.Event)
			if err != nil {
				return err
			}
			events[i] = web.Event{ID: string(e.Cursor), Data: data}
		}
		return out.Send(events...)
	})
	if !out.Begun() {
		return err
	}
	return nil // whoever has begun to read is cut off, and comes again
}

var errStreamEnds = errors.New("api: the key of a stream has ended")

// streamAfter is behind which event a stream begins: the last that its reader has seen,
// or else what the address says.
//
// Errors: invalid.
func streamAfter(r *http.Request) (event.Cursor, error) {
	var check fault.Check
	check.If(r.ContentLength != 0, "body", "unknown", "a stream takes no body")
	query := r.URL.Query()
	for name := range query {
		check.If(name != "after", name, "unknown", "a stream takes after alone")
	}
	after := query.Get("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		after = last
	}
	check.If(len(after) > 200, "after", "too_long", "a cursor of the feed")
	return event.Cursor(after), check.Err("the request")
}

// documentStream says in the document that the feed can be streamed.
func (a *API) documentStream() {
	op := a.huma.OpenAPI().Paths[feedPath].Get
	op.Responses["200"].Content[web.EventStream] = &huma.MediaType{Schema: &huma.Schema{
		Type:        huma.TypeString,
		Description: "Server-sent events: each has an event of the feed as data, in JSON, and as id the cursor behind it. A comment comes at least every 15 seconds.",
	}}
}
