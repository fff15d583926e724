package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
)

// The feed as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
const (
	eventStream = "text/event-stream"
	streamPage  = 100             // how many events are read at once
	mostStreams = 200             // at once
	anewAfter   = 2 * time.Second // in which a reader that was cut off comes again
)

// streams counts those that are open, and ends them.
type streams struct {
	free chan struct{}
	ctx  context.Context
	end  context.CancelFunc
}

func newStreams() *streams {
	s := &streams{free: make(chan struct{}, mostStreams)}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// EndStreams ends every stream of events, now and from now on: their readers come again
// where they were. Requests of other kinds go on.
func (a *API) EndStreams() { a.streams.end() }

// streaming answers who accepts a stream of events with one.
func (a *API) streaming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != feedPath || !accepts(r, eventStream) {
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
	select {
	case a.streams.free <- struct{}{}:
		defer func() { <-a.streams.free }()
	default:
		return problem(codeStreamsTooMany, fmt.Sprintf("%d streams are open, and no more can be", mostStreams))
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.streams.ctx, cancel)()
	out := &stream{w: w, control: http.NewResponseController(w), within: a.patience}
	if err := out.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	silent := a.patience * 3 / 2 // until a comment says that the stream is alive
	err = a.process.Follow(ctx, after, streamPage, silent, func(entries []event.Entry) error {
		if _, valid, err := a.keys.open(ctx, secretOf(r)); err != nil || !valid {
			return errors.Join(err, errStreamEnds)
		}
		return out.send(entries)
	})
	if !out.begun {
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

// stream writes to one reader.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	within  time.Duration // in which the reader must have taken what is sent at once
	begun   bool
}

// send sends events, or a comment when there are none.
func (s *stream) send(entries []event.Entry) error {
	if err := s.until(time.Now().Add(s.within)); err != nil {
		return err
	}
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", eventStream)
		if _, err := fmt.Fprintf(s.w, "retry: %d\n\n", anewAfter.Milliseconds()); err != nil {
			return err
		}
	}
	for _, e := range entries {
		data, err := json.Marshal(e.Event)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(s.w, "id: %s\ndata: %s\n\n", e.Cursor, data); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		if _, err := fmt.Fprint(s.w, ": nothing new\n\n"); err != nil {
			return err
		}
	}
	if err := s.control.Flush(); err != nil {
		return err
	}
	return s.until(time.Time{}) // HTTP/2 would cut off a stream that is silent for as long
}

// until is by when what is sent must have been taken; zero for any time.
func (s *stream) until(t time.Time) error {
	if err := s.control.SetWriteDeadline(t); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// documentStream says in the document that the feed can be streamed.
func (a *API) documentStream() {
	op := a.huma.OpenAPI().Paths[feedPath].Get
	op.Responses["200"].Content[eventStream] = &huma.MediaType{Schema: &huma.Schema{
		Type:        huma.TypeString,
		Description: "Server-sent events: each has an event of the feed as data, in JSON, and as id the cursor behind it. A comment comes at least every 15 seconds.",
	}}
}
