package web

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostCallers bounds how many callers are known by what is left to them.
const mostCallers = 10_000

// Quotas are how many requests are left to each caller: so many may come at once, and
// they come back evenly within a time. Where none may come, they set no limit.
type Quotas struct {
	Size   int
	Within time.Duration

	mu sync.Mutex
	of map[string]*rate.Limiter
}

// NewQuotas returns the quotas of callers who all have everything left.
func NewQuotas(size int, within time.Duration) *Quotas {
	return &Quotas{Size: size, Within: within, of: map[string]*rate.Limiter{}}
}

// each is the time in which one request comes back.
func (q *Quotas) each() time.Duration { return q.Within / time.Duration(max(q.Size, 1)) }

// Take takes a request from what is left to a caller, and says whether there was one.
func (q *Quotas) Take(caller string, now time.Time) (left float64, ok bool) {
	l := q.limiter(caller, now)
	ok = l.AllowN(now, 1)
	return l.TokensAt(now), ok
}

// Left is how many requests are left to a caller, below zero when there were too many.
func (q *Quotas) Left(caller string, now time.Time) float64 {
	return q.limiter(caller, now).TokensAt(now)
}

// Charge takes a request from a caller who has made it already.
func (q *Quotas) Charge(caller string, now time.Time) { q.limiter(caller, now).ReserveN(now, 1) }

// Whole is after how many seconds everything is left again.
func (q *Quotas) Whole(left float64) int {
	return int(math.Ceil((float64(q.Size) - left) * q.each().Seconds()))
}

// Wait is after how many seconds a request may come, at least one.
func (q *Quotas) Wait(left float64) int {
	return int(math.Ceil(max(1, (1-left)*q.each().Seconds())))
}

// limiter returns a caller's. Who has everything left is forgotten when there are too
// many, and everybody when that does not help.
func (q *Quotas) limiter(caller string, now time.Time) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.of[caller]; l != nil {
		return l
	}
	if len(q.of) >= mostCallers {
		for name, l := range q.of {
			if l.TokensAt(now) >= float64(q.Size) {
				delete(q.of, name)
			}
		}
		if len(q.of) >= mostCallers {
			clear(q.of)
		}
	}
	l := rate.NewLimiter(rate.Every(q.each()), q.Size)
	q.of[caller] = l
	return l
}
