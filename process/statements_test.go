package process_test

import (
	"fmt"
	"math"
	"testing"

	"doorstep/internal/db/dbtest"
	"doorstep/order"
)

// statementsToPlace is how many statements the placing of an order of one line
// takes. A change that needs more has to say why here.
const statementsToPlace = 13

// TestPlacingTakesTheSameStatements counts what one placement asks of the
// database, in an empty shop and in one that has a history.
func TestPlacingTakesTheSameStatements(t *testing.T) {
	t.Parallel()
	stored := 5000
	if testing.Short() {
		stored = 100
	}
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		_, err := s.ReceiveStock(t.Context(), person(""), "CUP", "main", int64(stored)+1000)
		must(t, err)
		few := s.statements(0)
		s.placeMany(100, stored)
		many := s.statements(1_000_000)
		if few != statementsToPlace || many != statementsToPlace {
			t.Errorf("a placement takes %d statements at first and %d after %d orders, not %d", few, many, stored, statementsToPlace)
		}
	})
}

// statements returns how many statements a placement takes. Now and then one
// takes more, to read the policy again or to take a block of numbers.
func (s *shop) statements(first int) int64 {
	s.t.Helper()
	least := int64(math.MaxInt64)
	for i := range 10 {
		before := s.db.Stats().Statements
		s.place(request(first+i, "CUP"))
		least = min(least, s.db.Stats().Statements-before)
	}
	return least
}

// placeMany places orders on several goroutines, so that they share commits.
func (s *shop) placeMany(first, n int) {
	s.t.Helper()
	errs := make(chan error)
	const buyers = 50
	for b := range buyers {
		go func() {
			var err error
			for i := b; i < n && err == nil; i += buyers {
				err = s.placed(request(first+i, "CUP"))
			}
			errs <- err
		}()
	}
	for range buyers {
		must(s.t, <-errs)
	}
}

func (s *shop) placed(q order.Request) error {
	r, err := s.Place(s.t.Context(), person(""), q)
	if err == nil && r.Value.Order.Status != order.Processed {
		err = fmt.Errorf("order %s is %s", q.Reference.Number, r.Value.Order.Status)
	}
	return err
}
