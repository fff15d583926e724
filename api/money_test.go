package api_test

import (
	"fmt"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
)

// set changes the policy of the shop.
func (s *server) set(change func(*policy.Policy)) {
	s.t.Helper()
	_, err := s.shop.Process.ChangePolicy(s.t.Context(), operator, func(p policy.Policy) (policy.Policy, error) {
		change(&p)
		return p, nil
	})
	must(s.t, err)
}

// byHand has orders paid and shipped by people.
func (s *server) byHand() {
	s.t.Helper()
	s.set(func(p *policy.Policy) { p.Gateway, p.Carrier = "manual", "manual" })
}

// items are those of a page.
func (s *server) items(path string) []map[string]any {
	s.t.Helper()
	r := s.ask("GET", path, "")
	s.want(r, 200, "")
	var all []map[string]any
	for _, x := range r.json["items"].([]any) {
		all = append(all, x.(map[string]any))
	}
	return all
}

func TestMoneyComesAndGoes(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.byHand()
		s.want(s.ask("POST", "/v1/orders", placing("A-0")), 201, "")
		path := s.unpaid("A-1")
		payments := s.items("/v1/payments?order=web/A-1")
		if all := s.items("/v1/payments?limit=1"); len(payments) != 1 || all[0]["id"] != payments[0]["id"] {
			t.Fatalf("the payments are %v, the newest is %v", payments, all)
		}
		pay := "/v1/payments/" + payments[0]["id"].(string)
		s.want(s.ask("POST", path+"/payments", `{"reference":"line 1","amount":1}`), 422, "invalid")
		s.want(s.ask("POST", path+"/payments", `{"reference":"line 1","amount":1295}`, "Idempotency-Key", "p1"), 200, "")
		s.want(s.ask("POST", path+"/payments", `{"reference":"line 1","amount":1295}`), 409, "conflict")
		shown := s.ask("GET", pay, "")
		s.want(shown, 200, "")
		if shown.json["status"] != "succeeded" || len(shown.json["attempts"].([]any)) != 1 {
			t.Errorf("the payment is %s", shown.body)
		}
		s.want(s.ask("POST", pay+"/voided", `{"reference":"made up"}`), 409, "conflict")

		some := `{"lines":[{"line":1,"quantity":1}],"reason":"made up"}`
		plan := s.ask("POST", path+"/refunds/preview", some)
		s.want(plan, 200, "")
		s.want(s.ask("POST", path+"/refunds", some, "If-Match", `"1"`), 412, "stale")
		made := s.ask("POST", path+"/refunds", some, "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "r1")
		s.want(made, 201, "")
		refund := made.json["refund"].(map[string]any)
		if refund["amount"] != plan.json["amount"] || refund["status"] != "pending" || made.header.Get("Location") != "/v1/refunds/"+refund["id"].(string) {
			t.Errorf("of %s was made %s at %v", plan.body, made.body, made.header)
		}
		if again := s.ask("POST", path+"/refunds", some, "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "r1"); string(again.body) != string(made.body) {
			t.Errorf("made again: %s", again.body)
		}
		at := made.header.Get("Location")
		if all := s.items("/v1/refunds?order=web/A-1"); len(all) != 1 || len(s.items("/v1/refunds")) != 1 || len(s.items("/v1/refunds?order=web/A-0")) != 0 {
			t.Errorf("the refunds are %v", all)
		}
		if n := len(s.items("/v1/refunds?status=pending&made_before=2000-01-01T00:00:00Z")); n != 0 {
			t.Errorf("%d refunds are older than the shop", n)
		}
		s.want(s.ask("POST", at+"/withdraw", ""), 200, "")
		if pending, canceled := s.items("/v1/refunds?status=pending"), s.items("/v1/refunds?status=canceled&order=web/A-1"); len(pending) != 0 || len(canceled) != 1 {
			t.Errorf("pending are %v, canceled %v", pending, canceled)
		}
		if paid := s.items("/v1/payments?status=succeeded&made_from=2000-01-01T00:00:00Z"); len(paid) != 1 || paid[0]["id"] != payments[0]["id"] {
			t.Errorf("paid are %v", paid)
		}
		s.want(s.ask("GET", "/v1/payments?status=paid", ""), 422, "invalid")
		if got := s.ask("GET", at, ""); got.json["status"] != "canceled" || len(got.json["lines"].([]any)) != 1 {
			t.Errorf("the refund is %s", got.body)
		}
		at = s.ask("POST", path+"/refunds", some).header.Get("Location")
		s.want(s.ask("POST", at+"/record", `{"reference":"line 2","amount":1}`), 422, "invalid")
		s.want(s.ask("POST", at+"/record", fmt.Sprintf(`{"reference":"line 2","amount":%v}`, plan.json["amount"])), 200, "")
		s.want(s.ask("POST", at+"/fail", ""), 200, "")
		s.want(s.ask("POST", at+"/fail", ""), 409, "conflict")
		s.want(s.askAs(s.key(access.Orders), "POST", path+"/refunds", some), 403, "forbidden")
		s.want(s.ask("POST", "/v1/refunds/rfd_made_up/fail", ""), 404, "not_found")
		s.want(s.ask("GET", "/v1/payments/pay_made_up", ""), 404, "not_found")
		s.want(s.ask("GET", "/v1/refunds?order=web/none", ""), 404, "not_found")
	})
}

func TestWhatHasArrivedComesBack(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		path := s.delivered("A-1")
		back := `{"lines":[{"line":1,"quantity":1}],"reason":"made_up"}`
		plan := s.ask("POST", path+"/returns/preview", back)
		s.want(plan, 200, "")
		made := s.ask("POST", path+"/returns", back, "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "r1")
		s.want(made, 201, "")
		at := made.header.Get("Location")
		if all := s.items("/v1/returns?status=authorised&order=web/A-1"); len(all) != 1 || "/v1/returns/"+all[0]["id"].(string) != at {
			t.Errorf("the returns are %v, not %s", all, at)
		}
		s.want(s.ask("POST", at+"/cancel", ""), 200, "")
		at = s.ask("POST", path+"/returns", back).header.Get("Location")
		came := `{"unfit":{"CUP":1},"withhold":true}`
		plan = s.ask("POST", at+"/receive/preview", came)
		s.want(plan, 200, "")
		s.want(s.ask("POST", at+"/receive", `{"lines":[{"line":1,"quantity":2}]}`), 422, "invalid")
		s.want(s.ask("POST", at+"/receive", came, "If-Match", plan.header.Get("ETag")), 200, "")
		if r := s.ask("GET", at, ""); r.json["came"] != 1.0 || r.json["restocked"] != 0.0 || r.json["status"] != "received" {
			t.Errorf("received: %s", r.body)
		}
		s.want(s.ask("POST", at+"/receive", came), 409, "conflict")

		other := `{"return":{"reason":"made_up"},"lines":[{"sku":"CUP","quantity":1}]}`
		plan = s.ask("POST", path+"/exchanges/preview", other)
		s.want(plan, 200, "")
		made = s.ask("POST", path+"/exchanges", other, "If-Match", plan.header.Get("ETag"))
		s.want(made, 201, "")
		s.want(s.ask("GET", made.header.Get("Location"), ""), 200, "")
		s.want(s.ask("POST", path+"/returns", back), 409, "conflict")
		s.want(s.ask("GET", "/v1/returns/ret_made_up", ""), 404, "not_found")
	})
}

// TestAPageOfAStatusGoesOn reads a list page by page while more comes in, and while what
// was read comes to stand otherwise.
func TestAPageOfAStatusGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		var paths []string
		for _, number := range []string{"A-1", "A-2", "A-3"} {
			paths = append(paths, s.unpaid(number))
		}
		seen, next := map[any]bool{}, ""
		for page := range 3 {
			r := s.ask("GET", "/v1/payments?status=requires_payment_method&limit=1&cursor="+next, "")
			s.want(r, 200, "")
			for _, p := range r.json["items"].([]any) {
				seen[p.(map[string]any)["order"]] = true
			}
			next, _ = r.json["next"].(string)
			if last := page == 2; last != (next == "") {
				t.Errorf("behind page %d comes %q", page+1, next)
			}
			s.unpaid(fmt.Sprint("B-", page))
			s.want(s.ask("POST", paths[2-page]+"/payments", `{"reference":"made up","amount":1295}`), 200, "")
		}
		if len(seen) != 3 {
			t.Errorf("seen are the payments of %v", seen)
		}
		if n := len(s.items("/v1/payments?status=requires_payment_method")); n != 3 {
			t.Errorf("%d wait now", n)
		}
	})
}
