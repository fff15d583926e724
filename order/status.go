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
	Returned  Status = "returned" // all of it had arrived, and came back
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Statuses are all statuses in the order in which an order may go through them.
var Statuses = []Status{Processed, Paid, Shipped, Delivered, Returned, Failed, Cancelled}

// Final says whether an order's way has ended.
func (s Status) Final() bool {
	return s == Delivered || s == Returned || s == Failed || s == Cancelled
}

// Facets are the sides of an order that move apart from each other. Each moves
// by Apply alone.
type Facets struct {
	Stock      Stock      `json:"stock"`
	Payment    Payment    `json:"payment"`
	Fulfilment Fulfilment `json:"fulfilment"`
	End        End        `json:"end,omitempty"`
	Failure    Failure    `json:"failure,omitempty"` // why it failed
	Held       string     `json:"held,omitempty"`    // the reason code for which it was stopped, "" when it goes on
}

// Stock is where the goods of an order are.
type Stock string

// The states of an order's stock.
const (
	StockNone        Stock = "none" // never reserved
	StockReserved    Stock = "reserved"
	StockBackordered Stock = "backordered" // taken, and some of it or all is waited for
	StockPartlyLeft  Stock = "partly_left" // some with parcels, the rest is still to leave
	StockMissing     Stock = "missing"     // reserved once, and not there when it was counted
	StockReleased    Stock = "released"
	StockLeft        Stock = "left" // with the parcels
)

// Payment is how the money of an order stands.
type Payment string

// The states of an order's payment.
const (
	PaymentDue            Payment = "due"
	PaymentAuthorised     Payment = "authorised"
	PaymentCaptured       Payment = "captured"
	PaymentFailed         Payment = "failed"
	PaymentVoided         Payment = "voided"
	PaymentRefunding      Payment = "refunding" // some of it or all
	PaymentPartlyRefunded Payment = "partly_refunded"
	PaymentRefunded       Payment = "refunded"
)

// Taken says whether money was taken, whatever became of it then.
func (p Payment) Taken() bool {
	return p == PaymentCaptured || p == PaymentRefunding || p == PaymentPartlyRefunded || p == PaymentRefunded
}

// Fulfilment is how far the parcels of an order are.
type Fulfilment string

// The states of an order's fulfilment.
const (
	FulfilmentNone          Fulfilment = "none" // nothing is in a parcel
	FulfilmentPlanned       Fulfilment = "planned"
	FulfilmentLabelled      Fulfilment = "labelled"       // all of it
	FulfilmentPartlyShipped Fulfilment = "partly_shipped" // some is under way or has arrived, some is still here
	FulfilmentShipped       Fulfilment = "shipped"
	FulfilmentDelivered     Fulfilment = "delivered"   // all of it
	FulfilmentReturned      Fulfilment = "returned"    // all of it has arrived, and came back
	FulfilmentPartlyLost    Fulfilment = "partly_lost" // some did not arrive and is not sent anew, some has not left yet
	FulfilmentLost          Fulfilment = "lost"        // all has left, and some did not arrive and is not sent anew
	FulfilmentReshipping    Fulfilment = "reshipping"  // all had left, and what did not arrive is to leave once more
)

// End says that an order's way ends, or has ended, other than at the door, or
// that it stands still until it was changed.
type End string

// The ends of an order.
const (
	EndNone       End = ""
	EndCancelling End = "cancelling" // asked for; it waits for what is in flight
	EndCancelled  End = "cancelled"
	EndFailed     End = "failed"
	EndChanging   End = "changing" // a change was asked for; it waits for what is in flight
)

// GoesOn says whether an order is to be delivered, after a change or as it is.
func (e End) GoesOn() bool { return e == EndNone || e == EndChanging }

// Over says whether an order's way has ended other than at the door.
func (e End) Over() bool { return e == EndFailed || e == EndCancelled }

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
	case f.Fulfilment == FulfilmentReturned:
		return Returned
	case f.Fulfilment == FulfilmentShipped || f.Fulfilment == FulfilmentLost || f.Fulfilment == FulfilmentReshipping:
		return Shipped
	case f.Payment == PaymentAuthorised || f.Payment.Taken():
		return Paid
	default:
		return Processed
	}
}

// New returns the facets of an order before its first event.
func New() Facets {
	return Facets{Stock: StockNone, Payment: PaymentDue, Fulfilment: FulfilmentNone}
}

// row is one row of the transition table: the event moves a facet, or needs
// one to be as it says. An event may have several rows; all of them must hold.
type row struct {
	on   event.Type
	move func(*Facets) bool
}

// set moves the facet from one of the states to another.
func set[S comparable](facet func(*Facets) *S, to S, from ...S) func(*Facets) bool {
	return func(f *Facets) bool {
		p := facet(f)
		ok := slices.Contains(from, *p)
		if ok {
			*p = to
		}
		return ok
	}
}

// need says in which of its states a facet must be before the event, and leaves
// it there.
func need[S comparable](facet func(*Facets) *S, in ...S) func(*Facets) bool {
	return func(f *Facets) bool { return slices.Contains(in, *facet(f)) }
}

func stock(f *Facets) *Stock           { return &f.Stock }
func paying(f *Facets) *Payment        { return &f.Payment }
func fulfilment(f *Facets) *Fulfilment { return &f.Fulfilment }
func end(f *Facets) *End               { return &f.End }
func held(f *Facets) *string           { return &f.Held }

// transitions is the one table of what an order can go through, beside its
// ledger: what must be before an event, and how the facets move that no sum
// says. The events of payments and shipments are named here by their words,
// because the rooms of the business do not import each other.
var transitions = []row{
	{EventProcessed, need(stock, StockNone)},
	{EventFailed, set(end, EndFailed, EndNone)},
	{EventFailed, need(fulfilment, FulfilmentNone, FulfilmentPlanned, FulfilmentLabelled)},
	{EventHeld, need(end, EndNone, EndChanging)},
	{EventHeld, need(held, "")},
	{EventReleased, func(f *Facets) bool { was := f.Held; f.Held = ""; return was != "" }},
	{EventCancelRequested, set(end, EndCancelling, EndNone, EndChanging)}, // a change that waits is given up
	{EventCancelRequested, func(f *Facets) bool { f.Held = ""; return true }},
	{EventCancelRequested, need(stock, StockReserved, StockBackordered, StockMissing)},
	{EventCancelRequested, need(fulfilment, FulfilmentNone, FulfilmentPlanned, FulfilmentLabelled)},
	{EventCancelRefused, set(end, EndNone, EndCancelling)},
	{EventChangeRequested, set(end, EndChanging, EndNone)},
	{EventChangeRequested, func(f *Facets) bool { // of what has left, where it goes if it is sent anew
		return slices.Contains([]Stock{StockReserved, StockBackordered, StockMissing, StockPartlyLeft}, f.Stock) ||
			slices.Contains([]Fulfilment{FulfilmentLost, FulfilmentPartlyLost}, f.Fulfilment)
	}},
	{EventChangeRefused, set(end, EndNone, EndChanging)},
	{EventChanged, set(end, EndNone, EndChanging)},
	{EventCancelled, set(end, EndCancelled, EndCancelling)},
	{EventCancelled, need(stock, StockReserved, StockBackordered, StockMissing)},
	{EventCancelled, need(fulfilment, FulfilmentNone)},
	{"stock.released", need(end, EndFailed, EndCancelled)},
	{"stock.filled", need(end, EndNone, EndChanging, EndCancelling)},
	{"stock.missing", need(end, EndNone)},
	{"stock.reserved", need(end, EndNone)},
	{"stock.reserved", func(f *Facets) bool { return f.Held != "" }}, // what goes on has all of its goods

	{"payment.authorised", set(paying, PaymentAuthorised, PaymentDue)},
	{"payment.authorised", need(stock, StockReserved, StockBackordered, StockMissing)},
	{"payment.succeeded", func(f *Facets) bool { // a capture may be under way when an order fails
		return f.Stock == StockReserved || f.Stock == StockBackordered || f.Stock == StockMissing || f.End == EndFailed && f.Payment == PaymentAuthorised
	}},
	{"payment.succeeded", set(paying, PaymentCaptured, PaymentDue, PaymentAuthorised)},
	{"payment.failed", set(paying, PaymentFailed, PaymentDue)},
	{"payment.capture_failed", need(paying, PaymentAuthorised)},
	{"payment.canceled", func(f *Facets) bool { return f.End != EndCancelling || f.Payment == PaymentDue }}, // an authorisation is kept until the order is cancelled
	{"payment.canceled", set(paying, PaymentVoided, PaymentDue, PaymentAuthorised)},
	{"payment.canceled", need(end, EndFailed, EndCancelling, EndCancelled)},
	{"refund.opened", func(f *Facets) bool { return f.Payment.Taken() }},
	{"refund.failed", func(f *Facets) bool { return f.Payment.Taken() }},
	{"refund.canceled", func(f *Facets) bool { return f.Payment.Taken() }},

	{"shipment.planned", func(f *Facets) bool { return f.Payment == PaymentAuthorised || f.Payment.Taken() }},
	{"shipment.planned", need(end, EndNone)},
	{"shipment.shipped", func(f *Facets) bool { return f.Payment.Taken() }},
	{"shipment.shipped", need(end, EndNone, EndCancelling, EndChanging)},
	{"shipment.voided", need(end, EndNone, EndCancelling, EndChanging, EndFailed)},
	{"shipment.replaced", need(end, EndNone, EndChanging)},
	{"shipment.replacement_withdrawn", need(end, EndChanging)},
	{"return.authorised", need(end, EndNone, EndChanging)},
	{"return.received", need(end, EndNone, EndChanging)},
	{"shipment.unpacked", need(end, EndFailed)},
	{"shipment.strayed", need(end, EndFailed)},
}

// Moving returns the events that move an order or need it to be as it is, in the
// order of the tables.
func Moving() []event.Type {
	var all []event.Type
	for _, r := range transitions {
		all = append(all, r.on)
	}
	for _, e := range ledger {
		all = append(all, e.on)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Apply returns how an order stands after an event. An event that neither moves
// it nor counts, such as a note, leaves it as it is.
//
// Errors: conflict when the event can not happen to an order that stands so.
func Apply(f Facets, s Sums, e event.Event) (Facets, Sums, error) {
	next := f
	for _, r := range transitions {
		if r.on == e.Type && !r.move(&next) {
			return f, s, impossible(f, e)
		}
	}
	sums, counted := s.after(e)
	added := e.Type == EventChanged && sums.Units > s.Units
	if !sums.Hold() || e.Type == EventChanged && sums.Units == 0 || added && f.Payment.Taken() { // what is paid is not added to
		return f, s, impossible(f, e)
	}
	if counted || next.End.Over() { // what is over misses nothing, and waits for nothing
		next.fold(sums)
	}
	switch e.Type {
	case EventFailed:
		next.Failure, next.Held = Failure(factsOf(e).Reason), ""
	case EventHeld:
		next.Held = factsOf(e).Reason
	}
	return next, sums, nil
}

func impossible(f Facets, e event.Event) error {
	return fault.New(fault.Conflict, "%s can not happen to an order that is %s (stock %s, payment %s, fulfilment %s)",
		e.Type, f.Status(), f.Stock, f.Payment, f.Fulfilment)
}
