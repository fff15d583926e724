// Package sim is a small simulated shop: goods, customers, a day of orders and
// what people write about them. It drives the same process as a real shop, on
// virtual time; everything it draws depends on its seed alone. All of its
// people, goods and places are made up.
package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"doorstep/access"
	"doorstep/clock"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/sim/scenario"
)

// Runner does what falls due on the shop's clock.
type Runner interface {
	// RunUntil does everything that falls due up to t, and moves the clock there.
	RunUntil(ctx context.Context, t time.Time) error
	// RunAll does everything there is to do up to the horizon.
	RunAll(ctx context.Context, horizon time.Time) error
}

// Shop is the wired process on a virtual clock.
type Shop struct {
	*process.Process
	Runner
	Clock *clock.Virtual
	Seed  uint64
}

// draw returns the randomness of one thing: the same for the same seed and
// name, whatever was drawn before.
func (s *Shop) draw(name string, parts ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, append([]any{name}, parts...)...)
	return rand.New(rand.NewPCG(s.Seed, h.Sum64()))
}

// goods are what the shop sells, dearer things in smaller numbers.
var goods = catalogue(currency, scenario.Goods())

// catalogue is what a scenario's goods are to the process.
func catalogue(in money.Currency, all []scenario.Good) []inventory.SKU {
	skus := make([]inventory.SKU, len(all))
	for i, g := range all {
		skus[i] = inventory.SKU{Code: g.SKU, Name: g.Name, Currency: in, Price: g.Price, Weight: g.Weight, Backorder: g.Backorders}
	}
	return skus
}

// The shop's currency and place.
const (
	currency = "GBP"
	country  = "GB"
)

// open defines the goods and puts so many of each on the shelf, half as many
// of the scarce one.
func (s *Shop) open(ctx context.Context, each int64) error {
	by := process.Command{By: access.Operator}
	if err := s.define(ctx, country, goods); err != nil {
		return err
	}
	if err := s.receive(ctx, each); err != nil {
		return err
	}
	p := policy.Default()
	p.HandOver = policy.HandOverFirstScan
	_, err := s.SetPolicy(ctx, by, 0, p)
	return err
}

// define makes the shop's place and its goods known.
func (s *Shop) define(ctx context.Context, country string, goods []inventory.SKU) error {
	by := process.Command{By: access.Operator}
	if _, err := s.SetLocation(ctx, by, inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: country}); err != nil {
		return err
	}
	for _, g := range goods {
		if _, err := s.DefineSKU(ctx, by, g); err != nil {
			return err
		}
	}
	return nil
}

// scarce is the one of the goods of which the shop has too few.
const scarce = "LAMP"

// receive takes in so many of each of the goods.
func (s *Shop) receive(ctx context.Context, each int64) error {
	for _, g := range goods {
		n := each
		if g.Code == scarce {
			n /= 2
		}
		if _, err := s.ReceiveStock(ctx, process.Command{By: access.Operator}, g.Code, inventory.MainLocation, max(1, n)); err != nil {
			return err
		}
	}
	return nil
}

// basket is order number n of the shop.
func (s *Shop) basket(source string, n int) order.Request {
	r := s.draw("basket", source, n)
	q := order.Request{
		Reference:        order.Reference{Source: source, Number: fmt.Sprint(n)},
		Customer:         order.CustomerRequest{ID: fmt.Sprintf("customer-%d", r.IntN(400)), Name: "Sample Customer", Mail: "customer@example.com"},
		Currency:         currency,
		PricesIncludeTax: true,
		Shipping:         order.ShippingRequest{Price: 395},
		ShipTo: order.Address{Name: "Sample Customer", Line1: fmt.Sprintf("%d Sample Street", 1+r.IntN(99)), City: "Sampleton",
			PostalCode: "SA1 1AA", Country: destinations[r.IntN(len(destinations))]},
	}
	for _, i := range r.Perm(len(goods))[:1+min(r.IntN(4), r.IntN(4))] {
		q.Lines = append(q.Lines, order.LineRequest{SKU: goods[i].Code, Quantity: 1 + int64(r.IntN(2))*int64(r.IntN(2))})
	}
	return q
}

// destinations are where orders go, most of them within the country.
var destinations = []string{"GB", "GB", "GB", "GB", "GB", "GB", "FR", "DE", "IE", "US"}
