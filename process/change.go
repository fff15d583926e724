package process

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// change is one transaction on one order (or on a ticket without one, or on the
// stock of an SKU): what
// was read of it, what happened to it, and what the table says follows. What
// belongs to the order is read when it is first needed and written at the end.
type change struct {
	p      *Process
	tx     *db.Tx
	by     access.Actor
	policy policy.Policy

	sku        string // of a change of the stock of an SKU, which is no order's
	order      order.Order
	before     order.Order
	fresh      bool          // the order is made by this change
	newLines   []order.Line  // of an order that is made by this change
	newContact order.Contact // of an order that is made by this change

	payments  rows[payment.Payment]
	attempts  rows[payment.Attempt]
	refunds   rows[payment.Refund]
	shipments rows[shipping.Shipment]
	returns   rows[shipping.Return]
	labels    rows[shipping.Attempt]
	tickets   rows[support.Ticket]
	items     rows[work.Item]

	held      map[string][]shipping.ShipmentLine // what shipments hold, as far as it was read or is new
	coming    map[string][]shipping.ReturnLine   // what the returns are about that this change authorises
	credits   map[string][]payment.RefundLine    // of which lines the refunds are that this change opens
	queue     []event.Event                      // what happened and was not followed yet
	givenHeld bool                               // no one else gives the order's customer anything meanwhile
	begun     work.Item                          // the item of the step that makes the change, as it was
	later     bool                               // that item was put back, to be done once more
	unique    string                             // what makes the identifiers of a ticket without an order differ from others'
	rehearsed *Rehearsed                         // what is told of a change of which nothing is kept
	made      int                                // counts what this change made, for identifiers
}

// begin reads what a change starts from. The owner is an order, a ticket without
// one, or the stock of an SKU.
//
// Errors: not_found; inventory.ErrNotLocked when the transaction does not hold the
// order's lock: it is one that is changed beside another, in a step that seldom is.
func (p *Process) begin(tx *db.Tx, owner string, by access.Actor) (*change, error) {
	c := &change{p: p, tx: tx, by: by, held: map[string][]shipping.ShipmentLine{}, coming: map[string][]shipping.ReturnLine{}, credits: map[string][]payment.RefundLine{}}
	var err error
	if c.policy, err = p.policies.Current(tx); err != nil {
		return nil, err
	}
	if sku, ok := OfStock(owner); ok {
		c.sku = sku
		c.loneTicket()
		return c, nil
	}
	if isTicket(owner) {
		t, err := support.Get(tx, owner)
		if err != nil {
			return nil, err
		}
		c.loneTicket(t)
		return c, nil
	}
	if !tx.Holds(order.Lock(owner)) {
		return nil, inventory.ErrNotLocked
	}
	if c.order, err = order.Get(tx, owner); err != nil {
		return nil, err
	}
	c.before = c.order
	return c, nil
}

// loneTicket makes a change of a ticket that is about no order, or of none.
func (c *change) loneTicket(tickets ...support.Ticket) {
	c.payments.loaded, c.attempts.loaded, c.refunds.loaded, c.shipments.loaded, c.returns.loaded, c.labels.loaded = true, true, true, true, true, true
	c.tickets.set(tickets)
}

// owner is whose history the change belongs to.
func (c *change) owner() string {
	switch {
	case c.order.ID != "":
		return c.order.ID
	case c.sku != "":
		return StockOwner(c.sku)
	}
	return c.tickets.all[0].now.ID
}

// emit appends an event to the history, moves the order's facets by it, and
// queues it for the table.
//
// Errors: conflict when it can not happen to an order that stands so.
func (c *change) emit(e event.Event) error {
	e.At, e.Actor = c.tx.Now(), c.by
	if c.order.ID == "" {
		e.Subject = e.Entity
		return c.append(e)
	}
	facets, sums, err := order.Apply(c.order.Facets, c.order.Sums, e)
	if err != nil {
		return err
	}
	from := c.order.Status
	c.order.Facets, c.order.Sums, c.order.Status = facets, sums, facets.Status()
	c.order.Version++
	c.order.UpdatedAt = e.At
	switch {
	case c.order.Held == "":
		c.order.HeldAt = time.Time{}
	case e.Type == order.EventHeld:
		c.order.HeldAt = e.At
	}
	e.Subject, e.Version, e.Status = c.order.ID, c.order.Version, string(c.order.Status)
	if e.Entity == c.order.ID && from != c.order.Status {
		e.From, e.To = string(from), string(c.order.Status)
	}
	return c.append(e)
}

func (c *change) append(e event.Event) error {
	event.Append(c.tx, e)
	c.queue = append(c.queue, e)
	if c.rehearsed != nil {
		c.rehearsed.Events = append(c.rehearsed.Events, e.Type)
	}
	return nil
}

// emitOrder appends an event about the order itself.
func (c *change) emitOrder(t event.Type, data any) error {
	return c.emit(event.Event{Entity: c.order.ID, Type: t, Data: event.Data(data)})
}

// follow does what the table says follows from everything that has happened,
// until nothing more does.
func (c *change) follow() error {
	for len(c.queue) > 0 {
		e := c.queue[0]
		c.queue = c.queue[1:]
		c.by = access.Process
		for _, row := range c.p.table {
			if err := c.apply(row, e); err != nil {
				return fmt.Errorf("%s after %s: %w", row.Step, e.Type, err)
			}
		}
	}
	return nil
}

// apply does what one row says about one event.
func (c *change) apply(row Row, e event.Event) error {
	if slices.Contains(row.Until, e.Type) {
		if err := c.endItem(row.Step, e.Entity); err != nil {
			return err
		}
	}
	if !slices.Contains(row.On, e.Type) {
		return nil
	}
	if row.Guard != nil {
		if holds, err := row.Guard.holds(c, e); err != nil || !holds {
			return err
		}
	}
	c.sayFired(row)
	if row.Kind == Rule {
		return row.rule(c, e)
	}
	if row.arm != nil {
		return row.arm(c, e)
	}
	return c.arm(row, e)
}

// sayFired tells whoever wants to know that a row fires.
func (c *change) sayFired(row Row) {
	if c.p.fired == nil {
		return
	}
	if durable := c.p.fired(row.Step, c.owner()); durable != nil {
		c.tx.OnCommit(durable)
	}
}

// arm enqueues a step, after what prepares it. A step that is armed already
// stays as it is.
func (c *change) arm(row Row, e event.Event) error {
	about := row.about
	if about == nil {
		about = func(_ *change, e event.Event) string { return e.Entity }
	}
	subject := about(c, e)
	if has, err := c.item(row.Step, subject); err != nil || has != nil {
		return err
	}
	if row.rule != nil {
		if err := row.rule(c, e); err != nil {
			return err
		}
	}
	it := work.Item{Owner: c.owner(), Subject: subject, Step: string(row.Step), Due: c.tx.Now(), State: c.stateOf(row.Step, 0)}
	if row.due != nil {
		it.Due = row.due(c)
	}
	c.items.add(c.p.queue.Enqueue(c.tx, it))
	return nil
}

// item returns the step's item about the subject, nil when there is none.
func (c *change) item(step Step, subject string) (*work.Item, error) {
	all, err := c.getItems()
	if err != nil {
		return nil, err
	}
	for _, it := range all {
		if it.Step == string(step) && it.Subject == subject {
			return it, nil
		}
	}
	return nil, nil
}

// endItem removes a step's item that is done or needless.
func (c *change) endItem(step Step, subject string) error {
	it, err := c.item(step, subject)
	if err != nil || it == nil {
		return err
	}
	c.p.queue.Finish(c.tx, *it)
	c.items.remove(it)
	return nil
}

// mine returns the item that a step was begun with, as it stands now.
//
// Errors: work.ErrLeaseLost when it is no longer this node's.
func (c *change) mine(it work.Item) (*work.Item, error) {
	now, err := c.item(Step(it.Step), it.Subject)
	if err != nil {
		return nil, err
	}
	if now == nil || now.Lease != it.Lease {
		return nil, work.ErrLeaseLost
	}
	c.begun = *now
	return now, nil
}

// again puts a step's item back, to be done again when due. Tries counts only
// what was in vain; with none, it is a new attempt, without a deadline yet. What
// it waits for is not late.
func (c *change) again(it *work.Item, due time.Time, tries int, why string) {
	it.Overdue = time.Time{}
	c.putBack(it, due, tries, why)
}

// againLate is again for a step that waits for what is late.
func (c *change) againLate(it *work.Item, due time.Time, tries int, why string) {
	if it.Overdue.IsZero() {
		it.Overdue = c.tx.Now()
	}
	c.putBack(it, due, tries, why)
}

func (c *change) putBack(it *work.Item, due time.Time, tries int, why string) {
	c.later = c.later || it.Key() == c.begun.Key()
	if tries == 0 {
		it.Deadline = time.Time{}
	}
	it.State = c.stateOf(Step(it.Step), tries)
	*it = c.p.queue.Retry(c.tx, *it, due, tries, why)
}

// stateOf is the state in which a step waits to be carried out that was tried so
// often in vain. A change waits for the answer to what was begun, so that this goes
// on though the order is held.
func (c *change) stateOf(s Step, tries int) work.State {
	row := c.p.steps[s]
	awaited := c.order.End == order.EndChanging && row.Kind == Ask && tries > 0
	if c.order.Held != "" && row.Holds && !awaited {
		return work.Held
	}
	return work.Ready
}

// askAgain puts an item back whose provider gave no answer, or gives it up to
// a person when it was asked often or long enough since it first gave none.
func (c *change) askAgain(it *work.Item, asked error) error {
	b, why := c.policy.Ask, asked.Error()
	if it.Deadline.IsZero() {
		it.Deadline = c.tx.Now().Add(time.Duration(b.Within))
	}
	next := c.tx.Now().Add(work.Backoff(*it, it.Tries, time.Duration(b.First), time.Duration(b.Most)))
	if it.Tries+1 < b.Tries && !it.Late(next) {
		c.again(it, next, it.Tries+1, why)
		return nil
	}
	return c.giveUp(it, why)
}

// notReached puts an item back whose provider was certainly not reached. An
// outage costs no attempts and ends nothing, however long it is; after a while
// a person is told.
func (c *change) notReached(it *work.Item, category support.Category, body string, asked error) error {
	b := c.policy.Ask
	away := c.tx.Now().Sub(it.Since)
	wait := min(max(away/2, time.Duration(b.First)), time.Duration(b.Most))
	next := c.tx.Now().Add(wait - work.Jitter(*it, wait/4))
	var s *shut
	if errors.As(asked, &s) && s.until.After(next) {
		next = s.until // before, it would only be put back again
	}
	if away < time.Duration(b.Within) {
		c.again(it, next, it.Tries, asked.Error())
		return nil
	}
	c.againLate(it, next, it.Tries, asked.Error())
	return c.tell(category, body)
}

// giveUp leaves a step to a person.
func (c *change) giveUp(it *work.Item, why string) error {
	*it = c.p.queue.GiveUp(c.tx, *it, why)
	return c.stuck(it)
}

// stuck says that a step waits for a person.
func (c *change) stuck(it *work.Item) error {
	if c.order.ID == "" {
		return nil // a ticket without an order is with a person already
	}
	return c.emitOrder(EventStuck, stepData(it))
}

// stepData is what an event about a step carries.
func stepData(it *work.Item) map[string]string {
	return map[string]string{"step": it.Step, "subject": it.Subject}
}

var errUndone = errors.New("process: a step has neither ended nor been put back")

// finish writes everything that has changed. The step's own item, where there
// is one, must have ended or been put back.
func (c *change) finish(own *work.Item) error {
	if own != nil && c.items.has(own) && *own == c.begun && !c.later {
		return errUndone
	}
	c.payments.flush(func(p payment.Payment) { payment.Insert(c.tx, p) }, func(p, _ payment.Payment) { payment.Save(c.tx, p) })
	c.attempts.flush(func(a payment.Attempt) { payment.InsertAttempt(c.tx, a) }, func(a, _ payment.Attempt) { payment.SaveAttempt(c.tx, a) })
	c.refunds.flush(func(f payment.Refund) { payment.InsertRefund(c.tx, f, c.credits[f.ID]) }, func(f, _ payment.Refund) { payment.SaveRefund(c.tx, f) })
	c.shipments.flush(func(s shipping.Shipment) { shipping.Insert(c.tx, s, c.held[s.ID]) }, func(s, _ shipping.Shipment) { shipping.Save(c.tx, s) })
	c.returns.flush(func(r shipping.Return) { shipping.InsertReturn(c.tx, r, c.coming[r.ID]) }, func(r, _ shipping.Return) { shipping.SaveReturn(c.tx, r) })
	c.labels.flush(func(a shipping.Attempt) { shipping.InsertAttempt(c.tx, a) }, func(a, _ shipping.Attempt) { shipping.SaveAttempt(c.tx, a) })
	c.tickets.flush(func(t support.Ticket) { support.Insert(c.tx, t) }, func(t, before support.Ticket) { support.Save(c.tx, t, before) })
	if c.order.ID == "" {
		return nil
	}
	if c.items.loaded {
		c.order.NextDue = nextDue(c.items.pointers())
	}
	if c.rehearsed != nil {
		c.rehearsed.Before, c.rehearsed.After = c.before, c.order
	}
	if !c.fresh && c.order != c.before {
		order.Save(c.tx, c.order, c.before)
	}
	return nil
}

// nextDue is when the first of the items is due that waits for no person.
func nextDue(items []*work.Item) time.Time {
	var due time.Time
	for _, it := range items {
		if it.State == work.Ready && (due.IsZero() || it.Due.Before(due)) {
			due = it.Due
		}
	}
	return due
}

func (c *change) getPayments() ([]*payment.Payment, error) {
	return c.payments.get(func() ([]payment.Payment, error) { return payment.Of(c.tx, c.order.ID) })
}

func (c *change) getAttempts() ([]*payment.Attempt, error) {
	return c.attempts.get(func() ([]payment.Attempt, error) { return payment.Attempts(c.tx, c.order.ID) })
}

func (c *change) getRefunds() ([]*payment.Refund, error) {
	return c.refunds.get(func() ([]payment.Refund, error) { return payment.Refunds(c.tx, c.order.ID) })
}

func (c *change) getShipments() ([]*shipping.Shipment, error) {
	return c.shipments.get(func() ([]shipping.Shipment, error) { return shipping.Of(c.tx, c.order.ID) })
}

func (c *change) getReturns() ([]*shipping.Return, error) {
	return c.returns.get(func() ([]shipping.Return, error) { return shipping.Returns(c.tx, c.order.ID) })
}

func (c *change) getLabels() ([]*shipping.Attempt, error) {
	return c.labels.get(func() ([]shipping.Attempt, error) { return shipping.Attempts(c.tx, c.order.ID) })
}

func (c *change) getTickets() ([]*support.Ticket, error) {
	return c.tickets.get(func() ([]support.Ticket, error) { return support.Of(c.tx, c.order.ID) })
}

func (c *change) getItems() ([]*work.Item, error) {
	return c.items.get(func() ([]work.Item, error) { return work.Hold(c.tx, c.owner()) })
}

// newID makes an identifier that depends on the order and on how much of it
// was made before.
func (c *change) newID(prefix string, parts ...string) string {
	c.made++
	return c.p.ids.New(prefix, c.tx.Now(), append(parts, c.order.ID, fmt.Sprint(c.order.Version), c.unique, fmt.Sprint(c.made))...)
}
