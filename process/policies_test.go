package process_test

import (
	"testing"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/policy"
	"doorstep/process"
)

// byHand is what a person changes who has parcels handed over by people.
func byHand(p policy.Policy) (policy.Policy, error) {
	p.HandOver = policy.HandOverByPerson
	return p, nil
}

// TestAChangeOfThePolicyIsMadeOnce sends a change again, after someone else has
// changed something else.
func TestAChangeOfThePolicyIsMadeOnce(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		key := process.Command{By: access.Operator, Key: "k", Asked: "by hand"}
		first, err := s.ChangePolicy(ctx, key, byHand)
		must(t, err)
		if c := first.Value; c.Before.HandOver != policy.HandOverAtOnce || c.InForce.Policy.HandOver != policy.HandOverByPerson || c.InForce.Number != 1 {
			t.Errorf("the change came to %+v", c)
		}
		_, err = s.ChangePolicy(ctx, person(""), func(p policy.Policy) (policy.Policy, error) {
			p.Capture, p.HandOver = policy.CaptureOnHandOver, policy.HandOverAtOnce
			return p, nil
		})
		must(t, err)
		again, err := s.ChangePolicy(ctx, key, byHand)
		must(t, err)
		if !again.Replayed || again.Value.InForce.Number != 1 {
			t.Errorf("sent again it came to %+v", again)
		}
		same, err := s.ChangePolicy(ctx, person(""), func(p policy.Policy) (policy.Policy, error) { return p, nil })
		must(t, err)
		if same.Value.InForce.Number != 2 || same.Value.InForce.Policy.Capture != policy.CaptureOnHandOver {
			t.Errorf("without a change, %+v is in force", same.Value.InForce)
		}
		key.Asked = "something else"
		_, err = s.ChangePolicy(ctx, key, byHand)
		s.refused(fault.Conflict, err)
		_, err = s.ChangePolicy(ctx, person("no word of what"), byHand)
		s.refused(fault.Internal, err)
		_, err = s.ChangePolicy(ctx, person(""), func(policy.Policy) (policy.Policy, error) {
			return policy.Default(), fault.New(fault.Invalid, "made up")
		})
		s.refused(fault.Invalid, err)
		_, err = s.ChangePolicy(ctx, person(""), func(p policy.Policy) (policy.Policy, error) {
			p.Gateway = "made up"
			return p, nil
		})
		wantFields(t, err, "gateway")
	})
}
