// Package id makes identifiers: a prefix that says what a thing is and a ULID
// (https://github.com/ulid/spec) that sorts by the time it was made.
package id

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Source makes identifiers. They hold times from 1970 to 10889: a clock that
// tells another is a defect, and New panics.
type Source interface {
	// New returns an identifier made at the given time. The parts say what makes
	// the thing the one it is, such as its order and a count: a seeded source
	// draws its randomness from them, so that it depends on no order of calls.
	New(prefix string, at time.Time, parts ...string) string
}

// Random returns the source for real shops.
func Random() Source { return random{} }

type random struct{}

func (random) New(prefix string, at time.Time, _ ...string) string {
	var u ulid.ULID
	if err := u.SetTime(ulid.Timestamp(at)); err != nil {
		panic(err)
	}
	e := ulid.Make()
	copy(u[6:], e[6:])
	return join(prefix, u)
}

// Seeded returns a source whose identifiers depend on the seed, the time and
// the parts alone.
func Seeded(seed uint64) Source { return seeded(seed) }

type seeded uint64

func (s seeded) New(prefix string, at time.Time, parts ...string) string {
	var u ulid.ULID
	if err := u.SetTime(ulid.Timestamp(at)); err != nil {
		panic(err)
	}
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(s))
	sum := sha256.Sum256([]byte(string(n[:]) + prefix + "\x00" + strings.Join(parts, "\x00")))
	copy(u[6:], sum[:10])
	return join(prefix, u)
}

func join(prefix string, u ulid.ULID) string {
	return prefix + "_" + strings.ToLower(u.String())
}

// Since returns the smallest identifier with the prefix that can have been made at the
// given time, to the millisecond: in an order by identifier, what was made from then on
// stands behind it.
func Since(prefix string, at time.Time) string {
	var u ulid.ULID
	if at.Before(time.UnixMilli(0)) {
		return join(prefix, u)
	}
	if err := u.SetTime(min(ulid.Timestamp(at), ulid.MaxTime())); err != nil {
		panic(err)
	}
	return join(prefix, u)
}
