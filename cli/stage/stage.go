// Package stage says how the simulated gateway and carrier are to behave in a
// scenario.
package stage

import (
	"slices"
	"time"

	"doorstep"
	gateway "doorstep/payment/simulated"
	carrier "doorstep/shipping/simulated"
	"doorstep/sim/scenario"
)

// Config is a shop with the providers of a scenario. Where it keeps its books, and
// by which clock, is left open.
func Config(s scenario.Scenario) doorstep.Config {
	g := s.Gateway
	cfg := doorstep.Config{
		Gateway: gateway.Config{
			DeclineRate: g.DeclineRate, SoftShare: g.SoftShare, RefundDeclineRate: g.RefundDeclineRate,
			Unreachable: g.UnreachableRate, TimeoutBefore: g.TimeoutBeforeRate, TimeoutAfter: g.TimeoutAfterRate,
			LatencyMin: time.Duration(g.LatencyLeast), LatencyMax: time.Duration(g.LatencyMost), Outages: outages(s, g.Outages),
		},
		Carrier: carrierOf(s, s.Carrier),
	}
	if s.Policy.Carrier == scenario.Second || slices.Contains(s.Policy.NextCarriers, scenario.Second) {
		second := carrierOf(s, s.Second.Carrier)
		second.Name, second.Price = scenario.Second, s.Second.Price
		cfg.Second = &second
	}
	return cfg
}

func carrierOf(s scenario.Scenario, c scenario.Carrier) carrier.Config {
	return carrier.Config{
		RefuseRate: c.RefuseRate, TroubleRate: c.TroubleRate, LateRate: c.LateRate, TwiceRate: c.TwiceRate,
		LostRate: c.LostRate, DamagedRate: c.DamagedRate, RefusedRate: c.RefusedRate, ReturnedRate: c.ReturnedRate,
		Unreachable: c.UnreachableRate, TimeoutBefore: c.TimeoutBeforeRate, TimeoutAfter: c.TimeoutAfterRate,
		LatencyMin: time.Duration(c.LatencyLeast), LatencyMax: time.Duration(c.LatencyMost), Outages: outages(s, c.Outages),
		Strikes: strikes(s, c.Strikes),
	}
}

func outages(s scenario.Scenario, all []scenario.Outage) []gateway.Outage {
	var out []gateway.Outage
	for _, o := range all {
		out = append(out, gateway.Outage{From: s.At(o.From), To: s.At(o.To), Silent: o.Silent})
	}
	return out
}

func strikes(s scenario.Scenario, of []scenario.Strike) []carrier.Strike {
	var all []carrier.Strike
	for _, k := range of {
		all = append(all, carrier.Strike{From: s.At(k.From), To: s.At(k.To), Refuses: k.Refuses})
	}
	return all
}
