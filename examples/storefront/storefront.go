package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"

	"doorstep/client"
)

// source is what orders of this storefront have as the source of their reference; their
// number there is that of the cart.
const source = "storefront"

// storefront takes orders, and knows how they stand. Where a shop has a database, this
// has memory, which it fills from the server when it begins.
type storefront struct {
	http.Handler
	doorstep *client.Client
	receiver *client.Receiver

	mu     sync.Mutex
	orders map[string]standing // by the identifier of the order
	carts  map[string]string   // the identifier of a cart's order
}

// standing is how an order stands.
type standing struct {
	Number  int64  `json:"order"`
	Status  string `json:"status"`
	version int64  // of the order, which each of its events raises
}

func newStorefront(doorstep *client.Client, receiver *client.Receiver) *storefront {
	s := &storefront{doorstep: doorstep, receiver: receiver, orders: map[string]standing{}, carts: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checkout", s.checkout)
	mux.HandleFunc("GET /orders/{cart}", s.show)
	mux.HandleFunc("POST /events", s.told)
	s.Handler = mux
	return s
}

// remember reads which orders there are already.
func (s *storefront) remember(ctx context.Context) error {
	for o, err := range s.doorstep.ListOrders(ctx, client.ListOrdersParams{Limit: 200}) {
		if err != nil {
			return err
		}
		if o.Reference.Source == source {
			s.know(o)
		}
	}
	return nil
}

// know keeps how an order stands that was read or placed.
func (s *storefront) know(o client.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carts[o.Reference.Number] = o.ID
	known := s.orders[o.ID]
	known.Number = o.Number
	s.orders[o.ID] = known.at(string(o.Status), o.Version)
}

// at is the standing after what happened at a version. Deliveries may come again, and
// before the answer to the checkout: what is older changes nothing.
func (s standing) at(status string, version int64) standing {
	if version > s.version {
		s.Status, s.version = status, version
	}
	return s
}

// cart is what a customer checks out.
type cart struct {
	ID    string           `json:"cart"`
	Items map[string]int64 `json:"items"` // how many, by SKU
	Total int64            `json:"total"` // in pence, as the customer has seen it
	To    client.Address   `json:"to"`
}

// order is the cart as Doorstep takes it: the cart is its reference, so that it becomes
// one order however often it is checked out.
func (c cart) order() client.OrderRequest {
	q := client.OrderRequest{
		Reference: client.Reference{Source: source, Number: c.ID}, Currency: "GBP", PricesIncludeTax: true,
		Total: &c.Total, ShipTo: c.To,
	}
	for _, sku := range slices.Sorted(maps.Keys(c.Items)) { // the same request each time
		q.Lines = append(q.Lines, client.OrderLineRequest{SKU: sku, Quantity: c.Items[sku]})
	}
	return q
}

// checkout places an order. The key is the cart's: when the customer presses twice, or
// this program ends while it waits for the answer, the cart can be checked out again.
func (s *storefront) checkout(w http.ResponseWriter, r *http.Request) {
	var c cart
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&c); err != nil || c.ID == "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": "that is no cart"})
		return
	}
	placed, err := s.doorstep.PlaceOrder(r.Context(), c.order(), client.Key("cart-"+c.ID))
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.know(placed.Order)
	if placed.Order.Status == client.OrderStatusFailed {
		answer(w, http.StatusConflict, map[string]any{"error": placed.Order.Failure, "short": placed.Shortages})
		return
	}
	answer(w, http.StatusCreated, standing{Number: placed.Order.Number, Status: string(placed.Order.Status)})
}

// refuse tells the customer of a problem: what is wrong with the cart, or to try again.
func (s *storefront) refuse(w http.ResponseWriter, err error) {
	p, is := errors.AsType[*client.Problem](err)
	if is && (p.Code == client.CodeInvalid || p.Code == client.CodeConflict) {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"error": p.Code, "fields": p.Fields})
		return
	}
	slog.Error("an order could not be placed", "error", err)
	answer(w, http.StatusServiceUnavailable, map[string]any{"error": "try again: nothing is ordered twice"})
}

// show says how the order of a cart stands, as far as the storefront was told.
func (s *storefront) show(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	id, known := s.carts[r.PathValue("cart")]
	o := s.orders[id]
	s.mu.Unlock()
	if !known {
		answer(w, http.StatusNotFound, map[string]any{"error": "there is no such order"})
		return
	}
	answer(w, http.StatusOK, o)
}

// told takes a webhook. What is not signed is not believed; what came before is harmless.
func (s *storefront) told(w http.ResponseWriter, r *http.Request) {
	d, err := s.receiver.Read(r)
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "it is not signed"})
		return
	}
	if e := d.Event; e.Status != "" { // it is about an order
		s.mu.Lock()
		s.orders[e.Subject] = s.orders[e.Subject].at(e.Status, e.Version)
		s.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the customer has gone: no one else can be told
}
