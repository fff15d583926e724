package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	gateway "doorstep/payment/simulated"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim"
	"doorstep/verify"
)

var badLuck = sim.BadLuck{SilentMethod: gateway.MethodTimeoutAfterChargeOnce, LostTo: carrier.PostalLostOnce}

// unlucky is a new shop whose providers fail in nothing but what they are asked to.
func unlucky(t testing.TB, engine string, seed uint64) *shop {
	t.Helper()
	return openShop(t, engine, seed, opening.Add(9*time.Hour), doorstep.Config{
		Gateway: gateway.Config{LatencyMin: 300 * time.Millisecond, LatencyMax: 3 * time.Second},
		Carrier: carrier.Config{LatencyMin: 200 * time.Millisecond, LatencyMax: 2 * time.Second},
	})
}

// TestMishaps: five things go wrong and are put right, told the same on both
// engines, and as they were before.
func TestMishaps(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := unlucky(t, engine, 1)
		all, err := s.Mishaps(t.Context(), badLuck)
		must(t, err)
		var b strings.Builder
		for _, m := range all {
			fmt.Fprintf(&b, "%s\n%s\n%s\n\n", m.Wrong, m.Done, m.Now)
		}
		golden(t, "mishaps.txt", b.String(), *update && engine == dbtest.SQLite)
		s.clean()
		s.checkBooks(all)
	})
}

func (s *shop) clean() {
	s.t.Helper()
	report, err := verify.Run(s.t.Context(), s.db, verify.Options{})
	must(s.t, err)
	if !report.Clean() {
		s.t.Error(report.Violations)
	}
}

// checkBooks holds what the providers did to what was told: one charge of each
// order that is paid at the gateway, and so many labels.
func (s *shop) checkBooks(all []sim.Mishap) {
	s.t.Helper()
	charges, labels := map[string]string{}, map[string]string{}
	must(s.t, s.wired.Gateway.Charges(s.t.Context(), func(c gateway.Charge) error {
		charges[c.Order] += fmt.Sprintf("%s taken, %s back", c.Captured, c.Refunded)
		return nil
	}))
	must(s.t, s.wired.Carrier.Labels(s.t.Context(), func(l carrier.Label) error {
		labels[l.Order] += map[bool]string{false: "L", true: "V"}[l.Voided]
		return nil
	}))
	var got []string
	for _, m := range all {
		l := labels[m.Order]
		got = append(got, fmt.Sprintf("%s; %d labels, %d void", charges[m.Order], len(l), strings.Count(l, "V")))
		v, err := s.Show(s.t.Context(), m.Order)
		must(s.t, err)
		if v.Order.OpenTickets > 0 || !v.Order.Status.Final() || v.Order.Held != "" {
			s.t.Errorf("order %d is %s, held for %q, with %d open tickets", v.Order.Number, v.Order.Status, v.Order.Held, v.Order.OpenTickets)
		}
	}
	want := []string{
		"GBP 46.90 taken, GBP 0.00 back; 1 labels, 0 void",
		"GBP 35.90 taken, GBP 0.00 back; 2 labels, 0 void",
		"; 1 labels, 0 void", // by bank transfer
		"GBP 48.45 taken, GBP 40.28 back; 2 labels, 1 void",
		"GBP 32.95 taken, GBP 32.95 back; 1 labels, 0 void",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("the providers have other books (-want +got):\n%s", diff)
	}
}

// TestMishapsOfEverySeed fit a narrow terminal, behind their number.
func TestMishapsOfEverySeed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(min(3, len(seeds()))) {
		s := unlucky(t, dbtest.SQLite, 2+seed)
		all, err := s.Mishaps(t.Context(), badLuck)
		must(t, err)
		if len(all) != 5 {
			t.Errorf("seed %d: %d mishaps", seed, len(all))
		}
		for _, m := range all {
			for _, line := range []string{m.Wrong, m.Done, m.Now} {
				if w := runewidth.StringWidth(line); w > 75 || w == 0 || strings.Contains(line, "\n") {
					t.Errorf("seed %d: %d columns: %q", seed, w, line)
				}
			}
		}
		s.clean()
	}
}

// TestAMishapThatDoesNotHappen is not told.
func TestAMishapThatDoesNotHappen(t *testing.T) {
	t.Parallel()
	for _, luck := range []sim.BadLuck{{LostTo: badLuck.LostTo}, {SilentMethod: badLuck.SilentMethod}} {
		s := unlucky(t, dbtest.SQLite, 1)
		if all, err := s.Mishaps(t.Context(), luck); !fault.Is(err, fault.Internal) {
			t.Errorf("with %+v it tells %+v, %v", luck, all, err)
		}
	}
}
