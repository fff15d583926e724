package db

import (
	"context"

	"doorstep/fault"
)

const postgresName = "postgres"

func openPostgres(ctx context.Context, d *DB) (engine, error) {
	return nil, fault.New(fault.Unavailable, "PostgreSQL comes with the next commit")
}
