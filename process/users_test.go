package process_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// byOperator is what whoever has the database commands.
var byOperator = process.Command{By: access.Operator}

const (
	password = access.Password("made up for the test")
	another  = access.Password("made up for later on")
)

// signIn signs a user in, in a browser with a token of which this is the hash.
func signIn(t *testing.T, s *shop, mail string, p access.Password, hash string) access.User {
	t.Helper()
	u, err := s.SignIn(t.Context(), mail, p)
	must(t, err)
	must(t, s.BeginSession(t.Context(), access.Session{User: u.ID, Passwords: u.Passwords, Address: "192.0.2.1", Agent: "made\x00 up\xff", ExpiresAt: s.clock.Now().Add(access.SessionLife)}, hash))
	return u
}

func isSignedIn(t *testing.T, s *shop, hash string) bool {
	t.Helper()
	who, found, err := s.SessionByHash(t.Context(), hash)
	must(t, err)
	if found && who.User.ID != who.Session.User {
		t.Errorf("the session of %s is %s's", who.User.ID, who.Session.User)
	}
	return found
}

func TestTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		first, made, err := s.FirstAdministrator(ctx, byOperator)
		must(t, err)
		if !made || first.Link == "" || first.Role != access.RoleAdmin {
			t.Errorf("the first administrator is %+v", first)
		}
		if again, made, err := s.FirstAdministrator(ctx, byOperator); made || err != nil {
			t.Errorf("there is a second link beside the first: %+v, %v", again, err)
		}
		s.clock.MoveTo(s.clock.Now().Add(access.LinkLife))
		if _, err := s.LinkedUser(ctx, first.Link); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link can be used past its end: %v", err)
		}
		later, made, err := s.FirstAdministrator(ctx, byOperator)
		must(t, err)
		if !made || later.ID != first.ID {
			t.Errorf("when the link has expired: %v, %+v", made, later)
		}
		for _, wrong := range []process.Acceptance{{Password: password}, {Mail: "made.up@example.com", Name: "Made Up", Password: "short"}} {
			if _, err := s.AcceptLink(ctx, later.Link, wrong); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v was taken: %v", wrong, err)
			}
		}
		u, err := s.AcceptLink(ctx, later.Link, process.Acceptance{Mail: "Made.Up@example.com", Name: "Made Up", Password: password})
		must(t, err)
		if u.Mail != "made.up@example.com" || u.Invited {
			t.Errorf("the administrator is %+v", u)
		}
		if _, err := s.AcceptLink(ctx, later.Link, process.Acceptance{Password: another}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link was used twice: %v", err)
		}
		if _, made, err := s.FirstAdministrator(ctx, byOperator); made || err != nil {
			t.Errorf("there is a first administrator beside the first: %v", err)
		}
		for name, do := range map[string]func() error{
			"disabled": func() error { _, err := s.DisableUser(ctx, byOperator, u.ID); return err },
			"demoted":  func() error { _, err := s.SetRole(ctx, byOperator, u.Mail, access.RoleViewer); return err },
		} {
			if err := do(); !fault.Is(err, fault.Conflict) {
				t.Errorf("the only administrator was %s: %v", name, err)
			}
		}
	})
}

func TestAUserIsInvited(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		q := access.UserRequest{Mail: "made.up@example.com", Name: "Made Up", Role: access.RoleAgent}
		by := process.Command{By: access.Operator, Key: "invite"}
		v, err := s.AddUser(ctx, by, q)
		must(t, err)
		if again, err := s.AddUser(ctx, by, q); err != nil || !again.Replayed || again.Value.ID != v.Value.ID || again.Value.Link != "" {
			t.Errorf("asked again: %+v, %v", again, err)
		}
		if _, err := s.AddUser(ctx, byOperator, access.UserRequest{Mail: "MADE.UP@example.com", Name: "Other", Role: access.RoleViewer}); !fault.Is(err, fault.Conflict) {
			t.Errorf("two users have one mail address: %v", err)
		}
		if _, err := s.SignIn(ctx, q.Mail, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who has no password yet signs in: %v", err)
		}
		newer, err := s.LinkUser(ctx, byOperator, q.Mail)
		must(t, err)
		if _, err := s.LinkedUser(ctx, v.Value.Link); !fault.Is(err, fault.NotFound) {
			t.Errorf("the link before leads somewhere: %v", err)
		}
		u, err := s.AcceptLink(ctx, newer.Value.Link, process.Acceptance{Mail: "else@example.com", Name: "Else", Password: password})
		must(t, err)
		if u.Mail != q.Mail || u.Name != q.Name {
			t.Errorf("who was invited has named themselves %+v", u)
		}
		signIn(t, s, q.Mail, password, "one")
		if !isSignedIn(t, s, "one") || isSignedIn(t, s, "other") {
			t.Error("who has signed in is not, or another is")
		}
		all, err := s.Users(ctx, "", 10)
		must(t, err)
		if len(all) != 1 || all[0].ID != u.ID {
			t.Errorf("the users are %+v", all)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		v, err := s.AddUser(ctx, byOperator, access.UserRequest{Mail: "made.up@example.com", Name: "Made Up", Role: access.RoleOperator})
		must(t, err)
		u, err := s.AcceptLink(ctx, v.Value.Link, process.Acceptance{Password: password})
		must(t, err)
		current := password
		ends := func(how string, do func() error) {
			t.Helper()
			stale := signIn(t, s, u.Mail, current, how)
			must(t, do())
			if isSignedIn(t, s, how) {
				t.Errorf("%s: the session goes on", how)
			}
			err := s.BeginSession(ctx, access.Session{User: stale.ID, Passwords: stale.Passwords, ExpiresAt: s.clock.Now().Add(time.Hour)}, how+" again")
			if how != "one alone" && how != "signed out" && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: one that was about to begin has begun: %v", how, err)
			}
		}
		ends("one alone", func() error {
			s.clock.MoveTo(s.clock.Now().Add(time.Second))
			signIn(t, s, u.Mail, current, "kept")
			of, err := s.Sessions(ctx, u.ID)
			must(t, err)
			i := slices.IndexFunc(of, func(x access.Session) bool { return x.Agent == "made up" && x.Address == "192.0.2.1" })
			if len(of) != 2 || i < 0 {
				t.Fatalf("the sessions are %+v", of)
			}
			if err := s.EndSessionOf(ctx, access.User{ID: "usr_other"}, of[1].ID); err != nil || !isSignedIn(t, s, "one alone") {
				t.Errorf("another user has ended it: %v", err)
			}
			must(t, s.EndSessionOf(ctx, u, of[1].ID))
			if !isSignedIn(t, s, "kept") {
				t.Error("both have ended")
			}
			return nil
		})
		ends("signed out", func() error { return s.EndSession(ctx, "signed out") })
		ends("signed out by an administrator", func() error { _, err := s.SignOutUser(ctx, byOperator, u.ID); return err })
		ends("the password was changed", func() error {
			if _, err := s.ChangePassword(ctx, u, another, another); !fault.Is(err, fault.Forbidden) {
				t.Errorf("changed without the one before: %v", err)
			}
			if _, err := s.ChangePassword(ctx, u, current, "short"); !fault.Is(err, fault.Invalid) {
				t.Errorf("changed to a short one: %v", err)
			}
			_, err := s.ChangePassword(ctx, u, current, another)
			current = another
			return err
		})
		ends("disabled", func() error { _, err := s.DisableUser(ctx, byOperator, u.ID); return err })
		if _, err := s.SignIn(ctx, u.Mail, current); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who is disabled signs in: %v", err)
		}
		if _, err := s.LinkUser(ctx, byOperator, u.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("who is disabled gets a link: %v", err)
		}
		_, err = s.EnableUser(ctx, byOperator, u.ID)
		must(t, err)
		ends("too old", func() error {
			s.clock.MoveTo(s.clock.Now().Add(access.SessionLife))
			_, err := s.SignOutUser(ctx, byOperator, u.ID)
			return err
		})
		signIn(t, s, u.Mail, current, "new")
		s.clock.MoveTo(s.clock.Now().Add(access.SessionLife))
		if isSignedIn(t, s, "new") {
			t.Error("a session goes on past its end")
		}
	})
}

func TestUsersAreTheAdministrators(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		v, err := s.AddUser(ctx, byOperator, access.UserRequest{Mail: "made.up@example.com", Name: "Made Up", Role: access.RoleViewer})
		must(t, err)
		for _, role := range []access.Role{access.RoleOperator, access.RoleAgent, access.RoleViewer} {
			by := process.Command{By: "user:made_up", May: role.Permit()}
			for name, do := range map[string]func() error{
				"add": func() error {
					_, err := s.AddUser(ctx, by, access.UserRequest{Mail: "else@example.com", Name: "Else", Role: access.RoleAdmin})
					return err
				},
				"first":    func() error { _, _, err := s.FirstAdministrator(ctx, by); return err },
				"link":     func() error { _, err := s.LinkUser(ctx, by, v.Value.ID); return err },
				"role":     func() error { _, err := s.SetRole(ctx, by, v.Value.ID, access.RoleAdmin); return err },
				"disable":  func() error { _, err := s.DisableUser(ctx, by, v.Value.ID); return err },
				"enable":   func() error { _, err := s.EnableUser(ctx, by, v.Value.ID); return err },
				"sign out": func() error { _, err := s.SignOutUser(ctx, by, v.Value.ID); return err },
			} {
				if err := do(); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), string(access.Admin)) {
					t.Errorf("%s: %s: %v", role, name, err)
				}
			}
		}
		if _, err := s.User(ctx, "usr_none"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a user that there is not: %v", err)
		}
		u, err := s.SetRole(ctx, process.Command{By: "user:made_up", May: access.RoleAdmin.Permit()}, v.Value.ID, access.RoleOperator)
		if err != nil || u.Value.Role != access.RoleOperator {
			t.Errorf("an administrator sets a role: %+v, %v", u, err)
		}
	})
}
