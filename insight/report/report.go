// Package report draws a period of a shop as one HTML page: how many orders
// came how far, how long each step took, what was taken and refunded, and what
// the checks say. The page is a single file that opens offline; charts are
// drawn by a script inside it, and every chart has a table beside it, so that
// the page also reads without JavaScript and on paper.
//
// A name that is a code, such as out_of_stock, is shown as words: Out of stock.
package report

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"doorstep/fault"
	"doorstep/money"
)

// Data is what a report shows. Every part may be empty; the page then says so.
type Data struct {
	Title     string          // the heading: "Order report" when empty
	About     string          // what it is about, in a sentence or two; may be empty
	Shop      string          // whose orders they are; may be empty
	From, To  time.Time       // the period in shop time, shown in the location it carries; zero when there is none
	Funnel    []Stage         // in the order of the process; the first one is what all shares are of
	Failed    []Reason        // orders that failed, each counted once
	Cancelled int64           // orders that were cancelled
	Repaid    int64           // orders of which something did not arrive, and whose money for it went back; none of them came to the last stage
	Steps     []Step          // in the order of the process
	Every     time.Duration   // the length of a bucket: an hour when zero
	OverTime  []Bucket        // by start, without gaps
	Taken     []money.Amount  // captured, one amount per currency
	Refunded  []money.Amount  // given back, one positive amount per currency
	Tickets   []TicketOutcome // each ticket counted once
	Load      []Load          // what waited for people, by time
	Stock     []Shelf         // by SKU
	Tails     bool            // the 90th and the 99th percentile of each step are shown too
	Verify    Verdict
	Facts     []Fact // how the data was made: seed, engine, version …
}

// Stage is how many orders came at least this far.
type Stage struct {
	Name   string // such as paid
	Orders int64
}

// Reason is how many orders failed for one reason.
type Reason struct {
	Name   string // such as out_of_stock
	Orders int64
	Worth  []money.Amount // what they were worth, one amount per currency; may be empty
}

// Clock is the clock that a step was timed by.
type Clock string

// The clocks. Their times are never drawn in one chart.
const (
	ShopTime Clock = "shop time" // when things are due: what a customer waits
	WallTime Clock = "wall time" // what the computer took
)

// Step is how long one step of the process took.
type Step struct {
	Name   string        `json:"name"`
	Clock  Clock         `json:"clock"`
	N      int64         `json:"n"`      // how many times it was timed
	Median time.Duration `json:"median"` // not negative
	P95    time.Duration `json:"p95"`    // not negative
	P90    time.Duration `json:"-"`      // shown with Tails
	P99    time.Duration `json:"-"`      // shown with Tails
}

// Bucket is what happened within one stretch of shop time.
type Bucket struct {
	Start                      time.Time // shown in the location it carries
	Placed, Shipped, Delivered int64     // orders
}

// Load is what waited for people at a time.
type Load struct {
	At         time.Time // shown in the location it carries
	Tickets    int64     // open
	Held       int64     // orders
	Overdue    int64     // steps that are late, or can not go on
	OutOfStock int64     // SKUs of which none could be sold
}

// Shelf is how the stock of an SKU was.
type Shelf struct {
	SKU        string
	HoursOut   int64 // in which none could be sold
	OrdersLost int64 // that failed because they wanted more
	Reorders   int64
	Received   int64 // units that came in of them
}

// TicketOutcome is how many tickets of one category came to one outcome.
type TicketOutcome struct {
	Category string // such as where_is_my_order
	Outcome  string // such as refunded
	N        int64
}

// Verdict is the answer of verify: not run when both lists are empty, in order
// when something was checked and nothing violated.
type Verdict struct {
	Checked    []string // what was checked, a short phrase each
	Violations []string // what was found, a sentence each
}

// Fact is one line about how the data was made.
type Fact struct{ Name, Value string }

// Render writes the report as one HTML page. It writes nothing when the data
// can not be shown.
//
// Errors: invalid when a step names no clock, when less than nothing was
// refunded, or when the amounts of one currency do not fit 64 bits together. An
// error of w is returned wrapped.
func Render(w io.Writer, d Data) error {
	p, err := newPage(d)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := document.Execute(&b, p); err != nil {
		return fault.New(fault.Internal, "the report could not be drawn: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
