package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/process"
)

// session is one command that is carried out.
type session struct {
	ctx     context.Context
	program Program
	flags   *globals
	out     *screen
	log     *slog.Logger
}

// open opens the shop that the flags name, as the settings say beyond them.
func (s *session) open(readOnly bool, settings ...func(*doorstep.Config)) (*doorstep.Shop, error) {
	cfg := doorstep.Config{DB: s.flags.DB, Outside: s.flags.Outside, ReadOnly: readOnly, SecretsKey: s.program.variable("DOORSTEP_SECRETS_KEY"), SecretsKeyFile: s.flags.SecretsKeyFile, Log: s.log}
	for _, set := range settings {
		set(&cfg)
	}
	if s.program.Configure != nil {
		s.program.Configure(&cfg)
	}
	return doorstep.Open(s.ctx, cfg)
}

// reading carries out do on a shop that is only read, also beside a process
// that holds it.
func (s *session) reading(do func(*doorstep.Shop) error) error { return s.with(true, do) }

// writing carries out do on a shop that this process holds.
func (s *session) writing(do func(*doorstep.Shop) error) error { return s.with(false, do) }

func (s *session) with(readOnly bool, do func(*doorstep.Shop) error) error {
	if on := s.program.on; on != nil {
		return on.with(readOnly, do)
	}
	shop, err := s.open(readOnly)
	if err != nil {
		return err
	}
	return errors.Join(do(shop), shop.Close())
}

// view reads one snapshot of a shop that is only read.
func view[T any](s *session, read func(db.Reader) (T, error)) (v T, err error) {
	err = s.reading(func(shop *doorstep.Shop) error {
		v, err = db.View(s.ctx, shop.DB, read)
		return err
	})
	return v, err
}

// keyed is the flag of verbs that change something.
type keyed struct {
	Key string `help:"A name for this command: sent again under it, it changes nothing more and gives the first answer." placeholder:"NAME"`
}

// command is what the person of the session commands.
func (k keyed) command(s *session) process.Command {
	if on := s.program.on; on != nil {
		return process.Command{By: on.by, May: on.may, Key: k.Key}
	}
	return process.Command{By: access.Operator, Key: k.Key}
}

// asking is what they command by what they have typed, where what is asked for is made
// of that and of what the shop knows.
func (k keyed) asking(s *session, typed ...any) process.Command {
	c := k.command(s)
	c.Asked = typed
	return c
}

// working is the flag of verbs after which there may be something to do at once.
type working struct {
	Wait time.Duration `help:"How long to work on what is due now because of it; 0 leaves it to serve." default:"10s" placeholder:"TIME"`
}

// change carries out a use case on an order, works off what is then due, and
// returns how the order stands.
func (s *session) change(w working, do func(*doorstep.Shop) (orderID string, err error)) (v process.Overview, err error) {
	err = s.writing(func(shop *doorstep.Shop) error {
		if err := s.start(shop, w.Wait); err != nil {
			return err
		}
		id, err := do(shop)
		if err != nil || id == "" {
			return err
		}
		if err := s.workOff(shop, w.Wait, id); err != nil {
			return err
		}
		v, err = shop.Process.Show(context.WithoutCancel(s.ctx), id)
		return err
	})
	return v, err
}

func (s *session) start(shop *doorstep.Shop, wait time.Duration) error {
	if wait <= 0 || shop.Runner == nil || s.program.on != nil { // who holds the shop runs it
		return nil
	}
	return shop.Runner.Start(s.ctx)
}

// workOff lets the shop run until the order has nothing due, at most for wait.
// What is not done by then stays due. On virtual time, that time passes.
func (s *session) workOff(shop *doorstep.Shop, wait time.Duration, id string) error {
	return s.workOffUntil(shop, wait, func(ctx context.Context) (bool, error) {
		return db.View(ctx, shop.DB, func(r db.Reader) (bool, error) {
			o, err := order.Get(r, id)
			if err != nil || !idle(o, r.Now()) {
				return false, err
			}
			lines, err := order.Lines(r, id)
			if err != nil {
				return false, err
			}
			return allGiven(r, slices.Sorted(maps.Keys(order.Demand(lines))))
		})
	})
}

// workOffUntil is workOff until something is so.
func (s *session) workOffUntil(shop *doorstep.Shop, wait time.Duration, is func(context.Context) (bool, error)) error {
	if wait <= 0 {
		return nil
	}
	if shop.Virtual != nil {
		return shop.Virtual.RunUntil(s.ctx, shop.DB.Clock().Now().Add(wait))
	}
	ctx, cancel := context.WithTimeout(s.ctx, wait)
	defer cancel()
	return until(ctx, shop, func() (bool, error) { return is(context.WithoutCancel(ctx)) })
}

// idle says whether an order has nothing due.
func idle(o order.Order, now time.Time) bool { return o.NextDue.IsZero() || o.NextDue.After(now) }

// lookEvery bounds how long until looks away while nothing happens here: on
// PostgreSQL another process may do it, and a step that is put back is no event.
const lookEvery = 100 * time.Millisecond

// until asks after each event of the shop whether it is done, up to the end of ctx,
// which is no error.
func until(ctx context.Context, shop *doorstep.Shop, done func() (bool, error)) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		rung := shop.DB.Rung()
		if yes, err := done(); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-rung:
		case <-tick.C:
		}
	}
}

// input opens a file that was named, or standard input for "-".
//
// Errors: not_found; unavailable.
func (s *session) input(name string) (io.ReadCloser, error) {
	switch {
	case s.program.on != nil:
		return s.program.on.input(name)
	case name == "-":
		return io.NopCloser(s.program.Stdin), nil
	}
	return openFile(name)
}
