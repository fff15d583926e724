package outside

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Seed is where all chance comes from. A draw is a pure function of the seed and
// of the parts that say what is drawn, so that no order of calls changes it.
type Seed uint64

// Share draws a number in [0, 1), evenly.
func (s Seed) Share(parts ...string) float64 {
	return float64(s.bits(parts)>>11) / (1 << 53)
}

// Pick draws a number in [0, n), evenly but for n/2⁶⁴. It panics when n is not positive.
func (s Seed) Pick(n int, parts ...string) int {
	if n <= 0 {
		panic("outside: nothing to pick from")
	}
	return int(s.bits(parts) % uint64(n))
}

// Between draws a duration in [lo, hi), and lo when there is none.
func (s Seed) Between(lo, hi time.Duration, parts ...string) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(s.Share(parts...)*float64(hi-lo))
}

// Code draws 20 hexadecimal digits, to make a reference of.
func (s Seed) Code(parts ...string) string {
	sum := s.sum(parts)
	return hex.EncodeToString(sum[:10])
}

func (s Seed) bits(parts []string) uint64 {
	sum := s.sum(parts)
	return binary.BigEndian.Uint64(sum[:8])
}

// sum hashes each part with its length, so that ("a", "bc") and ("ab", "c") differ.
func (s Seed) sum(parts []string) [sha256.Size]byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 128), uint64(s))
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}
