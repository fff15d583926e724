package outside_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/internal/outside"
)

func TestDrawsArePureAndInRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := outside.Seed(rapid.Uint64().Draw(t, "seed"))
		parts := rapid.SliceOf(rapid.String()).Draw(t, "parts")
		n := rapid.IntRange(1, 1000).Draw(t, "n")
		if x := s.Share(parts...); x < 0 || x >= 1 || x != s.Share(parts...) {
			t.Fatalf("share %v", x)
		}
		if x := s.Pick(n, parts...); x < 0 || x >= n {
			t.Fatalf("picked %d of %d", x, n)
		}
		if d := s.Between(time.Second, time.Minute, parts...); d < time.Second || d >= time.Minute {
			t.Fatalf("drew %s", d)
		}
		if d := s.Between(time.Minute, time.Second, parts...); d != time.Minute {
			t.Fatalf("drew %s of an empty range", d)
		}
	})
}

func TestDrawsDifferByEveryPart(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"a", "bc"}, {"ab", "c"}, {"abc"}, {"c", "ab"}} {
		for seed := range 3 {
			seen[outside.Seed(seed).Code(parts...)] = true
		}
	}
	if len(seen) != 21 {
		t.Errorf("%d different draws of 21", len(seen))
	}
}

func TestSharesAreEven(t *testing.T) {
	t.Parallel()
	const draws = 20000
	var tenths [10]int
	for i := range draws {
		tenths[int(outside.Seed(7).Share("even", fmt.Sprint(i))*10)]++
	}
	for i, n := range tenths {
		within(t, fmt.Sprintf("tenth %d", i), n, draws, 0.1)
	}
}
