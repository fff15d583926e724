package api

import (
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

func (a *API) events() {
	register(a, operation{
		id: "list-events", method: http.MethodGet, path: "/v1/events", tag: "events", scope: access.Read, answer: Feed{},
		summary:     "Read the feed of events",
		description: "A reader that keeps its cursor misses nothing and sees one subject's events in their order, however many writers there are and whenever they commit. The feed has no names, mails or addresses.",
	}, func(ctx context.Context, in *struct {
		After string `query:"after" maxLength:"200" doc:"The next of the part that was read before; the beginning when it is missing."`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	}) (answer, error) {
		events, next, err := a.process.Events(ctx, event.Cursor(in.After), in.Limit)
		return answer{body: Feed{Items: list(events), Next: next}}, err
	})
}
