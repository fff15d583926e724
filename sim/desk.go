package sim

import (
	"context"
	"fmt"
	"slices"
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
	looks map[string]int       // by ticket: how many times it was put off
	tries map[string]int       // by ticket: how many of these times because it could not be solved
	mends map[string]int       // by order and what is the matter: how many times it was set going again
}

func newDesk() *desk {
	return &desk{taken: map[string]bool{}, again: map[string]time.Time{}, looks: map[string]int{}, tries: map[string]int{}, mends: map[string]int{}}
}

const (
	lookAgain = 15 * time.Minute // how often a person without a ticket looks for one
	seeWhat   = 3 * time.Minute  // after which it is seen what has come of another try
	soonest   = time.Hour        // how long a ticket is left that can not be solved now; then twice as long each time
	latest    = day              // and at most
	unasked   = time.Hour        // after so long without a question, a provider may be back
	mostTries = 6                // how often a ticket is put off that can not be solved
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
		wait := later(p.draw("minutes", t.ID, p.desk.looks[t.ID]), p.sc.Staff.Least, p.sc.Staff.Most-p.sc.Staff.Least)
		p.at(now.Add(wait), func(ctx context.Context) error { return p.sit(ctx, by, t, next) })
		return nil
	}
	return next
}

// sit is what a person does at the end of the time that a ticket takes, who then goes
// on to the next. What has come of a stuck step that is tried again is waited for.
func (p *play) sit(ctx context.Context, by process.Command, t support.Ticket, next func(context.Context) error) error {
	tried, err := p.work(ctx, by, t)
	if err != nil {
		return err
	}
	leave := func(ctx context.Context) error {
		delete(p.desk.taken, t.ID)
		return next(ctx)
	}
	if !tried {
		return leave(ctx)
	}
	p.at(p.Clock.Now().Add(seeWhat), func(ctx context.Context) error {
		if err := p.conclude(ctx, by, t); err != nil {
			return err
		}
		return leave(ctx)
	})
	return nil
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
// does not go on is set going, and the customer is told. It says whether a stuck step
// was tried again: then the answer is not known yet.
func (p *play) work(ctx context.Context, by process.Command, t support.Ticket) (tried bool, err error) {
	c, err := p.ShowTicket(ctx, t.ID)
	if err != nil || c.Ticket.Status != support.Open {
		return false, err // it was solved, or waits for something else by now
	}
	if c.Ticket.Proposed != "" {
		_, err := p.ApproveTicket(ctx, by, t.ID)
		return false, p.orPutOff(ctx, t.ID, err)
	}
	if t.Order != "" {
		if tried, err = p.mend(ctx, by, t.Order); err != nil {
			return false, err
		}
	}
	if tried {
		return true, nil
	}
	return false, p.conclude(ctx, by, t)
}

// conclude tells the customer that all is well, or puts the ticket off where it is
// not. A person who knows that a provider is away gives no answer: the process would
// only tell of it anew.
func (p *play) conclude(ctx context.Context, by process.Command, t support.Ticket) error {
	if t.Order != "" {
		v, err := p.Show(ctx, t.Order)
		if err != nil {
			return err
		}
		if p.awaits(v) {
			p.putOff(t.ID)
			return nil
		}
	}
	_, err := p.SolveTicket(ctx, by, t.ID, answer)
	return p.orPutOff(ctx, t.ID, err)
}

// awaits says whether an order waits for a provider that is away.
func (p *play) awaits(v process.Overview) bool {
	asked := map[process.ProviderKind][]string{}
	for _, pay := range v.Payments {
		asked[process.KindGateway] = append(asked[process.KindGateway], pay.Gateway)
	}
	for _, s := range v.Shipments {
		asked[process.KindCarrier] = append(asked[process.KindCarrier], s.Carrier)
	}
	return slices.ContainsFunc(p.Providers(), func(of process.ProviderState) bool {
		return p.isAway(of) && slices.Contains(asked[of.Kind], of.Name) &&
			slices.ContainsFunc(v.Next, func(n process.Next) bool { return n.Asks == of.Kind && (n.Stuck || n.Error != "") })
	})
}

// isAway says whether a provider gives no answers. Where it was not asked for long,
// someone has to, or nobody would learn that it is back.
func (p *play) isAway(of process.ProviderState) bool {
	return of.Reach == process.ReachHalfOpen || of.Reach == process.ReachOpen && p.Clock.Now().Before(of.Until.Add(unasked))
}

// putOff leaves a ticket for a while, each time for longer.
func (p *play) putOff(id string) {
	p.desk.again[id] = p.Clock.Now().Add(longer(p.desk.looks[id]))
	p.desk.looks[id]++
}

// longer is how long a ticket is left that was put off n times.
func longer(n int) time.Duration {
	wait := soonest
	for ; n > 0 && wait < latest; n-- {
		wait *= 2
	}
	return min(wait, latest)
}

func (p *play) orPutOff(ctx context.Context, id string, err error) error {
	if !refused(err) {
		return err
	}
	c, err := p.ShowTicket(ctx, id)
	if err == nil && c.Ticket.Status == support.Open {
		p.desk.tries[id]++
		p.putOff(id)
	}
	return err
}

// mend sets going what of an order does not go on by itself, and says whether that
// was a stuck step. What is refused is tried in another way the next time. While a
// provider is away that it waits for, nothing is tried.
func (p *play) mend(ctx context.Context, by process.Command, id string) (tried bool, err error) {
	v, err := p.Show(ctx, id)
	if err != nil || p.awaits(v) {
		return false, err
	}
	tried = slices.ContainsFunc(v.Next, func(n process.Next) bool { return n.Stuck })
	for _, do := range []func(context.Context, process.Command, process.Overview) error{p.letGo, p.unstick, p.replace, p.payBack, p.giveBack} {
		if err := unlessRefused(do(ctx, by, v)); err != nil {
			return false, err
		}
		if v, err = p.Show(ctx, id); err != nil { // as that has left it
			return false, err
		}
	}
	return tried, nil
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

// unstick has a stuck step tried again, then passed over, then undone; again, where
// that can not be done.
func (p *play) unstick(ctx context.Context, by process.Command, v process.Overview) error {
	for _, n := range v.Next {
		if !n.Stuck {
			continue
		}
		way := process.Ways[min(p.desk.mends[v.Order.ID], len(process.Ways)-1)]
		p.desk.mends[v.Order.ID]++
		item := fmt.Sprintf("%d/%s", v.Order.Number, n.Step)
		_, err := p.Attend(ctx, by, way, item)
		if refused(err) && way != process.WayRetry {
			_, err = p.Attend(ctx, by, process.WayRetry, item)
		}
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
		_, err := p.Refund(ctx, by, v.Order.ID, order.CreditRequest{Lines: lines, Reason: "not_arrived"})
		if fault.Is(err, fault.Invalid) { // for some of it the money has gone back already
			return nil
		}
		return err
	}
	return nil
}

// giveBack refunds again what did not stay with the customer: all of an order that is
// over, and of another what is owed.
func (p *play) giveBack(ctx context.Context, by process.Command, v process.Overview) error {
	again := order.CreditRequest{Amount: v.Owed(), Reason: "owed"}
	if v.Order.End.Over() {
		again = order.CreditRequest{All: v.Order.Sums.Kept() > 0, Reason: "over"}
	}
	if again.Amount == 0 && !again.All {
		return nil
	}
	_, err := p.Refund(ctx, by, v.Order.ID, again)
	return err
}
