// Package console is the pages in which the people of the shop work: rendered here, with
// nothing from elsewhere. It decides nothing: what a page shows is read as the API reads
// it, and what it changes is one use case, with the person who is signed in as the actor.
package console

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"doorstep/access"
	"doorstep/insight/figures"
	"doorstep/internal/web"
	"doorstep/process"
)

// Config says what is served.
type Config struct {
	Process *process.Process
	Figures *figures.Figures
	Log     *slog.Logger // nil logs nothing
	// Secure says that browsers reach it over TLS: they are to send what signs a person
	// in over nothing else.
	Secure bool
	// Front says that every request comes through something in front, which says in
	// X-Forwarded-For where it comes from.
	Front bool
}

// Console answers requests of browsers. It is for many at once.
type Console struct {
	process  *process.Process
	figures  *figures.Figures
	streams  *web.Streams
	nowadays nowadays
	log      *slog.Logger
	front    bool
	assets   *assets
	pages    pages
	sessions *scs.SessionManager
	tries    tries
	// customers counts what customers send, by order.
	customers *web.Quotas
	handler   http.Handler
}

// New returns the console of a shop.
func New(cfg Config) (*Console, error) {
	c := &Console{process: cfg.Process, figures: cfg.Figures, streams: web.NewStreams(mostLive), log: cfg.Log, front: cfg.Front, sessions: newSessions(cfg.Process, cfg.Secure), tries: newTries(), customers: web.NewQuotas(sendsPerOrder, sendsWithin)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.sessions.ErrorFunc = c.problem
	var err error
	if c.assets, err = newAssets(); err != nil {
		return nil, err
	}
	if c.pages, err = newPages(c.assets); err != nil {
		return nil, err
	}
	c.handler = c.around(c.routes())
	return c, nil
}

// ServeHTTP answers a request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// routes are all pages. What a person may look at is asked for here; what they may change,
// by the use case.
func (c *Console) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, h http.Handler) {
		mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			web.RequestOf(r.Context()).Pattern = pattern
			h.ServeHTTP(w, r)
		}))
	}
	anyone := func(pattern string, do page) { handle(pattern, c.answer(do)) }
	read := func(pattern string, do page) { handle(pattern, c.answer(c.signedIn(access.Read, do))) }
	admin := func(pattern string, do page) { handle(pattern, c.answer(c.signedIn(access.Admin, do))) }

	anyone("/", c.nowhere)
	anyone("GET /sign-in", c.signInPage)
	anyone("POST /sign-in", c.signIn)
	anyone("GET "+linkPath+"{link}", c.linkPage)
	anyone("POST "+linkPath+"{link}", c.acceptLink)
	c.customerRoutes(anyone)
	read("POST /sign-out", c.signOut)
	read("GET /{$}", c.today)
	read("GET /live", c.live)

	read("GET /find", c.find)
	c.orderRoutes(read)
	read("POST /views", c.saveView)
	read("POST /views/{view}/remove", c.removeView)
	c.shopRoutes(handle, read)

	read("GET /tickets", c.tickets)
	read("GET /tickets.csv", c.ticketsCSV)
	read("GET /tickets/{ticket}", c.ticket)
	for what, do := range ticketChanges {
		read("POST /tickets/{ticket}/"+what, c.changeTicket(do))
	}

	read("GET /settings", c.account)
	read("GET /settings/answers", c.answers)
	read("POST /settings/answers", c.addAnswer)
	read("POST /settings/answers/{answer}/change", c.changeAnswer)
	read("POST /settings/answers/{answer}/remove", c.removeAnswer)
	read("POST /settings/password", c.changePassword)
	read("POST /settings/sessions/{session}/end", c.endSession)
	admin("GET /settings/users", c.users)
	admin("GET /settings/users.csv", c.usersCSV)
	admin("POST /settings/users", c.addUser)
	for what, do := range userChanges {
		admin("POST /settings/users/{user}/"+what, c.changeUser(do))
	}
	admin("POST /settings/users/{user}/link", c.linkUser)
	admin("GET /settings/policy", c.policy)
	admin("POST /settings/policy", c.changePolicy)
	admin("GET /settings/keys", c.keys)
	admin("POST /settings/keys", c.addKey)
	admin("POST /settings/keys/{key}/revoke", c.revokeKey)
	return mux
}

// customerRoutes are the pages of customers.
func (c *Console) customerRoutes(anyone func(pattern string, do page)) {
	const at = process.TrackPath + "{order}"
	anyone("GET "+at, c.track)
	anyone("POST "+at+"/code", c.sendCode)
	anyone("POST "+at+"/prove", c.prove)
	anyone("POST "+at+"/wishes", c.askFor)
	anyone("POST "+at+"/talks/{ticket}", c.answerTicket)
}

// orderRoutes are the pages of orders.
func (c *Console) orderRoutes(read func(pattern string, do page)) {
	read("GET /orders", c.orders)
	read("GET /orders.csv", c.ordersCSV)
	read("GET /orders/preview", c.manyPage)
	for _, d := range manyDeeds {
		read("POST /orders/"+d.name, c.doMany(d))
	}
	read("GET /orders/{order}", c.order)
	for what, do := range orderChanges {
		read("POST /orders/{order}/"+what, c.changeOrder(do))
	}
	for _, d := range deeds {
		at := "/orders/{order}/" + d.name
		if d.about.isPart() {
			at += "/{part}"
		}
		read("GET "+at, c.deedPage(d))
		read("POST "+at, c.doDeed(d))
	}
}

// shopRoutes are the pages of what needs attention and of the stock.
func (c *Console) shopRoutes(handle func(pattern string, h http.Handler), read func(pattern string, do page)) {
	read("GET /attention", c.attention)
	read("GET /attention.csv", c.attentionCSV)
	read("GET /attention/preview", c.attendPage)
	for _, way := range process.Ways {
		read("POST /attention/"+string(way), c.attend(way))
	}

	read("GET /stock", c.stock)
	read("GET /stock.csv", c.stockCSV)
	read("GET /stock-file", c.stockFile)
	handle("POST /stock-file", c.answerUpTo(maxFile, c.signedIn(access.Stock, c.previewFile)))
	handle("POST /stock-file/take", c.answerUpTo(maxFile, c.signedIn(access.Stock, c.takeFile)))
	read("GET /stock/{sku}", c.sku)
	read("GET /stock/{sku}/movements.csv", c.movementsCSV)
	read("GET /running-out", c.runningOut)
	read("GET /running-out.csv", c.runningOutCSV)
	for what := range stockMoves {
		read("GET /stock/{sku}/"+what, c.movePage)
		read("POST /stock/{sku}/"+what, c.moveStock)
	}
}

// around puts what every request passes through around the pages.
func (c *Console) around(pages http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection()
	guarded.SetDenyHandler(c.answer(func(http.ResponseWriter, *http.Request) error { return errElsewhere }))
	mux := http.NewServeMux()
	mux.Handle("GET "+assetsPath, c.assets)
	mux.Handle("/", zipped(c.sessions.LoadAndSave(guarded.Handler(pages))))
	return headed(mux)
}

// contentPolicy lets a page load what is served here, and nothing run or look other than
// it says there (https://www.w3.org/TR/CSP3/).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headed says how browsers are to treat what is served.
func headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy":      contentPolicy,
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
			"Cache-Control":                "no-store",
		} {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// command is what the person who is signed in commands by a form: under the key that the
// form was given, so that it is carried out once however often it is sent.
func command(r *http.Request) process.Command {
	u := signedInOf(r.Context()).User
	return process.Command{By: u.Actor(), May: u.Permit(), Key: r.PostForm.Get("key")}
}

// now is the time that pages are shown at.
func now() time.Time { return time.Now().UTC() }
