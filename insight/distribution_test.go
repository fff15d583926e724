package insight_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"doorstep/insight"

	"pgregory.net/rapid"
)

// exact is the quantile of sorted durations: the first that the share q of all
// does not exceed.
func exact(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

// near says whether a quantile is within 2 % of what is exact. Less than a
// microsecond counts as nothing.
func near(got, want time.Duration) bool {
	if want < time.Microsecond {
		return got == 0
	}
	return math.Abs(float64(got-want)) <= 0.02*float64(want)
}

// durations are from nothing to three years, as often short as long.
var durations = rapid.Custom(func(t *rapid.T) time.Duration {
	return time.Duration(math.Exp(rapid.Float64Range(0, math.Log(float64(3*365*24*time.Hour))).Draw(t, "ln")))
})

func TestDistribution(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(durations, 1, 200).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var d insight.Distribution
		for _, v := range all {
			d.Add(v)
		}
		slices.Sort(all)
		if d.N != int64(len(all)) {
			t.Errorf("it counts %d of %d", d.N, len(all))
		}
		for _, c := range []struct {
			q   float64
			got time.Duration
		}{{q, d.Quantile(q)}, {0.5, d.Median()}, {0.95, d.P95()}, {1, d.Quantile(1)}} {
			if want := exact(all, c.q); !near(c.got, want) {
				t.Errorf("the quantile at %v is %s, and exactly %s", c.q, c.got, want)
			}
		}
	})
}

func TestDistributionOfNothing(t *testing.T) {
	t.Parallel()
	var d insight.Distribution
	if d.N != 0 || d.Median() != 0 || d.P95() != 0 {
		t.Errorf("nothing has %d durations, with %s and %s", d.N, d.Median(), d.P95())
	}
	d.Add(-time.Hour)
	d.Add(0)
	d.Add(time.Microsecond - 1)
	if d.N != 3 || d.Quantile(1) != 0 {
		t.Errorf("three that count as nothing: %d, up to %s", d.N, d.Quantile(1))
	}
	d.Add(math.MaxInt64)
	if got := d.Quantile(1); !near(got, math.MaxInt64) {
		t.Errorf("the longest of all is %s", got)
	}
}
