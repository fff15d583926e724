package api

import (
	"cmp"
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/event"
)

// Feed is a part of the feed of events.
type Feed struct {
	Items []event.Event `json:"items"` // The events behind the cursor, each subject's in their order.
	Next  event.Cursor  `json:"next"`  // The cursor behind the last of them: keep it, and nothing is missed.
}

const feedPath = "/v1/events"

func (a *API) events() {
	register(a, operation{
		id: "list-events", method: http.MethodGet, path: feedPath, tag: "events", scope: access.Read, answer: Feed{},
		summary: "Read the feed of events",
		description: "A reader that keeps its cursor misses nothing and sees one subject's events in their order, however many writers there are and whenever they commit. The feed has no names, mails or addresses. " +
			"Who accepts text/event-stream is sent the events as they come, as server-sent events: each has as id the cursor behind it, and a comment comes where there is nothing new. " +
			"A stream takes after alone; a reader that was cut off comes again with Last-Event-ID. One that takes too long to read, or whose key has ended, is cut off.",
	}, func(ctx context.Context, in *struct {
		After string `query:"after" maxLength:"200" doc:"The next of the part that was read before; the beginning when it is missing."`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
		Last  string `header:"Last-Event-ID" maxLength:"200" doc:"The id of the last event that was read: as after, and in its place."`
	}) (answer, error) {
		events, next, err := a.process.Events(ctx, event.Cursor(cmp.Or(in.Last, in.After)), in.Limit)
		return answer{body: Feed{Items: list(events), Next: next}}, err
	})
	a.documentStream()
}
