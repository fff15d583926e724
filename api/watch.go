package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"doorstep/access"
	"doorstep/process"
)

// healthy says that the server answers.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	writeJSON(w, map[string]string{"status": "ok"})
}

// dueWithin is how old work may be that is due when the Config says nothing else.
const dueWithin = 5 * time.Minute

// lookWithin bounds how long the database may take to say how the shop stands.
const lookWithin = 5 * time.Second

// readiness knows for a second whether the shop does its work: whoever asks needs no
// key, so that the database is not asked each time.
type readiness struct {
	process *process.Process
	limit   time.Duration

	mu   sync.Mutex
	at   time.Time
	last error
}

func newReadiness(p *process.Process, limit time.Duration) *readiness {
	return &readiness{process: p, limit: limit}
}

// look says what is wrong, nil for nothing.
//
// Errors: see process.Ready.
func (s *readiness) look(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.at) >= keptFor {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
		defer cancel()
		s.last, s.at = s.process.Ready(ctx, s.limit), time.Now()
	}
	return s.last
}

// reading lets in who may look at everything.
func (a *API) reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := permitOf(r.Context()).Check(access.Read); err != nil {
			refuse(w, problemOf(r.Context(), a.log, err))
			return
		}
		next.ServeHTTP(w, r)
	})
}
