package simulated

import (
	"context"
	"errors"
	"time"

	"doorstep/internal/outside"
	"doorstep/money"
	"doorstep/payment"
)

const schema = `
CREATE TABLE IF NOT EXISTS gateway_charge (
	ref        TEXT NOT NULL PRIMARY KEY,
	key        TEXT NOT NULL,
	order_ref  TEXT NOT NULL,
	currency   TEXT NOT NULL,
	authorised INTEGER NOT NULL CHECK (authorised > 0),
	captured   INTEGER NOT NULL CHECK (captured BETWEEN 0 AND authorised),
	refunded   INTEGER NOT NULL CHECK (refunded >= 0), -- what has bounced with it
	voided     INTEGER NOT NULL CHECK (voided IN (0, 1) AND (voided = 0 OR captured = 0)),
	at         INTEGER NOT NULL,
	ends       INTEGER NOT NULL -- when it can not be captured any more; 0 is never
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gateway_bounce (
	key    TEXT NOT NULL PRIMARY KEY, -- of the refund
	ref    TEXT NOT NULL,
	amount INTEGER NOT NULL,
	due    INTEGER NOT NULL -- when the money comes back
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gateway_bounce_ref ON gateway_bounce (ref);
`

// Charge is one authorisation that the provider gave, as it stands.
type Charge struct {
	Key        string // the attempt's key; a key that outlived its life may have more than one charge
	Ref        string // the provider's reference
	Order      string // the merchant's reference
	Authorised money.Amount
	Captured   money.Amount
	Refunded   money.Amount
	Voided     bool
	bounced    int64     // what was refunded and has come back, minor units
	Until      time.Time // when it can not be captured any more; zero is never
}

// Charges calls fn with every authorisation that was ever given, in bounded
// memory, and stops at fn's first error. It is the provider's own witness and
// goes over no network. fn may ask the provider.
//
// Errors: fn's own; internal when the file can not be read.
func (g *Gateway) Charges(ctx context.Context, fn func(Charge) error) error {
	return outside.Walk(ctx, g.line, `SELECT `+chargeColumns+` FROM gateway_charge WHERE ref > ?1 ORDER BY ref LIMIT ?2`,
		func(row outside.Row) (Charge, string, error) {
			c, err := scanCharge(row)
			return c, c.Ref, err
		}, fn, g.line.Now().UnixMicro())
}

// Total is what the provider's books add up to in one currency.
type Total struct {
	Currency   money.Currency
	Charges    int64 // how many authorisations were given, void ones too
	Authorised int64 // minor units, as the next ones; without what is void
	Captured   int64
	Refunded   int64
}

// Net is what the merchant has of it, in minor units.
func (t Total) Net() int64 { return t.Captured - t.Refunded }

// Totals adds up the books per currency, in the order of the codes.
//
// Errors: internal when the file can not be read.
func (g *Gateway) Totals(ctx context.Context) ([]Total, error) {
	var all []Total
	err := outside.Walk(ctx, g.line, `SELECT currency, COUNT(*), SUM(authorised * (1 - voided)), SUM(captured), SUM(refunded - `+bounced+`)
		FROM gateway_charge WHERE currency > ?1 GROUP BY currency ORDER BY currency LIMIT ?2`,
		func(row outside.Row) (t Total, key string, err error) {
			err = row.Scan((*string)(&t.Currency), &t.Charges, &t.Authorised, &t.Captured, &t.Refunded)
			return t, string(t.Currency), err
		}, func(t Total) error {
			all = append(all, t)
			return nil
		}, g.line.Now().UnixMicro())
	return all, err
}

// follow asks for something about an authorisation.
func (g *Gateway) follow(ctx context.Context, operation string, r payment.Followup) (payment.Answer, error) {
	ask := outside.Request{Operation: operation, Key: r.Key, Body: r}
	return outside.Ask(ctx, g.line, ask, func(tx *outside.Tx, a outside.Attempt) (payment.Answer, error) {
		answer := payment.Answer{Result: payment.Succeeded, Ref: g.line.Ref(operation, a)}
		decline, err := g.apply(tx, operation, r)
		if decline != "" {
			answer.Result, answer.Decline = payment.Declined, decline
		} else if operation == refund && err == nil && g.bounces(r.Key) {
			_, err = tx.Exec(`INSERT INTO gateway_bounce (key, ref, amount, due) VALUES (?1, ?2, ?3, ?4)`,
				r.Key, r.Ref, r.Amount.Minor, a.At.Add(g.cfg.RefundBounceAfter).UnixMicro())
		}
		return answer, err
	})
}

// apply changes the charge, or tells why not.
func (g *Gateway) apply(tx *outside.Tx, operation string, r payment.Followup) (payment.Decline, error) {
	c, err := g.findCharge(tx, r.Ref)
	if errors.Is(err, outside.ErrNoRow) {
		return payment.NotPermitted, nil
	}
	if err != nil {
		return "", err
	}
	if !c.permits(operation, r.Amount) {
		return payment.NotPermitted, nil
	}
	if operation == capture && !c.Until.IsZero() && !g.line.Now().Before(c.Until) {
		return payment.AuthorisationExpired, nil
	}
	if operation == refund {
		if d := g.refundDeclineOf(r.Key); d != "" {
			return d, nil
		}
	}
	return "", c.after(operation, r.Amount.Minor).update(tx)
}

// permits says whether the charge allows the operation.
func (c Charge) permits(operation string, a money.Amount) bool {
	if operation == void {
		return !c.Voided && c.Captured.Minor == 0
	}
	if c.Voided || a.Currency != c.Authorised.Currency {
		return false
	}
	if operation == capture {
		return a.Minor <= c.Authorised.Minor-c.Captured.Minor
	}
	return a.Minor <= c.Captured.Minor-c.Refunded.Minor
}

// after returns the charge as it stands after the operation.
func (c Charge) after(operation string, minor int64) Charge {
	switch operation {
	case capture:
		c.Captured.Minor += minor
	case refund:
		c.Refunded.Minor += minor
	case void:
		c.Voided = true
	}
	return c
}

const chargeColumns = `ref, key, order_ref, currency, authorised, captured, refunded, voided, ends, ` + bounced

// bounced is what of a charge was refunded and has come back by the time ?3.
const bounced = `(SELECT COALESCE(SUM(amount), 0) FROM gateway_bounce b WHERE b.ref = gateway_charge.ref AND b.due <= ?3)`

// hasBounced says whether the money of the refund with the key has come back.
func (g *Gateway) hasBounced(key string) (has bool, err error) {
	err = g.line.View(func(tx *outside.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM gateway_bounce WHERE key = ?1 AND due <= ?2)`, key, g.line.Now().UnixMicro()).Scan(&has)
	})
	return has, err
}

func (g *Gateway) findCharge(tx *outside.Tx, ref string) (Charge, error) {
	return scanCharge(tx.QueryRow(`SELECT `+chargeColumns+` FROM gateway_charge WHERE ref = ?1 LIMIT ?2`, ref, 1, g.line.Now().UnixMicro()))
}

func scanCharge(row outside.Row) (c Charge, err error) {
	var currency money.Currency
	var ends int64
	err = row.Scan(&c.Ref, &c.Key, &c.Order, (*string)(&currency), &c.Authorised.Minor, &c.Captured.Minor, &c.Refunded.Minor, &c.Voided, &ends, &c.bounced)
	c.Refunded.Minor -= c.bounced
	if ends != 0 {
		c.Until = time.UnixMicro(ends).UTC()
	}
	c.Authorised.Currency, c.Captured.Currency, c.Refunded.Currency = currency, currency, currency
	return c, err
}

func insertCharge(tx *outside.Tx, ref string, a outside.Attempt, r payment.Authorisation, until time.Time) error {
	captured, ends := int64(0), int64(0)
	if r.Capture {
		captured = r.Amount.Minor
	}
	if !until.IsZero() {
		ends = until.UnixMicro()
	}
	_, err := tx.Exec(`INSERT INTO gateway_charge (ref, key, order_ref, currency, authorised, captured, refunded, voided, at, ends)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8)`,
		ref, a.Key, r.Order, string(r.Amount.Currency), r.Amount.Minor, captured, a.At.UnixMicro(), ends)
	return err
}

func (c Charge) update(tx *outside.Tx) error {
	_, err := tx.Exec(`UPDATE gateway_charge SET captured = ?2, refunded = ?3, voided = ?4 WHERE ref = ?1`,
		c.Ref, c.Captured.Minor, c.Refunded.Minor+c.bounced, c.Voided)
	return err
}
