package verify

import (
	"context"
	"maps"
	"slices"
	"strings"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// dossier is everything that is stored of one order.
type dossier struct {
	*Report
	order        order.Order // its ID is "" when there is no such order
	lines        []order.Line
	contact      bool // whether it says who ordered it
	edits        []order.PendingEdit
	events       []event.Event
	payments     []payment.Payment
	attempts     []payment.Attempt
	refunds      []payment.Refund
	credits      map[string][]payment.RefundLine // by refund
	shipments    []shipping.Shipment
	held         map[string][]shipping.ShipmentLine // by shipment
	returns      []shipping.Return
	coming       map[string][]shipping.ReturnLine // by return
	partners     map[string]partner               // what is stored of the other orders of its exchanges
	labels       []shipping.Attempt
	scans        map[string][]shipping.Scan // by shipment
	tickets      []support.Ticket
	messages     map[string]support.MessageCount // by ticket
	decisions    map[string][]support.Record     // by ticket, without the facts
	wishes       map[string]bool                 // the tickets that want an address
	reservations []inventory.Reservation
	backorders   []inventory.Backorder
	moved        []inventory.Movement // summed up per SKU, location and type
	items        []work.Item
	locations    map[string]bool // those that there are
	latest       latest
}

// rules are what is checked of an order that exists.
var rules = []func(*dossier){
	(*dossier).checkHistory, (*dossier).checkEntities, (*dossier).checkTotals, (*dossier).checkContact, (*dossier).checkPendingEdit, (*dossier).checkHolds,
	(*dossier).checkPayments, (*dossier).checkRefunds, (*dossier).checkKept, (*dossier).checkCredits, (*dossier).checkPaymentAttempts, (*dossier).checkUnpaidEnd, (*dossier).checkUndone, (*dossier).checkAuthorisationEnd,
	(*dossier).checkShipments, (*dossier).checkParcels, (*dossier).checkLabels, (*dossier).checkTracking, (*dossier).checkHandOvers, (*dossier).checkDeliveries, (*dossier).checkAstray, (*dossier).checkReturned, (*dossier).checkReturns, (*dossier).checkReturnRefunds, (*dossier).checkExchanged, (*dossier).checkExchange,
	(*dossier).checkStock, (*dossier).checkBackorders, (*dossier).checkMissing, (*dossier).checkMovements, (*dossier).checkSteps, (*dossier).checkAttemptSteps, (*dossier).checkNextStep,
	(*dossier).checkTickets, (*dossier).checkClosed, (*dossier).checkOwners,
	(*dossier).checkFarOff, (*dossier).checkGateway, (*dossier).checkAttemptEvents, (*dossier).checkAttemptStatus, (*dossier).checkTold,
}

// section is the dossiers of a range of orders, and what of the range belongs
// to no order.
type section struct {
	orders    []order.Order
	dossiers  map[string]*dossier // by order, also by one that does not exist
	locations map[string]bool     // those that there are
}

// newSection returns a section without orders, as the shop's locations are now.
func newSection(r db.Reader) (*section, error) {
	locations, err := locationIDs(r)
	return &section{dossiers: map[string]*dossier{}, locations: locations}, err
}

func locationIDs(r db.Reader) (map[string]bool, error) {
	all, err := inventory.Locations(r)
	ids := make(map[string]bool, len(all))
	for _, l := range all {
		ids[l.ID] = true
	}
	return ids, err
}

const orderPrefix = order.Prefix + "_"

// orders checks all orders, range by range.
func (run *run) orders(ctx context.Context) error {
	return walk(ctx, run.db, func(r db.Reader, after string) (*section, string, error) {
		s, err := newSection(r)
		if err != nil {
			return nil, "", err
		}
		if s.orders, err = order.Page(r, after, run.Orders); err != nil {
			return nil, "", err
		}
		first, last, rest := bounds(orderPrefix, after, s.orders, run.Orders, func(o order.Order) string { return o.ID })
		for _, o := range s.orders {
			s.of(o.ID).order = o
		}
		for _, read := range []func(db.Reader, string, string) error{s.readGoods, s.readStock, s.readMoney, s.readParcels, s.readTickets, s.readLog} {
			if err := read(r, first, last); err != nil {
				return nil, "", err
			}
		}
		return s, rest, s.readPartners(r)
	}, run.checkSection)
}

// strays looks for what belongs to orders whose identifiers are none.
func (run *run) strays(ctx context.Context) error {
	s, err := db.View(ctx, run.db, func(r db.Reader) (*section, error) {
		s, err := newSection(r)
		if err != nil {
			return nil, err
		}
		for _, around := range [][2]string{{"", orderPrefix}, {orderPrefix + end + next, end}} {
			for _, read := range []func(db.Reader, string, string) error{s.readGoods, s.readStock, s.readMoney, s.readParcels} {
				if err := read(r, around[0], around[1]); err != nil {
					return nil, err
				}
			}
		}
		stock := process.StockOwner("")
		for _, around := range [][2]string{{"", orderPrefix}, {orderPrefix + end + next, stock}, {stock + end + next, ticketPrefix}, {ticketPrefix + end + next, end}} {
			if err := s.readItems(r, around[0], around[1]); err != nil {
				return nil, err
			}
		}
		return s, nil
	})
	if err != nil {
		return err
	}
	run.checkSection(s)
	return nil
}

func (run *run) checkSection(s *section) {
	for _, id := range slices.Sorted(maps.Keys(s.dossiers)) {
		d := s.dossiers[id]
		d.Report, d.latest = &run.report, run.latest
		if d.order.ID == "" {
			d.reportOrphans(id)
			continue
		}
		run.report.Events += int64(len(d.events))
		for _, check := range rules {
			check(d)
		}
	}
	run.report.Orders += int64(len(s.orders))
	if len(s.orders) > 0 {
		run.Progress(run.report.Orders)
	}
}

// of returns the dossier of an order.
func (s *section) of(id string) *dossier {
	d := s.dossiers[id]
	if d == nil {
		d = &dossier{messages: map[string]support.MessageCount{}, decisions: map[string][]support.Record{}, wishes: map[string]bool{}, locations: s.locations}
		s.dossiers[id] = d
	}
	return d
}

// file puts rows into the dossiers of their orders.
func file[T any](rows []T, err error, s *section, orderOf func(T) string, part func(*dossier) *[]T) error {
	for _, row := range rows {
		p := part(s.of(orderOf(row)))
		*p = append(*p, row)
	}
	return err
}

func (s *section) readGoods(r db.Reader, first, last string) error {
	lines, err := order.LinesRange(r, first, last)
	if err != nil {
		return err
	}
	for id, l := range lines {
		s.of(id).lines = l
	}
	contacts, err := order.WithContact(r, first, last)
	for _, id := range contacts {
		s.of(id).contact = true
	}
	if err != nil {
		return err
	}
	edits, err := order.EditsRange(r, first, last)
	return file(edits, err, s, func(p order.PendingEdit) string { return p.Order },
		func(d *dossier) *[]order.PendingEdit { return &d.edits })
}

func (s *section) readStock(r db.Reader, first, last string) error {
	moved, err := inventory.MovedFor(r, first, last)
	if err := file(moved, err, s, func(m inventory.Movement) string { return m.Order },
		func(d *dossier) *[]inventory.Movement { return &d.moved }); err != nil {
		return err
	}
	waiting, err := inventory.Backorders(r, first, last)
	if err := file(waiting, err, s, func(b inventory.Backorder) string { return b.Order },
		func(d *dossier) *[]inventory.Backorder { return &d.backorders }); err != nil {
		return err
	}
	reservations, err := inventory.Reservations(r, first, last)
	return file(reservations, err, s, func(v inventory.Reservation) string { return v.Order },
		func(d *dossier) *[]inventory.Reservation { return &d.reservations })
}

func (s *section) readMoney(r db.Reader, first, last string) error {
	payments, err := payment.Range(r, first, last)
	if err := file(payments, err, s, func(p payment.Payment) string { return p.Order },
		func(d *dossier) *[]payment.Payment { return &d.payments }); err != nil {
		return err
	}
	attempts, err := payment.AttemptsRange(r, first, last)
	if err := file(attempts, err, s, func(a payment.Attempt) string { return a.Order },
		func(d *dossier) *[]payment.Attempt { return &d.attempts }); err != nil {
		return err
	}
	refunds, err := payment.RefundsRange(r, first, last)
	if err := file(refunds, err, s, func(f payment.Refund) string { return f.Order },
		func(d *dossier) *[]payment.Refund { return &d.refunds }); err != nil {
		return err
	}
	credits, err := payment.RefundLinesRange(r, first, last)
	for id, lines := range credits {
		s.of(id).credits = lines
	}
	return err
}

func (s *section) readParcels(r db.Reader, first, last string) error {
	shipments, err := shipping.Range(r, first, last)
	if err := file(shipments, err, s, func(p shipping.Shipment) string { return p.Order },
		func(d *dossier) *[]shipping.Shipment { return &d.shipments }); err != nil {
		return err
	}
	attempts, err := shipping.AttemptsRange(r, first, last)
	if err := file(attempts, err, s, func(a shipping.Attempt) string { return a.Order },
		func(d *dossier) *[]shipping.Attempt { return &d.labels }); err != nil {
		return err
	}
	returns, err := shipping.ReturnsRange(r, first, last)
	if err := file(returns, err, s, func(v shipping.Return) string { return v.Order },
		func(d *dossier) *[]shipping.Return { return &d.returns }); err != nil {
		return err
	}
	coming, err := shipping.ReturnLinesRange(r, first, last)
	if err != nil {
		return err
	}
	for id, lines := range coming {
		s.of(id).coming = lines
	}
	held, err := shipping.LinesRange(r, first, last)
	if err != nil {
		return err
	}
	for id, lines := range held {
		s.of(id).held = lines
	}
	scans, err := shipping.ScansRange(r, first, last)
	for id, seen := range scans {
		s.of(id).scans = seen
	}
	return err
}

func (s *section) readTickets(r db.Reader, first, last string) error {
	tickets, err := support.Range(r, first, last)
	if err := file(tickets, err, s, func(t support.Ticket) string { return t.Order },
		func(d *dossier) *[]support.Ticket { return &d.tickets }); err != nil {
		return err
	}
	messages, err := support.CountMessages(r, ticketIDs(tickets))
	if err != nil {
		return err
	}
	decisions, err := support.Outcomes(r, ticketIDs(tickets))
	if err != nil {
		return err
	}
	wishes, err := support.WithAddress(r, ticketIDs(tickets))
	for _, t := range tickets {
		d := s.of(t.Order)
		d.wishes[t.ID] = slices.Contains(wishes, t.ID)
		d.messages[t.ID], d.decisions[t.ID] = messages[t.ID], decisions[t.ID]
	}
	return err
}

func (s *section) readLog(r db.Reader, first, last string) error {
	events, err := event.Range(r, first, last)
	if err := file(events, err, s, func(e event.Event) string { return e.Subject },
		func(d *dossier) *[]event.Event { return &d.events }); err != nil {
		return err
	}
	return s.readItems(r, first, last)
}

func (s *section) readItems(r db.Reader, first, last string) error {
	items, err := work.Range(r, first, last)
	return file(items, err, s, func(it work.Item) string { return it.Owner },
		func(d *dossier) *[]work.Item { return &d.items })
}

// reportOrphans names what is stored of an order that does not exist.
func (d *dossier) reportOrphans(id string) {
	for _, v := range d.reservations {
		d.find(DeadReservation, id, "there is no such order, but %d of %s are reserved for it at %s", v.Quantity, v.SKU, v.Location)
	}
	for _, b := range d.backorders {
		d.find(Backorders, id, "there is no such order, but it waits for %d of %s", b.Quantity, b.SKU)
	}
	for _, it := range d.items {
		d.find(StrayStep, id, "there is no such order or ticket, but the step %s about %q", it.Step, it.Subject)
	}
	// An SKU may be named like an order; its events are checked with the stock.
	d.events = slices.DeleteFunc(d.events, ofStock)
	for what, n := range map[string]int{
		"lines": len(d.lines), "contacts": count(d.contact), "changes that wait": len(d.edits), "stock movements": len(d.moved), "payments": len(d.payments), "payment attempts": len(d.attempts), "refunds": len(d.refunds),
		"refunds' lines": len(d.credits),
		"shipments":      len(d.shipments), "label attempts": len(d.labels),
		"returns": len(d.returns), "returns' lines": len(d.coming),
		"packed shipments": len(d.held), "scanned shipments": len(d.scans), "tickets": len(d.tickets), "events": len(d.events),
	} {
		if n > 0 {
			d.find(Orphan, id, "there is no such order, but %d %s of it", n, what)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func ofStock(e event.Event) bool {
	return inventory.OfSKU(e.Type)
}

// checkOwners looks for parts of the order that belong to nothing of it.
func (d *dossier) checkOwners() {
	for _, a := range d.attempts {
		if _, ok := d.payment(a.Payment); !ok {
			d.find(Orphan, a.Key, "the order %s has no payment %q for this attempt", d.order.ID, a.Payment)
		}
		if _, ok := d.refund(a.Refund); !ok && a.Refund != "" {
			d.find(Orphan, a.Key, "the order %s has no refund %q for this attempt", d.order.ID, a.Refund)
		}
	}
	for id := range d.credits {
		if _, ok := d.refund(id); !ok {
			d.find(Orphan, id, "the order %s has no refund %q for these lines", d.order.ID, id)
		}
	}
	for _, f := range d.refunds {
		if _, ok := d.payment(f.Payment); !ok {
			d.find(Orphan, f.ID, "the order %s has no payment %q for this refund", d.order.ID, f.Payment)
		}
	}
	for _, a := range d.labels {
		if _, ok := d.shipment(a.Shipment); !ok {
			d.find(Orphan, a.Key, "the order %s has no shipment %q for this attempt", d.order.ID, a.Shipment)
		}
	}
	shipped := func(id string) bool { _, ok := d.shipment(id); return ok }
	ownerless(d, "shipment", shipped, d.held, "lines")
	ownerless(d, "shipment", shipped, d.scans, "scans")
	ownerless(d, "return", func(id string) bool { _, ok := d.returnOf(id); return ok }, d.coming, "lines")
	for _, s := range d.shipments {
		if !d.locations[s.Location] {
			d.find(Orphan, s.ID, "there is no location %q for this shipment to leave from", s.Location)
		}
	}
}

// ownerless looks for what belongs to no shipment or return of the order.
func ownerless[T any](d *dossier, owner string, exists func(id string) bool, parts map[string][]T, what string) {
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		if !exists(id) {
			d.find(Orphan, id, "the order %s has no such %s, but %d %s of it", d.order.ID, owner, len(parts[id]), what)
		}
	}
}

// checkPendingEdit holds the change that waits for what is in flight against the
// order, and looks whether that goes on to its answer.
func (d *dossier) checkPendingEdit() {
	is, waits := d.order.End == order.EndChanging, len(d.edits) > 0
	switch {
	case is != waits:
		d.find(PendingEdit, d.order.ID, "it is being changed: %t; a change waits: %t", is, waits)
	case is && !slices.ContainsFunc(d.items, func(it work.Item) bool { return asks(process.Step(it.Step)) && it.State != work.Held }):
		d.find(PendingEdit, d.order.ID, "it is being changed, and nothing that this may wait for goes on")
	}
	for _, p := range d.edits {
		if s, ok := d.shipment(p.Edit.Withdraw); p.Edit.Withdraw != "" && (!ok || s.ReplacedAt.IsZero()) {
			d.find(PendingEdit, d.order.ID, "a change waits by which the goods of %q are not sent anew, and they are not", p.Edit.Withdraw)
		}
	}
}

// checkContact looks whether it is known where the order is to go. Once it has
// gone, its contact may be erased, which is said.
func (d *dossier) checkContact() {
	o := d.order
	_, forgotten := pick(d.events, func(e event.Event) bool { return e.Type == order.EventForgotten })
	switch left := o.Stock == order.StockLeft; {
	case !d.contact && !left && !o.Status.Final():
		d.find(Contact, o.ID, "it is %s, and no one knows who ordered it and where it is to go", o.Status)
	case d.contact && forgotten:
		d.find(Contact, o.ID, "who ordered was erased, and is known")
	case !d.contact && !forgotten:
		d.find(Contact, o.ID, "no one knows who ordered it, and no event says that this was erased")
	}
}

func (d *dossier) payment(id string) (payment.Payment, bool) {
	return pick(d.payments, func(p payment.Payment) bool { return p.ID == id })
}

func (d *dossier) refund(id string) (payment.Refund, bool) {
	return pick(d.refunds, func(f payment.Refund) bool { return f.ID == id })
}

func (d *dossier) shipment(id string) (shipping.Shipment, bool) {
	return pick(d.shipments, func(s shipping.Shipment) bool { return s.ID == id })
}

func (d *dossier) returnOf(id string) (shipping.Return, bool) {
	return pick(d.returns, func(r shipping.Return) bool { return r.ID == id })
}

func (d *dossier) ticket(id string) (support.Ticket, bool) {
	return pick(d.tickets, func(t support.Ticket) bool { return t.ID == id })
}

// pick returns the first that is meant, if there is one.
func pick[T any](all []T, meant func(T) bool) (found T, ok bool) {
	if i := slices.IndexFunc(all, meant); i >= 0 {
		return all[i], true
	}
	return found, false
}

// isOrder says whether an identifier is in the ranges that are walked as orders'.
func isOrder(id string) bool { return strings.HasPrefix(id, orderPrefix) }
