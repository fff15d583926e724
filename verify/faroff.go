package verify

import (
	"context"
	"time"

	"doorstep/clock"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/policy"
	"doorstep/process"
)

// latest is when a step may be due, and its lease end, at the latest; zero when
// that is not known.
type latest struct{ due, leased time.Time }

// slack is how far the clocks of a shop's nodes may differ. A step that could
// not be carried out is put off by a few minutes, whatever the policy says.
const slack = time.Hour

// horizon finds out how far ahead anything may be put off: every step is due
// when something has happened or was tried, or after a time that a policy says.
func horizon(ctx context.Context, d *db.DB) (latest, error) {
	return db.View(ctx, d, func(r db.Reader) (latest, error) {
		l := latest{leased: clock.Wall{}.Now().Add(work.MaxLease + slack)}
		if _, virtual := d.Clock().(*clock.Virtual); d.Virtual() != virtual {
			return l, nil // it has stopped, and where its clock stood is not stored
		}
		longest, err := policy.LongestEver(r)
		l.due = r.Now().Add(longest + slack)
		return l, err
	})
}

// checkFarOff looks for steps that would in truth never be done, and for those
// that are late since a time at which they could not be.
func (d *dossier) checkFarOff() {
	for _, it := range d.items {
		if !d.latest.due.IsZero() && it.Due.After(d.latest.due) && !d.untilItEnds(it) {
			d.find(FarOff, it.Owner, "the step %s about %s is due at %s; no policy lets it wait for longer than until %s", it.Step, it.Subject, it.Due, d.latest.due)
		}
		if !it.Overdue.IsZero() && (it.Overdue.Before(it.Since) || it.Overdue.After(it.Due)) {
			d.find(FarOff, it.Owner, "the step %s about %s is late since %s; it is there since %s and due at %s", it.Step, it.Subject, it.Overdue, it.Since, it.Due)
		}
		if it.Until.After(d.latest.leased) {
			d.find(FarOff, it.Owner, "the step %s about %s is leased until %s; no lease is longer than %s", it.Step, it.Subject, it.Until, work.MaxLease)
		}
	}
}

// untilItEnds says whether a step waits for the end of an authorisation, of
// which the gateway says when it is.
func (d *dossier) untilItEnds(it work.Item) bool {
	p, ok := d.payment(it.Subject)
	return ok && it.Step == string(process.StepKeep) && it.Due.Before(p.AuthorisedUntil)
}
