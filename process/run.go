package process

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/support"
)

// Handle is the work.Handler of the process: it carries out the row of the
// table that an item names.
func (p *Process) Handle(ctx context.Context, it work.Item) (func(context.Context) error, error) {
	row, ok := p.steps[Step(it.Step)]
	if !ok {
		return nil, fault.New(fault.Internal, "the process has no step %q", it.Step)
	}
	if row.Kind == Ask {
		return row.ask(ctx, p, it)
	}
	return func(ctx context.Context) error {
		return p.settle(ctx, it, access.Process, func(c *change, own *work.Item) error { return row.lapse(c, own) })
	}, nil
}

// settle writes what a step came to, in one transaction, if the step's lease
// is still held. Where that seldom moves stock, the locks of the order's SKUs, and of
// what is changed beside the order, are taken only when they are needed, so that
// orders of one article do not wait for each other in every step.
//
// Errors: work.ErrLeaseLost.
func (p *Process) settle(ctx context.Context, it work.Item, by access.Actor, do func(c *change, own *work.Item) error) error {
	if row := p.steps[Step(it.Step)]; !row.stock && isOrder(it.Owner) {
		err := p.settleWith(ctx, []db.Lock{order.Lock(it.Owner)}, it, by, do)
		if !errors.Is(err, inventory.ErrNotLocked) {
			return err
		}
	}
	choose := func(ctx context.Context) ([]db.Lock, error) { return p.stepLocks(ctx, it) }
	_, err := holding(ctx, choose, func(locks []db.Lock) (struct{}, error) { return struct{}{}, p.settleWith(ctx, locks, it, by, do) })
	return err
}

// lockChoice says which locks something holds as things stand.
type lockChoice func(context.Context) ([]db.Lock, error)

// always chooses the same locks.
func always(locks []db.Lock) lockChoice {
	return func(context.Context) ([]db.Lock, error) { return locks, nil }
}

// allOf chooses what each of the choices does.
func allOf(choices ...lockChoice) lockChoice {
	return func(ctx context.Context) (locks []db.Lock, err error) {
		for _, choose := range choices {
			more, err := choose(ctx)
			if err != nil {
				return nil, err
			}
			locks = append(locks, more...)
		}
		return locks, nil
	}
}

// mostTries is how often a use case or a step chooses its locks: what changes an order
// meanwhile is people, and seldom.
const mostTries = 5

// holding carries something out under locks, which are chosen again when an order came
// to have other goods after they were.
func holding[T any](ctx context.Context, choose lockChoice, do func([]db.Lock) (T, error)) (done T, err error) {
	for range mostTries {
		var locks []db.Lock
		if locks, err = choose(ctx); err != nil {
			return done, err
		}
		if done, err = do(locks); !errors.Is(err, inventory.ErrNotLocked) {
			return done, err
		}
	}
	return done, err
}

// stepLocks are all that a step may come to need.
//
// Errors: not_found.
func (p *Process) stepLocks(ctx context.Context, it work.Item) ([]db.Lock, error) {
	locks, err := p.locks(ctx, it.Owner)
	if err != nil {
		return nil, err
	}
	if beside := p.steps[Step(it.Step)].beside; beside != nil {
		more, err := beside(ctx, p, it)
		return append(locks, more...), err
	}
	return locks, nil
}

// settleWith is settle under locks.
//
// Errors: inventory.ErrNotLocked when it comes to move stock, or another order, without
// its locks.
func (p *Process) settleWith(ctx context.Context, locks []db.Lock, it work.Item, by access.Actor, do func(c *change, own *work.Item) error) error {
	_, err := db.Update(ctx, p.db, locks, func(tx *db.Tx) (struct{}, error) {
		c, err := p.begin(tx, it.Owner, by)
		if err != nil {
			return struct{}{}, err
		}
		own, err := c.mine(it)
		if err != nil {
			return struct{}{}, err
		}
		if err := do(c, own); err != nil {
			return struct{}{}, err
		}
		if err := c.follow(); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.finish(own)
	})
	return err
}

// change carries out a use case on one order: what the function does to it,
// and what the table says follows. It holds more locks where it writes what
// must differ from other orders'.
//
// Errors: not_found, stale, and what the function returns.
func (p *Process) change(ctx context.Context, by Command, useCase, orderID string, request any, do func(*change) error, more ...lockChoice) (Result[order.Order], error) {
	return answering(ctx, p, by, useCase, orderID, request, func(tx *db.Tx) (order.Order, error) { return p.changeIn(tx, by, orderID, do) }, more...)
}

// answering is change for a use case with an answer of its own: it calls changeIn in
// the transaction that it is given.
func answering[T any](ctx context.Context, p *Process, by Command, useCase, orderID string, request any, do func(*db.Tx) (T, error), more ...lockChoice) (Result[T], error) {
	choose := allOf(append(more, p.locksOf(orderID))...)
	return onceHolding(ctx, p, by, useCase, []any{orderID, by.Version, request}, choose, do)
}

// changeIn is change within a transaction that holds the order's locks.
func (p *Process) changeIn(tx *db.Tx, by Command, orderID string, do func(*change) error) (order.Order, error) {
	c, err := p.begin(tx, orderID, by.By)
	if err != nil {
		return order.Order{}, err
	}
	c.rehearsed = by.rehearsed
	if err := c.at(by.Version); err != nil {
		return order.Order{}, err
	}
	if err := do(c); err != nil {
		return order.Order{}, err
	}
	if err := c.follow(); err != nil {
		return order.Order{}, err
	}
	return c.order, c.finish(nil)
}

// Failed puts a step back that could not be carried out, and says so in the
// order's row; after many tries, a person is told. It is for work.Config.
func (p *Process) Failed(ctx context.Context, it work.Item, cause error) error {
	return p.settle(ctx, it, access.Process, func(c *change, own *work.Item) error {
		if *own = p.queue.AfterFailure(c.tx, *own, cause); own.State == work.Stuck {
			return c.stuck(own)
		}
		return nil
	})
}

// locks returns what a change of the owner holds that may move stock: the order, and
// the SKUs of its lines.
func (p *Process) locks(ctx context.Context, owner string) ([]db.Lock, error) {
	if sku, ok := OfStock(owner); ok {
		return []db.Lock{inventory.Lock(sku)}, nil
	}
	if isTicket(owner) {
		return []db.Lock{support.Lock(owner)}, nil
	}
	locks := []db.Lock{order.Lock(owner)}
	if p.db.Engine() == "sqlite" { // its one writer needs none
		return locks, nil
	}
	lines, err := db.View(ctx, p.db, func(r db.Reader) ([]order.Line, error) { return order.Lines(r, owner) })
	if err != nil {
		return nil, err
	}
	return append(locks, inventory.Locks(slices.Sorted(maps.Keys(order.Demand(lines))))...), nil
}

// locksOf chooses what a change of the owner holds.
func (p *Process) locksOf(owner string) lockChoice {
	return func(ctx context.Context) ([]db.Lock, error) { return p.locks(ctx, owner) }
}

// clean makes what a provider said fit to be kept: valid UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// RetryStuck has the steps of an order that wait for a person tried again, as if
// they had not been tried.
//
// Errors: not_found; conflict when no step waits for a person.
func (p *Process) RetryStuck(ctx context.Context, by Command, orderID string) (Result[order.Order], error) {
	return p.change(ctx, by, "retry_stuck", orderID, nil, func(c *change) error {
		items, err := c.getItems()
		if err != nil {
			return err
		}
		stuck := slices.DeleteFunc(slices.Clone(items), func(it *work.Item) bool { return it.State != work.Stuck })
		if err := nothingStuck(c.order, len(stuck) > 0); err != nil {
			return err
		}
		for _, it := range stuck {
			c.revive(it)
		}
		return c.retried(stuck)
	})
}

func nothingStuck(o order.Order, stuck bool) error {
	if stuck {
		return nil
	}
	return fault.New(fault.Conflict, "no step of order %d waits for a person", o.Number)
}

// revive has a step that waits for a person tried again, once its order goes on.
func (c *change) revive(it *work.Item) {
	*it = c.p.queue.Revive(c.tx, *it, c.stateOf(Step(it.Step), 1), c.tx.Now())
}

func isOrder(owner string) bool { return strings.HasPrefix(owner, order.Prefix+"_") }

func isTicket(owner string) bool { return strings.HasPrefix(owner, support.Prefix+"_") }
