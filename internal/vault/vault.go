// Package vault seals the secrets that the database keeps, with a key that it does not
// keep: who has the database alone can not read them.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"doorstep/fault"
)

// keyBytes is how long a key is: that of AES-256.
const keyBytes = 32

// Vault seals and opens. It is for many callers at once.
type Vault struct {
	given string // the key, in base64
	file  string // or where it stands

	mu  sync.Mutex
	key []byte // nil until it is needed
}

// New returns a vault under a key, which is 32 random bytes in base64, or under that in
// a file. The file is made when something is sealed first, for its owner alone.
//
// Errors: invalid when the key is none.
func New(key, file string) (*Vault, error) {
	v := &Vault{given: key, file: file}
	if key == "" {
		return v, nil
	}
	_, err := v.load(false)
	return v, err
}

// NewKey draws a key.
func NewKey() string {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // it never fails: https://pkg.go.dev/crypto/rand#Read
	return base64.StdEncoding.EncodeToString(key)
}

// Sealed is a secret as it is kept: which key it takes, and what that makes of it, in
// base64. "" is no secret.
type Sealed string

const version = "v1."

// Seal seals a secret for a purpose, which it can be opened for alone.
//
// Errors: unavailable when there is no key and none can be made.
func (v *Vault) Seal(purpose, secret string) (Sealed, error) {
	key, err := v.load(true)
	if err != nil {
		return "", err
	}
	sealed := sealing(key).Seal(nil, nil, []byte(secret), []byte(purpose))
	return Sealed(version + base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// Open returns what was sealed for a purpose.
//
// Errors: unavailable when there is no key, or it is another one.
func (v *Vault) Open(purpose string, s Sealed) (string, error) {
	key, err := v.load(false)
	if err != nil {
		return "", err
	}
	text, versioned := strings.CutPrefix(string(s), version)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !versioned {
		return "", fault.New(fault.Unavailable, "what was sealed for %s is damaged", purpose)
	}
	secret, err := sealing(key).Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return "", fault.New(fault.Unavailable, "the key of the shop's secrets is not the one that sealed what is for %s", purpose)
	}
	return string(secret), nil
}

// Derive returns 32 bytes that only who has the key can make, the same for a purpose
// whenever they are asked for.
//
// Errors: as Seal.
func (v *Vault) Derive(purpose string) ([]byte, error) {
	key, err := v.load(true)
	if err != nil {
		return nil, err
	}
	return derive(key, purpose), nil
}

// derive makes a key of its own for a purpose (RFC 5869).
func derive(key []byte, purpose string) []byte {
	made, err := hkdf.Key(sha256.New, key, nil, purpose, keyBytes)
	if err != nil {
		panic("vault: " + err.Error()) // only of a length that is too long
	}
	return made
}

// sealing is AES-256-GCM, which draws a nonce of its own for each secret (NIST SP 800-38D).
func sealing(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(derive(key, "seal"))
	if err != nil {
		panic("vault: " + err.Error()) // only of a length that is none of AES
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("vault: " + err.Error())
	}
	return aead
}

// load returns the key, which it makes where it may and there is none.
func (v *Vault) load(make bool) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.key != nil {
		return v.key, nil
	}
	if v.given != "" {
		return v.take(v.given, fault.Invalid, "that was given")
	}
	text, err := os.ReadFile(v.file)
	if make && errors.Is(err, fs.ErrNotExist) {
		if err = create(v.file); err == nil {
			text, err = os.ReadFile(v.file)
		}
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "there is no key of the shop's secrets: %w", err)
	}
	return v.take(strings.TrimSpace(string(text)), fault.Unavailable, "in "+v.file)
}

func (v *Vault) take(text string, code fault.Code, which string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keyBytes {
		return nil, fault.New(code, "the key of the shop's secrets %s is not %d bytes in base64", which, keyBytes)
	}
	v.key = key
	return key, nil
}

// create writes a new key to a file that only its owner can read, whole or not at all,
// unless someone else has at the same time.
func create(file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*") // for its owner alone
	if err != nil {
		return err
	}
	_, err = f.WriteString(NewKey() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		if err = os.Link(f.Name(), file); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return errors.Join(err, os.Remove(f.Name()))
}
