// Package simulated is a made-up carrier. It prices, refuses and scans by
// tables and by chance, and all its chance comes from a seed. Its books are a
// file of its own, which outlives the process and bears witness to which labels
// were really bought.
//
// A parcel needs no attention on its way: every scan of it is a pure function of
// the seed and of its label, and shows when the clock has passed its time.
package simulated

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
	"doorstep/money"
	"doorstep/shipping"
)

// Config says how the carrier behaves. The zero value sells every label at once
// over a perfect line and shows each scan once, when it was made. A rate is a
// share between 0 and 1.
//
// One file is meant to be used with one Config: another Seed draws another way
// for parcels that are already under way.
type Config struct {
	Name          string        // what it is called in policies and orders; Name when empty
	Price         float64       // so many times the tariff; 1 when 0
	Seed          uint64        // where all chance comes from
	RefuseRate    float64       // purchases that are refused for good, drawn once per key
	TroubleRate   float64       // purchases that are refused for now, drawn once per key
	LateRate      float64       // scans that show 1 to 12 hours after they were made
	TwiceRate     float64       // scans that show a second time, 1 to 12 hours later
	LostRate      float64       // parcels that are lost: of them nothing more is seen, or they turn up weeks later
	DamagedRate   float64       // parcels that are damaged
	RefusedRate   float64       // parcels that are refused at the door, and come back
	ReturnedRate  float64       // parcels that can not be delivered, and come back
	Unreachable   float64       // asks that certainly do not arrive (shipping.ErrNotReached)
	TimeoutBefore float64       // asks without an answer, where nothing was done
	TimeoutAfter  float64       // asks without an answer, where it was done
	LatencyMin    time.Duration // the shortest time from ask to answer, in the clock's time
	LatencyMax    time.Duration // the longest; below LatencyMin it counts as LatencyMin
	Outages       []Outage      // when no ask arrives, whatever the rates
	Strikes       []Strike      // when no parcel moves
	KeyLife       time.Duration // how long a key is honoured after its first use; 0 means 24 hours
}

// Outage is a time in which the carrier is not to be reached.
type Outage = outside.Outage

// name tells the carrier's rows and draws from those of other providers.
const name = "carrier"

// The operations, as they are kept.
const (
	rate      = "rate"
	buyLabel  = "buy_label"
	voidLabel = "void_label"
	track     = "track"
)

// Carrier is the provider. It may be used by many goroutines, and its file by
// several processes.
type Carrier struct {
	line *outside.Line
	cfg  Config
}

var _ shipping.Carrier = (*Carrier)(nil)

// Open opens the carrier with its books in the file at path, or in memory when
// path is empty. The file may be shared with other simulated providers.
//
// Errors: invalid when cfg is wrong, with its fields; unavailable when the file
// can not be opened.
func Open(path string, cfg Config, clk clock.Clock) (*Carrier, error) {
	line, err := outside.Dial(path, cfg.provider(), clk)
	if err != nil {
		return nil, err
	}
	return &Carrier{line: line, cfg: cfg}, nil
}

func (c Config) provider() outside.Provider {
	return outside.Provider{
		Name: name, Schema: schema, Seed: outside.Seed(c.Seed), KeyLife: c.KeyLife, NotReached: shipping.ErrNotReached, Check: c.check,
		Network: outside.Network{Unreachable: c.Unreachable, TimeoutBefore: c.TimeoutBefore, TimeoutAfter: c.TimeoutAfter,
			LatencyMin: c.LatencyMin, LatencyMax: c.LatencyMax, Outages: c.Outages},
	}
}

// check names the settings that are wrong and that no other provider has.
func (c Config) check(wrong *fault.Check) {
	wrong.If(!(c.Price >= 0 && c.Price <= dearest), "Price", "out_of_range", "from 0 to %d times the tariff", dearest)
	outside.CheckRate(wrong, "RefuseRate", c.RefuseRate)
	outside.CheckRate(wrong, "TroubleRate", c.TroubleRate)
	wrong.If(c.RefuseRate+c.TroubleRate > 1, "TroubleRate", "out_of_range", "RefuseRate and TroubleRate add up to at most 1")
	outside.CheckRate(wrong, "LateRate", c.LateRate)
	outside.CheckRate(wrong, "TwiceRate", c.TwiceRate)
	outside.CheckRate(wrong, "LostRate", c.LostRate)
	outside.CheckRate(wrong, "DamagedRate", c.DamagedRate)
	outside.CheckRate(wrong, "RefusedRate", c.RefusedRate)
	outside.CheckRate(wrong, "ReturnedRate", c.ReturnedRate)
	wrong.If(c.LostRate+c.DamagedRate+c.RefusedRate+c.ReturnedRate > 1, "LostRate", "out_of_range", "the rates of parcels that do not arrive add up to at most 1")
	for i, s := range c.Strikes {
		wrong.If(!s.From.Before(s.To), fmt.Sprintf("Strikes[%d]", i), "out_of_range", "a strike ends after it begins")
	}
}

// Close closes the carrier's file.
func (c *Carrier) Close() error { return c.line.Close() }

// Name is what the simulated carrier is called in policies and orders that has no
// name of its own.
const Name = "simulated"

// Name returns its name.
func (c *Carrier) Name() string { return cmp.Or(c.cfg.Name, Name) }

// Pretends says that no parcel leaves by it.
func (*Carrier) Pretends() {}

// KeyLife is how long a key is honoured after its first use. After that the
// carrier takes a request under the key for a new one.
func (c *Carrier) KeyLife() time.Duration { return c.line.KeyLife }

// Rate tells what a parcel costs, so many times as Price says as the carrier is dear.
//
// Errors: those of Price; unavailable when no answer came, wrapping
// shipping.ErrNotReached when the request did not arrive and otherwise
// context.DeadlineExceeded or ctx's own error.
func (c *Carrier) Rate(ctx context.Context, p shipping.Parcel) (cost money.Amount, err error) {
	ask := outside.Request{Operation: rate, Key: p.Order}
	err = c.line.Read(ctx, ask, func(*outside.Tx) (err error) {
		if _, err = Price(p); err == nil {
			cost = c.cost(p)
		}
		return err
	})
	return cost, err
}

// BuyLabel buys a label for a parcel. A country code that is none is refused as
// an address, a service or weight that is not carried as no service. Some values
// of To.PostalCode force an outcome, as the constants say.
//
// Errors: invalid when the key is missing, the sender's country is no code of
// two letters or the currency unknown; conflict when the key was used for another
// request; unavailable as for Rate.
func (c *Carrier) BuyLabel(ctx context.Context, key string, p shipping.Parcel) (shipping.LabelAnswer, error) {
	if err := checkSender(p); err != nil {
		return shipping.LabelAnswer{}, err
	}
	ask := outside.Request{Operation: buyLabel, Key: key, Body: p, First: firstFate[p.To.PostalCode]}
	return outside.Ask(ctx, c.line, ask, func(tx *outside.Tx, a outside.Attempt) (shipping.LabelAnswer, error) {
		refusal, err := c.refusalOf(tx, a, p)
		if err != nil || refusal != "" {
			return shipping.LabelAnswer{Refusal: refusal, Cost: money.Of(0, p.Currency)}, err
		}
		return c.sell(tx, a, p)
	})
}

// VoidLabel gives back the label with the carrier's reference; a label that is
// void stays so. It is refused as already handed in from the moment that the
// parcel was picked up.
//
// Errors: invalid when the key is missing; not found when the carrier has no
// such label; conflict when the key was used for another request; unavailable as
// for Rate.
func (c *Carrier) VoidLabel(ctx context.Context, key, ref string) (shipping.VoidAnswer, error) {
	ask := outside.Request{Operation: voidLabel, Key: key, Body: ref}
	return outside.Ask(ctx, c.line, ask, func(tx *outside.Tx, a outside.Attempt) (shipping.VoidAnswer, error) {
		l, err := findLabel(tx, "ref", ref)
		if errors.Is(err, outside.ErrNoRow) {
			return shipping.VoidAnswer{}, fault.New(fault.NotFound, "the simulated carrier has no label %q", ref)
		}
		if err != nil || l.Voided {
			return shipping.VoidAnswer{Voided: l.Voided}, err
		}
		if !a.At.Before(c.pickup(l)) {
			return shipping.VoidAnswer{Refusal: shipping.AlreadyHandedIn}, nil
		}
		return shipping.VoidAnswer{Voided: true}, voidAt(tx, ref, a.At)
	})
}

// Lookup tells what became of the latest purchase with the key, however old.
//
// Errors: not found and wrapping shipping.ErrNoLabel when there is none;
// unavailable as for Rate.
func (c *Carrier) Lookup(ctx context.Context, key string) (shipping.LabelAnswer, error) {
	return outside.Lookup[shipping.LabelAnswer](ctx, c.line, key, buyLabel, shipping.ErrNoLabel)
}

// Track returns what shows of a parcel by now, in the order in which it came to
// show: scans may be late and thereby out of order, and may come twice. A parcel
// whose label is void shows nothing new.
//
// Next is when the next scan shows; zero once the delivery or another end shows,
// and for a void label.
//
// Errors: not found and wrapping shipping.ErrNoLabel when the carrier has no such
// tracking number; unavailable as for Rate.
func (c *Carrier) Track(ctx context.Context, trackingNumber string) (t shipping.Tracking, err error) {
	ask := outside.Request{Operation: track, Key: trackingNumber}
	err = c.line.Read(ctx, ask, func(tx *outside.Tx) error {
		l, err := findLabel(tx, "tracking_number", trackingNumber)
		if errors.Is(err, outside.ErrNoRow) {
			return fault.New(fault.NotFound, "simulated carrier: track: %w", shipping.ErrNoLabel)
		}
		if err != nil {
			return err
		}
		t = c.seen(l, c.line.Now())
		return nil
	})
	if err != nil {
		return shipping.Tracking{}, err
	}
	return t, nil
}
