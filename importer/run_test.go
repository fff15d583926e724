package importer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"doorstep"
	"doorstep/access"
	"doorstep/clock"
	"doorstep/fault"
	"doorstep/importer"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/verify"
)

// place is where a shop is kept, so that it can be opened again and again.
type place struct{ url, outside string }

func newPlace(t testing.TB, engine string) place {
	t.Helper()
	return place{dbtest.URL(t, engine), t.TempDir()}
}

// run imports the file into the shop at p, which must go well.
func (p place) run(t testing.TB, file []byte, o importer.Options) importer.Result {
	t.Helper()
	got, err := p.try(t.Context(), t, file, o, nil)
	must(t, err)
	return got
}

// try opens the shop with its clock at the start of the file, imports the file
// and closes the shop. It tells done of each step of the process.
func (p place) try(ctx context.Context, t testing.TB, file []byte, o importer.Options, done func(string, time.Duration)) (importer.Result, error) {
	t.Helper()
	if o.Format == nil {
		o.Format = importer.Online{}
	}
	start, err := importer.Start(o.Format, bytes.NewReader(file))
	must(t, err)
	clk := clock.NewVirtual(start)
	s, err := doorstep.Open(context.WithoutCancel(ctx), doorstep.Config{DB: p.url, Outside: p.outside, Virtual: clk, Seed: 7,
		Gateway: gateway.Config{LatencyMin: time.Minute, LatencyMax: time.Hour}, Done: done})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	o.Source, o.Size = bytes.NewReader(file), int64(len(file))
	return importer.Run(ctx, importer.Target{Process: s.Process, Clock: clk, Runner: s.Virtual}, o)
}

// digest is that of everything which an import leaves behind and which must not
// depend on whether it was interrupted, nor on the engine.
func (p place) digest(t testing.TB) verify.StateDigest {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: p.url, ReadOnly: true})
	must(t, err)
	defer d.Close()
	got, err := verify.Digest(t.Context(), d, verify.Options{})
	must(t, err)
	return got
}

// sameState compares what two imports came to.
func sameState(t *testing.T, want, got place) {
	t.Helper()
	if diff := cmp.Diff(want.digest(t), got.digest(t)); diff != "" {
		t.Errorf("the state differs (-want +got):\n%s", diff)
	}
}

// state is what an import leaves behind of orders and stock.
type state struct {
	Orders []order.Order
	Lines  map[string][]order.Line
	Levels []inventory.Level
	SKUs   []inventory.SKU
	Counts map[order.Status]int64
}

// state reads what the shop at p has come to.
func (p place) state(t testing.TB) state {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: p.url, ReadOnly: true})
	must(t, err)
	defer d.Close()
	got, err := db.View(t.Context(), d, func(r db.Reader) (s state, err error) {
		if s.Orders, err = order.Page(r, "", 1_000_000); err != nil {
			return s, err
		}
		if s.Lines, err = order.LinesRange(r, "", "~"); err != nil {
			return s, err
		}
		if s.SKUs, err = inventory.Page(r, "", 1_000_000); err != nil {
			return s, err
		}
		if s.Counts, err = order.Counts(r); err != nil {
			return s, err
		}
		s.Levels, err = inventory.Levels(r, "", "~")
		return s, err
	})
	must(t, err)
	return got
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sample(t testing.TB) []byte {
	t.Helper()
	file, err := os.ReadFile(samplePath)
	must(t, err)
	return file
}

// checkBooks runs verify on the shop at p.
func (p place) checkBooks(t testing.TB) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: p.url, ReadOnly: true})
	must(t, err)
	defer d.Close()
	found, err := verify.Run(t.Context(), d, verify.Options{})
	must(t, err)
	for _, v := range found.Violations {
		t.Error(v)
	}
}

func TestASampleGoesToTheDoorOnceOnly(t *testing.T) {
	t.Parallel()
	file := sample(t)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p := newPlace(t, engine)
		aside := filepath.Join(t.TempDir(), "aside.csv")
		first := p.run(t, file, importer.Options{SetAside: aside})
		checkDelivered(t, p, file, first)
		golden(t, "testdata/aside.golden.csv", read(t, aside))
		before := p.digest(t)

		second := p.run(t, file, importer.Options{SetAside: aside})
		if second.Replayed != first.Orders {
			t.Errorf("%d of %d orders were recognised", second.Replayed, first.Orders)
		}
		second.Replayed, second.Took, first.Took = 0, 0, 0
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("the second result differs (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(before, p.digest(t)); diff != "" {
			t.Errorf("the state differs (-first +second):\n%s", diff)
		}
		golden(t, "testdata/aside.golden.csv", read(t, aside))
	})
}

func checkDelivered(t *testing.T, p place, file []byte, got importer.Result) {
	t.Helper()
	want := readAll(t, bytes.NewReader(file))
	if sales := len(want.sales()); got.Orders != sales || got.Statuses[order.Delivered]+got.Statuses[order.Returned]+got.Statuses[order.Cancelled] != sales || got.Replayed != 0 {
		t.Errorf("%d orders of %d sales: %v", got.Orders, sales, got.Statuses)
	}
	b := got.Balance(importer.Currency)
	if set := sumOf(b.SetAside); set.Rows+b.Imported.Rows != b.File.Rows || !set.Net().Add(b.Imported.Net()).Equal(b.File.Net()) {
		t.Errorf("%+v and %+v are not %+v", b.Imported, set, b.File)
	}
	if diff := cmp.Diff(want.account.File(importer.Currency), b.File); diff != "" {
		t.Errorf("the file differs (-want +got):\n%s", diff)
	}
	p.checkBooks(t)
	left := p.state(t)
	if len(left.Orders) != got.Orders || len(left.Lines) != got.Orders || len(left.SKUs) != got.Articles || len(left.Levels) != got.Articles {
		t.Errorf("%d orders, %d with lines, %d SKUs and %d levels for %d articles",
			len(left.Orders), len(left.Lines), len(left.SKUs), len(left.Levels), got.Articles)
	}
	p.checkLevels(t, want, left)
}

// checkLevels looks whether what is on hand at the end is what came back and was
// found: all the rest was sold or written off.
func (p place) checkLevels(t *testing.T, want result, left state) {
	t.Helper()
	over := map[string]int64{}
	for _, d := range want.docs {
		for _, a := range d.Adjustments {
			over[a.SKU] += max(0, a.Delta)
		}
	}
	for _, o := range left.Orders {
		for _, l := range left.Lines[o.ID] {
			over[l.SKU] += l.Returned + l.Cancelled
			if o.Status == order.Cancelled {
				over[l.SKU] += l.Wanted()
			}
		}
	}
	for _, l := range left.Levels {
		if l.OnHand != over[l.SKU] || l.Reserved != 0 {
			t.Errorf("%d of %s are on hand and %d reserved, want %d", l.OnHand, l.SKU, l.Reserved, over[l.SKU])
		}
	}
}

func sumOf(reasons []importer.ReasonTally) importer.Tally {
	var sum importer.Tally
	for _, r := range reasons {
		sum.Rows += r.Rows
		sum.Unknown += r.Unknown
		sum.Positive = sum.Positive.Add(r.Positive)
		sum.Negative = sum.Negative.Add(r.Negative)
	}
	return sum
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestWhatStandsInForWhatTheFileDoesNotSay(t *testing.T) {
	t.Parallel()
	p := newPlace(t, dbtest.SQLite)
	p.run(t, sample(t), importer.Options{})
	s, err := doorstep.Open(t.Context(), doorstep.Config{DB: p.url, ReadOnly: true})
	must(t, err)
	defer s.Close()
	type seen struct {
		Placed   time.Time
		Customer string
		Contact  order.Contact
		Totals   order.Totals
		Weight   int64
	}
	for number, want := range map[string]seen{
		"700002": {
			Placed:   time.Date(2011, 3, 1, 9, 40, 0, 0, time.UTC),
			Customer: "20002",
			Contact:  order.Contact{ShipTo: order.Address{Name: "Customer 20002", Line1: "unknown", City: "unknown", Country: "IE"}},
			Totals:   order.Totals{Items: 4950, Shipping: 5000, Total: 9950},
			Weight:   10 * importer.Weight,
		},
		"700003": {
			Placed:  time.Date(2011, 3, 1, 10, 15, 0, 0, time.UTC),
			Contact: order.Contact{ShipTo: order.Address{Name: "Guest", Line1: "unknown", City: "unknown", Country: "FR"}},
			Totals:  order.Totals{Items: 2040, Shipping: 1800, Total: 3840},
			Weight:  24 * importer.Weight,
		},
	} {
		v, err := s.Process.Show(t.Context(), importer.OnlineRetail+"/"+number)
		must(t, err)
		got := seen{v.Order.PlacedAt, v.Order.Customer, v.Contact, v.Order.Totals, v.Shipments[0].Weight}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("invoice %s (-want +got):\n%s", number, diff)
		}
		checkActor(t, v)
	}
}

func checkActor(t *testing.T, v process.Overview) {
	t.Helper()
	if by := v.Timeline[0].Actor; by != access.Importer {
		t.Errorf("%s was placed by %q", v.Order.Reference.Number, by)
	}
}

// TestAnInterruptedImportEndsTheSame interrupts an import ever later, each time
// in the same shop, until it comes to its end, and does so twice: at steps of
// the process and at steps of the importer.
func TestAnInterruptedImportEndsTheSame(t *testing.T) {
	t.Parallel()
	file := sample(t)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		whole := newPlace(t, engine)
		want := whole.run(t, file, importer.Options{})
		p := newPlace(t, engine)
		aside := filepath.Join(t.TempDir(), "aside.csv")
		got, interrupted := p.untilDone(t, file, importer.Options{SetAside: aside})
		t.Logf("interrupted %d times", interrupted)
		if interrupted < 10 {
			t.Errorf("interrupted only %d times", interrupted)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(importer.Result{}, "Replayed", "Took")); diff != "" {
			t.Errorf("the result differs (-want +got):\n%s", diff)
		}
		sameState(t, whole, p)
		p.checkBooks(t)
		golden(t, "testdata/aside.golden.csv", read(t, aside))
	})
}

// untilDone imports the file, interrupting it after one step, then after a few
// more, and so on until it is done.
func (p place) untilDone(t *testing.T, file []byte, o importer.Options) (got importer.Result, interrupted int) {
	t.Helper()
	for limit := 1; ; limit += 7 {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		step := func() {
			if steps++; steps == limit {
				cancel()
			}
		}
		o.Progress = func(importer.Progress) { step() }
		got, err := p.try(ctx, t, file, o, func(string, time.Duration) { step() })
		cancel()
		if err == nil {
			return got, interrupted
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d steps: %v", limit, err)
		}
		if left, _ := filepath.Glob(o.SetAside + ".part*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		interrupted++
	}
}

// TestTheRealMonthGoesToTheDoor takes the real shop's month to the door and
// looks at every penny of it; with -short, its beginning.
func TestTheRealMonthGoesToTheDoor(t *testing.T) {
	t.Parallel()
	file := read(t, realFile(t))
	if testing.Short() {
		file = firstLines(file, 1000)
	}
	p := newPlace(t, dbtest.SQLite)
	got := p.run(t, file, importer.Options{})
	checkDelivered(t, p, file, got)
	if testing.Short() {
		return
	}
	b, c := got.Balance("GBP"), got.Cancellations
	if got.Orders != 1552 || b.Imported.Positive.String() != "809630.36" || b.File.Positive.String() != "823746.14" {
		t.Errorf("%d orders of %s, of %s in the file", got.Orders, b.Imported.Positive, b.File.Positive)
	}
	if c.Whole != 6 || c.Part != 141 || c.Unmatched != 179 || c.EveryRow != 130 || c.SomeRows != 17 || c.Outstanding != 0 || got.Statuses[order.Returned]+got.Statuses[order.Cancelled] != 6 {
		t.Errorf("cancellations: %+v, orders %v", c, got.Statuses)
	}
	if b.Cancelled.String() != "-8160.48" || b.GivenBack.Add(b.Cancelled).String() != "59.21" || got.Adjustments != 140 {
		t.Errorf("%s given back for %s cancelled, %d adjustments", b.GivenBack, b.Cancelled, got.Adjustments)
	}
}

func firstLines(file []byte, n int) []byte {
	return bytes.Join(bytes.SplitAfterN(file, []byte("\n"), n+1)[:n], nil)
}

// TestTheFirstAndTheLastTime imports orders of as far apart as can be.
func TestTheFirstAndTheLastTime(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		p := newPlace(t, engine)
		got := p.run(t, []byte(header+"1,90000,GOODS,1,1970-01-02 01:00:00,100,1.0,USA\n2,90000,GOODS,1,9900-01-01 00:00:00,100,1.0,USA\n"), importer.Options{})
		if got.Orders != 2 {
			t.Errorf("it has placed %d orders", got.Orders)
		}
		p.checkBooks(t)
	})
}

// TestTwoImportsDoNotShareTheirRest begins an import while another one is under
// way that writes its rows set aside to the same file.
func TestTwoImportsDoNotShareTheirRest(t *testing.T) {
	t.Parallel()
	aside := filepath.Join(t.TempDir(), "rest.csv")
	one, other, tried := newPlace(t, dbtest.SQLite), newPlace(t, dbtest.SQLite), false
	one.run(t, sample(t), importer.Options{SetAside: aside, Progress: func(importer.Progress) {
		if tried {
			return
		}
		tried = true
		if _, err := other.try(t.Context(), t, sample(t), importer.Options{SetAside: aside}, nil); !fault.Is(err, fault.Locked) {
			t.Errorf("the other import: %v", err)
		}
	}})
	if len(other.state(t).SKUs) > 0 {
		t.Error("the other import has begun")
	}
	rest := read(t, aside)
	other.run(t, sample(t), importer.Options{SetAside: aside})
	if again := read(t, aside); !tried || !bytes.Equal(rest, again) {
		t.Errorf("what was set aside differs: %s and %s", rest, again)
	}
}
