package simulated_test

import (
	"fmt"
	"slices"
	"testing"

	"doorstep/shipping"
	"doorstep/shipping/simulated"
)

// endings sends parcels far and counts how they end, in the words of their last
// scans.
func endings(t *testing.T, cfg simulated.Config, parcels int) map[string]int {
	t.Helper()
	c, clk := open(t, "", cfg)
	p := parcel()
	p.To.Country = "US"
	for i := range parcels {
		buy(t, c, fmt.Sprint(i), p)
	}
	clk.MoveTo(start.AddDate(0, 0, 120)) // everything shows
	ends := map[string]int{}
	for _, l := range labels(t, c) {
		tr, err := c.Track(t.Context(), l.TrackingNumber)
		must(t, err)
		if !tr.Next.IsZero() {
			t.Errorf("%s is still under way", l.TrackingNumber)
		}
		last, _ := shipping.Latest(tr.Scans)
		ends[string(last.Status)+" "+string(last.Detail)]++
		checkMishap(t, tr.Scans)
	}
	return ends
}

// checkMishap checks that a parcel was picked up before anything happens to it,
// and that nothing is seen of it after it has ended.
func checkMishap(t *testing.T, scans []shipping.Scan) {
	t.Helper()
	sorted := slices.SortedFunc(slices.Values(scans), func(a, b shipping.Scan) int { return a.At.Compare(b.At) })
	if len(sorted) < 2 || sorted[1].Status != shipping.InTransit {
		t.Errorf("it was not picked up: %v", sorted)
	}
	for i, k := range sorted {
		if k.Mishap() != "" && i < len(sorted)-1 || k.Place == "" {
			t.Errorf("%+v is not the end of %v", k, sorted)
		}
	}
}

func TestParcelsGoAstrayAtTheirRates(t *testing.T) {
	t.Parallel()
	const parcels = 400
	if ends := endings(t, simulated.Config{Seed: 4}, 50); ends["delivered "] != 50 {
		t.Errorf("without rates parcels end %v", ends)
	}
	within(t, "damaged", endings(t, simulated.Config{Seed: 4, DamagedRate: 0.2}, parcels)["failure damaged"], parcels, 0.2)
	within(t, "refused", endings(t, simulated.Config{Seed: 4, RefusedRate: 0.3}, parcels)["return_to_sender refused"], parcels, 0.3)
	within(t, "returned", endings(t, simulated.Config{Seed: 4, ReturnedRate: 0.1}, parcels)["return_to_sender "], parcels, 0.1)
	lost := endings(t, simulated.Config{Seed: 4, LostRate: 1}, parcels)
	within(t, "said to be lost", lost["failure lost"], parcels, 1.0/3)
	within(t, "turned up", lost["delivered "], parcels, 1.0/3)
	within(t, "never seen again", lost["in_transit "]+lost["out_for_delivery "], parcels, 1.0/3)
	mixed := endings(t, simulated.Config{Seed: 4, LostRate: 0.25, DamagedRate: 0.25, RefusedRate: 0.25, ReturnedRate: 0.25}, parcels)
	within(t, "damaged of all", mixed["failure damaged"], parcels, 0.25)
	within(t, "refused of all", mixed["return_to_sender refused"], parcels, 0.25)
	within(t, "returned of all", mixed["return_to_sender "], parcels, 0.25)
}
