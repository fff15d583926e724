package sim

import (
	"context"
	"fmt"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// desk is what the people who work tickets know of them.
type desk struct {
	taken map[string]bool      // by ticket: someone is at it
	again map[string]time.Time // by ticket: it is not looked at before
	tries map[string]int       // by ticket: how many times it could not be solved
	mends map[string]int       // by order and what is the matter: how many times it was set going again
}

func newDesk() *desk {
	return &desk{taken: map[string]bool{}, again: map[string]time.Time{}, tries: map[string]int{}, mends: map[string]int{}}
}

const (
	lookAgain = 15 * time.Minute // how often a person without a ticket looks for one
	putOff    = 4 * time.Hour    // how long a ticket is left that can not be solved now
	mostTries = 6                // how often that is done
)

// worker is the working day of a person: one ticket after the other, the oldest
// first.
func (p *play) worker(n int) func(context.Context) error {
	by := process.Command{By: access.Actor(fmt.Sprintf("agent:%d", n))}
	var next func(context.Context) error
	next = func(ctx context.Context) error {
		now := p.Clock.Now()
		if begins := p.atWork(now); begins.After(now) {
			p.until(begins, next)
			return nil
		}
		t, found, err := p.nextTicket(ctx)
		if err != nil {
			return err
		}
		if !found {
			p.until(now.Add(lookAgain), next)
			return nil
		}
		p.desk.taken[t.ID] = true
		if _, err := p.AssignTicket(ctx, by, t.ID, by.By); unlessRefused(err) != nil {
			return err
		}
		wait := later(p.draw("minutes", t.ID, p.desk.tries[t.ID]), p.sc.Staff.Least, p.sc.Staff.Most-p.sc.Staff.Least)
		p.at(now.Add(wait), func(ctx context.Context) error {
			delete(p.desk.taken, t.ID)
			if err := p.work(ctx, by, t.ID); err != nil {
				return err
			}
			return next(ctx)
		})
		return nil
	}
	return next
}

// until has something done at a time at which people are there still.
func (p *play) until(t time.Time, do func(context.Context) error) {
	if t.Before(p.end()) {
		p.at(t, do)
	}
}

// atWork is the first time from now on at which people work.
func (p *play) atWork(now time.Time) time.Time {
	midnight := now.Truncate(day)
	for {
		from, to := midnight.Add(time.Duration(p.sc.Staff.From)), midnight.Add(time.Duration(p.sc.Staff.To))
		off := !p.sc.Staff.Weekends && (midnight.Weekday() == time.Saturday || midnight.Weekday() == time.Sunday)
		switch {
		case off || !now.Before(to):
			midnight = midnight.Add(day)
		case now.Before(from):
			return from
		default:
			return now
		}
		now = midnight
	}
}

// nextTicket is the oldest that waits for a person, and that no one is at.
func (p *play) nextTicket(ctx context.Context) (support.Ticket, bool, error) {
	open, err := p.open(ctx)
	if err != nil {
		return support.Ticket{}, false, err
	}
	for i := len(open) - 1; i >= 0; i-- {
		if t := open[i]; !p.desk.taken[t.ID] && !p.Clock.Now().Before(p.desk.again[t.ID]) && p.desk.tries[t.ID] < mostTries {
			return t, true, nil
		}
	}
	return support.Ticket{}, false, nil
}

// answer is what a person writes to a customer.
const answer = "We have seen to it."

// work is what a person does about a ticket: what is proposed is approved, what
// does not go on is set going, and the customer is told. What can not be solved
// now is put off.
func (p *play) work(ctx context.Context, by process.Command, id string) error {
	c, err := p.ShowTicket(ctx, id)
	if err != nil || c.Ticket.Status != support.Open {
		return err // it was solved, or waits for something else by now
	}
	if c.Ticket.Proposed != "" {
		_, err := p.ApproveTicket(ctx, by, id)
		return p.orPutOff(ctx, id, err)
	}
	if c.Ticket.Order != "" {
		if err := p.mend(ctx, by, c.Ticket.Order); err != nil {
			return err
		}
	}
	_, err = p.SolveTicket(ctx, by, id, answer)
	return p.orPutOff(ctx, id, err)
}

func (p *play) orPutOff(ctx context.Context, id string, err error) error {
	if !refused(err) {
		return err
	}
	c, err := p.ShowTicket(ctx, id)
	if err == nil && c.Ticket.Status == support.Open {
		p.desk.tries[id]++
		p.desk.again[id] = p.Clock.Now().Add(putOff)
	}
	return err
}

// mend sets going what of an order does not go on by itself. What is refused is
// tried in another way the next time.
func (p *play) mend(ctx context.Context, by process.Command, id string) error {
	v, err := p.Show(ctx, id)
	if err != nil {
		return err
	}
	for _, do := range []func(context.Context, process.Command, process.Overview) error{p.letGo, p.unstick, p.replace, p.payBack, p.giveBack} {
		if err := unlessRefused(do(ctx, by, v)); err != nil {
			return err
		}
	}
	return nil
}

// letGo releases an order that is held, and cancels it when it is held again.
func (p *play) letGo(ctx context.Context, by process.Command, v process.Overview) error {
	if v.Order.Held == "" || v.Order.Held == process.HeldByTicket {
		return nil
	}
	why := v.Order.ID + v.Order.Held
	p.desk.mends[why]++
	if p.desk.mends[why] == 1 {
		_, err := p.Release(ctx, by, v.Order.ID)
		return err
	}
	_, err := p.Cancel(ctx, by, v.Order.ID, "can_not_go_on")
	return err
}

// unstick has a stuck step tried again, then passed over, then undone.
func (p *play) unstick(ctx context.Context, by process.Command, v process.Overview) error {
	for _, n := range v.Next {
		if !n.Stuck {
			continue
		}
		way := process.Ways[min(p.desk.mends[v.Order.ID], len(process.Ways)-1)]
		p.desk.mends[v.Order.ID]++
		_, err := p.Attend(ctx, by, way, fmt.Sprintf("%d/%s", v.Order.Number, n.Step))
		return err
	}
	return nil
}

// replace takes in what comes back, sends anew what did not arrive, and gives the
// money back where that can not be, or where the parcel was not wanted.
func (p *play) replace(ctx context.Context, by process.Command, v process.Overview) error {
	for _, s := range v.Shipments {
		if !s.Lacking() {
			continue
		}
		if s.Status == shipping.Returned {
			if _, err := p.ReceiveBack(ctx, by, v.Order.ID, s.ID, shipping.Grading{}); err != nil {
				return err
			}
		}
		if s.Status == shipping.Lost || s.Status == shipping.Damaged {
			if _, err := p.Reship(ctx, by, v.Order.ID, s.ID); !refused(err) {
				return err
			}
		}
		var lines []order.CreditLine
		for _, l := range v.Packed[s.ID] {
			lines = append(lines, order.CreditLine{Line: l.Line, Quantity: l.Quantity})
		}
		_, err := p.Refund(ctx, by, v.Order.ID, 0, order.CreditRequest{Lines: lines, Reason: "not_arrived"})
		if fault.Is(err, fault.Invalid) { // for some of it the money has gone back already
			return nil
		}
		return err
	}
	return nil
}

// giveBack refunds again what of an order that is over was not given back.
func (p *play) giveBack(ctx context.Context, by process.Command, v process.Overview) error {
	if !v.Order.End.Over() || v.Order.Sums.Kept() <= 0 {
		return nil
	}
	_, err := p.Refund(ctx, by, v.Order.ID, 0, order.CreditRequest{All: true, Reason: "over"})
	return err
}
