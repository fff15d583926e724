package db

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"doorstep/fault"
)

// When the write-ahead log is copied into the database: after so many pages
// were written to it, like SQLite's own checkpoints. Its file does not tell, for
// it keeps its size when the log begins anew, but its index does. With anewFrom
// pages in it the log is to begin anew, and from cutFrom bytes on its file is cut
// as well. On a disk that was full, all this happens sooner.
const (
	copyAfter      = 1000
	copyTightAfter = 100
	anewFrom       = 4000
	cutFrom        = 64 << 20
)

// For so long the log, to begin anew, keeps the writer from writing and new
// readers from reading until those that are reading are done.
const anewWait = 10 * time.Millisecond

// checkpointer copies the write-ahead log into the database on a connection of
// its own, so that the writer need not wait for it:
// https://sqlite.org/wal.html#ckpt.
type checkpointer struct {
	conn  *sqliteConn
	stats *stats
	wal   string
	index *os.File
	wake  chan struct{}
	done  sync.WaitGroup
	pages uint32 // that were in the log when it was woken last

	// behind is set from when the log could not be copied, as on a full disk, until
	// all of it was. It is then tried before each transaction, which does not begin
	// while there is no room for the copy: a log that goes on growing would take
	// it, for good.
	behind atomic.Bool
	tight  atomic.Bool // the disk was full: from then on the log is kept short

	// anew is set when the log is long and all but its last pages are copied. Next
	// to a busy writer that is as far as a copy comes, so that the log would grow for
	// good, were it not made to begin anew between two transactions.
	anew atomic.Bool
	one  sync.Mutex // checkpoint at a time
}

// The writer is kept out while the log waits for readers of other processes, to begin
// anew: not for long.
var checkpointPragmas = []string{"busy_timeout(10)", "synchronous(full)"}

func newCheckpointer(ctx context.Context, path string, stats *stats) (*checkpointer, error) {
	c := &checkpointer{
		conn:  &sqliteConn{path: path, mode: toWrite, pragmas: checkpointPragmas},
		stats: stats,
		wal:   path + "-wal",
		wake:  make(chan struct{}, 1),
	}
	if err := c.conn.open(ctx); err != nil {
		return nil, classify(err)
	}
	if err := c.openIndex(ctx, path+"-shm"); err != nil {
		return nil, errors.Join(err, c.conn.close())
	}
	c.done.Go(func() {
		for range c.wake {
			_ = c.runOnce() // a later commit asks again
		}
	})
	return c, nil
}

// openIndex opens the log's index, which SQLite makes when the file is first read.
func (c *checkpointer) openIndex(ctx context.Context, name string) error {
	if _, err := c.conn.text(ctx, "SELECT COUNT(*) FROM sqlite_master"); err != nil {
		return classify(err)
	}
	var err error
	if c.index, err = os.Open(name); err != nil {
		return fault.New(fault.Unavailable, "the index of the write-ahead log can't be read: %w", err)
	}
	return nil
}

// inLog returns how many pages are in the log: the field mxFrame of the index's
// header, https://sqlite.org/walformat.html#the_wal_index_file_format.
func (c *checkpointer) inLog() uint32 {
	var frames [4]byte
	if _, err := c.index.ReadAt(frames[:], 16); err != nil {
		return 0
	}
	return binary.NativeEndian.Uint32(frames[:])
}

// grown tells the checkpointer that there was a commit. It is the writer's to call.
func (c *checkpointer) grown() {
	after := uint32(copyAfter)
	if c.tight.Load() {
		after = copyTightAfter
	}
	pages := c.inLog()
	if pages < c.pages {
		c.pages = 0 // the log has begun anew
	}
	if pages-c.pages < after && !c.behind.Load() {
		return
	}
	if c.ask() {
		c.pages = pages
	}
}

// full tells the checkpointer that there was no room for a commit.
func (c *checkpointer) full() {
	c.behind.Store(true)
	c.tight.Store(true)
	c.ask()
}

// ask wakes the checkpointer, and says whether that was needed: not when it is at
// it.
func (c *checkpointer) ask() bool {
	select {
	case c.wake <- struct{}{}:
		return true
	default:
		return false
	}
}

// runOnce makes one checkpoint. When readers are in the way it does what it
// can; a later commit asks again. On a disk that was full, the log gives back
// what it does not need.
func (c *checkpointer) runOnce() error {
	c.one.Lock()
	defer c.one.Unlock()
	mode := "PASSIVE"
	if c.tight.Load() {
		mode = "TRUNCATE"
	}
	whole, err := c.checkpoint(mode)
	c.anew.Store(whole && c.inLog() >= anewFrom)
	switch {
	case err != nil:
		c.behind.Store(true)
		if isFull(err) {
			c.tight.Store(true)
		}
	case whole:
		c.behind.Store(false)
	}
	return err
}

// catchUp copies the log if that could not be done before. It is the writer's to
// call, between transactions.
//
// Errors: SQLite's, when there is no room still.
func (c *checkpointer) catchUp() error {
	if !c.behind.Load() {
		return nil
	}
	if err := c.runOnce(); isFull(err) {
		return err
	}
	return nil
}

// beginAnew lets the log begin anew when it is time to and nothing is read. It is
// the writer's to call, between transactions: the few pages that are not copied
// yet take about as long as a commit. What keeps it from it, such as a reader that
// takes its time, keeps it no longer than anewWait; it is tried again after the
// next copy.
func (c *checkpointer) beginAnew(readers chan *sqliteConn) {
	if !c.anew.Load() || !c.one.TryLock() {
		return
	}
	defer c.one.Unlock()
	c.anew.Store(false)
	taken := takeAll(readers, anewWait)
	defer func() {
		for _, r := range taken {
			readers <- r
		}
	}()
	if len(taken) < cap(readers) {
		return
	}
	mode := "RESTART"
	if c.size() >= cutFrom {
		mode = "TRUNCATE"
	}
	_, _ = c.checkpoint(mode) // the log goes on where it is
}

// takeAll takes all connections, or as many as come back in the time.
func takeAll(readers chan *sqliteConn, wait time.Duration) (taken []*sqliteConn) {
	over := time.After(wait)
	for range cap(readers) {
		select {
		case r := <-readers:
			taken = append(taken, r)
		case <-over:
			return taken
		}
	}
	return taken
}

// checkpoint says whether the whole log was copied: not when a reader needs a
// part of the database as it was.
func (c *checkpointer) checkpoint(mode string) (whole bool, err error) {
	c.stats.checkpoints.Add(1)
	rowErr, err := c.conn.each(context.Background(), "PRAGMA wal_checkpoint("+mode+")", nil, func(row Row) error {
		var busy, frames, copied int
		err := row.Scan(&busy, &frames, &copied)
		whole = frames == copied
		return err
	})
	return whole, errors.Join(rowErr, err)
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
	_, _ = c.checkpoint("TRUNCATE") // what is left in the log is read from there
	return errors.Join(c.conn.close(), c.index.Close())
}

// logSize is that of the write-ahead log, in bytes.
func (s *sqliteDB) logSize() int64 {
	if s.checkpoints == nil {
		return 0 // read only
	}
	return s.checkpoints.size()
}
