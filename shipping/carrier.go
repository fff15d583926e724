package shipping

import (
	"context"
	"fmt"
	"time"

	"doorstep/attempt"
	"doorstep/money"
)

// Carrier is a shipping provider. A label is bought and voided under an
// attempt's key: asking again under the same key within KeyLife gives the same
// label and never buys a second one.
//
// An error means that the outcome is not known, unless it wraps
// ErrNotReached: then the request certainly did not arrive; or its code is
// invalid: then the request was refused as it stands, and nothing was done.
type Carrier interface {
	Name() string
	// KeyLife is how long an idempotency key is honoured after its first use.
	KeyLife() time.Duration
	// Rate tells what a parcel costs with a service.
	Rate(ctx context.Context, p Parcel) (money.Amount, error)
	// BuyLabel buys a label for a parcel.
	BuyLabel(ctx context.Context, key string, p Parcel) (LabelAnswer, error)
	// VoidLabel gives back the label with the carrier's reference. It is refused
	// once the parcel has been scanned.
	VoidLabel(ctx context.Context, key, ref string) (VoidAnswer, error)
	// Lookup tells what became of the purchase with the key. ErrNoLabel when the
	// carrier knows none, which proves nothing while the key lives.
	Lookup(ctx context.Context, key string) (LabelAnswer, error)
	// Track returns every scan that the carrier has of a parcel by now, in any
	// order and possibly more than once.
	Track(ctx context.Context, trackingNumber string) (Tracking, error)
}

// ErrNotReached says that the request certainly did not arrive at the carrier.
var ErrNotReached = fmt.Errorf("shipping: the carrier %w", attempt.ErrNotReached)

// ErrNoLabel says that the carrier knows no purchase with the key.
var ErrNoLabel = fmt.Errorf("shipping: the carrier %w", attempt.ErrNotKnown)

// Parcel is what a label is bought for.
type Parcel struct {
	Order       string // the order's id, as the sender's reference
	WeightGrams int64
	Service     string // the shipping method, such as standard
	From        string // the location's country, ISO 3166-1 alpha-2
	To          Address
	Currency    money.Currency // the currency to quote in
}

// Address is where a parcel goes. It is personal data and goes to the carrier alone.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// LabelAnswer is what a carrier says became of a purchase.
type LabelAnswer struct {
	Bought         bool         `json:"bought"`
	Ref            string       `json:"ref,omitempty"` // the carrier's reference of the label
	TrackingNumber string       `json:"tracking_number,omitempty"`
	Cost           money.Amount `json:"cost"`
	Refusal        Refusal      `json:"refusal,omitempty"` // why, when not bought
}

// VoidAnswer is what a carrier says to giving a label back.
type VoidAnswer struct {
	Voided  bool    `json:"voided"`
	Refusal Refusal `json:"refusal,omitempty"` // why, when not voided
}

// Refusal is a normalised reason of a refused label.
type Refusal string

// The reasons. Temporary ones may pass when asked again later.
const (
	AddressRefused  Refusal = "address_refused"
	NoService       Refusal = "no_service"
	CarrierTrouble  Refusal = "carrier_trouble" // temporary
	AlreadyHandedIn Refusal = "already_handed_in"
)

// Temporary says whether the same may pass when asked again later.
func (r Refusal) Temporary() bool { return r == CarrierTrouble }

// Tracking is what a carrier knows of a parcel.
type Tracking struct {
	Scans []Scan
	// Next is when the carrier suggests to ask again; zero leaves it to policy.
	Next time.Time
}

// Scan is one thing that was seen of a parcel.
type Scan struct {
	ID     string         `json:"id"` // the carrier's, unique per parcel: the same scan may come twice
	Status TrackingStatus `json:"status"`
	At     time.Time      `json:"at"`    // when it was seen, by the carrier's clock
	Place  string         `json:"place"` // a hub or town, never an address
	Detail Detail         `json:"detail,omitempty"`
}

// TrackingStatus is where a parcel is, in the words of the field
// (https://docs.easypost.com/docs/trackers, tracking statuses).
type TrackingStatus string

// The statuses that a parcel goes through.
const (
	TrackingUnknown TrackingStatus = "unknown"
	PreTransit      TrackingStatus = "pre_transit"
	InTransit       TrackingStatus = "in_transit"
	OutForDelivery  TrackingStatus = "out_for_delivery"
	Delivered       TrackingStatus = "delivered"
)

// The statuses of a parcel that does not arrive. They are no part of its way to
// the door: what becomes of it is its shipment's Status.
const (
	ReturnToSender TrackingStatus = "return_to_sender"
	Failure        TrackingStatus = "failure"
)

// Detail is what a scan says more closely, in the words of the field
// (https://docs.easypost.com/docs/trackers, status details).
type Detail string

// The details of scans of a parcel that does not arrive.
const (
	DetailLost    Detail = "lost"
	DetailDamaged Detail = "damaged"
	DetailRefused Detail = "refused"
)
