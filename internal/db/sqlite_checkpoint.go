package db

import (
	"context"
	"os"
	"sync"
)

// When the write-ahead log is copied into the database: after so many pages
// were written to it, like SQLite's own checkpoints. Its file does not tell, for
// it keeps its size when the log begins anew; from cutFrom bytes on it is cut.
const (
	copyAfter = 1000
	cutFrom   = 64 << 20
)

// checkpointer copies the write-ahead log into the database on a connection of
// its own, so that the writer need not wait for it:
// https://sqlite.org/wal.html#ckpt.
type checkpointer struct {
	conn  *sqliteConn
	stats *stats
	wal   string
	wake  chan struct{}
	done  sync.WaitGroup
	pages int // written since it was woken last
}

// A cut keeps the writer out while it waits for readers: not for long.
var checkpointPragmas = []string{"busy_timeout(50)", "synchronous(full)"}

func newCheckpointer(ctx context.Context, path string, stats *stats) (*checkpointer, error) {
	c := &checkpointer{
		conn:  &sqliteConn{dsn: dsn(path, "rw", checkpointPragmas)},
		stats: stats,
		wal:   path + "-wal",
		wake:  make(chan struct{}, 1),
	}
	if err := c.conn.open(ctx); err != nil {
		return nil, classify(err)
	}
	c.done.Go(func() {
		for range c.wake {
			c.runOnce()
		}
	})
	return c, nil
}

// grown tells the checkpointer that the log has grown by so many pages. It is
// the writer's to call.
func (c *checkpointer) grown(pages int) {
	if c.pages += pages; c.pages < copyAfter {
		return
	}
	select {
	case c.wake <- struct{}{}:
		c.pages = 0
	default: // it is at it
	}
}

// runOnce makes one checkpoint. When readers are in the way it does what it
// can; a later commit asks again.
func (c *checkpointer) runOnce() {
	if c.size() < cutFrom {
		c.checkpoint("PASSIVE")
		return
	}
	c.checkpoint("TRUNCATE")
}

func (c *checkpointer) checkpoint(mode string) {
	c.stats.checkpoints.Add(1)
	_, _ = c.conn.exec(context.Background(), "PRAGMA wal_checkpoint("+mode+")", nil)
}

func (c *checkpointer) size() int64 {
	info, err := os.Stat(c.wal)
	if err != nil {
		return 0
	}
	return info.Size()
}

// close leaves everything in the database's own file.
func (c *checkpointer) close() error {
	close(c.wake)
	c.done.Wait()
	c.checkpoint("TRUNCATE")
	return c.conn.close()
}
