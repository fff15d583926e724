package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/process"
)

// AttendRequest names what something is to be done about.
type AttendRequest struct {
	Item string `json:"item"` // As the list names it, such as 1001/buy_label; an order or a ticket for all of it.
}

func (a *API) attention() {
	register(a, operation{
		id: "list-attention", method: http.MethodGet, path: "/v1/attention", tag: "attention", scope: access.Read, answer: process.Attention{},
		summary:     "List what is held, stuck or late, what is there for longest first",
		description: "It has no pages: what was seen to is gone from it, and what it leaves out is counted.",
	}, func(ctx context.Context, in *struct {
		Cause process.Cause `query:"cause" doc:"Only what is so."`
		Limit int           `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	}) (answer, error) {
		found, err := a.process.Attention(ctx, in.Cause, in.Limit)
		found.Items = list(found.Items)
		for i := range found.Items {
			found.Items[i].Ways = list(found.Items[i].Ways)
		}
		return answer{body: found}, err
	})
	a.way(process.WayRetry, "Try steps again that are stuck; release orders that are held", "What was asked is asked again under its key.")
	a.way(process.WaySkip, "Pass over steps that a person sees to", "Only a step without which the order still stands as it does.")
	a.way(process.WayCompensate, "Cancel an order that can not go on", "What was begun is undone.")
}

// way registers what can be done about what needs attention, and its preview.
func (a *API) way(w process.Way, summary, description string) {
	register(a, operation{
		id: string(w) + "-attention", method: http.MethodPost, path: "/v1/attention/" + string(w), tag: "attention", scope: access.Orders, answer: process.Attended{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[AttendRequest]
	}) (answer, error) {
		r, err := a.process.Attend(ctx, command(ctx, in.key()), w, in.Value.Item)
		r.Value.Steps = list(r.Value.Steps)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
	register(a, operation{
		id: "preview-" + string(w) + "-attention", method: http.MethodPost, path: "/v1/attention/" + string(w) + "/preview", tag: "attention", scope: access.Orders, answer: process.Attended{},
		summary: "Preview: " + summary, description: "Nothing changes.",
	}, func(ctx context.Context, in *struct{ Sent[AttendRequest] }) (answer, error) {
		would, err := a.process.PreviewAttend(ctx, w, in.Value.Item)
		would.Steps = list(would.Steps)
		return answer{body: would}, err
	})
}
