package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/process"
	"doorstep/webhook"
)

// WebhookPath names a webhook.
type WebhookPath struct {
	Webhook string `path:"webhook" maxLength:"64" example:"whk_01JD3Z0000000000000000000A" doc:"The identifier of the webhook."`
}

// RotateRequest asks for a new secret.
type RotateRequest struct {
	Overlap *int64 `json:"overlap,omitempty"` // For how many seconds the secret before signs as well, up to 604800; 86400 when missing.
}

// overlapUsual is for how long two secrets sign when nothing else is asked for.
const overlapUsual = 24 * time.Hour

func (q RotateRequest) overlap() time.Duration {
	if q.Overlap == nil {
		return overlapUsual
	}
	return time.Duration(min(max(*q.Overlap, -1), int64(process.MaxOverlap/time.Second)+1)) * time.Second
}

// ReplayRequest asks for events to be sent again.
type ReplayRequest struct {
	From string `json:"from,omitempty"` // The first event that is sent again: its subject, a dot and its version; missing for the first of all.
}

func (a *API) webhooks() {
	register(a, operation{
		id: "add-webhook", method: http.MethodPost, path: "/v1/webhooks", tag: "webhooks", scope: access.Admin, status: http.StatusCreated, answer: process.NewWebhook{},
		summary: "Have events sent to an address",
		description: "Each event is sent by POST, signed by the Standard Webhooks specification: verify it with one of its libraries and the secret, which is in this answer alone. " +
			"Any 2xx within 15 seconds takes the event; everything else has it sent again for three days, ever less often, while the later events of the same subject wait. " +
			"An event may come more than once, each time under the same webhook-id.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[webhook.Request]
	}) (answer, error) {
		r, err := a.process.AddWebhook(ctx, command(ctx, in.key()), in.Value)
		return answer{body: r.Value, replayed: r.Replayed, location: "/v1/webhooks/" + r.Value.ID}, err
	})
	register(a, operation{
		id: "list-webhooks", method: http.MethodGet, path: "/v1/webhooks", tag: "webhooks", scope: access.Admin, answer: Page[webhook.Endpoint]{},
		summary: "List the webhooks, the newest first", description: "There are never more than 50: all are on one page.",
	}, func(ctx context.Context, _ *struct{}) (answer, error) {
		all, err := a.process.Webhooks(ctx)
		return answer{body: Page[webhook.Endpoint]{Items: all}}, err
	})
	register(a, operation{
		id: "show-webhook", method: http.MethodGet, path: "/v1/webhooks/{webhook}", tag: "webhooks", scope: access.Admin, answer: webhook.Endpoint{},
		summary: "Show a webhook",
	}, func(ctx context.Context, in *WebhookPath) (answer, error) {
		e, err := a.process.Webhook(ctx, in.Webhook)
		return answer{body: e}, err
	})
	changeWebhook(a, "change", "Change the name, address and types of a webhook", "All of them are given: what is missing is empty.", webhook.Endpoint{},
		func(ctx context.Context, by process.Command, id string, q webhook.Request) (any, bool, error) {
			r, err := a.process.ChangeWebhook(ctx, by, id, q)
			return r.Value, r.Replayed, err
		})
	changeWebhook(a, "disable", "Send nothing to a webhook", "What happens meanwhile is sent when it is enabled again.", webhook.Endpoint{},
		func(ctx context.Context, by process.Command, id string, _ Nothing) (any, bool, error) {
			r, err := a.process.DisableWebhook(ctx, by, id)
			return r.Value, r.Replayed, err
		})
	changeWebhook(a, "enable", "Send to a webhook again", "It goes on where it stopped, at once; of one that is enabled, what waits is tried at once.", webhook.Endpoint{},
		func(ctx context.Context, by process.Command, id string, _ Nothing) (any, bool, error) {
			r, err := a.process.EnableWebhook(ctx, by, id)
			return r.Value, r.Replayed, err
		})
	changeWebhook(a, "rotate", "Give a webhook a new secret", "It is in this answer alone. For a while, everything is signed with the one before as well.", process.NewWebhook{},
		func(ctx context.Context, by process.Command, id string, q RotateRequest) (any, bool, error) {
			r, err := a.process.RotateWebhook(ctx, by, id, q.overlap())
			return r.Value, r.Replayed, err
		})
	changeWebhook(a, "replay", "Send events to a webhook again", "All from the one that is named on, each under the webhook-id that it had: who drops what it has seen must let them in.", webhook.Endpoint{},
		func(ctx context.Context, by process.Command, id string, q ReplayRequest) (any, bool, error) {
			r, err := a.process.ReplayWebhook(ctx, by, id, q.From)
			return r.Value, r.Replayed, err
		})
	register(a, operation{
		id: "list-deliveries", method: http.MethodGet, path: "/v1/webhooks/{webhook}/deliveries", tag: "webhooks", scope: access.Admin, answer: Page[webhook.Delivery]{},
		summary: "List the last tries to deliver to a webhook, the newest first", description: "The last 1000 are kept.",
	}, func(ctx context.Context, in *struct {
		WebhookPath
		Paging
	}) (answer, error) {
		before, err := numberBefore(in.Cursor)
		if err != nil {
			return answer{}, err
		}
		all, err := a.process.WebhookDeliveries(ctx, in.Webhook, before, in.Limit+1)
		return answer{body: page(all, in.Limit, func(d webhook.Delivery) string { return strconv.FormatInt(d.N, 10) })}, err
	})
}

// numberBefore reads a cursor that is a number, 0 for none.
//
// Errors: invalid.
func numberBefore(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || n < 1 {
		var c fault.Check
		c.Add("cursor", "malformed", "the next of the page before")
		return 0, c.Err("the request")
	}
	return n, nil
}

// changeWebhook registers an operation that changes a webhook and answers with it.
func changeWebhook[Q any](a *API, verb, summary, description string, with any, do func(context.Context, process.Command, string, Q) (body any, replayed bool, err error)) {
	register(a, operation{
		id: verb + "-webhook", method: http.MethodPost, path: "/v1/webhooks/{webhook}/" + verb, tag: "webhooks", scope: access.Admin, answer: with,
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		WebhookPath
		Posting
		Sent[Q]
	}) (answer, error) {
		body, replayed, err := do(ctx, command(ctx, in.key()), in.Webhook, in.Value)
		return answer{body: body, replayed: replayed}, err
	})
}
