package process_test

import (
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// ticketScenarios are what customers write about, and what becomes of it.
var ticketScenarios = []scenario{
	{"a ticket of each category", config{}, eachCategory},
	{"a ticket about no order", config{}, loneTicket},
	{"a ticket is talked over", config{}, talk},
	{"a ticket at every point of the way", config{policy: byPerson}, everyPoint},
	{"a ticket waits for a payment elsewhere", config{policy: manualGateway}, func(s *shop) {
		o := s.place(cup())
		s.wantTicket(s.raise(o, support.OrderIssue).ID, support.Solved, support.AwaitingPayment)
	}},
	{"a ticket waits for its money", config{policy: failsUnshipped}, ticketWaits},
	{"a ticket waits, and a step is stuck", config{gateway: gateway.Config{RefundDeclineRate: 1}}, func(s *shop) {
		s.carrier.buy.say(labelTrouble)
		o := s.place(cup())
		s.after(0)
		ticket := s.raise(o, support.CancelRequest)
		s.wantTicket(ticket.ID, support.OnHold, support.RefundPending)
		s.after(time.Minute)
		s.wantTicket(ticket.ID, support.Open, support.StepStuck)
	}},
	{"two tickets ask to cancel", config{gateway: slowGateway}, func(s *shop) {
		o := s.place(cup())
		s.after(time.Second)
		first, second := s.raise(o, support.CancelRequest), s.raise(o, support.CancelRequest)
		s.wantTicket(first.ID, support.OnHold, support.WillCancel)
		s.wantTicket(second.ID, support.OnHold, support.IsCancelling)
		s.after(time.Minute)
		s.wantTicket(first.ID, support.Solved, support.WasRefunded)
		s.wantTicket(second.ID, support.Solved, support.WasRefunded)
	}},
	{"a ticket is solved by the hand-over", config{carrier: slowCarrier(4 * time.Hour), policy: firstScan}, func(s *shop) {
		o := s.place(cup())
		s.after(11 * time.Hour)
		ticket := s.raise(o, support.CancelRequest)
		s.after(5 * time.Hour)
		s.wantTicket(ticket.ID, support.Solved, support.TooLate)
		s.wantCount(o, shipping.EventShipped, 1)
	}},
	{"a solved ticket is reopened by a person", config{}, reopened},
	{"a person sees to a ticket at every point", config{gateway: slowGateway}, assigned},
	{"tickets are in the views of who is to do something", config{}, viewed},
	{"people write in a ticket for each other", config{gateway: slowGateway}, noted},
	{"a note is kept", config{}, func(s *shop) {
		o := s.place(cup())
		_, err := s.Note(s.t.Context(), person(""), o.ID, "Made up: wrap it well.")
		must(s.t, err)
		if v := s.show(o.ID); len(v.Notes) != 1 || v.Notes[0].Text != "Made up: wrap it well." {
			s.t.Errorf("the notes are %+v", v.Notes)
		}
		s.after(time.Minute)
		s.expect(o, underWay)
	}},
}

// viewed has tickets wait for each other: which of them a person finds in which view.
func viewed(s *shop) {
	ctx, t := s.t.Context(), s.t
	open := func() string { return s.raise(order.Order{}, support.Other).ID }
	views := func(want map[support.View]int64) {
		t.Helper()
		all, err := s.TicketViews(ctx, "agent:7")
		must(t, err)
		for _, v := range all {
			listed, err := s.Tickets(ctx, support.Filter{View: v.View, Me: "agent:7", Limit: 9})
			must(t, err)
			if v.Tickets != want[v.View] || int64(len(listed)) != v.Tickets || v.More {
				t.Errorf("in the view %s are %d tickets, of which %d are listed; want %d", v.View, v.Tickets, len(listed), want[v.View])
			}
		}
	}
	first, second := open(), open()
	_, err := s.AssignTicket(ctx, person(""), second, "agent:7")
	must(t, err)
	views(map[support.View]int64{support.ViewOpen: 2, support.ViewMine: 1, support.ViewUnassigned: 1})
	_, err = s.ReplyTicket(ctx, person(""), second, support.FromShop, "Made up: which one?")
	must(t, err)
	s.after(20 * time.Hour)
	_, err = s.ReplyTicket(ctx, person(""), second, support.FromCustomer, "Made up: the blue one.")
	must(t, err)
	_, err = s.ReplyTicket(ctx, person(""), first, support.FromCustomer, "Made up: are you there?") // it waits from when it was opened
	must(t, err)
	s.after(5 * time.Hour)
	views(map[support.View]int64{support.ViewOpen: 2, support.ViewMine: 1, support.ViewUnassigned: 1, support.ViewOverdue: 1})
	s.after(20 * time.Hour)
	for before, want := range map[string]string{"": first, s.ticket(first).Ticket.Place(support.ViewOverdue): second} {
		if late, err := s.Tickets(ctx, support.Filter{View: support.ViewOverdue, Before: before, Limit: 1}); err != nil || len(late) != 1 || late[0].ID != want {
			t.Errorf("behind %q is overdue: %+v (%v)", before, late, err)
		}
	}
	_, err = s.ReplyTicket(ctx, person(""), first, support.FromShop, "Made up: we are.")
	must(t, err)
	_, err = s.SolveTicket(ctx, person(""), second, "Made up: it is on its way.")
	must(t, err)
	views(map[support.View]int64{support.ViewOpen: 1, support.ViewUnassigned: 1, support.ViewPending: 1})
}

// noted has notes kept in a ticket until it is closed, apart from what the customer reads.
func noted(s *shop) {
	ctx, t := s.t.Context(), s.t
	id := s.raise(order.Order{}, support.Other).ID
	_, err := s.NoteTicket(ctx, person(""), id, " ")
	s.refused(fault.Invalid, err)
	note := func() {
		t.Helper()
		before := s.ticket(id)
		_, err := s.NoteTicket(ctx, person(""), id, "Made up: they have asked before.")
		must(t, err)
		now := s.ticket(id)
		last := now.Notes[len(now.Notes)-1]
		if len(now.Notes) != len(before.Notes)+1 || len(now.Messages) != len(before.Messages) || now.Ticket.Status != before.Ticket.Status || last.N != now.Ticket.Version || last.By != string(person("").By) {
			t.Errorf("a note was kept as %+v in %+v", now.Notes, now.Ticket)
		}
	}
	note()
	_, err = s.ReplyTicket(ctx, person(""), id, support.FromShop, "Made up.")
	must(t, err)
	note()
	_, err = s.SolveTicket(ctx, person(""), id, "Made up.")
	must(t, err)
	note()
	s.after(8 * day)
	_, err = s.NoteTicket(ctx, person(""), id, "Made up.")
	s.refused(fault.Conflict, err)
	o := s.place(cup())
	s.after(time.Second)
	waits := s.raise(o, support.CancelRequest)
	if r, err := s.NoteTicket(ctx, person(""), waits.ID, "Made up."); err != nil || r.Value.Status != support.OnHold {
		t.Errorf("a note of what waits for its order: %+v (%v)", r.Value, err)
	}
	s.after(time.Minute)
}

func eachCategory(s *shop) {
	o := s.place(cup())
	s.after(time.Minute)
	for _, tt := range []struct {
		category support.Category
		status   support.Status
		reason   support.Reason
	}{
		{support.OrderIssue, support.Solved, support.OnItsWay},
		{support.WhereIsMyOrder, support.Solved, support.OnItsWay},
		{support.CancelRequest, support.Solved, support.TooLate},
		{support.Damaged, support.Open, support.NeedsPerson},
		{support.WrongItem, support.Open, support.NeedsPerson},
		{support.AddressChange, support.Solved, support.AddressTooLate},
		{support.PaymentIssue, support.Solved, support.WasPaid},
		{support.Other, support.Open, support.NeedsPerson},
		{"made_up", support.Open, support.UnknownCategory},
	} {
		ticket := s.raise(o, tt.category)
		s.wantTicket(ticket.ID, tt.status, tt.reason)
		v := s.ticket(ticket.ID)
		if len(v.Messages) != 2 || v.Messages[1].From != support.FromProcess || len(v.Decisions) != 1 || v.Decisions[0].Facts.Category != tt.category {
			s.t.Errorf("the ticket is %+v", v)
		}
	}
	_, err := s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Order: "ord_none", Category: support.Other, Body: "made up"}})
	s.refused(fault.NotFound, err)
	_, err = s.OpenTicket(s.t.Context(), person(""), process.TicketRequest{Request: support.Request{Category: support.Other}})
	s.refused(fault.Invalid, err)
}

func loneTicket(s *shop) {
	r, err := s.OpenTicket(s.t.Context(), process.Command{By: "customer"}, process.TicketRequest{Request: support.Request{Category: support.OrderIssue, Body: "made up"}})
	must(s.t, err)
	s.wantTicket(r.Value.ID, support.Open, support.NoOrder)
	_, err = s.SolveTicket(s.t.Context(), person(""), r.Value.ID, "Made up answer.")
	must(s.t, err)
	s.wantTicket(r.Value.ID, support.Solved, support.NoOrder)
	s.after(6 * day)
	s.wantTicket(r.Value.ID, support.Solved, support.NoOrder)
	s.after(2 * day)
	s.wantTicket(r.Value.ID, support.Closed, support.NoOrder)
}

// talk goes through what people write in a ticket.
func talk(s *shop) {
	o := s.place(cup())
	id := s.raise(o, support.Damaged).ID
	for _, step := range []struct {
		from support.Author
		want support.Status
	}{
		{support.FromCustomer, support.Open},
		{support.FromShop, support.Pending},
		{support.FromShop, support.Pending},
		{support.FromCustomer, support.Open},
		{support.FromShop, support.Pending},
	} {
		s.reply(id, step.from, step.want)
	}
	s.solve(id)
	s.reply(id, support.FromShop, support.Solved)
	s.reply(id, support.FromCustomer, support.Open)
	_, err := s.ReopenTicket(s.t.Context(), person(""), id, "")
	s.refused(fault.Conflict, err)
	s.solve(id)
	solvedAlready := func(how string) {
		_, err := s.SolveTicket(s.t.Context(), person(""), id, "Again.")
		s.refused(fault.Conflict, err)
		if want := "ticket " + id + " is " + how + " already"; fault.As(err).Message != want {
			s.t.Errorf("the answer is %v, not %s", err, want)
		}
	}
	solvedAlready("solved")
	s.after(8 * day)
	s.wantTicket(id, support.Closed, support.NeedsPerson)
	solvedAlready("closed")
	_, err = s.ReopenTicket(s.t.Context(), person(""), id, "Too late.")
	s.refused(fault.Conflict, err)
	for _, from := range []support.Author{support.FromCustomer, support.FromShop} {
		_, err := s.ReplyTicket(s.t.Context(), person(""), id, from, "Too late.")
		s.refused(fault.Conflict, err)
		if want := "ticket " + id + " is closed: raise the matter in a new ticket, and name this one in it"; fault.As(err).Message != want {
			s.t.Errorf("the answer is %v, not %s", err, want)
		}
	}
	if n := len(s.ticket(id).Messages); n != 11 {
		s.t.Errorf("the ticket has %d messages", n)
	}
}

// reopened has a ticket that has held its order reopened: that goes on, and the ticket
// is not closed before it is solved another time.
func reopened(s *shop) {
	o := s.place(cup())
	id := s.raiseToHold(o).ID
	s.solve(id)
	s.after(6 * day)
	by := person("reopen")
	for range 2 {
		r, err := s.ReopenTicket(s.t.Context(), by, id, "We look again.")
		must(s.t, err)
		if r.Value.Status != support.Open || r.Value.Holds != "" || r.Value.Messages != 4 {
			s.t.Errorf("the reopened ticket is %+v", r.Value)
		}
	}
	s.wantHeld(o, "")
	s.after(30 * day)
	s.wantTicket(id, support.Open, support.HoldsOrder)
	s.wantCount(o, support.EventReopened, 1)
	if v := s.show(o.ID); v.Order.OpenTickets != 1 || v.Order.Status != order.Delivered {
		s.t.Errorf("the order is %+v", v.Order)
	}
	_, err := s.ReopenTicket(s.t.Context(), person(""), id, "\x1b")
	s.refused(fault.Invalid, err)
	s.solve(id)
	s.after(6 * day)
	s.wantTicket(id, support.Solved, support.HoldsOrder)
	s.after(2 * day)
	s.wantTicket(id, support.Closed, support.HoldsOrder)
}

func (s *shop) reply(id string, from support.Author, want support.Status) {
	s.t.Helper()
	r, err := s.ReplyTicket(s.t.Context(), person(""), id, from, "made up")
	must(s.t, err)
	if r.Value.Status != want {
		s.t.Errorf("after a message of the %s the ticket is %s, not %s", from, r.Value.Status, want)
	}
}

func (s *shop) solve(id string) {
	s.t.Helper()
	_, err := s.SolveTicket(s.t.Context(), person(""), id, "Made up answer.")
	must(s.t, err)
}

func everyPoint(s *shop) {
	s.gateway.authorise.say(gatewayAway)
	o := s.place(cup())
	s.after(0)
	s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.PayingNow)
	s.after(time.Minute)
	s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.BeingPrepared)
	s.handOver(o, "")
	s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Solved, support.OnItsWay)
	s.after(14 * day)
	s.wantTicket(s.raise(o, support.WhereIsMyOrder).ID, support.Open, support.DeliveredMissing)
	s.wantTicket(s.raise(o, support.OrderIssue).ID, support.Open, support.DeliveredIssue)
	s.wantTicket(s.raise(o, support.CancelRequest).ID, support.Solved, support.HasArrived)

	declined := s.place(request(2, "CUP"))
	s.gateway.authorise.say(declinedHard)
	s.after(time.Minute)
	s.wantTicket(s.raise(declined, support.OrderIssue).ID, support.Solved, support.WasDeclined)
}

func ticketWaits(s *shop) {
	s.gateway.refund.say(gatewayAway)
	o := s.place(sentTo(carrier.PostalFailLabel))
	s.after(0)
	ticket := s.raise(o, support.OrderIssue)
	s.wantTicket(ticket.ID, support.OnHold, support.RefundPending)
	s.reply(ticket.ID, support.FromCustomer, support.OnHold)
	s.reply(ticket.ID, support.FromShop, support.OnHold)
	_, err := s.SolveTicket(s.t.Context(), person(""), ticket.ID, "made up")
	s.refused(fault.Conflict, err)
	s.after(time.Minute)
	s.wantTicket(ticket.ID, support.Solved, support.WasRefunded)
	s.after(8 * day)
	s.wantTicket(ticket.ID, support.Closed, support.WasRefunded)
}

// assigned has tickets that wait for their order, a person and the customer be
// seen to by someone.
func assigned(s *shop) {
	ctx := s.t.Context()
	o := s.place(cup())
	s.after(time.Second)
	waits, open := s.raise(o, support.CancelRequest), s.raise(o, support.Other)
	assign := func(id string, who access.Actor) error {
		_, err := s.AssignTicket(ctx, person(""), id, who)
		return err
	}
	must(s.t, assign(waits.ID, "agent:7"))
	must(s.t, assign(open.ID, "agent:7"))
	must(s.t, assign(open.ID, "agent:7"))
	_, err := s.ReplyTicket(ctx, person(""), open.ID, support.FromShop, "Which one?")
	must(s.t, err)
	must(s.t, assign(open.ID, "operator"))
	s.wantCount(o, support.EventAssigned, 3)
	if t := s.ticket(open.ID).Ticket; t.Assignee != "operator" || t.Status != support.Pending {
		s.t.Errorf("the ticket is %+v", t)
	}
	mine, err := db.View(ctx, s.db, func(r db.Reader) ([]support.Ticket, error) {
		return support.List(r, support.Filter{Assignee: "agent:7", Limit: 10})
	})
	must(s.t, err)
	if len(mine) != 1 || mine[0].ID != waits.ID {
		s.t.Errorf("agent:7 sees to %+v", mine)
	}
	must(s.t, assign(open.ID, ""))
	s.solve(open.ID)
	s.refused(fault.Conflict, assign(open.ID, "agent:7"))
	for _, nobody := range []access.Actor{"process", "customer", "provider:simulated", "made.up@example.com", "Made Up", "agent:", ":7"} {
		s.refused(fault.Invalid, assign(waits.ID, nobody))
	}
	s.refused(fault.NotFound, assign("tkt_gone", "agent:7"))
	s.after(time.Minute)
	if t := s.ticket(waits.ID).Ticket; t.Assignee != "agent:7" || t.Status != support.Solved {
		s.t.Errorf("the ticket is %+v", t)
	}
}
