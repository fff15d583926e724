package console_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// tracking is the path of the page of an order that its customer sees.
func (s *shop) tracking(o order.Order) string {
	s.t.Helper()
	at, err := s.Process.TrackingOf(s.t.Context(), o.ID)
	must(s.t, err)
	return at.Path
}

// code is the one that was mailed last.
func (s *shop) code(to string) string {
	s.t.Helper()
	select {
	case m := <-s.mails:
		if m.To != to {
			s.t.Errorf("it was mailed to %s, not to %s", m.To, to)
		}
		return sixDigits.FindString(m.Text)
	default:
		s.t.Fatal("nothing was mailed")
		return ""
	}
}

// TestALinkShowsWhereAnOrderIs to whoever has it, and not whose it is.
func TestALinkShowsWhereAnOrderIs(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o, other := s.place(placing("A-1")), s.place(placing("A-2"))
		at := s.tracking(o)
		b := s.browser()
		private := []string{"Made Up", "Made.Up", "Sample Street", "Sampleton", "Blue cup", "12.95", o.ID, "web/A-1"}
		page := b.get(at).want(200, fmt.Sprintf("Order %d", o.Number), "We have your order", "M…@example.com").lacks(private...)
		if page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Cache-Control") != "no-store" || !strings.Contains(page.header.Get("X-Robots-Tag"), "noindex") {
			t.Errorf("the page is sent with %v", page.header)
		}
		b.get(at+"?done=code").want(200, "A code is on its way").lacks(private...)
		for _, wrong := range []string{at + "x", at[:len(at)-1], strings.Replace(at, fmt.Sprint(o.Number), fmt.Sprint(other.Number), 1), process.TrackPath + fmt.Sprint(o.Number), process.TrackPath + o.ID} {
			b.get(wrong).want(404).lacks("We have your order")
		}
		by := operator
		_, err := s.Process.RecordPayment(t.Context(), by, o.ID, payment.Record{Reference: "made-up statement", Amount: 1295})
		must(t, err)
		s.eventually("packed", func() bool {
			v, err := s.Process.Show(t.Context(), o.ID)
			must(t, err)
			return len(v.Shipments) > 0 && v.Shipments[0].Status == shipping.Shipped
		})
		b.get(at).want(200, "It is on its way to you", "Your parcel").lacks(private...)
		for range 40 {
			b.get(process.TrackPath + "1-guessed")
		}
		b.get(process.TrackPath + "1-guessed").want(429)
	})
}

// TestWhoHasTheCodeActs, and nobody else.
func TestWhoHasTheCodeActs(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o, other := s.place(placing("A-1")), s.place(placing("A-2"))
		at := s.tracking(o)
		b := s.browser()
		ask := url.Values{"wish": {"cancel"}, "key": {"one"}}
		b.post(at+"/wishes", ask).want(403, "code has run out")

		b.submit(at, at+"/code").leads(at + "?done=code")
		code := s.code("Made.Up@example.com")
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		for range 5 {
			b.submit(at, at+"/prove", "code", wrong).want(403, "not the code")
		}
		b.submit(at, at+"/prove", "code", code).want(403) // it was tried too often
		b.submit(at, at+"/code")
		code = s.code("Made.Up@example.com")
		b.submit(at, at+"/prove", "code", " "+code+" ").leads(at + "?done=proved")
		s.browser().post(at+"/prove", url.Values{"code": {code}}).want(403) // it was used

		b.get(at).want(200, "Blue cup", "1 Sample Street", "GBP 12.95", "Cancel the order").lacks("Made.Up@example.com")
		elsewhere := s.tracking(other)
		b.get(elsewhere).want(200).lacks("Blue cup")
		b.post(elsewhere+"/wishes", ask).want(403)
		s.browser().get(at).lacks("Blue cup") // the link alone, as before

		const script = `<script>alert("made up")</script>`
		b.submit(at, at+"/wishes", "wish", "question", "body", script).leads(at + "?done=asked")
		b.get(at).want(200, "&lt;script&gt;", "Ask something else").lacks("<script>alert")
		b.submit(at, at+"/wishes", "wish", "question", "body", "").want(422)
		b.submit(at, at+"/wishes", "wish", "return", "body", "x").want(409, "gone on since")
		b.submit(at, at+"/wishes", "wish", "made up").want(422)

		v, err := s.Process.Show(t.Context(), o.ID)
		must(t, err)
		talk := at + "/talks/" + v.Tickets[0].ID
		b.submit(at, talk, "body", "One more thing.").leads(at + "?done=asked")
		_, err = s.Process.Note(t.Context(), operator, o.ID, "Only for us: of the order.")
		must(t, err)
		_, err = s.Process.NoteTicket(t.Context(), operator, v.Tickets[0].ID, "Only for us: of the ticket.")
		must(t, err)
		b.get(at).want(200, "One more thing.").lacks("Only for us")
		asked, err := s.Process.OpenTicket(t.Context(), operator, process.TicketRequest{Request: ticketAbout(other.ID, "made up")})
		must(t, err)
		b.post(at+"/talks/"+asked.Value.ID, url.Values{"body": {"not mine"}}).want(404)

		b.submit(at, at+"/wishes", "wish", "address", "name", "Made Up", "line1", "2 Sample Street", "city", "Sampleton", "country", "G").want(422)
		b.submit(at, at+"/wishes", "wish", "address", "name", "Made Up", "line1", "2 Sample Street", "city", "Sampleton", "country", "GB").leads(at + "?done=asked")
		s.eventually("another address", func() bool {
			v, err = s.Process.Show(t.Context(), o.ID)
			must(t, err)
			return v.Contact.ShipTo.Line1 == "2 Sample Street"
		})
		form, _ := b.get(at).form(at + "/wishes")
		form.Set("wish", "cancel")
		b.post(at+"/wishes", form).leads(at + "?done=asked")
		s.eventually("cancelled", func() bool {
			o, err = s.Process.FindOrder(t.Context(), o.ID)
			must(t, err)
			return o.Status == order.Cancelled
		})
		b.post(at+"/wishes", form).want(409) // the order has gone on
		b.get(at).want(200, "It is cancelled").lacks(`name="wish" value="address"`)
		v, err = s.Process.Show(t.Context(), o.ID)
		must(t, err)
		if len(v.Tickets) != 3 {
			t.Errorf("the tickets are %+v", v.Tickets)
		}
		for _, ticket := range v.Tickets {
			if ticket.OpenedBy != string(access.Customer) {
				t.Errorf("the ticket %s was opened by %s", ticket.ID, ticket.OpenedBy)
			}
		}
		for range 3 {
			b.submit(elsewhere, elsewhere+"/code").leads(elsewhere + "?done=code")
		}
	})
}

// proves has the browser known as that of an order's customer.
func (b *screen) proves(s *shop, o order.Order) {
	b.t.Helper()
	b.run(chromedp.Navigate(s.url + s.tracking(o)))
	b.click(`form[action$="/code"] button`)
	b.shows("A code is on its way")
	b.types(`input[name=code]`, s.code("Made.Up@example.com"))
	b.click(`form[action$="/prove"] button`)
	b.shows("That is you")
}

// TestACustomerActsInABrowser cancels an order, by a link and a code.
func TestACustomerActsInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	b := open(t)
	b.proves(s, o)
	b.click(`.wish:has(input[value=cancel]) summary`)
	b.types(`.wish:has(input[value=cancel]) textarea`, "Ordered twice.")
	b.click(`.wish:has(input[value=cancel]) button`)
	b.shows("We have it.")
	b.shows("Ordered twice.")
	s.eventually("cancelled", func() bool {
		now, err := s.Process.FindOrder(t.Context(), o.ID)
		must(t, err)
		return now.Status == order.Cancelled
	})
	b.run(chromedp.Navigate(s.url + s.tracking(o)))
	b.shows("It is cancelled.")
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
