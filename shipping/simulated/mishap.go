package simulated

import (
	"time"

	"doorstep/shipping"
)

// astray is how far a parcel gets, and what is seen of it then.
type astray func(c *Carrier, l Label, scans []shipping.Scan) []shipping.Scan

// mishap draws whether a parcel does not get to the door, nil when it does.
func (c *Carrier) mishap(l Label) astray {
	if l.lost {
		return vanished
	}
	share := c.line.Seed.Share(name, "journey", "mishap", l.TrackingNumber)
	for _, m := range []struct {
		rate float64
		astray
	}{
		{c.cfg.LostRate, lost},
		{c.cfg.DamagedRate, damaged},
		{c.cfg.RefusedRate, refused},
		{c.cfg.ReturnedRate, undeliverable},
	} {
		if share < m.rate {
			return m.astray
		}
		share -= m.rate
	}
	return nil
}

// The endings of parcels that are lost, drawn evenly.
const (
	neverSeen  = iota // there is no further scan
	saidLost          // the carrier says so, when it has looked for it
	turnsUp           // and goes on its way
	lostEnding        // how many there are
)

// The carrier looks for a parcel for some days, and one that turns up does so
// after weeks.
const (
	lookFor   = 5 * 24 * time.Hour
	lostFor   = 35 * 24 * time.Hour
	lostForTo = 50 * 24 * time.Hour
)

// lost is a parcel that disappears behind one of its scans from the pickup on.
func lost(c *Carrier, l Label, scans []shipping.Scan) []shipping.Scan {
	seen := c.cut(l, scans)
	switch c.line.Seed.Pick(lostEnding, name, "journey", "lost", l.TrackingNumber) {
	case saidLost:
		return after(scans[:seen], shipping.Scan{Status: shipping.Failure, Detail: shipping.DetailLost}, lookFor)
	case turnsUp:
		late := c.between(lostFor, lostForTo, l, "found")
		for i := seen; i < len(scans); i++ {
			scans[i].At = scans[i].At.Add(late)
		}
		return scans
	}
	return scans[:seen]
}

// vanished is a parcel of which nothing more is seen.
func vanished(c *Carrier, l Label, scans []shipping.Scan) []shipping.Scan {
	return scans[:c.cut(l, scans)]
}

// damaged is a parcel that breaks behind one of its scans from the pickup on.
func damaged(c *Carrier, l Label, scans []shipping.Scan) []shipping.Scan {
	return after(scans[:c.cut(l, scans)], shipping.Scan{Status: shipping.Failure, Detail: shipping.DetailDamaged}, time.Hour)
}

// refused is a parcel that is not taken at the door.
func refused(_ *Carrier, _ Label, scans []shipping.Scan) []shipping.Scan {
	end := &scans[len(scans)-1]
	end.Status, end.Detail = shipping.ReturnToSender, shipping.DetailRefused
	return scans
}

// undeliverable is a parcel that is sent back before it gets to a door.
func undeliverable(c *Carrier, l Label, scans []shipping.Scan) []shipping.Scan {
	return after(scans[:c.cut(l, scans)], shipping.Scan{Status: shipping.ReturnToSender}, 24*time.Hour)
}

// cut is how many scans are made before a mishap: the purchase, the pickup and
// maybe more, but not the delivery.
func (c *Carrier) cut(l Label, scans []shipping.Scan) int {
	return 2 + c.line.Seed.Pick(len(scans)-2, name, "journey", "cut", l.TrackingNumber)
}

// after adds a scan of the same place, a while after the last one.
func after(scans []shipping.Scan, s shipping.Scan, while time.Duration) []shipping.Scan {
	last := scans[len(scans)-1]
	s.At, s.Place = last.At.Add(while), last.Place
	return append(scans, s)
}
