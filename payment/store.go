package payment

import (
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// A payment, its attempts and its refunds change under their order's lock.

// Insert writes a new payment.
func Insert(tx *db.Tx, p Payment) {
	tx.Write(`INSERT INTO payments (id, order_id, gateway, method, currency, amount, captured, refunded, status, capture_at_once, ref, opened_at, authorised_until, paid_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		p.ID, p.Order, p.Gateway, p.Method, string(p.Currency), p.Amount, p.Captured, p.Refunded, string(p.Status),
		db.Bool(p.Capture), p.Ref, db.Micros(p.OpenedAt), db.Micros(p.AuthorisedUntil), p.PaidBy)
}

// Save writes what moves of a payment.
func Save(tx *db.Tx, p Payment) {
	tx.Write(`UPDATE payments SET amount = $1, captured = $2, refunded = $3, status = $4, ref = $5, opened_at = $6, authorised_until = $7, paid_by = $8 WHERE id = $9`,
		p.Amount, p.Captured, p.Refunded, string(p.Status), p.Ref, db.Micros(p.OpenedAt), db.Micros(p.AuthorisedUntil), p.PaidBy, p.ID)
}

// Of returns an order's payments, oldest first.
func Of(r db.Reader, order string) ([]Payment, error) { return Range(r, order, order) }

// Range returns the payments of the orders from first to last, both included.
func Range(r db.Reader, first, last string) ([]Payment, error) {
	return db.All(r, scanPayment, `SELECT `+paymentColumns+` FROM payments
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, id`, first, last)
}

// InsertAttempt writes an attempt before it is asked. The database refuses a
// second open one of the same payment.
func InsertAttempt(tx *db.Tx, a Attempt) {
	tx.Write(`INSERT INTO payment_attempts (key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		a.Key, a.Payment, a.Order, a.N, string(a.Op), a.Amount, a.Refund, a.Charge, string(a.Status), a.Ref, string(a.Decline),
		db.Micros(a.OpenedAt), db.Micros(a.KeyUntil), db.Micros(a.ClosedAt))
}

// SaveAttempt writes what moves of an attempt.
func SaveAttempt(tx *db.Tx, a Attempt) {
	tx.Write(`UPDATE payment_attempts SET amount = $1, status = $2, ref = $3, decline = $4, key_until = $5, closed_at = $6 WHERE key = $7`,
		a.Amount, string(a.Status), a.Ref, string(a.Decline), db.Micros(a.KeyUntil), db.Micros(a.ClosedAt), a.Key)
}

// Attempts returns the attempts of an order's payments, oldest first.
func Attempts(r db.Reader, order string) ([]Attempt, error) { return AttemptsRange(r, order, order) }

// AttemptsRange returns the attempts of the orders from first to last, both included.
func AttemptsRange(r db.Reader, first, last string) ([]Attempt, error) {
	return db.All(r, scanAttempt, `SELECT key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at
		FROM payment_attempts WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, payment_id, n`, first, last)
}

// InsertRefund writes a new refund, with what of it is of which line.
func InsertRefund(tx *db.Tx, f Refund, lines []RefundLine) {
	tx.Write(`INSERT INTO refunds (id, payment_id, order_id, amount, status, reason, pays, opened_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		f.ID, f.Payment, f.Order, f.Amount, string(f.Status), f.Reason, f.Pays, db.Micros(f.OpenedAt), db.Micros(f.ClosedAt))
	insertRefundLines(tx, f, lines)
}

func insertRefundLines(tx *db.Tx, f Refund, lines []RefundLine) {
	for _, l := range lines {
		tx.Write(`INSERT INTO refund_lines (order_id, refund_id, line, quantity, amount, cause) VALUES ($1, $2, $3, $4, $5, $6)`,
			f.Order, f.ID, l.Line, l.Quantity, l.Amount, l.Cause)
	}
}

// SaveRefundLines writes anew for what a refund is.
func SaveRefundLines(tx *db.Tx, f Refund, lines []RefundLine) {
	tx.WriteAny(`DELETE FROM refund_lines WHERE order_id = $1 AND refund_id = $2`, f.Order, f.ID)
	insertRefundLines(tx, f, lines)
}

// SaveRefund writes what moves of a refund.
func SaveRefund(tx *db.Tx, f Refund) {
	tx.Write(`UPDATE refunds SET status = $1, closed_at = $2 WHERE id = $3`, string(f.Status), db.Micros(f.ClosedAt), f.ID)
}

// Refunds returns the refunds of an order, oldest first.
func Refunds(r db.Reader, order string) ([]Refund, error) { return RefundsRange(r, order, order) }

// RefundsRange returns the refunds of the orders from first to last, both included.
func RefundsRange(r db.Reader, first, last string) ([]Refund, error) {
	return db.All(r, scanRefund, `SELECT `+refundColumns+` FROM refunds
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, id`, first, last)
}

const refundColumns = `id, payment_id, order_id, amount, status, reason, pays, opened_at, closed_at`

func scanRefund(row db.Row) (Refund, error) {
	var f Refund
	var opened, closed int64
	err := row.Scan(&f.ID, &f.Payment, &f.Order, &f.Amount, (*string)(&f.Status), &f.Reason, &f.Pays, &opened, &closed)
	f.OpenedAt, f.ClosedAt = db.Time(opened), db.Time(closed)
	return f, err
}

// RefundLines returns what of an order's refunds is of which line, by refund.
func RefundLines(r db.Reader, order string) (map[string][]RefundLine, error) {
	all, err := RefundLinesRange(r, order, order)
	if all[order] == nil {
		return map[string][]RefundLine{}, err
	}
	return all[order], err
}

// RefundLinesRange returns what of the refunds of the orders from first to last,
// both included, is of which line, by order and refund.
func RefundLinesRange(r db.Reader, first, last string) (map[string]map[string][]RefundLine, error) {
	all := map[string]map[string][]RefundLine{}
	err := db.Each(r, func(row db.Row) error {
		var order, refund string
		var l RefundLine
		if err := row.Scan(&order, &refund, &l.Line, &l.Quantity, &l.Amount, &l.Cause); err != nil {
			return err
		}
		if all[order] == nil {
			all[order] = map[string][]RefundLine{}
		}
		all[order][refund] = append(all[order][refund], l)
		return nil
	}, `SELECT order_id, refund_id, line, quantity, amount, cause FROM refund_lines
		WHERE order_id >= $1 AND order_id <= $2 ORDER BY order_id, refund_id, line, cause`, first, last)
	return all, err
}

// KeepAnswer keeps an answer that came too late to change anything, as
// evidence: while the attempt is open, whoever has it now asks again under its
// key.
func KeepAnswer(tx *db.Tx, id string, a Attempt, answer string) {
	tx.Write(`INSERT INTO payment_late_answers (id, attempt_key, order_id, at, answer) VALUES ($1, $2, $3, $4, $5)`,
		id, a.Key, a.Order, db.Micros(tx.Now()), answer)
}

// What identifiers begin with.
const (
	Prefix       = "pay" // of a payment
	RefundPrefix = "rfd" // of a refund
)

// Filter says which payments a list shows. The zero value of a field is no limit.
type Filter struct {
	Order    string
	Status   Status
	From, To time.Time // made from this time on, and before that one, to the millisecond
	Before   string    // a payment's id: only older ones, for the next page
	Limit    int
}

// RefundFilter says which refunds a list shows. The zero value of a field is no limit.
type RefundFilter struct {
	Order    string
	Status   RefundStatus
	From, To time.Time // made from this time on, and before that one, to the millisecond
	Before   string    // a refund's id: only older ones, for the next page
	Limit    int
}

// List returns payments, the newest first.
func List(r db.Reader, f Filter) ([]Payment, error) {
	var w db.Where
	w.OfOrder(f.Order, string(f.Status))
	w.Made(Prefix, f.From, f.To, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanPayment, `SELECT `+paymentColumns+` FROM payments`+end, args...)
}

// ListRefunds returns refunds, the newest first.
func ListRefunds(r db.Reader, f RefundFilter) ([]Refund, error) {
	var w db.Where
	w.OfOrder(f.Order, string(f.Status))
	w.Made(RefundPrefix, f.From, f.To, f.Before)
	end, args := w.Newest(f.Limit)
	return db.All(r, scanRefund, `SELECT `+refundColumns+` FROM refunds`+end, args...)
}

// Find returns a payment. Errors: not_found.
func Find(r db.Reader, id string) (Payment, error) {
	p, found, err := db.One(r, scanPayment, `SELECT `+paymentColumns+` FROM payments WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no payment %q", id)
	}
	return p, err
}

// FindRefund returns a refund. Errors: not_found.
func FindRefund(r db.Reader, id string) (Refund, error) {
	f, found, err := db.One(r, scanRefund, `SELECT `+refundColumns+` FROM refunds WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no refund %q", id)
	}
	return f, err
}

// Get returns the order's payment with the id. Errors: not_found.
func Get(r db.Reader, order, id string) (Payment, error) {
	all, err := Of(r, order)
	if err != nil {
		return Payment{}, err
	}
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
	}
	return Payment{}, fault.New(fault.NotFound, "order %s has no payment %q", order, id)
}

const paymentColumns = `id, order_id, gateway, method, currency, amount, captured, refunded, status, capture_at_once, ref, opened_at, authorised_until, paid_by`

func scanPayment(row db.Row) (Payment, error) {
	var p Payment
	var capture, opened, until int64
	err := row.Scan(&p.ID, &p.Order, &p.Gateway, &p.Method, (*string)(&p.Currency), &p.Amount, &p.Captured, &p.Refunded,
		(*string)(&p.Status), &capture, &p.Ref, &opened, &until, &p.PaidBy)
	p.Capture, p.OpenedAt, p.AuthorisedUntil = capture == 1, db.Time(opened), db.Time(until)
	return p, err
}

func scanAttempt(row db.Row) (Attempt, error) {
	var a Attempt
	var opened, until, closed int64
	err := row.Scan(&a.Key, &a.Payment, &a.Order, &a.N, (*string)(&a.Op), &a.Amount, &a.Refund, &a.Charge, (*string)(&a.Status),
		&a.Ref, (*string)(&a.Decline), &opened, &until, &closed)
	a.OpenedAt, a.KeyUntil, a.ClosedAt = db.Time(opened), db.Time(until), db.Time(closed)
	return a, err
}
