package support

import (
	"encoding/json"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

const countPrefix = "tickets."

// Insert writes a new ticket.
func Insert(tx *db.Tx, t Ticket) {
	tx.Write(`INSERT INTO tickets (id, order_id, category, status, version, messages, reason, assignee, proposed, remedy, holds, opened_by, opened_at, updated_at, waits_from)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		t.ID, t.Order, string(t.Category), string(t.Status), t.Version, t.Messages, string(t.Reason), t.Assignee, string(t.Proposed), t.Remedy, t.Holds, t.OpenedBy,
		db.Micros(t.OpenedAt), db.Micros(t.UpdatedAt), db.Micros(t.WaitsFrom))
	tx.Count(countPrefix+string(t.Status), 1)
}

// Save writes what moves of a ticket that was loaded as before.
func Save(tx *db.Tx, t, before Ticket) {
	tx.Write(`UPDATE tickets SET status = $1, version = $2, messages = $3, reason = $4, assignee = $5, proposed = $6, remedy = $7, holds = $8, updated_at = $9, waits_from = $10
		WHERE id = $11 AND version = $12`,
		string(t.Status), t.Version, t.Messages, string(t.Reason), t.Assignee, string(t.Proposed), t.Remedy, t.Holds, db.Micros(t.UpdatedAt), db.Micros(t.WaitsFrom), t.ID, before.Version)
	if t.Status != before.Status {
		tx.Count(countPrefix+string(before.Status), -1)
		tx.Count(countPrefix+string(t.Status), 1)
	}
}

// Counts returns how many tickets have each status, as kept.
func Counts(r db.Reader) (map[Status]int64, error) { return db.Counts[Status](r, countPrefix) }

// CountByStatus counts how many tickets have each status, which reads an index
// of them all.
func CountByStatus(r db.Reader) (map[Status]int64, error) {
	return db.Tally[Status](r, `SELECT status, COUNT(*) FROM tickets GROUP BY status`)
}

// Get returns a ticket. Errors: not_found.
func Get(r db.Reader, id string) (Ticket, error) {
	t, found, err := db.One(r, scanTicket, `SELECT `+columns+` FROM tickets WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no ticket %q", id)
	}
	return t, err
}

// Of returns an order's tickets, oldest first.
func Of(r db.Reader, order string) ([]Ticket, error) { return Range(r, order, order) }

// Range returns the tickets of the orders from first to last, both included.
func Range(r db.Reader, first, last string) ([]Ticket, error) {
	return db.All(r, scanTicket, `SELECT `+columns+` FROM tickets WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, id`, first, last)
}

// Page returns up to limit tickets with an id behind after, by id.
func Page(r db.Reader, after string, limit int) ([]Ticket, error) {
	return db.All(r, scanTicket, `SELECT `+columns+` FROM tickets WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// AddMessage writes message number m.N of a ticket.
func AddMessage(tx *db.Tx, ticket string, m Message) {
	tx.Write(`INSERT INTO ticket_messages (ticket_id, n, at, author, actor, body) VALUES ($1, $2, $3, $4, $5, $6)`,
		ticket, m.N, db.Micros(m.At), string(m.From), m.By, m.Body)
}

// Messages returns what was written in a ticket, oldest first.
func Messages(r db.Reader, ticket string) ([]Message, error) {
	return db.All(r, func(row db.Row) (Message, error) {
		var m Message
		var at int64
		err := row.Scan(&m.N, &at, (*string)(&m.From), &m.By, &m.Body)
		m.At = db.Time(at)
		return m, err
	}, `SELECT n, at, author, actor, body FROM ticket_messages WHERE ticket_id = $1 ORDER BY n`, ticket)
}

// LastSaid returns what a person wrote last in each of the tickets, or what the process
// did where no one has.
func LastSaid(r db.Reader, tickets []string) (map[string]Message, error) {
	last := map[string]Message{}
	err := db.Each(r, func(row db.Row) error {
		var of string
		var m Message
		var at int64
		err := row.Scan(&of, &m.N, &at, (*string)(&m.From), &m.By, &m.Body)
		m.At = db.Time(at)
		last[of] = m
		return err
	}, `SELECT m.ticket_id, m.n, m.at, m.author, m.actor, m.body FROM tickets t JOIN ticket_messages m ON m.ticket_id = t.id AND m.n = (
			SELECT l.n FROM ticket_messages l WHERE l.ticket_id = t.id ORDER BY CASE l.author WHEN 'process' THEN 1 ELSE 0 END, l.n DESC LIMIT 1)
		WHERE t.id IN `+r.ListParam("$1"), db.List(tickets))
	return last, err
}

// AddNote writes a note of a ticket.
func AddNote(tx *db.Tx, ticket string, n Note) {
	tx.Write(`INSERT INTO ticket_notes (ticket_id, n, at, actor, body) VALUES ($1, $2, $3, $4, $5)`, ticket, n.N, db.Micros(n.At), n.By, n.Body)
}

// Notes returns what people of the shop wrote in a ticket for each other, oldest first.
func Notes(r db.Reader, ticket string) ([]Note, error) {
	return db.All(r, func(row db.Row) (Note, error) {
		var n Note
		var at int64
		err := row.Scan(&n.N, &at, &n.By, &n.Body)
		n.At = db.Time(at)
		return n, err
	}, `SELECT n, at, actor, body FROM ticket_notes WHERE ticket_id = $1 ORDER BY n`, ticket)
}

// MessageCount is how many messages a ticket has, and the number of the last.
type MessageCount struct{ Messages, Last int64 }

// CountMessages counts the messages of each of the tickets that has any.
func CountMessages(r db.Reader, tickets []string) (map[string]MessageCount, error) {
	counts := map[string]MessageCount{}
	err := db.Each(r, func(row db.Row) error {
		var of string
		var c MessageCount
		err := row.Scan(&of, &c.Messages, &c.Last)
		counts[of] = c
		return err
	}, `SELECT ticket_id, COUNT(*), MAX(n) FROM ticket_messages
		WHERE ticket_id IN `+r.ListParam("$1")+` GROUP BY ticket_id`, db.List(tickets))
	return counts, err
}

// AddDecision writes a decision of a ticket with the facts it was made on. Its
// number is the version of the ticket that it made.
func AddDecision(tx *db.Tx, ticket string, d Record) error {
	facts, err := json.Marshal(d.Facts)
	if err != nil {
		return err
	}
	tx.Write(`INSERT INTO ticket_decisions (ticket_id, n, at, facts, act, reason, amount, beyond, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		ticket, d.N, db.Micros(d.At), string(facts), string(d.Result.Act), string(d.Result.Reason), d.Result.Amount, string(d.Result.Beyond), d.By)
	return nil
}

// Decisions returns what was decided about a ticket, oldest first.
func Decisions(r db.Reader, ticket string) ([]Record, error) {
	return db.All(r, func(row db.Row) (Record, error) {
		var d Record
		var at int64
		var facts string
		if err := row.Scan(&d.N, &at, &facts, (*string)(&d.Result.Act), (*string)(&d.Result.Reason), &d.Result.Amount, (*string)(&d.Result.Beyond), &d.By); err != nil {
			return d, err
		}
		d.At = db.Time(at)
		return d, json.Unmarshal([]byte(facts), &d.Facts)
	}, `SELECT n, at, facts, act, reason, amount, beyond, actor FROM ticket_decisions WHERE ticket_id = $1 ORDER BY n`, ticket)
}

// Outcomes returns what was decided about each of the tickets, oldest first,
// without the facts.
func Outcomes(r db.Reader, tickets []string) (map[string][]Record, error) {
	all := map[string][]Record{}
	err := db.Each(r, func(row db.Row) error {
		var d Record
		var of string
		var at int64
		err := row.Scan(&of, &d.N, &at, (*string)(&d.Result.Act), (*string)(&d.Result.Reason), &d.Result.Amount, (*string)(&d.Result.Beyond), &d.By)
		d.At = db.Time(at)
		all[of] = append(all[of], d)
		return err
	}, `SELECT ticket_id, n, at, act, reason, amount, beyond, actor FROM ticket_decisions WHERE ticket_id IN `+r.ListParam("$1")+` ORDER BY ticket_id, n`, db.List(tickets))
	return all, err
}

// AddLines writes what of its order a ticket is about.
func AddLines(tx *db.Tx, ticket string, lines []Line) {
	for _, l := range lines {
		tx.Write(`INSERT INTO ticket_lines (ticket_id, line, quantity) VALUES ($1, $2, $3)`, ticket, l.Line, l.Quantity)
	}
}

// Lines returns what of its order a ticket is about.
func Lines(r db.Reader, ticket string) ([]Line, error) {
	return db.All(r, func(row db.Row) (l Line, err error) {
		return l, row.Scan(&l.Line, &l.Quantity)
	}, `SELECT line, quantity FROM ticket_lines WHERE ticket_id = $1 ORDER BY line`, ticket)
}

// KeepAddress keeps the address that a ticket wants, as text of the process. It is
// personal data: it is dropped when the ticket is solved.
func KeepAddress(tx *db.Tx, ticket, address string) {
	tx.Write(`INSERT INTO ticket_addresses (ticket_id, address) VALUES ($1, $2)`, ticket, address)
}

// DropAddress removes the address that a ticket wanted.
func DropAddress(tx *db.Tx, ticket string) {
	tx.Write(`DELETE FROM ticket_addresses WHERE ticket_id = $1`, ticket)
}

// AddressOf returns the address that a ticket wants, "" for none.
func AddressOf(r db.Reader, ticket string) (string, error) {
	address, _, err := db.One(r, func(row db.Row) (s string, err error) { return s, row.Scan(&s) },
		`SELECT address FROM ticket_addresses WHERE ticket_id = $1`, ticket)
	return address, err
}

// WithAddress returns which of the tickets want an address.
func WithAddress(r db.Reader, tickets []string) ([]string, error) {
	return db.All(r, func(row db.Row) (id string, err error) { return id, row.Scan(&id) },
		`SELECT ticket_id FROM ticket_addresses WHERE ticket_id IN `+r.ListParam("$1")+` ORDER BY ticket_id`, db.List(tickets))
}

// GivenSince returns what tickets about each of the orders have given their
// customers since then: what was refunded, and what was sent anew.
func GivenSince(r db.Reader, orders []string, since time.Time) (map[string]Given, error) {
	all := map[string]Given{}
	err := db.Each(r, func(row db.Row) error {
		var of string
		var g Given
		err := row.Scan(&of, &g.Amount, &g.Count)
		all[of] = g
		return err
	}, `SELECT t.order_id, CAST(SUM(d.amount) AS BIGINT), COUNT(*) FROM tickets t JOIN ticket_decisions d ON d.ticket_id = t.id
		WHERE t.order_id IN `+r.ListParam("$1")+` AND d.act IN ('refund', 'reship') AND d.beyond = '' AND d.at >= $2
		GROUP BY t.order_id`, db.List(orders), db.Micros(since))
	return all, err
}

const columns = `id, order_id, category, status, version, messages, reason, assignee, proposed, remedy, holds, opened_by, opened_at, updated_at, waits_from`

func scanTicket(row db.Row) (Ticket, error) {
	var t Ticket
	var opened, updated, waits int64
	err := row.Scan(&t.ID, &t.Order, (*string)(&t.Category), (*string)(&t.Status), &t.Version, &t.Messages, (*string)(&t.Reason),
		&t.Assignee, (*string)(&t.Proposed), &t.Remedy, &t.Holds, &t.OpenedBy, &opened, &updated, &waits)
	t.OpenedAt, t.UpdatedAt, t.WaitsFrom = db.Time(opened), db.Time(updated), db.Time(waits)
	return t, err
}

// Forget erases what was written in a ticket, and where something was to go. That it was
// written, and what was decided, stays.
func Forget(tx *db.Tx, ticket string) {
	tx.WriteAny(`UPDATE ticket_messages SET body = '' WHERE ticket_id = $1`, ticket)
	tx.WriteAny(`UPDATE ticket_notes SET body = '' WHERE ticket_id = $1`, ticket)
	tx.WriteAny(`DELETE FROM ticket_addresses WHERE ticket_id = $1`, ticket)
}
