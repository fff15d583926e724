package outside

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"doorstep/clock"
	"doorstep/fault"

	"zombiezen.com/go/sqlite/sqlitex"
)

// Network is how well the line to a provider works. The zero value is perfect:
// every request arrives, every answer comes back, at once.
//
// The rates are shares of the asks, between 0 and 1, together at most 1. Each
// ask is drawn for itself, so that asking again ends, unless they add up to 1.
type Network struct {
	Unreachable   float64       // the request certainly does not arrive
	TimeoutBefore float64       // no answer, and the provider did nothing
	TimeoutAfter  float64       // no answer, and the provider did what was asked
	LatencyMin    time.Duration // the shortest time from request to answer
	LatencyMax    time.Duration // the longest; below LatencyMin it counts as LatencyMin
	Outages       []Outage      // when nothing arrives, whatever the rates
}

// Outage is a time in which no request arrives.
type Outage struct {
	From, To time.Time // To is after it
	Silent   bool      // whoever asks is given no answer, and does not know that the request did not arrive
}

// outage is what an outage does to an ask at a time, "" when there is none.
func (n Network) outage(at time.Time) Fate {
	for _, o := range n.Outages {
		switch {
		case at.Before(o.From) || !at.Before(o.To):
		case o.Silent:
			return TimeoutBefore
		default:
			return Unreachable
		}
	}
	return ""
}

// Check names the settings that are wrong.
func (n Network) Check(c *fault.Check) {
	CheckRate(c, "Unreachable", n.Unreachable)
	CheckRate(c, "TimeoutBefore", n.TimeoutBefore)
	CheckRate(c, "TimeoutAfter", n.TimeoutAfter)
	c.If(n.Unreachable+n.TimeoutBefore+n.TimeoutAfter > 1, "TimeoutAfter", "out_of_range",
		"Unreachable, TimeoutBefore and TimeoutAfter add up to at most 1")
	c.If(n.LatencyMin < 0, "LatencyMin", "out_of_range", "a latency is not negative")
	c.If(n.LatencyMax < 0, "LatencyMax", "out_of_range", "a latency is not negative")
	for i, o := range n.Outages {
		c.If(!o.From.Before(o.To), fmt.Sprintf("Outages[%d]", i), "out_of_range", "an outage ends after it begins")
	}
}

// CheckRate names the setting when it is no share between 0 and 1.
func CheckRate(c *fault.Check, path string, rate float64) {
	c.If(!(rate >= 0 && rate <= 1), path, "out_of_range", "a rate is between 0 and 1")
}

// Fate is what the network does to one ask.
type Fate string

// The fates. The empty one leaves it to the network's rates.
const (
	Arrives       Fate = "arrives"
	Unreachable   Fate = "unreachable"
	TimeoutBefore Fate = "timeout_before"
	TimeoutAfter  Fate = "timeout_after"
)

func (n Network) fate(share float64) Fate {
	switch {
	case share < n.Unreachable:
		return Unreachable
	case share < n.Unreachable+n.TimeoutBefore:
		return TimeoutBefore
	case share < n.Unreachable+n.TimeoutBefore+n.TimeoutAfter:
		return TimeoutAfter
	}
	return Arrives
}

// Provider says what is at the other end of a line.
type Provider struct {
	Name       string             // tells two providers in one file apart, and their draws
	Schema     string             // makes the provider's own tables where they are missing
	Seed       Seed               // where all chance comes from
	Network    Network            // how well the line works
	KeyLife    time.Duration      // how long a key is honoured after its first use; 0 means 24 hours
	NotReached error              // what an unreachable provider's error wraps
	Check      func(*fault.Check) // names what is wrong of the provider's own settings
}

// defaultKeyLife is a common life of an idempotency key, as Stripe's
// (https://docs.stripe.com/api/idempotent_requests).
const defaultKeyLife = 24 * time.Hour

// check checks all settings of a provider.
func (p Provider) check() error {
	var wrong fault.Check
	if p.Check != nil {
		p.Check(&wrong)
	}
	p.Network.Check(&wrong)
	wrong.If(p.KeyLife < 0, "KeyLife", "out_of_range", "a key's life is not negative")
	return wrong.Err("the simulated " + p.Name + "'s configuration")
}

// Line is the line to one provider. It may be used by many goroutines.
type Line struct {
	Provider
	file *File
	clk  clock.Clock
}

// Dial opens the provider's file (see Open) and makes its tables.
//
// Errors: invalid when the provider's settings are wrong, with their fields;
// unavailable when the file can not be opened.
func Dial(path string, p Provider, clk clock.Clock) (*Line, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	p.KeyLife = cmp.Or(p.KeyLife, defaultKeyLife)
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	l := &Line{Provider: p, file: file, clk: clk}
	if err := l.update(l.makeTables); err != nil {
		return nil, cannotOpen(path, errors.Join(err, file.Close()))
	}
	return l, nil
}

func (l *Line) makeTables(tx *Tx) error {
	return sqlitex.ExecuteScript(tx.conn, schema+l.Schema, nil)
}

// Close closes the file.
func (l *Line) Close() error { return l.file.Close() }

// Now is the provider's time.
func (l *Line) Now() time.Time { return l.clk.Now() }

// Request is one ask of a provider.
type Request struct {
	Operation string // what is asked for, such as refund
	Key       string // what it is about: the attempt's key, or the thing that is read
	Body      any    // the whole request, to see that a key repeats the same one; encodes as JSON
	First     Fate   // what the network does to the first ask under the key, whatever its rates
}

// Read asks for something that changes nothing at the provider.
//
// Errors: unavailable and wrapping the provider's NotReached when the request
// did not arrive; unavailable and wrapping context.DeadlineExceeded, or ctx's own
// error, when no answer came back; the error of answer.
func (l *Line) Read(ctx context.Context, r Request, answer func(tx *Tx) error) error {
	lag := l.Seed.Between(l.Network.LatencyMin, l.Network.LatencyMax, l.Name, r.Operation, "latency", r.Key)
	if err := l.clk.Sleep(ctx, lag/2); err != nil {
		return l.noAnswer(r, err)
	}
	fate, err := l.deliver(r, answer)
	if err != nil {
		return err
	}
	if err := l.clk.Sleep(ctx, lag-lag/2); err != nil {
		return l.noAnswer(r, err)
	}
	return l.outcome(r, fate)
}

// deliver counts the ask and lets it arrive or not, in one transaction.
func (l *Line) deliver(r Request, answer func(tx *Tx) error) (fate Fate, err error) {
	err = l.update(func(tx *Tx) error {
		n, err := l.countAsk(tx, r)
		if err != nil {
			return err
		}
		fate = l.fateOf(r, n)
		if fate == Unreachable || fate == TimeoutBefore {
			return nil
		}
		return answer(tx)
	})
	return fate, err
}

func (l *Line) fateOf(r Request, ask int64) Fate {
	if f := l.Network.outage(l.Now()); f != "" {
		return f
	}
	if ask == 1 && r.First != "" {
		return r.First
	}
	return l.Network.fate(l.Seed.Share(l.Name, r.Operation, "network", r.Key, strconv.FormatInt(ask, 10)))
}

func (l *Line) outcome(r Request, f Fate) error {
	switch f {
	case Unreachable:
		return fault.New(fault.Unavailable, "simulated %s: %s: %w", l.Name, r.Operation, l.NotReached)
	case TimeoutBefore, TimeoutAfter:
		return l.noAnswer(r, context.DeadlineExceeded)
	}
	return nil
}

func (l *Line) noAnswer(r Request, err error) error {
	return fault.New(fault.Unavailable, "simulated %s: %s: no answer in time: %w", l.Name, r.Operation, err)
}

// update runs fn in a transaction. It takes no context: the provider does not
// stop when the one who asked hangs up.
func (l *Line) update(fn func(tx *Tx) error) error { return l.broken(l.file.Update(fn)) }

// View reads the provider's books, over no network.
//
// Errors: fn's own, where it has a code; internal when the file can not be read.
func (l *Line) View(fn func(tx *Tx) error) error { return l.broken(l.file.View(fn)) }

// broken gives a code to an error of the provider's file and leaves the
// provider's own errors as they are.
func (l *Line) broken(err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	return fault.New(fault.Internal, "simulated %s: the outside world's file failed: %w", l.Name, err)
}
