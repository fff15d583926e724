package sim

import (
	"math"
	"slices"

	"doorstep/insight/report"
)

// FewestSeeds is of how many seeds differences are told from chance at least: of
// fewer, little can be said.
const FewestSeeds = 5

// CompareSeeds sets runs of two scenarios side by side, with several seeds: as[i] and
// bs[i] are of the same seed. Each figure is the mean of all seeds, with the mean of
// the differences, how far they spread, and whether the mean is more than chance. A
// time that no order waited for with a seed is left out with that seed.
//
// The comparison is paired: with the same seed, the same customers come to both, so
// that what a seed does to both falls out of the difference. The margin is that of
// the 95 % confidence interval by Student's t, and a mean is more than chance where
// the interval does not hold 0. Of twenty figures in which only chance differs, about
// one is taken for more.
//
// Source: "Student", The Probable Error of a Mean, Biometrika 6 (1908); for
// simulations, A. M. Law, Simulation Modeling and Analysis: the paired-t confidence
// interval, and common random numbers.
func CompareSeeds(as, bs []Result) []report.Group {
	var merged []gathered
	for i := range as {
		for _, g := range Compare(as[i], bs[i]) {
			at := slices.IndexFunc(merged, func(m gathered) bool { return m.name == g.Name })
			if at < 0 {
				at, merged = len(merged), append(merged, gathered{name: g.Name})
			}
			merged[at].add(g.Rows)
		}
	}
	groups := make([]report.Group, len(merged))
	for i, m := range merged {
		groups[i] = m.group(len(as))
	}
	return groups
}

// gathered is one group's rows of several seeds, in the order in which they were
// first seen.
type gathered struct {
	name string
	rows []figures
}

// figures is what one figure was with each seed, of both.
type figures struct {
	name string
	unit report.Unit
	a, b []float64
}

func (g *gathered) add(rows []report.Row) {
	for _, r := range rows {
		i := slices.IndexFunc(g.rows, func(s figures) bool { return s.name == r.Name && s.unit == r.Unit })
		if i < 0 {
			i, g.rows = len(g.rows), append(g.rows, figures{name: r.Name, unit: r.Unit})
		}
		g.rows[i].a, g.rows[i].b = append(g.rows[i].a, float64(r.A)), append(g.rows[i].b, float64(r.B))
	}
}

// group has the mean rows. What is counted and was not seen with a seed was none.
func (g gathered) group(seeds int) report.Group {
	rows := make([]report.Row, len(g.rows))
	for i, s := range g.rows {
		for s.unit != report.UnitTime && len(s.a) < seeds {
			s.a, s.b = append(s.a, 0), append(s.b, 0)
		}
		p := pairedOf(s.a, s.b)
		rows[i] = report.Row{Name: s.name, Unit: s.unit, A: int64(math.Round(p.A)), B: int64(math.Round(p.B)), Paired: &p}
	}
	return report.Group{Name: g.name, Rows: rows}
}

// pairedOf compares a figure of both, seed by seed.
func pairedOf(a, b []float64) report.Paired {
	n := float64(len(a))
	p := report.Paired{Seeds: len(a), A: mean(a), B: mean(b)}
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = b[i] - a[i]
	}
	p.Difference = mean(differences)
	if len(a) < FewestSeeds {
		return p
	}
	squares := 0.0
	for _, d := range differences {
		squares += (d - p.Difference) * (d - p.Difference)
	}
	p.Deviation = math.Sqrt(squares / (n - 1))
	p.Margin = studentT(n-1) * p.Deviation / math.Sqrt(n)
	p.MoreThanChance = math.Abs(p.Difference) > p.Margin
	return p
}

func mean(of []float64) float64 {
	sum := 0.0
	for _, v := range of {
		sum += v
	}
	return sum / float64(len(of))
}

// studentT is the quantile of Student's t at 0.975 with so many degrees of freedom,
// right to a thousandth from 4 on.
//
// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
func studentT(degrees float64) float64 {
	const x = 1.959963984540054 // the normal distribution's
	x3, x5, x7, x9 := math.Pow(x, 3), math.Pow(x, 5), math.Pow(x, 7), math.Pow(x, 9)
	return x +
		(x3+x)/(4*degrees) +
		(5*x5+16*x3+3*x)/(96*math.Pow(degrees, 2)) +
		(3*x7+19*x5+17*x3-15*x)/(384*math.Pow(degrees, 3)) +
		(79*x9+776*x7+1482*x5-1920*x3-945*x)/(92160*math.Pow(degrees, 4))
}
