package main_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/cli/intake"
	"doorstep/clock"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
	"doorstep/verify"

	_ "modernc.org/sqlite" // for the file's own check
)

// books is what the shop's database says, read in one snapshot.
type books struct {
	read      bool
	now       time.Time
	orders    []order.Order
	payments  []payment.Payment
	refunds   []payment.Refund
	shipments []shipping.Shipment
	packed    map[string]map[string][]shipping.ShipmentLine // by order and shipment
	returns   []shipping.Return
	tickets   []support.Ticket
	levels    []inventory.Level
	moved     []inventory.Movement
	due       []work.Item // within the next minute
	stuck     []work.Item
}

// Why orders are held that people only have to release.
const (
	heldByRule = "rule_amount" // it is dear
	heldByHand = "made_up"

	heldMissing = "stock_missing" // it was counted, and has come in since
)

const (
	first = ""
	last  = "\U0010FFFF" // behind every identifier
)

// read reads the books beside the program, if that is there: all of them when
// nothing is due any more.
func (s *shop) read() books {
	s.Helper()
	return s.view(func(r db.Reader, b *books) error {
		var err error
		if b.due, err = work.Due(r, r.Now().Add(time.Minute), 1); err != nil || len(b.due) > 0 {
			return err
		}
		return b.readAll(r)
	})
}

// look reads all of the books as they are.
func (s *shop) look() books {
	s.Helper()
	return s.view(func(r db.Reader, b *books) error { return b.readAll(r) })
}

func (s *shop) view(read func(db.Reader, *books) error) books {
	s.Helper()
	d := s.reading()
	b, err := db.View(context.Background(), d, func(r db.Reader) (b books, err error) {
		b.now = r.Now()
		b.stuck, err = work.Stuckness(r, math.MaxInt32)
		err = errors.Join(err, read(r, &b))
		return b, err
	})
	s.must(err)
	s.must(d.Close())
	return b
}

func (b *books) readAll(r db.Reader) (err error) {
	for _, read := range []func() error{
		func() error { b.orders, err = order.Page(r, first, math.MaxInt32); return err },
		func() error { b.payments, err = payment.Range(r, first, last); return err },
		func() error { b.refunds, err = payment.RefundsRange(r, first, last); return err },
		func() error { b.shipments, err = shipping.Range(r, first, last); return err },
		func() error { b.packed, err = shipping.LinesRange(r, first, last); return err },
		func() error { b.returns, err = shipping.ReturnsRange(r, first, last); return err },
		func() error { b.tickets, err = support.Page(r, first, math.MaxInt32); return err },
		func() error { b.levels, err = inventory.Levels(r, first, last); return err },
		func() error { b.moved, err = inventory.Moved(r, first, last); return err },
	} {
		if err := read(); err != nil {
			return err
		}
	}
	b.read = true
	return nil
}

func (s *shop) reading() *db.DB {
	s.Helper()
	d, err := db.Open(context.Background(), db.Config{URL: s.url, ReadOnly: true})
	s.must(err)
	return d
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// idle says whether nothing is due, now or within a minute.
func (b books) idle() bool { return b.read && len(b.due) == 0 }

// chores does what is left for people, and says how much.
func (s *shop) chores(b books) (n int) {
	over := map[string]bool{}
	for _, o := range b.orders {
		over[o.ID] = o.End != order.EndNone
	}
	count := func(done bool) {
		if done {
			n++
		}
	}
	for _, o := range b.orders { // sent anew to an address to which no carrier goes: it is put right
		count(o.Held == string(order.ShippingFailed) && (s.move(o.ID) || s.release(o.ID)))
		count((o.Held == heldByRule || o.Held == heldByHand || o.Held == heldMissing || o.Held == heldToChange) && o.End != order.EndChanging && s.release(o.ID))
		count(o.Status == order.Returned && (o.Payment == order.PaymentCaptured || o.Payment == order.PaymentPartlyRefunded) && s.refundReturned(o.ID))
	}
	byHand := map[string]bool{}
	for _, p := range b.payments {
		byHand[p.ID] = p.Gateway == payment.Manual
		count(p.Status == payment.StatusRequiresPaymentMethod && s.recordPayment(p.Order))
	}
	for _, f := range b.refunds {
		count(byHand[f.Payment] && f.Status == payment.RefundPending && s.recordRefund(f.Order, f.ID))
	}
	for _, p := range b.shipments {
		count(p.Here() && p.Carrier != shipping.Manual && over[p.Order] && s.parcel(intake.Lost, p.ID)) // its label is not taken back
		waits := p.Carrier == shipping.Manual && !over[p.Order]
		count(waits && p.Status == shipping.Planned && (s.handOver(p.ID) || s.handOverAgain(p.ID)))
		lost := p.Status == shipping.Lost && p.Lacking()
		count(waits && (p.Status == shipping.Shipped || lost) && p.DeliveredAt.IsZero() && s.delivered(p.ID))
	}
	return n
}

// audit holds everything against everything else after the program has ended.
func (s *shop) audit() {
	s.Helper()
	b := s.read()
	s.verify()
	s.ordersAre(b)
	s.ticketsAre(b)
	s.stockIs(b)
	s.moneyIs(b)
	s.labelsAre(b)
	if s.engine == dbtest.SQLite {
		s.fileIsSound()
	}
}

// verify is the program's own check, in the same database.
func (s *shop) verify() {
	d := s.reading()
	r, err := verify.Run(context.Background(), d, verify.Options{})
	s.must(err)
	s.must(d.Close())
	for _, v := range r.Violations {
		s.Errorf("verify: %s", v)
	}
	if placed := s.placed + len(s.book.acknowledged(intake.Exchange)); r.Orders != int64(placed) {
		s.Errorf("verify: %d orders of %d", r.Orders, placed)
	}
}

// ordersAre looks for each acknowledged order, once, with the answer it was
// given, and finished; and for orders that nobody has placed.
func (s *shop) ordersAre(b books) {
	unseen := map[string]*command{}
	for _, k := range s.book.acknowledged(intake.Place) {
		unseen[k.answer.Order] = k
	}
	if len(unseen) != s.placed {
		s.Errorf("%d orders were placed, %d were acknowledged", s.placed, len(unseen))
	}
	for _, k := range s.book.acknowledged(intake.Exchange) {
		unseen[k.answer.Order] = k
	}
	for _, o := range b.orders {
		k := unseen[o.ID]
		if k == nil {
			s.Errorf("order %s (%v) was never acknowledged, or is there twice", o.ID, o.Reference)
			continue
		}
		delete(unseen, o.ID)
		if want := keyOf(o); k.key != want {
			s.Errorf("order %s is of the command %q and was acknowledged to %q", o.ID, want, k.key)
		}
		if wasShort := k.answer.Status == string(order.Failed); wasShort != (o.Failure == order.OutOfStock) {
			s.Errorf("order %s was acknowledged as %s, and is %s %s", o.ID, k.answer.Status, o.Status, o.Failure)
		}
		if !finished(o) {
			s.Errorf("order %s is %s %s, its payment %s and its parcel %s: it goes nowhere (held: %q)%s%s", o.ID, o.Status, o.End, o.Payment, o.Fulfilment, o.Held, s.historyOf(o.ID), s.book.about(o.ID))
		}
	}
	for id, k := range unseen {
		s.Errorf("%q was acknowledged as %s, and there is no such order", k.key, id)
	}
	for _, it := range b.stuck {
		s.Errorf("stuck: %+v", it)
	}
}

// historyOf tells what has happened to an order, what is next, and where its parcels
// were seen: all of it is made up.
func (s *shop) historyOf(id string) (text string) {
	s.open(func(ctx context.Context, p *process.Process, _ process.Command) error {
		v, err := p.Show(ctx, id)
		for _, e := range v.Timeline {
			text += fmt.Sprintf("\n%s %s %s→%s %s", e.At.Format(time.TimeOnly), e.Type, e.From, e.To, e.Data)
		}
		text += fmt.Sprintf("\nnext: %+v\nscans: %+v\nparcels: %+v", v.Next, v.Scans, v.Shipments)
		return err
	})
	return text
}

// keyOf is the key of the command by which an order was placed.
func keyOf(o order.Order) string {
	if o.ExchangeOf != "" {
		return "exchange " + o.ExchangeOf
	}
	return "place " + o.Reference.Number
}

// finished says whether an order has come as far as it could. A parcel on its
// way takes days.
func finished(o order.Order) bool {
	switch o.Status {
	case order.Shipped, order.Delivered:
		return o.Payment.Taken() && o.Payment != order.PaymentRefunding && o.Stock == order.StockLeft && o.End == order.EndNone
	case order.Returned:
		return (o.Payment == order.PaymentRefunded || o.Total == 0) && o.Stock == order.StockLeft
	case order.Failed, order.Cancelled:
		settled := o.Payment == order.PaymentDue || o.Payment == order.PaymentFailed || o.Payment == order.PaymentVoided || o.Payment == order.PaymentRefunded
		return (settled || o.Total == 0) && (o.Stock == order.StockNone || o.Stock == order.StockReleased)
	}
	return false
}

// ticketsAre looks for each acknowledged ticket, and for tickets that nobody
// has opened.
func (s *shop) ticketsAre(b books) {
	unseen := map[string]*command{}
	for _, k := range s.book.acknowledged(intake.Ticket) {
		unseen[k.answer.Ticket] = k
	}
	for _, t := range b.tickets {
		k := unseen[t.ID]
		delete(unseen, t.ID)
		switch {
		case k == nil && t.OpenedBy == string(access.Operator):
			s.Errorf("ticket %s of %s (%s) was never acknowledged", t.ID, t.Order, t.Category)
		case k != nil && k.answer.Order != t.Order:
			s.Errorf("ticket %s of %s was acknowledged for %s", t.ID, t.Order, k.answer.Order)
		case t.Status == support.OnHold || t.Status == support.New:
			s.Errorf("ticket %s of %s is still %s: %s", t.ID, t.Order, t.Status, t.Reason)
		}
	}
	for id, k := range unseen {
		s.Errorf("%q was acknowledged as %s, and there is no such ticket", k.key, id)
	}
}

// stockIs counts: what was received is on hand or has left with the parcels,
// and nothing is kept for anyone any more.
func (s *shop) stockIs(b books) {
	received, kept := map[string]int64{}, map[string]int64{}
	for _, k := range s.book.acknowledged(intake.Receive) {
		received[k.fields["sku"].(string)] += k.fields["quantity"].(int64)
	}
	for _, l := range b.levels {
		kept[l.SKU] += l.OnHand
		if l.OnHand < 0 || l.Reserved != 0 {
			s.Errorf("stock: %+v", l)
		}
	}
	for _, p := range b.shipments {
		if !hasLeft(p) {
			continue
		}
		for _, l := range b.packed[p.Order][p.ID] {
			kept[l.SKU] += l.Quantity
		}
	}
	booked := map[string]int64{}
	for _, m := range b.moved {
		switch m.Type {
		case inventory.Receipt:
			booked[m.SKU] += m.Quantity
		case inventory.ReturnStock: // it has left, and is on hand
			kept[m.SKU] -= m.Quantity
		case inventory.Adjustment: // it was not found
			kept[m.SKU] -= m.Quantity
		}
	}
	for _, g := range goods {
		if received[g.Code] != kept[g.Code] || received[g.Code] != booked[g.Code] {
			s.Errorf("stock of %s: %d were received, %d are booked, %d are on hand or have left", g.Code, received[g.Code], booked[g.Code], kept[g.Code])
		}
	}
}

// hasLeft says whether a parcel is not in the house any more, also when its order
// was over before.
func hasLeft(p shipping.Shipment) bool { return p.Gone() || p.Status == shipping.Strayed }

// moneyIs asks the gateway's own books: for each order it has what the shop
// says, and at most one charge that was not given back.
func (s *shop) moneyIs(b books) {
	g, err := gateway.Open(filepath.Join(s.outside, "gateway.db"), gateway.Config{}, clock.Wall{})
	s.must(err)
	net, alive := map[string]int64{}, map[string]int{}
	s.must(g.Charges(context.Background(), func(c gateway.Charge) error {
		held := c.Captured.Minor - c.Refunded.Minor
		net[c.Order] += held
		if held > 0 || c.Captured.Minor == 0 && !c.Voided {
			alive[c.Order]++
		}
		return nil
	}))
	s.must(g.Close())
	owed := s.owed(b)
	elsewhere := map[string]int64{} // what the gateway has and has paid another order, by payment
	for _, f := range b.refunds {
		if f.Pays != "" {
			elsewhere[f.Payment] += f.Amount
		}
	}
	for _, f := range s.inVain(b, intake.FailRefund) {
		elsewhere[f.Payment] -= f.Amount // it did not come back to the gateway
	}
	for _, p := range b.payments {
		ours, charges := p.Captured-p.Refunded, 0
		if ours != owed[p.Order] {
			s.Errorf("order %s: kept %d of it, %d is what has left%s%s", p.Order, ours, owed[p.Order], s.historyOf(p.Order), s.book.about(p.Order))
		}
		ours += elsewhere[p.ID]
		if p.Gateway == payment.Manual {
			ours = 0
		}
		if ours > 0 {
			charges = 1
		}
		if net[p.Order] != ours || alive[p.Order] != charges {
			s.Errorf("order %s: the gateway has %d in %d charges that were not given back, the shop %d", p.Order, net[p.Order], alive[p.Order], ours)
		}
		delete(net, p.Order)
	}
	for id := range net {
		s.Errorf("the gateway has charges for %s, which has no payment", id)
	}
}

// owed is what customers owe for what they have, by order: for all that has left
// and did not come back, less what was to be given back and has reached them.
func (s *shop) owed(b books) map[string]int64 {
	owed, kept := map[string]int64{}, map[string]bool{}
	for _, o := range b.orders {
		if o.Stock == order.StockLeft && o.Status != order.Returned {
			owed[o.ID], kept[o.ID] = o.Total, true
		}
	}
	asked := map[[2]string]bool{}
	for _, k := range s.book.acknowledged(intake.Refund) {
		asked[[2]string{k.answer.Order, k.fields["reason"].(string)}] = true
	}
	lost := map[string]bool{} // orders of which a parcel was said to be, or was given up
	for _, p := range b.shipments {
		lost[p.Order] = lost[p.Order] || p.Status == shipping.Lost
	}
	for _, k := range s.book.acknowledged(intake.Lost) {
		lost[k.answer.Order] = true
	}
	inVain, came := s.inVain(b, intake.FailRefund, intake.WithdrawRefund), s.came(b)
	for _, f := range b.refunds {
		switch {
		case kept[f.Order] && came[f.ID]: // the rest has left later, and is with the customer
			owed[f.Order] -= f.Amount
		case kept[f.Order] && lost[f.Order] && f.Reason == process.ForParcel && !slices.Contains(inVain, f): // by policy
			owed[f.Order] -= f.Amount
		case !kept[f.Order] || !asked[[2]string{f.Order, f.Reason}] || slices.Contains(inVain, f):
		case f.Reason == reasonGoodwill:
			owed[f.Order]-- // a penny
		default:
			owed[f.Order] -= f.Amount // all that was left
		}
	}
	return owed
}

// came returns the refunds of what customers have sent back, as was said by the
// commands that have received it: of an exchange also the one that has paid for what
// was placed in its place, which the return does not name.
func (s *shop) came(b books) map[string]bool {
	received, refunds := map[any]bool{}, map[string]bool{}
	exchanged := map[string]bool{} // orders
	for _, k := range s.book.acknowledged(intake.ReceiveReturn) {
		received[k.fields["return"]] = true
	}
	for _, r := range b.returns {
		if received[r.ID] && r.Refund != "" {
			refunds[r.Refund] = true
			exchanged[r.Order] = exchanged[r.Order] || r.Exchange != ""
		}
	}
	for _, f := range b.refunds {
		if f.Pays != "" && exchanged[f.Order] {
			refunds[f.ID] = true
		}
	}
	return refunds
}

// inVain returns the refunds that were begun and have not reached anyone, as was
// said by the commands.
func (s *shop) inVain(b books, by ...intake.Verb) (all []payment.Refund) {
	said := map[any]bool{}
	for _, do := range by {
		for _, k := range s.book.acknowledged(do) {
			said[k.fields["refund"]] = true
		}
	}
	for _, f := range b.refunds {
		if said[f.ID] {
			all = append(all, f)
		}
	}
	return all
}

// labelsAre asks the carrier's own books: each label that was not given back is
// that of a parcel that has left, and each such parcel has one.
func (s *shop) labelsAre(b books) {
	c, err := carrier.Open(filepath.Join(s.outside, "carrier.db"), carrier.Config{}, clock.Wall{})
	s.must(err)
	sold := map[string]string{} // orders by tracking number
	s.must(c.Labels(context.Background(), func(l carrier.Label) error {
		if !l.Voided {
			sold[l.TrackingNumber] = l.Order
		}
		return nil
	}))
	s.must(c.Close())
	for _, p := range b.shipments {
		if p.Carrier == shipping.Manual || !hasLeft(p) {
			continue
		}
		if of, there := sold[p.TrackingNumber]; !there || of != p.Order {
			s.Errorf("the parcel %s of %s has left with the label %q, which is not in force (of %q)", p.ID, p.Order, p.TrackingNumber, of)
		}
		delete(sold, p.TrackingNumber)
	}
	for number, of := range sold {
		s.Errorf("order %s: the label %s was bought and is not that of a parcel that has left", of, number)
	}
}

// fileIsSound is SQLite's own check of its file.
func (s *shop) fileIsSound() {
	d, err := sql.Open("sqlite", "file:"+s.url+"?mode=ro")
	s.must(err)
	var says string
	s.must(d.QueryRow("PRAGMA integrity_check").Scan(&says))
	s.must(d.Close())
	if says != "ok" {
		s.Errorf("integrity_check: %s", says)
	}
}
