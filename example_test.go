package doorstep_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/clock"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// till is a made-up gateway that agrees to everything. A real one asks its
// provider under the key it is given, and tells what came of it.
type till struct{}

func (till) Name() string           { return "till" }
func (till) KeyLife() time.Duration { return 24 * time.Hour }

func (till) Authorise(_ context.Context, r payment.Authorisation) (payment.Answer, error) {
	return payment.Answer{Result: payment.Succeeded, Ref: "till-" + r.Key}, nil
}
func (t till) Capture(_ context.Context, r payment.Followup) (payment.Answer, error) { return t.yes(r) }
func (t till) Void(_ context.Context, r payment.Followup) (payment.Answer, error)    { return t.yes(r) }
func (t till) Refund(_ context.Context, r payment.Followup) (payment.Answer, error)  { return t.yes(r) }

func (till) Lookup(context.Context, string) (payment.Answer, error) {
	return payment.Answer{}, payment.ErrNoAttempt
}

func (till) yes(r payment.Followup) (payment.Answer, error) {
	return payment.Answer{Result: payment.Succeeded, Ref: r.Ref}, nil
}

// cart is a made-up carrier that brings each parcel to the door within a day.
type cart struct{ clock clock.Clock }

func (cart) Name() string           { return "cart" }
func (cart) KeyLife() time.Duration { return 24 * time.Hour }

func (cart) Rate(_ context.Context, p shipping.Parcel) (money.Amount, error) {
	return money.Of(100, p.Currency), nil
}

func (c cart) BuyLabel(ctx context.Context, key string, p shipping.Parcel) (shipping.LabelAnswer, error) {
	cost, err := c.Rate(ctx, p)
	return shipping.LabelAnswer{Bought: true, Ref: key, TrackingNumber: "cart-" + key, Cost: cost}, err
}

func (cart) VoidLabel(context.Context, string, string) (shipping.VoidAnswer, error) {
	return shipping.VoidAnswer{Voided: true}, nil
}

func (cart) Lookup(context.Context, string) (shipping.LabelAnswer, error) {
	return shipping.LabelAnswer{}, shipping.ErrNoLabel
}

func (c cart) Track(context.Context, string) (shipping.Tracking, error) {
	return shipping.Tracking{Scans: []shipping.Scan{{ID: "1", Status: shipping.Delivered, At: c.clock.Now(), Place: "Sampleton"}}}, nil
}

// A program that embeds a shop brings its own gateway and carrier, and names
// them in the policy. Here it runs on a clock that it moves itself; in real time,
// shop.Runner.Start runs the process.
func Example() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "doorstep-example-")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	clk := clock.NewVirtual(start)
	shop, err := doorstep.Open(ctx, doorstep.Config{
		DB: filepath.Join(dir, "shop.db"), Virtual: clk,
		Gateways: []payment.Gateway{till{}}, Carriers: []shipping.Carrier{cart{clk}},
	})
	check(err)
	defer func() { check(shop.Close()) }()

	me := process.Command{By: access.Operator}
	settings := policy.Default()
	settings.Gateway, settings.Carrier = "till", "cart"
	_, err = shop.Process.SetPolicy(ctx, me, 0, settings)
	check(err)
	_, err = shop.Process.SetLocation(ctx, me, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
	check(err)
	_, err = shop.Process.DefineSKU(ctx, me, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300})
	check(err)
	_, err = shop.Process.ReceiveStock(ctx, me, "CUP", "main", 10)
	check(err)

	placed, err := shop.Process.Place(ctx, me, order.Request{
		Currency: "GBP", Lines: []order.LineRequest{{SKU: "CUP", Quantity: 2}},
		ShipTo: order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
	})
	check(err)
	check(shop.Virtual.RunUntil(ctx, start.AddDate(0, 0, 1)))
	v, err := shop.Process.Show(ctx, placed.Value.Order.ID)
	check(err)
	fmt.Printf("%s: paid at the %s, brought by the %s\n", v.Order.Status, v.Payments[0].Gateway, v.Shipments[0].Carrier)
	// Output: delivered: paid at the till, brought by the cart
}
