// Package simulated is a made-up payment provider. It approves, declines and
// falls silent by chance, and all its chance comes from a seed. Its books are a
// file of its own, which outlives the process and bears witness to what was
// really charged.
package simulated

import (
	"context"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
	"doorstep/payment"
)

// Config says how the provider behaves. The zero value approves everything at
// once over a perfect line. A rate is a share between 0 and 1.
//
// One file is meant to be used with one Config: another Seed draws other
// answers for the keys that are still to come.
type Config struct {
	Seed              uint64        // where all chance comes from
	DeclineRate       float64       // authorisations that are declined, drawn once per key
	SoftShare         float64       // declines that may pass when asked again under a new key
	RefundDeclineRate float64       // permitted refunds that are declined, drawn once per key
	RefundBounceRate  float64       // refunds whose money comes back later, drawn once per key
	RefundBounceAfter time.Duration // how much later
	Unreachable       float64       // asks that certainly do not arrive (payment.ErrNotReached)
	TimeoutBefore     float64       // asks without an answer, where nothing was done
	TimeoutAfter      float64       // asks without an answer, where it was done
	LatencyMin        time.Duration // the shortest time from ask to answer, in the clock's time
	LatencyMax        time.Duration // the longest; below LatencyMin it counts as LatencyMin
	Outages           []Outage      // when no ask arrives, whatever the rates
	KeyLife           time.Duration // how long a key is honoured after its first use; 0 means 24 hours
	AuthorisationLife time.Duration // how long an authorisation can be captured; 0 means always
}

// Outage is a time in which the provider is not to be reached.
type Outage = outside.Outage

// name tells the gateway's rows and draws from those of other providers.
const name = "gateway"

// The operations, as they are kept.
const (
	authorise = "authorise"
	capture   = "capture"
	void      = "void"
	refund    = "refund"
)

// Gateway is the provider. It may be used by many goroutines, and its file by
// several processes.
type Gateway struct {
	line *outside.Line
	cfg  Config
}

var _ payment.Gateway = (*Gateway)(nil)

// Open opens the provider with its books in the file at path, or in memory when
// path is empty. The file may be shared with other simulated providers.
//
// Errors: invalid when cfg is wrong, with its fields; unavailable when the file
// can not be opened.
func Open(path string, cfg Config, clk clock.Clock) (*Gateway, error) {
	line, err := outside.Dial(path, cfg.provider(), clk)
	if err != nil {
		return nil, err
	}
	return &Gateway{line: line, cfg: cfg}, nil
}

func (c Config) provider() outside.Provider {
	return outside.Provider{
		Name: name, Schema: schema, Seed: outside.Seed(c.Seed), KeyLife: c.KeyLife, NotReached: payment.ErrNotReached, Check: c.check,
		Network: outside.Network{Unreachable: c.Unreachable, TimeoutBefore: c.TimeoutBefore, TimeoutAfter: c.TimeoutAfter,
			LatencyMin: c.LatencyMin, LatencyMax: c.LatencyMax, Outages: c.Outages},
	}
}

// check names the settings that are wrong and that no other provider has.
func (c Config) check(wrong *fault.Check) {
	outside.CheckRate(wrong, "DeclineRate", c.DeclineRate)
	outside.CheckRate(wrong, "SoftShare", c.SoftShare)
	outside.CheckRate(wrong, "RefundDeclineRate", c.RefundDeclineRate)
	outside.CheckRate(wrong, "RefundBounceRate", c.RefundBounceRate)
	wrong.If(c.RefundBounceAfter < 0, "RefundBounceAfter", "out_of_range", "a wait is not negative")
	wrong.If(c.AuthorisationLife < 0, "AuthorisationLife", "out_of_range", "an authorisation's life is not negative")
}

// Close closes the provider's file.
func (g *Gateway) Close() error { return g.line.Close() }

// Name is what the simulated gateway is called in policies and orders.
const Name = "simulated"

// Name returns "simulated".
func (g *Gateway) Name() string { return Name }

// Pretends says that no money moves by it.
func (*Gateway) Pretends() {}

// KeyLife is how long a key is honoured after its first use. After that the
// provider takes a request under the key for a new one.
func (g *Gateway) KeyLife() time.Duration { return g.line.KeyLife }

// Authorise asks for the money; with Capture it is taken at once. Some values of
// Method force an outcome, as the constants say.
//
// Errors: invalid when the key is missing, the amount not positive or its
// currency unknown; conflict when the key was used for another request;
// unavailable when no answer came, wrapping payment.ErrNotReached when the request
// did not arrive and otherwise context.DeadlineExceeded or ctx's own error.
func (g *Gateway) Authorise(ctx context.Context, r payment.Authorisation) (payment.Answer, error) {
	if err := checkAmount(r.Amount); err != nil {
		return payment.Answer{}, err
	}
	ask := outside.Request{Operation: authorise, Key: r.Key, Body: r, First: firstFate[r.Method]}
	return outside.Ask(ctx, g.line, ask, func(tx *outside.Tx, a outside.Attempt) (payment.Answer, error) {
		ref := g.line.Ref("ch", a)
		if d := g.declineOf(r); d != "" {
			return payment.Answer{Result: payment.Declined, Ref: ref, Decline: d}, nil
		}
		answer := payment.Answer{Result: payment.Succeeded, Ref: ref}
		if g.cfg.AuthorisationLife > 0 && !r.Capture {
			answer.Until = a.At.Add(g.cfg.AuthorisationLife)
		}
		return answer, insertCharge(tx, ref, a, r, answer.Until)
	})
}

// Capture takes money of an authorisation, in one or more parts. It is declined
// as not permitted when the authorisation is unknown or void, or when more would
// be captured than was authorised; and as expired from its end on.
//
// Errors: as for Authorise.
func (g *Gateway) Capture(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	if err := checkAmount(r.Amount); err != nil {
		return payment.Answer{}, err
	}
	return g.follow(ctx, capture, r)
}

// Void gives up an authorisation as a whole, whatever the amount. It is
// declined as not permitted when the authorisation is unknown, void already, or
// when some of it was captured.
//
// Errors: as for Authorise, but for those of the amount.
func (g *Gateway) Void(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	return g.follow(ctx, void, r)
}

// Refund gives captured money back, in one or more parts. It is declined as not
// permitted when the authorisation is unknown or when more would be refunded than
// was captured, and otherwise by RefundDeclineRate.
//
// Errors: as for Authorise.
func (g *Gateway) Refund(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	if err := checkAmount(r.Amount); err != nil {
		return payment.Answer{}, err
	}
	return g.follow(ctx, refund, r)
}

// Lookup tells what became of the latest attempt with the key, of any operation
// and however old. A refund whose money has come back was declined after all.
//
// Errors: not found and wrapping payment.ErrNoAttempt when there is none;
// unavailable as for Authorise.
func (g *Gateway) Lookup(ctx context.Context, key string) (payment.Answer, error) {
	answer, err := outside.Lookup[payment.Answer](ctx, g.line, key, "", payment.ErrNoAttempt)
	if err != nil {
		return answer, err
	}
	bounced, err := g.hasBounced(key)
	if bounced {
		answer.Result, answer.Decline = payment.Declined, payment.InvalidMethod
	}
	return answer, err
}
