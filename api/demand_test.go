package api_test

import (
	"strings"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
	carrier "doorstep/shipping/simulated"
)

// authorised has an order whose money is held and whose label its carrier refuses for
// now, for an hour, and returns the path of its payment and of its parcel.
func (s *server) authorised(number string) (pay, parcel string) {
	s.t.Helper()
	s.set(func(p *policy.Policy) {
		p.Capture, p.HandOver, p.LabelRetries = policy.CaptureOnHandOver, policy.HandOverByPerson, policy.Schedule{policy.Duration(time.Hour)}
	})
	s.want(s.ask("POST", "/v1/orders", strings.Replace(placing(number), `"country"`, `"postal_code":"`+carrier.PostalTroubleOnce+`","country"`, 1)), 201, "")
	order := "/v1/orders/web%2F" + number + "?expand=timeline,payments,shipments"
	s.eventually("refused for now", func() bool {
		return strings.Contains(string(s.ask("GET", order, "").body), "shipment.label_refused")
	})
	shown := s.ask("GET", order, "").json
	first := func(part string) string { return shown[part].([]any)[0].(map[string]any)["id"].(string) }
	return "/v1/payments/" + first("payments"), "/v1/shipments/" + first("shipments")
}

func TestMoneyIsTakenAndALabelBoughtOnDemand(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		pay, parcel := s.authorised("A-1")
		if held := s.items("/v1/payments?status=requires_capture"); len(held) != 1 || "/v1/payments/"+held[0]["id"].(string) != pay {
			t.Errorf("held are %v", held)
		}
		plan := s.ask("POST", pay+"/capture/preview", "")
		s.want(plan, 200, "")
		if plan.json["amount"] != 1295.0 {
			t.Errorf("it would take %s", plan.body)
		}
		s.want(s.askAs(s.key(access.Refunds), "POST", pay+"/capture", ""), 403, "forbidden")
		s.want(s.ask("POST", pay+"/capture", "", "If-Match", `"1"`), 412, "stale")
		s.want(s.ask("POST", pay+"/capture", "", "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "c1"), 200, "")
		if again := s.ask("POST", pay+"/capture", "", "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "c1"); again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("captured again: %d %s", again.status, again.body)
		}
		s.eventually("captured", func() bool { return s.ask("GET", pay, "").json["status"] == "succeeded" })
		s.want(s.ask("POST", pay+"/capture", ""), 409, "conflict")
		s.want(s.ask("POST", pay+"/void", `{"reason":"made up"}`), 409, "too_late")
		s.want(s.ask("POST", pay+"/void/preview", ""), 409, "too_late")

		s.want(s.ask("POST", parcel+"/scan", `{"status":"in_transit"}`), 409, "conflict")
		s.want(s.ask("POST", parcel+"/label", "", "Idempotency-Key", "l1"), 200, "")
		s.want(s.ask("POST", parcel+"/label", "", "Idempotency-Key", "l1"), 200, "")
		s.eventually("bought", func() bool { return s.ask("GET", parcel, "").json["status"] == "label_bought" })
		s.want(s.ask("POST", parcel+"/label", ""), 409, "conflict")
		s.want(s.ask("POST", parcel+"/hand-over", "{}"), 200, "")
		s.want(s.ask("POST", parcel+"/label", ""), 409, "too_late")
		s.want(s.ask("POST", parcel+"/scan", `{"status":"elsewhere"}`), 422, "invalid")
		seen := `{"status":"in_transit","at":"2026-03-02T09:00:00Z","place":"Sampleton"}`
		s.want(s.ask("POST", parcel+"/scan", seen), 200, "")
		s.want(s.ask("POST", parcel+"/scan", seen), 200, "")
		if shown := s.ask("GET", parcel, ""); shown.json["tracking"] != "in_transit" || len(shown.json["scans"].([]any)) != 1 {
			t.Errorf("the parcel is %s", shown.body)
		}
		s.want(s.ask("POST", parcel+"/scan", `{"status":"delivered"}`), 200, "")
		s.want(s.ask("POST", parcel+"/scan", `{"status":"in_transit"}`), 409, "conflict")
	})
}

func TestAnAuthorisationIsGivenUpOnDemand(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		pay, _ := s.authorised("A-1")
		plan := s.ask("POST", pay+"/void/preview", "")
		s.want(plan, 200, "")
		if plan.json["undoing"].(map[string]any)["void"] != 1295.0 {
			t.Errorf("it would undo %s", plan.body)
		}
		s.want(s.askAs(s.key(access.Orders), "POST", pay+"/void", "{}"), 403, "forbidden")
		s.want(s.ask("POST", pay+"/void", `{"reason":"made up"}`, "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "v1"), 200, "")
		s.want(s.ask("POST", pay+"/void", `{"reason":"made up"}`, "If-Match", plan.header.Get("ETag"), "Idempotency-Key", "v1"), 200, "")
		s.eventually("given up", func() bool { return s.ask("GET", pay, "").json["status"] == "canceled" })
		if got := s.ask("GET", "/v1/orders/web%2FA-1", "").json; got["status"] != "cancelled" || got["payment"] != "voided" {
			t.Errorf("the order is %v", got)
		}
		s.want(s.ask("POST", pay+"/void", "{}"), 409, "conflict")
		s.want(s.ask("POST", pay+"/capture", ""), 409, "too_late")
		s.want(s.ask("POST", pay+"/voided", `{"reference":"made up"}`), 409, "conflict")
	})
}
