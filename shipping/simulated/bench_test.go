package simulated_test

import (
	"fmt"
	"testing"

	"doorstep/clock"
	"doorstep/shipping/simulated"
)

// BenchmarkBuyLabel measures one ask under a new key.
func BenchmarkBuyLabel(b *testing.B) {
	c, err := simulated.Open("", simulated.Config{}, clock.NewVirtual(start))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i := 0; b.Loop(); i++ {
		if _, err := c.BuyLabel(b.Context(), fmt.Sprint("key", i), parcel()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTrack measures one ask about the same parcel.
func BenchmarkTrack(b *testing.B) {
	c, err := simulated.Open("", simulated.Config{}, clock.NewVirtual(start))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	label, err := c.BuyLabel(b.Context(), "key", parcel())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Track(b.Context(), label.TrackingNumber); err != nil {
			b.Fatal(err)
		}
	}
}
