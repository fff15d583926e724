package verify_test

import (
	"testing"
	"time"

	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
)

// TestNothingThatAPersonDoesBreaksTheBooks goes every way that is open about
// everything that needs attention, each with an order of its own, and verifies
// after every step.
func TestNothingThatAPersonDoesBreaksTheBooks(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, dbtest.URL(t, engine), true)
		t.Cleanup(func() { _ = s.db.Close() })
		gone := map[string]bool{}
		s.stock()
		for _, w := range []process.Way{process.WayRetry, process.WayCompensate} {
			s.troubles(string(w))
			for s.attendAll(w, gone) {
				s.until(10 * time.Minute)
			}
		}
		for _, want := range []string{
			"retry held", "compensate held", "retry authorise", "compensate authorise", "retry buy_label", "compensate buy_label",
			"retry refund", "compensate await_payment", "compensate await_handover",
		} {
			if !gone[want] {
				t.Errorf("no one had to %s: %v", want, gone)
			}
		}
	})
}

// attendAll goes a way about all for which it is open and was not gone before,
// and says whether there was any.
func (s *shop) attendAll(w process.Way, gone map[string]bool) (any bool) {
	s.t.Helper()
	a, err := s.Attention(s.t.Context(), "", 100)
	must(s.t, err)
	for _, m := range a.Items {
		part := string(m.Step)
		if part == "" {
			part = string(m.Cause)
		}
		open := false
		for _, one := range m.Ways {
			open = open || one == w
		}
		if was := gone[string(w)+" "+m.Item]; !open || was {
			continue
		}
		if _, err := s.PreviewAttend(s.t.Context(), w, m.Item); err != nil {
			continue // it was cancelled with another matter of its order
		}
		_, err := s.Attend(s.t.Context(), person, w, m.Item)
		must(s.t, err)
		s.look("after " + string(w) + " " + m.Item)
		gone[string(w)+" "+m.Item], gone[string(w)+" "+part], any = true, true, true
	}
	return any
}

// troubles places orders that do not go on by themselves, in a shop that asks
// once and has a person look at once.
func (s *shop) troubles(round string) {
	s.t.Helper()
	named := func(what string) string { return round + " " + what }
	impatient := func(p *policy.Policy) {
		p.Ask.Tries, p.LabelRetries, p.RefundRetries = 1, nil, nil
		p.AwaitPayment, p.AwaitHandOver, p.PayWithin = policy.Duration(time.Hour), policy.Duration(time.Hour), policy.Duration(100*24*time.Hour)
		p.HoldRules = []policy.HoldRule{{Kind: policy.AmountOver, Currency: "GBP", Amount: 5000}}
	}
	s.set(impatient)
	s.place(named("charged"), method(gateway.MethodTimeoutAfterChargeOnce))
	s.place(named("not charged"), method(gateway.MethodTimeoutBeforeChargeOnce))
	s.place(named("label"), postal(carrier.PostalTimeoutAfterOnce))
	s.place(named("refund"), postal(carrier.PostalFailLabel), costs(neverRefunded))
	s.place(named("elsewhere"), elsewhere)
	s.place(named("dear"), func(q *order.Request) { q.Lines[0].SKU = "LAMP" })
	s.until(time.Hour)
	s.set(func(p *policy.Policy) {
		impatient(p)
		p.Capture, p.HandOver = policy.CaptureOnHandOver, policy.HandOverByPerson
	})
	s.place(named("missing"), elsewhere, func(q *order.Request) { q.Lines = append(q.Lines, order.LineRequest{SKU: "POT", Quantity: 1}) })
	_, err := s.CountStock(s.t.Context(), person, []inventory.Count{{SKU: "POT", Location: inventory.MainLocation}}, "a made-up count")
	must(s.t, err)
	_, err = s.ReceiveStock(s.t.Context(), person, "POT", inventory.MainLocation, 3)
	must(s.t, err)
	s.place(named("to hand over"))
	s.place(named("to void"), postal(carrier.PostalFailLabel))
	s.until(time.Hour)
}
