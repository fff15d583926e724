package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/process"
	"doorstep/support"
)

// TicketPath names a ticket.
type TicketPath struct {
	Ticket string `path:"ticket" maxLength:"64" example:"tkt_01JD3Z0000000000000000000A" doc:"The identifier of the ticket."`
}

// ReplyRequest is what is written in a ticket.
type ReplyRequest struct {
	From support.Author `json:"from,omitempty"` // Whose words these are: the shop's when not said.
	Body string         `json:"body"`           // Lines of text.
}

// TicketNoteRequest is what people of the shop write in a ticket for each other.
type TicketNoteRequest struct {
	Body string `json:"body"` // Lines of text, which no customer is shown.
}

// SolveRequest solves a ticket.
type SolveRequest struct {
	Body string `json:"body"` // What is told the customer.
}

// ReopenRequest opens a solved ticket again.
type ReopenRequest struct {
	Body string `json:"body,omitempty"` // What is told the customer; nothing when it is missing.
}

// AssignRequest says who sees to a ticket.
type AssignRequest struct {
	Assignee access.Actor `json:"assignee"` // A person of the shop, such as agent:7; empty for nobody.
}

func (a *API) tickets() {
	register(a, operation{
		id: "open-ticket", method: http.MethodPost, path: "/v1/tickets", tag: "tickets", scope: access.Tickets, status: http.StatusCreated, answer: support.Ticket{},
		summary:     "Open a ticket",
		description: "The process decides at once what to do about it, within the limits that are policy, and says so in the ticket; what it may not decide waits for a person.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[process.TicketRequest]
	}) (answer, error) {
		q := in.Value
		if q.Order != "" {
			id, err := a.orderID(ctx, q.Order)
			if err != nil {
				return answer{}, err
			}
			q.Order = id
		}
		r, err := a.process.OpenTicket(ctx, command(ctx, in.key()), q)
		return answer{body: r.Value, replayed: r.Replayed, location: "/v1/tickets/" + r.Value.ID}, err
	})
	register(a, operation{
		id: "list-tickets", method: http.MethodGet, path: "/v1/tickets", tag: "tickets", scope: access.Read, answer: Page[support.Ticket]{},
		summary: "List tickets, the newest first", description: "Those that are overdue are listed by how long they wait, the longest first.",
	}, func(ctx context.Context, in *struct {
		Paging
		View     support.View     `query:"view" doc:"Only those in the view: open for what is not solved, mine of that for what the caller sees to, unassigned for what nobody does, pending for what waits for the customer, overdue for what has waited for a person for longer than the policy's answer_within, approvals for what waits for a second person's approval."`
		Status   support.Status   `query:"status" doc:"Only those with the status."`
		Category support.Category `query:"category" doc:"Only those that are about this."`
		Assignee string           `query:"assignee" maxLength:"100" doc:"Only those to which this person sees, such as agent:7."`
	}) (answer, error) {
		f := support.Filter{View: in.View, Me: string(command(ctx, "").By), Status: in.Status, Category: in.Category, Assignee: in.Assignee, Before: in.Cursor, Limit: in.Limit + 1}
		tickets, err := a.process.Tickets(ctx, f)
		return answer{body: page(tickets, in.Limit, func(t support.Ticket) string { return t.Place(in.View) })}, err
	})
	register(a, operation{
		id: "show-ticket", method: http.MethodGet, path: "/v1/tickets/{ticket}", tag: "tickets", scope: access.Read, answer: process.Conversation{},
		summary: "Show a ticket with what was written and decided, and on which facts",
	}, func(ctx context.Context, in *TicketPath) (answer, error) {
		c, err := a.process.ShowTicket(ctx, in.Ticket)
		c.Messages, c.Notes, c.Decisions, c.Lines = list(c.Messages), list(c.Notes), list(c.Decisions), list(c.Lines)
		return answer{body: c}, err
	})
	register(a, operation{
		id: "list-ticket-views", method: http.MethodGet, path: "/v1/ticket-views", tag: "tickets", scope: access.Read, answer: Page[process.InView]{},
		summary: "Say how many tickets there are in each view", description: "Up to 1000 are counted of each. Those of the view mine are the caller's.",
	}, func(ctx context.Context, _ *struct{}) (answer, error) {
		views, err := a.process.TicketViews(ctx, command(ctx, "").By)
		return answer{body: Page[process.InView]{Items: views}}, err
	})
	a.ticketChanges()
}

func (a *API) ticketChanges() {
	changeTicket(a, "reply", "Write in a ticket", "The customer's words open a solved ticket again.",
		func(ctx context.Context, by process.Command, id string, q ReplyRequest) (process.Result[support.Ticket], error) {
			if q.From == "" {
				q.From = support.FromShop
			}
			return a.process.ReplyTicket(ctx, by, id, q.From, q.Body)
		})
	changeTicket(a, "note", "Write in a ticket for those who see to it", "No customer is shown it.",
		func(ctx context.Context, by process.Command, id string, q TicketNoteRequest) (process.Result[support.Ticket], error) {
			return a.process.NoteTicket(ctx, by, id, q.Body)
		})
	changeTicket(a, "solve", "Say that a ticket is solved", "The last ticket that tells of an order is not solved while something of it is owed or stuck.",
		func(ctx context.Context, by process.Command, id string, q SolveRequest) (process.Result[support.Ticket], error) {
			return a.process.SolveTicket(ctx, by, id, q.Body)
		})
	changeTicket(a, "reopen", "Say that a ticket is not solved after all", "A person sees to it again. It holds its order no more, if it did; a closed ticket stays closed.",
		func(ctx context.Context, by process.Command, id string, q ReopenRequest) (process.Result[support.Ticket], error) {
			return a.process.ReopenTicket(ctx, by, id, q.Body)
		})
	changeTicket(a, "assign", "Say who sees to a ticket", "",
		func(ctx context.Context, by process.Command, id string, q AssignRequest) (process.Result[support.Ticket], error) {
			return a.process.AssignTicket(ctx, by, id, q.Assignee)
		})
	changeTicket(a, "approve", "Have done what a ticket proposes", "What is above a limit takes a second person: another one than who raised the ticket.",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[support.Ticket], error) {
			return a.process.ApproveTicket(ctx, by, id)
		})
	changeTicket(a, "reject", "Refuse what a ticket proposes", "A person sees to it then.",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[support.Ticket], error) {
			return a.process.RejectTicket(ctx, by, id)
		})
}

// changeTicket registers an operation that changes a ticket and answers with it.
func changeTicket[Q any](a *API, verb, summary, description string, do func(context.Context, process.Command, string, Q) (process.Result[support.Ticket], error)) {
	register(a, operation{
		id: verb + "-ticket", method: http.MethodPost, path: "/v1/tickets/{ticket}/" + verb, tag: "tickets", scope: access.Tickets, answer: support.Ticket{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		TicketPath
		Posting
		Sent[Q]
	}) (answer, error) {
		r, err := do(ctx, command(ctx, in.key()), in.Ticket, in.Value)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
}
