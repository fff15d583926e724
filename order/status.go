package order

import (
	"slices"

	"doorstep/event"
	"doorstep/fault"
)

// Status is how far an order has come, as people say it.
type Status string

// The statuses.
const (
	Processed Status = "processed" // placed, and its stock is reserved
	Paid      Status = "paid"      // captured in full, or authorised in full where the capture comes with the hand-over
	Shipped   Status = "shipped"
	Delivered Status = "delivered"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Statuses are all statuses in the order in which an order may go through them.
var Statuses = []Status{Processed, Paid, Shipped, Delivered, Failed, Cancelled}

// Final says whether an order's way has ended.
func (s Status) Final() bool { return s == Delivered || s == Failed || s == Cancelled }

// Facets are the sides of an order that move apart from each other. Each moves
// by Apply alone.
type Facets struct {
	Stock      Stock      `json:"stock"`
	Payment    Payment    `json:"payment"`
	Fulfilment Fulfilment `json:"fulfilment"`
	End        End        `json:"end,omitempty"`
	Failure    Failure    `json:"failure,omitempty"` // why it failed
}

// Stock is where the goods of an order are.
type Stock string

// The states of an order's stock.
const (
	StockNone     Stock = "none" // never reserved
	StockReserved Stock = "reserved"
	StockReleased Stock = "released"
	StockLeft     Stock = "left" // with the parcel
)

// Payment is how the money of an order stands.
type Payment string

// The states of an order's payment.
const (
	PaymentDue        Payment = "due"
	PaymentAuthorised Payment = "authorised"
	PaymentCaptured   Payment = "captured"
	PaymentFailed     Payment = "failed"
	PaymentVoided     Payment = "voided"
	PaymentRefunding  Payment = "refunding"
	PaymentRefunded   Payment = "refunded"
)

// Fulfilment is how far the parcels of an order are.
type Fulfilment string

// The states of an order's fulfilment.
const (
	FulfilmentNone      Fulfilment = "none"
	FulfilmentPlanned   Fulfilment = "planned"
	FulfilmentLabelled  Fulfilment = "labelled"
	FulfilmentShipped   Fulfilment = "shipped"
	FulfilmentDelivered Fulfilment = "delivered"
	FulfilmentFailed    Fulfilment = "failed"
	FulfilmentVoided    Fulfilment = "voided"
)

// End says that an order's way ends, or has ended, other than at the door.
type End string

// The ends of an order.
const (
	EndNone       End = ""
	EndCancelling End = "cancelling" // asked for; it waits for what is in flight
	EndCancelled  End = "cancelled"
	EndFailed     End = "failed"
)

// Failure is why an order failed.
type Failure string

// The reasons.
const (
	OutOfStock      Failure = "out_of_stock"
	PaymentDeclined Failure = "payment_declined"
	PaymentExpired  Failure = "payment_expired" // not paid in time
	ShippingFailed  Failure = "shipping_failed"
	CaptureFailed   Failure = "capture_failed"
)

// Status folds the facets into the one word for people.
func (f Facets) Status() Status {
	switch {
	case f.End == EndFailed:
		return Failed
	case f.End == EndCancelled:
		return Cancelled
	case f.Fulfilment == FulfilmentDelivered:
		return Delivered
	case f.Fulfilment == FulfilmentShipped:
		return Shipped
	case f.Payment == PaymentAuthorised || f.Payment == PaymentCaptured:
		return Paid
	default:
		return Processed
	}
}

// New returns the facets of an order before its first event.
func New() Facets {
	return Facets{Stock: StockNone, Payment: PaymentDue, Fulfilment: FulfilmentNone}
}

// move is one row of the transition table: the event moves a facet from one of
// the states to another. An event may have a row for several facets; all of
// them must hold.
type move struct {
	on   event.Type
	move func(*Facets) bool
}

// set moves the facet from one of the states to another.
func set[S comparable](facet func(*Facets) *S, to S, from ...S) func(*Facets) bool {
	return func(f *Facets) bool {
		p := facet(f)
		for _, s := range from {
			if *p == s {
				*p = to
				return true
			}
		}
		return false
	}
}

// need says in which of its states a facet must be, and leaves it there.
func need[S comparable](facet func(*Facets) *S, in ...S) func(*Facets) bool {
	return func(f *Facets) bool { return slices.Contains(in, *facet(f)) }
}

func stock(f *Facets) *Stock           { return &f.Stock }
func paying(f *Facets) *Payment        { return &f.Payment }
func fulfilment(f *Facets) *Fulfilment { return &f.Fulfilment }
func end(f *Facets) *End               { return &f.End }

// transitions is the one table of what an order can go through. The events of
// payments and shipments are named here by their words, because the rooms of
// the business do not import each other.
var transitions = []move{
	{EventProcessed, set(stock, StockReserved, StockNone)},
	{EventFailed, set(end, EndFailed, EndNone)},
	{EventFailed, need(fulfilment, FulfilmentNone, FulfilmentPlanned, FulfilmentLabelled, FulfilmentFailed)},
	{EventCancelRequested, set(end, EndCancelling, EndNone)},
	{EventCancelRequested, need(stock, StockReserved)},
	{EventCancelRefused, set(end, EndNone, EndCancelling)},
	{EventCancelled, set(end, EndCancelled, EndCancelling)},
	{EventCancelled, need(stock, StockReserved)},
	{EventCancelled, need(fulfilment, FulfilmentNone, FulfilmentFailed, FulfilmentVoided)},
	{"stock.released", set(stock, StockReleased, StockReserved)},
	{"stock.released", need(end, EndFailed, EndCancelled)},

	{"payment.authorised", set(paying, PaymentAuthorised, PaymentDue)},
	{"payment.authorised", need(stock, StockReserved)},
	{"payment.succeeded", need(stock, StockReserved)},
	{"payment.succeeded", set(paying, PaymentCaptured, PaymentDue, PaymentAuthorised)},
	{"payment.failed", set(paying, PaymentFailed, PaymentDue)},
	{"payment.capture_failed", need(paying, PaymentAuthorised)},
	{"payment.canceled", func(f *Facets) bool { return f.End != EndCancelling || f.Payment == PaymentDue }}, // an authorisation is kept until the order is cancelled
	{"payment.canceled", set(paying, PaymentVoided, PaymentDue, PaymentAuthorised)},
	{"payment.canceled", need(end, EndFailed, EndCancelling, EndCancelled)},
	{"refund.opened", set(paying, PaymentRefunding, PaymentCaptured)},
	{"refund.opened", need(end, EndFailed, EndCancelled)},
	{"refund.succeeded", set(paying, PaymentRefunded, PaymentRefunding)},

	{"shipment.planned", set(fulfilment, FulfilmentPlanned, FulfilmentNone)},
	{"shipment.planned", need(paying, PaymentAuthorised, PaymentCaptured)},
	{"shipment.planned", need(end, EndNone)},
	{"shipment.label_bought", set(fulfilment, FulfilmentLabelled, FulfilmentPlanned)},
	{"shipment.shipped", set(fulfilment, FulfilmentShipped, FulfilmentLabelled, FulfilmentPlanned)},
	{"shipment.shipped", set(stock, StockLeft, StockReserved)},
	{"shipment.shipped", need(paying, PaymentCaptured)},
	{"shipment.shipped", need(end, EndNone, EndCancelling)},
	{"shipment.delivered", set(fulfilment, FulfilmentDelivered, FulfilmentShipped)},
	{"shipment.failed", set(fulfilment, FulfilmentFailed, FulfilmentPlanned)},
	{"shipment.voided", set(fulfilment, FulfilmentVoided, FulfilmentPlanned, FulfilmentLabelled)},
	{"shipment.voided", need(end, EndCancelling, EndFailed)},
}

// Moving returns the events that move an order, in the order of the table.
func Moving() []event.Type {
	var all []event.Type
	for _, m := range transitions {
		if !slices.Contains(all, m.on) {
			all = append(all, m.on)
		}
	}
	return all
}

// Apply returns the facets after an event. An event that moves no facet, such
// as a note, leaves them as they are.
//
// Errors: conflict when the event can not happen to an order that stands so.
func Apply(f Facets, on event.Type, failure Failure) (Facets, error) {
	next := f
	for _, m := range transitions {
		if m.on == on && !m.move(&next) {
			return f, fault.New(fault.Conflict, "%s can not happen to an order that is %s (stock %s, payment %s, fulfilment %s)",
				on, f.Status(), f.Stock, f.Payment, f.Fulfilment)
		}
	}
	if on == EventFailed {
		next.Failure = failure
	}
	return next, nil
}
