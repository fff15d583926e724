package db

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// sizes is how many classes of group sizes are told apart.
const sizes = 10

// Stats counts what the database has done since it was opened.
type Stats struct {
	Updates     int64        // Updates asked for
	Commits     int64        // physical transactions committed
	Statements  int64        // statements that Updates asked for; not BEGIN, savepoints, locks, counts and COMMIT
	Repeats     int64        // groups that had to be run again, one by one or on a new connection
	Checkpoints int64        // copies of SQLite's write-ahead log into the database
	Waiting     int          // Updates that no writer has taken yet
	LogBytes    int64        // the size of SQLite's write-ahead log; 0 on PostgreSQL, whose log is its server's
	Groups      [sizes]int64 // commits by how many Updates they carried: 1, 2, to 4, to 8 … to 256, more
}

type stats struct {
	updates, commits, statements, repeats, checkpoints atomic.Int64

	groups [sizes]atomic.Int64
}

// Stats returns the counters.
func (d *DB) Stats() Stats {
	s := Stats{
		Updates:     d.stats.updates.Load(),
		Commits:     d.stats.commits.Load(),
		Statements:  d.stats.statements.Load(),
		Repeats:     d.stats.repeats.Load(),
		Checkpoints: d.stats.checkpoints.Load(),
		Waiting:     len(d.queue),
		LogBytes:    d.engine.logSize(),
	}
	for i := range s.Groups {
		s.Groups[i] = d.stats.groups[i].Load()
	}
	return s
}

// committed counts a commit that carried so many Updates, of a transaction that began
// at the time.
func (d *DB) committed(size int, began time.Time) {
	d.stats.commits.Add(1)
	class := bits.Len(uint(max(size-1, 0)))
	d.stats.groups[min(class, sizes-1)].Add(1)
	d.config.Committed(size, time.Since(began))
}
