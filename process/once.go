package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"doorstep/fault"
	"doorstep/internal/db"
)

// once carries out a use case in one transaction, once per command key: the
// key, a hash of the request and the answer are written with what it does.
// What was committed is answered again, also when the answer is that an order
// has failed; input that was refused is not kept.
//
// Errors: forbidden when who commands may not do it; invalid when the key is too long
// or no text; conflict when the key was used for another request.
func once[T any](ctx context.Context, p *Process, by Command, useCase string, request any, locks []db.Lock, do func(*db.Tx) (T, error)) (Result[T], error) {
	if err := by.permitted(useCase); err != nil {
		return Result[T]{}, err
	}
	do = orRehearsed(by, do)
	if by.Key == "" {
		v, err := db.Update(ctx, p.db, locks, do)
		return Result[T]{Value: v}, err
	}
	var check fault.Check
	check.Text("key", by.Key, maxKey)
	if err := check.Err("the command key"); err != nil {
		return Result[T]{}, err
	}
	if by.Asked != nil {
		request = by.Asked
	}
	hash, err := requestHash(useCase, request)
	if err != nil {
		return Result[T]{}, err
	}
	return db.Update(ctx, p.db, append(locks, keyLock(by.Key)), func(tx *db.Tx) (Result[T], error) {
		kept, found, err := findCommand(tx, by.Key)
		if err != nil {
			return Result[T]{}, err
		}
		if found {
			return replay[T](kept, hash)
		}
		v, err := do(tx)
		if err != nil {
			return Result[T]{}, err
		}
		return Result[T]{Value: v}, keepCommand(tx, by.Key, hash, v)
	})
}

// onceHolding is once under locks that are chosen as things stand.
func onceHolding[T any](ctx context.Context, p *Process, by Command, useCase string, request any, choose lockChoice, do func(*db.Tx) (T, error)) (Result[T], error) {
	return holding(ctx, choose, func(locks []db.Lock) (Result[T], error) { return once(ctx, p, by, useCase, request, locks, do) })
}

const maxKey = 200

// Known says whether a command with the key was carried out.
func (p *Process) Known(ctx context.Context, key string) (bool, error) {
	return db.View(ctx, p.db, func(r db.Reader) (bool, error) {
		_, found, err := findCommand(r, key)
		return found, err
	})
}

// keyLock is what a command with the key holds. It comes first of all locks.
func keyLock(key string) db.Lock { return db.Lock{Rank: 10, Key: key} }

type command struct{ hash, answer string }

func findCommand(r db.Reader, key string) (command, bool, error) {
	return db.One(r, func(row db.Row) (command, error) {
		var c command
		return c, row.Scan(&c.hash, &c.answer)
	}, `SELECT hash, answer FROM commands WHERE key = $1`, key)
}

func keepCommand(tx *db.Tx, key, hash string, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("keep the answer of a command: %w", err)
	}
	tx.Write(`INSERT INTO commands (key, hash, answer, at) VALUES ($1, $2, $3, $4)`, key, hash, string(b), db.Micros(tx.Now()))
	return nil
}

// answersAtOnce is how many kept answers are looked through at a time.
const answersAtOnce = 500

// forgetInAnswers takes customers, by the shop's identifiers of them, out of the answers that
// are kept of commands. It goes through all of them, and changes each by itself.
func (p *Process) forgetInAnswers(ctx context.Context, customers map[string]bool) error {
	named := make([]string, 0, len(customers))
	for id := range customers {
		b, err := json.Marshal(id)
		if err != nil {
			return err
		}
		named = append(named, `"customer":`+string(b))
	}
	if len(named) == 0 {
		return nil
	}
	type kept struct{ key, answer string }
	for after := ""; ; {
		page, err := db.View(ctx, p.db, func(r db.Reader) ([]kept, error) {
			return db.All(r, func(row db.Row) (k kept, err error) { return k, row.Scan(&k.key, &k.answer) },
				`SELECT key, answer FROM commands WHERE key > $1 ORDER BY key LIMIT $2`, after, answersAtOnce)
		})
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].key
		for _, k := range page {
			without := k.answer
			for _, n := range named {
				without = strings.ReplaceAll(without, n, `"customer":""`)
			}
			if without == k.answer {
				continue
			}
			_, err := db.Update(ctx, p.db, []db.Lock{keyLock(k.key)}, func(tx *db.Tx) (struct{}, error) {
				tx.Write(`UPDATE commands SET answer = $1 WHERE key = $2`, without, k.key)
				return struct{}{}, nil
			})
			if err != nil {
				return err
			}
		}
	}
}

func replay[T any](kept command, hash string) (Result[T], error) {
	r := Result[T]{Replayed: true}
	if kept.hash != hash {
		return r, fault.New(fault.Conflict, "the command key was used for another request")
	}
	return r, json.Unmarshal([]byte(kept.answer), &r.Value)
}

func requestHash(useCase string, request any) (string, error) {
	b, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("hash a request: %w", err)
	}
	sum := sha256.Sum256(append([]byte(useCase+"\x00"), b...))
	return hex.EncodeToString(sum[:]), nil
}
