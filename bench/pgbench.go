package bench

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/fault"
)

// Pgbench compares whole orders with the transactions of PostgreSQL's own
// benchmark on the same server, in turns: https://www.postgresql.org/docs/current/pgbench.html.
type Pgbench struct {
	Command      string    `json:"command"`
	Transactions float64   `json:"transactions_per_second"` // the median of its turns
	Orders       float64   `json:"orders_per_second"`       // the median of the process's turns
	EachOfIts    []float64 `json:"its_turns"`
	EachOfOurs   []float64 `json:"our_turns"`
}

// The rows of pgbench's smallest table are ten times as many as its clients would
// need to stay out of each other's way.
const (
	pgbenchScale = 64
	pgbenchTime  = 10 * time.Second
	pgbenchJobs  = 2
)

// pgbench measures in turns.
func (m *measure) pgbench(ctx context.Context) (err error) {
	if m.Options.Pgbench == 0 {
		return nil
	}
	tool, err := exec.LookPath("pgbench")
	if err != nil {
		return fault.New(fault.NotFound, "pgbench is not in PATH: it comes with PostgreSQL")
	}
	url, drop, err := m.Scratch(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if dropped := drop(context.WithoutCancel(ctx)); err == nil {
			err = dropped
		}
	}()
	if out, err := exec.CommandContext(ctx, tool, "-i", "-q", "-s", strconv.Itoa(pgbenchScale), url).CombinedOutput(); err != nil {
		return fault.New(fault.Unavailable, "pgbench could not prepare its tables: %w: %s", err, out)
	}
	args := []string{"-N", "-n", "-M", "prepared", "-c", strconv.Itoa(Usual), "-j", strconv.Itoa(pgbenchJobs), "-T", strconv.Itoa(int(pgbenchTime.Seconds()))}
	p := &Pgbench{Command: "pgbench " + strings.Join(args, " ")}
	for i := range m.Options.Pgbench {
		m.Told(told("pgbench", i+1))
		tps, err := turn(ctx, tool, append(args, url))
		if err != nil {
			return err
		}
		p.EachOfIts = append(p.EachOfIts, tps)
		m.Told(told("B beside it", i+1))
		if err := m.inShop(ctx, func(s *load) error {
			run, err := m.runOf(ctx, s, Usual, basket)
			p.EachOfOurs = append(p.EachOfOurs, run.Rate)
			return err
		}); err != nil {
			return err
		}
	}
	p.Transactions, p.Orders = median(p.EachOfIts), median(p.EachOfOurs)
	m.result.Pgbench = p
	return nil
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// turn is one run of pgbench.
func turn(ctx context.Context, tool string, args []string) (float64, error) {
	out, err := exec.CommandContext(ctx, tool, args...).CombinedOutput()
	if err != nil {
		return 0, fault.New(fault.Unavailable, "pgbench failed: %w: %s", err, out)
	}
	found := tps.FindSubmatch(out)
	if found == nil {
		return 0, fault.New(fault.Internal, "pgbench said no tps: %s", out)
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		return 0, fmt.Errorf("pgbench's tps: %w", err)
	}
	return v, nil
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
