package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"doorstep/access"
	"doorstep/policy"
	"doorstep/policy/settings"
	"doorstep/process"
)

// PolicyRequest is what is to be another setting of the policy.
type PolicyRequest struct {
	Settings map[string]any `json:"settings"` // Those that change, as the policy has them: what is not named stays as it is.
}

// onto returns the policy with the settings.
//
// Errors: invalid, with the path of each that is unknown or can not be.
func (q PolicyRequest) onto(p policy.Policy) (policy.Policy, error) {
	asked, err := json.Marshal(q.Settings)
	if err != nil {
		return p, err
	}
	return settings.Merge(p, asked)
}

func (a *API) policies() {
	register(a, operation{
		id: "show-policy", method: http.MethodGet, path: "/v1/policy", tag: "policy", scope: access.Read, versioned: true, answer: policy.Version{},
		summary: "Show the policy in force", description: "Version 0 is the default that no one has changed yet.",
	}, func(ctx context.Context, _ *struct{}) (answer, error) {
		current, history, err := a.process.Policies(ctx)
		if err != nil || len(history) == 0 {
			return answer{body: policy.Version{Policy: current}}, err
		}
		return answer{body: history[0], version: history[0].Number}, nil
	})
	register(a, operation{
		id: "list-policies", method: http.MethodGet, path: "/v1/policy/history", tag: "policy", scope: access.Read, answer: Page[policy.Version]{},
		summary: "List the versions of the policy, the newest first",
	}, func(ctx context.Context, in *Paging) (answer, error) {
		before, err := numberBefore(in.Cursor)
		if err != nil {
			return answer{}, err
		}
		_, history, err := a.process.Policies(ctx)
		for before > 0 && len(history) > 0 && history[0].Number >= before {
			history = history[1:]
		}
		return answer{body: page(history[:min(len(history), in.Limit+1)], in.Limit, func(v policy.Version) string { return strconv.FormatInt(v.Number, 10) })}, err
	})
	register(a, operation{
		id: "set-policy", method: http.MethodPost, path: "/v1/policy", tag: "policy", scope: access.Admin, versioned: true, answer: process.PolicyChange{},
		summary:     "Set some of the policy",
		description: "It is the version after the one that it was decided on, and in force at once; other nodes see it within a second.",
	}, func(ctx context.Context, in *struct {
		Posting
		Matching
		Sent[PolicyRequest]
	}) (answer, error) {
		version, err := in.version()
		if err != nil {
			return answer{}, err
		}
		by := command(ctx, in.key()).At(version)
		by.Asked = in.Value
		r, err := a.process.ChangePolicy(ctx, by, in.Value.onto)
		return answer{body: r.Value, version: r.Value.InForce.Number, replayed: r.Replayed}, err
	})
}
