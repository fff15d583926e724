package db

import "sync"

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
