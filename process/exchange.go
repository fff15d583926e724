package process

import (
	"context"
	"slices"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// ExchangeRequest says what of an order is sent back, and what is wanted in its place.
type ExchangeRequest struct {
	Return shipping.ReturnRequest `json:"return"`
	Lines  []order.LineRequest    `json:"lines"` // of the order that is placed in its place
}

// Exchanged is the answer to an exchange.
type Exchanged struct {
	Order order.Order `json:"order"`    // of which something is sent back
	New   order.Order `json:"exchange"` // what is placed in its place
}

// ExchangePlan is what an exchange comes to.
type ExchangePlan struct {
	Return  ReturnPlan              `json:"return"`
	Lines   []order.Line            `json:"lines"`             // of the order that is placed in its place
	Total   int64                   `json:"total"`             // of that order, minor units
	Rest    int64                   `json:"rest"`              // what goes back to the customer when all has come, minor units
	From    []inventory.Reservation `json:"from"`              // what is reserved where
	Waiting []inventory.Backorder   `json:"waiting,omitempty"` // what it would wait for
	Short   []inventory.Shortage    `json:"short,omitempty"`   // what is not there: then nothing is exchanged
	request order.Request
}

// PreviewExchange says what an exchange would come to.
//
// Errors: as for Exchange, but for goods that are not there.
func (p *Process) PreviewExchange(ctx context.Context, orderID string, q ExchangeRequest) (ExchangePlan, error) {
	if err := q.Return.Validate(); err != nil {
		return ExchangePlan{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (ExchangePlan, error) {
		o, err := order.Get(r, orderID)
		if err != nil {
			return ExchangePlan{}, err
		}
		set, err := p.policies.Current(r)
		if err != nil {
			return ExchangePlan{}, err
		}
		return p.planExchange(r, o, set, q)
	})
}

// Exchange authorises a return and places an order in its place, for the same
// customer, in one transaction. The goods of the new order are reserved at once; it
// is paid from what the return gives back, when that is received, and what is left
// goes back to the customer. Where the return does not come, or does not pay for it,
// the new order is cancelled. With a version, the order must still be at it.
//
// Errors: those of AuthoriseReturn; invalid, for the new order as for Place;
// conflict when its goods are not there, when it costs nothing, or more than is
// given back for the return.
func (p *Process) Exchange(ctx context.Context, by Command, orderID string, q ExchangeRequest) (Result[Exchanged], error) {
	if err := q.Return.Validate(); err != nil {
		return Result[Exchanged]{}, err
	}
	number, err := p.nextNumber(ctx)
	if err != nil {
		return Result[Exchanged]{}, err
	}
	locks, err := p.locks(ctx, orderID)
	if err != nil {
		return Result[Exchanged]{}, err
	}
	locks = append(locks, inventory.Locks(demandOf(order.Request{Lines: q.Lines}))...)
	by.trace = traceparent(ctx)
	return once(ctx, p, by, "exchange", []any{orderID, by.Version, q}, locks, func(tx *db.Tx) (done Exchanged, err error) {
		done.Order, err = p.changeIn(tx, by, orderID, func(c *change) error {
			done.New, err = c.exchange(by, q, number)
			return err
		})
		return done, err
	})
}

// exchange authorises the return, and places the order in its place.
func (c *change) exchange(by Command, q ExchangeRequest, number int64) (order.Order, error) {
	plan, err := c.p.planExchange(c.tx, c.order, c.policy, q)
	if err != nil {
		return order.Order{}, err
	}
	placed, err := c.p.place(c.tx, by, plan.request, number, c.order.ID)
	if err != nil {
		return order.Order{}, err
	}
	if len(placed.Shortages) > 0 {
		lacks := placed.Shortages[0]
		return order.Order{}, fault.New(fault.Conflict, "order %d can not be exchanged: %d of %s are wanted, and %d are there: restock it, or take the goods back for their money",
			c.order.Number, lacks.Wanted, lacks.SKU, lacks.Available)
	}
	_, err = c.authorise(plan.Return, q.Return.Reason, placed.Order.ID)
	return placed.Order, err
}

// planExchange says what an exchange comes to as the order stands.
//
// Errors: those of planReturn; invalid; conflict.
func (p *Process) planExchange(r db.Reader, o order.Order, set policy.Policy, q ExchangeRequest) (plan ExchangePlan, err error) {
	if plan.Return, err = planReturn(r, o, set, q.Return); err != nil {
		return plan, err
	}
	contact, err := order.ContactOf(r, o.ID)
	if fault.Is(err, fault.NotFound) {
		return plan, fault.New(fault.Conflict, "no one knows any more who placed order %d: nothing can be sent in exchange", o.Number)
	}
	if err != nil {
		return plan, err
	}
	plan.request = sameCustomer(o, contact, q.Lines)
	if err := plan.request.Validate(); err != nil {
		return plan, err
	}
	var known map[string]inventory.SKU
	if plan.request, known, err = p.fromCatalogue(r, plan.request); err != nil {
		return plan, err
	}
	totals, lines, err := plan.request.Build()
	if err != nil {
		return plan, err
	}
	plan.Lines, plan.Total, plan.Rest = lines, totals.Total, plan.Return.Refund-totals.Total
	switch {
	case totals.Total == 0:
		return plan, fault.New(fault.Conflict, "there is nothing to pay for what is wanted instead: take the goods back, and place an order of its own")
	case plan.Rest < 0:
		return plan, fault.New(fault.Conflict, "what is wanted instead costs more than what comes back gives (%s and %s): take the goods back for their money, and place an order of its own",
			money.Of(totals.Total, o.Currency), money.Of(plan.Return.Refund, o.Currency))
	}
	taken, err := inventory.WouldTake(r, order.Demand(lines), inventory.Terms{Split: set.Split}, known)
	plan.From, plan.Waiting, plan.Short = taken.Parts, taken.Waiting, taken.Short
	return plan, err
}

// sameCustomer is an order of the same customer, to the same place, which is to be
// paid by other means than a gateway.
func sameCustomer(o order.Order, contact order.Contact, lines []order.LineRequest) order.Request {
	return order.Request{
		Customer: order.CustomerRequest{ID: o.Customer, Name: contact.Name, Mail: contact.Mail, Phone: contact.Phone},
		Currency: o.Currency, PricesIncludeTax: o.PricesIncludeTax, Lines: slices.Clone(lines),
		Shipping: order.ShippingRequest{Method: o.ShippingMethod}, ShipTo: contact.ShipTo, BillTo: contact.BillTo,
		Payment: order.PaymentRequest{Gateway: payment.Manual},
	}
}

// exchangeLocks are what is changed of the order that was placed in the place of a
// return. Which that is never changes, but its goods may.
//
// Errors: not_found.
func (p *Process) exchangeLocks(returnID string) lockChoice {
	return func(ctx context.Context) ([]db.Lock, error) {
		r, err := db.View(ctx, p.db, func(r db.Reader) (shipping.Return, error) { return shipping.GetReturn(r, returnID) })
		if err != nil || r.Exchange == "" {
			return nil, err
		}
		return p.locks(ctx, r.Exchange)
	}
}

// beside carries out a change of another order in the same transaction, which holds
// the locks of both.
func (c *change) beside(orderID string, do func(*change) error) error {
	_, err := c.p.changeIn(c.tx, Command{By: access.Process}, orderID, do)
	return err
}

// inItsPlace returns the payment of the order that was placed in the place of a
// return, where there is one, and whether that order waits for it.
func inItsPlace(r db.Reader, back shipping.Return) (p payment.Payment, waits bool, err error) {
	if back.Exchange == "" {
		return p, false, nil
	}
	o, err := order.Get(r, back.Exchange)
	if err != nil {
		return p, false, err
	}
	all, err := payment.Of(r, back.Exchange)
	if err != nil || len(all) == 0 {
		return p, false, err
	}
	return all[0], o.End == order.EndNone && all[0].Status == payment.StatusRequiresPaymentMethod, nil
}

// exchangeWaits holds when an order waits for the money of a return that does not
// give it, or no more.
var exchangeWaits = &Guard{"an order that was placed in its place still waits for its money", func(c *change, e event.Event) (bool, error) {
	r, err := c.theReturn(e.Entity)
	if err != nil {
		return false, err
	}
	_, waits, err := inItsPlace(c.tx, *r)
	return waits, err
}}

// cancelExchange is the rule of an order that was placed in the place of a return
// which does not pay for it.
func cancelExchange(c *change, e event.Event) error {
	r, err := c.theReturn(e.Entity)
	if err != nil {
		return err
	}
	if err := c.beside(r.Exchange, (*change).requestCancel); err != nil {
		return err
	}
	if e.Type != shipping.EventReturnReceived {
		return nil
	}
	_, err = c.openTicket(support.Other, support.FromProcess,
		"What came back does not pay for what was wanted instead: the new order is cancelled. Take up with the customer what is to be done.")
	return err
}

// payExchange gives what came back of a return to the order that was placed in its
// place: a refund of this order and the payment of that one, which name each other.
func (c *change) payExchange(to payment.Payment, credits []order.Credit) error {
	from, err := c.payment()
	if err != nil {
		return err
	}
	f, err := c.openRefund(credits, "exchanged", to.ID)
	if err != nil {
		return err
	}
	if err := c.recorded(from, payment.OpRefund, payment.Record{Reference: to.ID, Amount: f.Amount}, f.ID); err != nil {
		return err
	}
	if err := c.refundSucceeded(from, f, refundData(from, f)); err != nil {
		return err
	}
	return c.beside(to.Order, func(other *change) error {
		p, err := other.payment()
		if err != nil {
			return err
		}
		if err := other.recorded(p, payment.OpRecord, payment.Record{Reference: f.ID, Amount: p.Amount}, ""); err != nil {
			return err
		}
		p.Captured, p.PaidBy = p.Amount, f.ID
		return other.movePayment(p, payment.EventSucceeded, dataOf(p, nil))
	})
}

// awaitsReturn says whether an order was placed in the place of a return that is
// still waited for: that is to pay for it.
func (c *change) awaitsReturn() (bool, error) {
	if c.order.ExchangeOf == "" {
		return false, nil
	}
	r, found, err := shipping.ReturnFor(c.tx, c.order.ID)
	return found && r.Open(), err
}

// locksOfReturn are what the end of a return changes beside its order.
func locksOfReturn(ctx context.Context, p *Process, it work.Item) ([]db.Lock, error) {
	return p.exchangeLocks(it.Subject)(ctx)
}
