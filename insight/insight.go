// Package insight tells from the event log how well the process runs: how many
// orders came how far, how long they waited for each step, what was taken and
// given back.
package insight

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// Insight is what the event log says of a shop.
type Insight struct {
	From, To time.Time // the first and the last event, in shop time
	Orders   Funnel
	Failed   map[order.Failure]int64
	Worth    map[order.Failure]map[money.Currency]int64 // of the failed orders, minor units
	Short    map[string]int64                           // failed orders that wanted too many of an SKU, by SKU
	Waits    [waits]Distribution                        // in shop time, by Wait
	Hours    map[time.Time]Hour
	Taken    map[money.Currency]int64 // minor units captured
	Refunded map[money.Currency]int64
	Labels   map[string]Labels // by carrier
	Tickets  map[TicketKind]int64
	Events   int64
}

// Funnel is how many orders came at least so far.
type Funnel struct {
	Placed    int64 `json:"placed"`    // orders
	Processed int64 `json:"processed"` // with their goods reserved, or waited for
	Paid      int64 `json:"paid"`      // or free of charge, or promised by the gateway
	Shipped   int64 `json:"shipped"`   // at least one parcel has left
	Delivered int64 `json:"delivered"` // all that was to arrive is at the door
	Cancelled int64 `json:"cancelled"` // before they left
	Returned  int64 `json:"returned"`  // orders of which a customer has sent something back
	Repaid    int64 `json:"repaid"`    // not delivered: something did not arrive, and the money for it went back
}

// Labels are those that were bought of a carrier, and not given back.
type Labels struct {
	N    int64
	Cost map[money.Currency]int64 // minor units
}

// Hour is what happened within one hour of shop time.
type Hour struct{ Placed, Shipped, Delivered int64 }

// TicketKind is a category of tickets and how they stand: what was decided, and
// whether it is solved.
type TicketKind struct {
	Category support.Category
	Reason   support.Reason
	Solved   bool
}

// Wait is a stretch of an order's way that the customer waits for.
type Wait int

// The waits, in the order of the way.
const (
	ToPaid     Wait = iota // from placing
	ToLabel                // from payment
	ToShipped              // from the label
	ToDelivery             // from the hand-over
	Whole                  // from placing to the door
	waits
)

// String names a wait for people.
func (w Wait) String() string {
	return [waits]string{"placed to paid", "paid to label", "label to hand-over", "hand-over to door", "placed to door"}[w]
}

// pageSize is how many orders are read in one snapshot.
const pageSize = 500

// Read walks the whole log, a range of orders at a time, in bounded memory.
func Read(ctx context.Context, d *db.DB) (Insight, error) {
	in := Insight{
		Failed: map[order.Failure]int64{}, Worth: map[order.Failure]map[money.Currency]int64{}, Short: map[string]int64{}, Hours: map[time.Time]Hour{}, Tickets: map[TicketKind]int64{},
		Taken: map[money.Currency]int64{}, Refunded: map[money.Currency]int64{}, Labels: map[string]Labels{},
	}
	for after := ""; ; {
		some, err := ordersBehind(ctx, d, after)
		if err != nil {
			return in, err
		}
		if len(some.orders) == 0 {
			break
		}
		in.add(some)
		after = some.orders[len(some.orders)-1].ID
	}
	return in, in.readTickets(ctx, d)
}

// page is some orders with their events, by order and version.
type page struct {
	orders []order.Order
	events []event.Event
	repaid map[string]bool // by order: of what did not arrive, nothing is owed any more
}

// ordersBehind returns the next orders.
func ordersBehind(ctx context.Context, d *db.DB, after string) (page, error) {
	return db.View(ctx, d, func(r db.Reader) (p page, err error) {
		if p.orders, err = order.Page(r, after, pageSize); err != nil || len(p.orders) == 0 {
			return p, err
		}
		if p.events, err = event.Range(r, p.orders[0].ID, p.orders[len(p.orders)-1].ID); err != nil {
			return p, err
		}
		p.repaid, err = repaid(r, p.orders)
		return p, err
	})
}

// repaid returns the orders that wait for nothing any more, although something of
// them did not arrive.
func repaid(r db.Reader, orders []order.Order) (map[string]bool, error) {
	all := map[string]bool{}
	for _, o := range orders {
		if o.Fulfilment != order.FulfilmentLost || o.Sums.Left > 0 {
			continue
		}
		a, err := process.ReadAccount(r, o)
		if err != nil {
			return nil, err
		}
		all[o.ID] = !a.Owes()
	}
	return all, nil
}

// add takes in orders.
func (in *Insight) add(p page) {
	of := make(map[string]order.Order, len(p.orders))
	for _, o := range p.orders {
		of[o.ID] = o
	}
	for _, one := range chunks(p.events) {
		in.addOrder(of[one[0].Subject], one)
		if p.repaid[one[0].Subject] {
			in.Orders.Repaid++
		}
	}
}

// chunks splits events by their subject.
func chunks(events []event.Event) [][]event.Event {
	var all [][]event.Event
	for len(events) > 0 {
		n := slices.IndexFunc(events, func(e event.Event) bool { return e.Subject != events[0].Subject })
		if n < 0 {
			n = len(events)
		}
		all = append(all, events[:n])
		events = events[n:]
	}
	return all
}

// fact is what an event's data may say.
type fact struct {
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
	Reason   order.Failure  `json:"reason"`
	SeenAt   time.Time      `json:"seen_at"` // by the carrier's clock
	Carrier  string         `json:"carrier"`
	Cost     int64          `json:"cost"` // of a label

	Shortages []inventory.Shortage `json:"shortages"`
}

// way is how far one order has come, by the times of its milestones.
type way struct {
	placed, paid, label, shipped time.Time

	labels                    map[string]fact // as they were bought, by parcel
	order                     order.Order     // as it is now
	left, delivered, returned bool            // counted as such already: an order may leave in several parcels
}

// addOrder takes in one order's history.
func (in *Insight) addOrder(o order.Order, events []event.Event) {
	w := way{placed: events[0].At, order: o, labels: map[string]fact{}}
	in.Orders.Placed++
	in.hour(w.placed, func(h *Hour) { h.Placed++ })
	for _, e := range events {
		in.Events++
		in.span(e.At)
		if take := takes[e.Type]; take != nil {
			take(in, &w, e)
		}
		if e.Status == string(order.Delivered) {
			in.delivered(&w, e.At) // also where what was missing has been paid back
		}
	}
}

// span widens the period to the time.
func (in *Insight) span(at time.Time) {
	if in.From.IsZero() || at.Before(in.From) {
		in.From = at
	}
	if at.After(in.To) {
		in.To = at
	}
}

// takes says what is learned from each type of event.
var takes = map[event.Type]func(*Insight, *way, event.Event){
	order.EventProcessed:         func(in *Insight, _ *way, _ event.Event) { in.Orders.Processed++ },
	order.EventFailed:            takeFailure,
	order.EventCancelled:         func(in *Insight, _ *way, _ event.Event) { in.Orders.Cancelled++ },
	payment.EventAuthorised:      func(in *Insight, w *way, e event.Event) { in.paid(w, e.At) },
	payment.EventSucceeded:       takePayment,
	payment.EventRefundSucceeded: takeRefund,
	shipping.EventLabelBought:    takeLabel,
	shipping.EventVoided:         takeVoid,
	shipping.EventShipped:        takeHandOver,
	shipping.EventDelivered:      takeDelivery,
	shipping.EventReturnReceived: takeReturn,
}

func takeFailure(in *Insight, w *way, e event.Event) {
	f := factOf(e)
	in.Failed[f.Reason]++
	if in.Worth[f.Reason] == nil {
		in.Worth[f.Reason] = map[money.Currency]int64{}
	}
	in.Worth[f.Reason][w.order.Currency] += w.order.Total
	for _, s := range f.Shortages {
		in.Short[s.SKU]++
	}
}

func takeReturn(in *Insight, w *way, _ event.Event) {
	if !w.returned {
		w.returned = true
		in.Orders.Returned++
	}
}

func (in *Insight) paid(w *way, at time.Time) {
	if w.paid.IsZero() {
		w.paid = at
		in.Orders.Paid++
		in.Waits[ToPaid].Add(at.Sub(w.placed))
	}
}

func takePayment(in *Insight, w *way, e event.Event) {
	in.paid(w, e.At)
	if f := factOf(e); f.Amount > 0 {
		in.Taken[f.Currency] += f.Amount
	}
}

func takeRefund(in *Insight, _ *way, e event.Event) {
	f := factOf(e)
	in.Refunded[f.Currency] += f.Amount
}

func takeLabel(in *Insight, w *way, e event.Event) {
	w.label = e.At
	in.Waits[ToLabel].Add(e.At.Sub(w.paid))
	w.labels[e.Entity] = factOf(e)
	in.labels(w.labels[e.Entity], 1)
}

// takeVoid forgets a label that was given back; of a parcel that had none yet there
// is nothing to forget.
func takeVoid(in *Insight, w *way, e event.Event) {
	if bought, had := w.labels[e.Entity]; had {
		in.labels(bought, -1)
	}
}

func (in *Insight) labels(f fact, n int64) {
	l := in.Labels[f.Carrier]
	if l.Cost == nil {
		l.Cost = map[money.Currency]int64{}
	}
	l.N += n
	l.Cost[f.Currency] += n * f.Cost
	in.Labels[f.Carrier] = l
}

func takeHandOver(in *Insight, w *way, e event.Event) {
	w.shipped = e.At
	if !w.left {
		w.left = true
		in.Orders.Shipped++
		in.hour(e.At, func(h *Hour) { h.Shipped++ })
	}
	if !w.label.IsZero() {
		in.Waits[ToShipped].Add(e.At.Sub(w.label))
	}
}

func takeDelivery(in *Insight, w *way, e event.Event) {
	at := doorTime(w, e)
	if e.Status == string(order.Delivered) {
		in.delivered(w, at)
	}
	in.Waits[ToDelivery].Add(at.Sub(w.shipped))
	in.Waits[Whole].Add(at.Sub(w.placed))
}

// delivered counts an order of which all that is to arrive is at the door.
func (in *Insight) delivered(w *way, at time.Time) {
	if !w.delivered {
		w.delivered = true
		in.Orders.Delivered++
		in.hour(at, func(h *Hour) { h.Delivered++ })
	}
}

// doorTime is when a parcel was at the door: by the carrier, whose word of it
// may come a day later, unless its clock can not be right.
func doorTime(w *way, e event.Event) time.Time {
	seen := factOf(e).SeenAt
	if seen.Before(w.placed) || seen.After(e.At) {
		return e.At
	}
	return seen
}

func (in *Insight) hour(at time.Time, count func(*Hour)) {
	start := at.Truncate(time.Hour)
	h := in.Hours[start]
	count(&h)
	in.Hours[start] = h
}

func factOf(e event.Event) fact {
	var f fact
	if len(e.Data) > 0 {
		_ = json.Unmarshal(e.Data, &f) // data of another shape has none of these facts
	}
	return f
}

func (in *Insight) readTickets(ctx context.Context, d *db.DB) error {
	for after := ""; ; {
		tickets, err := db.View(ctx, d, func(r db.Reader) ([]support.Ticket, error) { return support.Page(r, after, pageSize) })
		if err != nil {
			return err
		}
		if len(tickets) == 0 {
			return nil
		}
		for _, t := range tickets {
			in.Tickets[TicketKind{t.Category, t.Reason, !t.Status.Unsolved()}]++
		}
		after = tickets[len(tickets)-1].ID
	}
}
