package process

import (
	"context"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/webhook"
)

// NewWebhook is a webhook with its secret, which is shown once.
type NewWebhook struct {
	webhook.Endpoint
	Secret webhook.Secret `json:"secret,omitempty"` // "" in an answer that is given again
}

// AddWebhook adds an endpoint, which is sent what happens from now on. Its secret is in
// this answer alone: under the same command key, the answer comes again without it.
//
// Errors: invalid; conflict when there are as many as there can be; forbidden;
// unavailable when there is no key to seal its secret with.
func (p *Process) AddWebhook(ctx context.Context, by Command, q webhook.Request) (Result[NewWebhook], error) {
	secret := webhook.NewSecret()
	r, err := once(ctx, p, by, "add_webhook", q, []db.Lock{webhook.ListLock()}, func(tx *db.Tx) (webhook.Endpoint, error) {
		if err := q.Check(p.webhookHosts); err != nil {
			return webhook.Endpoint{}, err
		}
		all, err := webhook.All(tx)
		if err != nil {
			return webhook.Endpoint{}, err
		}
		if len(all) >= webhook.MaxEndpoints {
			return webhook.Endpoint{}, fault.New(fault.Conflict, "there are %d webhooks already, and no more can be", len(all))
		}
		e := webhook.Endpoint{
			ID: p.ids.New(webhook.Prefix, tx.Now(), string(secret)), Version: 1, Name: q.Name, URL: q.URL, Types: append([]event.Type{}, q.Types...),
			State: webhook.Enabled, CreatedBy: by.By, CreatedAt: tx.Now(),
		}
		sealed, err := secret.Seal(p.secrets, e.ID)
		if err == nil {
			err = webhook.Insert(tx, e, sealed)
		}
		if err != nil {
			return e, err
		}
		e.Say(tx, webhook.EventAdded, by.By)
		return e, nil
	})
	return withSecret(r, secret, err)
}

// withSecret is an answer with the secret that was drawn for it, unless it is given again.
func withSecret(r Result[webhook.Endpoint], secret webhook.Secret, err error) (Result[NewWebhook], error) {
	if r.Replayed || err != nil {
		secret = ""
	}
	return Result[NewWebhook]{Value: NewWebhook{r.Value, secret}, Replayed: r.Replayed}, err
}

// changeWebhook carries out a use case on an endpoint, which the function changes, or
// not.
//
// Errors: not_found; forbidden.
func (p *Process) changeWebhook(ctx context.Context, by Command, useCase, id string, request any, says event.Type, do func(*db.Tx, *webhook.Endpoint) (changed bool, err error)) (Result[webhook.Endpoint], error) {
	return once(ctx, p, by, useCase, []any{id, request}, []db.Lock{webhook.Lock(id)}, func(tx *db.Tx) (webhook.Endpoint, error) {
		e, err := webhook.Get(tx, id)
		if err != nil {
			return e, err
		}
		changed, err := do(tx, &e)
		if err == nil && changed {
			e.Change(tx, says, by.By)
		}
		return e, err
	})
}

// ChangeWebhook makes an endpoint another one: its name, address and types.
//
// Errors: invalid; not_found; forbidden.
func (p *Process) ChangeWebhook(ctx context.Context, by Command, id string, q webhook.Request) (Result[webhook.Endpoint], error) {
	return p.changeWebhook(ctx, by, "change_webhook", id, q, webhook.EventChanged, func(_ *db.Tx, e *webhook.Endpoint) (bool, error) {
		e.Name, e.URL, e.Types = q.Name, q.URL, append([]event.Type{}, q.Types...)
		return true, q.Check(p.webhookHosts)
	})
}

// DisableWebhook has an endpoint sent nothing until it is enabled again.
//
// Errors: not_found; forbidden.
func (p *Process) DisableWebhook(ctx context.Context, by Command, id string) (Result[webhook.Endpoint], error) {
	return p.changeWebhook(ctx, by, "disable_webhook", id, nil, webhook.EventDisabled, func(_ *db.Tx, e *webhook.Endpoint) (bool, error) {
		if e.State == webhook.Disabled {
			return false, nil
		}
		e.State, e.Why = webhook.Disabled, webhook.ByPerson
		return true, nil
	})
}

// EnableWebhook has an endpoint sent what it was not sent, from where it stopped, at once.
//
// Errors: not_found; forbidden.
func (p *Process) EnableWebhook(ctx context.Context, by Command, id string) (Result[webhook.Endpoint], error) {
	return p.changeWebhook(ctx, by, "enable_webhook", id, nil, webhook.EventEnabled, func(tx *db.Tx, e *webhook.Endpoint) (bool, error) {
		webhook.TryAgain(tx, id)
		changed := e.State != webhook.Enabled
		e.State, e.Why = webhook.Enabled, ""
		return changed, nil
	})
}

// MaxOverlap bounds for how long the secret before signs beside a new one.
const MaxOverlap = 7 * 24 * time.Hour

// RotateWebhook gives an endpoint a new secret, which is shown as AddWebhook shows it. The
// one before signs as well for the time of overlap; one before that does no more.
//
// Errors: invalid when the overlap is none; not_found; forbidden; unavailable as of
// AddWebhook.
func (p *Process) RotateWebhook(ctx context.Context, by Command, id string, overlap time.Duration) (Result[NewWebhook], error) {
	secret := webhook.NewSecret()
	r, err := p.changeWebhook(ctx, by, "rotate_webhook", id, overlap, webhook.EventRotated, func(tx *db.Tx, e *webhook.Endpoint) (bool, error) {
		var c fault.Check
		c.If(overlap < 0 || overlap > MaxOverlap, "overlap", "out_of_range", "from 0 to %s", MaxOverlap)
		if err := c.Err("the rotation"); err != nil {
			return false, err
		}
		sealed, err := secret.Seal(p.secrets, e.ID)
		e.Rotate(sealed, tx.Now().Add(overlap))
		return true, err
	})
	return withSecret(r, secret, err)
}

// ReplayWebhook has an endpoint sent everything again from an event on, which its ID
// names, or from the beginning when that is empty. Each is sent under the identifier that
// it had.
//
// Errors: invalid when there is no such event; not_found; forbidden.
func (p *Process) ReplayWebhook(ctx context.Context, by Command, id, from string) (Result[webhook.Endpoint], error) {
	return p.changeWebhook(ctx, by, "replay_webhook", id, from, webhook.EventReplayed, func(tx *db.Tx, _ *webhook.Endpoint) (bool, error) {
		to, err := event.Before(tx, from)
		if err == nil {
			webhook.Rewind(tx, id, to)
		}
		return true, err
	})
}

// Webhooks returns all endpoints, the newest first.
func (p *Process) Webhooks(ctx context.Context) ([]webhook.Endpoint, error) {
	return db.View(ctx, p.db, webhook.All)
}

// Webhook returns an endpoint. Errors: not_found.
func (p *Process) Webhook(ctx context.Context, id string) (webhook.Endpoint, error) {
	return db.View(ctx, p.db, func(r db.Reader) (webhook.Endpoint, error) { return webhook.Get(r, id) })
}

// WebhookDeliveries returns up to limit of the last tries to deliver to an endpoint, before
// the n-th (0 for the last of all), the newest first.
//
// Errors: not_found.
func (p *Process) WebhookDeliveries(ctx context.Context, id string, before int64, limit int) ([]webhook.Delivery, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]webhook.Delivery, error) {
		if _, err := webhook.Get(r, id); err != nil {
			return nil, err
		}
		return webhook.Deliveries(r, id, before, limit)
	})
}
