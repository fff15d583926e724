package simulated

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/shipping"
)

// days is how long a parcel takes from the day of its pickup to its delivery.
type days struct{ least, most int }

// speed is made up.
var speed = map[string]map[Zone]days{
	Standard: {Domestic: {1, 3}, Europe: {3, 6}, World: {6, 14}},
	Express:  {Domestic: {1, 1}, Europe: {1, 3}, World: {2, 5}},
}

// hubs are the places on the way, of the sender's and the recipient's country.
var hubs = map[Zone][]string{
	Domestic: {"{from} sorting hub"},
	Europe:   {"{from} export hub", "{to} import hub"},
	World:    {"{from} sorting hub", "{from} export hub", "{to} import hub"},
}

// pickupHour is when the carrier collects on working days (UTC), and cutOff how
// long before that a label must have been bought to be collected the same day.
const (
	pickupHour = 17
	cutOff     = 2 * time.Hour
)

// journey is every scan of a parcel, in the order of their times, as if the label
// were never voided: to the door, or to where it goes astray.
func (c *Carrier) journey(l Label) []shipping.Scan {
	pickup := c.pickup(l)
	out, delivered := c.lastDay(l, pickup)
	scans := []shipping.Scan{
		{Status: shipping.PreTransit, At: l.boughtAt, Place: l.from + " sender"},
		{Status: shipping.InTransit, At: pickup, Place: l.from + " collection"},
	}
	scans = append(scans, c.hubScans(l, pickup, out)...)
	scans = append(scans,
		shipping.Scan{Status: shipping.OutForDelivery, At: out, Place: l.to + " delivery depot"},
		shipping.Scan{Status: shipping.Delivered, At: delivered, Place: l.to})
	c.delay(scans)
	if astray := c.mishap(l); astray != nil {
		scans = astray(c, l, scans)
	}
	for i := range scans {
		scans[i].ID = l.TrackingNumber + "-" + strconv.Itoa(i+1)
	}
	return scans
}

// hubScans gives each hub its own stretch of the way, so that hubs keep their order.
func (c *Carrier) hubScans(l Label, pickup, out time.Time) []shipping.Scan {
	places := hubs[l.zone()]
	stretch := (out.Sub(pickup) / time.Duration(len(places)+1)).Truncate(time.Second)
	named := strings.NewReplacer("{from}", l.from, "{to}", l.to)
	scans := make([]shipping.Scan, len(places))
	for i, place := range places {
		into := c.between(stretch/4, stretch, l, "hub", strconv.Itoa(i))
		scans[i] = shipping.Scan{Status: shipping.InTransit, At: pickup.Add(time.Duration(i)*stretch + into), Place: named.Replace(place)}
	}
	return scans
}

func (l Label) zone() Zone { return ZoneOf(l.from, l.to) }

// pickup is the parcel's first physical scan: at or within half an hour of the
// first collection after the cut-off, Monday to Friday and on no day of a strike.
func (c *Carrier) pickup(l Label) time.Time {
	day := l.boughtAt
	if l.boughtAt.After(at(day, pickupHour).Add(-cutOff)) {
		day = day.AddDate(0, 0, 1)
	}
	into := c.between(0, 30*time.Minute, l, "pickup")
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || c.struck(at(day, pickupHour).Add(into)) > 0 {
		day = day.AddDate(0, 0, 1)
	}
	return at(day, pickupHour).Add(into)
}

// lastDay is when the parcel leaves for the door in the morning and when it gets
// there before the evening, on any day but Sunday.
func (c *Carrier) lastDay(l Label, pickup time.Time) (out, delivered time.Time) {
	d := speed[l.service][l.zone()]
	took := d.least + c.line.Seed.Pick(d.most-d.least+1, name, "days", l.TrackingNumber)
	day := pickup.AddDate(0, 0, took)
	if day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return at(day, 6).Add(c.between(0, 2*time.Hour, l, "out")), at(day, 9).Add(c.between(0, 9*time.Hour, l, "delivered"))
}

// at is an hour (UTC) of a day.
func at(day time.Time, hour int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, 0, 0, 0, time.UTC)
}

// between draws a time of the parcel's, in whole seconds.
func (c *Carrier) between(lo, hi time.Duration, l Label, what ...string) time.Duration {
	return c.line.Seed.Between(lo, hi, append([]string{name, "journey", l.TrackingNumber}, what...)...).Truncate(time.Second)
}

// showing is a scan and when it shows to the one who asks.
type showing struct {
	scan shipping.Scan
	at   time.Time
}

// showings is the journey as it comes to show: late, twice and thereby out of
// order. The first scan is the purchase itself, and never late.
func (c *Carrier) showings(l Label) []showing {
	var all []showing
	for i, s := range c.journey(l) {
		shows := s.At
		if i > 0 && c.happens(c.cfg.LateRate, "late", s) {
			shows = shows.Add(c.between(time.Hour, 12*time.Hour, l, "late", s.ID))
		}
		all = append(all, showing{s, shows})
		if c.happens(c.cfg.TwiceRate, "twice", s) {
			all = append(all, showing{s, shows.Add(c.between(time.Hour, 12*time.Hour, l, "twice", s.ID))})
		}
	}
	slices.SortStableFunc(all, func(a, b showing) int { return a.at.Compare(b.at) })
	return all
}

func (c *Carrier) happens(rate float64, what string, s shipping.Scan) bool {
	return c.line.Seed.Share(name, "journey", what, s.ID) < rate
}

// seen is what shows of a parcel at a time; of a void label, what showed when it
// was given back.
func (c *Carrier) seen(l Label, now time.Time) shipping.Tracking {
	if l.Voided {
		now = l.voidedAt
	}
	var t shipping.Tracking
	delivered := false
	for _, s := range c.showings(l) {
		if s.at.After(now) {
			if !delivered && !l.Voided {
				t.Next = s.at
			}
			break
		}
		t.Scans = append(t.Scans, s.scan)
		delivered = delivered || s.scan.Status == shipping.Delivered
	}
	return t
}
