package verify

import (
	"context"

	"doorstep/insight/figures"
)

// figures counts the kept figures again, from the log.
func (r *run) figures(ctx context.Context) error {
	found, err := figures.Check(ctx, r.db)
	for _, d := range found {
		r.report.find(Figures, d.Figure, "%d is kept, and the events come to %d", d.Kept, d.Log)
	}
	return err
}
