package cli

import (
	"errors"
	"strings"

	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

// rehearsed is for verbs that show what they come to before they do it.
type rehearsed struct {
	Preview bool  `help:"Show what would come of it at once, and change nothing."`
	Version int64 `help:"Refuse when the order has changed since a preview of this version." placeholder:"N"`
	keyed
	working
}

// may returns the command, or its rehearsal.
func (v rehearsed) may(by process.Command) process.Command {
	by = by.At(v.Version)
	if v.Preview {
		by = by.Rehearsal()
	}
	return by
}

// then is how long what is due is worked on: not for a rehearsal.
func (v rehearsed) then() working {
	if v.Preview {
		return working{}
	}
	return v.working
}

// rehearsal is what a command would come to.
type rehearsal struct {
	Preview bool `json:"preview"`
	*process.Rehearsed
}

// orRehearsed shows what a command would come to that was rehearsed.
func (s *session) orRehearsed(err error) error {
	var would *process.Rehearsed
	if !errors.As(err, &would) {
		return err
	}
	return s.out.show(rehearsal{true, would}, func() { s.out.rehearsal(would) })
}

func (s *screen) rehearsal(would *process.Rehearsed) {
	was, is := would.Before, would.After
	s.printf("Order %d as it would stand:\n", was.Number)
	t := s.table("  ", column{title: ""}, column{title: "NOW", shrink: true}, column{title: "THEN", shrink: true})
	rows := 0
	row := func(what, now, then string) {
		if now != then {
			rows++
			t.add(what, now, then)
		}
	}
	stopped := func(o order.Order) string {
		if o.Held == "" {
			return "no"
		}
		return words(o.Held)
	}
	row("status", words(was.Status), words(is.Status))
	row("payment", words(was.Payment), words(is.Payment))
	row("goods", words(was.Stock), words(is.Stock))
	row("parcels", words(was.Fulfilment), words(is.Fulfilment))
	row("held", stopped(was), stopped(is))
	for _, of := range []struct {
		what string
		n    func(order.Sums) int64
	}{
		{"units reserved", func(s order.Sums) int64 { return s.Reserved }},
		{"units waited for", func(s order.Sums) int64 { return s.Backordered }},
		{"units under way", func(s order.Sums) int64 { return s.Left }},
		{"units arrived", func(s order.Sums) int64 { return s.Arrived }},
		{"units that do not arrive", func(s order.Sums) int64 { return s.Lost }},
		{"units sent anew", func(s order.Sums) int64 { return s.Replaced }},
		{"units sent back", func(s order.Sums) int64 { return s.Returned }},
	} {
		row(of.what, digits(of.n(was.Sums)), digits(of.n(is.Sums)))
	}
	for _, of := range []struct {
		what string
		n    func(order.Sums) int64
	}{
		{"money taken", func(s order.Sums) int64 { return s.Captured }},
		{"money being given back", func(s order.Sums) int64 { return s.Refunding }},
		{"money given back", func(s order.Sums) int64 { return s.Refunded }},
	} {
		row(of.what, money.Of(of.n(was.Sums), was.Currency).String(), money.Of(of.n(is.Sums), is.Currency).String())
	}
	row("open tickets", digits(was.OpenTickets), digits(is.OpenTickets))
	if rows > 0 {
		t.print()
	} else {
		s.printf("  no money, no goods and no state of it changes\n")
	}
	told := make([]string, len(would.Events))
	for i, e := range would.Events {
		told[i] = string(e)
	}
	s.hanging("", "Its events: "+strings.Join(told, ", ")+".")
	s.printf("Nothing has changed: this was a preview of version %d.\n", was.Version)
}
