package db

import (
	"fmt"
	"strings"
	"time"

	"doorstep/id"
)

// Where says which rows of a table a list shows, part by part. Its zero value is all
// of them.
type Where struct {
	parts []string
	args  []any
}

// And adds a condition, in which each %s is where a value stands.
func (w *Where) And(condition string, values ...any) {
	places := make([]any, len(values))
	for i := range values {
		places[i] = fmt.Sprintf("$%d", len(w.args)+i+1)
	}
	w.args = append(w.args, values...)
	w.parts = append(w.parts, fmt.Sprintf(condition, places...))
}

// Is adds that a column has the value, unless that is empty.
func (w *Where) Is(column, value string) {
	if value != "" {
		w.And(column+" = %s", value)
	}
}

// OfOrder adds whose the rows are, and how they stand. Of one order's there are few: they
// are found by their order, and not by a status that many others have, too.
func (w *Where) OfOrder(order, status string) {
	w.Is("order_id", order)
	if order == "" {
		w.Is("status", status)
	} else {
		w.Is("status || ''", status)
	}
}

// Made adds when rows were made, by their identifiers, which have the prefix: from a time
// on, and before another, to the millisecond; and before the one with an identifier. What
// is zero is no limit.
func (w *Where) Made(prefix string, from, to time.Time, before string) {
	if !from.IsZero() {
		w.And("id >= %s", id.Since(prefix, from))
	}
	if !to.IsZero() {
		w.And("id < %s", id.Since(prefix, to))
	}
	if before != "" {
		w.And("id < %s", before)
	}
}

// Newest is the end of a statement that lists up to limit of the rows, the newest first,
// with what stands in it.
func (w *Where) Newest(limit int) (end string, args []any) { return w.Ordered("id DESC", limit) }

// Ordered is the end of a statement that lists up to limit of the rows by the columns, in
// any order for "", with what stands in it.
func (w *Where) Ordered(by string, limit int) (end string, args []any) {
	if len(w.parts) > 0 {
		end = " WHERE " + strings.Join(w.parts, " AND ")
	}
	if by != "" {
		end += " ORDER BY " + by
	}
	return fmt.Sprintf("%s LIMIT $%d", end, len(w.args)+1), append(w.args, limit)
}
