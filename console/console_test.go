package console_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/console"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/vault"
	"doorstep/internal/web"
	"doorstep/inventory"
	"doorstep/mail"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// shop is a shop behind its console.
type shop struct {
	*doorstep.Shop
	t     *testing.T
	url   string
	mails outbox
}

// outbox is what was mailed.
type outbox chan mail.Message

func (o outbox) Send(_ context.Context, m mail.Message) error {
	o <- m
	return nil
}

// discreet is a log that is to have no secret in it.
type discreet struct{ t *testing.T }

func (d discreet) Write(line []byte) (int, error) {
	for _, secret := range []string{"dsl_", "dsk_", password} {
		if strings.Contains(string(line), secret) {
			d.t.Errorf("the log has a secret: %s", line)
		}
	}
	return d.t.Output().Write(line)
}

// operator is whoever has the database.
var operator = process.Command{By: access.Operator}

const password = "made up for the test"

func serve(t *testing.T, engine string, set ...func(*console.Config)) *shop {
	t.Helper()
	mails := make(outbox, 100)
	open, err := doorstep.Open(t.Context(), doorstep.Config{DB: dbtest.URL(t, engine), Outside: doorstep.InMemory, SecretsKey: vault.NewKey(), Mail: mails})
	must(t, err)
	t.Cleanup(func() { must(t, open.Close()) })
	must(t, open.Runner.Start(t.Context()))
	cfg := console.Config{Process: open.Process, Figures: open.Figures, Log: slog.New(slog.NewTextHandler(discreet{t}, nil))}
	for _, s := range set {
		s(&cfg)
	}
	c, err := console.New(cfg)
	must(t, err)
	server := httptest.NewServer(web.Named(cfg.Log, c))
	t.Cleanup(server.Close)
	s := &shop{Shop: open, t: t, url: server.URL, mails: mails}
	s.stock("CUP", "Blue cup", 450, 10_000)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) stock(sku, name string, price, quantity int64) {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.Process.SetLocation(ctx, operator, inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: "GB"})
	must(s.t, err)
	_, err = s.Process.DefineSKU(ctx, operator, inventory.SKU{Code: sku, Name: name, Currency: "GBP", Price: price, Weight: 300})
	must(s.t, err)
	_, err = s.Process.ReceiveStock(ctx, operator, sku, inventory.MainLocation, quantity)
	must(s.t, err)
}

// placing is a made-up order, which waits until a person says that it was paid.
func placing(number string) order.Request {
	return order.Request{
		Reference: order.Reference{Source: "web", Number: number}, Currency: "GBP", PricesIncludeTax: true, Total: new(int64(1295)),
		Lines: []order.LineRequest{{SKU: "CUP", Quantity: 2}}, Shipping: order.ShippingRequest{Price: 395},
		Payment:  order.PaymentRequest{Gateway: "manual"},
		Customer: order.CustomerRequest{ID: "c1", Name: "Made Up", Mail: "Made.Up@example.com"},
		ShipTo:   order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
	}
}

func (s *shop) place(q order.Request) order.Order {
	s.t.Helper()
	r, err := s.Process.Place(s.t.Context(), operator, q)
	must(s.t, err)
	return r.Value.Order
}

// eventually waits until something is so.
func (s *shop) eventually(what string, is func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("never %s", what)
		}
	}
}

// browser is one that keeps cookies, and follows no redirection.
type browser struct {
	*shop
	client  *http.Client
	headers map[string]string // of every request
}

func (s *shop) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{s, client, map[string]string{"Sec-Fetch-Site": "same-origin"}}
}

// as is a browser in which someone with the role is signed in, under a mail address that
// begins with the name.
func (s *shop) as(role access.Role, name string) *browser {
	s.t.Helper()
	b := s.browser()
	b.post(console.LinkPath(s.invite(name, role)), url.Values{"password": {password}}).leads("/")
	return b
}

// invite adds someone with the role, under a mail address that begins with the name, and
// returns the link by which they choose a password.
func (s *shop) invite(name string, role access.Role) access.Secret {
	s.t.Helper()
	made, err := s.Process.AddUser(s.t.Context(), operator, access.UserRequest{Mail: name + "@example.com", Name: strings.ToUpper(name[:1]) + name[1:], Role: role})
	must(s.t, err)
	return made.Value.Link
}

// response is what was answered.
type response struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (b *browser) get(path string) response { b.t.Helper(); return b.send("GET", path, nil) }

func (b *browser) post(path string, form url.Values) response {
	b.t.Helper()
	return b.send("POST", path, form)
}

func (b *browser) send(method, path string, form url.Values) response {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form.Encode()))
	must(b.t, err)
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.headers {
		req.Header.Set(name, value)
	}
	res, err := b.client.Do(req)
	must(b.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(b.t, err)
	return response{b.t, res.StatusCode, res.Header, string(body)}
}

// submit fills the form of a page that is sent to an address, and sends it.
func (b *browser) submit(page, action string, fields ...string) response {
	b.t.Helper()
	found := b.get(page)
	form, is := found.form(action)
	if !is {
		b.t.Fatalf("%s has no form for %s:\n%s", page, action, found.body)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post(action, form)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// form is what a form of the page sends that nobody has typed, and whether it is there.
func (r response) form(action string) (url.Values, bool) {
	_, after, is := strings.Cut(r.body, `action="`+action+`"`)
	within, _, _ := strings.Cut(after, "</form>")
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(within, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form, is
}

func (r response) want(status int, texts ...string) response {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("the answer is %d, not %d: %s %s", r.status, status, r.header.Get("Location"), r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			r.t.Errorf("it does not say %q:\n%s", text, r.body)
		}
	}
	return r
}

// leads fails unless the answer leads to a path.
func (r response) leads(to string) response {
	r.t.Helper()
	if r.status != http.StatusSeeOther || r.header.Get("Location") != to {
		r.t.Errorf("the answer is %d and leads to %q, not to %q: %s", r.status, r.header.Get("Location"), to, r.body)
	}
	return r
}

// lacks fails if the page has one of the texts.
func (r response) lacks(texts ...string) response {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			r.t.Errorf("it says %q:\n%s", text, r.body)
		}
	}
	return r
}

func TestTheFirstAdministratorComesByALink(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		first, _, err := s.Process.FirstAdministrator(t.Context(), operator)
		must(t, err)
		at := console.LinkPath(first.Link)
		b := s.browser()
		b.get(at).want(200, "first administrator")
		b.post(at, url.Values{"mail": {"first@example.com"}, "name": {"First"}, "password": {"short"}}).want(422, "15 characters", `value="first@example.com"`).lacks("short\"")
		b.post(at, url.Values{"mail": {"first@example.com"}, "name": {"First"}, "password": {password}}).leads("/")
		b.get("/").want(200, "First", "Sign out")
		b.get(at).want(404, "leads nowhere")
		b.post("/sign-out", nil).leads("/sign-in")
		b.get("/").leads("/sign-in")
		b.post("/sign-in", url.Values{"mail": {"FIRST@example.com "}, "password": {password}, "next": {"/orders?status=paid"}}).leads("/orders?status=paid")
		b.get("/settings/users").want(200, "first@example.com")
	})
}

func TestWhoIsNotSignedInSeesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	b := s.browser()
	for _, path := range []string{"/", "/orders", "/orders.csv", fmt.Sprintf("/orders/%d", o.Number), fmt.Sprintf("/orders/%d/cancel", o.Number), "/tickets", "/tickets/tkt_x", "/settings", "/settings/users", "/settings/keys"} {
		want := "/sign-in"
		if path != "/" {
			want += "?next=" + url.QueryEscape(path)
		}
		b.get(path).leads(want).lacks("1295", "Made Up")
	}
	for _, path := range []string{fmt.Sprintf("/orders/%d/hold", o.Number), "/settings/users", "/settings/keys", "/sign-out"} {
		b.post(path, url.Values{"version": {"1"}, "reason": {"made_up"}}).leads("/sign-in")
	}
	b.get("/nothing").want(404, "no page")
	b.get("/sign-in?next=https://example.com/").want(200, `name="next" value="/"`)
	b.get("/sign-in?next=//example.com/").want(200, `name="next" value="/"`)
}

// TestWhatEachRoleMayDo asks for every page, and sends every form, as each role: what the
// page shows and what the use case lets through are the same.
func TestWhatEachRoleMayDo(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	ticket, err := s.Process.OpenTicket(t.Context(), operator, process.TicketRequest{Request: ticketAbout("", "Made up.")})
	must(t, err)
	other := s.as(access.RoleViewer, "other")
	users, err := s.Process.Users(t.Context(), "", 1)
	must(t, err)
	key, err := s.Process.AddKey(t.Context(), operator, access.KeyRequest{Name: "made up", Scopes: []access.Scope{access.Read}})
	must(t, err)
	user, o := users[0].ID, s.place(placing("A-1"))
	at := fmt.Sprintf("/orders/%d", o.Number)
	pages := map[string]access.Scope{
		"/stock": access.Read, "/stock/CUP": access.Read, "/running-out": access.Read, "/stock.csv": access.Read, "/stock-file": access.Read, "/stock/CUP/count": access.Read,
		"/": access.Read, "/orders": access.Read, "/orders.csv": access.Read, at: access.Read, at + "/cancel": access.Orders, at + "/refund": access.Refunds, "/attention": access.Read, "/attention.csv": access.Read, "/attention/preview": access.Read, "/tickets": access.Read,
		"/tickets.csv": access.Read, "/tickets/" + ticket.Value.ID: access.Read, "/settings": access.Read, "/settings/answers": access.Read, "/settings/users": access.Admin, "/settings/keys": access.Admin,
	}
	forms := map[string]access.Scope{
		at + "/hold": access.Orders, at + "/release": access.Orders, at + "/notes": access.Orders, at + "/cancel": access.Orders, at + "/change": access.Orders, at + "/refund": access.Refunds, at + "/void": access.Refunds,
		"/stock-file": access.Stock, "/stock-file/take": access.Stock, "/stock/CUP/receive": access.Stock, "/stock/CUP/adjust": access.Stock, "/stock/CUP/count": access.Stock, "/stock/CUP/safety": access.Stock,
		"/attention/retry": access.Orders, "/attention/skip": access.Orders, "/attention/compensate": access.Orders,
		"/tickets/" + ticket.Value.ID + "/reply": access.Tickets, "/tickets/" + ticket.Value.ID + "/assign": access.Tickets, "/tickets/" + ticket.Value.ID + "/solve": access.Tickets,
		"/tickets/" + ticket.Value.ID + "/note": access.Tickets, "/tickets/" + ticket.Value.ID + "/reopen": access.Tickets,
		"/tickets/" + ticket.Value.ID + "/approve": access.Tickets, "/tickets/" + ticket.Value.ID + "/reject": access.Tickets,
		"/settings/users": access.Admin, "/settings/users/" + user + "/role": access.Admin, "/settings/users/" + user + "/link": access.Admin, "/settings/users/" + user + "/sign-out": access.Admin,
		"/settings/users/" + user + "/disable": access.Admin, "/settings/users/" + user + "/enable": access.Admin, "/settings/keys": access.Admin, "/settings/keys/" + key.Value.ID + "/revoke": access.Admin,
	}
	for _, role := range []access.Role{access.RoleViewer, access.RoleAgent, access.RoleOperator, access.RoleAdmin} {
		b := s.as(role, string(role))
		for path, scope := range pages {
			if got := b.get(path); (got.status == http.StatusForbidden) == role.Permit().Allows(scope) {
				t.Errorf("%s asks for %s: %d", role, path, got.status)
			}
		}
		for path, scope := range forms {
			got := b.post(path, url.Values{"version": {"999"}, "text": {"made up"}, "body": {"made up"}, "reason": {"made_up"}, "item": {fmt.Sprint(o.Number)}})
			if (got.status == http.StatusForbidden) == role.Permit().Allows(scope) {
				t.Errorf("%s sends %s: %d %s", role, path, got.status, got.body)
			}
		}
		page := b.get(at)
		if _, shows := page.form(at + "/notes"); shows != role.Permit().Allows(access.Orders) {
			t.Errorf("%s is shown a form for notes: %v", role, shows)
		}
	}
	other.get("/").leads("/sign-in") // the last of the forms have signed them out, and disabled them
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	at := fmt.Sprintf("/orders/%d", o.Number)
	b := s.as(access.RoleAdmin, "admin")
	for _, headers := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://example.com"}, {"Origin": "null"}} {
		b.headers = headers
		b.post(at+"/notes", url.Values{"version": {fmt.Sprint(o.Version)}, "text": {"made up"}}).want(403, "another site")
	}
	if v, err := s.Process.Show(t.Context(), o.ID); err != nil || len(v.Notes) > 0 {
		t.Errorf("the order has notes: %v, %v", v.Notes, err)
	}
	b.headers = map[string]string{"Origin": s.url}
	b.submit(at, at+"/notes", "text", "made up").leads(at + "?done=notes")
}

func TestWhatBrowsersAreTold(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite, func(c *console.Config) { c.Secure = true })
	b := s.browser()
	page := b.get("/sign-in").want(200)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		if got := page.header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q", name, got)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	made, err := s.Process.AddUser(t.Context(), operator, access.UserRequest{Mail: "admin@example.com", Name: "Admin", Role: access.RoleAdmin})
	must(t, err)
	in := b.post(console.LinkPath(made.Value.Link), url.Values{"password": {password}}).leads("/")
	cookie := in.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-doorstep=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is %s", cookie)
		}
	}
}

var loads = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// TestTheFirstLoadIsSmall: what a browser loads for the first page, and keeps.
func TestTheFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	b := s.as(access.RoleAdmin, "admin")
	for n := range 60 {
		s.place(placing(fmt.Sprint(n)))
	}
	found := loads.FindAllStringSubmatch(b.get("/orders").want(200).body, -1)
	if len(found) < 3 {
		t.Fatalf("the page loads %v", found)
	}
	b.headers["Accept-Encoding"] = "br, gzip;q=0.9"
	first := b.get("/orders").want(200)
	size := len(first.body)
	if first.header.Get("Content-Encoding") != "gzip" {
		t.Error("the page is not compressed")
	}
	for _, m := range found {
		a := b.get(m[1]).want(200)
		size += len(a.body)
		if a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v", m[1], a.header)
		}
	}
	if size > 200_000 {
		t.Errorf("it is %d bytes", size)
	}
	b.headers["Accept-Encoding"] = "gzip;q=0"
	if a := b.get(found[0][1]); a.header.Get("Content-Encoding") != "" {
		t.Error("an asset is compressed for who can not read that")
	}
	b.get("/assets/nothing.css").want(404)
}

func TestPasswordsAreNotGuessed(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	in := s.as(access.RoleViewer, "viewer")
	b := s.browser()
	wrong := url.Values{"mail": {"viewer@example.com"}, "password": {"made up and wrong"}}
	// A try comes back each minute, or 20 s: a slow machine may be let try a few more.
	until := func(most int, try func() response) {
		t.Helper()
		for n := 1; ; n++ {
			if r := try(); r.status == http.StatusTooManyRequests {
				if n <= most {
					t.Errorf("the try %d is one too many", n)
				}
				return
			}
			if n > most+10 {
				t.Fatalf("there were %d tries", n)
			}
		}
	}
	b.post("/sign-in", wrong).want(403, "no user with this mail address and this password")
	until(9, func() response { return b.post("/sign-in", wrong) })
	refused := b.post("/sign-in", url.Values{"mail": {"Viewer@example.com"}, "password": {password}}).want(429, "Too many")
	if wait, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
		t.Errorf("Retry-After is %q", refused.header.Get("Retry-After"))
	}
	in.get("/").want(200)
	b.post("/sign-in", url.Values{"mail": {"nobody@example.com"}, "password": {"made up and wrong"}}).want(403, "no user with this mail address and this password")
	b.get(console.LinkPath("dsl_madeup")).want(404)
	until(15, func() response { return b.get(console.LinkPath("dsl_madeup")) })
	b.post("/sign-in", url.Values{"mail": {"else@example.com"}, "password": {password}}).want(429)
}

func TestSessionsCanBeEnded(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		here := s.as(access.RoleAgent, "agent")
		there := s.browser()
		there.headers["User-Agent"] = "Made up 1.0"
		there.post("/sign-in", url.Values{"mail": {"agent@example.com"}, "password": {password}}).leads("/")
		page := here.get("/settings").want(200, "Made up 1.0", "this one", "127.0.0.1")
		end := regexp.MustCompile(`/settings/sessions/[^"]+/end`).FindString(page.body)
		here.post(end, nil).leads("/settings?done=ended")
		there.get("/").leads("/sign-in")
		here.get("/settings?done=ended").want(200, "That session has ended").lacks("Made up 1.0")

		there.post("/sign-in", url.Values{"mail": {"agent@example.com"}, "password": {password}}).leads("/")
		here.submit("/settings", "/settings/password", "password", "made up and wrong", "new", "made up for later").want(403, "not the password that you have")
		here.submit("/settings", "/settings/password", "password", password, "new", "short").want(422, "15 characters")
		here.submit("/settings", "/settings/password", "password", password, "new", "made up for later").leads("/settings?done=password")
		there.get("/").leads("/sign-in")
		here.get("/").want(200)

		admin := s.as(access.RoleAdmin, "admin")
		u, err := s.Process.User(t.Context(), "agent@example.com")
		must(t, err)
		admin.submit("/settings/users", "/settings/users/"+u.ID+"/disable").leads("/settings/users?done=disable")
		here.get("/").leads("/sign-in")
		there.post("/sign-in", url.Values{"mail": {"agent@example.com"}, "password": {"made up for later"}}).want(403)
		admin.submit("/settings/users", "/settings/users/"+u.ID+"/enable").leads("/settings/users?done=enable")
		there.post("/sign-in", url.Values{"mail": {"agent@example.com"}, "password": {"made up for later"}}).leads("/")
	})
}

func TestAnAdministratorInvites(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	admin := s.as(access.RoleAdmin, "admin")
	made := admin.submit("/settings/users", "/settings/users", "mail", "else@example.com", "name", "Else", "role", "agent").want(200, s.url+"/welcome/dsl_")
	link := regexp.MustCompile(`/welcome/dsl_[A-Z2-7]+`).FindString(made.body)
	b := s.browser()
	b.get(link).want(200, "Welcome, Else", "else@example.com")
	b.post(link, url.Values{"password": {password}}).leads("/")
	b.get("/settings/users").want(403, "scope admin")
	admin.submit("/settings/users", "/settings/users", "mail", "else@example.com", "name", "Else", "role", "agent").want(409, "already", `value="else@example.com"`)
	u, err := s.Process.User(t.Context(), "admin@example.com")
	must(t, err)
	admin.submit("/settings/users", "/settings/users/"+u.ID+"/role", "role", "viewer").want(409, "only administrator")

	form, _ := admin.get("/settings/keys").form("/settings/keys")
	form["name"], form["scope"] = []string{"made up"}, []string{"read", "orders"}
	admin.post("/settings/keys", form).want(200, "dsk_")
	admin.post("/settings/keys", form).want(200, "made by this form already").lacks("dsk_")
	keys, err := s.Process.Keys(t.Context(), "", 10)
	must(t, err)
	if len(keys) != 1 || keys[0].CreatedBy != u.Actor() || len(keys[0].Scopes) != 2 {
		t.Errorf("the keys are %+v", keys)
	}
	admin.submit("/settings/keys", "/settings/keys/"+keys[0].ID+"/revoke").leads("/settings/keys?done=revoke")
	admin.get("/settings/keys").want(200, "revoked")
	admin.submit("/settings/keys", "/settings/keys", "name", "").want(422, "what or whom the key is for")
}

// TestATestShopSaysSo: as long as what it does with money or parcels is simulated, on every
// page, a customer's too.
func TestATestShopSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	b := s.as(access.RoleViewer, "viewer")
	set := func(gateway, carrier string) {
		_, err := s.Process.ChangePolicy(t.Context(), operator, func(p policy.Policy) (policy.Policy, error) {
			p.Gateway, p.Carrier = gateway, carrier
			return p, nil
		})
		must(t, err)
	}
	for _, path := range []string{"/", "/orders", "/nowhere", "/settings", s.tracking(o), "/sign-in"} {
		if body := b.get(path).body; !strings.Contains(body, "no money moves, and nothing is sent") {
			t.Errorf("%s does not say so", path)
		}
	}
	set(payment.Manual, "simulated")
	b.get("/orders").want(200, "Parcels are simulated: nothing is sent.")
	set("simulated", shipping.Manual)
	b.get("/orders").want(200, "Payments are simulated: no money moves.")
	set(payment.Manual, shipping.Manual)
	b.get("/orders").want(200).lacks("Test shop")
}
