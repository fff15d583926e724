package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"doorstep/fault"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// The kinds of time that a database is marked with.
const (
	wallTime    = "wall"
	virtualTime = "virtual"
)

// migrationFiles are the common migrations and those of the engine, as one
// directory.
func migrationFiles(engine string) (fs.FS, error) {
	common, err := fs.Sub(migrations, "migrations/common")
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(migrations, "migrations/"+engine)
	if err != nil {
		return nil, err
	}
	return merged{common, own}, nil
}

// Newest returns the version of the schema that this program brings databases to.
func Newest() (newest int64) {
	for _, engine := range []string{sqliteName, postgresName} {
		files, err := migrationFiles(engine)
		if err != nil {
			panic(err) // they are embedded
		}
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			version, err := goose.NumericComponent(name)
			if err != nil {
				panic(err)
			}
			newest = max(newest, version)
		}
	}
	return newest
}

// merged lays directories over each other.
type merged []fs.FS

// Open opens the file in the first directory that has it.
func (m merged) Open(name string) (fs.File, error) {
	for _, dir := range m {
		if file, err := dir.Open(name); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Glob returns the matching names of all directories.
func (m merged) Glob(pattern string) ([]string, error) {
	var all []string
	for _, dir := range m {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	slices.Sort(all) // goose runs them in the order of this list
	return all, nil
}

// migrator brings a database's tables up to date.
type migrator struct {
	pool     *sql.DB
	files    fs.FS
	provider *goose.Provider
	tables   string // a query for how many tables there are, and how many of them hold the version
	about    string // the database, for sentences
}

func newMigrator(engine string, pool *sql.DB, about string, options ...goose.ProviderOption) (*migrator, error) {
	files, err := migrationFiles(engine)
	if err != nil {
		return nil, err
	}
	m := &migrator{pool: pool, files: files, about: about}
	dialect := goose.DialectSQLite3
	m.tables = sqliteTables
	if engine == postgresName {
		dialect = goose.DialectPostgres
		m.tables = postgresTables
	}
	options = append(options, goose.WithDisableGlobalRegistry(true))
	m.provider, err = goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return nil, fault.New(fault.Internal, "the migrations are not in order: %w", err)
	}
	return m, nil
}

const (
	sqliteTables = `SELECT COUNT(*), COUNT(*) FILTER (WHERE name = 'goose_db_version')
		FROM sqlite_master WHERE type = 'table'`
	postgresTables = `SELECT COUNT(*), COUNT(*) FILTER (WHERE tablename = 'goose_db_version')
		FROM pg_catalog.pg_tables WHERE schemaname = current_schema()`
)

// newest is the version that this program makes.
func (m *migrator) newest() int64 {
	sources := m.provider.ListSources()
	return sources[len(sources)-1].Version
}

// version returns the database's version without touching it, 0 when it is new.
func (m *migrator) version(ctx context.Context) (version int64, err error) {
	var tables, ours int
	if err := m.pool.QueryRowContext(ctx, m.tables).Scan(&tables, &ours); err != nil || tables == 0 {
		return 0, classify(err)
	}
	if ours == 0 {
		return 0, fault.New(fault.Conflict, "%s belongs to another program", m.about)
	}
	row := m.pool.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`)
	return version, classify(row.Scan(&version))
}

// checkVersion is for those who only read.
func (m *migrator) checkVersion(ctx context.Context) error {
	version, err := m.version(ctx)
	if err != nil {
		return err
	}
	switch {
	case version == 0:
		return fault.New(fault.NotFound, "%s is empty: a command that writes makes a shop of it", m.about)
	case version < m.newest():
		return fault.New(fault.Conflict, "%s is of an older version: a command that writes brings it up to date", m.about)
	}
	if err := m.notNewer(version); err != nil {
		return err
	}
	return m.checkSchema(ctx)
}

func (m *migrator) notNewer(version int64) error {
	if version > m.newest() {
		return fault.New(fault.Conflict, "%s is of version %d, but this program knows versions up to %d: use a newer program",
			m.about, version, m.newest())
	}
	return nil
}

// mayOpen says whether this program may write to the database, without
// touching it.
func (m *migrator) mayOpen(ctx context.Context, virtual bool) error {
	version, err := m.version(ctx)
	if err != nil || version == 0 {
		return err
	}
	if err := m.notNewer(version); err != nil {
		return err
	}
	if err := m.checkSchema(ctx); err != nil {
		return err
	}
	return m.checkTime(ctx, virtual)
}

// up brings the tables up to date, and marks or checks which they are and the
// kind of time.
func (m *migrator) up(ctx context.Context, virtual bool) error {
	if err := m.mayOpen(ctx, virtual); err != nil {
		return err
	}
	if _, err := m.provider.Up(ctx); err != nil {
		return fault.New(fault.Internal, "%s could not be brought up to date: %w", m.about, err)
	}
	if err := m.mark(ctx, virtual); err != nil {
		return err
	}
	return m.checkTime(ctx, virtual)
}

// markTime says which kind of time a new database runs on.
func (m *migrator) markTime(ctx context.Context, tx *sql.Tx, virtual bool) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO meta (key, value) VALUES ('time', $1) ON CONFLICT (key) DO NOTHING`, kindOfTime(virtual))
	return classify(err)
}

func (m *migrator) checkTime(ctx context.Context, virtual bool) error {
	var kind string
	err := m.pool.QueryRowContext(ctx, selectTime).Scan(&kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil // it was being made when its maker stopped
	case err != nil:
		return classify(err)
	case kind != kindOfTime(virtual):
		return fault.New(fault.Conflict, "%s runs on %s time and can't be opened to run on %s time",
			m.about, kind, kindOfTime(virtual))
	}
	return nil
}

const selectTime = `SELECT value FROM meta WHERE key = 'time'`

// storedTime reads which kind of time the database runs on.
func storedTime(r Reader) (string, error) {
	kind, _, err := One(r, func(row Row) (kind string, err error) { return kind, row.Scan(&kind) }, selectTime)
	return kind, err
}

func kindOfTime(virtual bool) string {
	if virtual {
		return virtualTime
	}
	return wallTime
}

// mayOpen looks into the file before a connection that could write is opened.
func (s *sqliteDB) mayOpen(ctx context.Context) error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.New(fault.Unavailable, "%s can't be looked at: %w", s.path, err)
	case info.Size() == 0:
		return nil
	}
	return s.migrator("ro", readerPragmas, func(m *migrator) error { return m.mayOpen(ctx, s.db.config.Virtual) })
}

// migrate brings the file up to date.
func (s *sqliteDB) migrate(ctx context.Context) error {
	return s.migrator("rw", writerPragmas, func(m *migrator) error { return m.up(ctx, s.db.config.Virtual) })
}

func (s *sqliteDB) checkVersion(ctx context.Context) error {
	return s.migrator("ro", readerPragmas, func(m *migrator) error { return m.checkVersion(ctx) })
}

func (s *sqliteDB) migrator(mode string, pragmas []string, use func(*migrator) error) error {
	pool, err := sql.Open("sqlite", dsn(s.path, mode, pragmas))
	if err != nil {
		return classify(err)
	}
	defer pool.Close()
	m, err := newMigrator(sqliteName, pool, fmt.Sprintf("the database %s", s.path))
	if err != nil {
		return err
	}
	return use(m)
}
