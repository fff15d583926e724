package process_test

import (
	"slices"
	"testing"
	"time"

	"doorstep/attempt"
	"doorstep/internal/db/dbtest"
	"doorstep/payment"
)

// TestTheDefaultAsksUntilItIsKnown has a gateway that never answers what it is
// asked to authorise, nor carries it out. The default policy asks for as long as
// it takes to know that, and then attempts the payment anew; no step waits for a
// person.
func TestTheDefaultAsksUntilItIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		s.gateway.authorise.say(slices.Repeat([]reply[payment.Answer]{gatewaySilent}, 100_000)...)
		o := s.place(cup()) // alone: beside others it is asked for less often, while the breaker is open
		s.after(47 * time.Hour)
		s.wantAttempts(o, attempt.Unknown) // nothing is proved before two lives of a key
		s.after(2 * time.Hour)
		s.wantAttempts(o, attempt.Expired, attempt.Unknown)
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise"})
		s.gateway.authorise.forget()
		s.after(10 * time.Minute)
		s.wantAttempts(o, attempt.Expired, attempt.Succeeded)
		s.expect(o, underWay)
	})
}
