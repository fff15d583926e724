package figures

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"doorstep/event"
	"doorstep/insight"
	"doorstep/internal/db"
)

// lock is what counting holds.
func lock() db.Lock { return db.Lock{Rank: 90, Key: "figures"} }

// feed is how far the figures are counted.
type feed struct {
	place       event.Cursor
	node        string // which has counted last
	first, last int64  // of the events
	since       horizon
}

func readFeed(r db.Reader) (feed, error) {
	f, _, err := db.One(r, func(row db.Row) (f feed, err error) {
		return f, row.Scan((*string)(&f.place), &f.node, &f.first, &f.last)
	}, `SELECT place, node, since, until FROM figures_feed`)
	if err != nil {
		return f, err
	}
	f.since = horizon{}
	err = db.Each(r, func(row db.Row) error {
		var s span
		var since int64
		err := row.Scan((*string)(&s), &since)
		f.since[s] = since
		return err
	}, `SELECT span, since FROM figures_kept`)
	return f, err
}

// advance moves the place of the figures, and says whether it was where it is said to have
// been: nothing may be written otherwise, for someone else has counted meanwhile.
func advance(tx *db.Tx, was, now feed) (bool, error) {
	rows, err := tx.Exec(`UPDATE figures_feed SET place = $1, node = $2, since = $3, until = $4 WHERE place = $5`,
		string(now.place), now.node, now.first, now.last, string(was.place))
	return rows == 1, err
}

// prune drops what is older than it is kept.
func prune(tx *db.Tx, was, now horizon) {
	for _, s := range slices.Sorted(maps.Keys(now)) {
		if since := now[s]; since > was[s] {
			tx.Write(`INSERT INTO figures_kept (span, since) VALUES ($1, $2) ON CONFLICT (span) DO UPDATE SET since = excluded.since`, string(s), since)
			switch s {
			case steps:
				tx.WriteAny(`DELETE FROM figures_steps WHERE day < $1`, since)
			case sold:
				tx.WriteAny(`DELETE FROM figures_sold WHERE day < $1`, since)
			default:
				tx.WriteAny(`DELETE FROM figures WHERE span = $1 AND at < $2`, string(s), since)
			}
		}
	}
}

// drop drops all figures, so that they are counted from the beginning.
func drop(tx *db.Tx) {
	for _, sql := range []string{`DELETE FROM figures`, `DELETE FROM figures_steps`, `DELETE FROM figures_sold`, `DELETE FROM figures_answers`, `DELETE FROM figures_kept`} {
		tx.WriteAny(sql)
	}
	tx.Write(`UPDATE figures_feed SET place = '', node = '', since = 0, until = 0`)
}

// add writes a tally on top of what was counted.
func (t *tally) add(tx *db.Tx) error {
	for _, s := range slices.SortedFunc(maps.Keys(t.figures), slot.compare) {
		tx.Write(`INSERT INTO figures (span, at, what, key, n) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (span, what, at, key) DO UPDATE SET n = figures.n + excluded.n`,
			string(s.span), s.at, string(s.what), s.key, t.figures[s])
	}
	for s, n := range t.sold {
		tx.Write(`INSERT INTO figures_sold (day, sku, units) VALUES ($1, $2, $3)
			ON CONFLICT (sku, day) DO UPDATE SET units = figures_sold.units + excluded.units`, s.day, s.sku, n)
	}
	for s, a := range t.answers {
		tx.Write(`INSERT INTO figures_answers (kind, name, outcome, n, last_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (kind, name, outcome) DO UPDATE SET n = figures_answers.n + excluded.n,
				last_at = CASE WHEN figures_answers.last_at > excluded.last_at THEN figures_answers.last_at ELSE excluded.last_at END`,
			string(s.kind), s.name, string(s.outcome), a.n, a.last)
	}
	return t.addSteps(tx)
}

// compare orders slots as the table does, so that its rows are written side by side.
func (s slot) compare(o slot) int {
	return cmp.Or(cmp.Compare(s.span, o.span), cmp.Compare(s.what, o.what), cmp.Compare(s.at, o.at), cmp.Compare(s.key, o.key))
}

// readFigures adds what is kept of a span since a time: what is asked for of it.
func (t *tally) readFigures(r db.Reader, s span, since int64, whats ...What) error {
	list := make([]string, len(whats))
	for i, w := range whats {
		list[i] = string(w)
	}
	return db.Each(r, func(row db.Row) error {
		at := slot{span: s}
		var n int64
		err := row.Scan(&at.at, (*string)(&at.what), &at.key, &n)
		t.figures[at] += n
		return err
	}, `SELECT at, what, key, n FROM figures WHERE span = $1 AND what IN `+r.ListParam("$2")+` AND at >= $3`, string(s), db.List(list), since)
}

// readSteps returns the distributions that are kept of the days from one on.
func readSteps(r db.Reader, since int64) (map[stepSlot]*insight.Distribution, error) {
	kept := map[stepSlot]*insight.Distribution{}
	err := db.Each(r, func(row db.Row) error {
		var s stepSlot
		var buckets string
		if err := row.Scan(&s.day, (*string)(&s.step), &buckets); err != nil {
			return err
		}
		kept[s] = &insight.Distribution{}
		return kept[s].UnmarshalText([]byte(buckets))
	}, `SELECT day, step, buckets FROM figures_steps WHERE day >= $1`, since)
	return kept, err
}

// addSteps writes the distributions, merged with what is kept.
func (t *tally) addSteps(tx *db.Tx) error {
	if len(t.steps) == 0 {
		return nil
	}
	first := int64(math.MaxInt64)
	for s := range t.steps {
		first = min(first, s.day)
	}
	kept, err := readSteps(tx, first)
	if err != nil {
		return err
	}
	for s, d := range t.steps {
		var sum insight.Distribution // not in the tally: this may run again
		sum.Merge(*d)
		if kept[s] != nil {
			sum.Merge(*kept[s])
		}
		buckets, err := sum.MarshalText()
		if err != nil {
			return err
		}
		tx.Write(`INSERT INTO figures_steps (day, step, buckets) VALUES ($1, $2, $3)
			ON CONFLICT (day, step) DO UPDATE SET buckets = excluded.buckets`, s.day, string(s.step), string(buckets))
	}
	return nil
}

func (t *tally) readSold(r db.Reader, since int64) error {
	return db.Each(r, func(row db.Row) error {
		var s soldSlot
		var n int64
		err := row.Scan(&s.day, &s.sku, &n)
		t.sold[s] += n
		return err
	}, `SELECT day, sku, units FROM figures_sold WHERE day >= $1`, since)
}

func (t *tally) readAnswers(r db.Reader) error {
	return db.Each(r, func(row db.Row) error {
		var s answerSlot
		var n, last int64
		if err := row.Scan((*string)(&s.kind), &s.name, (*string)(&s.outcome), &n, &last); err != nil {
			return err
		}
		a := t.answers[s]
		t.answers[s] = answered{a.n + n, max(a.last, last)}
		return nil
	}, `SELECT kind, name, outcome, n, last_at FROM figures_answers`)
}

// soldOf returns how many units of each of the SKUs were sold since a day, as kept.
func soldOf(r db.Reader, since int64, skus []string) (map[string]int64, error) {
	units := map[string]int64{}
	err := db.Each(r, func(row db.Row) error {
		var sku string
		var n int64
		err := row.Scan(&sku, &n)
		units[sku] = n
		return err
	}, `SELECT sku, CAST(SUM(units) AS BIGINT) FROM figures_sold WHERE sku IN `+r.ListParam("$1")+` AND day >= $2 GROUP BY sku`, db.List(skus), since)
	return units, err
}
