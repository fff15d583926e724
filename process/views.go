package process

import (
	"context"
	"slices"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
)

// SaveView keeps a view of the user who asks for it, in the place of the one that they call
// the same.
//
// Errors: invalid; conflict when they have as many as one can.
func (p *Process) SaveView(ctx context.Context, user access.User, q access.ViewRequest) error {
	if err := q.Validate(); err != nil {
		return err
	}
	_, err := db.Update(ctx, p.db, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (struct{}, error) {
		all, err := access.ViewsOf(tx, user.ID)
		if err != nil {
			return struct{}{}, err
		}
		same := slices.ContainsFunc(all, func(v access.View) bool { return v.Name == q.Name })
		if len(all) >= access.MaxViews && !same {
			return struct{}{}, fault.New(fault.Conflict, "you have %d views already, and no more can be: remove one", len(all))
		}
		access.SaveView(tx, access.View{ID: p.ids.New("view", tx.Now(), user.ID+"\x00"+q.Name), User: user.ID, Name: q.Name, Query: q.Query, SavedAt: tx.Now()})
		return struct{}{}, nil
	})
	return err
}

// RemoveView removes a view of the user who asks for it, if they have it.
func (p *Process) RemoveView(ctx context.Context, user access.User, id string) error {
	_, err := db.Update(ctx, p.db, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (struct{}, error) {
		access.DropView(tx, user.ID, id)
		return struct{}{}, nil
	})
	return err
}

// Views returns the views of a user, by name.
func (p *Process) Views(ctx context.Context, user string) ([]access.View, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]access.View, error) { return access.ViewsOf(r, user) })
}
