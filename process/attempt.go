package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"doorstep/access"
	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/policy"
	"doorstep/support"
)

// inquiry is how a step asks a provider: Q is what it is asked, A is what it
// answers.
type inquiry[Q, A any] struct {
	kind     ProviderKind
	provider func(Q) string
	read     func(db.Reader, work.Item) (Q, error)
	ask      func(context.Context, *Process, Q) (A, error)
	settle   func(c *change, own *work.Item, q Q, answer A, asked error) error
	// late keeps what was answered when someone else had the step already; nil
	// where nothing is lost by that.
	late func(tx *db.Tx, id string, q Q, answer string)
	// reconcile sees to what such an answer means; nil where it means nothing.
	reconcile func(c *change, q Q, answer A) error
}

// carryOut asks the provider and returns what is to be written then.
func (i inquiry[Q, A]) carryOut(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	q, set, err := i.prepare(ctx, p, it)
	if err != nil {
		return nil, err
	}
	answer, asked := i.put(ctx, p, q, set)
	return func(ctx context.Context) error {
		settled := p.settle(ctx, it, access.Provider(i.provider(q)), func(c *change, own *work.Item) error {
			return i.settle(c, own, q, answer, asked)
		})
		if errors.Is(settled, work.ErrLeaseLost) && i.late != nil {
			return errors.Join(settled, i.keepLate(ctx, p, it, q, answer, asked))
		}
		return settled
	}, nil
}

// prepare reads what the provider is asked, and how the shop's breakers are set.
func (i inquiry[Q, A]) prepare(ctx context.Context, p *Process, it work.Item) (q Q, set policy.Breaker, err error) {
	q, err = db.View(ctx, p.db, func(r db.Reader) (Q, error) {
		current, err := p.policies.Current(r)
		if err != nil {
			return q, err
		}
		set = current.Breaker
		return i.read(r, it)
	})
	return q, set, err
}

// put puts the question to the provider, unless its breaker is open: then it
// was not reached.
func (i inquiry[Q, A]) put(ctx context.Context, p *Process, q Q, set policy.Breaker) (answer A, asked error) {
	b := p.breaker(line{i.kind, i.provider(q)})
	if err := b.admit(p.db.Clock().Now(), set); err != nil {
		p.asked(i.kind, i.provider(q), OutcomeNotAsked, 0)
		return answer, err
	}
	asked = errCutShort
	began := time.Now()
	defer func() {
		b.answered(p.db.Clock().Now(), asked)
		p.asked(i.kind, i.provider(q), outcomeOf(asked), time.Since(began))
	}()
	asking, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	asking, told := p.asking(asking, i.kind, i.provider(q))
	answer, asked = i.ask(asking, p, q)
	told(asked)
	return answer, asked
}

// errCutShort is what the breaker is told when a provider's code panics: that
// is a defect here, and the breaker does not wait for its answer.
var errCutShort = errors.New("process: a question was cut short")

func (i inquiry[Q, A]) keepLate(ctx context.Context, p *Process, it work.Item, q Q, answer A, asked error) error {
	text := string(event.Data(answer))
	if asked != nil {
		text = string(event.Data(map[string]string{"error": asked.Error()}))
	}
	matters := asked == nil && i.reconcile != nil
	_, err := holding(ctx, p.locksOf(it.Owner), func(locks []db.Lock) (struct{}, error) {
		return db.Update(ctx, p.db, locks, func(tx *db.Tx) (struct{}, error) {
			i.late(tx, p.ids.New("ans", tx.Now(), it.Key(), it.Lease, fmt.Sprint(tx.Now().UnixNano())), q, text)
			if !matters {
				return struct{}{}, nil
			}
			c, err := p.begin(tx, it.Owner, access.Provider(i.provider(q)))
			if err != nil {
				return struct{}{}, err
			}
			if err := i.reconcile(c, q, answer); err != nil {
				return struct{}{}, err
			}
			if err := c.follow(); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, c.finish(nil)
		})
	})
	return err
}

// keyed asks under an attempt's key while the key lives, and looks up only when
// it no longer does: asked later, a provider would take it for a new one.
func keyed[A any](p *Process, a attempt.Attempt, now time.Time, life time.Duration, ask, lookUp func() (A, error)) (A, error) {
	if now.Add(min(p.timeout, life/2)).Before(a.KeyUntil) {
		return ask()
	}
	return lookUp()
}

// keyIsGone says whether a key that was asked with until the given time at the
// latest is past its life, however late it was first used: only then "not
// found" proves that the attempt was never made.
func keyIsGone(now, until time.Time, life time.Duration) bool { return now.After(until.Add(life)) }

// newAttempt is what will be asked, and under which key, before it is asked for
// the first time at the given time. It is about one thing, whose nth attempt it
// is.
func (c *change) newAttempt(prefix, about string, n int, first time.Time, life time.Duration) attempt.Attempt {
	return attempt.Attempt{
		Key: c.newID(prefix, about, fmt.Sprint(n)), Order: c.order.ID, N: int64(n),
		Status: attempt.Open, OpenedAt: c.tx.Now(), KeyUntil: first.Add(life),
	}
}

// errand is an attempt with what it is made for.
type errand interface {
	attempt() *attempt.Attempt
	keyLife() time.Duration
	// away is what a person is told of a provider that is not reached for long.
	away() (support.Category, string)
	// unknown says that no answer came.
	unknown() error
	// wanted says whether another attempt follows one that was never made.
	wanted() bool
	// abandon ends what the attempt was for: it was never made and is not wanted.
	abandon() error
	// anew opens the attempt that follows this one, to be asked at the given time.
	anew(first time.Time) error
	// declined says that the attempt was declined and that another follows.
	declined(next time.Time) error
}

// unanswered writes that a provider gave no answer. While it may have been
// asked, the same attempt is asked again under its key; one that was never made
// is replaced where it is still wanted.
func (c *change) unanswered(own *work.Item, e errand, asked error) error {
	a := e.attempt()
	switch {
	case errors.Is(asked, attempt.ErrNotReached):
		category, body := e.away()
		if err := c.notReached(own, category, body, asked); err != nil {
			return err
		}
		return c.sayNotAsked(own)
	case !errors.Is(asked, attempt.ErrNotKnown) || !keyIsGone(c.tx.Now(), a.KeyUntil, e.keyLife()):
		return c.outcomeUnknown(own, e, asked)
	}
	if err := a.Move(attempt.Expired, c.tx.Now()); err != nil {
		return err
	}
	if !e.wanted() {
		return e.abandon()
	}
	c.again(own, c.tx.Now(), 0, "the key has expired, and the provider knows it not")
	if err := e.anew(c.tx.Now()); err != nil {
		return err
	}
	return c.sayNotAsked(own)
}

func (c *change) outcomeUnknown(own *work.Item, e errand, asked error) error {
	a := e.attempt()
	first := a.Status == attempt.Open
	if err := a.Move(attempt.Unknown, c.tx.Now()); err != nil {
		return err
	}
	if first {
		if err := e.unknown(); err != nil {
			return err
		}
	}
	return c.askAgain(own, asked)
}

// attemptLater has a further attempt made after one that was declined.
func (c *change) attemptLater(own *work.Item, e errand, wait time.Duration, why string) error {
	at := c.tx.Now().Add(wait)
	c.again(own, at, 0, why)
	if err := e.anew(at); err != nil {
		return err
	}
	return e.declined(at)
}
