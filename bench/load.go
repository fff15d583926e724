package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
)

// Run is what a run of the whole process came to.
type Run struct {
	Callers    int     `json:"callers"`
	Orders     int     `json:"orders"`
	OutOfStock int     `json:"out_of_stock"` // of the orders
	Rate       float64 `json:"orders_per_second"`
	Placed     Times   `json:"placement_ms"` // from the request to its durable answer
	Whole      Times   `json:"whole_ms"`     // from the request until the parcel has left, durably; of orders that were not out of stock
	Memory     int64   `json:"peak_memory_bytes"`
	Bytes      int64   `json:"bytes_per_order"`
	Commits    float64 `json:"commits_per_order"`
	Statements float64 `json:"statements_per_order"`
	Repeats    int64   `json:"repeats"` // groups of transactions that had to be run again
}

// Times are quantiles of durations, in milliseconds, right to 1 %.
type Times struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func timesOf(d *insight.Distribution) Times {
	at := func(q float64) float64 { return float64(d.Quantile(q).Microseconds()) / 1000 }
	return Times{at(0.5), at(0.99)}
}

// Paced is what the placement of orders took that came at a steady rate.
type Paced struct {
	Rate   float64 `json:"orders_per_second"` // at which they came
	Orders int     `json:"orders"`
	Placed Times   `json:"placement_ms"` // from when each was to come
	Memory int64   `json:"peak_memory_bytes"`
}

// load is a shop under load.
type load struct {
	Shop
	put     Place // how orders are placed
	shipped shipped
	earlier []db.RawTable // what was there before the run
	running bool
	served  func() error // ends what was served, nil when nothing is
}

// articles is how many SKUs there are, each with more stock than any run wants.
const articles = 1000

// location is where the stock lies.
const location = "main"

func sku(i int) string { return fmt.Sprintf("SKU-%04d", i%articles) }

// open opens a shop with stock, and sets its runner to work.
func (m *measure) open(ctx context.Context) (*load, error) {
	s := &load{shipped: shipped{of: map[string]chan struct{}{}}}
	var err error
	if s.Shop, err = m.Open(ctx, s.shipped.fired); err != nil {
		return nil, err
	}
	if err = s.prepare(ctx); err == nil {
		err = s.through(ctx, m.overHTTP)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// through has orders placed by the use case itself, or over HTTP.
func (s *load) through(ctx context.Context, overHTTP bool) (err error) {
	if overHTTP {
		s.put, s.served, err = s.Serve(ctx)
		return err
	}
	s.put = func(ctx context.Context, key string, q order.Request) (order.Order, error) {
		placed, err := s.Process.Place(ctx, process.Command{By: access.Customer, Key: key}, q)
		return placed.Value.Order, err
	}
	return nil
}

// end closes the shop, and what is served before it.
func (s *load) end() error {
	if s.served == nil {
		return s.Close()
	}
	return errors.Join(s.served(), s.Close())
}

func (s *load) prepare(ctx context.Context) error {
	by := process.Command{By: access.Operator}
	if _, err := s.Process.SetLocation(ctx, by, inventory.Location{ID: location, Name: "Made up", Country: "GB"}); err != nil {
		return err
	}
	if err := inParallel(ctx, articles, Usual, func(i int) error { return s.stock(ctx, sku(i), 1_000_000) }); err != nil {
		return err
	}
	var err error
	if s.earlier, err = s.DB.RawRows(ctx); err != nil {
		return err
	}
	return s.start(ctx)
}

// start sets the shop to work, and has what happens counted, as one that is served.
func (s *load) start(ctx context.Context) error {
	s.running = true
	s.Figures.Start(ctx)
	return s.Runner.Start(ctx)
}

func (s *load) stock(ctx context.Context, code string, quantity int64) error {
	by := process.Command{By: access.Operator}
	if _, err := s.Process.DefineSKU(ctx, by, inventory.SKU{Code: code, Name: "Made up " + code, Currency: "GBP", Price: 1295, Weight: 250}); err != nil {
		return err
	}
	_, err := s.Process.ReceiveStock(ctx, by, code, location, quantity)
	return err
}

// stop lets what is in hand come to its end.
func (s *load) stop() {
	if s.running {
		s.Runner.Stop()
		s.Figures.Stop()
		s.running = false
	}
}

// written returns the rows that were written since the shop was prepared, but for the figures:
// they are sums, and no order's.
func (s *load) written(ctx context.Context) ([]db.RawTable, error) {
	now, err := s.DB.RawRows(ctx)
	now = slices.DeleteFunc(now, func(t db.RawTable) bool { return strings.HasPrefix(t.Name, "figures") })
	return db.Without(now, s.earlier), err
}

// the one SKU that everyone wants.
const wanted = "WANTED"

func (s *load) scarce(ctx context.Context, quantity int64) error {
	return s.stock(ctx, wanted, quantity)
}

// soldOut says whether nothing is left of the one SKU, and nothing is reserved.
func (s *load) soldOut(ctx context.Context) error {
	levels, err := db.View(ctx, s.DB, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, wanted, wanted) })
	if err == nil && (len(levels) != 1 || levels[0].OnHand != 0 || levels[0].Reserved != 0) {
		err = fault.New(fault.Internal, "all was sold, and the stock is %+v", levels)
	}
	return err
}

// lines are what an order is of.
type lines = []order.LineRequest

// basket is of one to three articles, so that an order has two lines on average.
func basket(n int) lines {
	q := make(lines, 1+n%3)
	for i := range q {
		q[i] = order.LineRequest{SKU: sku(n*7 + i*331), Quantity: int64(1 + (n+i)%2)}
	}
	return q
}

// theOne is one of the SKU that everyone wants.
func theOne(int) lines { return lines{{SKU: wanted, Quantity: 1}} }

// source is where the orders come from.
const source = "bench"

// place places order number n, as a shop's checkout does: with a reference and
// under a key.
func (s *load) place(ctx context.Context, n int, of lines) (order.Order, error) {
	return s.put(ctx, fmt.Sprintf("bench-%d", n), order.Request{
		Reference: order.Reference{Source: source, Number: fmt.Sprint(n)},
		Customer:  order.CustomerRequest{ID: fmt.Sprintf("c-%d", n%5000), Name: "Made Up", Mail: "made.up@example.com"},
		Currency:  "GBP", PricesIncludeTax: true, Lines: of,
		Shipping: order.ShippingRequest{Price: 395},
		ShipTo:   order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", PostalCode: "SA1 1AA", Country: "GB"},
	})
}

// run has callers place n orders, which are numbered from the first, each of whom
// waits until theirs has left before they place the next.
func (s *load) run(ctx context.Context, first, n, callers int, of func(int) lines) (Run, error) {
	forgetPeak()
	before := s.DB.Stats()
	size, err := s.DB.Size(ctx)
	if err != nil {
		return Run{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	t := &times{}
	start := time.Now()
	if err := inParallel(ctx, n, callers, func(i int) error { return s.follow(ctx, first+i, of(i), t) }); err != nil {
		return Run{}, err
	}
	took := time.Since(start)
	after := s.DB.Stats()
	grown, err := s.DB.Size(ctx)
	each := func(v int64) float64 { return float64(v) / float64(n) }
	return Run{
		Callers: callers, Orders: n, OutOfStock: t.none, Rate: float64(n) / took.Seconds(),
		Placed: timesOf(&t.placed), Whole: timesOf(&t.whole), Memory: peak(), Bytes: (grown - size) / int64(n),
		Commits: each(after.Commits - before.Commits), Statements: each(after.Statements - before.Statements), Repeats: after.Repeats - before.Repeats,
	}, err
}

// longest bounds a run.
const longest = 2 * time.Hour

// times are those of a run's orders.
type times struct {
	mu            sync.Mutex
	placed, whole insight.Distribution // of bounded size: they are no memory of the process
	none          int                  // out of stock
}

// follow places an order and waits until its parcel has left.
func (s *load) follow(ctx context.Context, n int, of lines, t *times) error {
	start := time.Now()
	placed, err := s.place(ctx, n, of)
	if err != nil {
		return err
	}
	took := time.Since(start)
	failed := placed.Status == order.Failed
	if !failed {
		if err := s.shipped.wait(ctx, placed.ID); err != nil {
			return err
		}
	}
	whole := time.Since(start)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.placed.Add(took)
	if failed {
		t.none++
		return nil
	}
	t.whole.Add(whole)
	return nil
}

// paced places orders that come at a steady rate, whether those before have been
// answered or not. What one waits because of others counts as its own time.
func (s *load) paced(ctx context.Context, rate float64, d time.Duration) (Paced, error) {
	n := max(1, int(rate*d.Seconds()))
	t := &times{}
	forgetPeak()
	start := time.Now()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		due := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if err := until(ctx, due); err != nil {
			return Paced{}, err
		}
		wg.Go(func() {
			_, err := s.place(ctx, i, basket(i))
			took := time.Since(due)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.placed.Add(took)
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return Paced{}, err
		}
	}
	s.stop()
	return Paced{Rate: rate, Orders: n, Placed: timesOf(&t.placed), Memory: peak()}, nil
}

// until waits for a time of the machine's clock.
func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// inParallel does n things on so many goroutines, up to the first error.
func inParallel(ctx context.Context, n, callers int, do func(int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					stop(err)
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// shipped tells those who wait for it that an order's parcel has left.
type shipped struct {
	mu    sync.Mutex
	of    map[string]chan struct{} // closed when it has
	first time.Time                // when the first row fired
}

// fired hears of the step that follows a parcel which has left, once or more often.
func (s *shipped) fired(step process.Step, owner string) func() {
	s.mu.Lock()
	if s.first.IsZero() {
		s.first = time.Now()
	}
	s.mu.Unlock()
	if step != process.StepTrack {
		return nil
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case <-s.channel(owner):
		default:
			close(s.channel(owner))
		}
	}
}

// channel returns an order's channel. The lock is held.
func (s *shipped) channel(id string) chan struct{} {
	if s.of[id] == nil {
		s.of[id] = make(chan struct{})
	}
	return s.of[id]
}

func (s *shipped) wait(ctx context.Context, id string) error {
	s.mu.Lock()
	c := s.channel(id)
	s.mu.Unlock()
	select {
	case <-c:
	case <-ctx.Done():
		return fmt.Errorf("order %s has not left: %w", id, ctx.Err())
	}
	return nil
}

// firstAfter waits until a row has fired since the first was forgotten, and says
// when it did.
func (s *shipped) firstAfter(ctx context.Context) (time.Time, error) {
	for tick := time.NewTicker(time.Millisecond); ; {
		s.mu.Lock()
		first := s.first
		s.mu.Unlock()
		if !first.IsZero() {
			tick.Stop()
			return first, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return first, fmt.Errorf("no step was begun: %w", ctx.Err())
		}
	}
}

// forget forgets all orders, and when the first row fired.
func (s *shipped) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of, s.first = map[string]chan struct{}{}, time.Time{}
}

func told(what string, n int) string {
	if n == 0 {
		return what
	}
	return fmt.Sprintf("%s %d", what, n)
}
