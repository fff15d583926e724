package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"doorstep"
	"doorstep/clock"
	"doorstep/fault"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// Some rows fire only where a provider contradicts itself or changes its mind. The
// simulated ones do not: around them, under a name of their own, are two that do,
// on the same books.

// haveMoods names the environment variable that says whether the program has them.
const haveMoods = "DOORSTEP_TEST_MOODS"

// moody is what they are called.
const moody = "moody"

// What is asked of them by the payment's method and the postal code. The money of a
// forgotten payment is taken, and the gateway knows nothing of it until it has
// declined another attempt; that of an empty one can be authorised and not taken; a silent
// one is not answered when an order's is asked for the first time; that of a late one
// is there when it is asked for again. What is sent to where it is gone at once is picked
// up when its label is bought, and what goes to where it is seen is scanned by then.
const (
	methodForgotten = "tok_forgotten"
	methodEmpty     = "tok_empty"
	methodSilent    = "tok_silent"
	methodLater     = "tok_later"
	postalGone      = "GONE-AT-ONCE"
	postalSeen      = "SEEN-AT-ONCE"
)

// addMoods adds both to the shop's providers.
func addMoods(c *doorstep.Config) error {
	g, err1 := gateway.Open(filepath.Join(c.Outside, "gateway.db"), c.Gateway, clock.Wall{})
	b, err2 := carrier.Open(filepath.Join(c.Outside, "carrier.db"), c.Carrier, clock.Wall{})
	notes := notes(filepath.Join(c.Outside, moody))
	c.Gateways = append(c.Gateways, &moodyGateway{g, notes})
	c.Carriers = append(c.Carriers, &moodyCarrier{b, notes})
	return errors.Join(err1, err2, os.MkdirAll(string(notes), 0o755))
}

// notes is a folder in which a provider notes what it has to remember, also when
// the program dies.
type notes string

// write notes something, and says whether it was not there yet.
func (n notes) write(what, of string) (bool, error) { return n.keep(what, of, "") }

// keep notes something with a text.
func (n notes) keep(what, of, text string) (bool, error) {
	f, err := os.OpenFile(n.at(what, of), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = f.WriteString(text)
	return true, errors.Join(err, f.Close())
}

// first returns the first text that something was noted with: this one, when there is
// none.
func (n notes) first(what, of, text string) (string, error) {
	if isFirst, err := n.keep(what, of, text); err != nil || isFirst {
		return text, err
	}
	kept, err := os.ReadFile(n.at(what, of))
	return string(kept), err
}

func (n notes) has(what, of string) bool {
	_, err := os.Stat(n.at(what, of))
	return err == nil
}

func (n notes) at(what, of string) string { return filepath.Join(string(n), what+" "+of) }

type moodyGateway struct {
	*gateway.Gateway
	notes
}

func (g *moodyGateway) Name() string { return moody }

// Authorise forces what the payment's method says.
func (g *moodyGateway) Authorise(ctx context.Context, r payment.Authorisation) (payment.Answer, error) {
	switch r.Method {
	case methodForgotten:
		return g.forget(ctx, r)
	case methodSilent:
		if first, err := g.write("silent", r.Order); err != nil || first {
			return payment.Answer{}, errors.Join(err, errSilent)
		}
	}
	answer, err := g.Gateway.Authorise(ctx, r)
	if err == nil && (r.Method == methodEmpty || r.Method == methodLater) {
		_, err = g.write(r.Method, answer.Ref)
	}
	return answer, err
}

var errSilent = fault.New(fault.Unavailable, "the moody gateway gives no answer: %w", context.DeadlineExceeded)

// forget carries an order's first attempt out and never answers it. Another one is
// declined, and then it remembers.
func (g *moodyGateway) forget(ctx context.Context, r payment.Authorisation) (payment.Answer, error) {
	key, err := g.first("forgotten of", r.Order, r.Key)
	if err != nil {
		return payment.Answer{}, err
	}
	if r.Key != key {
		_, err := g.write("remembered", key)
		return payment.Answer{Result: payment.Declined, Decline: payment.CardStolen}, err
	}
	_, err1 := g.write("forgotten", key)
	_, err2 := g.Gateway.Authorise(ctx, r)
	return payment.Answer{}, errors.Join(err1, err2, errSilent)
}

// Capture declines the money of an empty payment, and that of a late one once.
func (g *moodyGateway) Capture(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	if g.has(methodEmpty, r.Ref) {
		return payment.Answer{Result: payment.Declined, Decline: payment.InvalidMethod}, nil
	}
	if g.has(methodLater, r.Ref) {
		if key, err := g.first("late", r.Ref, r.Key); err != nil || key == r.Key {
			return payment.Answer{Result: payment.Declined, Decline: payment.TryAgainLater}, err
		}
	}
	return g.Gateway.Capture(ctx, r)
}

// Lookup knows nothing of a forgotten payment until it remembers.
func (g *moodyGateway) Lookup(ctx context.Context, key string) (payment.Answer, error) {
	if g.has("forgotten", key) && !g.has("remembered", key) {
		return payment.Answer{}, fmt.Errorf("the moody gateway: %w", payment.ErrNoAttempt)
	}
	return g.Gateway.Lookup(ctx, key)
}

type moodyCarrier struct {
	*carrier.Carrier
	notes
}

func (c *moodyCarrier) Name() string { return moody }

// BuyLabel notes which parcels are gone at once.
func (c *moodyCarrier) BuyLabel(ctx context.Context, key string, p shipping.Parcel) (shipping.LabelAnswer, error) {
	answer, err := c.Carrier.BuyLabel(ctx, key, p)
	if err == nil && answer.Bought {
		switch p.To.PostalCode {
		case postalGone:
			_, err = c.write("gone", answer.Ref)
		case postalSeen:
			_, err = c.write("seen", answer.TrackingNumber)
		}
	}
	return answer, err
}

// Track says of what was seen at once that it is under way. For a while it leaves it to
// policy when to ask again, as long as the money may take.
func (c *moodyCarrier) Track(ctx context.Context, number string) (shipping.Tracking, error) {
	t, err := c.Carrier.Track(ctx, number)
	if note, missing := os.Stat(c.at("seen", number)); err == nil && missing == nil {
		t.Scans = append(t.Scans, shipping.Scan{ID: number + "-seen", Status: shipping.InTransit, At: seenAt, Place: "made up"})
		if time.Since(note.ModTime()) < 20*time.Second {
			t.Next = time.Time{}
		}
	}
	return t, err
}

// seenAt is when the carrier says that it has seen a parcel, by its own clock.
var seenAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// VoidLabel takes no label back of a parcel that is gone.
func (c *moodyCarrier) VoidLabel(ctx context.Context, key, ref string) (shipping.VoidAnswer, error) {
	if c.has("gone", ref) {
		return shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}, nil
	}
	return c.Carrier.VoidLabel(ctx, key, ref)
}
