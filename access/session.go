package access

import (
	"strings"
	"time"

	"doorstep/internal/db"
)

// SessionLife is how long a person stays signed in, whatever they do: NIST SP 800-63B,
// 4.2.3, has people say who they are at least every 12 hours.
const SessionLife = 12 * time.Hour

// Session is a browser in which a person is signed in.
type Session struct {
	ID        string    `json:"id"`
	User      string    `json:"user"`
	Address   string    `json:"address"` // from which they signed in
	Agent     string    `json:"agent"`   // what their browser calls itself
	BegunAt   time.Time `json:"begun_at"`
	ExpiresAt time.Time `json:"expires_at"`

	Passwords int64 `json:"-"` // of the user when it was begun
}

// maxAgent bounds what is kept of what a browser calls itself, in bytes.
const maxAgent = 200

// InsertSession writes a session under the hash of its token, and removes those that
// have expired.
func InsertSession(tx *db.Tx, s Session, hash string) {
	tx.WriteAny(`DELETE FROM user_sessions WHERE expires_at <= $1`, db.Micros(tx.Now()))
	tx.Write(`INSERT INTO user_sessions (id, hash, user_id, passwords, address, agent, begun_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, hash, s.User, s.Passwords, s.Address, shortened(s.Agent), db.Micros(s.BegunAt), db.Micros(s.ExpiresAt))
}

// shortened is what a browser calls itself as a text that can be kept.
func shortened(agent string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""), "\x00", "")
}

const selectSessions = `SELECT id, user_id, passwords, address, agent, begun_at, expires_at FROM user_sessions`

func scanSession(row db.Row) (Session, error) {
	var s Session
	var begun, expires int64
	err := row.Scan(&s.ID, &s.User, &s.Passwords, &s.Address, &s.Agent, &begun, &expires)
	s.BegunAt, s.ExpiresAt = db.Time(begun), db.Time(expires)
	return s, err
}

// SessionByHash returns the session with the hash of a token, if there is one that has
// not expired at a time.
func SessionByHash(r db.Reader, hash string, at time.Time) (Session, bool, error) {
	return db.One(r, scanSession, selectSessions+` WHERE hash = $1 AND expires_at > $2`, hash, db.Micros(at))
}

// SessionsOf returns the sessions of a user that have not expired at a time, the newest
// first.
func SessionsOf(r db.Reader, user string, at time.Time) ([]Session, error) {
	return db.All(r, scanSession, selectSessions+` WHERE user_id = $1 AND expires_at > $2 ORDER BY id DESC`, user, db.Micros(at))
}

// EndSession ends the session with the hash of a token, if there is one.
func EndSession(tx *db.Tx, hash string) {
	tx.WriteAny(`DELETE FROM user_sessions WHERE hash = $1`, hash)
}

// EndSessionOf ends a session of a user, if they have it.
func EndSessionOf(tx *db.Tx, user, id string) {
	tx.WriteAny(`DELETE FROM user_sessions WHERE user_id = $1 AND id = $2`, user, id)
}

// EndSessions ends all sessions of a user.
func EndSessions(tx *db.Tx, user string) {
	tx.WriteAny(`DELETE FROM user_sessions WHERE user_id = $1`, user)
}
