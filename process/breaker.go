package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/policy"
)

// ProviderKind is what a provider is for.
type ProviderKind string

// The kinds of providers.
const (
	KindGateway ProviderKind = "gateway"
	KindCarrier ProviderKind = "carrier"
)

// Reach is whether a provider is asked, in the words of the pattern
// (https://martinfowler.com/bliki/CircuitBreaker.html).
type Reach string

// The states of a breaker.
const (
	ReachClosed   Reach = "closed"    // it is asked
	ReachOpen     Reach = "open"      // it gave no answer too often: it is left alone for a while
	ReachHalfOpen Reach = "half-open" // one question tries whether it answers again
)

// Outcome is what came of a question to a provider.
type Outcome string

// The outcomes.
const (
	OutcomeAnswered Outcome = "answered"  // also when it declined
	OutcomeNotKnown Outcome = "not_known" // it knows nothing of what it was asked about
	OutcomeNoAnswer Outcome = "no_answer" // it was not reached, gave no answer in time, or is not to be had
	OutcomeFailed   Outcome = "failed"    // it answered what can not be understood, or the question was cut short
	OutcomeNotAsked Outcome = "not_asked" // its breaker is open
)

func outcomeOf(asked error) Outcome {
	switch {
	case asked == nil:
		return OutcomeAnswered
	case errors.Is(asked, attempt.ErrNotKnown):
		return OutcomeNotKnown
	case noAnswer(asked):
		return OutcomeNoAnswer
	default:
		return OutcomeFailed
	}
}

// ProviderState is how the way to one provider stands, as this node sees it.
type ProviderState struct {
	Kind     ProviderKind `json:"kind"`
	Name     string       `json:"name"`
	Reach    Reach        `json:"reach"`
	Since    time.Time    `json:"since,omitzero"` // shop time of the last change; zero when there was none
	Until    time.Time    `json:"until,omitzero"` // shop time at which an open one is tried again
	Failures int          `json:"failures"`       // questions in a row that were not answered
}

// Providers returns how the ways to the providers stand that this node has
// asked, carriers before gateways, by name.
func (p *Process) Providers() []ProviderState {
	p.breakers.mu.Lock()
	defer p.breakers.mu.Unlock()
	var all []ProviderState
	for _, b := range p.breakers.of {
		all = append(all, b.read())
	}
	slices.SortFunc(all, func(a, b ProviderState) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// breakers are those of all providers.
type breakers struct {
	mu sync.Mutex
	of map[line]*breaker
}

// line is the way to one provider.
type line struct {
	kind ProviderKind
	name string
}

func (p *Process) breaker(l line) *breaker {
	p.breakers.mu.Lock()
	defer p.breakers.mu.Unlock()
	b := p.breakers.of[l]
	if b == nil {
		b = &breaker{log: p.log, state: ProviderState{Kind: l.kind, Name: l.name, Reach: ReachClosed}}
		p.breakers.of[l] = b
	}
	return b
}

// breaker keeps a provider that gives no answers from being asked by everyone.
// It goes by shop time.
type breaker struct {
	log *slog.Logger

	mu      sync.Mutex
	set     policy.Breaker
	circuit circuitbreaker.CircuitBreaker[any]
	state   ProviderState
}

func (b *breaker) read() ProviderState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// shut says that a provider was not asked, because its breaker is not closed.
type shut struct {
	line  string
	until time.Time // it is not tried before this
}

func (e *shut) Error() string { return e.line + " gives no answers and is left alone" }
func (e *shut) Unwrap() error { return attempt.ErrNotReached }

// admit says whether the provider may be asked now. Whoever may tells answered
// what came of it.
//
// Errors: *shut.
func (b *breaker) admit(now time.Time, set policy.Breaker) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.configure(set)
	if b.circuit == nil {
		return nil
	}
	if b.circuit.IsOpen() && !now.Before(b.state.Until) {
		b.circuit.HalfOpen()
		b.note(now)
	}
	if b.circuit.TryAcquirePermit() {
		return nil
	}
	return &shut{fmt.Sprintf("the %s %s", b.state.Kind, b.state.Name), b.state.Until}
}

// forever is longer than any breaker stays open by the machine's clock: when
// its pause is over is decided by the shop's.
const forever = 1 << 62

// configure makes a breaker as policy has it, a new one when that has changed.
func (b *breaker) configure(set policy.Breaker) {
	if set == b.set {
		return
	}
	b.set, b.circuit = set, nil
	if set.Failures > 0 {
		b.circuit = circuitbreaker.NewBuilder[any]().WithFailureThreshold(uint(set.Failures)).
			WithSuccessThreshold(1).WithDelay(forever).Build()
	}
	b.state.Reach, b.state.Until = ReachClosed, time.Time{}
}

// answered takes down what came of a question.
func (b *breaker) answered(now time.Time, asked error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	failed := noAnswer(asked)
	if b.state.Failures++; !failed {
		b.state.Failures = 0
	}
	if b.circuit == nil {
		return
	}
	if failed {
		b.circuit.RecordFailure()
	} else {
		b.circuit.RecordSuccess()
	}
	b.note(now)
}

// noAnswer says whether a provider was not reached, gave no answer in time, or
// said itself that it is not to be had. Whatever else it says, it is there.
func noAnswer(asked error) bool {
	var late interface{ Timeout() bool }
	return errors.Is(asked, attempt.ErrNotReached) || errors.As(asked, &late) && late.Timeout() || fault.Is(asked, fault.Unavailable)
}

// note keeps how the breaker stands, and logs when that has changed.
func (b *breaker) note(now time.Time) {
	reach := Reach(b.circuit.State().String())
	if reach == b.state.Reach {
		return
	}
	b.state.Reach, b.state.Since, b.state.Until = reach, now, time.Time{}
	level := slog.LevelInfo
	if reach == ReachOpen {
		b.state.Until, level = now.Add(time.Duration(b.set.Pause)), slog.LevelWarn
	}
	b.log.Log(context.Background(), level, "the breaker of a provider has changed", "kind", b.state.Kind, "provider", b.state.Name,
		"reach", reach, "failures", b.state.Failures, "until", b.state.Until)
}
