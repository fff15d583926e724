package policy

import (
	"encoding/json"
	"math"
	"sync"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
)

// Store reads and writes the shop's policy. What it read is kept for a second
// of the machine's time, so that another node's change is seen soon. Its own
// change is seen at once.
type Store struct {
	mu     sync.Mutex
	kept   Version   // never an older one after a newer one
	readAt time.Time // zero when kept.Policy is not to be used
}

const keepFor = time.Second

// Version is a policy with its place in the history. Version 0 is the default
// that no one has changed yet.
type Version struct {
	Number int64        `json:"version"`
	At     time.Time    `json:"at"`
	Actor  access.Actor `json:"actor"`
	Policy Policy       `json:"policy"`
}

// Current returns the policy in force.
func (s *Store) Current(r db.Reader) (Policy, error) {
	if p, fresh := s.cached(); fresh {
		return p, nil
	}
	asked := time.Now()
	v, err := s.InForce(r)
	if err != nil {
		return Policy{}, err
	}
	s.keepOnce(r, v, asked)
	return v.Policy, nil
}

// InForce reads the version in force, past what is kept of it: version 0, which is
// the default, when no one has changed that yet.
func (s *Store) InForce(r db.Reader) (Version, error) {
	v, found, err := db.One(r, scan, `SELECT `+columns+` FROM policies ORDER BY version DESC LIMIT 1`)
	if err == nil && !found {
		v.Policy = Default()
	}
	return v, err
}

// cached and keep hold the lock for as long as they look only: a query may
// have to wait for another transaction.
func (s *Store) cached() (Policy, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept.Policy, !s.readAt.IsZero() && time.Since(s.readAt) < keepFor
}

// keepOnce keeps what was read once it is sure: an Update may have read a
// version that is rolled back with it.
func (s *Store) keepOnce(r db.Reader, v Version, asked time.Time) {
	if tx, ok := r.(*db.Tx); ok {
		tx.OnCommit(func() { s.keep(v, asked) })
		return
	}
	s.keep(v, asked)
}

// keep refuses what is older than what is known: the snapshot that it was read
// from may be from before a change.
func (s *Store) keep(v Version, asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Number >= s.kept.Number {
		s.kept, s.readAt = v, asked
	}
}

// changed has the next one who asks read the new version, and nothing older kept.
func (s *Store) changed(to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.readAt = Version{Number: max(to, s.kept.Number)}, time.Time{}
}

// Lock is what a change of the policy holds.
func Lock() db.Lock { return db.Lock{Rank: lockRank, Key: "policy"} }

const lockRank = 50

// Newest returns the newest version's number and what is stored of it, as it is
// written; 0 and "" when no one has changed the default yet.
func Newest(r db.Reader) (number int64, doc string, err error) {
	_, _, err = db.One(r, func(row db.Row) (struct{}, error) { return struct{}{}, row.Scan(&number, &doc) },
		`SELECT version, doc FROM policies ORDER BY version DESC LIMIT 1`)
	return number, doc, err
}

// Parse reads a stored policy. What it does not name is filled from the
// default, so that a setting that came later has its default in older versions.
//
// Errors: internal when it is no policy in JSON.
func Parse(doc string) (Policy, error) {
	p := Default()
	if err := json.Unmarshal([]byte(doc), &p); err != nil {
		return Policy{}, fault.New(fault.Internal, "a stored policy can not be read: %w", err)
	}
	return p, nil
}

// Set makes p the policy in force, as a new version. The transaction holds Lock.
//
// Errors: invalid; conflict when the version in force is not the one that the
// change was made from.
func (s *Store) Set(tx *db.Tx, by access.Actor, from int64, p Policy) (Version, error) {
	if err := p.Validate(); err != nil {
		return Version{}, err
	}
	last, err := s.InForce(tx)
	if err != nil {
		return Version{}, err
	}
	if last.Number != from {
		return Version{}, fault.New(fault.Conflict, "the policy is at version %d, not %d", last.Number, from)
	}
	v := Version{Number: from + 1, At: tx.Now(), Actor: by, Policy: p}
	doc, err := json.Marshal(p)
	if err != nil {
		return Version{}, err
	}
	tx.Write(`INSERT INTO policies (version, at, actor, doc) VALUES ($1, $2, $3, $4)`,
		v.Number, db.Micros(v.At), string(by), string(doc))
	tx.OnCommit(func() { s.changed(v.Number) })
	return v, nil
}

// History returns every version, the newest first; the default is not among them.
func (s *Store) History(r db.Reader) ([]Version, error) {
	return db.All(r, scan, `SELECT `+columns+` FROM policies ORDER BY version DESC`)
}

// Before returns up to limit versions before one (0 for all), the newest first.
func (s *Store) Before(r db.Reader, before int64, limit int) ([]Version, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return db.All(r, scan, `SELECT `+columns+` FROM policies WHERE version < $1 ORDER BY version DESC LIMIT $2`, before, limit)
}

const columns = `version, at, actor, doc`

func scan(row db.Row) (Version, error) {
	var v Version
	var at int64
	var doc string
	if err := row.Scan(&v.Number, &at, (*string)(&v.Actor), &doc); err != nil {
		return v, err
	}
	v.At = db.Time(at)
	var err error
	v.Policy, err = Parse(doc)
	return v, err
}
