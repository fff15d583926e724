package process

import (
	"context"

	"doorstep/internal/db"
)

// Pretended says what of a shop is only played, by the policy in force.
type Pretended struct {
	Money   bool // the gateway is simulated: no money moves
	Parcels bool // the carrier is: no parcel leaves
}

// pretends is a provider that only plays one.
type pretends interface{ Pretends() }

// Pretended returns what of the shop is only played.
func (p *Process) Pretended(ctx context.Context) (v Pretended, err error) {
	set, err := db.View(ctx, p.db, p.policies.Current)
	if err != nil {
		return v, err
	}
	_, v.Money = p.gateways[set.Gateway].(pretends)
	_, v.Parcels = p.carriers[set.Carrier].(pretends)
	return v, nil
}
