package report

import "time"

// marksWanted is how many marks an axis of durations has at most, beside its zero.
const marksWanted = 5

// axisEnd is where every axis ends. What is longer lies at its end.
const axisEnd = 36500 * day

// evenSteps are the distances between marks that people read easily.
var evenSteps = []time.Duration{
	time.Microsecond, 2 * time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond, 20 * time.Microsecond,
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 5 * day, 10 * day, 30 * day, 100 * day,
}

// widening are the marks of an axis whose durations differ widely, each several
// times the one before.
var widening = []time.Duration{
	time.Nanosecond, 10 * time.Nanosecond, 100 * time.Nanosecond,
	time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond,
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour,
	day, 7 * day, 30 * day, 365 * day, 3650 * day, axisEnd,
}

// durationAxis returns the axis that the steps' times fit on: even where they
// are alike, logarithmic where the longest is many times the shortest.
func durationAxis(steps []Step) axis {
	shortest, longest := time.Duration(0), time.Duration(0)
	for _, s := range steps {
		for _, d := range []time.Duration{s.Median, s.P95} {
			longest = max(longest, d)
			// A logarithmic axis has no zero: what took no time lies at its beginning.
			if d > 0 && (shortest == 0 || d < shortest) {
				shortest = d
			}
		}
	}
	shortest, longest = min(shortest, axisEnd), min(longest, axisEnd)
	if longest/30 > shortest {
		return wideAxis(shortest, longest)
	}
	return evenAxis(longest)
}

func evenAxis(longest time.Duration) axis {
	step := evenSteps[0]
	for _, step = range evenSteps {
		if longest <= marksWanted*step {
			break
		}
	}
	for longest/step > marksWanted {
		step *= 2
	}
	a := axis{Type: "linear"}
	for at := time.Duration(0); ; at += step {
		a.mark(at)
		if at >= longest && at > 0 {
			return a
		}
	}
}

func wideAxis(shortest, longest time.Duration) axis {
	a := axis{Type: "logarithmic"}
	for i, at := range widening {
		if i+1 < len(widening) && widening[i+1] <= shortest {
			continue
		}
		if len(a.Marks) == 0 {
			a.Min = seconds(at)
		}
		a.mark(at)
		if at >= longest {
			break
		}
	}
	return a
}

// mark marks a place, which is then the end of the axis.
func (a *axis) mark(at time.Duration) {
	a.Max = seconds(at)
	a.Marks = append(a.Marks, mark{a.Max, duration(at)})
}
