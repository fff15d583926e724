// Package money counts money in integer minor units of an ISO 4217 currency.
// Two currencies never meet in one sum.
package money

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"doorstep/fault"
)

// Amount is a sum in one currency.
type Amount struct {
	Minor    int64    `json:"amount"`   // minor units: cents, pence, yen
	Currency Currency `json:"currency"` // ISO 4217
}

// Of returns an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// String returns the amount with the currency's decimals, such as "GBP 12.50".
func (a Amount) String() string { return string(a.Currency) + " " + a.Decimal() }

// Decimal returns the amount with the currency's decimals and without its code, such as "12.50".
func (a Amount) Decimal() string {
	digits := a.Currency.Digits()
	sign := ""
	u := uint64(a.Minor)
	if a.Minor < 0 {
		sign, u = "-", -u
	}
	s := strconv.FormatUint(u, 10)
	if digits == 0 {
		return sign + s
	}
	for len(s) <= digits {
		s = "0" + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// Parse reads a decimal such as "12.5" or "-3" exactly.
//
// Errors: invalid when it is no decimal number, has more decimals than the
// currency (trailing zeros do not count), or does not fit 64 bits.
func Parse(s string, c Currency) (Amount, error) {
	bad := func(why string) (Amount, error) {
		return Amount{}, fault.New(fault.Invalid, "%q is no amount of %s: %s", clip(s), c, why)
	}
	digits, ok := c.digits()
	if !ok {
		return bad("the currency is not in ISO 4217")
	}
	t := strings.TrimPrefix(s, "-")
	sign := s[:len(s)-len(t)]
	whole, frac, dotted := strings.Cut(t, ".")
	if whole == "" || dotted && frac == "" || len(t) > 40 {
		return bad("it is no decimal number")
	}
	frac = strings.TrimRight(frac, "0")
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return bad("it is no decimal number")
		}
	}
	if len(frac) > digits {
		return bad("it has more decimals than the currency")
	}
	frac += strings.Repeat("0", digits-len(frac))
	n, err := strconv.ParseInt(sign+whole+frac, 10, 64)
	if err != nil {
		return bad("it is too large")
	}
	return Of(n, c), nil
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// Add returns a+b of minor units, and false when it does not fit 64 bits.
func Add(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

// Mul returns a·b of minor units, and false when it does not fit 64 bits.
func Mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

// Allot splits total over weights by largest remainder: the parts add up to
// the total exactly, and a part differs from its exact share by less than one
// minor unit. Equal remainders go to the earlier part. Weights are not
// negative; where all are zero, each counts the same.
//
// Source: the Hamilton method of apportionment.
func Allot(total int64, weights []int64) []int64 {
	if len(weights) == 0 {
		return nil
	}
	sum := new(big.Int)
	for _, w := range weights {
		sum.Add(sum, big.NewInt(w))
	}
	w := weights
	if sum.Sign() == 0 {
		w = slices.Repeat([]int64{1}, len(weights))
		sum.SetInt64(int64(len(weights)))
	}
	parts := make([]int64, len(w))
	remainders := make([]*big.Int, len(w))
	order := make([]int, len(w))
	left := new(big.Int).Abs(big.NewInt(total))
	magnitude := new(big.Int).Set(left)
	for i := range w {
		q, r := new(big.Int).QuoRem(new(big.Int).Mul(magnitude, big.NewInt(w[i])), sum, new(big.Int))
		parts[i], remainders[i], order[i] = q.Int64(), r, i
		left.Sub(left, q)
	}
	slices.SortStableFunc(order, func(a, b int) int { return remainders[b].Cmp(remainders[a]) })
	for _, i := range order[:left.Int64()] {
		parts[i]++
	}
	if total < 0 {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts
}
