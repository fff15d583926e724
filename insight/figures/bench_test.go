package figures_test

import (
	"fmt"
	"testing"
	"time"

	"doorstep"
	"doorstep/event"
	"doorstep/insight"
	"doorstep/insight/figures"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/support"
)

// The shop of BenchmarkLargeShop.
const (
	storedOrders  = 100_000
	storedTickets = 5_000
	storedSKUs    = 2_000
)

// BenchmarkLargeShop reads the figures of a shop of which the rows are made directly: 100,000
// orders of 60 days, each with its figures of every minute, hour and day.
func BenchmarkLargeShop(b *testing.B) {
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s, err := doorstep.Open(b.Context(), doorstep.Config{DB: dbtest.URL(b, engine), Outside: doorstep.InMemory})
			must(b, err)
			b.Cleanup(func() { must(b, s.Close()) })
			store(b, s)
			for name, minutes := range map[string]int{"today": 60, "today by the minute": figures.MostMinutes} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						now, err := s.Figures.Today(b.Context(), minutes)
						must(b, err)
						if now.Week.Orders.Placed == 0 || now.Steps[0].Week.N == 0 {
							b.Fatalf("it says %+v", now)
						}
					}
				})
			}
			b.Run("runs out", func(b *testing.B) {
				for b.Loop() {
					out, err := s.Figures.RunsOutSoon(b.Context(), 14, 365, 50)
					must(b, err)
					if len(out.Items) != 50 {
						b.Fatalf("it says %+v", out)
					}
				}
			})
		})
	}
}

// store writes a large shop.
func store(b *testing.B, s *doorstep.Shop) {
	b.Helper()
	write := func(n int, one func(tx *db.Tx, i int) error) {
		for at := 0; at < n; at += 1000 {
			_, err := db.Update(b.Context(), s.DB, nil, func(tx *db.Tx) (struct{}, error) {
				for i := at; i < min(n, at+1000); i++ {
					if err := one(tx, i); err != nil {
						return struct{}{}, err
					}
				}
				return struct{}{}, nil
			})
			must(b, err)
		}
	}
	now := time.Now().UTC()
	write(storedOrders, func(tx *db.Tx, i int) error {
		id, at := fmt.Sprintf("ord_%026d", i), now.Add(-time.Duration(i)*52*time.Second)
		o := order.Order{ID: id, Number: int64(i + 1), Reference: order.Reference{Source: "made up", Number: id}, Version: 1, Status: order.Processed,
			Facets: order.New(), Currency: "GBP", PlacedAt: at, UpdatedAt: at}
		event.Append(tx, event.Event{Subject: id, Version: 1, Entity: id, Type: order.EventProcessed, At: at})
		return order.Insert(tx, o, nil, order.Contact{})
	})
	write(storedTickets, func(tx *db.Tx, i int) error {
		at := now.Add(-time.Duration(i) * time.Minute)
		support.Insert(tx, support.Ticket{ID: fmt.Sprintf("tkt_%026d", i), Category: support.Other, Status: support.Open, Version: 1, OpenedAt: at, UpdatedAt: at})
		return nil
	})
	write(storedSKUs, func(tx *db.Tx, i int) error {
		if i == 0 {
			if err := inventory.SetLocation(tx, inventory.Location{ID: "main", Name: "Main", Country: "GB"}); err != nil {
				return err
			}
		}
		sku := fmt.Sprintf("SKU-%d", i)
		_, _, err := inventory.Define(tx, inventory.SKU{Code: sku, Name: "Made up", Currency: "GBP"})
		tx.Write(`INSERT INTO stock_levels (sku, location, on_hand, reserved) VALUES ($1, 'main', 1000, 0)`, sku)
		for day := range 60 {
			tx.Write(`INSERT INTO figures_sold (day, sku, units) VALUES ($1, $2, 7)`, micros(now.Truncate(24*time.Hour).AddDate(0, 0, -day)), sku)
		}
		return err
	})
	whats := []figures.What{figures.Placed, figures.Processed, figures.Paid, figures.Shipped, figures.Delivered, figures.Cancelled, figures.Returned}
	keyed := map[figures.What][]string{figures.Failed: {"out_of_stock", "payment_declined", "shipping_failed"}, figures.Ordered: {"EUR", "GBP", "USD"}, figures.Taken: {"EUR", "GBP", "USD"},
		figures.Refunded: {"EUR", "GBP", "USD"}, figures.Opened: {"damaged", "other"}, figures.Solved: {"damaged", "other"}, figures.Answered: {"gateway/made up/done", "gateway/made up/unknown", "carrier/made up/done"}}
	row := func(tx *db.Tx, span string, at time.Time, what figures.What, key string) {
		tx.Write(`INSERT INTO figures (span, at, what, key, n) VALUES ($1, $2, $3, $4, 3)`, span, micros(at), string(what), key)
	}
	span := func(name string, long time.Duration, n int) {
		write(n, func(tx *db.Tx, i int) error {
			at := now.Truncate(long).Add(-time.Duration(i) * long)
			for _, w := range whats {
				row(tx, name, at, w, "")
			}
			for w, keys := range keyed {
				for _, k := range keys {
					row(tx, name, at, w, k)
				}
			}
			return nil
		})
	}
	span("minute", time.Minute, 24*60)
	span("hour", time.Hour, 35*24)
	span("day", 24*time.Hour, 400)
	span("cohort", 24*time.Hour, 400)
	var d insight.Distribution
	for i := range 2000 {
		d.Add(time.Duration(i*i) * time.Millisecond)
	}
	buckets, err := d.MarshalText()
	must(b, err)
	write(90, func(tx *db.Tx, i int) error {
		for _, step := range figures.Steps {
			tx.Write(`INSERT INTO figures_steps (day, step, buckets) VALUES ($1, $2, $3)`, micros(now.Truncate(24*time.Hour).AddDate(0, 0, -i)), string(step), string(buckets))
		}
		return nil
	})
	end, err := db.View(b.Context(), s.DB, event.End)
	must(b, err)
	write(1, func(tx *db.Tx, _ int) error {
		tx.Write(`UPDATE figures_feed SET place = $1, since = $2, until = $3`, string(end), micros(now.AddDate(0, 0, -60)), micros(now))
		return nil
	})
}

func micros(t time.Time) int64 { return db.Micros(t) }
