package process_test

import (
	"slices"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// gives is a shop whose tickets may cost so many pence each, and ten times as much
// for a customer.
func gives(most int64) func(*policy.Policy) {
	return func(p *policy.Policy) {
		p.TicketLimits.Decision = []policy.Amount{{Currency: "GBP", Minor: most}}
		p.TicketLimits.Customer = []policy.Amount{{Currency: "GBP", Minor: 10 * most}}
	}
}

// replaces is a shop that sends anew what does not arrive.
func replaces(p *policy.Policy) { p.OnLost = policy.OnLostReship }

// complain has the customer write about some units of the first line.
func (s *shop) complain(o order.Order, c support.Category, units int64) support.Ticket {
	s.t.Helper()
	r, err := s.OpenTicket(s.t.Context(), process.Command{By: access.Customer}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: c, Body: "made up",
		Lines: []support.Line{{Line: 1, Quantity: units}}}})
	must(s.t, err)
	return r.Value
}

// decided checks the last decision of a ticket.
func (s *shop) decided(id string, want support.Decision, by access.Actor) {
	s.t.Helper()
	all := s.ticket(id).Decisions
	if last := all[len(all)-1]; last.Result != want || last.By != string(by) {
		s.t.Errorf("decided is %+v by %s, not %+v by %s", last.Result, last.By, want, by)
	}
}

func (s *shop) approve(id string, by access.Actor) error {
	_, err := s.ApproveTicket(s.t.Context(), process.Command{By: by}, id)
	return err
}

// pair is an order of two cups: 9.00 and 3.95 for shipping.
func pair() order.Request {
	q := cup()
	q.Lines[0].Quantity = 2
	return q
}

// lostCup is an order whose parcel is lost, told by the carrier, in a shop that
// asks a person about it.
func (s *shop) lostCup() order.Order {
	s.t.Helper()
	o := s.place(cup())
	s.after(time.Minute)
	_, err := s.ReportMishap(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.Lost)
	must(s.t, err)
	return o
}

// remedyScenarios are what tickets put right, and who approves it.
var remedyScenarios = []scenario{
	{"a broken cup of two is refunded", config{policy: gives(1000)}, func(s *shop) {
		o := s.arrived(pair())
		ticket := s.complain(o, support.Damaged, 1)
		s.wantTicket(ticket.ID, support.OnHold, support.WillRefund)
		s.decided(ticket.ID, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 647}, access.Process)
		facts := s.ticket(ticket.ID).Decisions[0].Facts
		if facts.Order.Worth != 647 || facts.Limits.Decision != 1000 || facts.Limits.Given == nil {
			s.t.Errorf("the facts are %+v %+v", facts.Order, facts.Limits)
		}
		s.after(time.Minute)
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "1295 taken, 647 back", Labels: "1 sold", Tickets: "damaged solved money_back"})
	}},
	{"all that a ticket names was refunded already", config{policy: gives(2000)}, func(s *shop) {
		o := s.arrived(pair())
		s.complain(o, support.Damaged, 2)
		s.wantTicket(s.complain(o, support.WrongItem, 2).ID, support.Open, support.NeedsPerson)
		s.wantTicket(s.raise(o, support.Damaged).ID, support.Open, support.NeedsPerson)
		s.after(time.Minute)
		s.wantCount(o, payment.EventRefundOpened, 1)
	}},
	{"a person approves what another has raised", config{}, func(s *shop) {
		o := s.arrived(cup())
		r, err := s.OpenTicket(s.t.Context(), process.Command{By: "agent:7"}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.WrongItem, Body: "made up",
			Lines: []support.Line{{Line: 1}}}})
		must(s.t, err)
		id := r.Value.ID
		s.wantTicket(id, support.Open, support.WillRefund)
		s.decided(id, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845, Beyond: support.DecisionAmount}, access.Process)
		s.refused(fault.Conflict, s.approve(id, "agent:7"))
		s.refused(fault.Invalid, s.approve(id, access.Process))
		s.after(time.Minute)
		s.wantCount(o, payment.EventRefundOpened, 0)
		must(s.t, s.approve(id, "agent:8"))
		s.decided(id, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845}, "agent:8")
		s.refused(fault.Conflict, s.approve(id, "agent:9"))
		s.after(time.Minute)
		s.expect(o, outcome{Order: "delivered: left refunded delivered", Money: takenBack, Labels: "1 sold", Tickets: "wrong_item solved money_back"})
	}},
	{"what was proposed is rejected", config{}, func(s *shop) {
		o := s.arrived(cup())
		for _, asks := range []bool{false, true} {
			id := s.complain(o, support.Damaged, 1).ID
			want := support.Open
			if asks {
				s.reply(id, support.FromShop, support.Pending)
				want = support.Pending
			}
			_, err := s.RejectTicket(s.t.Context(), person(""), id)
			must(s.t, err)
			s.wantTicket(id, want, support.Rejected)
			s.refused(fault.Conflict, s.approve(id, "agent:8"))
			s.solve(id)
		}
		s.wantCount(o, payment.EventRefundOpened, 0)
	}},
	{"what was proposed is approved while the customer is asked", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.complain(o, support.OrderIssue, 1).ID
		s.reply(id, support.FromShop, support.Pending)
		must(s.t, s.approve(id, "agent:8"))
		s.after(time.Minute)
		s.wantTicket(id, support.Solved, support.MoneyBack)
	}},
	{"what was proposed no longer fits", config{}, func(s *shop) {
		o := s.arrived(pair())
		for _, asks := range []bool{false, true} {
			id := s.complain(o, support.Damaged, 0).ID
			if asks {
				s.reply(id, support.FromShop, support.Pending)
			}
			s.goodwill(o)
			s.refused(fault.Conflict, s.approve(id, "agent:8"))
			s.wantTicket(id, support.Open, support.WillRefund)
			if asks {
				s.reply(id, support.FromShop, support.Pending)
			}
			if d := s.ticket(id).Decisions; d[1].Result.Amount != d[0].Result.Amount-10 || d[1].Result.Beyond != support.DecisionAmount {
				s.t.Errorf("it was decided anew as %+v", d[1].Result)
			}
			if asks {
				s.refundAll(o)
			} else {
				s.solve(id)
				continue
			}
			s.refused(fault.Conflict, s.approve(id, "agent:8"))
			s.wantTicket(id, support.Open, support.NeedsPerson)
		}
	}},
	{"what was proposed can not be done any more", config{}, func(s *shop) {
		o := s.arrived(cup())
		id := s.complain(o, support.OrderIssue, 0).ID
		s.refundAll(o)
		s.refused(fault.Conflict, s.approve(id, "agent:8"))
		s.wantTicket(id, support.Open, support.DeliveredIssue)
		s.decided(id, support.Decision{Act: support.Escalate, Reason: support.DeliveredIssue}, "agent:8")
	}},
	{"a customer is given no more than policy has it", config{policy: settings(gives(900), func(p *policy.Policy) { p.TicketLimits.Count = 2 })}, func(s *shop) {
		var orders []order.Order
		for n := range 4 {
			orders = append(orders, s.place(request(n, "CUP")))
		}
		s.after(14 * day)
		for _, o := range orders[:2] {
			s.wantTicket(s.complain(o, support.Damaged, 1).ID, support.OnHold, support.WillRefund)
		}
		s.after(day)
		id := s.complain(orders[2], support.Damaged, 1).ID
		s.decided(id, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845, Beyond: support.CustomerCount}, access.Process)
		s.after(31 * day) // they are forgotten
		id = s.complain(orders[3], support.Damaged, 1).ID
		s.decided(id, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845}, access.Process)
	}},
	{"an order is too old, or of no one who is known", config{policy: gives(1000)}, func(s *shop) {
		o := s.arrived(cup())
		q := request(2, "CUP")
		q.Customer.ID = ""
		guest := s.arrived(q)
		s.decided(s.complain(guest, support.Damaged, 1).ID, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845, Beyond: support.UnknownGiven}, access.Process)
		s.after(60 * day)
		s.decided(s.complain(o, support.Damaged, 1).ID, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 845, Beyond: support.OrderAge}, access.Process)
	}},
	{"a refund for a ticket does not reach the customer", config{policy: settings(gives(1000), manualGateway)}, func(s *shop) {
		o := s.place(cup())
		s.record(o)
		s.after(14 * day)
		id := s.complain(o, support.Damaged, 1).ID
		s.wantTicket(id, support.OnHold, support.WillRefund)
		f := s.show(o.ID).Refunds[0]
		_, err := s.RecordRefund(s.t.Context(), person(""), o.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount})
		must(s.t, err)
		s.wantTicket(id, support.Solved, support.MoneyBack)
	}},
	{"a refund for a ticket is declined, and given up", config{policy: settings(gives(1000), retryAfter(time.Hour))}, func(s *shop) {
		s.gateway.refund.say(declinedHard)
		o := s.arrived(cup())
		id := s.complain(o, support.Damaged, 1).ID
		s.after(time.Minute)
		s.wantTicket(id, support.Open, support.StepStuck)
	}},
	{"a lost parcel is sent anew for the customer who asks", config{policy: gives(1000)}, func(s *shop) {
		o := s.lostCup()
		s.change(replaces)
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.wantTicket(id, support.Solved, support.BeingSentAnew)
		if t := s.ticket(id).Ticket; t.Remedy != s.show(o.ID).Shipments[0].ID {
			s.t.Errorf("the ticket is %+v", t)
		}
		s.wantCount(o, shipping.EventReplaced, 1)
		s.after(14 * day)
		s.wantStatus(o, order.Delivered)
	}},
	{"a lost parcel is refunded that is not there", config{policy: gives(10_000)}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		s.change(replaces)
		_, err := s.ReportMishap(s.t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.Lost)
		must(s.t, err)
		told := s.show(o.ID).Tickets[0].ID
		s.decided(told, support.Decision{Act: support.Refund, Reason: support.WillRefund, Amount: 9295, Beyond: support.UnknownGiven}, access.Process)
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.after(time.Minute)
		s.wantTicket(id, support.Solved, support.MoneyBack)
		s.expect(o, outcome{Order: "shipped: left refunded lost", Money: "9295 taken, 9295 back", Labels: "1 sold",
			Tickets: "where_is_my_order open refund, where_is_my_order solved money_back", Next: "track"})
	}},
	{"a lost parcel is sent anew when a person approves it", config{}, func(s *shop) {
		o := s.lostCup()
		s.change(replaces)
		id := s.raise(o, support.WhereIsMyOrder).ID
		s.decided(id, support.Decision{Act: support.Reship, Reason: support.WillReship, Amount: 845, Beyond: support.DecisionAmount}, access.Process)
		must(s.t, s.approve(id, "agent:8"))
		s.wantTicket(id, support.Solved, support.BeingSentAnew)
		s.wantCount(o, shipping.EventReplaced, 1)
	}},
}

// goodwill gives ten pence back.
func (s *shop) goodwill(o order.Order) {
	s.t.Helper()
	_, err := s.Refund(s.t.Context(), person(""), o.ID, order.CreditRequest{Amount: 10, Reason: "made up"})
	must(s.t, err)
}

// refundAll gives all of an order's money back.
func (s *shop) refundAll(o order.Order) {
	s.t.Helper()
	_, err := s.Refund(s.t.Context(), person(""), o.ID, order.CreditRequest{All: true, Reason: "made up"})
	must(s.t, err)
}

// TestARequestNamesLinesOfItsOrder refuses lines that are none.
func TestARequestNamesLinesOfItsOrder(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		for _, lines := range [][]support.Line{{{Line: 0}}, {{Line: 1}, {Line: 1}}, {{Line: 1, Quantity: -1}}, slices.Repeat([]support.Line{{Line: 1}}, 1001)} {
			_, err := s.OpenTicket(t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Damaged, Body: "made up", Lines: lines}})
			s.refused(fault.Invalid, err)
		}
		_, err := s.OpenTicket(t.Context(), person(""), process.TicketRequest{Request: support.Request{Category: support.Damaged, Body: "made up", Lines: []support.Line{{Line: 1}}}})
		s.refused(fault.Invalid, err)
	})
}
