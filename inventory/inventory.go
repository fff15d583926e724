// Package inventory keeps what there is to sell: SKUs, how many of each lie
// where, and every movement that made it so. What is reserved can not be
// reserved again.
package inventory

import (
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
)

// SKU is something that is sold.
type SKU struct {
	Code     string         `json:"sku"`
	Name     string         `json:"name"`
	Currency money.Currency `json:"currency"`
	Price    int64          `json:"price"`        // minor units, the default of an order's line
	Weight   int64          `json:"weight_grams"` // of one
	// Backorder says that orders are taken also when too little of it is there:
	// they wait for the rest.
	Backorder bool  `json:"backorder,omitempty"`
	Version   int64 `json:"version"` // counts its events
}

// Location is where stock lies.
type Location struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Country  string `json:"country"`  // ISO 3166-1 alpha-2, for rates
	Priority int64  `json:"priority"` // the smallest that can fill an order ships it
}

// Level is how many of an SKU a location has.
type Level struct {
	SKU      string `json:"sku"`
	Location string `json:"location"`
	OnHand   int64  `json:"on_hand"`
	Reserved int64  `json:"reserved"`
	Safety   int64  `json:"safety"` // kept back: reserved for no order
}

// Available is how many can still be reserved. It is never negative, also when
// less is left than is to be kept back.
func (l Level) Available() int64 { return max(0, l.OnHand-l.Reserved-l.Safety) }

// Movement is one change of a level.
type Movement struct {
	ID       string       `json:"id"`
	SKU      string       `json:"sku"`
	Location string       `json:"location"`
	Type     MovementType `json:"type"`
	Quantity int64        `json:"quantity"` // how many; negative only for an adjustment downwards
	Order    string       `json:"order,omitempty"`
	At       time.Time    `json:"at"`
	Actor    string       `json:"actor"`
	Reason   string       `json:"reason,omitempty"`
}

// MovementType says what a movement was and thereby which of the level's
// figures it changed.
type MovementType string

// The types of movements.
const (
	Receipt     MovementType = "receipt"     // on hand up
	Reserve     MovementType = "reservation" // reserved up
	Unreserve   MovementType = "release"     // reserved down
	Ship        MovementType = "shipment"    // on hand and reserved down
	Adjustment  MovementType = "adjustment"  // on hand up or down
	ReturnStock MovementType = "return"      // on hand up: what a customer sent back
)

// effect is the one table of what each type does to a level, per unit.
var effect = map[MovementType]struct{ onHand, reserved int64 }{
	Receipt:     {onHand: +1},
	Reserve:     {reserved: +1},
	Unreserve:   {reserved: -1},
	Ship:        {onHand: -1, reserved: -1},
	Adjustment:  {onHand: +1},
	ReturnStock: {onHand: +1},
}

// Effect returns what a movement did to what is on hand and what is reserved.
func (m Movement) Effect() (onHand, reserved int64) {
	e := effect[m.Type]
	return e.onHand * m.Quantity, e.reserved * m.Quantity
}

// Reservation is stock that is kept for an order.
type Reservation struct {
	Order    string `json:"order"`
	SKU      string `json:"sku"`
	Location string `json:"location"`
	Quantity int64  `json:"quantity"`
}

// Lock is what a change of an SKU's stock holds.
func Lock(sku string) db.Lock { return db.Lock{Rank: lockRank, Key: sku} }

// Locks is what a change of the stock of several SKUs holds.
func Locks(skus []string) []db.Lock {
	locks := make([]db.Lock, len(skus))
	for i, s := range skus {
		locks[i] = Lock(s)
	}
	return locks
}

const lockRank = 40

// MainLocation is the location of a shop that has named none.
const MainLocation = "main"

// The events of an SKU, and of an order's stock.
const (
	EventDefined  event.Type = "sku.defined"    // made, or its name, price or weight changed
	EventReceived event.Type = "stock.received" // what came in
	EventReturned event.Type = "stock.returned" // what a customer sent back and can be sold again
	EventAdjusted event.Type = "stock.adjusted" // what a count or a write-off changed
	EventSafety   event.Type = "stock.safety"   // how many are kept back from now on
	EventReleased event.Type = "stock.released" // what was reserved for an order is free again
	EventMissing  event.Type = "stock.missing"  // what was reserved for an order was not there when it was counted
	EventReserved event.Type = "stock.reserved" // an order has again what was missing
	EventFilled   event.Type = "stock.filled"   // an order has some of what it waits for, or all
)

// OfSKU says whether events of the type are an SKU's own, which its version counts.
func OfSKU(t event.Type) bool {
	switch t {
	case EventDefined, EventReceived, EventReturned, EventAdjusted, EventSafety:
		return true
	}
	return false
}

// EventData is what an SKU's own events carry, but for EventDefined, which
// carries the SKU.
type EventData struct {
	Location string `json:"location"`
	Quantity int64  `json:"quantity"` // by how much the stock changed; of EventSafety, to how much
	Reason   string `json:"reason,omitempty"`
}

// The most bytes of a code, of an SKU or a location, and of another text.
const (
	maxCode = 64
	maxText = 200
)

// Validate checks an SKU.
//
// Errors: invalid, with the path of every field that is wrong.
func (s SKU) Validate() error {
	var c fault.Check
	c.Required("sku", s.Code, maxCode, "a code such as CUP")
	c.Required("name", s.Name, maxText, "what it is called")
	c.If(!s.Currency.Valid(), "currency", "unknown", "an active ISO 4217 code such as GBP")
	c.If(s.Price < 0, "price", "out_of_range", "not negative")
	c.If(s.Weight < 0 || s.Weight > MaxQuantity, "weight_grams", "out_of_range", "from 0 to %d", int64(MaxQuantity))
	return c.Err("the SKU")
}
