// Package payment is the money of an order: what is asked of a gateway, attempt
// by attempt, and what became of it.
package payment

import (
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/state"
)

// Payment is what one order has to pay and has paid, at one gateway.
type Payment struct {
	ID       string         `json:"id"`
	Order    string         `json:"order"`
	Gateway  string         `json:"gateway"`
	Method   string         `json:"method,omitempty"` // the customer's payment method, a token of the gateway's
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"` // minor units
	Captured int64          `json:"captured"`
	Refunded int64          `json:"refunded"`
	Status   Status         `json:"status"`
	Capture  bool           `json:"capture_at_once"`
	Ref      string         `json:"ref,omitempty"` // the gateway's reference of the authorisation
	OpenedAt time.Time      `json:"opened_at"`     // since when it is to be paid
	// AuthorisedUntil is when the authorisation ends, as the gateway says; zero
	// when it does not.
	AuthorisedUntil time.Time `json:"authorised_until,omitzero"`
	PaidBy          string    `json:"paid_by,omitempty"` // the refund of another order that paid it, in an exchange
}

// Money returns an amount in the payment's currency.
func (p Payment) Money(minor int64) money.Amount { return money.Of(minor, p.Currency) }

// Status is how a payment stands, in the words of the field
// (https://docs.stripe.com/payments/paymentintents/lifecycle).
type Status string

// The statuses.
const (
	StatusRequiresConfirmation  Status = "requires_confirmation"   // it is asked for when all goods are there
	StatusRequiresPaymentMethod Status = "requires_payment_method" // it waits to be paid elsewhere
	StatusProcessing            Status = "processing"              // the gateway is being asked
	StatusRequiresCapture       Status = "requires_capture"        // authorised
	StatusSucceeded             Status = "succeeded"               // captured
	StatusCanceled              Status = "canceled"                // nothing was taken, and nothing will be
)

// The events of a payment.
const (
	EventConfirmed     event.Type = "payment.confirmed" // from now on the gateway is asked
	EventRequested     event.Type = "payment.requested" // from now on it is to be paid elsewhere
	EventUnknown       event.Type = "payment.unknown"   // the gateway gave no answer: it is asked again
	EventDeclined      event.Type = "payment.declined"  // a further attempt follows
	EventExpired       event.Type = "payment.expired"   // the attempt was never made, and none follows
	EventAuthorised    event.Type = "payment.authorised"
	EventSucceeded     event.Type = "payment.succeeded"
	EventFailed        event.Type = "payment.failed" // declined for good
	EventCaptureFailed event.Type = "payment.capture_failed"
	EventCanceled      event.Type = "payment.canceled"

	EventCaptureRequested event.Type = "payment.capture_requested" // a person wants it taken now

	EventEnding          event.Type = "payment.ending"           // the authorisation is about to end
	EventRenewed         event.Type = "payment.renewed"          // another authorisation has taken its place
	EventRenewalDeclined event.Type = "payment.renewal_declined" // it has not, and will not
)

// Transitions is the one table of what a payment can go through.
var Transitions = state.Table[Status, event.Type]{
	{From: StatusRequiresConfirmation, On: EventConfirmed, To: StatusProcessing},
	{From: StatusRequiresConfirmation, On: EventRequested, To: StatusRequiresPaymentMethod},
	{From: StatusRequiresConfirmation, On: EventSucceeded, To: StatusSucceeded}, // paid elsewhere before anyone was asked
	{From: StatusRequiresConfirmation, On: EventCanceled, To: StatusCanceled},
	{From: StatusProcessing, On: EventUnknown, To: StatusProcessing},
	{From: StatusProcessing, On: EventDeclined, To: StatusProcessing},
	{From: StatusProcessing, On: EventAuthorised, To: StatusRequiresCapture},
	{From: StatusProcessing, On: EventSucceeded, To: StatusSucceeded},
	{From: StatusProcessing, On: EventFailed, To: StatusCanceled},
	{From: StatusProcessing, On: EventCanceled, To: StatusCanceled},
	{From: StatusRequiresPaymentMethod, On: EventSucceeded, To: StatusSucceeded},
	{From: StatusRequiresPaymentMethod, On: EventCanceled, To: StatusCanceled},
	{From: StatusRequiresCapture, On: EventUnknown, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventDeclined, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventExpired, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventCaptureRequested, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventSucceeded, To: StatusSucceeded},
	{From: StatusRequiresCapture, On: EventCaptureFailed, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventEnding, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventRenewed, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventRenewalDeclined, To: StatusRequiresCapture},
	{From: StatusRequiresCapture, On: EventCanceled, To: StatusCanceled},
}

// The gateways that ask no provider.
const (
	Manual = "manual" // paid elsewhere: a person records it
	Free   = "free"   // there is nothing to pay
)

// Attempt is one question to a gateway. A payment has at most one that is open.
type Attempt struct {
	attempt.Attempt
	Payment string  `json:"payment"`
	Op      Op      `json:"op"`
	Amount  int64   `json:"amount"`
	Refund  string  `json:"refund,omitempty"` // which refund, for Op refund
	Charge  string  `json:"charge,omitempty"` // the gateway's reference of the authorisation that it is about, where there is one
	Decline Decline `json:"decline,omitempty"`
}

// Op is what an attempt asks for.
type Op string

// The operations.
const (
	OpAuthorise Op = "authorise"
	OpCapture   Op = "capture"
	OpRenew     Op = "renew" // authorise once more, before the authorisation ends
	OpVoid      Op = "void"
	OpRefund    Op = "refund"
	OpRecord    Op = "record"  // a person recorded what was paid elsewhere
	OpRelease   Op = "release" // give up an authorisation that is not the payment's own
	OpReverse   Op = "reverse" // give back the money of a charge that is not the payment's own
)

// Takes says whether an operation holds or takes a customer's money.
func (o Op) Takes() bool { return o.Authorises() || o == OpCapture }

// Authorises says whether an operation asks for an authorisation.
func (o Op) Authorises() bool { return o == OpAuthorise || o == OpRenew }

// Undoes says whether an operation is about a charge that is not the payment's
// own, and moves neither the payment nor its refunds.
func (o Op) Undoes() bool { return o == OpRelease || o == OpReverse }

// Refund is money that goes back to the customer.
type Refund struct {
	ID       string       `json:"id"`
	Payment  string       `json:"payment"`
	Order    string       `json:"order"`
	Amount   int64        `json:"amount"` // minor units of the payment's currency
	Status   RefundStatus `json:"status"`
	Reason   string       `json:"reason"`
	Pays     string       `json:"pays,omitempty"` // the payment of another order that it pays, in an exchange; "" when it goes to the customer
	OpenedAt time.Time    `json:"opened_at"`
	ClosedAt time.Time    `json:"closed_at,omitzero"` // when it succeeded, failed or was canceled
}

// RefundLine is what of a line a refund gives back.
type RefundLine struct {
	Line     int64  `json:"line"`
	Quantity int64  `json:"quantity,omitempty"` // the units for which it is given back; 0 for money alone
	Amount   int64  `json:"amount"`             // minor units of the payment's currency
	Cause    string `json:"cause,omitempty"`    // the return, parcel, ticket or order for which it is given back; "" for none of them
}

// Counts says whether a refund's money is given back, or about to be.
func (f Refund) Counts() bool { return f.Status != RefundFailed && f.Status != RefundCanceled }

// RefundStatus is how a refund stands, in the words of the field
// (https://docs.stripe.com/api/refunds/object#refund_object-status).
type RefundStatus string

// The statuses of a refund.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"   // the money came back to the shop, or never left it
	RefundCanceled  RefundStatus = "canceled" // it was not to be made after all
)

// The events of a refund.
const (
	EventRefundOpened    event.Type = "refund.opened"
	EventRefundUnknown   event.Type = "refund.unknown"  // the gateway gave no answer: it is asked again
	EventRefundDeclined  event.Type = "refund.declined" // a further attempt follows
	EventRefundSucceeded event.Type = "refund.succeeded"
	EventRefundConfirmed event.Type = "refund.confirmed" // the gateway says later that it still stands
	EventRefundFailed    event.Type = "refund.failed"    // also after it had succeeded
	EventRefundCanceled  event.Type = "refund.canceled"  // a person has taken it back before it was made
)

// RefundTransitions is the one table of what a refund can go through.
var RefundTransitions = state.Table[RefundStatus, event.Type]{
	{From: "", On: EventRefundOpened, To: RefundPending},
	{From: RefundPending, On: EventRefundUnknown, To: RefundPending},
	{From: RefundPending, On: EventRefundDeclined, To: RefundPending},
	{From: RefundPending, On: EventRefundSucceeded, To: RefundSucceeded},
	{From: RefundPending, On: EventRefundFailed, To: RefundFailed},
	{From: RefundPending, On: EventRefundCanceled, To: RefundCanceled},
	{From: RefundSucceeded, On: EventRefundConfirmed, To: RefundSucceeded},
	{From: RefundSucceeded, On: EventRefundFailed, To: RefundFailed},
}

// Kept returns what of a payment is captured and not given back or about to be.
func Kept(p Payment, refunds []*Refund) int64 {
	kept := p.Captured
	for _, r := range refunds {
		if r.Counts() {
			kept -= r.Amount
		}
	}
	return kept
}

// Record is what a person says was paid elsewhere.
type Record struct {
	Reference string `json:"reference"` // such as the number of a bank statement's line
	Amount    int64  `json:"amount"`    // minor units
}

// Validate checks a record against the payment that it is for.
//
// Errors: invalid, with the path of every field that is wrong.
func (r Record) Validate(p Payment) error {
	var c fault.Check
	c.Required("reference", r.Reference, 200, "what says where it is to be found")
	c.If(r.Amount != p.Amount, "amount", "mismatch", "%s, what the order has to pay", p.Money(p.Amount))
	return c.Err("the record")
}
