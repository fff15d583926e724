package api_test

import (
	"testing"

	"doorstep/internal/db/dbtest"
)

// packed has an order paid by hand that waits for its parcel to be handed over, and
// returns its path and the parcel's.
func (s *server) packed(number string) (path, parcel string) {
	s.t.Helper()
	s.byHand()
	path = s.unpaid(number)
	s.want(s.ask("POST", path+"/payments", `{"reference":"line 1","amount":1295}`), 200, "")
	s.eventually("packed", func() bool {
		for _, one := range s.items("/v1/shipments?order=web/" + number) {
			parcel = "/v1/shipments/" + one["id"].(string)
		}
		return parcel != ""
	})
	return path, parcel
}

// delivered has an order arrive, and returns its path.
func (s *server) delivered(number string) string {
	s.t.Helper()
	path, parcel := s.packed(number)
	s.want(s.ask("POST", parcel+"/hand-over", `{"tracking_number":"made-up-`+number+`"}`), 200, "")
	s.want(s.ask("POST", parcel+"/delivered", ""), 200, "")
	return path
}

func TestAParcelIsFollowedToTheDoor(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		path, parcel := s.packed("A-1")
		shown := s.ask("GET", parcel, "")
		s.want(shown, 200, "")
		if lines := shown.json["lines"].([]any); len(lines) != 1 || shown.json["status"] != "planned" {
			t.Errorf("the parcel is %s", shown.body)
		}
		s.want(s.ask("POST", parcel+"/hand-over", `{}`), 422, "invalid")
		s.want(s.ask("POST", parcel+"/delivered", ""), 409, "conflict")
		number := `{"tracking_number":"made-up-1"}`
		s.want(s.ask("POST", parcel+"/hand-over", number, "If-Match", `"1"`), 412, "stale")
		s.want(s.ask("POST", parcel+"/hand-over", number, "If-Match", shown.header.Get("ETag"), "Idempotency-Key", "h1"), 200, "")
		if again := s.ask("POST", parcel+"/hand-over", number, "If-Match", shown.header.Get("ETag"), "Idempotency-Key", "h1"); again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("handed over again: %d %s", again.status, again.body)
		}
		s.want(s.ask("POST", parcel+"/hand-over", number), 409, "too_late")
		parcel = "/v1/shipments/made-up-1"
		s.want(s.ask("POST", parcel+"/reship", ""), 409, "conflict")
		s.want(s.ask("POST", parcel+"/lost", ""), 200, "")
		s.want(s.ask("POST", parcel+"/found", ""), 200, "")
		s.want(s.ask("POST", parcel+"/refused", ""), 200, "")
		plan := s.ask("POST", parcel+"/receive/preview", `{"unfit":{"CUP":1}}`)
		s.want(plan, 200, "")
		s.want(s.ask("POST", parcel+"/receive", `{"unfit":{"CUP":3}}`), 422, "invalid")
		s.want(s.ask("POST", parcel+"/receive", `{"unfit":{"CUP":1}}`, "If-Match", plan.header.Get("ETag")), 200, "")
		plan = s.ask("POST", parcel+"/reship/preview", "")
		s.want(plan, 200, "")
		if from := plan.json["from"].([]any); len(from) != 1 {
			t.Errorf("it would be sent from %v", from)
		}
		s.want(s.ask("POST", parcel+"/reship", "", "If-Match", plan.header.Get("ETag")), 200, "")
		s.want(s.ask("GET", path+"/rates", ""), 200, "")
		s.want(s.ask("GET", "/v1/shipments/none", ""), 404, "not_found")
		if all := s.items("/v1/shipments"); len(all) == 0 || all[len(all)-1]["tracking_number"] != "made-up-1" {
			t.Errorf("the shipments are %v", all)
		}
		other, parcel := s.packed("A-2")
		if planned := s.items("/v1/shipments?status=planned&order=web/A-2"); len(planned) != 1 || len(s.items("/v1/shipments?status=label_bought")) != 0 {
			t.Errorf("planned are %v", planned)
		}
		s.want(s.ask("POST", parcel+"/hand-over", `{"tracking_number":"made-up-2"}`), 200, "")
		s.want(s.ask("POST", parcel+"/damaged", ""), 200, "")
		s.want(s.ask("GET", other+"?expand=shipments", ""), 200, "")
	})
}
