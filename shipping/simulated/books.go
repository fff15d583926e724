package simulated

import (
	"context"
	"time"

	"doorstep/internal/outside"
	"doorstep/shipping"
)

// schema keeps no addresses: where a parcel goes shows by its country alone.
const schema = `
CREATE TABLE IF NOT EXISTS carrier_label (
	ref             TEXT NOT NULL PRIMARY KEY,
	key             TEXT NOT NULL,
	tracking_number TEXT NOT NULL UNIQUE,
	order_ref       TEXT NOT NULL,
	service         TEXT NOT NULL,
	from_country    TEXT NOT NULL,
	to_country      TEXT NOT NULL,
	bought_at       INTEGER NOT NULL,
	voided_at       INTEGER,
	lost            INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS carrier_trouble (
	order_ref TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
`

// Label is one label that the carrier sold, as it stands.
type Label struct {
	Key            string // the attempt's key; a key that outlived its life may have more than one label
	Ref            string // the carrier's reference
	TrackingNumber string
	Order          string // the sender's reference
	Voided         bool

	service, from, to string
	boughtAt          time.Time
	voidedAt          time.Time // zero while it is not void
	lost              bool      // its parcel is to be lost, whatever the rates
}

// Labels calls fn with every label that was ever sold, in bounded memory, and
// stops at fn's first error. It is the carrier's own witness and goes over no
// network. fn may ask the carrier.
//
// Errors: fn's own; internal when the file can not be read.
func (c *Carrier) Labels(ctx context.Context, fn func(Label) error) error {
	return outside.Walk(ctx, c.line, `SELECT `+labelColumns+` FROM carrier_label WHERE ref > ?1 ORDER BY ref LIMIT ?2`,
		func(row outside.Row) (Label, string, error) {
			l, err := scanLabel(row)
			return l, l.Ref, err
		}, fn)
}

// sell sells a label that nothing speaks against.
func (c *Carrier) sell(tx *outside.Tx, a outside.Attempt, p shipping.Parcel) (shipping.LabelAnswer, error) {
	l := Label{Key: a.Key, Ref: c.line.Ref("lbl", a), Order: p.Order,
		service: p.Service, from: p.From, to: p.To.Country, boughtAt: a.At}
	var err error
	if l.lost, err = lostOnce(tx, p); err != nil {
		return shipping.LabelAnswer{}, err
	}
	// A number may be taken: the next draw is tried then. Of 26 times 10⁸ numbers
	// that is rare, and it alone depends on who came first.
	for n, sold := 0, false; !sold; n++ {
		l.TrackingNumber = c.trackingNumber(a, l, n)
		if sold, err = insertLabel(tx, l); err != nil {
			return shipping.LabelAnswer{}, err
		}
	}
	return shipping.LabelAnswer{Bought: true, Ref: l.Ref, TrackingNumber: l.TrackingNumber, Cost: c.cost(p)}, nil
}

// insertLabel returns false when the tracking number is taken.
func insertLabel(tx *outside.Tx, l Label) (bool, error) {
	return changed(tx.Exec(`INSERT INTO carrier_label
		(ref, key, tracking_number, order_ref, service, from_country, to_country, bought_at, lost)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (tracking_number) DO NOTHING`,
		l.Ref, l.Key, l.TrackingNumber, l.Order, l.service, l.from, l.to, l.boughtAt.UnixMicro(), l.lost))
}

// lostOnce says whether a parcel is the one of its order that is to be lost: the
// first one.
func lostOnce(tx *outside.Tx, p shipping.Parcel) (lost bool, err error) {
	if p.To.PostalCode != PostalLostOnce {
		return false, nil
	}
	err = tx.QueryRow(`SELECT NOT EXISTS (SELECT 1 FROM carrier_label WHERE order_ref = ?1)`, p.Order).Scan(&lost)
	return lost, err
}

func voidAt(tx *outside.Tx, ref string, at time.Time) error {
	_, err := tx.Exec(`UPDATE carrier_label SET voided_at = ?2 WHERE ref = ?1`, ref, at.UnixMicro())
	return err
}

// troubleOnce is trouble for the order's first purchase alone.
func troubleOnce(tx *outside.Tx, order string) (shipping.Refusal, error) {
	first, err := changed(tx.Exec(`INSERT INTO carrier_trouble (order_ref) VALUES (?1) ON CONFLICT DO NOTHING`, order))
	if first {
		return shipping.CarrierTrouble, err
	}
	return "", err
}

func changed(rows int, err error) (bool, error) { return err == nil && rows > 0, err }

const labelColumns = `ref, key, tracking_number, order_ref, service, from_country, to_country, bought_at, voided_at IS NOT NULL, COALESCE(voided_at, 0), lost`

// findLabel finds a label by one of its unique columns.
func findLabel(tx *outside.Tx, column, value string) (Label, error) {
	return scanLabel(tx.QueryRow(`SELECT `+labelColumns+` FROM carrier_label WHERE `+column+` = ?1`, value))
}

func scanLabel(row outside.Row) (l Label, err error) {
	var bought, voided int64
	err = row.Scan(&l.Ref, &l.Key, &l.TrackingNumber, &l.Order, &l.service, &l.from, &l.to, &bought, &l.Voided, &voided, &l.lost)
	l.boughtAt = time.UnixMicro(bought).UTC()
	if l.Voided {
		l.voidedAt = time.UnixMicro(voided).UTC()
	}
	return l, err
}
