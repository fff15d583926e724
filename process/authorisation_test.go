package process_test

import (
	"slices"
	"time"

	"doorstep/attempt"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// heldFor is a gateway whose authorisations end after a week, the day before
// which it is seen to.
func heldFor(change func(*gateway.Config), policies ...func(*policy.Policy)) config {
	cfg := config{gateway: gateway.Config{AuthorisationLife: 7 * day}, policy: settings(append([]func(*policy.Policy){onHandOver}, policies...)...)}
	if change != nil {
		change(&cfg.gateway)
	}
	return cfg
}

func beforeTheEnd(do policy.AuthorisationEnd) func(*policy.Policy) {
	return func(p *policy.Policy) { p.AuthorisationEnd = do }
}

// slowerThanKeys makes a gateway take longer to answer than a key lives.
func slowerThanKeys(g *gateway.Config) {
	g.KeyLife, g.LatencyMin, g.LatencyMax = 30*time.Second, time.Minute, time.Minute
}

// rarely is a shop that asks again only after hours, when a provider is away for
// long.
func rarely(p *policy.Policy) { p.Ask.Most = policy.Duration(6 * time.Hour) }

// labelAgain is a shop that asks for a label once more after so long.
func labelAgain(d time.Duration) func(*policy.Policy) {
	return func(p *policy.Policy) { p.LabelRetries = policy.Schedule{policy.Duration(d)} }
}

var labelNever = reply[shipping.LabelAnswer]{answer: shipping.LabelAnswer{Refusal: shipping.NoService}}

// held is an order whose money is authorised and whose label will be asked for
// again only later. It comes to just before the authorisation is seen to.
func (s *shop) held(labels ...reply[shipping.LabelAnswer]) order.Order {
	s.t.Helper()
	s.carrier.buy.say(append([]reply[shipping.LabelAnswer]{labelTrouble}, labels...)...)
	o := s.place(cup())
	s.after(6*day - time.Minute)
	s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Next: "buy_label"})
	return o
}

const (
	ended      = "payment_issue open needs_person"
	soon       = 6*day + 3*time.Minute // just after an authorisation is seen to
	unshipped  = "failed shipping_failed: released voided none"
	unshipped2 = "order_issue solved refunded"
)

// authorisationScenarios are the ways of money that is authorised for long.
var authorisationScenarios = []scenario{
	{"an authorisation is shorter than its margin", config{gateway: gateway.Config{AuthorisationLife: 2 * time.Hour}, policy: settings(onHandOver, labelAgain(day))}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(day - time.Minute)
		if renewed := s.count(o, payment.EventRenewed); renewed != 23 {
			s.t.Errorf("it was renewed %d times in a day", renewed)
		}
		s.after(2 * time.Minute)
		s.wantStatus(o, order.Shipped)
	}},
	{"an authorisation is renewed before it ends", heldFor(nil, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held, void", Next: "buy_label"})
		s.after(3 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: "845 taken, void", Labels: "1 sold", Next: "track"})
		s.wantAttempts(o, attempt.Succeeded, attempt.Succeeded, attempt.Succeeded, attempt.Succeeded)
	}},
	{"an authorisation is renewed as often as it takes", heldFor(nil, labelAgain(20*day)), func(s *shop) {
		o := s.held()
		s.after(16 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: "845 taken, void, void, void", Labels: "1 sold", Next: "track"})
		s.wantCount(o, payment.EventRenewed, 3)
	}},
	{"money is taken before its authorisation ends", heldFor(nil, labelAgain(8*day), beforeTheEnd(policy.EndCapture)), func(s *shop) {
		o := s.held()
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "paid: reserved captured planned", Money: taken, Next: "buy_label"})
		s.after(3 * day)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Next: "track"})
	}},
	{"a held order's authorisation ends", heldFor(nil, labelAgain(20*day), beforeTheEnd(policy.EndCapture)), func(s *shop) {
		o := s.held()
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		must(s.t, err)
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Tickets: ended, Next: "buy_label held"})
		_, err = s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(20 * day)
		s.hasEnded(o)
	}},
	{"a held order's authorisation is renewed", heldFor(nil, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		must(s.t, err)
		s.after(2 * time.Minute)
		s.wantCount(o, payment.EventRenewed, 1)
		s.wantCount(o, process.EventUndone, 1)
	}},
	{"an authorisation ends while the money waits for the order's release", heldFor(nil), func(s *shop) {
		s.gateway.capture.say(declinedSoftly)
		o := s.place(cup())
		s.after(time.Second)
		_, err := s.Hold(s.t.Context(), person(""), o.ID, "made_up", "")
		must(s.t, err)
		s.after(6*day + time.Hour)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Tickets: ended, Next: "capture held"})
		_, err = s.Release(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Tickets: ended, Next: "track"})
	}},
	{"a person is told, and the authorisation ends", heldFor(nil, labelAgain(8*day), beforeTheEnd(policy.EndReport)), func(s *shop) {
		o := s.held()
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Tickets: ended, Next: "buy_label"})
		s.after(3 * day)
		s.hasEnded(o)
	}},
	{"a renewal is declined, and the authorisation ends", heldFor(nil, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(declinedHard)
		s.after(3 * day)
		s.hasEnded(o)
	}},
	{"a label is bought while the renewal waits", heldFor(nil, labelAgain(soon)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(declinedSoftly)
		s.after(5 * time.Minute)
		s.expect(o, outcome{Order: "paid: reserved authorised labelled", Money: "845 held", Labels: "1 sold", Next: "renew"})
		s.after(2 * time.Minute)
		s.expect(o, outcome{Order: shippedOnce, Money: "845 taken, void", Labels: "1 sold", Next: "track"})
	}},
	{"a label is bought while the renewal waits that is declined", heldFor(nil, labelAgain(soon)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(declinedSoftly, declinedHard)
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Tickets: ended, Labels: "1 sold", Next: "track"})
	}},
	{"an authorisation ends while it is captured", heldFor(nil, slow, labelAgain(6*day-time.Second)), func(s *shop) {
		s.gateway.capture.say(gatewaySilent, gatewaySilent)
		o := s.held()
		s.after(time.Hour)
		s.expect(o, outcome{Order: shippedOnce, Money: taken, Labels: "1 sold", Next: "track"})
		s.wantCount(o, payment.EventEnding, 0)
	}},
	{"the gateway gives no answer to a renewal", heldFor(nil, impatient, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(gatewaySilent, gatewaySilent, gatewaySilent)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held",
			Tickets: "order_issue open step_stuck", Next: "renew stuck, buy_label"})
		_, err := s.RetryStuck(s.t.Context(), person(""), o.ID)
		must(s.t, err)
		s.after(3 * day)
		s.wantStatus(o, order.Shipped)
	}},
	{"the gateway is away when an authorisation ends", heldFor(nil, within(2*time.Hour), labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.gateway.away = true
		s.after(4 * time.Hour)
		s.expect(o, outcome{Order: "paid: reserved authorised planned", Money: "845 held", Tickets: ended, Next: "renew, buy_label"})
		s.gateway.away = false
		s.after(time.Hour)
		s.wantCount(o, payment.EventRenewed, 1)
	}},
	{"cancelled before the authorisation ends", heldFor(nil, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.cancel(o)
		s.after(10 * day)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void"})
	}},
	{"cancelled while an authorisation is renewed", heldFor(nil, slow, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(gatewayLost)
		s.after(90 * time.Second)
		s.cancel(o)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void, void"})
	}},
	{"cancelled while a renewal is declined", heldFor(nil, slow, labelAgain(8*day)), func(s *shop) {
		o := s.held()
		s.gateway.authorise.say(gatewaySilent, declinedHard)
		s.after(90 * time.Second)
		s.cancel(o)
		s.after(time.Hour)
		s.expect(o, outcome{Order: "cancelled: released voided none", Money: "void"})
	}},
	{"no carrier takes it while the renewal waits", heldFor(nil, failsUnshipped, labelAgain(soon)), func(s *shop) {
		o := s.held(labelNever)
		s.gateway.authorise.say(declinedSoftly)
		s.after(day)
		s.unshipped(o, "void")
		s.wantAttempts(o, attempt.Succeeded, attempt.Declined, attempt.Withdrawn, attempt.Succeeded)
	}},
	{"no carrier takes it while an authorisation is renewed", heldFor(nil, failsUnshipped, slow, labelAgain(6*day+time.Minute)), func(s *shop) {
		o := s.held(labelNever)
		s.gateway.authorise.say(gatewayLost)
		s.after(day)
		s.unshipped(o, "void, void")
	}},
	{"no carrier takes it while a renewal is declined", heldFor(nil, failsUnshipped, slow, labelAgain(6*day+time.Minute)), func(s *shop) {
		o := s.held(labelNever)
		s.gateway.authorise.say(gatewaySilent, declinedSoftly)
		s.after(day)
		s.unshipped(o, "void")
	}},
	{"no carrier takes it, and the renewal was never made",
		heldFor(func(g *gateway.Config) { g.KeyLife = 10 * time.Second }, failsUnshipped, slow, labelAgain(6*day+time.Minute)), func(s *shop) {
			o := s.held(labelNever)
			s.gateway.authorise.say(gatewaySilent)
			s.after(day)
			s.unshipped(o, "void")
		}},
	{"no carrier takes it while the money is taken", heldFor(nil, failsUnshipped, slow, labelAgain(6*day+time.Minute), beforeTheEnd(policy.EndCapture)), func(s *shop) {
		o := s.held(labelNever)
		s.gateway.capture.say(gatewayLost)
		s.after(day)
		s.expect(o, outcome{Order: "failed shipping_failed: released refunded none", Money: takenBack, Tickets: unshipped2})
	}},
	{"the money can not be taken while a label is bought that is refused then", heldFor(nil, slow, labelAgain(6*day-30*time.Second), beforeTheEnd(policy.EndCapture)), func(s *shop) {
		o := s.held(labelSilent, labelNever)
		s.gateway.capture.say(declinedHard)
		s.after(time.Minute)
		s.expect(o, outcome{Order: "failed capture_failed: reserved voided planned", Money: "void", Tickets: "order_issue solved nothing_taken", Next: "buy_label"})
		s.after(time.Hour)
		s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Tickets: "order_issue solved nothing_taken"})
		s.wantLevel("CUP", 100, 0)
	}},
	{"two authorisations are to be given up, and their keys have expired", heldFor(slowerThanKeys, rarely, labelAgain(30*day)), func(s *shop) {
		o := s.held()
		s.gateway.void.say(slices.Repeat([]reply[payment.Answer]{gatewayAway}, 100)...) // for longer than the second takes
		s.after(6*day + time.Hour)
		s.wantCount(o, payment.EventRenewed, 2)
		s.wantCount(o, process.EventUndone, 0)
		s.gateway.void.forget()
		s.after(day)
		s.wantCount(o, process.EventUndone, 2)
	}},
	{"no carrier takes it while the money can not be taken", heldFor(nil, failsUnshipped, slow, labelAgain(6*day+time.Minute), beforeTheEnd(policy.EndCapture)), func(s *shop) {
		o := s.held(labelNever)
		s.gateway.capture.say(gatewaySilent, declinedSoftly)
		s.after(day)
		s.unshipped(o, "void")
	}},
}

// hasEnded checks that an order whose authorisation has ended took nothing.
func (s *shop) hasEnded(o order.Order) {
	s.t.Helper()
	s.expect(o, outcome{Order: "failed capture_failed: released voided none", Money: "void", Labels: "1 sold, 1 void",
		Tickets: "order_issue solved nothing_taken, " + ended})
	v := s.show(o.ID)
	if i := slices.IndexFunc(v.Attempts, func(a payment.Attempt) bool { return a.Op == payment.OpCapture }); i < 0 || v.Attempts[i].Decline != payment.AuthorisationExpired {
		s.t.Errorf("the attempts are %+v", v.Attempts)
	}
}

func (s *shop) unshipped(o order.Order, money string) {
	s.t.Helper()
	s.expect(o, outcome{Order: unshipped, Money: money, Tickets: "order_issue solved nothing_taken"})
}
