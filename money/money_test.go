package money_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"doorstep/fault"
	"doorstep/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text     string
		currency money.Currency
		want     int64
	}{
		{"0", "GBP", 0},
		{"12.5", "GBP", 1250},
		{"12.50", "GBP", 1250},
		{"12.5000", "GBP", 1250},
		{"-3", "GBP", -300},
		{"007.01", "GBP", 701},
		{"12", "JPY", 12},
		{"12.0", "JPY", 12},
		{"1.234", "KWD", 1234},
		{"92233720368547758.07", "GBP", math.MaxInt64},
		{"-92233720368547758.08", "GBP", math.MinInt64},
		{"-0", "GBP", 0},
	} {
		got, err := money.Parse(tt.text, tt.currency)
		if err != nil || got != money.Of(tt.want, tt.currency) {
			t.Errorf("%q of %s is %v, %v", tt.text, tt.currency, got, err)
		}
	}
	for _, tt := range []struct{ text, currency string }{
		{"", "GBP"}, {"-", "GBP"}, {".5", "GBP"}, {"5.", "GBP"}, {"+5", "GBP"}, {"1e3", "GBP"}, {"1,000", "GBP"}, {" 1", "GBP"},
		{"--1", "GBP"}, {"1.2.3", "GBP"}, {"٣", "GBP"}, {"1.234", "GBP"}, {"1.5", "JPY"}, {"1", "XXX"}, {"1", "gbp"}, {"1", ""},
		{"92233720368547758.08", "GBP"}, {"-92233720368547758.09", "GBP"}, {strings.Repeat("1", 50), "GBP"}, {"\xff", "GBP"},
	} {
		if got, err := money.Parse(tt.text, money.Currency(tt.currency)); !fault.Is(err, fault.Invalid) || got != (money.Amount{}) {
			t.Errorf("%q of %q is %v, %v", tt.text, tt.currency, got, err)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]money.Amount{
		"GBP 0.00": money.Of(0, "GBP"), "GBP 0.05": money.Of(5, "GBP"), "GBP -0.05": money.Of(-5, "GBP"), "GBP 12.50": money.Of(1250, "GBP"),
		"JPY 7": money.Of(7, "JPY"), "KWD 0.001": money.Of(1, "KWD"), "GBP -92233720368547758.08": money.Of(math.MinInt64, "GBP"),
	} {
		if got := a.String(); got != want {
			t.Errorf("%d minor units of %s are %q, not %q", a.Minor, a.Currency, got, want)
		}
	}
}

// TestWhatIsWrittenIsReadAgain tries the whole range in a currency of each
// number of decimals that there is.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	minor := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, 99, -99, 100, -100, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}))
	for _, currency := range []money.Currency{"JPY", "GBP", "KWD"} {
		t.Run(string(currency), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				a := money.Of(minor.Draw(r, "minor"), currency)
				if got, err := money.Parse(a.Decimal(), a.Currency); err != nil || got != a {
					r.Errorf("%v was written as %q and read as %v, %v", a, a.Decimal(), got, err)
				}
			})
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.50", "-0", "-.5", "1e9", "9223372036854775807", "00000.10", "\xff"} {
		f.Add(s, "GBP")
	}
	f.Fuzz(func(t *testing.T, s, currency string) {
		a, err := money.Parse(s, money.Currency(currency))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if again, err := money.Parse(a.Decimal(), a.Currency); err != nil || again != a {
			t.Errorf("%q was read as %v, written as %q and read as %v, %v", s, a, a.Decimal(), again, err)
		}
	})
}

func TestSumsAndProductsThatDoNotFitAreSeen(t *testing.T) {
	t.Parallel()
	any64 := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 / 2}))
	rapid.Check(t, func(r *rapid.T) {
		a, b := any64.Draw(r, "a"), any64.Draw(r, "b")
		exact := func(op func(z, x, y *big.Int) *big.Int) *big.Int {
			return op(new(big.Int), big.NewInt(a), big.NewInt(b))
		}
		compare := func(name string, got int64, ok bool, want *big.Int) {
			if ok != want.IsInt64() || ok && got != want.Int64() {
				r.Errorf("%d %s %d is %d, %t, and should be %s", a, name, b, got, ok, want)
			}
		}
		sum, ok := money.Add(a, b)
		compare("+", sum, ok, exact((*big.Int).Add))
		product, ok := money.Mul(a, b)
		compare("×", product, ok, exact((*big.Int).Mul))
	})
}

func TestAllot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		total   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{5, []int64{3, 3, 4}, []int64{2, 1, 2}},
		{-5, []int64{3, 3, 4}, []int64{-2, -1, -2}},
		{7, []int64{0, 0}, []int64{4, 3}},
		{7, []int64{0, 9}, []int64{0, 7}},
		{0, []int64{1, 2}, []int64{0, 0}},
		{7, nil, nil},
	} {
		got := money.Allot(tt.total, tt.weights)
		if len(got) != len(tt.want) {
			t.Fatalf("%d over %v is %v", tt.total, tt.weights, got)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%d over %v is %v, not %v", tt.total, tt.weights, got, tt.want)
			}
		}
	}
}

// TestAllotAddsUp holds every allotment to the quota rule: the parts add up, and
// none is a whole minor unit from its exact share.
func TestAllotAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		total := rapid.Int64().Draw(r, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 50).Draw(r, "weights")
		sum, parts := new(big.Int), new(big.Int)
		for _, w := range weights {
			sum.Add(sum, big.NewInt(w))
		}
		for i, p := range money.Allot(total, weights) {
			parts.Add(parts, big.NewInt(p))
			if sum.Sign() == 0 {
				continue
			}
			// |p − total × w / sum| < 1
			off := new(big.Int).Mul(big.NewInt(p), sum)
			off.Sub(off, new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])))
			if off.CmpAbs(sum) >= 0 {
				r.Errorf("part %d of %d over %v is %d", i, total, weights, p)
			}
		}
		if parts.Cmp(big.NewInt(total)) != 0 {
			r.Errorf("the parts of %d over %v add up to %s", total, weights, parts)
		}
	})
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	for c, digits := range map[money.Currency]int{"GBP": 2, "JPY": 0, "KWD": 3} {
		if !c.Valid() || c.Digits() != digits {
			t.Errorf("%s: valid %t, %d decimals", c, c.Valid(), c.Digits())
		}
	}
	for _, c := range []money.Currency{"", "gbp", "XXX", "GBPX", "XAU"} {
		if c.Valid() {
			t.Errorf("%q is valid", c)
		}
	}
}
