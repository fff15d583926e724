package db

import (
	"context"
	"sync"
	"time"
)

// bell wakes who waits for it.
type bell struct {
	mu    sync.Mutex
	rings chan struct{} // closed when it rings next, nil when no one waits
}

func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rings == nil {
		b.rings = make(chan struct{})
	}
	return b.rings
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rings != nil {
		close(b.rings)
		b.rings = nil
	}
}

// Ring rings the database's bell when the transaction is durable.
func (tx *Tx) Ring() {
	if !tx.rings {
		tx.rings = true
		tx.OnCommit(tx.db.bell.ring)
	}
}

// Rung returns a channel that is closed when the bell rings next: a transaction of this
// process that has called Ring is durable. Those of others don't ring here.
func (d *DB) Rung() <-chan struct{} { return d.bell.next() }

// AtEachRing does something now, and again whenever the bell has rung, until ctx ends: not
// within restFor of the last time, and after that every lookEvery though no bell rings here.
func (d *DB) AtEachRing(ctx context.Context, restFor, lookEvery time.Duration, do func()) {
	for ctx.Err() == nil {
		rung := d.Rung()
		do()
		rest(ctx, nil, restFor)
		rest(ctx, rung, lookEvery)
	}
}

// rest waits for a while, or until it is called.
func rest(ctx context.Context, called <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-called:
	case <-t.C:
	}
}
