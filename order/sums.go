package order

import (
	"encoding/json"

	"doorstep/event"
)

// Sums are what the events of an order come to: where its goods are, in units
// of its lines, and its money, in minor units of its currency. The facets are a
// fold of them.
type Sums struct {
	Units       int64 `json:"units"`       // what is to reach the customer
	Reserved    int64 `json:"reserved"`    // in the house and kept for it
	Backordered int64 `json:"backordered"` // waited for: they are reserved as they come
	Planned     int64 `json:"planned"`     // of the reserved: in parcels without a label
	Labelled    int64 `json:"labelled"`    // of the reserved: in parcels with one
	Left        int64 `json:"left"`        // in parcels under way
	Arrived     int64 `json:"arrived"`     // in parcels that are at the door
	Lost        int64 `json:"lost"`        // in parcels that do not arrive, and not sent anew
	Replaced    int64 `json:"replaced"`    // sent anew because a parcel did not arrive: they count once more
	Returned    int64 `json:"returned"`    // of the arrived: what the customer has sent back
	Captured    int64 `json:"captured"`    // taken from the customer
	Refunding   int64 `json:"refunding"`   // being given back
	Refunded    int64 `json:"refunded"`    // given back
}

// Unpacked is how many of the reserved units are in no parcel.
func (s Sums) Unpacked() int64 { return s.Reserved - s.Planned - s.Labelled }

// Waiting is how many units are to reach the customer and are in no parcel.
func (s Sums) Waiting() int64 { return s.Units - s.Planned - s.Labelled - s.Gone() }

// Short is how many units are to reach the customer and are neither reserved nor
// waited for nor gone: of an order that goes on, what a count did not find.
func (s Sums) Short() int64 { return s.Units - s.Reserved - s.Backordered - s.Gone() }

// Gone is how many of the units that are to reach the customer have left the
// house, wherever they are now.
func (s Sums) Gone() int64 { return s.Left + s.Arrived + s.Lost }

// Sent is how many units have ever left the house: what was sent anew counts
// again.
func (s Sums) Sent() int64 { return s.Gone() + s.Replaced }

// Kept is what was captured and is neither given back nor about to be.
func (s Sums) Kept() int64 { return s.Captured - s.Refunding - s.Refunded }

// Owes says whether a customer is owed something, as far as the sums tell: money
// that goes back, or has to because the order is over, or that is still authorised
// then, or goods that are to leave once more.
func Owes(f Facets, s Sums) bool {
	over := f.End.Over()
	kept := f.Payment == PaymentAuthorised || f.Payment.Taken() && s.Kept() > 0
	return s.Refunding > 0 || over && kept || f.Fulfilment == FulfilmentReshipping && !over
}

// Hold says whether the sums can be those of an order.
func (s Sums) Hold() bool {
	for _, n := range []int64{s.Units, s.Reserved, s.Backordered, s.Planned, s.Labelled, s.Left, s.Arrived, s.Lost, s.Replaced,
		s.Returned, s.Arrived - s.Returned, s.Captured, s.Refunding, s.Refunded, s.Unpacked(), s.Waiting(), s.Kept()} {
		if n < 0 {
			return false
		}
	}
	return s.Short() >= 0
}

// facts are what the sums take from an event's data.
type facts struct {
	Units       int64  `json:"units"`
	Kept        int64  `json:"kept"`        // units
	Arrived     int64  `json:"arrived"`     // units
	Backordered int64  `json:"backordered"` // units
	Amount      int64  `json:"amount"`
	Reason      string `json:"reason"`
}

func factsOf(e event.Event) (f facts) {
	_ = json.Unmarshal(e.Data, &f) // what is no such data counts nothing, and the sums say so
	return f
}

// ledger is the one table of what each event adds to the sums.
var ledger = []struct {
	on   event.Type
	from string // the state that the event moves a parcel or a refund from, "" for any
	add  func(*Sums, facts)
}{
	{EventProcessed, "", func(s *Sums, f facts) {
		s.Units += f.Units + f.Backordered
		s.Reserved += f.Units
		s.Backordered += f.Backordered
	}},
	{"stock.released", "", func(s *Sums, f facts) { s.Reserved -= f.Units; s.Backordered -= f.Backordered }},
	{"stock.filled", "", func(s *Sums, f facts) { s.Backordered -= f.Units; s.Reserved += f.Units }},

	{"stock.missing", "", func(s *Sums, f facts) { s.Reserved -= f.Units }},
	{"stock.reserved", "", func(s *Sums, f facts) { s.Reserved += f.Units; s.Backordered += f.Backordered }},

	{EventChanged, "", func(s *Sums, f facts) {
		s.Units += f.Units
		s.Reserved += f.Kept
		s.Backordered += f.Backordered
	}},

	{"shipment.planned", "", func(s *Sums, f facts) { s.Planned += f.Units }},
	{"shipment.label_bought", "", func(s *Sums, f facts) { s.Planned -= f.Units; s.Labelled += f.Units }},
	{"shipment.failed", "", func(s *Sums, f facts) { s.Planned -= f.Units }},
	{"shipment.voided", "planned", func(s *Sums, f facts) { s.Planned -= f.Units }},
	{"shipment.voided", "label_bought", func(s *Sums, f facts) { s.Labelled -= f.Units }},
	{"shipment.shipped", "planned", func(s *Sums, f facts) { s.Planned -= f.Units; s.leave(f.Units) }},
	{"shipment.shipped", "label_bought", func(s *Sums, f facts) { s.Labelled -= f.Units; s.leave(f.Units) }},
	{"shipment.delivered", "shipped", func(s *Sums, f facts) { s.Left -= f.Units; s.Arrived += f.Units }},
	{"shipment.delivered", "lost", func(s *Sums, f facts) { s.Lost -= f.Units; s.Arrived += f.Units }},

	{"shipment.lost", "shipped", lose},
	{"shipment.damaged", "shipped", lose},
	{"shipment.returned", "shipped", lose},
	{"shipment.found", "", func(s *Sums, f facts) { s.Lost -= f.Units; s.Left += f.Units }},
	{"shipment.unpacked", "", func(s *Sums, f facts) { s.Labelled -= f.Units }},
	{"shipment.strayed", "", func(s *Sums, f facts) { s.Labelled -= f.Units; s.Reserved -= f.Units }},
	{"shipment.replaced", "", func(s *Sums, f facts) {
		s.Lost -= f.Units
		s.Replaced += f.Units
		s.Reserved += f.Units - f.Backordered
		s.Backordered += f.Backordered
	}},
	{"shipment.replacement_withdrawn", "", func(s *Sums, f facts) {
		s.Replaced -= f.Units
		s.Lost += f.Units
		s.Reserved -= f.Kept
		s.Backordered -= f.Backordered
	}},
	{"shipment.replacement_withdrawn", "shipped", func(s *Sums, f facts) { // it has turned up meanwhile
		s.Lost -= f.Units
		s.Left += f.Units - f.Arrived
		s.Arrived += f.Arrived
	}},

	{"return.received", "", func(s *Sums, f facts) { s.Returned += f.Units }},

	{"payment.succeeded", "", func(s *Sums, f facts) { s.Captured += f.Amount }},
	{"refund.opened", "", func(s *Sums, f facts) { s.Refunding += f.Amount }},
	{"refund.succeeded", "", func(s *Sums, f facts) { s.Refunding -= f.Amount; s.Refunded += f.Amount }},
	{"refund.failed", "pending", func(s *Sums, f facts) { s.Refunding -= f.Amount }},
	{"refund.canceled", "", func(s *Sums, f facts) { s.Refunding -= f.Amount }},
	{"refund.failed", "succeeded", func(s *Sums, f facts) { s.Refunded -= f.Amount }},
}

func lose(s *Sums, f facts) { s.Left -= f.Units; s.Lost += f.Units }

func (s *Sums) leave(units int64) { s.Reserved -= units; s.Left += units }

// Adds says whether an event of the type adds to the sums: its data says how
// many units, or what amount.
func Adds(t event.Type) bool {
	for _, row := range ledger {
		if row.on == t {
			return true
		}
	}
	return false
}

// after returns the sums after an event, and whether it counts.
func (s Sums) after(e event.Event) (Sums, bool) {
	counted := false
	for _, row := range ledger {
		if row.on == e.Type && (row.from == "" || row.from == e.From) {
			row.add(&s, factsOf(e))
			counted = true
		}
	}
	return s, counted
}

// fold moves the facets to where the sums say.
func (f *Facets) fold(s Sums) {
	f.Stock, f.Fulfilment = stockOf(s, f.End), fulfilmentOf(s)
	if s.Captured > 0 {
		f.Payment = paymentOf(s)
	}
}

func stockOf(s Sums, end End) Stock {
	switch {
	case s.Units == 0:
		return StockNone
	case s.Gone() > 0 && s.Gone() < s.Units:
		return StockPartlyLeft
	case s.Backordered > 0 && !end.Over():
		return StockBackordered
	case s.Reserved > 0:
		return StockReserved
	case s.Gone() > 0:
		return StockLeft
	case !end.Over():
		return StockMissing
	default:
		return StockReleased
	}
}

func fulfilmentOf(s Sums) Fulfilment {
	if s.Units > 0 && s.Sent() >= s.Units {
		return afterShipping(s)
	}
	switch packed := s.Planned + s.Labelled; {
	case s.Lost > 0:
		return FulfilmentPartlyLost
	case s.Sent() > 0:
		return FulfilmentPartlyShipped
	case s.Labelled > 0 && s.Planned == 0 && s.Waiting() == 0:
		return FulfilmentLabelled
	case packed > 0:
		return FulfilmentPlanned
	default:
		return FulfilmentNone
	}
}

// afterShipping is the fulfilment of an order of which as many units have left
// as were ordered.
func afterShipping(s Sums) Fulfilment {
	switch {
	case s.Returned == s.Units:
		return FulfilmentReturned
	case s.Arrived == s.Units:
		return FulfilmentDelivered
	case s.Lost > 0:
		return FulfilmentLost
	case s.Gone() < s.Units:
		return FulfilmentReshipping
	default:
		return FulfilmentShipped
	}
}

// paymentOf is how money stands that was taken.
func paymentOf(s Sums) Payment {
	switch {
	case s.Refunding > 0:
		return PaymentRefunding
	case s.Refunded == 0:
		return PaymentCaptured
	case s.Refunded < s.Captured:
		return PaymentPartlyRefunded
	default:
		return PaymentRefunded
	}
}
