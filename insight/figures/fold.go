package figures

import (
	"encoding/json"
	"strings"
	"time"

	"doorstep/event"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// tally is what events come to. It is a sum: that of two parts of the log is the sum of
// theirs, so that it does not matter in which parts the log is counted. Times are as they
// are stored, in microseconds.
type tally struct {
	since   horizon
	figures map[slot]int64
	steps   map[stepSlot]*insight.Distribution
	sold    map[soldSlot]int64
	answers map[answerSlot]answered

	minutes     map[slot]int64 // that are not yet in the figures
	first, last int64          // of the events
}

// horizon is since when the figures of a span are kept; others are for good.
type horizon map[span]int64

// moved is the horizon at another time, never earlier than it was.
func (h horizon) moved(now time.Time) horizon {
	next := horizon{}
	for s, keep := range keeps {
		next[s] = max(h[s], s.begins(db.Micros(now.Add(-keep))))
	}
	return next
}

// The slots of what is counted.
type (
	slot struct {
		span span
		at   int64
		what What
		key  string
	}
	stepSlot struct {
		day  int64
		step Step
	}
	soldSlot struct {
		day int64
		sku string
	}
	answerSlot struct {
		kind    process.ProviderKind
		name    string
		outcome Outcome
	}
)

// answered is how often an answer was given, and when last.
type answered struct{ n, last int64 }

func newTally(since horizon) *tally {
	return &tally{
		since: since, figures: map[slot]int64{}, minutes: map[slot]int64{}, steps: map[stepSlot]*insight.Distribution{},
		sold: map[soldSlot]int64{}, answers: map[answerSlot]answered{},
	}
}

// take counts an event. The way is that of its order as it was before, nil where it is
// about none.
func (t *tally) take(w *way, e event.Event) {
	at := db.Micros(e.At)
	t.first, t.last = earlier(t.first, at), max(t.last, at)
	if w != nil {
		t.takeOrder(w, e, at)
	}
	switch e.Type {
	case support.EventOpened:
		t.count(at, Opened, factsOf(e).Category, 1)
	case support.EventSolved:
		t.count(at, Solved, factsOf(e).Category, 1)
	}
}

// earlier is the earlier of two times, of which the first may be none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// takeOrder counts an event of an order.
func (t *tally) takeOrder(w *way, e event.Event, at int64) {
	before := *w
	w.pass(e, at)
	if e.Version == 1 {
		t.ofOrder(w, at, Placed, "")
	}
	if w.paid != before.paid {
		t.ofOrder(w, at, Paid, "")
		t.step(at, ToPaid, w.placed, at)
	}
	if w.shipped != before.shipped {
		t.ofOrder(w, at, Shipped, "")
	}
	if w.delivered != before.delivered {
		t.ofOrder(w, at, Delivered, "")
	}
	if w.returned != before.returned {
		t.ofOrder(w, at, Returned, "")
	}
	if take := takes[e.Type]; take != nil {
		take(t, before, e, at)
	}
	if o := answers[e.Type]; o != "" {
		t.answer(e, at, o)
	}
}

// takes says what else is learned from each type of event of an order, which was so far on
// its way before it.
var takes = map[event.Type]func(t *tally, w way, e event.Event, at int64){
	order.EventProcessed:         takeProcessed,
	order.EventFailed:            takeFailed,
	order.EventChanged:           takeChanged,
	order.EventCancelled:         func(t *tally, w way, _ event.Event, at int64) { t.ofOrder(&w, at, Cancelled, "") },
	payment.EventSucceeded:       takePayment,
	payment.EventRefundSucceeded: takeRefund,
	shipping.EventLabelBought:    func(t *tally, w way, _ event.Event, at int64) { t.step(at, ToLabel, w.paid, at) },
	shipping.EventShipped:        func(t *tally, w way, _ event.Event, at int64) { t.step(at, ToShipped, w.label, at) },
	shipping.EventDelivered:      takeDelivery,
}

// answers are the events by which a gateway or carrier has answered an attempt.
var answers = map[event.Type]Outcome{
	payment.EventAuthorised: OutcomeDone, payment.EventSucceeded: OutcomeDone, payment.EventRenewed: OutcomeDone, payment.EventRefundSucceeded: OutcomeDone,
	shipping.EventLabelBought: OutcomeDone,
	payment.EventUnknown:      OutcomeUnknown, payment.EventRefundUnknown: OutcomeUnknown, shipping.EventLabelUnknown: OutcomeUnknown,
	payment.EventDeclined: OutcomeRefused, payment.EventFailed: OutcomeRefused, payment.EventCaptureFailed: OutcomeRefused,
	payment.EventRenewalDeclined: OutcomeRefused, payment.EventRefundDeclined: OutcomeRefused,
	shipping.EventLabelRefused: OutcomeRefused, shipping.EventRerouted: OutcomeRefused, shipping.EventFailed: OutcomeRefused,
}

func takeProcessed(t *tally, w way, e event.Event, at int64) {
	f := factsOf(e)
	w.placed = at // it is placed by the same event
	t.ofOrder(&w, at, Processed, "")
	t.count(at, Ordered, string(f.Currency), f.Total)
	for sku, units := range f.SKUs {
		t.sell(at, sku, units)
	}
}

func takeFailed(t *tally, w way, e event.Event, at int64) {
	if e.Version == 1 {
		w.placed = at
	}
	t.ofOrder(&w, at, Failed, factsOf(e).Reason)
}

func takeChanged(t *tally, _ way, e event.Event, at int64) {
	var changed struct {
		Lines []process.LineChange `json:"lines"`
	}
	_ = json.Unmarshal(e.Data, &changed) // what can not be read says nothing
	for _, l := range changed.Lines {
		t.sell(at, l.SKU, l.To-l.From)
	}
}

func takePayment(t *tally, _ way, e event.Event, at int64) {
	if f := factsOf(e); f.Amount > 0 {
		t.count(at, Taken, string(f.Currency), f.Amount)
	}
}

func takeRefund(t *tally, _ way, e event.Event, at int64) {
	f := factsOf(e)
	t.count(at, Refunded, string(f.Currency), f.Amount)
}

func takeDelivery(t *tally, w way, e event.Event, at int64) {
	seen := db.Micros(factsOf(e).SeenAt)
	if seen < w.placed || seen > at {
		seen = at // the carrier's clock can not be right
	}
	t.step(at, ToDelivered, w.left, seen)
	t.step(at, Whole, w.placed, seen)
}

// ofOrder counts what has happened to an order, also among those of its day.
func (t *tally) ofOrder(w *way, at int64, what What, key string) {
	t.count(at, what, key, 1)
	t.figures[slot{cohort, cohort.begins(w.placed), what, key}]++
}

func (t *tally) count(at int64, what What, key string, n int64) {
	t.minutes[slot{minute, minute.begins(at), what, key}] += n
}

// sum adds the minutes to the figures: hours and days are sums of theirs.
func (t *tally) sum() {
	for s, n := range t.minutes {
		for _, s.span = range []span{minute, hour, day} {
			begins := s
			if begins.at = s.span.begins(s.at); begins.at >= t.since[s.span] {
				t.figures[begins] += n
			}
		}
	}
	clear(t.minutes)
}

// step counts how long a step took that began at a time, where it did.
func (t *tally) step(now int64, s Step, from, to int64) {
	on := stepSlot{day.begins(now), s}
	if from == 0 || on.day < t.since[steps] {
		return
	}
	if t.steps[on] == nil {
		t.steps[on] = &insight.Distribution{}
	}
	t.steps[on].Add(time.Duration(to-from) * time.Microsecond)
}

func (t *tally) sell(at int64, sku string, units int64) {
	if on := day.begins(at); on >= t.since[sold] {
		t.sold[soldSlot{on, sku}] += units
	}
}

// answer counts the answer of a provider, where the event is due to one.
func (t *tally) answer(e event.Event, at int64, o Outcome) {
	name, is := e.Actor.OfProvider()
	if !is {
		return
	}
	by := answerSlot{process.KindGateway, name, o}
	if strings.HasPrefix(string(e.Type), "shipment.") {
		by.kind = process.KindCarrier
	}
	a := t.answers[by]
	t.answers[by] = answered{a.n + 1, max(a.last, at)}
	t.count(at, Answered, by.key(), 1)
}

// key names the answer.
func (a answerSlot) key() string { return string(a.kind) + "/" + a.name + "/" + string(a.outcome) }

// merge adds the distributions of another tally.
func (t *tally) merge(o map[stepSlot]*insight.Distribution) {
	for s, d := range o {
		if t.steps[s] == nil {
			t.steps[s] = &insight.Distribution{}
		}
		t.steps[s].Merge(*d)
	}
}

// way is how far an order has come.
type way struct {
	placed, paid, shipped int64 // first
	label, left           int64 // last
	delivered, returned   bool
}

// pass takes the order on by one event.
func (w *way) pass(e event.Event, at int64) {
	if e.Version == 1 {
		w.placed = at
	}
	switch e.Type {
	case payment.EventAuthorised, payment.EventSucceeded:
		if w.paid == 0 {
			w.paid = at
		}
	case shipping.EventLabelBought:
		w.label = at
	case shipping.EventShipped:
		if w.left = at; w.shipped == 0 {
			w.shipped = at
		}
	case shipping.EventReturnReceived:
		w.returned = true
	}
	w.delivered = w.delivered || e.Status == string(order.Delivered)
}

// facts are what an event's data may say.
type facts struct {
	Amount   int64            `json:"amount"`
	Total    int64            `json:"total"`
	Currency money.Currency   `json:"currency"`
	SKUs     map[string]int64 `json:"skus"`
	Reason   string           `json:"reason"`
	Category string           `json:"category"`
	SeenAt   time.Time        `json:"seen_at"` // by the carrier's clock
}

// factsOf reads what an event says. What can not be read says nothing.
func factsOf(e event.Event) (f facts) {
	_ = json.Unmarshal(e.Data, &f)
	return f
}
