package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"path"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/web"
	"doorstep/process"
)

// page answers a request with a page. Its error is shown as one.
type page func(w http.ResponseWriter, r *http.Request) error

// maxForm bounds what a form sends, in bytes.
const maxForm = 64 << 10

// answer has a page answer, once the form that was sent is read.
func (c *Console) answer(do page) http.Handler { return c.answerUpTo(maxForm, do) }

// answerUpTo is answer for a form that may send so many bytes.
func (c *Console) answerUpTo(most int64, do page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		err := r.ParseMultipartForm(most)
		if errors.Is(err, http.ErrNotMultipart) {
			err = nil // what came before it is read
		}
		if large := new(http.MaxBytesError); errors.As(err, &large) {
			err = fault.New(fault.Invalid, "what was sent is larger than %d kB", most>>10)
		} else if err != nil {
			err = fault.New(fault.Invalid, "what was sent can not be read: %w", err)
		} else {
			err = do(w, r)
		}
		if err != nil {
			c.problem(w, r, err)
		}
	})
}

// shown is what every page is made of.
type shown struct {
	Title   string
	Here    string // which of the places in the navigation it belongs to
	Who     process.SignedIn
	Problem *fault.Error // why what was asked for was not done, nil when nothing is wrong
	Done    string       // what was done
	Page    any          // what is of this page alone

	Pretended process.Pretended // what of the shop is only played
	Attention string            // how much needs attention, "" for nothing
}

// May says whether who looks at the page may do what a scope covers.
func (s shown) May(scope access.Scope) bool {
	return s.Who.User.ID != "" && s.Who.User.Permit().Allows(scope)
}

// Wrong is what is wrong with a field of the form that was sent, "" for nothing.
func (s shown) Wrong(field string) string {
	if s.Problem != nil {
		for _, f := range s.Problem.Fields {
			if f.Path == field {
				return f.Message
			}
		}
	}
	return ""
}

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates by their names, each within the layout.
type pages map[string]*template.Template

const layout = "templates/layout.html"

func newPages(a *assets) (pages, error) {
	base, err := template.New(path.Base(layout)).Funcs(funcs(a)).ParseFS(templateFiles, layout)
	if err != nil {
		return nil, err
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, f := range files {
		one, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if all[f.Name()], err = one.ParseFS(templateFiles, "templates/"+f.Name()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// show answers with a page: with what was done, as the address says, or why what was
// asked for was not, nil when nothing is wrong.
func (c *Console) show(w http.ResponseWriter, r *http.Request, name string, s shown, problem error) error {
	s.Who, s.Done = signedInOf(r.Context()), doings[r.Form.Get("done")]
	if d, is := pick(deeds, func(d deed) bool { return d.name == r.Form.Get("done") }); is {
		s.Done = d.done
	}
	status := http.StatusOK
	if problem != nil {
		status, s.Problem = c.explained(r.Context(), problem)
	}
	s.Pretended = c.pretended(r.Context())
	if s.Who.User.ID != "" {
		s.Attention = c.attentionCount(r.Context())
	}
	if s.Title == "" {
		s.Title = http.StatusText(status)
	}
	var b bytes.Buffer
	if err := c.pages[name+".html"].Execute(&b, s); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser has gone: no one else can be told
	return nil
}

// pretended is what of the shop is only played. A page is shown without it where it can not
// be had.
func (c *Console) pretended(ctx context.Context) process.Pretended {
	v, err := c.process.Pretended(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "it can not be said whether the shop is a test", "error", err)
	}
	return v
}

// statuses are what the codes of errors mean over HTTP.
var statuses = map[fault.Code]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.TooLate: http.StatusConflict,
	fault.Stale: http.StatusPreconditionFailed, fault.Forbidden: http.StatusForbidden, fault.Unavailable: http.StatusServiceUnavailable, fault.Locked: http.StatusServiceUnavailable,
	codeTooMany: http.StatusTooManyRequests,
}

// codeTooMany is of HTTP alone.
const codeTooMany fault.Code = "too_many_requests"

// errElsewhere is of a form that another site has sent.
var errElsewhere = fault.New(fault.Forbidden, "this was sent from a page of another site, and was not done")

// explained is an error as people are told it: what has no code is logged whole, and
// shown by the name of the request alone.
func (c *Console) explained(ctx context.Context, err error) (status int, told *fault.Error) {
	e := fault.As(err)
	if e == nil && errors.Is(ctx.Err(), context.Canceled) {
		e = fault.New(fault.Unavailable, "the request was given up before it was done")
	}
	if e == nil || statuses[e.Code] == 0 {
		id := web.RequestOf(ctx).ID
		c.log.ErrorContext(ctx, "a page failed", "error", err, "request", id)
		return http.StatusInternalServerError, fault.New(fault.Internal, "Something went wrong that should not have. In the logs it is called %s.", id)
	}
	return statuses[e.Code], e
}

// problem answers with an error as a page.
func (c *Console) problem(w http.ResponseWriter, r *http.Request, err error) {
	if err := c.show(w, r, "problem", shown{}, err); err != nil {
		c.log.ErrorContext(r.Context(), "an error can not be shown", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// nowhere answers where no page is.
func (c *Console) nowhere(_ http.ResponseWriter, r *http.Request) error {
	return fault.New(fault.NotFound, "There is no page at %.200s.", r.URL.Path)
}

// done sends the browser to the page that shows what it has done.
func done(w http.ResponseWriter, r *http.Request, to, what string) error {
	http.Redirect(w, r, to+"?done="+what, http.StatusSeeOther)
	return nil
}

// doings are what a page says that was done, by the words in its address.
var doings = map[string]string{
	"many-hold": "The orders that were chosen are held.", "many-release": "The orders that were chosen go on.", "many-cancel": "The orders that were chosen are being cancelled.",
	"hold": "The order is held.", "release": "The order goes on.", "notes": "The note is kept.",
	"reply": "The answer is sent.", "note": "The note is kept: no customer is shown it.", "reopen": "The ticket is open again.", "solve": "The ticket is solved.", "assign": "The ticket has another person who sees to it.",
	"approve": "What was proposed is being done.", "reject": "What was proposed is not done.",
	"password": "Your password is changed. You are signed out everywhere else.", "ended": "That session has ended.",
	"role": "They have another role.", "disable": "They are kept out.", "enable": "They can sign in again.", "sign-out": "They are signed out everywhere.",
	"receive": "What came in is there.", "count": "The count is taken.", "adjust": "It is adjusted.", "safety": "So many are kept back from orders.",
	"policy":       "It is in force from now on.",
	"view-removed": "The view is removed.",
	"file":         "The file is taken.",
	"retry":        "What was chosen is tried again.", "skip": "What was chosen is passed over.", "compensate": "What was chosen is being cancelled.",
	"answer-kept": "The canned answer is kept.", "answer-removed": "The canned answer is removed.",
	"code":   "A code is on its way to your mail address. Type it here.",
	"proved": "That is you. You can ask for something for an hour.",
	"asked":  "We have it. What could be done at once is done: see below.",
	"revoke": "The key opens nothing any more.",
}
