package db

import (
	"fmt"
	"strings"
)

// Table is a table as the database's own catalogue has it, for what reads every
// table alike and knows the business of none.
type Table struct {
	Name    string
	Columns []string // by name
	Key     []string // the columns of the primary key, in its order
}

// The catalogues: table, column, and its place in the primary key, 0 for none.
const (
	sqliteCatalogue = `SELECT t.name, c.name, c.pk FROM sqlite_master AS t, pragma_table_info(t.name) AS c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.pk, c.name`
	postgresCatalogue = `SELECT t.relname::text, c.attname::text, COALESCE(array_position(k.conkey, c.attnum), 0)::bigint
		FROM pg_class AS t JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
		LEFT JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'
		WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace ORDER BY 1, 3, 2`
)

// Tables returns every table of the database, by name.
func Tables(r Reader) ([]Table, error) {
	catalogue := sqliteCatalogue
	if r.Postgres() {
		catalogue = postgresCatalogue
	}
	var tables []Table
	err := r.each(catalogue, nil, func(row Row) error {
		var table, column string
		var place int64
		if err := row.Scan(&table, &column, &place); err != nil {
			return err
		}
		if len(tables) == 0 || tables[len(tables)-1].Name != table {
			tables = append(tables, Table{Name: table})
		}
		t := &tables[len(tables)-1]
		t.Columns = append(t.Columns, column)
		if place > 0 {
			t.Key = append(t.Key, column)
		}
		return nil
	})
	return tables, err
}

// Page reads up to limit rows behind the key after, in the order of the key;
// nil is before the first. It gives row the values of the columns that are asked
// for, int64 or string, which are row's only until it returns, and returns the
// key of the last row, nil when there was none.
func (t Table) Page(r Reader, columns []string, after []any, limit int, row func(values []any) error) (last []any, err error) {
	values := make([]any, len(t.Key)+len(columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	err = r.each(t.page(columns, after, limit), after, func(found Row) error {
		if err := found.Scan(into...); err != nil {
			return err
		}
		last = append(last[:0], values[:len(t.Key)]...)
		return row(values[len(t.Key):])
	})
	return last, err
}

// page is the statement of a page. Its names are those of the catalogue.
func (t Table) page(columns []string, after []any, limit int) string {
	key, behind := strings.Join(t.Key, ", "), ""
	if after != nil {
		places := make([]string, len(t.Key))
		for i := range places {
			places[i] = fmt.Sprintf("$%d", i+1)
		}
		behind = fmt.Sprintf("WHERE (%s) > (%s)", key, strings.Join(places, ", "))
	}
	selected := strings.Join(append(append([]string{}, t.Key...), columns...), ", ")
	return fmt.Sprintf("SELECT %s FROM %s %s ORDER BY %s LIMIT %d", selected, t.Name, behind, key, limit)
}
