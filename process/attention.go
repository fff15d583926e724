package process

import (
	"context"
	"slices"
	"strconv"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
)

// Cause is why something needs attention.
type Cause string

// The causes.
const (
	CauseHeld    Cause = "held"    // a person or a rule has stopped the order
	CauseStuck   Cause = "stuck"   // a step has used up its tries
	CauseOverdue Cause = "overdue" // what a step waits for is late
)

// Causes are all causes.
var Causes = []Cause{CauseHeld, CauseStuck, CauseOverdue}

// Matter is something that needs attention: an order that is held, or a step
// that is stuck or waits for what is late.
type Matter struct {
	Item     string         `json:"item"` // names it: an order's number or a ticket's id, a slash, and held or the step
	Cause    Cause          `json:"cause"`
	Order    string         `json:"order,omitempty"`  // its id, "" of a ticket without an order
	Number   int64          `json:"number,omitempty"` // the order's
	Ticket   string         `json:"ticket,omitempty"` // a ticket without an order
	SKU      string         `json:"sku,omitempty"`    // an SKU, of a step about its stock
	Step     Step           `json:"step,omitempty"`   // "" of an order that is held
	Subject  string         `json:"subject,omitempty"`
	Does     string         `json:"does,omitempty"` // what the step does
	Why      string         `json:"why,omitempty"`  // the reason code of the hold, or why the step's last try was in vain
	Since    time.Time      `json:"since"`          // shop time
	AtRisk   int64          `json:"at_risk"`        // minor units: what is authorised or captured, or may be, and neither delivered for nor given back
	Currency money.Currency `json:"currency,omitempty"`
	Ways     []Way          `json:"ways"`              // what a person may do about it
	Instead  string         `json:"instead,omitempty"` // what else a person may do
}

// Attention is what needs attention, and how much more there is.
type Attention struct {
	At    time.Time `json:"at"` // shop time
	Items []Matter  `json:"items"`
	More  int64     `json:"more"` // how many the list leaves out, where there are not too many to count
}

// mostCounted bounds how many matters of a cause are counted.
const mostCounted = 10_000

// Attention returns up to limit matters, of one cause or of all (""): those of
// each cause that are there for longest, the longest of all first.
func (p *Process) Attention(ctx context.Context, of Cause, limit int) (Attention, error) {
	return db.View(ctx, p.db, func(r db.Reader) (Attention, error) {
		a := Attention{At: r.Now(), Items: []Matter{}}
		for _, cause := range Causes {
			if of != "" && of != cause {
				continue
			}
			matters, n, err := p.mattersOf(r, cause, limit)
			if err != nil {
				return a, err
			}
			a.Items = append(a.Items, matters...)
			a.More += n
		}
		slices.SortStableFunc(a.Items, func(x, y Matter) int { return x.Since.Compare(y.Since) })
		a.Items = a.Items[:min(limit, len(a.Items))]
		a.More -= int64(len(a.Items))
		return a, nil
	})
}

// CountAttention counts what needs attention, up to most of each cause.
func (p *Process) CountAttention(ctx context.Context, most int) (int64, error) {
	return db.View(ctx, p.db, func(r db.Reader) (all int64, err error) {
		for _, cause := range Causes {
			n, err := countMatters(r, cause, most)
			if err != nil {
				return 0, err
			}
			all += n
		}
		return all, nil
	})
}

// mattersOf returns up to limit matters of a cause, and how many there are.
func (p *Process) mattersOf(r db.Reader, cause Cause, limit int) (matters []Matter, n int64, err error) {
	switch cause {
	case CauseHeld:
		var held []order.Order
		if held, err = order.Held(r, limit); err == nil {
			matters, err = p.heldMatters(r, held)
		}
	case CauseStuck:
		matters, err = p.stepMatters(r, limit, work.Stuckness)
	default:
		matters, err = p.stepMatters(r, limit, work.Overdues)
	}
	if err != nil {
		return nil, 0, err
	}
	n, err = countMatters(r, cause, mostCounted)
	return matters, n, err
}

// countMatters counts the matters of a cause, up to most.
func countMatters(r db.Reader, cause Cause, most int) (int64, error) {
	switch cause {
	case CauseHeld:
		return order.CountHeld(r, most)
	case CauseStuck:
		return work.CountStuck(r, most)
	default:
		return work.CountOverdue(r, most)
	}
}

func (p *Process) heldMatters(r db.Reader, held []order.Order) ([]Matter, error) {
	matters := make([]Matter, len(held))
	for i, o := range held {
		matters[i] = heldMatter(o)
		arrived, err := arrivedWorth(r, o)
		if err != nil {
			return nil, err
		}
		matters[i].AtRisk = o.AtRisk(arrived)
	}
	return matters, nil
}

func (p *Process) stepMatters(r db.Reader, limit int, list func(db.Reader, int) ([]work.Item, error)) ([]Matter, error) {
	items, err := list(r, limit)
	if err != nil {
		return nil, err
	}
	owners := make([]string, len(items))
	for i, it := range items {
		owners[i] = it.Owner
	}
	orders, err := order.ByID(r, owners)
	if err != nil {
		return nil, err
	}
	matters := make([]Matter, len(items))
	for i, it := range items {
		o := orders[it.Owner]
		if matters[i], err = p.stepMatter(r, o, it); err != nil {
			return nil, err
		}
		if matters[i].AtRisk, err = itemRisk(r, o, it); err != nil {
			return nil, err
		}
	}
	return matters, nil
}

// heldPart names in an item that an order is held.
const heldPart = "held"

// heldMatter is an order that is held, without what is at risk.
func heldMatter(o order.Order) Matter {
	m := Matter{Item: strconv.FormatInt(o.Number, 10) + "/" + heldPart, Cause: CauseHeld, Order: o.ID, Number: o.Number,
		Why: o.Held, Since: o.HeldAt, Currency: o.Currency, Ways: possible(o, WayRetry, WayCompensate)}
	if WhyNoRelease(o) != nil {
		m.Ways, m.Instead = possible(o, WayCompensate), insteadOfRelease(o)
	}
	return m
}

// insteadOfRelease is what a person may do about an order that can not be released.
func insteadOfRelease(o order.Order) string {
	if o.Held == HeldByTicket {
		return "solve the ticket that holds it"
	}
	return "release it when it is changed, or withdraw the change"
}

// stepMatter is a step of an order, or of a ticket without one, that is stuck or
// waits for what is late, without what is at risk.
func (p *Process) stepMatter(r db.Reader, o order.Order, it work.Item) (Matter, error) {
	row := p.steps[Step(it.Step)]
	m := Matter{Step: Step(it.Step), Subject: it.Subject, Does: row.Does, Why: it.Error, Instead: row.Else}
	m.Cause, m.Since = CauseStuck, it.Due
	ways := row.Ways
	if it.State != work.Stuck {
		m.Cause, m.Since = CauseOverdue, it.Overdue
		if row.Kind == Wait { // what is waited for comes no sooner by that
			ways = slices.DeleteFunc(slices.Clone(ways), func(w Way) bool { return w == WayRetry })
		}
	}
	m.Ways = possible(o, ways...)
	if o.ID == "" {
		m.Ticket, m.SKU = ofNoOrder(it.Owner)
		m.Item = it.Owner + "/" + it.Step
		return m, nil
	}
	m.Order, m.Number, m.Currency = o.ID, o.Number, o.Currency
	m.Item = strconv.FormatInt(o.Number, 10) + "/" + it.Step
	if row.may == nil {
		return m, nil
	}
	a, err := ReadAccount(r, o)
	if err == nil && !row.may(a, it.Subject) {
		m.Ways = slices.DeleteFunc(m.Ways, func(w Way) bool { return w == WaySkip })
	}
	return m, err
}

// ofNoOrder is what an owner is that is no order: a ticket, or the stock of an SKU.
func ofNoOrder(owner string) (ticket, sku string) {
	if sku, ok := OfStock(owner); ok {
		return "", sku
	}
	return owner, ""
}

// possible returns which of the ways are open as an order stands.
func possible(o order.Order, ways ...Way) []Way {
	open := []Way{}
	for _, w := range ways {
		if w != WayCompensate || WhyNoCancel(o) == nil {
			open = append(open, w)
		}
	}
	return open
}

// itemRisk is the money at risk by a step: a charge that is to be undone is none
// of its order's own.
func itemRisk(r db.Reader, o order.Order, it work.Item) (int64, error) {
	if o.ID == "" {
		return 0, nil
	}
	attempts, err := payment.Attempts(r, o.ID)
	if err != nil {
		return 0, err
	}
	if Step(it.Step) == StepUndo {
		var sum int64
		for _, a := range attempts {
			if toUndo(a) {
				sum += a.Amount
			}
		}
		return sum, nil
	}
	arrived, err := arrivedWorth(r, o)
	return max(o.AtRisk(arrived), askedFor(attempts)), err
}

// arrivedWorth is what the goods of an order are worth that are at the door,
// where some are and some are not.
func arrivedWorth(r db.Reader, o order.Order) (worth int64, err error) {
	if o.Sums.Arrived == 0 || o.Sums.Arrived == o.Sums.Units {
		return 0, nil
	}
	lines, err := order.Lines(r, o.ID)
	if err != nil {
		return 0, err
	}
	units, err := arrivedUnits(r, o.ID)
	if err != nil {
		return 0, err
	}
	for _, l := range lines {
		worth += l.Worth(units[l.Line], o.PricesIncludeTax)
	}
	return worth, nil
}
