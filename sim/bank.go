package sim

import (
	"context"
	"fmt"
	"time"

	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
)

// paysElsewhere says whether the customer of order number n pays without the gateway.
func (p *play) paysElsewhere(n int) bool {
	return p.draw("elsewhere", n).Float64() < p.sc.Elsewhere.Share
}

// awaitMoney has the money for order number n come in, and recorded when people
// are at work then; or never.
func (p *play) awaitMoney(n int, o order.Order) {
	r := p.draw("money", n)
	if r.Float64() < p.sc.Elsewhere.Unpaid {
		return
	}
	comes := p.Clock.Now().Add(later(r, p.sc.Elsewhere.After, p.sc.Elsewhere.Within))
	p.until(p.atWork(comes), func(ctx context.Context) error {
		now, err := p.FindOrder(ctx, o.ID) // what it has to pay may have changed
		if err != nil {
			return err
		}
		_, err = p.RecordPayment(ctx, operator, o.ID, payment.Record{Reference: fmt.Sprintf("statement %d", n), Amount: now.Total})
		return unlessRefused(err)
	})
}

// payBack gives back, and records, what was paid elsewhere and is to go back.
func (p *play) payBack(ctx context.Context, by process.Command, v process.Overview) error {
	elsewhere := map[string]bool{}
	for _, pay := range v.Payments {
		elsewhere[pay.ID] = pay.Gateway == payment.Manual
	}
	for _, f := range v.Refunds {
		if f.Status != payment.RefundPending || !elsewhere[f.Payment] {
			continue
		}
		record := payment.Record{Reference: "transfer of " + p.Clock.Now().Format(time.DateOnly), Amount: f.Amount}
		if _, err := p.RecordRefund(ctx, by, v.Order.ID, f.ID, record); err != nil {
			return err
		}
	}
	return nil
}
