package api_test

import (
	"fmt"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

// TestTheShopsFiguresAreShown places orders and looks at what they come to, which is counted
// beside them.
func TestTheShopsFiguresAreShown(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		for i := range 3 {
			s.shipped(fmt.Sprint("A-", i))
		}
		s.want(s.ask("POST", "/v1/tickets", `{"order":"web/A-1","category":"other","body":"made up"}`), 201, "")
		var seen response
		s.eventually("three orders are in the figures", func() bool {
			seen = s.ask("GET", "/v1/figures?minutes=2", "")
			s.want(seen, 200, "")
			week := seen.json["week"].(map[string]any)
			return week["orders"].(map[string]any)["shipped"] == 3.0 && week["tickets_opened"] == 1.0
		})
		week := seen.json["week"].(map[string]any)
		funnel, amounts := week["funnel"].(map[string]any), week["money"].([]any)
		if funnel["placed"] != 3.0 || funnel["paid"] != 3.0 || funnel["delivered"] != 0.0 || len(amounts) != 1 || amounts[0].(map[string]any)["currency"] != "GBP" ||
			amounts[0].(map[string]any)["taken"] != amounts[0].(map[string]any)["ordered"] {
			t.Errorf("of three orders that have left it says %s", seen.body)
		}
		if minutes, hours := seen.json["minutes"].([]any), seen.json["hours"].([]any); len(minutes) != 2 || len(hours) != 24 {
			t.Errorf("it shows %d minutes and %d hours", len(minutes), len(hours))
		}
		s.want(s.ask("GET", "/v1/figures?minutes=1441", ""), 422, "")
		s.want(s.askAs(s.key(access.Read), "GET", "/v1/figures", ""), 200, "")
		s.want(s.askAs(s.key(access.Orders), "GET", "/v1/figures", ""), 403, "")

		out := s.ask("GET", "/v1/figures/running-out?within=365", "")
		s.want(out, 200, "")
		if items := out.json["items"].([]any); len(items) != 1 || items[0].(map[string]any)["sku"] != "CUP" || items[0].(map[string]any)["name"] != "Made up" {
			t.Errorf("what runs out is %s", out.body)
		}
		if none := s.ask("GET", "/v1/figures/running-out?within=0", ""); len(none.json["items"].([]any)) != 0 {
			t.Errorf("within no time this runs out: %s", none.body)
		}
	})
}
