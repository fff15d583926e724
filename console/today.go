package console

import (
	"net/http"

	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

// standing is what the first page shows: how the shop stands, as kept.
type standing struct {
	process.Vitals
	Statuses []order.Status
	Unsolved []support.Status
	Causes   []process.Cause
}

func (c *Console) today(w http.ResponseWriter, r *http.Request) error {
	v, err := c.process.Vitals(r.Context())
	if err != nil {
		return err
	}
	s := standing{Vitals: v, Statuses: order.Statuses, Causes: process.Causes}
	for _, status := range support.Statuses {
		if status.Unsolved() {
			s.Unsolved = append(s.Unsolved, status)
		}
	}
	return c.show(w, r, "today", shown{Title: "Today", Here: "today", Page: s}, nil)
}
