package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"doorstep/access"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/process"
)

// SKUPath names an SKU.
type SKUPath struct {
	SKU string `path:"sku" maxLength:"200" example:"CUP" doc:"The code of the SKU."`
}

// SKURequest makes an SKU or changes it.
type SKURequest struct {
	Code     string         `json:"sku"`
	Name     string         `json:"name"`
	Currency money.Currency `json:"currency"`
	Price    int64          `json:"price"`                  // Minor units, the default of an order's line.
	Weight   int64          `json:"weight_grams,omitempty"` // Of one.
}

// ReceiveRequest adds what came in.
type ReceiveRequest struct {
	Location string `json:"location,omitempty"` // Where it lies: main when not said.
	Quantity int64  `json:"quantity"`
}

// TakeBackRequest adds what a customer has sent back.
type TakeBackRequest struct {
	Location string `json:"location,omitempty"` // Where it lies: main when not said.
	Quantity int64  `json:"quantity"`           // How many of it can be sold again.
	Reason   string `json:"reason,omitempty"`
}

// AdjustRequest changes what there is by a difference.
type AdjustRequest struct {
	Location string `json:"location,omitempty"` // Where it lies: main when not said.
	By       int64  `json:"by"`                 // How many more, or, where it is negative, fewer.
	Reason   string `json:"reason"`
}

// SetRequest sets what there is.
type SetRequest struct {
	Location string `json:"location,omitempty"` // Where it lies: main when not said.
	OnHand   int64  `json:"on_hand"`
	Reason   string `json:"reason"`
}

// SafetyRequest has some kept back.
type SafetyRequest struct {
	Location string `json:"location,omitempty"` // Where it lies: main when not said.
	Quantity int64  `json:"quantity"`           // How many are reserved for no order.
}

// BackorderRequest says whether orders may wait for an SKU.
type BackorderRequest struct {
	Allow bool `json:"allow"`
}

// CountRequest is what was counted.
type CountRequest struct {
	Counts []inventory.Count `json:"counts"`
	Reason string            `json:"reason,omitempty"` // Why, for the books: count when not said.
}

// Counts are counts and what they come to.
type Counts struct {
	Counts []process.Counted `json:"counts"`
}

// Locations are where goods lie.
type Locations struct {
	Items []inventory.Location `json:"items"`
}

// Waiting are orders that wait for goods.
type Waiting struct {
	Items []inventory.Backorder `json:"items"`
}

func (a *API) stock() {
	register(a, operation{
		id: "define-sku", method: http.MethodPost, path: "/v1/stock", tag: "stock", scope: access.Stock, status: http.StatusCreated, answer: inventory.SKU{},
		summary: "Make an SKU, or change its name, currency, price or weight",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[SKURequest]
	}) (answer, error) {
		q := in.Value
		r, err := a.process.DescribeSKU(ctx, command(ctx, in.key()), inventory.SKU{Code: q.Code, Name: q.Name, Currency: q.Currency, Price: q.Price, Weight: q.Weight})
		return answer{body: r.Value, replayed: r.Replayed, location: "/v1/stock/" + url.PathEscape(r.Value.Code)}, err
	})
	register(a, operation{
		id: "list-stock", method: http.MethodGet, path: "/v1/stock", tag: "stock", scope: access.Read, answer: Page[process.Stock]{},
		summary: "List SKUs and what there is of them, by code",
	}, func(ctx context.Context, in *Paging) (answer, error) {
		all, err := a.process.Stock(ctx, "", in.Cursor, in.Limit+1)
		return answer{body: page(all, in.Limit, func(s process.Stock) string { return s.Code })}, err
	})
	register(a, operation{
		id: "show-stock", method: http.MethodGet, path: "/v1/stock/{sku}", tag: "stock", scope: access.Read, answer: process.Stock{},
		summary: "Show an SKU and what there is of it",
	}, func(ctx context.Context, in *SKUPath) (answer, error) {
		s, err := a.process.StockOf(ctx, in.SKU)
		s.Levels = list(s.Levels)
		return answer{body: s}, err
	})
	register(a, operation{
		id: "list-movements", method: http.MethodGet, path: "/v1/stock/{sku}/movements", tag: "stock", scope: access.Read, answer: Page[inventory.Movement]{},
		summary: "List what has changed the stock of an SKU, the newest first",
	}, func(ctx context.Context, in *struct {
		SKUPath
		Paging
	}) (answer, error) {
		all, err := a.process.Movements(ctx, in.SKU, in.Cursor, in.Limit+1)
		return answer{body: page(all, in.Limit, func(m inventory.Movement) string { return m.ID })}, err
	})
	register(a, operation{
		id: "list-waiting", method: http.MethodGet, path: "/v1/stock/{sku}/waiting", tag: "stock", scope: access.Read, answer: Waiting{},
		summary: "List the orders that wait for an SKU, in the order in which they are served",
	}, func(ctx context.Context, in *struct {
		SKUPath
		Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	}) (answer, error) {
		all, err := a.process.Waiting(ctx, in.SKU, in.Limit)
		return answer{body: Waiting{list(all)}}, err
	})
	a.stockChanges()
	a.counts()
	a.locations()
}

func (a *API) stockChanges() {
	moveStock(a, "receive", "Add what came in", "It is given to the orders that wait for it, the oldest first.",
		func(ctx context.Context, by process.Command, sku string, q ReceiveRequest) (process.Result[inventory.SKU], error) {
			return a.process.ReceiveStock(ctx, by, sku, at(q.Location), q.Quantity)
		})
	moveStock(a, "return", "Add what a customer has sent back", "It is for goods that no return or parcel tells of.",
		func(ctx context.Context, by process.Command, sku string, q TakeBackRequest) (process.Result[inventory.SKU], error) {
			return a.process.TakeBackStock(ctx, by, sku, at(q.Location), q.Quantity, q.Reason)
		})
	moveStock(a, "adjust", "Add or take away, for a reason", "",
		func(ctx context.Context, by process.Command, sku string, q AdjustRequest) (process.Result[inventory.SKU], error) {
			return a.process.AdjustStock(ctx, by, sku, at(q.Location), q.By, q.Reason)
		})
	moveStock(a, "set", "Set what there is", "Where less was counted than is reserved, take it as a count.",
		func(ctx context.Context, by process.Command, sku string, q SetRequest) (process.Result[inventory.SKU], error) {
			return a.process.SetStock(ctx, by, sku, at(q.Location), q.OnHand, q.Reason)
		})
	moveStock(a, "safety", "Keep some back from orders", "What is reserved already stays reserved.",
		func(ctx context.Context, by process.Command, sku string, q SafetyRequest) (process.Result[inventory.Level], error) {
			return a.process.SetSafetyStock(ctx, by, sku, at(q.Location), q.Quantity)
		})
	moveStock(a, "backorder", "Let orders wait for an SKU, or not", "Orders that wait already go on waiting.",
		func(ctx context.Context, by process.Command, sku string, q BackorderRequest) (process.Result[inventory.SKU], error) {
			return a.process.AllowBackorders(ctx, by, sku, q.Allow)
		})
}

// at is where goods lie of which that was not said.
func at(location string) string { return cmp.Or(location, inventory.MainLocation) }

// moveStock registers an operation that changes the stock of an SKU.
func moveStock[Q, T any](a *API, verb, summary, description string, do func(context.Context, process.Command, string, Q) (process.Result[T], error)) {
	var after T
	register(a, operation{
		id: verb + "-stock", method: http.MethodPost, path: "/v1/stock/{sku}/" + verb, tag: "stock", scope: access.Stock, answer: after,
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		SKUPath
		Posting
		Sent[Q]
	}) (answer, error) {
		r, err := do(ctx, command(ctx, in.key()), in.SKU, in.Value)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
}

func (a *API) counts() {
	register(a, operation{
		id: "count-stock", method: http.MethodPost, path: "/v1/stock-counts", tag: "stock", scope: access.Stock, answer: Counts{},
		summary:     "Set what there is to what was counted",
		description: "All of the counts are taken, or none. Where less was counted than is reserved, the youngest orders lose what is reserved for them and are held.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[CountRequest]
	}) (answer, error) {
		r, err := a.process.CountStock(ctx, command(ctx, in.key()), in.Value.Counts, cmp.Or(in.Value.Reason, "count"))
		return answer{body: countsOf(r.Value), replayed: r.Replayed}, err
	})
	register(a, operation{
		id: "preview-count-stock", method: http.MethodPost, path: "/v1/stock-counts/preview", tag: "stock", scope: access.Stock, answer: Counts{},
		summary: "Preview what counts change, and which orders they touch", description: "Nothing changes.",
	}, func(ctx context.Context, in *struct{ Sent[CountRequest] }) (answer, error) {
		all, err := a.process.PreviewCount(ctx, in.Value.Counts)
		return answer{body: countsOf(all)}, err
	})
}

func countsOf(all []process.Counted) Counts {
	for i := range all {
		all[i].GivenUp = list(all[i].GivenUp)
	}
	return Counts{list(all)}
}

func (a *API) locations() {
	register(a, operation{
		id: "list-locations", method: http.MethodGet, path: "/v1/locations", tag: "stock", scope: access.Read, answer: Locations{},
		summary: "List where goods lie",
	}, func(ctx context.Context, _ *struct{}) (answer, error) {
		all, err := a.process.Locations(ctx)
		return answer{body: Locations{list(all)}}, err
	})
	register(a, operation{
		id: "set-location", method: http.MethodPost, path: "/v1/locations", tag: "stock", scope: access.Stock, answer: inventory.Location{},
		summary: "Make a location, or change it",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[inventory.Location]
	}) (answer, error) {
		r, err := a.process.SetLocation(ctx, command(ctx, in.key()), in.Value)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
}
