package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/web"
	"doorstep/process"
)

// How often passwords may be tried in vain, by whom and for whom: OWASP's Authentication
// Cheat Sheet has both counted. Who is signed in is not touched.
const (
	triesPerUser    = 10 // of one mail address, of a user or not
	triesPerAddress = 30 // from one address
	triesWithin     = 10 * time.Minute
)

// tries count those in vain.
type tries struct{ users, addresses *web.Quotas }

func newTries() tries {
	return tries{users: web.NewQuotas(triesPerUser, triesWithin), addresses: web.NewQuotas(triesPerAddress, triesWithin)}
}

// open says whether there may be another one, and otherwise after how many seconds.
func (t tries) open(mail, address string, at time.Time) (wait int) {
	for _, q := range []struct {
		left *web.Quotas
		of   string
	}{{t.users, access.MailOf(mail)}, {t.addresses, address}} {
		if left := q.left.Left(q.of, at); left < 1 {
			wait = max(wait, q.left.Wait(left))
		}
	}
	return wait
}

// charge counts one.
func (t tries) charge(mail, address string, at time.Time) {
	t.users.Charge(access.MailOf(mail), at)
	t.addresses.Charge(address, at)
}

// signingIn is what the page to sign in shows.
type signingIn struct{ Mail, Next string }

// signInPath is where who has sent the request signs in, to come back to the page that
// they wanted to look at.
func signInPath(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(r.URL.RequestURI())
}

// within is an address of this console, "/" for one of anywhere else.
func within(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request) error {
	return c.show(w, r, "sign-in", shown{Title: "Sign in", Page: signingIn{Next: within(r.Form.Get("next"))}}, nil)
}

// signIn lets in who has the password.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) error {
	mail, next := r.PostForm.Get("mail"), within(r.PostForm.Get("next"))
	u, err := c.known(w, r, mail)
	if err == nil {
		err = c.begin(r, u)
	}
	if err != nil {
		return c.show(w, r, "sign-in", shown{Title: "Sign in", Page: signingIn{Mail: mail, Next: next}}, err)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// known returns the user whose mail address and password were sent.
//
// Errors: forbidden; too_many_requests.
func (c *Console) known(w http.ResponseWriter, r *http.Request, mail string) (access.User, error) {
	from, at := web.Origin(r, c.front), time.Now()
	if wait := c.tries.open(mail, from, at); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(wait))
		return access.User{}, fault.New(codeTooMany, "Too many passwords were tried. Try again in %s.", inWords(time.Duration(wait)*time.Second))
	}
	u, err := c.process.SignIn(r.Context(), mail, access.Password(r.PostForm.Get("password")))
	if fault.Is(err, fault.Forbidden) {
		c.tries.charge(mail, from, at)
	}
	return u, err
}

// signOut ends the session.
func (c *Console) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := c.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

const linkPath = "/welcome/"

// LinkPath is where someone chooses a password who was given a link.
func LinkPath(link access.Secret) string { return linkPath + string(link) }

// welcome is what the page shows that a link leads to.
type welcome struct {
	User       access.User
	Mail, Name string // as they were typed
}

// linkPage is where someone chooses a password. It does not use the link up: what
// previews links would.
func (c *Console) linkPage(w http.ResponseWriter, r *http.Request) error {
	u, err := c.linked(r)
	if err != nil {
		return err
	}
	return c.show(w, r, "welcome", shown{Title: "Welcome", Page: welcome{User: u}}, nil)
}

// linked returns the user to whom the link in the address leads. Who tries others' is
// held up as who tries passwords.
//
// Errors: not_found; too_many_requests.
func (c *Console) linked(r *http.Request) (access.User, error) {
	from, at := web.Origin(r, c.front), time.Now()
	if c.tries.addresses.Left(from, at) < 1 {
		return access.User{}, fault.New(codeTooMany, "Too many were tried. Try again later.")
	}
	u, err := c.process.LinkedUser(r.Context(), access.Secret(r.PathValue("link")))
	if fault.Is(err, fault.NotFound) {
		c.tries.addresses.Charge(from, at)
	}
	return u, err
}

// acceptLink sets the password, and lets its user in.
func (c *Console) acceptLink(w http.ResponseWriter, r *http.Request) error {
	u, err := c.linked(r)
	if err != nil {
		return err
	}
	q := process.Acceptance{Mail: r.PostForm.Get("mail"), Name: r.PostForm.Get("name"), Password: access.Password(r.PostForm.Get("password"))}
	accepted, err := c.process.AcceptLink(r.Context(), access.Secret(r.PathValue("link")), q)
	if err == nil {
		err = c.begin(r, accepted)
	}
	if err != nil {
		return c.show(w, r, "welcome", shown{Title: "Welcome", Page: welcome{User: u, Mail: q.Mail, Name: q.Name}}, err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
