package sim

import (
	"context"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// dispatcher is who hands parcels over.
var dispatcher = process.Command{By: access.Actor("agent:1")}

// dispatch hands over what is packed, where that is for a person to do, and comes
// again on the next day at which people work.
func (p *play) dispatch(ctx context.Context) error {
	p.until(p.nextRound(p.Clock.Now().Add(time.Minute)), p.dispatch)
	open := p.toLeave
	p.toLeave = nil
	for _, id := range open {
		o, err := p.FindOrder(ctx, id)
		if err != nil {
			return err
		}
		if o.Status.Final() {
			continue
		}
		p.toLeave = append(p.toLeave, id)
		if slices.Contains(packed, o.Fulfilment) {
			if err := p.handOver(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// packed are the states of an order of which a parcel may lie here.
var packed = []order.Fulfilment{order.FulfilmentPlanned, order.FulfilmentLabelled, order.FulfilmentPartlyShipped,
	order.FulfilmentPartlyLost, order.FulfilmentReshipping}

// nextRound is the next time from now on at which parcels are handed over.
func (p *play) nextRound(now time.Time) time.Time {
	at := func(t time.Time) time.Time { return t.Truncate(day).Add(time.Duration(p.sc.Staff.HandOver)) }
	begins := p.atWork(now)
	if round := at(begins); !round.Before(begins) {
		return round
	}
	return at(p.atWork(begins.Truncate(day).Add(day)))
}

// handOver hands over the parcels of an order that have a label. What is held or
// being changed stays for the next round.
func (p *play) handOver(ctx context.Context, id string) error {
	v, err := p.Show(ctx, id)
	if err != nil {
		return err
	}
	for _, s := range v.Shipments {
		if s.Status != shipping.LabelBought || s.Leaves != policy.HandOverByPerson {
			continue
		}
		if _, err := p.HandOver(ctx, dispatcher, id, s.ID, shipping.HandOver{}); unlessRefused(err) != nil {
			return err
		}
	}
	return nil
}
