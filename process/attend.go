package process

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"doorstep/attempt"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// Attended is what a way does about what needs attention of an order, or of a
// ticket without one.
type Attended struct {
	Item     string   `json:"item"` // as it was named
	Way      Way      `json:"way"`
	Order    string   `json:"order,omitempty"`
	Number   int64    `json:"number,omitempty"`
	Ticket   string   `json:"ticket,omitempty"`   // without an order
	SKU      string   `json:"sku,omitempty"`      // whose stock it is about
	Released string   `json:"released,omitempty"` // the reason code of the hold from which the order is released
	Steps    []Step   `json:"steps"`              // those that are tried again or passed over
	Undoing  *Undoing `json:"undoing,omitempty"`  // where the order is cancelled
	Version  int64    `json:"-"`                  // of the order before that, 0 of what is no order's
}

// Undoing is what is undone of an order that is cancelled, as soon as what is in
// flight was answered: amounts in minor units.
type Undoing struct {
	Currency money.Currency `json:"currency"`
	Refund   int64          `json:"refund"`            // taken from the customer: it is given back
	Void     int64          `json:"void"`              // authorised: it is let go
	Units    int64          `json:"units"`             // reserved: they are free again
	Waiting  int64          `json:"waiting,omitempty"` // units that are waited for: they are not any more
	Labelled int64          `json:"labelled"`          // of the units, those in parcels whose labels are given back
	Asked    int64          `json:"asked,omitempty"`   // of which it is not known whether it was taken: what was is given back
	Waits    bool           `json:"waits,omitempty"`   // a provider has not answered yet: it is cancelled when that is known
}

// Plus is what is undone of both together, of one currency.
func (u Undoing) Plus(o Undoing) Undoing {
	return Undoing{
		o.Currency, u.Refund + o.Refund, u.Void + o.Void, u.Units + o.Units, u.Waiting + o.Waiting,
		u.Labelled + o.Labelled, u.Asked + o.Asked, u.Waits || o.Waits,
	}
}

// Attend goes a way about what needs attention of an order or a ticket: about the
// one matter that the item names, or about all of the order's or the ticket's for
// which it is open. To retry an order that is held is to release it.
//
// Errors: invalid when there is no such way; not_found; conflict when nothing of
// it needs attention, or the way is open for none, with the ways that are, or goods
// of an order to be released are not there; too_late when it has left and can not be cancelled;
// stale when the order has changed since the version that is commanded.
func (p *Process) Attend(ctx context.Context, by Command, w Way, name string) (Result[Attended], error) {
	of, err := db.View(ctx, p.db, func(r db.Reader) (item, error) { return p.findItem(r, name) })
	if err != nil {
		return Result[Attended]{}, err
	}
	return onceHolding(ctx, p, by, "attend", [2]any{w, name}, p.locksOf(of.owner), func(tx *db.Tx) (Attended, error) {
		c, err := p.begin(tx, of.owner, by.By)
		if err != nil {
			return Attended{}, err
		}
		if err := c.at(by.Version); err != nil {
			return Attended{}, err
		}
		a, err := c.attend(w, of)
		if err != nil {
			return Attended{}, err
		}
		if err := c.follow(); err != nil {
			return Attended{}, err
		}
		return a, c.finish(nil)
	})
}

// PreviewAttend says what Attend would do as things stand now.
//
// Errors: as Attend.
func (p *Process) PreviewAttend(ctx context.Context, w Way, name string) (Attended, error) {
	return db.View(ctx, p.db, func(r db.Reader) (Attended, error) {
		of, err := p.findItem(r, name)
		if err != nil {
			return Attended{}, err
		}
		var o order.Order
		if _, stock := OfStock(of.owner); !stock && !isTicket(of.owner) {
			if o, err = order.Get(r, of.owner); err != nil {
				return Attended{}, err
			}
		}
		items, err := work.Of(r, of.owner)
		if err != nil {
			return Attended{}, err
		}
		chosen, err := p.choose(r, o, pointers(items), w, of)
		if err == nil && chosen.held && w == WayRetry {
			err = p.canRelease(r, o)
		}
		if err != nil {
			return Attended{}, err
		}
		return chosen.attended(p, r, o)
	})
}

func pointers(items []work.Item) []*work.Item {
	all := make([]*work.Item, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}

// item is what a person names: all that needs attention of an order or of a
// ticket without one, or a part of that.
type item struct {
	name    string
	owner   string
	part    string // held or a step, "" for all
	subject string // what the step is about, "" for whatever it is
}

// findItem reads an item as a matter names it, or an order or a ticket.
//
// Errors: not_found.
func (p *Process) findItem(r db.Reader, name string) (item, error) {
	id, part := name, ""
	if i := strings.LastIndexByte(name, '/'); i > 0 && (name[i+1:] == heldPart || p.steps[Step(name[i+1:])].Step != "") {
		id, part = name[:i], name[i+1:]
	}
	if sku, ok := OfStock(id); ok {
		_, err := inventory.Get(r, sku)
		return item{name: name, owner: id, part: part}, err
	}
	if !isTicket(id) {
		o, err := order.Find(r, id)
		return item{name: name, owner: o.ID, part: part}, err
	}
	t, err := support.Get(r, id)
	if err != nil || t.Order == "" {
		return item{name: name, owner: t.ID, part: part}, err
	}
	return item{name: name, owner: t.Order, part: part, subject: t.ID}, nil
}

// choice is what a way is gone about.
type choice struct {
	item
	way   Way
	held  bool // that the order is held
	items []*work.Item
}

// choose returns what a way is open for.
//
// Errors: invalid; conflict; too_late.
func (p *Process) choose(r db.Reader, o order.Order, items []*work.Item, w Way, of item) (choice, error) {
	chosen := choice{item: of, way: w}
	if !slices.Contains(Ways, w) {
		return chosen, fault.New(fault.Invalid, "%.40q is no way: there are %v", string(w), Ways)
	}
	var all []Matter
	if o.Held != "" && of.subject == "" && (of.part == "" || of.part == heldPart) {
		all = append(all, heldMatter(o))
		chosen.held = slices.Contains(all[0].Ways, w)
	}
	for _, it := range items {
		if !of.means(*it) {
			continue
		}
		m, err := p.stepMatter(r, o, *it)
		if err != nil {
			return chosen, err
		}
		if all = append(all, m); slices.Contains(m.Ways, w) {
			chosen.items = append(chosen.items, it)
		}
	}
	if chosen.held || len(chosen.items) > 0 {
		return chosen, nil
	}
	return chosen, p.refuse(o, all, w, of)
}

// means says whether an item needs attention and is meant.
func (of item) means(it work.Item) bool {
	attention := it.State == work.Stuck || it.State == work.Ready && !it.Overdue.IsZero()
	return attention && (of.part == "" || of.part == it.Step) && (of.subject == "" || of.subject == it.Subject)
}

// refuse says why a way is open for none of the matters, and which are.
func (p *Process) refuse(o order.Order, all []Matter, w Way, of item) error {
	if len(all) == 0 {
		return fault.New(fault.Conflict, "nothing of %s needs attention", of.name)
	}
	var left []string
	add := func(way string) {
		if way != "" && !slices.Contains(left, way) {
			left = append(left, way)
		}
	}
	cancels := false
	for _, m := range all {
		cancels = cancels || m.Cause == CauseHeld || slices.Contains(p.steps[m.Step].Ways, WayCompensate)
		for _, way := range m.Ways {
			add(string(way))
		}
		add(m.Instead)
	}
	ways := cmp.Or(strings.Join(left, ", or "), "none")
	if err := WhyNoCancel(o); w == WayCompensate && cancels && err != nil {
		return fault.New(fault.CodeOf(err), "%s; left for %s: %s", fault.As(err).Message, of.name, ways)
	}
	return fault.New(fault.Conflict, "%s is no way for %s; left: %s", w, of.name, ways)
}

// attended says what is done about what was chosen.
func (c choice) attended(p *Process, r db.Reader, o order.Order) (Attended, error) {
	a := Attended{Item: c.name, Way: c.way, Order: o.ID, Number: o.Number, Version: o.Version, Steps: []Step{}}
	if o.ID == "" {
		a.Ticket, a.SKU = ofNoOrder(c.owner)
	}
	if c.way == WayCompensate {
		u, err := p.undoing(r, o)
		a.Undoing = &u
		return a, err
	}
	if c.held {
		a.Released = o.Held
	}
	for _, it := range c.items {
		a.Steps = append(a.Steps, Step(it.Step))
	}
	return a, nil
}

func (p *Process) undoing(r db.Reader, o order.Order) (u Undoing, err error) {
	u = Undoing{Currency: o.Currency, Refund: o.Sums.Kept(), Units: o.Sums.Reserved, Waiting: o.Sums.Backordered, Labelled: o.Sums.Labelled}
	attempts, err := payment.Attempts(r, o.ID)
	if err != nil {
		return u, err
	}
	if o.Payment == order.PaymentAuthorised {
		u.Void = authorised(attempts)
	} else {
		u.Asked = askedFor(attempts)
	}
	labels, err := shipping.Attempts(r, o.ID)
	if err != nil {
		return u, err
	}
	items, err := work.Of(r, o.ID)
	s := standing{attempts: attempts, labels: labels, items: items}
	u.Waits = s.moneyAsked(p, r.Now()) || slices.ContainsFunc(labels, func(a shipping.Attempt) bool { return s.labelAsked(p, a, r.Now()) })
	return u, err
}

// askedFor is how much attempts may have taken of which no answer came.
func askedFor(attempts []payment.Attempt) (sum int64) {
	for _, a := range attempts {
		if a.Status == attempt.Unknown && a.Op.Takes() {
			sum += a.Amount
		}
	}
	return sum
}

// attend goes a way about what needs attention.
func (c *change) attend(w Way, of item) (Attended, error) {
	items, err := c.getItems()
	if err != nil {
		return Attended{}, err
	}
	chosen, err := c.p.choose(c.tx, c.order, items, w, of)
	if err != nil {
		return Attended{}, err
	}
	a, err := chosen.attended(c.p, c.tx, c.order)
	if err != nil {
		return Attended{}, err
	}
	switch w {
	case WayRetry:
		return a, c.retry(chosen)
	case WaySkip:
		return a, c.passOver(chosen)
	default:
		return a, c.compensate()
	}
}

// retry releases an order that is held, and has steps tried again.
func (c *change) retry(chosen choice) error {
	if chosen.held {
		if err := c.release(); err != nil {
			return err
		}
	}
	for _, it := range chosen.items {
		switch {
		case it.State == work.Stuck:
			c.revive(it)
		case !it.Until.After(c.tx.LeaseNow()): // it is not being tried at this moment
			c.againLate(it, c.tx.Now(), it.Tries, it.Error)
		}
	}
	return c.retried(chosen.items)
}

// retried says which steps are tried again. The history of a ticket without an
// order tells of the ticket alone.
func (c *change) retried(items []*work.Item) error {
	if c.order.ID == "" || len(items) == 0 {
		return nil
	}
	steps := make([]string, len(items))
	for i, it := range items {
		steps[i] = it.Step
	}
	return c.emitOrder(EventRetried, map[string]any{"steps": steps})
}

// passOver ends steps that a person sees to.
func (c *change) passOver(chosen choice) error {
	for _, it := range chosen.items {
		if err := c.p.steps[Step(it.Step)].skip(c, it); err != nil {
			return fmt.Errorf("pass over %s: %w", it.Step, err)
		}
	}
	return nil
}

// compensate cancels an order by its own rows. They wait for the answers to what
// is in flight: a step that has given up asking for one asks again.
func (c *change) compensate() error {
	by := c.by
	if err := c.requestCancel(); err != nil {
		return err
	}
	if err := c.follow(); err != nil {
		return err
	}
	c.by = by
	items, err := c.getItems()
	if err != nil {
		return err
	}
	stuck := slices.DeleteFunc(slices.Clone(items), func(it *work.Item) bool { return it.State != work.Stuck })
	for _, it := range stuck {
		c.revive(it)
	}
	return c.retried(stuck)
}

// skipLookAgain passes over the last look at the gateway: a person has looked.
func skipLookAgain(c *change, _ *work.Item) error { return c.emitOrder(EventLookedAgain, nil) }
