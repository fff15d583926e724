package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// TestMain bounds the random shops, each of which is a database: more are asked
// for with -rapid.checks.
func TestMain(m *testing.M) {
	if err := errors.Join(flag.Set("rapid.checks", "40"), flag.Set("rapid.shrinktime", "20s"), flag.Set("rapid.nofailfile", "true")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestShopsKeepTheirBooks does random things in random shops, and holds them to
// a small model of the stock and the money.
func TestShopsKeepTheirBooks(t *testing.T) {
	t.Parallel()
	for engine, parts := range map[string]int{dbtest.SQLite: 4, dbtest.Postgres: 1} { // PostgreSQL takes longer
		for n := range parts {
			t.Run(fmt.Sprintf("%s/%d", engine, n+1), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(r *rapid.T) { playAtRandom(t, r, engine) })
			})
		}
	}
}

func playAtRandom(t *testing.T, r *rapid.T, engine string) {
	tb := &draw{TB: t, r: r}
	defer tb.close()
	m := &model{shop: newShop(tb, engine, drawConfig(r)), received: map[string]int64{"CUP": 100, "POT": 50, "LAMP": 1}, back: map[string]int64{}, locations: []string{"main"}}
	m.drawGoods(r)
	r.Repeat(m.actions())
	m.settle()
}

// draw is the test of one random shop: what it fails with is shrunk.
type draw struct {
	testing.TB
	r        *rapid.T
	cleanups []func()
}

func (d *draw) Cleanup(f func())             { d.cleanups = append(d.cleanups, f) }
func (d *draw) Errorf(f string, args ...any) { d.r.Errorf(f, args...) }
func (d *draw) Error(args ...any)            { d.r.Error(args...) }
func (d *draw) Fatalf(f string, args ...any) { d.r.Fatalf(f, args...) }
func (d *draw) Fatal(args ...any)            { d.r.Fatal(args...) }

func (d *draw) close() {
	for _, f := range slices.Backward(d.cleanups) {
		f()
	}
}

// drawConfig draws a shop whose providers are unreliable.
func drawConfig(r *rapid.T) config {
	rate := func(name string) float64 { return rapid.SampledFrom([]float64{0, 0.1, 0.2}).Draw(r, name) }
	latency := func(name string) time.Duration {
		return rapid.SampledFrom([]time.Duration{0, 2 * time.Second, 5 * time.Hour}).Draw(r, name)
	}
	seed := rapid.Uint64().Draw(r, "seed")
	keys := rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(r, "life of a key")
	cfg := config{
		gateway: gateway.Config{Seed: seed, DeclineRate: rate("declined"), SoftShare: 0.5, RefundDeclineRate: rate("refund declined"), Unreachable: rate("gateway unreachable"),
			TimeoutBefore: rate("gateway silent before"), TimeoutAfter: rate("gateway silent after"), LatencyMax: latency("gateway"), KeyLife: keys,
			RefundBounceRate: rate("bounced"), RefundBounceAfter: day},
		carrier: carrier.Config{Seed: seed, RefuseRate: rate("refused"), TroubleRate: rate("trouble"), Unreachable: rate("carrier unreachable"),
			TimeoutBefore: rate("carrier silent before"), TimeoutAfter: rate("carrier silent after"), LateRate: 0.3, TwiceRate: 0.3,
			LatencyMax: latency("carrier"), KeyLife: keys,
			LostRate: rate("lost"), DamagedRate: rate("damaged") / 2, RefusedRate: rate("refused at the door") / 2, ReturnedRate: rate("returned") / 2},
	}
	capture := rapid.SampledFrom([]policy.Capture{policy.CaptureAtOnce, policy.CaptureOnHandOver}).Draw(r, "capture")
	handOver := rapid.SampledFrom([]policy.HandOver{policy.HandOverAtOnce, policy.HandOverByPerson, policy.HandOverFirstScan}).Draw(r, "hand-over")
	pays := rapid.SampledFrom([]string{"simulated", "simulated", payment.Manual}).Draw(r, "gateway")
	ships := rapid.SampledFrom([]string{"simulated", "simulated", shipping.Manual}).Draw(r, "carrier")
	tries := rapid.SampledFrom([]int{1, 1, policy.Default().Ask.Tries}).Draw(r, "tries")
	cfg.gateway.AuthorisationLife = rapid.SampledFrom([]time.Duration{0, time.Hour, 2 * day}).Draw(r, "life of an authorisation")
	end := rapid.SampledFrom([]policy.AuthorisationEnd{policy.EndCapture, policy.EndRenew, policy.EndReport}).Draw(r, "its end")
	lostAfter := rapid.SampledFrom([]time.Duration{0, 10 * day, 30 * day}).Draw(r, "given up after")
	onReturn := rapid.SampledFrom([]policy.OnReturn{policy.OnReturnRefund, policy.OnReturnAsk}).Draw(r, "on a return")
	onLost := rapid.SampledFrom([]policy.OnLost{policy.OnLostAsk, policy.OnLostReship, policy.OnLostRefund}).Draw(r, "on a loss")
	split := rapid.Bool().Draw(r, "split")
	paysLater := rapid.SampledFrom([]policy.PayBackorders{policy.PayNow, policy.PayWhenShippable}).Draw(r, "backorders are paid")
	rules := drawRules(r)
	most := []policy.Amount{{Currency: "GBP", Minor: rapid.Int64Range(0, 5000).Draw(r, "most for a ticket")}}
	cfg.lanes = 1
	cfg.policy = func(p *policy.Policy) {
		p.TicketLimits.Decision, p.TicketLimits.Customer, p.TicketLimits.Count = most, []policy.Amount{{Currency: "GBP", Minor: 20_000}}, 10
		p.Split, p.PayBackorders, p.HoldRules = split, paysLater, rules
		p.LostAfter, p.OnLost, p.OnReturn = policy.Duration(lostAfter), onLost, onReturn
		p.Capture, p.HandOver, p.Gateway, p.Carrier, p.Ask.Tries, p.AuthorisationEnd = capture, handOver, pays, ships, tries, end
	}
	return cfg
}

// drawRules draws what holds orders.
func drawRules(r *rapid.T) []policy.HoldRule {
	return rapid.SampledFrom([][]policy.HoldRule{nil, nil, {over(10_000)}, {declinedOnce}, {over(20_000), declinedOnce}}).Draw(r, "hold rules")
}

// model is what must be true of a shop: what came in of each SKU and has come back.
type model struct {
	*shop
	received  map[string]int64
	back      map[string]int64 // what has come back and was fit to be sold
	orders    []order.Order
	locations []string
	waits     bool // for lamps
}

// drawGoods draws whether orders may wait for lamps, and whether there is another
// location, from which a shop sends that splits orders.
func (m *model) drawGoods(r *rapid.T) {
	if m.waits = rapid.Bool().Draw(r, "lamps may be waited for"); m.waits {
		m.mayWait()
	}
	p, _, err := m.Policies(m.t.Context())
	must(m.t, err)
	if !p.Split || !rapid.Bool().Draw(r, "another location") {
		return
	}
	m.locations = append(m.locations, "annex")
	for _, sku := range skus {
		n := rapid.Int64Range(1, 20).Draw(r, "there of "+sku)
		m.annex(sku, n)
		m.received[sku] += n
	}
}

// levels are an SKU's, at every location.
func (m *model) levels(sku string) []inventory.Level {
	levels, err := db.View(m.t.Context(), m.db, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, sku, sku) })
	must(m.t, err)
	return levels
}

// levelAt is an SKU's at one location.
func (m *model) levelAt(sku, location string) inventory.Level {
	all := m.levels(sku)
	return all[slices.IndexFunc(all, func(l inventory.Level) bool { return l.Location == location })]
}

// skus are those of a model's shop, in order.
var skus = []string{"CUP", "LAMP", "POT"}

func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"place":       m.drawPlace,
		"place again": m.drawPlace, // a shop has more orders than anything else
		"cancel": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.Cancel(m.t.Context(), person(""), o.ID, "")
			return err
		}),
		"capture": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.Capture(m.t.Context(), person(""), o.ID)
			return err
		}),
		"void": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.Void(m.t.Context(), person(""), o.ID, "")
			return err
		}),
		"buy a label":       m.on(m.drawLabel),
		"tell of a parcel":  m.on(m.drawScan),
		"change":            m.on(m.drawEdit),
		"record payment":    m.on(m.drawRecord),
		"hand over":         m.on(m.drawHandOver),
		"mark delivered":    m.on(m.drawDelivered),
		"lose a parcel":     m.on(m.drawMishap),
		"find a parcel":     m.on(m.drawFound),
		"send it anew":      m.on(m.drawReship),
		"do not, after all": m.drawUnsend,
		"receive it":        m.on(m.drawReceive),
		"send it back":      m.on(m.drawReturn),
		"take it back":      m.on(m.drawTakeBack),
		"exchange it":       m.on(m.drawExchange),
		"give back":         m.on(m.drawRecordRefund),
		"refund":            m.on(m.drawRefund),
		"give up a refund": m.on(func(_ *rapid.T, o order.Order) error {
			for _, f := range m.show(o.ID).Refunds {
				if f.Status != payment.RefundPending {
					continue // of money that has come back, the gateway knows
				}
				if _, err := m.FailRefund(m.t.Context(), person(""), o.ID, f.ID); err != nil {
					return err
				}
			}
			return nil
		}),
		"raise a ticket":               m.on(m.drawTicket),
		"solve a ticket, or reopen it": m.on(m.drawSolve),
		"judge a ticket":               m.on(m.drawJudge),
		"restock":                      m.drawRestock,
		"try again": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.RetryStuck(m.t.Context(), person(""), o.ID)
			return err
		}),
		"wait": func(r *rapid.T) {
			m.after(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 9 * time.Hour, 3 * day}).Draw(r, "wait"))
		},
		"hold": m.on(func(_ *rapid.T, o order.Order) error {
			m.after(time.Second) // what is due by now is asked before anything holds it
			_, err := m.Hold(m.t.Context(), person(""), o.ID, "made_up", "")
			return err
		}),
		"release": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.Release(m.t.Context(), person(""), o.ID)
			return err
		}),
		"withdraw a change": m.on(func(_ *rapid.T, o order.Order) error {
			_, err := m.WithdrawEdit(m.t.Context(), person(""), o.ID)
			return err
		}),
		"count":                 m.drawCount,
		"keep some back":        m.drawSafety,
		"attend":                m.drawAttention,
		"other rules":           m.drawPolicy,
		"a node dies":           func(*rapid.T) { m.die() },
		"a dead node goes on":   m.drawDead,
		"a provider misbehaves": m.drawMood,
		"": func(*rapid.T) {
			m.hold()
			m.verify()
		},
	}
}

// on does something to one of the orders. It may be refused, but for a reason.
func (m *model) on(do func(*rapid.T, order.Order) error) func(*rapid.T) {
	return func(r *rapid.T) {
		if len(m.orders) == 0 {
			r.Skip("there is no order yet")
		}
		m.reasoned(do(r, rapid.SampledFrom(m.orders).Draw(r, "order")))
	}
}

// reasoned wants what was refused to be so for a reason.
func (m *model) reasoned(err error) {
	switch fault.CodeOf(err) {
	case "", fault.Conflict, fault.TooLate, fault.Invalid:
	default:
		m.t.Fatalf("refused without a reason: %v", err)
	}
}

func (m *model) drawPlace(r *rapid.T) {
	q := request(len(m.orders), rapid.SliceOfN(rapid.SampledFrom(skus), 1, 3).Draw(r, "SKUs")...)
	want := map[string]int64{}
	for i := range q.Lines {
		q.Lines[i].Quantity = rapid.Int64Range(1, 20).Draw(r, "quantity")
		want[q.Lines[i].SKU] += q.Lines[i].Quantity
	}
	short := false
	for sku, n := range want {
		if sku == "LAMP" && m.waits {
			continue
		}
		for _, l := range m.levels(sku) {
			n -= l.Available()
		}
		short = short || n > 0
	}
	o := m.place(q)
	if (o.Status == order.Failed) != short {
		m.t.Fatalf("an order of %v is %s", want, o.Status)
	}
	m.orders = append(m.orders, o)
}

func (m *model) drawRecord(_ *rapid.T, o order.Order) error {
	_, err := m.RecordPayment(m.t.Context(), person(""), o.ID, payment.Record{Reference: "made up", Amount: m.show(o.ID).Order.Total})
	return err
}

// drawEdit takes units out, adds some, or has an order go elsewhere.
func (m *model) drawEdit(r *rapid.T, o order.Order) error {
	var q order.Edit
	if rapid.Bool().Draw(r, "fewer") {
		line := rapid.Int64Range(1, 3).Draw(r, "line")
		q.Lines = []order.EditLine{{Line: line, Quantity: rapid.Int64Range(0, 10).Draw(r, "units")}}
	}
	if rapid.Bool().Draw(r, "beside") {
		sku := rapid.SampledFrom(skus).Draw(r, "SKU")
		q.Add = []order.LineRequest{{SKU: sku, Quantity: rapid.Int64Range(1, 5).Draw(r, "more")}}
	}
	if rapid.Bool().Draw(r, "elsewhere") {
		q.ShipTo = elsewhere("SA1 1AB").ShipTo
	}
	_, err := m.Edit(m.t.Context(), person(""), o.ID, q)
	return err
}

func (m *model) drawHandOver(_ *rapid.T, o order.Order) error {
	for _, s := range m.show(o.ID).Shipments {
		if s.Gone() {
			continue
		}
		h := shipping.HandOver{TrackingNumber: s.TrackingNumber}
		if h.TrackingNumber == "" {
			h.TrackingNumber = "MADE-UP-" + s.ID
		}
		if _, err := m.HandOver(m.t.Context(), person(""), o.ID, s.ID, h); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) drawDelivered(_ *rapid.T, o order.Order) error {
	for _, s := range m.show(o.ID).Shipments {
		if s.Astray() && s.Status != shipping.Lost {
			continue
		}
		if _, err := m.MarkDelivered(m.t.Context(), person(""), o.ID, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// parcelOf draws one of an order's parcels.
func (m *model) parcelOf(r *rapid.T, o order.Order) (p shipping.Shipment, ok bool) {
	all := m.show(o.ID).Shipments
	if len(all) == 0 {
		return p, false
	}
	return rapid.SampledFrom(all).Draw(r, "parcel"), true
}

func (m *model) drawMishap(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	became := rapid.SampledFrom([]shipping.Status{shipping.Lost, shipping.Damaged, shipping.Returned}).Draw(r, "became")
	_, err := m.ReportMishap(m.t.Context(), person(""), o.ID, p.ID, became)
	return err
}

func (m *model) drawLabel(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	_, err := m.BuyLabel(m.t.Context(), person(""), o.ID, p.ID)
	return err
}

func (m *model) drawScan(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	told := []shipping.TrackingStatus{shipping.InTransit, shipping.OutForDelivery, shipping.Delivered, shipping.ReturnToSender, shipping.Failure}
	q := shipping.Sighting{Status: rapid.SampledFrom(told).Draw(r, "seen"), At: m.clock.Now().Add(-rapid.SampledFrom([]time.Duration{0, time.Hour, day}).Draw(r, "ago"))}
	_, err := m.RecordScan(m.t.Context(), person(""), o.ID, p.ID, q)
	return err
}

func (m *model) drawFound(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	_, err := m.MarkFound(m.t.Context(), person(""), o.ID, p.ID)
	return err
}

func (m *model) drawReship(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	_, err := m.Reship(m.t.Context(), person(""), o.ID, p.ID)
	return err
}

// drawUnsend has goods not sent anew that are, of a parcel that has left: it is lost
// and sent anew before, where it is not yet.
func (m *model) drawUnsend(r *rapid.T) {
	var gone []shipping.Shipment
	for _, o := range m.orders {
		gone = append(gone, slices.DeleteFunc(m.show(o.ID).Shipments, func(p shipping.Shipment) bool { return !p.Gone() })...)
	}
	if len(gone) == 0 {
		r.Skip("nothing has left")
	}
	p := rapid.SampledFrom(gone).Draw(r, "parcel")
	m.reasoned(m.loseAndReship(p))
	m.after(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(r, "thought again after"))
	_, err := m.Edit(m.t.Context(), person(""), p.Order, notAnew(p))
	m.reasoned(err)
}

// loseAndReship has a parcel's goods sent anew, as far as they are not.
func (m *model) loseAndReship(p shipping.Shipment) error {
	if p.Status == shipping.Shipped && p.DeliveredAt.IsZero() {
		if _, err := m.ReportMishap(m.t.Context(), person(""), p.Order, p.ID, shipping.Lost); err != nil {
			return err
		}
		p = m.the(p) // policy may have it sent anew by itself
	}
	if !p.Lacking() {
		return nil
	}
	_, err := m.Reship(m.t.Context(), person(""), p.Order, p.ID)
	return err
}

func (m *model) drawReceive(r *rapid.T, o order.Order) error {
	p, ok := m.parcelOf(r, o)
	if !ok {
		return nil
	}
	g := shipping.Grading{WriteOff: rapid.Bool().Draw(r, "of no use")}
	_, err := m.ReceiveBack(m.t.Context(), person(""), o.ID, p.ID, g)
	if err == nil && !g.WriteOff {
		for _, l := range m.show(o.ID).Packed[p.ID] {
			m.back[l.SKU] += l.Quantity
		}
	}
	return err
}

func (m *model) drawReturn(r *rapid.T, o order.Order) error {
	q := shipping.ReturnRequest{Reason: "made_up", Late: rapid.Bool().Draw(r, "late")}
	if rapid.Bool().Draw(r, "some of it") {
		q.Lines = []shipping.LineUnits{units(rapid.Int64Range(1, 3).Draw(r, "line"), rapid.Int64Range(0, 20).Draw(r, "units"))}
	}
	_, err := m.AuthoriseReturn(m.t.Context(), person(""), o.ID, q)
	return err
}

func (m *model) drawExchange(r *rapid.T, o order.Order) error {
	sku, n := rapid.SampledFrom(skus).Draw(r, "SKU"), rapid.Int64Range(1, 5).Draw(r, "quantity")
	q := process.ExchangeRequest{Return: shipping.ReturnRequest{Reason: "made_up", Late: true}, Lines: []order.LineRequest{{SKU: sku, Quantity: n}}}
	if rapid.Bool().Draw(r, "some of it") {
		q.Return.Lines = []shipping.LineUnits{units(rapid.Int64Range(1, 3).Draw(r, "line"), rapid.Int64Range(0, 20).Draw(r, "units"))}
	}
	done, err := m.Exchange(m.t.Context(), person(""), o.ID, q)
	if err == nil {
		m.orders = append(m.orders, done.Value.New)
	}
	return err
}

func (m *model) drawTakeBack(r *rapid.T, o order.Order) error {
	all := m.show(o.ID).Returns
	if len(all) == 0 {
		return nil
	}
	of := rapid.SampledFrom(all).Draw(r, "return")
	if rapid.IntRange(0, 4).Draw(r, "is it not to come") == 0 {
		_, err := m.CancelReturn(m.t.Context(), person(""), o.ID, of.ID)
		return err
	}
	q := shipping.Reception{Withhold: rapid.Bool().Draw(r, "withhold")}
	q.WriteOff = rapid.Bool().Draw(r, "of no use")
	if rapid.Bool().Draw(r, "some of it") {
		q.Lines = []shipping.LineUnits{units(rapid.Int64Range(1, 3).Draw(r, "line"), rapid.Int64Range(0, 20).Draw(r, "units"))}
	}
	_, err := m.ReceiveReturn(m.t.Context(), person(""), o.ID, of.ID, q)
	if err != nil {
		return err
	}
	for _, l := range m.show(o.ID).Coming[of.ID] {
		if q.WriteOff && l.Restocked > 0 {
			m.t.Errorf("what is of no use is on hand: %+v", l)
		}
		m.back[l.SKU] += l.Restocked
	}
	return nil
}

func (m *model) drawRefund(r *rapid.T, o order.Order) error {
	q := order.CreditRequest{Reason: "made up"}
	switch rapid.IntRange(0, 2).Draw(r, "what") {
	case 0:
		q.All = true
	case 1:
		q.Amount = rapid.Int64Range(1, max(1, o.Total)).Draw(r, "amount")
	default:
		q.Lines = []order.CreditLine{{Line: rapid.Int64Range(1, 3).Draw(r, "line"), Quantity: rapid.Int64Range(0, 20).Draw(r, "units")}}
	}
	_, err := m.Refund(m.t.Context(), person(""), o.ID, q)
	return err
}

func (m *model) drawRecordRefund(_ *rapid.T, o order.Order) error {
	for _, f := range m.show(o.ID).Refunds {
		if _, err := m.RecordRefund(m.t.Context(), person(""), o.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount}); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) drawTicket(r *rapid.T, o order.Order) error {
	category := rapid.SampledFrom(support.Categories).Draw(r, "category")
	m.after(time.Second) // what is due by now is asked before anything holds it
	q := process.TicketRequest{Request: support.Request{Order: o.ID, Category: category, Body: "made up",
		Lines: []support.Line{{Line: 1, Quantity: rapid.Int64Range(0, 3).Draw(r, "units")}}, Hold: rapid.Bool().Draw(r, "and hold")}}
	if category == support.AddressChange && rapid.Bool().Draw(r, "which address") {
		q.ShipTo = elsewhere("SA1 1AC").ShipTo
	}
	opened, err := m.OpenTicket(m.t.Context(), person(""), q)
	if err == nil && rapid.Bool().Draw(r, "and a reply") {
		_, err = m.ReplyTicket(m.t.Context(), person(""), opened.Value.ID, support.FromCustomer, "made up")
	}
	return err
}

// drawJudge has a second person approve or reject what is proposed.
func (m *model) drawJudge(r *rapid.T, o order.Order) error {
	judge := m.ApproveTicket
	if rapid.Bool().Draw(r, "against it") {
		judge = m.RejectTicket
	}
	for _, t := range m.show(o.ID).Tickets {
		if t.Proposed == "" {
			continue
		}
		if _, err := judge(m.t.Context(), process.Command{By: "agent:8"}, t.ID); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) drawSolve(r *rapid.T, o order.Order) error {
	all := m.show(o.ID).Tickets
	if len(all) == 0 {
		return nil
	}
	change := rapid.SampledFrom([]func(context.Context, process.Command, string, string) (process.Result[support.Ticket], error){m.SolveTicket, m.SolveTicket, m.ReopenTicket}).Draw(r, "how")
	_, err := change(m.t.Context(), person(""), rapid.SampledFrom(all).Draw(r, "ticket").ID, "made up")
	return err
}

func (m *model) drawRestock(r *rapid.T) {
	sku := rapid.SampledFrom(skus).Draw(r, "SKU")
	m.restock(sku, rapid.SampledFrom(m.locations).Draw(r, "location"), rapid.Int64Range(1, 50).Draw(r, "quantity"))
}

func (m *model) restock(sku, location string, n int64) {
	m.shop.receive(sku, location, n)
	m.received[sku] += n
}

// drawCount has a person count goods of which there are more, or fewer, than was
// thought, or than are kept for orders. What has a label stays with its order.
func (m *model) drawCount(r *rapid.T) {
	sku, location := rapid.SampledFrom(skus).Draw(r, "SKU"), rapid.SampledFrom(m.locations).Draw(r, "location")
	before := m.levelAt(sku, location).OnHand
	n := rapid.Int64Range(0, before+5).Draw(r, "counted")
	_, err := m.CountStock(m.t.Context(), person(""), []inventory.Count{{SKU: sku, Location: location, Quantity: n}}, "made_up")
	if fault.Is(err, fault.Conflict) {
		return
	}
	must(m.t, err)
	m.received[sku] += n - before
}

// drawSafety has some of an SKU kept back.
func (m *model) drawSafety(r *rapid.T) {
	sku, location := rapid.SampledFrom(skus).Draw(r, "SKU"), rapid.SampledFrom(m.locations).Draw(r, "location")
	_, err := m.SetSafetyStock(m.t.Context(), person(""), sku, location, rapid.Int64Range(0, 10).Draw(r, "kept back"))
	must(m.t, err)
}

// drawAttention has a person go a way about something that needs attention. None is
// skipped: what no one asks the gateway any more, its books alone would say.
func (m *model) drawAttention(r *rapid.T) {
	a, err := m.Attention(m.t.Context(), "", 100)
	must(m.t, err)
	if len(a.Items) == 0 {
		r.Skip("all goes well")
	}
	of, w := rapid.SampledFrom(a.Items).Draw(r, "matter"), rapid.SampledFrom([]process.Way{process.WayRetry, process.WayCompensate}).Draw(r, "way")
	_, err = m.Attend(m.t.Context(), person(""), w, of.Item)
	if open := slices.Contains(of.Ways, w); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.TooLate) || err == nil && !open {
		m.t.Fatalf("to %s %s (%v) comes to %v", w, of.Item, of.Ways, err)
	}
}

// drawPolicy has the shop go on by other rules.
func (m *model) drawPolicy(r *rapid.T) {
	which, flip := rapid.IntRange(0, 7).Draw(r, "setting"), rapid.Bool().Draw(r, "one or the other")
	rules := drawRules(r)
	m.change(func(p *policy.Policy) {
		switch which {
		case 0:
			p.Capture = either(flip, policy.CaptureAtOnce, policy.CaptureOnHandOver)
		case 1:
			p.HandOver = either(flip, policy.HandOverAtOnce, policy.HandOverByPerson)
		case 2:
			p.Carrier = either(flip, "simulated", shipping.Manual)
		case 3:
			p.Gateway = either(flip, "simulated", payment.Manual)
		case 4:
			p.OnLost = either(flip, policy.OnLostRefund, policy.OnLostReship)
		case 5:
			p.OnReturn = either(flip, policy.OnReturnRefund, policy.OnReturnAsk)
		case 6:
			p.HoldUnshipped = either(flip, 0, policy.Duration(3*day))
		default:
			p.HoldRules = rules
		}
	})
}

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// drawDead has a node go on that was thought dead: its answers come late, and it
// asks what the other one asks.
func (m *model) drawDead(r *rapid.T) {
	if len(m.dead) == 0 {
		r.Skip("no node has died")
	}
	node := rapid.SampledFrom(m.dead).Draw(r, "node")
	m.lapse() // what the other one has in hand counts as begun, whatever this one puts back
	must(m.t, node.RunUntil(m.t.Context(), m.clock.Now()))
	m.lapse()
}

// drawMood has a provider not be reached, or answer in vain.
func (m *model) drawMood(r *rapid.T) {
	gateways := []*script[payment.Answer]{&m.gateway.authorise, &m.gateway.capture, &m.gateway.void, &m.gateway.refund}
	switch rapid.IntRange(0, 4).Draw(r, "mood") {
	case 0:
		rapid.SampledFrom(gateways).Draw(r, "question").say(rapid.SampledFrom([]reply[payment.Answer]{gatewaySilent, gatewayAway}).Draw(r, "answer"))
	case 1:
		rapid.SampledFrom(gateways).Draw(r, "question").say(gatewayLost)
	case 2:
		m.carrier.buy.say(rapid.SampledFrom([]reply[shipping.LabelAnswer]{labelSilent, labelAway, {err: errSilent, reach: true}}).Draw(r, "label"))
	case 3:
		m.carrier.void.say(rapid.SampledFrom([]reply[shipping.VoidAnswer]{voidSilent, voidAway, {err: errSilent, reach: true}}).Draw(r, "void"))
	default: // it answers the look-up in vain
		m.gateway.lookup.say(rapid.SampledFrom([]reply[payment.Answer]{gatewaySilent, gatewayAway}).Draw(r, "look-up"))
	}
}

// hold checks what is true of a shop at any time.
func (m *model) hold() {
	left, reserved := map[string]int64{}, map[string]int64{}
	var short int64 // not found when it was counted
	for _, o := range m.orders {
		v := m.show(o.ID)
		m.sound(v)
		m.paid(v)
		if !v.Order.End.Over() {
			short += v.Order.Sums.Short()
			for _, l := range v.Lines {
				reserved[l.SKU] += l.Wanted()
			}
			for _, b := range v.Waiting {
				reserved[b.SKU] -= b.Quantity
			}
		}
		for _, p := range v.Shipments {
			for _, l := range v.Packed[p.ID] {
				switch over := v.Order.End.Over(); {
				case p.Here() && over:
					reserved[l.SKU] += l.Quantity
				case p.Gone() || p.Status == shipping.Strayed:
					left[l.SKU] += l.Quantity
					if p.Live() && !over {
						reserved[l.SKU] -= l.Quantity
					}
				}
			}
		}
	}
	for _, sku := range skus {
		short -= m.wantKept(sku, m.received[sku]-left[sku]+m.back[sku], reserved[sku])
	}
	if short != 0 {
		m.t.Errorf("orders lack %d units more than are not kept for them", short)
	}
}

// wantKept checks how many of an SKU are there, and that no more are kept for orders
// than they want. It returns how many less.
func (m *model) wantKept(sku string, onHand, wanted int64) int64 {
	var there, kept int64
	for _, l := range m.levels(sku) {
		there, kept = there+l.OnHand, kept+l.Reserved
	}
	if there != onHand || kept > wanted {
		m.t.Errorf("of %s %d are on hand and %d reserved, not %d and at most %d", sku, there, kept, onHand, wanted)
	}
	return wanted - kept
}

// paid checks an order's money by our books.
func (m *model) paid(v process.Overview) {
	for _, p := range v.Payments {
		if p.Captured != 0 && p.Captured != v.Order.Total || p.Refunded > p.Captured {
			m.t.Errorf("of %d, %d are captured and %d given back", v.Order.Total, p.Captured, p.Refunded)
		}
		if v.Order.Stock == order.StockLeft && p.Captured != v.Order.Total {
			m.t.Errorf("a parcel of %d has left, and %d are captured", v.Order.Total, p.Captured)
		}
	}
	credited, back := int64(0), int64(0)
	for _, r := range v.Returns {
		back += r.Came
	}
	if back != v.Order.Sums.Returned || (v.Order.Status == order.Returned) != (back > 0 && back == v.Order.Sums.Units) {
		m.t.Errorf("of %d units %d came back, and the order is %s", v.Order.Sums.Units, back, v.Order.Status)
	}
	for _, l := range v.Lines {
		credited += l.Credited
		if l.Credited > l.Amount {
			m.t.Errorf("of a line of %d, %d are given back", l.Amount, l.Credited)
		}
	}
	if credited != v.Order.Sums.Refunding+v.Order.Sums.Refunded {
		m.t.Errorf("of the lines, %d are given back, of the order %+v", credited, v.Order.Sums)
	}
}

// settle lets everything come to its end, and holds the shop to its model.
func (m *model) settle() {
	for _, sku := range skus { // so that no one waits for it, or is held for want of it
		m.restock(sku, "main", plenty)
	}
	m.toTheEnd()
	m.hold()
}

// toTheEnd lets everything come to its end, with what people have to do for it,
// and compares our books with those of the providers.
func (m *model) toTheEnd() {
	m.calm()
	m.after(120 * day)
	m.resolve()
	for _, o := range m.orders {
		v := m.show(o.ID)
		if v.Order.End == order.EndCancelling || v.Order.End == order.EndChanging {
			m.t.Errorf("an order is still being cancelled or changed\n%s", timeline(v))
		}
		m.over(v)
		got, want := m.providers(v), m.ours(v)
		if slices.ContainsFunc(v.Next, func(n process.Next) bool { return n.Step == process.StepUndo }) {
			delete(got, "held") // what was renewed in the place of another one is still to be given up
			delete(want, "held")
		}
		if !maps.Equal(got, want) {
			m.t.Errorf("the providers' books say %v, ours %v\n%s", got, want, timeline(v))
		}
	}
}

// plenty is more than all orders of a model ask for.
const plenty = 10_000

// calm has the providers answer for themselves from now on.
func (m *model) calm() {
	for _, s := range []*script[payment.Answer]{&m.gateway.authorise, &m.gateway.capture, &m.gateway.void, &m.gateway.refund, &m.gateway.lookup} {
		s.forget()
	}
	m.carrier.buy.forget()
	m.carrier.void.forget()
}

// patience is how often the person of a model has stuck steps tried again: its
// providers are unreliable, not broken.
const patience = 80

// resolve has a person do what waits for one, until nothing does and nothing is due.
func (m *model) resolve() {
	for range patience {
		// What is tried again gets stuck again while an order waits for its release.
		retried, refunded, released := m.retryAll(), m.refundOwed(), m.letGo()
		if !retried && !refunded && !released && !m.due() {
			break
		}
		m.after(10 * day)
	}
	for _, o := range m.orders {
		v := m.show(o.ID)
		if slices.ContainsFunc(v.Next, func(n process.Next) bool { return n.Stuck }) {
			m.t.Errorf("a step is stuck whatever a person does\n%s", timeline(v))
		}
		if short := m.short(v); short > 0 {
			m.t.Errorf("the customer is short of %d whatever a person does\n%s", short, timeline(v))
		}
		m.giveAllBack(v)
	}
}

// due says whether anything happens by itself still.
func (m *model) due() bool {
	return slices.ContainsFunc(m.orders, func(o order.Order) bool {
		return slices.ContainsFunc(m.show(o.ID).Next, func(n process.Next) bool { return !n.Stuck && !n.Held && n.Due != "" })
	})
}

// retryAll has everything that is stuck tried again, and says whether anything was.
func (m *model) retryAll() (any bool) {
	for _, o := range m.orders {
		if slices.ContainsFunc(m.show(o.ID).Next, func(n process.Next) bool { return n.Stuck }) {
			any = true
			_, err := m.RetryStuck(m.t.Context(), person(""), o.ID)
			must(m.t, err)
		}
	}
	return any
}

// refundOwed has a person refund what came back of orders that are over, and what is
// owed of others, and says whether there was any.
func (m *model) refundOwed() (any bool) {
	for _, o := range m.orders {
		v := m.show(o.ID)
		q := order.CreditRequest{Amount: m.short(v), Reason: "made up"}
		if v.Order.End.Over() {
			q = order.CreditRequest{All: v.Order.Sums.Kept() > 0, Reason: "made up"}
		}
		if q.Amount == 0 && !q.All {
			continue
		}
		any = true
		_, err := m.Refund(m.t.Context(), person(""), o.ID, q)
		must(m.t, err)
	}
	return any
}

// short returns how much the customer is short of for units that were taken out of an
// order that goes on, or came back and policy has it refunded.
func (m *model) short(v process.Overview) (sum int64) {
	if !v.Order.Payment.Taken() || v.Order.End != order.EndNone {
		return 0
	}
	for _, l := range v.Lines {
		due, parts := l.Cancelled, int64(1)
		for _, r := range v.Returns {
			if !slices.ContainsFunc(v.Refunds, func(f payment.Refund) bool { return f.ID == r.Refund && f.Reason == process.ForReturn }) {
				continue
			}
			for _, came := range v.Coming[r.ID] {
				if came.Line == l.Line {
					due, parts = due+came.Came-came.Withheld, parts+1
				}
			}
		}
		// Each part is rounded down by itself.
		sum += max(0, min(l.UpTo(due)-parts-l.Credited, l.Left()))
	}
	return sum
}

// letGo has a person release what is held, and solve the tickets that hold orders. It
// says whether there was any of it.
func (m *model) letGo() (any bool) {
	for _, o := range m.orders {
		switch now := m.show(o.ID).Order; {
		case now.End == order.EndChanging: // it is released when that is done
		case now.Held == "made_up" || process.HeldByProcess(now.Held):
			_, err := m.Release(m.t.Context(), person(""), o.ID)
			if now.Sums.Short() > 0 && fault.Is(err, fault.Conflict) {
				break // its goods are not there
			}
			must(m.t, err)
			any = true
		}
		for _, t := range m.show(o.ID).Tickets {
			if t.Holds == process.HeldByTicket {
				any = true
				m.solve(t.ID)
			}
		}
	}
	return any
}

// giveAllBack has a person give back what is owed and was paid elsewhere.
func (m *model) giveAllBack(v process.Overview) {
	if !slices.ContainsFunc(v.Next, func(n process.Next) bool { return n.Step == process.StepAwaitRefund }) {
		return
	}
	for _, f := range v.Refunds {
		if f.Status != payment.RefundPending {
			continue
		}
		_, err := m.RecordRefund(m.t.Context(), person(""), v.Order.ID, f.ID, payment.Record{Reference: "made up", Amount: f.Amount})
		must(m.t, err)
	}
}

// over checks that an order that is over keeps nothing: its stock is free, and
// its money is back.
func (m *model) over(v process.Overview) {
	if !v.Order.End.Over() {
		return
	}
	// A carrier that has a parcel already gives its label not back.
	if v.Order.Stock == order.StockReserved && v.Order.Sums.Reserved > v.Order.Sums.Labelled {
		m.t.Errorf("an order that is over keeps its stock\n%s", timeline(v))
	}
	for _, p := range v.Payments {
		if p.Captured != p.Refunded || p.Status == payment.StatusRequiresCapture {
			m.t.Errorf("an order that is over keeps its money\n%s", timeline(v))
		}
	}
}

// providers sums up what the providers say of an order, once everything has
// come to its end.
func (m *model) providers(v process.Overview) map[string]int64 {
	books := map[string]int64{}
	stray := strays(v)
	for _, c := range m.charges(v.Order.ID) {
		if stray[c.Ref] && (c.Voided || c.Captured == c.Refunded) {
			continue
		}
		books["captured"] += c.Captured.Minor
		books["refunded"] += c.Refunded.Minor
		if ended := !c.Until.IsZero() && !c.Until.After(m.clock.Now()); c.Captured.Minor == 0 && !c.Voided && !ended {
			books["held"]++
		}
	}
	for _, l := range m.sold(v.Order.ID) {
		if !l.Voided {
			books["labels"]++
		}
	}
	maps.DeleteFunc(books, func(_ string, n int64) bool { return n == 0 })
	return books
}

// strays are the charges that were found not to be the order's own. Each is to
// be given back.
func strays(v process.Overview) map[string]bool {
	refs := map[string]bool{}
	for _, e := range v.Timeline {
		if e.Type != process.EventStray {
			continue
		}
		var d struct {
			Charge string `json:"charge"`
		}
		_ = json.Unmarshal(e.Data, &d) // what can not be read names none
		refs[d.Charge] = true
	}
	return refs
}

// givenByHand is what was given back of a payment and not by its gateway: by a
// person, or to another order.
func givenByHand(v process.Overview, payment string) (sum int64) {
	for _, f := range v.Refunds {
		if f.Payment != payment || !f.Counts() {
			continue
		}
		if f.Pays != "" { // it has paid for another order, and the gateway has not seen it
			sum += f.Amount
		}
		for _, e := range v.Timeline {
			if e.Entity == f.ID && e.To == string(f.Status) && e.Actor == access.Operator {
				sum += f.Amount
			}
		}
	}
	return sum
}

// ours sums up what the shop says of an order.
func (m *model) ours(v process.Overview) map[string]int64 {
	books := map[string]int64{}
	for _, p := range v.Payments {
		if p.Gateway == payment.Manual {
			continue
		}
		books["captured"] += p.Captured
		books["refunded"] += p.Refunded - givenByHand(v, p.ID)
		if p.Status == payment.StatusRequiresCapture && (p.AuthorisedUntil.IsZero() || p.AuthorisedUntil.After(m.clock.Now())) {
			books["held"]++
		}
	}
	for _, s := range v.Shipments {
		if s.LabelRef != "" && s.Status != shipping.Voided {
			books["labels"]++
		}
	}
	maps.DeleteFunc(books, func(_ string, n int64) bool { return n == 0 })
	return books
}
