package policy_test

import (
	"encoding/json"
	"testing"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/policy"

	"github.com/google/go-cmp/cmp"
)

func TestAHoldRuleIsAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]policy.HoldRule{
		"amount_over:GBP:50000": {Kind: policy.AmountOver, Currency: "GBP", Amount: 50000},
		"countries_differ":      {Kind: policy.CountriesDiffer},
		"declines_from:3":       {Kind: policy.DeclinesFrom, Declines: 3},
	} {
		got := policy.HoldRule{Kind: policy.AmountOver, Currency: "EUR", Amount: 1, Declines: 1} // which is overwritten
		if err := json.Unmarshal([]byte(`"`+text+`"`), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
		if doc, err := json.Marshal(want); err != nil || string(doc) != `"`+text+`"` {
			t.Errorf("%+v is written as %s, %v", want, doc, err)
		}
	}
	for _, bad := range []string{
		"", "made_up", "amount_over", "amount_over:GBP", "amount_over:GBP:", "amount_over:GBP:much", "amount_over:GBP:+5", "amount_over:GBP:5:6",
		"countries_differ:", "countries_differ:GB", "declines_from", "declines_from:x", "declines_from:03", " countries_differ",
	} {
		var got policy.HoldRule
		if err := got.UnmarshalText([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is read as %+v, %v", bad, got, err)
		}
	}
}

func TestHoldRulesAreChecked(t *testing.T) {
	t.Parallel()
	over := func(currency money.Currency, amount int64) policy.HoldRule {
		return policy.HoldRule{Kind: policy.AmountOver, Currency: currency, Amount: amount}
	}
	p := policy.Default()
	p.HoldRules = []policy.HoldRule{
		over("GBP", 0), over("EUR", 1), {Kind: policy.CountriesDiffer}, {Kind: policy.DeclinesFrom, Declines: 1},
		over("gbp", 1), over("USD", -1), over("GBP", 1), {Kind: policy.CountriesDiffer}, {Kind: policy.DeclinesFrom}, {Kind: "made_up"},
	}
	want := []string{
		"hold_rules[4] currency", "hold_rules[5] out_of_range", "hold_rules[6] duplicate", "hold_rules[7] duplicate",
		"hold_rules[8] out_of_range", "hold_rules[8] duplicate", "hold_rules[9] unknown",
	}
	var got []string
	for _, f := range fault.As(p.Validate()).Fields {
		got = append(got, f.Path+" "+f.Code)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
