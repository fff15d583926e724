package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/policy"

	"github.com/google/go-cmp/cmp"
)

func TestAnAmountIsAText(t *testing.T) {
	t.Parallel()
	var got policy.Amount
	want := policy.Amount{Currency: "GBP", Minor: 2500}
	if err := json.Unmarshal([]byte(`"GBP:2500"`), &got); err != nil || got != want {
		t.Errorf("it is read as %+v, %v", got, err)
	}
	if doc, err := json.Marshal(want); err != nil || string(doc) != `"GBP:2500"` {
		t.Errorf("it is written as %s, %v", doc, err)
	}
	for _, bad := range []string{"", "GBP", "GBP:", "GBP:+5", "GBP:5:6", "GBP:05", "GBP:much"} {
		if err := got.UnmarshalText([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is read as %+v, %v", bad, got, err)
		}
	}
	if n := policy.In([]policy.Amount{want}, "EUR"); n != 0 {
		t.Errorf("in euro it is %d", n)
	}
}

func TestTicketLimitsAreChecked(t *testing.T) {
	t.Parallel()
	p := policy.Default()
	p.TicketLimits = policy.TicketLimits{
		Decision: []policy.Amount{{Currency: "GBP"}, {Currency: "gbp", Minor: 1}, {Currency: "GBP", Minor: 1}},
		Customer: []policy.Amount{{Currency: "EUR", Minor: -1}}, Count: -1,
	}
	want := []string{
		"ticket_limits.decision[1] currency", "ticket_limits.decision[2] duplicate", "ticket_limits.customer[0] out_of_range",
		"ticket_limits.count out_of_range", "ticket_limits.period out_of_range", "ticket_limits.order_age out_of_range",
	}
	var got []string
	for _, f := range fault.As(p.Validate()).Fields {
		got = append(got, f.Path+" "+f.Code)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNothingWaitsByTheLimits has limits that look back for longer than anything
// waits.
func TestNothingWaitsByTheLimits(t *testing.T) {
	t.Parallel()
	p := policy.Default()
	was := p.Longest()
	p.TicketLimits.Period, p.TicketLimits.OrderAge = policy.Duration(10_000*time.Hour), policy.Duration(10_000*time.Hour)
	if p.Longest() != was {
		t.Errorf("the longest is %s, and was %s", p.Longest(), was)
	}
}
