// Package work keeps what is to be done in durable rows: when it is due, who
// works on it under which lease, how often it was tried. Only finished work is
// ever removed.
//
// Due times are shop time. Leases are on the database's own time, which is
// never virtual.
package work

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Item is one thing to be done.
type Item struct {
	Owner   string // whose history it belongs to: an order, or a ticket without one
	Subject string // what it is about
	Step    string // what is to be done
	State   State
	Due     time.Time // shop time
	Tries   int       // how often it was tried in vain
	Lease   string    // the lease it is worked on under, "" for none
	Until   time.Time // when the lease ends, the database's time

	best  time.Time // by the machine's clock: until when this node can be sure of its lease
	Error string    // why the last try was in vain
	// Deadline is the shop time after which the item is not tried again but given
	// up to a person; zero for none.
	Deadline time.Time
	Since    time.Time // shop time when it was enqueued
	Overdue  time.Time // shop time since when what it waits for is late; zero when it is not
}

// State says whether an item is claimed when it is due.
type State string

// The states of an item.
const (
	Ready State = "ready"
	Stuck State = "stuck" // its attempts are used up: a person decides
	Held  State = "held"  // whose it is, is stopped: it waits until that goes on
)

// Key names an item among all.
func (it Item) Key() string { return it.Owner + "/" + it.Subject + "/" + it.Step }

// Late says whether at is past the item's deadline.
func (it Item) Late(at time.Time) bool { return !it.Deadline.IsZero() && at.After(it.Deadline) }

// ErrLeaseLost says that an item is no longer worked on under the lease it was
// claimed with: someone else has it, or it is done or dropped.
var ErrLeaseLost = fault.New(fault.Conflict, "the lease was lost")

// Queue is the rows of one database, as one node sees them.
type Queue struct {
	node   string
	lease  time.Duration
	leases atomic.Int64
	runner atomic.Pointer[Runner]
}

// MaxLease is longer than any lease lasts: for that long no one else takes an
// item whose node has died.
const MaxLease = 24 * time.Hour

// NewQueue returns a queue for the node, whose name is never used again by
// another process. A lease lasts longer than any provider's time-out, and not
// longer than MaxLease.
func NewQueue(node string, lease time.Duration) *Queue {
	return &Queue{node: node, lease: lease}
}

func (q *Queue) newLease() string { return fmt.Sprintf("%s.%d", q.node, q.leases.Add(1)) }

// Enqueue writes an item, ready unless it is held. When it is due and this node
// has room, it is leased to this node in the same transaction and goes on right
// after the commit.
func (q *Queue) Enqueue(tx *db.Tx, it Item) Item {
	if it.Since = tx.Now(); it.State == "" {
		it.State = Ready
	}
	q.takeNow(tx, &it)
	tx.Write(`INSERT INTO work (owner, subject, step, state, due, tries, lease, lease_until, last_error, enqueued_at, deadline, overdue)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		it.Owner, it.Subject, it.Step, string(it.State), db.Micros(it.Due), it.Tries, it.Lease, db.Micros(it.Until),
		it.Error, db.Micros(it.Since), db.Micros(it.Deadline), db.Micros(it.Overdue))
	return it
}

// takeNow leases a due item to this node when its runner has room.
func (q *Queue) takeNow(tx *db.Tx, it *Item) {
	it.Lease, it.Until = "", time.Time{}
	r := q.runner.Load()
	if r == nil {
		return
	}
	if it.State != Ready || it.Due.After(tx.Now()) {
		return
	}
	if !r.hasRoom() {
		tx.OnCommit(r.wake)
		return
	}
	it.Lease, it.Until = q.newLease(), tx.LeaseNow().Add(q.lease)
	taken := *it
	taken.best = time.Now().Add(q.lease)
	tx.OnCommit(func() { r.push(taken) })
}

// Finish removes an item that is done, or that something else has made
// needless. The transaction fails when the item's lease is not the one it was
// read with.
func (q *Queue) Finish(tx *db.Tx, it Item) {
	tx.Write(`DELETE FROM work WHERE owner = $1 AND subject = $2 AND step = $3 AND lease = $4`,
		it.Owner, it.Subject, it.Step, it.Lease)
}

// Retry puts an item back in its state, to be done again when due, with its
// deadline as it is, and late or not as it says.
func (q *Queue) Retry(tx *db.Tx, it Item, due time.Time, tries int, why string) Item {
	held := it.Lease
	it.Due, it.Tries, it.Error = due, tries, clip(why)
	q.takeNow(tx, &it)
	tx.Write(`UPDATE work SET state = $1, due = $2, tries = $3, lease = $4, lease_until = $5, last_error = $6, deadline = $7, overdue = $8
		WHERE owner = $9 AND subject = $10 AND step = $11 AND lease = $12`,
		string(it.State), db.Micros(it.Due), it.Tries, it.Lease, db.Micros(it.Until), it.Error, db.Micros(it.Deadline), db.Micros(it.Overdue),
		it.Owner, it.Subject, it.Step, held)
	return it
}

// GiveUp leaves an item for a person: it is kept and not claimed again. It is due
// since now.
func (q *Queue) GiveUp(tx *db.Tx, it Item, why string) Item {
	held := it.Lease
	it.State, it.Due, it.Lease, it.Until, it.Error = Stuck, tx.Now(), "", time.Time{}, clip(why)
	tx.Write(`UPDATE work SET state = 'stuck', due = $1, tries = tries + 1, lease = '', lease_until = 0, last_error = $2
		WHERE owner = $3 AND subject = $4 AND step = $5 AND lease = $6`,
		db.Micros(it.Due), it.Error, it.Owner, it.Subject, it.Step, held)
	return it
}

// Park holds an item that no one has a lease of, and says whether it does: what
// someone is at goes on to its end.
func (q *Queue) Park(tx *db.Tx, it Item) (Item, bool) {
	if it.State != Ready || it.Until.After(tx.LeaseNow()) {
		return it, false
	}
	held := it.Lease
	it.State, it.Until = Held, time.Time{}
	tx.Write(`UPDATE work SET state = 'held', lease_until = 0 WHERE owner = $1 AND subject = $2 AND step = $3 AND lease = $4`,
		it.Owner, it.Subject, it.Step, held)
	return it, true
}

// Resume makes an item that is held ready again. One whose lease has ended may have
// been begun under it: that counts as a try in vain.
func (q *Queue) Resume(tx *db.Tx, it Item, due time.Time) Item {
	held := it.Lease
	if held != "" {
		it.Tries++
	}
	it.State, it.Due = Ready, due
	q.takeNow(tx, &it)
	tx.Write(`UPDATE work SET state = 'ready', due = $1, tries = $2, lease = $3, lease_until = $4
		WHERE owner = $5 AND subject = $6 AND step = $7 AND lease = $8 AND state = 'held'`,
		db.Micros(it.Due), it.Tries, it.Lease, db.Micros(it.Until), it.Owner, it.Subject, it.Step, held)
	return it
}

// Revive puts an item that waits for a person back in a state, as if it had been
// tried once: a provider may have been asked.
func (q *Queue) Revive(tx *db.Tx, it Item, state State, due time.Time) Item {
	it.State, it.Due, it.Tries, it.Deadline, it.Error, it.Overdue = state, due, 1, time.Time{}, "", time.Time{}
	q.takeNow(tx, &it)
	tx.Write(`UPDATE work SET state = $1, due = $2, tries = 1, lease = $3, lease_until = $4, last_error = '', deadline = 0, overdue = 0
		WHERE owner = $5 AND subject = $6 AND step = $7 AND state = 'stuck'`,
		string(it.State), db.Micros(it.Due), it.Lease, db.Micros(it.Until), it.Owner, it.Subject, it.Step)
	return it
}

// Hold returns an owner's items, in a fixed order, and keeps claims away from
// them until the transaction ends.
func Hold(tx *db.Tx, owner string) ([]Item, error) {
	query := `SELECT ` + columns + ` FROM work WHERE owner = $1 ORDER BY subject, step`
	if tx.Postgres() {
		query += ` FOR UPDATE`
	}
	return db.All(tx, scan, query, owner)
}

// Of returns an owner's items, in a fixed order.
func Of(r db.Reader, owner string) ([]Item, error) { return Range(r, owner, owner) }

// Range returns the items of the owners from first to last, both included.
func Range(r db.Reader, first, last string) ([]Item, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM work
		WHERE owner >= $1 AND owner <= $2 ORDER BY owner, subject, step`, first, last)
}

// Stuckness returns the items that wait for a person, the oldest first.
func Stuckness(r db.Reader, limit int) ([]Item, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM work WHERE state = 'stuck' ORDER BY due, owner, subject, step LIMIT $1`, limit)
}

// Overdues returns the items that wait for what is late, the latest first.
func Overdues(r db.Reader, limit int) ([]Item, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM work WHERE state = 'ready' AND overdue > 0 ORDER BY overdue, owner, subject, step LIMIT $1`, limit)
}

// CountStuck and CountOverdue count what Stuckness and Overdues return, up to
// most.
func CountStuck(r db.Reader, most int) (int64, error) { return count(r, `state = 'stuck'`, most) }

// CountOverdue is described with CountStuck.
func CountOverdue(r db.Reader, most int) (int64, error) {
	return count(r, `state = 'ready' AND overdue > 0`, most)
}

// CountDue counts the items that are due by t, up to most.
func CountDue(r db.Reader, t time.Time, most int) (int64, error) {
	return count(r, `state = 'ready' AND due <= $2`, most, db.Micros(t))
}

func count(r db.Reader, which string, most int, more ...any) (int64, error) {
	n, _, err := db.One(r, func(row db.Row) (n int64, err error) { return n, row.Scan(&n) },
		`SELECT COUNT(*) FROM (SELECT 1 FROM work WHERE `+which+` LIMIT $1) AS counted`, append([]any{most}, more...)...)
	return n, err
}

// Due returns up to limit items that are due by t, in the order in which they
// are to be done.
func Due(r db.Reader, t time.Time, limit int) ([]Item, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM work
		WHERE state = 'ready' AND due <= $1 ORDER BY due, owner, subject, step LIMIT $2`, db.Micros(t), limit)
}

// claimLock keeps two claims apart, so that no two transactions wait for each
// other's rows.
var claimLock = db.Lock{Rank: 0, Key: "work.claim"}

// claim leases up to limit due items to this node. An item whose lease has ended
// may have been begun under it: that counts as a try in vain.
func (q *Queue) claim(tx *db.Tx, limit int) ([]Item, error) {
	skip := ""
	if tx.Postgres() {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	now := tx.LeaseNow()
	return db.All(tx, scan, `UPDATE work SET lease = $1, lease_until = $2, tries = tries + CASE WHEN lease = '' THEN 0 ELSE 1 END
		WHERE (owner, subject, step) IN (SELECT owner, subject, step FROM work
			WHERE state = 'ready' AND due <= $3 AND lease_until <= $4
			ORDER BY due, owner, subject, step LIMIT $5`+skip+`)
		RETURNING `+columns,
		q.newLease(), db.Micros(now.Add(q.lease)), db.Micros(tx.Now()), db.Micros(now), limit)
}

// release ends every lease. It is for a database that only this process can
// hold: whoever had them is dead. That there was one is kept, because a
// provider may have been asked under it. Only what is due is looked at: nothing else
// has ever been leased, and most rows of a large shop wait for a day to come.
func release(tx *db.Tx) {
	tx.WriteAny(`UPDATE work SET lease_until = 0 WHERE state = 'ready' AND due <= $1 AND lease_until > 0`, db.Micros(tx.Now()))
}

// endLeases gives items back that were leased and not begun. Those that
// someone else has meanwhile are left alone.
func endLeases(tx *db.Tx, items []Item) {
	for _, it := range items {
		tx.WriteAny(`UPDATE work SET lease_until = 0 WHERE owner = $1 AND subject = $2 AND step = $3 AND lease = $4`,
			it.Owner, it.Subject, it.Step, it.Lease)
	}
}

// renew makes an item's lease as long as a new one.
//
// Errors: ErrLeaseLost.
func (q *Queue) renew(tx *db.Tx, it Item) error {
	n, err := tx.Exec(`UPDATE work SET lease_until = $1 WHERE owner = $2 AND subject = $3 AND step = $4 AND lease = $5`,
		db.Micros(tx.LeaseNow().Add(q.lease)), it.Owner, it.Subject, it.Step, it.Lease)
	if err == nil && n == 0 {
		err = ErrLeaseLost
	}
	return err
}

const columns = `owner, subject, step, state, due, tries, lease, lease_until, last_error, enqueued_at, deadline, overdue`

func scan(row db.Row) (Item, error) {
	var it Item
	var due, until, since, deadline, overdue int64
	err := row.Scan(&it.Owner, &it.Subject, &it.Step, (*string)(&it.State), &due, &it.Tries, &it.Lease, &until, &it.Error, &since, &deadline, &overdue)
	it.Due, it.Until, it.Since, it.Deadline, it.Overdue = db.Time(due), db.Time(until), db.Time(since), db.Time(deadline), db.Time(overdue)
	return it, err
}

// maxError bounds what is kept of an error, in bytes.
const maxError = 500

// clip makes what a provider or an engine said fit to be kept: valid UTF-8
// without NUL, and not too long.
func clip(s string) string {
	if len(s) > maxError {
		s = s[:maxError]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// Backoff returns how long to wait before try number n+1: doubling from first
// up to most, less up to a half by a jitter that depends on the item and n
// alone, so that a run can be repeated.
func Backoff(it Item, n int, first, most time.Duration) time.Duration {
	d := most
	if n < 40 {
		d = time.Duration(math.Min(float64(first)*math.Pow(2, float64(n)), float64(most)))
	}
	it.Tries = n
	return d - Jitter(it, d/2)
}

// Jitter returns a part of d that depends on the item and its tries alone.
func Jitter(it Item, d time.Duration) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", it.Key(), it.Tries)
	return time.Duration(float64(d) * float64(h.Sum64()%1000) / 1000)
}
