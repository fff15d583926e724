package db

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"doorstep/fault"

	"github.com/jackc/pgx/v5"
)

// Scratch makes room for a database of a name that is removed by drop: a file in
// the folder, or on the server of a postgres:// URL a database beside the one that
// it names.
//
// Errors: invalid; conflict when there is one of that name; unavailable, also when
// the server lets no one make databases.
func Scratch(ctx context.Context, where, name string) (at string, drop func(context.Context) error, err error) {
	if !isPostgres(where) {
		at = filepath.Join(where, name+".db")
		if _, err := os.Stat(at); err == nil {
			return "", nil, fault.New(fault.Conflict, "%s is there already", at)
		}
		return at, func(context.Context) error { return removeFiles(at) }, nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return "", nil, fault.New(fault.Invalid, "the address of the database is not valid: %w", err)
	}
	quoted := pgx.Identifier{name}.Sanitize()
	if err := onServer(ctx, where, "CREATE DATABASE "+quoted); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func(ctx context.Context) error { return onServer(ctx, where, "DROP DATABASE "+quoted+" WITH (FORCE)") }, nil
}

// onServer runs one statement.
func onServer(ctx context.Context, at, statement string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return fault.New(fault.Unavailable, "the server can't be reached: %w", err)
	}
	defer closeConn(conn)
	if _, err = conn.Exec(ctx, statement); err != nil {
		code := fault.Unavailable
		if pg := postgresError(err); pg != nil && pg.Code == "42P04" {
			code = fault.Conflict
		}
		return fault.New(code, "%s: %w", statement, err)
	}
	return nil
}

// removeFiles removes a SQLite database.
func removeFiles(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
