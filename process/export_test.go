package process

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"doorstep/event"
	"doorstep/policy"
)

// Breaker is the breaker of a made-up gateway.
type Breaker struct{ b *breaker }

// NewBreaker returns one that has not been used.
func NewBreaker() Breaker {
	return Breaker{&breaker{log: slog.New(slog.DiscardHandler), state: ProviderState{Kind: KindGateway, Name: "made up", Reach: ReachClosed}}}
}

// Admit says whether the provider may be asked.
func (b Breaker) Admit(now time.Time, set policy.Breaker) bool { return b.b.admit(now, set) == nil }

// Answered tells what came of a question.
func (b Breaker) Answered(now time.Time, asked error) { b.b.answered(now, asked) }

// State returns how it stands.
func (b Breaker) State() ProviderState { return b.b.read() }

// Updating says whether the documents are to be written anew.
func Updating() bool { return *update }

// Without takes a row out of the table that p works by.
func (p *Process) Without(step Step) {
	p.table = slices.DeleteFunc(p.table, func(r Row) bool { return r.Step == step })
	delete(p.steps, step)
}

// Skips says whether there is a way to pass over a row's step.
func Skips(r Row) bool { return r.skip != nil }

// Sighting is something that a row of the table was seen to do.
type Sighting struct {
	Step Step
	What string // "fires", "causes" or "ends"
	Type event.Type
}

// Watch tells saw of all that the rows do from now on: that a row fires for an
// event, which events it causes, and which event ends it. It is called before p
// is used.
func (p *Process) Watch(saw func(Sighting)) {
	for i := range p.table {
		watchRow(&p.table[i], saw)
	}
	first := firstEvents()
	probe := Row{Step: "probe", Kind: Rule, On: typesOf(p.table)}
	probe.Guard = &Guard{"never: it only looks", func(c *change, e event.Event) (bool, error) {
		if first(c) && c.begun.Step != "" {
			for _, caused := range append([]event.Event{e}, c.queue...) {
				saw(Sighting{Step(c.begun.Step), "causes", caused.Type})
			}
		}
		return false, c.watchEnds(e, saw)
	}}
	p.table = append([]Row{probe}, p.table...)
}

// firstEvents returns a function that is true once for each change: while its
// own events are queued, and those that follow from them are not yet.
func firstEvents() func(*change) bool {
	var mu sync.Mutex
	seen := map[*change]bool{}
	return func(c *change) bool {
		mu.Lock()
		defer mu.Unlock()
		was := seen[c]
		seen[c] = true
		return !was
	}
}

func (c *change) watchEnds(e event.Event, saw func(Sighting)) error {
	for _, row := range c.p.table {
		if !slices.Contains(row.Until, e.Type) {
			continue
		}
		it, err := c.item(row.Step, e.Entity)
		if err != nil {
			return err
		}
		if it != nil {
			saw(Sighting{row.Step, "ends", e.Type})
		}
	}
	return nil
}

func watchRow(row *Row, saw func(Sighting)) {
	rule := row.rule
	if row.Kind != Rule && rule == nil {
		rule = func(*change, event.Event) error { return nil }
	}
	step := row.Step
	if arm := row.arm; arm != nil {
		row.arm = func(c *change, e event.Event) error {
			saw(Sighting{step, "fires", e.Type})
			return arm(c, e)
		}
	}
	row.rule = func(c *change, e event.Event) error {
		saw(Sighting{step, "fires", e.Type})
		before := len(c.queue)
		if err := rule(c, e); err != nil {
			return err
		}
		for _, caused := range c.queue[before:] {
			saw(Sighting{step, "causes", caused.Type})
		}
		return nil
	}
}

// typesOf returns every type of event that the rows name.
func typesOf(rows []Row) []event.Type {
	var all []event.Type
	for _, row := range rows {
		all = append(append(append(all, row.On...), row.Until...), row.Leads...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// UseCases are the names of the use cases that have a scope.
func UseCases() []string { return slices.Collect(maps.Keys(scopes)) }
