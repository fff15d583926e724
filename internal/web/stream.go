package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// EventStream is the media type of server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
const EventStream = "text/event-stream"

// anewAfter is in which a reader that was cut off comes again.
const anewAfter = 2 * time.Second

// Streams counts those that are open, and ends them.
type Streams struct {
	free chan struct{}
	ctx  context.Context
	end  context.CancelFunc
}

// NewStreams returns streams of which up to most are open at once.
func NewStreams(most int) *Streams {
	s := &Streams{free: make(chan struct{}, most)}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// Most is how many can be open at once.
func (s *Streams) Most() int { return cap(s.free) }

// End ends every stream, now and from now on.
func (s *Streams) End() { s.end() }

// Open opens a stream where one more can be: its context ends with the request's, and
// with End. It is to be closed.
func (s *Streams) Open(of context.Context) (ctx context.Context, closed func(), open bool) {
	select {
	case s.free <- struct{}{}:
	default:
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(of)
	unhook := context.AfterFunc(s.ctx, cancel)
	return ctx, func() {
		unhook()
		cancel()
		<-s.free
	}, true
}

// Event is what is sent of one event.
type Event struct {
	ID   string // by which a reader says how far it is; none when ""
	Data []byte
}

// Stream sends server-sent events to one reader.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	within  time.Duration
	begun   bool
}

// NewStream begins to answer with a stream, whose reader must have taken what is sent at
// once within a time. Nothing is sent yet.
func NewStream(w http.ResponseWriter, within time.Duration) (*Stream, error) {
	s := &Stream{w: w, control: http.NewResponseController(w), within: within}
	if err := s.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return s, nil
}

// Begun says whether anything was sent.
func (s *Stream) Begun() bool { return s.begun }

// Send sends events, or a comment when there are none.
func (s *Stream) Send(events ...Event) error {
	if err := s.until(time.Now().Add(s.within)); err != nil {
		return err
	}
	var b bytes.Buffer
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", EventStream)
		fmt.Fprintf(&b, "retry: %d\n\n", anewAfter.Milliseconds())
	}
	for _, e := range events {
		if e.ID != "" {
			fmt.Fprintf(&b, "id: %s\n", e.ID)
		}
		for line := range bytes.SplitSeq(e.Data, []byte("\n")) {
			fmt.Fprintf(&b, "data: %s\n", line)
		}
		b.WriteByte('\n')
	}
	if len(events) == 0 {
		b.WriteString(": nothing new\n\n")
	}
	if _, err := s.w.Write(b.Bytes()); err != nil {
		return err
	}
	if err := s.control.Flush(); err != nil {
		return err
	}
	return s.until(time.Time{}) // HTTP/2 would cut off a stream that is silent for as long
}

// until is by when what is sent must have been taken; zero for any time.
func (s *Stream) until(t time.Time) error {
	if err := s.control.SetWriteDeadline(t); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
