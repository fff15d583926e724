package main_test

import (
	"math/rand/v2"
	"strings"
	"time"

	"doorstep/cli/intake"
	"doorstep/process"
)

// moment is where in a step the program is killed, or where in general.
type moment string

const (
	begun     moment = "begun"    // the provider is being asked, or is about to be
	answered  moment = "answered" // what it said is not durable, or not known to be
	placing   moment = "placing an order"
	promised  moment = "an order acknowledged" // it must be there
	anyMoment moment = "any moment"
)

// aim is what a kill is meant to hit. Its step is "" when that is none.
type aim struct {
	step   process.Step
	moment moment
}

func (a aim) String() string { return strings.TrimSpace(string(a.step) + " " + string(a.moment)) }

// ofRow says whether it is at a row that fires.
func (a aim) ofRow() bool { return a.moment == uncommitted || a.moment == committed }

// asking are the aims at steps that ask a provider: before and after its answer.
func asking(steps ...process.Step) (aims []aim) {
	for _, s := range steps {
		aims = append(aims, aim{s, begun}, aim{s, answered})
	}
	return aims
}

// waiting are the aims at steps that ask no one: they are answered at once.
func waiting(steps ...process.Step) (aims []aim) {
	for _, s := range steps {
		aims = append(aims, aim{s, answered})
	}
	return aims
}

// mark is the one kill that a life of the program ends with.
type mark struct {
	at    aim
	on    *child
	rng   *rand.Rand
	begin time.Time
	shot  *time.Timer // nil until it is sure when

	patience time.Duration // how long what it is for is waited for
}

// newMark returns one that waits the longer for what it is for, the more often that
// did not come: what takes seconds on one machine takes a minute on a busy one.
func newMark(at aim, missed int, on *child, rng *rand.Rand) *mark {
	m := &mark{at: at, on: on, rng: rng, begin: time.Now(), patience: 4 * time.Second}
	if _, is := lures[at.step]; is {
		m.patience = 8 * time.Second
	}
	m.patience <<= min(missed, 3)
	if at.moment == anyMoment {
		m.shoot(100*time.Millisecond + m.within(800*time.Millisecond))
	}
	return m
}

func (m *mark) within(d time.Duration) time.Duration { return time.Duration(m.rng.Int64N(int64(d))) }

func (m *mark) shoot(in time.Duration) {
	if m.shot == nil {
		m.shot = time.AfterFunc(in, m.on.kill)
	}
}

// working is after how long there is enough under way for a kill to be worth
// something.
const working = 250 * time.Millisecond

func (m *mark) working() bool { return time.Since(m.begin) > working }

// see kills at the step that the mark is for: while the provider is being asked
// any time, after its answer before that can be written.
func (m *mark) see(l logLine) {
	if process.Step(l.Step) != m.at.step || !m.working() {
		return
	}
	switch {
	case l.Message == "step begins" && m.at.moment == begun:
		m.shoot(m.within(10 * time.Millisecond))
	case l.Message == "step is answered" && m.at.moment == answered:
		m.shoot(m.within(200 * time.Microsecond))
	}
}

// placed kills right after an order was sent.
func (m *mark) placed() {
	if m.at.moment == placing && m.working() {
		m.shoot(m.within(2 * time.Millisecond))
	}
}

// promised kills as soon as an order was acknowledged.
func (m *mark) promised() {
	if m.at.moment == promised && m.working() {
		m.shoot(0)
	}
}

// pass kills all the same when what the mark is for does not come.
func (m *mark) pass() {
	if m.shot == nil && time.Since(m.begin) > m.patience {
		m.at = aim{moment: anyMoment}
		m.shoot(0)
	}
}

func (m *mark) disarm() {
	if m.shot != nil {
		m.shot.Stop()
	}
}

// tally counts what the kills have hit: each may hit many things at once.
type tally struct {
	kills    int
	aimed    map[aim]int
	missed   map[aim]int // how often what a kill was for did not come
	hit      map[aim]int
	commands map[intake.Verb]int
}

func newTally() *tally {
	return &tally{aimed: map[aim]int{}, missed: map[aim]int{}, hit: map[aim]int{}, commands: map[intake.Verb]int{}}
}

// killed counts what a program had in hand when it died, each step and each
// kind of command once.
func (t *tally) killed(at aim, c *child) {
	t.kills++
	t.aimed[at]++
	hit := map[aim]bool{}
	if c.died.step != "" {
		hit[c.died] = true
	}
	for it, m := range c.inHand {
		hit[aim{process.Step(it.Step), m}] = true
	}
	for a := range hit {
		t.hit[a]++
	}
	verbs := map[intake.Verb]bool{}
	for _, k := range c.unanswered {
		verbs[k.do] = true
	}
	for v := range verbs {
		t.commands[v]++
	}
}

// missing returns the aims that no kill has hit.
func (t *tally) missing(of []aim) (missing []aim) {
	for _, a := range of {
		if t.hit[a] == 0 {
			missing = append(missing, a)
		}
	}
	return missing
}
