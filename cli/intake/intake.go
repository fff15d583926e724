// Package intake feeds a shop with commands as lines of JSON, and answers each
// with one line when what it did is durable. It is how another program feeds a
// shop through a pipe.
package intake

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/order"
	"doorstep/support"
)

// Command is one line of the input: what to do, under which key, and what it
// is about. Which of the fields are needed depends on Do.
type Command struct {
	Key string `json:"key,omitempty"` // sent again under it, it changes nothing more and gives the first answer
	Do  Verb   `json:"do"`

	Request *order.Request `json:"-"` // place: the field "order" is the order itself
	Order   string         `json:"-"` // of the others, those about an order: its id, number or source/number

	Category  support.Category `json:"category,omitempty"`  // ticket
	Body      string           `json:"body,omitempty"`      // ticket, resolve
	Lines     []support.Line   `json:"lines,omitempty"`     // ticket: what of the order it is about
	ShipTo    *order.Address   `json:"ship_to,omitempty"`   // ticket: where the order is to go
	Ticket    string           `json:"ticket,omitempty"`    // resolve: its id
	SKU       string           `json:"sku,omitempty"`       // receive, count; exchange: what is wanted instead
	Location  string           `json:"location,omitempty"`  // receive, count; main when empty
	Quantity  int64            `json:"quantity,omitempty"`  // receive, exchange; count: what was found
	Reference string           `json:"reference,omitempty"` // record_payment, record_refund, record_void
	Amount    *int64           `json:"amount,omitempty"`    // refund, record_payment, record_refund, minor units; all that is left or owed when missing
	Refund    string           `json:"refund,omitempty"`    // record_refund, fail_refund, withdraw_refund: its id
	Returning string           `json:"return,omitempty"`    // receive_return, cancel_return: its id
	Reason    string           `json:"reason,omitempty"`    // cancel, refund, count; hold, return, exchange, where it is a code
	Text      string           `json:"text,omitempty"`      // hold
	Change    *order.Edit      `json:"change,omitempty"`    // edit
	Shipment  string           `json:"shipment,omitempty"`  // hand_over, delivered: its id or tracking number

	TrackingNumber string `json:"tracking_number,omitempty"` // hand_over, where no label was bought
}

// Verb says what a command does.
type Verb string

// The verbs.
const (
	Place         Verb = "place"
	Cancel        Verb = "cancel"
	Ticket        Verb = "ticket"
	Resolve       Verb = "resolve"
	Receive       Verb = "receive"
	Count         Verb = "count"
	RecordPayment Verb = "record_payment"
	Refund        Verb = "refund"
	RecordRefund  Verb = "record_refund"
	FailRefund    Verb = "fail_refund"
	RecordVoid    Verb = "record_void"

	WithdrawRefund Verb = "withdraw_refund"
	Hold           Verb = "hold"
	Release        Verb = "release"
	HandOver       Verb = "hand_over"
	Delivered      Verb = "delivered"
	Lost           Verb = "lost"
	Found          Verb = "found"
	Reship         Verb = "reship"
	Return         Verb = "return"
	ReceiveReturn  Verb = "receive_return"
	CancelReturn   Verb = "cancel_return"
	Exchange       Verb = "exchange"
	Edit           Verb = "edit"
)

var verbs = []Verb{Place, Cancel, Ticket, Resolve, Receive, Count, RecordPayment, Refund, RecordRefund, FailRefund, WithdrawRefund, RecordVoid, Hold, Release, HandOver, Delivered, Lost, Found, Reship, Return, ReceiveReturn, CancelReturn, Exchange, Edit}

// Result is one line of the output.
type Result struct {
	Key  string `json:"key,omitempty"`
	Line int64  `json:"line"` // of the input, from 1
	OK   bool   `json:"ok"`

	Status   string `json:"status,omitempty"` // of the order or the ticket
	Order    string `json:"order,omitempty"`  // its id; of an exchange, the new order's
	Ticket   string `json:"ticket,omitempty"` // its id
	Replayed bool   `json:"replayed,omitempty"`

	Code    fault.Code    `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Fields  []fault.Field `json:"fields,omitempty"`
}

// MaxLine bounds a line, in bytes.
const MaxLine = 4 << 20

// Parse reads one line. Its key is there also when the rest is wrong, where
// the line has one.
//
// Errors: invalid, with the path of the field where there is one.
func Parse(line []byte) (Command, error) {
	var wire struct {
		Command
		About json.RawMessage `json:"order"`
	}
	if err := strictjson.Unmarshal(line, "the command", &wire); err != nil {
		return Command{Key: keyOf(line)}, err
	}
	c := wire.Command
	if !slices.Contains(verbs, c.Do) {
		var check fault.Check
		check.Add("do", "unknown", "one of %v", verbs)
		return Command{Key: c.Key}, check.Err("the command")
	}
	if c.Do == Place {
		c.Request = &order.Request{}
		return c, strictjson.Unmarshal(wire.About, "the order", c.Request)
	}
	if len(wire.About) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(wire.About, &c.Order); err != nil {
		var check fault.Check
		check.Add("order", "wrong_type", "a text: the order's id, number or source/number")
		return c, check.Err("the command")
	}
	return c, nil
}

// keyOf returns the key of a line that is otherwise wrong, "" when there is none.
func keyOf(line []byte) string {
	var wire struct {
		Key string `json:"key"`
	}
	if !utf8.Valid(line) || json.Unmarshal(line, &wire) != nil {
		return ""
	}
	return wire.Key
}
