package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
)

// OnlineRetail names the format, and is the source in the reference of each
// order that comes from it.
const OnlineRetail = "online-retail"

// Target is an open shop on virtual time that takes a history in.
//
// Its clock stands at Start of the same file, or later: also when an import
// that was interrupted is taken up again. What was done before is then
// recognised by its command keys while the clock passes by, and what was in
// hand goes on at the time at which it was due.
type Target struct {
	Process *process.Process
	Clock   Clock
	Runner  Runner
}

// Clock tells shop time.
type Clock interface{ Now() time.Time }

// Runner runs the process on virtual time.
type Runner interface {
	// RunUntil does everything that falls due up to t and leaves the clock at t.
	RunUntil(ctx context.Context, t time.Time) error
	// RunAll does everything up to the horizon and leaves the clock where the last
	// thing was done.
	RunAll(ctx context.Context, horizon time.Time) error
}

// Options says what is imported. The zero value of everything but Source and
// Size is usable.
type Options struct {
	Source   io.ReaderAt // the file, which is read three times
	Size     int64       // of the file, in bytes
	SetAside string      // where rows set aside are written as CSV; nowhere when empty
	// Horizon is for how long after its last invoice the shop runs on until every
	// parcel is delivered, 90 days when 0.
	Horizon  time.Duration
	Progress func(Progress) // told of each step forward, on the importer's goroutine
}

const (
	defaultHorizon = 90 * day
	day            = 24 * time.Hour
)

// Progress is how far an import has come.
type Progress struct {
	Phase  Phase
	Done   int64     // of Total: articles while stocking, bytes of the file while placing, else orders
	Total  int64     // 0 where it is not known
	Orders int       // placed so far, those of an earlier run included
	At     time.Time // shop time
}

// Phase is what an import is doing.
type Phase string

// The phases, in their order.
const (
	Stocking   Phase = "stocking"   // the catalogue and the opening stock
	Placing    Phase = "placing"    // invoice by invoice, each at its own time
	Delivering Phase = "delivering" // what is still on its way after the last invoice
	Comparing  Phase = "comparing"  // each order that came of it with its invoice
)

// Start returns the time of a file's first invoice: where the clock of a shop
// has to stand that takes the file in.
//
// Errors: invalid when there is no invoice, and those of NewReader.
func Start(source io.Reader) (time.Time, error) {
	r, err := NewReader(source, nil)
	if err != nil {
		return time.Time{}, err
	}
	inv, err := r.Next()
	if errors.Is(err, io.EOF) {
		return time.Time{}, fault.New(fault.Invalid, "no invoice of the file can become an order")
	}
	return inv.At, err
}

// Run takes a file of the online-retail format through the order process, to
// the door: it defines every article and receives the stock that covers the
// demand, places each invoice of goods at its own time, lets the shop run until
// everything is delivered, and compares each order with its invoice.
//
// It may be interrupted at any moment and run again with the same file and a
// Target that stands at Start: the end is the same as without the interruption,
// and no order is doubled. Running it once more changes nothing.
//
// Errors: those of NewReader; unavailable when the file or the one for rows set
// aside can not be read or written; internal when what was imported and set
// aside is not the file, or an order is not its invoice; ctx's own. What the
// process refuses is no error: it is set aside. Locked, before anything is
// done, when another import writes the file for rows set aside.
func Run(ctx context.Context, shop Target, o Options) (Result, error) {
	if o.Horizon == 0 {
		o.Horizon = defaultHorizon
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	started := time.Now()
	aside, err := newAsideFile(o.SetAside)
	if err != nil {
		return Result{}, err
	}
	defer aside.discard()
	r := &run{Target: shop, Options: o, aside: aside, refused: map[string]struct{}{}}
	for _, phase := range []func(context.Context) error{r.stock, r.placeAll, r.deliver, r.compareAll} {
		if err := phase(ctx); err != nil {
			return Result{}, err
		}
	}
	r.result.Took = time.Since(started)
	return r.result, nil
}

// run is one import under way.
type run struct {
	Target
	Options
	aside   *asideFile
	result  Result
	refused map[string]struct{} // the invoices that became no orders
}

// file returns the file from its beginning.
func (r *run) file() io.Reader { return io.NewSectionReader(r.Source, 0, r.Size) }

func (r *run) tell(p Phase, done, total int64) {
	r.Progress(Progress{Phase: p, Done: done, Total: total, Orders: r.result.Orders, At: r.Clock.Now()})
}

// command is a command that the importer gives once.
func command(parts string) process.Command {
	return process.Command{By: access.Importer, Key: "import:" + OnlineRetail + ":" + parts}
}

// placeAll places every invoice, and writes down what is set aside.
func (r *run) placeAll(ctx context.Context) error {
	reader, err := NewReader(r.file(), r.aside.Write)
	if err != nil {
		return err
	}
	if err := r.placeEach(ctx, reader); err != nil {
		return err
	}
	if err := reader.Account().Check(); err != nil {
		return err
	}
	r.result.count(reader.Account())
	return r.aside.keep()
}

func (r *run) placeEach(ctx context.Context, reader *Reader) error {
	for {
		inv, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.advance(ctx, inv.At); err != nil {
			return err
		}
		if err := r.place(ctx, reader, inv); err != nil {
			return err
		}
		r.tell(Placing, reader.Offset(), r.Size)
	}
}

// advance lets the shop run up to t. An invoice that stands too late in the
// file finds the clock behind its time already.
func (r *run) advance(ctx context.Context, t time.Time) error {
	if now := r.Clock.Now(); t.Before(now) {
		t = now
	}
	return r.Runner.RunUntil(ctx, t)
}

// place makes an order of the invoice, or sets it aside when the process does
// not accept it.
func (r *run) place(ctx context.Context, reader *Reader, inv Invoice) error {
	placed, err := r.Process.Place(ctx, command(inv.Number), inv.request())
	if refuses(err) {
		r.refused[inv.Number] = struct{}{}
		return reader.Refuse(inv, why(err))
	}
	if err != nil {
		return fmt.Errorf("place invoice %s: %w", inv.Number, err)
	}
	reader.Account().Import(inv)
	r.result.took(inv, placed.Replayed)
	return nil
}

// refuses says whether an error is the process's answer to what it was asked,
// and no failure to answer.
func refuses(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict)
}

func why(err error) string {
	if fault.Is(err, fault.Conflict) {
		return "the shop has an order of this number that is not the same: " + fault.As(err).Error()
	}
	return fault.As(err).Error()
}

// deliver lets the shop run on after the last invoice, day by day so that the
// progress moves.
func (r *run) deliver(ctx context.Context) error {
	start := r.Clock.Now()
	for d := day; d <= r.Horizon; d += day {
		if err := r.Runner.RunAll(ctx, start.Add(d)); err != nil {
			return err
		}
		r.tell(Delivering, 0, 0)
	}
	return nil
}

// compareAll reads the file once more and looks every order up that it should
// have become.
func (r *run) compareAll(ctx context.Context) error {
	reader, err := NewReader(r.file(), nil)
	if err != nil {
		return err
	}
	for n := int64(1); ; n++ {
		inv, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, refused := r.refused[inv.Number]; refused {
			continue
		}
		if err := r.compare(ctx, inv); err != nil {
			return err
		}
		r.tell(Comparing, n, int64(r.result.Orders))
	}
}

// compare counts what became of an invoice's order.
func (r *run) compare(ctx context.Context, inv Invoice) error {
	o, err := r.Process.FindOrder(ctx, OnlineRetail+"/"+inv.Number)
	if err != nil {
		return fmt.Errorf("find invoice %s: %w", inv.Number, err)
	}
	want := order.Totals{Items: inv.Value + inv.Discount - inv.Shipping, Discount: inv.Discount, Shipping: inv.Shipping, Total: inv.Value}
	if o.Totals != want {
		return fault.New(fault.Internal, "order %s is not invoice %s: %+v, want %+v", o.ID, inv.Number, o.Totals, want)
	}
	r.result.found(o)
	return nil
}
