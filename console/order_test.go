package console_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

func ticketAbout(orderID, body string) support.Request {
	return support.Request{Order: orderID, Category: support.Other, Body: body}
}

func TestAnOrderIsHeldAndGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o := s.place(placing("A-1"))
		at := fmt.Sprintf("/orders/%d", o.Number)
		b := s.as(access.RoleAgent, "agent")
		b.get(at).want(200, "GBP 12.95", "Blue cup", "What happens next", "1 Sample Street", "Made.Up@example.com", "Order processed", "operator")
		b.submit(at, at+"/hold", "reason", "No word", "text", "The names differ.").want(422, "a word of letters", "The names differ.")
		form, _ := b.get(at).form(at + "/hold")
		form.Set("reason", "fraud_suspected")
		form.Set("text", "The names differ.")
		b.post(at+"/hold", form).leads(at + "?done=hold")
		b.post(at+"/hold", form).leads(at + "?done=hold") // the same form again does nothing more
		b.get(at+"?done=hold").want(200, "The order is held", "held: fraud suspected", "The names differ.", "when the order is released", "Agent")
		v, err := s.Process.Show(t.Context(), o.ID)
		must(t, err)
		u, err := s.Process.User(t.Context(), "agent@example.com")
		must(t, err)
		last := v.Timeline[len(v.Timeline)-1]
		if v.Order.Held != "fraud_suspected" || last.Type != order.EventHeld || last.Actor != u.Actor() || len(v.Notes) != 1 {
			t.Errorf("the order is %+v, its last event %+v, its notes %v", v.Order, last, v.Notes)
		}
		b.submit(at, at+"/release").leads(at + "?done=release")
		if o, err = s.Process.FindOrder(t.Context(), o.ID); err != nil || o.Held != "" {
			t.Errorf("the order is %+v (%v)", o, err)
		}
		b.get(at).want(200).lacks("held: fraud", at+"/release")
	})
}

// TestTheSecondOfTwoIsTold: what someone else has changed meanwhile is shown, and nothing
// is done.
func TestTheSecondOfTwoIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o := s.place(placing("A-1"))
		at := fmt.Sprintf("/orders/%d", o.Number)
		one, two := s.as(access.RoleAgent, "one"), s.as(access.RoleOperator, "two")
		form, _ := two.get(at).form(at + "/notes")
		form.Set("text", "typed by two")
		one.submit(at, at+"/hold", "reason", "made_up").leads(at + "?done=hold")
		two.post(at+"/notes", form).want(412, "Someone else has changed this", "held: made up", "typed by two")
		cancel, _ := two.get(at + "/cancel").form(at + "/cancel")
		one.submit(at, at+"/release").leads(at + "?done=release")
		two.post(at+"/cancel", cancel).want(412, "Someone else has changed this")
		v, err := s.Process.Show(t.Context(), o.ID)
		must(t, err)
		if len(v.Notes) != 0 || v.Order.End != order.EndNone {
			t.Errorf("something was done: %+v, %v", v.Order, v.Notes)
		}
		two.post(at+"/notes", url.Values{"text": {"without a version"}}).want(422, "load the page again")

		ticket, err := s.Process.OpenTicket(t.Context(), operator, process.TicketRequest{Request: ticketAbout(o.ID, "Made up.")})
		must(t, err)
		of := "/tickets/" + ticket.Value.ID
		reply, _ := two.get(of).form(of + "/reply")
		reply.Set("body", "an answer of two")
		one.submit(of, of+"/reply", "body", "an answer of one").leads(of + "?done=reply")
		two.post(of+"/reply", reply).want(412, "Someone else has changed this", "an answer of one", "an answer of two")
		conversation, err := s.Process.ShowTicket(t.Context(), ticket.Value.ID)
		must(t, err)
		if n := len(conversation.Messages); n != 3 { // the customer's, what the process says, and one answer
			t.Errorf("the ticket has %d messages", n)
		}
	})
}

func TestAnOrderIsCancelledAfterALook(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	at := fmt.Sprintf("/orders/%d", o.Number)
	b := s.as(access.RoleOperator, "operator")
	b.get(at+"/cancel").want(200, "2 units", "can be sold again", "No money moves")
	if now, err := s.Process.FindOrder(t.Context(), o.ID); err != nil || now.End != order.EndNone {
		t.Errorf("a look has cancelled it: %+v, %v", now, err)
	}
	b.submit(at+"/cancel", at+"/cancel", "reason", "ordered twice").leads(at + "?done=cancel")
	s.eventually("cancelled", func() bool {
		now, err := s.Process.FindOrder(t.Context(), o.ID)
		return err == nil && now.Status == order.Cancelled
	})
	b.get(at).want(200, "ordered twice", "What can not be done now", "is cancelled").lacks(at + "/cancel")
	b.get(at+"/cancel").want(409, "is cancelled")
	b.get("/orders/99999").want(404, "99999")
}

func userActor(t *testing.T, s *shop, name string) string {
	t.Helper()
	u, err := s.Process.User(t.Context(), name+"@example.com")
	must(t, err)
	return string(u.Actor())
}

func TestOrdersAreFound(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		b := s.as(access.RoleViewer, "viewer")
		b.get("/orders").want(200, "There are no orders yet")
		one := s.place(placing("A-1"))
		at := fmt.Sprintf("/orders/%d", one.Number)
		for _, text := range []string{fmt.Sprint(one.Number), fmt.Sprintf("#%d ", one.Number), one.ID, "web/A-1", "A-1", "made.up@EXAMPLE.com", "c1"} {
			b.get("/orders?q=" + url.QueryEscape(text)).leads(at)
		}
		b.get("/orders?q=nobody%40example.com").want(200, "No order is like that")
		b.get("/orders?q=%00%ff").want(200)
		other := placing("A-1")
		other.Reference.Source = "till"
		two := s.place(other)
		b.get("/orders?q=A-1").want(200, at, fmt.Sprintf("/orders/%d", two.Number))

		shipped := placing("A-2")
		shipped.Payment = order.PaymentRequest{}
		three := s.place(shipped)
		tracking := ""
		s.eventually("shipped", func() bool {
			v, err := s.Process.Show(t.Context(), three.ID)
			must(t, err)
			if len(v.Shipments) > 0 {
				tracking = v.Shipments[0].TrackingNumber
			}
			return v.Order.Status == order.Shipped
		})
		b.get("/orders?q=" + tracking).leads(fmt.Sprintf("/orders/%d", three.Number))
		b.get(fmt.Sprintf("/orders/%d", three.Number)).want(200, tracking, "authorise", "succeeded", "label")
		b.get("/orders?status=shipped").want(200, fmt.Sprintf("/orders/%d\"", three.Number)).lacks(at + `"`)
		b.get("/orders?payment=due&from=2020-01-01").want(200, at+`"`).lacks(fmt.Sprintf("/orders/%d\"", three.Number))
		b.get("/orders?to=2020-01-01").want(200, "No order is like that")
		b.get("/orders?held=yes").want(200, "No order is like that")
		b.get("/orders?status=nonsense").want(422, "one of [processed paid")
		b.get("/orders?from=yesterday").want(422, "2026-03-05")
	})
}

// TestAListGoesOn: pages and the file have each order once, whatever comes in meanwhile.
func TestAListGoesOn(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	b := s.as(access.RoleViewer, "viewer")
	for n := range 70 {
		q := placing(fmt.Sprintf("=%d", n))
		s.place(q)
	}
	first := b.get("/orders?status=processed").want(200)
	s.place(placing("later"))
	_, after, is := strings.Cut(first.body, `<a class="button" href="`)
	for is && !strings.HasPrefix(after, "/orders?before=") {
		_, after, is = strings.Cut(after, `<a class="button" href="`)
	}
	link, _, _ := strings.Cut(after, `"`)
	second := b.get(strings.ReplaceAll(link, "&amp;", "&")).want(200).lacks("later", `rel="next"`)
	if n, m := strings.Count(first.body, `<th scope="row">`), strings.Count(second.body, `<th scope="row">`); n != 50 || m != 20 {
		t.Errorf("the pages have %d and %d orders", n, m)
	}
	file := b.get("/orders.csv?status=processed").want(200)
	rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	must(t, err)
	if len(rows) != 72 || rows[71][3] != "'=0" || rows[71][12] != "12.95" || rows[1][3] != "later" {
		t.Errorf("the file has %d rows: %v … %v", len(rows), rows[1], rows[len(rows)-1])
	}
	b.get("/orders.csv?status=nonsense").want(422)
}

// TestNothingThatCustomersWriteIsCode puts script into every field that a customer can
// fill, and looks at every page that shows it.
func TestNothingThatCustomersWriteIsCode(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	n := 0
	script := func() string {
		n++
		return fmt.Sprintf(`"'><script>alert(%d)</script>`, n)
	}
	sku := script()
	s.stock(sku, script(), 450, 10)
	q := placing(script())
	q.Reference.Source = `"'><script>`
	q.Lines = []order.LineRequest{{SKU: sku, Name: script(), Quantity: 2, UnitPrice: new(int64(450))}}
	q.Customer = order.CustomerRequest{ID: script(), Name: script(), Mail: script() + "@example.com", Phone: script()}
	q.ShipTo = order.Address{Name: script(), Line1: script(), Line2: script(), City: script(), Region: script(), PostalCode: script(), Country: "GB"}
	q.BillTo = order.Address{Name: script(), Line1: script(), City: script(), Country: "GB"}
	o := s.place(q)
	_, err := s.Process.Note(t.Context(), operator, o.ID, script())
	must(t, err)
	request := ticketAbout(o.ID, script())
	request.Category = support.Category(script())
	ticket, err := s.Process.OpenTicket(t.Context(), operator, process.TicketRequest{Request: request})
	must(t, err)
	s.place(q2(q, script()))

	b := s.as(access.RoleAdmin, "admin")
	at := fmt.Sprintf("/orders/%d", o.Number)
	shown := ""
	for _, path := range []string{at, at + "/cancel", at + "/change", at + "/address", "/orders", "/orders?q=" + url.QueryEscape(q.Customer.ID), "/orders?customer=" + url.QueryEscape(script()), "/orders?status=" + url.QueryEscape(script()),
		"/tickets", "/tickets/" + ticket.Value.ID, "/tickets?category=" + url.QueryEscape(script()), "/nothing/" + url.PathEscape(script()), "/sign-in?next=" + url.QueryEscape("/"+script())} {
		shown += b.get(path).lacks("<script>").body
	}
	shown += b.post("/sign-in", url.Values{"mail": {script()}, "password": {"made up"}, "next": {"/" + script()}}).lacks("<script>").body
	shown += b.submit(at, at+"/hold", "reason", script(), "text", script()).want(422).lacks("<script>").body
	for _, path := range []string{at + "/refund", "/attention", "/stock", stockAt(sku), "/find?q=" + url.QueryEscape(sku), manyOf("hold", script(), o), manyOf("release", "", o), manyOf("cancel", "", o), "/orders?sku=" + url.QueryEscape(sku)} {
		shown += b.get(path).lacks("<script>").body
	}
	for _, what := range []string{"orders.csv", "tickets.csv", "attention.csv"} {
		if kind := b.get("/" + what).want(200).header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
			t.Errorf("%s is %s", what, kind)
		}
	}

	// What a customer types who has proved that the order is theirs.
	c, track := s.browser(), s.tracking(o)
	c.submit(track, track+"/code").leads(track + "?done=code")
	c.submit(track, track+"/prove", "code", s.code(q.Customer.Mail)).leads(track + "?done=proved")
	c.submit(track, track+"/wishes", "wish", "question", "body", script()).leads(track + "?done=asked")
	shown += c.submit(track, track+"/wishes", "wish", "address", "name", script(), "line1", script(), "line2", script(), "city", script(), "region", script(), "postal_code", script(), "country", script()).want(422).lacks("<script>").body
	c.submit(track, track+"/wishes", "wish", "address", "name", script(), "line1", script(), "city", script(), "country", "GB").leads(track + "?done=asked")
	v, err := s.Process.Show(t.Context(), o.ID)
	must(t, err)
	for _, one := range v.Tickets {
		c.submit(track, track+"/talks/"+one.ID, "body", script())
		shown += b.get("/tickets/" + one.ID).want(200).lacks("<script>").body
	}
	shown += c.get(track).want(200).lacks("<script>").body + b.get(at).lacks("<script>").body

	missing := 0
	for i := range n {
		if !strings.Contains(shown, fmt.Sprintf("alert(%d)", i+1)) {
			missing++
			t.Logf("no page shows what field %d has", i+1)
		}
	}
	if missing > 3 {
		t.Errorf("%d of %d fields are on no page: the test looks at too little", missing, n)
	}
}

// q2 is the same order under another number.
func q2(q order.Request, number string) order.Request {
	q.Reference.Number = number
	return q
}

func stockAt(sku string) string { return "/stock/" + url.PathEscape(sku) }
