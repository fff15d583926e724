// Package order is what a customer ordered: lines, totals, where it goes, and
// how far it has come. An order's status is a pure fold of its facets.
package order

import (
	"time"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/money"
)

// Order is an order's row: what lists show and filter by, and what the process
// decides on. Its lines and its contact are read apart.
type Order struct {
	ID        string    `json:"id"`
	Number    int64     `json:"number"` // short, for people; numbers have gaps and are no invoice numbers
	Reference Reference `json:"reference"`
	Version   int64     `json:"version"` // counts its events
	Status    Status    `json:"status"`
	Facets

	Customer         string         `json:"customer,omitempty"` // the shop's own identifier, no name
	Currency         money.Currency `json:"currency"`
	PricesIncludeTax bool           `json:"prices_include_tax"`
	Totals
	Sums           Sums   `json:"sums"`
	ShippingMethod string `json:"shipping_method"`

	PlacedAt    time.Time `json:"placed_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	ExchangeOf  string    `json:"exchange_of,omitempty"` // the order of whose goods these are in the place
	HeldAt      time.Time `json:"held_at,omitzero"`      // since when it is held
	NextDue     time.Time `json:"next_due,omitzero"`     // when the next step is due, zero when there is none
	OpenTickets int64     `json:"open_tickets"`
}

// Reference says where an order came from, unique for good: the channel and
// its own number there.
type Reference struct {
	Source string `json:"source"`
	Number string `json:"number"`
}

// Totals are an order's sums in minor units. With tax included in the prices,
// Total = Items − Discount + Shipping, and otherwise Tax is added.
type Totals struct {
	Items       int64 `json:"items"`    // the sum of the lines, before the discount
	Discount    int64 `json:"discount"` // on the whole order
	Shipping    int64 `json:"shipping"`
	ShippingTax int64 `json:"shipping_tax"` // the part of Tax that no line has
	Tax         int64 `json:"tax"`          // as given with the lines and the shipping, never computed
	Total       int64 `json:"total"`
}

// Line is one line of an order.
type Line struct {
	Line      int64  `json:"line"` // counts from 1
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	Cancelled int64  `json:"cancelled,omitempty"` // of the quantity, taken out after the money was taken
	UnitPrice int64  `json:"unit_price"`          // minor units
	Tax       int64  `json:"tax"`                 // of the whole line, minor units
	Total     int64  `json:"total"`               // Quantity × UnitPrice
	Discount  int64  `json:"discount"`            // its part of the order's discount
	Shipping  int64  `json:"shipping"`            // its part of the order's shipping
	Amount    int64  `json:"amount"`              // its part of the order's total
	Credited  int64  `json:"credited"`            // of it, what is given back or about to be
	Returned  int64  `json:"returned"`            // of its units, those that came back or may
}

// Contact is who ordered and where it goes: the personal data of an order,
// all of it in one erasable row.
type Contact struct {
	Name   string  `json:"name,omitempty"`
	Mail   string  `json:"mail,omitempty"`
	Phone  string  `json:"phone,omitempty"`
	ShipTo Address `json:"ship_to"`
	BillTo Address `json:"bill_to,omitzero"` // zero when it is the same
}

// Address is a postal address.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Note is what a person wrote about an order. It may hold personal data.
type Note struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	Text  string    `json:"text"`
}

// Lock is what a change of an order holds.
func Lock(id string) db.Lock { return db.Lock{Rank: lockRank, Key: id} }

// ReferenceLock is what the placing of an order with the reference holds.
func ReferenceLock(r Reference) db.Lock {
	return db.Lock{Rank: referenceRank, Key: r.Source + "\x00" + r.Number}
}

const (
	referenceRank = 20
	lockRank      = 30
)

// Prefix begins the identifier of an order.
const Prefix = "ord"

// The events of an order.
const (
	EventProcessed       event.Type = "order.processed"        // placed, and its stock reserved
	EventFailed          event.Type = "order.failed"           // it will not be delivered
	EventCancelRequested event.Type = "order.cancel_requested" // it is cancelled as soon as nothing is in flight
	EventCancelRefused   event.Type = "order.cancel_refused"   // it went on its way before it could be stopped
	EventCancelled       event.Type = "order.cancelled"
	EventHeld            event.Type = "order.held"     // stopped, by a person or a rule
	EventReleased        event.Type = "order.released" // goes on
	EventNoted           event.Type = "order.noted"
	EventForgotten       event.Type = "order.forgotten"        // who ordered was erased
	EventChangeRequested event.Type = "order.change_requested" // it is changed as soon as nothing is in flight
	EventChangeRefused   event.Type = "order.change_refused"   // it could not be changed before it went on
	EventChanged         event.Type = "order.changed"
)
