package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/insight/figures"
)

func (a *API) shopFigures() {
	register(a, operation{
		id: "get-figures", method: http.MethodGet, path: "/v1/figures", tag: "figures", scope: access.Read, answer: figures.Today{},
		summary: "See how the shop does",
		description: "What happened by the minute and by the hour, today and within seven days, how long orders took, what waits, and what gateways and carriers have answered. " +
			"It is counted as it happens, so that it costs a large shop no more than a small one; what is not counted yet is later than `counted_until`. Days are those of UTC.",
	}, func(ctx context.Context, in *struct {
		Minutes int `query:"minutes" minimum:"1" maximum:"1440" default:"60" doc:"How many of the last minutes are shown."`
	}) (answer, error) {
		found, err := a.figures.Today(ctx, in.Minutes)
		return answer{body: found}, err
	})
	register(a, operation{
		id: "list-running-out", method: http.MethodGet, path: "/v1/figures/running-out", tag: "figures", scope: access.Read, answer: figures.RunsOut{},
		summary:     "List what runs out soon, what does first first",
		description: "At the rate at which it was ordered lately. It has no pages: what is left out is counted.",
	}, func(ctx context.Context, in *struct {
		Days   int `query:"days" minimum:"1" maximum:"56" default:"14" doc:"How many of the last days, today's included, say how much is sold."`
		Within int `query:"within" minimum:"0" maximum:"365" default:"14" doc:"Only what runs out within so many days."`
		Limit  int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	}) (answer, error) {
		found, err := a.figures.RunsOutSoon(ctx, in.Days, in.Within, in.Limit)
		return answer{body: found}, err
	})
}
