package console

import (
	"encoding/csv"
	"net/http"
	"strings"
	"time"
)

// exported is how many of a list are read at once for a file, and exportWithin how long
// the browser may take for them.
const (
	exported     = 500
	exportWithin = 30 * time.Second
)

// export sends all of a list as a file (RFC 4180), a part at a time: what was begun misses
// none that were there, however long it takes. next reads what comes behind one, the first
// of all for nil: no fewer than are exported at once, as long as there are so many.
func export[T any](w http.ResponseWriter, name string, columns []string, next func(last *T) ([]T, error), row func(T) []string) error {
	part, err := next(nil)
	if err != nil {
		return err
	}
	out := csvFile(w, name, columns...)
	for {
		for _, one := range part {
			writeRow(out, row(one)...)
		}
		if !sent(out) || len(part) < exported {
			return nil
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportWithin)) // where it can not be set there is none
		if part, err = next(&part[len(part)-1]); err != nil {
			panic(http.ErrAbortHandler) // so that half of it is not taken for all
		}
	}
}

// sent sends what was written, and says whether the browser is still there.
func sent(out *csv.Writer) bool {
	out.Flush()
	return out.Error() == nil
}

// csvFile begins a file with the titles of its columns.
func csvFile(w http.ResponseWriter, name string, columns ...string) *csv.Writer {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	out := csv.NewWriter(w)
	_ = out.Write(columns) // out.Error has it
	return out
}

// writeRow writes a row, of which no spreadsheet takes a cell for a formula.
func writeRow(out *csv.Writer, cells ...string) {
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	_ = out.Write(cells) // out.Error has it
}

// plain is a cell that no spreadsheet takes for a formula: OWASP, CSV Injection.
func plain(cell string) string {
	if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@") || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
		return "'" + cell
	}
	return cell
}

// stamp is a time in a file, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
