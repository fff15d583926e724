// Package process is what Doorstep exists for: the way of an order from
// checkout to the door, as one table of steps (see Table), and the use cases
// through which everyone changes anything.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/vault"
	"doorstep/internal/work"
	"doorstep/mail"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/webhook"

	"go.opentelemetry.io/otel/trace"
)

// Deps is what a Process works with.
type Deps struct {
	DB       *db.DB
	Queue    *work.Queue
	IDs      id.Source
	Gateways []payment.Gateway
	Carriers []shipping.Carrier
	// KnownGateways and KnownCarriers name further providers, of a shop that is
	// only read: a policy may name them, and no one asks them.
	KnownGateways, KnownCarriers []string
	Log                          *slog.Logger
	// WebhookHosts are those that a webhook may name though they are not reached over
	// the Internet.
	WebhookHosts webhook.Hosts
	// Secrets seals what the shop keeps secret.
	Secrets *vault.Vault
	// Mail sends what is written to customers.
	Mail mail.Sender
	// AskTimeout bounds a question to a provider, 10 s when 0. It is shorter than
	// a lease.
	AskTimeout time.Duration
	// Asked is told of each question that was put to a provider, or was not because
	// its breaker is open: what came of it, and the machine's time it took. Nil is
	// told nothing.
	Asked func(kind ProviderKind, provider string, came Outcome, took time.Duration)
	// Fired is told of each row of the table that fires, in the transaction in which
	// it does, and so more than once where that runs again. What it returns, if
	// anything, is called when the transaction is durable, before anyone is
	// answered. Nil is told nothing.
	Fired func(step Step, owner string) (durable func())
	// Tracer is told of each step and each question, in the trace of the request that
	// placed the order. Nil is told nothing.
	Tracer trace.Tracer
}

// AskTimeout is how long a provider is waited for when Deps says nothing else.
const AskTimeout = 10 * time.Second

// Process carries out use cases and steps. It is for many callers at once.
type Process struct {
	db       *db.DB
	queue    *work.Queue
	ids      id.Source
	policies policy.Store
	gateways map[string]payment.Gateway
	carriers map[string]shipping.Carrier
	known    struct{ gateways, carriers []string } // by name, in order, those that are not asked among them
	log      *slog.Logger
	timeout  time.Duration
	table    []Row
	steps    map[Step]Row
	breakers breakers
	numbers  numbers
	tickets  atomic.Int64 // counts the tickets that were raised here
	asked    func(ProviderKind, string, Outcome, time.Duration)
	fired    func(Step, string) func()
	tracing  tracing

	webhookHosts webhook.Hosts
	secrets      *vault.Vault
	mail         mail.Sender
	hashing      chan struct{} // has one for each password that is being hashed
}

// New returns a process.
func New(d Deps) *Process {
	p := &Process{
		db: d.DB, queue: d.Queue, ids: d.IDs, log: d.Log, timeout: d.AskTimeout, asked: d.Asked, fired: d.Fired, webhookHosts: d.WebhookHosts, secrets: d.Secrets, mail: d.Mail,
		gateways: map[string]payment.Gateway{}, carriers: map[string]shipping.Carrier{},
		hashing: make(chan struct{}, mostHashing),
		tracing: tracing{tracer: d.Tracer}, table: Table(), steps: map[Step]Row{}, breakers: breakers{of: map[line]*breaker{}},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.asked == nil {
		p.asked = func(ProviderKind, string, Outcome, time.Duration) {}
	}
	if p.timeout == 0 {
		p.timeout = AskTimeout
	}
	for _, g := range d.Gateways {
		p.gateways[g.Name()] = g
	}
	for _, c := range d.Carriers {
		p.carriers[c.Name()] = c
	}
	p.known.gateways = slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(d.KnownGateways), maps.Keys(p.gateways))))
	p.known.carriers = slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(d.KnownCarriers), maps.Keys(p.carriers))))
	for _, row := range p.table {
		p.steps[row.Step] = row
	}
	return p
}

// Command says who acts, and under which key: the same command sent again under
// its key gives the first answer and changes nothing more. Without a key, each
// call is a command of its own.
type Command struct {
	By  access.Actor
	May access.Permit // what they may do; its zero value is everything
	Key string
	// Version is that of the order, the ticket, the SKU or the policy at which it must still be, 0 for any:
	// what has changed since is left as it is, and the use case refused as stale.
	Version int64
	// Asked is what the key stands for, as JSON, where the request itself was made
	// of it and of what the shop knew at the time; nil where it is the request.
	Asked any

	rehearsed *Rehearsed // what it would come to, of a command of which nothing is kept

	trace string // in which an order is placed, as a traceparent; "" for none
}

// At returns the command for an order that is still at a version: one that someone
// has seen, such as in a preview.
func (c Command) At(version int64) Command {
	c.Version = version
	return c
}

// Result is a use case's answer.
type Result[T any] struct {
	Value    T
	Replayed bool // it was carried out before, under the same key
}

// Policies returns the policy in force and its history.
func (p *Process) Policies(ctx context.Context) (current policy.Policy, history []policy.Version, err error) {
	history, err = db.View(ctx, p.db, func(r db.Reader) ([]policy.Version, error) {
		if current, err = p.policies.Current(r); err != nil {
			return nil, err
		}
		return p.policies.History(r)
	})
	return current, history, err
}

// PolicyInForce returns the version of the policy that is in force, 0 for the default.
func (p *Process) PolicyInForce(ctx context.Context) (policy.Version, error) {
	return db.View(ctx, p.db, p.policies.InForce)
}

// PolicyVersions returns up to limit versions of the policy before one (0 for all), the
// newest first. The default is not among them.
func (p *Process) PolicyVersions(ctx context.Context, before int64, limit int) ([]policy.Version, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]policy.Version, error) { return p.policies.Before(r, before, limit) })
}

// SetPolicy makes q the policy in force, as the version after from.
//
// Errors: invalid, also when the shop has no such gateway or carrier; conflict
// when the version in force is not from.
func (p *Process) SetPolicy(ctx context.Context, by Command, from int64, q policy.Policy) (Result[policy.Version], error) {
	if err := p.CheckPolicy(q); err != nil {
		return Result[policy.Version]{}, err
	}
	return once(ctx, p, by, "set_policy", q, []db.Lock{policy.Lock()}, func(tx *db.Tx) (policy.Version, error) {
		return p.policies.Set(tx, by.By, from, q)
	})
}

// CheckPolicy says whether q could be set.
//
// Errors: invalid, also when the shop has no such gateway or carrier.
func (p *Process) CheckPolicy(q policy.Policy) error {
	if err := q.Validate(); err != nil {
		return err
	}
	var c fault.Check
	c.If(!p.hasGateway(q.Gateway), "gateway", "unknown", "one of %v", append(slices.Clone(p.known.gateways), payment.Manual))
	c.If(!p.hasCarrier(q.Carrier), "carrier", "unknown", "one of %v", append(slices.Clone(p.known.carriers), shipping.Manual))
	for i, name := range q.NextCarriers {
		c.If(!slices.Contains(p.known.carriers, name), fmt.Sprintf("next_carriers[%d]", i), "unknown", "one of %v", p.known.carriers)
	}
	return c.Err("the policy")
}

func (p *Process) hasGateway(name string) bool {
	return name == payment.Manual || slices.Contains(p.known.gateways, name)
}

func (p *Process) hasCarrier(name string) bool {
	return name == shipping.Manual || slices.Contains(p.known.carriers, name)
}

// numbers hands out order numbers from blocks that a node takes for itself.
type numbers struct {
	mu         sync.Mutex
	next, last int64
}

const numberBlock = 100

func (p *Process) nextNumber(ctx context.Context) (int64, error) {
	p.numbers.mu.Lock()
	defer p.numbers.mu.Unlock()
	if p.numbers.next >= p.numbers.last {
		first, err := db.Update(ctx, p.db, []db.Lock{order.NumberLock()}, func(tx *db.Tx) (int64, error) {
			return order.TakeNumbers(tx, numberBlock)
		})
		if err != nil {
			return 0, err
		}
		p.numbers.next, p.numbers.last = first, first+numberBlock
	}
	p.numbers.next++
	return p.numbers.next - 1, nil
}

// Close gives back the order numbers that were taken and not used, so that
// people see no gap after every stop. No use case is called after it.
func (p *Process) Close() error {
	p.numbers.mu.Lock()
	defer p.numbers.mu.Unlock()
	if p.numbers.next == p.numbers.last {
		return nil
	}
	_, err := db.Update(context.Background(), p.db, []db.Lock{order.NumberLock()}, func(tx *db.Tx) (struct{}, error) {
		order.GiveNumbersBack(tx, p.numbers.next, p.numbers.last)
		return struct{}{}, nil
	})
	p.numbers.next = p.numbers.last
	return err
}
