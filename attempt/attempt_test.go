package attempt_test

import (
	"testing"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
)

// TestWhatIsClosedStaysClosed moves attempts by each row of the table, and then
// once more.
func TestWhatIsClosedStaysClosed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, row := range attempt.Transitions {
		a := attempt.Attempt{Status: row.From}
		if !a.IsOpen() {
			t.Errorf("an attempt that is %s becomes %s", row.From, row.To)
		}
		if err := a.Move(row.On, at); err != nil || a.Status != row.To || a.IsOpen() != a.ClosedAt.IsZero() {
			t.Errorf("an attempt that was %s is %+v: %v", row.From, a, err)
		}
		if a.IsOpen() {
			continue
		}
		for _, to := range attempt.Transitions.States() {
			if err := a.Move(to, at); !fault.Is(err, fault.Conflict) {
				t.Errorf("an attempt that is %s has become %s: %v", row.To, to, err)
			}
		}
	}
}

// TestUnknownIsNoOutcome checks that an attempt of which nothing is known stays
// open, and is not taken back.
func TestUnknownIsNoOutcome(t *testing.T) {
	t.Parallel()
	a := attempt.Attempt{Status: attempt.Unknown}
	if !a.IsOpen() {
		t.Error("an attempt whose outcome is unknown is closed")
	}
	if err := a.Move(attempt.Withdrawn, time.Time{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an attempt whose outcome is unknown was withdrawn: %v", err)
	}
}
