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
	at, err := parseCursor(c)
	if err != nil {
		return nil, c, err
	}
	if !r.Postgres() && at != beginning && (at.epoch != 0 || at.tx != 0) {
		return nil, c, fault.New(fault.Invalid, "%.40q is no cursor of this database's feed", string(c))
	}
	query, args := `SELECT 0, seq, `+columns+` FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{at.seq, limit}
	if r.Postgres() {
		if at, err = at.moved(r); err != nil {
			return nil, c, err
		}
		query, args = `SELECT xid, seq, `+columns+` FROM events
			WHERE (xid, seq) > ($1::bigint, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
			ORDER BY xid, seq LIMIT $3`, []any{at.tx, at.seq, limit}
	}
	events, err := db.All(r, func(row db.Row) (Event, error) {
		return scan(skipTwo{row, &at})
	}, query, args...)
	if err != nil {
		return nil, c, fmt.Errorf("read the feed: %w", err)
	}
	if len(events) == 0 {
		return events, c, nil
	}
	return events, at.cursor(), nil
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
