package order

import (
	"encoding/json"
	"fmt"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
)

// Edit is a change to a placed order. What it leaves empty stays as it is.
type Edit struct {
	Lines  []EditLine    `json:"lines,omitempty"`
	Add    []LineRequest `json:"add,omitempty"`             // beside the order's lines
	ShipTo *Address      `json:"ship_to,omitempty"`         // of what has not left
	Method string        `json:"shipping_method,omitempty"` // of what has not left; what the customer pays for it stays
	Reason string        `json:"reason,omitempty"`          // kept as a note

	// Withdraw is a shipment whose goods are being sent anew: they are not, after
	// all. It is a change of its own.
	Withdraw string `json:"withdraw,omitempty"`
}

// EditLine says how many units of a line are still wanted: fewer than before,
// 0 for none.
type EditLine struct {
	Line     int64 `json:"line"`
	Quantity int64 `json:"quantity"`
}

// Validate checks what can be checked without the order.
//
// Errors: invalid, with the path of every field that is wrong.
func (e Edit) Validate() error {
	var c fault.Check
	changes := len(e.Lines)+len(e.Add) > 0 || e.ShipTo != nil || e.Method != ""
	c.If(!changes && e.Withdraw == "", "lines", "required", "something to change")
	c.If(changes && e.Withdraw != "", "withdraw", "not_alone", "a change of its own")
	c.Text("withdraw", e.Withdraw, maxText)
	c.If(len(e.Lines) > MaxLines, "lines", "too_many", "at most %d lines", MaxLines)
	seen := map[int64]bool{}
	for i, l := range e.Lines[:min(len(e.Lines), MaxLines)] {
		c.If(seen[l.Line], fmt.Sprintf("lines[%d].line", i), "repeated", "each line once")
		c.If(l.Quantity < 0, fmt.Sprintf("lines[%d].quantity", i), "out_of_range", "not negative")
		seen[l.Line] = true
	}
	c.If(len(e.Add) > MaxLines, "add", "too_many", "at most %d lines", MaxLines)
	for i, l := range e.Add[:min(len(e.Add), MaxLines)] {
		l.validate(&c, fmt.Sprintf("add[%d]", i))
	}
	if e.ShipTo != nil {
		e.ShipTo.validate(&c, "ship_to")
	}
	c.Text("shipping_method", e.Method, maxSKU)
	c.Prose("reason", e.Reason, maxText)
	return c.Err("the change")
}

// Cuts returns how many units of which lines are no longer wanted.
//
// Errors: invalid when a line is none of the order's, or more is wanted of it.
func (e Edit) Cuts(lines []Line) (map[int64]int64, error) {
	var c fault.Check
	cuts := map[int64]int64{}
	for i, l := range e.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if l.Line < 1 || l.Line > int64(len(lines)) {
			c.Add(path+".line", "unknown", "from 1 to %d", len(lines))
			continue
		}
		wanted := lines[l.Line-1].Wanted()
		c.If(l.Quantity > wanted, path+".quantity", "out_of_range", "at most %d, as it is: what is wanted beside is a line to add", wanted)
		if l.Quantity < wanted {
			cuts[l.Line] = wanted - l.Quantity
		}
	}
	return cuts, c.Err("the change")
}

// Wanted is how many units of a line are to reach the customer.
func (l Line) Wanted() int64 { return l.Quantity - l.Cancelled }

// Cut takes units out of lines for which no money was taken: every part of a
// line shrinks by what the units have of it, rounded down, and the totals with the
// lines.
func Cut(t Totals, included bool, lines []Line, cuts map[int64]int64) (Totals, []Line) {
	cut := make([]Line, len(lines))
	var sum Totals
	for i, l := range lines {
		shippingTax := l.Amount - (l.Total - l.Discount + l.Shipping)
		if !included {
			shippingTax -= l.Tax
		}
		rest := l.Quantity - cuts[l.Line]
		part := func(of int64) int64 { return of - portion(of, cuts[l.Line], l.Quantity) }
		shippingTax, l.Discount, l.Shipping, l.Tax = part(shippingTax), part(l.Discount), part(l.Shipping), part(l.Tax)
		l.Quantity, l.Total = rest, rest*l.UnitPrice
		l.Amount = l.Total - l.Discount + l.Shipping + shippingTax
		if !included {
			l.Amount += l.Tax
			sum.ShippingTax += shippingTax
		}
		sum.Items += l.Total
		sum.Discount += l.Discount
		sum.Shipping += l.Shipping
		sum.Tax += l.Tax
		sum.Total += l.Amount
		cut[i] = l
	}
	if included {
		sum.ShippingTax = portion(t.ShippingTax, sum.Shipping, t.Shipping)
	}
	sum.Tax += sum.ShippingTax
	return sum, cut
}

// Freight is what an order pays for shipping, in minor units.
type Freight struct {
	Price int64
	Tax   int64 // in the price, or beside it
}

// Freight is the shipping's part of the totals.
func (t Totals) Freight() Freight { return Freight{t.Shipping, t.ShippingTax} }

// Less is what is left of it without another one.
func (f Freight) Less(g Freight) Freight { return Freight{f.Price - g.Price, f.Tax - g.Tax} }

// Add puts lines behind those of an order whose every line has a name and a
// price. They have no part of its discount, and of its shipping the freight of what
// they come in the place of, by what they cost.
//
// Errors: invalid when there are too many, or a sum does not fit.
func Add(t Totals, included bool, lines []Line, add []LineRequest, over Freight) (Totals, []Line, error) {
	var c fault.Check
	c.If(len(lines)+len(add) > MaxLines, "add", "too_many", "at most %d lines in all", MaxLines)
	worth := make([]int64, len(add))
	for i, q := range add {
		worth[i], _ = money.Mul(q.Quantity, *q.UnitPrice) // what does not fit is refused below
	}
	prices, taxes := money.Allot(over.Price, worth), money.Allot(over.Tax, worth)
	for i, q := range add {
		total, ok := money.Mul(q.Quantity, *q.UnitPrice)
		l := Line{Line: int64(len(lines) + 1), SKU: q.SKU, Name: q.Name, Quantity: q.Quantity, UnitPrice: *q.UnitPrice, Tax: q.Tax, Total: total, Shipping: prices[i], Amount: total}
		fits := ok && addTo(&t.Items, total) && addTo(&t.Tax, q.Tax) && addTo(&t.Tax, taxes[i]) && addTo(&l.Amount, prices[i]) &&
			(included || addTo(&l.Amount, q.Tax) && addTo(&l.Amount, taxes[i])) && addTo(&t.Total, l.Amount)
		c.If(!fits, fmt.Sprintf("add[%d]", i), "overflow", "sums that fit 64 bits")
		t.Shipping += prices[i]
		t.ShippingTax += taxes[i]
		lines = append(lines, l)
	}
	c.If(included && t.Tax > t.Total, "add", "out_of_range", "at most the total in included tax")
	return t, lines, c.Err("the change")
}

// PendingEdit is a change that waits for what is in flight. It may hold personal
// data.
type PendingEdit struct {
	Order string    `json:"order"`
	At    time.Time `json:"at"`
	By    string    `json:"by"` // who asked for it, as an actor
	Edit  Edit      `json:"edit"`
}

// KeepEdit keeps a change until it is made.
func KeepEdit(tx *db.Tx, p PendingEdit) error {
	body, err := json.Marshal(p.Edit)
	if err == nil {
		tx.Write(`INSERT INTO order_edits (order_id, at, actor, body) VALUES ($1, $2, $3, $4)`, p.Order, db.Micros(p.At), p.By, string(body))
	}
	return err
}

// DropEdit removes the change that waited.
func DropEdit(tx *db.Tx, id string) { tx.Write(`DELETE FROM order_edits WHERE order_id = $1`, id) }

// EditOf returns the change that waits for what is in flight.
func EditOf(r db.Reader, id string) (PendingEdit, bool, error) {
	all, err := EditsRange(r, id, id)
	if err != nil || len(all) == 0 {
		return PendingEdit{}, false, err
	}
	return all[0], true, nil
}

// EditsRange returns the changes that wait of the orders from first to last, both
// included.
func EditsRange(r db.Reader, first, last string) ([]PendingEdit, error) {
	return db.All(r, func(row db.Row) (PendingEdit, error) {
		var p PendingEdit
		var at int64
		var body string
		if err := row.Scan(&p.Order, &at, &p.By, &body); err != nil {
			return p, err
		}
		p.At = db.Time(at)
		return p, json.Unmarshal([]byte(body), &p.Edit)
	}, `SELECT order_id, at, actor, body FROM order_edits WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id`, first, last)
}

// SaveLines writes the lines of an order that have changed or are new.
func SaveLines(tx *db.Tx, id string, before, after []Line) {
	for i, l := range after {
		switch {
		case i >= len(before):
			insertLine(tx, id, l)
		case l != before[i]:
			tx.Write(`UPDATE order_lines SET quantity = $1, cancelled = $2, tax = $3, total = $4, discount = $5, shipping = $6, amount = $7
				WHERE order_id = $8 AND line = $9`, l.Quantity, l.Cancelled, l.Tax, l.Total, l.Discount, l.Shipping, l.Amount, id, l.Line)
		}
	}
}

// SaveShipTo writes where an order goes from now on.
func SaveShipTo(tx *db.Tx, id string, to Address) error {
	body, err := json.Marshal(to)
	if err == nil {
		tx.Write(`UPDATE order_contacts SET ship_to = $1 WHERE order_id = $2`, string(body), id)
	}
	return err
}
