package importer

import (
	"cmp"
	"maps"
	"slices"

	"doorstep/fault"
)

// Tally counts rows and adds up their values, positive and negative apart: a
// mistake in one can then not be hidden by the other.
type Tally struct {
	Rows     int `json:"rows"`
	Unknown  int `json:"rows_without_value"` // rows whose value could not be read
	Positive Sum `json:"positive"`
	Negative Sum `json:"negative"`
}

// Net returns the positive and the negative values together.
func (t Tally) Net() Sum { return t.Positive.Add(t.Negative) }

func (t Tally) add(value Sum) Tally {
	if value.Sign() < 0 {
		t.Negative = t.Negative.Add(value)
	} else {
		t.Positive = t.Positive.Add(value)
	}
	return t
}

func (t Tally) plus(u Tally) Tally {
	return Tally{t.Rows + u.Rows, t.Unknown + u.Unknown, t.Positive.Add(u.Positive), t.Negative.Add(u.Negative)}
}

func (t Tally) equal(u Tally) bool {
	return t.Rows == u.Rows && t.Unknown == u.Unknown && t.Positive.Equal(u.Positive) && t.Negative.Equal(u.Negative)
}

// ReasonTally is what was set aside for one reason.
type ReasonTally struct {
	Reason Reason `json:"reason"`
	Tally
}

// Account proves that what was imported and what was set aside are together
// what the file has. The file is added up from the text of its rows, the
// imported part from the invoices: the two meet only in Check.
//
// The file has one currency, so that an Account has one.
type Account struct {
	file     Tally
	imported Tally
	orders   int
	aside    map[Reason]Tally
}

// File returns what has been read so far.
func (a *Account) File() Tally { return a.file }

// Imported returns what Import was told of.
func (a *Account) Imported() Tally { return a.imported }

// Orders returns how many invoices Import was told of.
func (a *Account) Orders() int { return a.orders }

// SetAside returns what was set aside, in all.
func (a *Account) SetAside() Tally {
	var sum Tally
	for _, t := range a.aside {
		sum = sum.plus(t)
	}
	return sum
}

// Reasons returns what was set aside per reason, by the names of the reasons.
func (a *Account) Reasons() []ReasonTally {
	list := make([]ReasonTally, 0, len(a.aside))
	for _, reason := range slices.SortedFunc(maps.Keys(a.aside), cmp.Compare[Reason]) {
		list = append(list, ReasonTally{reason, a.aside[reason]})
	}
	return list
}

// Import says that the invoice is now an order, or was one already.
func (a *Account) Import(inv Invoice) {
	a.orders++
	a.imported.Rows += len(inv.rows)
	a.imported = a.imported.add(sumOf(inv.Value + inv.Discount)).add(sumOf(-inv.Discount))
}

// Check says whether imported plus set aside is the file: the same rows, and
// the same value, positive and negative, to the last decimal. It holds once
// every invoice that a Reader returned has been imported or set aside.
//
// Errors: internal when it is not.
func (a *Account) Check() error {
	found := a.imported.plus(a.SetAside())
	if found.equal(a.file) {
		return nil
	}
	return fault.New(fault.Internal, "imported and set aside are not the file: %d rows of %d, %s of %s, %s of %s",
		found.Rows, a.file.Rows, found.Positive, a.file.Positive, found.Negative, a.file.Negative)
}

func (a *Account) read(r row) {
	a.file = a.file.plus(r.tally())
}

func (a *Account) putAside(r row, reason Reason) {
	if a.aside == nil {
		a.aside = map[Reason]Tally{}
	}
	a.aside[reason] = a.aside[reason].plus(r.tally())
}
