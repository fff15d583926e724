package sim

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/sim/scenario"
	"doorstep/support"
)

// customer is who buys and writes.
var customer = process.Command{By: access.Customer}

// openDay has a day's customers come.
func (p *play) openDay(d int) error {
	start := p.start().Add(time.Duration(d) * day)
	weekday := (int(start.Weekday()) + 6) % 7 // from Monday on
	n := int(math.Round(float64(p.sc.Orders.PerDay) * p.sc.Orders.ByWeekday[weekday]))
	for i := range n {
		r := p.draw("arrival", d, i)
		hour := time.Duration(pick(r, p.sc.Orders.ByHour)) * time.Hour
		p.at(start.Add(hour+within(r, time.Hour)), func(ctx context.Context) error { return p.arrive(ctx, "") })
	}
	return nil
}

// Expected is about how many orders a scenario's customers place.
func Expected(sc scenario.Scenario) int {
	n := 0.0
	for d := range sc.Days {
		n += math.Round(float64(sc.Orders.PerDay) * sc.Orders.ByWeekday[(int(time.Time(sc.Start).Weekday())+6+d)%7])
	}
	for _, peak := range sc.Orders.Peaks {
		n += float64(peak.Orders)
	}
	return int(n)
}

// pick draws one of several by their weights.
func pick(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	at := r.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 && w > 0 {
			return i
		}
	}
	return slices.IndexFunc(weights, func(w float64) bool { return w > 0 })
}

// sourceOf is where the orders of a scenario come from.
const sourceOf = "simulated"

// arrive places the next order: of one SKU, where that is not "".
func (p *play) arrive(ctx context.Context, sku string) error {
	n := p.placed + 1
	r, err := p.Place(ctx, customer, p.wanted(n, sku))
	if err != nil {
		return err
	}
	p.placed = n
	p.progress(n, max(n, Expected(p.sc)), p.Clock.Now())
	if r.Value.Order.Status != order.Failed {
		p.follow(n, r.Value.Order)
	}
	return nil
}

// follow makes the appointments that follow from order number n.
func (p *play) follow(n int, o order.Order) {
	if p.sc.Policy.HandOver == policy.HandOverByPerson {
		p.toLeave = append(p.toLeave, o.ID)
	}
	if p.paysElsewhere(n) {
		p.awaitMoney(n, o)
	}
	p.thinkAgain(n, o.ID)
	p.wish(n, o)
}

// wanted is order number n.
func (p *play) wanted(n int, sku string) order.Request {
	r := p.draw("order", n)
	who := fmt.Sprintf("once-%d", n)
	if r.Float64() < p.sc.Customers.Returning {
		who = fmt.Sprintf("regular-%d", 1+r.IntN(p.sc.Customers.Regulars))
	}
	q := order.Request{
		Reference:        order.Reference{Source: sourceOf, Number: fmt.Sprint(n)},
		Customer:         order.CustomerRequest{ID: who, Name: "Sample Customer", Mail: "customer@example.com"},
		Currency:         p.sc.Currency,
		PricesIncludeTax: true,
		Shipping:         order.ShippingRequest{Price: p.sc.ShippingPrice},
		ShipTo: order.Address{Name: "Sample Customer", Line1: fmt.Sprintf("%d Sample Street", 1+r.IntN(99)), City: "Sampleton",
			PostalCode: "SA1 1AA", Country: p.destination(r)},
	}
	if p.paysElsewhere(n) {
		q.Payment.Gateway = payment.Manual
	}
	if sku != "" {
		q.Lines = []order.LineRequest{{SKU: sku, Quantity: p.units(r)}}
		return q
	}
	for range 1 + pick(r, p.sc.Baskets.Lines) {
		g := p.sc.Goods[pick(r, p.popularity(q.Lines))]
		q.Lines = append(q.Lines, order.LineRequest{SKU: g.SKU, Quantity: p.units(r)})
		if !slices.ContainsFunc(p.popularity(q.Lines), func(w float64) bool { return w > 0 }) {
			break // there is nothing else to want
		}
	}
	return q
}

func (p *play) destination(r *rand.Rand) string {
	weights := make([]float64, len(p.sc.Customers.Countries))
	for i, d := range p.sc.Customers.Countries {
		weights[i] = d.Weight
	}
	return p.sc.Customers.Countries[pick(r, weights)].Country
}

func (p *play) units(r *rand.Rand) int64 { return int64(1 + pick(r, p.sc.Baskets.Units)) }

// popularity is that of the goods that are not in a basket yet.
func (p *play) popularity(in []order.LineRequest) []float64 {
	weights := make([]float64, len(p.sc.Goods))
	for i, g := range p.sc.Goods {
		if !slices.ContainsFunc(in, func(l order.LineRequest) bool { return l.SKU == g.SKU }) {
			weights[i] = g.Popularity
		}
	}
	return weights
}

// thinkAgain draws whether the customer of order number n changes something about
// it, and when. What has left by then stays as it is.
func (p *play) thinkAgain(n int, id string) {
	r := p.draw("second thoughts", n)
	share, at := r.Float64(), p.Clock.Now().Add(later(r, p.sc.Thoughts.After, p.sc.Thoughts.Within))
	switch {
	case share < p.sc.Thoughts.Address:
		p.at(at, func(ctx context.Context) error {
			to, err := p.corrected(ctx, id)
			if err != nil {
				return err
			}
			_, err = p.Edit(ctx, customer, id, order.Edit{ShipTo: &to})
			return unlessRefused(err)
		})
	case share < p.sc.Thoughts.Address+p.sc.Thoughts.Cancel:
		p.at(at, func(ctx context.Context) error {
			_, err := p.Cancel(ctx, customer, id, "")
			return unlessRefused(err)
		})
	}
}

// corrected is where an order is to go, when where it goes is wrong.
func (p *play) corrected(ctx context.Context, id string) (order.Address, error) {
	v, err := p.Show(ctx, id)
	to := v.Contact.ShipTo
	to.Line2 = fmt.Sprintf("Flat %d", 1+p.draw("address", id).IntN(20))
	return to, err
}

// wish draws whether the customer of order number n writes about it, and when.
func (p *play) wish(n int, o order.Order) {
	r := p.draw("wish", n)
	share := r.Float64()
	for _, w := range p.sc.Wishes {
		if share -= w.Share; share >= 0 {
			continue
		}
		wait := later(r, w.After, w.Within)
		if w.Since == scenario.SincePlaced {
			p.at(p.Clock.Now().Add(wait), func(ctx context.Context) error { return p.writeAbout(ctx, o.ID, w.Category) })
			return
		}
		p.onceDelivered(o.ID, n, func(context.Context) error {
			p.at(p.Clock.Now().Add(wait), func(ctx context.Context) error { return p.writeAbout(ctx, o.ID, w.Category) })
			return nil
		})
		return
	}
}

// onceDelivered looks at an order every day until it is at the door, and then does
// something; never, when it does not get there.
func (p *play) onceDelivered(id string, n int, do func(context.Context) error) {
	p.at(p.Clock.Now().Add(day), func(ctx context.Context) error {
		o, err := p.FindOrder(ctx, id)
		switch {
		case err != nil:
			return err
		case o.Status == order.Delivered:
			return do(ctx)
		case !o.Status.Final() && p.Clock.Now().Before(p.end()):
			p.onceDelivered(id, n, do)
		}
		return nil
	})
}

// complain has one of the last customers write: number n of wave i.
func (p *play) complain(ctx context.Context, category support.Category, i, n int) error {
	if p.placed == 0 {
		return nil
	}
	back := p.draw("complaint", i, n).IntN(min(p.placed, lately))
	o, err := p.FindOrder(ctx, fmt.Sprintf("%s/%d", sourceOf, p.placed-back))
	if err != nil {
		return err
	}
	return p.writeAbout(ctx, o.ID, category)
}

// lately is how many orders ago those were placed about which a wave is.
const lately = 250

// writeAbout raises a ticket about an order. Whoever may send something back then
// does so, or does not.
func (p *play) writeAbout(ctx context.Context, id string, category support.Category) error {
	q := process.TicketRequest{Request: support.Request{Order: id, Category: category, Body: letter(category)}}
	if category == support.AddressChange {
		to, err := p.corrected(ctx, id)
		if err != nil {
			return err
		}
		q.ShipTo = &to
	}
	r, err := p.OpenTicket(ctx, customer, q)
	if err != nil {
		return unlessRefused(err)
	}
	if t := r.Value; t.Reason == support.MaySendBack {
		if chance := p.draw("posted", t.ID); chance.Float64() < p.sc.Returns.Posted {
			wait := later(chance, p.sc.Returns.After, p.sc.Returns.Within)
			p.at(p.Clock.Now().Add(wait), func(ctx context.Context) error { return p.comeBack(ctx, id, t.Remedy) })
		}
	}
	return nil
}

func letter(category support.Category) string {
	if text := letters[category]; text != "" {
		return text
	}
	return "Please look at my order."
}

// comeBack is a parcel that a customer has sent back, and that is graded.
func (p *play) comeBack(ctx context.Context, id, returnID string) error {
	unfit := p.draw("graded", returnID).Float64() < p.sc.Returns.Unfit
	_, err := p.ReceiveReturn(ctx, operator, id, returnID, shipping.Reception{Grading: shipping.Grading{WriteOff: unfit}})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return unlessRefused(err)
}
