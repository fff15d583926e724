package sim

import (
	"context"
	"slices"
	"sort"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/process"
	"doorstep/support"
)

// Progress is told how many of the day's orders have been placed, or in the
// end how far the last parcels are.
type Progress func(placed, of int, now time.Time)

// Day puts one day of n orders through the process and goes on until the last
// parcel is at its door: customers come by the hour, some cancel, some write,
// and at two o'clock new stock comes in.
func (s *Shop) Day(ctx context.Context, n int, progress Progress) error {
	start := s.Clock.Now().Truncate(24 * time.Hour)
	if err := s.open(ctx, 2+int64(n)*19/100); err != nil {
		return err
	}
	for _, d := range s.doings(start, n) {
		if err := s.RunUntil(ctx, d.at); err != nil {
			return err
		}
		if err := d.do(ctx); err != nil {
			return err
		}
		if d.order > 0 {
			progress(d.order, n, s.Clock.Now())
		}
	}
	return s.RunAll(ctx, start.Add(60*24*time.Hour))
}

// doing is something that someone does at a time.
type doing struct {
	at    time.Time
	order int // which order is placed, counted from 1; 0 when it is something else
	do    func(context.Context) error
}

// arrivals are how many of a day's customers come in each hour, in parts of
// the whole.
var arrivals = [24]int{1, 1, 0, 0, 0, 1, 2, 4, 6, 8, 9, 9, 10, 8, 7, 7, 7, 8, 9, 10, 11, 9, 5, 2}

// doings are all that people do on the day, in the order of time.
func (s *Shop) doings(start time.Time, n int) []doing {
	times := s.arrivalTimes(start, n)
	var all []doing
	for i, at := range times {
		all = append(all, doing{at: at, order: i + 1, do: func(ctx context.Context) error { return s.placeOne(ctx, i+1) }})
		all = append(all, s.afterwards(i+1, at)...)
	}
	all = append(all, doing{at: start.Add(14 * time.Hour), do: func(ctx context.Context) error { return s.receive(ctx, 1+int64(n)*3/100) }})
	slices.SortStableFunc(all, func(a, b doing) int { return a.at.Compare(b.at) })
	return all
}

func (s *Shop) arrivalTimes(start time.Time, n int) []time.Time {
	sum := 0
	for _, a := range arrivals {
		sum += a
	}
	times := make([]time.Time, n)
	for i := range times {
		r := s.draw("arrival", i)
		part, hour := r.IntN(sum), 0
		for ; part >= arrivals[hour]; hour++ {
			part -= arrivals[hour]
		}
		times[i] = start.Add(time.Duration(hour)*time.Hour + time.Duration(r.Int64N(int64(time.Hour))).Truncate(time.Millisecond))
	}
	sort.Slice(times, func(i, j int) bool { return times[i].Before(times[j]) })
	return times
}

// source is where the day's orders come from.
const source = "sample"

func (s *Shop) placeOne(ctx context.Context, n int) error {
	_, err := s.Place(ctx, process.Command{By: access.Customer}, s.basket(source, n))
	return err
}

// afterwards is what a customer does about an order later: two in a hundred
// cancel within hours, six in a hundred write within days.
func (s *Shop) afterwards(n int, placed time.Time) []doing {
	r := s.draw("afterwards", n)
	later := func(most time.Duration) time.Time {
		return placed.Add(time.Second + time.Duration(r.Int64N(int64(most))).Truncate(time.Millisecond))
	}
	switch p := r.IntN(100); {
	case p < 2:
		return []doing{{at: later(6 * time.Hour), do: func(ctx context.Context) error { return s.write(ctx, n, support.CancelRequest) }}}
	case p < 5:
		return []doing{{at: later(24 * time.Hour), do: func(ctx context.Context) error { return s.write(ctx, n, support.OrderIssue) }}}
	case p < 8:
		return []doing{{at: later(48 * time.Hour), do: func(ctx context.Context) error { return s.write(ctx, n, support.WhereIsMyOrder) }}}
	}
	return nil
}

// write raises a ticket about order number n, if there is one.
func (s *Shop) write(ctx context.Context, n int, category support.Category) error {
	o, err := s.FindOrder(ctx, source+"/"+s.basket(source, n).Reference.Number)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.OpenTicket(ctx, process.Command{By: access.Customer}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: category, Body: letters[category]}})
	return err
}

// letters are what customers write.
var letters = map[support.Category]string{
	support.CancelRequest:  "Please cancel my order.",
	support.OrderIssue:     "Something is not right with my order.",
	support.WhereIsMyOrder: "Where is my order?",
}

// Story takes one order through the whole process, and in the evening its
// customer raises an "order issue" about it. It returns the order's id. Now and
// then, by the seed, someone wants more than there is.
func (s *Shop) Story(ctx context.Context) (string, error) {
	if err := s.open(ctx, 12); err != nil {
		return "", err
	}
	q := s.basket("story", 1)
	if s.draw("greed").IntN(10) == 0 {
		q.Lines[0].Quantity = 20
	}
	r, err := s.Place(ctx, process.Command{By: access.Customer}, q)
	if err != nil {
		return "", err
	}
	o := r.Value.Order
	if err := s.RunUntil(ctx, s.Clock.Now().Add(10*time.Hour)); err != nil {
		return "", err
	}
	_, err = s.OpenTicket(ctx, process.Command{By: access.Customer}, process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.OrderIssue, Body: letters[support.OrderIssue]}})
	if err != nil {
		return "", err
	}
	return o.ID, s.RunAll(ctx, s.Clock.Now().Add(60*24*time.Hour))
}
