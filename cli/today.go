package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/fault"
	"doorstep/insight/figures"
	"doorstep/money"
)

// todayVerb shows how the shop does.
type todayVerb struct {
	Minutes int  `help:"How many of the last minutes to look at." default:"60" placeholder:"N"`
	Recount bool `help:"Count everything anew from the events first."`
}

// Help is the detail of the verb's help.
func (todayVerb) Help() string {
	return `Orders by the minute and by the hour, how far those of today and of the last seven days have come, money, how long each step takes, what waits, and what gateways and carriers have answered. It is counted as it happens by whoever serves the shop; what is not is counted first. Days are those of UTC.

Of each step the median is shown, and what 95 of 100 orders stay below.

Examples:

    doorstep today
    doorstep today --json
    doorstep today --recount`
}

// Run shows how the shop does.
func (v *todayVerb) Run(s *session) error {
	if v.Minutes < 1 || v.Minutes > figures.MostMinutes {
		return invalid("--minutes is from 1 to %d", figures.MostMinutes)
	}
	if v.Recount {
		if err := (keyed{}).command(s).May.Check(access.Admin); err != nil {
			return err
		}
		if err := s.writing(func(shop *doorstep.Shop) error { return shop.Figures.Recount(s.ctx) }); err != nil {
			return err
		}
	}
	now, err := counted(s, func(shop *doorstep.Shop) (figures.Today, error) { return shop.Figures.Today(s.ctx, v.Minutes) })
	if err != nil {
		return err
	}
	return s.out.show(now, func() { s.out.today(now) })
}

// counted reads figures when all that has happened is counted. Where another process holds
// the database, that one counts.
func counted[T any](s *session, read func(*doorstep.Shop) (T, error)) (found T, err error) {
	var behind bool
	if err := s.reading(func(shop *doorstep.Shop) (err error) {
		if behind, err = shop.Figures.Behind(s.ctx); err == nil && !behind {
			found, err = read(shop)
		}
		return err
	}); err != nil || !behind {
		return found, err
	}
	err = s.writing(func(shop *doorstep.Shop) error { return shop.Figures.Count(s.ctx) })
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return found, err
	}
	err = s.reading(func(shop *doorstep.Shop) (err error) {
		found, err = read(shop)
		return err
	})
	return found, err
}

func (s *screen) today(now figures.Today) {
	s.printf("%s, UTC", now.At.UTC().Format("Monday 2 January 2006, 15:04"))
	if now.At.Sub(now.Until) > time.Minute {
		s.printf("; counted up to %s", now.Until.UTC().Format("2 January 15:04"))
	}
	s.printf("\n")
	s.series("Orders placed by the minute", now.Minutes)
	s.series("Orders placed by the hour", now.Hours)
	s.periods(now)
	s.steps(now.Steps)
	s.answers(now.Answers)
	s.waitsFor(now)
}

// bars are the heights of a series that is drawn with one character for each value.
var bars = []rune(" ▁▂▃▄▅▆▇█")

// series draws how many orders were placed, the newest on the right, as many spans as fit.
func (s *screen) series(title string, all []figures.Moment) {
	all = all[max(0, len(all)-(s.width-2)):]
	var sum, most int64
	for _, m := range all {
		sum, most = sum+m.Placed, max(most, m.Placed)
	}
	s.heading("%s: %s, at most %s", title, digits(sum), digits(most))
	if most == 0 {
		return
	}
	var line strings.Builder
	for _, m := range all {
		height := (m.Placed*int64(len(bars)-1) + most - 1) / most
		line.WriteRune(bars[height])
	}
	s.printf("  %s\n", strings.TrimRight(line.String(), " "))
}

func (s *screen) periods(now figures.Today) {
	s.heading("How far orders have come")
	t := s.table("  ", column{}, column{title: "TODAY", right: true}, column{title: "OF TODAY'S", right: true}, column{title: "7 DAYS", right: true}, column{title: "OF THEIRS", right: true})
	row := func(name string, of func(figures.Orders) int64) {
		t.add(name, digits(of(now.Today.Orders)), digits(of(now.Today.Funnel)), digits(of(now.Week.Orders)), digits(of(now.Week.Funnel)))
	}
	row("placed", func(o figures.Orders) int64 { return o.Placed })
	row("processed", func(o figures.Orders) int64 { return o.Processed })
	row("paid", func(o figures.Orders) int64 { return o.Paid })
	row("shipped", func(o figures.Orders) int64 { return o.Shipped })
	row("delivered", func(o figures.Orders) int64 { return o.Delivered })
	row("failed", func(o figures.Orders) int64 { return o.Failed })
	row("cancelled", func(o figures.Orders) int64 { return o.Cancelled })
	row("returned", func(o figures.Orders) int64 { return o.Returned })
	t.print()
	if len(now.Week.Reasons) > 0 {
		var why []string
		for _, r := range now.Week.Reasons {
			why = append(why, digits(r.Orders)+" "+words(string(r.Reason)))
		}
		s.hanging("  ", "Failed within 7 days: "+strings.Join(why, ", "))
	}
	if len(now.Week.Money) == 0 {
		return
	}
	s.heading("Money")
	t = s.table("  ", column{}, column{title: "ORDERED", right: true}, column{title: "TAKEN", right: true}, column{title: "GIVEN BACK", right: true})
	for _, p := range []struct {
		name  string
		money []figures.Money
	}{{"today", now.Today.Money}, {"7 days", now.Week.Money}} {
		for _, m := range p.money {
			t.add(p.name, money.Of(m.Ordered, m.Currency).String(), money.Of(m.Taken, m.Currency).String(), money.Of(m.Refunded, m.Currency).String())
		}
	}
	t.print()
}

func (s *screen) steps(all []figures.Times) {
	if !slices.ContainsFunc(all, func(x figures.Times) bool { return x.Week.N > 0 }) {
		return
	}
	s.heading("How long each step takes")
	t := s.table("  ", column{}, column{title: "TODAY", right: true}, column{title: "MEDIAN", right: true}, column{title: "95 %", right: true},
		column{title: "7 DAYS", right: true}, column{title: "MEDIAN", right: true}, column{title: "95 %", right: true})
	for _, x := range all {
		t.add(words(string(x.Step)), digits(x.Today.N), quantile(x.Today, x.Today.Median), quantile(x.Today, x.Today.P95),
			digits(x.Week.N), quantile(x.Week, x.Week.Median), quantile(x.Week, x.Week.P95))
	}
	t.print()
}

// quantile is a time of a distribution, for people.
func quantile(of figures.Quantiles, ms int64) string {
	switch d := time.Duration(ms) * time.Millisecond; {
	case of.N == 0:
		return "-"
	case ms == 0:
		return "<1ms"
	case d < time.Second:
		return fmt.Sprintf("%dms", ms)
	default:
		return age(d)
	}
}

func (s *screen) answers(all []figures.Answers) {
	if len(all) == 0 {
		return
	}
	s.heading("What gateways and carriers have answered today")
	t := s.table("  ", column{title: "KIND"}, column{title: "NAME", shrink: true}, column{title: "DONE", right: true}, column{title: "REFUSED", right: true},
		column{title: "NO ANSWER", right: true}, column{title: "LAST WITHOUT ONE"})
	for _, a := range all {
		last := "-"
		if !a.Last.Unknown.IsZero() {
			last = a.Last.Unknown.UTC().Format("2 Jan 15:04")
		}
		t.add(string(a.Kind), a.Name, digits(a.Today.Done), digits(a.Today.Refused), digits(a.Today.Unknown), last)
	}
	t.print()
}

func (s *screen) waitsFor(now figures.Today) {
	s.heading("What waits")
	w := now.Waiting
	due := "nothing is due"
	if w.Due > 0 {
		due = count(int(w.Due), "step is due", "steps are due") + ", the oldest for " + age(time.Duration(w.Late)*time.Millisecond)
	}
	s.item(due)
	var parts []string
	for _, m := range w.Attention {
		if m.N > 0 {
			parts = append(parts, digits(m.N)+" "+words(string(m.Cause)))
		}
	}
	if len(parts) == 0 {
		s.item("nothing needs attention")
	} else {
		s.item(strings.Join(parts, ", ") + ", for " + age(now.At.Sub(w.Oldest)) + " at most: doorstep attention list")
	}
	var tickets int64
	parts = nil
	for _, a := range now.Tickets {
		if tickets += a.Tickets; a.Tickets == 0 {
			continue
		}
		if a.Below == 0 {
			parts = append(parts, digits(a.Tickets)+" older")
		} else {
			parts = append(parts, digits(a.Tickets)+" up to "+age(time.Duration(a.Below)*time.Hour))
		}
	}
	said := count(int(tickets), "unsolved ticket", "unsolved tickets")
	if tickets > 0 {
		said += ": " + strings.Join(parts, ", ")
	}
	s.item(said)
}

// stockSoon lists what runs out.
type stockSoon struct {
	Days   int `help:"How many of the last days, today's included, say how much is sold." default:"14" placeholder:"N"`
	Within int `help:"Only what runs out within so many days." default:"14" placeholder:"N"`
	Limit  int `help:"How many at most." default:"50" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (stockSoon) Help() string {
	return `At the rate at which it was ordered lately, less what was taken out of orders again. What is free at all locations counts.

Examples:

    doorstep stock soon
    doorstep stock soon --days 28 --within 7`
}

// Run lists what runs out.
func (v *stockSoon) Run(s *session) error {
	found, err := counted(s, func(shop *doorstep.Shop) (figures.RunsOut, error) {
		return shop.Figures.RunsOutSoon(s.ctx, v.Days, v.Within, v.Limit)
	})
	if err != nil {
		return err
	}
	return s.out.show(found, func() { s.out.runsOut(found) })
}

func (s *screen) runsOut(found figures.RunsOut) {
	if len(found.Items) == 0 {
		s.printf("Nothing runs out soon.\n")
		return
	}
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "NAME", shrink: true}, column{title: "FREE", right: true},
		column{title: "SOLD", right: true}, column{title: "LASTS", right: true}, column{title: "RUNS OUT"})
	for _, x := range found.Items {
		t.add(x.SKU, x.Name, digits(x.Available), digits(x.Sold), age(x.Out.Sub(found.At)), x.Out.UTC().Format("2 Jan 15:04"))
	}
	t.print()
	if found.More > 0 {
		s.printf("And %d more: --limit %d\n", found.More, int64(len(found.Items))+found.More)
	}
}
