package verify

import (
	"context"
	"fmt"

	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/policy"
)

// settings is what the shop goes on with: the policy in force and the next
// order's number.
type settings struct {
	version       int64 // of the policy, 0 for the default
	doc           string
	next, largest int64 // numbers of orders
}

func (run *run) settings(ctx context.Context) error {
	s, err := db.View(ctx, run.db, func(r db.Reader) (s settings, err error) {
		if s.version, s.doc, err = policy.Newest(r); err != nil {
			return s, err
		}
		s.next, s.largest, err = order.Numbers(r)
		return s, err
	})
	if err != nil {
		return err
	}
	run.report.checkPolicy(s.version, s.doc)
	if s.largest > 0 && s.largest >= s.next {
		run.report.find(Numbers, "orders", "the next number is %d, and the order %d is there already", s.next, s.largest)
	}
	return nil
}

// checkPolicy reads the policy in force as the process would.
func (r *Report) checkPolicy(version int64, doc string) {
	if version == 0 {
		return
	}
	p, err := policy.Parse(doc)
	if err == nil {
		err = p.Validate()
	}
	if err != nil {
		r.find(Policy, fmt.Sprintf("policy %d", version), "%v", err)
	}
}
