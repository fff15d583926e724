package order_test

import (
	"testing"

	"doorstep/order"
)

// BenchmarkStatus measures the fold of an order's facets, which each of its events
// asks for.
func BenchmarkStatus(b *testing.B) {
	f := order.New()
	for b.Loop() {
		_ = f.Status()
	}
}
