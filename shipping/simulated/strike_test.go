package simulated_test

import (
	"fmt"
	"testing"
	"time"

	"doorstep/shipping"
	"doorstep/shipping/simulated"
)

// TestNoParcelMovesInAStrike: what is bought before it and during it waits, in the
// order of its way, and what is at the door before it is not touched.
func TestNoParcelMovesInAStrike(t *testing.T) {
	t.Parallel()
	strike := simulated.Strike{From: start.AddDate(0, 0, 4).Add(17*time.Hour + 10*time.Minute), To: start.AddDate(0, 0, 9)}
	plain, struck := simulated.Config{Seed: 3}, simulated.Config{Seed: 3, Strikes: []simulated.Strike{strike}}
	same, later := 0, 0
	for i := range 40 {
		before, after := journeyOf(t, plain, i), journeyOf(t, struck, i)
		for j, s := range after {
			if j > 0 && !s.At.Before(strike.From) && s.At.Before(strike.To) {
				t.Errorf("parcel %d: %+v is in the strike", i, s)
			}
			if j > 0 && s.At.Before(after[j-1].At) {
				t.Errorf("parcel %d: %+v is before %+v", i, s, after[j-1])
			}
			if s.At.Before(before[j].At) {
				t.Errorf("parcel %d: %+v is earlier than %+v", i, s, before[j])
			}
		}
		if end := before[len(before)-1].At; end.Equal(after[len(after)-1].At) {
			same++
		} else {
			later++
		}
	}
	if same == 0 || later == 0 {
		t.Errorf("%d parcels are as without it, and %d later", same, later)
	}
}

// journeyOf is the way of a parcel that is bought so many quarters of a day from
// the start.
func journeyOf(t *testing.T, cfg simulated.Config, quarters int) []shipping.Scan {
	t.Helper()
	c, clk := open(t, "", cfg)
	clk.MoveTo(start.Add(time.Duration(quarters) * 6 * time.Hour))
	number := buy(t, c, fmt.Sprint(quarters), parcel()).TrackingNumber
	return scansOf(t, c, clk, number)
}

// TestAStrikeMayRefuse: in one that does no label is sold, for now; before it and
// behind it they are.
func TestAStrikeMayRefuse(t *testing.T) {
	t.Parallel()
	strike := simulated.Strike{From: start.Add(time.Hour), To: start.Add(3 * time.Hour)}
	for _, refuses := range []bool{false, true} {
		strike.Refuses = refuses
		c, clk := open(t, "", simulated.Config{Strikes: []simulated.Strike{strike}})
		for hour, struck := range []bool{false, true, true, false} {
			clk.MoveTo(start.Add(time.Duration(hour) * time.Hour))
			a, err := c.BuyLabel(t.Context(), fmt.Sprint(hour), parcel())
			must(t, err)
			if want := struck && refuses; a.Bought == want || (a.Refusal == shipping.CarrierTrouble) != want || want && !a.Refusal.Temporary() {
				t.Errorf("a strike that refuses, %t: in hour %d %+v", refuses, hour, a)
			}
		}
	}
}
