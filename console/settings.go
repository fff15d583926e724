package console

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/process"
)

// listed is how many there are on a page of a list.
const listed = 50

// part is a page of a list, and where the next one begins.
type part[T any] struct {
	Items []T
	Next  string // "" on the last one
}

// partOf is a page of what was read one more than is shown, each with the place behind it.
func partOf[T any](items []T, place func(T) string) part[T] {
	if len(items) <= listed {
		return part[T]{Items: items}
	}
	return part[T]{Items: items[:listed], Next: place(items[listed-1])}
}

// mine is what the page of someone's own settings shows.
type mine struct{ Sessions []access.Session }

func (c *Console) account(w http.ResponseWriter, r *http.Request) error {
	return c.accountWith(w, r, nil)
}

// accountWith shows someone's own settings, and why what they asked for was not done.
func (c *Console) accountWith(w http.ResponseWriter, r *http.Request, problem error) error {
	who := signedInOf(r.Context())
	sessions, err := c.process.Sessions(r.Context(), who.User.ID)
	if err != nil {
		return err
	}
	return c.show(w, r, "account", shown{Title: "Your account", Here: "settings", Page: mine{sessions}}, problem)
}

// changePassword sets another one for who is signed in, who shows the one before. Tries
// are counted as those to sign in.
func (c *Console) changePassword(w http.ResponseWriter, r *http.Request) error {
	who := signedInOf(r.Context())
	u, err := c.known(w, r, who.User.Mail)
	if fault.Is(err, fault.Forbidden) {
		return c.accountWith(w, r, fault.New(fault.Forbidden, "That is not the password that you have."))
	}
	if err == nil {
		u, err = c.process.ChangePassword(r.Context(), u, access.Password(r.PostForm.Get("password")), access.Password(r.PostForm.Get("new")))
	}
	if err == nil {
		err = c.begin(r, u)
	}
	if err != nil {
		return c.accountWith(w, r, err)
	}
	return done(w, r, "/settings", "password")
}

func (c *Console) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := c.process.EndSessionOf(r.Context(), signedInOf(r.Context()).User, r.PathValue("session")); err != nil {
		return err
	}
	return done(w, r, "/settings", "ended")
}

// people is what the page of users shows.
type people struct {
	part[access.User]
	Typed access.UserRequest
	Link  string // that was made just now, and for whom
	For   access.User
}

// usersCSV sends all users as a file.
func (c *Console) usersCSV(w http.ResponseWriter, r *http.Request) error {
	return export(w, "users.csv", []string{"id", "name", "mail", "role", "created_at", "disabled_at"}, func(last *access.User) ([]access.User, error) {
		var before string
		if last != nil {
			before = last.ID
		}
		return c.process.Users(r.Context(), before, exported)
	}, func(u access.User) []string {
		return []string{u.ID, u.Name, u.Mail, string(u.Role), stamp(u.CreatedAt), stamp(u.DisabledAt)}
	})
}

func (c *Console) users(w http.ResponseWriter, r *http.Request) error {
	return c.usersWith(w, r, people{Typed: access.UserRequest{Role: access.RoleAgent}}, nil)
}

// usersWith shows the users, what was made just now, and why what was asked for was not
// done.
func (c *Console) usersWith(w http.ResponseWriter, r *http.Request, p people, problem error) error {
	all, err := c.process.Users(r.Context(), r.URL.Query().Get("before"), listed+1)
	if err != nil {
		return err
	}
	p.part = partOf(all, func(u access.User) string { return u.ID })
	return c.show(w, r, "users", shown{Title: "Users", Here: "settings", Page: p}, problem)
}

func (c *Console) addUser(w http.ResponseWriter, r *http.Request) error {
	q := access.UserRequest{Mail: r.PostForm.Get("mail"), Name: r.PostForm.Get("name"), Role: access.Role(r.PostForm.Get("role"))}
	made, err := c.process.AddUser(r.Context(), command(r), q)
	if err != nil {
		return c.usersWith(w, r, people{Typed: q}, err)
	}
	return c.usersWith(w, r, c.linkedTo(r, made.Value), nil)
}

func (c *Console) linkUser(w http.ResponseWriter, r *http.Request) error {
	made, err := c.process.LinkUser(r.Context(), command(r), r.PathValue("user"))
	if err != nil {
		return c.usersWith(w, r, people{}, err)
	}
	return c.usersWith(w, r, c.linkedTo(r, made.Value), nil)
}

// linkedTo is the link that was made, at the address by which the console was reached.
func (c *Console) linkedTo(r *http.Request, v process.Invitation) people {
	if v.Link == "" {
		return people{For: v.User}
	}
	scheme := "http"
	if c.sessions.Cookie.Secure {
		scheme = "https"
	}
	return people{For: v.User, Link: scheme + "://" + r.Host + LinkPath(v.Link)}
}

// userChanges are what an administrator can do about a user, by the last word of the path.
var userChanges = map[string]change[access.User]{
	"role": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[access.User], error) {
		return p.SetRole(ctx, by, id, access.Role(form("role")))
	},
	"disable": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[access.User], error) {
		return p.DisableUser(ctx, by, id)
	},
	"enable": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[access.User], error) {
		return p.EnableUser(ctx, by, id)
	},
	"sign-out": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[access.User], error) {
		return p.SignOutUser(ctx, by, id)
	},
}

// changeUser carries out what was asked for about a user, and shows the users.
func (c *Console) changeUser(do change[access.User]) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := do(r.Context(), c.process, command(r), r.PathValue("user"), r.PostForm.Get); err != nil {
			return c.usersWith(w, r, people{}, err)
		}
		return done(w, r, "/settings/users", lastWord(r.URL.Path))
	}
}

// keyring is what the page of API keys shows.
type keyring struct {
	part[access.Key]
	Made  process.NewKey // just now
	Typed access.KeyRequest
}

func (c *Console) keys(w http.ResponseWriter, r *http.Request) error {
	return c.keysWith(w, r, keyring{}, nil)
}

func (c *Console) keysWith(w http.ResponseWriter, r *http.Request, k keyring, problem error) error {
	all, err := c.process.Keys(r.Context(), r.URL.Query().Get("before"), listed+1)
	if err != nil {
		return err
	}
	k.part = partOf(all, func(k access.Key) string { return k.ID })
	return c.show(w, r, "keys", shown{Title: "API keys", Here: "settings", Page: k}, problem)
}

func (c *Console) addKey(w http.ResponseWriter, r *http.Request) error {
	q := access.KeyRequest{Name: r.PostForm.Get("name")}
	for _, s := range r.PostForm["scope"] {
		q.Scopes = append(q.Scopes, access.Scope(s))
	}
	made, err := c.process.AddKey(r.Context(), command(r), q)
	if err != nil {
		return c.keysWith(w, r, keyring{Typed: q}, err)
	}
	return c.keysWith(w, r, keyring{Made: made.Value}, nil)
}

func (c *Console) revokeKey(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.process.RevokeKey(r.Context(), command(r), r.PathValue("key")); err != nil {
		return err
	}
	return done(w, r, "/settings/keys", "revoke")
}
