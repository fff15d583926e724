package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"doorstep"
	"doorstep/cli"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// The rows of the process table are carried out in transactions, between two
// steps of the log: no one outside sees them begin. So that a kill can hit one,
// the program is run by the test binary, which listens to the table and dies of
// its own SIGKILL when the row fires, in the midst of the transaction or as soon
// as that is durable. The program as it is shipped has no such ear. It is also run where
// a kill from outside has come too late for a step that was answered.

// The moments of a row at which the program is killed.
const (
	uncommitted moment = "fires"            // in the transaction, which must leave nothing behind
	committed   moment = "fires, committed" // durable, and no one was answered yet
)

// dieAt names the environment variable that says at what the program dies: a
// step and a moment.
const dieAt = "DOORSTEP_TEST_DIE_AT"

// TestMain runs the program where the test binary is to be it.
func TestMain(m *testing.M) {
	if at, ok := os.LookupEnv(dieAt); ok {
		step, when, _ := strings.Cut(at, " ")
		os.Exit(runUntil(aim{process.Step(step), moment(when)}))
	}
	os.Exit(m.Run())
}

// runUntil is the program's main with an ear at the table.
func runUntil(at aim) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := &ear{at: at, from: time.Now().Add(working)}
	return cli.Program{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv, Configure: e.configure}.Run(ctx, os.Args[1:])
}

func (e *ear) configure(c *doorstep.Config) {
	c.Fired = e.hear
	if e.at.moment == answered {
		c.Log = slog.New(listener{Handler: c.Log.Handler(), ear: e})
	}
	if os.Getenv(haveMoods) == "true" {
		if err := addMoods(c); err != nil {
			panic(err) // a log without it would not say why the program fails
		}
	}
}

// ear hears which rows fire, and ends the program at one.
type ear struct {
	at   aim
	from time.Time // before, there is not enough under way
	said sync.Map  // the steps of which it was said that they fire
}

func (e *ear) hear(step process.Step, owner string) func() {
	if _, said := e.said.LoadOrStore(step, true); !said {
		say("row fires", aim{step: step}, owner)
	}
	if step != e.at.step || time.Now().Before(e.from) {
		return nil
	}
	if e.at.moment == uncommitted {
		e.die(owner)
	}
	return func() { e.die(owner) }
}

// die ends the program.
func (e *ear) die(owner string) {
	say("row kills", e.at, owner)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing more is done on the way out
}

// listener hears in the log that a step is answered, and ends the program at one.
type listener struct {
	slog.Handler
	ear  *ear
	step string
}

func (l listener) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "step" {
			l.step = a.Value.String()
		}
	}
	l.Handler = l.Handler.WithAttrs(attrs)
	return l
}

func (l listener) Handle(ctx context.Context, r slog.Record) error {
	err := l.Handler.Handle(ctx, r)
	if r.Message == "step is answered" && process.Step(l.step) == l.ear.at.step && time.Now().After(l.ear.from) {
		l.ear.die("")
	}
	return err
}

// say adds a line to the program's log, whole, in one write.
func say(message string, at aim, owner string) {
	fmt.Fprintf(os.Stderr, `{"level":"DEBUG","msg":%q,"step":%q,"moment":%q,"owner":%q}`+"\n", message, at.step, at.moment, owner)
}

// firing are the aims at rows that fire. Each engine dies in the transaction at
// every other row, and after it at those between, the other engine the other way
// round; in the long run both die both ways.
func firing(engine string, rows ...process.Step) (aims []aim) {
	table := process.Table()
	for _, step := range rows {
		n := slices.IndexFunc(table, func(row process.Row) bool { return row.Step == step })
		first, second := uncommitted, committed
		if (n%2 == 1) != (engine == dbtest.Postgres) {
			first, second = second, first
		}
		aims = append(aims, aim{step, first})
		if *long {
			aims = append(aims, aim{step, second})
		}
	}
	return aims
}

// spread are the aims at rows that fire, of which an engine takes every other one;
// in the long run each engine takes all, both ways.
func spread(engine string, rows ...process.Step) []aim {
	if *long {
		return firing(engine, rows...)
	}
	var own []process.Step
	for i, step := range rows {
		if (i%2 == 0) == (engine == dbtest.SQLite) {
			own = append(own, step)
		}
	}
	return firing(engine, own...)
}
