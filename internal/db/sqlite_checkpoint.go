package db

import (
	"context"
	"os"
	"sync"
)

// When the write-ahead log is copied into the database: after so many
// statements, because its file keeps its size when it begins anew, and when it
// is that large at all. From cutFrom bytes on, the file is also cut.
const (
	copyAfter = 4000
	copyFrom  = 4 << 20
	cutFrom   = 64 << 20
)

// checkpointer copies the write-ahead log into the database on a connection of
// its own, so that the writer need not wait for it:
// https://sqlite.org/wal.html#ckpt.
type checkpointer struct {
	conn *sqliteConn
	wal  string
	wake chan struct{}
	done sync.WaitGroup
	last int64 // how many statements there had been when it was woken last
}

// A cut keeps the writer out while it waits for readers: not for long.
var checkpointPragmas = []string{"busy_timeout(50)", "synchronous(full)"}

func newCheckpointer(ctx context.Context, path string) (*checkpointer, error) {
	c := &checkpointer{
		conn: &sqliteConn{dsn: dsn(path, "rw", checkpointPragmas)},
		wal:  path + "-wal",
		wake: make(chan struct{}, 1),
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

// grown tells the checkpointer that the log has grown, by the statements that
// there have been so far. It is the writer's to call.
func (c *checkpointer) grown(statements int64) {
	if statements-c.last < copyAfter || c.size() < copyFrom {
		return
	}
	select {
	case c.wake <- struct{}{}:
		c.last = statements
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
