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
)

// exchange sends units of an order's first line back for so many of an SKU, as it
// was previewed, and returns the new order.
func (s *shop) exchange(o order.Order, back int64, sku string, n int64) order.Order {
	s.t.Helper()
	q := exchangeRequest(back, sku, n)
	plan, err := s.PreviewExchange(s.t.Context(), o.ID, q)
	must(s.t, err)
	r, err := s.Exchange(s.t.Context(), person("").At(plan.Return.Version), o.ID, q)
	must(s.t, err)
	made := r.Value.New
	if made.Total != plan.Total || made.ExchangeOf != o.ID || made.Customer != o.Customer || r.Value.Order.ID != o.ID {
		s.t.Errorf("exchanged as %+v, previewed as %+v", r.Value, plan)
	}
	if of := s.waitedFor(o); of.Exchange != made.ID {
		s.t.Errorf("the return %+v does not name the order %s", of, made.ID)
	}
	return made
}

func exchangeRequest(back int64, sku string, n int64) process.ExchangeRequest {
	return process.ExchangeRequest{Return: shipping.ReturnRequest{Lines: []shipping.LineUnits{units(1, back)}, Reason: "too_small"},
		Lines: []order.LineRequest{{SKU: sku, Quantity: n}}}
}

// waitedFor returns the return of an order that is waited for.
func (s *shop) waitedFor(o order.Order) shipping.Return {
	s.t.Helper()
	r, err := s.FindReturn(s.t.Context(), o.ID)
	must(s.t, err)
	return r
}

// notExchanged wants an exchange refused, and nothing changed by it.
func (s *shop) notExchanged(o order.Order, code fault.Code, q process.ExchangeRequest) {
	s.t.Helper()
	before := s.show(o.ID).Order
	_, err := s.Exchange(s.t.Context(), person(""), o.ID, q)
	s.refused(code, err)
	if after := s.show(o.ID).Order; after != before {
		s.t.Errorf("the order is %+v, and was %+v", after, before)
	}
}

const (
	waitsForReturn = "processed: reserved due none"
	exchangedAway  = "cancelled: released voided none"
)

// exchangeScenarios are the ways of what is sent back for something else.
var exchangeScenarios = []scenario{
	{"it is exchanged for something cheaper", config{}, func(s *shop) {
		o := s.arrived(cup())
		made := s.exchange(o, 1, "CUP", 1)
		s.wantLevel("CUP", 99, 1)
		s.noEdit(made, beside("CUP", 1), fault.Conflict)
		s.after(25 * day)
		s.expect(made, outcome{Order: waitsForReturn, Next: "await_payment"})
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold", Next: "await_return"})
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: "845 taken, 395 back", Labels: "1 sold"})
		s.expect(made, outcome{Order: shippedOnce, Money: "by hand 450 taken", Labels: "1 sold", Next: "track"})
		s.wantLevel("CUP", 99, 0)
		for _, f := range s.show(o.ID).Refunds {
			if f.Pays == "" {
				continue
			}
			if p := s.show(made.ID).Payments[0]; f.Pays != p.ID || p.PaidBy != f.ID || f.Amount != p.Captured {
				s.t.Errorf("the refund %+v and the payment %+v", f, p)
			}
			_, err := s.FailRefund(s.t.Context(), person(""), o.ID, f.ID)
			s.refused(fault.Conflict, err)
		}
		s.after(20 * day)
		s.wantStatus(made, order.Delivered)
		s.expect(o, outcome{Order: allCameBack, Money: "845 taken, 395 back", Labels: "1 sold"})
	}},
	{"it is exchanged for as much, though a person decides about returns", config{policy: asksAboutReturns}, func(s *shop) {
		q := cups(2)
		q.Shipping.Price = 0
		o := s.arrived(q)
		made := s.exchange(o, 1, "CUP", 1)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "900 taken", Labels: "1 sold"})
		s.expect(made, outcome{Order: shippedOnce, Money: "by hand 450 taken", Labels: "1 sold", Next: "track"})
		s.takeBack(s.sendBack(o), shipping.Reception{})
		s.expect(o, outcome{Order: "returned: left partly_refunded returned", Money: "900 taken", Labels: "1 sold", Tickets: needsPerson})
	}},
	{"one and a half lines pay for what is wanted instead", config{}, func(s *shop) {
		q := request(1, "CUP", "POT") // 522 and 2322
		o := s.arrived(q)
		x := exchangeRequest(1, "CUP", 5)
		x.Return.Lines = nil
		r, err := s.Exchange(s.t.Context(), person(""), o.ID, x)
		must(s.t, err)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: "2844 taken, 594 back", Labels: "1 sold"})
		s.expect(r.Value.New, outcome{Order: shippedOnce, Money: "by hand 2250 taken", Labels: "1 sold", Next: "track"})
	}},
	{"nothing comes for what is wanted instead", config{}, func(s *shop) {
		o := s.arrived(cup())
		made := s.exchange(o, 1, "CUP", 1)
		s.after(30 * day)
		s.wantCount(o, shipping.EventReturnExpired, 1)
		s.expect(made, outcome{Order: exchangedAway})
		s.wantLevel("CUP", 99, 0)
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold"})
	}},
	{"it is not to come after all", config{}, func(s *shop) {
		o := s.arrived(cup())
		made := s.exchange(o, 1, "CUP", 1)
		_, err := s.CancelReturn(s.t.Context(), person(""), o.ID, s.waitedFor(o).ID)
		must(s.t, err)
		s.expect(made, outcome{Order: exchangedAway})
		s.wantLevel("CUP", 99, 0)
	}},
	{"too little comes for what is wanted instead", config{}, func(s *shop) {
		q := cups(2)
		q.Shipping.Price = 0
		o := s.arrived(q)
		made := s.exchange(o, 2, "CUP", 2)
		s.takeBack(s.waitedFor(o), shipping.Reception{Lines: []shipping.LineUnits{units(1, 1)}})
		s.expect(made, outcome{Order: exchangedAway})
		s.expect(o, outcome{Order: "delivered: left partly_refunded delivered", Money: "900 taken, 450 back", Labels: "1 sold", Tickets: needsPerson})
		s.wantLevel("CUP", 99, 0)
	}},
	{"what is wanted instead is paid elsewhere", config{policy: byPerson}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.handOver(o, "")
		s.after(20 * day)
		made := s.exchange(o, 1, "CUP", 1)
		_, err := s.RecordPayment(s.t.Context(), person(""), made.ID, payment.Record{Reference: "made up", Amount: made.Total})
		must(s.t, err)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
	}},
	{"what is wanted instead is cancelled before", config{}, func(s *shop) {
		o := s.arrived(cup())
		made := s.exchange(o, 1, "CUP", 1)
		s.cancel(made)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.expect(o, outcome{Order: allCameBack, Money: takenBack, Labels: "1 sold"})
		s.expect(made, outcome{Order: exchangedAway})
	}},
	{"what is wanted instead is cancelled after it was paid", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		p := s.parcel(o)
		s.leave(p)
		s.arrive(p)
		made := s.exchange(o, 1, "CUP", 1)
		s.takeBack(s.waitedFor(o), shipping.Reception{})
		s.cancel(made)
		s.expect(made, outcome{Order: "cancelled: released refunding none", Money: "by hand 450 taken", Tickets: givenBack, Next: "await_refund"})
		s.expect(o, outcome{Order: allCameBack, Money: "845 taken, 395 back"})
	}},
	{"what can not be exchanged", config{policy: func(p *policy.Policy) { p.Split = false }}, func(s *shop) {
		o := s.arrived(cup())
		s.notExchanged(o, fault.Conflict, exchangeRequest(1, "POT", 1)) // it is dearer
		s.notExchanged(o, fault.Invalid, exchangeRequest(2, "CUP", 1))
		s.notExchanged(o, fault.Invalid, exchangeRequest(1, "GONE", 1))
		s.notExchanged(o, fault.Invalid, exchangeRequest(1, "CUP", 0))
		free, nothing := exchangeRequest(1, "CUP", 1), int64(0)
		free.Lines[0].UnitPrice = &nothing
		s.notExchanged(o, fault.Conflict, free)
		cheap, penny := exchangeRequest(1, "LAMP", 2), int64(1)
		cheap.Lines[0].UnitPrice = &penny
		s.notExchanged(o, fault.Conflict, cheap) // there is one
		plan, err := s.PreviewExchange(s.t.Context(), o.ID, cheap)
		if err != nil || len(plan.Short) != 1 {
			s.t.Errorf("the preview is %+v, %v", plan, err)
		}
		_, err = s.Exchange(s.t.Context(), person("").At(1), o.ID, exchangeRequest(1, "CUP", 1))
		s.refused(fault.Stale, err) // it has changed since
		s.expect(o, outcome{Order: atTheDoor, Money: taken, Labels: "1 sold"})
	}},
}

// TestExchangedOnce exchanges twice under one key.
func TestExchangedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		o := s.arrived(cup())
		first, err := s.Exchange(t.Context(), person("k"), o.ID, exchangeRequest(1, "CUP", 1))
		must(t, err)
		again, err := s.Exchange(t.Context(), person("k"), o.ID, exchangeRequest(1, "CUP", 1))
		must(t, err)
		if !again.Replayed || again.Value.New.ID != first.Value.New.ID {
			t.Errorf("first %+v, then %+v", first, again)
		}
		s.wantLevel("CUP", 99, 1)
	})
}
