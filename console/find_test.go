package console_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
)

func TestAnythingIsFound(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.stock("POT-1", "Tea pot", 1999, 5)
		s.stock("POT-2", "Tea pot, large", 2999, 5)
		o := s.place(placing("A-1"))
		at := fmt.Sprintf("/orders/%d", o.Number)
		ticket, err := s.Process.OpenTicket(t.Context(), operator, process.TicketRequest{Request: ticketAbout(o.ID, "Made up.")})
		must(t, err)
		b := s.as(access.RoleViewer, "viewer")
		find := func(text string) response { t.Helper(); return b.get("/find?q=" + url.QueryEscape(text)).want(200) }
		for _, text := range []string{fmt.Sprint(o.Number), o.ID, " A-1 ", "web/A-1", "made.up@example.com", "CUP"} {
			find(text).want(200, `href="`+at+`"`, "web/A-1")
		}
		find("c1").want(200, `href="/orders?customer=c1"`, `href="`+at+`"`)
		find("made.up@example.com").want(200, `href="/orders?customer=c1"`)
		find(ticket.Value.ID).want(200, "/tickets/"+ticket.Value.ID)
		find("CUP").want(200, `href="/stock/CUP"`, `href="/orders?sku=CUP"`)
		find("pot").want(200, `href="/stock/POT-1"`, `href="/stock/POT-2"`, "Tea pot, large").lacks("CUP")
		find("tick").want(200, `href="/tickets"`).lacks(at)
		find("users").want(200, "Nothing is called").lacks("/settings/users")
		find("").want(200, "Today", "Your account").lacks(at)
		find(`"><script>alert(1)</script>`).want(200).lacks("<script>alert")
		s.as(access.RoleAdmin, "admin").get("/find?q=users").want(200, "/settings/users")

		two := placing("A-2")
		two.Lines = []order.LineRequest{{SKU: "CUP", Quantity: 1}, {SKU: "CUP", Quantity: 1, UnitPrice: new(int64(450))}}
		other := fmt.Sprintf(`"/orders/%d"`, s.place(two).Number)
		pot := placing("A-3")
		pot.Lines, pot.Total = []order.LineRequest{{SKU: "POT-1", Quantity: 1}}, nil
		third := s.place(pot)
		b.get("/orders?q=POT-1").leads(fmt.Sprintf("/orders/%d", third.Number))
		b.get("/orders?q=CUP").want(200, `"`+at+`"`, other).lacks(fmt.Sprint(third.Number))
		b.get("/orders?sku=CUP").want(200, `"`+at+`"`, other).lacks(fmt.Sprint(third.Number))
		b.get("/orders.csv?sku=CUP").want(200, "A-1", "A-2").lacks("A-3")
		b.get("/orders.csv?q=made.up%40example.com").want(200, "A-1", "A-2", "A-3")
		b.get("/orders?sku=CUP&status=paid").want(422, "nothing else beside an SKU")
	})
}

// TestFoundByKeys goes to an order, and to a page, without a mouse.
func TestFoundByKeysInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	one, two := s.place(placing("A-1")), s.place(placing("A-2"))
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleAgent), process.Acceptance{Password: password})
	must(t, err)
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/tickets"))
	b.signIn()
	b.shows("Narrow down")
	b.keys("?")
	b.shows("find anything")
	b.keys(kb.Escape)
	b.keys("k", chromedp.ModifierCtrl)
	b.shows("Held orders")
	b.keys("c1")
	b.shows(fmt.Sprintf("Order %d", two.Number))
	b.keys(kb.ArrowDown) // twice: from what is typed to the second hit
	b.keys(kb.ArrowDown)
	b.keys(kb.Enter)
	b.shows("WHAT HAPPENS NEXT")
	if at, want := look[string](b, `location.pathname`), fmt.Sprintf("/orders/%d", one.Number); at != want {
		t.Errorf("the browser is at %s, not at %s", at, want)
	}
	b.keys("g")
	b.keys("o")
	b.shows("Export as CSV")
	b.keys("k", chromedp.ModifierCtrl)
	b.keys("A-2") // and on, whether or not it was found by then
	b.keys(kb.Enter)
	b.shows(fmt.Sprintf("Order %d\n", two.Number))
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// keys presses keys, whatever has the focus.
func (b *screen) keys(keys string, with ...chromedp.Modifier) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys, chromedp.KeyModifiers(with...)))
}
