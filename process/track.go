package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/shipping"
)

// askTracking asks the carrier what it has seen of a parcel.
func askTracking(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	return inquiry[shipping.Shipment, shipping.Tracking]{
		kind:     KindCarrier,
		provider: func(s shipping.Shipment) string { return s.Carrier },
		read:     readShipment,
		ask:      track,
		settle: func(c *change, own *work.Item, _ shipping.Shipment, t shipping.Tracking, asked error) error {
			return c.settleTracking(own, t, asked)
		},
	}.carryOut(ctx, p, it)
}

func readShipment(r db.Reader, it work.Item) (shipping.Shipment, error) {
	all, err := shipping.Of(r, it.Owner)
	if err != nil {
		return shipping.Shipment{}, err
	}
	for _, s := range all {
		if s.ID == it.Subject {
			return s, nil
		}
	}
	return shipping.Shipment{}, fault.New(fault.NotFound, "order %s has no shipment %q", it.Owner, it.Subject)
}

func track(ctx context.Context, p *Process, s shipping.Shipment) (shipping.Tracking, error) {
	carrier := p.carriers[s.Carrier]
	if carrier == nil {
		return shipping.Tracking{}, fmt.Errorf("%w: the shop has no carrier %q", shipping.ErrNotReached, s.Carrier)
	}
	t, err := carrier.Track(ctx, s.TrackingNumber)
	for i := range t.Scans {
		t.Scans[i].ID, t.Scans[i].Place = clean(t.Scans[i].ID), clean(t.Scans[i].Place)
	}
	return t, err
}

// settleTracking appends what the carrier has seen and moves the parcel on.
func (c *change) settleTracking(own *work.Item, t shipping.Tracking, asked error) error {
	s, err := c.shipment(own.Subject)
	if err != nil {
		return err
	}
	if asked != nil {
		tries := own.Tries
		if !errors.Is(asked, attempt.ErrNotReached) {
			tries++
		}
		c.againSilent(own, s, c.tx.Now().Add(time.Duration(c.policy.TrackEvery)), tries, asked.Error())
		return c.silence(s)
	}
	if err := c.scanned(s, t.Scans); err != nil {
		return err
	}
	if !s.DeliveredAt.IsZero() || s.Status == shipping.Returned || s.Status == shipping.Damaged {
		return nil // the event of it has ended the step
	}
	c.againSilent(own, s, c.trackNext(s, t.Next), 0, "")
	return c.silence(s)
}

// scanned appends what was seen of a parcel and moves it on.
func (c *change) scanned(s *shipping.Shipment, scans []shipping.Scan) error {
	added, all, err := shipping.AddScans(c.tx, *s, scans)
	if err != nil {
		return err
	}
	before := s.Tracking
	s.Tracking = shipping.Fold(before, added...)
	for _, k := range added {
		if k.At.After(s.ScannedAt) {
			s.ScannedAt = k.At
		}
	}
	if err := c.tracked(s, before, added); err != nil {
		return err
	}
	return c.whereabouts(s, all)
}

// RecordScan says that a person has seen where a parcel is, or was told of it by a carrier
// that does not tell the process. It is followed as a scan of the carrier's own: one that
// is older, or says less than what is known, moves nothing. The same status of the same
// moment is one scan.
//
// Errors: invalid; not_found; conflict when the parcel is not under way, or its label is
// being given back.
func (p *Process) RecordScan(ctx context.Context, by Command, orderID, shipmentID string, q shipping.Sighting) (Result[order.Order], error) {
	return p.change(ctx, by, "record_scan", orderID, [2]any{shipmentID, q}, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		if err := whyNoScan(*s); err != nil {
			return err
		}
		if err := c.notAsked(s); err != nil {
			return err // a person's word is not held against the carrier's, which is to come
		}
		if err := q.Validate(c.tx.Now()); err != nil {
			return err
		}
		version, scan := c.order.Version, q.Scan(c.tx.Now())
		known, err := shipping.Scans(c.tx, c.order.ID)
		if err != nil || slices.ContainsFunc(known[s.ID], func(k shipping.Scan) bool { return k.ID == scan.ID }) {
			return err
		}
		if err := c.scanned(s, []shipping.Scan{scan}); err != nil || c.order.Version > version {
			return err
		}
		return c.moveShipment(s, shipping.EventTracked, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, Tracking: s.Tracking, SeenAt: &scan.At})
	})
}

func whyNoScan(s shipping.Shipment) error {
	if !isFollowed(s) {
		return fault.New(fault.Conflict, "shipment %s is %s: no scan of it is waited for", s.ID, whereIs(s))
	}
	return nil
}

// isFollowed says whether scans move a parcel: it is under way, or lost, or leaves by its
// first scan.
func isFollowed(s shipping.Shipment) bool {
	under := s.Status == shipping.Shipped || s.Status == shipping.Lost || s.Status == shipping.LabelBought && s.Leaves == policy.HandOverFirstScan
	return under && s.DeliveredAt.IsZero()
}

// trackNext is when the carrier is asked again about a parcel. Whatever it
// suggests, a parcel is missed in time; and one that is lost is seldom asked for.
func (c *change) trackNext(s *shipping.Shipment, suggested time.Time) time.Time {
	now := c.tx.Now()
	switch {
	case s.Status == shipping.Lost && suggested.After(now):
		return suggested
	case s.Status == shipping.Lost:
		return now.Add(time.Duration(max(c.policy.Silence, c.policy.TrackEvery)))
	case !suggested.After(now):
		suggested = now.Add(time.Duration(c.policy.TrackEvery))
	}
	if missed := c.missedAt(s); missed.Before(suggested) {
		return missed
	}
	return suggested
}

// missedAt is when a parcel will have gone without a scan for too long, or for
// too long once more, or for so long that it is given up.
func (c *change) missedAt(s *shipping.Shipment) time.Time {
	now, last := c.tx.Now(), s.LastSeen()
	next := now.Add(time.Duration(c.policy.Silence))
	for _, wait := range []policy.Duration{c.policy.Silence, c.policy.LostAfter} {
		if at := last.Add(time.Duration(wait)); at.After(now) && at.Before(next) {
			next = at
		}
	}
	return next
}

// patience is how long nothing need be seen of a parcel before that is looked at.
func (c *change) patience() time.Duration {
	if lost := c.policy.LostAfter; lost > 0 && lost < c.policy.Silence {
		return time.Duration(lost)
	}
	return time.Duration(c.policy.Silence)
}

// tracked says how far the scans have moved a parcel. The first one that
// proves that the carrier has it is its hand-over, if nothing else was: at
// once, or later when the money was not there yet.
func (c *change) tracked(s *shipping.Shipment, before shipping.TrackingStatus, added []shipping.Scan) error {
	leaves := s.Status == shipping.LabelBought && s.Tracking.Physical() && c.mayLeave()
	if leaves {
		if err := c.ship(s); err != nil {
			return err
		}
	}
	if s.Tracking == before && !(leaves && s.Tracking == shipping.Delivered) {
		return nil
	}
	at := seenAt(s.Tracking, added)
	if at.IsZero() {
		at = s.ScannedAt // it was seen before this
	}
	if s.Tracking == shipping.Delivered && (s.Status == shipping.Shipped || s.Status == shipping.Lost) {
		return c.delivered(s, at)
	}
	return c.moveShipment(s, shipping.EventTracked, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, Tracking: s.Tracking, SeenAt: &at,
		Unpaid: hasGone(s) && !before.Physical() && c.order.End.GoesOn()})
}

// hasGone says whether the carrier has a parcel that is here by the books.
func hasGone(s *shipping.Shipment) bool {
	return s.Status == shipping.LabelBought && s.Tracking.Physical()
}

// mayLeave says whether a parcel that the carrier has seen leaves by the books
// too: the goods are still the order's, and the money is there.
func (c *change) mayLeave() bool {
	return c.order.Payment.Taken() && !c.order.End.Over()
}

func seenAt(status shipping.TrackingStatus, scans []shipping.Scan) time.Time {
	for _, k := range scans {
		if k.Status == status {
			return k.At
		}
	}
	return time.Time{}
}

func trackDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.TrackEvery)) }
