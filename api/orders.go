package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// OrderPath names an order.
type OrderPath struct {
	Order string `path:"order" maxLength:"200" example:"1001" doc:"The order: its identifier, its number, or its reference as source%2Fnumber."`
}

// Order is an order with what was asked for of it.
type Order struct {
	order.Order
	Lines     []order.Line      `json:"lines"`
	Contact   *order.Contact    `json:"contact,omitempty"`   // Who ordered, and where it goes; missing once it was erased.
	Payments  *[]Payment        `json:"payments,omitempty"`  // With expand=payments.
	Refunds   *[]Refund         `json:"refunds,omitempty"`   // With expand=refunds.
	Shipments *[]Shipment       `json:"shipments,omitempty"` // With expand=shipments.
	Returns   *[]Return         `json:"returns,omitempty"`   // With expand=returns.
	Tickets   *[]support.Ticket `json:"tickets,omitempty"`   // With expand=tickets.
	Notes     *[]order.Note     `json:"notes,omitempty"`     // With expand=notes.
	Next      *[]process.Next   `json:"next,omitempty"`      // With expand=next: what happens next, or is waited for.
	Timeline  *[]event.Event    `json:"timeline,omitempty"`  // With expand=timeline.
}

// Payment is a payment with what the gateway was asked.
type Payment struct {
	payment.Payment
	Attempts []payment.Attempt `json:"attempts"`
}

// Refund is a refund with what of the lines it gives back.
type Refund struct {
	payment.Refund
	Lines []payment.RefundLine `json:"lines"`
}

// Shipment is a parcel with what is in it, and where it was seen.
type Shipment struct {
	shipping.Shipment
	Lines []shipping.ShipmentLine `json:"lines"`
	Scans []shipping.Scan         `json:"scans"`
}

// Return is a return with what may come back, and what did.
type Return struct {
	shipping.Return
	Lines []shipping.ReturnLine `json:"lines"`
}

// Part is what can be shown of an order beside its lines.
type Part string

// The parts.
const (
	PartPayments  Part = "payments"
	PartRefunds   Part = "refunds"
	PartShipments Part = "shipments"
	PartReturns   Part = "returns"
	PartTickets   Part = "tickets"
	PartNotes     Part = "notes"
	PartNext      Part = "next"
	PartTimeline  Part = "timeline"
)

// Expanding says what else to show.
type Expanding struct {
	Expand []Part `query:"expand" maxItems:"8" doc:"What else to show of the order."`
}

// expanded is an order with the parts that were asked for.
func expanded(v process.Overview, with []Part) Order {
	o := Order{Order: v.Order, Lines: list(v.Lines)}
	if v.Contact.ShipTo != (order.Address{}) {
		o.Contact = &v.Contact
	}
	show := map[Part]func(){
		PartPayments:  func() { o.Payments = viewPayments(v) },
		PartRefunds:   func() { o.Refunds = viewRefunds(v) },
		PartShipments: func() { o.Shipments = viewShipments(v) },
		PartReturns:   func() { o.Returns = viewReturns(v) },
		PartTickets:   func() { o.Tickets = new(list(v.Tickets)) },
		PartNotes:     func() { o.Notes = new(list(v.Notes)) },
		PartNext:      func() { o.Next = new(list(v.Next)) },
		PartTimeline:  func() { o.Timeline = new(list(v.Timeline)) },
	}
	for _, part := range with {
		show[part]()
	}
	return o
}

func viewPayments(v process.Overview) *[]Payment {
	return of(v.Payments, func(p payment.Payment) Payment { return Payment{p, attemptsOf(v.Attempts, p.ID)} })
}

func viewRefunds(v process.Overview) *[]Refund {
	return of(v.Refunds, func(f payment.Refund) Refund { return Refund{f, list(v.Credits[f.ID])} })
}

func viewShipments(v process.Overview) *[]Shipment {
	return of(v.Shipments, func(s shipping.Shipment) Shipment { return Shipment{s, list(v.Packed[s.ID]), list(v.Scans[s.ID])} })
}

func viewReturns(v process.Overview) *[]Return {
	return of(v.Returns, func(r shipping.Return) Return { return Return{r, list(v.Coming[r.ID])} })
}

// list is a list that is never null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func of[T, V any](items []T, view func(T) V) *[]V {
	views := make([]V, len(items))
	for i, x := range items {
		views[i] = view(x)
	}
	return &views
}

func attemptsOf(all []payment.Attempt, id string) []payment.Attempt {
	return list(slices.Collect(func(yield func(payment.Attempt) bool) {
		for _, a := range all {
			if a.Payment == id && !yield(a) {
				return
			}
		}
	}))
}

func (a *API) orders() {
	register(a, operation{
		id: "place-order", method: http.MethodPost, path: "/v1/orders", tag: "orders", scope: access.Orders, status: http.StatusCreated, versioned: true, answer: process.Placed{},
		summary: "Place an order",
		description: "The stock is reserved and the payment opened in the same transaction. An order for which there is too little is an answer, too: its status is failed, and the shortages are named. " +
			"The reference is unique for good: a second order under it is refused.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[order.Request]
	}) (answer, error) {
		r, err := a.process.Place(ctx, command(ctx, in.key()), in.Value)
		o := r.Value.Order
		return answer{body: r.Value, version: o.Version, replayed: r.Replayed, location: "/v1/orders/" + o.ID}, err
	})
	register(a, operation{
		id: "list-orders", method: http.MethodGet, path: "/v1/orders", tag: "orders", scope: access.Read, answer: Page[order.Order]{},
		summary:     "List orders, the newest first",
		description: "A page goes on where the one before has ended, whatever has been placed since.",
	}, func(ctx context.Context, in *struct {
		Paging
		OrderFilter
	}) (answer, error) {
		f := in.filter()
		f.Before, f.Limit = in.Cursor, in.Limit+1
		orders, err := a.process.Orders(ctx, f)
		return answer{body: page(orders, in.Limit, func(o order.Order) string { return o.ID })}, err
	})
	register(a, operation{
		id: "show-order", method: http.MethodGet, path: "/v1/orders/{order}", tag: "orders", scope: access.Read, versioned: true, answer: Order{},
		summary: "Show an order",
	}, func(ctx context.Context, in *struct {
		OrderPath
		Expanding
	}) (answer, error) {
		v, err := a.process.Show(ctx, in.Order)
		if err != nil {
			return answer{}, err
		}
		return answer{body: expanded(v, in.Expand), version: v.Order.Version}, nil
	})
	register(a, operation{
		id: "show-tracking", method: http.MethodGet, path: "/v1/orders/{order}/tracking", tag: "orders", scope: access.Read, answer: process.Tracking{},
		summary: "Show the link by which a customer follows an order",
		description: "The path stands behind the address of this server, and stays the same. Nobody can guess it: put it into what the shop writes to the customer. " +
			"Whoever has it sees where the order is, and not whose it is; to act takes a code that is mailed to the customer.",
	}, func(ctx context.Context, in *OrderPath) (answer, error) {
		at, err := a.process.TrackingOf(ctx, in.Order)
		return answer{body: at}, err
	})
	a.orderChanges()
}

// orderID returns the identifier of an order that is named in any way.
//
// Errors: not_found.
func (a *API) orderID(ctx context.Context, what string) (string, error) {
	if strings.HasPrefix(what, order.Prefix+"_") {
		return what, nil
	}
	o, err := a.process.FindOrder(ctx, what)
	return o.ID, err
}

// OrderFilter says which orders a list shows.
type OrderFilter struct {
	Status     order.Status     `query:"status" doc:"Only those with the status."`
	Stock      order.Stock      `query:"stock" doc:"Only those whose goods are there."`
	Payment    order.Payment    `query:"payment" doc:"Only those whose money stands so."`
	Fulfilment order.Fulfilment `query:"fulfilment" doc:"Only those whose parcels are so far."`
	Customer   string           `query:"customer" maxLength:"64" doc:"Only this customer's: the shop's own identifier."`
	Held       bool             `query:"held" doc:"Only those that are held."`
	From       time.Time        `query:"placed_from" doc:"Only those placed at this time or later, to the millisecond."`
	To         time.Time        `query:"placed_before" doc:"Only those placed before this time."`
}

func (f OrderFilter) filter() order.Filter {
	return order.Filter{
		Status: f.Status, Stock: f.Stock, Payment: f.Payment, Fulfilment: f.Fulfilment,
		Customer: f.Customer, Held: f.Held, From: f.From, To: f.To,
	}
}
