package console_test

import (
	"net/url"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
)

func TestThePolicyIsChangedAfterALook(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		b := s.as(access.RoleAdmin, "admin")
		const at = "/settings/policy"
		now := func() policy.Policy {
			v, err := s.Process.PolicyInForce(t.Context())
			must(t, err)
			return v.Policy
		}
		page := b.get(at).want(200, "What is done about a parcel that is lost or damaged", `name="was.on_lost" value="ask"`, "Nothing yet")
		form, _ := page.form(at)
		for name, value := range map[string]string{"on_lost": "refund", "payment_retries": "10m, 2h", "ask.tries": "7", "gateway": "manual", "carrier": "manual"} {
			form.Set(name, value)
		}
		would := b.post(at, form).want(200, "This would change", "<code>on_lost</code>", "<td>ask</td><td>refund</td>", "10m0s,2h0m0s")
		if now().OnLost != policy.OnLostAsk {
			t.Error("a look has changed it")
		}
		sure, _ := would.form(at)

		// Someone else changes another setting meanwhile, which stays; and then one of these.
		set := func(change func(*policy.Policy)) {
			_, err := s.Process.ChangePolicy(t.Context(), operator, func(p policy.Policy) (policy.Policy, error) { change(&p); return p, nil })
			must(t, err)
		}
		set(func(p *policy.Policy) { p.Silence *= 2 })
		silence := now().Silence
		b.post(at, sure).leads(at + "?done=policy")
		b.post(at, sure).leads(at + "?done=policy") // the same form again
		if p := now(); p.OnLost != policy.OnLostRefund || p.Ask.Tries != 7 || p.Silence != silence || p.Gateway != "manual" {
			t.Errorf("in force is %+v", p)
		}
		b.get(at+"?done=policy").want(200, "in force from now on", "Version 2, by Admin", "Version 1, by operator", "<code>on_lost</code>: ask → refund")
		page = b.get(at)
		form, _ = page.form(at)
		form.Set("on_lost", "reship")
		set(func(p *policy.Policy) { p.OnLost = policy.OnLostAsk })
		b.post(at, form).want(412, "Someone else has changed this")
		form, _ = b.get(at).form(at)
		form.Set("on_lost", "reship")
		sure, _ = b.post(at, form).want(200).form(at)
		set(func(p *policy.Policy) { p.OnLost = policy.OnLostRefund })
		b.post(at, sure).want(412, "Someone else has changed this")
		if now().OnLost != policy.OnLostRefund {
			t.Error("it was overwritten")
		}

		// What can not be is said beside what was typed.
		form, _ = b.get(at).form(at)
		form.Set("silence", "made up")
		form.Set("gateway", "nobody")
		b.post(at, form).want(422, `value="made up"`, `aria-invalid="true"`)
		form, _ = b.get(at).form(at)
		b.post(at, form).want(422, "Nothing is changed by that")
		for range 12 {
			set(func(p *policy.Policy) { p.Ask.Tries++ })
		}
		b.get(at).want(200, "Version 16", "Version 7").lacks("Version 6,")
		b.get(at+"?before=7").want(200, "Version 6", "Version 1,").lacks("Version 7,")
		operator := s.as(access.RoleOperator, "operator")
		operator.get(at).want(403)
		operator.post(at, url.Values{"on_lost": {"ask"}, "was.on_lost": {"refund"}, "sure": {"yes"}, "key": {"made-up"}}).want(403)
		operator.get("/settings").want(200).lacks(at)
	})
}
