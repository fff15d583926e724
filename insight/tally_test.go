package insight_test

import (
	"slices"
	"testing"
	"time"

	"doorstep"
	"doorstep/attempt"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tally is what the rooms' rows say, without a look at the log.
type tally struct {
	insight.Insight
	waits map[insight.Wait][]time.Duration
}

// count counts order by order and ticket by ticket.
func count(t testing.TB, shop *doorstep.Shop) *tally {
	t.Helper()
	c := &tally{waits: map[insight.Wait][]time.Duration{}}
	c.Failed, c.Hours, c.Tickets = map[order.Failure]int64{}, map[time.Time]insight.Hour{}, map[insight.TicketKind]int64{}
	c.Worth = map[order.Failure]map[money.Currency]int64{}
	c.Labels = map[string]insight.Labels{}
	c.Taken, c.Refunded = map[money.Currency]int64{}, map[money.Currency]int64{}
	rows, err := db.View(t.Context(), shop.DB, func(r db.Reader) (rows rows, err error) {
		if rows.orders, err = order.List(r, order.Filter{Limit: 1000}); err != nil {
			return rows, err
		}
		if rows.labels, err = shipping.AttemptsRange(r, "", "~"); err != nil {
			return rows, err
		}
		rows.tickets, err = support.List(r, support.Filter{Limit: 1000})
		return rows, err
	})
	must(t, err)
	bought := map[string]time.Time{}
	for _, a := range rows.labels {
		if a.Op == shipping.OpBuy && a.Status == attempt.Succeeded {
			bought[a.Shipment] = a.ClosedAt
		}
	}
	c.labels(rows.labels)
	for _, o := range rows.orders {
		v, err := shop.Process.Show(t.Context(), o.ID)
		must(t, err)
		c.order(v.Order)
		c.parcels(v, c.money(v), bought)
		if slices.ContainsFunc(v.Returns, func(r shipping.Return) bool { return r.Came > 0 }) {
			c.Orders.Returned++
		}
	}
	for _, k := range rows.tickets {
		solved := k.Status == support.Solved || k.Status == support.Closed
		c.Tickets[insight.TicketKind{Category: k.Category, Reason: k.Reason, Solved: solved}]++
	}
	return c
}

// labels counts those that were bought, less those that were given back.
func (c *tally) labels(all []shipping.Attempt) {
	given := map[string]bool{}
	for _, a := range all {
		given[a.Shipment] = given[a.Shipment] || a.Op == shipping.OpVoid && a.Status == attempt.Succeeded
	}
	for _, a := range all {
		if a.Op != shipping.OpBuy || a.Status != attempt.Succeeded {
			continue
		}
		l := c.Labels[a.Carrier]
		if l.Cost == nil {
			l.Cost = map[money.Currency]int64{}
		}
		n := int64(1)
		if given[a.Shipment] {
			n = 0
		}
		l.N, l.Cost[a.CostCurrency] = l.N+n, l.Cost[a.CostCurrency]+n*a.Cost
		c.Labels[a.Carrier] = l
	}
}

// rows are what is counted.
type rows struct {
	orders  []order.Order
	labels  []shipping.Attempt
	tickets []support.Ticket
}

func (c *tally) order(o order.Order) {
	c.Events += o.Version
	if c.From.IsZero() || o.PlacedAt.Before(c.From) {
		c.From = o.PlacedAt
	}
	if o.UpdatedAt.After(c.To) {
		c.To = o.UpdatedAt
	}
	c.Orders.Placed++
	c.hour(o.PlacedAt, func(h *insight.Hour) { h.Placed++ })
	if o.Stock != order.StockNone {
		c.Orders.Processed++
	}
	if o.End == order.EndCancelled {
		c.Orders.Cancelled++
	}
	if o.Failure != "" {
		c.Failed[o.Failure]++
		if c.Worth[o.Failure] == nil {
			c.Worth[o.Failure] = map[money.Currency]int64{}
		}
		c.Worth[o.Failure][o.Currency] += o.Total
	}
}

// money counts what an order paid, and returns when it was paid.
func (c *tally) money(v process.Overview) (paid time.Time) {
	for _, p := range v.Payments {
		if p.Captured > 0 {
			c.Taken[p.Currency] += p.Captured
		}
		if p.Refunded > 0 {
			c.Refunded[p.Currency] += p.Refunded
		}
		if p.Gateway == payment.Free && p.Status == payment.StatusSucceeded {
			paid = p.OpenedAt
		}
	}
	for _, a := range v.Attempts {
		if a.Op == payment.OpAuthorise && a.Status == attempt.Succeeded {
			paid = a.ClosedAt
		}
	}
	if !paid.IsZero() {
		c.Orders.Paid++
		c.wait(insight.ToPaid, v.Order.PlacedAt, paid)
	}
	return paid
}

func (c *tally) parcels(v process.Overview, paid time.Time, bought map[string]time.Time) {
	for _, s := range v.Shipments {
		label := bought[s.ID]
		if !label.IsZero() {
			c.wait(insight.ToLabel, paid, label)
		}
		if !s.ShippedAt.IsZero() {
			c.Orders.Shipped++
			c.hour(s.ShippedAt, func(h *insight.Hour) { h.Shipped++ })
			c.wait(insight.ToShipped, label, s.ShippedAt)
		}
		if !s.DeliveredAt.IsZero() {
			c.Orders.Delivered++
			c.hour(s.DeliveredAt, func(h *insight.Hour) { h.Delivered++ })
			c.wait(insight.ToDelivery, s.ShippedAt, s.DeliveredAt)
			c.wait(insight.Whole, v.Order.PlacedAt, s.DeliveredAt)
		}
	}
}

func (c *tally) hour(at time.Time, count func(*insight.Hour)) {
	start := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), 0, 0, 0, time.UTC)
	h := c.Hours[start]
	count(&h)
	c.Hours[start] = h
}

func (c *tally) wait(w insight.Wait, from, to time.Time) {
	c.waits[w] = append(c.waits[w], to.Sub(from))
}

// compare holds what the log says against the rows.
func compare(t testing.TB, want *tally, got insight.Insight) {
	t.Helper()
	if diff := cmp.Diff(want.Insight, got, cmpopts.IgnoreFields(insight.Insight{}, "Waits", "Short")); diff != "" {
		t.Errorf("-rows +log:\n%s", diff)
	}
	for w, d := range got.Waits {
		all := want.waits[insight.Wait(w)]
		slices.Sort(all)
		if d.N != int64(len(all)) || d.N > 0 && (!near(d.Median(), exact(all, 0.5)) || !near(d.P95(), exact(all, 0.95))) {
			t.Errorf("%s: %d times, %s and %s; the rows say %s", insight.Wait(w), d.N, d.Median(), d.P95(), all)
		}
	}
}
