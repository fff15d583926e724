package console

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

var parcelDeeds = []deed{
	{
		name: "label", about: ofParcel, scope: access.Orders, title: "Buy the label now", done: "The label is being bought.",
		does:  "Its carrier is asked now. An attempt that may have bought one is asked again under its key, so that none is bought twice.",
		why:   func(v matter) error { return v.WhyNoLabel(v.Parcel) },
		carry: carrying(nothing, nil, onParcel((*process.Process).BuyLabel)),
	},
	{
		name: "hand-over", about: ofParcel, scope: access.Orders, title: "Hand it over", done: "The parcel has left.",
		does:   "Says that the carrier has it.",
		why:    func(v matter) error { return v.WhyNoHandOver(v.Parcel) },
		fields: handOverFields, atOnce: true,
		carry: carrying(func(t *typed) shipping.HandOver { return shipping.HandOver{TrackingNumber: t.text("tracking_number")} },
			func(_ context.Context, _ *process.Process, v matter, _ shipping.HandOver) (plan, error) {
				return plan{Version: v.Order.Version, Comes: []string{isOr(v.Parcel.Units, "unit", "leaves ", "leave ") + v.Parcel.Location + ": no longer reserved, and no longer on hand."}}, nil
			}, withParcel((*process.Process).HandOver)),
	},
	{
		name: "scan", about: ofParcel, scope: access.Orders, title: "Say where it was seen", done: "What was seen is kept.",
		does: "It is followed as a scan of the carrier's: what is older, or says less than what is known, moves nothing.",
		why:  func(v matter) error { return v.WhyNoScan(v.Parcel) },
		fields: func(matter) []field {
			return []field{
				{Name: "status", Label: "What was seen", Kind: "choice", Words: texts([]shipping.TrackingStatus{shipping.InTransit, shipping.OutForDelivery, shipping.Delivered, shipping.ReturnToSender, shipping.Failure, shipping.PreTransit})},
				{Name: "detail", Label: "What a failure is", Kind: "choice", Words: texts([]shipping.Detail{"", shipping.DetailLost, shipping.DetailDamaged})},
				{Name: "at", Label: "When", Hint: "UTC; now when it is empty", Kind: "time"},
				{Name: "place", Label: "Where", Hint: "a hub or town, never an address", Kind: "text"},
			}
		}, atOnce: true,
		carry: carrying(readScan, nil, withParcel((*process.Process).RecordScan)),
	},
	{
		name: "delivered", about: ofParcel, scope: access.Orders, title: "It has arrived", done: "The parcel has arrived.",
		does:  "It is for a parcel on which no carrier reports.",
		why:   func(v matter) error { return v.WhyNoDelivered(v.Parcel) },
		carry: carrying(nothing, nil, onParcel((*process.Process).MarkDelivered)),
	},
	mishap("lost", "It is lost", shipping.Lost, "It is lost."),
	mishap("damaged", "It is damaged", shipping.Damaged, "It was damaged on its way."),
	mishap("refused", "It comes back", shipping.Returned, "It was not taken, and comes back."),
	{
		name: "found", about: ofParcel, scope: access.Orders, title: "It is found", done: "The parcel is found.",
		does:  "It is on its way again. Where its goods were sent anew already, a ticket tells of it. Of an order that has failed, it is here, and its goods can be sold again.",
		why:   func(v matter) error { return v.WhyNoFound(v.Parcel) },
		carry: carrying(nothing, nil, onParcel((*process.Process).MarkFound)),
	},
	{
		name: "receive", about: ofParcel, scope: access.Orders, title: "Receive it back", done: "The parcel is received.",
		does:   "It is in the house again. What can be sold goes back to where it left from; the rest is written off.",
		why:    func(v matter) error { return v.WhyNoReceiveBack(v.Parcel) },
		fields: func(v matter) []field { return gradingFields(shipping.Units(v.Packed[v.Parcel.ID])) },
		carry: carrying(func(t *typed) shipping.Grading { return t.grading(shipping.Units(t.Packed[t.Parcel.ID])) },
			func(ctx context.Context, p *process.Process, v matter, q shipping.Grading) (plan, error) {
				would, err := p.PreviewReceiveBack(ctx, v.Order.ID, v.Parcel.ID, q)
				comes := append(bySKU(would.Fit, "can be sold again, at "+v.Parcel.Location), bySKU(would.Unfit, "is written off")...)
				return plan{Version: would.Version, Comes: append(comes, "No money moves: what is owed for it is given back apart.")}, err
			}, withParcel((*process.Process).ReceiveBack)),
	},
	{
		name: "reship", about: ofParcel, scope: access.Orders, title: "Send it anew", done: "It is being sent anew.",
		does: "What it holds is reserved once more, all of it or nothing, and sent in another parcel. The customer pays nothing for it.",
		why:  func(v matter) error { return v.WhyNoReship(v.Parcel) },
		carry: carrying(nothing, func(ctx context.Context, p *process.Process, v matter, _ struct{}) (plan, error) {
			would, err := p.PreviewReship(ctx, v.Order.ID, v.Parcel.ID)
			return plan{would.Version, append(append(reserved(would.From), waiting(would.Waiting)...), "No money moves."), short(would.Short)}, err
		}, onParcel((*process.Process).Reship)),
	},
	{
		name: "withdraw-reship", about: ofParcel, scope: access.Orders, title: "Do not send it anew", done: "It is not sent anew.",
		does: "While what is sent in its place is still here, that can be withdrawn, such as for a parcel that has turned up.",
		why: func(v matter) error {
			if v.Parcel.ReplacedAt.IsZero() {
				return fault.New(fault.Conflict, "the goods of shipment %s are not being sent anew", v.Parcel.ID)
			}
			return v.WhyNoEdit()
		},
		carry: carrying(func(t *typed) order.Edit { return order.Edit{Withdraw: t.Parcel.ID} }, previewEdit, edit),
	},
}

// mishap is a parcel of which a person says that it does not arrive.
func mishap(name, title string, became shipping.Status, said string) deed {
	return deed{
		name: name, about: ofParcel, scope: access.Orders, title: title, done: said,
		does: said + " Its goods are sent anew, or a ticket asks a person, as policy has it.",
		why:  func(v matter) error { return v.WhyNoMishap(v.Parcel, became) },
		carry: carrying(nothing, nil, func(ctx context.Context, p *process.Process, by process.Command, v matter, _ struct{}) error {
			return made(p.ReportMishap(ctx, by, v.Order.ID, v.Parcel.ID, became))
		}),
	}
}

// onParcel is a use case that takes a parcel alone, and withParcel one that takes a
// request beside.
func onParcel(do func(*process.Process, context.Context, process.Command, string, string) (process.Result[order.Order], error)) func(context.Context, *process.Process, process.Command, matter, struct{}) error {
	return func(ctx context.Context, p *process.Process, by process.Command, v matter, _ struct{}) error {
		return made(do(p, ctx, by, v.Order.ID, v.Parcel.ID))
	}
}

func withParcel[Q any](do func(*process.Process, context.Context, process.Command, string, string, Q) (process.Result[order.Order], error)) func(context.Context, *process.Process, process.Command, matter, Q) error {
	return func(ctx context.Context, p *process.Process, by process.Command, v matter, q Q) error {
		return made(do(p, ctx, by, v.Order.ID, v.Parcel.ID, q))
	}
}

func handOverFields(v matter) []field {
	if v.Parcel.TrackingNumber != "" {
		return nil
	}
	return []field{{Name: "tracking_number", Label: "The number under which it is followed", Kind: "text", Required: true}}
}

func readScan(t *typed) shipping.Sighting {
	q := shipping.Sighting{Status: shipping.TrackingStatus(t.text("status")), Place: t.text("place"), Detail: shipping.Detail(t.text("detail"))}
	if at := t.text("at"); at != "" {
		var err error
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} { // https://html.spec.whatwg.org/#local-dates-and-times
			if q.At, err = time.Parse(layout, at); err == nil {
				break
			}
		}
		t.check.If(err != nil, "at", "malformed", "a time such as 2026-03-05T14:30")
	}
	return q
}

// gradingFields ask what of so many units can not be sold again.
func gradingFields(units map[string]int64) (fields []field) {
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		fields = append(fields, field{Name: "unfit[" + sku + "]", Label: sku, Hint: fmt.Sprintf("of %d", units[sku]), Kind: "number", Value: "0"})
	}
	if len(fields) > 0 {
		fields[0].Under = "What of it can not be sold again"
	}
	return fields
}

// grading is what was typed for gradingFields.
func (t *typed) grading(units map[string]int64) shipping.Grading {
	g := shipping.Grading{Unfit: map[string]int64{}}
	for sku := range units {
		if n := t.number("unfit[" + sku + "]"); n > 0 {
			g.Unfit[sku] = n
		}
	}
	return g
}

var returnDeeds = []deed{
	{
		name: "receive-return", about: ofReturn, scope: access.Orders, title: "Receive it", done: "The return is received.",
		does:   "Says what came, and what of it can not be sold again. What did not come may be sent back anew.",
		why:    func(v matter) error { return v.WhyNoReceiveReturn(v.Return) },
		fields: receptionFields,
		carry: carrying(readReception, previewReception, func(ctx context.Context, p *process.Process, by process.Command, v matter, q shipping.Reception) error {
			return made(p.ReceiveReturn(ctx, by, v.Order.ID, v.Return.ID, q))
		}),
	},
	{
		name: "cancel-return", about: ofReturn, scope: access.Orders, title: "It does not come", done: "The return is given up.",
		does: "The goods stay with the customer, and may be sent back anew. What was to be sent in exchange for them is cancelled.",
		why:  func(v matter) error { return v.WhyNoReceiveReturn(v.Return) },
		carry: carrying(nothing, nil, func(ctx context.Context, p *process.Process, by process.Command, v matter, _ struct{}) error {
			return made(p.CancelReturn(ctx, by, v.Order.ID, v.Return.ID))
		}),
	},
	{
		name: "refund-made", about: ofRefund, scope: access.Refunds, title: "It was given back", done: "The refund is made.",
		does:   "Says that a person has given it back: for what was paid elsewhere, or what the gateway does not give back.",
		why:    func(v matter) error { return v.waitsForPerson(payment.RefundPending) },
		fields: referenceField, atOnce: true,
		carry: carrying(readReference, func(_ context.Context, _ *process.Process, v matter, _ string) (plan, error) {
			return plan{Version: v.Order.Version, Comes: []string{in(v, v.Refund.Amount) + " counts as given back."}}, nil
		}, func(ctx context.Context, p *process.Process, by process.Command, v matter, reference string) error {
			return made(p.RecordRefund(ctx, by, v.Order.ID, v.Refund.ID, payment.Record{Reference: reference, Amount: v.Refund.Amount}))
		}),
	},
	{
		name: "refund-failed", about: ofRefund, scope: access.Refunds, title: "It did not arrive", done: "The refund has failed.",
		does: "The gateway is asked first: where it says that the refund stands, it stands. Otherwise its money counts as the shop's again, and a ticket says so.",
		why: func(v matter) error {
			if v.Refund.Pays != "" || v.Payments[0].Gateway == payment.Manual && v.Refund.Status == payment.RefundPending {
				return fault.New(fault.Conflict, "refund %s can not have failed", v.Refund.ID)
			}
			return v.waitsForPerson(payment.RefundSucceeded)
		},
		carry: carrying(nothing, nil, onRefund((*process.Process).FailRefund)),
	},
	{
		name: "refund-withdrawn", about: ofRefund, scope: access.Refunds, title: "Take it back", done: "The refund is taken back.",
		does: "It was begun by mistake, and is not made yet. What is owed of it stays owed.",
		why: func(v matter) error {
			if v.Payments[0].Gateway != payment.Manual || v.Refund.Status != payment.RefundPending {
				return fault.New(fault.Conflict, "only a refund that a person is still to make can be taken back")
			}
			return nil
		},
		carry: carrying(nothing, nil, onRefund((*process.Process).WithdrawRefund)),
	},
}

// waitsForPerson is why a refund waits for no person's word: it has not the status, nor is it stuck,
// nor a person's to make.
func (v matter) waitsForPerson(or payment.RefundStatus) error {
	pending := v.Refund.Status == payment.RefundPending && (v.Payments[0].Gateway == payment.Manual || v.WhyNoRetry() == nil)
	if pending || or != payment.RefundPending && v.Refund.Status == or {
		return nil
	}
	return fault.New(fault.Conflict, "refund %s is %s, and waits for no person", v.Refund.ID, v.Refund.Status)
}

func onRefund(do func(*process.Process, context.Context, process.Command, string, string) (process.Result[order.Order], error)) func(context.Context, *process.Process, process.Command, matter, struct{}) error {
	return func(ctx context.Context, p *process.Process, by process.Command, v matter, _ struct{}) error {
		return made(do(p, ctx, by, v.Order.ID, v.Refund.ID))
	}
}

func receptionFields(v matter) []field {
	lines, units := v.Coming[v.Return.ID], map[string]int64{}
	for _, l := range lines {
		units[l.SKU] += l.Quantity
	}
	return slices.Concat(unitsOf(v, "line", "What came", lines, allOf), gradingFields(units), []field{
		{Name: "withhold", Label: "For what can not be sold again, no money goes back", Kind: "tick"},
		{Name: "location", Label: "Where it is put", Hint: "where it left from when it is empty", Kind: "text"},
	})
}

func readReception(t *typed) shipping.Reception {
	units := map[string]int64{}
	for _, l := range t.Coming[t.Return.ID] {
		units[l.SKU] += l.Quantity
	}
	q := shipping.Reception{Lines: t.units("line", "lines"), Location: t.text("location"), Grading: t.grading(units), Withhold: t.text("withhold") != ""}
	t.check.If(len(q.Lines) == 0, "lines", "required", "at least one unit that came: what does not come is given up")
	return q
}

func previewReception(ctx context.Context, p *process.Process, v matter, q shipping.Reception) (plan, error) {
	would, err := p.PreviewReceiveReturn(ctx, v.Order.ID, v.Return.ID, q)
	var comes []string
	for _, l := range would.Lines {
		if l.Restocked > 0 {
			comes = append(comes, fmt.Sprintf("%d × %s can be sold again, at %s.", l.Restocked, v.LineName(l.Line), l.Location))
		}
		if off := l.Came - l.Restocked; off > 0 {
			comes = append(comes, fmt.Sprintf("%d × %s is written off.", off, v.LineName(l.Line)))
		}
	}
	switch {
	case would.Pays > 0:
		comes = append(comes, in(v, would.Pays)+" pays for the order in its place, which goes on.")
	case would.Exchange != "":
		comes = append(comes, "Too little came to pay for the order in its place: that is cancelled.")
	}
	return plan{Version: would.Version, Comes: append(comes, givenFor(v, would.Refund, would.By)+".")}, err
}
