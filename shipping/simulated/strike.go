package simulated

import (
	"slices"
	"time"

	"doorstep/shipping"
)

// Strike is a time in which the carrier moves no parcel.
type Strike struct {
	From, To time.Time // To is after it
	Refuses  bool      // labels are refused for now; otherwise they are sold
}

// closed says whether no label is sold at a time.
func (c *Carrier) closed(t time.Time) bool {
	return slices.ContainsFunc(c.cfg.Strikes, func(s Strike) bool { return s.Refuses && !t.Before(s.From) && t.Before(s.To) })
}

// struck is how many days what is to be done at a time is put off by strikes, 0
// when there is none.
func (c *Carrier) struck(t time.Time) (days int) {
	for put := true; put; {
		put = false
		for _, s := range c.cfg.Strikes {
			for !t.Before(s.From) && t.Before(s.To) {
				t, days, put = t.AddDate(0, 0, 1), days+1, true
			}
		}
	}
	return days
}

// delay puts off what falls into a strike, and all that follows it, by whole days:
// the hours of a carrier's day stay, and Sundays are worked on. The purchase and the pickup are not put off:
// the one is made by the shop, and the other chooses its day.
func (c *Carrier) delay(scans []shipping.Scan) {
	for i := 2; i < len(scans); i++ {
		days := c.struck(scans[i].At)
		for j := i; j < len(scans) && days > 0; j++ {
			scans[j].At = scans[j].At.AddDate(0, 0, days)
		}
	}
}
