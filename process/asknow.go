package process

import (
	"doorstep/fault"
	"doorstep/internal/work"
)

// askNow has a provider asked now what a step is to ask later, or does not ask any more
// because it has used up its tries. It is the same attempt, under the same key.
//
// Errors: conflict when it is being asked, or is not to be asked at all.
func (c *change) askNow(step Step, subject string) error {
	it, err := c.item(step, subject)
	switch {
	case err != nil:
		return err
	case it == nil:
		return fault.New(fault.Conflict, "order %d waits for nothing of the kind (%s)", c.order.Number, c.p.steps[step].Does)
	case it.State == work.Stuck:
		c.revive(it)
	case it.Until.After(c.tx.LeaseNow()) || !it.Due.After(c.tx.Now()):
		return fault.New(fault.Conflict, "it is being asked for already (%s): look again when the answer is there", c.p.steps[step].Does)
	default:
		if err := c.renewKey(it, c.tx.Now()); err != nil {
			return err
		}
		c.again(it, c.tx.Now(), it.Tries, it.Error)
	}
	return c.retried([]*work.Item{it})
}
