package support

import "time"

// Facts are what a decision is made on. They hold no personal data.
type Facts struct {
	Category  Category   `json:"category"`
	ByProcess bool       `json:"by_process,omitempty"` // the process itself has raised it, for a person
	Holds     bool       `json:"holds,omitempty"`      // someone has raised it to hold its order
	Remedy    Remedy     `json:"remedy,omitempty"`     // what has become of what was done
	Order     *OrderFact `json:"order,omitempty"`      // nil when the ticket is about none
	Limits    *Limits    `json:"limits,omitempty"`     // where something could be done that costs
	Address   *Address   `json:"address,omitempty"`    // where the ticket wants another one
	Return    *Return    `json:"return,omitempty"`     // where what it is about may be sent back
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
	Changing       bool      `json:"changing,omitempty"`
	PartGone       bool      `json:"part_gone,omitempty"`      // a parcel has left and others have not: it can not be cancelled whole
	CancelRefused  bool      `json:"cancel_refused,omitempty"` // this ticket asked for it, and it was too late
	NothingToPay   bool      `json:"nothing_to_pay,omitempty"`
	AwaitsPayment  bool      `json:"awaits_payment,omitempty"` // to be paid elsewhere by the customer
	PaysLater      bool      `json:"pays_later,omitempty"`     // asked to be paid when all of its goods are there
	Backordered    bool      `json:"backordered,omitempty"`    // it waits for goods that are not there
	Owed           bool      `json:"owed,omitempty"`           // money is the customer's that a refund did not bring back
	Stuck          bool      `json:"stuck,omitempty"`          // a step has used up its tries
	Carrier        string    `json:"carrier,omitempty"`
	TrackingNumber string    `json:"tracking_number,omitempty"`
	Tracking       string    `json:"tracking,omitempty"`
	Silent         bool      `json:"silent,omitempty"`    // nothing was seen of the parcel for longer than policy allows
	HasGone        bool      `json:"has_gone,omitempty"`  // the carrier has a parcel that is not counted as shipped: its money was not taken, or the order is over
	Astray         bool      `json:"astray,omitempty"`    // a parcel does not arrive, and nothing was sent in its place or given back for it
	Repaying       bool      `json:"repaying,omitempty"`  // a parcel does not arrive, and the money for it is on its way back
	Repaid         bool      `json:"repaid,omitempty"`    // a parcel does not arrive, and the money for it was given back
	SentAnew       bool      `json:"sent_anew,omitempty"` // what did not arrive is to leave once more
	DeliveredAt    time.Time `json:"delivered_at,omitzero"`
	Currency       string    `json:"currency,omitempty"` // of Worth
	Worth          int64     `json:"worth,omitempty"`    // minor units: what could be refunded of what the ticket is about, 0 for nothing
	CanReship      bool      `json:"can_reship,omitempty"`
}

// Limits are what a decision may cost, in minor units of the order's currency, and
// what the customer was given already.
type Limits struct {
	Decision int64  `json:"decision"` // the most for one decision
	Customer int64  `json:"customer"` // the most for the customer in the period
	Count    int    `json:"count"`    // how many decisions at most for the customer in the period
	TooOld   bool   `json:"too_old"`  // the order is older than it may be
	Given    *Given `json:"given"`    // in the period; nil when it is not known
}

// Given is what a customer was given by tickets.
type Given struct {
	Amount int64 `json:"amount"` // minor units of the order's currency
	Count  int   `json:"count"`  // decisions, in all currencies
}

// Address is what is known of the address that a ticket wants, but for the address.
type Address struct {
	Asked   bool `json:"asked,omitempty"`   // this ticket has asked for the change
	Same    bool `json:"same,omitempty"`    // the order goes there already
	Abroad  bool `json:"abroad,omitempty"`  // it is in another country than before
	TooOld  bool `json:"too_old,omitempty"` // the order is older than policy changes it without a person
	Allowed bool `json:"allowed,omitempty"` // nothing is in the way of the change
}

// Return is what is known of the return of what a ticket is about.
type Return struct {
	Wanted  bool `json:"wanted,omitempty"`  // the customer wants it, or policy does before it gives money back
	Allowed bool `json:"allowed,omitempty"` // it has arrived, and may be sent back
	Late    bool `json:"late,omitempty"`    // it arrived longer ago than policy takes back
}

// Remedy is what has become of what a ticket had done.
type Remedy string

// The states of what was done.
const (
	RefundOpen Remedy = "refund_open"
	RefundDone Remedy = "refund_done"
	Reshipped  Remedy = "reshipped"

	RefundWithdrawn Remedy = "refund_withdrawn" // a person has taken it back

	ReturnAwaited  Remedy = "return_awaited"
	ReturnCame     Remedy = "return_came" // and no money went back for it
	ReturnCanceled Remedy = "return_canceled"
	ReturnExpired  Remedy = "return_expired"
)

// Decision is what is to be done about a ticket.
type Decision struct {
	Act    Act    `json:"act"`
	Reason Reason `json:"reason"`
	Amount int64  `json:"amount,omitempty"` // minor units of the order's currency: what it costs
	Beyond Limit  `json:"beyond,omitempty"` // the limit beyond which it is: it is proposed, and a person approves it
}

// Limit names a limit of what may be decided without a person.
type Limit string

// The limits.
const (
	DecisionAmount Limit = "decision_amount"
	CustomerAmount Limit = "customer_amount"
	CustomerCount  Limit = "customer_count"
	OrderAge       Limit = "order_age"
	UnknownGiven   Limit = "customer_unknown" // what the customer was given is not known
)

// beyond returns the limit beyond which a decision of so much is, "" for none.
func (l *Limits) beyond(amount int64) Limit {
	switch {
	case l == nil || amount > l.Decision:
		return DecisionAmount
	case l.Given == nil:
		return UnknownGiven
	case amount > l.Customer-l.Given.Amount:
		return CustomerAmount
	case l.Given.Count >= l.Count:
		return CustomerCount
	case l.TooOld:
		return OrderAge
	}
	return ""
}

// Act is what a decision has the process do.
type Act string

// The acts.
const (
	Explain  Act = "explain"  // tell the customer, and it is solved
	Wait     Act = "wait"     // tell the customer, and decide again when the order moves
	Cancel   Act = "cancel"   // cancel the order, then decide again
	Retry    Act = "retry"    // attempt the payment now that is to be attempted later, then decide again
	Refund   Act = "refund"   // refund what the ticket is about, then decide again
	Reship   Act = "reship"   // send the goods anew of a parcel that does not arrive, then decide again
	SendBack Act = "return"   // have what the ticket is about sent back, then decide again
	Hold     Act = "hold"     // hold the order until a person has solved it
	Escalate Act = "escalate" // a person decides

	ChangeAddress Act = "change_address" // change where the order goes, then decide again
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
	PaysLater        Reason = "pays_later"
	WaitsForGoods    Reason = "waits_for_goods"
	IsHeld           Reason = "held"
	AddressToChange  Reason = "address_to_change"
	AddressTooLate   Reason = "address_too_late"
	AddressSame      Reason = "address_same"
	ChangingAddress  Reason = "changing_address"
	AddressChanged   Reason = "address_changed"
	AddressRefused   Reason = "address_refused"
	BeingPrepared    Reason = "being_prepared"
	OnItsWay         Reason = "on_its_way"
	GoneAllTheSame   Reason = "gone_all_the_same" // a parcel, though the order is over
	NotSeen          Reason = "not_seen"
	NotArriving      Reason = "not_arriving"
	BeingSentAnew    Reason = "being_sent_anew"
	ParcelRefunding  Reason = "parcel_refund_pending"
	ParcelRefunded   Reason = "parcel_refunded"
	WillRefund       Reason = "refund"
	WillReship       Reason = "reship"
	MoneyBack        Reason = "money_back"
	Rejected         Reason = "rejected" // a person has decided against what was proposed
	DeliveredMissing Reason = "delivered_but_missing"
	DeliveredIssue   Reason = "delivered_with_issue"
	CameBack         Reason = "came_back" // the customer has sent it back
	MaySendBack      Reason = "may_send_back"
	ReturnTooLate    Reason = "return_too_late"
	ReturnOver       Reason = "return_canceled"
	NothingCame      Reason = "return_expired"
	IsCancelling     Reason = "cancelling"
	WillCancel       Reason = "cancel"
	TooLate          Reason = "too_late"
	PartTooLate      Reason = "part_too_late"  // a parcel has left, and others have not
	ReturnNotYet     Reason = "return_not_yet" // it is still on its way
	HasArrived       Reason = "has_arrived"
)

// Decide says what is to be done about a ticket. It is pure: the same facts
// give the same decision.
func Decide(f Facts) Decision {
	if d := forPerson(f); d.Act != "" {
		return d
	}
	o := *f.Order
	switch {
	case f.Category == AddressChange && (o.toLeave() || o.leavesAgain() || f.Address.changed()):
		return address(f.Address, o)
	case o.Stuck:
		return Decision{Act: Escalate, Reason: StepStuck}
	case f.Remedy != "":
		return remedied(f.Remedy)
	case o.Cancelling:
		return Decision{Act: Wait, Reason: IsCancelling}
	case o.Status == "failed", o.Status == "cancelled":
		return over(o)
	}
	switch f.Category {
	case CancelRequest:
		return cancel(o)
	case AddressChange:
		return late(o, AddressTooLate)
	case PaymentIssue:
		return paying(o)
	case ReturnRequest:
		return sendBack(f, o)
	default:
		return where(f, o)
	}
}

// forPerson is what no rule decides, the zero decision when one may.
func forPerson(f Facts) Decision {
	if f.Holds {
		return Decision{Act: Escalate, Reason: HoldsOrder}
	}
	switch f.Category {
	case OrderIssue, WhereIsMyOrder, CancelRequest:
	case AddressChange, PaymentIssue, Damaged, WrongItem, ReturnRequest:
		if f.ByProcess {
			return Decision{Act: Escalate, Reason: NeedsPerson}
		}
	case Other:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	default:
		return Decision{Act: Escalate, Reason: UnknownCategory}
	}
	if f.Order == nil {
		return Decision{Act: Escalate, Reason: NoOrder}
	}
	return Decision{}
}

// toLeave says whether something of the order is still to leave the house.
func (o OrderFact) toLeave() bool {
	return !o.Cancelling && (o.Status == "processed" || o.Status == "paid")
}

// leavesAgain says whether something of the order is to be sent anew, or may be.
func (o OrderFact) leavesAgain() bool { return o.Astray || o.SentAnew }

// changed says whether the order goes where the ticket wanted it to, because it did.
func (a *Address) changed() bool { return a != nil && a.Asked && a.Same }

// address changes where an order goes, where nothing is in the way. What changes its
// price, its tax and who carries it, as another country does, a person decides.
func address(a *Address, o OrderFact) Decision {
	switch {
	case a != nil && a.Asked:
		return asked(*a, o)
	case a != nil && a.Same:
		return Decision{Act: Explain, Reason: AddressSame}
	case a.hindered(o) && !o.toLeave():
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case a.hindered(o):
		return Decision{Act: Hold, Reason: AddressToChange}
	default:
		return Decision{Act: ChangeAddress, Reason: ChangingAddress}
	}
}

// hindered says whether a person is to see to a change of address.
func (a *Address) hindered(o OrderFact) bool {
	return a == nil || !a.Allowed || a.Abroad || a.TooOld || o.Held != "" || o.Stuck
}

// asked tells what has become of a change of address that was asked for.
func asked(a Address, o OrderFact) Decision {
	switch {
	case a.Same:
		return Decision{Act: Explain, Reason: AddressChanged}
	case o.Stuck:
		return Decision{Act: Escalate, Reason: StepStuck}
	case o.Changing:
		return Decision{Act: Wait, Reason: ChangingAddress}
	default:
		return Decision{Act: Escalate, Reason: AddressRefused}
	}
}

// sendBack has the customer send back what they want to, once it has arrived.
func sendBack(f Facts, o OrderFact) Decision {
	switch {
	case f.Return != nil && f.Return.Wanted:
		return wantedBack(*f.Return)
	case o.Status == "shipped":
		return late(o, ReturnNotYet)
	default:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	}
}

// late tells what has become of an order that has left, of which the customer wants what
// can only be done before: why not, where it is on its way.
func late(o OrderFact, why Reason) Decision {
	switch {
	case o.Status == "returned":
		return Decision{Act: Explain, Reason: CameBack}
	case o.Status == "delivered":
		return Decision{Act: Explain, Reason: HasArrived}
	case o.Astray:
		return Decision{Act: Escalate, Reason: NotArriving}
	case o.Silent:
		return Decision{Act: Escalate, Reason: NotSeen}
	case o.SentAnew:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case o.madeGood():
		return instead(o)
	case o.PartGone:
		return Decision{Act: Escalate, Reason: PartTooLate}
	default:
		return Decision{Act: Explain, Reason: why}
	}
}

// wantedBack has something sent back that may be.
func wantedBack(r Return) Decision {
	switch {
	case r.Allowed:
		return Decision{Act: SendBack, Reason: MaySendBack}
	case r.Late:
		return Decision{Act: Escalate, Reason: ReturnTooLate}
	default:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	}
}

// paying tells how the payment of an order that goes on stands, and has one
// attempted at once that was declined for now: once, for the customer who asks.
func paying(o OrderFact) Decision {
	switch {
	case o.Payment == "captured" || o.Payment == "authorised":
		return Decision{Act: Explain, Reason: WasPaid}
	case o.Payment != "due":
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case o.PaysLater:
		return Decision{Act: Explain, Reason: PaysLater}
	case o.AwaitsPayment:
		return Decision{Act: Explain, Reason: AwaitingPayment}
	case o.Retried && o.Declined:
		return Decision{Act: Explain, Reason: DeclinedAgain}
	case o.Held != "":
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case o.Declined:
		return Decision{Act: Retry, Reason: RetryingPayment}
	default:
		return Decision{Act: Explain, Reason: PayingNow}
	}
}

// over explains why an order ended, and waits until the money is back.
func over(o OrderFact) Decision {
	if o.HasGone {
		return Decision{Act: Escalate, Reason: GoneAllTheSame}
	}
	switch o.Failure {
	case "out_of_stock":
		return Decision{Act: Explain, Reason: WasOutOfStock}
	case "payment_declined":
		return Decision{Act: Explain, Reason: WasDeclined}
	case "payment_expired":
		return Decision{Act: Explain, Reason: WasNotPaid}
	default:
		return money(o)
	}
}

// money tells what becomes of the money of an order that is over.
func money(o OrderFact) Decision {
	if o.NothingToPay {
		return Decision{Act: Explain, Reason: NothingTaken}
	}
	if o.Owed {
		return Decision{Act: Escalate, Reason: RefundFailed}
	}
	switch o.Payment {
	case "captured", "authorised", "refunding":
		return Decision{Act: Wait, Reason: RefundPending}
	case "refunded":
		return Decision{Act: Explain, Reason: WasRefunded}
	default:
		return Decision{Act: Explain, Reason: NothingTaken}
	}
}

func cancel(o OrderFact) Decision {
	if o.CancelRefused || o.PartGone || o.Status == "shipped" || o.Status == "delivered" || o.Status == "returned" {
		return late(o, TooLate)
	}
	return Decision{Act: Cancel, Reason: WillCancel}
}

// costs is a decision that costs what the ticket is about.
func costs(f Facts, act Act, why Reason) Decision {
	return Decision{Act: act, Reason: why, Amount: f.Order.Worth, Beyond: f.Limits.beyond(f.Order.Worth)}
}

// remedied tells what has become of what was done.
func remedied(r Remedy) Decision {
	switch r {
	case RefundDone:
		return Decision{Act: Explain, Reason: MoneyBack}
	case Reshipped:
		return Decision{Act: Explain, Reason: BeingSentAnew}
	case ReturnAwaited:
		return Decision{Act: Wait, Reason: MaySendBack}
	case ReturnCame, RefundWithdrawn:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case ReturnCanceled:
		return Decision{Act: Explain, Reason: ReturnOver}
	case ReturnExpired:
		return Decision{Act: Explain, Reason: NothingCame}
	default:
		return Decision{Act: Wait, Reason: WillRefund}
	}
}

// delivered is about an order that has arrived: what is named is refunded, or sent
// back first where policy wants that.
func delivered(f Facts, o OrderFact) Decision {
	switch {
	case f.Category == WhereIsMyOrder:
		return Decision{Act: Escalate, Reason: DeliveredMissing}
	case f.Return != nil && f.Return.Wanted:
		return wantedBack(*f.Return)
	case o.Worth > 0:
		return costs(f, Refund, WillRefund)
	case f.Category == OrderIssue:
		return Decision{Act: Escalate, Reason: DeliveredIssue}
	default:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	}
}

// returned is about an order that has come back, of whose money a person has
// decided, or policy, when it came.
func returned(c Category) Decision {
	if c == WhereIsMyOrder {
		return Decision{Act: Explain, Reason: CameBack}
	}
	return Decision{Act: Escalate, Reason: NeedsPerson}
}

// astray is about a parcel that does not arrive: it is sent anew where it can be,
// and refunded where not.
func astray(f Facts, o OrderFact) Decision {
	switch {
	case o.CanReship:
		return costs(f, Reship, WillReship)
	case o.Worth > 0:
		return costs(f, Refund, WillRefund)
	default:
		return Decision{Act: Escalate, Reason: NotArriving}
	}
}

// madeGood says whether something is done about a parcel that does not arrive.
func (o OrderFact) madeGood() bool { return o.SentAnew || o.Repaying || o.Repaid }

// instead tells what comes in the place of a parcel that does not arrive.
func instead(o OrderFact) Decision {
	switch {
	case o.SentAnew:
		return Decision{Act: Explain, Reason: BeingSentAnew}
	case o.Repaying:
		return Decision{Act: Wait, Reason: ParcelRefunding}
	default:
		return Decision{Act: Explain, Reason: ParcelRefunded}
	}
}

// onItsWay says whether a parcel that is looked for is with the carrier.
func (o OrderFact) onItsWay() bool { return o.Status == "shipped" || o.HasGone }

// where tells how far an order is.
func where(f Facts, o OrderFact) Decision {
	switch {
	case o.Status == "delivered":
		return delivered(f, o)
	case o.Status == "returned":
		return returned(f.Category)
	case o.Astray:
		return astray(f, o)
	case f.Category == Damaged || f.Category == WrongItem:
		return Decision{Act: Escalate, Reason: NeedsPerson}
	case o.Silent:
		return Decision{Act: Escalate, Reason: NotSeen}
	case o.madeGood():
		return instead(o)
	case o.onItsWay():
		return Decision{Act: Explain, Reason: OnItsWay}
	case o.Held != "":
		return Decision{Act: Explain, Reason: IsHeld}
	case o.Backordered && !o.AwaitsPayment:
		return Decision{Act: Explain, Reason: WaitsForGoods}
	case o.Status == "paid":
		return Decision{Act: Explain, Reason: BeingPrepared}
	case o.AwaitsPayment:
		return Decision{Act: Explain, Reason: AwaitingPayment}
	default:
		return Decision{Act: Explain, Reason: PayingNow}
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
	AwaitingPayment:  "The order goes on as soon as its payment has arrived.",
	PayingNow:        "The payment of this order is being made.",
	RetryingPayment:  "The payment was declined. It is being attempted once more now.",
	DeclinedAgain:    "The payment was declined again. It is attempted once more later.",
	WasPaid:          "The order is paid, and nothing more is charged for it.",
	PaysLater:        "The order is asked to be paid when all of its goods are there.",
	IsHeld:           "A person is looking at the order before it goes on.",
	WaitsForGoods:    "Goods of this order are not there yet. They are sent as soon as they have come.",
	AddressToChange:  "The order waits until a person has seen to its address.",
	AddressTooLate:   "The address can not be changed any more: the order is on its way.",
	AddressSame:      "The order goes to this address already.",
	ChangingAddress:  "The address of the order is being changed.",
	AddressChanged:   "The order goes to the new address.",
	AddressRefused:   "The address could not be changed: a person will look at this.",
	BeingPrepared:    "The order is paid and is being prepared for shipping.",
	OnItsWay:         "The parcel is on its way.",
	GoneAllTheSame:   "The order is over, and the carrier has a parcel of it all the same: a person will see to it.",
	NotSeen:          "The carrier has not seen the parcel for too long: a person will look for it.",
	NotArriving:      "A parcel of this order does not arrive: a person will see to it.",
	BeingSentAnew:    "A parcel of this order did not arrive. Its goods are being sent once more.",
	ParcelRefunding:  "A parcel of this order did not arrive. The money for what it held is on its way back to where it came from.",
	ParcelRefunded:   "A parcel of this order did not arrive. The money for what it held has been given back to where it came from.",
	WillRefund:       "The money for it is on its way back to where it came from.",
	WillReship:       "The goods are being sent once more.",
	MoneyBack:        "The money for it has been given back to where it came from.",
	Rejected:         "A person will see to this otherwise.",
	DeliveredMissing: "The carrier says that the parcel was delivered: a person will find out where it is.",
	CameBack:         "What was sent back has arrived. Nothing more of this order is on its way.",
	MaySendBack:      "It may be sent back. Its money is seen to when it has arrived.",
	ReturnTooLate:    "It arrived longer ago than it may be sent back: a person will look at this.",
	ReturnOver:       "It is not to be sent back any more.",
	NothingCame:      "Nothing has come back in time: it may not be sent back any more.",
	DeliveredIssue:   "The parcel was delivered: a person will ask what is wrong with it.",
	IsCancelling:     "The order is being cancelled.",
	WillCancel:       "The order is being cancelled.",
	TooLate:          "The order can not be cancelled any more: it is on its way. It can be sent back when it has arrived.",
	PartTooLate:      "A part of the order has left already: a person will see to the rest.",
	ReturnNotYet:     "It is on its way. It can be sent back when it has arrived.",
	HasArrived:       "The order has arrived. What is not wanted can be sent back.",
}

// namesParcel are the reasons whose text names the parcel, where there is one.
var namesParcel = map[Reason]bool{OnItsWay: true, TooLate: true, ReturnNotYet: true, AddressTooLate: true, NotSeen: true}

// Text says a decision in words for the customer, with the tracking where
// there is one.
func Text(d Decision, f Facts) string {
	s := texts[d.Reason]
	if d.Beyond != "" {
		s = texts[NeedsPerson] // what is proposed is no promise yet
	}
	if o := f.Order; o != nil && o.TrackingNumber != "" && namesParcel[d.Reason] {
		s += " Tracking number: " + o.TrackingNumber + " (" + o.Carrier + ")."
	}
	return s
}
