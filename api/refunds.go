package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
)

// RefundPath names a refund.
type RefundPath struct {
	Refund string `path:"refund" maxLength:"64" example:"rfd_01JD3Z0000000000000000000A" doc:"The identifier of the refund."`
}

func (a *API) refunds() {
	makeOfOrder(a, access.Refunds, "refunds", "make-refund", "Give money back, for lines or an amount",
		"Money only: the goods stay where they are. Never more is given back than a line's part of the total. The gateway is asked for it next, or a person, where it was paid elsewhere.",
		a.process.Refund, func(r process.Refunded) (order.Order, string) { return r.Order, "/v1/refunds/" + r.Refund.ID })
	previewOrder(a, access.Refunds, "refunds", "Preview what a refund comes to", func(ctx context.Context, id string, q order.CreditRequest) (process.RefundPlan, int64, error) {
		plan, err := a.process.PreviewRefund(ctx, id, q)
		plan.Lines = list(plan.Lines)
		return plan, plan.Version, err
	})
	listOfOrder(a, "refunds", func(ctx context.Context, f narrowed[payment.RefundStatus]) ([]payment.Refund, error) {
		return a.process.Refunds(ctx, payment.RefundFilter(f))
	}, func(f payment.Refund) string { return f.ID })
	register(a, operation{
		id: "show-refund", method: http.MethodGet, path: "/v1/refunds/{refund}", tag: "refunds", scope: access.Read, versioned: true, answer: Refund{},
		summary: "Show a refund with what of the lines it gives back",
	}, func(ctx context.Context, in *RefundPath) (answer, error) {
		f, err := a.process.FindRefund(ctx, in.Refund)
		if err != nil {
			return answer{}, err
		}
		return a.part(ctx, f.Order, func(v process.Overview) any {
			return only(viewRefunds(v), func(f Refund) bool { return f.ID == in.Refund })
		})
	})
	changeRefund(a, "record", "Say that a refund was made elsewhere", "It is for what was paid elsewhere, and for what the gateway does not give back.",
		func(ctx context.Context, by process.Command, f payment.Refund, q payment.Record) (process.Result[order.Order], error) {
			return a.process.RecordRefund(ctx, by, f.Order, f.ID, q)
		})
	changeRefund(a, "fail", "Say that a refund did not reach the customer", "The gateway is asked first: where it says that the refund stands, it stands. Otherwise its money counts as the shop's again, and a ticket says so.",
		func(ctx context.Context, by process.Command, f payment.Refund, _ Nothing) (process.Result[order.Order], error) {
			return a.process.FailRefund(ctx, by, f.Order, f.ID)
		})
	changeRefund(a, "withdraw", "Take back a refund that a person is still to make", "What is owed stays owed, as the money of an order that is over.",
		func(ctx context.Context, by process.Command, f payment.Refund, _ Nothing) (process.Result[order.Order], error) {
			return a.process.WithdrawRefund(ctx, by, f.Order, f.ID)
		})
}

// changeRefund registers an operation that changes a refund and answers with its order.
func changeRefund[Q any](a *API, verb, summary, description string, do func(context.Context, process.Command, payment.Refund, Q) (process.Result[order.Order], error)) {
	register(a, operation{
		id: verb + "-refund", method: http.MethodPost, path: "/v1/refunds/{refund}/" + verb, tag: "refunds", scope: access.Refunds, answer: order.Order{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		RefundPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, f, err := commandOf(ctx, in, in.Refund, a.process.FindRefund)
		if err != nil {
			return answer{}, err
		}
		return changed(do(ctx, by, f, in.Value))
	})
}
