package db

import "time"

// The bounds of a group: how many Updates it carries, and after how long it
// takes no more of them.
const (
	maxGroup  = 256
	groupTime = 20 * time.Millisecond
)

// group is the jobs of one physical transaction, with the answer of each.
type group struct {
	jobs    []*job
	answers []error
	counts  counts
}

func newGroup() *group { return &group{counts: counts{}} }

// add notes a job that has run; what a failed one counted is dropped.
func (g *group) add(j *job, err error) {
	g.jobs = append(g.jobs, j)
	g.answers = append(g.answers, err)
	if err == nil {
		g.counts.add(j.tx.counts)
	}
}

// answer ends every job: with its own error, for what they saw is committed.
func (g *group) answer() {
	for i, j := range g.jobs {
		j.answer(g.answers[i])
	}
}

// survivors ends the jobs that must not run again, and returns the others.
func survivors(jobs []*job) []*job {
	var left []*job
	for _, j := range jobs {
		if j.crashed {
			j.answer(errCrashed)
		} else {
			left = append(left, j)
		}
	}
	return left
}
