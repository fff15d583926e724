package event

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Cursor is a place in the feed. It is opaque to readers.
type Cursor string

// After returns up to limit events behind the cursor ("" is the beginning), in
// the order of the feed, and the cursor behind the last of them. A reader that
// keeps its cursor misses nothing and sees a subject's events in their order,
// however many writers there are and whenever they commit: on PostgreSQL an
// event's place is its transaction and its number therein, and only what is
// older than every running transaction is shown; SQLite has one writer.
//
// Errors: invalid when the cursor is none of the feed's.
func After(r db.Reader, c Cursor, limit int) ([]Event, Cursor, error) {
	at, err := placeOf(r, c)
	if err != nil {
		return nil, c, err
	}
	query, args := at.behind(r, limit)
	events, err := db.All(r, func(row db.Row) (Event, error) { return scan(skipTwo{row, &at}) }, query, args...)
	if err != nil {
		return nil, c, fmt.Errorf("read the feed: %w", err)
	}
	if len(events) > 0 {
		c = at.cursor()
	}
	return events, c, nil
}

// Between is After up to another cursor, which it returns behind the last event.
//
// Errors: invalid when a cursor is none of the feed's.
func Between(r db.Reader, c, to Cursor, limit int) ([]Event, Cursor, error) {
	first, err := placeOf(r, c)
	if err != nil {
		return nil, c, err
	}
	last, err := placeOf(r, to)
	if err != nil {
		return nil, c, err
	}
	query, args := `SELECT 0, seq, `+columns+` FROM events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`, []any{first.seq, last.seq, limit}
	if r.Postgres() {
		query, args = `SELECT xid, seq, `+columns+` FROM events
			WHERE (xid, seq) > ($1::bigint, $2::bigint) AND (xid, seq) <= ($3::bigint, $4::bigint) ORDER BY xid, seq LIMIT $5`,
			[]any{first.tx, first.seq, last.tx, last.seq, limit}
	}
	events, err := db.All(r, func(row db.Row) (Event, error) { return scan(skipTwo{row, &first}) }, query, args...)
	if err != nil {
		return nil, c, fmt.Errorf("read the feed: %w", err)
	}
	if len(events) < limit {
		return events, to, nil
	}
	return events, first.cursor(), nil
}

// placeOf is where a cursor is today.
//
// Errors: invalid when it is none of this database's feed.
func placeOf(r db.Reader, c Cursor) (place, error) {
	at, err := parseCursor(c)
	if err != nil {
		return at, err
	}
	if r.Postgres() {
		return at.moved(r)
	}
	if at != beginning && (at.epoch != 0 || at.tx != 0) {
		return at, fault.New(fault.Invalid, "%.40q is no cursor of this database's feed", string(c))
	}
	return at, nil
}

// Entry is an event with the cursor behind it.
type Entry struct {
	Event
	Cursor Cursor
}

// Entries is After, with a cursor for each event.
func Entries(r db.Reader, c Cursor, limit int) ([]Entry, error) {
	at, err := placeOf(r, c)
	if err != nil {
		return nil, err
	}
	query, args := at.behind(r, limit)
	entries, err := db.All(r, func(row db.Row) (Entry, error) {
		e, err := scan(skipTwo{row, &at})
		return Entry{e, at.cursor()}, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	return entries, nil
}

// behind is the statement that reads what is behind a place.
func (p place) behind(r db.Reader, limit int) (query string, args []any) {
	if r.Postgres() {
		return `SELECT xid, seq, ` + columns + ` FROM events
			WHERE (xid, seq) > ($1::bigint, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
			ORDER BY xid, seq LIMIT $3`, []any{p.tx, p.seq, limit}
	}
	return `SELECT 0, seq, ` + columns + ` FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{p.seq, limit}
}

// End returns the cursor behind the newest event that is shown, "" when there is none.
func End(r db.Reader) (Cursor, error) {
	query := `SELECT 0, seq FROM events ORDER BY seq DESC LIMIT 1`
	at := beginning
	if r.Postgres() {
		var err error
		if at, err = at.moved(r); err != nil {
			return "", err
		}
		query = `SELECT xid, seq FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY xid DESC, seq DESC LIMIT 1`
	}
	at, found, err := db.One(r, func(row db.Row) (p place, err error) {
		p.epoch = at.epoch
		err = row.Scan(&p.tx, &p.seq)
		return p, err
	}, query)
	if err != nil || !found {
		return "", err
	}
	return at.cursor(), nil
}

// Before returns the cursor just before an event, which its ID names; "" names none, and
// the beginning of the feed.
//
// Errors: invalid when there is no such event.
func Before(r db.Reader, id string) (Cursor, error) {
	if id == "" {
		return "", nil
	}
	subject, version, _ := cutLast(id, ".")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return "", fault.New(fault.Invalid, "%.80q names no event: its subject, a dot and its version do", id)
	}
	at := place{}
	query := `SELECT 0, seq FROM events WHERE subject = $1 AND version = $2`
	if r.Postgres() {
		if at, err = beginning.moved(r); err != nil {
			return "", err
		}
		query = `SELECT xid, seq FROM events WHERE subject = $1 AND version = $2`
	}
	_, found, err := db.One(r, func(row db.Row) (struct{}, error) { return struct{}{}, row.Scan(&at.tx, &at.seq) }, query, subject, n)
	if err == nil && !found {
		err = fault.New(fault.Invalid, "there is no event %.80q", id)
	}
	at.seq--
	return at.cursor(), err
}

// cutLast is strings.Cut at the last place.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// place is where an event stands in the feed: in which of the clusters that
// the database has lived in (see Settle), its transaction, its number.
type place struct{ epoch, tx, seq int64 }

// beginning is before every event.
var beginning = place{tx: math.MinInt64}

func (p place) cursor() Cursor {
	return Cursor(strconv.FormatInt(p.epoch, 36) + "." + strconv.FormatInt(p.tx, 36) + "." + strconv.FormatInt(p.seq, 36))
}

func parseCursor(c Cursor) (place, error) {
	if c == "" {
		return beginning, nil
	}
	parts := strings.Split(string(c), ".")
	var n [3]int64
	var err error
	for i := 0; i < len(n) && err == nil && len(parts) == len(n); i++ {
		n[i], err = strconv.ParseInt(parts[i], 36, 64)
	}
	if err != nil || len(parts) != len(n) || n[0] < 0 || n[2] < 0 {
		return place{}, fault.New(fault.Invalid, "%.40q is no cursor of the feed", string(c))
	}
	return place{n[0], n[1], n[2]}, nil
}

// skipTwo scans a row's place before the event's own columns.
type skipTwo struct {
	db.Row
	at *place
}

func (s skipTwo) Scan(dest ...any) error {
	return s.Row.Scan(append([]any{&s.at.tx, &s.at.seq}, dest...)...)
}

func eventID(subject string, version int64) string {
	return subject + "." + strconv.FormatInt(version, 10)
}
