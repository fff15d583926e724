package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/access"
	"doorstep/order"
	"doorstep/process"
)

// CancelRequest cancels an order.
type CancelRequest struct {
	Reason string `json:"reason,omitempty"` // Why, for the books.
}

// HoldRequest stops an order.
type HoldRequest struct {
	Reason string `json:"reason"`         // Why, as a word for programs.
	Text   string `json:"text,omitempty"` // Why, for people.
}

// NoteRequest is a note about an order.
type NoteRequest struct {
	Text string `json:"text"`
}

// Nothing is the body of a request that needs none.
type Nothing struct{}

func (a *API) orderChanges() {
	changeOrder(a, "cancel", "Cancel an order",
		"While a provider is being asked, it is cancelled as soon as the answer is there. What has left can not be cancelled: too_late names the way that is left. A part of an order is cancelled by an edit.",
		func(ctx context.Context, by process.Command, id string, q CancelRequest) (process.Result[order.Order], error) {
			return a.process.Cancel(ctx, by, id, q.Reason)
		})
	previewOrder(a, access.Orders, "cancel", "Preview what cancelling an order would undo", func(ctx context.Context, id string, _ CancelRequest) (process.CancelPlan, int64, error) {
		plan, err := a.process.PreviewCancel(ctx, id)
		return plan, plan.Version, err
	})
	changeOrder(a, "edit", "Change what is ordered, where it goes or how it is shipped",
		"Parcels that this touches are packed anew, and money that is too much goes back. While a provider is being asked, the order is changed as soon as the answer is there. What has left stays as it is: too_late names the way that is left.",
		func(ctx context.Context, by process.Command, id string, q order.Edit) (process.Result[order.Order], error) {
			return a.process.Edit(ctx, by, id, q)
		})
	previewOrder(a, access.Orders, "edit", "Preview what a change of an order comes to", func(ctx context.Context, id string, q order.Edit) (process.EditPlan, int64, error) {
		plan, err := a.process.PreviewEdit(ctx, id, q)
		plan.Lines = list(plan.Lines)
		return plan, plan.Version, err
	})
	changeOrder(a, "withdraw-edit", "Give up a change that waits for what is in flight", "The order goes on as it was.",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.WithdrawEdit(ctx, by, id)
		})
	changeOrder(a, "hold", "Stop an order until it is released",
		"What waits, waits until then; the answer of a provider that is being asked is still recorded.",
		func(ctx context.Context, by process.Command, id string, q HoldRequest) (process.Result[order.Order], error) {
			return a.process.Hold(ctx, by, id, q.Reason, q.Text)
		})
	changeOrder(a, "release", "Let a held order go on", "",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.Release(ctx, by, id)
		})
	changeOrder(a, "retry", "Try the steps of an order again that are stuck", "What was asked is asked again under its key.",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.RetryStuck(ctx, by, id)
		})
	postToOrder(a, operation{id: "note-order", path: "notes", summary: "Write a note about an order"},
		func(ctx context.Context, by process.Command, id string, q NoteRequest) (process.Result[order.Order], error) {
			return a.process.Note(ctx, by, id, q.Text)
		})
}

// changeOrder registers an operation that changes an order and answers with it.
func changeOrder[Q any](a *API, verb, summary, description string, do func(context.Context, process.Command, string, Q) (process.Result[order.Order], error)) {
	postToOrder(a, operation{id: verb + "-order", path: verb, summary: summary, description: description}, do)
}

// postToOrder is changeOrder for an operation of which the path below the order is no
// verb.
func postToOrder[Q any](a *API, o operation, do func(context.Context, process.Command, string, Q) (process.Result[order.Order], error)) {
	o.method, o.path, o.tag, o.scope, o.answer = http.MethodPost, "/v1/orders/{order}/"+o.path, tagOf(o.path), access.Orders, order.Order{}
	register(a, o, func(ctx context.Context, in *struct {
		OrderPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, id, err := commandOf(ctx, in, in.Order, a.orderID)
		if err != nil {
			return answer{}, err
		}
		return changed(do(ctx, by, id, in.Value))
	})
}

// commandOf is commandOn for what the request names, with what is found under the name.
func commandOf[T any](ctx context.Context, in changing, named string, find func(context.Context, string) (T, error)) (by process.Command, found T, err error) {
	if by, err = commandOn(ctx, in); err != nil {
		return by, found, err
	}
	found, err = find(ctx, named)
	return by, found, err
}

// changed is an order that was changed, as an answer.
func changed(r process.Result[order.Order], err error) (answer, error) {
	return answer{body: r.Value, version: r.Value.Version, replayed: r.Replayed}, err
}

// previewOrder registers the preview of a change, which changes nothing: what the
// change would come to, and the version of the order at which it would.
func previewOrder[Q, P any](a *API, scope access.Scope, what, summary string, do func(context.Context, string, Q) (P, int64, error)) {
	var plan P
	register(a, operation{
		id: "preview-" + what, method: http.MethodPost, path: "/v1/orders/{order}/" + what + "/preview", tag: tagOf(what), scope: scope, versioned: true, answer: plan,
		summary: summary, description: aboutPreviews,
	}, func(ctx context.Context, in *struct {
		OrderPath
		Sent[Q]
	}) (answer, error) {
		id, err := a.orderID(ctx, in.Order)
		if err != nil {
			return answer{}, err
		}
		plan, version, err := do(ctx, id, in.Value)
		return answer{body: plan, version: version}, err
	})
}

// tagOf is the group of what is made of an order, such as its refunds, or the orders'
// own.
func tagOf(what string) string {
	if slices.ContainsFunc(tags, func(t *huma.Tag) bool { return t.Name == what }) {
		return what
	}
	if what == "exchanges" {
		return "returns"
	}
	return "orders"
}

// makeOfOrder registers an operation that makes something of an order, such as a
// refund, and answers with it and the order.
func makeOfOrder[Q, T any](a *API, scope access.Scope, what, id, summary, description string, do func(context.Context, process.Command, string, Q) (process.Result[T], error), made func(T) (order.Order, string)) {
	var one T
	register(a, operation{
		id: id, method: http.MethodPost, path: "/v1/orders/{order}/" + what, tag: tagOf(what), scope: scope, status: http.StatusCreated, answer: one,
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		OrderPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, id, err := commandOf(ctx, in, in.Order, a.orderID)
		if err != nil {
			return answer{}, err
		}
		r, err := do(ctx, by, id, in.Value)
		o, location := made(r.Value)
		return answer{body: r.Value, version: o.Version, replayed: r.Replayed, location: location}, err
	})
}

const aboutPreviews = "Nothing changes. Sent as If-Match with the change itself, the ETag has that refused when the order has changed since."
