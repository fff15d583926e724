package process_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/internal/vault"
	"doorstep/mail"
	"doorstep/process"
)

// letters are what was mailed.
type letters struct{ all []mail.Message }

func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.all = append(l.all, m)
	return nil
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// TestACodeProvesForAWhile that an order is someone's: once, to them alone, and not for long.
func TestACodeProvesForAWhile(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		ctx, sent := t.Context(), &letters{}
		p := s.keyed(sent)
		one, other := s.place(request(1, "CUP")), s.place(request(2, "CUP"))
		code := func() string {
			t.Helper()
			must(t, p.SendCode(ctx, one.ID))
			return sixDigits.FindString(sent.all[len(sent.all)-1].Text)
		}
		refused := func(order, code string) {
			t.Helper()
			_, _, err := p.Prove(ctx, order, code)
			s.refused(fault.Forbidden, err)
		}
		proved := func(order, proof string, want bool) {
			t.Helper()
			is, err := p.Proved(order, proof)
			must(t, err)
			if is != want {
				t.Errorf("%q proves %s: %t", proof, order, is)
			}
		}
		first := code()
		refused(other.ID, first)
		s.after(16 * time.Minute)
		refused(one.ID, first)

		second, third := code(), code()
		if second != third { // once in a million
			refused(one.ID, second)
		}
		proof, until, err := p.Prove(ctx, one.ID, third)
		must(t, err)
		refused(one.ID, third)
		if want := s.clock.Now().Add(process.ProofLife); until.Sub(want).Abs() > time.Second {
			t.Errorf("it proves until %s, not %s", until, want)
		}
		proved(one.ID, proof, true)
		proved(other.ID, proof, false)
		proved(one.ID, "9"+proof, false)
		proved(one.ID, "", false)
		s.after(process.ProofLife)
		proved(one.ID, proof, false)

		code()
		code()
		s.refused(fault.Conflict, p.SendCode(ctx, one.ID))
		must(t, p.SendCode(ctx, other.ID))
		s.after(24 * time.Hour)
		code()
		for _, m := range sent.all {
			if m.To != "made.up@example.com" || len(m.Subject) == 0 {
				t.Errorf("%+v", m)
			}
		}

		at, err := p.TrackingOf(ctx, one.ID)
		must(t, err)
		found, err := p.Tracked(ctx, at.Token)
		must(t, err)
		if again, err := p.TrackingOf(ctx, one.ID); err != nil || again != at || found.ID != one.ID || len(at.Token) < 26 {
			t.Errorf("%+v leads to %s, and is %+v again (%v)", at, found.ID, again, err)
		}
		_, err = s.keyed(sent).Tracked(ctx, at.Token)
		s.refused(fault.NotFound, err)
	})
}

// keyed is the shop's process under a key of its own.
func (s *shop) keyed(sent mail.Sender) *process.Process {
	s.t.Helper()
	deps := s.deps
	var err error
	deps.Secrets, err = vault.New(vault.NewKey(), "")
	must(s.t, err)
	deps.Mail = sent
	return process.New(deps)
}
