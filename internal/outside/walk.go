package outside

import "context"

// pageSize is how many rows a walk holds in memory.
const pageSize = 500

// Walk calls fn with each row of a table in the order of its key, page by page:
// memory stays bounded, and fn may ask the same provider. A row that is added
// behind the walk's back is not seen.
//
// The query takes the last key seen as ?1 (empty at first), the page's size as ?2
// and more from ?3 on; scan reads a row and returns its key.
//
// Errors: fn's own; internal when the file can not be read or ctx has ended.
func Walk[T any](ctx context.Context, l *Line, query string, scan func(Row) (row T, key string, err error), fn func(T) error, more ...any) error {
	for last := ""; ; {
		if err := ctx.Err(); err != nil {
			return l.broken(err)
		}
		rows, key, err := page(l, scan, query, append([]any{last, pageSize}, more...))
		if err != nil {
			return err
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

func page[T any](l *Line, scan func(Row) (T, string, error), query string, args []any) (all []T, key string, err error) {
	err = l.View(func(tx *Tx) error {
		return tx.Query(func(r Row) error {
			row, k, err := scan(r)
			all, key = append(all, row), k
			return err
		}, query, args...)
	})
	return all, key, err
}
