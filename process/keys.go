package process

import (
	"context"

	"doorstep/access"
	"doorstep/internal/db"
)

// NewKey is an API key with its secret, which is kept nowhere.
type NewKey struct {
	access.Key
	Secret access.Secret `json:"secret,omitempty"` // "" in an answer that is given again
}

// AddKey makes an API key. Its secret is in this answer alone: under the same
// command key, the answer comes again without it.
//
// Errors: invalid; forbidden.
func (p *Process) AddKey(ctx context.Context, by Command, q access.KeyRequest) (Result[NewKey], error) {
	secret := access.NewSecret()
	r, err := once(ctx, p, by, "add_key", q, nil, func(tx *db.Tx) (access.Key, error) {
		k, err := q.Make(p.ids.New("key", tx.Now(), string(secret)), by.By, tx.Now())
		if err == nil {
			access.InsertKey(tx, k, secret)
		}
		return k, err
	})
	if r.Replayed || err != nil {
		secret = ""
	}
	return Result[NewKey]{Value: NewKey{r.Value, secret}, Replayed: r.Replayed}, err
}

// RevokeKey ends an API key for good. One that was revoked stays as it is.
//
// Errors: not_found; forbidden.
func (p *Process) RevokeKey(ctx context.Context, by Command, id string) (Result[access.Key], error) {
	return once(ctx, p, by, "revoke_key", id, []db.Lock{access.KeyLock(id)}, func(tx *db.Tx) (access.Key, error) {
		k, err := access.GetKey(tx, id)
		if err != nil || !k.RevokedAt.IsZero() {
			return k, err
		}
		k.RevokedBy, k.RevokedAt = by.By, tx.Now()
		access.SaveRevoked(tx, k)
		return k, nil
	})
}

// Keys returns API keys without their secrets, the newest first: up to limit of those
// made before the one with the id, "" for all.
func (p *Process) Keys(ctx context.Context, before string, limit int) ([]access.Key, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]access.Key, error) { return access.Keys(r, before, limit) })
}

// KeyBySecret returns the API key that a secret opens, if there is one and it can be
// used now.
func (p *Process) KeyBySecret(ctx context.Context, s access.Secret) (k access.Key, valid bool, err error) {
	k, err = db.View(ctx, p.db, func(r db.Reader) (access.Key, error) {
		k, found, err := access.KeyBySecret(r, s)
		valid = found && k.ValidAt(r.Now())
		return k, err
	})
	return k, valid, err
}
