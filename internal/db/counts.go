package db

import (
	"maps"
	"slices"
)

// counts are changes of kept counts, by name.
type counts map[string]int64

const addCount = `INSERT INTO counts (name, shard, n) VALUES ($1, $2, $3)
	ON CONFLICT (name, shard) DO UPDATE SET n = counts.n + excluded.n`

// Count adds delta to the kept count of that name. The changes of a whole group
// are summed up first and written at its end, to the lane's own rows, so that
// lanes do not wait for each other.
func (tx *Tx) Count(name string, delta int64) {
	if tx.counts == nil {
		tx.counts = counts{}
	}
	tx.counts[name] += delta
}

// Counts returns the kept counts whose names start with the prefix, by what
// follows it, without those that are 0. An Update does not see its own changes
// yet.
func Counts[S ~string](r Reader, prefix string) (map[S]int64, error) {
	return Tally[S](r, `SELECT substr(name, length($1) + 1), CAST(SUM(n) AS BIGINT) FROM counts
		WHERE substr(name, 1, length($1)) = $1 GROUP BY name HAVING SUM(n) <> 0`, prefix)
}

// Tally runs a query for names and how many there are of each.
func Tally[S ~string](r Reader, sql string, args ...any) (map[S]int64, error) {
	found := map[S]int64{}
	err := Each(r, func(row Row) error {
		var name string
		var n int64
		err := row.Scan(&name, &n)
		found[S(name)] = n
		return err
	}, sql, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// add sums up.
func (c counts) add(more counts) {
	for name, n := range more {
		c[name] += n
	}
}

// write queues the changes, sorted by name: groups that meet in a row meet in
// the same order.
func (c counts) write(lane int, write func(sql string, args []any, one bool) error) error {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if c[name] == 0 {
			continue
		}
		if err := write(addCount, []any{name, int64(lane), c[name]}, true); err != nil {
			return statementError(addCount, err)
		}
	}
	return nil
}
