package process_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
)

// outcome is how an order stands, in few words: by the shop's books, and by
// those of the providers. "" is nothing.
type outcome struct {
	Order   string // status, then the facets
	Money   string // what the gateway has charged
	Labels  string // what the carrier has sold
	Tickets string // category, status and reason of each
	Next    string // the steps that are due or waited for
}

// expect compares how an order stands with what the test says.
func (s *shop) expect(o order.Order, want outcome) {
	s.t.Helper()
	v := s.show(o.ID)
	s.sound(v)
	if d := cmp.Diff(want, s.outcome(v)); d != "" {
		s.t.Fatalf("the order does not stand as it should (-want +got):\n%s\n%s", d, timeline(v))
	}
}

func (s *shop) outcome(v process.Overview) outcome {
	f := v.Order.Facets
	status := string(v.Order.Status)
	if f.Failure != "" {
		status += " " + string(f.Failure)
	}
	if f.End == order.EndCancelling {
		status += " cancelling"
	}
	if f.End == order.EndChanging {
		status += " changing"
	}
	got := outcome{
		Order:  fmt.Sprintf("%s: %s %s %s", status, f.Stock, f.Payment, f.Fulfilment),
		Money:  s.money(v),
		Labels: s.labels(v),
	}
	var tickets, next []string
	for _, t := range v.Tickets {
		tickets = append(tickets, fmt.Sprintf("%s %s %s", t.Category, t.Status, t.Reason))
	}
	for _, n := range v.Next {
		text := string(n.Step)
		if n.Stuck {
			text += " stuck"
		}
		if n.Held {
			text += " held"
		}
		if !waitsBeside(n.Step) {
			next = append(next, text)
		}
	}
	slices.Sort(tickets) // several may have been opened at the same time
	got.Tickets, got.Next = strings.Join(tickets, ", "), strings.Join(next, ", ")
	return got
}

// waitsBeside says whether a step waits beside what an order waits for, which says
// so itself.
func waitsBeside(step process.Step) bool {
	return slices.Contains([]process.Step{process.StepCloseTicket, process.StepExpirePayment, process.StepKeep, process.StepCheckRefund}, step)
}

// money is what the gateway's books say of an order, or what people recorded.
func (s *shop) money(v process.Overview) string {
	var all []string
	for _, c := range s.charges(v.Order.ID) {
		switch {
		case c.Voided:
			all = append(all, "void")
		case c.Captured.Minor == 0:
			all = append(all, fmt.Sprintf("%d held", c.Authorised.Minor))
		default:
			all = append(all, takenAndBack(c.Captured.Minor, c.Refunded.Minor))
		}
	}
	slices.Sort(all) // by what it says: the references are drawn
	for _, p := range v.Payments {
		if p.Gateway == payment.Manual && p.Captured > 0 {
			all = append(all, "by hand "+takenAndBack(p.Captured, p.Refunded))
		}
	}
	return strings.Join(all, ", ")
}

func takenAndBack(taken, back int64) string {
	if back == 0 {
		return fmt.Sprintf("%d taken", taken)
	}
	return fmt.Sprintf("%d taken, %d back", taken, back)
}

func (s *shop) labels(v process.Overview) string {
	sold, void := 0, 0
	for _, l := range s.sold(v.Order.ID) {
		sold++
		if l.Voided {
			void++
		}
	}
	switch {
	case sold == 0:
		return ""
	case void == 0:
		return fmt.Sprintf("%d sold", sold)
	}
	return fmt.Sprintf("%d sold, %d void", sold, void)
}

func (s *shop) charges(orderID string) (all []gateway.Charge) {
	s.t.Helper()
	must(s.t, s.gateway.Charges(s.t.Context(), func(c gateway.Charge) error {
		if c.Order == orderID {
			all = append(all, c)
		}
		return nil
	}))
	return all
}

func (s *shop) sold(orderID string) (all []carrier.Label) {
	s.t.Helper()
	for _, c := range []*depot{s.carrier, s.spare.depot} {
		must(s.t, c.Labels(s.t.Context(), func(l carrier.Label) error {
			if l.Order == orderID {
				all = append(all, l)
			}
			return nil
		}))
	}
	return all
}

// sound checks what is true of every order at any time.
func (s *shop) sound(v process.Overview) {
	s.t.Helper()
	folded, sums, opened := order.New(), order.Sums{}, int64(0)
	for i, e := range v.Timeline {
		if e.Version != int64(i+1) {
			s.t.Errorf("event %d has version %d", i+1, e.Version)
		}
		var err error
		if folded, sums, err = order.Apply(folded, sums, e); err != nil {
			s.t.Errorf("the history can not be: %v", err)
		}
	}
	for _, t := range v.Tickets {
		if t.Status.Unsolved() {
			opened++
		}
	}
	if folded != v.Order.Facets || sums != v.Order.Sums || folded.Status() != v.Order.Status {
		s.t.Errorf("the history folds to %+v %+v, the order says %+v %+v", folded, sums, v.Order.Facets, v.Order.Sums)
	}
	if v.Order.Version != int64(len(v.Timeline)) || v.Order.OpenTickets != opened {
		s.t.Errorf("the order has version %d and %d open tickets: %d events, %d tickets", v.Order.Version, v.Order.OpenTickets, len(v.Timeline), opened)
	}
	if !v.Order.Status.Final() && v.Order.Held == "" && len(v.Next) == 0 && !paidBack(v) {
		s.t.Errorf("an order that is %s has no next step", v.Order.Status)
	}
	s.reserved(v)
	s.lookedAfter(v)
}

// paidBack says whether the money is back for all that has left and not arrived.
func paidBack(v process.Overview) bool {
	repaid, units := process.Account{Lines: v.Lines, Shipments: v.Shipments, Held: v.Packed, Refunds: v.Refunds, Credits: v.Credits, Returns: v.Returns, Coming: v.Coming}.Repaid(false), int64(0)
	for _, p := range v.Shipments {
		if repaid[p.ID] {
			units += p.Units
		}
	}
	return units > 0 && units == v.Order.Sums.Units-v.Order.Sums.Arrived
}

// reserved checks that an order has reservations for what it says is reserved.
func (s *shop) reserved(v process.Overview) {
	s.t.Helper()
	rows, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]inventory.Reservation, error) {
		return inventory.Reservations(r, v.Order.ID, v.Order.ID)
	})
	must(s.t, err)
	var units int64
	for _, r := range rows {
		units += r.Quantity
	}
	if units != v.Order.Sums.Reserved {
		s.t.Errorf("of %d units %d are reserved, and the reservations are %+v", v.Order.Sums.Units, v.Order.Sums.Reserved, rows)
	}
}

// level returns what the main location has of an SKU, and what of it is reserved.
func (s *shop) level(sku string) (onHand, reserved int64) {
	s.t.Helper()
	levels, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, sku, sku) })
	must(s.t, err)
	if len(levels) != 1 {
		s.t.Fatalf("%s lies at %+v", sku, levels)
	}
	return levels[0].OnHand, levels[0].Reserved
}

func (s *shop) wantLevel(sku string, onHand, reserved int64) {
	s.t.Helper()
	if h, r := s.level(sku); h != onHand || r != reserved {
		s.t.Errorf("of %s %d are on hand and %d reserved, not %d and %d", sku, h, r, onHand, reserved)
	}
}

// count returns how many events of the type an order has.
func (s *shop) count(o order.Order, t event.Type) int {
	s.t.Helper()
	n := 0
	for _, e := range s.show(o.ID).Timeline {
		if e.Type == t {
			n++
		}
	}
	return n
}

func (s *shop) wantCount(o order.Order, t event.Type, want int) {
	s.t.Helper()
	if got := s.count(o, t); got != want {
		s.t.Errorf("%s happened %d times, not %d\n%s", t, got, want, timeline(s.show(o.ID)))
	}
}

// attempts returns how the attempts of an order's payment ended.
func (s *shop) wantAttempts(o order.Order, want ...attempt.Status) {
	s.t.Helper()
	var got []attempt.Status
	for _, a := range s.show(o.ID).Attempts {
		got = append(got, a.Status)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the attempts are %v, not %v", got, want)
	}
}

func timeline(v process.Overview) string {
	var b strings.Builder
	for _, e := range v.Timeline {
		fmt.Fprintf(&b, "%s %2d %-24s %s→%s %s %s %s\n", e.At.Format(time.DateTime), e.Version, e.Type, e.From, e.To, e.Status, e.Actor, e.Data)
	}
	for _, n := range v.Next {
		fmt.Fprintf(&b, "next: %+v\n", n)
	}
	return b.String()
}

var _ testing.TB = (*trial)(nil)
