package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"doorstep/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const postgresName = "postgres"

// lockTimeout is how long a statement waits for locks, in PostgreSQL's words: a
// transaction whose node died without a word must not stop the shop.
const lockTimeout = "30s"

// postgresDB is the PostgreSQL engine.
type postgresDB struct {
	db     *DB
	config *pgx.ConnConfig
	pool   *pgxpool.Pool // of the Views
	alone  *pgx.Conn     // holds the lock of a run on virtual time; nil where there is none
	about  string
}

func openPostgres(ctx context.Context, d *DB) (engine, error) {
	config, err := pgxpool.ParseConfig(d.config.URL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address of the database is not valid: %w", err)
	}
	params := config.ConnConfig.RuntimeParams
	params["application_name"] = cmp.Or(params["application_name"], "doorstep")
	params["lock_timeout"] = cmp.Or(params["lock_timeout"], lockTimeout)
	config.MaxConns = viewers
	p := &postgresDB{db: d, config: config.ConnConfig.Copy()}
	p.about = fmt.Sprintf("the database %s on %s", p.config.Database, p.config.Host)
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, classify(err)
	}
	if err := p.pool.Ping(ctx); err != nil {
		p.pool.Close()
		return nil, p.cannotOpen(err)
	}
	if d.config.Virtual && !d.config.ReadOnly {
		if err := p.lockAlone(ctx); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// virtualNumber is the number of the lock of a run on virtual time.
const virtualNumber = migrationNumber + 1

// lockAlone makes this process the only one that runs the database on virtual
// time: two clocks would each move without the other. The lock ends with its
// connection, in whatever way the process ends.
//
// Errors: locked; unavailable.
func (p *postgresDB) lockAlone(ctx context.Context) (err error) {
	if p.alone, err = pgx.ConnectConfig(ctx, p.config); err != nil {
		return p.unreachable(err)
	}
	var taken bool
	if err := p.alone.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(virtualNumber)).Scan(&taken); err != nil {
		return classify(err)
	}
	if !taken {
		return fault.New(fault.Locked, "another process runs %s on virtual time, such as an import", p.about)
	}
	return nil
}

// unlockAlone gives the lock back at once: a server may take its time to see
// that a connection has ended.
func (p *postgresDB) unlockAlone() {
	if p.alone == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = p.alone.Exec(ctx, "SELECT pg_advisory_unlock_all()")
	closeConn(p.alone)
}

func (p *postgresDB) cannotOpen(err error) error {
	if pg := postgresError(err); pg != nil && pg.Code == "3D000" {
		return fault.New(fault.NotFound, "there is no %s: make it with createdb: %w", strings.TrimPrefix(p.about, "the "), err)
	}
	return p.unreachable(err)
}

func (p *postgresDB) unreachable(err error) error {
	return fault.New(fault.Unavailable, "%s can't be reached: %w", p.about, errors.Join(errLost, err))
}

func (p *postgresDB) name() string { return postgresName }

func (p *postgresDB) writers() []writer {
	lanes := make([]writer, p.db.config.Lanes)
	for i := range lanes {
		lanes[i] = &postgresLane{db: p.db, engine: p, number: i}
	}
	return lanes
}

// beginView starts the one snapshot that a View reads.
const beginView = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// view runs on one of the pool's connections. The transaction begins with the
// first statement, in its round trip.
func (p *postgresDB) view(ctx context.Context, now time.Time, use func(Reader) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return classify(err)
	}
	defer conn.Release()
	s := newPostgresTx(ctx, conn.Conn(), beginView)
	defer s.rollback()
	return use(&viewer{now: now, postgres: true, query: s.each})
}

func (p *postgresDB) asked() durabilityAsked {
	return durabilityAsked{engine: postgresName, version: "SHOW server_version", setting: "SHOW ", settings: []string{"fsync", "synchronous_commit", "full_page_writes"}}
}

// durability asks a connection that is made as the writers' are.
func (p *postgresDB) durability(ctx context.Context) (Durability, error) {
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return Durability{}, classify(err)
	}
	defer closeConn(conn)
	d, err := p.asked().by(func(query string) (v string, err error) {
		err = conn.QueryRow(ctx, query).Scan(&v)
		return v, err
	})
	return d, classify(err)
}

func (p *postgresDB) logSize() int64 { return 0 }

func (p *postgresDB) backup(context.Context, string) error {
	return fault.New(fault.Invalid, "%s is PostgreSQL's: pg_dump makes a copy of it while Doorstep runs", p.about)
}

func (p *postgresDB) close() error {
	p.unlockAlone()
	p.pool.Close()
	return nil
}

// migrate brings the tables up to date while no other node does.
func (p *postgresDB) migrate(ctx context.Context) error {
	return p.migrator(func(m *migrator) error { return m.up(ctx, p.db.config.Virtual) })
}

func (p *postgresDB) checkVersion(ctx context.Context) error {
	return p.migrator(func(m *migrator) error { return m.checkVersion(ctx) })
}

func (p *postgresDB) migrator(use func(*migrator) error) error {
	pool := stdlib.OpenDB(*p.config)
	defer pool.Close()
	m, err := newMigrator(postgresName, pool, p.about, goose.WithSessionLocker(migrationLock{}))
	if err != nil {
		return err
	}
	return use(m)
}

// migrationLock lets one node at a time change the tables.
type migrationLock struct{}

// migrationNumber is the lock's number: "doorstep" in ASCII.
const migrationNumber = 0x646f6f7273746570

// SessionLock waits for the lock.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationNumber))
	return err
}

// SessionUnlock gives the lock back.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationNumber))
	return err
}

// closeConn says good-bye to the server, but doesn't wait long for it.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
