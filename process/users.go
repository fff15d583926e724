package process

import (
	"context"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
)

// Invitation is a user with the link by which they choose a password. It is kept nowhere.
type Invitation struct {
	access.User
	Link    access.Secret `json:"link,omitempty"` // "" in an answer that is given again
	Expires time.Time     `json:"expires_at,omitzero"`
}

// AddUser makes a user, who chooses a password by the link in this answer alone: under
// the same command key, the answer comes again without it.
//
// Errors: invalid; conflict when someone signs in by that mail address already; forbidden.
func (p *Process) AddUser(ctx context.Context, by Command, q access.UserRequest) (Result[Invitation], error) {
	return p.invite(ctx, by, "add_user", q, func(tx *db.Tx) (access.User, error) {
		u, err := q.Make(p.ids.New("usr", tx.Now(), access.MailOf(q.Mail)), by.By, tx.Now())
		if err != nil {
			return u, err
		}
		if err := free(tx, u.Mail); err != nil {
			return u, err
		}
		access.InsertUser(tx, u)
		return u, nil
	})
}

// free says that nobody signs in by a mail address.
//
// Errors: conflict.
func free(r db.Reader, mail string) error {
	_, taken, err := access.UserByMail(r, mail)
	if err == nil && taken {
		err = fault.New(fault.Conflict, "there is a user with the mail address %q already", mail)
	}
	return err
}

// LinkUser makes a link by which a user chooses a password, or another one. It takes the
// place of the link before; who is signed in stays so until it is used.
//
// Errors: not_found; conflict when the user is disabled; forbidden.
func (p *Process) LinkUser(ctx context.Context, by Command, what string) (Result[Invitation], error) {
	return p.invite(ctx, by, "link_user", what, func(tx *db.Tx) (access.User, error) {
		u, err := access.FindUser(tx, what)
		if err == nil && !u.DisabledAt.IsZero() {
			err = fault.New(fault.Conflict, "%s is disabled", u.Mail)
		}
		return u, err
	})
}

// FirstAdministrator makes a link by which the first administrator chooses a mail address
// and a password. There is none when there is an administrator already, or a link to the
// first that can be used.
//
// Errors: forbidden.
func (p *Process) FirstAdministrator(ctx context.Context, by Command) (_ Invitation, made bool, err error) {
	r, err := p.invite(ctx, by, "add_user", nil, func(tx *db.Tx) (access.User, error) {
		admins, err := access.Administrators(tx)
		if err != nil {
			return access.User{}, err
		}
		if len(admins) == 0 {
			u := access.User{ID: p.ids.New("usr", tx.Now(), "first"), Role: access.RoleAdmin, Invited: true, CreatedBy: by.By, CreatedAt: tx.Now()}
			access.InsertUser(tx, u)
			return u, nil
		}
		first := admins[0]
		if !first.Invited || len(admins) > 1 {
			return access.User{}, nil
		}
		linked, err := access.HasLink(tx, first.ID, tx.Now())
		if err != nil || linked {
			return access.User{}, err
		}
		return first, nil
	})
	return r.Value, r.Value.Link != "", err
}

// invite carries out a use case that makes a link for the user that do returns; for one
// without an identifier, none.
func (p *Process) invite(ctx context.Context, by Command, useCase string, request any, do func(*db.Tx) (access.User, error)) (Result[Invitation], error) {
	link := access.NewLink()
	r, err := once(ctx, p, by, useCase, request, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (Invitation, error) {
		u, err := do(tx)
		if err != nil || u.ID == "" {
			return Invitation{}, err
		}
		v := Invitation{User: u, Expires: tx.Now().Add(access.LinkLife)}
		access.SaveLink(tx, u.ID, link, v.Expires)
		return v, nil
	})
	if !r.Replayed && err == nil && r.Value.ID != "" {
		r.Value.Link = link
	}
	return r, err
}

// SetRole says what a user may do from now on.
//
// Errors: invalid; not_found; conflict when no administrator would be left; forbidden.
func (p *Process) SetRole(ctx context.Context, by Command, what string, role access.Role) (Result[access.User], error) {
	var check fault.Check
	check.If(!role.Valid(), "role", "unknown", "one of %v", access.Roles)
	if err := check.Err("the role"); err != nil {
		return Result[access.User]{}, err
	}
	return p.changeUser(ctx, by, "set_role", what, role, func(tx *db.Tx, u *access.User) error {
		if role != access.RoleAdmin {
			if err := notLast(tx, *u); err != nil {
				return err
			}
		}
		u.Role = role
		return nil
	})
}

// DisableUser keeps a user out: their sessions and their link end at once.
//
// Errors: not_found; conflict when no administrator would be left; forbidden.
func (p *Process) DisableUser(ctx context.Context, by Command, what string) (Result[access.User], error) {
	return p.changeUser(ctx, by, "disable_user", what, nil, func(tx *db.Tx, u *access.User) error {
		if !u.DisabledAt.IsZero() {
			return nil
		}
		if err := notLast(tx, *u); err != nil {
			return err
		}
		u.DisabledBy, u.DisabledAt = by.By, tx.Now()
		access.EndLink(tx, u.ID)
		endSessions(tx, u)
		return nil
	})
}

// EnableUser lets a user in again who was disabled, by the password that they had.
//
// Errors: not_found; forbidden.
func (p *Process) EnableUser(ctx context.Context, by Command, what string) (Result[access.User], error) {
	return p.changeUser(ctx, by, "enable_user", what, nil, func(_ *db.Tx, u *access.User) error {
		u.DisabledBy, u.DisabledAt = "", time.Time{}
		return nil
	})
}

// SignOutUser ends all sessions of a user.
//
// Errors: not_found; forbidden.
func (p *Process) SignOutUser(ctx context.Context, by Command, what string) (Result[access.User], error) {
	return p.changeUser(ctx, by, "sign_out_user", what, nil, func(tx *db.Tx, u *access.User) error {
		endSessions(tx, u)
		return nil
	})
}

func (p *Process) changeUser(ctx context.Context, by Command, useCase, what string, request any, do func(*db.Tx, *access.User) error) (Result[access.User], error) {
	return once(ctx, p, by, useCase, []any{what, request}, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (access.User, error) {
		u, err := access.FindUser(tx, what)
		if err != nil {
			return u, err
		}
		if err := do(tx, &u); err != nil {
			return u, err
		}
		access.SaveUser(tx, u)
		return u, nil
	})
}

// notLast refuses to take the last administrator away who can sign in.
//
// Errors: conflict.
func notLast(r db.Reader, u access.User) error {
	admins, err := access.Administrators(r)
	if err != nil || u.Invited || u.Role != access.RoleAdmin {
		return err
	}
	if slices.ContainsFunc(admins, func(a access.User) bool { return a.ID != u.ID && !a.Invited }) {
		return nil
	}
	return fault.New(fault.Conflict, "%s is the only administrator who can sign in: make another one first", u.Mail)
}

// endSessions ends the sessions of a user, those that are begun at this moment as well.
func endSessions(tx *db.Tx, u *access.User) {
	u.Passwords++
	access.EndSessions(tx, u.ID)
}

// Users returns up to limit users made before the one with the id ("" for all), the
// newest first.
func (p *Process) Users(ctx context.Context, before string, limit int) ([]access.User, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]access.User, error) { return access.Users(r, before, limit) })
}

// User returns a user by their identifier or mail address.
//
// Errors: not_found.
func (p *Process) User(ctx context.Context, what string) (access.User, error) {
	return db.View(ctx, p.db, func(r db.Reader) (access.User, error) { return access.FindUser(r, what) })
}
