package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// account is what became of an order with which something went wrong.
type account struct {
	about   process.Overview
	missing *[]string // what was to be told and did not happen
}

// happening is an event and what it says.
type happening struct {
	event.Event
	eventFacts
}

// first returns what happened first of a type.
func (a account) first(t event.Type) happening { return a.nth(t, 1) }

// nth returns what happened of a type the nth time, counted from 1.
func (a account) nth(t event.Type, n int) happening {
	for _, e := range a.about.Timeline {
		if e.Type != t {
			continue
		}
		if n--; n == 0 {
			h := happening{Event: e}
			_ = json.Unmarshal(e.Data, &h.eventFacts) // an event without facts says nothing more
			return h
		}
	}
	*a.missing = append(*a.missing, string(t))
	return happening{}
}

// seen returns when the carrier saw the first parcel last before it was lost.
func (a account) seen(lost happening) happening {
	last := a.first(shipping.EventShipped)
	for _, e := range a.about.Timeline {
		if e.Type == shipping.EventTracked && e.Version < lost.Version {
			last.Event = e
		}
	}
	return last
}

func (a account) amount(h happening) money.Amount { return money.Of(h.Amount, a.about.Order.Currency) }

func tellSilence(a account) [2]string {
	silent, paid := a.first(payment.EventUnknown), a.first(payment.EventSucceeded)
	return [2]string{
		fmt.Sprintf("The gateway gives no answer: has it taken %s, or not?", a.amount(paid)),
		fmt.Sprintf("Asked again %s later under the same key: it was taken, in %s.", span(silent, paid), a.charges()),
	}
}

// charges says how many times an order was charged.
func (a account) charges() string {
	n := 0
	for _, t := range a.about.Attempts {
		if t.Status == attempt.Succeeded && t.Op.Takes() {
			n++
		}
	}
	return counted(int64(n), "charge")
}

func tellLoss(a account) [2]string {
	lost, anew, left := a.first(shipping.EventLost), a.first(shipping.EventReplaced), a.nth(shipping.EventShipped, 2)
	return [2]string{
		fmt.Sprintf("The carrier loses the parcel: nothing is seen of it for %s.", span(a.seen(lost), lost)),
		fmt.Sprintf("Its %s are reserved anew and leave in a second parcel, %s later.", counted(anew.Units, "unit"), span(anew, left)),
	}
}

func tellShortage(a account, c process.Counted) [2]string {
	held, released := a.first(order.EventHeld), a.first(order.EventReleased)
	a.first(inventory.EventMissing)
	return [2]string{
		fmt.Sprintf("A count finds %d × %s, and %d are promised to orders.", c.Counted, a.about.Lines[0].Name, c.Reserved),
		fmt.Sprintf("The youngest order is held; a person gets one in %s, and releases it.", span(held, released)),
	}
}

func tellChangeOfMind(a account) [2]string {
	back, label := a.first(payment.EventRefundSucceeded), a.nth(shipping.EventLabelBought, 2)
	a.first(shipping.EventVoided)
	return [2]string{
		fmt.Sprintf("The customer has paid, and wants no more of the %s.", a.about.Lines[0].Name),
		fmt.Sprintf("The label is given back, and %s; %s under another one.", a.amount(back), leaves(label.Units)),
	}
}

func tellBreakage(a account) [2]string {
	came, back := a.first(shipping.EventReturnReceived), a.first(payment.EventRefundSucceeded)
	l := a.about.Lines[0]
	return [2]string{
		fmt.Sprintf("%d × %s arrive, and %d of them is broken: all come back.", l.Quantity, l.Name, came.WrittenOff),
		fmt.Sprintf("A person grades them: %d for the shelf, %d written off; %s refunded.", came.Restocked, came.WrittenOff, a.amount(back)),
	}
}

// now says how the order stands, with its money and its stock.
func (a account) now() string {
	o := a.about.Order
	taken := []string{money.Of(o.Sums.Captured, o.Currency).String() + " taken"}
	if o.Sums.Refunded > 0 {
		taken = append(taken, money.Of(o.Sums.Refunded, o.Currency).String()+" back")
	}
	stock := []string{fmt.Sprintf("%s out", counted(o.Sums.Left+o.Sums.Arrived+o.Sums.Lost+o.Sums.Replaced, "unit"))}
	if o.Sums.Replaced > 0 {
		stock = append(stock, fmt.Sprintf("%d of them lost", o.Sums.Replaced))
	}
	if back := a.restocked(); back > 0 {
		stock = append(stock, fmt.Sprintf("%d of them back", back))
	}
	status := string(o.Status)
	return fmt.Sprintf("%s. %s. %s.", strings.ToUpper(status[:1])+status[1:], strings.Join(taken, ", "), strings.Join(stock, ", "))
}

// restocked is how many units came back and can be sold again.
func (a account) restocked() (n int64) {
	for _, r := range a.about.Returns {
		n += r.Restocked
	}
	return n
}

// span says how long it was from one thing to another.
func span(from, to happening) string {
	d := to.At.Sub(from.At)
	switch {
	case d >= 48*time.Hour:
		return counted(int64(d.Round(24*time.Hour)/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return counted(int64(d.Round(time.Hour)/time.Hour), "hour")
	case d >= 2*time.Minute:
		return counted(int64(d.Round(time.Minute)/time.Minute), "minute")
	default:
		return counted(int64(d.Round(time.Second)/time.Second), "second")
	}
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func leaves(units int64) string {
	if units == 1 {
		return "1 unit leaves"
	}
	return fmt.Sprintf("%d units leave", units)
}
