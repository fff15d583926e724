package event

import (
	"doorstep/fault"
	"doorstep/internal/db"
)

// SettleLock is what Settle holds.
func SettleLock() db.Lock { return db.Lock{Rank: 1, Key: "feed"} }

// Settle makes the feed at home in the cluster that the database is in. A place
// in the feed begins with a transaction's id, which a PostgreSQL cluster counts
// for itself: of a database that was restored into another cluster, the events
// that it brought along are moved behind everything that can come, in their
// order, and older cursors with them. It is called before events are appended;
// on SQLite, and at home, it does nothing.
//
// Source: https://www.postgresql.org/docs/current/functions-info.html
// (pg_control_system, pg_current_xact_id).
func Settle(tx *db.Tx) error {
	if !tx.Postgres() {
		return nil
	}
	here, _, err := db.One(tx, func(row db.Row) (cluster string, err error) { return cluster, row.Scan(&cluster) },
		`SELECT system_identifier::text FROM pg_control_system()`)
	if err != nil {
		return err
	}
	was, found, err := db.One(tx, func(row db.Row) (s stay, err error) { return s, row.Scan(&s.epoch, &s.cluster) },
		`SELECT epoch, cluster FROM feed_clusters ORDER BY epoch DESC LIMIT 1`)
	if err != nil || found && was.cluster == here {
		return err
	}
	now := stay{cluster: here}
	if found {
		now.epoch = was.epoch + 1
		newest, _, err := db.One(tx, func(row db.Row) (n int64, err error) { return n, row.Scan(&n) },
			`SELECT COALESCE(MAX(xid), 0) FROM events`)
		if err != nil {
			return err
		}
		now.shift = newest + 1
		tx.WriteAny(`UPDATE events SET xid = xid - $1`, now.shift)
	}
	tx.Write(`INSERT INTO feed_clusters (epoch, cluster, shift) VALUES ($1, $2, $3)`, now.epoch, now.cluster, now.shift)
	return nil
}

// stay is a cluster that the database has lived in.
type stay struct {
	epoch   int64
	cluster string
	shift   int64 // by how much the older places were moved back when it came
}

// moved returns where a place is today: it has been moved with its events each
// time that the database came to another cluster since.
//
// Errors: invalid when the place is of a cluster that the database was never in.
func (p place) moved(r db.Reader) (place, error) {
	stays, err := db.All(r, func(row db.Row) (s stay, err error) { return s, row.Scan(&s.epoch, &s.shift) },
		`SELECT epoch, shift FROM feed_clusters WHERE epoch >= $1 ORDER BY epoch`, p.epoch)
	if err != nil {
		return p, err
	}
	if p == beginning {
		if n := len(stays); n > 0 {
			p.epoch = stays[n-1].epoch
		}
		return p, nil
	}
	if len(stays) == 0 && p.epoch == 0 {
		return p, nil // nothing was settled yet
	}
	if len(stays) == 0 || stays[0].epoch != p.epoch {
		return p, fault.New(fault.Invalid, "the cursor is of a database that this one never was")
	}
	for _, s := range stays[1:] {
		p.tx, p.epoch = p.tx-s.shift, s.epoch
	}
	return p, nil
}
