package process

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// draft is the account of an order with a refund of it that is not begun yet: what it is
// to give counts at once, and what went back before may be taken for what it is for.
// The order's own account stays as it is.
type draft struct {
	Account
	moved map[string]bool // of which refunds parts were moved to another cause
}

// drafted names the refund that is not begun yet.
const drafted = "draft"

func (a Account) draft() *draft {
	a.Lines, a.Credits = slices.Clone(a.Lines), maps.Clone(a.Credits)
	if a.Credits == nil {
		a.Credits = map[string][]payment.RefundLine{}
	}
	a.Refunds = append(slices.Clone(a.Refunds), payment.Refund{ID: drafted, Status: payment.RefundPending})
	return &draft{a, map[string]bool{}}
}

// credits is what the draft gives, line by line.
func (d *draft) credits() (credits []order.Credit) {
	for _, l := range d.Credits[drafted] {
		credits = append(credits, order.Credit(l))
	}
	slices.SortStableFunc(credits, func(x, y order.Credit) int { return cmp.Compare(x.Line, y.Line) })
	return credits
}

// give gives money of a line for a cause, never more than is left of it, nor for more
// units than it has. A cause of its own has had the units of which it has the money.
func (d *draft) give(cause string, line int64, pay order.Repaid) {
	l := d.at(line)
	pay.Amount = min(pay.Amount, l.Left())
	if pay.Amount <= 0 {
		return
	}
	l.Credited += pay.Amount
	if had := d.repaid(line)[cause]; cause != "" && l.UpTo(1) > 0 {
		pay.Units = min(pay.Units, l.Units(had.Amount+pay.Amount)-had.Units)
	}
	pay.Units = max(min(pay.Units, l.Quantity-d.unitsBack()[line]), 0)
	d.Credits[drafted] = merge(d.Credits[drafted], payment.RefundLine{Line: line, Quantity: pay.Units, Amount: pay.Amount, Cause: cause})
}

// at is the order's line of a number.
func (d *draft) at(line int64) *order.Line { return &d.Lines[line-1] }

// due is what a cause is still to have that had so much, for so many units of a line.
func (d *draft) due(line int64, had order.Repaid, units int64) order.Repaid {
	return d.at(line).Due(slices.AppendSeq(d.goodwill(line), maps.Values(d.causes(line))), had, units)
}

// goodwill is what goes back of a line for units and no cause, each part by itself: one
// of too little is not made up for by the next.
func (d *draft) goodwill(line int64) (parts []order.Repaid) {
	for _, f := range d.Refunds {
		for _, l := range d.Credits[f.ID] {
			if f.Counts() && l.Line == line && l.Cause == "" && l.Quantity > 0 {
				parts = append(parts, order.Repaid{Units: l.Quantity, Amount: l.Amount})
			}
		}
	}
	return parts
}

// settle gives a claimant what it is to have, of what is neither given back nor owed.
// What went back before is taken for it first: of that which was for units, that of so
// many; and of the rest as much as there is nothing left to give.
func (d *draft) settle(of claimant, before int64) {
	free := d.at(of.line).Left() - d.owedOf(of.line)
	due := d.fill(of, before, free)
	d.give(of.cause, of.line, order.Repaid{Units: due.Units, Amount: min(due.Amount, free)})
}

// fill takes what went back before for a claimant: that of so many units, and then as
// much as is still due beside what can be given. It returns what is due then.
func (d *draft) fill(of claimant, before, free int64) order.Repaid {
	due := func() order.Repaid {
		if had := d.Given(of.cause, of.line); !d.at(of.line).Covers(had, of.units) {
			return d.due(of.line, had, of.units)
		}
		return order.Repaid{}
	}
	d.units(of, before)
	d.units(of, d.at(of.line).Units(due().Amount-free))
	d.money(of, due().Amount-free)
	d.broken(of, due().Amount-free)
	return due()
}

// owedOf is what of a line is owed because refunds came to nothing, in minor units; but
// what tickets are owed may be for what another cause is.
func (d *draft) owedOf(line int64) (amount int64) {
	for _, o := range d.owed() {
		if o.Line == line && !isTicket(o.Cause) {
			amount += o.Amount
		}
	}
	return amount
}

// cut settles the units of a line that are taken out of the order, as the line is then.
// Money that went back counts first for what it was for, and for what did not arrive and
// has none.
func (d *draft) cut(l order.Line) {
	repaid := d.repaid(l.Line)
	before := d.unitsBack()[l.Line] - repaid[d.Order.ID].Units
	for _, of := range d.returned() {
		if of.line == l.Line {
			before -= repaid[of.cause].Units
		}
	}
	for _, s := range d.missed() {
		for _, of := range d.missing(s) {
			if of.line == l.Line {
				before -= repaid[of.cause].Units + d.lacks(of)
			}
		}
	}
	d.settle(claimant{d.Order.ID, l.Line, l.Cancelled}, before)
}

// miss takes for a parcel that does not arrive the money that went back before, as far
// as that can be for no other unit of its lines.
func (d *draft) miss(s shipping.Shipment) {
	units := d.unitsBack()
	for _, of := range d.missing(s) {
		others := d.at(of.line).Quantity - of.units
		d.units(of, units[of.line]-others-d.Given(of.cause, of.line).Units)
	}
}

// claimant is what units of a line are paid back for.
type claimant struct {
	cause       string
	line, units int64
}

// returned are the units of returns about whose money a person decides, the newest
// first.
func (a Account) returned() (all []claimant) {
	for _, r := range slices.Backward(a.Returns) {
		for _, l := range a.Coming[r.ID] {
			all = append(all, claimant{r.ID, l.Line, l.Came - l.Withheld})
		}
	}
	return all
}

// missing are the units of a parcel that does not arrive.
func (a Account) missing(s shipping.Shipment) (all []claimant) {
	for _, l := range linesOf(a.Held[s.ID]) {
		all = append(all, claimant{s.ID, l.Line, l.Quantity})
	}
	return all
}

// lacks is how many units of a claimant have not all their money.
func (d *draft) lacks(of claimant) int64 {
	return d.at(of.line).Lacks(d.repaid(of.line)[of.cause], of.units)
}

// debt is what a line is owed for a cause because refunds came to nothing.
type debt struct {
	claimant       // with the units for which the refunds were
	amount   int64 // minor units
	lacks    int64 // the units that the amount is the money of
}

// debts are what the lines are owed, each cause of a line once.
func (d *draft) debts() (all []debt) {
	for _, o := range d.owed() {
		same := func(x debt) bool { return x.cause == o.Cause && x.line == o.Line }
		i := slices.IndexFunc(all, same)
		if i < 0 {
			i, all = len(all), append(all, debt{claimant: claimant{cause: o.Cause, line: o.Line}})
		}
		all[i].units, all[i].amount = all[i].units+o.Quantity, all[i].amount+o.Amount
	}
	for i, o := range all {
		all[i].lacks = d.at(o.line).Wanting(d.repaid(o.line)[o.cause], order.Repaid{Units: o.units, Amount: o.amount})
	}
	return all
}

// available is for how many units of a line money may be given back: for which none
// was, or, where no cause is named, too little.
func (d *draft) available(line int64, cause string) int64 {
	n := d.at(line).Quantity - d.unitsBack()[line]
	if cause != "" {
		return n
	}
	all := d.returned()
	for _, s := range d.missed() {
		all = append(all, d.missing(s)...)
	}
	short := map[string]int64{} // units that count, and lack money
	for _, of := range all {
		if of.line == line {
			short[of.cause] = max(d.repaid(line)[of.cause].Units+d.lacks(of)-of.units, 0)
		}
	}
	for _, o := range d.debts() {
		if o.line == line {
			short[o.cause] = max(short[o.cause], o.lacks-o.units)
		}
	}
	for _, units := range short {
		n += units
	}
	return min(n, d.at(line).Quantity)
}

// share gives the money of so many units of each line to what is to have it: first to
// what is owed, then to returns and to parcels that do not arrive, of these first to one
// for which it is enough. What nothing claims is left of the units.
func (d *draft) share(free map[int64]int64) {
	for _, o := range d.debts() {
		d.repay(o, free)
	}
	for _, of := range d.returned() {
		d.toward(of, free)
	}
	for _, s := range d.enoughFirst(free) {
		for _, of := range d.missing(s) {
			d.toward(of, free)
		}
	}
}

// giveOwed gives money that is owed, in the place of the refunds that were to.
func (d *draft) giveOwed(o debt, pay order.Repaid) {
	d.replace(order.Credit{Line: o.line, Quantity: pay.Units, Amount: pay.Amount, Cause: o.cause})
	d.give(o.cause, o.line, pay)
}

// repay gives what is owed, as it was to be, or of it what the units are.
func (d *draft) repay(o debt, free map[int64]int64) {
	units := min(o.lacks, free[o.line])
	if units <= 0 {
		return
	}
	free[o.line] -= units
	pay := order.Repaid{Units: o.units, Amount: o.amount}
	if units < o.lacks {
		had := d.repaid(o.line)[o.cause]
		part := d.due(o.line, had, d.at(o.line).Units(had.Amount)+units)
		if o.amount-part.Amount >= d.at(o.line).UpTo(1) { // less than a unit's money is not left behind
			pay = order.Repaid{Units: min(o.units, units), Amount: part.Amount}
		}
	}
	d.giveOwed(o, pay)
}

// toward gives a claimant the money of units that lack it.
func (d *draft) toward(of claimant, free map[int64]int64) {
	lacks := d.lacks(of)
	units := min(lacks, free[of.line])
	if units <= 0 {
		return
	}
	free[of.line] -= units
	d.give(of.cause, of.line, d.due(of.line, d.repaid(of.line)[of.cause], of.units-lacks+units))
}

// enoughFirst returns the parcels that do not arrive in the order in which they did
// not, but those first of whose goods all have their money with so many units.
func (d *draft) enoughFirst(free map[int64]int64) []shipping.Shipment {
	missed := d.Account.missed()
	lacks := func(s shipping.Shipment) bool {
		return slices.ContainsFunc(d.missing(s), func(of claimant) bool { return d.lacks(of) > free[of.line] })
	}
	slices.SortStableFunc(missed, func(x, y shipping.Shipment) int { return cmp.Compare(rank(lacks(x)), rank(lacks(y))) })
	return missed
}

// request gives what is asked for: for one cause, or where none is named, for what is
// owed and for what has no money yet, and the rest as goodwill.
//
// Errors: invalid, with the path of every field that asks for more than there is.
func (d *draft) request(q order.CreditRequest, cause string) error {
	var c fault.Check
	switch {
	case q.All:
		d.all(cause)
	case len(q.Lines) > 0:
		d.some(&c, q.Lines, cause)
	default:
		d.amount(&c, q.Amount)
	}
	return c.Err("the refund")
}

// all gives all that is left.
func (d *draft) all(cause string) {
	switch cause {
	case "":
		free := map[int64]int64{}
		for _, l := range d.Lines {
			free[l.Line] = math.MaxInt64
		}
		d.share(free)
	case d.Order.ID:
		for _, o := range d.debts() {
			d.giveOwed(o, order.Repaid{Units: o.units, Amount: o.amount})
		}
	}
	for _, l := range d.Lines {
		d.give(cause, l.Line, order.Repaid{Units: l.Quantity, Amount: l.Left()})
	}
}

// some gives the money of units of lines, of all that have none where no number is
// named.
func (d *draft) some(c *fault.Check, asked []order.CreditLine, cause string) {
	free := map[int64]int64{}
	for i, l := range asked {
		path := fmt.Sprintf("lines[%d]", i)
		if l.Line < 1 || l.Line > int64(len(d.Lines)) {
			c.Add(path+".line", "unknown", "from 1 to %d", len(d.Lines))
			continue
		}
		rest := d.available(l.Line, cause)
		free[l.Line] = cmp.Or(l.Quantity, rest)
		c.If(l.Quantity > rest, path+".quantity", "out_of_range", "at most %d, for which none was given back, or too little; more as an amount", rest)
		c.If(l.Quantity <= rest && d.at(l.Line).Left() == 0, path+".line", "nothing_left", "a line of which something is left")
	}
	if cause == "" {
		d.share(free)
	}
	for _, line := range slices.Sorted(maps.Keys(free)) {
		if units := free[line]; units > 0 {
			d.give(cause, line, d.due(line, order.Repaid{}, units))
		}
	}
}

// amount gives an amount: first what is owed of it, and the rest of all lines.
func (d *draft) amount(c *fault.Check, amount int64) {
	rest := amount
	for _, o := range d.debts() {
		pay := order.Repaid{Units: o.units, Amount: o.amount}
		if rest < o.amount { // of what is not given whole, no unit has its money
			pay = order.Repaid{Amount: rest}
		}
		rest -= pay.Amount
		d.giveOwed(o, pay)
	}
	if more := rest - d.spread(rest); more > 0 {
		c.Add("amount", "out_of_range", "at most %s, what is left of the order", money.Of(amount-more, d.Order.Currency))
	}
}

// spread gives up to an amount of all lines by what is left of each, and returns how
// much that is.
func (d *draft) spread(amount int64) (given int64) {
	left := make([]int64, len(d.Lines))
	for i, l := range d.Lines {
		left[i], given = l.Left(), given+l.Left()
	}
	given = min(given, amount)
	for i, part := range money.Allot(given, left) {
		d.give("", d.Lines[i].Line, order.Repaid{Amount: part})
	}
	return given
}
