package process_test

import (
	"testing"
	"time"

	"doorstep/internal/db/dbtest"
	"doorstep/verify"
)

// engines runs a benchmark on each engine.
func engines(b *testing.B, bench func(b *testing.B, engine string)) {
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) { bench(b, engine) })
	}
}

// benchShop is a shop with stock for as many orders as a benchmark may have.
func benchShop(b *testing.B, engine string) *shop {
	s := newShop(b, engine, config{})
	s.receive("CUP", "main", 1_000_000)
	return s
}

// BenchmarkPlace measures a placement: one transaction, made durable, alone.
func BenchmarkPlace(b *testing.B) {
	benchOrders(b, func(s *shop, n int) { s.place(request(n, "CUP")) })
}

// BenchmarkToTheDoor measures an order from its placing until its parcel has left, one
// step after the other.
func BenchmarkToTheDoor(b *testing.B) {
	benchOrders(b, func(s *shop, n int) {
		s.place(request(n, "CUP"))
		s.after(time.Second)
	})
}

// benchOrders measures what is done with one order after the other.
func benchOrders(b *testing.B, one func(s *shop, n int)) {
	engines(b, func(b *testing.B, engine string) {
		s := benchShop(b, engine)
		before, n := s.db.Stats().Statements, 0
		for b.Loop() {
			one(s, n)
			n++
		}
		b.ReportMetric(float64(s.db.Stats().Statements-before)/float64(n), "statements/op")
	})
}

// BenchmarkVerify measures how long verify takes for each order stored.
func BenchmarkVerify(b *testing.B) {
	const stored = 500
	engines(b, func(b *testing.B, engine string) {
		s := benchShop(b, engine)
		s.placeMany(0, stored)
		s.after(time.Minute)
		for b.Loop() {
			report, err := verify.Run(b.Context(), s.db, verify.Options{})
			must(b, err)
			if !report.Clean() || report.Orders != stored {
				b.Fatalf("%d orders, %d violations", report.Orders, report.Count)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/stored, "µs/order")
	})
}
