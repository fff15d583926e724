// Package state holds transition tables: the only way from one state of a
// thing to another.
package state

import "doorstep/fault"

// Row is one transition: in the state From, On happens, and it is To.
type Row[S, E ~string] struct {
	From S
	On   E
	To   S
}

// Table is all the transitions that a thing can make.
type Table[S, E ~string] []Row[S, E]

// Next returns the state after what happened.
//
// Errors: conflict when the table has no such step.
func (t Table[S, E]) Next(from S, on E) (S, error) {
	for _, r := range t {
		if r.From == from && r.On == on {
			return r.To, nil
		}
	}
	return from, fault.New(fault.Conflict, "%q can not happen in state %q", string(on), string(from))
}

// Can says whether the table has a step for it.
func (t Table[S, E]) Can(from S, on E) bool {
	_, err := t.Next(from, on)
	return err == nil
}

// States returns every state that the table names, in the order of the table.
func (t Table[S, E]) States() []S {
	var all []S
	seen := map[S]bool{}
	for _, r := range t {
		for _, s := range []S{r.From, r.To} {
			if s != "" && !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}
