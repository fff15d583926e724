package support

import (
	"fmt"
	"strings"
	"time"

	"doorstep/internal/db"
)

// CountUnsolved counts the unsolved tickets by how long ago they were opened: the i-th
// count is of those that are no older than the i-th of the ages, which grow, and the last
// one of those that are older than all of them. It reads the unsolved ones.
func CountUnsolved(r db.Reader, ages ...time.Duration) ([]int64, error) {
	var sums, statuses []string
	var args []any
	for i, age := range ages {
		args = append(args, db.Micros(r.Now().Add(-age)))
		sums = append(sums, fmt.Sprintf("CAST(COALESCE(SUM(CASE WHEN opened_at >= $%d THEN 1 ELSE 0 END), 0) AS BIGINT)", i+1))
	}
	for _, s := range Statuses {
		if s.Unsolved() {
			statuses = append(statuses, "'"+string(s)+"'")
		}
	}
	counts := make([]int64, len(ages)+1)
	into := make([]any, len(counts))
	for i := range counts {
		into[i] = &counts[i]
	}
	_, _, err := db.One(r, func(row db.Row) (struct{}, error) { return struct{}{}, row.Scan(into...) },
		`SELECT `+strings.Join(append(sums, "COUNT(*)"), ", ")+` FROM tickets WHERE status IN (`+strings.Join(statuses, ", ")+`)`, args...)
	for i := len(counts) - 1; i > 0; i-- {
		counts[i] -= counts[i-1]
	}
	return counts, err
}
