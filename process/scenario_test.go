package process_test

import (
	"slices"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// scenario is one way that an order can go. Together they go every way of the
// process table.
type scenario struct {
	name   string
	config config
	play   func(s *shop)
}

func scenarios() []scenario {
	return slices.Concat(payScenarios, backorderScenarios, expireScenarios, strayScenarios, authorisationScenarios, labelScenarios, handOverScenarios, astrayScenarios, unsendScenarios, unsendOneScenarios,
		oneOfTwoScenarios, splitScenarios, carrierScenarios, attentionScenarios, holdRuleScenarios, holdScenarios, missingScenarios, cancelScenarios, editScenarios,
		undoScenarios, refundScenarios, returnScenarios, exchangeScenarios, ticketScenarios, holdingScenarios, remedyScenarios, repaidScenarios, byRuleScenarios, owedScenarios, causeScenarios, settleScenarios, handScenarios, wishScenarios, wantBackScenarios, boundScenarios, demandScenarios)
}

// TestScenarios plays every scenario on both engines. It then holds the catalogue
// of failures to how they have ended, has a process killed at each row of the
// table, and on SQLite holds the table to what was seen, when all were played.
func TestScenarios(t *testing.T) {
	if playToDie(t) {
		return
	}
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		seen, ends := newSightings(), &endings{of: map[string]ending{}}
		t.Run("play", func(t *testing.T) {
			for _, sc := range played() {
				t.Run(sc.name, func(t *testing.T) {
					t.Parallel()
					cfg := sc.config
					cfg.watch, cfg.lanes = seen.of(sc.name), 1
					s := newShop(t, engine, cfg)
					sc.play(s)
					seen.history(s)
					seen.over(sc.name)
					ends.see(s, sc.name)
					seen.trust(sc.name, !s.feigned)
				})
			}
		})
		if testing.Short() || t.Failed() {
			return
		}
		t.Run("failures", func(t *testing.T) { holdTheCatalogue(t, seen, ends) })
		if engine == dbtest.SQLite && !process.Updating() {
			t.Run("table", func(t *testing.T) { holdTheTable(t, seen) })
		}
		if !process.Updating() {
			t.Run("killed", func(t *testing.T) { killAtEveryRow(t, engine, seen) })
		}
	})
}

// played returns the scenarios to play: all, but few when little is to be tested,
// and those of the catalogue when its page is written anew.
func played() []scenario {
	all := scenarios()
	if process.Updating() {
		return slices.DeleteFunc(all, func(sc scenario) bool {
			return !slices.ContainsFunc(allFailures(), func(f failure) bool { return f.scenario == sc.name })
		})
	}
	if !testing.Short() {
		return all
	}
	var some []scenario
	for i := 0; i < len(all); i += 10 {
		some = append(some, all[i])
	}
	return some
}

// The settings that scenarios use.

func settings(change ...func(*policy.Policy)) func(*policy.Policy) {
	return func(p *policy.Policy) {
		for _, c := range change {
			c(p)
		}
	}
}

func byPerson(p *policy.Policy)      { p.HandOver = policy.HandOverByPerson }
func firstScan(p *policy.Policy)     { p.HandOver = policy.HandOverFirstScan }
func onHandOver(p *policy.Policy)    { p.Capture = policy.CaptureOnHandOver }
func manualGateway(p *policy.Policy) { p.Gateway = payment.Manual }
func manualCarrier(p *policy.Policy) { p.Carrier = shipping.Manual }

// impatient is a shop that asks a silent provider three times.
func impatient(p *policy.Policy) { p.Ask.Tries = 3 }

// within is a shop that asks a silent provider again for so long.
func within(d time.Duration) func(*policy.Policy) {
	return func(p *policy.Policy) { p.Ask.Within = policy.Duration(d) }
}

// slow is a shop that asks a silent provider again after one to two minutes.
func slow(p *policy.Policy) {
	p.Ask.First, p.Ask.Most = policy.Duration(2*time.Minute), policy.Duration(2*time.Minute)
}

// retryAfter is a shop that attempts what was declined for now once more, later.
func retryAfter(d time.Duration) func(*policy.Policy) {
	return func(p *policy.Policy) {
		once := policy.Schedule{policy.Duration(d)}
		p.PaymentRetries, p.LabelRetries, p.RefundRetries = once, once, once
	}
}

const day = 24 * time.Hour

// cup is an order of one cup: 4.50 and 3.95 for shipping.
func cup() order.Request { return request(1, "CUP") }

func paidWith(method string) order.Request {
	q := cup()
	q.Payment.Method = method
	return q
}

func sentTo(postalCode string) order.Request {
	q := cup()
	q.ShipTo.PostalCode = postalCode
	return q
}

// What people do.

func (s *shop) cancel(o order.Order) {
	s.t.Helper()
	_, err := s.Cancel(s.t.Context(), person(""), o.ID, "made up")
	must(s.t, err)
}

func (s *shop) refused(code fault.Code, err error) {
	s.t.Helper()
	if !fault.Is(err, code) {
		s.t.Fatalf("the answer is %v, not an error %s", err, code)
	}
}

func (s *shop) parcel(o order.Order) shipping.Shipment {
	s.t.Helper()
	v := s.show(o.ID)
	if len(v.Shipments) != 1 {
		s.t.Fatalf("the order has %d parcels\n%s", len(v.Shipments), timeline(v))
	}
	return v.Shipments[0]
}

func (s *shop) handOver(o order.Order, number string) {
	s.t.Helper()
	_, err := s.HandOver(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{TrackingNumber: number})
	must(s.t, err)
}

func (s *shop) record(o order.Order) {
	s.t.Helper()
	_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up 1", Amount: o.Total})
	must(s.t, err)
}

func (s *shop) raise(o order.Order, c support.Category) support.Ticket {
	s.t.Helper()
	r, err := s.OpenTicket(s.t.Context(), process.Command{By: "customer"}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: c, Body: "made up"}})
	must(s.t, err)
	return r.Value
}

func (s *shop) ticket(id string) process.Conversation {
	s.t.Helper()
	v, err := s.ShowTicket(s.t.Context(), id)
	must(s.t, err)
	return v
}

func (s *shop) wantTicket(id string, status support.Status, reason support.Reason) {
	s.t.Helper()
	if t := s.ticket(id).Ticket; t.Status != status || t.Reason != reason {
		s.t.Errorf("the ticket is %s (%s), not %s (%s)", t.Status, t.Reason, status, reason)
	}
}

func (s *shop) wantStatus(o order.Order, want order.Status) {
	s.t.Helper()
	if v := s.show(o.ID); v.Order.Status != want {
		s.t.Fatalf("the order is %s, not %s\n%s", v.Order.Status, want, timeline(v))
	}
}

// solveAll has a person solve every ticket of an order that is open.
func (s *shop) solveAll(o order.Order) {
	s.t.Helper()
	for _, t := range s.show(o.ID).Tickets {
		if t.Status == support.Open {
			_, err := s.SolveTicket(s.t.Context(), person(""), t.ID, "Seen to.")
			must(s.t, err)
		}
	}
}

// change sets the shop's policy anew.
func (s *shop) change(change func(*policy.Policy)) {
	s.t.Helper()
	p, history, err := s.Policies(s.t.Context())
	must(s.t, err)
	change(&p)
	_, err = s.SetPolicy(s.t.Context(), person(""), int64(len(history)), p)
	must(s.t, err)
}
