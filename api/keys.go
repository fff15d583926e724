package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/process"
)

// KeyPath names an API key.
type KeyPath struct {
	Key string `path:"key" maxLength:"64" example:"key_01JD3Z0000000000000000000A" doc:"The identifier of the API key."`
}

func (a *API) apiKeys() {
	register(a, operation{
		id: "create-key", method: http.MethodPost, path: "/v1/keys", tag: "keys", scope: access.Admin, status: http.StatusCreated, answer: process.NewKey{},
		summary:     "Make an API key",
		description: "The secret is in this answer alone: it is kept nowhere. Asked again under the same idempotency key, the answer comes without it.",
	}, func(ctx context.Context, in *struct {
		Posting
		Sent[access.KeyRequest]
	}) (answer, error) {
		r, err := a.process.AddKey(ctx, command(ctx, in.key()), in.Value)
		return answer{body: r.Value, replayed: r.Replayed, location: "/v1/keys/" + r.Value.ID}, err
	})
	register(a, operation{
		id: "list-keys", method: http.MethodGet, path: "/v1/keys", tag: "keys", scope: access.Admin, answer: Page[access.Key]{},
		summary: "List the API keys, the newest first",
	}, func(ctx context.Context, in *Paging) (answer, error) {
		keys, err := a.process.Keys(ctx, in.Cursor, in.Limit+1)
		return answer{body: page(keys, in.Limit, func(k access.Key) string { return k.ID })}, err
	})
	register(a, operation{
		id: "revoke-key", method: http.MethodPost, path: "/v1/keys/{key}/revoke", tag: "keys", scope: access.Admin, answer: access.Key{},
		summary:     "End an API key for good",
		description: "It is refused within a second, on every node.",
	}, func(ctx context.Context, in *struct {
		KeyPath
		Posting
	}) (answer, error) {
		r, err := a.process.RevokeKey(ctx, command(ctx, in.key()), in.Key)
		return answer{body: r.Value, replayed: r.Replayed}, err
	})
}
