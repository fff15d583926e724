package process_test

import (
	"strings"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/support"
)

// holding is a shop with the hold rules.
func holding(rules ...policy.HoldRule) func(*policy.Policy) {
	return func(p *policy.Policy) { p.HoldRules = rules }
}

// over is a rule that holds orders of more than so many pence.
func over(amount int64) policy.HoldRule {
	return policy.HoldRule{Kind: policy.AmountOver, Currency: "GBP", Amount: amount}
}

var (
	abroad       = policy.HoldRule{Kind: policy.CountriesDiffer}
	declinedOnce = policy.HoldRule{Kind: policy.DeclinesFrom, Declines: 1}
)

// billedTo is an order of one cup that is billed to another country.
func billedTo(country string) order.Request {
	q := cup()
	q.BillTo = q.ShipTo
	q.BillTo.Country = country
	return q
}

const stopped = "other open needs_person"

// goesOn is the ticket of an order that is held for it no longer.
const goesOn = "other solved needs_person"

// holdRuleScenarios are the ways of an order that a rule of policy stops.
var holdRuleScenarios = []scenario{
	{"an amount that the rules do not let pass", config{policy: holding(over(844))}, func(s *shop) {
		o := s.place(cup())
		s.after(day)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: stopped, Next: "authorise held"})
		s.wantHeld(o, "rule_amount")
		s.cannotSolve(o)
		s.release(o)
		s.after(time.Minute)
		going := underWay
		going.Tickets = goesOn
		s.expect(o, going)
	}},
	{"an amount that the rules let pass", config{policy: holding(over(845), policy.HoldRule{Kind: policy.AmountOver, Currency: "EUR"}, abroad)}, func(s *shop) {
		o := s.place(billedTo("GB"))
		s.after(time.Minute)
		s.expect(o, underWay)
		q := request(2, "CUP") // is billed to where it goes
		next := s.place(q)
		s.after(time.Minute)
		s.expect(next, underWay)
	}},
	{"billed to another country, and cancelled", config{policy: holding(abroad, over(1))}, func(s *shop) {
		o := s.place(billedTo("FR"))
		s.after(time.Minute)
		s.wantHeld(o, "rule_countries")
		v := s.show(o.ID)
		told := s.ticket(v.Tickets[0].ID).Messages[0].Body
		if !strings.Contains(told, "another country") || !strings.Contains(told, "total") {
			s.t.Errorf("a person is told %q", told)
		}
		for _, e := range v.Timeline {
			if strings.Contains(string(e.Data), "FR") {
				s.t.Errorf("the event %s tells the country", e.Type)
			}
		}
		s.cancel(o)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released voided none", Tickets: goesOn})
	}},
	{"declined once too often, released, and declined again", config{policy: settings(holding(declinedOnce), retryAfter(time.Hour), func(p *policy.Policy) {
		p.PaymentRetries = append(p.PaymentRetries, p.PaymentRetries...)
	})}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodInsufficientFunds))
		s.after(2 * time.Hour)
		s.wantHeld(o, "rule_declines")
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: stopped, Next: "authorise held"})
		s.release(o)
		s.after(time.Minute)
		s.wantHeld(o, "")
		s.wantCount(o, order.EventHeld, 1)
		s.after(2 * time.Hour)
		s.expect(o, outcome{Order: "failed payment_declined: released failed none", Tickets: goesOn})
	}},
	{"declined while a person holds it", config{gateway: slowGateway, policy: settings(holding(declinedOnce), retryAfter(time.Hour))}, func(s *shop) {
		o := s.place(paidWith(gateway.MethodInsufficientFunds))
		s.after(time.Second)
		s.hold(o, "made_up")
		s.after(time.Minute)
		s.wantHeld(o, "made_up")
		s.expect(o, outcome{Order: "processed: reserved due none", Next: "authorise held"})
		_, err := s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.wantHeld(o, "rule_declines") // while it was held, no rule looked at it
		s.release(o)
	}},
	{"changed while a ticket holds it", config{policy: settings(manualGateway, holding(abroad, over(5000)))}, func(s *shop) {
		o := s.place(billedTo("GB"))
		ticket := s.raise(o, support.AddressChange)
		q := beside("LAMP", 1)
		q.ShipTo = inFrance()
		s.edit(o, q)
		s.wantHeld(o, "ticket")
		s.solve(ticket.ID)
		s.wantHeld(o, "rule_countries")
		s.release(o)
		s.wantHeld(o, "") // the person was told of both
		s.wantCount(o, order.EventHeld, 2)
	}},
	{"more is wanted than was let pass", config{policy: settings(manualGateway, holding(over(844)))}, func(s *shop) {
		o := s.place(cup())
		s.release(o)
		s.edit(o, elsewhere("SA1 2BB"))
		s.wantHeld(o, "")
		s.edit(o, beside("POT", 1))
		s.wantHeld(o, "rule_amount")
		s.release(o)
		s.edit(o, fewer(0))
		s.wantHeld(o, "")
	}},
	{"it goes elsewhere than was let pass", config{policy: settings(manualGateway, holding(abroad))}, func(s *shop) {
		o := s.place(billedTo("FR"))
		s.release(o)
		s.edit(o, beside("POT", 1))
		s.wantHeld(o, "")
		s.edit(o, elsewhere("SA1 2BB"))
		s.wantHeld(o, "rule_countries")
	}},
	{"a rule stops it, and it is too late to cancel", config{policy: byPerson}, func(s *shop) {
		o := s.twoLamps()
		s.after(time.Minute)
		s.change(holding(over(844)))
		s.edit(o, lampsLeft(1))
		s.after(time.Minute)
		s.wantHeld(o, "rule_amount")
		s.carrier.void.say(labelKept)
		s.cancel(o)
		s.after(time.Minute)
		s.wantCount(o, order.EventCancelRefused, 1)
		s.wantHeld(o, "rule_amount")
		if n := s.show(o.ID).Order.OpenTickets; n != 1 {
			s.t.Errorf("%d tickets tell a person of it", n)
		}
		s.release(o)
		s.after(time.Minute)
		s.wantFacets(o, order.Paid, order.StockReserved, order.FulfilmentLabelled)
	}},
	{"a rule that is made later stops nothing that has left", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.handOver(o, "")
		s.hold(o, "made_up")
		s.change(holding(over(844)))
		s.release(o)
		s.wantHeld(o, "")
	}},
}

// inFrance is where an order goes that was to stay in the country.
func inFrance() *order.Address {
	to := cup().ShipTo
	to.Country = "FR"
	return &to
}

// wantHeld checks for what an order is held.
func (s *shop) wantHeld(o order.Order, reason string) {
	s.t.Helper()
	if v := s.show(o.ID); v.Order.Held != reason {
		s.t.Fatalf("it is held for %q, not %q\n%s", v.Order.Held, reason, timeline(v))
	}
}

// cannotSolve checks that the only ticket of an order is not to be solved yet.
func (s *shop) cannotSolve(o order.Order) {
	s.t.Helper()
	_, err := s.SolveTicket(s.t.Context(), person(""), s.show(o.ID).Tickets[0].ID, "Seen to.")
	s.refused(fault.Conflict, err)
}

// TestReasonsOfTheProcess has a person hold for what only the process holds for.
func TestReasonsOfTheProcess(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		for _, reason := range []string{"rule_amount", "rule_countries", "rule_declines", "stock_missing", "ticket", "shipping_failed"} {
			_, err := s.Hold(t.Context(), person(""), o.ID, reason, "")
			s.refused(fault.Invalid, err)
			if !process.HeldByProcess(reason) && reason != "ticket" && reason != "shipping_failed" {
				t.Errorf("%s is a person's reason", reason)
			}
		}
	})
}
