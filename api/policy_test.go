package api_test

import (
	"fmt"
	"testing"

	"doorstep/internal/db/dbtest"
)

// TestThePolicyIsSetByVersion: who decided on a version that is past changes nothing.
func TestThePolicyIsSetByVersion(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.want(s.ask("POST", "/v1/policy", `{"settings":{"silence":"24h"}}`), 200, "")
		seen := s.ask("GET", "/v1/policy", "").header.Get("ETag")
		set := func(seen, settings string) response {
			return s.ask("POST", "/v1/policy", `{"settings":`+settings+`}`, "If-Match", seen, "Idempotency-Key", seen+settings)
		}
		made := set(seen, `{"silence":"48h","ask":{"tries":9}}`)
		s.want(made, 200, "")
		again := set(seen, `{"silence":"48h","ask":{"tries":9}}`)
		if string(again.body) != string(made.body) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("sent again: %s", again.body)
		}
		s.want(set(seen, `{"silence":"72h"}`), 412, "stale")
		for _, wrong := range []string{`{"carrier":"pigeon"}`, `{"silence":"often"}`, `{"nonsense":1}`, `{"ask":{"tries":-1}}`} {
			s.want(set("*", wrong), 422, "invalid")
		}
		s.want(s.ask("GET", "/v1/policy/history?cursor=x", ""), 422, "invalid")
		s.want(set(made.header.Get("ETag"), `{"silence":"96h"}`), 200, "")
		all := s.items("/v1/policy/history?limit=1")
		newest, _ := all[0]["version"].(float64)
		if before := s.items(fmt.Sprintf("/v1/policy/history?cursor=%.0f", newest)); len(all) != 1 || before[0]["version"] != newest-1 {
			t.Errorf("the newest are %v, the ones before %v", all, before)
		}
		shown := s.ask("GET", "/v1/policy", "")
		if p, _ := shown.json["policy"].(map[string]any); p["silence"] != "96h0m0s" || p["ask"].(map[string]any)["tries"] != 9.0 {
			t.Errorf("in force is %s", shown.body)
		}
	})
}
