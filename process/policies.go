package process

import (
	"context"
	"reflect"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/policy"
)

// PolicyChange is what a change of the policy came to.
type PolicyChange struct {
	Before  policy.Policy  `json:"before"`
	InForce policy.Version `json:"in_force"` // after it; the version before it where it changed nothing
}

// ChangePolicy makes of the policy in force what change returns, as the next
// version; where that is the same, there is none. Change is given no policy that
// is shared, and may be called again. With a key, by.Asked says what was asked
// for: what comes of it depends on what was in force. With a version, that must still
// be the one in force.
//
// Errors: change's own; stale; invalid, also when the shop has no such gateway or
// carrier.
func (p *Process) ChangePolicy(ctx context.Context, by Command, change func(policy.Policy) (policy.Policy, error)) (Result[PolicyChange], error) {
	if by.Key != "" && by.Asked == nil {
		return Result[PolicyChange]{}, fault.New(fault.Internal, "a change of the policy under a key does not say what was asked")
	}
	return once(ctx, p, by, "change_policy", nil, []db.Lock{policy.Lock()}, func(tx *db.Tx) (PolicyChange, error) {
		before, err := p.policies.InForce(tx)
		if err != nil {
			return PolicyChange{}, err
		}
		if by.Version != 0 && by.Version != before.Number {
			return PolicyChange{}, fault.New(fault.Stale, "the policy has changed since version %d: it is at %d", by.Version, before.Number)
		}
		next, err := change(before.Policy)
		if err != nil {
			return PolicyChange{}, err
		}
		c := PolicyChange{Before: before.Policy, InForce: before}
		if err := p.CheckPolicy(next); err != nil || reflect.DeepEqual(next, before.Policy) {
			return c, err
		}
		c.InForce, err = p.policies.Set(tx, by.By, before.Number, next)
		return c, err
	})
}
