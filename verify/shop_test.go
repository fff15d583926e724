package verify_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/clock"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
	"doorstep/verify"
)

// opening is when the test shop opens: a Monday morning.
var opening = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// desk is the simulated gateway, but that it declines captures and refunds of
// some amounts for good, captures of some others only when their parcels have
// left, and denies for days that it has charged some others. The refunds of yet
// others come back to it.
type desk struct {
	payment.Gateway
	clock   clock.Clock
	denied  *sync.Map // the keys
	bounced *sync.Map // the keys of refunds whose money has come back
}

// The last digits of the amounts that are declined.
const (
	neverCaptured = 13
	neverRefunded = 17
	deniedCharge  = 19
	capturedNever = 23 // for now at first
	comesBack     = 29 // when it was given back
)

// denial is for how long it denies a charge: longer than it is asked about it
// while the order is there.
const denial = 3 * 24 * time.Hour

func (g desk) Authorise(ctx context.Context, a payment.Authorisation) (payment.Answer, error) {
	answer, err := g.Gateway.Authorise(ctx, a)
	if a.Amount.Minor%100 == deniedCharge {
		g.denied.Store(a.Key, true)
		return payment.Answer{}, errors.New("no one answers")
	}
	return answer, err
}

func (g desk) Lookup(ctx context.Context, key string) (payment.Answer, error) {
	if _, bounced := g.bounced.Load(key); bounced {
		return payment.Answer{Result: payment.Declined, Decline: payment.InvalidMethod}, nil
	}
	if _, denied := g.denied.Load(key); denied && g.clock.Now().Before(opening.Add(denial)) {
		return payment.Answer{}, payment.ErrNoAttempt
	}
	return g.Gateway.Lookup(ctx, key)
}

func (g desk) Capture(ctx context.Context, f payment.Followup) (payment.Answer, error) {
	if f.Amount.Minor%100 == capturedNever && g.clock.Now().Before(opening.Add(10*time.Hour)) {
		return payment.Answer{Result: payment.Declined, Decline: payment.TryAgainLater}, nil
	}
	if last := f.Amount.Minor % 100; last == neverCaptured || last == capturedNever {
		return payment.Answer{Result: payment.Declined, Decline: payment.CardExpired}, nil
	}
	return g.Gateway.Capture(ctx, f)
}

func (g desk) Refund(ctx context.Context, f payment.Followup) (payment.Answer, error) {
	if f.Amount.Minor%100 == neverRefunded {
		return payment.Answer{Result: payment.Declined, Decline: payment.NotPermitted}, nil
	}
	if f.Amount.Minor%100 == comesBack {
		g.bounced.Store(f.Key, true)
	}
	return g.Gateway.Refund(ctx, f)
}

// shop is a shop on virtual time. Its people and goods are made up.
type shop struct {
	*process.Process
	t       *testing.T
	db      *db.DB
	clock   *clock.Virtual
	run     *work.Virtual
	watched bool
	version int64             // of the policy
	orders  map[string]string // the identifiers of the orders, by what they are for
	tickets map[string]string
}

// newShop opens a shop. A watched one is verified after every step and use case.
func newShop(t *testing.T, url string, watched bool) *shop {
	t.Helper()
	clk := clock.NewVirtual(opening)
	d, err := db.Open(t.Context(), db.Config{URL: url, Clock: clk, Virtual: true})
	must(t, err)
	g, err := gateway.Open("", gateway.Config{LatencyMin: 2 * time.Second, LatencyMax: 2 * time.Second, AuthorisationLife: 7 * 24 * time.Hour}, clk)
	must(t, err)
	t.Cleanup(func() { _ = g.Close() })
	c, err := carrier.Open("", carrier.Config{LatencyMin: time.Second, LateRate: 0.3, TwiceRate: 0.3}, clk)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	q := work.NewQueue("node", 30*time.Second)
	s := &shop{t: t, db: d, clock: clk, watched: watched, orders: map[string]string{}, tickets: map[string]string{}}
	s.Process = process.New(process.Deps{DB: d, Queue: q, IDs: id.Seeded(1),
		Gateways: []payment.Gateway{desk{g, clk, new(sync.Map), new(sync.Map)}}, Carriers: []shipping.Carrier{c}})
	s.run = work.NewVirtual(d, q, clk, work.Config{Handle: s.handle})
	return s
}

// handle does a step and then verifies.
func (s *shop) handle(ctx context.Context, it work.Item) (func(context.Context) error, error) {
	settle, err := s.Handle(ctx, it)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := settle(ctx); err != nil {
			return err
		}
		s.look("after the step " + it.Step + " of " + it.Owner)
		return nil
	}, nil
}

// look verifies a watched shop.
func (s *shop) look(when string) {
	s.t.Helper()
	if s.watched {
		clean(s.t, s.db, when)
	}
}

func clean(t *testing.T, d *db.DB, when string) verify.Report {
	t.Helper()
	r, err := verify.Run(t.Context(), d, verify.Options{})
	must(t, err)
	for _, v := range r.Violations {
		t.Errorf("%s: %s", when, v)
	}
	if t.Failed() {
		t.FailNow()
	}
	return r
}

// until lets a shop work for a while.
func (s *shop) until(d time.Duration) {
	s.t.Helper()
	must(s.t, s.run.RunUntil(s.t.Context(), s.clock.Now().Add(d)))
}

// set changes the policy.
func (s *shop) set(change func(*policy.Policy)) {
	s.t.Helper()
	p := policy.Default()
	p.LostAfter = 0 // what is under way at the end is what the corruptions are for
	p.HoldUnshipped = 0
	change(&p)
	_, err := s.SetPolicy(s.t.Context(), person, s.version, p)
	must(s.t, err)
	s.version++
}

var person = process.Command{By: access.Operator}

func (s *shop) stock() {
	s.t.Helper()
	ctx := s.t.Context()
	for i, location := range []string{"main", "annex"} {
		_, err := s.SetLocation(ctx, person, inventory.Location{ID: location, Name: location, Country: "GB", Priority: int64(i)})
		must(s.t, err)
	}
	for _, sku := range []inventory.SKU{
		{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300},
		{Code: "POT", Name: "Pot", Currency: "GBP", Price: 1999, Weight: 1200},
		{Code: "LAMP", Name: "Lamp", Currency: "GBP", Price: 8900, Weight: 3000},
		{Code: "SOFA", Name: "Sofa", Currency: "GBP", Price: 49900, Weight: 60000, Backorder: true},
	} {
		_, err := s.DefineSKU(ctx, person, sku)
		must(s.t, err)
		if sku.Backorder {
			continue
		}
		_, err = s.ReceiveStock(ctx, person, sku.Code, "main", 100)
		must(s.t, err)
	}
	_, err := s.ReceiveStock(ctx, person, "LAMP", "annex", 5)
	must(s.t, err)
	_, err = s.AdjustStock(ctx, person, "CUP", "main", -3, "broken")
	must(s.t, err)
	for _, back := range []struct {
		location string
		quantity int64
	}{{"annex", 3}, {"main", 9}, {"main", 2}} {
		_, err = s.SetSafetyStock(ctx, person, "LAMP", back.location, back.quantity)
		must(s.t, err)
	}
	s.look("after stocking")
}

// request is an order for a cup, made for the given purpose.
func request(purpose string, change ...func(*order.Request)) order.Request {
	q := order.Request{
		Reference: order.Reference{Source: "test", Number: purpose},
		Customer:  order.CustomerRequest{ID: "c1", Name: "Made Up", Mail: "made.up@example.com"},
		Currency:  "GBP",
		Lines:     []order.LineRequest{{SKU: "CUP", Quantity: 1}},
		ShipTo:    order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", PostalCode: "SA1 1AA", Country: "GB"},
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

func method(token string) func(*order.Request) {
	return func(q *order.Request) { q.Payment.Method = token }
}

func postal(code string) func(*order.Request) {
	return func(q *order.Request) { q.ShipTo.PostalCode = code }
}

func elsewhere(q *order.Request) { q.Payment.Gateway = payment.Manual }

// costs makes the total end in the digits.
func costs(digits int64) func(*order.Request) {
	return func(q *order.Request) { q.Shipping.Price = 50 + digits }
}

// rich is an order with everything on it: the same SKU twice, discount,
// shipping and tax.
func rich(q *order.Request) {
	q.Lines = []order.LineRequest{{SKU: "CUP", Quantity: 2, Tax: 150}, {SKU: "POT", Quantity: 1, Tax: 333}, {SKU: "CUP", Quantity: 1, Tax: 75}}
	q.Discount, q.Shipping.Price, q.Shipping.Tax = 101, 395, 66
}

// three is an order of three cups.
func three(q *order.Request) { q.Lines[0].Quantity = 3 }

var twoUnits = shipping.ReturnRequest{Lines: []shipping.LineUnits{{Line: 1, Quantity: 2}}, Reason: "unwanted", Late: true}

// sendBack authorises the return of two units of an order.
func (s *shop) sendBack(purpose string) {
	s.t.Helper()
	_, err := s.AuthoriseReturn(s.t.Context(), person, s.orders[purpose], twoUnits)
	must(s.t, err)
	s.look("after a return of " + purpose)
}

// exchange sends two units of an order back for one of them.
func (s *shop) exchange(purpose string) {
	s.t.Helper()
	q := process.ExchangeRequest{Return: twoUnits, Lines: []order.LineRequest{{SKU: "CUP", Quantity: 1}}}
	done, err := s.Exchange(s.t.Context(), person, s.orders[purpose], q)
	must(s.t, err)
	s.orders[purpose+" for"] = done.Value.New.ID
	s.look("after an exchange of " + purpose)
}

// receiveReturn receives an order's return, of which one unit is written off and
// not paid for.
func (s *shop) receiveReturn(purpose string) {
	s.t.Helper()
	r, err := s.FindReturn(s.t.Context(), s.orders[purpose])
	must(s.t, err)
	_, err = s.ReceiveReturn(s.t.Context(), person, r.Order, r.ID,
		shipping.Reception{Grading: shipping.Grading{Unfit: map[string]int64{"CUP": 1}}, Withhold: true})
	must(s.t, err)
	s.look("after " + purpose + " came back")
}

func (s *shop) place(purpose string, change ...func(*order.Request)) {
	s.t.Helper()
	placed, err := s.Place(s.t.Context(), person, request(purpose, change...))
	must(s.t, err)
	s.orders[purpose] = placed.Value.Order.ID
	s.look("after placing " + purpose)
}

func (s *shop) cancel(purpose string) {
	s.t.Helper()
	_, err := s.Cancel(s.t.Context(), person, s.orders[purpose], "changed my mind")
	must(s.t, err)
	s.look("after cancelling " + purpose)
}

func (s *shop) show(purpose string) process.Overview {
	s.t.Helper()
	v, err := s.Show(s.t.Context(), s.orders[purpose])
	must(s.t, err)
	return v
}

func (s *shop) pay(purpose string) {
	s.t.Helper()
	p := s.show(purpose).Payments[0]
	_, err := s.RecordPayment(s.t.Context(), person, p.Order, payment.Record{Reference: "line 7", Amount: p.Amount})
	must(s.t, err)
	s.look("after paying " + purpose)
}

func (s *shop) giveBack(purpose string) {
	s.t.Helper()
	f := s.show(purpose).Refunds[0]
	_, err := s.RecordRefund(s.t.Context(), person, f.Order, f.ID, payment.Record{Reference: "line 8", Amount: f.Amount})
	must(s.t, err)
	s.look("after giving back " + purpose)
}

func (s *shop) handOver(purpose string) {
	s.t.Helper()
	p := s.show(purpose).Shipments[0]
	h := shipping.HandOver{}
	if p.Carrier == shipping.Manual {
		h.TrackingNumber = "T-" + purpose
	}
	_, err := s.HandOver(s.t.Context(), person, p.Order, p.ID, h)
	must(s.t, err)
	s.look("after handing over " + purpose)
}

func (s *shop) ticket(name string, q support.Request) {
	s.t.Helper()
	q.Order, q.Body = s.orders[q.Order], "A made-up question: "+name
	t, err := s.OpenTicket(s.t.Context(), person, process.TicketRequest{Request: q})
	must(s.t, err)
	s.tickets[name] = t.Value.ID
	s.look("after opening the ticket " + name)
}

// fill takes a shop through every outcome, and leaves orders in every state in
// which they may wait.
func (s *shop) fill() {
	s.t.Helper()
	s.stock()
	s.set(func(*policy.Policy) {})
	s.sellAtOnce()
	s.sellByPerson()
	s.sellOnHandOver()
	s.sellByHand()
	s.until(24 * time.Hour)
	s.afterADay()
	s.askSupport()
	s.until(30 * 24 * time.Hour)
	_, err := s.Refund(s.t.Context(), person, s.orders["delivered"], order.CreditRequest{Amount: 1, Reason: "made up"})
	must(s.t, err)
	s.sendBack("sent back")
	s.sendBack("coming back")
	s.receiveReturn("sent back")
	s.exchange("exchanged")
	s.exchange("to exchange")
	s.receiveReturn("exchanged")
	s.sellAhead()
	s.leaveUnfinished()
	s.restock("SOFA") // and no one has given it yet
}

// sellAhead has orders wait for sofas: one comes for the first of them.
func (s *shop) sellAhead() {
	s.t.Helper()
	sofas := func(q *order.Request) { q.Lines = []order.LineRequest{{SKU: "SOFA", Quantity: 2}} }
	s.place("waits for goods", sofas)
	s.place("waits no more", sofas)
	s.until(time.Second)
	s.cancel("waits no more") // while the gateway is asked
	s.set(func(p *policy.Policy) { p.PayBackorders = policy.PayWhenShippable })
	s.place("waits to be asked", sofas)
	s.set(func(*policy.Policy) {})
	s.restock("SOFA")
	s.until(time.Minute)
}

// restock receives one of an SKU.
func (s *shop) restock(sku string) {
	s.t.Helper()
	_, err := s.ReceiveStock(s.t.Context(), person, sku, inventory.MainLocation, 1)
	must(s.t, err)
	s.look("after a restock")
}

func (s *shop) sellAtOnce() {
	s.t.Helper()
	s.place("delivered", rich)
	s.place("sent back", three)
	s.place("coming back", three)
	s.place("exchanged", three)
	s.place("to exchange", three)
	s.place("out of stock", func(q *order.Request) { q.Lines[0].Quantity = 10_000 })
	s.place("declined", method(gateway.MethodStolen))
	s.place("declined softly", method(gateway.MethodInsufficientFunds))
	s.place("withdrawn", method(gateway.MethodInsufficientFunds))
	s.place("charged without answer", method(gateway.MethodTimeoutAfterChargeOnce))
	s.place("charged, as it turns out", costs(deniedCharge))
	s.place("not charged", method(gateway.MethodTimeoutBeforeChargeOnce))
	s.place("not reached", method(gateway.MethodUnreachableOnce))
	s.place("refused", postal(carrier.PostalFailLabel))
	s.place("refused once", postal(carrier.PostalTroubleOnce))
	s.place("bought without answer", postal(carrier.PostalTimeoutAfterOnce))
	s.place("refund declined", postal(carrier.PostalFailLabel), costs(neverRefunded))
	s.place("free", func(q *order.Request) { q.Discount = 450 })
	s.place("paid elsewhere", elsewhere)
	s.place("not paid elsewhere", elsewhere)
	s.place("not paid in time", elsewhere)
	s.place("second location", func(q *order.Request) { q.Lines[0] = order.LineRequest{SKU: "LAMP", Quantity: 2} })
	s.until(time.Second)
	s.cancel("delivered") // while the gateway is being asked
	s.orders["cancelled in flight"] = s.orders["delivered"]
	s.place("delivered again", rich)
	s.orders["delivered"] = s.orders["delivered again"]
	s.until(time.Minute)
	s.cancel("withdrawn")
	s.cancel("charged, as it turns out")
	s.cancel("not paid elsewhere")
	s.pay("paid elsewhere")
	s.until(3 * time.Hour)
}

func (s *shop) sellByPerson() {
	s.t.Helper()
	s.set(func(p *policy.Policy) { p.HandOver = policy.HandOverByPerson })
	for _, purpose := range []string{"called back", "too late", "handed over"} {
		s.place(purpose)
	}
	s.place("bounced", costs(comesBack))
	for _, purpose := range []string{"given back", "owed"} {
		s.place(purpose, elsewhere)
		s.pay(purpose)
	}
	s.until(time.Hour)
	for _, purpose := range []string{"called back", "bounced", "given back", "owed"} {
		s.cancel(purpose)
	}
	s.handOver("handed over")
	s.until(time.Hour)
	s.giveBack("given back")
	_, err := s.FailRefund(s.t.Context(), person, s.orders["bounced"], s.show("bounced").Refunds[0].ID)
	must(s.t, err)
	s.look("after the money of bounced has come back")
}

// capturesLate is a shop that takes the money with the hand-over, and asks for a
// refused label again only when an authorisation would have ended.
func capturesLate(p *policy.Policy) {
	p.Capture, p.LabelRetries = policy.CaptureOnHandOver, policy.Schedule{policy.Duration(8 * 24 * time.Hour)}
	p.PaymentRetries = policy.Schedule{policy.Duration(12 * time.Hour)}
}

func (s *shop) sellOnHandOver() {
	s.t.Helper()
	s.set(capturesLate)
	s.place("captured late")
	s.place("renewed", postal(carrier.PostalTroubleOnce))
	s.place("capture declined", costs(neverCaptured))
	s.place("authorised only", postal(carrier.PostalFailLabel))
	s.place("label kept", costs(capturedNever))
	s.place("label kept, and gone", costs(capturedNever))
	s.until(time.Hour)
	s.set(func(p *policy.Policy) {
		p.Capture, p.HandOver = policy.CaptureOnHandOver, policy.HandOverFirstScan
	})
	s.place("first scan")
	s.until(time.Hour)
}

func (s *shop) sellByHand() {
	s.t.Helper()
	s.set(func(p *policy.Policy) { p.Carrier = shipping.Manual })
	for _, purpose := range []string{"to pick", "carried", "carried home", "not picked", "lost", "sent anew", "not sent anew", "back", "made up for", "unwanted"} {
		s.place(purpose)
	}
	s.until(time.Hour)
	s.loseParcels()
	s.handOver("carried")
	s.cancel("not picked")
	for _, purpose := range []string{"carried home", "unwanted"} {
		s.handOver(purpose)
		home := s.show(purpose).Shipments[0]
		_, err := s.MarkDelivered(s.t.Context(), person, home.Order, home.ID)
		must(s.t, err)
		s.look("after a delivery by hand")
	}
}

// loseParcels has a parcel lost, one replaced by another, one come back, and one
// refunded.
func (s *shop) loseParcels() {
	s.t.Helper()
	ctx := s.t.Context()
	for _, is := range []struct {
		purpose string
		became  shipping.Status
	}{{"lost", shipping.Lost}, {"sent anew", shipping.Damaged}, {"not sent anew", shipping.Lost}, {"back", shipping.Returned}, {"made up for", shipping.Damaged}} {
		s.handOver(is.purpose)
		p := s.show(is.purpose).Shipments[0]
		_, err := s.ReportMishap(ctx, person, p.Order, p.ID, is.became)
		must(s.t, err)
		s.look("after a parcel was " + string(is.became))
	}
	for _, purpose := range []string{"sent anew", "not sent anew"} {
		p := s.show(purpose).Shipments[0]
		_, err := s.Reship(ctx, person, p.Order, p.ID)
		must(s.t, err)
		s.look("after goods were sent anew")
	}
	s.withdraw("not sent anew")
	p := s.show("back").Shipments[0]
	_, err := s.ReceiveBack(ctx, person, p.Order, p.ID, shipping.Grading{})
	must(s.t, err)
	s.look("after a parcel came back")
	_, err = s.Refund(ctx, person, s.orders["made up for"], order.CreditRequest{All: true, Reason: "damaged"})
	must(s.t, err)
	s.look("after a parcel was refunded")
}

// withdraw has the goods of an order's first parcel not sent anew after all.
func (s *shop) withdraw(purpose string) {
	s.t.Helper()
	p := s.show(purpose).Shipments[0]
	_, err := s.Edit(s.t.Context(), person, p.Order, order.Edit{Withdraw: p.ID})
	must(s.t, err)
	s.look("after goods were not sent anew")
}

func (s *shop) afterADay() {
	s.t.Helper()
	s.set(func(p *policy.Policy) { p.HandOver = policy.HandOverByPerson })
	s.until(24 * time.Hour)
	_, err := s.Hold(s.t.Context(), person, s.orders["too late"], "made_up", "")
	must(s.t, err)
	s.cancel("too late") // the carrier has it already
	s.until(time.Hour)
	_, err = s.Release(s.t.Context(), person, s.orders["too late"])
	must(s.t, err)
	s.handOver("too late")
	kept, gone := s.show("label kept").Shipments[0], s.show("label kept, and gone").Shipments[0]
	_, err = s.MarkFound(s.t.Context(), person, kept.Order, kept.ID)
	must(s.t, err)
	_, err = s.ReportMishap(s.t.Context(), person, gone.Order, gone.ID, shipping.Lost)
	must(s.t, err)
	s.look("after parcels of failed orders were looked for")
	_, err = s.Note(s.t.Context(), person, s.orders["delivered"], "a note")
	must(s.t, err)
	s.look("after a note")
}

func (s *shop) askSupport() {
	s.t.Helper()
	ctx := s.t.Context()
	s.ticket("asked early", support.Request{Order: "delivered", Category: support.CancelRequest})
	s.ticket("explained", support.Request{Order: "carried", Category: support.WhereIsMyOrder})
	s.ticket("closed", support.Request{Order: "refused", Category: support.OrderIssue})
	s.ticket("asked about it", support.Request{Order: "made up for", Category: support.WhereIsMyOrder})
	s.ticket("no order", support.Request{Category: support.OrderIssue})
	s.ticket("no rule", support.Request{Order: "carried", Category: "made_up"})
	s.ticket("talk", support.Request{Category: support.Other})
	_, err := s.ReplyTicket(ctx, person, s.tickets["talk"], support.FromShop, "Which one?")
	must(s.t, err)
	_, err = s.ReplyTicket(ctx, person, s.tickets["explained"], support.FromCustomer, "Still nothing.")
	must(s.t, err)
	_, err = s.SolveTicket(ctx, person, s.tickets["no order"], "Found it.")
	must(s.t, err)
	s.look("after tickets")
	s.complain()
}

// complain has customers complain of what has arrived, or has not: one is refunded
// at once, one when a person approves it, one waits for that, and one is sent its
// goods anew.
func (s *shop) complain() {
	s.t.Helper()
	ctx := s.t.Context()
	s.set(func(p *policy.Policy) { p.Carrier = shipping.Manual })
	broken := []string{"broken", "broken, approved", "broken, proposed"}
	for _, purpose := range append(broken, "astray") {
		s.place(purpose)
	}
	s.until(time.Minute)
	for _, purpose := range broken {
		s.handOver(purpose)
		_, err := s.MarkDelivered(ctx, person, s.orders[purpose], s.show(purpose).Shipments[0].ID)
		must(s.t, err)
	}
	s.handOver("astray")
	_, err := s.ReportMishap(ctx, person, s.orders["astray"], s.show("astray").Shipments[0].ID, shipping.Lost)
	must(s.t, err)
	most := []policy.Amount{{Currency: "GBP", Minor: 1000}}
	s.set(func(p *policy.Policy) {
		p.Carrier, p.OnLost, p.TicketLimits.Count = shipping.Manual, policy.OnLostReship, 2
		p.TicketLimits.Decision, p.TicketLimits.Customer = most, most
	})
	line := []support.Line{{Line: 1, Quantity: 1}}
	s.ticket("wants it anew", support.Request{Order: "astray", Category: support.WhereIsMyOrder})
	s.ticket("sends back", support.Request{Order: "unwanted", Category: support.ReturnRequest})
	s.ticket("refunded", support.Request{Order: "broken", Category: support.Damaged, Lines: line})
	s.ticket("approved", support.Request{Order: "broken, approved", Category: support.Damaged, Lines: line})
	s.ticket("proposed", support.Request{Order: "broken, proposed", Category: support.Damaged, Lines: line})
	_, err = s.ApproveTicket(ctx, process.Command{By: "agent:8"}, s.tickets["approved"])
	must(s.t, err)
	s.set(func(p *policy.Policy) { p.HandOver = policy.HandOverByPerson })
	s.look("after an approval")
}

func (s *shop) leaveUnfinished() {
	s.t.Helper()
	s.set(capturesLate)
	s.place("authorised", postal(carrier.PostalTroubleOnce))
	s.until(4 * time.Second)
	s.set(func(p *policy.Policy) { p.HandOver = policy.HandOverByPerson })
	s.place("labelled")
	s.place("voiding")
	s.place("to be changed", three)
	s.sendAnewInVain()
	s.until(time.Minute)
	s.set(func(*policy.Policy) {})
	s.place("under way")
	s.place("refunding", postal(carrier.PostalFailLabel))
	s.until(4 * time.Second) // the refund has been asked for, and is not answered
	s.place("unpaid")
	s.place("waits for payment", elsewhere)
	s.place("waits for its ticket", elsewhere)
	s.ticket("holds", support.Request{Order: "waits for its ticket", Category: support.AddressChange})
	s.place("not found", elsewhere, func(q *order.Request) { q.Lines = append(q.Lines, order.LineRequest{SKU: "POT", Quantity: 2}) })
	s.loseLast("POT")
	s.ticket("explained late", support.Request{Order: "under way", Category: support.WhereIsMyOrder})
	s.ticket("cancels", support.Request{Order: "voiding", Category: support.CancelRequest})
	s.edit("to be changed")
	s.withdraw("no longer sent anew")
}

// edit takes a unit out of an order, which takes the carrier's answer, and holds it.
func (s *shop) edit(purpose string) {
	s.t.Helper()
	_, err := s.Edit(s.t.Context(), person, s.orders[purpose], order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 2}}, Reason: "made up"})
	must(s.t, err)
	_, err = s.Hold(s.t.Context(), person, s.orders[purpose], "made_up", "")
	must(s.t, err)
	s.look("after a change of " + purpose)
}

// sendAnewInVain has a lost parcel's goods sent anew, of which the label will be bought.
func (s *shop) sendAnewInVain() {
	s.t.Helper()
	s.place("no longer sent anew")
	s.until(time.Minute)
	s.handOver("no longer sent anew")
	p := s.show("no longer sent anew").Shipments[0]
	_, err := s.ReportMishap(s.t.Context(), person, p.Order, p.ID, shipping.Lost)
	must(s.t, err)
	_, err = s.Reship(s.t.Context(), person, p.Order, p.ID)
	must(s.t, err)
	s.look("after goods were sent anew that are no longer to be")
}

// loseLast counts one less of an SKU than is reserved.
func (s *shop) loseLast(sku string) {
	s.t.Helper()
	counts := []inventory.Count{{SKU: sku, Location: inventory.MainLocation}}
	all, err := s.PreviewCount(s.t.Context(), counts)
	must(s.t, err)
	counts[0].Quantity = all[0].Reserved - 1
	_, err = s.CountStock(s.t.Context(), person, counts, "a made-up count")
	must(s.t, err)
	s.look("after a count")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
