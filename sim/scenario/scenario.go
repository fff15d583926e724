// Package scenario says what a simulated shop goes through: who comes when and
// buys what, what there is to sell, how the gateway and the carrier behave, who
// works tickets, and by which settings. A scenario is a JSON file, of which several
// come with the program; what a file does not name is as in Default.
package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/money"
	"doorstep/policy"
	"doorstep/support"
)

// Scenario is what a simulated shop goes through. Amounts are minor units of its
// currency, rates and shares are from 0 to 1, and all hours are UTC.
type Scenario struct {
	Name       string `json:"name"`        // what it is called
	About      string `json:"about"`       // what it shows, for people
	Start      Date   `json:"start"`       // the first day
	Days       int    `json:"days"`        // on how many days orders come in
	FollowDays int    `json:"follow_days"` // for how long it is looked at after that, with its staff at work

	Currency      money.Currency `json:"currency"`       // of all prices
	Country       string         `json:"country"`        // of the shop
	ShippingPrice int64          `json:"shipping_price"` // what a customer pays for it, per order

	Orders    Orders        `json:"orders"`          // when orders come in
	Baskets   Baskets       `json:"baskets"`         // how much is bought at once
	Customers Customers     `json:"customers"`       // who buys
	Goods     []Good        `json:"goods"`           // what the shop sells
	Stock     Stock         `json:"stock"`           // how much there is of it, and when more is ordered
	Elsewhere Elsewhere     `json:"paid_elsewhere"`  // orders that are paid without the gateway, such as by bank transfer
	Gateway   Gateway       `json:"gateway"`         // how it behaves
	Carrier   Carrier       `json:"carrier"`         // how it behaves
	Second    SecondCarrier `json:"second_carrier"`  // who ships where the policy names it: policy.next_carriers=second
	Thoughts  Thoughts      `json:"second_thoughts"` // what customers change about an order themselves, if it has not left
	Wishes    []Wish        `json:"wishes"`          // for what a share of the customers write
	Waves     []Wave        `json:"waves"`           // times in which many customers write at once, about their last orders
	Returns   Returns       `json:"returns"`         // what becomes of what customers may send back
	Staff     Staff         `json:"staff"`           // who works tickets, one after the other, the oldest first

	Policy policy.Policy `json:"policy"` // any setting that `doorstep policy get` shows
}

// Orders says when orders come in.
type Orders struct {
	PerDay    int       `json:"per_day"`    // on a usual day
	ByHour    []float64 `json:"by_hour"`    // 24 weights: how a day's orders are spread
	ByWeekday []float64 `json:"by_weekday"` // 7 factors of per_day, Monday first
	Peaks     []Peak    `json:"peaks"`      // times in which orders come in beside the usual ones
}

// Peak is a time in which orders come in beside the usual ones.
type Peak struct {
	Span
	Orders int    `json:"orders"`        // so many within it
	SKU    string `json:"sku,omitempty"` // all of them want this, "" for what others buy
}

// Span is a time of the scenario.
type Span struct {
	From Moment `json:"from"` // such as "day 2 14:30"
	To   Moment `json:"to"`   // later than from
}

// Baskets says how much is bought at once.
type Baskets struct {
	Lines []float64 `json:"lines"` // weights of one line, of two, and so on
	Units []float64 `json:"units"` // of one unit per line, of two, and so on
}

// Customers says who buys.
type Customers struct {
	Regulars  int           `json:"regulars"`  // how many come again and again
	Returning float64       `json:"returning"` // the share of orders that are theirs
	Countries []Destination `json:"countries"` // where orders go
}

// Destination is a country that orders go to.
type Destination struct {
	Country string  `json:"country"` // ISO 3166-1
	Weight  float64 `json:"weight"`  // among all countries
}

// Good is something that the shop sells.
type Good struct {
	SKU        string  `json:"sku"`                  // its code
	Name       string  `json:"name"`                 // what it is called
	Price      int64   `json:"price"`                // of one
	Weight     int64   `json:"weight_grams"`         // of one
	Popularity float64 `json:"popularity"`           // its weight among all goods
	Backorders bool    `json:"backorders,omitempty"` // orders may wait for it
	Stock      *int64  `json:"stock,omitempty"`      // units at the start; as stock.units where it is not named
	ReorderAt  *int64  `json:"reorder_at,omitempty"` // as stock.reorder_at
	Reorder    *int64  `json:"reorder,omitempty"`    // as stock.reorder
}

// Stock says how much there is of each of the goods, and when more is ordered.
type Stock struct {
	Units     int64           `json:"units"`      // of each at the start
	ReorderAt int64           `json:"reorder_at"` // when fewer are left than this, more are ordered
	Reorder   int64           `json:"reorder"`    // how many; 0 for none ever
	LeadTime  policy.Duration `json:"lead_time"`  // until they come in
}

// Elsewhere says which orders are paid without the gateway. A person records the
// money when it has come in, at work.
type Elsewhere struct {
	Share  float64         `json:"share"`  // of the orders
	Unpaid float64         `json:"unpaid"` // of them, those for which no money ever comes
	After  policy.Duration `json:"after"`  // the soonest that the money comes in
	Within policy.Duration `json:"within"` // and how much later at most
}

// Gateway says how the gateway behaves.
type Gateway struct {
	DeclineRate       float64 `json:"decline_rate"`        // payments that are declined
	SoftShare         float64 `json:"soft_share"`          // of the declines, those that may pass later
	RefundDeclineRate float64 `json:"refund_decline_rate"` // refunds that are declined
	Line
}

// Line says how well a provider answers.
type Line struct {
	UnreachableRate   float64         `json:"unreachable_rate"`    // questions that do not arrive
	TimeoutBeforeRate float64         `json:"timeout_before_rate"` // questions without an answer, where nothing was done
	TimeoutAfterRate  float64         `json:"timeout_after_rate"`  // questions without an answer, where it was done
	LatencyLeast      policy.Duration `json:"latency_least"`       // the shortest time to an answer
	LatencyMost       policy.Duration `json:"latency_most"`        // and the longest
	Outages           []Outage        `json:"outages"`             // times in which it is not to be reached
}

// Outage is a time in which a provider is not to be reached.
type Outage struct {
	Span
	Silent bool `json:"silent,omitempty"` // whoever asks gets no answer, and does not know whether the question arrived
}

// Carrier says how the carrier behaves.
type Carrier struct {
	RefuseRate   float64 `json:"refuse_rate"`   // labels that are refused for good
	TroubleRate  float64 `json:"trouble_rate"`  // labels that are refused for now
	LateRate     float64 `json:"late_rate"`     // scans that show hours late
	TwiceRate    float64 `json:"twice_rate"`    // scans that show twice
	LostRate     float64 `json:"lost_rate"`     // parcels that are lost
	DamagedRate  float64 `json:"damaged_rate"`  // parcels that break
	RefusedRate  float64 `json:"refused_rate"`  // parcels that are refused at the door
	ReturnedRate float64 `json:"returned_rate"` // parcels that can not be delivered

	Strikes []Strike `json:"strikes"` // when no parcel moves
	Line
}

// Strike is a time in which a carrier moves no parcel.
type Strike struct {
	Span
	Refuses bool `json:"refuses,omitempty"` // labels are refused for now; otherwise they are sold
}

// SecondCarrier says how a second carrier behaves.
type SecondCarrier struct {
	Price float64 `json:"price"` // so many times what the first one takes
	Carrier
}

// Second is what the second carrier is called in the policy.
const Second = "second"

// Thoughts says what customers change about an order themselves. Where it is too
// late, the order stays as it is.
type Thoughts struct {
	Address float64         `json:"address"` // the share who correct where it goes
	Cancel  float64         `json:"cancel"`  // the share who cancel it
	After   policy.Duration `json:"after"`   // the soonest
	Within  policy.Duration `json:"within"`  // and how much later at most
}

// Wish is something for which a share of the customers write.
type Wish struct {
	Category support.Category `json:"category"` // of the ticket
	Share    float64          `json:"share"`    // of the orders
	Since    Since            `json:"since"`    // placed or delivered: from when on the next two count; who gets nothing does not write
	After    policy.Duration  `json:"after"`    // the soonest that they write
	Within   policy.Duration  `json:"within"`   // and how much later at most
}

// Since says from when on a customer waits.
type Since string

// The times from which a customer waits.
const (
	SincePlaced    Since = "placed"
	SinceDelivered Since = "delivered" // who gets nothing does not write
)

// Wave is a time in which many customers write at once, about their last orders.
type Wave struct {
	Span
	Category support.Category `json:"category"` // of the tickets
	Tickets  int              `json:"tickets"`  // so many within it
}

// Returns says what becomes of what customers may send back.
type Returns struct {
	Posted float64         `json:"posted"` // the share that is really sent
	After  policy.Duration `json:"after"`  // the soonest that it comes in
	Within policy.Duration `json:"within"` // and how much later at most
	Unfit  float64         `json:"unfit"`  // the share that can not be sold again
}

// Staff is who works tickets, one after the other, the oldest first.
type Staff struct {
	People   int             `json:"people"`   // how many there are
	From     TimeOfDay       `json:"from"`     // when they begin, such as "09:00"
	To       TimeOfDay       `json:"to"`       // when they go home
	Weekends bool            `json:"weekends"` // whether they work on Saturdays and Sundays
	Least    policy.Duration `json:"least"`    // the shortest time for a ticket
	Most     policy.Duration `json:"most"`     // and the longest
	HandOver TimeOfDay       `json:"handover"` // when they hand over what is packed, where policy.handover is by_person; the carrier collects at 17:00
}

// what is the noun of a scenario in messages.
const what = "the scenario"

// Parse reads a scenario. What it does not name is as in Default; a list that it
// names is the whole list.
//
// Errors: invalid, with the path of every field that is wrong and what would be
// right.
func Parse(data []byte) (Scenario, error) {
	s := Default()
	if err := strictjson.Unmarshal(data, what, &s); err != nil {
		return s, err
	}
	if err := refuseNull(data); err != nil {
		return s, err
	}
	return s, s.Validate()
}

// refuseNull refuses a scenario that has null anywhere, which would be taken for the
// default: what is meant may be that there is none.
//
// Errors: invalid, with the path of each.
func refuseNull(data []byte) error {
	var whole any
	if err := json.Unmarshal(data, &whole); err != nil {
		return err
	}
	if whole == nil {
		return fault.New(fault.Invalid, "%s is null, and no object of JSON", what)
	}
	var c fault.Check
	addNull(&c, "", whole)
	return c.Err(what)
}

func addNull(c *fault.Check, path string, v any) {
	switch v := v.(type) {
	case nil:
		c.Add(path, "null", "%s", "a value, or no such field for what is so by default")
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			addNull(c, strings.TrimPrefix(path+"."+name, "."), v[name])
		}
	case []any:
		for i, one := range v {
			addNull(c, fmt.Sprintf("%s[%d]", path, i), one)
		}
	}
}

// StockOf is how many there are of one of the goods, when more are ordered, and how
// many.
func (s Scenario) StockOf(g Good) (units, reorderAt, reorder int64) {
	return given(g.Stock, s.Stock.Units), given(g.ReorderAt, s.Stock.ReorderAt), given(g.Reorder, s.Stock.Reorder)
}

func given(own *int64, all int64) int64 {
	if own != nil {
		return *own
	}
	return all
}
