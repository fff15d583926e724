package db

import (
	"encoding/json"
	"time"
)

// Reader reads from one snapshot: the one of a View, or that of the
// transaction an Update runs in.
type Reader interface {
	// Now returns shop time, the same for the whole of a View or Update.
	Now() time.Time
	// Postgres says whether the engine is PostgreSQL, for the few places where
	// one SQL text won't do.
	Postgres() bool
	// ListParam returns a subselect that yields the strings of the list given as
	// the parameter: `WHERE sku IN ` + r.ListParam("$1"), with List(skus) as $1.
	ListParam(placeholder string) string

	// each runs the statement and calls row for every row, to the end.
	each(sql string, args []any, row func(Row) error) error
}

// Row is a row of an answer.
type Row interface{ Scan(dest ...any) error }

// All returns every row of the statement's answer.
func All[T any](r Reader, scan func(Row) (T, error), sql string, args ...any) ([]T, error) {
	all := []T{}
	err := r.each(sql, args, func(row Row) error {
		v, err := scan(row)
		all = append(all, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// One returns the first row of the statement's answer, and whether there was one.
func One[T any](r Reader, scan func(Row) (T, error), sql string, args ...any) (v T, found bool, err error) {
	err = r.each(sql, args, func(row Row) (err error) {
		if found {
			return nil // a statement with RETURNING is read to its end
		}
		found = true
		v, err = scan(row)
		return err
	})
	if err != nil {
		var zero T
		return zero, false, err
	}
	return v, found, nil
}

// Each calls row for every row of the statement's answer, and stops at its
// first error. Inside row no other statement can run.
func Each(r Reader, row func(Row) error, sql string, args ...any) error {
	return r.each(sql, args, row)
}

// List returns the argument that goes with Reader.ListParam.
func List(values []string) string {
	if values == nil {
		values = []string{}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// listParam is ListParam for either engine.
func listParam(postgres bool, placeholder string) string {
	if postgres {
		return "(SELECT json_array_elements_text(" + placeholder + "::json))"
	}
	return "(SELECT value FROM json_each(" + placeholder + "))"
}

// rows is what *sql.Rows and pgx.Rows have in common.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// readAll hands the rows on. An error of row comes back as it is; sqlErr is
// one of the database.
func readAll(rs rows, row func(Row) error) (rowErr, sqlErr error) {
	for rs.Next() {
		if rowErr = row(rs); rowErr != nil {
			return rowErr, nil
		}
	}
	return nil, rs.Err()
}
