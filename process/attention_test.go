package process_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"

	"github.com/google/go-cmp/cmp"
)

// attend goes a way and checks that a preview has said what it does.
func (s *shop) attend(w process.Way, item string) process.Attended {
	s.t.Helper()
	said, err := s.PreviewAttend(s.t.Context(), w, item)
	must(s.t, err)
	done, err := s.Attend(s.t.Context(), person(""), w, item)
	must(s.t, err)
	if diff := cmp.Diff(said, done.Value); diff != "" {
		s.t.Errorf("the preview of %s %s says something else:\n%s", w, item, diff)
	}
	return done.Value
}

// noWay checks that a way is refused, with the ways that are left.
func (s *shop) noWay(w process.Way, item string, code fault.Code, left string) {
	s.t.Helper()
	_, previewed := s.PreviewAttend(s.t.Context(), w, item)
	_, err := s.Attend(s.t.Context(), person(""), w, item)
	for _, err := range []error{previewed, err} {
		if !fault.Is(err, code) || !strings.HasSuffix(err.Error(), left) {
			s.t.Errorf("%s %s is answered by %v, not by an error %s that ends in %q", w, item, err, code, left)
		}
	}
}

func item(o order.Order, part string) string { return fmt.Sprintf("%d/%s", o.Number, part) }

// matters is what needs attention, a line for each.
func (s *shop) matters(of process.Cause, limit int) (lines []string, more int64) {
	s.t.Helper()
	a, err := s.Attention(s.t.Context(), of, limit)
	must(s.t, err)
	if !a.At.Equal(s.clock.Now()) {
		s.t.Errorf("it is of %s", a.At)
	}
	for _, m := range a.Items {
		lines = append(lines, fmt.Sprintf("%s %s for %s, %d%s at risk, %v%s", m.Item, m.Cause, a.At.Sub(m.Since).Round(time.Hour), m.AtRisk, m.Currency, m.Ways, " "+m.Instead))
	}
	return lines, a.More
}

func (s *shop) wantMatters(want ...string) {
	s.t.Helper()
	got, _ := s.matters("", 100)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("what needs attention (-want +got):\n%s", diff)
	}
}

// attentionScenarios are what people do about what does not go on by itself.
var attentionScenarios = []scenario{
	{"a payment of which nothing is known is compensated", config{policy: impatient}, func(s *shop) {
		s.gateway.authorise.say(gatewayLost, gatewaySilent, gatewaySilent)
		o := s.place(cup())
		s.after(time.Hour)
		s.wantMatters(item(o, "authorise") + " stuck for 1h0m0s, 845GBP at risk, [retry compensate] ")
		plan, err := s.PreviewCancel(s.t.Context(), o.ID)
		must(s.t, err)
		if u := plan.Undoing; !u.Waits || u.Asked != 845 || u.Units != 1 {
			s.t.Errorf("cancelled it would be %+v", u)
		}
		s.attend(process.WayCompensate, item(o, "authorise"))
		s.noWay(process.WayCompensate, item(o, "held"), fault.Conflict, "needs attention")
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Tickets: "order_issue open step_stuck"})
		s.wantMatters()
	}},
	{"a stuck step of an order that is held is tried again when it is released", config{policy: impatient}, func(s *shop) {
		s.gateway.authorise.say(gatewaySilent, gatewaySilent, gatewaySilent)
		o := s.place(cup())
		s.after(time.Hour)
		s.hold(o, "made_up")
		if a := s.attend(process.WayRetry, item(o, "authorise")); a.Released != "" || len(a.Steps) != 1 {
			s.t.Errorf("it has done %+v", a)
		}
		s.after(time.Hour)
		s.expect(o, outcome{Order: "processed: reserved due none", Tickets: "order_issue open step_stuck", Next: "authorise held"})
		if a := s.attend(process.WayRetry, fmt.Sprint(o.Number)); a.Released != "made_up" {
			s.t.Errorf("it has done %+v", a)
		}
		s.after(time.Minute)
		going := underWay
		going.Tickets = "order_issue open step_stuck"
		s.expect(o, going)
	}},
	{"an order that is held is compensated", config{policy: settings(byPerson, onHandOver)}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		s.hold(o, "made_up")
		s.noWay(process.WaySkip, item(o, "held"), fault.Conflict, "left: retry, or compensate")
		a := s.attend(process.WayCompensate, item(o, "held"))
		if diff := cmp.Diff(&process.Undoing{Currency: "GBP", Refund: 845, Units: 1, Labelled: 1}, a.Undoing); diff != "" {
			s.t.Error(diff)
		}
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Labels: "1 sold, 1 void"})
	}},
	{"an order whose goods are missing is retried", config{policy: manualCarrier}, func(s *shop) {
		o := s.place(request(1, "LAMP"))
		s.after(time.Minute)
		must(s.t, s.recount("LAMP", "main", 0))
		s.wantMatters(item(o, "held") + " held for 0s, 9295GBP at risk, [retry compensate] ")
		s.noWay(process.WayRetry, item(o, "held"), fault.Conflict, "1 of LAMP are missing, and 0 are there")
		s.receive("LAMP", "main", 1)
		s.attend(process.WayRetry, item(o, "held"))
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: "9295 taken", Tickets: goesOn, Next: "await_handover"})
	}},
	{"a payment that is late", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(6 * day)
		s.wantMatters()
		s.after(2 * day)
		s.wantMatters(item(o, "await_payment") + " overdue for 24h0m0s, 0GBP at risk, [compensate] record the payment")
		s.noWay(process.WayRetry, item(o, "await_payment"), fault.Conflict, "left: compensate, or record the payment")
		s.hold(o, "made_up")
		s.wantMatters(item(o, "held") + " held for 0s, 0GBP at risk, [retry compensate] ")
		s.release(o)
		s.record(o)
		s.after(time.Minute)
		s.wantMatters()
	}},
	{"a parcel that is late", config{}, func(s *shop) {
		s.carrier.blind = true
		o := s.place(cup())
		s.after(8 * day)
		s.wantMatters(item(o, "track") + " overdue for 24h0m0s, 845GBP at risk, [retry] ")
		s.noWay(process.WayCompensate, item(o, "track"), fault.Conflict, "left: retry")
		s.carrier.blind = false
		s.attend(process.WayRetry, item(o, "track"))
		s.after(time.Minute)
		s.wantMatters()
	}},
	{"a gateway that is away for long", config{policy: within(2 * time.Hour)}, func(s *shop) {
		s.gateway.away = true
		o := s.place(cup())
		s.after(time.Hour)
		s.wantMatters()
		s.after(3 * time.Hour)
		s.wantMatters(item(o, "authorise") + " overdue for 2h0m0s, 0GBP at risk, [retry compensate] ")
		s.gateway.away = false
		s.attend(process.WayRetry, item(o, "authorise"))
		s.after(time.Hour)
		s.wantMatters()
	}},
	{"a charge that was looked for by a person", config{gateway: shortKeys, policy: settings(slow, impatient)}, func(s *shop) {
		o := s.denied()
		s.cancel(o)
		s.gateway.lookup.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(time.Hour)
		s.noWay(process.WayCompensate, item(o, "look_again"), fault.Conflict, "left: retry, or skip")
		s.attend(process.WaySkip, item(o, "look_again"))
		s.expect(o, outcome{Order: neverPaid, Money: taken, Tickets: "order_issue open step_stuck"})
		s.wantCount(o, process.EventLookedAgain, 1)
	}},
	{"too late to compensate", config{policy: settings(byPerson, impatient)}, func(s *shop) {
		s.carrier.buy.say(labelAway)
		o := s.twoLamps()
		s.after(0)
		s.carrier.buy.say(labelSilent, labelSilent, labelSilent)
		s.leaveLabelled(o)
		s.after(time.Hour)
		s.noWay(process.WayCompensate, item(o, "buy_label"), fault.TooLate, "left for "+item(o, "buy_label")+": retry")
		s.wantMatters(item(o, "buy_label") + " stuck for 1h0m0s, 18645GBP at risk, [retry] ")
		s.after(20 * day)
		s.wantMatters(item(o, "buy_label") + " stuck for 481h0m0s, 9552GBP at risk, [retry] ")
	}},
}

// TestWhatNeedsAttentionIsBounded lists some of much.
func TestWhatNeedsAttentionIsBounded(t *testing.T) {
	onShops(t, config{policy: settings(manualGateway, holding(over(1000)))}, func(t *testing.T, s *shop) {
		var held, late []order.Order
		for n := range 3 {
			late = append(late, s.place(request(n, "CUP")))
			s.after(day)
			held = append(held, s.place(request(10+n, "POT")))
			s.after(day)
		}
		s.after(2 * day) // the second of those that wait for their payment is not late yet
		for _, c := range []struct {
			cause process.Cause
			limit int
			more  int64
			items []string
		}{
			{"", 10, 0, []string{item(held[0], "held"), item(held[1], "held"), item(held[2], "held"), item(late[0], "await_payment")}},
			{"", 2, 2, []string{item(held[0], "held"), item(held[1], "held")}},
			{process.CauseHeld, 1, 2, []string{item(held[0], "held")}},
			{process.CauseOverdue, 1, 0, []string{item(late[0], "await_payment")}},
			{process.CauseStuck, 1, 0, nil},
		} {
			lines, more := s.matters(c.cause, c.limit)
			var items []string
			for _, l := range lines {
				name, _, _ := strings.Cut(l, " ")
				items = append(items, name)
			}
			if diff := cmp.Diff(c.items, items); diff != "" || more != c.more {
				t.Errorf("%d of %q, and %d more: %s", c.limit, c.cause, more, diff)
			}
		}
	})
}

// TestATicketWithoutAnOrderIsNotForgotten has the step get stuck that closes it.
func TestATicketWithoutAnOrderIsNotForgotten(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		r, err := s.OpenTicket(ctx, person(""), process.TicketRequest{Request: support.Request{Category: support.Other, Body: "made up"}})
		must(t, err)
		id := r.Value.ID
		s.solve(id)
		for _, w := range []process.Way{process.WayRetry, process.WaySkip} {
			s.giveUp(id)
			s.wantMatters(id + "/close_ticket stuck for 0s, 0 at risk, [retry skip] ")
			s.noWay(process.WayCompensate, id, fault.Conflict, "left: retry, or skip")
			if a := s.attend(w, id); a.Ticket != id || len(a.Steps) != 1 {
				t.Errorf("it has done %+v", a)
			}
			if w == process.WayRetry {
				_, err := s.ReplyTicket(ctx, person(""), id, support.FromCustomer, "made up") // which reopens it
				must(t, err)
				s.solve(id)
			}
			s.wantMatters()
		}
		s.wantTicket(id, support.Closed, support.NeedsPerson)
	})
}

// giveUp has every step of an owner fail as by a defect, until it is left to a
// person.
func (s *shop) giveUp(owner string) {
	s.t.Helper()
	for {
		items, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]work.Item, error) { return work.Of(r, owner) })
		must(s.t, err)
		i := slices.IndexFunc(items, func(it work.Item) bool { return it.State == work.Ready })
		if i < 0 {
			return
		}
		must(s.t, s.Failed(s.t.Context(), items[i], errors.New("a made-up defect")))
	}
}

// TestWhatWasTriedIsNotTakenForUntouched cancels an order that is held and whose
// step is to be tried again then: what was asked may have been done.
func TestWhatWasTriedIsNotTakenForUntouched(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		s.giveUp(o.ID)
		s.hold(o, "made_up")
		s.attend(process.WayRetry, item(o, "authorise"))
		s.cancel(o)
		s.wantAttempts(o, attempt.Open)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "cancelled: released refunded none", Money: takenBack, Tickets: "order_issue open step_stuck"})
	})
}

// TestAttendedOnce goes a way twice under one key.
func TestAttendedOnce(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		s.hold(o, "made_up")
		for _, replayed := range []bool{false, true} {
			r, err := s.Attend(t.Context(), person("k1"), process.WayRetry, fmt.Sprint(o.Number))
			must(t, err)
			if r.Replayed != replayed || r.Value.Released != "made_up" {
				t.Errorf("the answer is %+v", r)
			}
		}
		s.noWay("dance", fmt.Sprint(o.Number), fault.Invalid, "[retry skip compensate]")
		s.noWay(process.WayRetry, "ord_gone/held", fault.NotFound, `"ord_gone"`)
		s.noWay(process.WayRetry, "tkt_gone", fault.NotFound, `"tkt_gone"`)
		s.noWay(process.WayRetry, fmt.Sprint(o.Number), fault.Conflict, "needs attention")
	})
}

// TestAStrayChargeIsAtRisk has the gateway not give back what is not the order's.
func TestAStrayChargeIsAtRisk(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		o, late := s.withdrawn()
		s.tooLate(late...)
		s.gateway.refund.say(declinedHard)
		s.after(time.Hour)
		s.wantMatters(item(o, "undo_charge") + " stuck for 1h0m0s, 845GBP at risk, [retry] ")
	})
}

// TestEveryStepSaysItsWays holds the table to what a person may do about it.
func TestEveryStepSaysItsWays(t *testing.T) {
	t.Parallel()
	for _, row := range process.Table() {
		if row.Kind == process.Rule && len(row.Ways) > 0 {
			t.Errorf("%s is never stuck or late, and says ways", row.Step)
		}
		if row.Kind != process.Rule && !slices.Contains(row.Ways, process.WayRetry) {
			t.Errorf("%s can not be tried again", row.Step)
		}
		if slices.Contains(row.Ways, process.WaySkip) != process.Skips(row) {
			t.Errorf("%s is passed over by nothing, or says not that it is", row.Step)
		}
	}
}
