package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// The bounds of the codes that are mailed to a customer. Of a million, five can be tried of
// each, and five are sent within a day.
const (
	CodeLife   = 15 * time.Minute
	codeTries  = 5
	codesSent  = 5
	codesIn    = 24 * time.Hour
	codeDigits = 6
)

// CodeLock is what a change of an order's code holds.
func CodeLock(order string) db.Lock { return db.Lock{Rank: 15, Key: "code " + order} }

// NewCode draws a code: six digits.
func NewCode() string {
	most := big.NewInt(1_000_000)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic("access: " + err.Error()) // it never fails: https://pkg.go.dev/crypto/rand#Read
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// codeHash is what is kept of a code: with a key, because six digits are soon tried.
func codeHash(key []byte, order, code string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(order + "/" + code))
	return hex.EncodeToString(mac.Sum(nil))
}

// customerCode is what is known of the code of an order.
type customerCode struct {
	hash               string
	tries, sent        int64
	expires, sentSince time.Time
}

func codeOf(r db.Reader, order string) (c customerCode, err error) {
	c, _, err = db.One(r, func(row db.Row) (c customerCode, err error) {
		var expires, since int64
		err = row.Scan(&c.hash, &c.tries, &expires, &c.sent, &since)
		c.expires, c.sentSince = db.Time(expires), db.Time(since)
		return c, err
	}, `SELECT hash, tries, expires_at, sent, sent_since FROM customer_codes WHERE order_id = $1`, order)
	return c, err
}

func (c customerCode) save(tx *db.Tx, order string) {
	tx.Write(`INSERT INTO customer_codes (order_id, hash, tries, expires_at, sent, sent_since) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (order_id) DO UPDATE SET hash = excluded.hash, tries = excluded.tries, expires_at = excluded.expires_at,
			sent = excluded.sent, sent_since = excluded.sent_since`,
		order, c.hash, c.tries, db.Micros(c.expires), c.sent, db.Micros(c.sentSince))
}

// DropCode removes what was mailed to the customer of an order.
func DropCode(tx *db.Tx, order string) {
	tx.WriteAny(`DELETE FROM customer_codes WHERE order_id = $1`, order)
}

// SaveCode has a code prove that an order is someone's, in place of one that did.
//
// Errors: conflict when as many were sent as are within a day.
func SaveCode(tx *db.Tx, key []byte, order, code string) error {
	c, err := codeOf(tx, order)
	if err != nil {
		return err
	}
	if tx.Now().Sub(c.sentSince) >= codesIn {
		c.sent, c.sentSince = 0, tx.Now()
	}
	if c.sent >= codesSent {
		return fault.New(fault.Conflict, "%d codes were sent for this order already: the next one can be sent after %s", codesSent, c.sentSince.Add(codesIn).UTC().Format("15:04 on 2 January, MST"))
	}
	c.hash, c.tries, c.expires, c.sent = codeHash(key, order, code), 0, tx.Now().Add(CodeLife), c.sent+1
	c.save(tx, order)
	return nil
}

// UseCode says whether a code is the one of an order. It can be used once; one that was
// tried in vain too often is good for nothing more.
func UseCode(tx *db.Tx, key []byte, order, code string) (bool, error) {
	c, err := codeOf(tx, order)
	if err != nil || c.hash == "" || !tx.Now().Before(c.expires) {
		return false, err
	}
	is := hmac.Equal([]byte(c.hash), []byte(codeHash(key, order, code)))
	if c.tries++; is || c.tries >= codeTries {
		c.hash = ""
	}
	c.save(tx, order)
	return is, nil
}
