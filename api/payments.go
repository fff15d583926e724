package api

import (
	"context"
	"net/http"
	"time"

	"doorstep/access"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
)

// PaymentPath names a payment.
type PaymentPath struct {
	Payment string `path:"payment" maxLength:"64" example:"pay_01JD3Z0000000000000000000A" doc:"The identifier of the payment."`
}

// OfOrder is what every request for a list has that can be one order's.
type OfOrder struct {
	Order string    `query:"order" maxLength:"200" doc:"Only those of the order: its identifier, its number, or its reference as source/number."`
	From  time.Time `query:"made_from" doc:"Only those made at this time or later, to the millisecond."`
	To    time.Time `query:"made_before" doc:"Only those made before this time."`
}

// narrowed is which part of such a list is wanted, as the rooms' filters have it.
type narrowed[S ~string] struct {
	Order    string
	Status   S
	From, To time.Time
	Before   string
	Limit    int
}

// VoidRequest gives an authorisation up.
type VoidRequest struct {
	Reason string `json:"reason,omitempty"` // Why, for the books.
}

// VoidRecord says that an authorisation is gone.
type VoidRecord struct {
	Reference string `json:"reference"` // How it is known, such as the gateway's own page.
}

func (a *API) payments() {
	listOfOrder(a, "payments", func(ctx context.Context, f narrowed[payment.Status]) ([]payment.Payment, error) {
		return a.process.Payments(ctx, payment.Filter(f))
	}, func(p payment.Payment) string { return p.ID })
	register(a, operation{
		id: "show-payment", method: http.MethodGet, path: "/v1/payments/{payment}", tag: "payments", scope: access.Read, versioned: true, answer: Payment{},
		summary: "Show a payment with what the gateway was asked",
	}, func(ctx context.Context, in *PaymentPath) (answer, error) {
		p, err := a.process.FindPayment(ctx, in.Payment)
		if err != nil {
			return answer{}, err
		}
		return a.part(ctx, p.Order, func(v process.Overview) any {
			return only(viewPayments(v), func(p Payment) bool { return p.ID == in.Payment })
		})
	})
	postToOrder(a, operation{
		id: "record-payment", path: "payments", summary: "Say that an order was paid elsewhere",
		description: "It is for an order that is paid by bank transfer or on delivery, to the gateway manual.",
	},
		func(ctx context.Context, by process.Command, id string, q payment.Record) (process.Result[order.Order], error) {
			return a.process.RecordPayment(ctx, by, id, q)
		})
	a.paymentChanges()
}

func (a *API) paymentChanges() {
	changePayment(a, access.Orders, "capture", "Take the money that is authorised", "All of it is asked for next, where policy takes it only when a parcel is about to leave. What is declined for good ends the order.",
		func(ctx context.Context, by process.Command, of string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.Capture(ctx, by, of)
		})
	previewPayment(a, access.Orders, "capture", "Preview what capturing a payment takes", a.process.PreviewCapture, func(p process.CapturePlan) int64 { return p.Version })
	changePayment(a, access.Refunds, "void", "Give an authorisation up",
		"Nothing can leave that no one pays: an order that is going on is cancelled for it, and the gateway asked as soon as nothing else is in flight. Of an order that is over, the gateway is asked again. What is taken can not be given up: too_late names the way that is left, a refund.",
		func(ctx context.Context, by process.Command, of string, q VoidRequest) (process.Result[order.Order], error) {
			return a.process.Void(ctx, by, of, q.Reason)
		})
	previewPayment(a, access.Refunds, "void", "Preview what giving an authorisation up would undo", a.process.PreviewVoid, func(p process.CancelPlan) int64 { return p.Version })
	changePayment(a, access.Refunds, "voided", "Say that an authorisation is gone",
		"It is for one that the gateway would not give up: a person has seen that it has lapsed or was given up there.",
		func(ctx context.Context, by process.Command, of string, q VoidRecord) (process.Result[order.Order], error) {
			return a.process.RecordVoid(ctx, by, of, q.Reference)
		})
}

// changePayment registers an operation that changes the payment of an order, and answers
// with the order.
func changePayment[Q any](a *API, scope access.Scope, verb, summary, description string, do func(ctx context.Context, by process.Command, of string, q Q) (process.Result[order.Order], error)) {
	register(a, operation{
		id: verb + "-payment", method: http.MethodPost, path: "/v1/payments/{payment}/" + verb, tag: "payments", scope: scope, answer: order.Order{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		PaymentPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, p, err := commandOf(ctx, in, in.Payment, a.process.FindPayment)
		if err != nil {
			return answer{}, err
		}
		return changed(do(ctx, by, p.Order, in.Value))
	})
}

// previewPayment registers the preview of a change of a payment.
func previewPayment[P any](a *API, scope access.Scope, verb, summary string, do func(ctx context.Context, order string) (P, error), version func(P) int64) {
	var plan P
	register(a, operation{
		id: "preview-" + verb + "-payment", method: http.MethodPost, path: "/v1/payments/{payment}/" + verb + "/preview", tag: "payments", scope: scope, versioned: true, answer: plan,
		summary: summary, description: aboutPreviews,
	}, func(ctx context.Context, in *struct {
		PaymentPath
		Sent[Nothing]
	}) (answer, error) {
		p, err := a.process.FindPayment(ctx, in.Payment)
		if err != nil {
			return answer{}, err
		}
		plan, err := do(ctx, p.Order)
		return answer{body: plan, version: version(plan)}, err
	})
}

// listOfOrder registers a list that can be one order's.
func listOfOrder[T any, S ~string](a *API, things string, find func(context.Context, narrowed[S]) ([]T, error), id func(T) string) {
	register(a, operation{
		id: "list-" + things, method: http.MethodGet, path: "/v1/" + things, tag: things, scope: access.Read, answer: Page[T]{},
		summary: "List " + things + ", the newest first",
	}, func(ctx context.Context, in *struct {
		Paging
		OfOrder
		Status S `query:"status" doc:"Only those with the status."`
	}) (answer, error) {
		order, err := a.wanted(ctx, in.Order)
		if err != nil {
			return answer{}, err
		}
		all, err := find(ctx, narrowed[S]{Order: order, Status: in.Status, From: in.From, To: in.To, Before: in.Cursor, Limit: in.Limit + 1})
		return answer{body: page(all, in.Limit, id)}, err
	})
}

// wanted is the order of which a list is asked for, "" for all.
func (a *API) wanted(ctx context.Context, what string) (string, error) {
	if what == "" {
		return "", nil
	}
	return a.orderID(ctx, what)
}

// part answers with a part of an order.
func (a *API) part(ctx context.Context, orderID string, of func(process.Overview) any) (answer, error) {
	v, err := a.process.Show(ctx, orderID)
	if err != nil {
		return answer{}, err
	}
	return answer{body: of(v), version: v.Order.Version}, nil
}

// only is the one that is looked for, which there is.
func only[T any](all *[]T, is func(T) bool) (one T) {
	for _, x := range *all {
		if is(x) {
			return x
		}
	}
	return one
}
