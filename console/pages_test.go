package console_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

var pictures = flag.String("pictures", "", "keep a picture of each page in this folder")

// axe is the checker of pages that npm has (https://github.com/dequelabs/axe-core).
func axe(t *testing.T) string {
	t.Helper()
	at, err := exec.CommandContext(t.Context(), "../scripts/npm").Output()
	if err != nil {
		t.Fatalf("axe-core can not be installed: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(at)), "node_modules/axe-core/axe.min.js"))
	must(t, err)
	return string(source)
}

// barriers are what axe finds on the page at WCAG 2.2, levels A and AA.
func (b *screen) barriers(axe string) (found []string) {
	b.t.Helper()
	look[string](b, axe+"; axe.version")
	said, err := chromedp.Run(b, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"], resultTypes: ["violations"]})
		.then((r) => JSON.stringify(r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" / "))))`, chromedp.EvalAwaitPromise))
	must(b.t, err)
	must(b.t, json.Unmarshal([]byte(said), &found))
	return found
}

// mostLoaded bounds what a browser loads that has never been here, in bytes over the wire.
const mostLoaded = 200 << 10

// TestLittleIsLoadedFirst signs in and looks at the first page, with its charts.
func TestLittleIsLoadedFirst(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleAdmin), process.Acceptance{Password: password})
	must(t, err)
	s.place(placing("A-1"))
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/"))
	b.signIn()
	b.shows("ORDERS PER MINUTE")
	b.says(`String(Boolean(Chart.getChart(document.querySelector(".chart canvas"))))`, "true")
	loaded := look[int](b, `performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0)`)
	names := look[string](b, `performance.getEntries().filter((e) => e.transferSize).map((e) => e.name.replace(location.origin, "") + " " + e.transferSize).join(", ")`)
	if loaded > mostLoaded || !strings.Contains(names, "htmx") || !strings.Contains(names, "chart") {
		t.Errorf("%d bytes are loaded: %s", loaded, names)
	}
	t.Logf("%d bytes are loaded: %s", loaded, names)
}

// TestPagesAreForEveryone looks at each page of a shop with a bit of everything, wide and
// narrow, light and dark: nothing on it keeps anyone out, and none is wider than the screen.
func TestPagesAreForEveryone(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleAdmin), process.Acceptance{Password: password})
	must(t, err)
	checker, b := axe(t), open(t)
	for _, page := range b.everyPage(s, s.place(placing("A-1"))) {
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
				if over := look[int64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("%s is %d px too wide at %d", page.path, over, width)
				}
				for _, barrier := range b.barriers(checker) {
					t.Errorf("%s, %d px, %s: %s", page.path, width, scheme, barrier)
				}
				if *pictures != "" {
					png, err := chromedp.Run(b, chromedp.FullScreenshot(100))
					must(t, err)
					must(t, os.WriteFile(filepath.Join(*pictures, strings.Join([]string{page.name, fmt.Sprint(width), scheme}, "-")+".png"), png, 0o644))
				}
			}
		}
	}
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// shownPage is a page that is looked at, and the name of its picture.
type shownPage struct{ name, path string }

// everyPage fills the shop with a bit of everything and returns its pages, those first for
// which no one is signed in.
func (b *screen) everyPage(s *shop, held order.Order) []shownPage {
	t, ctx := b.t, b.t.Context()
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
	_, err := s.Process.Hold(ctx, operator, held.ID, "fraud_suspected", "The names differ: look at the card before it goes on.")
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
	return []shownPage{
		{"track", s.tracking(held)}, {"tracked", s.tracking(shipped)},
		{"sign-in", "/sign-in"}, {"welcome", "/welcome/" + string(link.Value.Link)}, {"today", "/"}, {"orders", "/orders"}, {"orders-hold", fmt.Sprintf("/orders/preview?do=hold&item=%d&item=%d&item=%d", held.Number, shipped.Number, arrived.Number)}, {"none", "/orders?status=returned&held=yes"}, {"view", "/orders?status=processed"}, {"order", fmt.Sprintf("/orders/%d", shipped.Number)},
		{"held", fmt.Sprintf("/orders/%d", held.Number)}, {"cancel", fmt.Sprintf("/orders/%d/cancel", held.Number)}, {"change", fmt.Sprintf("/orders/%d/change", held.Number)}, {"refund", fmt.Sprintf("/orders/%d/refund", shipped.Number)}, {"tickets", "/tickets"},
		{"find", "/find?q=CUP"}, {"stock", "/stock"}, {"sku", "/stock/CUP"}, {"running-out", "/running-out"}, {"stock-file", "/stock-file"}, {"count", "/stock/CUP/count?location=main&quantity=1"},
		{"attention", "/attention"}, {"attend", fmt.Sprintf("/attention/preview?way=compensate&item=%d/held", held.Number)},
		{"ticket", "/tickets/" + ticket.Value.ID}, {"proposed", "/tickets/" + proposed.Value.ID}, {"overdue", "/tickets?view=overdue"}, {"answers", "/settings/answers"}, {"filled", "/tickets/" + ticket.Value.ID + "?answer=" + canned.Value.ID}, {"account", "/settings"}, {"users", "/settings/users"}, {"keys", "/settings/keys"}, {"policy", "/settings/policy"},
	}
}
