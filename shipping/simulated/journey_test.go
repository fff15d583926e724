package simulated_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/clock"
	"doorstep/shipping"
	"doorstep/shipping/simulated"
)

// rank is the order of the statuses on the way to the door.
var rank = map[shipping.TrackingStatus]int{
	shipping.PreTransit: 1, shipping.InTransit: 2, shipping.OutForDelivery: 3, shipping.Delivered: 4,
}

// TestAParcelGetsToTheDoor sends one parcel from and to anywhere at any time and
// asks for it at random times.
func TestAParcelGetsToTheDoor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bought := start.Add(time.Duration(rapid.Int64Range(0, int64(14*24*time.Hour/time.Microsecond)).Draw(rt, "bought")) * time.Microsecond)
		clk := clock.NewVirtual(bought)
		c, err := simulated.Open("", simulated.Config{Seed: rapid.Uint64().Draw(rt, "seed"), LateRate: 0.3, TwiceRate: 0.3}, clk)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		p := parcel()
		p.To.Country = rapid.SampledFrom([]string{"GB", "FR", "US"}).Draw(rt, "to")
		p.Service = rapid.SampledFrom([]string{simulated.Standard, simulated.Express}).Draw(rt, "service")
		label, err := c.BuyLabel(t.Context(), "k", p)
		if err != nil {
			rt.Fatal(err)
		}
		scans := follow(rt, t, c, clk, label.TrackingNumber)
		checkWay(rt, bought, scans)
	})
}

// follow asks until delivery shows, sometimes before the time that the carrier
// suggests, and checks that each answer only adds to the one before.
func follow(rt *rapid.T, t *testing.T, c *simulated.Carrier, clk *clock.Virtual, number string) []shipping.Scan {
	var before []shipping.Scan
	for range 200 {
		tr, err := c.Track(t.Context(), number)
		if err != nil {
			rt.Fatal(err)
		}
		if len(tr.Scans) < len(before) || !slices.Equal(tr.Scans[:len(before)], before) {
			rt.Fatalf("%v became %v", before, tr.Scans)
		}
		if len(tr.Scans) == 0 || tr.Scans[0].Status != shipping.PreTransit {
			rt.Fatalf("the purchase does not show: %v", tr.Scans)
		}
		before = tr.Scans
		if tr.Next.IsZero() {
			return before
		}
		if early := tr.Next.Add(-time.Microsecond); early.After(clk.Now()) {
			clk.MoveTo(early)
			if soon, err := c.Track(t.Context(), number); err != nil || len(soon.Scans) != len(before) || soon.Next != tr.Next {
				rt.Fatalf("just before %s: %+v, %v", tr.Next, soon, err)
			}
		}
		clk.MoveTo(tr.Next)
		if hours := rapid.IntRange(0, 30).Draw(rt, "hours later"); hours > 24 {
			clk.MoveTo(tr.Next.Add(time.Duration(hours) * time.Hour))
		}
	}
	rt.Fatal("the parcel never arrives")
	return nil
}

// checkWay checks a delivered parcel's scans once they are sorted by time.
func checkWay(rt *rapid.T, bought time.Time, scans []shipping.Scan) {
	sorted := slices.Clone(scans)
	slices.SortStableFunc(sorted, func(a, b shipping.Scan) int { return a.At.Compare(b.At) })
	ids := map[string]shipping.Scan{}
	for i, s := range sorted {
		if i > 0 && (rank[s.Status] < rank[sorted[i-1].Status] || s.ID < sorted[i-1].ID) {
			rt.Fatalf("%v after %v: %v", s, sorted[i-1], sorted)
		}
		if same, ok := ids[s.ID]; ok && same != s {
			rt.Fatalf("one id, two scans: %v and %v", same, s)
		}
		if s.Place == "" || s.At.Location() != time.UTC {
			rt.Fatalf("scan %+v", s)
		}
		ids[s.ID] = s
	}
	if first := sorted[0]; first.Status != shipping.PreTransit || !first.At.Equal(bought) {
		rt.Fatalf("the first scan is %+v, bought at %s", first, bought)
	}
	checkTimes(rt, bought, sorted)
}

func checkTimes(rt *rapid.T, bought time.Time, sorted []shipping.Scan) {
	last := sorted[len(sorted)-1]
	if last.Status != shipping.Delivered || last.At.Weekday() == time.Sunday || last.At.Hour() < 9 || last.At.Hour() > 17 {
		rt.Fatalf("the last scan is %+v on a %s", last, last.At.Weekday())
	}
	if took := last.At.Sub(bought); took > 20*24*time.Hour {
		rt.Fatalf("it took %s", took)
	}
	i := slices.IndexFunc(sorted, func(s shipping.Scan) bool { return s.Status == shipping.InTransit })
	if i < 0 {
		rt.Fatalf("never picked up: %v", sorted)
	}
	first := sorted[i]
	weekend := first.At.Weekday() == time.Saturday || first.At.Weekday() == time.Sunday
	waited := first.At.Sub(bought)
	if first.Place != "GB collection" || weekend || first.At.Hour() != 17 || waited < 2*time.Hour || waited > 4*24*time.Hour {
		rt.Fatalf("bought at %s, first scan %+v", bought, first)
	}
}

func TestPickupDays(t *testing.T) {
	t.Parallel()
	const monday, friday = 8, 12
	for _, c := range []struct{ day, hour, want int }{
		{monday, 9, monday}, {monday, 15, monday}, {monday, 16, monday + 1}, {monday, 23, monday + 1},
		{friday, 9, friday}, {friday, 16, monday + 7}, {friday + 1, 9, monday + 7}, {friday + 2, 23, monday + 7},
	} {
		crr, clk := open(t, "", simulated.Config{})
		clk.MoveTo(time.Date(2024, 1, c.day, c.hour, 0, 0, 0, time.UTC))
		got := pickup(t, crr, buy(t, crr, "k", parcel()).TrackingNumber)
		if from := time.Date(2024, 1, c.want, 17, 0, 0, 0, time.UTC); got.Before(from) || !got.Before(from.Add(30*time.Minute)) {
			t.Errorf("bought on the %d. at %d:00: picked up at %s", c.day, c.hour, got)
		}
	}
}

func TestScansAreLateTwiceAndOutOfOrderAtTheirRates(t *testing.T) {
	t.Parallel()
	const parcels = 150
	p := parcel()
	p.To.Country = "US" // seven scans
	count := func(cfg simulated.Config) (all, twice, disordered int) {
		c, clk := open(t, "", cfg)
		for i := range parcels {
			buy(t, c, fmt.Sprint(i), p)
		}
		clk.MoveTo(start.AddDate(0, 0, 60)) // everything shows
		for _, l := range labels(t, c) {
			tr, err := c.Track(t.Context(), l.TrackingNumber)
			must(t, err)
			all += len(tr.Scans)
			ids := map[string]bool{}
			for i, s := range tr.Scans {
				if ids[s.ID] {
					twice++
				} else if i > 0 && s.At.Before(tr.Scans[i-1].At) {
					disordered++
				}
				ids[s.ID] = true
			}
		}
		return all, twice, disordered
	}
	if all, twice, disordered := count(simulated.Config{Seed: 4}); all != 7*parcels || twice != 0 || disordered != 0 {
		t.Errorf("without rates: %d scans, %d twice, %d out of order", all, twice, disordered)
	}
	all, twice, disordered := count(simulated.Config{Seed: 4, LateRate: 0.3, TwiceRate: 0.2})
	within(t, "twice", twice, all-twice, 0.2)
	if disordered == 0 {
		t.Error("no scan is out of order")
	}
}

func TestNoSeedMakesTwoParcelsAlike(t *testing.T) {
	t.Parallel()
	c, clk := open(t, "", simulated.Config{Seed: 9})
	times := map[time.Time]bool{}
	for i := range 50 {
		number := buy(t, c, fmt.Sprint(i), parcel()).TrackingNumber
		times[pickup(t, c, number)] = true
	}
	if len(times) < 40 {
		t.Errorf("only %d different pickups of 50", len(times))
	}
	other, _ := open(t, "", simulated.Config{Seed: 10})
	if scansOf(t, c, clk, labels(t, c)[0].TrackingNumber)[1].At.Equal(pickup(t, other, buy(t, other, "0", parcel()).TrackingNumber)) {
		t.Error("another seed, and the same pickup")
	}
}
