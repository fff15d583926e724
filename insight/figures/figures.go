// Package figures keeps the figures of a shop: what happened within each minute, hour and
// day, how long orders took, what was sold. They are counted from the event log, in its
// order, by whoever serves the shop, and read without a look at the log: what they cost
// does not depend on how many orders there are. Days are those of UTC.
package figures

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"doorstep/internal/db"
	"doorstep/process"
)

// What is something that is counted.
type What string

// What is counted. Each order is counted once as each of the first eight.
const (
	Placed    What = "placed"
	Processed What = "processed" // with its goods reserved, or waited for
	Paid      What = "paid"      // or free of charge, or promised by the gateway
	Shipped   What = "shipped"   // at least one parcel has left
	Delivered What = "delivered" // all that was to arrive is at the door
	Cancelled What = "cancelled"
	Returned  What = "returned" // a customer has sent something back
	Failed    What = "failed"   // by reason

	Ordered  What = "ordered"  // what the placed orders come to, by currency, minor units
	Taken    What = "taken"    // money, by currency, minor units
	Refunded What = "refunded" // money, by currency, minor units

	Opened What = "opened" // tickets, by category
	Solved What = "solved" // tickets, by category

	Answered What = "answered" // by a gateway or carrier: kind/name/outcome
)

// whats are all that is counted, and moments what is shown of a minute or an hour.
var (
	whats   = []What{Placed, Processed, Paid, Shipped, Delivered, Cancelled, Returned, Failed, Ordered, Taken, Refunded, Opened, Solved, Answered}
	moments = []What{Placed, Paid, Shipped, Delivered}
)

// Outcome is what a gateway or carrier has answered to an attempt.
type Outcome string

// The outcomes. One that is not reached is asked again, and no event tells of it.
const (
	OutcomeDone    Outcome = "done"
	OutcomeRefused Outcome = "refused" // declined, or a label that can not be had
	OutcomeUnknown Outcome = "unknown" // no answer came in time
)

// Step is a stretch of an order's way that the customer waits for.
type Step string

// The steps, in the order of the way. An order is processed in the moment in which it is
// placed.
const (
	ToPaid      Step = "placed_to_paid"
	ToLabel     Step = "paid_to_label"
	ToShipped   Step = "label_to_shipped"
	ToDelivered Step = "shipped_to_delivered" // by the carrier's clock, where that can be right
	Whole       Step = "placed_to_delivered"
)

// Steps are all steps.
var Steps = []Step{ToPaid, ToLabel, ToShipped, ToDelivered, Whole}

// span is how long what is counted together lasts.
type span string

const (
	minute span = "minute"
	hour   span = "hour"
	day    span = "day"
	cohort span = "cohort" // the orders that were placed on a day, whenever it happened to them
	steps  span = "steps"  // days of the steps' distributions
	sold   span = "sold"   // days of what was sold
)

// lasts is how long each span is.
var lasts = map[span]time.Duration{minute: time.Minute, hour: time.Hour, day: dayLong, cohort: dayLong, steps: dayLong, sold: dayLong}

// keeps is for how long the figures of a span are kept; those of others are kept for good.
var keeps = map[span]time.Duration{minute: dayLong, hour: 35 * dayLong, steps: 90 * dayLong, sold: 60 * dayLong}

const dayLong = 24 * time.Hour

// begins returns when the span of a time begins, as it is stored: in microseconds since
// 1970. Days are those of UTC.
func (s span) begins(at int64) int64 {
	long := lasts[s].Microseconds()
	return at - (at%long+long)%long
}

// Figures counts and reads the figures of a shop.
type Figures struct {
	db      *db.DB
	process *process.Process
	node    string
	log     *slog.Logger
	page    int // how many events are counted in one transaction

	mu   sync.Mutex // of who counts
	ways *ways      // of the orders that were counted last

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New returns the figures of a shop, which are not counted before Start. The node is this
// one's name, unlike any other.
func New(d *db.DB, p *process.Process, node string, log *slog.Logger) *Figures {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Figures{db: d, process: p, node: node, log: log, page: pageSize, ways: newWays()}
}
