package process

import (
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/order"
)

// Rehearsed is what a command comes to of which nothing was kept. It is the error that a
// rehearsed command ends with, so that no caller takes it for done.
type Rehearsed struct {
	Before order.Order  `json:"before"`
	After  order.Order  `json:"after"`  // by what follows at once; what is due then is still to come
	Events []event.Type `json:"events"` // what would be told, in its order
}

// Error says that it is one.
func (*Rehearsed) Error() string { return "nothing has changed: this was a rehearsal" }

// Rehearsal returns the command as one of which nothing is kept: a use case on one order,
// or on a ticket, is carried out with what follows at once, and taken back. It is
// refused as the command would be, and otherwise ends with *Rehearsed. Providers are
// asked nothing but what has become of what they were asked before.
func (c Command) Rehearsal() Command {
	c.Key, c.Asked, c.rehearsed = "", nil, &Rehearsed{Events: []event.Type{}}
	return c
}

// orRehearsed carries a use case out, or has it taken back by the error that it returns.
func orRehearsed[T any](by Command, do func(*db.Tx) (T, error)) func(*db.Tx) (T, error) {
	if by.rehearsed == nil {
		return do
	}
	return func(tx *db.Tx) (T, error) {
		by.rehearsed.Events = by.rehearsed.Events[:0] // of a transaction that is run again
		v, err := do(tx)
		if err == nil {
			err = by.rehearsed
		}
		return v, err
	}
}
