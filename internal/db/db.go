// Package db keeps the shop's data: Update changes it durably, View reads a
// snapshot of it. An embedded SQLite file is the default, PostgreSQL serves
// when one machine is not enough, and the same SQL runs on both.
//
// Updates that wait at the same time are grouped into one physical transaction
// and one commit, yet each of them succeeds or fails for itself.
package db

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"doorstep/clock"
	"doorstep/fault"

	"zombiezen.com/go/sqlite"
)

// Config says which database to open, and how.
type Config struct {
	URL      string      // a file's path, or postgres://…
	Clock    clock.Clock // shop time; nil means clock.Wall
	ReadOnly bool        // View only: takes no lock, runs no migration, works beside a running process
	Virtual  bool        // the shop runs on virtual time: so marked when made, and to be opened so ever after
	Lanes    int         // PostgreSQL connections that write; 0 means 4
	// Connected is told of each connection to a SQLite file that Views and Updates
	// use, before they do, such as to give it functions; nil is told nothing.
	Connected func(*sqlite.Conn) error
	// Committed is told of each commit: how many Updates it carried, and how long the
	// transaction took until it was durable. Nil is told nothing.
	Committed func(updates int, took time.Duration)
}

// The bounds of what is open at once.
const (
	defaultLanes = 4
	viewers      = 4
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	config  Config
	engine  engine
	virtual bool
	queue   chan *job
	quit    chan struct{}
	lanes   sync.WaitGroup
	running sync.Map // the goroutines whose functions have their turns
	stats   stats
	bell    bell

	mu     sync.Mutex
	closed bool
	inUse  sync.WaitGroup
}

// engine is what SQLite and PostgreSQL do each in their own way.
type engine interface {
	name() string
	migrate(ctx context.Context) error
	checkVersion(ctx context.Context) error
	asked() durabilityAsked
	durability(ctx context.Context) (Durability, error) // on a connection of its own
	backup(ctx context.Context, path string) error
	logSize() int64
	view(ctx context.Context, now time.Time, use func(Reader) error) error
	writers() []writer
	rawLanes() int // how many connections write at once
	raw(ctx context.Context, next func(insert func(string, []any) error) (bool, error)) error
	close() error
}

// writer runs Updates, one physical transaction after the other.
type writer interface {
	// run answers the job and whatever else of the queue it takes with it.
	run(first *job)
	close()
}

// Open opens the database, and unless it is opened ReadOnly locks it against
// other processes (a SQLite file has one writer), makes it when it is not
// there, and brings its tables up to this version.
//
// Errors by code: Locked when another process has the file, or runs the database
// on virtual time; Conflict when the database is of a newer version or of one
// that was never released, needs another kind of time, belongs to another
// program or has several names; NotFound when there is nothing to read; Unavailable when it
// can't be reached or written, or would not keep what it acknowledges; Internal
// when it is damaged. Nothing is changed then.
func Open(ctx context.Context, config Config) (*DB, error) {
	if config.Clock == nil {
		config.Clock = clock.Wall{}
	}
	if config.Committed == nil {
		config.Committed = func(int, time.Duration) {}
	}
	config.Lanes = cmp.Or(config.Lanes, defaultLanes)
	d := &DB{config: config, queue: make(chan *job, maxGroup), quit: make(chan struct{})}
	if err := d.open(ctx); err != nil {
		if d.engine != nil {
			_ = d.engine.close()
		}
		return nil, err
	}
	d.start()
	return d, nil
}

func (d *DB) open(ctx context.Context) (err error) {
	if isPostgres(d.config.URL) {
		d.engine, err = openPostgres(ctx, d)
	} else {
		d.engine, err = openSQLite(ctx, d)
	}
	if err != nil {
		return err
	}
	if d.config.ReadOnly {
		return d.openReadOnly(ctx)
	}
	if err := d.engine.migrate(ctx); err != nil {
		return err
	}
	durability, err := d.engine.durability(ctx)
	if err != nil {
		return err
	}
	return durability.Check()
}

func (d *DB) openReadOnly(ctx context.Context) error {
	if err := d.engine.checkVersion(ctx); err != nil {
		return err
	}
	kind, err := View(ctx, d, storedTime)
	d.virtual = kind == virtualTime
	return err
}

// start sets the writers to work.
func (d *DB) start() {
	if d.config.ReadOnly {
		return
	}
	d.virtual = d.config.Virtual
	for _, w := range d.engine.writers() {
		d.lanes.Go(func() { d.serve(w) })
	}
}

// serve runs what is queued until the database is closed.
func (d *DB) serve(w writer) {
	defer w.close()
	for {
		select {
		case j := <-d.queue:
			w.run(j)
		case <-d.quit:
			return
		}
	}
}

// Close refuses new Updates and Views, waits for those that run, and closes
// the database. It must not be called from within one of them.
func (d *DB) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	d.inUse.Wait()
	close(d.quit)
	d.lanes.Wait()
	return d.engine.close()
}

// enter keeps the database open until leave.
func (d *DB) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fault.New(fault.Unavailable, "the database is closed")
	}
	d.inUse.Add(1)
	return nil
}

func (d *DB) leave() { d.inUse.Done() }

// Engine returns "sqlite" or "postgres".
func (d *DB) Engine() string { return d.engine.name() }

// Virtual says whether the database is marked as one that runs on virtual time.
func (d *DB) Virtual() bool { return d.virtual }

// Clock returns the clock that tells shop time.
func (d *DB) Clock() clock.Clock { return d.config.Clock }

// Backup writes a copy of the database, as it is now, to a file that must not
// exist yet, and returns when the copy is on the disk. Updates and Views go on
// meanwhile. What a killed Backup has left is replaced by the next one.
//
// Errors by code: Conflict when the file exists or another Backup is writing
// it, Unavailable when it can't be written, Invalid on PostgreSQL, whose own
// tools do it.
func (d *DB) Backup(ctx context.Context, path string) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	return d.engine.backup(ctx, path)
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}
