package db_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// BenchmarkUpdate measures Updates of one read and two writes: one after the
// other, and from many callers at the same time.
func BenchmarkUpdate(b *testing.B) {
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		b.Run(engine+"/sequential", func(b *testing.B) {
			d := dbtest.Open(b, engine, db.Config{})
			n := 0
			for b.Loop() {
				benchUpdate(b, d, n)
				n++
			}
			reportGroups(b, d)
		})
		b.Run(engine+"/parallel", func(b *testing.B) {
			d := dbtest.Open(b, engine, db.Config{})
			var next atomic.Int64
			b.SetParallelism(100)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					benchUpdate(b, d, int(next.Add(1)))
				}
			})
			reportGroups(b, d)
		})
	}
}

func benchUpdate(b *testing.B, d *db.DB, n int) {
	key := fmt.Sprint("key-", n)
	err := update(d, func(tx *db.Tx) error {
		if _, err := get(tx, key); err != nil {
			return err
		}
		put(tx, key, "1")
		put(tx, key+"-too", "2")
		tx.Count("bench", 1)
		return nil
	}, lockOf(key))
	if err != nil {
		b.Error(err)
	}
}

func reportGroups(b *testing.B, d *db.DB) {
	s := d.Stats()
	b.ReportMetric(float64(s.Updates)/float64(s.Commits), "updates/commit")
	b.ReportMetric(float64(s.Updates)/b.Elapsed().Seconds(), "updates/s")
}
