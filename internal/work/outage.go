package work

import (
	"log/slog"
	"sync"

	"doorstep/fault"
)

// outage is a time in which the database takes nothing, such as while its disk
// is full: every step that is due then fails for the same reason, which is
// logged once.
type outage struct {
	log *slog.Logger

	mu     sync.Mutex
	failed int // steps since it began
}

// level is how what came of a step's failure is logged: as an error, unless an
// outage explains it of which that was said already.
func (o *outage) level(err error) slog.Level {
	if !fault.Is(err, fault.Unavailable) {
		return slog.LevelError
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed++; o.failed > 1 {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// over says that something was written.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed > 0 {
		o.log.Info("steps go on", "failed", o.failed)
	}
	o.failed = 0
}
