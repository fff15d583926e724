package insight

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/order"
)

// Stages returns the funnel in the order of the way.
func (in Insight) Stages() []report.Stage {
	f := in.Orders
	return []report.Stage{{Name: "placed", Orders: f.Placed}, {Name: "processed", Orders: f.Processed}, {Name: "paid", Orders: f.Paid},
		{Name: "shipped", Orders: f.Shipped}, {Name: "delivered", Orders: f.Delivered}}
}

// Failures returns the failed orders by reason, the most frequent first.
func (in Insight) Failures() []report.Reason {
	var all []report.Reason
	for _, why := range slices.SortedFunc(maps.Keys(in.Failed), func(a, b order.Failure) int {
		return cmp.Or(cmp.Compare(in.Failed[b], in.Failed[a]), cmp.Compare(a, b))
	}) {
		all = append(all, report.Reason{Name: string(why), Orders: in.Failed[why]})
	}
	return all
}

// Steps returns how long orders waited, in shop time.
func (in Insight) Steps() []report.Step {
	var all []report.Step
	for w := range waits {
		if d := in.Waits[w]; d.N > 0 {
			all = append(all, report.Step{Name: w.String(), Clock: report.ShopTime, N: d.N, Median: d.Median(), P95: d.P95()})
		}
	}
	return all
}

// maxBuckets bounds what a chart over time shows, whatever the period.
const maxBuckets = 400

// In returns it with its times in a zone, that of the shop.
func (in Insight) In(zone *time.Location) Insight {
	in.From, in.To = in.From.In(zone), in.To.In(zone)
	return in
}

// Data returns what a report shows of it, by the clock of the zone of its times. Hours are grouped into days when the
// period is longer than four days, and into more of them when it is much longer.
func (in Insight) Data() report.Data {
	d := report.Data{
		From: in.From, To: in.To, Funnel: in.Stages(), Failed: in.Failures(), Cancelled: in.Orders.Cancelled, Repaid: in.Orders.Repaid, Steps: in.Steps(),
		Taken: amounts(in.Taken), Refunded: amounts(in.Refunded), Tickets: in.outcomes(), Every: time.Hour,
	}
	if in.To.Sub(in.From) > 4*24*time.Hour {
		d.Every = 24 * time.Hour
	}
	for in.To.Sub(in.From)/d.Every > maxBuckets {
		d.Every *= 2
	}
	d.OverTime = in.buckets(d.Every)
	return d
}

func (in Insight) buckets(every time.Duration) []report.Bucket {
	if len(in.Hours) == 0 {
		return nil
	}
	sums := map[time.Time]Hour{}
	zone := in.From.Location()
	for start, h := range in.Hours {
		at := wall(start.In(zone)).Truncate(every)
		s := sums[at]
		sums[at] = Hour{s.Placed + h.Placed, s.Shipped + h.Shipped, s.Delivered + h.Delivered}
	}
	var all []report.Bucket
	for at := wall(in.From).Truncate(every); !at.After(wall(in.To)); at = at.Add(every) {
		all = append(all, report.Bucket{Start: at, Placed: sums[at].Placed, Shipped: sums[at].Shipped, Delivered: sums[at].Delivered})
	}
	return all
}

// wall is what a clock on the wall shows, as if that were UTC: stretches of it begin
// at midnight, also on days on which it is set.
func wall(t time.Time) time.Time {
	_, ahead := t.Zone()
	return t.UTC().Add(time.Duration(ahead) * time.Second)
}

func (in Insight) outcomes() []report.TicketOutcome {
	var all []report.TicketOutcome
	for k, n := range in.Tickets {
		outcome := string(k.Reason)
		if !k.Solved {
			outcome += ", with a person or waiting"
		}
		all = append(all, report.TicketOutcome{Category: string(k.Category), Outcome: outcome, N: n})
	}
	slices.SortFunc(all, func(a, b report.TicketOutcome) int {
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Category, b.Category), strings.Compare(a.Outcome, b.Outcome))
	})
	return all
}

func amounts(sums map[money.Currency]int64) []money.Amount {
	var all []money.Amount
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		all = append(all, money.Of(sums[c], c))
	}
	return all
}
