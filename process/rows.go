package process

import (
	"cmp"
	"slices"
)

// rows are the rows of one kind that a change works on: what was read of them,
// what they are now, and which are new.
type rows[T comparable] struct {
	loaded bool
	all    []*row[T]
}

type row[T comparable] struct {
	now, before T
	fresh       bool
}

func (rs *rows[T]) set(all []T) {
	rs.loaded = true
	for _, v := range all {
		rs.all = append(rs.all, &row[T]{now: v, before: v})
	}
}

// get reads the rows at the first call.
func (rs *rows[T]) get(read func() ([]T, error)) ([]*T, error) {
	if !rs.loaded {
		all, err := read()
		if err != nil {
			return nil, err
		}
		rs.set(all)
	}
	return rs.pointers(), nil
}

func (rs *rows[T]) pointers() []*T {
	ps := make([]*T, len(rs.all))
	for i, r := range rs.all {
		ps[i] = &r.now
	}
	return ps
}

func (rs *rows[T]) add(v T) *T {
	rs.all = append(rs.all, &row[T]{now: v, fresh: true})
	return &rs.all[len(rs.all)-1].now
}

func (rs *rows[T]) remove(v *T) {
	rs.all = slices.DeleteFunc(rs.all, func(r *row[T]) bool { return &r.now == v })
}

func (rs *rows[T]) has(v *T) bool {
	return slices.ContainsFunc(rs.all, func(r *row[T]) bool { return &r.now == v })
}

// flush writes what has changed, and then what is new: where only one may be
// open, the old one is closed before.
func (rs *rows[T]) flush(insert func(T), save func(now, before T)) {
	slices.SortStableFunc(rs.all, func(a, b *row[T]) int { return cmp.Compare(rank(a.fresh), rank(b.fresh)) })
	for _, r := range rs.all {
		switch {
		case r.fresh:
			insert(r.now)
		case r.now != r.before:
			save(r.now, r.before)
		}
	}
}

func rank(fresh bool) int {
	if fresh {
		return 1
	}
	return 0
}
