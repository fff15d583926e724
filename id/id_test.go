package id_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/id"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestIdentifiersSortByTime(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]id.Source{"random": id.Random(), "seeded": id.Seeded(7)} {
		var made []string
		for n := range 1000 {
			made = append(made, source.New("ord", noon.Add(time.Duration(n)*time.Millisecond), name))
		}
		if !slices.IsSorted(made) {
			t.Errorf("the identifiers of the %s source do not sort by time", name)
		}
		if s := made[0]; !strings.HasPrefix(s, "ord_") || len(s) != len("ord_")+26 || s != strings.ToLower(s) {
			t.Errorf("an identifier is %q", s)
		}
	}
}

func TestRandomIdentifiersDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		seen[id.Random().New("ord", noon, "the same")] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("of 10,000 identifiers %d differ", len(seen))
	}
}

func TestASeededIdentifierDependsOnItsPartsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		parts := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9_]{0,8}`), 0, 4).Draw(r, "parts")
		one := id.Seeded(seed).New("ord", noon, parts...)
		if again := id.Seeded(seed).New("ord", noon, parts...); again != one {
			r.Errorf("it was %s, and is %s", one, again)
		}
		for what, other := range map[string]string{
			"seed":       id.Seeded(seed+1).New("ord", noon, parts...),
			"time":       id.Seeded(seed).New("ord", noon.Add(time.Millisecond), parts...),
			"more parts": id.Seeded(seed).New("ord", noon, append(slices.Clone(parts), "x")...),
		} {
			if other == one {
				r.Errorf("another %s makes no other identifier", what)
			}
		}
	})
}

func TestSinceStandsBeforeWhatWasMadeThen(t *testing.T) {
	t.Parallel()
	for range 100 {
		if made, since := id.Random().New("ord", noon), id.Since("ord", noon); since > made {
			t.Fatalf("%s stands behind %s", since, made)
		}
	}
	if before, since := id.Random().New("ord", noon.Add(-time.Millisecond)), id.Since("ord", noon); since <= before {
		t.Errorf("%s stands before %s", since, before)
	}
	for _, far := range []time.Time{{}, time.Date(20_000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := id.Since("ord", far); len(got) != 30 {
			t.Errorf("of %s: %s", far, got)
		}
	}
}
