package api

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// quotaWithin is the time that a quota is for: so many requests may come at once, and
// they come back evenly over it.
const quotaWithin = 10 * time.Second

// guessesPerSecond is how many requests without a valid key an address may send, so that
// keys are not guessed, nor the database asked about each guess.
const guessesPerSecond = 10

// mostCallers bounds how many callers are known by what is left to them.
const mostCallers = 10_000

// quotas are how many requests are left to each caller. It is told by the header fields of
// draft-ietf-httpapi-ratelimit-headers-10: RateLimit-Policy has the quota (q) and the
// seconds it is for (w), RateLimit what is left (r) and the seconds until all of it is (t).
type quotas struct {
	name string // of the policy
	rate int    // requests per second

	mu sync.Mutex
	of map[string]*rate.Limiter
}

func newQuotas(name string, perSecond int) *quotas {
	return &quotas{name: name, rate: perSecond, of: map[string]*rate.Limiter{}}
}

// size is how many requests may come at once.
func (q *quotas) size() int { return q.rate * int(quotaWithin/time.Second) }

// take takes a request from what is left to a caller, and says whether there was one.
func (q *quotas) take(caller string, now time.Time) (left float64, ok bool) {
	l := q.limiter(caller, now)
	ok = l.AllowN(now, 1)
	return l.TokensAt(now), ok
}

// left is how many requests are left to a caller, below zero when there were too many.
func (q *quotas) left(caller string, now time.Time) float64 {
	return q.limiter(caller, now).TokensAt(now)
}

// charge takes a request from a caller who has made it already.
func (q *quotas) charge(caller string, now time.Time) { q.limiter(caller, now).ReserveN(now, 1) }

// limiter returns a caller's. Who has everything left is forgotten when there are too
// many, and everybody when that does not help.
func (q *quotas) limiter(caller string, now time.Time) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.of[caller]; l != nil {
		return l
	}
	if len(q.of) >= mostCallers {
		for name, l := range q.of {
			if l.TokensAt(now) >= float64(q.size()) {
				delete(q.of, name)
			}
		}
		if len(q.of) >= mostCallers {
			clear(q.of)
		}
	}
	l := rate.NewLimiter(rate.Limit(q.rate), q.size())
	q.of[caller] = l
	return l
}

// say tells a caller what is left.
func (q *quotas) say(h http.Header, left float64) {
	whole := (float64(q.size()) - left) / float64(q.rate)
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", q.name, q.size(), int(quotaWithin/time.Second)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", q.name, int(max(0, left)), int(math.Ceil(whole))))
}

// refuse answers a caller to whom nothing is left.
func (q *quotas) refuse(w http.ResponseWriter, left float64, detail string) {
	q.say(w.Header(), left)
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(max(1, (1-left)/float64(q.rate))))))
	refuse(w, problem(codeTooMany, detail))
}

// limited lets each caller make as many requests as its quota has.
func (a *API) limited(next http.Handler) http.Handler {
	if a.quotas.rate <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left, ok := a.quotas.take(string(callerOf(r.Context()).actor), time.Now())
		if !ok {
			a.quotas.refuse(w, left, fmt.Sprintf("a key may make %d requests a second, and %d at once", a.quotas.rate, a.quotas.size()))
			return
		}
		a.quotas.say(w.Header(), left)
		next.ServeHTTP(w, r)
	})
}

// guessing says whether too many requests without a valid key have come from where this
// one comes from, and answers it then.
func (a *API) guessing(w http.ResponseWriter, r *http.Request) bool {
	left := a.guesses.left(a.origin(r), time.Now())
	if left >= 1 {
		return false
	}
	a.guesses.refuse(w, left, "too many requests without a valid key have come from this address")
	return true
}

// origin is the address that a request comes from, or the network of an IPv6 address, of
// which a caller has as many as it likes. Behind something in front of the API it is the
// last address in X-Forwarded-For, which that has put there.
func (a *API) origin(r *http.Request) string {
	from := r.RemoteAddr
	if a.front {
		all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		from = cmp.Or(strings.TrimSpace(all[len(all)-1]), from)
	}
	ip, err := netip.ParseAddr(from)
	if err != nil {
		with, _ := netip.ParseAddrPort(from)
		ip = with.Addr()
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		network, _ := ip.Prefix(64)
		return network.String()
	}
	return ip.String()
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
