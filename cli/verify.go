package cli

import (
	"doorstep"
	"doorstep/verify"
)

// verifyVerb checks the books.
type verifyVerb struct {
	Limit  int  `help:"How many violations to name at most; all are counted." default:"1000" placeholder:"N"`
	Digest bool `help:"Show a hash of all that is stored too: the same for two shops that have come to the same."`
}

// Help is the detail of the verb's help.
func (verifyVerb) Help() string {
	return `Checks stock against its movements, every order against its payments, parcels and events, and that nothing unfinished is forgotten. It only reads, also beside a running process. The exit code is 6 when it has found violations.

Examples:

    doorstep verify
    doorstep verify --json > report.json || mail owner < report.json
    doorstep verify --digest`
}

// audit is what verify shows.
type audit struct {
	verify.Report
	State *verify.StateDigest `json:"state,omitempty"`
}

// Run checks the books.
//
// Errors: errViolations when there are some, which are then named.
func (v *verifyVerb) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	var found audit
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		if found.Report, err = verify.Run(s.ctx, shop.DB, verify.Options{MaxViolations: v.Limit}); err != nil || !v.Digest {
			return err
		}
		state, err := verify.Digest(s.ctx, shop.DB, verify.Options{})
		found.State = &state
		return err
	})
	if err != nil {
		return err
	}
	if err := s.out.show(found, func() { s.out.audit(found) }); err != nil {
		return err
	}
	if !found.Clean() {
		return errViolations
	}
	return nil
}

func (s *screen) audit(found audit) {
	s.report(found.Report)
	if found.State != nil {
		s.printf("Digest of %s: %s\n", count(int(found.State.Rows), "row", "rows"), found.State.Digest)
	}
}

// report writes what verify has found.
func (s *screen) report(r verify.Report) {
	for _, v := range r.Violations {
		s.printf("%s %s\n", s.paint(red, string(v.Kind)), printable(v.Subject))
		s.paragraph(v.Detail)
	}
	if more := int(r.Count) - len(r.Violations); more > 0 {
		s.printf("… and %d more.\n", more)
	}
	read := join(", ", count(int(r.Orders), "order", "orders"), count(int(r.SKUs), "SKU", "SKUs"),
		count(int(r.Tickets), "ticket", "tickets"), count(int(r.Events), "event", "events"))
	if r.Clean() {
		s.printf("%s %s, %d rules hold.\n", s.paint(green, "All is well:"), read, len(r.Checked))
		return
	}
	s.printf("%s in %s.\n", s.paint(red, count(int(r.Count), "violation", "violations")), read)
}
