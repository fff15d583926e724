// Package event is the log of everything that happens: the timeline of each
// order, the outbox of what others are told, and the feed that they read, in
// one table. An event is written in the transaction that makes it true.
package event

import (
	"encoding/json"
	"time"

	"doorstep/access"
	"doorstep/internal/db"
)

// Type says what happened, as room.what, such as payment.succeeded.
type Type string

// Event is one thing that happened. It carries identifiers and facts, no
// names, mails or addresses.
type Event struct {
	Subject string          `json:"subject"` // whose history it belongs to: an order, a ticket without an order, an SKU
	Version int64           `json:"version"` // counts from 1, unique per subject, without gaps
	Entity  string          `json:"entity"`  // what changed: the subject itself, or a payment, shipment, refund or ticket of it
	Type    Type            `json:"type"`
	From    string          `json:"from,omitempty"`   // the entity's state before
	To      string          `json:"to,omitempty"`     // and after
	Status  string          `json:"status,omitempty"` // the order's status after it
	Actor   access.Actor    `json:"actor"`
	At      time.Time       `json:"at"` // shop time
	Data    json.RawMessage `json:"data,omitempty"`
}

// ID is unique for good and the same however often the event is delivered.
func (e Event) ID() string { return eventID(e.Subject, e.Version) }

// Data marshals what an event carries beyond its fields, nil for nothing. It is for values of
// the program's own types, so it can not fail.
func Data(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("event: data that is no JSON: " + err.Error())
	}
	return b
}

// Append writes an event in the transaction that makes it true, and rings for those who
// wait for one: see db.DB.Rung.
func Append(tx *db.Tx, e Event) {
	tx.Ring()
	tx.Write(`INSERT INTO events (subject, version, entity, type, from_state, to_state, status, actor, at, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Subject, e.Version, e.Entity, string(e.Type), e.From, e.To, e.Status, string(e.Actor), db.Micros(e.At), string(e.Data))
}

// Timeline returns the events of one subject, oldest first.
func Timeline(r db.Reader, subject string) ([]Event, error) {
	return Range(r, subject, subject)
}

// Range returns the events of the subjects from first to last, both included,
// by subject and version.
func Range(r db.Reader, first, last string) ([]Event, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM events
		WHERE subject >= $1 AND subject <= $2 ORDER BY subject, version`, first, last)
}

// Part returns up to limit events of one subject from a version on, oldest first.
func Part(r db.Reader, subject string, from int64, limit int) ([]Event, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM events
		WHERE subject = $1 AND version >= $2 ORDER BY version LIMIT $3`, subject, from, limit)
}

// OfType returns the events of the type that the subjects have, by subject and
// version.
func OfType(r db.Reader, t Type, subjects []string) ([]Event, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM events
		WHERE subject IN `+r.ListParam("$1")+` AND type = $2 ORDER BY subject, version`, db.List(subjects), string(t))
}

// Of returns all events of the subjects, by subject and version.
func Of(r db.Reader, subjects []string) ([]Event, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM events WHERE subject IN `+r.ListParam("$1")+` ORDER BY subject, version`, db.List(subjects))
}

// Span is how many events a subject has, and the first and last of their versions.
type Span struct{ Events, First, Last int64 }

// Spans returns the span of each of the subjects that has any event.
func Spans(r db.Reader, subjects []string) (map[string]Span, error) {
	spans := map[string]Span{}
	err := db.Each(r, func(row db.Row) error {
		var of string
		var s Span
		err := row.Scan(&of, &s.Events, &s.First, &s.Last)
		spans[of] = s
		return err
	}, `SELECT subject, COUNT(*), MIN(version), MAX(version) FROM events
		WHERE subject IN `+r.ListParam("$1")+` GROUP BY subject`, db.List(subjects))
	return spans, err
}

const columns = `subject, version, entity, type, from_state, to_state, status, actor, at, data`

func scan(row db.Row) (Event, error) {
	var e Event
	var data string
	var at int64
	err := row.Scan(&e.Subject, &e.Version, &e.Entity, (*string)(&e.Type), &e.From, &e.To, &e.Status, (*string)(&e.Actor), &at, &data)
	e.At = db.Time(at)
	if data != "" {
		e.Data = json.RawMessage(data)
	}
	return e, err
}
