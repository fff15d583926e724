package outside

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"doorstep/fault"
)

// schema holds what every provider keeps. An attempt's body is kept as a hash:
// it may hold an address.
const schema = `
CREATE TABLE IF NOT EXISTS outside_ask (
	provider  TEXT NOT NULL,
	operation TEXT NOT NULL,
	key       TEXT NOT NULL,
	asked     INTEGER NOT NULL CHECK (asked > 0),
	PRIMARY KEY (provider, operation, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outside_attempt (
	provider   TEXT NOT NULL,
	key        TEXT NOT NULL,
	generation INTEGER NOT NULL CHECK (generation > 0),
	operation  TEXT NOT NULL,
	body_hash  TEXT NOT NULL,
	answer     TEXT NOT NULL,
	first_used INTEGER NOT NULL,
	PRIMARY KEY (provider, key, generation)
) STRICT, WITHOUT ROWID;
`

// Attempt is a request that the provider sees for the first time.
type Attempt struct {
	Key string
	// Generation counts from 1 how often the key was new: it is new again after
	// its life.
	Generation int64
	// At is when the request arrived.
	At time.Time
}

// Ref makes the provider's reference of the attempt.
func (l *Line) Ref(prefix string, a Attempt) string {
	return prefix + "_" + l.Seed.Code(l.Name, "ref", a.Key, strconv.FormatInt(a.Generation, 10))
}

// Ask asks for something to be done, once: the same request under the same key
// gets the same answer for as long as the key lives. After that the key counts
// as new, and do runs again.
//
// Errors: those of Read; invalid when the key is empty; conflict when the key
// was used for another request; the error of do.
func Ask[A any](ctx context.Context, l *Line, r Request, do func(tx *Tx, a Attempt) (A, error)) (A, error) {
	var answer, none A
	if r.Key == "" {
		return none, fault.New(fault.Invalid, "simulated %s: %s: the key is missing", l.Name, r.Operation)
	}
	err := l.Read(ctx, r, func(tx *Tx) (err error) {
		answer, err = once(tx, l, r, do)
		return err
	})
	if err != nil {
		return none, err
	}
	return answer, nil
}

func once[A any](tx *Tx, l *Line, r Request, do func(tx *Tx, a Attempt) (A, error)) (A, error) {
	var answer A
	hash, err := hashOf(r.Body)
	if err != nil {
		return answer, err
	}
	last, err := l.lastAttempt(tx, r.Key)
	if err != nil {
		return answer, err
	}
	now := l.Now()
	if last.generation > 0 && now.Before(last.firstUsed.Add(l.KeyLife)) {
		if last.operation != r.Operation || last.bodyHash != hash {
			return answer, fault.New(fault.Conflict, "simulated %s: %s: the key %q was used for another request", l.Name, r.Operation, r.Key)
		}
		return answer, json.Unmarshal([]byte(last.answer), &answer)
	}
	a := Attempt{Key: r.Key, Generation: last.generation + 1, At: now}
	if answer, err = do(tx, a); err != nil {
		return answer, err
	}
	return answer, l.keep(tx, a, r.Operation, hash, answer)
}

// Lookup asks what became of the latest attempt under the key, however old, of
// one operation or, when that is empty, of any.
//
// Errors: those of Read; not found and wrapping missing when there is none.
func Lookup[A any](ctx context.Context, l *Line, key, operation string, missing error) (A, error) {
	var answer, none A
	r := Request{Operation: "lookup", Key: key}
	err := l.Read(ctx, r, func(tx *Tx) error {
		last, err := l.lastAttempt(tx, key)
		if err != nil {
			return err
		}
		if last.generation == 0 || operation != "" && operation != last.operation {
			return fault.New(fault.NotFound, "simulated %s: lookup: %w", l.Name, missing)
		}
		return json.Unmarshal([]byte(last.answer), &answer)
	})
	if err != nil {
		return none, err
	}
	return answer, nil
}

func (l *Line) countAsk(tx *Tx, r Request) (n int64, err error) {
	err = tx.QueryRow(`INSERT INTO outside_ask (provider, operation, key, asked) VALUES (?1, ?2, ?3, 1)
		ON CONFLICT (provider, operation, key) DO UPDATE SET asked = asked + 1 RETURNING asked`,
		l.Name, r.Operation, r.Key).Scan(&n)
	return n, err
}

// attemptRow is an attempt as it is kept; its generation is 0 when there is none.
type attemptRow struct {
	generation                  int64
	operation, bodyHash, answer string
	firstUsed                   time.Time
}

func (l *Line) lastAttempt(tx *Tx, key string) (a attemptRow, err error) {
	var micros int64
	err = tx.QueryRow(`SELECT generation, operation, body_hash, answer, first_used FROM outside_attempt
		WHERE provider = ?1 AND key = ?2 ORDER BY generation DESC LIMIT 1`, l.Name, key).
		Scan(&a.generation, &a.operation, &a.bodyHash, &a.answer, &micros)
	if errors.Is(err, ErrNoRow) {
		return attemptRow{}, nil
	}
	a.firstUsed = time.UnixMicro(micros).UTC()
	return a, err
}

func (l *Line) keep(tx *Tx, a Attempt, operation, hash string, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO outside_attempt (provider, key, generation, operation, body_hash, answer, first_used)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
		l.Name, a.Key, a.Generation, operation, hash, string(b), a.At.UnixMicro())
	return err
}

func hashOf(body any) (string, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
