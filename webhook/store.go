package webhook

import (
	"strings"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/vault"
)

// Lock is what a change of an endpoint holds.
func Lock(id string) db.Lock { return db.Lock{Rank: lockRank, Key: id} }

// ListLock is what adding an endpoint holds.
func ListLock() db.Lock { return db.Lock{Rank: lockRank - 1, Key: "webhooks"} }

const lockRank = 17

// Insert writes a new endpoint, which is sent what happens from now on.
func Insert(tx *db.Tx, e Endpoint, s vault.Sealed) error {
	from, err := event.End(tx)
	if err != nil {
		return err
	}
	tx.Write(`INSERT INTO webhook_endpoints (id, version, name, url, types, state, why, secret, previous, previous_until, feed_cursor,
			sent, answered_at, lease, lease_until, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, 0, 0, '', 0, $10, $11)`,
		e.ID, e.Version, e.Name, e.URL, joined(e.Types), string(e.State), string(e.Why), string(s), string(from), string(e.CreatedBy), db.Micros(e.CreatedAt))
	return nil
}

// Save writes what a person may change of an endpoint, and that it has changed.
func Save(tx *db.Tx, e Endpoint) {
	tx.Write(`UPDATE webhook_endpoints SET version = $1, name = $2, url = $3, types = $4, state = $5, why = $6, secret = $7, previous = $8, previous_until = $9
		WHERE id = $10 AND version = $11`,
		e.Version, e.Name, e.URL, joined(e.Types), string(e.State), string(e.Why), string(e.secret), string(e.previous), db.Micros(e.PreviousUntil), e.ID, e.Version-1)
}

// Rewind has an endpoint sent everything again that is behind the cursor. What is being
// sent meanwhile counts for nothing.
func Rewind(tx *db.Tx, id string, to event.Cursor) {
	tx.Write(`UPDATE webhook_endpoints SET feed_cursor = $1, lease = '', lease_until = 0 WHERE id = $2`, string(to), id)
	tx.WriteAny(`DELETE FROM webhook_held WHERE endpoint = $1`, id)
}

// TryAgain has an endpoint sent at once what it has not taken, as if it had not been
// tried.
func TryAgain(tx *db.Tx, id string) {
	tx.WriteAny(`UPDATE webhook_held SET tries = 0, since = $1, due = $1 WHERE endpoint = $2`, db.Micros(tx.Now()), id)
}

const columns = `id, version, name, url, types, state, why, secret, previous, previous_until, feed_cursor, sent, answered_at, created_by, created_at`

func scan(row db.Row) (Endpoint, error) {
	var e Endpoint
	var types string
	var previous, answered, created int64
	err := row.Scan(&e.ID, &e.Version, &e.Name, &e.URL, &types, (*string)(&e.State), (*string)(&e.Why), (*string)(&e.secret), (*string)(&e.previous),
		&previous, (*string)(&e.cursor), &e.sent, &answered, (*string)(&e.CreatedBy), &created)
	e.Types, e.PreviousUntil, e.AnsweredAt, e.CreatedAt = split(types), db.Time(previous), db.Time(answered), db.Time(created)
	return e, err
}

// Get returns an endpoint. Errors: not_found.
func Get(r db.Reader, id string) (Endpoint, error) {
	e, found, err := db.One(r, scan, `SELECT `+columns+` FROM webhook_endpoints WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no webhook %.60q", id)
	}
	return e, err
}

// All returns all endpoints, the newest first: there are never more than MaxEndpoints.
func All(r db.Reader) ([]Endpoint, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM webhook_endpoints ORDER BY id DESC`)
}

// Deliveries returns up to limit of the last tries of an endpoint before the n-th (0 for
// the last of all), the newest first.
func Deliveries(r db.Reader, endpoint string, before int64, limit int) ([]Delivery, error) {
	if before == 0 {
		before = 1 << 62
	}
	return db.All(r, func(row db.Row) (Delivery, error) {
		var d Delivery
		var at, accepted, givenUp int64
		err := row.Scan(&d.N, &d.Event, (*string)(&d.Type), &d.Try, &at, &d.Took, &accepted, &d.Status, &d.Why, &givenUp)
		d.Message, d.At, d.Accepted, d.GivenUp = messageID(endpoint, d.Event), db.Time(at), accepted == 1, givenUp == 1
		return d, err
	}, `SELECT n, event, type, try, at, took, accepted, status, why, given_up FROM webhook_deliveries
		WHERE endpoint = $1 AND n < $2 ORDER BY n DESC LIMIT $3`, endpoint, before, limit)
}

// keptDeliveries is how many tries are kept of each endpoint.
const keptDeliveries = 1000

// keep writes tries, and removes the oldest beyond those that are kept.
func keep(tx *db.Tx, endpoint string, tries []Delivery) {
	for _, d := range tries {
		tx.Write(`INSERT INTO webhook_deliveries (endpoint, n, event, type, try, at, took, accepted, status, why, given_up)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			endpoint, d.N, d.Event, string(d.Type), d.Try, db.Micros(d.At), d.Took, db.Bool(d.Accepted), d.Status, d.Why, db.Bool(d.GivenUp))
	}
	if n := len(tries); n > 0 {
		tx.WriteAny(`DELETE FROM webhook_deliveries WHERE endpoint = $1 AND n <= $2`, endpoint, tries[n-1].N-keptDeliveries)
	}
}

// lease has this node send to an endpoint, until the database's time, and says whether
// it may: not while another one does.
func lease(tx *db.Tx, endpoint, as string, until time.Time) (bool, error) {
	rows, err := tx.Exec(`UPDATE webhook_endpoints SET lease = $1, lease_until = $2 WHERE id = $3 AND state = 'enabled' AND lease_until <= $4`,
		as, db.Micros(until), endpoint, db.Micros(tx.LeaseNow()))
	return rows == 1, err
}

// endLeases ends all leases, of nodes that are no more.
func endLeases(tx *db.Tx) {
	tx.WriteAny(`UPDATE webhook_endpoints SET lease = '', lease_until = 0 WHERE lease <> ''`)
}

// sentTo ends a lease and writes how far an endpoint was sent to, and says whether the
// lease was still held: nothing is written otherwise.
func sentTo(tx *db.Tx, e Endpoint, as string) (bool, error) {
	rows, err := tx.Exec(`UPDATE webhook_endpoints SET feed_cursor = $1, sent = $2, answered_at = $3, lease = '', lease_until = 0 WHERE id = $4 AND lease = $5`,
		string(e.cursor), e.sent, db.Micros(e.AnsweredAt), e.ID, as)
	return rows == 1, err
}

// held is a subject of which an endpoint has not taken an event.
type held struct {
	subject    string
	next, last int64     // versions: of the event that is to be taken next, and of the last that waits
	tries      int64     // of the next one
	since      time.Time // when that was tried first
	due        time.Time
}

const heldColumns = `subject, next, last, tries, since, due`

func scanHeld(row db.Row) (held, error) {
	var h held
	var since, due int64
	err := row.Scan(&h.subject, &h.next, &h.last, &h.tries, &since, &due)
	h.since, h.due = db.Time(since), db.Time(due)
	return h, err
}

// heldDue returns up to limit of what an endpoint is to be sent again by now.
func heldDue(r db.Reader, endpoint string, limit int) ([]held, error) {
	return db.All(r, scanHeld, `SELECT `+heldColumns+` FROM webhook_held WHERE endpoint = $1 AND due <= $2 ORDER BY due, subject LIMIT $3`,
		endpoint, db.Micros(r.Now()), limit)
}

// heldOf returns those of the subjects that are held, by subject.
func heldOf(r db.Reader, endpoint string, subjects []string) (map[string]held, error) {
	all, err := db.All(r, scanHeld, `SELECT `+heldColumns+` FROM webhook_held WHERE endpoint = $1 AND subject IN `+r.ListParam("$2"), endpoint, db.List(subjects))
	of := map[string]held{}
	for _, h := range all {
		of[h.subject] = h
	}
	return of, err
}

// countHeld counts the subjects that are held, up to most.
func countHeld(r db.Reader, endpoint string, most int) (int64, error) {
	n, _, err := db.One(r, func(row db.Row) (n int64, err error) { return n, row.Scan(&n) },
		`SELECT COUNT(*) FROM (SELECT 1 FROM webhook_held WHERE endpoint = $1 LIMIT $2) AS counted`, endpoint, most)
	return n, err
}

// put writes that a subject is held, and how.
func (h held) put(tx *db.Tx, endpoint string) {
	tx.Write(`INSERT INTO webhook_held (endpoint, subject, next, last, tries, since, due) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (endpoint, subject) DO UPDATE SET next = excluded.next, last = excluded.last, tries = excluded.tries, since = excluded.since, due = excluded.due`,
		endpoint, h.subject, h.next, h.last, h.tries, db.Micros(h.since), db.Micros(h.due))
}

// drop writes that a subject is held no more.
func (h held) drop(tx *db.Tx, endpoint string) {
	tx.WriteAny(`DELETE FROM webhook_held WHERE endpoint = $1 AND subject = $2`, endpoint, h.subject)
}

func joined(types []event.Type) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = string(t)
	}
	return strings.Join(texts, ",")
}

func split(text string) []event.Type {
	types := []event.Type{}
	for t := range strings.SplitSeq(text, ",") {
		if t != "" {
			types = append(types, event.Type(t))
		}
	}
	return types
}
