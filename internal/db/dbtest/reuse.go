package dbtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A database is handed out again when it is as it was at first: to make one
// takes ten times as long as to empty one, and to drop one has the server write
// down all that it holds.

// pristine is how a database is at first.
type pristine struct {
	shape  string // its tables, and what else it has beside their rows
	script string // makes its rows and its sequences what they were
}

// shape is a query for all that a test could have changed of a database beside
// rows, as one text.
const shape = `SELECT string_agg(x, E'\n' ORDER BY x) FROM (
	SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
	UNION ALL SELECT format('relation %s %s %s', oid::regclass, relkind, reloptions) FROM pg_class WHERE relnamespace = 'public'::regnamespace
	UNION ALL SELECT format('column %s %s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull, attidentity)
		FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
	UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
	UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
	UNION ALL SELECT 'default ' || pg_get_expr(adbin, adrelid) FROM pg_attrdef
	UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger
	UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
	UNION ALL SELECT 'setting ' || array_to_string(setconfig, ' ') FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
) AS all_of_it (x)`

const (
	tables    = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	sequences = `SELECT format('SELECT setval(%L, %s, %L);', sequencename, COALESCE(last_value, start_value), last_value IS NOT NULL) FROM pg_sequences WHERE schemaname = 'public'`
)

// remember keeps how the database of the connection is.
func remember(ctx context.Context, conn *pgx.Conn) (p pristine, err error) {
	if p.shape, err = one(ctx, conn, shape); err != nil {
		return p, err
	}
	names, err := all(ctx, conn, tables)
	if err != nil {
		return p, err
	}
	statements, err := all(ctx, conn, sequences)
	if err != nil {
		return p, err
	}
	for _, name := range names {
		rows, err := one(ctx, conn, "SELECT COALESCE(json_agg(t)::text, '') FROM "+name+" AS t")
		if err != nil {
			return p, err
		}
		statements = append(statements, "DELETE FROM "+name+";")
		if rows != "" {
			statements = append(statements, fmt.Sprintf("INSERT INTO %[1]s OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::%[1]s, '%[2]s');",
				name, strings.ReplaceAll(rows, "'", "''")))
		}
	}
	p.script = strings.Join(statements, "\n")
	return p, nil
}

// room bounds what a database that is handed out again may take, in bytes: in
// one that was large, all that comes later is slow.
const room = 16 << 20

// renew makes a database what it was at first, and says whether it could. Who
// still uses it is turned out.
func (p pristine) renew(ctx context.Context, conn *pgx.Conn) (bool, error) {
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		return false, err
	}
	var small bool
	if err := conn.QueryRow(ctx, `SELECT pg_database_size(current_database()) < $1`, room).Scan(&small); err != nil || !small {
		return false, err
	}
	if is, err := one(ctx, conn, shape); err != nil || is != p.shape {
		return false, err
	}
	_, err := conn.PgConn().Exec(ctx, p.script).ReadAll() // in one transaction
	return err == nil, err
}

func one(ctx context.Context, conn *pgx.Conn, sql string) (value string, err error) {
	return value, conn.QueryRow(ctx, sql).Scan(&value)
}

func all(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
