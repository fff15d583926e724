package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/internal/web"
)

// quotaWithin is the time that a quota is for: so many requests may come at once, and
// they come back evenly over it.
const quotaWithin = 10 * time.Second

// guessesPerSecond is how many requests without a valid key an address may send, so that
// keys are not guessed, nor the database asked about each guess.
const guessesPerSecond = 10

// quotas are how many requests are left to each caller. It is told by the header fields of
// draft-ietf-httpapi-ratelimit-headers-10: RateLimit-Policy has the quota (q) and the
// seconds it is for (w), RateLimit what is left (r) and the seconds until all of it is (t).
type quotas struct {
	*web.Quotas
	name string // of the policy
}

func newQuotas(name string, perSecond int) quotas {
	return quotas{web.NewQuotas(perSecond*int(quotaWithin/time.Second), quotaWithin), name}
}

// say tells a caller what is left.
func (q quotas) say(h http.Header, left float64) {
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", q.name, q.Size, int(q.Within/time.Second)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", q.name, int(max(0, left)), q.Whole(left)))
}

// refuse answers a caller to whom nothing is left.
func (q quotas) refuse(w http.ResponseWriter, left float64, detail string) {
	q.say(w.Header(), left)
	w.Header().Set("Retry-After", strconv.Itoa(q.Wait(left)))
	refuse(w, problem(codeTooMany, detail))
}

// limited lets each caller make as many requests as its quota has.
func (a *API) limited(next http.Handler) http.Handler {
	if a.quotas.Size <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left, ok := a.quotas.Take(string(callerOf(r.Context()).actor), time.Now())
		if !ok {
			a.quotas.refuse(w, left, fmt.Sprintf("a key may make %d requests a second, and %d at once", a.quotas.Size/int(quotaWithin/time.Second), a.quotas.Size))
			return
		}
		a.quotas.say(w.Header(), left)
		next.ServeHTTP(w, r)
	})
}

// guessing says whether too many requests without a valid key have come from where this
// one comes from, and answers it then.
func (a *API) guessing(w http.ResponseWriter, r *http.Request) bool {
	left := a.guesses.Left(web.Origin(r, a.front), time.Now())
	if left >= 1 {
		return false
	}
	a.guesses.refuse(w, left, "too many requests without a valid key have come from this address")
	return true
}

// documentQuotas says in the document what answers tell of quotas.
func (a *API) documentQuotas() {
	doc := a.huma.OpenAPI()
	text := func(description, example string) *huma.Header {
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
	}
	doc.Components.Headers = map[string]*huma.Header{
		"RateLimit-Policy": text("How many requests a key may make at once (q), which come back evenly within so many seconds (w): draft-ietf-httpapi-ratelimit-headers-10. Missing where keys are not limited.", `"key";q=5000;w=10`),
		"RateLimit":        text("How many requests are left to the key (r), and the seconds until all are (t).", `"key";r=4999;t=1`),
		"Retry-After":      {Description: "The seconds after which the request may be sent again.", Schema: &huma.Schema{Type: huma.TypeInteger}},
	}
	declare := func(r *huma.Response, names ...string) {
		if r.Headers == nil {
			r.Headers = map[string]*huma.Header{}
		}
		for _, name := range names {
			r.Headers[name] = &huma.Header{Ref: "#/components/headers/" + name}
		}
	}
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil {
				continue
			}
			for status, r := range op.Responses {
				if status < "300" || status == "429" {
					declare(r, "RateLimit-Policy", "RateLimit")
				}
			}
			declare(op.Responses["429"], "Retry-After")
		}
	}
}
