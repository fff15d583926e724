package process_test

import (
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

// asksAboutReturns is a shop in which a person decides about the money for what
// comes back.
func asksAboutReturns(p *policy.Policy) { p.OnReturn = policy.OnReturnAsk }

// sendBack authorises a return, as it was previewed, and returns it.
func (s *shop) sendBack(o order.Order, lines ...shipping.LineUnits) shipping.Return {
	s.t.Helper()
	return s.sendBackAs(o, shipping.ReturnRequest{Lines: lines, Reason: "unwanted"})
}

func (s *shop) sendBackAs(o order.Order, q shipping.ReturnRequest) shipping.Return {
	s.t.Helper()
	plan, err := s.PreviewReturn(s.t.Context(), o.ID, q)
	must(s.t, err)
	_, err = s.AuthoriseReturn(s.t.Context(), person("").At(plan.Version), o.ID, q)
	must(s.t, err)
	found, err := s.FindReturn(s.t.Context(), o.ID)
	must(s.t, err)
	if found.Units != plan.Units || !found.Until.Equal(plan.Until) || len(s.show(o.ID).Coming[found.ID]) != len(plan.Lines) {
		s.t.Errorf("the return is %+v, previewed as %+v", found, plan)
	}
	return found
}

// takeBack receives a return, as it was previewed, and lets its money go back.
func (s *shop) takeBack(r shipping.Return, q shipping.Reception) shipping.Return {
	s.t.Helper()
	plan, err := s.PreviewReceiveReturn(s.t.Context(), r.Order, r.ID, q)
	must(s.t, err)
	before := s.show(r.Order).Order.Sums.Kept()
	done, err := s.ReceiveReturn(s.t.Context(), person(""), r.Order, r.ID, q)
	must(s.t, err)
	if given := before - done.Value.Sums.Kept(); plan.By == policy.OnReturnRefund && given != plan.Refund+plan.Pays {
		s.t.Errorf("%d are given back, previewed were %d and %d", given, plan.Refund, plan.Pays)
	}
	s.wantExchanged(plan)
	s.after(time.Minute)
	got, err := s.FindReturn(s.t.Context(), r.ID)
	must(s.t, err)
	return got
}

// wantExchanged checks that what was placed in the place of a return is paid from it
// as it was previewed, or cancelled.
func (s *shop) wantExchanged(plan process.ReceivingPlan) {
	s.t.Helper()
	if plan.Exchange == "" {
		return
	}
	made := s.show(plan.Exchange).Order
	if (made.End == order.EndCancelled) != (plan.Pays == 0) || plan.Pays > 0 && made.Sums.Captured != plan.Pays {
		s.t.Errorf("the order that was placed instead is %s with %d, previewed were %d", made.Status, made.Sums.Captured, plan.Pays)
	}
}

// notReturned wants a return refused, and its preview.
func (s *shop) notReturned(o order.Order, code fault.Code, q shipping.ReturnRequest) {
	s.t.Helper()
	q.Reason += "made_up"
	_, err := s.PreviewReturn(s.t.Context(), o.ID, q)
	s.refused(code, err)
	_, err = s.AuthoriseReturn(s.t.Context(), person(""), o.ID, q)
	s.refused(code, err)
}

// notReceived wants the reception of a return refused, and its preview.
func (s *shop) notReceived(r shipping.Return, code fault.Code, q shipping.Reception) {
	s.t.Helper()
	_, err := s.PreviewReceiveReturn(s.t.Context(), r.Order, r.ID, q)
	s.refused(code, err)
	_, err = s.ReceiveReturn(s.t.Context(), person(""), r.Order, r.ID, q)
	s.refused(code, err)
}

func units(line, n int64) shipping.LineUnits { return shipping.LineUnits{Line: line, Quantity: n} }

// cups is an order of so many cups.
func cups(n int64) order.Request {
	q := cup()
	q.Lines[0].Quantity = n
	return q
}

const (
	allCameBack = "returned: left refunded returned"
	needsPerson = "other open needs_person"
)

// returnScenarios are the ways of what had arrived and is sent back.
var returnScenarios = []scenario{
	{"all of it comes back", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.wantLevel("CUP", 99, 0)
		r := s.sendBack(o)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold", Next: "await_return"})
		s.takeBack(r, shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
		s.wantLevel("CUP", 100, 0)
		s.notReceived(r, fault.Conflict, shipping.Reception{})
		s.notReturned(o, fault.Conflict, shipping.ReturnRequest{})
		_, err := s.Cancel(s.t.Context(), person(""), o.ID, "")
		s.refused(fault.Conflict, err)
		s.after(60 * day)
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
	}},
	{"it comes back in parts, some of it broken", config{}, func(s *shop) {
		o := s.arrived(cups(5))                                                                                        // 2645, of which a unit has 529
		first := s.sendBack(o, units(1, 3))                                                                            // of which one is kept after all
		r := s.takeBack(first, shipping.Reception{Lines: []shipping.LineUnits{units(1, 2)}, Grading: unfit("CUP", 1)}) // written off, and paid all the same
		if r.Came != 2 || r.Restocked != 1 || r.Withheld != 0 || r.Refund == "" {
			s.t.Errorf("of three units came %+v", r)
		}
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "2645 taken, 1058 back", Labels: "1 sold"})
		s.wantLevel("CUP", 96, 0)
		r = s.takeBack(s.sendBack(o), shipping.Reception{Grading: unfit("CUP", 2), Withhold: true})
		if r.Came != 3 || r.Restocked != 1 || r.Withheld != 2 {
			s.t.Errorf("of the other three came %+v", r)
		}
		s.expect(o, outcome{Order: "returned: left partly_refunded returned", Money: "2645 taken, 1587 back", Labels: "1 sold"})
		s.wantLevel("CUP", 97, 0)
	}},
	{"nothing comes, and it may be sent back again", config{policy: func(p *policy.Policy) { p.ReturnWindow = policy.Duration(365 * day) }}, func(s *shop) {
		o := s.arrived(cup())
		r := s.sendBack(o)
		s.notReturned(o, fault.Conflict, shipping.ReturnRequest{})
		s.after(30*day - time.Minute)
		s.wantCount(o, shipping.EventReturnExpired, 0)
		s.after(time.Minute)
		s.wantCount(o, shipping.EventReturnExpired, 1)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold"})
		s.notReceived(r, fault.Conflict, shipping.Reception{})
		r = s.sendBack(o)
		_, err := s.CancelReturn(s.t.Context(), person(""), o.ID, r.ID)
		must(s.t, err)
		_, err = s.CancelReturn(s.t.Context(), person(""), o.ID, r.ID)
		s.refused(fault.Conflict, err)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold"})
		s.takeBack(s.sendBack(o), shipping.Reception{Grading: shipping.Grading{WriteOff: true}})
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
		s.wantLevel("CUP", 99, 0)
	}},
	{"it is too late to send it back, and it is taken all the same", config{}, func(s *shop) {
		o := s.arrived(cup())
		s.after(31 * day)
		s.notReturned(o, fault.TooLate, shipping.ReturnRequest{})
		s.notReturned(o, fault.TooLate, shipping.ReturnRequest{Lines: []shipping.LineUnits{units(1, 1)}})
		s.takeBack(s.sendBackAs(o, shipping.ReturnRequest{Reason: "broken", Late: true}), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
	}},
	{"a person decides about the money for what came", config{policy: asksAboutReturns}, func(s *shop) {
		o := s.arrived(cup())
		r := s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expect(o, outcome{Order: "returned: left captured returned", Money: taken, Labels: "1 sold", Tickets: needsPerson})
		if r.Refund != "" {
			s.t.Errorf("it is refunded all the same: %+v", r)
		}
		_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.CancelRequest, Body: "made up"}})
		must(s.t, err)
		s.refund(o, order.CreditRequest{All: true})
		s.expectMoney(o, takenBack)
	}},
	{"what was refunded before comes back for nothing more", config{}, func(s *shop) {
		o := s.arrived(cups(3)) // 1745
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: 1, Quantity: 1}}})
		if r := s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{}); r.Refund != "" {
			s.t.Errorf("it is refunded twice: %+v", r)
		}
		s.expectMoney(o, "1745 taken, 581 back")
		s.takeBack(s.sendBack(o, units(1, 1)), shipping.Reception{})
		s.expectMoney(o, "1745 taken, 1163 back")
		s.refund(o, order.CreditRequest{All: true})
		if r := s.takeBack(s.sendBack(o), shipping.Reception{}); r.Refund != "" {
			s.t.Errorf("it is refunded twice: %+v", r)
		}
		s.expect(o, outcome{Order: allCameBack, Money: "1745 taken, 1745 back", Labels: "1 sold", Tickets: needsPerson}) // told of the first
	}},
	{"one is lost and refunded, the other comes back", config{policy: manualCarrier}, func(s *shop) {
		o, lost, arrives := s.pair()
		s.leave(lost)
		s.notReturned(o, fault.Conflict, shipping.ReturnRequest{})
		s.leave(arrives)
		s.arrive(arrives)
		s.report(lost, shipping.Lost)
		held := s.show(o.ID).Packed
		s.refund(o, order.CreditRequest{Lines: []order.CreditLine{{Line: held[lost.ID][0].Line, Quantity: held[lost.ID][0].Quantity}}})
		all := s.show(o.ID).Order.Sums.Captured
		r := s.takeBack(s.sendBack(o), shipping.Reception{})
		if r.Refund == "" || r.Came != arrives.Units {
			s.t.Errorf("what arrived comes back as %+v", r)
		}
		if kept := s.show(o.ID).Order.Sums.Kept(); kept != 0 {
			s.t.Errorf("of %d, %d are kept", all, kept)
		}
		s.wantFacets(o, order.Shipped, order.StockLeft, order.FulfilmentLost)
	}},
	{"what was paid for elsewhere comes back", config{policy: settings(manualGateway, manualCarrier)}, func(s *shop) {
		o := s.place(cup())
		_, err := s.RecordPayment(s.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: o.Total})
		must(s.t, err)
		s.after(time.Minute)
		p := s.parcel(o)
		s.leave(p)
		s.arrive(p)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expect(o, outcome{Order: "returned: left refunding returned", Money: "by hand 845 taken", Tickets: "payment_issue open needs_person", Next: "await_refund"})
	}},
	{"there was nothing to pay for what comes back", config{}, func(s *shop) {
		q, zero := cup(), int64(0)
		q.Lines[0].UnitPrice, q.Shipping.Price = &zero, 0
		o := s.arrived(q)
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expect(o, outcome{Order: "returned: left captured returned", Labels: "1 sold"})
	}},
	{"what can not come back", config{policy: manualCarrier}, func(s *shop) {
		q := request(1, "CUP", "POT")
		o := s.place(q)
		s.after(time.Minute)
		s.notReturned(o, fault.Conflict, shipping.ReturnRequest{}) // it is here
		p := s.parcel(o)
		s.leave(p)
		s.notReturned(o, fault.Conflict, shipping.ReturnRequest{}) // it is under way
		s.arrive(p)
		s.notReturned(o, fault.Invalid, shipping.ReturnRequest{Reason: "Not a word "})
		for _, lines := range [][]shipping.LineUnits{{units(1, 2)}, {units(3, 1)}, {units(0, 1)}, {units(1, -1)}, {units(1, 1), units(1, 1)}} {
			s.notReturned(o, fault.Invalid, shipping.ReturnRequest{Lines: lines})
		}
		_, err := s.AuthoriseReturn(s.t.Context(), person("").At(1), o.ID, shipping.ReturnRequest{Reason: "unwanted"})
		s.refused(fault.Stale, err) // it has changed since
		r := s.sendBack(o, units(1, 1))
		s.notReturned(o, fault.Invalid, shipping.ReturnRequest{Lines: []shipping.LineUnits{units(1, 1)}})
		s.notReceived(r, fault.Invalid, shipping.Reception{Lines: []shipping.LineUnits{units(2, 1)}})
		s.notReceived(r, fault.Invalid, shipping.Reception{Grading: unfit("CUP", 2)})
		s.notReceived(r, fault.Invalid, shipping.Reception{Lines: []shipping.LineUnits{units(1, 1), units(1, 1)}})
		_, err = s.ReceiveReturn(s.t.Context(), person(""), o.ID, r.ID, shipping.Reception{Location: "gone"})
		s.refused(fault.NotFound, err)
		_, err = s.ReceiveReturn(s.t.Context(), person(""), o.ID, "ret_gone", shipping.Reception{})
		s.refused(fault.NotFound, err)
		_, err = s.AuthoriseReturn(s.t.Context(), person(""), o.ID, shipping.ReturnRequest{Reason: "unwanted"})
		must(s.t, err)
		_, err = s.FindReturn(s.t.Context(), o.ID) // which of the two?
		s.refused(fault.Conflict, err)
	}},
}

func unfit(sku string, n int64) shipping.Grading {
	return shipping.Grading{Unfit: map[string]int64{sku: n}}
}

// TestReturnedOnce authorises, receives and cancels twice under one key.
func TestReturnedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		o := s.arrived(cups(2))
		q := shipping.ReturnRequest{Lines: []shipping.LineUnits{units(1, 1)}, Reason: "unwanted"}
		twice := func(key string, do func(process.Command) (process.Result[order.Order], error)) {
			t.Helper()
			first, err := do(person(key))
			must(t, err)
			again, err := do(person(key))
			must(t, err)
			if !again.Replayed || again.Value.Version != first.Value.Version {
				t.Errorf("%s: first %+v, then %+v", key, first, again)
			}
		}
		twice("a return", func(by process.Command) (process.Result[order.Order], error) {
			r, err := s.AuthoriseReturn(t.Context(), by, o.ID, q)
			return process.Result[order.Order]{Value: r.Value.Order, Replayed: r.Replayed}, err
		})
		r, err := s.FindReturn(t.Context(), o.ID)
		must(t, err)
		twice("a reception", func(by process.Command) (process.Result[order.Order], error) {
			return s.ReceiveReturn(t.Context(), by, o.ID, r.ID, shipping.Reception{})
		})
		s.wantLevel("CUP", 99, 0)
		r = s.sendBack(o)
		twice("no return", func(by process.Command) (process.Result[order.Order], error) {
			return s.CancelReturn(t.Context(), by, o.ID, r.ID)
		})
	})
}
