package api_test

import (
	"fmt"
	"slices"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

func TestStockIsKept(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		stocker := s.key(access.Stock)
		s.want(s.askAs(stocker, "POST", "/v1/locations", `{"id":"north","name":"North","country":"GB","priority":2}`), 200, "")
		if r := s.ask("GET", "/v1/locations", ""); len(r.json["items"].([]any)) != 2 {
			t.Errorf("the locations are %s", r.body)
		}
		made := s.askAs(stocker, "POST", "/v1/stock", `{"sku":"POT/L","name":"Made up","currency":"GBP","price":900}`)
		s.want(made, 201, "")
		pot := made.header.Get("Location")
		s.want(s.ask("POST", "/v1/stock", `{"sku":"POT/L"}`), 422, "invalid")
		s.want(s.ask("POST", pot+"/receive", `{"quantity":5}`, "Idempotency-Key", "s1"), 200, "")
		s.want(s.ask("POST", pot+"/receive", `{"quantity":5}`, "Idempotency-Key", "s1"), 200, "")
		s.want(s.ask("POST", pot+"/receive", `{"quantity":6}`, "Idempotency-Key", "s1"), 409, "conflict")
		s.want(s.ask("POST", pot+"/receive", `{"quantity":3,"location":"north"}`), 200, "")
		s.want(s.ask("POST", pot+"/return", `{"quantity":1,"reason":"made up"}`), 200, "")
		s.want(s.ask("POST", pot+"/adjust", `{"by":-2,"reason":"made up"}`), 200, "")
		s.want(s.ask("POST", pot+"/set", `{"on_hand":10,"reason":"made up"}`), 200, "")
		s.want(s.ask("POST", pot+"/set", `{"on_hand":-1,"reason":"made up"}`), 422, "invalid")
		s.want(s.ask("POST", pot+"/safety", `{"quantity":1}`), 200, "")
		s.want(s.ask("POST", pot+"/backorder", `{"allow":true}`), 200, "")
		shown := s.ask("GET", pot, "")
		s.want(shown, 200, "")
		if got := fmt.Sprint(shown.json["levels"]); got != "[map[location:main on_hand:10 reserved:0 safety:1 sku:POT/L] map[location:north on_hand:3 reserved:0 safety:0 sku:POT/L]]" {
			t.Errorf("there are %s", got)
		}
		if shown.json["backorder"] != true {
			t.Errorf("no order may wait: %s", shown.body)
		}
		counted := `{"counts":[{"sku":"POT/L","location":"main","quantity":9},{"sku":"CUP","location":"main","quantity":100}]}`
		s.want(s.ask("POST", "/v1/stock-counts/preview", counted), 200, "")
		s.want(s.ask("POST", "/v1/stock-counts", counted), 200, "")
		s.want(s.ask("POST", "/v1/stock-counts", `{"counts":[{"sku":"NONE","location":"main","quantity":9}]}`), 422, "invalid")

		var moves, times []string
		next := ""
		for {
			r := s.ask("GET", pot+"/movements?limit=2&cursor="+next, "")
			s.want(r, 200, "")
			for _, m := range r.json["items"].([]any) {
				of := m.(map[string]any)
				moves, times = append(moves, fmt.Sprint(of["quantity"])), append(times, of["at"].(string)[:len("2006-01-02T15:04:05")])
			}
			more, is := r.json["next"].(string)
			if !is {
				break
			}
			next = more
		}
		slices.Sort(moves) // those of one instant have no order
		if got := fmt.Sprint(moves); got != "[-1 -2 1 3 5 6]" {
			t.Errorf("the movements are %s", got)
		}
		if slices.Reverse(times); !slices.IsSorted(times) {
			t.Errorf("the newest are not first: %s", times)
		}
		first := s.ask("GET", "/v1/stock?limit=1", "")
		if all := s.items("/v1/stock?cursor=" + first.json["next"].(string)); len(all) != 1 || all[0]["sku"] != "POT/L" {
			t.Errorf("behind %s are %v", first.body, all)
		}
		s.want(s.ask("GET", pot+"/waiting", ""), 200, "")
		s.want(s.ask("GET", "/v1/stock/NONE", ""), 404, "not_found")
		s.want(s.ask("GET", "/v1/stock/NONE/movements", ""), 404, "not_found")
		s.want(s.askAs(s.key(access.Orders), "POST", pot+"/receive", `{"quantity":5}`), 403, "forbidden")
		s.want(s.ask("POST", "/v1/stock/CUP/adjust", `{"by":7,"reason":"made up"}`, "Idempotency-Key", "seven"), 200, "")
		s.want(s.ask("POST", "/v1/stock/CUP/set", `{"on_hand":7,"reason":"made up"}`, "Idempotency-Key", "seven"), 409, "conflict")
	})
}

func TestWhatNeedsAttentionIsSeenTo(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		path := s.unpaid("A-1")
		s.want(s.ask("POST", path+"/hold", `{"reason":"made_up"}`), 200, "")
		held := s.ask("GET", "/v1/attention?cause=held", "")
		s.want(held, 200, "")
		items := held.json["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("held are %s", held.body)
		}
		item := fmt.Sprintf(`{"item":%q}`, items[0].(map[string]any)["item"])
		before := s.ask("GET", path, "")
		s.want(s.ask("POST", "/v1/attention/retry/preview", item), 200, "")
		s.want(s.ask("POST", "/v1/attention/skip", item), 409, "conflict")
		s.want(s.ask("POST", "/v1/attention/skip/preview", item), 409, "conflict")
		if now := s.ask("GET", path, ""); string(now.body) != string(before.body) {
			t.Errorf("a preview has made %s of %s", now.body, before.body)
		}
		s.want(s.ask("POST", "/v1/attention/retry", item, "Idempotency-Key", "a1"), 200, "")
		if again := s.ask("POST", "/v1/attention/retry", item, "Idempotency-Key", "a1"); again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("tried again: %d %s", again.status, again.body)
		}
		if r := s.ask("GET", "/v1/attention", ""); len(r.json["items"].([]any)) != 0 {
			t.Errorf("there still are %s", r.body)
		}
		s.want(s.ask("POST", path+"/hold", `{"reason":"made_up"}`), 200, "")
		s.want(s.ask("POST", "/v1/attention/compensate/preview", item), 200, "")
		s.want(s.ask("POST", "/v1/attention/compensate", item), 200, "")
		s.eventually("cancelled", func() bool { return s.ask("GET", path, "").json["status"] == "cancelled" })
		s.want(s.ask("POST", "/v1/attention/retry", `{"item":"none/held"}`), 404, "not_found")
		s.want(s.ask("GET", "/v1/attention?cause=lost", ""), 422, "invalid")
	})
}
