package payment

import (
	"context"
	"fmt"
	"time"

	"doorstep/attempt"
	"doorstep/money"
)

// Gateway is a payment provider. Every call carries the attempt's key: asking
// again under the same key within KeyLife repeats the same attempt and gives
// the same answer.
//
// An error means that the outcome is not known, unless it wraps
// ErrNotReached: then the request certainly did not arrive; or its code is
// invalid: then the request was refused as it stands, and nothing was done.
type Gateway interface {
	Name() string
	// KeyLife is how long an idempotency key is honoured after its first use.
	KeyLife() time.Duration
	// Authorise asks for the money; with Capture it is taken at once.
	Authorise(ctx context.Context, r Authorisation) (Answer, error)
	// Capture takes authorised money.
	Capture(ctx context.Context, r Followup) (Answer, error)
	// Void gives up an authorisation.
	Void(ctx context.Context, r Followup) (Answer, error)
	// Refund gives captured money back.
	Refund(ctx context.Context, r Followup) (Answer, error)
	// Lookup tells what became of the attempt with the key. ErrNoAttempt when the
	// provider knows no such attempt, which proves nothing while the key lives.
	Lookup(ctx context.Context, key string) (Answer, error)
}

// ErrNotReached says that the request certainly did not arrive at the provider.
var ErrNotReached = fmt.Errorf("payment: the gateway %w", attempt.ErrNotReached)

// ErrNoAttempt says that the provider knows no attempt with the key.
var ErrNoAttempt = fmt.Errorf("payment: the gateway %w", attempt.ErrNotKnown)

// Authorisation is what a gateway is asked for first.
type Authorisation struct {
	Key     string // the attempt's key
	Amount  money.Amount
	Capture bool   // take the money at once
	Order   string // the order's id, as the merchant's reference
	Method  string // the customer's payment method, a token of the gateway's
}

// Followup is what a gateway is asked for later, about an authorisation it gave.
type Followup struct {
	Key    string // the attempt's key
	Ref    string // the provider's reference of the authorisation
	Amount money.Amount
}

// Answer is what a provider says became of an attempt.
type Answer struct {
	Result  Result  `json:"result"`
	Ref     string  `json:"ref,omitempty"`     // the provider's reference
	Decline Decline `json:"decline,omitempty"` // why, when Result is Declined
	// Until is when an authorisation that was given ends: it can not be captured
	// from then on. Zero when the provider says nothing of it.
	Until time.Time `json:"until,omitzero"`
}

// Result is the outcome of an attempt in normalised words.
type Result string

// The results of an attempt.
const (
	Succeeded Result = "succeeded"
	Declined  Result = "declined"
)

// Decline is a normalised reason of a declined attempt.
type Decline string

// The reasons. Soft ones may pass when asked again later; hard ones will not.
const (
	InsufficientFunds Decline = "insufficient_funds"
	TryAgainLater     Decline = "try_again_later"
	CardExpired       Decline = "card_expired"
	CardStolen        Decline = "card_stolen"
	SuspectedFraud    Decline = "suspected_fraud"
	InvalidMethod     Decline = "invalid_method"
	// AuthorisationExpired says that the authorisation to be captured has ended.
	AuthorisationExpired Decline = "authorisation_expired"
	NotPermitted         Decline = "not_permitted" // the provider refuses the operation itself, such as a refund over what was captured
)

// Soft says whether the same may succeed when asked again later.
func (d Decline) Soft() bool { return d == InsufficientFunds || d == TryAgainLater }
