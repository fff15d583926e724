package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"doorstep/fault"

	"golang.org/x/crypto/argon2"
)

// The bounds of a password: NIST SP 800-63B-4, 3.1.1.2, has at least 15 characters where
// nothing else is asked for, no rules about which, and 64 or more taken.
const (
	minPassword = 15 // characters
	maxPassword = 256
)

// Password is one as a person types it. It is never kept, logged or shown.
type Password string

// String hides it, also from logs.
func (Password) String() string { return "(a password)" }

// Check names the field unless the password can be chosen.
func (p Password) Check(c *fault.Check, path string) {
	c.If(utf8.RuneCountInString(string(p)) < minPassword, path, "too_short", "at least %d characters, such as five words", minPassword)
	c.If(len(p) > maxPassword, path, "too_long", "at most %d bytes", maxPassword)
	c.If(!utf8.ValidString(string(p)), path, "not_utf8", "valid UTF-8")
	first, _ := utf8.DecodeRuneInString(string(p))
	c.If(p != "" && strings.Trim(string(p), string(first)) == "", path, "too_simple", "more than one character again and again")
}

// cost is what it takes to try a password: argon2id, the second of the options that
// RFC 9106, section 4, recommends, which is above what OWASP's Password Storage Cheat
// Sheet asks for.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

var usual = cost{memory: 64 << 10, passes: 3, lanes: 4}

// The sizes of a hash, in bytes: RFC 9106, section 4.
const (
	saltSize = 16
	tagSize  = 32
)

// Hash is a password as it is kept: a string in PHC format
// (https://github.com/P-H-C/phc-string-format), "" for none.
type Hash string

// Hash hashes the password under a salt that it draws. It takes 64 MiB and about a tenth
// of a second.
func (p Password) Hash() Hash {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	return usual.hash(p, salt)
}

func (k cost) hash(p Password, salt []byte) Hash {
	return k.phc(salt, argon2.IDKey([]byte(p), salt, k.passes, k.memory, k.lanes, tagSize))
}

func (k cost) phc(salt, tag []byte) Hash {
	return Hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, k.memory, k.passes, k.lanes, b64.EncodeToString(salt), b64.EncodeToString(tag)))
}

var b64 = base64.RawStdEncoding

// nobody is what is compared with where there is no hash, so that it takes as long.
var nobody = usual.phc(make([]byte, saltSize), make([]byte, tagSize))

// Is says whether the hash is of the password. It takes as long where there is none.
func (h Hash) Is(p Password) bool {
	if h == "" {
		_ = nobody.is(p)
		return false
	}
	return h.is(p)
}

func (h Hash) is(p Password) bool {
	var k cost
	parts := strings.Split(string(h), "$")
	if len(parts) != 6 || len(p) > maxPassword {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.memory, &k.passes, &k.lanes); err != nil {
		return false
	}
	salt, err := b64.DecodeString(parts[4])
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(k.hash(p, salt)), []byte(h)) == 1
}
