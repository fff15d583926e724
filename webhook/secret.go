package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"doorstep/internal/vault"
)

// Secret is what the messages of an endpoint are signed with: whsec_, and the key in
// base64.
type Secret string

const secretPrefix = "whsec_"

// keyBytes is how long a key is: as long as what HMAC-SHA256 makes of it.
const keyBytes = 32

// NewSecret draws one.
func NewSecret() Secret {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // it never fails: https://pkg.go.dev/crypto/rand#Read
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

// Sign returns the signature of a message that is sent under an identifier at a time.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s), secretPrefix))
	if err != nil {
		panic("webhook: a secret that was not drawn here")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Seal seals a secret as it is kept of an endpoint, and of no other.
//
// Errors: unavailable when there is no key to seal with.
func (s Secret) Seal(in *vault.Vault, endpoint string) (vault.Sealed, error) {
	return in.Seal(purpose(endpoint), string(s))
}

func purpose(endpoint string) string { return "webhook " + endpoint }

// Rotate gives the endpoint a new secret. The one before signs as well until a time.
func (e *Endpoint) Rotate(to vault.Sealed, until time.Time) {
	e.previous, e.PreviousUntil, e.secret = e.secret, until, to
}

// signatures are those of a message by all secrets that sign at the time.
//
// Errors: unavailable when there is no key to open them with, or another one.
func (e Endpoint) signatures(in *vault.Vault, id string, at time.Time, body []byte) (string, error) {
	by := []vault.Sealed{e.secret}
	if e.previous != "" && at.Before(e.PreviousUntil) {
		by = append(by, e.previous)
	}
	signed := make([]string, len(by))
	for i, sealed := range by {
		secret, err := in.Open(purpose(e.ID), sealed)
		if err != nil {
			return "", err
		}
		signed[i] = Secret(secret).Sign(id, at, body)
	}
	return strings.Join(signed, " "), nil
}

// messageID is under what an event is sent to an endpoint: the same whenever it is.
func messageID(endpoint, event string) string {
	sum := sha256.Sum256([]byte(endpoint + "/" + event))
	return "msg_" + base32.StdEncoding.EncodeToString(sum[:])[:26]
}
