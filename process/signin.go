package process

import (
	"context"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
)

// mostHashing is how many passwords are hashed at once: each takes 64 MiB.
const mostHashing = 2

// hashed runs what hashes a password when it is its turn.
//
// Errors: unavailable when ctx ends before.
func (p *Process) hashed(ctx context.Context, do func()) error {
	select {
	case p.hashing <- struct{}{}:
		defer func() { <-p.hashing }()
		do()
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "too many sign in at once: %w", ctx.Err())
	}
}

// SignIn returns the user who has the mail address and the password. That there is no
// such user takes as long to say as that it is another password, and is said in the same words.
//
// Errors: forbidden; unavailable.
func (p *Process) SignIn(ctx context.Context, address string, password access.Password) (access.User, error) {
	u, err := db.View(ctx, p.db, func(r db.Reader) (access.User, error) {
		u, _, err := access.UserByMail(r, address)
		return u, err
	})
	if err != nil {
		return access.User{}, err
	}
	var is bool
	if err := p.hashed(ctx, func() { is = u.Password.Is(password) }); err != nil {
		return access.User{}, err
	}
	if !is || !u.DisabledAt.IsZero() {
		return access.User{}, fault.New(fault.Forbidden, "there is no user with this mail address and this password")
	}
	return u, nil
}

// Acceptance is what someone says of themselves who has come by a link.
type Acceptance struct {
	Mail     string // of a first administrator alone: the others have theirs
	Name     string // the same
	Password access.Password
}

// LinkedUser returns the user to whom a link leads.
//
// Errors: not_found when there is no such link, or it was used, or has expired.
func (p *Process) LinkedUser(ctx context.Context, link access.Secret) (access.User, error) {
	return db.View(ctx, p.db, func(r db.Reader) (access.User, error) { return linked(r, link) })
}

func linked(r db.Reader, link access.Secret) (access.User, error) {
	id, err := access.LinkedUser(r, link, r.Now())
	if err == nil && id == "" {
		err = fault.New(fault.NotFound, "this link leads nowhere: it was used, has expired, or a newer one was made")
	}
	if err != nil {
		return access.User{}, err
	}
	return access.FindUser(r, id)
}

// AcceptLink sets the password of the user to whom a link leads, and uses the link up.
// Sessions that the user has end.
//
// Errors: not_found as LinkedUser; invalid; conflict when a first administrator's mail
// address is another user's; unavailable.
func (p *Process) AcceptLink(ctx context.Context, link access.Secret, q Acceptance) (access.User, error) {
	if _, err := p.LinkedUser(ctx, link); err != nil {
		return access.User{}, err
	}
	hash, err := p.chosen(ctx, q.Password)
	if err != nil {
		return access.User{}, err
	}
	return db.Update(ctx, p.db, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (access.User, error) {
		u, err := linked(tx, link)
		if err != nil {
			return u, err
		}
		if u.Mail == "" {
			var check fault.Check
			u.Called(&check, q.Mail, q.Name)
			if err := check.Err("the user"); err != nil {
				return u, err
			}
			if err := free(tx, u.Mail); err != nil {
				return u, err
			}
		}
		access.EndLink(tx, u.ID)
		setPassword(tx, &u, hash)
		return u, nil
	})
}

// chosen is a password that someone has chosen, hashed.
//
// Errors: invalid; unavailable.
func (p *Process) chosen(ctx context.Context, password access.Password) (hash access.Hash, err error) {
	var check fault.Check
	password.Check(&check, "password")
	if err := check.Err("the password"); err != nil {
		return "", err
	}
	return hash, p.hashed(ctx, func() { hash = password.Hash() })
}

func setPassword(tx *db.Tx, u *access.User, hash access.Hash) {
	u.Password, u.Invited = hash, false
	endSessions(tx, u)
	access.SaveUser(tx, *u)
}

// ChangePassword gives a user another password, who shows the one before. All of their
// sessions end.
//
// Errors: forbidden when it is not the one before; invalid; unavailable.
func (p *Process) ChangePassword(ctx context.Context, user access.User, before, password access.Password) (access.User, error) {
	u, err := p.SignIn(ctx, user.Mail, before)
	if fault.Is(err, fault.Forbidden) {
		return u, fault.New(fault.Forbidden, "that is not the password that you have")
	}
	if err != nil {
		return u, err
	}
	hash, err := p.chosen(ctx, password)
	if err != nil {
		return u, err
	}
	return db.Update(ctx, p.db, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (access.User, error) {
		u, err := access.FindUser(tx, u.ID)
		if err == nil {
			setPassword(tx, &u, hash)
		}
		return u, err
	})
}

// BeginSession signs a user in, in a browser that shows a token of which this is the hash.
//
// Errors: forbidden when their password was changed or they were disabled meanwhile.
func (p *Process) BeginSession(ctx context.Context, s access.Session, hash string) error {
	_, err := db.Update(ctx, p.db, []db.Lock{access.UsersLock()}, func(tx *db.Tx) (struct{}, error) {
		u, err := access.FindUser(tx, s.User)
		if err != nil {
			return struct{}{}, err
		}
		if !opens(s, u) {
			return struct{}{}, fault.New(fault.Forbidden, "%s can not sign in with this password any more", u.Mail)
		}
		s.ID, s.BegunAt = p.ids.New("ses", tx.Now(), hash), tx.Now()
		access.InsertSession(tx, s, hash)
		return struct{}{}, nil
	})
	return err
}

// opens says whether a session lets its user in.
func opens(s access.Session, u access.User) bool {
	return u.DisabledAt.IsZero() && u.Passwords == s.Passwords
}

// SignedIn is who is signed in, and by which session.
type SignedIn struct {
	Session access.Session
	User    access.User
}

// SessionByHash returns who is signed in by the session with the hash of a token, if
// someone is.
func (p *Process) SessionByHash(ctx context.Context, hash string) (who SignedIn, found bool, err error) {
	who, err = db.View(ctx, p.db, func(r db.Reader) (v SignedIn, err error) {
		if v.Session, found, err = access.SessionByHash(r, hash, r.Now()); err != nil || !found {
			return v, err
		}
		v.User, err = access.FindUser(r, v.Session.User)
		found = opens(v.Session, v.User)
		return v, err
	})
	return who, found, err
}

// EndSession signs out who shows a token of which this is the hash.
func (p *Process) EndSession(ctx context.Context, hash string) error {
	_, err := db.Update(ctx, p.db, nil, func(tx *db.Tx) (struct{}, error) {
		access.EndSession(tx, hash)
		return struct{}{}, nil
	})
	return err
}

// Sessions returns where a user is signed in, the newest first.
func (p *Process) Sessions(ctx context.Context, user string) ([]access.Session, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]access.Session, error) { return access.SessionsOf(r, user, r.Now()) })
}

// EndSessionOf ends one session of the user who asks for it.
func (p *Process) EndSessionOf(ctx context.Context, user access.User, id string) error {
	_, err := db.Update(ctx, p.db, nil, func(tx *db.Tx) (struct{}, error) {
		access.EndSessionOf(tx, user.ID, id)
		return struct{}{}, nil
	})
	return err
}
