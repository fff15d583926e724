package console_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/process"
	"doorstep/support"
)

func (s *shop) hold(o order.Order) {
	s.t.Helper()
	_, err := s.Process.Hold(s.t.Context(), operator, o.ID, "fraud_suspected", "")
	must(s.t, err)
}

func (s *shop) now(o order.Order) order.Order {
	s.t.Helper()
	o, err := s.Process.FindOrder(s.t.Context(), o.ID)
	must(s.t, err)
	return o
}

// giveUp has the step that closes a ticket fail as by a defect, until it is left to a
// person, and returns the ticket.
func (s *shop) giveUp() string {
	s.t.Helper()
	ctx := s.t.Context()
	made, err := s.Process.OpenTicket(ctx, operator, process.TicketRequest{Request: ticketAbout("", "Made up.")})
	must(s.t, err)
	_, err = s.Process.SolveTicket(ctx, operator, made.Value.ID, "Made up.")
	must(s.t, err)
	for {
		items, err := db.View(ctx, s.DB, func(r db.Reader) ([]work.Item, error) { return work.Of(r, made.Value.ID) })
		must(s.t, err)
		i := slices.IndexFunc(items, func(it work.Item) bool { return it.State == work.Ready })
		if i < 0 {
			return made.Value.ID
		}
		must(s.t, s.Process.Failed(ctx, items[i], errors.New("a made-up defect")))
	}
}

func TestWhatNeedsAttentionIsSeenTo(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		b := s.as(access.RoleAgent, "agent")
		b.get("/attention").want(200, "Nothing needs attention").lacks("tally", "Export")
		one, two, three := s.place(placing("A-1")), s.place(placing("A-2")), s.place(placing("A-3"))
		for _, o := range []order.Order{one, two, three} {
			s.hold(o)
		}
		ticket := s.giveUp()
		item := func(o order.Order) string { return fmt.Sprintf("%d/held", o.Number) }
		b.get("/attention").want(200, `<b class="tally">4</b>`, item(one), "Fraud suspected", "close ticket", "made-up defect", ticket+"/close_ticket")
		b.get("/attention?cause=stuck").want(200, "close ticket").lacks(item(one))
		b.get("/attention?cause=overdue").want(200, "Nothing is overdue")
		b.get("/attention?cause=nonsense").want(422, "one of")

		// The first is seen to by someone else meanwhile: the others are all the same.
		preview := "/attention/preview?" + url.Values{"way": {"retry"}, "item": {item(one), item(two), "9999/held", item(two)}}.Encode()
		page := b.get(preview).want(200, "Release 2 orders?", "It is released: it was held for fraud suspected.", "9999")
		if s.now(one).Held == "" {
			t.Error("a look has released it")
		}
		form, _ := page.form("/attention/retry")
		form["item"], form["version"] = []string{item(one), item(two)}, []string{fmt.Sprint(s.now(one).Version), fmt.Sprint(s.now(two).Version)}
		_, err := s.Process.Note(t.Context(), operator, one.ID, "Made up.")
		must(t, err)
		b.post("/attention/retry", form).want(409, "Of 2 matters nothing was done about 1", "someone else has changed it", item(one), "It is released")
		if s.now(one).Held == "" || s.now(two).Held != "" {
			t.Errorf("the orders are %+v, %+v", s.now(one), s.now(two))
		}
		b.post("/attention/retry", form).want(409, "It is released") // the same form again does nothing more

		b.submit("/attention/preview?way=skip&item="+url.QueryEscape(ticket+"/close_ticket"), "/attention/skip").leads("/attention?done=skip")
		s.eventually("closed", func() bool {
			c, err := s.Process.ShowTicket(t.Context(), ticket)
			return err == nil && c.Ticket.Status == support.Closed
		})
		b.get("/attention/preview?way=compensate&item="+url.QueryEscape(item(three))).want(200, "Cancel 1 order?", "2 units are reserved: they can be sold again", "No money moves")
		b.submit("/attention/preview?way=compensate&item="+url.QueryEscape(item(three)), "/attention/compensate").leads("/attention?done=compensate")
		s.eventually("cancelled", func() bool { return s.now(three).Status == order.Cancelled })
		b.get("/attention/preview?way=nonsense&item=1").want(422)
		b.get("/attention/preview?way=retry").want(422, "Nothing was chosen")
		b.get("/attention?done=compensate").want(200, "is being cancelled", `<b class="tally">1</b>`)

		file := b.get("/attention.csv?cause=held").want(200)
		rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
		must(t, err)
		if len(rows) != 2 || rows[1][0] != item(one) || rows[1][6] != "fraud_suspected" {
			t.Errorf("the file is %v", rows)
		}
		s.as(access.RoleViewer, "viewer").get("/attention").want(200, "Fraud suspected").lacks("checkbox", "Try again", "preview")
	})
}

// TestTheMostMoneyComesFirst: of one currency, and before what has none at risk.
func TestTheMostMoneyComesFirst(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	b := s.as(access.RoleViewer, "viewer")
	var numbers []string
	for n, units := range []int64{0, 1, 7, 3} {
		q := placing(fmt.Sprint(n))
		q.Total = nil
		if units > 0 {
			q.Lines[0].Quantity, q.Payment = units, order.PaymentRequest{}
		}
		o := s.place(q)
		if units > 0 {
			s.eventually("paid", func() bool { return s.now(o).Status != order.Processed })
		}
		_, err := s.Process.Hold(t.Context(), operator, o.ID, "made_up", "")
		must(t, err)
		numbers = append(numbers, fmt.Sprintf("Order %d<", o.Number))
	}
	body, last := b.get("/attention").want(200, "At risk: <b>GBP ").body, 0
	for _, i := range []int{2, 3, 1, 0} {
		at := strings.Index(body, numbers[i])
		if at < last {
			t.Errorf("order %d is not where it belongs", i)
		}
		last = at
	}
}

// TestManyAreSeenToInABrowser chooses two of three, looks at what would be done, and has it
// done.
func TestManyAreSeenToInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	one, two, three := s.place(placing("A-1")), s.place(placing("A-2")), s.place(placing("A-3"))
	for _, o := range []order.Order{one, two, three} {
		s.hold(o)
	}
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleAgent), process.Acceptance{Password: password})
	must(t, err)
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/attention"))
	b.signIn()
	b.shows("Fraud suspected")
	for _, o := range []order.Order{one, three} {
		b.click(chromedp.CSS(fmt.Sprintf(`input[value="%d/held"]`, o.Number)))
	}
	b.click(`button[value=retry]`)
	b.shows("Release 2 orders?")
	b.click(`form.stack button`)
	b.shows("What was chosen is tried again.")
	if s.now(one).Held != "" || s.now(three).Held != "" || s.now(two).Held == "" {
		t.Errorf("the orders are %+v, %+v, %+v", s.now(one), s.now(two), s.now(three))
	}
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
