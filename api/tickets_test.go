package api_test

import (
	"fmt"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

func TestATicketIsOpenedAndSolved(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.shipped("A-1")
		ask := `{"order":"web/A-1","category":"wrong_item","body":"It is made up."}`
		r := s.ask("POST", "/v1/tickets", ask, "Idempotency-Key", "t1")
		s.want(r, 201, "")
		at := r.header.Get("Location")
		if again := s.ask("POST", "/v1/tickets", ask, "Idempotency-Key", "t1"); again.header.Get("Location") != at || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("opened again: %v", again.header)
		}
		s.eventually("decided", func() bool { return s.ask("GET", at, "").json["ticket"].(map[string]any)["status"] != "new" })
		s.want(s.ask("POST", at+"/reply", `{"body":"We look into it."}`), 200, "")
		s.want(s.ask("POST", at+"/reply", `{"from":"customer","body":"Thank you."}`), 200, "")
		s.want(s.ask("POST", at+"/reply", `{"from":"nobody","body":"Thank you."}`), 422, "invalid")
		s.want(s.ask("POST", at+"/note", `{"body":"Its parcel was weighed: it is the wrong cup."}`), 200, "")
		s.want(s.ask("POST", at+"/note", `{"body":" "}`), 422, "invalid")
		s.want(s.askAs(s.key(access.Orders), "POST", at+"/note", `{"body":"x"}`), 403, "forbidden")
		shown := s.ask("GET", at, "").json
		if notes, messages := shown["notes"].([]any), shown["messages"].([]any); len(notes) != 1 || strings.Contains(fmt.Sprint(messages), "weighed") {
			t.Errorf("the notes are %v, the messages %v", notes, messages)
		}
		s.want(s.ask("POST", at+"/assign", `{"assignee":"agent:7"}`), 200, "")
		s.want(s.ask("POST", at+"/assign", `{"assignee":"Made Up"}`), 422, "invalid")
		s.want(s.ask("POST", at+"/approve", ""), 409, "conflict")
		s.want(s.ask("POST", at+"/solve", `{"body":"Another one is on its way."}`), 200, "")
		s.want(s.ask("POST", at+"/solve", `{"body":"Once more."}`), 409, "conflict")
		again := s.ask("POST", at+"/reopen", `{"body":"We look again."}`, "Idempotency-Key", "t2")
		s.want(again, 200, "")
		if again.json["status"] != "open" || s.ask("POST", at+"/reopen", `{"body":"We look again."}`, "Idempotency-Key", "t2").header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("reopened: %v", again.json)
		}
		s.want(s.ask("POST", at+"/reopen", "{}"), 409, "conflict")
		s.want(s.askAs(s.key(access.Orders), "POST", at+"/reopen", "{}"), 403, "forbidden")
		s.want(s.ask("POST", at+"/solve", `{"body":"Another one is on its way."}`), 200, "")
		if items := s.ask("GET", "/v1/tickets?status=solved&assignee=agent:7", "").json["items"].([]any); len(items) != 1 {
			t.Errorf("solved are %v", items)
		}
		s.want(s.ask("GET", "/v1/tickets/tkt_made_up", ""), 404, "not_found")
		s.want(s.ask("POST", "/v1/tickets", `{"order":"web/A-9","category":"damaged","body":"x"}`), 404, "not_found")
		s.want(s.askAs(s.key(access.Orders), "POST", "/v1/tickets", ask), 403, "forbidden")
	})
}

func TestAnswersAreCanned(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.shipped("A-1")
		r := s.ask("POST", "/v1/canned-answers", `{"name":"Where it is","body":"Dear {first_name}, order {order_number} left as {tracking_number}. {writer}"}`, "Idempotency-Key", "c1")
		s.want(r, 201, "")
		at := r.header.Get("Location")
		s.want(s.ask("POST", "/v1/canned-answers", `{"name":"","body":"{made_up}"}`), 422, "invalid")
		s.want(s.askAs(s.key(access.Tickets), "POST", "/v1/canned-answers", `{"name":"x","body":"x"}`), 403, "forbidden")
		ticket := s.ask("POST", "/v1/tickets", `{"order":"web/A-1","category":"other","body":"Made up."}`)
		s.want(ticket, 201, "")
		fill := func() string {
			filled := s.ask("GET", ticket.header.Get("Location")+"/canned-answers/"+strings.TrimPrefix(at, "/v1/canned-answers/"), "")
			s.want(filled, 200, "")
			return fmt.Sprint(filled.json["text"], filled.json["missing"])
		}
		if text := fill(); !strings.HasPrefix(text, "Dear Made, order 1001 left as ") || !strings.HasSuffix(text, " {writer}[writer]") || strings.Contains(text, "{tracking_number}") {
			t.Errorf("filled is %s", text)
		}
		s.want(s.ask("POST", ticket.header.Get("Location")+"/reply", `{"body":"Dear {first_name}"}`), 422, "invalid")
		s.want(s.ask("POST", at+"/change", `{"name":"Greeting","body":"Dear {nobody}"}`), 422, "invalid")
		s.want(s.ask("POST", at+"/change", `{"name":"Greeting","body":"Dear {name}!"}`), 200, "")
		if text := fill(); text != "Dear Made Up![]" {
			t.Errorf("filled is %s", text)
		}
		if items := s.ask("GET", "/v1/canned-answers", "").json["items"].([]any); len(items) != 1 || s.ask("GET", at, "").json["version"] != 2.0 {
			t.Errorf("there are %v", items)
		}
		s.want(s.ask("POST", at+"/remove", ""), 200, "")
		s.want(s.ask("GET", at, ""), 404, "not_found")
		s.want(s.ask("POST", at+"/change", `{"name":"x","body":"x"}`), 404, "not_found")
		s.eventually("its history is in the feed", func() bool {
			var said []string
			for _, item := range s.ask("GET", "/v1/events?limit=1000", "").json["items"].([]any) {
				if e := item.(map[string]any); strings.HasPrefix(e["type"].(string), "canned_answer.") {
					said = append(said, fmt.Sprint(e["type"], e["version"], e["data"]))
				}
			}
			return len(said) == 3 && strings.Contains(said[1], "Dear {name}!")
		})
	})
}

// TestAReaderOfTheFeedMissesNothing reads it in small parts while orders come in.
func TestAReaderOfTheFeedMissesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		seen, cursor := map[string]float64{}, ""
		read := func() (n int) {
			r := s.ask("GET", "/v1/events?limit=7&after="+cursor, "")
			s.want(r, 200, "")
			for _, item := range r.json["items"].([]any) {
				e := item.(map[string]any)
				subject, version := e["subject"].(string), e["version"].(float64)
				if version != seen[subject]+1 {
					t.Errorf("behind version %v of %s comes %v", seen[subject], subject, version)
				}
				seen[subject] = version
				n++
			}
			cursor = r.json["next"].(string)
			return n
		}
		for n := range 10 {
			s.want(s.ask("POST", "/v1/orders", placing(fmt.Sprint(n))), 201, "")
			read()
		}
		s.eventually("all shipped", func() bool { return len(s.ask("GET", "/v1/orders?status=shipped", "").json["items"].([]any)) == 10 })
		s.eventually("all read", func() bool { return read() == 0 })
		orders := 0
		for subject, version := range seen {
			if strings.HasPrefix(subject, "ord_") {
				orders++
				if now := s.ask("GET", "/v1/orders/"+subject, "").json["version"]; now != version {
					t.Errorf("%s is at %v, the feed at %v", subject, now, version)
				}
			}
		}
		if orders != 10 {
			t.Errorf("the feed has %d orders", orders)
		}
		s.want(s.ask("GET", "/v1/events?after=nonsense", ""), 422, "invalid")
	})
}
