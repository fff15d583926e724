package simulated

import (
	"doorstep/fault"
	"doorstep/internal/outside"
	"doorstep/money"
	"doorstep/payment"
)

// Methods that force an outcome. Any other follows the rates. The answer to a
// key is one and the same; a forced silence falls on the first ask under each
// key, and asking again under that key follows the rates.
const (
	MethodInsufficientFunds = "tok_declined_insufficient_funds" // declined, soft
	MethodTryAgainLater     = "tok_declined_try_again_later"    // declined, soft
	MethodExpired           = "tok_declined_expired"            // declined, hard
	MethodStolen            = "tok_declined_stolen"             // declined, hard
	MethodFraud             = "tok_declined_fraud"              // declined, hard
	MethodInvalid           = "tok_declined_invalid"            // declined, hard

	MethodTimeoutAfterChargeOnce  = "tok_timeout_after_charge_once"  // charged, and no answer
	MethodTimeoutBeforeChargeOnce = "tok_timeout_before_charge_once" // not charged, and no answer
	MethodUnreachableOnce         = "tok_unreachable_once"           // the request does not arrive
)

var forcedDecline = map[string]payment.Decline{
	MethodInsufficientFunds: payment.InsufficientFunds,
	MethodTryAgainLater:     payment.TryAgainLater,
	MethodExpired:           payment.CardExpired,
	MethodStolen:            payment.CardStolen,
	MethodFraud:             payment.SuspectedFraud,
	MethodInvalid:           payment.InvalidMethod,
}

var firstFate = map[string]outside.Fate{
	MethodTimeoutAfterChargeOnce:  outside.TimeoutAfter,
	MethodTimeoutBeforeChargeOnce: outside.TimeoutBefore,
	MethodUnreachableOnce:         outside.Unreachable,
}

// The reasons that are drawn from, evenly.
var (
	softDeclines = []payment.Decline{payment.InsufficientFunds, payment.TryAgainLater}
	hardDeclines = []payment.Decline{payment.CardExpired, payment.CardStolen, payment.SuspectedFraud, payment.InvalidMethod}
)

// declineOf tells why an authorisation is declined, or nothing when it is approved.
func (g *Gateway) declineOf(r payment.Authorisation) payment.Decline {
	if d, ok := forcedDecline[r.Method]; ok {
		return d
	}
	return g.drawDecline(authorise, r.Key, g.cfg.DeclineRate, hardDeclines)
}

// refundDeclineOf tells why a permitted refund is declined, or nothing.
func (g *Gateway) refundDeclineOf(key string) payment.Decline {
	return g.drawDecline(refund, key, g.cfg.RefundDeclineRate, []payment.Decline{payment.InvalidMethod})
}

// bounces says whether the money of a refund will come back.
func (g *Gateway) bounces(key string) bool {
	return g.line.Seed.Share(name, refund, "bounces", key) < g.cfg.RefundBounceRate
}

func (g *Gateway) drawDecline(operation, key string, rate float64, hard []payment.Decline) payment.Decline {
	seed := g.line.Seed
	if seed.Share(name, operation, "declined", key) >= rate {
		return ""
	}
	reasons := hard
	if seed.Share(name, operation, "soft", key) < g.cfg.SoftShare {
		reasons = softDeclines
	}
	return reasons[seed.Pick(len(reasons), name, operation, "reason", key)]
}

func checkAmount(a money.Amount) error {
	var wrong fault.Check
	wrong.If(a.Minor <= 0, "Amount", "out_of_range", "an amount is above zero")
	wrong.If(!a.Currency.Valid(), "Amount.Currency", "unknown", "a currency is a code of ISO 4217")
	return wrong.Err("the request to the simulated gateway")
}
