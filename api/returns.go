package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// ReturnPath names a return.
type ReturnPath struct {
	Return string `path:"return" maxLength:"200" example:"ret_01JD3Z0000000000000000000A" doc:"The return: its identifier; or its order, where one of its returns is waited for."`
}

func (a *API) returns() {
	makeOfOrder(a, access.Orders, "returns", "authorise-return", "Allow a customer to send back what has arrived",
		"It is waited for as long as policy says. When it comes, it is received: its goods are graded, and its money goes back or a person decides, as policy has it.",
		a.process.AuthoriseReturn, func(r process.SendingBack) (order.Order, string) { return r.Order, "/v1/returns/" + r.Return.ID })
	previewOrder(a, access.Orders, "returns", "Preview what a return comes to", func(ctx context.Context, id string, q shipping.ReturnRequest) (process.ReturnPlan, int64, error) {
		plan, err := a.process.PreviewReturn(ctx, id, q)
		plan.Lines = list(plan.Lines)
		return plan, plan.Version, err
	})
	makeOfOrder(a, access.Orders, "exchanges", "make-exchange", "Take back what has arrived, and send something else",
		"A return, and a new order for the same customer in its place, at the catalogue's prices. What is wanted is reserved at once, and sent when what comes back pays for it; the rest of the money goes back.",
		a.process.Exchange, func(x process.Exchanged) (order.Order, string) { return x.Order, "/v1/orders/" + x.New.ID })
	previewOrder(a, access.Orders, "exchanges", "Preview what an exchange comes to", func(ctx context.Context, id string, q process.ExchangeRequest) (process.ExchangePlan, int64, error) {
		plan, err := a.process.PreviewExchange(ctx, id, q)
		plan.Lines, plan.From, plan.Return.Lines = list(plan.Lines), list(plan.From), list(plan.Return.Lines)
		return plan, plan.Return.Version, err
	})
	listOfOrder(a, "returns", func(ctx context.Context, f narrowed[shipping.ReturnStatus]) ([]shipping.Return, error) {
		return a.process.Returns(ctx, shipping.ReturnFilter(f))
	}, func(r shipping.Return) string { return r.ID })
	register(a, operation{
		id: "show-return", method: http.MethodGet, path: "/v1/returns/{return}", tag: "returns", scope: access.Read, versioned: true, ambiguous: true, answer: Return{},
		summary: "Show a return with what may come back, and what did",
	}, func(ctx context.Context, in *ReturnPath) (answer, error) {
		r, err := a.process.FindReturn(ctx, in.Return)
		if err != nil {
			return answer{}, err
		}
		return a.part(ctx, r.Order, func(v process.Overview) any { return only(viewReturns(v), func(x Return) bool { return x.ID == r.ID }) })
	})
	a.returnChanges()
}

func (a *API) returnChanges() {
	changeReturn(a, "receive", "Say what came of a return, and what of it can not be sold again",
		"The rest goes on hand; its money goes back, or a person decides, as policy has it. What did not come may be returned anew.",
		func(ctx context.Context, by process.Command, r shipping.Return, q shipping.Reception) (process.Result[order.Order], error) {
			return a.process.ReceiveReturn(ctx, by, r.Order, r.ID, q)
		})
	register(a, operation{
		id: "preview-receive-return", method: http.MethodPost, path: "/v1/returns/{return}/receive/preview", tag: "returns", scope: access.Orders, versioned: true, answer: process.ReceivingPlan{},
		summary: "Preview what receiving a return puts where, and gives back", description: aboutPreviews,
	}, func(ctx context.Context, in *struct {
		ReturnPath
		Sent[shipping.Reception]
	}) (answer, error) {
		r, err := a.process.FindReturn(ctx, in.Return)
		if err != nil {
			return answer{}, err
		}
		plan, err := a.process.PreviewReceiveReturn(ctx, r.Order, r.ID, in.Value)
		plan.Lines = list(plan.Lines)
		return answer{body: plan, version: plan.Version}, err
	})
	changeReturn(a, "cancel", "Say that a return is not to come", "The goods stay with the customer, and may be returned anew.",
		func(ctx context.Context, by process.Command, r shipping.Return, _ Nothing) (process.Result[order.Order], error) {
			return a.process.CancelReturn(ctx, by, r.Order, r.ID)
		})
}

// changeReturn registers an operation that changes a return and answers with its order.
func changeReturn[Q any](a *API, verb, summary, description string, do func(context.Context, process.Command, shipping.Return, Q) (process.Result[order.Order], error)) {
	register(a, operation{
		id: verb + "-return", method: http.MethodPost, path: "/v1/returns/{return}/" + verb, tag: "returns", scope: access.Orders, answer: order.Order{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		ReturnPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, r, err := commandOf(ctx, in, in.Return, a.process.FindReturn)
		if err != nil {
			return answer{}, err
		}
		return changed(do(ctx, by, r, in.Value))
	})
}
