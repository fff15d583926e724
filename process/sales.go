package process

import (
	"context"
	"fmt"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/shipping"
)

// SalesRequest is what a customer gives back without saying of which orders it is.
type SalesRequest struct {
	Source   string         `json:"source"` // where the orders came from
	Customer string         `json:"customer"`
	Currency money.Currency `json:"currency"`
	Until    time.Time      `json:"until"` // orders placed later are not meant
	Units    []SoldUnits    `json:"units"`
	Reason   string         `json:"reason"` // of a return, as a word for programs
	// Except says how many units of which lines of an order were found before and
	// are still to come back: they are not found again.
	Except map[string]map[int64]int64 `json:"-"`
}

// SoldUnits is so many units of an SKU, sold at a price.
type SoldUnits struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unit_price"` // minor units
}

// Sales is where units come from that are given back.
type Sales struct {
	Units  []FoundUnits `json:"units"`  // of each of the request's, in its order
	Orders []Undo       `json:"orders"` // in the order in which they were found
}

// FoundUnits says whether all of what is given back was found; if not, none of it
// is in the orders.
type FoundUnits struct {
	Enough bool  `json:"enough"`
	Bought bool  `json:"bought"` // whether the customer has bought any, whatever is left of it
	Left   int64 `json:"left"`   // how many there are, up to the quantity that is given back
}

// Undo is what is undone of an order, and how.
type Undo struct {
	Order string     `json:"order"`
	Way   UndoWay    `json:"way"`
	Lines []UndoLine `json:"lines"`
}

// UndoLine is so many units of a line.
type UndoLine struct {
	Line     int64 `json:"line"`
	Quantity int64 `json:"quantity"`
	Rest     int64 `json:"rest"` // units of the line that are still wanted
}

// UndoWay is the use case by which units of an order are taken back, as it stands.
type UndoWay string

// The ways.
const (
	UndoCancel UndoWay = "cancel" // all of it is, and nothing has left
	UndoEdit   UndoWay = "edit"   // part of it is, and that has not left
	UndoReturn UndoWay = "return" // it has arrived
	UndoLater  UndoWay = "later"  // it is on its way, or can not be changed so: it is returned when it has arrived
)

// FindSales finds the orders that a customer's units come from, and says how each
// is undone as it stands; it undoes nothing. Units come from the orders of the
// same price first, and of these from the newest first. Under a command key, the
// first answer is given again, whatever was undone since.
//
// Errors: invalid.
func (p *Process) FindSales(ctx context.Context, by Command, q SalesRequest) (Result[Sales], error) {
	if err := q.validate(); err != nil {
		return Result[Sales]{}, err
	}
	return once(ctx, p, by, "find_sales", q, nil, func(tx *db.Tx) (Sales, error) {
		return (&finder{Process: p, Reader: tx, asked: q, credited: map[string]map[int64]int64{}, taken: map[string]map[int64]int64{}}).find()
	})
}

func (q SalesRequest) validate() error {
	var c fault.Check
	c.Word("reason", q.Reason, "unwanted")
	c.If(len(q.Units) == 0 || len(q.Units) > order.MaxLines, "units", "out_of_range", "from 1 to %d", order.MaxLines)
	for i, u := range q.Units {
		c.If(u.Quantity < 1 || u.Quantity > order.MaxQuantity, fmt.Sprintf("units[%d].quantity", i), "out_of_range", "from 1 to %d", order.MaxQuantity)
	}
	return c.Err("the request")
}

// finder is one search for sales.
type finder struct {
	*Process
	db.Reader
	asked    SalesRequest
	credited map[string]map[int64]int64 // units of lines for which money was given back, by order
	taken    map[string]map[int64]int64 // what was found, by order and line
	orders   []string                   // in which it was
}

// soldPage is how many lines of a customer are read at a time.
const soldPage = 200

func (f *finder) find() (Sales, error) {
	s := Sales{Orders: []Undo{}}
	for _, u := range f.asked.Units {
		found, err := f.units(u)
		if err != nil {
			return s, err
		}
		s.Units = append(s.Units, found)
	}
	for _, id := range f.orders {
		undo, err := f.undo(id)
		if err != nil {
			return s, err
		}
		s.Orders = append(s.Orders, undo)
	}
	return s, nil
}

// units finds all of the units, or takes none.
func (f *finder) units(u SoldUnits) (found FoundUnits, err error) {
	q := order.SoldQuery{Source: f.asked.Source, Customer: f.asked.Customer, Currency: f.asked.Currency, SKU: u.SKU, UnitPrice: u.UnitPrice, Until: f.asked.Until}
	type part struct {
		of    order.Sold
		units int64
	}
	var parts []part
	for offset := 0; found.Left < u.Quantity; offset += soldPage {
		page, err := order.SoldTo(f, q, offset, soldPage)
		if err != nil {
			return found, err
		}
		for _, l := range page {
			found.Bought = true
			left, err := f.left(l)
			if err != nil {
				return found, err
			}
			if n := min(left, u.Quantity-found.Left); n > 0 {
				found.Left += n
				parts = append(parts, part{l, n})
			}
		}
		if len(page) < soldPage {
			break
		}
	}
	if found.Enough = found.Left == u.Quantity; !found.Enough {
		return found, nil
	}
	for _, p := range parts {
		f.take(p.of, p.units)
	}
	return found, nil
}

func (f *finder) take(l order.Sold, units int64) {
	if f.taken[l.Order] == nil {
		f.taken[l.Order] = map[int64]int64{}
		f.orders = append(f.orders, l.Order)
	}
	f.taken[l.Order][l.Line.Line] += units
}

// left is how many units of a line the customer has not given back, nor had the
// money for: that is counted where it is more, since a refund may come first.
func (f *finder) left(l order.Sold) (int64, error) {
	if f.credited[l.Order] == nil {
		units, err := credited(f, l.Order)
		if err != nil {
			return 0, err
		}
		f.credited[l.Order] = units
	}
	line := l.Line.Line
	back := max(l.Cancelled+l.Returned+f.asked.Except[l.Order][line], f.credited[l.Order][line])
	return l.Quantity - back - f.taken[l.Order][line], nil
}

// undo says how what was found of an order is undone: by the first of the ways
// that the use cases themselves would take.
func (f *finder) undo(id string) (Undo, error) {
	undo := Undo{Order: id, Way: UndoLater}
	o, err := order.Get(f, id)
	if err != nil {
		return undo, err
	}
	lines, err := order.Lines(f, id)
	if err != nil {
		return undo, err
	}
	whole := len(f.asked.Except[id]) == 0
	for _, l := range lines {
		n := f.taken[id][l.Line]
		if rest := l.Wanted() - n; rest > 0 {
			whole = false
		}
		if n > 0 {
			undo.Lines = append(undo.Lines, UndoLine{l.Line, n, l.Wanted() - n})
		}
	}
	for _, way := range []struct {
		way UndoWay
		may func() error
	}{
		{UndoCancel, func() error { return mayCancelAll(o, whole) }},
		{UndoEdit, func() error { return f.mayEdit(o, undo) }},
		{UndoReturn, func() error { return f.mayReturn(o, undo) }},
	} {
		err := way.may()
		if err == nil {
			undo.Way = way.way
			return undo, nil
		}
		if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.TooLate) && !fault.Is(err, fault.Invalid) {
			return undo, err
		}
	}
	return undo, nil
}

func mayCancelAll(o order.Order, whole bool) error {
	if !whole {
		return fault.New(fault.Conflict, "something of order %d is still wanted", o.Number)
	}
	return WhyNoCancel(o)
}

func (f *finder) mayEdit(o order.Order, undo Undo) error {
	if err := whyNoEdit(o); err != nil {
		return err
	}
	if o.Sums.Gone() == o.Sums.Units { // which planEdit would say after much reading
		return fault.New(fault.TooLate, "all of order %d has left", o.Number)
	}
	s, err := readStanding(f, o.ID)
	if err != nil {
		return err
	}
	_, err = f.planEdit(s, undo.Edit(), f.Now())
	return err
}

func (f *finder) mayReturn(o order.Order, undo Undo) error {
	set, err := f.policies.Current(f)
	if err != nil {
		return err
	}
	_, err = planReturn(f, o, set, undo.Return(f.asked.Reason))
	return err
}

// Edit is the change by which the units are taken out of the order.
func (u Undo) Edit() order.Edit {
	var e order.Edit
	for _, l := range u.Lines {
		e.Lines = append(e.Lines, order.EditLine{Line: l.Line, Quantity: l.Rest})
	}
	return e
}

// Return is the return in which the units come back, however long ago they
// arrived.
func (u Undo) Return(reason string) shipping.ReturnRequest {
	q := shipping.ReturnRequest{Reason: reason, Late: true}
	for _, l := range u.Lines {
		q.Lines = append(q.Lines, shipping.LineUnits{Line: l.Line, Quantity: l.Quantity})
	}
	return q
}

// Units is how many units are undone.
func (u Undo) Units() (n int64) {
	for _, l := range u.Lines {
		n += l.Quantity
	}
	return n
}
