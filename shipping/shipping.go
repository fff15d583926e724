// Package shipping is the parcels of an order: the label that is bought, the
// hand-over, and the scans up to the door.
package shipping

import (
	"fmt"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/policy"
	"doorstep/state"
)

// Shipment is one parcel of an order.
type Shipment struct {
	ID             string          `json:"id"`
	Order          string          `json:"order"`
	Location       string          `json:"location"` // where it leaves from
	Carrier        string          `json:"carrier"`
	Service        string          `json:"service"`
	Leaves         policy.HandOver `json:"leaves"` // what counts as its hand-over, by the policy when it was planned
	Units          int64           `json:"units"`  // how many it holds
	Weight         int64           `json:"weight_grams"`
	Status         Status          `json:"status"`
	Tracking       TrackingStatus  `json:"tracking"`
	TrackingNumber string          `json:"tracking_number,omitempty"`
	LabelRef       string          `json:"label_ref,omitempty"` // the carrier's reference of the label
	Cost           int64           `json:"cost"`                // of the label, minor units
	CostCurrency   money.Currency  `json:"cost_currency,omitempty"`
	PlannedAt      time.Time       `json:"planned_at"`
	ShippedAt      time.Time       `json:"shipped_at,omitzero"`
	DeliveredAt    time.Time       `json:"delivered_at,omitzero"`
	ScannedAt      time.Time       `json:"scanned_at,omitzero"`  // the latest scan, by the carrier's clock
	AstrayAt       time.Time       `json:"astray_at,omitzero"`   // since when it does not arrive, by who has said so
	ReplacedAt     time.Time       `json:"replaced_at,omitzero"` // when its goods were reserved to be sent anew
}

// ShipmentLine is how many of an order's line a parcel holds.
type ShipmentLine struct {
	Line     int64  `json:"line"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Status is how far a parcel is, on the shop's side.
type Status string

// The statuses of a shipment. What the carrier sees of it is its TrackingStatus.
const (
	Planned     Status = "planned"
	LabelBought Status = "label_bought"
	Shipped     Status = "shipped" // handed over
	Failed      Status = "failed"  // no carrier takes it
	Voided      Status = "voided"  // it will not leave

	Lost     Status = "lost"     // no one knows where it is
	Damaged  Status = "damaged"  // what is in it is of no use to the customer
	Returned Status = "returned" // refused or not deliverable: it comes back
	Received Status = "received" // it came back, and is in the house

	Unpacked Status = "unpacked" // here, though its carrier took the label not back
	Strayed  Status = "strayed"  // left, though its order was over
)

// Here says whether a parcel is to leave and has not.
func (s *Shipment) Here() bool { return s.Status == Planned || s.Status == LabelBought }

// Gone says whether a parcel has left, whatever became of it then.
func (s *Shipment) Gone() bool { return s.Status == Shipped || s.Astray() }

// Astray says whether a parcel has left and does not arrive.
func (s *Shipment) Astray() bool {
	return s.Status == Lost || s.Status == Damaged || s.Status == Returned || s.Status == Received
}

// Lacking says whether a parcel does not arrive, and nothing was sent in its place.
func (s *Shipment) Lacking() bool { return s.Astray() && s.ReplacedAt.IsZero() }

// Live says whether a parcel is to leave or has left, and was not replaced by
// another one.
func (s *Shipment) Live() bool { return (s.Here() || s.Gone()) && s.ReplacedAt.IsZero() }

// The events of a shipment.
const (
	EventPlanned       event.Type = "shipment.planned"
	EventLabelUnknown  event.Type = "shipment.label_unknown" // the carrier gave no answer: it is asked again
	EventLabelRefused  event.Type = "shipment.label_refused" // a further attempt follows
	EventRerouted      event.Type = "shipment.rerouted"      // the next carrier is asked
	EventLabelBought   event.Type = "shipment.label_bought"
	EventFailed        event.Type = "shipment.failed"
	EventVoidRequested event.Type = "shipment.void_requested"
	EventVoidRefused   event.Type = "shipment.void_refused" // it is on its way already
	EventVoided        event.Type = "shipment.voided"
	EventShipped       event.Type = "shipment.shipped"
	EventTracked       event.Type = "shipment.tracked" // the tracking status has moved, or a person has said where it is
	EventSilent        event.Type = "shipment.silent"  // nothing was seen of it for too long
	EventDelivered     event.Type = "shipment.delivered"
	EventLost          event.Type = "shipment.lost"
	EventDamaged       event.Type = "shipment.damaged"
	EventReturned      event.Type = "shipment.returned"              // it is on its way back
	EventFound         event.Type = "shipment.found"                 // it is on its way again
	EventReceived      event.Type = "shipment.received"              // it is back in the house
	EventReplaced      event.Type = "shipment.replaced"              // its goods are reserved once more, to be sent anew
	EventNotReplaced   event.Type = "shipment.replacement_withdrawn" // they are not sent anew after all: it counts as what it is
	EventUnpacked      event.Type = "shipment.unpacked"              // of an order that has failed: its goods are on the shelf again
	EventStrayed       event.Type = "shipment.strayed"               // of an order that has failed: its goods are gone
)

// Transitions is the one table of what a shipment can go through.
var Transitions = state.Table[Status, event.Type]{
	{From: "", On: EventPlanned, To: Planned},
	{From: Planned, On: EventLabelUnknown, To: Planned},
	{From: Planned, On: EventLabelRefused, To: Planned},
	{From: Planned, On: EventRerouted, To: Planned},
	{From: Planned, On: EventLabelBought, To: LabelBought},
	{From: Planned, On: EventFailed, To: Failed},
	{From: Planned, On: EventVoided, To: Voided},
	{From: Planned, On: EventShipped, To: Shipped}, // a parcel of a carrier that sells no labels
	{From: LabelBought, On: EventVoidRequested, To: LabelBought},
	{From: LabelBought, On: EventVoidRefused, To: LabelBought},
	{From: LabelBought, On: EventVoided, To: Voided},
	{From: LabelBought, On: EventShipped, To: Shipped},
	{From: LabelBought, On: EventTracked, To: LabelBought},
	{From: LabelBought, On: EventSilent, To: LabelBought},
	{From: Shipped, On: EventVoidRefused, To: Shipped},
	{From: Shipped, On: EventTracked, To: Shipped},
	{From: Shipped, On: EventSilent, To: Shipped},
	{From: Shipped, On: EventDelivered, To: Shipped},
	{From: Shipped, On: EventLost, To: Lost},
	{From: Shipped, On: EventDamaged, To: Damaged},
	{From: Shipped, On: EventReturned, To: Returned},
	{From: Lost, On: EventTracked, To: Lost},
	{From: Lost, On: EventFound, To: Shipped},
	{From: Lost, On: EventDelivered, To: Shipped}, // at the door
	{From: Lost, On: EventDamaged, To: Damaged},
	{From: Lost, On: EventReturned, To: Returned},
	{From: Damaged, On: EventReceived, To: Received},
	{From: Returned, On: EventReceived, To: Received},
	{From: LabelBought, On: EventUnpacked, To: Unpacked},
	{From: LabelBought, On: EventStrayed, To: Strayed},
	{From: Lost, On: EventReplaced, To: Lost},
	{From: Damaged, On: EventReplaced, To: Damaged},
	{From: Returned, On: EventReplaced, To: Returned},
	{From: Received, On: EventReplaced, To: Received},
	{From: Shipped, On: EventNotReplaced, To: Shipped}, // it has turned up meanwhile
	{From: Lost, On: EventNotReplaced, To: Lost},
	{From: Damaged, On: EventNotReplaced, To: Damaged},
	{From: Returned, On: EventNotReplaced, To: Returned},
	{From: Received, On: EventNotReplaced, To: Received},
}

// Mishaps are what may become of a parcel under way other than that it arrives,
// and the events that say so.
var Mishaps = map[Status]event.Type{Lost: EventLost, Damaged: EventDamaged, Returned: EventReturned}

// Manual is the carrier without a provider: a person picks, hands over and
// says so.
const Manual = "manual"

// Attempt is one question to a carrier. A shipment has at most one that is open.
type Attempt struct {
	attempt.Attempt
	Shipment       string         `json:"shipment"`
	Op             Op             `json:"op"`
	Carrier        string         `json:"carrier"`
	TrackingNumber string         `json:"tracking_number,omitempty"`
	Cost           int64          `json:"cost"`
	CostCurrency   money.Currency `json:"cost_currency,omitempty"`
	Refusal        Refusal        `json:"refusal,omitempty"`
}

// Op is what an attempt asks for.
type Op string

// The operations.
const (
	OpBuy  Op = "buy"
	OpVoid Op = "void"
)

// progress orders the tracking statuses: a parcel's status is the furthest
// that was seen, whatever the order in which the scans arrive.
var progress = []TrackingStatus{TrackingUnknown, PreTransit, InTransit, OutForDelivery, Delivered}

// Fold returns the tracking status after a scan. It is monotone: a scan that
// arrives late or twice never turns a parcel back.
func Fold(s TrackingStatus, scans ...Scan) TrackingStatus {
	for _, scan := range scans {
		if slices.Index(progress, scan.Status) > slices.Index(progress, s) {
			s = scan.Status
		}
	}
	return s
}

// Latest returns the scan that was made last, by the carrier's clock, and false
// where there is none. It does not depend on the order in which they have come.
func Latest(scans []Scan) (latest Scan, ok bool) {
	for _, k := range scans {
		if c := k.At.Compare(latest.At); !ok || c > 0 || c == 0 && k.ID > latest.ID {
			latest, ok = k, true
		}
	}
	return latest, ok
}

// Mishap returns what a scan says has become of a parcel that does not arrive,
// "" where it says no such thing. What is not known more closely is lost.
func (k Scan) Mishap() Status {
	switch {
	case k.Status == ReturnToSender:
		return Returned
	case k.Status == Failure && k.Detail == DetailDamaged:
		return Damaged
	case k.Status == Failure:
		return Lost
	}
	return ""
}

// Physical says whether a status proves that the carrier has the parcel.
func (s TrackingStatus) Physical() bool {
	return slices.Index(progress, s) >= slices.Index(progress, InTransit)
}

// Sighting is what a person says was seen of a parcel.
type Sighting struct {
	Status TrackingStatus `json:"status"`
	At     time.Time      `json:"at,omitzero"`      // when it was seen; now when it is missing
	Place  string         `json:"place,omitempty"`  // a hub or town, never an address
	Detail Detail         `json:"detail,omitempty"` // of failure: lost, or damaged; lost when it is missing
}

// Validate checks a sighting that is told at the given time.
//
// Errors: invalid, with the path of every field that is wrong.
func (q Sighting) Validate(now time.Time) error {
	var c fault.Check
	told := []TrackingStatus{PreTransit, InTransit, OutForDelivery, Delivered, ReturnToSender, Failure}
	c.If(!slices.Contains(told, q.Status), "status", "unknown", "one of %v", told)
	c.If(q.At.After(now), "at", "out_of_range", "a time that is not to come")
	c.If(!q.At.IsZero() && q.At.Year() < 2000, "at", "out_of_range", "a time of this century")
	c.Text("place", q.Place, 100)
	details := []Detail{"", DetailLost, DetailDamaged}
	c.If(!slices.Contains(details, q.Detail) || q.Detail != "" && q.Status != Failure, "detail", "mismatch", "lost or damaged, of the status failure")
	return c.Err("the scan")
}

// Scan is the scan that a sighting is, told at the given time.
func (q Sighting) Scan(now time.Time) Scan {
	if q.At.IsZero() {
		q.At = now
	}
	at := q.At.UTC().Truncate(time.Microsecond)
	return Scan{ID: fmt.Sprintf("said_%s_%d", q.Status, at.UnixMicro()), Status: q.Status, At: at, Place: q.Place, Detail: q.Detail}
}

// HandOver is what a person says when a parcel has been handed over.
type HandOver struct {
	TrackingNumber string `json:"tracking_number,omitempty"` // needed where no label was bought
}

// Validate checks a hand-over of a shipment.
//
// Errors: invalid, with the path of every field that is wrong.
func (h HandOver) Validate(s Shipment) error {
	var c fault.Check
	c.If(s.TrackingNumber == "" && fault.Blank(h.TrackingNumber), "tracking_number", "required", "the number under which the parcel is followed")
	c.Text("tracking_number", h.TrackingNumber, 64)
	c.If(s.TrackingNumber != "" && h.TrackingNumber != "" && h.TrackingNumber != s.TrackingNumber,
		"tracking_number", "mismatch", "%s, the label's", s.TrackingNumber)
	return c.Err("the hand-over")
}
