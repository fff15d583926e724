package shipping

import (
	"fmt"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/state"
)

// Return is goods that had arrived and that the customer sends back: a parcel the
// other way.
type Return struct {
	ID           string       `json:"id"`
	Order        string       `json:"order"`
	Status       ReturnStatus `json:"status"`
	Reason       string       `json:"reason"`             // why, as a word for programs
	Units        int64        `json:"units"`              // how many may come back
	Came         int64        `json:"came"`               // how many did
	Restocked    int64        `json:"restocked"`          // of those, how many can be sold again; the rest is written off
	Withheld     int64        `json:"withheld"`           // of those, for how many no money is given back, as the grader says
	Refund       string       `json:"refund,omitempty"`   // what gives the money back for it, "" where nothing does
	Exchange     string       `json:"exchange,omitempty"` // the order that was placed in its place
	AuthorisedAt time.Time    `json:"authorised_at"`      // when the customer was allowed to send it
	Until        time.Time    `json:"until"`              // when it expires if nothing has come
	ClosedAt     time.Time    `json:"closed_at,omitzero"` // when it was received or given up
}

// Open says whether a return is waited for.
func (r *Return) Open() bool { return r.Status == ReturnAuthorised }

// ReturnLine is how many of an order's line a return is about, and what of it came.
type ReturnLine struct {
	Line      int64  `json:"line"`
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`           // how many may come back
	Came      int64  `json:"came"`               // how many did
	Restocked int64  `json:"restocked"`          // of those, how many can be sold again
	Withheld  int64  `json:"withheld"`           // of those, for how many no money is given back
	Location  string `json:"location,omitempty"` // where they were put
}

// Counts is how many units a line of a return takes of what an order's line may
// have returned: what may come while it is open, and what came when it is not.
func (r *Return) Counts(l ReturnLine) int64 {
	if r.Open() {
		return l.Quantity
	}
	return l.Came
}

// ReturnStatus is how far a return is.
type ReturnStatus string

// The statuses of a return.
const (
	ReturnAuthorised ReturnStatus = "authorised" // the customer may send it
	ReturnReceived   ReturnStatus = "received"   // it came, and was graded
	ReturnCanceled   ReturnStatus = "canceled"   // it is not to come
	ReturnExpired    ReturnStatus = "expired"    // nothing came in time
)

// The events of a return.
const (
	EventReturnAuthorised event.Type = "return.authorised"
	EventReturnReceived   event.Type = "return.received"
	EventReturnCanceled   event.Type = "return.canceled"
	EventReturnExpired    event.Type = "return.expired"
)

// ReturnTransitions is the one table of what a return can go through.
var ReturnTransitions = state.Table[ReturnStatus, event.Type]{
	{From: "", On: EventReturnAuthorised, To: ReturnAuthorised},
	{From: ReturnAuthorised, On: EventReturnReceived, To: ReturnReceived},
	{From: ReturnAuthorised, On: EventReturnCanceled, To: ReturnCanceled},
	{From: ReturnAuthorised, On: EventReturnExpired, To: ReturnExpired},
}

// ReturnRequest says what a customer wants to send back.
type ReturnRequest struct {
	Lines  []LineUnits `json:"lines,omitempty"` // all that may come back when there are none
	Reason string      `json:"reason"`          // a word for programs
	Late   bool        `json:"late,omitempty"`  // also what arrived longer ago than policy takes back
}

// LineUnits is so many units of an order's line.
type LineUnits struct {
	Line     int64 `json:"line"`
	Quantity int64 `json:"quantity,omitempty"` // all there are when 0
}

// check looks at lines as they were asked for.
func check(c *fault.Check, lines []LineUnits) {
	seen := map[int64]bool{}
	for i, l := range lines {
		c.If(seen[l.Line], fmt.Sprintf("lines[%d].line", i), "repeated", "each line once")
		c.If(l.Quantity < 0, fmt.Sprintf("lines[%d].quantity", i), "out_of_range", "at least 1")
		seen[l.Line] = true
	}
}

// Validate checks what can be checked without the order.
//
// Errors: invalid, with the path of every field that is wrong.
func (q ReturnRequest) Validate() error {
	var c fault.Check
	check(&c, q.Lines)
	c.Word("reason", q.Reason, "unwanted")
	return c.Err("the return")
}

// Of returns the lines of which so many units may come back, by line, as far as
// they are asked for.
//
// Errors: invalid, with the path of every line of which there are not so many.
func (q ReturnRequest) Of(may []ReturnLine) ([]ReturnLine, error) {
	return pick(q.Lines, may, "as many as have arrived and are not returned")
}

// pick takes what is asked for of lines, in their order; all of them where nothing
// is named.
func pick(asked []LineUnits, may []ReturnLine, most string) ([]ReturnLine, error) {
	if len(asked) == 0 {
		return slices.Clone(may), nil
	}
	var c fault.Check
	wanted := map[int64]int64{}
	for i, a := range asked {
		path, there := fmt.Sprintf("lines[%d]", i), int64(0)
		for _, l := range may {
			if l.Line == a.Line {
				there = l.Quantity
			}
		}
		wanted[a.Line] = a.Quantity
		if a.Quantity == 0 {
			wanted[a.Line] = there
		}
		c.If(there == 0, path+".line", "unknown", "a line of which something can come back")
		c.If(there > 0 && a.Quantity > there, path+".quantity", "out_of_range", "at most %d, %s", there, most)
	}
	var picked []ReturnLine
	for _, l := range may {
		if n := wanted[l.Line]; n > 0 {
			l.Quantity = n
			picked = append(picked, l)
		}
	}
	return picked, c.Err("the return")
}

// Reception says what of a return came, and how it was graded.
type Reception struct {
	Lines    []LineUnits `json:"lines,omitempty"`    // what came; all of it when there are none
	Location string      `json:"location,omitempty"` // where it is put; where it left from when ""
	Grading
	Withhold bool `json:"withhold,omitempty"` // for what is written off no money is given back
}

// Validate checks what can be checked without the return.
//
// Errors: invalid, with the path of every field that is wrong.
func (q Reception) Validate() error {
	var c fault.Check
	check(&c, q.Lines)
	c.Text("location", q.Location, maxLocation)
	return c.Err("the reception")
}

const maxLocation = 64

// Of returns the lines of a return as they came. Lines of which nothing came are
// left out.
//
// Errors: invalid, with the path of every figure that is wrong.
func (q Reception) Of(lines []ReturnLine) ([]ReturnLine, error) {
	came, err := pick(q.Lines, lines, "as many as may come back")
	if err != nil {
		return nil, err
	}
	units := make([]ShipmentLine, len(came))
	for i, l := range came {
		units[i] = ShipmentLine{Line: l.Line, SKU: l.SKU, Quantity: l.Quantity}
	}
	fit, err := q.Fit(units)
	if err != nil {
		return nil, err
	}
	for i := range came {
		l := &came[i]
		l.Came, l.Restocked = l.Quantity, min(l.Quantity, fit[l.SKU])
		fit[l.SKU] -= l.Restocked
		if q.Withhold {
			l.Withheld = l.Came - l.Restocked
		}
		if q.Location != "" && l.Restocked > 0 {
			l.Location = q.Location
		}
	}
	return came, nil
}
