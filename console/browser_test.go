package console_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
)

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
