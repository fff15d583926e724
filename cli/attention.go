package cli

import (
	"fmt"
	"strings"
	"time"

	"doorstep"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/process"
)

type attentionVerbs struct {
	List       attentionList       `cmd:"" help:"List what is held, stuck or late, the oldest first."`
	Retry      attentionRetry      `cmd:"" help:"Try steps again that are stuck; release orders that are held."`
	Skip       attentionSkip       `cmd:"" help:"Pass over steps that a person sees to."`
	Compensate attentionCompensate `cmd:"" help:"Cancel orders that can not go on: what was begun is undone."`
}

// attentionList lists what needs attention.
type attentionList struct {
	Cause *process.Cause `help:"Only what is so: ${enum}." enum:"held, stuck, overdue" placeholder:"CAUSE"`
	Limit int            `help:"How many at most." default:"20" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (attentionList) Help() string {
	return `Held is an order that a person or a rule has stopped, stuck is a step that has used up its tries, and overdue is what is late: a payment, a hand-over, a parcel, a provider that is not reached. At risk is what the customer has paid or may be charged, and has neither received nor got back.

Examples:

    doorstep attention list
    doorstep attention list --cause stuck --limit 100
    doorstep attention list --json`
}

// Run lists what needs attention.
func (v *attentionList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	var a process.Attention
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		a, err = shop.Process.Attention(s.ctx, given(v.Cause), v.Limit)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(a, func() { s.out.matters(a) })
}

func (s *screen) matters(a process.Attention) {
	if len(a.Items) == 0 {
		s.printf("Nothing needs attention.\n")
		return
	}
	t := s.table("", column{title: "ITEM"}, column{title: "CAUSE", status: true}, column{title: "FOR", right: true},
		column{title: "AT RISK", right: true}, column{title: "WAYS"}, column{title: "WHY", shrink: true})
	for _, m := range a.Items {
		t.add(m.Item, string(m.Cause), age(a.At.Sub(m.Since)), atRisk(m), waysOf(m), why(m))
	}
	t.print()
	if a.More > 0 {
		s.printf("And %d more: --limit %d\n", a.More, int64(len(a.Items))+a.More)
	}
}

func atRisk(m process.Matter) string {
	if m.AtRisk == 0 {
		return "-"
	}
	return money.Of(m.AtRisk, m.Currency).String()
}

func waysOf(m process.Matter) string {
	ways := make([]string, len(m.Ways))
	for i, w := range m.Ways {
		ways[i] = string(w)
	}
	if len(ways) == 0 {
		return "-"
	}
	return strings.Join(ways, " ")
}

// why is what has happened, or else what is waited for.
func why(m process.Matter) string {
	switch {
	case m.Cause == process.CauseHeld:
		return words(m.Why)
	case m.Why != "":
		return m.Why
	default:
		return m.Instead
	}
}

// age is a time span for people, in one unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

// attending is what the verbs have in common that do something about matters.
type attending struct {
	Items   []string `arg:"" name:"item" help:"What attention list shows, such as 1001/buy_label; an ORDER or a ticket for all of it." placeholder:"ITEM"`
	Preview bool     `help:"Show what would be done, and do nothing."`
	keyed
	working
}

// attentionRetry tries again.
type attentionRetry struct{ attending }

// Help is the detail of the verb's help.
func (attentionRetry) Help() string {
	return `A stuck step is tried again, under the key with which it was asked. An order that is held is released.

Examples:

    doorstep attention retry 1001/buy_label
    doorstep attention retry 1001 1002 --preview`
}

// Run tries the steps again.
func (v *attentionRetry) Run(s *session) error { return v.run(s, process.WayRetry) }

// attentionSkip passes over steps.
type attentionSkip struct{ attending }

// Help is the detail of the verb's help.
func (attentionSkip) Help() string {
	return `Only a step without which the order still stands as it does: the others are refused, with the ways that are left.

Examples:

    doorstep attention skip 1001/look_again
    doorstep attention skip tkt_01m8…/close_ticket --preview`
}

// Run passes over the steps.
func (v *attentionSkip) Run(s *session) error { return v.run(s, process.WaySkip) }

// attentionCompensate cancels orders.
type attentionCompensate struct{ attending }

// Help is the detail of the verb's help.
func (attentionCompensate) Help() string {
	return `The order is cancelled by its own process: a provider that has not answered is asked again first, labels and money are given back, and the stock is free again. An order of which a parcel has left can no longer be cancelled: exit code 4.

Examples:

    doorstep attention compensate 1001 --preview
    doorstep attention compensate 1001/authorise 1002/held`
}

// Run cancels the orders.
func (v *attentionCompensate) Run(s *session) error { return v.run(s, process.WayCompensate) }

// attended is what is shown of what was done.
type attended struct {
	Preview bool               `json:"preview"`
	Items   []process.Attended `json:"items"`
	Refused []refusedItem      `json:"refused,omitempty"`
}

// refusedItem is an item of several about which nothing was done.
type refusedItem struct {
	Item    string     `json:"item"`
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// run goes a way about each item, apart from the others: what can not be done of
// one keeps none of them back.
func (v *attending) run(s *session, w process.Way) error {
	answer := attended{Preview: v.Preview, Items: []process.Attended{}}
	open, one := s.writing, v.act
	if v.Preview {
		open, one = s.reading, v.foresee
		v.Wait = 0
	}
	err := open(func(shop *doorstep.Shop) error {
		if err := s.start(shop, v.Wait); err != nil {
			return err
		}
		for _, item := range v.Items {
			a, err := one(s, shop, w, item)
			switch e := fault.As(err); {
			case err == nil:
				answer.Items = append(answer.Items, a)
			case e == nil || len(v.Items) == 1:
				return err
			default:
				answer.Refused = append(answer.Refused, refusedItem{item, e.Code, e.Message})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.out.show(answer, func() { s.out.attended(answer) }); err != nil || len(answer.Refused) == 0 {
		return err
	}
	return fault.New(answer.Refused[0].Code, "%d of %d items were refused", len(answer.Refused), len(v.Items))
}

func (v *attending) foresee(s *session, shop *doorstep.Shop, w process.Way, item string) (process.Attended, error) {
	return shop.Process.PreviewAttend(s.ctx, w, item)
}

// act goes the way and works off what is then due. Each of several items has a
// key of its own.
func (v *attending) act(s *session, shop *doorstep.Shop, w process.Way, item string) (process.Attended, error) {
	command := v.command(s)
	if command.Key != "" && len(v.Items) > 1 {
		command.Key += "/" + item
	}
	r, err := shop.Process.Attend(s.ctx, command, w, item)
	if err != nil || r.Value.Order == "" {
		return r.Value, err
	}
	return r.Value, s.workOff(shop, v.Wait, r.Value.Order)
}

func (s *screen) attended(a attended) {
	is, being := "is", "is being"
	if a.Preview {
		is, being = "would be", "would be"
	}
	for _, one := range a.Items {
		name := "Ticket " + one.Ticket
		if one.Number != 0 {
			name = fmt.Sprintf("Order %d", one.Number)
		}
		if one.Released != "" {
			s.hanging("", fmt.Sprintf("%s %s released (%s)", name, is, words(one.Released)))
		}
		for _, step := range one.Steps {
			s.hanging("", fmt.Sprintf("%s: %s %s %s", name, words(step), is, gone[one.Way]))
		}
		if one.Undoing != nil {
			s.hanging("", fmt.Sprintf("%s %s cancelled: %s", name, being, undoing(*one.Undoing)))
		}
	}
	for _, r := range a.Refused {
		s.hanging("", r.Item+" is refused: "+r.Message)
	}
}

// gone is what a way does about a step, in words.
var gone = map[process.Way]string{process.WayRetry: "tried again", process.WaySkip: "passed over"}

// undoing says what is undone of an order that is cancelled.
func undoing(u process.Undoing) string {
	var parts []string
	if u.Refund > 0 {
		parts = append(parts, money.Of(u.Refund, u.Currency).String()+" to give back")
	}
	if u.Void > 0 {
		parts = append(parts, money.Of(u.Void, u.Currency).String()+" to let go")
	}
	if u.Asked > 0 {
		parts = append(parts, money.Of(u.Asked, u.Currency).String()+" to give back if it was taken")
	}
	if u.Units > 0 {
		parts = append(parts, count(int(u.Units), "unit", "units")+" free again")
	}
	if u.Waiting > 0 {
		parts = append(parts, count(int(u.Waiting), "unit", "units")+" no longer waited for")
	}
	if u.Labelled > 0 {
		parts = append(parts, "labels of "+count(int(u.Labelled), "unit", "units")+" to give back")
	}
	said := strings.Join(parts, ", ")
	if len(parts) == 0 {
		said = "there is nothing to undo"
	}
	if u.Waits {
		said += "; as soon as what a provider is asked has its answer"
	}
	return said
}
