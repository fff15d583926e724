package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"doorstep/api"
	"doorstep/cli/stage"
	"doorstep/clock"
	"doorstep/console"
	"doorstep/policy"
	"doorstep/sim"
	"doorstep/sim/scenario"
)

// The shop that a demo leaves open: how many days of it there are already, with how
// many orders a day, how many come in a minute from the last hour on, and for how long.
const (
	demoDays   = 7
	demoPerDay = 120
	demoRate   = 3
	demoOpenTo = 24 * time.Hour

	closeWithin = 2 * time.Second // how long requests may take that run when it is closed
)

// openShop is what the shop goes through that is open from now on: a week, and then a day
// on which more is bought.
func openShop(now time.Time) (scenario.Scenario, error) {
	sc, err := scenario.Find("quiet-shop")
	if err != nil {
		return sc, err
	}
	start := now.Truncate(24*time.Hour).AddDate(0, 0, -demoDays)
	sc.Start, sc.Days = scenario.Date(start), demoDays+2
	sc.Orders.PerDay = demoPerDay
	sc.Policy.HandOver = policy.HandOverFirstScan
	sc.Stock.LeadTime = policy.Duration(10 * time.Minute) // so that there is something to sell for all of the day
	open := scenario.Moment(now.Add(-time.Hour).Sub(start))
	sc.Orders.Peaks = append(sc.Orders.Peaks, scenario.Peak{
		Span: scenario.Span{From: open, To: open + scenario.Moment(demoOpenTo)}, Orders: demoRate * int(demoOpenTo/time.Minute),
	})
	return sc, sc.Validate()
}

// leaveOpen has a shop trade in the browser until the session ends. It is kept nowhere.
func (s *session) leaveOpen(dir string, v demoVerb, seed uint64) (err error) {
	now := time.Now().UTC().Truncate(time.Minute)
	sc, err := openShop(now)
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "open")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := stage.Config(sc)
	cfg.Log = slog.New(slog.DiscardHandler) // that providers fail is part of it
	shop, simulated, err := s.demoShop(filepath.Join(dir, "shop.db"), seed, time.Time(sc.Start), cfg)
	if err != nil {
		return err
	}
	var served *apiServer
	ending := make(chan struct{})
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), closeWithin)
		defer cancel()
		close(ending)
		_ = served.stop(ctx) // what is cut off goes with the shop
		err = errors.Join(err, shop.Close())
	}()
	simulated.Runner = &sim.Paced{Runner: shop.Virtual, Shop: simulated.Clock, By: clock.Wall{}, Speed: 1, From: now, Begin: func() error {
		shop.Figures.Start(s.ctx)
		door := listening{Listen: v.Listen, Connections: 100, DueWithin: 5 * time.Minute, meter: api.NewMeter()}
		if served, err = door.serveAPI(s, shop, ending); err != nil {
			return err
		}
		first, _, err := shop.Process.FirstAdministrator(s.ctx, keyed{}.command(s))
		if err != nil {
			return err
		}
		return s.showOpen(demoOpen{URL: served.URL, Link: served.URL + console.LinkPath(first.Link)})
	}}
	if _, err = s.play(untold, simulated, sc); s.ctx.Err() != nil {
		err = nil // it was told to stop
	}
	return err
}

// demoOpen says where the shop is open.
type demoOpen struct {
	URL  string `json:"url"`
	Link string `json:"first_link"` // by which the first administrator chooses a password, once
}

func (s *session) showOpen(o demoOpen) error {
	if err := s.out.show(o, func() {
		s.out.heading("The shop is open")
		s.out.printf("\n  %s\n\n", o.Link)
		s.out.paragraph("Choose a password there, once, and look around: a week is behind it, and customers come as time goes by. Ctrl-C closes it, and nothing of it is kept.")
	}); err != nil {
		return err
	}
	return s.out.err
}
