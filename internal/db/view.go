package db

import (
	"context"
	"time"

	"doorstep/fault"
)

// View runs fn on a snapshot of the database and returns its result. It never
// waits for an Update, and ends with ctx. Few Views run at a time: one that
// reads long walks ranges in several Views.
//
// Errors by code: fn's own; Unavailable when ctx ends, when the database is
// closed or can't be reached.
func View[T any](ctx context.Context, d *DB, fn func(r Reader) (T, error)) (T, error) {
	var result, zero T
	if err := d.enter(); err != nil {
		return zero, err
	}
	defer d.leave()
	err := d.engine.view(ctx, d.config.Clock.Now(), func(r Reader) (err error) {
		result, err = fn(r)
		return err
	})
	if err != nil {
		return zero, err
	}
	return result, nil
}

// viewer is the Reader of a View.
type viewer struct {
	now      time.Time
	postgres bool
	busy     bool
	query    func(sql string, args []any, row func(Row) error) (rowErr, sqlErr error)
}

func (v *viewer) Now() time.Time                      { return v.now }
func (v *viewer) Postgres() bool                      { return v.postgres }
func (v *viewer) ListParam(placeholder string) string { return listParam(v.postgres, placeholder) }

func (v *viewer) each(sql string, args []any, row func(Row) error) error {
	if v.busy {
		return errBusy(sql)
	}
	v.busy = true
	defer func() { v.busy = false }()
	rowErr, sqlErr := v.query(sql, args, row)
	if sqlErr != nil {
		return statementError(sql, sqlErr)
	}
	return rowErr
}

// errBusy is for a statement inside the row function of another one, which
// PostgreSQL's wire can't carry.
func errBusy(sql string) error {
	return fault.New(fault.Internal, "a statement ran while the rows of another were read: %s", brief(sql))
}
