package figures

import (
	"strings"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/order"
)

// ways are how far orders had come at a place of the feed. Those of as many orders are
// kept as there is room for; the others are read from the log.
type ways struct {
	at event.Cursor
	of map[string]*way
}

// mostWays is how many are kept at most.
const mostWays = 20_000

func newWays() *ways { return &ways{of: map[string]*way{}} }

// read reads the ways of the orders that the events behind a place are about, up to these
// events.
func (ws *ways) read(r db.Reader, at event.Cursor, events []event.Event) error {
	if ws.at != at || len(ws.of) > mostWays {
		*ws = *newWays()
		ws.at = at
	}
	begins := map[string]int64{} // at which version of each order that is not known
	var unknown []string
	for _, e := range events {
		if !isOrder(e.Subject) || ws.of[e.Subject] != nil || begins[e.Subject] != 0 {
			continue
		}
		if begins[e.Subject] = e.Version; e.Version > 1 {
			unknown = append(unknown, e.Subject)
		}
	}
	for subject := range begins {
		ws.of[subject] = &way{}
	}
	if len(unknown) == 0 {
		return nil
	}
	earlier, err := event.Of(r, unknown)
	for _, e := range earlier {
		if e.Version < begins[e.Subject] {
			ws.of[e.Subject].pass(e, db.Micros(e.At))
		}
	}
	return err
}

// count counts events that were read, and takes their orders on to the place behind them.
func (ws *ways) count(t *tally, events []event.Event, behind event.Cursor) {
	for _, e := range events {
		t.take(ws.of[e.Subject], e)
	}
	t.sum()
	ws.at = behind
}

func isOrder(subject string) bool { return strings.HasPrefix(subject, order.Prefix+"_") }
