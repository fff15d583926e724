package console_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/support"
)

// ask opens a ticket as a customer does.
func (s *shop) ask(q support.Request) support.Ticket {
	s.t.Helper()
	made, err := s.Process.OpenTicket(s.t.Context(), process.Command{By: access.Customer}, process.TicketRequest{Request: q})
	must(s.t, err)
	return made.Value
}

// said is a ticket as it is now.
func (s *shop) said(id string) process.Conversation {
	s.t.Helper()
	c, err := s.Process.ShowTicket(s.t.Context(), id)
	must(s.t, err)
	return c
}

func TestATicketIsAnswered(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o := s.place(placing("A-1"))
		made := s.ask(ticketAbout(o.ID, "Is it the blue one?\nI hope so."))
		at := "/tickets/" + made.ID
		b := s.as(access.RoleAgent, "agent")
		b.get("/tickets").want(200, at, fmt.Sprintf("order %d", o.Number), "Is it the blue one?")
		b.get(at).want(200, "Is it the blue one?\nI hope so.", fmt.Sprintf("/orders/%d", o.Number), fmt.Sprintf("/orders/%d/cancel?ticket=%s", o.Number, made.ID), "nobody sees to it yet", "2 × Blue cup")
		b.get(fmt.Sprintf("/orders/%d/cancel?ticket=%s", o.Number, made.ID)).want(200, `href="`+at+`">Leave it as it is`)
		b.get(fmt.Sprintf("/orders/%d/cancel?ticket=tkt_none", o.Number)).want(200, fmt.Sprintf(`href="/orders/%d">Leave it as it is`, o.Number))
		b.submit(at, at+"/assign").leads(at + "?done=assign")
		b.get(at).want(200, "Agent sees to it")
		b.get("/tickets?assignee="+url.QueryEscape(userActor(t, s, "agent"))).want(200, at)
		b.submit(at, at+"/note", "body", " ").want(422, "what it is about")
		b.submit(at, at+"/note", "body", "They have asked <b>twice</b>.").leads(at + "?done=note")
		b.get(at).want(200, "internal note", "They have asked &lt;b&gt;twice&lt;/b&gt;.")
		b.submit(at, at+"/reply", "body", " ").want(422, "what it is about")
		b.submit(at, at+"/reply", "body", "It is.").leads(at + "?done=reply")
		b.get("/tickets?view=pending").want(200, at, "Shop: It is.")
		form, _ := b.get(at).form(at + "/reply")
		form.Set("body", "It was.")
		b.post(at+"/solve", form).leads(at + "?done=solve")
		c := s.said(made.ID)
		if c.Ticket.Status != support.Solved || len(c.Messages) != 4 || c.Messages[2].Body != "It is." || c.Messages[2].From != support.FromShop || c.Messages[2].By != userActor(t, s, "agent") || len(c.Notes) != 1 {
			t.Errorf("the ticket is %+v", c)
		}
		b.get("/tickets?view=all&status=open").want(200, "No ticket is like that")
		b.get("/tickets").want(200, "Every ticket is solved").lacks(at)
		b.get("/tickets?view=all").want(200, at)
		b.submit(at, at+"/reopen").leads(at + "?done=reopen")
		if c := s.said(made.ID); c.Ticket.Status != support.Open {
			t.Errorf("the ticket is %+v", c.Ticket)
		}
		b.get("/tickets?view=mine").want(200, at)
		b.confirm(b.get(fmt.Sprintf("/orders/%d/cancel?ticket=%s", o.Number, made.ID)), fmt.Sprintf("/orders/%d/cancel", o.Number)).leads(at + "?done=cancel")
		b.get(at+"?done=cancel").want(200, "The order is being cancelled.")
		b.get("/tickets?status=nonsense").want(422, "one of")
		b.get("/tickets?view=nonsense").want(422, "one of")
		b.get("/tickets/tkt_none").want(404)
	})
}

// TestTwoPeopleAnswerATicket: the second is told, and nothing of theirs is sent or lost.
func TestTwoPeopleAnswerATicket(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	made := s.ask(ticketAbout("", "Is it the blue one?"))
	at := "/tickets/" + made.ID
	one, other := s.as(access.RoleAgent, "one"), s.as(access.RoleAgent, "other")
	reply, _ := other.get(at).form(at + "/reply")
	one.submit(at, at+"/reply", "body", "It is.").leads(at + "?done=reply")
	reply.Set("body", "It is not.")
	other.post(at+"/reply", reply).want(412, "Someone else has changed this", "It is.", "It is not.</textarea>")
	if c := s.said(made.ID); len(c.Messages) != 3 {
		t.Errorf("the messages are %+v", c.Messages)
	}
	other.submit(at, at+"/assign", "assignee", userActor(t, s, "one")).leads(at + "?done=assign")
	one.get("/tickets?view=mine").want(200, at)
	other.get("/tickets?view=mine").want(200, "You see to no ticket").lacks(at)
	s.as(access.RoleViewer, "viewer").get(at).want(200, "It is.").lacks("<textarea", "/assign")
}

// TestASecondPersonApproves: what is above a limit is shown, and done when someone says so
// who has not raised it.
func TestASecondPersonApproves(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	_, err := s.Process.ChangePolicy(t.Context(), operator, func(p policy.Policy) (policy.Policy, error) {
		p.TicketLimits.Decision = []policy.Amount{{Currency: "GBP", Minor: 100}}
		return p, nil
	})
	must(t, err)
	o, _ := s.arrived("B-1", 2)
	asks, judges := s.as(access.RoleAgent, "asks"), s.as(access.RoleAgent, "judges")
	made, err := s.Process.OpenTicket(t.Context(), process.Command{By: access.Actor(userActor(t, s, "asks"))}, process.TicketRequest{
		Request: support.Request{Order: o.ID, Category: support.Damaged, Body: "It is broken.", Lines: []support.Line{{Line: 1, Quantity: 1}}},
	})
	must(t, err)
	at := "/tickets/" + made.Value.ID
	asks.get(at).want(200, "another person approves it", "goes back to the customer").lacks(`action="` + at + `/approve"`)
	judges.get("/tickets?view=approvals").want(200, at, "approve: refund")
	judges.get(at).want(200, "GBP 6.47 goes back to the customer", "more than the most for one decision, GBP 1.00", "On these facts", "limits decision")
	judges.submit(at, at+"/approve").leads(at + "?done=approve")
	v := s.when(o, "given back", func(v process.Overview) bool { return len(v.Refunds) == 1 })
	if v.Refunds[0].Amount != 647 || s.said(made.Value.ID).Ticket.Remedy != v.Refunds[0].ID {
		t.Errorf("given back is %+v", v.Refunds)
	}
	judges.get("/tickets?view=approvals").want(200, "Nothing waits for a second person")
}

// TestTicketsArePaged: a page leads to the next one, in the order of the view.
func TestTicketsArePaged(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	const all = 53
	for n := range all {
		s.ask(ticketAbout("", fmt.Sprintf("Made up %d.", n)))
	}
	b := s.as(access.RoleViewer, "viewer")
	first := b.get("/tickets?view=unassigned&category=other")
	first.want(200, fmt.Sprintf(`Unassigned <b class="tally">%d</b>`, all), "Made up 52.").lacks("Made up 2.")
	_, next, _ := strings.Cut(first.body, `class="more"><a class="button" href="`)
	next, _, _ = strings.Cut(next, `"`)
	b.get(strings.ReplaceAll(next, "&amp;", "&")).want(200, "Made up 2.", "Made up 0.").lacks("Made up 3.", `class="more"`)
	rows, err := csv.NewReader(strings.NewReader(b.get("/tickets.csv?view=unassigned").want(200).body)).ReadAll()
	if err != nil || len(rows) != 1+all || rows[1][3] != "open" || rows[1][10] == "" {
		t.Errorf("the file has %d rows (%v)", len(rows), err)
	}
	b.get("/tickets?view=overdue&before=nonsense").want(422)
}

// presses presses a key as a browser has it: what has taken the key types nothing.
func (b *screen) presses(key string) {
	b.t.Helper()
	if _, err := chromedp.Call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: "rawKeyDown", Key: key}); err != nil {
		b.t.Fatal(err)
	}
}

// writes presses a key by which one begins to write.
func (b *screen) writes(key string) {
	b.t.Helper()
	b.says(`String(document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling"))`, "null") // the page is as it stays
	b.presses(key)
	b.says(`document.activeElement.tagName`, "TEXTAREA")
}

// TestTicketsByKeys: one goes through the list, opens a ticket, takes it, writes a note
// and an answer, by the keyboard alone.
func TestTicketsByKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	s.as(access.RoleAgent, "agent")
	first, second := s.ask(ticketAbout("", "Is it the blue one?")), s.ask(ticketAbout("", "Is it the red one?"))
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/tickets"))
	b.signIn()
	b.shows("Is it the blue one?")
	at := func(id string) { b.says(`document.activeElement.getAttribute("href")`, "/tickets/"+id) }
	b.run(chromedp.KeyEvent("j"))
	at(second.ID)
	b.run(chromedp.KeyEvent("j"))
	at(first.ID)
	b.run(chromedp.KeyEvent("k"), chromedp.KeyEvent("k"))
	at(second.ID)
	b.run(chromedp.KeyEvent("\r"))
	b.shows("CONVERSATION")
	b.run(chromedp.KeyEvent("a"))
	b.shows("Agent sees to it")
	b.writes("n")
	b.run(chromedp.KeyEvent("They have asked twice.\t\r"))
	b.shows("internal note")
	_, err := s.Process.AddCanned(t.Context(), operator, support.CannedRequest{Name: "Yours", Body: "Yours, {writer}"})
	must(t, err)
	b.run(chromedp.Reload())
	b.shows("Canned answer")
	b.writes("r")
	b.run(chromedp.KeyEvent("It is. "))
	b.click(`.insert button`)
	b.says(`document.querySelector(".write textarea").value`, "It is. Yours, Agent")
	b.run(chromedp.KeyEvent(".\t\r"))
	b.shows("The answer is sent.")
	c := s.said(second.ID)
	if me := userActor(t, s, "agent"); c.Ticket.Assignee != me || c.Ticket.Status != support.Pending || len(c.Notes) != 1 || c.Messages[len(c.Messages)-1].Body != "It is. Yours, Agent." {
		t.Errorf("the ticket is %+v", c)
	}
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// TestAnswersAreCanned: who runs the shop keeps them, and who answers inserts them, filled,
// and sends what they have seen.
func TestAnswersAreCanned(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		keeps, other, answers := s.as(access.RoleOperator, "keeps"), s.as(access.RoleOperator, "other"), s.as(access.RoleAgent, "answers")
		const at = "/settings/answers"
		keeps.get(at).want(200, "There are none yet")
		form, _ := keeps.get(at).form(at)
		form.Set("name", "Where it is")
		form.Set("body", "{made_up}")
		keeps.post(at, form).want(422, "is no blank", "{made_up}</textarea>")
		form.Set("body", "Dear {first_name},\norder {order_number} is <b>here</b>, and its parcel {tracking_number}.\n{writer}")
		keeps.post(at, form).leads(at + "?done=answer-kept")
		all, err := s.Process.CannedAnswers(t.Context())
		must(t, err)
		one := at + "/" + all[0].ID
		answers.get(at).want(200, "Where it is").lacks(one, "<textarea")
		answers.post(one+"/remove", url.Values{"version": {"1"}}).want(403)

		o := s.place(placing("A-1"))
		ticket := "/tickets/" + s.ask(ticketAbout(o.ID, "Where is it?")).ID
		filled := answers.get(ticket + "?answer=" + all[0].ID)
		filled.want(200, fmt.Sprintf("Dear Made,\norder %d is &lt;b&gt;here&lt;/b&gt;, and its parcel {tracking_number}.\nAnswers</textarea>", o.Number), "Not known of this ticket: tracking number")
		form, _ = filled.form(ticket + "/reply")
		form.Set("body", "Its parcel is {tracking_number}.")
		answers.post(ticket+"/reply", form).want(422, "is a blank that is not filled")
		answers.get(ticket + "?answer=ans_none").want(404)

		stale, _ := other.get(at).form(one + "/change")
		keeps.submit(at, one+"/change", "name", "Greeting", "body", "Dear {name}.").leads(at + "?done=answer-kept")
		stale.Set("name", "Greeting")
		stale.Set("body", "Hello.")
		other.post(one+"/change", stale).want(412, "Someone else has changed this", "Hello.</textarea>")
		answers.get(ticket+"?answer="+all[0].ID).want(200, "Dear Made Up.</textarea>")
		form, _ = other.get(at).form(one + "/change")
		other.post(one+"/remove", form).leads(at + "?done=answer-removed")
		answers.get(ticket).want(200).lacks("data-inserts")
	})
}
