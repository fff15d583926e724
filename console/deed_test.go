package console_test

import (
	"fmt"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// look types what a deed takes, and is shown what it comes to.
func (b *browser) look(at string, fields ...string) response {
	b.t.Helper()
	form, is := b.get(at).form(at)
	if !is {
		b.t.Fatalf("%s has no form", at)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post(at, form)
}

// confirm has that done which a page shows.
func (b *browser) confirm(shows response, at string) response {
	b.t.Helper()
	form, is := shows.want(200).form(at)
	if !is || form.Get("sure") == "" {
		b.t.Fatalf("nothing is to be confirmed:\n%s", shows.body)
	}
	return b.post(at, form)
}

// paid is an order that was paid elsewhere.
func (s *shop) paid(number string, quantity int64) (order.Order, string) {
	s.t.Helper()
	q := placing(number)
	q.Lines[0].Quantity, q.Total = quantity, nil
	o := s.place(q)
	_, err := s.Process.RecordPayment(s.t.Context(), operator, o.ID, payment.Record{Reference: "made up", Amount: o.Total})
	must(s.t, err)
	return o, fmt.Sprintf("/orders/%d", o.Number)
}

// sent is an order of which a parcel has left, and that parcel.
func (s *shop) sent(number string, quantity int64) (o order.Order, at, parcel string) {
	s.t.Helper()
	o, at = s.paid(number, quantity)
	v := s.when(o, "sent", func(v process.Overview) bool { return v.Order.Status == order.Shipped })
	return o, at, v.Shipments[0].ID
}

// arrived is an order that has arrived.
func (s *shop) arrived(number string, quantity int64) (order.Order, string) {
	s.t.Helper()
	o, at, parcel := s.sent(number, quantity)
	_, err := s.Process.RecordScan(s.t.Context(), operator, o.ID, parcel, shipping.Sighting{Status: shipping.Delivered})
	must(s.t, err)
	return o, at
}

// when waits until an order is so.
func (s *shop) when(o order.Order, what string, is func(process.Overview) bool) (v process.Overview) {
	s.t.Helper()
	s.eventually(what, func() bool {
		var err error
		v, err = s.Process.Show(s.t.Context(), o.ID)
		return err == nil && is(v)
	})
	return v
}

func TestMoneyIsGivenBackAfterALook(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		o, at, _ := s.sent("A-1", 2)
		b := s.as(access.RoleOperator, "operator")
		b.get(at).want(200, at+"/refund")
		b.get(at+"/refund").want(200, "Blue cup", "Or an amount", "Show what it comes to").lacks(`name="sure"`)
		b.look(at+"/refund", "reason", "goodwill").want(422, "one of: lines, an amount, or all", "goodwill").lacks(`name="sure"`)
		b.look(at+"/refund", "line.1", "7", "reason", "goodwill").want(422, "<b>Blue cup</b>", `value="7" aria-invalid="true"`)
		b.look(at+"/refund", "amount", "1.234", "reason", "goodwill").want(422, "an amount of GBP such as 12.95")
		shows := b.look(at+"/refund", "line.1", "1", "amount", "", "reason", "one <b> is broken").
			want(200, "GBP 6.47 goes back to the customer, by you", "Of GBP 12.95 that the shop has of it, GBP 6.48 stays", "No goods move", "one &lt;b&gt; is broken", "Change it")
		if v, err := s.Process.Show(t.Context(), o.ID); err != nil || len(v.Refunds) != 0 {
			t.Fatalf("a look has given back %v (%v)", v.Refunds, err)
		}
		form, _ := shows.form(at + "/refund")
		form.Set("again", "yes")
		b.post(at+"/refund", form).want(200, `name="line.1" value="1"`).lacks(`name="sure"`)
		b.confirm(shows, at+"/refund").leads(at + "?done=refund")
		b.confirm(shows, at+"/refund").leads(at + "?done=refund") // the same form again does nothing more
		v := s.when(o, "begun", func(v process.Overview) bool { return len(v.Refunds) > 0 })
		if len(v.Refunds) != 1 || v.Refunds[0].Amount != 647 || v.Refunds[0].Reason != "one <b> is broken" || v.Credits[v.Refunds[0].ID][0].Quantity != 1 {
			t.Fatalf("the refunds are %+v of %+v", v.Refunds, v.Credits)
		}
		made := at + "/refund-made/" + v.Refunds[0].ID
		b.get(at).want(200, made, at+"/refund-withdrawn/")
		b.submit(made, made, "reference", " ").want(422, "what says where it is to be found")
		b.submit(made, made, "reference", "line 7").leads(at + "?done=refund-made")
		b.get(at).want(200, "GBP 6.47 given back").lacks(made)
		b.get(made).want(409, "waits for no person")

		agent := s.as(access.RoleAgent, "agent")
		agent.get(at).want(200).lacks(at + "/refund")
		agent.get(at+"/refund").want(403, "This takes the scope refunds")
		agent.post(at+"/refund", form).want(403)
		s.as(access.RoleViewer, "viewer").get(at).want(200).lacks(at+"/return", at+"/change")
		b.get(at + "/refund-made/rfd_none").want(404)
	})
}

// TestWhatWasSeenIsWhatIsDone: when someone has changed the order since the preview,
// nothing is done, and what it comes to now is shown.
func TestWhatWasSeenIsWhatIsDone(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o, at, _ := s.sent("A-1", 2)
	one, two := s.as(access.RoleOperator, "one"), s.as(access.RoleOperator, "two")
	shows := two.look(at+"/refund", "all", "yes", "reason", "goodwill").want(200, "GBP 12.95 goes back")
	one.confirm(one.look(at+"/refund", "amount", "2.95", "reason", "late"), at+"/refund").leads(at + "?done=refund")
	form, _ := shows.form(at + "/refund")
	again := two.post(at+"/refund", form).want(412, "Someone else has changed this", "GBP 10.00 goes back", "goodwill")
	if v, err := s.Process.Show(t.Context(), o.ID); err != nil || len(v.Refunds) != 1 {
		t.Errorf("what was not seen was done: %+v (%v)", v.Refunds, err)
	}
	form, _ = again.form(at + "/refund")
	two.post(at+"/refund", form).leads(at + "?done=refund")
}

func TestAnOrderIsChangedAfterALook(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.stock("POT", "Tea pot", 1999, 1)
		o := s.place(placing("A-1"))
		at := fmt.Sprintf("/orders/%d", o.Number)
		b := s.as(access.RoleAgent, "agent")
		b.look(at+"/change", "line.1", "2", "shipping_method", "standard").want(422, "something to change")
		b.look(at+"/change", "line.1", "3", "shipping_method", "standard").want(422, "<b>Blue cup</b>", "at most 2")
		b.look(at+"/change", "line.1", "2", "shipping_method", "standard", "sku.1", "NONE", "quantity.1", "1").want(422)
		b.look(at+"/change", "line.1", "2", "shipping_method", "standard", "sku.2", "POT", "quantity.2", "2").
			want(200, "POT: 2 instead of 0", "2 of POT are wanted, and 1 are there").lacks(">Change</button>")
		shows := b.look(at+"/change", "line.1", "1", "shipping_method", "standard", "sku.2", "POT", "quantity.2", "1", "reason", "asked by phone").
			want(200, "CUP: 1 instead of 2", "POT: 1 instead of 0", "1 unit can be sold again", "No money goes back", "GBP 28.44 to pay instead of GBP 12.95")
		b.confirm(shows, at+"/change").leads(at + "?done=change")
		v := s.when(o, "changed", func(v process.Overview) bool { return v.Order.End == order.EndNone && len(v.Lines) == 2 })
		if v.Lines[0].Wanted() != 1 || v.Lines[1].SKU != "POT" || v.Notes[0].Text != "asked by phone" {
			t.Errorf("the lines are %+v, the notes %+v", v.Lines, v.Notes)
		}

		b.look(at+"/address", "ship_to.name", "Made Up", "ship_to.line1", " ", "ship_to.city", "Sampleton", "ship_to.country", "GB").want(422, "<b>Street and number</b>")
		shows = b.look(at+"/address", "ship_to.name", "Made Up", "ship_to.line1", "2 Sample Street", "ship_to.city", "Sampleton", "ship_to.country", "GB").want(200, "No money goes back")
		b.confirm(shows, at+"/address").leads(at + "?done=address")
		s.when(o, "corrected", func(v process.Overview) bool { return v.Contact.ShipTo.Line1 == "2 Sample Street" })
	})
}

func TestGoodsComeBackAndAreExchanged(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.stock("SAUCER", "Saucer", 200, 10)
		o, at := s.arrived("A-1", 3)
		b := s.as(access.RoleAgent, "agent")
		b.look(at+"/return", "line.1", "0", "reason", "broken").want(422, "at least one unit that is sent back")
		b.look(at+"/return", "line.1", "1", "reason", "No word").want(422, "<b>Why, as a word</b>")
		shows := b.look(at+"/return", "line.1", "2", "reason", "broken").want(200, "2 × Blue cup may come back", "It is waited for until", "goes back to the customer when all of it has come")
		b.confirm(shows, at+"/return").leads(at + "?done=return")
		v := s.when(o, "authorised", func(v process.Overview) bool { return len(v.Returns) == 1 })
		came := at + "/receive-return/" + v.Returns[0].ID
		b.get(at).want(200, came, at+"/cancel-return/")
		b.look(came, "line.1", "0").want(422, "at least one unit that came")
		b.look(came, "line.1", "2", "unfit[CUP]", "3").want(422, "from 0 to 2")
		shows = b.look(came, "line.1", "2", "unfit[CUP]", "1").want(200, "1 × Blue cup can be sold again", "1 × Blue cup is written off", "goes back to the customer")
		b.confirm(shows, came).leads(at + "?done=receive-return")
		v = s.when(o, "received", func(v process.Overview) bool {
			return v.Returns[0].Status == shipping.ReturnReceived && len(v.Refunds) > 0
		})
		if r := v.Returns[0]; r.Came != 2 || r.Restocked != 1 {
			t.Errorf("the return is %+v", r)
		}

		b.look(at+"/exchange", "line.1", "1", "reason", "broken").want(422, "what is wanted instead")
		b.look(at+"/exchange", "line.1", "1", "reason", "broken", "sku.1", "SAUCER", "quantity.1", "11").want(409, "costs more")
		shows = b.look(at+"/exchange", "line.1", "1", "reason", "broken", "sku.1", "SAUCER", "quantity.1", "1").
			want(200, "1 × Blue cup may come back", "1 × Saucer is sent when that pays for it, for GBP 2.00", "1 × SAUCER is reserved at", "GBP 2.00 pays for it")
		b.confirm(shows, at+"/exchange").leads(at + "?done=exchange")
		v = s.when(o, "exchanged", func(v process.Overview) bool { return len(v.Returns) == 2 })
		b.get(at).want(200, "The order in its place", v.Returns[1].Exchange)
		off := at + "/cancel-return/" + v.Returns[1].ID
		b.submit(off, off).leads(at + "?done=cancel-return")
		b.get(off).want(409, "is canceled")
		b.get(at+"/exchange").want(200, "Blue cup")
	})
}

// TestAParcelIsSeenTo goes through what can be done about a parcel that is lost, found,
// sent anew and comes back after all.
func TestAParcelIsSeenTo(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		_, err := s.Process.ChangePolicy(t.Context(), operator, func(q policy.Policy) (policy.Policy, error) {
			q.HandOver = policy.HandOverByPerson
			return q, nil
		})
		must(t, err)
		o, at := s.paid("A-1", 2)
		b := s.as(access.RoleAgent, "agent")
		v := s.when(o, "packed", func(v process.Overview) bool {
			return len(v.Shipments) > 0 && v.Shipments[0].Status == shipping.LabelBought
		})
		parcel := v.Shipments[0].ID
		do := func(name string) string { return at + "/" + name + "/" + parcel }
		b.get(do("lost")).want(409, "it can not be lost")
		b.get(do("label")).want(409, "has its label")
		b.get(do("hand-over")).want(200, "2 units leave", "no longer on hand")
		b.submit(do("hand-over"), do("hand-over")).leads(at + "?done=hand-over")
		b.get(at).want(200, do("lost"), do("scan")).lacks(do("hand-over"), do("found"), do("reship"))
		b.submit(do("scan"), do("scan"), "status", "in_transit", "at", "2126-01-01T00:00", "place", "Hub").want(422, "<b>When</b>", "not to come")
		b.submit(do("scan"), do("scan"), "status", "in_transit", "at", "never").want(422, "2026-03-05T14:30")
		b.submit(do("scan"), do("scan"), "status", "in_transit", "place", "Sample Hub").leads(at + "?done=scan")
		b.get(at).want(200, "Sample Hub")
		b.submit(do("lost"), do("lost")).leads(at + "?done=lost")
		b.submit(do("found"), do("found")).leads(at + "?done=found")
		b.submit(do("refused"), do("refused")).leads(at + "?done=refused")
		b.get(do("reship")).want(200, "2 × CUP is reserved at", "No money moves")
		b.submit(do("reship"), do("reship")).leads(at + "?done=reship")
		b.get(at).want(200, do("withdraw-reship")).lacks(do("reship") + `"`)
		shows := b.look(do("receive"), "unfit[CUP]", "1").want(200, "1 × CUP can be sold again", "1 × CUP is written off")
		b.confirm(shows, do("receive")).leads(at + "?done=receive")
		v, err = s.Process.Show(t.Context(), o.ID)
		must(t, err)
		if v.Shipments[0].Status != shipping.Received || v.Shipments[0].ReplacedAt.IsZero() {
			t.Errorf("the parcel is %+v", v.Shipments[0])
		}
		b.get(do("lost")[:len(do("lost"))-1]).want(404)
	})
}

func TestAnOrderIsPaidByHand(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	o := s.place(placing("A-1"))
	at := fmt.Sprintf("/orders/%d", o.Number)
	b := s.as(access.RoleAgent, "agent")
	b.get(at).want(200, at+"/paid").lacks(at+"/capture", at+"/void")
	b.get(at+"/capture").want(409, "No money of order")
	b.submit(at+"/paid", at+"/paid", "reference", "statement 7").leads(at + "?done=paid")
	s.when(o, "paid", func(v process.Overview) bool { return v.Order.Payment == order.PaymentCaptured })
	b.get(at+"?done=paid").want(200, "The payment is recorded").lacks(at + `/paid"`)
}
