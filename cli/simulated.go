package cli

import (
	"time"

	"doorstep"
)

// simulated is how the simulated gateway and carrier behave: for those who try
// Doorstep out before they plug in their own.
type simulated struct {
	SimSeed         uint64        `help:"Where all of their chance comes from." default:"1" placeholder:"N" group:"Simulated gateway and carrier:"`
	SimLatency      time.Duration `help:"The longest that they take to answer; the shortest is half of it." placeholder:"TIME" group:"Simulated gateway and carrier:"`
	SimTimeouts     float64       `help:"Share of the questions that get no answer, from 0 to 1; every other one of them was carried out." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimUnreachable  float64       `help:"Share of the questions that do not arrive." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimDecline      float64       `help:"Share of the payments that are declined; every other one of them may pass when asked again." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimLabelTrouble float64       `help:"Share of the labels that the carrier refuses for now." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimLabelRefuse  float64       `help:"Share of the labels that the carrier refuses for good." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimLost         float64       `help:"Share of the parcels that the carrier loses; some turn up weeks later." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimDamaged      float64       `help:"Share of the parcels that are damaged on their way." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimRefused      float64       `help:"Share of the parcels that are refused at the door, and come back." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimReturned     float64       `help:"Share of the parcels that can not be delivered, and come back." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimBounce       float64       `help:"Share of the refunds whose money comes back a day later." placeholder:"RATE" group:"Simulated gateway and carrier:"`
	SimKeyLife      time.Duration `help:"How long they honour the key of a question after its first use." default:"24h" placeholder:"TIME" group:"Simulated gateway and carrier:"`
	SimAuthorised   time.Duration `name:"sim-authorisation-life" help:"How long an authorisation can be captured; 0 for always." placeholder:"TIME" group:"Simulated gateway and carrier:"`
}

// configure says so to the shop that is opened. What is out of range is found
// when it is opened.
func (v simulated) configure(cfg *doorstep.Config) {
	g, c := &cfg.Gateway, &cfg.Carrier
	g.Seed, c.Seed = v.SimSeed, v.SimSeed
	g.LatencyMin, c.LatencyMin = v.SimLatency/2, v.SimLatency/2
	g.LatencyMax, c.LatencyMax = v.SimLatency, v.SimLatency
	g.TimeoutBefore, c.TimeoutBefore = v.SimTimeouts/2, v.SimTimeouts/2
	g.TimeoutAfter, c.TimeoutAfter = v.SimTimeouts/2, v.SimTimeouts/2
	g.Unreachable, c.Unreachable = v.SimUnreachable, v.SimUnreachable
	g.DeclineRate, g.SoftShare = v.SimDecline, 0.5
	g.RefundBounceRate, g.RefundBounceAfter = v.SimBounce, 24*time.Hour
	g.KeyLife, c.KeyLife, g.AuthorisationLife = v.SimKeyLife, v.SimKeyLife, v.SimAuthorised
	c.TroubleRate, c.RefuseRate = v.SimLabelTrouble, v.SimLabelRefuse
	c.LostRate, c.DamagedRate, c.RefusedRate, c.ReturnedRate = v.SimLost, v.SimDamaged, v.SimRefused, v.SimReturned
}
