package verify_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
)

// outcomes is how the orders of a filled shop stand in the end.
var outcomes = map[string]order.Facets{
	"delivered":                {Stock: "left", Payment: "partly_refunded", Fulfilment: "delivered"},
	"sent back":                {Stock: "left", Payment: "partly_refunded", Fulfilment: "delivered"},
	"coming back":              {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"exchanged":                {Stock: "left", Payment: "partly_refunded", Fulfilment: "delivered"},
	"exchanged for":            {Stock: "reserved", Payment: "captured", Fulfilment: "labelled"},
	"to exchange":              {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"to exchange for":          {Stock: "reserved", Payment: "due", Fulfilment: "none"},
	"cancelled in flight":      {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "cancelled"},
	"out of stock":             {Stock: "none", Payment: "due", Fulfilment: "none", End: "failed", Failure: "out_of_stock"},
	"declined":                 {Stock: "released", Payment: "failed", Fulfilment: "none", End: "failed", Failure: "payment_declined"},
	"declined softly":          {Stock: "released", Payment: "failed", Fulfilment: "none", End: "failed", Failure: "payment_declined"},
	"withdrawn":                {Stock: "released", Payment: "voided", Fulfilment: "none", End: "cancelled"},
	"charged without answer":   {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"charged, as it turns out": {Stock: "released", Payment: "voided", Fulfilment: "none", End: "cancelled"},
	"not charged":              {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"not reached":              {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"refused":                  {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "failed", Failure: "shipping_failed"},
	"refused once":             {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"bought without answer":    {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"refund declined":          {Stock: "released", Payment: "refunding", Fulfilment: "none", End: "failed", Failure: "shipping_failed"},
	"free":                     {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"paid elsewhere":           {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"waits for payment":        {Stock: "reserved", Payment: "due", Fulfilment: "none"},
	"broken":                   {Stock: "left", Payment: "refunded", Fulfilment: "delivered"},
	"broken, approved":         {Stock: "left", Payment: "refunded", Fulfilment: "delivered"},
	"broken, proposed":         {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"astray":                   {Stock: "reserved", Payment: "captured", Fulfilment: "reshipping"},
	"waits for its ticket":     {Stock: "reserved", Payment: "due", Fulfilment: "none", Held: "ticket"},
	"not found":                {Stock: "reserved", Payment: "due", Fulfilment: "none", Held: "stock_missing"},
	"not paid elsewhere":       {Stock: "released", Payment: "voided", Fulfilment: "none", End: "cancelled"},
	"not paid in time":         {Stock: "released", Payment: "voided", Fulfilment: "none", End: "failed", Failure: "payment_expired"},
	"second location":          {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"bounced":                  {Stock: "released", Payment: "captured", Fulfilment: "none", End: "cancelled"},
	"called back":              {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "cancelled"},
	"too late":                 {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"handed over":              {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"given back":               {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "cancelled"},
	"owed":                     {Stock: "released", Payment: "refunding", Fulfilment: "none", End: "cancelled"},
	"captured late":            {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"renewed":                  {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"authorised":               {Stock: "reserved", Payment: "authorised", Fulfilment: "planned"},
	"capture declined":         {Stock: "released", Payment: "voided", Fulfilment: "none", End: "failed", Failure: "capture_failed"},
	"label kept":               {Stock: "released", Payment: "voided", Fulfilment: "none", End: "failed", Failure: "capture_failed"},
	"label kept, and gone":     {Stock: "released", Payment: "voided", Fulfilment: "none", End: "failed", Failure: "capture_failed"},
	"authorised only":          {Stock: "released", Payment: "voided", Fulfilment: "none", End: "failed", Failure: "shipping_failed"},
	"first scan":               {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"to pick":                  {Stock: "reserved", Payment: "captured", Fulfilment: "planned"},
	"carried":                  {Stock: "left", Payment: "captured", Fulfilment: "shipped"},
	"carried home":             {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"lost":                     {Stock: "left", Payment: "captured", Fulfilment: "lost"},
	"unwanted":                 {Stock: "left", Payment: "captured", Fulfilment: "delivered"},
	"made up for":              {Stock: "left", Payment: "refunded", Fulfilment: "lost"},
	"sent anew":                {Stock: "reserved", Payment: "captured", Fulfilment: "reshipping"},
	"not sent anew":            {Stock: "left", Payment: "captured", Fulfilment: "lost"},
	"no longer sent anew":      {Stock: "reserved", Payment: "captured", Fulfilment: "reshipping", End: "changing"},
	"back":                     {Stock: "left", Payment: "captured", Fulfilment: "lost"},
	"not picked":               {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "cancelled"},
	"labelled":                 {Stock: "reserved", Payment: "captured", Fulfilment: "labelled"},
	"to be changed":            {Stock: "reserved", Payment: "captured", Fulfilment: "labelled", End: "changing", Held: "made_up"},
	"voiding":                  {Stock: "reserved", Payment: "captured", Fulfilment: "labelled", End: "cancelling"},
	"under way":                {Stock: "left", Payment: "captured", Fulfilment: "shipped"},
	"waits no more":            {Stock: "released", Payment: "refunded", Fulfilment: "none", End: "cancelled"},
	"waits for goods":          {Stock: "partly_left", Payment: "captured", Fulfilment: "partly_shipped"},
	"waits to be asked":        {Stock: "backordered", Payment: "due", Fulfilment: "none"},
	"refunding":                {Stock: "released", Payment: "refunding", Fulfilment: "none", End: "failed", Failure: "shipping_failed"},
	"unpaid":                   {Stock: "reserved", Payment: "due", Fulfilment: "none"},
}

func TestAHealthyShopIsCleanAfterEveryStep(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, dbtest.URL(t, engine), !testing.Short())
		defer s.db.Close()
		s.fill()
		r := clean(t, s.db, "in the end")
		if int(r.Orders) != len(outcomes) || r.SKUs != 4 || int(r.Tickets) <= len(s.tickets) || r.Events == 0 || len(r.Checked) != len(verify.Kinds()) {
			t.Errorf("the report says %d orders, %d SKUs, %d tickets, %d events, %d kinds", r.Orders, r.SKUs, r.Tickets, r.Events, len(r.Checked))
		}
		got := map[string]order.Facets{}
		for purpose, id := range s.orders {
			o, err := s.FindOrder(t.Context(), id)
			must(t, err)
			got[purpose] = o.Facets
		}
		delete(got, "delivered again") // the same as delivered
		if diff := cmp.Diff(outcomes, got); diff != "" {
			t.Errorf("the shop's orders (-want +got):\n%s", diff)
		}
	})
}

func TestEveryKindSaysWhatMustBeTrue(t *testing.T) {
	t.Parallel()
	said := map[verify.Kind]bool{}
	for _, k := range verify.Kinds() {
		if said[k.Kind] || k.Says == "" {
			t.Errorf("the kind %s is said twice, or says nothing", k.Kind)
		}
		said[k.Kind] = true
	}
}

func TestAShopOfNothingIsClean(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		clean(t, dbtest.Open(t, engine, db.Config{}), "without anything")
	})
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite, db.Config{})
	for _, o := range []verify.Options{{Orders: -1}, {MaxViolations: -1}} {
		if _, err := verify.Run(t.Context(), d, o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.Run(ctx, d, verify.Options{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestAllIsCountedAndSomeIsKept(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	s := newShop(t, url, false)
	s.fill()
	must(t, s.db.Close())
	files := copies(url, s.clock)(t)
	_, err := files.raw.ExecContext(t.Context(), `UPDATE orders SET placed_at = placed_at - 1`)
	must(t, err)
	var done []int64
	r, err := verify.Run(t.Context(), files.db, verify.Options{Orders: 10, MaxViolations: 3, Progress: func(n int64) { done = append(done, n) }})
	must(t, err)
	all := int64(len(outcomes))
	if r.Clean() || r.Count != all || r.Counts[verify.Times] != all || len(r.Violations) != 3 {
		t.Errorf("of %d violations %d are counted (%v) and %d kept", all, r.Count, r.Counts, len(r.Violations))
	}
	var want []int64
	for n := int64(10); n < all; n += 10 {
		want = append(want, n)
	}
	if diff := cmp.Diff(append(want, all), done); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// Beside a process that places and ships on real time, nothing is wrong at any
// moment.
func TestARunningShopIsCleanAtAnyMoment(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		p := running(t, d)
		const buyers, each = 8, 12
		var placing sync.WaitGroup
		for buyer := range buyers {
			placing.Go(func() {
				for n := range each {
					q := request(fmt.Sprintf("%d-%d", buyer, n), method([]string{"", gateway.MethodStolen, ""}[n%3]))
					q.Lines = append(q.Lines, order.LineRequest{SKU: "POT", Quantity: int64(1 + n%4)})
					o, err := p.Place(t.Context(), person, q)
					if err != nil {
						t.Error(err)
						return
					}
					if n%4 == 0 { // too late is an answer too
						if _, err := p.Cancel(t.Context(), person, o.Value.Order.ID, "tired"); err != nil && !fault.Is(err, fault.TooLate) && !fault.Is(err, fault.Conflict) {
							t.Error(err)
						}
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { placing.Wait(); close(done) }()
		looks := 0
		for running := true; running; looks++ {
			select {
			case <-done:
				running = false // and a last look
			default:
			}
			r, err := verify.Run(t.Context(), d, verify.Options{Orders: 7})
			must(t, err)
			for _, v := range r.Violations {
				t.Error(v)
			}
			if t.Failed() {
				break
			}
		}
		<-done
		t.Logf("%d looks", looks)
	})
}

// running starts a process on real time with too few goods.
func running(t *testing.T, d *db.DB) *process.Process {
	t.Helper()
	g, err := gateway.Open("", gateway.Config{}, clock.Wall{})
	must(t, err)
	t.Cleanup(func() { _ = g.Close() })
	c, err := carrier.Open("", carrier.Config{}, clock.Wall{})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	q := work.NewQueue("node", 30*time.Second)
	p := process.New(process.Deps{DB: d, Queue: q, IDs: id.Random(), Gateways: []payment.Gateway{g}, Carriers: []shipping.Carrier{c}})
	_, err = p.SetLocation(t.Context(), person, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
	must(t, err)
	for _, code := range []string{"CUP", "POT"} {
		_, err := p.DefineSKU(t.Context(), person, inventory.SKU{Code: code, Name: code, Currency: "GBP", Price: 450, Weight: 300})
		must(t, err)
		_, err = p.ReceiveStock(t.Context(), person, code, "main", 80)
		must(t, err)
	}
	if _, err := p.SetPolicy(t.Context(), person, 0, policy.Default()); err != nil {
		t.Fatal(err)
	}
	r := work.NewRunner(d, q, work.Config{Handle: p.Handle, Workers: 4})
	must(t, r.Start(t.Context()))
	t.Cleanup(r.Stop)
	return p
}
