package figures

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/event"
	"doorstep/insight"
	"doorstep/internal/db"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// Today is how the shop does.
type Today struct {
	At      time.Time `json:"at"`            // shop time
	Until   time.Time `json:"counted_until"` // what has happened since is not counted yet: that takes a second or two
	Minutes []Moment  `json:"minutes"`       // the last ones, the oldest first; the last is not over
	Hours   []Moment  `json:"hours"`         // the last 24
	Today   Period    `json:"today"`
	Week    Period    `json:"week"`  // today and the six days before
	Steps   []Times   `json:"steps"` // how long orders took, in the order of the way
	Waiting Waiting   `json:"waiting"`
	Tickets []Aged    `json:"tickets"`   // the unsolved ones, by age
	Answers []Answers `json:"providers"` // what each gateway and carrier has answered
}

// Moment is what happened within a minute or an hour.
type Moment struct {
	At        time.Time `json:"at"` // when it begins
	Placed    int64     `json:"placed"`
	Paid      int64     `json:"paid"`
	Shipped   int64     `json:"shipped"`
	Delivered int64     `json:"delivered"`
}

// Period is what happened within days of UTC.
type Period struct {
	From    time.Time `json:"from"`
	Orders  Orders    `json:"orders"`   // to which it happened within the period, whenever they were placed
	Funnel  Orders    `json:"funnel"`   // that were placed within the period, by what has happened to them by now
	Reasons []Reason  `json:"failures"` // why orders failed, the most frequent first
	Money   []Money   `json:"money"`    // by currency
	Opened  int64     `json:"tickets_opened"`
	Solved  int64     `json:"tickets_solved"`
}

// Orders is how many orders came at least so far.
type Orders struct {
	Placed    int64 `json:"placed"`
	Processed int64 `json:"processed"` // with their goods reserved, or waited for
	Paid      int64 `json:"paid"`      // or free of charge, or promised by the gateway
	Shipped   int64 `json:"shipped"`   // at least one parcel has left
	Delivered int64 `json:"delivered"` // all that was to arrive is at the door
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
	Returned  int64 `json:"returned"` // a customer has sent something back
}

// Reason is how many orders failed for it.
type Reason struct {
	Reason order.Failure `json:"reason"`
	Orders int64         `json:"orders"`
}

// Money is what was ordered, taken and given back in a currency, in minor units.
type Money struct {
	Currency money.Currency `json:"currency"`
	Ordered  int64          `json:"ordered"`
	Taken    int64          `json:"taken"`
	Refunded int64          `json:"refunded"`
}

// Times is how long a step took, of those that ended within the period. A quantile is
// right to 1 %.
type Times struct {
	Step  Step      `json:"step"`
	Today Quantiles `json:"today"`
	Week  Quantiles `json:"week"`
}

// Quantiles are those of a distribution of durations.
type Quantiles struct {
	N      int64 `json:"n"`         // how many took the step
	Median int64 `json:"median_ms"` // milliseconds
	P95    int64 `json:"p95_ms"`    // milliseconds
}

// Waiting is what waits, and for how long.
type Waiting struct {
	Due       int64     `json:"due"`     // steps that are due, those in hand among them, counted up to 10,000
	Late      int64     `json:"late_ms"` // for how long the oldest of them is, milliseconds
	Attention []Matters `json:"attention"`
	Oldest    time.Time `json:"oldest,omitzero"` // since when what needs attention for longest does; missing when nothing does
}

// Matters is how much needs attention for a cause.
type Matters struct {
	Cause process.Cause `json:"cause"`
	N     int64         `json:"n"` // counted up to 10,000
}

// Aged is how many unsolved tickets are of an age.
type Aged struct {
	Below   int64 `json:"below_hours,omitempty"` // they are no older; missing for all that are older than the one before
	Tickets int64 `json:"tickets"`
}

// Answers is what a gateway or carrier has answered to attempts, and how the way to it stands
// as this node sees it.
type Answers struct {
	Kind  process.ProviderKind `json:"kind"`
	Name  string               `json:"name"`
	Reach process.Reach        `json:"reach,omitempty"` // missing where this node has not asked it
	Hour  Outcomes             `json:"hour"`            // this hour and the one before
	Today Outcomes             `json:"today"`
	Last  Lately               `json:"last"`
}

// Outcomes is how often an attempt was answered in each way.
type Outcomes struct {
	Done    int64 `json:"done"`
	Refused int64 `json:"refused"` // declined, or a label that can not be had
	Unknown int64 `json:"unknown"` // no answer came in time: the attempt is asked about again
}

// Lately is when an attempt was last answered in each way; missing where it never was.
type Lately struct {
	Done    time.Time `json:"done,omitzero"`
	Refused time.Time `json:"refused,omitzero"`
	Unknown time.Time `json:"unknown,omitzero"`
}

// The bounds of what is shown.
const (
	hoursShown = 24
	daysShown  = 7
	// MostMinutes is how many minutes can be shown: those that are kept.
	MostMinutes = 24 * 60
)

// ages are the bounds of tickets' ages.
var ages = []time.Duration{4 * time.Hour, 24 * time.Hour, 3 * dayLong, 7 * dayLong}

// Today returns how the shop does, with the last minutes, up to MostMinutes.
func (f *Figures) Today(ctx context.Context, minutes int) (Today, error) {
	now, err := db.View(ctx, f.db, func(r db.Reader) (Today, error) { return today(r, min(max(minutes, 1), MostMinutes)) })
	if err != nil {
		return now, err
	}
	now.reach(f.process.Providers())
	now.Waiting, err = f.waiting(ctx)
	return now, err
}

// waiting reads what waits, which is the process's to say.
func (f *Figures) waiting(ctx context.Context) (Waiting, error) {
	v, err := f.process.Vitals(ctx)
	if err != nil {
		return Waiting{}, err
	}
	w := Waiting{Due: v.Due, Late: v.Late.Milliseconds()}
	for _, c := range process.Causes {
		w.Attention = append(w.Attention, Matters{c, v.Attention[c]})
	}
	oldest, err := f.process.Attention(ctx, "", 1)
	if len(oldest.Items) > 0 {
		w.Oldest = oldest.Items[0].Since
	}
	return w, err
}

// mostUncounted is how many events are counted for who reads, on top of what is kept: all
// that there are, in a shop that is not busy.
const mostUncounted = 100

// uncounted are the first of the events that are not counted yet, and until when all are.
func uncounted(r db.Reader) (t *tally, until time.Time, err error) {
	kept, err := readFeed(r)
	if err != nil {
		return nil, until, err
	}
	t = newTally(kept.since.moved(r.Now()))
	events, behind, err := event.After(r, kept.place, mostUncounted)
	if err != nil {
		return t, until, err
	}
	ways := newWays()
	if err := ways.read(r, kept.place, events); err != nil {
		return t, until, err
	}
	ways.count(t, events, behind)
	if until = db.Time(max(kept.last, t.last)); len(events) < mostUncounted {
		until = r.Now()
	}
	t.first = earlier(kept.first, t.first)
	return t, until, nil
}

// Behind says whether more has happened that is not counted than is counted for who reads:
// then the figures are those of some time ago, until Count.
func (f *Figures) Behind(ctx context.Context) (bool, error) {
	return db.View(ctx, f.db, func(r db.Reader) (bool, error) {
		kept, err := readFeed(r)
		if err != nil {
			return false, err
		}
		events, _, err := event.After(r, kept.place, mostUncounted)
		return len(events) == mostUncounted, err
	})
}

func today(r db.Reader, minutes int) (Today, error) {
	t, until, err := uncounted(r)
	if err != nil {
		return Today{}, err
	}
	now := db.Micros(r.Now())
	thisDay, thisMinute, thisHour := day.begins(now), minute.begins(now), hour.begins(now)
	week := thisDay - (daysShown-1)*dayLong.Microseconds()
	firstMinute, firstHour := thisMinute-int64(minutes-1)*time.Minute.Microseconds(), thisHour-(hoursShown-1)*time.Hour.Microseconds()
	for _, read := range []struct {
		span  span
		since int64
		whats []What
	}{
		{minute, firstMinute, moments}, {hour, firstHour, moments}, {hour, thisHour - time.Hour.Microseconds(), []What{Answered}}, {day, week, whats}, {cohort, week, whats},
	} {
		if err := t.readFigures(r, read.span, read.since, read.whats...); err != nil {
			return Today{}, err
		}
	}
	kept, err := readSteps(r, week)
	if err != nil {
		return Today{}, err
	}
	t.merge(kept)
	if err := t.readAnswers(r); err != nil {
		return Today{}, err
	}
	counts, err := support.CountUnsolved(r, ages...)
	if err != nil {
		return Today{}, err
	}
	return Today{
		At: r.Now(), Until: until, Minutes: t.series(minute, firstMinute, minutes), Hours: t.series(hour, firstHour, hoursShown),
		Today: t.period(thisDay), Week: t.period(week), Steps: t.times(thisDay, week), Tickets: aged(counts), Answers: t.providers(thisHour, thisDay),
	}, nil
}

// series are the figures of n spans.
func (t *tally) series(s span, from int64, n int) []Moment {
	moments := make([]Moment, n)
	for i := range moments {
		at := from + int64(i)*lasts[s].Microseconds()
		of := func(w What) int64 { return t.figures[slot{s, at, w, ""}] }
		moments[i] = Moment{db.Time(at), of(Placed), of(Paid), of(Shipped), of(Delivered)}
	}
	return moments
}

// period sums up the days from one on.
func (t *tally) period(from int64) Period {
	p := Period{From: db.Time(from), Reasons: []Reason{}, Money: []Money{}}
	reasons, amounts := map[order.Failure]int64{}, map[string]*Money{}
	for s, n := range t.figures {
		switch {
		case s.at < from:
		case s.span == cohort:
			p.Funnel.add(s.what, n)
		case s.span == day:
			p.Orders.add(s.what, n)
			switch s.what {
			case Failed:
				reasons[order.Failure(s.key)] += n
			case Ordered, Taken, Refunded:
				if amounts[s.key] == nil {
					amounts[s.key] = &Money{Currency: money.Currency(s.key)}
				}
				amounts[s.key].add(s.what, n)
			case Opened:
				p.Opened += n
			case Solved:
				p.Solved += n
			}
		}
	}
	for reason, n := range reasons {
		p.Reasons = append(p.Reasons, Reason{reason, n})
	}
	for _, m := range amounts {
		p.Money = append(p.Money, *m)
	}
	slices.SortFunc(p.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Orders, a.Orders), cmp.Compare(a.Reason, b.Reason)) })
	slices.SortFunc(p.Money, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return p
}

func (o *Orders) add(w What, n int64) {
	if of := map[What]*int64{Placed: &o.Placed, Processed: &o.Processed, Paid: &o.Paid, Shipped: &o.Shipped, Delivered: &o.Delivered,
		Failed: &o.Failed, Cancelled: &o.Cancelled, Returned: &o.Returned}[w]; of != nil {
		*of += n
	}
}

func (m *Money) add(w What, n int64) {
	*map[What]*int64{Ordered: &m.Ordered, Taken: &m.Taken, Refunded: &m.Refunded}[w] += n
}

func (t *tally) times(thisDay, week int64) []Times {
	all := make([]Times, len(Steps))
	for i, s := range Steps {
		all[i] = Times{s, t.quantiles(s, thisDay), t.quantiles(s, week)}
	}
	return all
}

// quantiles are those of a step, of the days from one on.
func (t *tally) quantiles(of Step, from int64) Quantiles {
	var sum insight.Distribution
	for s, d := range t.steps {
		if s.step == of && s.day >= from {
			sum.Merge(*d)
		}
	}
	return Quantiles{sum.N, sum.Median().Milliseconds(), sum.P95().Milliseconds()}
}

func aged(counts []int64) []Aged {
	all := make([]Aged, len(counts))
	for i, n := range counts {
		all[i].Tickets = n
		if i < len(ages) {
			all[i].Below = int64(ages[i] / time.Hour)
		}
	}
	return all
}

// providers are those that have ever answered, gateways before carriers, by name.
func (t *tally) providers(thisHour, thisDay int64) []Answers {
	all := map[string]*Answers{}
	of := func(kind, name string) *Answers {
		if all[kind+"/"+name] == nil {
			all[kind+"/"+name] = &Answers{Kind: process.ProviderKind(kind), Name: name}
		}
		return all[kind+"/"+name]
	}
	for s, a := range t.answers {
		*of(string(s.kind), s.name).Last.of(s.outcome) = db.Time(a.last)
	}
	for s, n := range t.figures {
		if s.what != Answered {
			continue
		}
		kind, rest, _ := strings.Cut(s.key, "/")
		cut := strings.LastIndex(rest, "/")
		a, o := of(kind, rest[:cut]), Outcome(rest[cut+1:])
		switch {
		case s.span == hour && s.at >= thisHour-time.Hour.Microseconds():
			*a.Hour.of(o) += n
		case s.span == day && s.at == thisDay:
			*a.Today.of(o) += n
		}
	}
	answers := []Answers{}
	for _, a := range all {
		answers = append(answers, *a)
	}
	slices.SortFunc(answers, compareAnswers)
	return answers
}

func compareAnswers(a, b Answers) int {
	return cmp.Or(-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func (a *Outcomes) of(o Outcome) *int64 {
	return map[Outcome]*int64{OutcomeDone: &a.Done, OutcomeRefused: &a.Refused, OutcomeUnknown: &a.Unknown}[o]
}

func (l *Lately) of(o Outcome) *time.Time {
	return map[Outcome]*time.Time{OutcomeDone: &l.Done, OutcomeRefused: &l.Refused, OutcomeUnknown: &l.Unknown}[o]
}

// reach says how the ways to the providers stand, also to those that have not answered.
func (t *Today) reach(states []process.ProviderState) {
	for _, s := range states {
		i := slices.IndexFunc(t.Answers, func(a Answers) bool { return a.Kind == s.Kind && a.Name == s.Name })
		if i < 0 {
			i = len(t.Answers)
			t.Answers = append(t.Answers, Answers{Kind: s.Kind, Name: s.Name})
		}
		t.Answers[i].Reach = s.Reach
	}
	slices.SortFunc(t.Answers, compareAnswers)
}
