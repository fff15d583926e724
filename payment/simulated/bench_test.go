package simulated_test

import (
	"fmt"
	"testing"

	"doorstep/clock"
	"doorstep/payment/simulated"
)

// BenchmarkAuthorise measures one ask under a new key.
func BenchmarkAuthorise(b *testing.B) {
	g, err := simulated.Open("", simulated.Config{}, clock.NewVirtual(start))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	for i := 0; b.Loop(); i++ {
		if _, err := g.Authorise(b.Context(), auth(fmt.Sprint("key", i))); err != nil {
			b.Fatal(err)
		}
	}
}
