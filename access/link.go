package access

import (
	"crypto/rand"
	"time"

	"doorstep/internal/db"
)

// LinkLife is how long a link can be used by which someone chooses a password.
const LinkLife = 72 * time.Hour

// NewLink draws the token of a link, as NewSecret draws that of a key.
func NewLink() Secret { return Secret("dsl_" + rand.Text()) }

// SaveLink has a link lead to a user, in place of one that did.
func SaveLink(tx *db.Tx, user string, s Secret, expires time.Time) {
	tx.Write(`INSERT INTO user_links (user_id, hash, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`, user, s.hash(), db.Micros(expires))
}

// EndLink ends the link of a user, if there is one.
func EndLink(tx *db.Tx, user string) {
	tx.WriteAny(`DELETE FROM user_links WHERE user_id = $1`, user)
}

// LinkedUser returns to whom a link leads that can be used at a time, "" for nobody.
func LinkedUser(r db.Reader, s Secret, at time.Time) (user string, err error) {
	user, _, err = db.One(r, scanText, `SELECT user_id FROM user_links WHERE hash = $1 AND expires_at > $2`, s.hash(), db.Micros(at))
	return user, err
}

// HasLink says whether there is a link to a user that can be used at a time.
func HasLink(r db.Reader, user string, at time.Time) (bool, error) {
	_, found, err := db.One(r, scanText, `SELECT user_id FROM user_links WHERE user_id = $1 AND expires_at > $2`, user, db.Micros(at))
	return found, err
}

func scanText(row db.Row) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}
