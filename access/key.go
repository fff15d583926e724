package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Key is an API key as it is kept: without its secret, which is shown once.
type Key struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Scopes    []Scope   `json:"scopes"`
	CreatedBy Actor     `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never
	RevokedBy Actor     `json:"revoked_by,omitempty"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: it was not
}

// KeyRequest is an API key as it is asked for.
type KeyRequest struct {
	Name      string    `json:"name"`
	Scopes    []Scope   `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// maxKeyName bounds the name of a key, in bytes.
const maxKeyName = 80

// Make makes a key of the request, by someone at a time.
//
// Errors: invalid.
func (q KeyRequest) Make(id string, by Actor, at time.Time) (Key, error) {
	var c fault.Check
	c.Required("name", q.Name, maxKeyName, "what or whom the key is for")
	scopes := ordered(&c, "scopes", q.Scopes)
	c.If(!q.ExpiresAt.IsZero() && !q.ExpiresAt.After(at), "expires_at", "past", "a time to come")
	return Key{ID: id, Name: q.Name, Scopes: scopes, CreatedBy: by, CreatedAt: at, ExpiresAt: q.ExpiresAt}, c.Err("the API key")
}

// Actor is who acts when the key is used.
func (k Key) Actor() Actor { return Actor("key:" + k.ID) }

// Permit is what the key allows.
func (k Key) Permit() Permit { return Limit(k.Scopes...) }

// ValidAt says whether the key can be used at a time.
func (k Key) ValidAt(t time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || t.Before(k.ExpiresAt))
}

// Secret is what a caller shows to be let in as a key.
type Secret string

// NewSecret draws one: 26 letters and digits of 5 random bits each, behind a prefix by
// which programs that look for leaked secrets can know it.
func NewSecret() Secret { return Secret("dsk_" + rand.Text()) }

// hash is how a secret is kept. It was drawn at random and needs no slow hash, which
// is for what people choose.
func (s Secret) hash() string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// InsertKey writes a new key.
func InsertKey(tx *db.Tx, k Key, s Secret) {
	tx.Write(`INSERT INTO api_keys (id, name, hash, scopes, created_by, created_at, expires_at, revoked_by, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0)`,
		k.ID, k.Name, s.hash(), joined(k.Scopes), string(k.CreatedBy), db.Micros(k.CreatedAt), db.Micros(k.ExpiresAt))
}

// SaveRevoked writes that a key was revoked.
func SaveRevoked(tx *db.Tx, k Key) {
	tx.Write(`UPDATE api_keys SET revoked_by = $1, revoked_at = $2 WHERE id = $3`, string(k.RevokedBy), db.Micros(k.RevokedAt), k.ID)
}

const keyColumns = `id, name, scopes, created_by, created_at, expires_at, revoked_by, revoked_at`

func scanKey(row db.Row) (Key, error) {
	var k Key
	var scopes string
	var created, expires, revoked int64
	err := row.Scan(&k.ID, &k.Name, &scopes, (*string)(&k.CreatedBy), &created, &expires, (*string)(&k.RevokedBy), &revoked)
	k.Scopes, k.CreatedAt, k.ExpiresAt, k.RevokedAt = split(scopes), db.Time(created), db.Time(expires), db.Time(revoked)
	return k, err
}

// KeyBySecret returns the key that a secret opens, if there is one, be it valid or not.
func KeyBySecret(r db.Reader, s Secret) (Key, bool, error) {
	return db.One(r, scanKey, `SELECT `+keyColumns+` FROM api_keys WHERE hash = $1`, s.hash())
}

// GetKey returns a key. Errors: not_found.
func GetKey(r db.Reader, id string) (Key, error) {
	k, found, err := db.One(r, scanKey, `SELECT `+keyColumns+` FROM api_keys WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no API key %.60q", id)
	}
	return k, err
}

// Keys returns up to limit keys made before the one with the id ("" for all), the
// newest first.
func Keys(r db.Reader, before string, limit int) ([]Key, error) {
	if before == "" {
		return db.All(r, scanKey, `SELECT `+keyColumns+` FROM api_keys ORDER BY id DESC LIMIT $1`, limit)
	}
	return db.All(r, scanKey, `SELECT `+keyColumns+` FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
}

// KeyLock is what a change of a key holds.
func KeyLock(id string) db.Lock { return db.Lock{Rank: 15, Key: id} }
