package process_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// ledger is the account of an order of which anything may become, without a database:
// of each line some units are here, under way, at the door, lost or came back.
type ledger struct {
	process.Account
	here map[int64]int64 // units that have not left, by line
	n    int             // names what is new
}

func drawLedger(r *rapid.T) *ledger {
	m := &ledger{here: map[int64]int64{}}
	m.Order.ID = "ord_made_up"
	m.Order.Payment = order.PaymentCaptured
	m.Held, m.Coming, m.Credits = map[string][]shipping.ShipmentLine{}, map[string][]shipping.ReturnLine{}, map[string][]payment.RefundLine{}
	for i := range rapid.Int64Range(1, 2).Draw(r, "lines") {
		l := order.Line{Line: i + 1, Quantity: rapid.Int64Range(1, 6).Draw(r, "units"), Amount: rapid.SampledFrom([]int64{0, 2, 100, 647, 1000, 1295, 1745, 2198, 3999}).Draw(r, "amount")}
		m.Lines, m.here[l.Line] = append(m.Lines, l), l.Quantity
	}
	return m
}

func (m *ledger) name(prefix string) string {
	m.n++
	return fmt.Sprintf("%s_%03d", prefix, m.n)
}

func (m *ledger) line(r *rapid.T) *order.Line {
	return &m.Lines[rapid.IntRange(0, len(m.Lines)-1).Draw(r, "line")]
}

// some draws up to so many units, and whether there are any.
func some(r *rapid.T, most int64) (int64, bool) {
	if most <= 0 {
		return 0, false
	}
	return rapid.Int64Range(1, most).Draw(r, "of them"), true
}

func (m *ledger) leave(r *rapid.T) {
	l := m.line(r)
	n, ok := some(r, m.here[l.Line])
	if !ok {
		return
	}
	s := shipping.Shipment{ID: m.name(shipping.Prefix), Status: shipping.Shipped, Units: n}
	m.here[l.Line] -= n
	m.Shipments = append(m.Shipments, s)
	m.Held[s.ID] = []shipping.ShipmentLine{{Line: l.Line, Quantity: n}}
}

// stray has what is under way lost, and what is lost found.
func (m *ledger) stray(r *rapid.T) {
	for i := range m.Shipments {
		s := &m.Shipments[i]
		switch here := rapid.Bool().Draw(r, "this one"); {
		case here && s.Status == shipping.Shipped:
			m.Account = m.Misses(*s)
			m.Shipments[i].Status = shipping.Lost
			return
		case here && s.Status == shipping.Lost:
			s.Status = shipping.Shipped
			return
		}
	}
}

// sendBack has a parcel under way arrive, and some of it sent back.
func (m *ledger) sendBack(r *rapid.T) {
	i := slices.IndexFunc(m.Shipments, func(s shipping.Shipment) bool { return s.Status == shipping.Shipped })
	if i < 0 {
		return
	}
	held := m.Held[m.Shipments[i].ID][0]
	m.Shipments = slices.Delete(m.Shipments, i, i+1)
	n, _ := some(r, held.Quantity)
	back := shipping.Return{ID: m.name(shipping.ReturnPrefix), Order: m.Order.ID, Status: shipping.ReturnReceived}
	m.Lines[held.Line-1].Returned += n
	m.Returns = append(m.Returns, back)
	m.Coming[back.ID] = []shipping.ReturnLine{{Line: held.Line, Came: n}}
	var asSaid bool
	if m.Account, asSaid = m.CameBack(m.name("rfd"), back.ID); !asSaid {
		r.Errorf("%s gives something else than its preview: %+v of %+v", back.ID, m.Given(back.ID, held.Line), m.Lines[held.Line-1])
	}
}

func (m *ledger) cut(r *rapid.T) {
	l := m.line(r)
	n, ok := some(r, m.here[l.Line])
	if !ok {
		return
	}
	m.here[l.Line] -= n
	l.Cancelled += n
	m.Account = m.Cut(m.name("rfd"), *l)
}

func drawAsked(r *rapid.T, m *ledger) order.CreditRequest {
	switch rapid.IntRange(0, 5).Draw(r, "asked for") {
	case 0:
		return order.CreditRequest{All: true}
	case 1, 2:
		return order.CreditRequest{Amount: rapid.Int64Range(1, 4000).Draw(r, "amount")}
	default:
		return order.CreditRequest{Lines: []order.CreditLine{{Line: m.line(r).Line, Quantity: rapid.Int64Range(0, 3).Draw(r, "units")}}}
	}
}

func (m *ledger) ask(r *rapid.T) {
	if a, err := m.Asked(m.name("rfd"), drawAsked(r, m)); err == nil {
		m.Account = a
	}
}

func (m *ledger) fail(r *rapid.T) {
	for i := range m.Refunds {
		f := &m.Refunds[i]
		if !f.Counts() || !rapid.Bool().Draw(r, "this one") {
			continue
		}
		f.Status = payment.RefundFailed
		for _, l := range m.Credits[f.ID] {
			m.Lines[l.Line-1].Credited -= l.Amount
		}
		return
	}
}

// skip takes it that what went back was for a parcel that does not arrive.
func (m *ledger) skip(r *rapid.T) {
	for _, s := range m.Missed() {
		if a, ok := m.Skipped(s); ok && rapid.Bool().Draw(r, "this one") {
			m.Account = a
			return
		}
	}
}

// hold checks what is true of the account whatever became of the order.
func (m *ledger) hold(r *rapid.T) {
	credited, back := map[int64]int64{}, map[int64]int64{}
	for _, f := range m.Refunds {
		seen := map[payment.RefundLine]bool{}
		for _, l := range m.Credits[f.ID] {
			key := payment.RefundLine{Line: l.Line, Cause: l.Cause}
			if seen[key] || l.Amount < 0 || l.Quantity < 0 || l.Amount+l.Quantity == 0 {
				r.Fatalf("refund %s is of %+v", f.ID, m.Credits[f.ID])
			}
			if seen[key] = true; f.Counts() {
				credited[l.Line], back[l.Line] = credited[l.Line]+l.Amount, back[l.Line]+l.Quantity
			}
		}
	}
	for _, l := range m.Lines {
		if l.Credited != credited[l.Line] || l.Credited > l.Amount || back[l.Line] > l.Quantity {
			r.Fatalf("of %+v, %d are back for %d units", l, credited[l.Line], back[l.Line])
		}
		m.settled(r, l, m.Order.ID, l.Cancelled)
		for _, v := range m.Returns {
			for _, came := range m.Coming[v.ID] {
				if came.Line == l.Line {
					m.settled(r, l, v.ID, came.Came)
				}
			}
		}
		for _, v := range m.Missed() {
			for _, h := range m.Held[v.ID] {
				if h.Line == l.Line {
					m.notTooMuch(r, l, v.ID, h.Quantity)
				}
			}
		}
		m.canBeGiven(r, l)
	}
}

// isPriced says whether a unit of a line comes to more than what rounding may do to it.
func isPriced(l order.Line) bool { return l.UpTo(1) >= l.Quantity }

// settled checks that a cause has its money, or is owed it, and not twice.
func (m *ledger) settled(r *rapid.T, l order.Line, cause string, units int64) {
	had := m.Given(cause, l.Line)
	if !l.Covers(had, units) && l.Left() > 0 && isPriced(l) {
		r.Errorf("%s has %+v of %d units of %+v", cause, had, units, l)
	}
	m.notTooMuch(r, l, cause, units)
}

func (m *ledger) notTooMuch(r *rapid.T, l order.Line, cause string, units int64) {
	if had := m.Given(cause, l.Line); had.Units > units || had.Amount >= l.UpTo(units)+l.Quantity {
		r.Errorf("%s has %+v for %d units of %+v: too much", cause, had, units, l)
	}
}

// canBeGiven checks that what lacks money has it when all is asked for that there is no
// money for yet, or when it is said to have been for that, or all is; and that asking for it in
// parts comes to the same.
func (m *ledger) canBeGiven(r *rapid.T, l order.Line) {
	if !isPriced(l) {
		return
	}
	whole, err := m.Asked("whole", order.CreditRequest{Lines: []order.CreditLine{{Line: l.Line}}})
	if err != nil {
		if l.Left() > 0 {
			r.Errorf("of %+v, nothing can be given: %v", l, err)
		}
		return
	}
	if owed := whole.Owed(); slices.ContainsFunc(owed, func(c order.Credit) bool { return c.Line == l.Line && c.Amount >= l.UpTo(1) }) && whole.Lines[l.Line-1].Left() > 0 {
		r.Errorf("owed is still %+v of %+v", owed, whole.Lines)
	}
	for _, s := range whole.Missed() {
		for _, h := range whole.Held[s.ID] {
			if h.Line != l.Line || l.Covers(whole.PaidBack(s.ID, h.Line), h.Quantity) || whole.Lines[l.Line-1].Left() == 0 {
				continue
			}
			_, ok := whole.Skipped(s)
			all, err := m.Asked("all", order.CreditRequest{All: true})
			if err != nil || !ok && !all.Repaid(false)[s.ID] {
				r.Errorf("parcel %s waits for ever: %+v of %+v", s.ID, whole.PaidBack(s.ID, h.Line), l)
			}
		}
	}
	if slices.ContainsFunc(m.Refunds, func(f payment.Refund) bool { return !f.Counts() }) {
		return // what is owed is given as it was rounded then, and units of too little have the rest
	}
	parts := m.Account
	for i := 0; ; i++ {
		next, err := parts.Asked(fmt.Sprint("part", i), order.CreditRequest{Lines: []order.CreditLine{{Line: l.Line, Quantity: 1}}})
		if err != nil || next.Lines[l.Line-1].Credited == parts.Lines[l.Line-1].Credited {
			break
		}
		parts = next
	}
	if got, want := parts.Lines[l.Line-1].Credited, whole.Lines[l.Line-1].Credited; got != want {
		r.Errorf("of %+v, one by one %d are given, and at once %d", l, got, want)
	}
}

// TestAnAccountIsSettled has anything become of an order's units and refunds: no line
// gives more than it has, every cause has its money or is owed it, none twice, what is
// wanting can be given, and in whichever parts the same.
func TestAnAccountIsSettled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m := drawLedger(r)
		acts := []func(*ledger, *rapid.T){(*ledger).leave, (*ledger).stray, (*ledger).sendBack, (*ledger).cut, (*ledger).ask, (*ledger).ask, (*ledger).fail, (*ledger).fail, (*ledger).skip}
		for range rapid.IntRange(1, 20).Draw(r, "acts") {
			rapid.SampledFrom(acts).Draw(r, "act")(m, r)
			m.hold(r)
		}
		over := m.Ended("over")
		for _, l := range over.Lines {
			if l.Left() > 0 {
				r.Errorf("of an order that is over, %d of %+v are kept", l.Left(), l)
			}
		}
	})
}
