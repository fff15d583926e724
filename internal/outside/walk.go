package outside

import (
	"context"
	"database/sql"
)

// pageSize is how many rows a walk holds in memory.
const pageSize = 500

// Walk calls fn with each row of a table in the order of its key, page by page:
// memory stays bounded, and fn may ask the same provider. A row that is added
// behind the walk's back is not seen.
//
// The query takes the last key seen as ?1 (empty at first) and the page's size
// as ?2; scan reads a row and returns its key.
func Walk[T any](ctx context.Context, l *Line, query string, scan func(*sql.Rows) (row T, key string, err error), fn func(T) error) error {
	for last := ""; ; {
		rows, key, err := page(ctx, l, query, last, scan)
		if err != nil {
			return l.broken(err)
		}
		for _, row := range rows {
			if err := fn(row); err != nil {
				return err
			}
		}
		if len(rows) < pageSize {
			return nil
		}
		last = key
	}
}

func page[T any](ctx context.Context, l *Line, query, last string, scan func(*sql.Rows) (T, string, error)) (all []T, key string, err error) {
	rows, err := l.DB.QueryContext(ctx, query, last, pageSize)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	for rows.Next() {
		var row T
		if row, key, err = scan(rows); err != nil {
			return nil, "", err
		}
		all = append(all, row)
	}
	return all, key, rows.Err()
}
