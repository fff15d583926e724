package client_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"

	"doorstep"
	"doorstep/access"
	"doorstep/api"
	"doorstep/client"
	"doorstep/inventory"
	"doorstep/policy"
	"doorstep/process"
)

// server is a made-up shop behind its API, for an example or a test. Its parcels are
// handed over by people.
type server struct {
	*client.Client
	url, key, dir string
	shop          *doorstep.Shop
	http          *httptest.Server
}

// open opens one, with ten cups.
func open(ctx context.Context) *server {
	dir := need(os.MkdirTemp("", "doorstep-client"))
	shop := need(doorstep.Open(ctx, doorstep.Config{DB: filepath.Join(dir, "shop.db"), Outside: doorstep.InMemory, WebhookHosts: []string{"127.0.0.1"}}))
	a := need(api.New(api.Config{Process: shop.Process, Figures: shop.Figures}))
	check(shop.Runner.Start(ctx))
	check(shop.Webhooks.Start(ctx))
	operator := process.Command{By: access.Operator}
	key := need(shop.Process.AddKey(ctx, operator, access.KeyRequest{Name: "made up", Scopes: []access.Scope{access.Admin}})).Value
	need(shop.Process.ChangePolicy(ctx, operator, func(p policy.Policy) (policy.Policy, error) {
		p.Carrier = "manual"
		return p, nil
	}))
	need(shop.Process.SetLocation(ctx, operator, inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: "GB"}))
	need(shop.Process.DefineSKU(ctx, operator, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300}))
	need(shop.Process.ReceiveStock(ctx, operator, "CUP", inventory.MainLocation, 10))
	s := &server{shop: shop, http: httptest.NewServer(a), key: string(key.Secret), dir: dir}
	s.url = s.http.URL
	s.Client = client.New(s.url, s.key)
	return s
}

func (s *server) close() {
	s.http.CloseClientConnections()
	s.http.Close()
	check(s.shop.Close())
	check(os.RemoveAll(s.dir))
}

func need[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// order is a made-up order for two cups.
func order(number string) client.OrderRequest {
	return client.OrderRequest{
		Reference: client.Reference{Source: "web", Number: number},
		Currency:  "GBP", PricesIncludeTax: true,
		Lines:  []client.OrderLineRequest{{SKU: "CUP", Quantity: 2}},
		ShipTo: client.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
	}
}

// parcel waits until an order has a parcel to be handed over, and returns it.
func (s *server) parcel(ctx context.Context, of string) client.Shipment {
	for _, err := range s.Follow(ctx, "") {
		check(err)
		for parcel, err := range s.ListShipments(ctx, client.ListShipmentsParams{Order: of}) {
			check(err)
			return parcel
		}
	}
	panic("the feed has ended")
}

// delivered places an order that arrives.
func (s *server) delivered(ctx context.Context, number string) client.Order {
	of := need(s.PlaceOrder(ctx, order(number))).Order.ID
	parcel := s.parcel(ctx, of)
	need(s.HandOverShipment(ctx, parcel.ID, client.HandOver{TrackingNumber: "made-up-" + number}))
	return need(s.DeliveredShipment(ctx, parcel.ID))
}
