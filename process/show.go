package process

import (
	"context"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// Overview is everything about one order.
type Overview struct {
	Order     order.Order                        `json:"order"`
	Lines     []order.Line                       `json:"lines"`
	Contact   order.Contact                      `json:"contact"`
	Payments  []payment.Payment                  `json:"payments"`
	Attempts  []payment.Attempt                  `json:"payment_attempts"`
	Refunds   []payment.Refund                   `json:"refunds"`
	Credits   map[string][]payment.RefundLine    `json:"refund_lines"` // of which lines they are, by refund
	Shipments []shipping.Shipment                `json:"shipments"`
	Packed    map[string][]shipping.ShipmentLine `json:"packed"` // what is in it, by shipment
	Scans     map[string][]shipping.Scan         `json:"scans"`  // by shipment
	Returns   []shipping.Return                  `json:"returns"`
	Coming    map[string][]shipping.ReturnLine   `json:"return_lines"` // of which lines they are, by return
	Tickets   []support.Ticket                   `json:"tickets"`
	Waiting   []inventory.Backorder              `json:"waiting"` // what it waits for
	Notes     []order.Note                       `json:"notes"`
	Next      []Next                             `json:"next"` // what happens next, or is waited for
	Timeline  []event.Event                      `json:"timeline"`
}

// Next is a step that is due or waited for.
type Next struct {
	Step  Step         `json:"step"`
	Does  string       `json:"does"`
	Asks  ProviderKind `json:"asks,omitempty"`  // whom it asks
	Due   string       `json:"due"`             // RFC 3339, shop time
	Stuck bool         `json:"stuck,omitempty"` // it waits for a person
	Held  bool         `json:"held,omitempty"`  // it waits until the order is released
	Tries int          `json:"tries,omitempty"`
	Error string       `json:"error,omitempty"`
}

// Show returns everything about one order, from one snapshot. The order is
// named by its id, its number, or its reference written as source/number.
//
// Errors: not_found.
func (p *Process) Show(ctx context.Context, what string) (Overview, error) {
	return db.View(ctx, p.db, func(r db.Reader) (v Overview, err error) {
		if v.Order, err = order.Find(r, what); err != nil {
			return v, err
		}
		id := v.Order.ID
		var items []work.Item
		for _, read := range []func() error{
			func() error { v.Lines, err = order.Lines(r, id); return err },
			func() error { v.Contact, err = order.KnownContact(r, id); return err },
			func() error { v.Payments, err = payment.Of(r, id); return err },
			func() error { v.Attempts, err = payment.Attempts(r, id); return err },
			func() error { v.Refunds, err = payment.Refunds(r, id); return err },
			func() error { v.Credits, err = payment.RefundLines(r, id); return err },
			func() error { v.Shipments, err = shipping.Of(r, id); return err },
			func() error { v.Packed, err = shipping.Lines(r, id); return err },
			func() error { v.Scans, err = shipping.Scans(r, id); return err },
			func() error { v.Returns, err = shipping.Returns(r, id); return err },
			func() error { v.Coming, err = shipping.ReturnLines(r, id); return err },
			func() error { v.Tickets, err = support.Of(r, id); return err },
			func() error { v.Waiting, err = inventory.Backorders(r, id, id); return err },
			func() error { v.Notes, err = order.Notes(r, id); return err },
			func() error { v.Timeline, err = event.Timeline(r, id); return err },
			func() error { items, err = work.Of(r, id); return err },
		} {
			if err := read(); err != nil {
				return v, err
			}
		}
		v.Next = p.next(v.Order, items)
		return v, nil
	})
}

// paidByExchange is what an order waits for that what comes back pays for.
const paidByExchange = "wait until what is sent back in exchange has come and pays for it; when it is late, tell a person"

func (p *Process) next(o order.Order, items []work.Item) []Next {
	next := make([]Next, len(items))
	for i, it := range items {
		row := p.steps[Step(it.Step)]
		if row.Step == StepAwaitPayment && o.ExchangeOf != "" {
			row.Does = paidByExchange
		}
		next[i] = Next{Step: row.Step, Does: row.Does, Asks: row.Asks, Due: it.Due.Format("2006-01-02T15:04:05Z07:00"),
			Stuck: it.State == work.Stuck, Held: it.State == work.Held, Tries: it.Tries, Error: it.Error}
	}
	return next
}

// FindOrder returns an order by its id, its number, or its reference written
// as source/number.
//
// Errors: not_found.
func (p *Process) FindOrder(ctx context.Context, what string) (order.Order, error) {
	return db.View(ctx, p.db, func(r db.Reader) (order.Order, error) { return order.Find(r, what) })
}

// Orders returns the orders that the filter lets through, the newest first.
func (p *Process) Orders(ctx context.Context, f order.Filter) ([]order.Order, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]order.Order, error) { return order.List(r, f) })
}

// Payments returns the payments that the filter lets through, the newest first.
func (p *Process) Payments(ctx context.Context, f payment.Filter) ([]payment.Payment, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]payment.Payment, error) { return payment.List(r, f) })
}

// FindPayment returns a payment by its id.
//
// Errors: not_found.
func (p *Process) FindPayment(ctx context.Context, id string) (payment.Payment, error) {
	return db.View(ctx, p.db, func(r db.Reader) (payment.Payment, error) { return payment.Find(r, id) })
}

// Refunds returns the refunds that the filter lets through, the newest first.
func (p *Process) Refunds(ctx context.Context, f payment.RefundFilter) ([]payment.Refund, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]payment.Refund, error) { return payment.ListRefunds(r, f) })
}

// FindRefund returns a refund by its id.
//
// Errors: not_found.
func (p *Process) FindRefund(ctx context.Context, id string) (payment.Refund, error) {
	return db.View(ctx, p.db, func(r db.Reader) (payment.Refund, error) { return payment.FindRefund(r, id) })
}

// Returns returns the returns that the filter lets through, the newest first.
func (p *Process) Returns(ctx context.Context, f shipping.ReturnFilter) ([]shipping.Return, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]shipping.Return, error) { return shipping.ListReturns(r, f) })
}

// Shipments returns the shipments that the filter lets through, the newest first.
func (p *Process) Shipments(ctx context.Context, f shipping.Filter) ([]shipping.Shipment, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]shipping.Shipment, error) { return shipping.List(r, f) })
}

// FindShipment returns the order and the id of a shipment, by its id or its
// tracking number.
//
// Errors: not_found.
func (p *Process) FindShipment(ctx context.Context, what string) (orderID, shipmentID string, err error) {
	both, err := db.View(ctx, p.db, func(r db.Reader) ([2]string, error) {
		o, s, err := shipping.OrderOf(r, what)
		return [2]string{o, s}, err
	})
	return both[0], both[1], err
}

// Conversation is a ticket with what was written and decided.
type Conversation struct {
	Ticket    support.Ticket    `json:"ticket"`
	Messages  []support.Message `json:"messages"`
	Notes     []support.Note    `json:"notes"` // of the shop's people for each other: no customer is shown them
	Decisions []support.Record  `json:"decisions"`
	Lines     []support.Line    `json:"lines"`             // what of its order it is about
	ShipTo    *order.Address    `json:"ship_to,omitempty"` // the address that it wants, until it is solved
}

// ShowTicket returns a ticket with what was written and decided.
//
// Errors: not_found.
func (p *Process) ShowTicket(ctx context.Context, id string) (Conversation, error) {
	return db.View(ctx, p.db, func(r db.Reader) (v Conversation, err error) {
		if v.Ticket, err = support.Get(r, id); err != nil {
			return v, err
		}
		if v.Messages, err = support.Messages(r, id); err != nil {
			return v, err
		}
		if v.Notes, err = support.Notes(r, id); err != nil {
			return v, err
		}
		if v.Decisions, err = support.Decisions(r, id); err != nil {
			return v, err
		}
		if v.Lines, err = support.Lines(r, id); err != nil {
			return v, err
		}
		v.ShipTo, err = wishOf(r, id)
		return v, err
	})
}

// Tickets returns the tickets that the filter lets through, the newest first; of those
// that are overdue, those first that wait for longest.
//
// Errors: invalid when the filter begins behind no place in the list.
func (p *Process) Tickets(ctx context.Context, f support.Filter) ([]support.Ticket, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]support.Ticket, error) {
		var err error
		if f.Late, err = p.late(r); err != nil {
			return nil, err
		}
		return support.List(r, f)
	})
}

// Glimpse is what tells a ticket from others in a list: its order, and what was written
// in it last.
type Glimpse struct {
	Order order.Order // the zero value where it is about none
	Said  support.Message
}

// Glimpses returns what tells each of the tickets from others, by its id.
func (p *Process) Glimpses(ctx context.Context, tickets []support.Ticket) (map[string]Glimpse, error) {
	var ids, orders []string
	for _, t := range tickets {
		ids = append(ids, t.ID)
		if t.Order != "" {
			orders = append(orders, t.Order)
		}
	}
	return db.View(ctx, p.db, func(r db.Reader) (map[string]Glimpse, error) {
		said, err := support.LastSaid(r, ids)
		if err != nil {
			return nil, err
		}
		about, err := order.ByID(r, orders)
		all := make(map[string]Glimpse, len(tickets))
		for _, t := range tickets {
			all[t.ID] = Glimpse{Order: about[t.Order], Said: said[t.ID]}
		}
		return all, err
	})
}

// late is the time from before which what waits for a person is overdue.
func (p *Process) late(r db.Reader) (time.Time, error) {
	set, err := p.policies.Current(r)
	return r.Now().Add(-time.Duration(set.AnswerWithin)), err
}

// InView is how many tickets there are in a view.
type InView struct {
	View    support.View `json:"view"`
	Tickets int64        `json:"tickets"`
	More    bool         `json:"more,omitempty"` // there are more than were counted
}

// mostInView bounds how many tickets of a view are counted.
const mostInView = 1000

// TicketViews says how many tickets there are in each view of someone's, counting up to
// 1000 of each.
func (p *Process) TicketViews(ctx context.Context, me access.Actor) ([]InView, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]InView, error) {
		late, err := p.late(r)
		if err != nil {
			return nil, err
		}
		all := make([]InView, len(support.Views))
		for i, v := range support.Views {
			n, err := support.Count(r, support.Filter{View: v, Me: string(me), Late: late, Limit: mostInView + 1})
			if err != nil {
				return nil, err
			}
			all[i] = InView{View: v, Tickets: min(n, mostInView), More: n > mostInView}
		}
		return all, nil
	})
}

// Events returns up to limit events behind the cursor of the feed, "" for its beginning,
// and the cursor behind the last of them: see event.After.
//
// Errors: invalid when the cursor is none of the feed's.
func (p *Process) Events(ctx context.Context, after event.Cursor, limit int) ([]event.Event, event.Cursor, error) {
	type part struct {
		events []event.Event
		next   event.Cursor
	}
	got, err := db.View(ctx, p.db, func(r db.Reader) (part, error) {
		events, next, err := event.After(r, after, limit)
		return part{events, next}, err
	})
	return got.events, got.next, err
}

// Stock is an SKU with what there is of it.
type Stock struct {
	inventory.SKU
	Levels []inventory.Level `json:"levels"` // by location
}

// Stock returns up to limit SKUs behind after, by code, with what there is of them: those
// that begin with a prefix, "" for all.
func (p *Process) Stock(ctx context.Context, prefix, after string, limit int) ([]Stock, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]Stock, error) {
		skus, err := inventory.Find(r, prefix, after, limit)
		if err != nil || len(skus) == 0 {
			return nil, err
		}
		levels, err := inventory.Levels(r, skus[0].Code, skus[len(skus)-1].Code)
		if err != nil {
			return nil, err
		}
		all := make([]Stock, len(skus))
		at := map[string]int{}
		for i, sku := range skus {
			all[i], at[sku.Code] = Stock{SKU: sku, Levels: []inventory.Level{}}, i
		}
		for _, l := range levels {
			if i, ok := at[l.SKU]; ok {
				all[i].Levels = append(all[i].Levels, l)
			}
		}
		return all, nil
	})
}

// StockOf returns an SKU with what there is of it.
//
// Errors: not_found.
func (p *Process) StockOf(ctx context.Context, sku string) (Stock, error) {
	return db.View(ctx, p.db, func(r db.Reader) (s Stock, err error) {
		if s.SKU, err = inventory.Get(r, sku); err != nil {
			return s, err
		}
		s.Levels, err = inventory.Levels(r, sku, sku)
		return s, err
	})
}

// Movements returns the last movements of an SKU before the one with the id, "" for
// all, the newest first.
//
// Errors: not_found.
func (p *Process) Movements(ctx context.Context, sku, before string, limit int) ([]inventory.Movement, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]inventory.Movement, error) {
		if _, err := inventory.Get(r, sku); err != nil {
			return nil, err
		}
		return inventory.Movements(r, sku, before, limit)
	})
}

// Locations returns all locations, by id.
func (p *Process) Locations(ctx context.Context) ([]inventory.Location, error) {
	return db.View(ctx, p.db, inventory.Locations)
}

// Levels returns the stock of the SKUs from first to last, both included, by SKU
// and location.
func (p *Process) Levels(ctx context.Context, first, last string) ([]inventory.Level, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, first, last) })
}
