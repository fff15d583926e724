package process

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"doorstep/attempt"
	"doorstep/event"
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

// EditPlan is what a change to a placed order comes to.
type EditPlan struct {
	Order    string                  `json:"order"`
	Version  int64                   `json:"version"` // of the order
	Currency money.Currency          `json:"currency"`
	Lines    []LineChange            `json:"lines"`
	Total    int64                   `json:"total"`              // that is to be paid, before; minor units, as the next ones
	After    int64                   `json:"after"`              // that is to be paid, after; what was paid stays as it is
	Refund   int64                   `json:"refund"`             // what goes back of what was paid
	Freed    int64                   `json:"freed"`              // units that are no longer kept for it
	Unwaited int64                   `json:"unwaited,omitempty"` // of these, units that it waits for
	Kept     []inventory.Reservation `json:"kept,omitempty"`     // what would be reserved beside, and where
	Short    []inventory.Shortage    `json:"short,omitempty"`    // what is not there: then nothing is changed
	Repacked []string                `json:"repacked,omitempty"` // shipments that are given up, and what is still wanted of them is packed anew
	Voided   []string                `json:"voided,omitempty"`   // of these, those whose label is given back
	Waits    bool                    `json:"waits"`              // a provider is being asked, or will be: it is changed when that has answered

	Withdrawn string `json:"withdrawn,omitempty"` // the shipment whose goods are not sent anew after all
	Stands    string `json:"stands,omitempty"`    // as what it counts from then on, in a word

	edit   order.Edit // without what is so already
	cuts   map[int64]int64
	stay   map[int64]int64 // what does not leave, by line: what is taken out, or not sent anew
	totals order.Totals
	lines  []order.Line // after
	draft  *draft       // of an order whose money was taken
	moves  bool         // it changes what is to be paid
}

// LineChange is what becomes of one line.
type LineChange struct {
	Line int64  `json:"line"`
	SKU  string `json:"sku"`
	From int64  `json:"from"` // units; 0 for a line that is new
	To   int64  `json:"to"`
}

// standing is an order with all that a change of it is decided on.
type standing struct {
	order     order.Order
	payment   payment.Payment
	shipTo    order.Address // zero once it was erased
	lines     []order.Line
	account   Account
	attempts  []payment.Attempt
	shipments []shipping.Shipment
	held      map[string][]shipping.ShipmentLine
	labels    []shipping.Attempt
	items     []work.Item
	waiting   []inventory.Backorder
	skus      map[string]inventory.SKU // of what is to be added
}

// Edit changes an order that was placed: fewer units of its lines, further lines,
// where it goes, how it is shipped; or that goods are not sent anew after all.
// Parcels that this touches are packed anew.
// While a provider is being asked, the order is changed as soon as the answer is
// there. With a version, the order must still be at it.
//
// Errors: invalid; not_found; too_late when what is to be changed has left, with
// the way that is left; stale; conflict when the order is over or is being
// changed, when nothing of it would be left, when more is wanted than its money
// was asked for, when what is to be added is not there or has to wait, or when what
// is to be withdrawn is not being sent anew.
func (p *Process) Edit(ctx context.Context, by Command, orderID string, q order.Edit) (Result[order.Order], error) {
	if err := q.Validate(); err != nil {
		return Result[order.Order]{}, err
	}
	return p.change(ctx, by, "edit", orderID, q, func(c *change) error {
		if err := whyNoEdit(c.order); err != nil {
			return err
		}
		plan, err := c.planEdit(q)
		if err != nil {
			return err
		}
		if err := plan.addsTooEarly(q, c.order); err != nil {
			return err
		}
		if _, lacks, err := inventory.WouldReserve(c.tx, added(q), inventory.Terms{Split: c.policy.Split}); err != nil || len(lacks) > 0 {
			if err == nil {
				err = notThereBeside(c.order, lacks)
			}
			return err
		}
		if err := c.requestEdit(plan); err != nil {
			return err
		}
		c.keepNote(q.Reason)
		return nil
	}, always(inventory.Locks(demandOf(order.Request{Lines: q.Add}))))
}

// requestEdit has the order changed as soon as nothing that it touches is in flight.
func (c *change) requestEdit(plan EditPlan) error {
	q := plan.edit
	if err := order.KeepEdit(c.tx, order.PendingEdit{Order: c.order.ID, At: c.tx.Now(), By: string(c.by), Edit: q}); err != nil {
		return err
	}
	return c.emitOrder(order.EventChangeRequested, changeData{Lines: plan.Lines, Address: q.ShipTo != nil, Method: q.Method, Withdrawn: q.Withdraw})
}

// PreviewEdit says what a change would come to.
//
// Errors: as for Edit, but for goods that are not there.
func (p *Process) PreviewEdit(ctx context.Context, orderID string, q order.Edit) (EditPlan, error) {
	if err := q.Validate(); err != nil {
		return EditPlan{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (plan EditPlan, err error) {
		s, err := readStanding(r, orderID)
		if err != nil {
			return plan, err
		}
		if err := whyNoEdit(s.order); err != nil {
			return plan, err
		}
		if s.skus, err = inventory.Catalogue(r, demandOf(order.Request{Lines: q.Add})); err != nil {
			return plan, err
		}
		if plan, err = p.planEdit(s, q, r.Now()); err != nil || len(q.Add) == 0 {
			return plan, err
		}
		if err := plan.addsTooEarly(q, s.order); err != nil {
			return plan, err
		}
		set, err := p.policies.Current(r)
		if err != nil {
			return plan, err
		}
		plan.Kept, plan.Short, err = inventory.WouldReserve(r, added(q), inventory.Terms{Split: set.Split})
		return plan, err
	})
}

// addsTooEarly refuses to add to an order while a provider is being asked: what it costs
// then is not known.
//
// Errors: conflict.
func (plan EditPlan) addsTooEarly(q order.Edit, o order.Order) error {
	if plan.Waits && len(q.Add) > 0 {
		return fault.New(fault.Conflict, "something is being asked about order %d: add to it when that has answered", o.Number)
	}
	return nil
}

// added returns what a change asks for beside the order's lines, by SKU.
func added(q order.Edit) map[string]int64 {
	units := map[string]int64{}
	for _, l := range q.Add {
		units[l.SKU] += l.Quantity
	}
	return units
}

func notThereBeside(o order.Order, lacks []inventory.Shortage) error {
	return fault.New(fault.Conflict, "%d of %s are wanted beside for order %d, and %d are there", lacks[0].Wanted, lacks[0].SKU, o.Number, lacks[0].Available)
}

// whyNoEdit is why an order can not be changed as it stands, nil when it may be.
func whyNoEdit(o order.Order) error {
	switch {
	case o.End == order.EndChanging:
		return fault.New(fault.Conflict, "order %d is being changed already: wait for that, or withdraw it", o.Number)
	case o.End != order.EndNone:
		return fault.New(fault.Conflict, "order %d is %s: nothing of it can be changed", o.Number, ended(o))
	}
	return nil
}

func readStanding(r db.Reader, id string) (s standing, err error) {
	if s.order, err = order.Get(r, id); err != nil {
		return s, err
	}
	payments, err := payment.Of(r, id)
	if err != nil {
		return s, err
	}
	if len(payments) > 0 {
		s.payment = payments[0]
	}
	for _, read := range []func() error{
		func() error { s.shipTo, err = shipTo(r, id); return err },
		func() error { s.account, err = ReadAccount(r, s.order); return err },
		func() error { s.labels, err = shipping.Attempts(r, id); return err },
		func() error { s.items, err = work.Of(r, id); return err },
		func() error { s.waiting, err = waitingOf(r, s.order); return err },
	} {
		if err := read(); err != nil {
			return s, err
		}
	}
	s.lines, s.attempts, s.shipments, s.held = s.account.Lines, s.account.Attempts, s.account.Shipments, s.account.Held
	return s, nil
}

// waitingOf returns what an order waits for.
func waitingOf(r db.Reader, o order.Order) ([]inventory.Backorder, error) {
	if o.Sums.Backordered == 0 {
		return nil, nil
	}
	return inventory.Backorders(r, o.ID, o.ID)
}

// shipTo returns where an order goes, the zero address once it was erased.
func shipTo(r db.Reader, id string) (order.Address, error) {
	contact, err := order.KnownContact(r, id)
	return contact.ShipTo, err
}

// standing returns how the order stands within the change.
func (c *change) standing() (s standing, err error) {
	s.order = c.order
	if p, err := c.payment(); err != nil {
		return s, err
	} else if p != nil {
		s.payment = *p
	}
	if s.shipTo, err = shipTo(c.tx, c.order.ID); err != nil {
		return s, err
	}
	if s.account, err = c.account(); err != nil {
		return s, err
	}
	labels, err := c.getLabels()
	if err != nil {
		return s, err
	}
	items, err := c.getItems()
	if err != nil {
		return s, err
	}
	s.lines, s.attempts, s.shipments, s.held = s.account.Lines, s.account.Attempts, s.account.Shipments, s.account.Held
	s.labels, s.items = valuesOf(labels), valuesOf(items)
	s.waiting, err = waitingOf(c.tx, c.order)
	return s, err
}

// parcels returns the order's shipments, and what each of them holds.
func (c *change) parcels() ([]shipping.Shipment, map[string][]shipping.ShipmentLine, error) {
	all, err := c.getShipments()
	if err != nil {
		return nil, nil, err
	}
	held := map[string][]shipping.ShipmentLine{}
	for _, p := range all {
		if held[p.ID], err = c.heldBy(p); err != nil {
			return nil, nil, err
		}
	}
	return valuesOf(all), held, nil
}

func valuesOf[T any](pointers []*T) []T {
	values := make([]T, len(pointers))
	for i, p := range pointers {
		values[i] = *p
	}
	return values
}

func (c *change) planEdit(q order.Edit) (EditPlan, error) {
	s, err := c.standing()
	if err != nil {
		return EditPlan{}, err
	}
	if s.skus, err = inventory.Catalogue(c.tx, demandOf(order.Request{Lines: q.Add})); err != nil {
		return EditPlan{}, err
	}
	return c.p.planEdit(s, q, c.tx.Now())
}

// planEdit says what a change comes to as the order stands.
//
// Errors: invalid; not_found; too_late; conflict.
func (p *Process) planEdit(s standing, q order.Edit, now time.Time) (plan EditPlan, err error) {
	o := s.order
	unsent, err := s.unsent(q.Withdraw)
	if err != nil {
		return plan, err
	}
	if err := s.gone(q); err != nil {
		return plan, err
	}
	plan = EditPlan{Order: o.ID, Version: o.Version, Currency: o.Currency, Total: o.Total, totals: o.Totals, lines: slices.Clone(s.lines), Lines: []LineChange{}}
	if plan.cuts, err = q.Cuts(s.lines); err != nil {
		return plan, err
	}
	if err := s.stillHere(plan.cuts); err != nil {
		return plan, err
	}
	q = s.anew(q)
	plan.edit, plan.stay, plan.Withdrawn = q, plan.cuts, q.Withdraw
	if len(unsent) > 0 {
		plan.stay = unsent
	}
	if len(plan.stay)+len(q.Add) == 0 && q.ShipTo == nil && q.Method == "" {
		return plan, fault.New(fault.Conflict, "order %d is so already: there is nothing to change", o.Number)
	}
	if o.Payment.Taken() {
		err = plan.afterPaying(s, q)
	} else {
		err = plan.beforePaying(s, q)
	}
	if err != nil {
		return plan, err
	}
	if err := plan.say(s); err != nil {
		return plan, err
	}
	plan.Repacked = s.touched(q, plan.stay)
	plan.Voided = slices.DeleteFunc(slices.Clone(plan.Repacked), func(id string) bool { return !s.hasLabel(id) })
	if p, ok := s.parcel(q.Withdraw); ok {
		plan.Stands = whereIs(p)
	}
	plan.Waits = plan.moves && s.moneyAsked(p, now) || slices.ContainsFunc(plan.Repacked, func(id string) bool { return s.labelled(p, id, now) })
	return plan, nil
}

// anew leaves out of a change what is so already: for an address and a method that
// the order has, no parcel is packed anew.
func (s standing) anew(q order.Edit) order.Edit {
	if q.ShipTo != nil && *q.ShipTo == s.shipTo {
		q.ShipTo = nil
	}
	if q.Method == s.order.ShippingMethod {
		q.Method = ""
	}
	return q
}

// gone refuses to change what has left, but for where and how that is to go which did not
// arrive, and in the place of which nothing was sent yet.
//
// Errors: too_late.
func (s standing) gone(q order.Edit) error {
	elsewhere := q.ShipTo != nil || q.Method != ""
	if elsewhere && slices.ContainsFunc(s.shipments, func(p shipping.Shipment) bool { return p.Lacking() }) {
		return nil
	}
	return allGone(s.order)
}

// stillHere refuses to take units out that have left.
//
// Errors: too_late.
func (s standing) stillHere(cuts map[int64]int64) error {
	gone := s.unitsIn(func(p shipping.Shipment) bool { return p.Gone() && p.Live() })
	for _, l := range s.lines {
		if cuts[l.Line] > l.Wanted()-gone[l.Line] {
			return fault.New(fault.TooLate, "%d of line %d of order %d have left: they can be sent back when they have arrived", gone[l.Line], l.Line, s.order.Number)
		}
	}
	return nil
}

// afterPaying plans a change of an order whose money was taken: what is taken out
// is given back.
//
// Errors: conflict.
func (plan *EditPlan) afterPaying(s standing, q order.Edit) error {
	if len(q.Add) > 0 {
		return fault.New(fault.Conflict, "order %d is paid: what is wanted beside is a new order", s.order.Number)
	}
	plan.draft = s.account.draft()
	for _, line := range slices.Sorted(maps.Keys(plan.cuts)) {
		l := &plan.lines[line-1]
		l.Cancelled += plan.cuts[line]
		plan.draft.cut(*l)
	}
	plan.After = plan.Total
	for _, credit := range plan.draft.credits() {
		plan.Refund += credit.Amount
	}
	if kept := s.order.Sums.Kept(); plan.Refund > 0 && plan.Refund == kept && s.order.Sums.Sent() == 0 {
		return fault.New(fault.Conflict, "what is left of order %d costs nothing: cancel it", s.order.Number)
	}
	return nil
}

// beforePaying plans a change of an order whose money was not taken: less is to be
// paid, or more while no one was asked for it.
//
// Errors: invalid; conflict.
func (plan *EditPlan) beforePaying(s standing, q order.Edit) error {
	o := s.order
	add, err := withPrices(q.Add, o.Currency, s.skus)
	if err != nil {
		return err
	}
	if len(plan.cuts) > 0 {
		plan.totals, plan.lines = order.Cut(o.Totals, o.PricesIncludeTax, s.lines, plan.cuts)
	}
	if plan.totals, plan.lines, err = order.Add(plan.totals, o.PricesIncludeTax, plan.lines, add, o.Totals.Freight().Less(plan.totals.Freight())); err != nil {
		return err
	}
	plan.After = plan.totals.Total
	plan.moves = plan.After != plan.Total
	switch {
	case plan.moves && o.ExchangeOf != "":
		return fault.New(fault.Conflict, "order %d is paid by what is sent back of another: cancel the return, and exchange it anew", o.Number)
	case plan.After == 0 && plan.Total > 0:
		return fault.New(fault.Conflict, "what is left of order %d costs nothing: cancel it, and place a new one", o.Number)
	case o.Payment == order.PaymentAuthorised && plan.After > authorised(s.attempts):
		return fault.New(fault.Conflict, "%d are authorised for order %d, and %d would be to pay: what is wanted beside is a new order", authorised(s.attempts), o.Number, plan.After)
	}
	return nil
}

// authorised is how much the gateway keeps for an order, by the attempts at it: a change
// to less has had no one ask for less.
func authorised(attempts []payment.Attempt) (amount int64) {
	for _, a := range attempts {
		if (a.Op == payment.OpAuthorise || a.Op == payment.OpRenew) && a.Status == attempt.Succeeded {
			amount = a.Amount
		}
	}
	return amount
}

// withPrices fills in what the lines to add leave to the catalogue.
//
// Errors: invalid.
func withPrices(lines []order.LineRequest, currency money.Currency, skus map[string]inventory.SKU) ([]order.LineRequest, error) {
	var check fault.Check
	full := fillIn(&check, "add", lines, currency, skus)
	return full, check.Err("the change")
}

// say lists what becomes of the lines.
//
// Errors: conflict when nothing would be left of the order.
func (plan *EditPlan) say(s standing) error {
	var left int64
	for i, l := range plan.lines {
		left += l.Wanted()
		change := LineChange{Line: l.Line, SKU: l.SKU, To: l.Wanted()}
		if i < len(s.lines) {
			change.From = s.lines[i].Wanted()
		}
		if change.From != change.To {
			plan.Lines = append(plan.Lines, change)
		}
		plan.Freed += plan.stay[l.Line]
	}
	plan.Unwaited = s.unwaited(plan.stay)
	switch {
	case left > 0:
		return nil
	case s.order.Fulfilment == order.FulfilmentReshipping:
		return fault.New(fault.Conflict, "nothing would be left of order %d, which is being sent anew: %s", s.order.Number, leftOfReshipping)
	default:
		return fault.New(fault.Conflict, "nothing would be left of order %d: cancel it, or give its money back", s.order.Number)
	}
}

// unwaited returns how many units are waited for of those that are not to leave.
func (s standing) unwaited(stay map[int64]int64) (units int64) {
	wanted := map[string]int64{}
	for _, l := range s.lines {
		wanted[l.SKU] += stay[l.Line]
	}
	for _, b := range s.waiting {
		units += min(wanted[b.SKU], b.Quantity)
	}
	return units
}

// touched returns the parcels that a change has packed anew: all that are here
// where they are to go elsewhere or otherwise, and else as few as hold the units
// that are not to leave, those without a label first. What is not sent anew is
// looked for first in what was packed since.
func (s standing) touched(q order.Edit, stay map[int64]int64) (ids []string) {
	all := q.ShipTo != nil || q.Method != ""
	packed := s.unitsIn(func(p shipping.Shipment) bool { return p.Live() })
	left := map[int64]int64{}
	for line, n := range stay {
		left[line] = n - (s.lines[line-1].Wanted() - packed[line])
	}
	for _, p := range s.here(s.sentAnewAt(q.Withdraw)) {
		if !all && !slices.ContainsFunc(s.held[p.ID], func(l shipping.ShipmentLine) bool { return stay[l.Line] > 0 && left[l.Line] > 0 }) {
			continue
		}
		ids = append(ids, p.ID)
		for _, l := range s.held[p.ID] {
			left[l.Line] -= l.Quantity
		}
	}
	return ids
}

// sentAnewAt is when the goods of a parcel were reserved to be sent anew, zero for no
// parcel.
func (s standing) sentAnewAt(id string) time.Time {
	p, _ := s.parcel(id)
	return p.ReplacedAt
}

// here returns the parcels that have not left: those planned since then first, then
// those without a label, and of these the small ones.
func (s standing) here(since time.Time) []shipping.Shipment {
	here := slices.DeleteFunc(slices.Clone(s.shipments), func(p shipping.Shipment) bool { return !p.Here() })
	slices.SortStableFunc(here, func(a, b shipping.Shipment) int {
		return cmp.Or(cmp.Compare(rank(a.PlannedAt.Before(since)), rank(b.PlannedAt.Before(since))), cmp.Compare(rank(a.Status == shipping.LabelBought), rank(b.Status == shipping.LabelBought)), cmp.Compare(a.Units, b.Units), cmp.Compare(a.ID, b.ID))
	})
	return here
}

// unitsIn returns how many units of each line those of the parcels hold.
func (s standing) unitsIn(of func(shipping.Shipment) bool) map[int64]int64 {
	units := map[int64]int64{}
	for _, p := range s.shipments {
		if !of(p) {
			continue
		}
		for _, l := range s.held[p.ID] {
			units[l.Line] += l.Quantity
		}
	}
	return units
}

// moneyAsked says whether the gateway is or may have been asked about the order's
// own money, so that its amount stands.
func (s standing) moneyAsked(p *Process, now time.Time) bool {
	return slices.ContainsFunc(s.attempts, func(a payment.Attempt) bool {
		return a.IsOpen() && !a.Op.Undoes() && a.Op != payment.OpRefund && !(a.Status == attempt.Open && s.untouched(p, payStep[a.Op], a.Payment, now))
	})
}

// labelled says whether a parcel has a label, or its carrier is or may have been
// asked for one.
func (s standing) labelled(p *Process, id string, now time.Time) bool {
	if s.hasLabel(id) {
		return true
	}
	return slices.ContainsFunc(s.labels, func(a shipping.Attempt) bool {
		return a.Shipment == id && s.labelAsked(p, a, now)
	})
}

// labelAsked says whether a carrier is or may have been asked for a label by an attempt.
func (s standing) labelAsked(p *Process, a shipping.Attempt, now time.Time) bool {
	return a.IsOpen() && !(a.Status == attempt.Open && s.untouched(p, StepBuyLabel, a.Shipment, now))
}

// hasLabel says whether a parcel has a label.
func (s standing) hasLabel(id string) bool {
	p, _ := s.parcel(id)
	return p.Status == shipping.LabelBought
}

// untouched says whether no one can have begun a step about the subject.
func (s standing) untouched(p *Process, step Step, subject string, now time.Time) bool {
	return slices.ContainsFunc(s.items, func(it work.Item) bool {
		return it.Step == string(step) && it.Subject == subject && p.untouched(it, now)
	})
}

// changeData is what the events of a change carry.
type changeData struct {
	Units       int64        `json:"units,omitempty"`       // to reach the customer: more or, negative, fewer
	Kept        int64        `json:"kept,omitempty"`        // likewise of those that are reserved
	Backordered int64        `json:"backordered,omitempty"` // likewise of those that are waited for
	Total       int64        `json:"total,omitempty"`       // that is to be paid from now on, minor units
	Lines       []LineChange `json:"lines,omitempty"`
	Address     bool         `json:"address,omitempty"`
	Method      string       `json:"shipping_method,omitempty"`
	Withdrawn   string       `json:"withdrawn,omitempty"` // the shipment whose goods are not sent anew
	Why         string       `json:"why,omitempty"`       // why it was refused, for people
}

func changeOf(e event.Event) (d changeData) {
	_ = json.Unmarshal(e.Data, &d) // what can not be read says nothing
	return d
}

// finishChange is the rule of an order that is to be changed: parcels that this
// touches are given up, and when nothing is in flight any more it is changed. What
// can not be changed any more goes on as it was.
func finishChange(c *change, e event.Event) error {
	switch e.Type {
	case payment.EventFailed:
		return c.failUnchanged("its payment was declined", order.PaymentDeclined)
	case payment.EventCaptureFailed:
		return c.failUnchanged("its money could not be taken", order.CaptureFailed)
	}
	pending, _, err := order.EditOf(c.tx, c.order.ID)
	if err != nil {
		return err
	}
	plan, err := c.planEdit(pending.Edit)
	if f := fault.As(err); f != nil && f.Code != fault.Internal {
		return c.refuseEdit(f.Message)
	}
	if err != nil {
		return err
	}
	if e.Type == shipping.EventVoidRefused && slices.Contains(plan.Repacked, e.Entity) {
		return c.refuseEdit("the parcel is on its way already")
	}
	waiting, err := c.unpackParcels(plan.Repacked)
	if err != nil || waiting {
		return err
	}
	if plan.Waits {
		return nil // for the money
	}
	return c.edit(plan)
}

// sayNotAsked says of an order that is to be changed that a step waits which no one has
// begun: its provider was not reached, or has never made what it was asked for.
func (c *change) sayNotAsked(own *work.Item) error {
	if c.order.End != order.EndChanging || !c.p.untouched(*own, c.tx.Now()) {
		return nil
	}
	return c.emitOrder(EventNotAsked, stepData(own))
}

// refuseEdit lets the order go on as it was, and tells a person.
func (c *change) refuseEdit(why string) error {
	order.DropEdit(c.tx, c.order.ID)
	if err := c.emitOrder(order.EventChangeRefused, changeData{Why: why}); err != nil {
		return err
	}
	return c.tell(support.Other, "A change of this order could not be made any more: "+why+".")
}

// WithdrawEdit gives up a change that waits for what is in flight: the order goes
// on as it was. Labels that are being given back are bought anew.
//
// Errors: not_found; conflict when no change waits.
func (p *Process) WithdrawEdit(ctx context.Context, by Command, orderID string) (Result[order.Order], error) {
	return p.change(ctx, by, "withdraw_edit", orderID, nil, func(c *change) error {
		if err := whyNoWithdrawEdit(c.order); err != nil {
			return err
		}
		order.DropEdit(c.tx, c.order.ID)
		return c.emitOrder(order.EventChangeRefused, changeData{Why: "withdrawn"})
	})
}

func whyNoWithdrawEdit(o order.Order) error {
	if o.End != order.EndChanging {
		return fault.New(fault.Conflict, "order %d is not being changed", o.Number)
	}
	return nil
}

// failUnchanged ends an order that can not be paid, changed or not.
func (c *change) failUnchanged(why string, failure order.Failure) error {
	if err := c.refuseEdit(why); err != nil {
		return err
	}
	return c.failOrder(failure)
}

// unpackParcels gives parcels up, and says whether that takes a carrier's answer.
func (c *change) unpackParcels(ids []string) (waiting bool, err error) {
	labels, err := c.getLabels()
	if err != nil {
		return false, err
	}
	for _, a := range labels {
		if !slices.Contains(ids, a.Shipment) {
			continue
		}
		if _, err := c.withdrawLabel(a); err != nil {
			return false, err
		}
	}
	return c.giveBackLabels(func(s *shipping.Shipment) bool { return slices.Contains(ids, s.ID) })
}

// edit changes the order.
func (c *change) edit(plan EditPlan) error {
	q := plan.edit
	data := changeData{Lines: plan.Lines, Address: q.ShipTo != nil, Method: q.Method, Withdrawn: q.Withdraw}
	if len(q.Add) > 0 {
		_, lacks, err := inventory.ReserveAll(c.tx, c.editCause(), added(q), inventory.Terms{Split: c.policy.Split})
		if err != nil {
			return err
		}
		if len(lacks) > 0 {
			return notThereBeside(c.order, lacks)
		}
	}
	before, err := c.lines()
	if err != nil {
		return err
	}
	freed, dropped, err := c.free(before, plan.stay)
	if err != nil {
		return err
	}
	for _, l := range q.Add {
		data.Units += l.Quantity
		data.Kept += l.Quantity
	}
	if q.Withdraw != "" {
		err = c.unsend(q.Withdraw, freed, dropped)
	} else {
		data.Units -= plan.Freed
		data.Kept -= freed
		data.Backordered -= dropped
	}
	if err != nil {
		return err
	}
	order.SaveLines(c.tx, c.order.ID, before, plan.lines)
	if err := c.rewrite(q, plan); err != nil {
		return err
	}
	data.Total = c.order.Total
	order.DropEdit(c.tx, c.order.ID)
	if err := c.emitOrder(order.EventChanged, data); err != nil {
		return err
	}
	if plan.draft == nil {
		return nil
	}
	if plan.Refund == 0 {
		c.keepClaims(plan.draft)
		return nil
	}
	_, err = c.openDraft(plan.draft, "changed")
	return err
}

// rewrite writes what is to be paid from now on, where the order goes and how.
func (c *change) rewrite(q order.Edit, plan EditPlan) error {
	c.order.Totals = plan.totals
	if q.Method != "" {
		c.order.ShippingMethod = q.Method
	}
	if q.ShipTo != nil {
		if err := order.SaveShipTo(c.tx, c.order.ID, *q.ShipTo); err != nil {
			return err
		}
	}
	if !plan.moves {
		return nil
	}
	pay, err := c.payment()
	if err != nil {
		return err
	}
	pay.Amount = plan.After
	attempts, err := c.getAttempts()
	if err != nil {
		return err
	}
	for _, a := range attempts { // that no one has begun to make
		if a.IsOpen() && !a.Op.Undoes() && a.Op != payment.OpRefund {
			a.Amount = plan.After
		}
	}
	return nil
}

// free frees what was kept for units that are not to leave any more, and returns how
// many those were: first what is waited for is waited for no more, and what a count
// did not find is kept no more.
func (c *change) free(lines []order.Line, cuts map[int64]int64) (freed, dropped int64, err error) {
	cut := map[string]int64{}
	for _, l := range lines {
		if cuts[l.Line] > 0 {
			cut[l.SKU] += cuts[l.Line]
		}
	}
	if len(cut) == 0 {
		return 0, 0, nil
	}
	var lacks map[string]int64 // as it is before it waits for less
	if c.order.Sums.Short() > 0 {
		if lacks, err = short(c.tx, c.order.ID); err != nil {
			return 0, 0, err
		}
	}
	if dropped, err = c.waitForLess(cut); err != nil {
		return 0, 0, err
	}
	for sku := range cut {
		cut[sku] -= min(cut[sku], lacks[sku])
	}
	free, err := c.unpacked()
	if err != nil {
		return 0, 0, err
	}
	var parts []inventory.Reservation
	for _, location := range slices.Sorted(maps.Keys(free)) {
		for _, sku := range slices.Sorted(maps.Keys(cut)) {
			if n := min(cut[sku], free[location][sku]); n > 0 {
				parts = append(parts, inventory.Reservation{SKU: sku, Location: location, Quantity: n})
				cut[sku] -= n
				freed += n
			}
		}
	}
	return freed, dropped, inventory.Release(c.tx, c.editCause(), parts)
}

// waitForLess has the order wait for no more of what is cut, takes that off it, and
// returns how many units that were.
func (c *change) waitForLess(cut map[string]int64) (dropped int64, err error) {
	if c.order.Sums.Backordered == 0 {
		return 0, nil
	}
	waiting, err := inventory.Backorders(c.tx, c.order.ID, c.order.ID)
	for _, b := range waiting {
		if n := min(cut[b.SKU], b.Quantity); n > 0 {
			inventory.DropBackorder(c.tx, b, n)
			cut[b.SKU] -= n
			dropped += n
		}
	}
	return dropped, err
}

// editCause is the cause of goods that a change frees or reserves: there may be
// several changes.
func (c *change) editCause() inventory.Cause {
	cause := c.cause("changed")
	cause.Key += strconv.FormatInt(c.order.Version, 10)
	return cause
}
