package insight_test

import (
	"slices"
	"testing"
	"time"

	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/order"
	"doorstep/support"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// TestBuckets: what happened over time has no gaps, loses nothing and covers
// the period; days take the place of hours when it is longer than four days.
func TestBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := insight.Insight{Hours: map[time.Time]insight.Hour{}}
		var want insight.Hour
		minutes := rapid.SliceOfN(rapid.IntRange(0, rapid.SampledFrom([]int{100, 4 * 24 * 60, 50_000}).Draw(t, "most")), 1, 40).Draw(t, "minutes")
		for _, m := range minutes {
			at := monday.Add(time.Duration(m) * time.Minute)
			h := in.Hours[at.Truncate(time.Hour)]
			h.Placed, h.Shipped, h.Delivered = h.Placed+1, h.Shipped+2, h.Delivered+3
			in.Hours[at.Truncate(time.Hour)] = h
			want.Placed, want.Shipped, want.Delivered = want.Placed+1, want.Shipped+2, want.Delivered+3
		}
		in.From = monday.Add(time.Duration(slices.Min(minutes)) * time.Minute)
		in.To = monday.Add(time.Duration(slices.Max(minutes)) * time.Minute)
		d := in.Data()
		if long := in.To.Sub(in.From) > 4*24*time.Hour; d.Every != time.Hour && !long || d.Every != 24*time.Hour && long {
			t.Errorf("%s are drawn by %s", in.To.Sub(in.From), d.Every)
		}
		checkBuckets(t, d, want)
	})
}

func checkBuckets(t *rapid.T, d report.Data, want insight.Hour) {
	t.Helper()
	var got insight.Hour
	for i, b := range d.OverTime {
		got.Placed, got.Shipped, got.Delivered = got.Placed+b.Placed, got.Shipped+b.Shipped, got.Delivered+b.Delivered
		if i > 0 && !b.Start.Equal(d.OverTime[i-1].Start.Add(d.Every)) {
			t.Errorf("after %s comes %s", d.OverTime[i-1].Start, b.Start)
		}
	}
	if got != want {
		t.Errorf("the buckets hold %+v of %+v", got, want)
	}
	first, last := d.OverTime[0].Start, d.OverTime[len(d.OverTime)-1].Start
	if !first.Equal(d.From.Truncate(d.Every)) || !last.Equal(d.To.Truncate(d.Every)) {
		t.Errorf("from %s to %s, the buckets are from %s to %s", d.From, d.To, first, last)
	}
}

// TestLongPeriods are drawn by days, and four days are not long yet.
func TestLongPeriods(t *testing.T) {
	t.Parallel()
	for length, want := range map[time.Duration]time.Duration{
		4 * 24 * time.Hour:   time.Hour,
		4*24*time.Hour + 1e3: 24 * time.Hour,
	} {
		in := insight.Insight{From: monday, To: monday.Add(length), Hours: map[time.Time]insight.Hour{monday: {Placed: 1}}}
		if d := in.Data(); d.Every != want || len(d.OverTime) != int(length/want)+1 {
			t.Errorf("%s are drawn by %s, in %d parts", length, d.Every, len(d.OverTime))
		}
	}
}

func TestDataOfNothing(t *testing.T) {
	t.Parallel()
	want := report.Data{Every: time.Hour, Funnel: []report.Stage{{Name: "placed"}, {Name: "processed"}, {Name: "paid"}, {Name: "shipped"}, {Name: "delivered"}}}
	if diff := cmp.Diff(want, insight.Insight{}.Data()); diff != "" {
		t.Error(diff)
	}
}

// TestData: what is shown comes in an order that does not depend on chance.
func TestData(t *testing.T) {
	t.Parallel()
	in := insight.Insight{
		From: monday, To: monday.Add(90 * time.Minute),
		Orders:   insight.Funnel{Placed: 9, Processed: 8, Paid: 7, Shipped: 6, Delivered: 5, Cancelled: 1},
		Failed:   map[order.Failure]int64{order.ShippingFailed: 1, order.OutOfStock: 2, order.CaptureFailed: 1, order.PaymentDeclined: 2},
		Hours:    map[time.Time]insight.Hour{monday: {Placed: 9}},
		Taken:    map[money.Currency]int64{"GBP": 500, "EUR": 300},
		Refunded: map[money.Currency]int64{"EUR": 100},
		Tickets: map[insight.TicketKind]int64{
			{Category: support.OrderIssue, Reason: support.OnItsWay, Solved: true}:        2,
			{Category: support.CancelRequest, Reason: support.TooLate, Solved: true}:      2,
			{Category: support.OrderIssue, Reason: support.DeliveredIssue}:                3,
			{Category: support.OrderIssue, Reason: support.BeingPrepared, Solved: true}:   2,
			{Category: support.WhereIsMyOrder, Reason: support.RefundPending}:             1,
			{Category: support.WhereIsMyOrder, Reason: support.DeliveredMissing}:          1,
			{Category: support.WhereIsMyOrder, Reason: support.WasRefunded, Solved: true}: 1,
		},
	}
	in.Waits[insight.ToPaid].Add(0)
	in.Waits[insight.Whole].Add(0)
	in.Waits[insight.Whole].Add(0)
	want := report.Data{
		From: in.From, To: in.To, Every: time.Hour,
		Funnel: []report.Stage{{Name: "placed", Orders: 9},
			{Name: "processed", Orders: 8}, {Name: "paid", Orders: 7}, {Name: "shipped", Orders: 6}, {Name: "delivered", Orders: 5}},
		Failed: []report.Reason{{Name: "out_of_stock", Orders: 2}, {Name: "payment_declined", Orders: 2},
			{Name: "capture_failed", Orders: 1}, {Name: "shipping_failed", Orders: 1}},
		Cancelled: 1,
		Steps: []report.Step{{Name: "placed to paid", Clock: report.ShopTime, N: 1},
			{Name: "placed to door", Clock: report.ShopTime, N: 2}},
		OverTime: []report.Bucket{{Start: monday, Placed: 9}, {Start: monday.Add(time.Hour)}},
		Taken:    []money.Amount{money.Of(300, "EUR"), money.Of(500, "GBP")},
		Refunded: []money.Amount{money.Of(100, "EUR")},
		Tickets: []report.TicketOutcome{
			{Category: "order_issue", Outcome: "delivered_with_issue, with a person or waiting", N: 3},
			{Category: "cancel_request", Outcome: "too_late", N: 2},
			{Category: "order_issue", Outcome: "being_prepared", N: 2},
			{Category: "order_issue", Outcome: "on_its_way", N: 2},
			{Category: "where_is_my_order", Outcome: "delivered_but_missing, with a person or waiting", N: 1},
			{Category: "where_is_my_order", Outcome: "refund_pending, with a person or waiting", N: 1},
			{Category: "where_is_my_order", Outcome: "refunded", N: 1},
		},
	}
	if diff := cmp.Diff(want, in.Data()); diff != "" {
		t.Error(diff)
	}
}

// TestDaysAreThoseOfTheShop: an order just after midnight is the new day's, also on
// the day on which clocks are set.
func TestDaysAreThoseOfTheShop(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2011, 6, 30, 23, 0, 0, 0, time.UTC)
	in := insight.Insight{From: at.Add(26 * time.Minute), To: at.AddDate(0, 0, 7), Hours: map[time.Time]insight.Hour{at: {Placed: 1}}}
	if first := in.In(london).Data().OverTime[0]; first.Placed != 1 || first.Start.Format(time.DateOnly) != "2011-07-01" {
		t.Errorf("it was placed on %+v", first)
	}
	if from := in.In(london).Data().From; from.Format(time.DateTime) != "2011-07-01 00:26:00" {
		t.Errorf("it begins at %s", from)
	}
	in = insight.Insight{From: time.Date(2011, 3, 24, 12, 0, 0, 0, time.UTC), To: time.Date(2011, 3, 30, 12, 0, 0, 0, time.UTC), Hours: map[time.Time]insight.Hour{at: {}}}
	for _, b := range in.In(london).Data().OverTime {
		if b.Start.Hour() != 0 {
			t.Errorf("a day begins at %s", b.Start)
		}
	}
}

// TestALongPeriodHasFewBuckets: a history of decades is drawn in as many as fit.
func TestALongPeriodHasFewBuckets(t *testing.T) {
	t.Parallel()
	first := time.Date(1990, 1, 1, 10, 0, 0, 0, time.UTC)
	in := insight.Insight{From: first, To: first.AddDate(30, 0, 0), Hours: map[time.Time]insight.Hour{first: {Placed: 3}}}
	d := in.Data()
	var placed int64
	for _, b := range d.OverTime {
		placed += b.Placed
	}
	if n := len(d.OverTime); n < 100 || n > 402 || placed != 3 {
		t.Errorf("%d buckets of %s, with %d orders", n, d.Every, placed)
	}
}
