package importer

import (
	"cmp"
	"maps"
	"slices"

	"doorstep/fault"
	"doorstep/money"
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

// Account proves that what was imported and what was set aside are together what
// the file has, for each currency. The file is added up from the text of its rows,
// the imported part from the documents: the two meet only in Check.
type Account struct {
	of map[money.Currency]*book
}

// book is the account of one currency.
type book struct {
	file     Tally
	imported Tally
	takings  Tally // the part of it that takes earlier sales back
	aside    map[Reason]Tally
}

// in returns the book of a currency; "" is for rows whose currency can not be read.
func (a *Account) in(c money.Currency) *book {
	if a.of == nil {
		a.of = map[money.Currency]*book{}
	}
	if a.of[c] == nil {
		a.of[c] = &book{aside: map[Reason]Tally{}}
	}
	return a.of[c]
}

// Currencies returns the currencies of the rows that have been read, by their
// codes.
func (a *Account) Currencies() []money.Currency { return slices.Sorted(maps.Keys(a.of)) }

// File returns what has been read so far.
func (a *Account) File(c money.Currency) Tally { return a.in(c).file }

// Imported returns what Import was told of.
func (a *Account) Imported(c money.Currency) Tally { return a.in(c).imported }

// SetAside returns what was set aside, in all.
func (a *Account) SetAside(c money.Currency) Tally {
	var sum Tally
	for _, t := range a.in(c).aside {
		sum = sum.plus(t)
	}
	return sum
}

// Reasons returns what was set aside per reason, by the names of the reasons.
func (a *Account) Reasons(c money.Currency) []ReasonTally {
	aside := a.in(c).aside
	list := make([]ReasonTally, 0, len(aside))
	for _, reason := range slices.SortedFunc(maps.Keys(aside), cmp.Compare[Reason]) {
		list = append(list, ReasonTally{reason, aside[reason]})
	}
	return list
}

// Import says that the entry is in the shop now, or was already.
func (a *Account) Import(e Entry) {
	b := a.in(e.of().currency)
	b.imported = b.imported.plus(e.of().tally())
	if _, ok := e.(Taking); ok {
		b.takings = b.takings.plus(e.of().tally())
	}
}

// TakenBack returns what was imported of rows that take earlier sales back.
func (a *Account) TakenBack(c money.Currency) Sum { return a.in(c).takings.Net() }

// Check says whether imported plus set aside is the file: the same rows, and
// the same value, positive and negative, to the last decimal. It holds once
// every entry that a Reader returned has been imported or set aside.
//
// Errors: internal when it is not.
func (a *Account) Check() error {
	for _, c := range a.Currencies() {
		file, found := a.File(c), a.Imported(c).plus(a.SetAside(c))
		if !found.equal(file) {
			return fault.New(fault.Internal, "imported and set aside are not the file: %d rows of %d, %s %s of %s, %s of %s",
				found.Rows, file.Rows, c, found.Positive, file.Positive, found.Negative, file.Negative)
		}
	}
	return nil
}

func (a *Account) read(r row) {
	b := a.in(r.currency)
	b.file = b.file.plus(r.tally())
}

func (a *Account) putAside(r row, reason Reason) {
	b := a.in(r.currency)
	b.aside[reason] = b.aside[reason].plus(r.tally())
}
