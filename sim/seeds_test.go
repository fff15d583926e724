package sim

import (
	"math"
	"testing"
	"time"

	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/money"

	"pgregory.net/rapid"
)

// TestStudentT holds the quantiles against the tables of the books.
func TestStudentT(t *testing.T) {
	t.Parallel()
	for degrees, want := range map[float64]float64{4: 2.776, 5: 2.571, 9: 2.262, 19: 2.093, 29: 2.045, 99: 1.984, 999: 1.962} {
		if got := studentT(degrees); math.Abs(got-want) > 0.001 {
			t.Errorf("with %v degrees of freedom: %.4f, not %v", degrees, got, want)
		}
	}
}

// TestPaired by hand: differences of 1 to 5 have the mean 3 and the deviation √2.5.
func TestPaired(t *testing.T) {
	t.Parallel()
	p := pairedOf([]float64{10, 20, 30, 40, 50}, []float64{11, 22, 33, 44, 55})
	margin := 2.776 * math.Sqrt(2.5) / math.Sqrt(5)
	if p.Seeds != 5 || p.A != 30 || p.B != 33 || p.Difference != 3 || math.Abs(p.Deviation-math.Sqrt(2.5)) > 1e-9 ||
		math.Abs(p.Margin-margin) > 0.001 || !p.MoreThanChance {
		t.Errorf("%+v", p)
	}
	if p := pairedOf([]float64{0, 0, 0, 0, 0}, []float64{9, -7, 8, -9, 1}); p.MoreThanChance || p.Difference == 0 {
		t.Errorf("what falls to both sides is taken for more than chance: %+v", p)
	}
	if p := pairedOf([]float64{0, 0, 0, 0}, []float64{9, 9, 9, 8}); p.MoreThanChance || p.Difference != 8.75 {
		t.Errorf("of too few something is said: %+v", p)
	}
}

// TestChanceIsSeldomTakenForMore: of figures in which only chance differs, one in
// twenty is, and whatever both have in common takes no part.
func TestChanceIsSeldomTakenForMore(t *testing.T) {
	t.Parallel()
	taken, shop := 0, &Shop{Seed: 1}
	const of = 4000
	for i := range of {
		r := shop.draw("chance", i)
		a, b := make([]float64, 8), make([]float64, 8)
		for j := range a {
			common := 1000 * r.NormFloat64()
			a[j], b[j] = common+r.NormFloat64(), common+r.NormFloat64()
		}
		if pairedOf(a, b).MoreThanChance {
			taken++
		}
	}
	if share := float64(taken) / of; share < 0.04 || share > 0.06 {
		t.Errorf("%.1f %% are", 100*share)
	}
}

// TestCompareSeeds: every figure that any seed has is there once; what is counted
// and was not seen with a seed was none, and a time is left out.
func TestCompareSeeds(t *testing.T) {
	t.Parallel()
	var as, bs []Result
	for i := range 6 {
		n := int64(i)
		a := Result{Orders: insight.Funnel{Placed: 100 + n}, Money: []Money{{Currency: "GBP", Taken: 1000 * n}}}
		b := Result{Orders: insight.Funnel{Placed: 110 + n}, Money: []Money{{Currency: "GBP", Taken: 1000 * n}}}
		if i == 3 {
			b.Failed = []Failed{{Reason: "out_of_stock", Orders: 6}}
		}
		if i != 0 {
			a.Steps, b.Steps = []Step{{Name: "way", P50: time.Hour}}, []Step{{Name: "way", P50: 2 * time.Hour}}
		}
		as, bs = append(as, a), append(bs, b)
	}
	seen := map[string]report.Row{}
	for _, g := range CompareSeeds(as, bs) {
		for _, r := range g.Rows {
			if _, twice := seen[r.Name]; twice {
				t.Errorf("%s stands there twice", r.Name)
			}
			seen[r.Name] = r
		}
	}
	for name, want := range map[string]report.Paired{
		"placed":               {Seeds: 6, A: 102.5, B: 112.5, Difference: 10, MoreThanChance: true},
		"taken":                {Seeds: 6, A: 2500, B: 2500},
		"failed: out of stock": {Seeds: 6, B: 1, Difference: 1, Deviation: math.Sqrt(6), Margin: studentT(5)},
		"way, p50":             {Seeds: 5, A: 3.6e12, B: 7.2e12, Difference: 3.6e12, MoreThanChance: true},
	} {
		got := seen[name].Paired
		if got == nil || !near(got.Deviation, want.Deviation) || !near(got.Margin, want.Margin) {
			t.Errorf("%s: %+v, not %+v", name, got, want)
			continue
		}
		want.Deviation, want.Margin = got.Deviation, got.Margin
		if *got != want || seen[name].A != int64(math.Round(want.A)) {
			t.Errorf("%s: %+v, not %+v", name, got, want)
		}
	}
	if unit := seen["taken"].Unit; unit != report.Unit(money.Currency("GBP")) {
		t.Errorf("money is counted in %s", unit)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestBothWaysAround: B less A is A less B with the other sign, and as far spread.
func TestBothWaysAround(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(FewestSeeds, 30).Draw(t, "seeds")
		figures := rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), n, n)
		a, b := figures.Draw(t, "a"), figures.Draw(t, "b")
		there, back := pairedOf(a, b), pairedOf(b, a)
		if there.Difference != -back.Difference || there.Margin != back.Margin || there.MoreThanChance != back.MoreThanChance || there.A != back.B {
			t.Errorf("%+v, and back %+v", there, back)
		}
	})
}
