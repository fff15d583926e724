package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// keep notes something with a text: whole, or not at all.
func (n notes) keep(what, of, text string) (bool, error) {
	f, err := os.CreateTemp(string(n), "draft-*")
	if err != nil {
		return false, err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Link(f.Name(), n.at(what, of))
	}
	there := errors.Is(err, os.ErrExist)
	if there {
		err = nil
	}
	return !there && err == nil, errors.Join(err, os.Remove(f.Name()))
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

// read returns the text that something was noted with, "" when it was not.
func (n notes) read(what, of string) string {
	text, err := os.ReadFile(n.at(what, of))
	if err != nil {
		return ""
	}
	return string(text)
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
		_, err = g.keep(r.Method, answer.Ref, r.Order)
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
	answer, err := g.Gateway.Capture(ctx, r)
	if of := g.read(methodLater, r.Ref); err == nil && of != "" && answer.Result == payment.Succeeded {
		_, err = g.write("taken", of)
	}
	return answer, err
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

// BuyLabel notes which parcels are gone or seen at once.
func (c *moodyCarrier) BuyLabel(ctx context.Context, key string, p shipping.Parcel) (shipping.LabelAnswer, error) {
	if _, err := c.keep("asked for", key, p.To.PostalCode+"\n"+p.Order); err != nil {
		return shipping.LabelAnswer{}, err
	}
	answer, err := c.Carrier.BuyLabel(ctx, key, p)
	if err != nil {
		return answer, err
	}
	return answer, c.noteLabel(key, answer)
}

// Lookup notes it of a label that was bought without an answer.
func (c *moodyCarrier) Lookup(ctx context.Context, key string) (shipping.LabelAnswer, error) {
	answer, err := c.Carrier.Lookup(ctx, key)
	if err != nil {
		return answer, err
	}
	return answer, c.noteLabel(key, answer)
}

func (c *moodyCarrier) noteLabel(key string, answer shipping.LabelAnswer) (err error) {
	to, of, _ := strings.Cut(c.read("asked for", key), "\n")
	switch {
	case !answer.Bought:
	case to == postalGone:
		_, err = c.write("gone", answer.Ref)
	case to == postalSeen:
		_, err = c.keep("seen", answer.TrackingNumber, of)
	}
	return err
}

// Track says of what was seen at once that it is under way. It leaves it to policy when
// to ask again, a few times when its money was taken, and often until then.
func (c *moodyCarrier) Track(ctx context.Context, number string) (shipping.Tracking, error) {
	t, err := c.Carrier.Track(ctx, number)
	of := c.read("seen", number)
	if err != nil || of == "" {
		return t, err
	}
	t.Scans = append(t.Scans, shipping.Scan{ID: number + "-seen", Status: shipping.InTransit, At: seenAt, Place: "made up"})
	when, most := "unpaid", 60
	if c.has("taken", of) {
		when, most = "paid", 5
	}
	for n := range most {
		if isNext, err := c.write(fmt.Sprint(when, " asked ", n), number); err != nil || isNext {
			t.Next = time.Time{}
			return t, err
		}
	}
	return t, nil
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
