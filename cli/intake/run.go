package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// Intake carries out commands on a shop.
type Intake struct {
	Process *process.Process
	By      access.Actor
	// Concurrency is how many commands are under way at once, 64 when 0. Two
	// commands that are under way at once may be carried out in either order:
	// who needs one before the other waits for its result.
	Concurrency int
}

const defaultConcurrency = 64

// Run reads commands from in until its end or until ctx ends, and writes a
// result for each to out as soon as it is durable. What is under way when ctx
// ends is finished and answered; a line that was not begun is not.
//
// Errors: those of reading and writing.
func (n *Intake) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := make(chan line)
	stop := make(chan struct{})
	defer close(stop)
	go read(in, lines, stop) // in may block for good: it is left behind then

	results := &results{out: json.NewEncoder(out)}
	room := make(chan struct{}, max(n.Concurrency, 0))
	if n.Concurrency <= 0 {
		room = make(chan struct{}, defaultConcurrency)
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		select {
		case <-ctx.Done():
			busy.Wait()
			return results.error()
		case l, more := <-lines:
			if !more || l.err != nil {
				busy.Wait()
				return errors.Join(results.error(), l.err)
			}
			room <- struct{}{}
			busy.Go(func() {
				defer func() { <-room }()
				results.write(n.one(context.WithoutCancel(ctx), l))
			})
		}
		if err := results.error(); err != nil {
			return err
		}
	}
}

// line is one line of the input.
type line struct {
	n       int64
	text    []byte
	tooLong bool
	err     error // of reading: there are no more lines
}

// read sends the lines of in that are not empty.
func read(in io.Reader, lines chan<- line, stop <-chan struct{}) {
	defer close(lines)
	r := bufio.NewReaderSize(in, 64<<10)
	for n := int64(1); ; n++ {
		l, err := readLine(r)
		l.n = n
		if len(bytes.TrimSpace(l.text)) > 0 || l.tooLong {
			select {
			case lines <- l:
			case <-stop:
				return
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			select {
			case lines <- line{n: n, err: fault.New(fault.Unavailable, "the commands can not be read: %w", err)}:
			case <-stop:
			}
			return
		}
	}
}

// readLine reads up to the end of a line. Of one that is too long nothing is
// kept.
func readLine(r *bufio.Reader) (l line, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !l.tooLong {
			l.text = append(l.text, part...)
		}
		if len(l.text) > MaxLine+1 { // its end is not counted
			l = line{tooLong: true}
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l, err
		}
	}
}

// results writes one line after the other.
type results struct {
	mu  sync.Mutex
	out *json.Encoder
	err error
}

func (r *results) write(v Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Encode(v); err != nil && r.err == nil {
		r.err = fault.New(fault.Unavailable, "the results can not be written: %w", err)
	}
}

func (r *results) error() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// one carries out a line.
func (n *Intake) one(ctx context.Context, l line) Result {
	var c Command
	err := error(fault.New(fault.Invalid, "the line is longer than %d bytes", MaxLine))
	if !l.tooLong {
		c, err = Parse(l.text)
	}
	r := Result{}
	if err == nil {
		r, err = n.do(ctx, c)
	}
	if err != nil {
		r = refusal(err)
	}
	r.Key, r.Line, r.OK = c.Key, l.n, err == nil
	return r
}

// refusal is an error as a result. What has no code is shown opaque.
func refusal(err error) Result {
	if e := fault.As(err); e != nil {
		return Result{Code: e.Code, Message: e.Message, Fields: e.Fields}
	}
	return Result{Code: fault.Internal, Message: "something went wrong that should not have"}
}

func (n *Intake) do(ctx context.Context, c Command) (Result, error) {
	by := process.Command{By: n.By, Key: c.Key}
	switch c.Do {
	case Place:
		r, err := n.Process.Place(ctx, by, *c.Request)
		return Result{Status: string(r.Value.Order.Status), Order: r.Value.Order.ID, Replayed: r.Replayed}, err
	case Receive, Count:
		return n.stock(ctx, by, c)
	case Ticket:
		return n.ticket(ctx, by, c)
	case Resolve:
		r, err := n.Process.SolveTicket(ctx, by, c.Ticket, c.Body)
		return Result{Status: string(r.Value.Status), Order: r.Value.Order, Ticket: r.Value.ID, Replayed: r.Replayed}, err
	case HandOver, Delivered, Lost, Found, Reship:
		return n.parcel(ctx, by, c)
	case ReceiveReturn, CancelReturn:
		return n.comingBack(ctx, by, c)
	default:
		return n.change(ctx, by, c)
	}
}

// stock does what is about the stock of one SKU at a location.
func (n *Intake) stock(ctx context.Context, by process.Command, c Command) (Result, error) {
	at := cmp.Or(c.Location, inventory.MainLocation)
	if c.Do == Count {
		r, err := n.Process.CountStock(ctx, by, []inventory.Count{{SKU: c.SKU, Location: at, Quantity: c.Quantity}}, c.Reason)
		return Result{Status: "counted", Replayed: r.Replayed}, err
	}
	r, err := n.Process.ReceiveStock(ctx, by, c.SKU, at, c.Quantity)
	return Result{Status: "received", Replayed: r.Replayed}, err
}

// ticket opens one, about an order or about none.
func (n *Intake) ticket(ctx context.Context, by process.Command, c Command) (Result, error) {
	q := process.TicketRequest{Request: support.Request{Category: c.Category, Body: c.Body, Lines: c.Lines}, ShipTo: c.ShipTo}
	if c.Order != "" {
		o, err := n.Process.FindOrder(ctx, c.Order)
		if err != nil {
			return Result{}, err
		}
		q.Order = o.ID
	}
	r, err := n.Process.OpenTicket(ctx, by, q)
	return Result{Status: string(r.Value.Status), Order: q.Order, Ticket: r.Value.ID, Replayed: r.Replayed}, err
}

// change does what changes an order that is there.
func (n *Intake) change(ctx context.Context, by process.Command, c Command) (Result, error) {
	o, err := n.Process.FindOrder(ctx, c.Order)
	if err != nil {
		return Result{}, err
	}
	switch c.Do {
	case Cancel:
		return changed(n.Process.Cancel(ctx, by, o.ID, c.Reason))
	case Hold:
		return changed(n.Process.Hold(ctx, by, o.ID, c.Reason, c.Text))
	case Release:
		return changed(n.Process.Release(ctx, by, o.ID))
	case RecordVoid:
		return changed(n.Process.RecordVoid(ctx, by, o.ID, c.Reference))
	case Refund:
		r, err := n.Process.Refund(ctx, by, o.ID, c.credit())
		return changed(process.Result[order.Order]{Value: r.Value.Order, Replayed: r.Replayed}, err)
	case Return:
		r, err := n.Process.AuthoriseReturn(ctx, by, o.ID, shipping.ReturnRequest{Reason: c.Reason})
		return changed(process.Result[order.Order]{Value: r.Value.Order, Replayed: r.Replayed}, err)
	case Edit:
		var change order.Edit
		if c.Change != nil {
			change = *c.Change
		}
		return changed(n.Process.Edit(ctx, by, o.ID, change))
	case Exchange:
		return n.exchange(ctx, by, o.ID, c)
	case FailRefund:
		return changed(n.Process.FailRefund(ctx, by, o.ID, c.Refund))
	case WithdrawRefund:
		return changed(n.Process.WithdrawRefund(ctx, by, o.ID, c.Refund))
	case RecordRefund:
		return n.recordRefund(ctx, by, o.ID, c)
	default:
		return changed(n.Process.RecordPayment(ctx, by, o.ID, c.record(o.Total)))
	}
}

// exchange takes all of an order back for one SKU.
func (n *Intake) exchange(ctx context.Context, by process.Command, id string, c Command) (Result, error) {
	q := process.ExchangeRequest{Return: shipping.ReturnRequest{Reason: c.Reason}, Lines: []order.LineRequest{{SKU: c.SKU, Quantity: c.Quantity}}}
	r, err := n.Process.Exchange(ctx, by, id, q)
	return Result{Status: string(r.Value.New.Status), Order: r.Value.New.ID, Replayed: r.Replayed}, err
}

func (n *Intake) recordRefund(ctx context.Context, by process.Command, id string, c Command) (Result, error) {
	o, err := n.Process.Show(ctx, id)
	if err != nil {
		return Result{}, err
	}
	var owed int64
	for _, f := range o.Refunds {
		if f.ID == c.Refund {
			owed = f.Amount
		}
	}
	return changed(n.Process.RecordRefund(ctx, by, id, c.Refund, c.record(owed)))
}

// parcel does what is about one shipment.
func (n *Intake) parcel(ctx context.Context, by process.Command, c Command) (Result, error) {
	orderID, shipmentID, err := n.Process.FindShipment(ctx, c.Shipment)
	if err != nil {
		return Result{}, err
	}
	switch c.Do {
	case Delivered:
		return changed(n.Process.MarkDelivered(ctx, by, orderID, shipmentID))
	case Lost:
		return changed(n.Process.ReportMishap(ctx, by, orderID, shipmentID, shipping.Lost))
	case Found:
		return changed(n.Process.MarkFound(ctx, by, orderID, shipmentID))
	case Reship:
		return changed(n.Process.Reship(ctx, by, orderID, shipmentID))
	default:
		return changed(n.Process.HandOver(ctx, by, orderID, shipmentID, shipping.HandOver{TrackingNumber: c.TrackingNumber}))
	}
}

// comingBack does what is about one return.
func (n *Intake) comingBack(ctx context.Context, by process.Command, c Command) (Result, error) {
	r, err := n.Process.FindReturn(ctx, c.Returning)
	if err != nil {
		return Result{}, err
	}
	if c.Do == CancelReturn {
		return changed(n.Process.CancelReturn(ctx, by, r.Order, r.ID))
	}
	return changed(n.Process.ReceiveReturn(ctx, by, r.Order, r.ID, shipping.Reception{Location: c.Location}))
}

// credit is what the command has given back: an amount, or all that is left.
func (c Command) credit() order.CreditRequest {
	q := order.CreditRequest{All: c.Amount == nil, Reason: c.Reason}
	if c.Amount != nil {
		q.Amount = *c.Amount
	}
	return q
}

// record is what the command says of money that moved elsewhere: all that is
// owed unless it names another amount.
func (c Command) record(owed int64) payment.Record {
	if c.Amount != nil {
		owed = *c.Amount
	}
	return payment.Record{Reference: c.Reference, Amount: owed}
}

// changed is how an order stands as a result.
func changed(r process.Result[order.Order], err error) (Result, error) {
	return Result{Status: string(r.Value.Status), Order: r.Value.ID, Replayed: r.Replayed}, err
}
