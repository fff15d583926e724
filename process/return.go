package process

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

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

// returnData is what an event of a return carries.
type returnData struct {
	Units      int64      `json:"units"`
	Reason     string     `json:"reason,omitempty"`
	Until      *time.Time `json:"until,omitempty"`       // when it expires
	Restocked  int64      `json:"restocked,omitempty"`   // units that can be sold again
	WrittenOff int64      `json:"written_off,omitempty"` // units that can not
	Withheld   int64      `json:"withheld,omitempty"`    // units for which no money is given back
	Exchange   string     `json:"exchange,omitempty"`    // the order that was placed in its place
}

func (c *change) moveReturn(r *shipping.Return, t event.Type, data returnData) error {
	from := r.Status
	to, err := shipping.ReturnTransitions.Next(from, t)
	if err != nil {
		return err
	}
	r.Status = to
	if !r.Open() {
		r.ClosedAt = c.tx.Now()
	}
	return c.emit(event.Event{Entity: r.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

// theReturn returns the order's return with the id.
//
// Errors: not_found.
func (c *change) theReturn(id string) (*shipping.Return, error) {
	all, err := c.getReturns()
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(r *shipping.Return) bool { return r.ID == id }); i >= 0 {
		return all[i], nil
	}
	return nil, fault.New(fault.NotFound, "order %d has no return %q", c.order.Number, id)
}

// openReturn returns the order's return with the id, which is waited for.
//
// Errors: not_found; conflict when it is not waited for.
func (c *change) openReturn(id string) (*shipping.Return, error) {
	r, err := c.theReturn(id)
	if err == nil && !r.Open() {
		err = notOpen(*r)
	}
	return r, err
}

// ReturnPlan is what a return comes to.
type ReturnPlan struct {
	Order    string                `json:"order"`
	Version  int64                 `json:"version"` // of the order
	Lines    []shipping.ReturnLine `json:"lines"`
	Units    int64                 `json:"units"`
	Until    time.Time             `json:"until"` // when it expires, if nothing has come
	Currency money.Currency        `json:"currency"`
	Refund   int64                 `json:"refund"` // minor units: what is given back when all of it has come
	By       policy.OnReturn       `json:"by"`     // whether that is given back by itself
}

// SendingBack is the answer to a return: it is authorised, and yet to come.
type SendingBack struct {
	Order  order.Order     `json:"order"`
	Return shipping.Return `json:"return"`
}

// PreviewReturn says what a return would come to.
//
// Errors: as for AuthoriseReturn.
func (p *Process) PreviewReturn(ctx context.Context, orderID string, q shipping.ReturnRequest) (ReturnPlan, error) {
	if err := q.Validate(); err != nil {
		return ReturnPlan{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (ReturnPlan, error) {
		o, err := order.Get(r, orderID)
		if err != nil {
			return ReturnPlan{}, err
		}
		set, err := p.policies.Current(r)
		if err != nil {
			return ReturnPlan{}, err
		}
		return planReturn(r, o, set, q)
	})
}

// AuthoriseReturn allows the customer to send back what has arrived of an order
// and is in no other return. It is waited for as long as policy says. With a
// version, the order must still be at it.
//
// Errors: invalid; not_found; stale; conflict when nothing of it
// can come back; too_late when it arrived longer ago than policy takes back, unless
// the request says that it is taken all the same.
func (p *Process) AuthoriseReturn(ctx context.Context, by Command, orderID string, q shipping.ReturnRequest) (Result[SendingBack], error) {
	if err := q.Validate(); err != nil {
		return Result[SendingBack]{}, err
	}
	return answering(ctx, p, by, "authorise_return", orderID, q, func(tx *db.Tx) (done SendingBack, err error) {
		var made *shipping.Return
		done.Order, err = p.changeIn(tx, by, orderID, func(c *change) error {
			plan, err := planReturn(c.tx, c.order, c.policy, q)
			if err != nil {
				return err
			}
			made, err = c.authorise(plan, q.Reason, "")
			return err
		})
		if err == nil {
			done.Return = *made
		}
		return done, err
	})
}

// authorise allows a return, in whose place an order may have been placed.
func (c *change) authorise(plan ReturnPlan, reason, exchange string) (*shipping.Return, error) {
	if _, err := c.getReturns(); err != nil { // to which this one is added
		return nil, err
	}
	r := c.returns.add(shipping.Return{ID: c.newID(shipping.ReturnPrefix), Order: c.order.ID, Reason: reason, Units: plan.Units, Exchange: exchange,
		AuthorisedAt: c.tx.Now(), Until: plan.Until})
	c.coming[r.ID] = plan.Lines
	for _, l := range plan.Lines {
		order.CountReturned(c.tx, c.order.ID, l.Line, l.Quantity)
	}
	return r, c.moveReturn(r, shipping.EventReturnAuthorised, returnData{Units: r.Units, Reason: reason, Until: &r.Until, Exchange: exchange})
}

// planReturn says what a return comes to as the order stands.
//
// Errors: invalid; conflict; too_late.
func planReturn(r db.Reader, o order.Order, set policy.Policy, q shipping.ReturnRequest) (plan ReturnPlan, err error) {
	lines, err := order.Lines(r, o.ID)
	if err != nil {
		return plan, err
	}
	may, err := mayReturn(r, o.ID, lines, time.Time{})
	if err != nil {
		return plan, err
	}
	if err := nothingCame(o, may); err != nil {
		return plan, err
	}
	plan = ReturnPlan{Order: o.ID, Version: o.Version, Until: r.Now().Add(time.Duration(set.ReturnWithin)), Currency: o.Currency, By: set.OnReturn}
	if plan.Lines, err = q.Of(may); err != nil {
		return plan, err
	}
	if !q.Late {
		inTime, err := mayReturn(r, o.ID, lines, r.Now().Add(-time.Duration(set.ReturnWindow)))
		if err != nil {
			return plan, err
		}
		if _, err := q.Of(inTime); err != nil || len(q.Lines) == 0 && !slices.Equal(may, inTime) {
			return plan, fault.New(fault.TooLate, "some of it arrived longer than %s ago: say that it is taken all the same, or leave it out", time.Duration(set.ReturnWindow))
		}
	}
	came := slices.Clone(plan.Lines)
	for i := range came {
		plan.Units += came[i].Quantity
		came[i].Came = came[i].Quantity // as if it had come
	}
	a, err := ReadAccount(r, o)
	if err != nil {
		return plan, err
	}
	plan.Refund = amountOf(a.cameBack(newReturn, came))
	return plan, nil
}

// mayReturn returns for each line of which something can come back how much: what
// has arrived, not before since, and is in no return. It is put back where it left
// from.
func mayReturn(r db.Reader, id string, lines []order.Line, since time.Time) ([]shipping.ReturnLine, error) {
	shipments, err := shipping.Of(r, id)
	if err != nil {
		return nil, err
	}
	packed, err := shipping.Lines(r, id)
	if err != nil {
		return nil, err
	}
	return returnable(lines, shipments, packed, since), nil
}

// nothingCame refuses to take back what has not arrived.
func nothingCame(o order.Order, may []shipping.ReturnLine) error {
	if len(may) == 0 {
		return fault.New(fault.Conflict, "nothing of order %d has arrived that is not in a return", o.Number)
	}
	return nil
}

// returnable is mayReturn of what was read. It sorts the shipments.
func returnable(lines []order.Line, shipments []shipping.Shipment, packed map[string][]shipping.ShipmentLine, since time.Time) []shipping.ReturnLine {
	all := make([]shipping.ReturnLine, len(lines))
	gone := make([]int64, len(lines)) // what is in a return: of what arrived, the first
	for i, l := range lines {
		all[i], gone[i] = shipping.ReturnLine{Line: l.Line, SKU: l.SKU}, l.Returned
	}
	slices.SortStableFunc(shipments, func(a, b shipping.Shipment) int { return a.DeliveredAt.Compare(b.DeliveredAt) })
	for _, s := range shipments {
		if s.DeliveredAt.IsZero() || !s.Live() {
			continue
		}
		for _, h := range packed[s.ID] {
			i := h.Line - 1
			left := h.Quantity - min(h.Quantity, gone[i])
			gone[i] -= h.Quantity - left
			if left > 0 && !s.DeliveredAt.Before(since) {
				all[i].Quantity, all[i].Location = all[i].Quantity+left, s.Location
			}
		}
	}
	return slices.DeleteFunc(all, func(l shipping.ReturnLine) bool { return l.Quantity == 0 })
}

// CancelReturn says that a return is not to come.
//
// Errors: not_found; conflict when it is not waited for.
func (p *Process) CancelReturn(ctx context.Context, by Command, orderID, returnID string) (Result[order.Order], error) {
	return p.change(ctx, by, "cancel_return", orderID, returnID, func(c *change) error {
		r, err := c.openReturn(returnID)
		if err != nil {
			return err
		}
		return c.endReturn(r, shipping.EventReturnCanceled)
	}, p.exchangeLocks(returnID))
}

// endReturn ends a return of which nothing came.
func (c *change) endReturn(r *shipping.Return, t event.Type) error {
	lines, err := c.returnLines(r)
	if err != nil {
		return err
	}
	for _, l := range lines {
		order.CountReturned(c.tx, c.order.ID, l.Line, -l.Quantity)
	}
	return c.moveReturn(r, t, returnData{Units: r.Units})
}

func (c *change) returnLines(r *shipping.Return) ([]shipping.ReturnLine, error) {
	all, err := shipping.ReturnLines(c.tx, c.order.ID)
	return all[r.ID], err
}

func awaitReturnDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.ReturnWithin))
}

// expireReturn ends a return for which nothing has come in time.
func expireReturn(c *change, it *work.Item) error {
	r, err := c.openReturn(it.Subject)
	if err != nil {
		return err
	}
	return c.endReturn(r, shipping.EventReturnExpired)
}

// ReceiveReturn says what of a return came, and what of it can not be sold again.
// The rest goes on hand; for all of it the money goes back, or a person decides, as
// policy has it. What did not come may be returned anew.
//
// Errors: invalid, when more came or is unfit than there is; not_found, also of the
// location; conflict when the return is not waited for, or when a location would
// have too much.
func (p *Process) ReceiveReturn(ctx context.Context, by Command, orderID, returnID string, q shipping.Reception) (Result[order.Order], error) {
	if err := q.Validate(); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "receive_return", orderID, [2]any{returnID, q}, func(c *change) error {
		r, err := c.openReturn(returnID)
		if err != nil {
			return err
		}
		lines, err := c.returnLines(r)
		if err != nil {
			return err
		}
		came, err := q.Of(lines)
		if err != nil {
			return err
		}
		return c.receiveReturn(r, lines, came)
	}, p.exchangeLocks(returnID))
}

func (c *change) receiveReturn(r *shipping.Return, lines, came []shipping.ReturnLine) error {
	for _, l := range lines {
		order.CountReturned(c.tx, c.order.ID, l.Line, -l.Quantity)
	}
	for _, l := range came {
		order.CountReturned(c.tx, c.order.ID, l.Line, l.Came)
		r.Came, r.Restocked, r.Withheld = r.Came+l.Came, r.Restocked+l.Restocked, r.Withheld+l.Withheld
	}
	if err := c.restock(r, came); err != nil {
		return err
	}
	shipping.SaveCame(c.tx, *r, came)
	if err := c.claim(func(d *draft) { d.cameBack(r.ID, came) }); err != nil {
		return err
	}
	return c.moveReturn(r, shipping.EventReturnReceived, returnData{Units: r.Came, Restocked: r.Restocked, WrittenOff: r.Came - r.Restocked, Withheld: r.Withheld})
}

// restock puts what can be sold again on hand.
func (c *change) restock(r *shipping.Return, came []shipping.ReturnLine) error {
	for _, l := range came {
		if l.Restocked == 0 {
			continue
		}
		cause := c.cause(r.ID)
		cause.Key += "/" + strconv.FormatInt(l.Line, 10) // several lines may be of one SKU
		if _, err := inventory.TakeBack(c.tx, cause, l.SKU, l.Location, l.Restocked); err != nil {
			return err
		}
	}
	return nil
}

// ReceivingPlan is what receiving a return comes to.
type ReceivingPlan struct {
	Return   shipping.Return       `json:"return"`  // as it is before
	Version  int64                 `json:"version"` // of the order
	Lines    []shipping.ReturnLine `json:"lines"`   // what came
	Currency money.Currency        `json:"currency"`
	Refund   int64                 `json:"refund"`             // minor units: what the customer is given back for it
	By       policy.OnReturn       `json:"by"`                 // whether that is given back by itself
	Exchange string                `json:"exchange,omitempty"` // the order that was placed in its place, where that waits for its money
	Pays     int64                 `json:"pays,omitempty"`     // minor units: what pays for that order; 0 when too little came, and it is cancelled
}

// PreviewReceiveReturn says what ReceiveReturn would put where, and give back.
//
// Errors: as ReceiveReturn, but for locations.
func (p *Process) PreviewReceiveReturn(ctx context.Context, orderID, returnID string, q shipping.Reception) (ReceivingPlan, error) {
	if err := q.Validate(); err != nil {
		return ReceivingPlan{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (plan ReceivingPlan, err error) {
		o, err := order.Get(r, orderID)
		if err != nil {
			return plan, err
		}
		if plan.Return, err = shipping.GetReturn(r, returnID); err != nil {
			return plan, err
		}
		if !plan.Return.Open() {
			return plan, notOpen(plan.Return)
		}
		set, err := p.policies.Current(r)
		if err != nil {
			return plan, err
		}
		all, err := shipping.ReturnLines(r, orderID)
		if err != nil {
			return plan, err
		}
		if plan.Lines, err = q.Of(all[returnID]); err != nil {
			return plan, err
		}
		plan.Version, plan.Currency, plan.By = o.Version, o.Currency, set.OnReturn
		a, err := ReadAccount(r, o)
		if err != nil {
			return plan, err
		}
		given, err := givenFor(r, plan.Return, a.cameBack(returnID, plan.Lines))
		plan.give(given)
		return plan, err
	})
}

// give says what becomes of the money for what came. What pays for an exchange is
// given without asking, and so is the rest.
func (plan *ReceivingPlan) give(g given) {
	plan.Refund = amountOf(g.credits)
	if g.waits {
		plan.Exchange = plan.Return.Exchange
	}
	if g.pays {
		plan.Pays, plan.By = g.to.Amount, policy.OnReturnRefund
		plan.Refund -= plan.Pays
	}
}

func notOpen(r shipping.Return) error {
	return fault.New(fault.Conflict, "return %s is %s already", r.ID, r.Status)
}

// refundsReturn holds when the money for what came is given back, to the customer or
// to what was placed in its place.
var refundsReturn = &Guard{"policy has it refunded or it pays for an exchange, and its money was not given back yet", func(c *change, e event.Event) (bool, error) {
	given, err := c.givenBy(e)
	return err == nil && (given.pays || len(given.credits) > 0 && c.policy.OnReturn == policy.OnReturnRefund), err
}}

// asksAboutReturn holds when a person decides about the money for what came.
var asksAboutReturn = &Guard{"policy has a person asked, it has paid for no exchange, and its money was not given back yet; or units came that bring no money, because as many of their line had theirs before", func(c *change, e event.Event) (bool, error) {
	given, err := c.givenBy(e)
	return err == nil && (given.asked(c.policy) || given.less), err
}}

func (g given) asked(set policy.Policy) bool {
	return set.OnReturn == policy.OnReturnAsk && g.to.PaidBy == "" && len(g.credits) > 0
}

// given is what a return that came gives back, and the payment of what was placed in
// its place, whether that waits for its money, and whether it is paid by it.
type given struct {
	credits     []order.Credit
	less        bool // units came that bring no money, though some is left of their line
	to          payment.Payment
	waits, pays bool
}

// givenFor is what a return gives back for what came of it.
func givenFor(r db.Reader, back shipping.Return, credits []order.Credit) (g given, err error) {
	g.credits = credits
	if g.to, g.waits, err = inItsPlace(r, back); err != nil {
		return g, err
	}
	g.pays = g.waits && amountOf(g.credits) >= g.to.Amount
	return g, nil
}

// givenBy is what the return gives back that an event is about.
func (c *change) givenBy(e event.Event) (g given, err error) {
	back, err := c.theReturn(e.Entity)
	if err != nil {
		return g, err
	}
	a, err := c.account()
	if err != nil {
		return g, err
	}
	came := a.Coming[back.ID]
	if g, err = givenFor(c.tx, *back, a.cameBack(back.ID, came)); err != nil {
		return g, err
	}
	g.less = c.bringsLess(a, back.ID, g.credits)
	return g, err
}

// ForReturn is the reason of a refund that policy has made for a return.
const ForReturn = "returned"

// refundReturn is the rule of a return whose money is given back: first to what was
// placed in its place, and the rest to the customer.
func refundReturn(c *change, e event.Event) error {
	g, err := c.givenBy(e)
	if err != nil {
		return err
	}
	rest := g.credits
	if g.pays {
		var first []order.Credit
		first, rest = order.SplitCredits(g.credits, g.to.Amount)
		if err := c.payExchange(g.to, first); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return nil
	}
	_, err = c.openRefund(rest, ForReturn, "")
	return err
}

// bringsLess says whether units of a return came whose money had gone back before,
// though some is left of their line beside what it gives: which of its units it was for
// is nowhere said.
func (c *change) bringsLess(a Account, id string, now []order.Credit) bool {
	left := map[int64]int64{}
	for _, l := range a.Lines {
		left[l.Line] = l.Left()
	}
	for _, credit := range now {
		left[credit.Line] -= credit.Amount
	}
	return slices.ContainsFunc(a.Refunds, func(f payment.Refund) bool {
		_, fresh := c.credits[f.ID]
		return !fresh && slices.ContainsFunc(a.Credits[f.ID], func(l payment.RefundLine) bool {
			return l.Cause == id && l.Quantity > 0 && left[l.Line] > 0
		})
	})
}

// reportReturn is the rule of goods that came back and about whose money a person
// decides.
func reportReturn(c *change, e event.Event) error {
	g, err := c.givenBy(e)
	if err != nil {
		return err
	}
	body := "What the customer sent back has come: give the money back for it, or say why not."
	if g.less {
		body += " For as many units as some of it, money had gone back before: see whether it was for these, or for others that the customer has."
	}
	_, err = c.openTicket(support.Other, support.FromProcess, body)
	return err
}

func amountOf(credits []order.Credit) (sum int64) {
	for _, credit := range credits {
		sum += credit.Amount
	}
	return sum
}

// newReturn is the cause of what a return would give back that there is not yet.
const newReturn = shipping.ReturnPrefix + "_"

func isReturn(cause string) bool { return strings.HasPrefix(cause, newReturn) }

// cameBack is what is to be given back for units that come back, beside what was given
// back of the order before.
func (a Account) cameBack(id string, came []shipping.ReturnLine) []order.Credit {
	d := a.draft()
	d.cameBack(id, came)
	return d.credits()
}

// cameBack settles units that came back: which unit of a line went back before is
// nowhere said, so that none is paid twice.
func (d *draft) cameBack(id string, came []shipping.ReturnLine) {
	for _, l := range came {
		units := l.Came - l.Withheld
		d.settle(claimant{id, l.Line, units}, units)
	}
}

// arrivedUnits returns how many units of each line are at the door, or were.
func arrivedUnits(r db.Reader, id string) (map[int64]int64, error) {
	shipments, err := shipping.Of(r, id)
	if err != nil {
		return nil, err
	}
	packed, err := shipping.Lines(r, id)
	if err != nil {
		return nil, err
	}
	units := map[int64]int64{}
	for _, s := range shipments {
		if s.DeliveredAt.IsZero() || !s.Live() {
			continue // what was sent in the place of a parcel counts, not what turns up of it
		}
		for _, l := range packed[s.ID] {
			units[l.Line] += l.Quantity
		}
	}
	return units, nil
}

// FindReturn returns a return by its id; or the one that is waited for of an order,
// named by its id, its number, or its reference written as source/number.
//
// Errors: not_found; conflict when several of the order are waited for, or none.
func (p *Process) FindReturn(ctx context.Context, what string) (shipping.Return, error) {
	return db.View(ctx, p.db, func(r db.Reader) (found shipping.Return, err error) {
		if found, err = shipping.GetReturn(r, what); !fault.Is(err, fault.NotFound) {
			return found, err
		}
		o, err := order.Find(r, what)
		if fault.Is(err, fault.NotFound) {
			return found, fault.New(fault.NotFound, "there is no return and no order %q", what)
		}
		if err != nil {
			return found, err
		}
		all, err := shipping.Returns(r, o.ID)
		if err != nil {
			return found, err
		}
		open := slices.DeleteFunc(all, func(r shipping.Return) bool { return !r.Open() })
		if len(open) != 1 {
			return found, fault.New(fault.Conflict, "%d returns of order %d are waited for: name one by its id", len(open), o.Number)
		}
		return open[0], nil
	})
}
