package api_test

import (
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

// unpaid places an order that waits for its money, and returns its path.
func (s *server) unpaid(number string) string {
	s.t.Helper()
	r := s.ask("POST", "/v1/orders", strings.Replace(placing(number), `"currency"`, `"payment":{"gateway":"manual"},"currency"`, 1))
	s.want(r, 201, "")
	return r.header.Get("Location")
}

func TestAnOrderIsChangedAsItWasPreviewed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		path := s.unpaid("A-1")
		before := s.ask("GET", path, "")
		fewer := `{"lines":[{"line":1,"quantity":1}],"reason":"made up"}`
		plan := s.ask("POST", path+"/edit/preview", fewer)
		s.want(plan, 200, "")
		if plan.json["total"] != 1295.0 || plan.json["after"] != 648.0 || plan.json["freed"] != 1.0 {
			t.Errorf("the change would come to %s", plan.body)
		}
		seen := plan.header.Get("ETag")
		if now := s.ask("GET", path, ""); string(now.body) != string(before.body) || now.header.Get("ETag") != seen {
			t.Errorf("a preview has made %s of %s", now.body, before.body)
		}
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`), 200, "")
		s.want(s.ask("POST", path+"/edit", fewer, "If-Match", seen), 412, "stale")
		seen = s.ask("POST", path+"/edit/preview", fewer).header.Get("ETag")
		done := s.ask("POST", path+"/edit", fewer, "If-Match", seen, "Idempotency-Key", "e1")
		s.want(done, 200, "")
		if done.json["total"] != 648.0 {
			t.Errorf("changed: %s", done.body)
		}
		if again := s.ask("POST", path+"/edit", fewer, "If-Match", seen, "Idempotency-Key", "e1"); string(again.body) != string(done.body) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("changed again: %d %s", again.status, again.body)
		}
		s.want(s.ask("POST", path+"/edit", `{"ship_to":{"name":"Made Up","line1":"2 Sample Street","city":"Sampleton","country":"GB"},"shipping_method":"express"}`), 200, "")
		moved := s.ask("GET", path, "").json["contact"].(map[string]any)["ship_to"].(map[string]any)
		if moved["line1"] != "2 Sample Street" {
			t.Errorf("it goes to %v", moved)
		}
		s.want(s.ask("POST", path+"/edit/preview", `{"lines":[{"line":7,"quantity":1}]}`), 422, "invalid")
		s.want(s.ask("POST", path+"/edit", `{}`), 422, "invalid")
		s.want(s.ask("POST", path+"/withdraw-edit", ""), 409, "conflict")
		s.want(s.ask("POST", path+"/retry", ""), 409, "conflict")
		s.want(s.askAs(s.key(access.Read), "POST", path+"/edit", fewer), 403, "forbidden")

		plan = s.ask("POST", path+"/cancel/preview", "")
		s.want(plan, 200, "")
		if undoing := plan.json["undoing"].(map[string]any); undoing["units"] != 1.0 || undoing["refund"] != 0.0 {
			t.Errorf("cancelling would undo %v", undoing)
		}
		s.want(s.ask("POST", path+"/cancel", "", "If-Match", seen), 412, "stale")
		s.want(s.ask("POST", path+"/cancel", "", "If-Match", plan.header.Get("ETag")), 200, "")
		s.eventually("cancelled", func() bool { return s.ask("GET", path, "").json["status"] == "cancelled" })
		s.want(s.ask("POST", path+"/cancel/preview", ""), 409, "conflict")
	})
}
