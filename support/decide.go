package support

import "time"

// Facts are what a decision is made on. They hold no personal data.
type Facts struct {
	Category  Category   `json:"category"`
	ByProcess bool       `json:"by_process,omitempty"` // the process itself has raised it, for a person
	Holds     bool       `json:"holds,omitempty"`      // someone has raised it to hold its order
	Order     *OrderFact `json:"order,omitempty"`      // nil when the ticket is about none
}

// OrderFact is how the ticket's order stands, in the words of its facets.
type OrderFact struct {
	Status         string    `json:"status"`
	Failure        string    `json:"failure,omitempty"`
	Payment        string    `json:"payment"`
	Held           string    `json:"held,omitempty"`     // the reason code for which it was stopped
	Declined       bool      `json:"declined,omitempty"` // its payment was declined for now, and is attempted again later
	Retried        bool      `json:"retried,omitempty"`  // this ticket had it attempted at once
	Cancelling     bool      `json:"cancelling,omitempty"`
	CancelRefused  bool      `json:"cancel_refused,omitempty"` // this ticket asked for it, and it was too late
	NothingToPay   bool      `json:"nothing_to_pay,omitempty"`
	AwaitsPayment  bool      `json:"awaits_payment,omitempty"` // to be paid elsewhere by the customer
	Owed           bool      `json:"owed,omitempty"`           // it is over, and money that a refund did not bring back is still the shop's
	Stuck          bool      `json:"stuck,omitempty"`          // a step has used up its tries
	Carrier        string    `json:"carrier,omitempty"`
	TrackingNumber string    `json:"tracking_number,omitempty"`
	Tracking       string    `json:"tracking,omitempty"`
	Silent         bool      `json:"silent,omitempty"`    // nothing was seen of the parcel for longer than policy allows
	Astray         bool      `json:"astray,omitempty"`    // a parcel does not arrive, and nothing was sent in its place
	SentAnew       bool      `json:"sent_anew,omitempty"` // what did not arrive is to leave once more
	DeliveredAt    time.Time `json:"delivered_at,omitzero"`
}

// Decision is what is to be done about a ticket.
type Decision struct {
	Act    Act    `json:"act"`
	Reason Reason `json:"reason"`
}

// Act is what a decision has the process do.
type Act string

// The acts.
const (
	Explain  Act = "explain"  // tell the customer, and it is solved
	Wait     Act = "wait"     // tell the customer, and decide again when the order moves
	Cancel   Act = "cancel"   // cancel the order, then decide again
	Retry    Act = "retry"    // attempt the payment now that is to be attempted later, then decide again
	Hold     Act = "hold"     // hold the order until a person has solved it
	Escalate Act = "escalate" // a person decides
)

// Reason is why, for programs; Text says it for people.
type Reason string

// The reasons.
const (
	NoOrder          Reason = "no_order"
	UnknownCategory  Reason = "unknown_category"
	NeedsPerson      Reason = "needs_person" // what no rule decides
	HoldsOrder       Reason = "holds_order"  // it was raised to hold its order
	StepStuck        Reason = "step_stuck"
	WasOutOfStock    Reason = "out_of_stock"
	WasDeclined      Reason = "payment_declined"
	WasNotPaid       Reason = "payment_expired"
	RefundPending    Reason = "refund_pending"
	WasRefunded      Reason = "refunded"
	RefundFailed     Reason = "refund_failed"
	NothingTaken     Reason = "nothing_taken"
	AwaitingPayment  Reason = "awaiting_payment"
	PayingNow        Reason = "payment_in_progress"
	RetryingPayment  Reason = "retrying_payment"
	DeclinedAgain    Reason = "declined_again"
	WasPaid          Reason = "paid"
	AddressToChange  Reason = "address_to_change"
	AddressTooLate   Reason = "address_too_late"
	BeingPrepared    Reason = "being_prepared"
	OnItsWay         Reason = "on_its_way"
	NotSeen          Reason = "not_seen"
	NotArriving      Reason = "not_arriving"
	BeingSentAnew    Reason = "being_sent_anew"
	DeliveredMissing Reason = "delivered_but_missing"
	DeliveredIssue   Reason = "delivered_with_issue"
	IsCancelling     Reason = "cancelling"
	WillCancel       Reason = "cancel"
	TooLate          Reason = "too_late"
)

// Decide says what is to be done about a ticket. It is pure: the same facts
// give the same decision.
func Decide(f Facts) Decision {
	if d := forPerson(f); d.Act != "" {
		return d
	}
	o := *f.Order
	switch {
	case f.Category == AddressChange && o.toLeave():
		return Decision{Hold, AddressToChange}
	case o.Stuck:
		return Decision{Escalate, StepStuck}
	case o.Cancelling:
		return Decision{Wait, IsCancelling}
	case o.Status == "failed":
		return failed(o)
	case o.Status == "cancelled":
		return money(o)
	}
	switch f.Category {
	case CancelRequest:
		return cancel(o)
	case AddressChange:
		return Decision{Explain, AddressTooLate}
	case PaymentIssue:
		return paying(o)
	default:
		return where(f.Category, o)
	}
}

// forPerson is what no rule decides, the zero decision when one may.
func forPerson(f Facts) Decision {
	if f.Holds {
		return Decision{Escalate, HoldsOrder}
	}
	switch f.Category {
	case OrderIssue, WhereIsMyOrder, CancelRequest:
	case AddressChange, PaymentIssue:
		if f.ByProcess {
			return Decision{Escalate, NeedsPerson}
		}
	case Damaged, WrongItem, Other:
		return Decision{Escalate, NeedsPerson}
	default:
		return Decision{Escalate, UnknownCategory}
	}
	if f.Order == nil {
		return Decision{Escalate, NoOrder}
	}
	return Decision{}
}

// toLeave says whether something of the order is still to leave the house.
func (o OrderFact) toLeave() bool {
	return !o.Cancelling && (o.Status == "processed" || o.Status == "paid")
}

// paying tells how the payment of an order that goes on stands, and has one
// attempted at once that was declined for now: once, for the customer who asks.
func paying(o OrderFact) Decision {
	switch {
	case o.Payment == "captured" || o.Payment == "authorised":
		return Decision{Explain, WasPaid}
	case o.Payment != "due":
		return Decision{Escalate, NeedsPerson}
	case o.AwaitsPayment:
		return Decision{Explain, AwaitingPayment}
	case o.Retried && o.Declined:
		return Decision{Explain, DeclinedAgain}
	case o.Held != "":
		return Decision{Escalate, NeedsPerson}
	case o.Declined:
		return Decision{Retry, RetryingPayment}
	default:
		return Decision{Explain, PayingNow}
	}
}

// failed explains why an order ended, and waits until the money is back.
func failed(o OrderFact) Decision {
	switch o.Failure {
	case "out_of_stock":
		return Decision{Explain, WasOutOfStock}
	case "payment_declined":
		return Decision{Explain, WasDeclined}
	case "payment_expired":
		return Decision{Explain, WasNotPaid}
	default:
		return money(o)
	}
}

// money tells what becomes of the money of an order that is over.
func money(o OrderFact) Decision {
	if o.NothingToPay {
		return Decision{Explain, NothingTaken}
	}
	if o.Owed {
		return Decision{Escalate, RefundFailed}
	}
	switch o.Payment {
	case "captured", "authorised", "refunding":
		return Decision{Wait, RefundPending}
	case "refunded":
		return Decision{Explain, WasRefunded}
	default:
		return Decision{Explain, NothingTaken}
	}
}

func cancel(o OrderFact) Decision {
	if o.CancelRefused || o.Status == "shipped" || o.Status == "delivered" || o.Status == "returned" {
		return Decision{Explain, TooLate}
	}
	return Decision{Cancel, WillCancel}
}

// where tells how far an order is.
func where(c Category, o OrderFact) Decision {
	switch {
	case o.Status == "delivered" && c == WhereIsMyOrder:
		return Decision{Escalate, DeliveredMissing}
	case o.Status == "delivered":
		return Decision{Escalate, DeliveredIssue}
	case o.Astray:
		return Decision{Escalate, NotArriving}
	case o.Silent:
		return Decision{Escalate, NotSeen}
	case o.SentAnew:
		return Decision{Explain, BeingSentAnew}
	case o.Status == "shipped":
		return Decision{Explain, OnItsWay}
	case o.Status == "paid":
		return Decision{Explain, BeingPrepared}
	case o.AwaitsPayment:
		return Decision{Explain, AwaitingPayment}
	default:
		return Decision{Explain, PayingNow}
	}
}

// texts are what is written to the customer, by reason. An escalation writes
// what a person has to know.
var texts = map[Reason]string{
	NoOrder:          "No order is named: a person will look at this.",
	UnknownCategory:  "This is of no category that a rule knows: a person will look at it.",
	NeedsPerson:      "A person will look at this.",
	HoldsOrder:       "The order waits until a person has looked at this.",
	StepStuck:        "A step of this order can not go on by itself: a person will look at it.",
	WasOutOfStock:    "The order could not be taken: it was out of stock. Nothing was charged.",
	WasDeclined:      "The order could not be taken: the payment was declined. Nothing was charged, and the goods are free again.",
	WasNotPaid:       "The order was not paid in time, and its goods are free again. Nothing was charged.",
	RefundPending:    "The order will not be delivered. The money is on its way back to where it came from.",
	WasRefunded:      "The order will not be delivered. The money has been given back to where it came from.",
	RefundFailed:     "The order will not be delivered, and its money could not be given back: a person will see to it.",
	NothingTaken:     "The order is over. No money was taken.",
	AwaitingPayment:  "The goods are kept for this order. It goes on as soon as its payment has arrived.",
	PayingNow:        "The goods are kept for this order, and its payment is being made.",
	RetryingPayment:  "The payment was declined. It is being attempted once more now.",
	DeclinedAgain:    "The payment was declined again. The goods are kept for this order, and it is attempted once more later.",
	WasPaid:          "The order is paid, and nothing more is charged for it.",
	AddressToChange:  "The order waits until a person has seen to its address.",
	AddressTooLate:   "The address can not be changed any more: the order is on its way.",
	BeingPrepared:    "The order is paid and is being prepared for shipping.",
	OnItsWay:         "The parcel is on its way.",
	NotSeen:          "The carrier has not seen the parcel for too long: a person will look for it.",
	NotArriving:      "A parcel of this order does not arrive: a person will see to it.",
	BeingSentAnew:    "A parcel of this order did not arrive. Its goods are being sent once more.",
	DeliveredMissing: "The carrier says that the parcel was delivered: a person will find out where it is.",
	DeliveredIssue:   "The parcel was delivered: a person will ask what is wrong with it.",
	IsCancelling:     "The order is being cancelled.",
	WillCancel:       "The order is being cancelled.",
	TooLate:          "The order can not be cancelled any more: it is on its way. It can be sent back when it has arrived.",
}

// namesParcel are the reasons whose text names the parcel, where there is one.
var namesParcel = map[Reason]bool{OnItsWay: true, TooLate: true, AddressTooLate: true, NotSeen: true}

// Text says a decision in words for the customer, with the tracking where
// there is one.
func Text(d Decision, f Facts) string {
	s := texts[d.Reason]
	if o := f.Order; o != nil && o.TrackingNumber != "" && namesParcel[d.Reason] {
		s += " Tracking number: " + o.TrackingNumber + " (" + o.Carrier + ")."
	}
	return s
}
