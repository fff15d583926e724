package payment_test

import (
	"strings"
	"testing"

	"doorstep/fault"
	"doorstep/payment"
)

func TestARecordIsChecked(t *testing.T) {
	t.Parallel()
	p := payment.Payment{Amount: 845, Currency: "GBP"}
	for _, tt := range []struct {
		record      payment.Record
		field, code string
	}{
		{payment.Record{Amount: 845}, "reference", "required"},
		{payment.Record{Reference: strings.Repeat("x", 201), Amount: 845}, "reference", "too_long"},
		{payment.Record{Reference: "\xff", Amount: 845}, "reference", "not_utf8"},
		{payment.Record{Reference: "a\nb", Amount: 845}, "reference", "control_character"},
		{payment.Record{Reference: "made up", Amount: 844}, "amount", "mismatch"},
		{payment.Record{Reference: "made up", Amount: -845}, "amount", "mismatch"},
	} {
		err := tt.record.Validate(p)
		if e := fault.As(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Path != tt.field || e.Fields[0].Code != tt.code {
			t.Errorf("%+v: %v, not %s %s", tt.record, err, tt.field, tt.code)
		}
	}
	if err := (payment.Record{Reference: "made up", Amount: 845}).Validate(p); err != nil {
		t.Error(err)
	}
}

func TestKept(t *testing.T) {
	t.Parallel()
	p := payment.Payment{Captured: 100}
	if got := payment.Kept(p, []*payment.Refund{{Amount: 30, Status: payment.RefundSucceeded}, {Amount: 20, Status: payment.RefundPending}}); got != 50 {
		t.Errorf("%d is kept", got)
	}
}

// TestOnlySoftDeclinesPass keeps every reason in one of the two kinds.
func TestOnlySoftDeclinesPass(t *testing.T) {
	t.Parallel()
	for d, soft := range map[payment.Decline]bool{
		payment.InsufficientFunds: true, payment.TryAgainLater: true, payment.CardExpired: false, payment.CardStolen: false,
		payment.SuspectedFraud: false, payment.InvalidMethod: false, payment.NotPermitted: false, payment.AuthorisationExpired: false, "made_up": false,
	} {
		if d.Soft() != soft {
			t.Errorf("%s may pass later: %t", d, d.Soft())
		}
	}
}

// TestNothingFollowsTheEnd checks that money that was settled stays so: what goes
// back is a refund of its own, and only that may turn out to have failed.
func TestNothingFollowsTheEnd(t *testing.T) {
	t.Parallel()
	for _, row := range payment.Transitions {
		if row.From == payment.StatusSucceeded || row.From == payment.StatusCanceled {
			t.Errorf("%s happens to a payment that is %s", row.On, row.From)
		}
	}
	for _, row := range payment.RefundTransitions {
		if row.From == payment.RefundFailed || row.From == payment.RefundSucceeded && row.To == payment.RefundPending {
			t.Errorf("%s happens to a refund that is %s", row.On, row.From)
		}
	}
}
