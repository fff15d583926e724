package console_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/process"
)

// manyOf is the address of the page that says what would be done about orders.
func manyOf(do, list string, orders ...order.Order) string {
	q := url.Values{"do": {do}, "list": {list}}
	for _, o := range orders {
		q.Add("item", fmt.Sprint(o.Number))
	}
	return "/orders/preview?" + q.Encode()
}

func TestManyOrdersAreSeenToAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		b := s.as(access.RoleAgent, "agent")
		one, two, three := s.place(placing("A-1")), s.place(placing("A-2")), s.place(placing("A-3"))
		b.get("/orders").want(200, "data-picks-all", `name="do" value="cancel"`)

		// What is typed amiss is asked for again, and nothing is done.
		hold := manyOf("hold", "status=processed&nonsense=1", one, two)
		page := b.get(hold).want(200, "Hold 2 orders?", "no money moves", "/orders?status=processed")
		form, _ := page.form("/orders/hold")
		form["item"], form["version"] = []string{fmt.Sprint(one.Number), fmt.Sprint(two.Number)}, []string{fmt.Sprint(s.now(one).Version), fmt.Sprint(s.now(two).Version)}
		form.Set("reason", "Not a word")
		b.post("/orders/hold", form).want(422, "Hold 2 orders?", "Not a word", "aria-invalid")
		if s.now(one).Held != "" {
			t.Error("it is held")
		}

		// The first is seen to by someone else meanwhile: the other is all the same, once.
		_, err := s.Process.Note(t.Context(), operator, one.ID, "Made up.")
		must(t, err)
		form.Set("reason", "fraud_suspected")
		form.Set("text", "Made up.")
		for range 2 {
			b.post("/orders/hold", form).want(409, "Of 2 orders nothing was done about 1", "someone else has changed it", "It is held.")
		}
		if s.now(one).Held != "" || s.now(two).Held != "fraud_suspected" {
			t.Errorf("the orders are %+v, %+v", s.now(one), s.now(two))
		}
		b.get(manyOf("hold", "", one, two)).want(200, "Hold 1 order?", "is held already")

		// One that is not held is not released.
		b.get(manyOf("release", "", one, two)).want(200, "Release 1 order?", "It was held for fraud suspected.", "Left as it is")
		if s.now(two).Held == "" {
			t.Error("a look has released it")
		}
		b.submit(manyOf("release", "held=yes", two), "/orders/release").leads("/orders?done=many-release&held=yes")

		gone, _, _ := s.sent("A-5", 1)
		b.get(manyOf("cancel", "", three, gone)).want(200, "Cancel 1 order?", "No money moves: none was taken.", "Left as it is", "can be sent back")
		b.get(manyOf("cancel", "", one, three)).want(200, "Cancel 2 orders?", "In all", "4 units are reserved")
		b.submit(manyOf("cancel", "", three), "/orders/cancel").leads("/orders?done=many-cancel")
		s.eventually("cancelled", func() bool { return s.now(three).Status == order.Cancelled })

		b.get(manyOf("cancel", "")).want(422, "Nothing was chosen")
		b.get(manyOf("nonsense", "", one)).want(422)
		b.get("/orders?done=many-cancel").want(200, "The orders that were chosen are being cancelled.")
		viewer := s.as(access.RoleViewer, "viewer")
		viewer.get("/orders").want(200).lacks("checkbox\" name=\"item", "data-picks-all")
		viewer.get(manyOf("cancel", "", one)).want(403)
		viewer.post("/orders/cancel", url.Values{"item": {fmt.Sprint(one.Number)}, "version": {"1"}, "key": {"made-up"}}).want(403)
		if s.now(one).Status == order.Cancelled {
			t.Error("a viewer has cancelled it")
		}
	})
}

// TestManyOrdersInABrowser chooses two of three by keys and has them held.
func TestManyOrdersInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	one, two, three := s.place(placing("A-1")), s.place(placing("A-2")), s.place(placing("A-3"))
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleAgent), process.Acceptance{Password: password})
	must(t, err)
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/orders"))
	b.signIn()
	b.shows("A-3")
	for _, key := range "jxjx" {
		b.run(chromedp.KeyEvent(string(key)))
	}
	b.click(`button[value=hold]`)
	b.shows("Hold 2 orders?")
	b.types(`input[name=reason]`, "fraud_suspected")
	b.click(`form.stack button`)
	b.shows("The orders that were chosen are held.")
	if s.now(three).Held == "" || s.now(two).Held == "" || s.now(one).Held != "" {
		t.Errorf("the orders are %+v, %+v, %+v", s.now(one), s.now(two), s.now(three))
	}
	b.click(`[data-picks-all]`)
	b.click(`button[value=release]`)
	b.shows("Release 2 orders?")
	b.shows("LEFT AS IT IS")
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
