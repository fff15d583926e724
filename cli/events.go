package cli

import (
	"bufio"
	"fmt"
	"time"

	"doorstep"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/order"
)

// eventsVerb writes the log.
type eventsVerb struct {
	After  event.Cursor `help:"Only those behind this cursor." placeholder:"CURSOR" xor:"after"`
	Limit  int          `help:"How many at most; 0 is all." default:"0" placeholder:"N"`
	Order  string       `help:"Only those of this order: its number, id, or source/number." placeholder:"ORDER" xor:"after,follow"`
	Follow bool         `help:"Go on as more happens, until told to stop." xor:"follow"`
}

// Help is the detail of the verb's help.
func (eventsVerb) Help() string {
	return `With --json one event per line, always the same bytes for the same event. Where --limit cuts the answer off, the cursor to go on from is said on standard error. Events carry ids and facts, no names or addresses.

Examples:

    doorstep events
    doorstep events --order 1001
    doorstep events --json --limit 1000
    doorstep events --json --follow --after 0.3f`
}

const (
	eventPage   = 1000
	followEvery = 500 * time.Millisecond
)

// Run writes the events.
func (v *eventsVerb) Run(s *session) error {
	if v.Limit < 0 {
		return invalid("--limit is not negative")
	}
	buffered := bufio.NewWriter(s.program.Stdout)
	s.out.w = buffered
	return s.reading(func(shop *doorstep.Shop) error {
		if v.Order != "" {
			return v.timeline(s, shop, buffered)
		}
		return v.feed(s, shop, buffered)
	})
}

func (v *eventsVerb) timeline(s *session, shop *doorstep.Shop, out *bufio.Writer) error {
	events, err := db.View(s.ctx, shop.DB, func(r db.Reader) ([]event.Event, error) {
		o, err := order.Find(r, v.Order)
		if err != nil {
			return nil, err
		}
		return event.Timeline(r, o.ID)
	})
	if err != nil {
		return err
	}
	if v.Limit > 0 {
		events = events[:min(v.Limit, len(events))]
	}
	return s.out.events(events, out)
}

// feed writes page after page, each from a snapshot of its own.
func (v *eventsVerb) feed(s *session, shop *doorstep.Shop, out *bufio.Writer) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for written := 0; ; {
		want := eventPage
		if v.Limit > 0 {
			want = min(want, v.Limit-written)
		}
		events, err := v.next(s, shop, want)
		if s.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.out.events(events, out); err != nil {
			return err
		}
		written += len(events)
		switch {
		case v.Limit > 0 && written == v.Limit:
			fmt.Fprintf(s.program.Stderr, "There may be more: --after %s\n", v.After)
			return nil
		case len(events) == want:
			continue
		case !v.Follow:
			return nil
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-s.program.on.ends():
			return nil
		case <-tick.C:
		}
	}
}

// next reads a page and moves the cursor behind it.
func (v *eventsVerb) next(s *session, shop *doorstep.Shop, limit int) ([]event.Event, error) {
	after := v.After
	return db.View(s.ctx, shop.DB, func(r db.Reader) ([]event.Event, error) {
		events, cursor, err := event.After(r, after, limit)
		if err == nil {
			v.After = cursor
		}
		return events, err
	})
}

// wide is how many columns it takes to say more of an event.
const wide = 110

// events writes events, one per line, and hands them on.
func (s *screen) events(events []event.Event, out *bufio.Writer) error {
	for _, e := range events {
		if s.json {
			if err := s.line(e); err != nil {
				return err
			}
			continue
		}
		line := fmt.Sprintf("%s  %-30s  %s", instant(e.At), printable(e.Subject), e.Type)
		if s.width >= wide {
			line = fmt.Sprintf("%-79s  %-10s  %s", line, e.Status, e.Actor)
		}
		s.printf("%s\n", s.fit(line, s.width))
	}
	if s.err != nil {
		return s.err
	}
	return out.Flush()
}
