package work_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/work"
)

// brief is a lease that has ended as soon as it is given.
const brief = time.Microsecond

// asking is a handler whose caller sees each owner that it asks about, and lets
// it go on.
type asking struct {
	begun chan string
	goOn  map[string]chan struct{} // by owner; one that is not here goes on at once
}

func newAsking(held ...string) *asking {
	a := &asking{begun: make(chan string, 100), goOn: map[string]chan struct{}{}}
	for _, owner := range held {
		a.goOn[owner] = make(chan struct{})
	}
	return a
}

// handle asks, and leaves the item as it is.
func (a *asking) handle(_ context.Context, it work.Item) (func(context.Context) error, error) {
	a.begun <- it.Owner
	if wait, held := a.goOn[it.Owner]; held {
		<-wait
	}
	return nil, work.ErrLeaseLost
}

// steal gives an owner's item to someone else.
func (b *bench) steal(owner string) {
	b.t.Helper()
	b.must(b.update(func(tx *db.Tx) error {
		tx.Write(`UPDATE work SET lease = 'someone else' WHERE owner = $1`, owner)
		return nil
	}))
}

// enqueueOn writes an item that is due, and is leased to the queue's node.
func (b *bench) enqueueOn(q *work.Queue, owner string) {
	b.t.Helper()
	b.must(b.update(func(tx *db.Tx) error {
		q.Enqueue(tx, work.Item{Owner: owner, Subject: "subject", Step: "step", Due: tx.Now()})
		return nil
	}))
}

// TestNothingIsAskedUnderALostLease has an item wait for a worker until its
// lease is over and someone else has it.
func TestNothingIsAskedUnderALostLease(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		q, a := work.NewQueue("brief", brief), newAsking("first")
		b.start(q, work.Config{Poll: never, Workers: 1, Handle: a.handle})
		b.enqueueOn(q, "first")
		if got := wait(t, a.begun); got != "first" {
			t.Fatalf("%s is asked about first", got)
		}
		b.enqueueOn(q, "lost")
		b.steal("lost")
		b.enqueueOn(q, "kept")
		close(a.goOn["first"])
		if got := wait(t, a.begun); got != "kept" {
			t.Errorf("%s is asked about, whose lease was lost", got)
		}
	})
}

// TestNothingIsAskedUnderALostClaim is the same for items that were claimed.
func TestNothingIsAskedUnderALostClaim(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		owners := []string{"a", "b", "c"} // one less than there is room for: they are claimed once
		for _, owner := range owners {
			b.enqueue(owner, 0)
		}
		q, a := work.NewQueue("brief", brief), newAsking(owners...)
		b.start(q, work.Config{Poll: never, Workers: 2, Handle: a.handle})
		first, second := wait(t, a.begun), wait(t, a.begun)
		waits := slices.DeleteFunc(owners, func(o string) bool { return o == first || o == second })[0]
		b.steal(waits)
		b.enqueueOn(q, "kept")
		close(a.goOn[waits])
		close(a.goOn[first]) // one worker goes on: it takes what waits one after the other
		if got := wait(t, a.begun); got != "kept" {
			t.Errorf("%s is asked about, whose lease was lost", got)
		}
		close(a.goOn[second])
	})
}

// TestALongLeaseIsNotRenewed asks at once about what was just leased.
func TestALongLeaseIsNotRenewed(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		renewed := make(chan string, 10)
		q := work.NewQueue("patient", time.Hour)
		handle := func(_ context.Context, it work.Item) (func(context.Context) error, error) {
			said := ""
			if now := b.mustItem(it.Owner); !now.Until.Equal(it.Until) || it.Until.IsZero() {
				said = fmt.Sprintf("the lease of %s was until %s, and is until %s", it.Owner, it.Until, now.Until)
			}
			renewed <- said
			return b.finish(q)(context.Background(), it)
		}
		b.enqueue("claimed", 0)
		_, worked := b.start(q, work.Config{Poll: never, Workers: 1, Handle: handle})
		wait(t, worked)
		b.enqueueOn(q, "enqueued")
		wait(t, worked)
		for range 2 {
			if said := wait(t, renewed); said != "" {
				t.Error(said)
			}
		}
	})
}

// TestWhatFoundNoRoomIsClaimedAtOnce writes an item when there is no room for
// it, and makes room before it is committed.
func TestWhatFoundNoRoomIsClaimedAtOnce(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		q, a := work.NewQueue("full", time.Hour), newAsking("first", "second")
		b.start(q, work.Config{Poll: never, Workers: 1, Handle: a.handle})
		b.enqueueOn(q, "first")
		wait(t, a.begun) // from now on, two may wait
		b.enqueueOn(q, "second")
		b.enqueueOn(q, "third")
		var once sync.Once // the function of an Update may run again
		b.must(b.update(func(tx *db.Tx) error {
			it := q.Enqueue(tx, work.Item{Owner: "late", Subject: "subject", Step: "step", Due: tx.Now()})
			once.Do(func() {
				if it.Lease != "" {
					t.Errorf("there was room: %+v", it)
				}
				close(a.goOn["first"])
				wait(t, a.begun)
			})
			return nil
		}))
		close(a.goOn["second"])
		for _, want := range []string{"third", "late"} {
			if got := wait(t, a.begun); got != want {
				t.Errorf("%s is asked about, not %s", got, want)
			}
		}
	})
}
