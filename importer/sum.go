package importer

import (
	"math/big"
	"strings"

	"doorstep/money"
)

// Sum is an exact decimal amount of a currency. Unlike money it can
// be finer than a minor unit, because rows with such prices are set aside and
// must still add up. The zero value is zero.
type Sum struct{ rat *big.Rat }

// sumOf returns an amount of a currency's minor units.
func sumOf(minor int64, c money.Currency) Sum {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Digits())), nil)
	return Sum{new(big.Rat).SetFrac(big.NewInt(minor), scale)}
}

// wholeOf returns a number of units.
func wholeOf(n int64) Sum { return Sum{new(big.Rat).SetInt64(n)} }

// maxNumber bounds the digits of a number in the file: what is longer has no
// value, and costs no memory.
const maxNumber = 40

// decimal reads a plain decimal number such as "-12.345", exactly.
func decimal(s string) (Sum, bool) {
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if len(s) > maxNumber || !isNumber(whole) || dotted && !isNumber(fraction) {
		return Sum{}, false
	}
	rat, ok := new(big.Rat).SetString(s)
	return Sum{rat}, ok
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Add returns s+t.
func (s Sum) Add(t Sum) Sum { return Sum{new(big.Rat).Add(s.value(), t.value())} }

// times returns s·t.
func (s Sum) times(t Sum) Sum { return Sum{new(big.Rat).Mul(s.value(), t.value())} }

// Sign returns -1, 0 or 1.
func (s Sum) Sign() int { return s.value().Sign() }

// Equal says whether two sums are the same.
func (s Sum) Equal(t Sum) bool { return s.value().Cmp(t.value()) == 0 }

// String returns the sum as a decimal with at least two decimals, such as
// "12.50", and with more only where it has them.
func (s Sum) String() string {
	precision, _ := s.value().FloatPrec()
	return s.value().FloatString(max(precision, 2))
}

// MarshalText returns String, for JSON.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Minor returns the sum in a currency's minor units, and false when it is finer
// or does not fit 64 bits.
func (s Sum) Minor(c money.Currency) (int64, bool) {
	precision, _ := s.value().FloatPrec()
	a, err := money.Parse(s.value().FloatString(precision), c)
	return a.Minor, err == nil
}

func (s Sum) value() *big.Rat {
	if s.rat == nil {
		return new(big.Rat)
	}
	return s.rat
}
