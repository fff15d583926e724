package db

import "strings"

// Explain returns how the engine comes to the rows of what read asks, a line for each
// step, in the engine's own words; read itself is given none. It is for tests that hold
// a statement to its index: PostgreSQL, which reads a small table whole, is kept from
// that where there is an index that serves.
func Explain(r Reader, read func(Reader) error) (plan []string, err error) {
	e := &explainer{Reader: r}
	if r.Postgres() {
		if err := r.each(`SELECT set_config(c, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan']) AS c`, nil, func(Row) error { return nil }); err != nil {
			return nil, err
		}
	}
	err = read(e)
	return e.plan, err
}

// explainer is a Reader that asks how it would be answered.
type explainer struct {
	Reader
	plan []string
}

func (e *explainer) each(sql string, args []any, _ func(Row) error) error {
	if e.Postgres() {
		return e.Reader.each("EXPLAIN (COSTS off) "+sql, args, func(row Row) error { return e.step(row) })
	}
	return e.Reader.each("EXPLAIN QUERY PLAN "+sql, args, func(row Row) error {
		var id, parent, unused int64
		return e.step(row, &id, &parent, &unused)
	})
}

// step takes a line of the plan down, which is the last column.
func (e *explainer) step(row Row, before ...any) error {
	var line string
	err := row.Scan(append(before, &line)...)
	e.plan = append(e.plan, strings.TrimSpace(line))
	return err
}
