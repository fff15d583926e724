package console_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

var pictures = flag.String("pictures", "", "keep a picture of each page in this folder")

// screen is a real browser, and what it has complained of.
type screen struct {
	context.Context
	t *testing.T

	mu   sync.Mutex
	said []string
}

// open starts Chromium, which the tests need: scripts/install has it.
func open(t *testing.T) *screen {
	t.Helper()
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true)))
	t.Cleanup(cancel)
	b := &screen{Context: ctx, t: t}
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // which starts it, for as long as its context goes on
	complaints := chromedp.Console(ctx)
	go func() {
		for m, err := range complaints {
			if err != nil {
				return // the browser has ended
			}
			b.mu.Lock()
			b.said = append(b.said, fmt.Sprintf("%s: %s", m.Type, m.Text))
			b.mu.Unlock()
		}
	}()
	return b
}

// complained is what the browser has complained of so far.
func (b *screen) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

func (b *screen) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	within, cancel := context.WithTimeout(b, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(within, actions...); err != nil {
		b.t.Fatalf("%v, at\n%s\nIt says: %q", err, b.page(), b.complained())
	}
}

// look evaluates an expression in the page.
func look[T any](b *screen, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v, at\n%s", expression, err, b.page())
	}
	return v
}

// page is the page as it is, as far as it can be had.
func (b *screen) page() string {
	html, _ := chromedp.Run(b, chromedp.Evaluate[string](`document.body.innerText`))
	return html
}

func (b *screen) click(at chromedp.CSS) { b.t.Helper(); b.run(chromedp.Click(at)) }

func (b *screen) types(at chromedp.CSS, text string) {
	b.t.Helper()
	b.run(chromedp.SendKeys(at, text))
}

// becomes waits until an expression holds, also while a page gives way to the next: what
// asks it ends with its page.
func (b *screen) becomes(expression string) error {
	for end := time.Now().Add(20 * time.Second); ; {
		_, err := chromedp.Run(b, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(time.Until(end))))
		if err == nil || errors.Is(err, chromedp.ErrPollingTimeout) || b.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

// shows waits until the page has a text.
func (b *screen) shows(text string) {
	b.t.Helper()
	if err := b.becomes(fmt.Sprintf(`document.body.innerText.includes(%q)`, text)); err != nil {
		b.t.Fatalf("the page never says %q (%v):\n%s\nIt says: %q", text, err, b.page(), b.complained())
	}
}

// TestInABrowser: who is invited chooses a password, signs in, finds an order, holds it
// and lets it go on, in a real browser; what it did is in the shop.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	made, err := s.Process.AddUser(t.Context(), operator, access.UserRequest{Mail: "agent@example.com", Name: "Ada Agent", Role: access.RoleAgent})
	must(t, err)
	_, err = s.Process.AcceptLink(t.Context(), made.Value.Link, process.Acceptance{Password: password})
	must(t, err)
	o := s.place(placing("A-1"))
	b := open(t)

	b.run(chromedp.Navigate(s.url + fmt.Sprintf("/orders/%d", o.Number)))
	b.signIn()
	b.shows("WHAT HAPPENS NEXT")
	look[string](b, `window.kept = "loaded once"`)
	b.click(`.crumbs a`)
	b.shows("Export as CSV")
	if look[string](b, `window.kept || "loaded anew"`) != "loaded once" {
		t.Error("each page is loaded anew: htmx does nothing")
	}
	b.types(`input[name=q]`, "A-1\r")
	b.shows("WHAT HAPPENS NEXT")
	b.click(`.acts summary`)
	b.types(`input[name=reason]`, "fraud_suspected")
	b.types(`details textarea`, "The names differ.")
	b.click(`details form button`)
	b.shows("The order is held.")
	held, err := s.Process.Show(t.Context(), o.ID)
	must(t, err)
	if last := held.Timeline[len(held.Timeline)-1]; held.Order.Held != "fraud_suspected" || last.Actor != made.Value.Actor() || len(held.Notes) != 1 {
		t.Errorf("the order is %+v, by %+v", held.Order, last)
	}
	b.click(`form[action$="/release"] button`)
	b.shows("The order goes on.")
	if now, err := s.Process.FindOrder(t.Context(), o.ID); err != nil || now.Held != "" {
		t.Errorf("the order is %+v (%v)", now, err)
	}
	at := look[string](b, `location.href`)
	if want := s.url + fmt.Sprintf("/orders/%d?done=release", o.Number); at != want {
		t.Errorf("the browser is at %s, not at %s", at, want)
	}
	b.click(`a[href$="/change"]`)
	b.shows("STILL WANTED")
	b.run(chromedp.Clear(chromedp.CSS(`input[name="line.1"]`)))
	b.types(`input[name="line.1"]`, "1")
	b.click(`.deed button`)
	b.shows("CUP: 1 instead of 2.")
	b.click(`.deed button`)
	b.shows("The order is being changed.")
	s.when(o, "changed", func(v process.Overview) bool { return v.Lines[0].Quantity == 1 && v.Order.End == order.EndNone })
	b.click(`.who button`)
	b.shows("Who has forgotten theirs")
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
	if *pictures != "" {
		b.draw(s, o)
	}
}

// TestTodayGoesOn: what happens in the shop is seen on the first page without a new load,
// and what has been opened there stays; whoever is signed out elsewhere sees no more.
func TestTodayGoesOn(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	made, err := s.Process.AddUser(t.Context(), operator, access.UserRequest{Mail: "agent@example.com", Name: "Ada Agent", Role: access.RoleAgent})
	must(t, err)
	_, err = s.Process.AcceptLink(t.Context(), made.Value.Link, process.Acceptance{Password: password})
	must(t, err)
	s.place(placing("T-1"))
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/sign-in"))
	b.signIn()
	b.shows("ORDERS PER MINUTE")
	const placed = `document.querySelector("#day ~ ul b").innerText`
	b.says(placed, "1")
	look[string](b, `window.kept = "loaded once"`)
	b.click(`summary`)
	s.place(placing("T-2"))
	b.says(placed, "2")
	b.says(`Chart.getChart(document.querySelector(".chart canvas")).data.datasets[0].data.reduce((a, n) => a + n).toString()`, "2")
	b.says(`String(document.querySelector("details").open)`, "true")
	b.says(`window.kept`, "loaded once")
	_, err = s.Process.SignOutUser(t.Context(), operator, "agent@example.com")
	must(t, err)
	s.place(placing("T-3"))
	b.run(chromedp.Navigate(s.url + "/live"))
	b.shows("Who has forgotten theirs")
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// says waits until an expression is a text.
func (b *screen) says(expression, want string) {
	b.t.Helper()
	if err := b.becomes(fmt.Sprintf(`(%s) === %q`, expression, want)); err != nil {
		b.t.Fatalf("%s is never %q (%v):\n%s\nIt says: %q", expression, want, err, b.page(), b.complained())
	}
}

func (b *screen) signIn() {
	b.t.Helper()
	b.types(`input[name=mail]`, "agent@example.com")
	b.types(`input[name=password]`, password+"\r")
}

// draw keeps a picture of each page, wide and narrow, light and dark, of a shop with a bit
// of everything.
func (b *screen) draw(s *shop, held order.Order) {
	t, ctx := b.t, b.t.Context()
	_, err := s.Process.SetRole(ctx, operator, "agent@example.com", access.RoleAdmin)
	must(t, err)
	s.stock("POT", "Tea pot, with a lid and a name that is longer than most tables have room for", 1999, 500)
	var shipped order.Order
	for n := range 12 {
		q := placing(fmt.Sprintf("B-%d", n))
		q.Lines = append(q.Lines, order.LineRequest{SKU: "POT", Quantity: 1})
		q.Total = nil
		if n%4 != 0 {
			q.Payment = order.PaymentRequest{}
		}
		shipped = s.place(q)
	}
	s.eventually("shipped", func() bool {
		now, err := s.Process.FindOrder(ctx, shipped.ID)
		return err == nil && now.Status == order.Shipped
	})
	_, err = s.Process.Hold(ctx, operator, held.ID, "fraud_suspected", "The names differ: look at the card before it goes on.")
	must(t, err)
	s.giveUp()
	request := support.Request{Order: shipped.ID, Category: support.Other, Body: "Is it the blue one?\n\nI have asked twice, and would like to know before Friday."}
	ticket, err := s.Process.OpenTicket(ctx, operator, process.TicketRequest{Request: request})
	must(t, err)
	_, err = s.Process.ReplyTicket(ctx, operator, ticket.Value.ID, support.FromShop, "It is. It has left this morning.")
	must(t, err)
	_, err = s.Process.NoteTicket(ctx, operator, ticket.Value.ID, "They have asked by telephone, too.")
	must(t, err)
	arrived, _ := s.arrived("D-1", 2)
	proposed, err := s.Process.OpenTicket(ctx, operator, process.TicketRequest{Request: support.Request{Order: arrived.ID, Category: support.Damaged, Body: "One of them is broken.", Lines: []support.Line{{Line: 1, Quantity: 1}}}})
	must(t, err)
	_, err = s.Process.OpenTicket(ctx, operator, process.TicketRequest{Request: support.Request{Category: support.Other, Body: "Do you have it with a handle on the other side, for my left-handed aunt, whose birthday it is in a fortnight or so?"}})
	must(t, err)
	canned, err := s.Process.AddCanned(ctx, operator, support.CannedRequest{Name: "Where it is", Body: "Dear {first_name},\n\nyour order {reference} has left: its parcel is {tracking_number}, by {carrier}.\n\nYours,\n{writer}"})
	must(t, err)
	_, err = s.Process.AddCanned(ctx, operator, support.CannedRequest{Name: "Which one, and what is wrong with it: a name that is as long as it may be, or so", Body: "Dear {name}, which of them is it, and what is wrong with it?"})
	must(t, err)
	_, err = s.Process.AddKey(ctx, operator, access.KeyRequest{Name: "web shop", Scopes: []access.Scope{access.Read, access.Orders}})
	must(t, err)
	link, err := s.Process.AddUser(ctx, operator, access.UserRequest{Mail: "viewer@example.com", Name: "Vera Viewer", Role: access.RoleViewer})
	must(t, err)
	u, err := s.Process.User(ctx, "agent@example.com")
	must(t, err)
	for name, q := range map[string]string{"To be paid": "status=processed", "Came back": "status=returned"} {
		must(t, s.Process.SaveView(ctx, u, access.ViewRequest{Name: name, Query: q}))
	}
	b.proves(s, shipped)
	pages := []struct{ name, path string }{
		{"track", s.tracking(held)}, {"tracked", s.tracking(shipped)},
		{"sign-in", "/sign-in"}, {"welcome", "/welcome/" + string(link.Value.Link)}, {"today", "/"}, {"orders", "/orders"}, {"orders-hold", fmt.Sprintf("/orders/preview?do=hold&item=%d&item=%d&item=%d", held.Number, shipped.Number, arrived.Number)}, {"none", "/orders?status=returned&held=yes"}, {"view", "/orders?status=processed"}, {"order", fmt.Sprintf("/orders/%d", shipped.Number)},
		{"held", fmt.Sprintf("/orders/%d", held.Number)}, {"cancel", fmt.Sprintf("/orders/%d/cancel", held.Number)}, {"change", fmt.Sprintf("/orders/%d/change", held.Number)}, {"refund", fmt.Sprintf("/orders/%d/refund", shipped.Number)}, {"tickets", "/tickets"},
		{"find", "/find?q=CUP"}, {"stock", "/stock"}, {"sku", "/stock/CUP"}, {"running-out", "/running-out"}, {"stock-file", "/stock-file"}, {"count", "/stock/CUP/count?location=main&quantity=1"},
		{"attention", "/attention"}, {"attend", fmt.Sprintf("/attention/preview?way=compensate&item=%d/held", held.Number)},
		{"ticket", "/tickets/" + ticket.Value.ID}, {"proposed", "/tickets/" + proposed.Value.ID}, {"overdue", "/tickets?view=overdue"}, {"answers", "/settings/answers"}, {"filled", "/tickets/" + ticket.Value.ID + "?answer=" + canned.Value.ID}, {"account", "/settings"}, {"users", "/settings/users"}, {"keys", "/settings/keys"},
	}
	for _, page := range pages {
		if page.name == "today" {
			b.run(chromedp.Navigate(s.url + "/sign-in"))
			b.signIn()
			b.shows("NEEDS ATTENTION")
		}
		for _, width := range []int64{1280, 360} {
			for _, scheme := range []string{"light", "dark"} {
				if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
					t.Fatal(err)
				}
				b.run(chromedp.EmulateViewport(width, 800), chromedp.Navigate(s.url+page.path))
				over := look[int64](b, `document.documentElement.scrollWidth - innerWidth`)
				png, err := chromedp.Run(b, chromedp.FullScreenshot(100))
				must(t, err)
				if over > 0 {
					t.Errorf("%s is %d px too wide at %d", page.path, over, width)
				}
				must(t, os.WriteFile(filepath.Join(*pictures, strings.Join([]string{page.name, fmt.Sprint(width), scheme}, "-")+".png"), png, 0o644))
			}
		}
	}
}
