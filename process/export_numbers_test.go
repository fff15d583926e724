package process

import (
	"context"

	"doorstep/internal/db"
	"doorstep/payment"
	"doorstep/shipping"
)

// Numbers opens an attempt for each payment and each parcel that is named, all
// of one order, and returns what numbers they have. Nothing is written.
func (p *Process) Numbers(ctx context.Context, names []string) (payments, labels []int64, err error) {
	_, err = db.Update(ctx, p.db, nil, func(tx *db.Tx) (struct{}, error) {
		c := &change{p: p, tx: tx}
		c.attempts.loaded, c.labels.loaded = true, true
		payments, labels = nil, nil
		for _, name := range names {
			a, err := c.openAttempt(&payment.Payment{ID: name}, payment.OpAuthorise, 1, "", tx.Now())
			if err != nil {
				return struct{}{}, err
			}
			payments = append(payments, a.N)
			if err := c.openLabelAttempt(&shipping.Shipment{ID: name}, shipping.OpBuy, tx.Now()); err != nil {
				return struct{}{}, err
			}
			all := c.labels.pointers()
			labels = append(labels, all[len(all)-1].N)
		}
		return struct{}{}, nil
	})
	return payments, labels, err
}
