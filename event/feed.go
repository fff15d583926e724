package event

import (
	"fmt"
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
	at, err := parseCursor(c)
	if err != nil {
		return nil, c, err
	}
	query := `SELECT 0, seq, ` + columns + ` FROM events WHERE $1 = 0 AND seq > $2 ORDER BY seq LIMIT $3`
	if r.Postgres() {
		query = `SELECT xid, seq, ` + columns + ` FROM events
			WHERE (xid, seq) > ($1::bigint, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
			ORDER BY xid, seq LIMIT $3`
	}
	events, err := db.All(r, func(row db.Row) (Event, error) {
		return scan(skipTwo{row, &at})
	}, query, at.tx, at.seq, limit)
	if err != nil {
		return nil, c, fmt.Errorf("read the feed: %w", err)
	}
	return events, at.cursor(), nil
}

// place is where an event stands in the feed.
type place struct{ tx, seq int64 }

func (p place) cursor() Cursor {
	if p == (place{}) {
		return ""
	}
	return Cursor(strconv.FormatInt(p.tx, 36) + "." + strconv.FormatInt(p.seq, 36))
}

func parseCursor(c Cursor) (place, error) {
	if c == "" {
		return place{}, nil
	}
	tx, seq, _ := strings.Cut(string(c), ".")
	t, err1 := strconv.ParseInt(tx, 36, 64)
	s, err2 := strconv.ParseInt(seq, 36, 64)
	if err1 != nil || err2 != nil || t < 0 || s < 0 {
		return place{}, fault.New(fault.Invalid, "%.40q is no cursor of the feed", string(c))
	}
	return place{t, s}, nil
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
