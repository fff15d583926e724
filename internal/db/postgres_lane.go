package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"doorstep/fault"

	"github.com/jackc/pgx/v5"
)

// The bounds of a lane's work.
const (
	// maxLocks is how many locks a group takes, unless its first job alone has
	// more: all nodes share the server's table of locks, by default 6,400 rows
	// (https://www.postgresql.org/docs/current/runtime-config-locks.html).
	maxLocks = 400
	// attempts is how often a group is tried before it is given up.
	attempts = 5
	// pause is the wait before the second attempt; it doubles with each.
	pause = 40 * time.Millisecond
	// txTimeout ends a transaction whose server doesn't answer any more.
	txTimeout = time.Minute
)

// postgresLane runs groups of Updates on a connection of its own.
type postgresLane struct {
	db     *DB
	engine *postgresDB
	number int
	conn   *pgx.Conn // nil or closed until it is needed
}

// Why a group was not committed, apart from errors of the database.
var (
	errUndo    = errors.New("a function failed after its writes were sent")
	errLost    = errors.New("there is no connection")
	errUnknown = fault.New(fault.Unavailable,
		"the connection broke at the commit and the outcome is not known: ask again with the same command key")
)

func (l *postgresLane) close() {
	if l.conn != nil {
		closeConn(l.conn)
	}
}

// run runs the job together with those that wait behind it, and when one of
// them spoils it each for itself.
func (l *postgresLane) run(first *job) {
	jobs := l.take(first)
	g, err := l.try(&jobs)
	switch {
	case err == nil:
		g.answer()
	case len(jobs) > 1 && !l.isHopeless(err):
		l.db.stats.repeats.Add(1)
		for _, j := range jobs {
			l.alone(j)
		}
	default:
		l.fail(jobs, g, err)
	}
}

func (l *postgresLane) alone(j *job) {
	jobs := []*job{j}
	g, err := l.try(&jobs)
	if err != nil {
		l.fail(jobs, g, err)
		return
	}
	g.answer()
}

// fail answers jobs whose transaction was not committed. A function that found
// out for itself what is wrong says so.
func (l *postgresLane) fail(jobs []*job, g *group, err error) {
	if len(g.answers) == 1 && g.answers[0] != nil && !l.isHopeless(err) {
		err = g.answers[0]
	}
	answerAll(jobs, classify(err))
}

// isHopeless says whether another attempt would end in the same way whoever
// takes part.
func (l *postgresLane) isHopeless(err error) bool {
	return errors.Is(err, errUnknown) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLost)
}

// take returns the job and those that are queued, within the bounds.
func (l *postgresLane) take(first *job) []*job {
	jobs, locks := []*job{first}, len(first.locks)
	for len(jobs) < maxGroup && locks < maxLocks {
		select {
		case j := <-l.db.queue:
			jobs = append(jobs, j)
			locks += len(j.locks)
		default:
			return jobs
		}
	}
	return jobs
}

// try runs the jobs in one transaction, and again when the connection was lost
// before the commit or others got in the way. Jobs whose functions panicked
// are answered and leave.
func (l *postgresLane) try(jobs *[]*job) (g *group, err error) {
	for n := range attempts {
		if n > 0 {
			l.db.stats.repeats.Add(1)
			l.wait(n)
		}
		g = newGroup()
		if err = l.together(g, *jobs); err == nil {
			return g, nil
		}
		*jobs = survivors(*jobs)
		if len(*jobs) == 0 || !l.worthRepeating(err) {
			break
		}
	}
	return g, err
}

func (l *postgresLane) worthRepeating(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return false // it has taken long enough
	}
	return errors.Is(err, errLost) || isContention(err)
}

// wait lets some time go by before the n-th repetition, a different one on
// each lane.
func (l *postgresLane) wait(n int) {
	longest := pause << (n - 1)
	time.Sleep(longest/2 + rand.N(longest/2))
}

// together runs the jobs in one transaction. An error means that nothing was
// committed, except for errUnknown.
func (l *postgresLane) together(g *group, jobs []*job) error {
	ctx, cancel := context.WithTimeout(context.Background(), txTimeout)
	defer cancel()
	if err := l.connect(ctx); err != nil {
		return err
	}
	began := time.Now()
	t := newPostgresTx(ctx, l.conn, "BEGIN")
	if err := l.runAll(t, g, jobs); err != nil {
		t.rollback()
		return l.lost(err)
	}
	if err := l.commit(t); err != nil {
		return err
	}
	l.db.committed(len(g.jobs), began)
	return nil
}

func (l *postgresLane) connect(ctx context.Context) (err error) {
	if l.conn != nil && !l.conn.IsClosed() {
		return nil
	}
	if l.conn, err = pgx.ConnectConfig(ctx, l.engine.config); err != nil {
		return l.engine.unreachable(err)
	}
	return nil
}

// lost tells an error that cost the connection from one that PostgreSQL
// answered with.
func (l *postgresLane) lost(err error) error {
	if l.conn.IsClosed() {
		return l.engine.unreachable(err)
	}
	return err
}

// runAll takes the locks, gives each job its turn and writes what they queued.
func (l *postgresLane) runAll(t *postgresTx, g *group, jobs []*job) error {
	leaseNow, err := t.takeLocks(lockNumbers(jobs))
	if err != nil {
		return err
	}
	for _, side := range sideBySide(jobs) {
		if err := l.runSide(t, g, side, leaseNow); err != nil {
			return err
		}
	}
	if err := g.counts.write(l.number, t.write); err != nil {
		return err
	}
	return t.flush()
}

// runSide gives jobs their turns at the same time.
func (l *postgresLane) runSide(t *postgresTx, g *group, jobs []*job, leaseNow time.Time) error {
	turns := &turns{t: t, said: make(chan outcome, len(jobs)), parts: map[*job]*part{}}
	for _, j := range jobs {
		if j.start() {
			p := &part{job: j, said: turns.said}
			turns.parts[j] = p
			l.db.begin(j, l.db.newTx(j, p, leaseNow), turns.said)
		}
	}
	return turns.run(func(out outcome) error {
		err := l.db.end(out)
		g.add(out.job, err)
		return err
	})
}

func (l *postgresLane) commit(t *postgresTx) error {
	err := t.commit()
	if err != nil && l.conn.IsClosed() {
		return errUnknown
	}
	return err
}
