package console

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"doorstep/access"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// deeds are all that can be done about an order and its parts after a look at what it
// comes to, in the order in which they are offered.
var deeds = slices.Concat(orderDeeds, paymentDeeds, parcelDeeds, returnDeeds)

// reasonWords are words for why something comes back, of which any other may be typed.
var reasonWords = []string{"unwanted", "broken", "wrong_item", "does_not_fit", "late"}

var orderDeeds = []deed{
	{
		name: "change", about: ofOrder, scope: access.Orders, title: "Change", done: "The order is being changed.",
		does:   "What is wanted of it, and how it is shipped. What has left stays as it is; what was paid too much goes back; parcels that this touches are packed anew.",
		why:    func(v matter) error { return v.WhyNoEdit() },
		fields: changeFields,
		carry:  carrying(readChange, previewEdit, edit),
	},
	{
		name: "address", about: ofOrder, scope: access.Orders, title: "Correct the address", done: "The address is being corrected.",
		does:   "Of what has not left. Parcels that are packed already are packed anew, under another label.",
		why:    func(v matter) error { return v.WhyNoEdit() },
		fields: addressFields,
		carry:  carrying(readAddress, previewEdit, edit),
	},
	{
		name: "withdraw-change", about: ofOrder, scope: access.Orders, title: "Give the change up", done: "The change is given up.", rare: true,
		does:  "The change waits for what a provider is being asked. Given up, the order goes on as it was; labels that are being given back are bought anew.",
		why:   func(v matter) error { return v.WhyNoWithdrawEdit() },
		carry: carrying(nothing, nil, onOrder((*process.Process).WithdrawEdit)),
	},
	{
		name: "refund", about: ofOrder, scope: access.Refunds, title: "Give money back", done: "The money is being given back.",
		does:   "For units of lines, an amount, or all that is left: one of these. The goods stay where they are.",
		why:    func(v matter) error { return v.WhyNoRefund() },
		fields: refundFields,
		carry: carrying(readRefund, previewRefund, func(ctx context.Context, p *process.Process, by process.Command, v matter, q order.CreditRequest) error {
			return made(p.Refund(ctx, by, v.Order.ID, q))
		}),
	},
	{
		name: "return", about: ofOrder, scope: access.Orders, title: "Take goods back", done: "The customer may send it back.",
		does:   "Allows the customer to send back what has arrived. When it comes, you say so here, and what of it can be sold again.",
		why:    func(v matter) error { return v.WhyNoReturn() },
		fields: returnFields,
		carry: carrying(readReturn, previewReturn, func(ctx context.Context, p *process.Process, by process.Command, v matter, q shipping.ReturnRequest) error {
			return made(p.AuthoriseReturn(ctx, by, v.Order.ID, q))
		}),
	},
	{
		name: "exchange", about: ofOrder, scope: access.Orders, title: "Exchange", done: "It is exchanged: a new order waits for what comes back.",
		does: "What has arrived is sent back, and a new order takes its place, at the catalogue's prices. Its goods are kept at once, and sent when what comes back pays for them; the rest goes back to the customer.",
		why:  func(v matter) error { return v.WhyNoReturn() },
		fields: func(v matter) []field {
			return append(returnFields(v), goods("What is wanted instead")...)
		},
		carry: carrying(readExchange, previewExchange, func(ctx context.Context, p *process.Process, by process.Command, v matter, q process.ExchangeRequest) error {
			return made(p.Exchange(ctx, by, v.Order.ID, q))
		}),
	},
	{
		name: "try-again", about: ofOrder, scope: access.Orders, title: "Try again", done: "It is tried again.", rare: true,
		does:  "What is stuck is asked again under its key, so that nothing is done twice.",
		why:   func(v matter) error { return v.WhyNoRetry() },
		carry: carrying(nothing, nil, onOrder((*process.Process).RetryStuck)),
	},
	{
		name: "cancel", about: ofOrder, scope: access.Orders, title: "Cancel the order", done: "The order is being cancelled.", grave: true,
		does:   cancelDoes,
		why:    func(v matter) error { return process.WhyNoCancel(v.Order) },
		fields: reasonField, atOnce: true,
		carry: carrying(readReason, func(ctx context.Context, p *process.Process, v matter, _ string) (plan, error) {
			would, err := p.PreviewCancel(ctx, v.Order.ID)
			return plan{Version: would.Version, Comes: undoings(would.Undoing)}, err
		}, onOrderFor((*process.Process).Cancel)),
	},
}

var paymentDeeds = []deed{
	{
		name: "paid", about: ofPayment, scope: access.Orders, title: "It was paid", done: "The payment is recorded.",
		does:   "Says that all of it was paid elsewhere, such as by bank transfer. The order goes on.",
		why:    func(v matter) error { return v.WhyNoPaid() },
		fields: referenceField, atOnce: true,
		carry: carrying(readReference, func(_ context.Context, _ *process.Process, v matter, _ string) (plan, error) {
			return plan{Version: v.Order.Version, Comes: []string{in(v, v.Payments[0].Amount) + " is taken to be here."}}, nil
		}, func(ctx context.Context, p *process.Process, by process.Command, v matter, reference string) error {
			return made(p.RecordPayment(ctx, by, v.Order.ID, payment.Record{Reference: reference, Amount: v.Payments[0].Amount}))
		}),
	},
	{
		name: "capture", about: ofPayment, scope: access.Orders, title: "Take the money now", done: "The money is being taken.",
		does: "All that is authorised, which otherwise is taken when a parcel is about to leave.",
		why:  func(v matter) error { return v.WhyNoCapture() },
		carry: carrying(nothing, func(ctx context.Context, p *process.Process, v matter, _ struct{}) (plan, error) {
			would, err := p.PreviewCapture(ctx, v.Order.ID)
			return plan{Version: would.Version, Comes: []string{fmt.Sprintf("%s is taken from the customer, by %s.", money.Of(would.Amount, would.Currency), would.Gateway)}}, err
		}, onOrder((*process.Process).Capture)),
	},
	{
		name: "void", about: ofPayment, scope: access.Refunds, title: "Let the authorisation go", done: "The authorisation is being let go.", grave: true,
		does:   "Nothing can leave that no one pays: an order that is going on is cancelled for it.",
		why:    func(v matter) error { return v.WhyNoVoid() },
		fields: reasonField, atOnce: true,
		carry: carrying(readReason, func(ctx context.Context, p *process.Process, v matter, _ string) (plan, error) {
			would, err := p.PreviewVoid(ctx, v.Order.ID)
			return plan{Version: would.Version, Comes: undoings(would.Undoing)}, err
		}, onOrderFor((*process.Process).Void)),
	},
	{
		name: "voided", about: ofPayment, scope: access.Refunds, title: "The authorisation is gone", done: "The authorisation is gone.",
		does: "It is for one that the gateway would not give up: you have seen that it has lapsed, or was given up there.",
		why: func(v matter) error {
			if err := v.WhyNoVoid(); err != nil {
				return err
			}
			return v.WhyNoRetry()
		},
		fields: referenceField, atOnce: true,
		carry: carrying(readReference, nil, onOrderFor((*process.Process).RecordVoid)),
	},
}

// cancelDoes is what comes of cancelling orders.
const cancelDoes = "What a provider is being asked at this moment is answered first. A cancelled order can not be taken up again."

// in is an amount in the currency of the order.
func in(v matter, minor int64) string { return money.Of(minor, v.Order.Currency).String() }

// onOrder is a use case that takes an order alone, and onOrderFor one that takes a text
// beside.
func onOrder(do func(*process.Process, context.Context, process.Command, string) (process.Result[order.Order], error)) func(context.Context, *process.Process, process.Command, matter, struct{}) error {
	return func(ctx context.Context, p *process.Process, by process.Command, v matter, _ struct{}) error {
		return made(do(p, ctx, by, v.Order.ID))
	}
}

func onOrderFor(do func(*process.Process, context.Context, process.Command, string, string) (process.Result[order.Order], error)) func(context.Context, *process.Process, process.Command, matter, string) error {
	return func(ctx context.Context, p *process.Process, by process.Command, v matter, text string) error {
		return made(do(p, ctx, by, v.Order.ID, text))
	}
}

func reasonField(matter) []field {
	return []field{{Name: "reason", Label: "Why, for those who work here", Kind: "text"}}
}

func readReason(t *typed) string { return t.text("reason") }

func referenceField(matter) []field {
	return []field{{Name: "reference", Label: "Where it is to be found", Hint: "such as a line of a bank statement", Kind: "text", Required: true}}
}

func readReference(t *typed) string { return t.text("reference") }

const noMoney = "No money moves: none was taken."

// undoings says what is undone of an order.
func undoings(u process.Undoing) (comes []string) {
	for _, one := range []struct {
		n    int64
		says string
	}{
		{u.Refund, money.Of(u.Refund, u.Currency).String() + " that was taken goes back to the customer."},
		{u.Void, money.Of(u.Void, u.Currency).String() + " that is authorised is let go."},
		{u.Asked, money.Of(u.Asked, u.Currency).String() + " goes back if it was taken: the gateway has not answered yet."},
		{u.Units, isOr(u.Units, "unit", "is reserved: it can be sold again.", "are reserved: they can be sold again.")},
		{u.Waiting, isOr(u.Waiting, "unit", "is waited for no longer.", "are waited for no longer.")},
		{u.Labelled, "The labels of parcels with " + count(u.Labelled, "unit") + " are given back."},
	} {
		if one.n > 0 {
			comes = append(comes, one.says)
		}
	}
	if u.Refund+u.Void+u.Asked == 0 {
		comes = append(comes, noMoney)
	}
	if u.Waits {
		comes = append(comes, "All of it as soon as what a provider is being asked has its answer.")
	}
	return comes
}

// isOr is a number of things, and what is said of one or of more.
func isOr(n int64, thing, one, more string) string {
	if n == 1 {
		more = one
	}
	return count(n, thing) + " " + more
}

func refundFields(v matter) (fields []field) {
	for _, l := range v.Lines {
		if l.Left() > 0 {
			fields = append(fields, field{Name: lineField("line", l.Line), Label: l.Name, Hint: fmt.Sprintf("at most %d; %s of it is left", l.Quantity, in(v, l.Left())), Kind: "number", Value: "0"})
		}
	}
	if len(fields) > 0 {
		fields[0].Under = "For units of these"
	}
	amount := field{Name: "amount", Label: "Or an amount", Hint: string(v.Order.Currency), Kind: "text"}
	if owed := v.Owed(); owed > 0 {
		amount.Hint = fmt.Sprintf("%s; %s is owed", v.Order.Currency, in(v, owed))
	}
	return append(fields, amount, field{Name: "all", Label: "Or all that is left", Kind: "tick"},
		field{Name: "reason", Label: "Why, for the books", Kind: "text", Required: true, Words: []string{"goodwill", "late", "broken", "wrong_item"}})
}

func readRefund(t *typed) order.CreditRequest {
	q := order.CreditRequest{Amount: t.amount("amount"), All: t.text("all") != "", Reason: t.text("reason")}
	for _, l := range t.units("line", "lines") {
		q.Lines = append(q.Lines, order.CreditLine(l))
	}
	return q
}

func previewRefund(ctx context.Context, p *process.Process, v matter, q order.CreditRequest) (plan, error) {
	would, err := p.PreviewRefund(ctx, v.Order.ID, q)
	by := "by " + would.Gateway
	if would.Gateway == payment.Manual {
		by = "by you, who have to make it and say so here: it was paid elsewhere"
	}
	comes := []string{
		fmt.Sprintf("%s goes back to the customer, %s.", in(v, would.Amount), by),
		fmt.Sprintf("Of %s that the shop has of it, %s stays.", in(v, would.Kept), in(v, would.Kept-would.Amount)),
	}
	if would.Here > 0 {
		comes = append(comes, isOr(would.Here, "unit", "is still to leave, all the same.", "are still to leave, all the same."))
	} else {
		comes = append(comes, "No goods move.")
	}
	return plan{Version: would.Version, Comes: comes}, err
}

func changeFields(v matter) (fields []field) {
	for _, l := range v.Lines {
		if n := l.Wanted(); n > 0 {
			fields = append(fields, field{Name: lineField("line", l.Line), Label: l.Name, Hint: fmt.Sprintf("of %d; 0 takes it out", n), Kind: "number", Value: fmt.Sprint(n)})
		}
	}
	if len(fields) > 0 {
		fields[0].Under = "Still wanted"
	}
	return append(append(fields, goods("Wanted beside")...),
		field{Name: "shipping_method", Under: "How it is shipped", Label: "Shipping method", Kind: "text", Value: v.Order.ShippingMethod, Words: []string{"standard", "express"}},
		field{Name: "reason", Label: "Why, for those who work here", Kind: "prose"})
}

func readChange(t *typed) order.Edit {
	q := order.Edit{Add: t.wanted("add"), Reason: t.text("reason")}
	if method := t.text("shipping_method"); method != t.Order.ShippingMethod {
		q.Method = method
	}
	for _, l := range t.Lines {
		name := lineField("line", l.Line)
		if n := t.number(name); t.Has(name) && n != l.Wanted() {
			t.named[fmt.Sprintf("lines[%d]", len(q.Lines))] = name
			q.Lines = append(q.Lines, order.EditLine{Line: l.Line, Quantity: n})
		}
	}
	return q
}

func addressFields(v matter) []field {
	a := v.Contact.ShipTo
	fields := []field{
		{Name: "ship_to.name", Label: "Name", Value: a.Name, Required: true}, {Name: "ship_to.line1", Label: "Street and number", Value: a.Line1, Required: true},
		{Name: "ship_to.line2", Label: "More of the address", Value: a.Line2}, {Name: "ship_to.postal_code", Label: "Postal code", Value: a.PostalCode},
		{Name: "ship_to.city", Label: "City", Value: a.City, Required: true}, {Name: "ship_to.region", Label: "Region", Value: a.Region},
		{Name: "ship_to.country", Label: "Country", Hint: "two letters, as GB", Value: a.Country, Required: true},
		{Name: "reason", Label: "Why, for those who work here"},
	}
	for i := range fields {
		fields[i].Kind = "text"
	}
	return fields
}

func readAddress(t *typed) order.Edit {
	return order.Edit{Reason: t.text("reason"), ShipTo: &order.Address{
		Name: t.text("ship_to.name"), Line1: t.text("ship_to.line1"), Line2: t.text("ship_to.line2"), PostalCode: t.text("ship_to.postal_code"),
		City: t.text("ship_to.city"), Region: t.text("ship_to.region"), Country: t.text("ship_to.country"),
	}}
}

func edit(ctx context.Context, p *process.Process, by process.Command, v matter, q order.Edit) error {
	return made(p.Edit(ctx, by, v.Order.ID, q))
}

func previewEdit(ctx context.Context, p *process.Process, v matter, q order.Edit) (plan, error) {
	would, err := p.PreviewEdit(ctx, v.Order.ID, q)
	var comes []string
	for _, l := range would.Lines {
		comes = append(comes, fmt.Sprintf("%s: %d instead of %d.", l.SKU, l.To, l.From))
	}
	if would.After != would.Total {
		comes = append(comes, fmt.Sprintf("There is %s to pay instead of %s.", in(v, would.After), in(v, would.Total)))
	}
	if would.Refund > 0 {
		comes = append(comes, in(v, would.Refund)+" goes back to the customer.")
	} else {
		comes = append(comes, "No money goes back.")
	}
	if free := would.Freed - would.Unwaited; free > 0 {
		comes = append(comes, isOr(free, "unit", "can be sold again.", "can be sold again."))
	}
	if would.Unwaited > 0 {
		comes = append(comes, isOr(would.Unwaited, "unit", "is waited for no longer.", "are waited for no longer."))
	}
	comes = append(comes, reserved(would.Kept)...)
	if n := int64(len(would.Repacked)); n > 0 {
		comes = append(comes, isOr(n, "parcel", "is packed anew.", "are packed anew."))
	}
	if n := int64(len(would.Voided)); n > 0 {
		comes = append(comes, isOr(n, "label", "is given back.", "are given back."))
	}
	if would.Withdrawn != "" {
		comes = append(comes, "What its parcel held is not sent anew after all: the parcel counts as "+words(would.Stands)+".")
	}
	if would.Waits {
		comes = append(comes, "It is done as soon as a provider has answered what it is being asked.")
	}
	return plan{would.Version, comes, short(would.Short)}, err
}

// reserved says what is reserved, and where.
func reserved(parts []inventory.Reservation) (comes []string) {
	for _, r := range parts {
		comes = append(comes, fmt.Sprintf("%d × %s is reserved at %s.", r.Quantity, r.SKU, r.Location))
	}
	return comes
}

func waiting(parts []inventory.Backorder) (comes []string) {
	for _, b := range parts {
		comes = append(comes, fmt.Sprintf("%d × %s is waited for.", b.Quantity, b.SKU))
	}
	return comes
}

// short says what is not there.
func short(lacks []inventory.Shortage) (says []string) {
	for _, l := range lacks {
		says = append(says, fmt.Sprintf("%d of %s are wanted, and %d are there.", l.Wanted, l.SKU, l.Available))
	}
	return says
}

func returnFields(v matter) []field {
	return append(unitsOf(v, "line", "What is sent back", v.MayReturn(), allOf),
		field{Name: "reason", Label: "Why, as a word", Kind: "text", Required: true, Words: reasonWords},
		field{Name: "late", Label: "Also what arrived too long ago", Kind: "tick"})
}

func readReturn(t *typed) shipping.ReturnRequest {
	q := shipping.ReturnRequest{Lines: t.units("line", "lines"), Reason: t.text("reason"), Late: t.text("late") != ""}
	t.check.If(len(q.Lines) == 0, "lines", "required", "at least one unit that is sent back")
	return q
}

func previewReturn(ctx context.Context, p *process.Process, v matter, q shipping.ReturnRequest) (plan, error) {
	would, err := p.PreviewReturn(ctx, v.Order.ID, q)
	return plan{Version: would.Version, Comes: returning(v, would)}, err
}

// returning says what a return comes to.
func returning(v matter, would process.ReturnPlan) (comes []string) {
	for _, l := range would.Lines {
		comes = append(comes, fmt.Sprintf("%d × %s may come back.", l.Quantity, v.LineName(l.Line)))
	}
	return append(comes, fmt.Sprintf("It is waited for until %s.", would.Until.Format("2 Jan 2006")), givenFor(v, would.Refund, would.By)+" when all of it has come.")
}

// givenFor says what becomes of the money for what came back, without an end.
func givenFor(v matter, amount int64, by policy.OnReturn) string {
	if by == policy.OnReturnAsk {
		return "A person decides about " + in(v, amount) + " that can go back to the customer"
	}
	return in(v, amount) + " goes back to the customer"
}

func readExchange(t *typed) process.ExchangeRequest {
	q := process.ExchangeRequest{Return: readReturn(t), Lines: t.wanted("lines")}
	t.check.If(len(q.Lines) == 0, "sku.1", "required", "what is wanted instead")
	return q
}

func previewExchange(ctx context.Context, p *process.Process, v matter, q process.ExchangeRequest) (plan, error) {
	would, err := p.PreviewExchange(ctx, v.Order.ID, q)
	comes := returning(v, would.Return)
	for _, l := range would.Lines {
		comes = append(comes, fmt.Sprintf("%d × %s is sent when that pays for it, for %s.", l.Quantity, l.Name, in(v, l.Amount)))
	}
	comes = slices.Concat(comes, reserved(would.From), waiting(would.Waiting))
	return plan{would.Return.Version, append(comes, fmt.Sprintf("Of the money for what comes back, %s pays for it; %s goes back to the customer.", in(v, would.Total), in(v, would.Rest))), short(would.Short)}, err
}

// bySKU says for each SKU something of how many units.
func bySKU(units map[string]int64, says string) (comes []string) {
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		comes = append(comes, fmt.Sprintf("%d × %s %s.", units[sku], sku, says))
	}
	return comes
}
