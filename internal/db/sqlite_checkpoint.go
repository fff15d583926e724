package db

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
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

	// behind is set while the log could not be copied, as on a full disk. It is
	// then tried at each commit: a log that goes on growing would take the room
	// that the copy needs.
	behind atomic.Bool
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
	if c.pages += pages; c.pages < copyAfter && !c.behind.Load() {
		return
	}
	c.ask()
}

// full tells the checkpointer that there was no room for a commit.
func (c *checkpointer) full() {
	c.behind.Store(true)
	c.ask()
}

func (c *checkpointer) ask() {
	select {
	case c.wake <- struct{}{}:
		c.pages = 0
	default: // it is at it
	}
}

// runOnce makes one checkpoint. When readers are in the way it does what it
// can; a later commit asks again. On a disk that was full, the log gives back
// what it does not need.
func (c *checkpointer) runOnce() {
	mode := "PASSIVE"
	if c.behind.Load() || c.size() >= cutFrom {
		mode = "TRUNCATE"
	}
	c.behind.Store(c.checkpoint(mode) != nil)
}

func (c *checkpointer) checkpoint(mode string) error {
	c.stats.checkpoints.Add(1)
	_, err := c.conn.exec(context.Background(), "PRAGMA wal_checkpoint("+mode+")", nil)
	return err
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
	_ = c.checkpoint("TRUNCATE") // what is left in the log is read from there
	return c.conn.close()
}
