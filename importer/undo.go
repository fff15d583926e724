package importer

import (
	"context"
	"fmt"
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

const (
	mainLocation = inventory.MainLocation
	cancelled    = "cancellation" // the reason of a return
)

// undo takes back what a cancellation takes back: of the orders that the process
// finds for it, each in the way in which it can be, as it stands.
func (r *run) undo(ctx context.Context, d Document) error {
	matched := 0
	if len(d.Takings) > 0 {
		var err error
		if matched, err = r.undoTakings(ctx, d); err != nil {
			return err
		}
	}
	r.result.Cancellations.took(matched, len(d.Takings)+d.Unmatched)
	return nil
}

// undoTakings returns how many of the rows were found to undo something.
func (r *run) undoTakings(ctx context.Context, d Document) (matched int, err error) {
	if d.Customer == "" {
		for _, t := range d.Takings {
			if err := r.reader.SetAside(t, Unmatched, "there is no customer"); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	sales, err := r.Process.FindSales(ctx, r.command(d.Number), r.salesRequest(d))
	if refuses(err) {
		for _, t := range d.Takings {
			if err := r.reader.SetAside(t, Refused, fault.As(err).Error()); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for i, f := range sales.Value.Units {
		if !f.Enough {
			if err := r.reader.SetAside(d.Takings[i], Unmatched, whyUnmatched(f)); err != nil {
				return 0, err
			}
			continue
		}
		matched++
		r.reader.Account().Import(d.Takings[i])
	}
	for _, u := range sales.Value.Orders {
		if err := r.undoOne(ctx, d.Number, u); err != nil {
			return 0, fmt.Errorf("%s %s: %w", u.Way, u.Order, err)
		}
		r.undone[u.Order] += u.Units()
		r.undoing.add(d.Number, u)
		r.result.Cancellations.Ways[u.Way]++
	}
	return matched, nil
}

func (r *run) salesRequest(d Document) process.SalesRequest {
	q := process.SalesRequest{Source: d.Source, Customer: d.Customer, Currency: d.Currency, Until: d.At.UTC(), Reason: cancelled, Except: r.coming.lines}
	for _, t := range d.Takings {
		q.Units = append(q.Units, process.SoldUnits{SKU: t.SKU, Quantity: t.Quantity, UnitPrice: t.UnitPrice})
	}
	return q
}

func whyUnmatched(f process.FoundUnits) string {
	switch {
	case !f.Bought:
		return "no such sale to this customer"
	case f.Left == 0:
		return "nothing is left of what this customer bought of it"
	default:
		return fmt.Sprintf("only %d are left of what this customer bought of it", f.Left)
	}
}

// undoOne does what was found to be right when the cancellation was first taken.
func (r *run) undoOne(ctx context.Context, number string, u process.Undo) (err error) {
	by := r.command(number + ":" + u.Order)
	reason := "cancelled by " + number
	switch u.Way {
	case process.UndoCancel:
		if _, err = r.Process.Cancel(ctx, by, u.Order, reason); err == nil {
			r.coming.expect(number, u)
		}
	case process.UndoEdit:
		r.cut[u.Order] += u.Units()
		e := u.Edit()
		e.Reason = reason
		if _, err = r.Process.Edit(ctx, by, u.Order, e); err == nil {
			r.coming.expect(number, u)
		}
	case process.UndoReturn:
		var came bool
		if came, err = r.receive(ctx, number, u); err == nil && !came {
			err = fault.New(fault.Internal, "the goods can not be returned after all")
		}
	default:
		r.coming.expect(number, u)
	}
	return err
}

// receive has the units returned and received, and says whether they have arrived
// so that they could be.
func (r *run) receive(ctx context.Context, number string, u process.Undo) (bool, error) {
	e := expected{number, u}
	if _, err := r.Process.AuthoriseReturn(ctx, r.command(e.returned()), u.Order, u.Return(cancelled)); err != nil {
		if refuses(err) {
			return false, nil
		}
		return false, err
	}
	open, err := r.Process.FindReturn(ctx, u.Order)
	if fault.Is(err, fault.Conflict) { // none is open: it was received before
		return true, nil
	}
	if err != nil {
		return false, err
	}
	_, err = r.Process.ReceiveReturn(ctx, r.command(e.received()), u.Order, open.ID, shipping.Reception{})
	return err == nil, err
}

// undoings are how many units each cancellation takes back of each order. How many
// these were placed with is known when they are compared with their sales.
type undoings struct {
	of    map[string]map[string]int64 // by order and cancellation
	whole map[string]struct{}         // the cancellations that undo an order with all its units
}

func newUndoings() undoings {
	return undoings{map[string]map[string]int64{}, map[string]struct{}{}}
}

func (u *undoings) add(cancellation string, undo process.Undo) {
	if u.of[undo.Order] == nil {
		u.of[undo.Order] = map[string]int64{}
	}
	u.of[undo.Order][cancellation] += undo.Units()
}

// found says with how many units an order was placed.
func (u *undoings) found(order string, units int64) {
	for cancellation, undone := range u.of[order] {
		if undone == units {
			u.whole[cancellation] = struct{}{}
		}
	}
	delete(u.of, order)
}

// coming is what is being taken back: of parcels that have not arrived it is
// returned when they have, and what was to be cancelled or changed may turn out to
// have left. It is as much as is on its way at a time.
type coming struct {
	list  []expected
	lines map[string]map[int64]int64 // units that will be returned, by order and line
	last  time.Time                  // of the last document
}

// expected is an order of which something is being taken back.
type expected struct {
	number string // of the cancellation
	process.Undo
}

func newComing() coming { return coming{lines: map[string]map[int64]int64{}} }

func (c *coming) none() bool { return len(c.list) == 0 }

func (c *coming) units() (n int64) {
	for _, e := range c.list {
		n += e.Units()
	}
	return n
}

// of is how many units are still to come back of an order.
func (c *coming) of(id string) (n int64) {
	for _, e := range c.list {
		if e.Order == id {
			n += e.Units()
		}
	}
	return n
}

func (c *coming) expect(number string, u process.Undo) {
	c.list = append(c.list, expected{number, u})
	c.count(u, 1)
}

// count adds the units to those that will be returned of the order's lines, or
// takes them off.
func (c *coming) count(u process.Undo, sign int64) {
	if u.Way == process.UndoCancel || u.Way == process.UndoEdit {
		return // the order says so itself
	}
	of := c.lines[u.Order]
	if of == nil {
		of = map[int64]int64{}
		c.lines[u.Order] = of
	}
	for _, l := range u.Lines {
		if of[l.Line] += sign * l.Quantity; of[l.Line] == 0 {
			delete(of, l.Line)
		}
	}
	if len(of) == 0 {
		delete(c.lines, u.Order)
	}
}

// lookEvery is how often it is looked what has become of what is taken back.
const lookEvery = time.Hour

// receiveSome is receiveAll, with the first document of every hour: when that is
// depends on the file alone, and so not on how often the import was interrupted.
func (r *run) receiveSome(ctx context.Context) error {
	now := r.Clock.Now()
	same := now.Truncate(lookEvery).Equal(r.coming.last.Truncate(lookEvery))
	if r.coming.last = now; same {
		return nil
	}
	return r.receiveAll(ctx)
}

// receiveAll has everything returned that has arrived by now.
func (r *run) receiveAll(ctx context.Context) error {
	left := r.coming.list[:0]
	for _, e := range r.coming.list {
		done, err := r.settle(ctx, &e)
		if err != nil {
			return err
		}
		if done {
			r.coming.count(e.Undo, -1)
		} else {
			left = append(left, e)
		}
	}
	r.coming.list = left
	return nil
}

// settle says whether what was taken back of an order is back. An import that is
// taken up again must not act on what happened to an order later than now: it
// would be too early.
func (r *run) settle(ctx context.Context, e *expected) (done bool, err error) {
	o, err := r.Process.FindOrder(ctx, e.Order)
	if err != nil {
		return false, err
	}
	if o.UpdatedAt.After(r.Clock.Now()) {
		return r.Process.Known(ctx, r.command(e.received()).Key)
	}
	switch e.Way {
	case process.UndoCancel:
		done = o.End == order.EndCancelled
	case process.UndoEdit:
		done, err = r.isChanged(ctx, o, e.Undo)
	default:
		if o.Sums.Arrived == 0 {
			return false, nil
		}
		return r.receive(ctx, e.number, e.Undo)
	}
	if err == nil && !done && o.End == order.EndNone { // it went on its way before it could be stopped
		e.Way = process.UndoLater
		r.coming.count(e.Undo, 1)
	}
	return done, err
}

// isChanged says whether an order has lost the units that it was to lose.
func (r *run) isChanged(ctx context.Context, o order.Order, u process.Undo) (bool, error) {
	if o.End != order.EndNone {
		return false, nil
	}
	v, err := r.Process.Show(ctx, o.ID)
	if err != nil {
		return false, err
	}
	for _, l := range u.Lines {
		if v.Lines[l.Line-1].Wanted() > l.Rest {
			return false, nil
		}
	}
	return true, nil
}

// returned and received are the commands by which the units come back.
func (e expected) returned() string { return e.number + ":" + e.Order + ":return" }
func (e expected) received() string { return e.returned() + ":received" }
