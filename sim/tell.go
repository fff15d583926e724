package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"doorstep/event"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// Tell writes an order's story, one line for each thing that happened, with
// the shop's time.
func (s *Shop) Tell(ctx context.Context, w io.Writer, id string) error {
	v, err := s.Show(ctx, id)
	if err != nil {
		return err
	}
	t := &teller{w: w, about: v, said: map[string][]support.Message{}}
	for _, k := range v.Tickets {
		c, err := s.ShowTicket(ctx, k.ID)
		if err != nil {
			return err
		}
		t.said[k.ID] = c.Messages
	}
	t.line(v.Order.PlacedAt, "%s", t.basket())
	for _, e := range v.Timeline {
		if text := t.event(e); text != "" {
			t.line(e.At, "%s", text)
		}
	}
	return t.err
}

// teller writes a story.
type teller struct {
	w     io.Writer
	about process.Overview
	said  map[string][]support.Message // by ticket, what is not told yet
	told  time.Time                    // the time of the line before
	err   error
}

// timeLayout is how a line's time is written.
const timeLayout = "02 Jan 15:04:05"

// textWidth is what a line has beside its time, within 80 columns.
const textWidth = 80 - len("  02 Jan 15:04:05  ")

// line writes a text beside its time, on as many lines as it needs. A time that
// is the same as the line before's is left out.
func (t *teller) line(at time.Time, format string, args ...any) {
	when := strings.Repeat(" ", len(timeLayout))
	if !at.Truncate(time.Second).Equal(t.told) {
		t.told = at.Truncate(time.Second)
		when = t.told.Format(timeLayout)
	}
	for _, text := range wrap(fmt.Sprintf(format, args...), textWidth) {
		if _, err := fmt.Fprintf(t.w, "  %s  %s\n", when, text); err != nil && t.err == nil {
			t.err = err
		}
		when = strings.Repeat(" ", len(when))
	}
}

// wrap breaks a text into lines at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines = append(lines, line)
			line = "  " + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

func (t *teller) basket() string {
	items := make([]string, len(t.about.Lines))
	for i, l := range t.about.Lines {
		items[i] = fmt.Sprintf("%d × %s", l.Quantity, l.Name)
	}
	o := t.about.Order
	return fmt.Sprintf("order %d placed: %s, to %s, %s", o.Number, strings.Join(items, ", "), t.about.Contact.ShipTo.Country,
		money.Of(o.Total, o.Currency))
}

// eventFacts are what the data of an event may say.
type eventFacts struct {
	Amount         int64                `json:"amount"`
	Currency       money.Currency       `json:"currency"`
	Locations      []string             `json:"locations"`
	TrackingNumber string               `json:"tracking_number"`
	Cost           int64                `json:"cost"`
	Reason         string               `json:"reason"`
	Decline        string               `json:"decline"`
	Refusal        string               `json:"refusal"`
	Tracking       string               `json:"tracking"`
	Category       string               `json:"category"`
	Shortages      []inventory.Shortage `json:"shortages"`
	Units          int64                `json:"units"`
	Restocked      int64                `json:"restocked"`   // of units that came back
	WrittenOff     int64                `json:"written_off"` // of units that came back
}

// event says what an event is in words; "" leaves it out.
func (t *teller) event(e event.Event) string {
	say := sayings[e.Type]
	if say == nil {
		return ""
	}
	var f eventFacts
	if len(e.Data) > 0 && json.Unmarshal(e.Data, &f) != nil {
		return ""
	}
	return say(t, e, f)
}

// sayings are the words for each type of event.
var sayings = map[event.Type]func(*teller, event.Event, eventFacts) string{
	order.EventProcessed: plainly("PROCESSED: the stock is reserved at ", func(f eventFacts) string { return strings.Join(f.Locations, " and ") }),
	order.EventFailed:    plainly("FAILED: ", func(f eventFacts) string { return words(f.Reason) + shortages(f.Shortages) }),

	inventory.EventReleased: plainly("the stock is released", nothing),

	inventory.EventMissing:  plainly("STOCK MISSING: a count has not found it", nothing),
	inventory.EventReserved: plainly("the stock is reserved again", nothing),

	payment.EventUnknown:         plainly("the gateway gives no answer: it is asked again under the same key", nothing),
	payment.EventDeclined:        plainly("declined, a new attempt follows: ", func(f eventFacts) string { return words(f.Decline) }),
	payment.EventFailed:          plainly("payment DECLINED for good: ", func(f eventFacts) string { return words(f.Decline) }),
	payment.EventSucceeded:       plainly("PAID: ", amount),
	payment.EventRefundOpened:    plainly("refund opened: ", amount),
	payment.EventRefundSucceeded: plainly("REFUNDED: ", amount),

	shipping.EventLabelBought: plainly("label bought: ", func(f eventFacts) string {
		return f.TrackingNumber + ", for " + money.Of(f.Cost, f.Currency).String()
	}),
	shipping.EventLabelRefused: plainly("label refused, a new attempt follows: ", func(f eventFacts) string { return words(f.Refusal) }),
	shipping.EventFailed:       plainly("no label can be bought: ", func(f eventFacts) string { return words(f.Refusal) }),
	shipping.EventShipped:      plainly("SHIPPED: handed over to the carrier", nothing),
	shipping.EventTracked:      plainly("parcel: ", func(f eventFacts) string { return words(f.Tracking) }),
	shipping.EventDelivered:    plainly("DELIVERED", nothing),

	support.EventOpened: func(t *teller, e event.Event, f eventFacts) string {
		return fmt.Sprintf("TICKET, %s: %q", words(f.Category), t.next(e.Entity))
	},
	support.EventSolved:    decided,
	support.EventWaiting:   decided,
	support.EventEscalated: decided,
}

// plainly says something and what the event's facts add.
func plainly(text string, add func(eventFacts) string) func(*teller, event.Event, eventFacts) string {
	return func(_ *teller, _ event.Event, f eventFacts) string { return text + add(f) }
}

func nothing(eventFacts) string { return "" }

func amount(f eventFacts) string { return money.Of(f.Amount, f.Currency).String() }

func decided(t *teller, e event.Event, _ eventFacts) string {
	return fmt.Sprintf("TICKET %s: %q", words(e.To), t.next(e.Entity))
}

func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

// next returns what was written next in a ticket: every event that is told of
// one comes with a message.
func (t *teller) next(ticket string) string {
	said := t.said[ticket]
	if len(said) == 0 {
		return ""
	}
	t.said[ticket] = said[1:]
	return said[0].Body
}

func shortages(short []inventory.Shortage) string {
	var parts []string
	for _, s := range short {
		parts = append(parts, fmt.Sprintf("%s (%d wanted, %d there)", s.SKU, s.Wanted, s.Available))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
