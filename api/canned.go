package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/process"
	"doorstep/support"
)

// CannedPath names a canned answer.
type CannedPath struct {
	Answer string `path:"answer" maxLength:"64" example:"ans_01JD3Z0000000000000000000A" doc:"The identifier of the canned answer."`
}

func (a *API) cannedAnswers() {
	register(a, operation{
		id: "add-canned-answer", method: http.MethodPost, path: "/v1/canned-answers", tag: "tickets", scope: access.Answers, status: http.StatusCreated, answer: support.Canned{},
		summary: "Keep an answer that is given again and again", description: "Blanks in braces are filled from the ticket that is answered: first_name, name, order_number, reference, tracking_number, carrier and writer.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[support.CannedRequest]
	}) (answer, error) {
		r, err := a.process.AddCanned(ctx, command(ctx, in.key()), in.Value)
		return answer{body: r.Value, replayed: r.Replayed, location: "/v1/canned-answers/" + r.Value.ID}, err
	})
	register(a, operation{
		id: "list-canned-answers", method: http.MethodGet, path: "/v1/canned-answers", tag: "tickets", scope: access.Read, answer: Page[support.Canned]{},
		summary: "List the canned answers, by name", description: "There are never more than 200: all are on one page.",
	}, func(ctx context.Context, _ *struct{}) (answer, error) {
		all, err := a.process.CannedAnswers(ctx)
		return answer{body: Page[support.Canned]{Items: list(all)}}, err
	})
	register(a, operation{
		id: "show-canned-answer", method: http.MethodGet, path: "/v1/canned-answers/{answer}", tag: "tickets", scope: access.Read, answer: support.Canned{},
		summary: "Show a canned answer",
	}, func(ctx context.Context, in *CannedPath) (answer, error) {
		one, err := a.process.CannedAnswer(ctx, in.Answer)
		return answer{body: one}, err
	})
	register(a, operation{
		id: "fill-canned-answer", method: http.MethodGet, path: "/v1/tickets/{ticket}/canned-answers/{answer}", tag: "tickets", scope: access.Read, answer: process.Filled{},
		summary: "Fill a canned answer for a ticket", description: "Nothing is sent. What is not known of the ticket stays in braces; an answer with such a blank is not sent to a customer.",
	}, func(ctx context.Context, in *struct {
		TicketPath
		CannedPath
	}) (answer, error) {
		f, err := a.process.FillCanned(ctx, command(ctx, "").By, in.Ticket, in.Answer)
		f.Missing = list(f.Missing)
		return answer{body: f}, err
	})
	changeCanned(a, "change", "Change a canned answer", "Both its name and its text are given.",
		func(ctx context.Context, by process.Command, id string, q support.CannedRequest) (process.Result[support.Canned], error) {
			return a.process.ChangeCanned(ctx, by, id, q)
		})
	changeCanned(a, "remove", "Remove a canned answer", "What it was stays in its events.",
		func(ctx context.Context, by process.Command, id string, _ Nothing) (process.Result[support.Canned], error) {
			return a.process.RemoveCanned(ctx, by, id)
		})
}

// changeCanned registers an operation that changes a canned answer and answers with it.
func changeCanned[Q any](a *API, verb, summary, description string, do func(context.Context, process.Command, string, Q) (process.Result[support.Canned], error)) {
	register(a, operation{
		id: verb + "-canned-answer", method: http.MethodPost, path: "/v1/canned-answers/{answer}/" + verb, tag: "tickets", scope: access.Answers, answer: support.Canned{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		CannedPath
		Posting
		Sent[Q]
	}) (answer, error) {
		r, err := do(ctx, command(ctx, in.key()), in.Answer, in.Value)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
}
