package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
)

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
	Format   Format      // Online when nil
	Source   io.ReaderAt // the file, which is read several times
	Size     int64       // of the file, in bytes
	SetAside string      // where rows set aside are written as CSV; nowhere when empty
	// Stock is how much of its opening stock the shop has, 1 when nil: with less, some
	// orders find too little.
	Stock *big.Rat
	// Seed is that from which the shop's providers draw: an import is gone on with by no
	// other.
	Seed uint64
	// Horizon is for how long after its last document the shop runs on until every
	// parcel is delivered, 90 days when 0.
	Horizon  time.Duration
	Progress func(Progress) // told of each step forward, on the importer's goroutine
}

const (
	defaultHorizon = 90 * day
	day            = 24 * time.Hour
)

// MaxStock bounds Options.Stock.
const MaxStock = 10

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
	Placing    Phase = "placing"    // document by document, each at its own time
	Delivering Phase = "delivering" // what is still on its way after the last document
	Comparing  Phase = "comparing"  // each order that came of it with its sale
)

// Start returns the time of a file's first document: where the clock of a shop
// has to stand that takes the file in.
//
// Errors: invalid when there is none, and those of Format.Read.
func Start(f Format, source io.Reader) (time.Time, error) {
	r, err := f.Read(source, nil)
	if err != nil {
		return time.Time{}, err
	}
	d, err := r.Next()
	if errors.Is(err, io.EOF) {
		return time.Time{}, fault.New(fault.Invalid, "nothing of the file can become an order")
	}
	return d.At, err
}

// Run takes a file through the order process, to the door: it defines every
// article and receives the opening stock, places each sale at its own time, takes
// back what a cancellation takes back, and corrects the stock; then it lets the
// shop run until everything is delivered, and compares each order with its sale.
//
// It may be interrupted at any moment and run again with the same file and a
// Target that stands at Start: the end is the same as without the interruption,
// and no order is doubled. Running it once more changes nothing.
//
// Errors: those of Format.Read; invalid when Options.Stock is not above 0 and at
// most MaxStock; conflict when the same file was begun with another, or with another
// Options.Seed; unavailable
// when the file or the one for rows set aside can not be read or written; internal
// when what was imported and set aside is not the file, an order is not its sale,
// or other units were taken back than the cancellations say; ctx's own. What the
// process refuses is no error: it is set aside. Locked, before anything is
// done, when another import writes the file for rows set aside.
func Run(ctx context.Context, shop Target, o Options) (Result, error) {
	if o.Format == nil {
		o.Format = Online{}
	}
	o.Horizon = cmp.Or(o.Horizon, defaultHorizon)
	o.Stock = cmp.Or(o.Stock, big.NewRat(1, 1))
	if o.Stock.Sign() <= 0 || o.Stock.Cmp(big.NewRat(MaxStock, 1)) > 0 {
		return Result{}, fault.New(fault.Invalid, "the opening stock is more than 0 and at most %d times what is wanted", MaxStock)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	started := time.Now()
	aside, err := newAsideFile(o.SetAside, o.Format.Columns())
	if err != nil {
		return Result{}, err
	}
	defer aside.discard()
	r := &run{Target: shop, Options: o, aside: aside, refused: map[string]struct{}{}, cut: map[string]int64{}, undone: map[string]int64{}, undoing: newUndoings(), coming: newComing()}
	r.result.Statuses, r.result.Failures, r.result.Cancellations.Ways = map[order.Status]int{}, map[order.Failure]int{}, map[process.UndoWay]int{}
	for _, phase := range []func(context.Context) error{r.stock, r.takeAll, r.deliver, r.compareAll} {
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
	reader  Reader // of the pass in which documents are taken
	result  Result
	refused map[string]struct{} // the documents whose sales became no orders
	cut     map[string]int64    // units that were to be taken out of orders that had not left
	coming  coming              // what is taken back and has not come yet
	undone  map[string]int64    // units that cancellations take back, by order
	undoing undoings
}

// file returns the file from its beginning.
func (r *run) file() io.Reader { return io.NewSectionReader(r.Source, 0, r.Size) }

func (r *run) tell(p Phase, done, total int64) {
	r.Progress(Progress{Phase: p, Done: done, Total: total, Orders: r.result.Orders, At: r.Clock.Now()})
}

// command is a command that the importer gives once.
func (r *run) command(parts string) process.Command {
	return process.Command{By: access.Importer, Key: "import:" + r.Format.Name() + ":" + parts}
}

// takeAll takes every document, and writes down what is set aside.
func (r *run) takeAll(ctx context.Context) (err error) {
	if r.reader, err = r.Format.Read(r.file(), r.aside.Write); err != nil {
		return err
	}
	for {
		d, err := r.reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := r.take(ctx, d); err != nil {
			return fmt.Errorf("document %s: %w", d.Number, err)
		}
		r.tell(Placing, r.reader.Offset(), r.Size)
	}
	if err := r.reader.Account().Check(); err != nil {
		return err
	}
	r.result.count(r.reader.Account())
	return r.aside.keep()
}

// take takes a document at its own time. One that stands too late in the file
// finds the clock behind its time already.
func (r *run) take(ctx context.Context, d Document) error {
	at := d.At
	if now := r.Clock.Now(); at.Before(now) {
		at = now
	}
	if err := r.Runner.RunUntil(ctx, at); err != nil {
		return err
	}
	if err := r.receiveSome(ctx); err != nil {
		return err
	}
	if d.Sale != nil {
		if err := r.place(ctx, d); err != nil {
			return err
		}
	}
	if d.IsCancellation() {
		if err := r.undo(ctx, d); err != nil {
			return err
		}
	}
	return r.adjust(ctx, d)
}

// place makes an order of the sale, or sets it aside when the process does
// not accept it.
func (r *run) place(ctx context.Context, d Document) error {
	placed, err := r.Process.Place(ctx, r.command(d.Number), d.Sale.Request)
	if refuses(err) {
		r.refused[d.Number] = struct{}{}
		return r.reader.SetAside(d.Sale, Refused, why(err))
	}
	if err != nil {
		return err
	}
	r.reader.Account().Import(d.Sale)
	r.result.took(d, placed.Replayed)
	return nil
}

// adjust corrects the stock.
func (r *run) adjust(ctx context.Context, d Document) error {
	for i, a := range d.Adjustments {
		_, err := r.Process.AdjustStock(ctx, r.command(fmt.Sprintf("%s:stock:%d", d.Number, i+1)), a.SKU, mainLocation, a.Delta, a.Reason)
		if refuses(err) {
			if err := r.reader.SetAside(a, Refused, fault.As(err).Error()); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		r.reader.Account().Import(a)
		r.result.Adjustments++
	}
	return nil
}

// refuses says whether an error is the process's answer to what it was asked,
// and no failure to answer.
func refuses(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound)
}

func why(err error) string {
	if fault.Is(err, fault.Conflict) {
		return "the shop has an order of this number that is not the same: " + fault.As(err).Error()
	}
	return fault.As(err).Error()
}

// deliver lets the shop run on after the last document, day by day so that the
// progress moves.
func (r *run) deliver(ctx context.Context) error {
	start := r.Clock.Now()
	for d := day; d <= r.Horizon; d += day {
		if err := r.Runner.RunAll(ctx, start.Add(d)); err != nil {
			return err
		}
		if !r.coming.none() {
			if err := r.Runner.RunUntil(ctx, start.Add(d)); err != nil {
				return err
			}
			if err := r.receiveAll(ctx); err != nil {
				return err
			}
		}
		r.tell(Delivering, 0, 0)
	}
	return nil
}

// compareAll reads the file once more and looks every order up that it should
// have become.
func (r *run) compareAll(ctx context.Context) error {
	reader, err := r.Format.Read(r.file(), nil)
	if err != nil {
		return err
	}
	for n := int64(1); ; {
		d, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if _, refused := r.refused[d.Number]; refused || d.Sale == nil {
			continue
		}
		if err := r.compare(ctx, d); err != nil {
			return err
		}
		r.tell(Comparing, n, int64(r.result.Orders))
		n++
	}
	return r.compareOthers(ctx)
}

// compare counts what became of a sale's order.
func (r *run) compare(ctx context.Context, d Document) error {
	ref := d.Sale.Request.Reference
	o, err := r.Process.FindOrder(ctx, ref.Source+"/"+ref.Number)
	if err != nil {
		return fmt.Errorf("find the sale %s: %w", d.Number, err)
	}
	want, ok := d.Sale.Totals, o.Totals == d.Sale.Totals
	if _, cut := r.cut[o.ID]; cut && !ok {
		ok = o.Items < want.Items && o.Discount <= want.Discount && o.Shipping <= want.Shipping
	}
	if !ok {
		return fault.New(fault.Internal, "order %s is not the sale %s: %+v, want %+v", o.ID, d.Number, o.Totals, want)
	}
	r.result.found(o)
	return r.compareUndone(o, want.Total, unitsOf(d.Sale.Request))
}

func unitsOf(q order.Request) (units int64) {
	for _, l := range q.Lines {
		units += l.Quantity
	}
	return units
}

// compareUndone holds what came back of an order, or never left, against what the
// cancellations took back; the cancellations of another file may have taken more.
func (r *run) compareUndone(o order.Order, total, units int64) error {
	back := units - o.Sums.Units + o.Sums.Returned
	if o.End == order.EndCancelled {
		back = units
	}
	if want := r.undone[o.ID] - r.coming.of(o.ID); back < want {
		return fault.New(fault.Internal, "%d units of order %s were taken back, the cancellations say %d", back, o.ID, want)
	}
	delete(r.undone, o.ID)
	r.undoing.found(o.ID, units)
	if o.End != order.EndFailed {
		b := r.result.balance(o.Currency)
		b.GivenBack = b.GivenBack.Add(sumOf(total-charged(o), o.Currency))
	}
	return nil
}

// compareOthers does the same with what was taken back of orders that another file
// has brought: at how much they were placed is what they say themselves.
func (r *run) compareOthers(ctx context.Context) error {
	r.result.Cancellations.Outstanding = r.coming.units()
	for _, id := range slices.Sorted(maps.Keys(r.undone)) {
		o, err := r.Process.FindOrder(ctx, id)
		if err != nil {
			return err
		}
		if err := r.compareUndone(o, o.Total, o.Sums.Units+r.cut[id]); err != nil {
			return err
		}
	}
	c := &r.result.Cancellations
	c.Whole = len(r.undoing.whole)
	c.Part = c.EveryRow + c.SomeRows - c.Whole
	return nil
}
