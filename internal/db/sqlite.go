package db

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"doorstep/fault"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

const sqliteName = "sqlite"

// sqliteHeader is how every SQLite file begins: https://sqlite.org/fileformat.html
var sqliteHeader = []byte("SQLite format 3\x00")

// The settings of connections: https://sqlite.org/pragma.html. Checkpoints have
// a connection of their own, so the writer never makes one. A cache takes up to
// twice its size, because pages are kept in blocks of powers of two; readers
// gain nothing from a larger one, since the kernel keeps the file's pages too. What is
// deleted is overwritten: it may be someone who asked to be forgotten.
var (
	writerPragmas = []string{
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "temp_store(memory)",
		"wal_autocheckpoint(0)", "cache_size(-65536)", "secure_delete(on)",
	}
	readerPragmas = []string{
		"busy_timeout(10000)", "query_only(1)", "temp_store(memory)", "cache_size(-2048)",
	}
)

// init chooses the kind of file locks before any file is opened. With the usual
// kind, any code of this process that opens and closes the file, if only to read
// its first bytes, would take SQLite's locks away. Where the kernel has no other
// kind, nothing changes.
func init() { _, _ = sqlite.OFDLocking(true) }

// sqliteDB is the SQLite engine: a file in WAL mode with one writer.
type sqliteDB struct {
	db          *DB
	path        string
	lock        *flock.Flock // nil when ReadOnly
	writer      *sqliteConn
	readers     chan *sqliteConn
	checkpoints *checkpointer
}

// openSQLite looks at the file before it touches anything.
func openSQLite(ctx context.Context, d *DB) (engine, error) {
	path, err := realPath(d.config.URL)
	if err != nil {
		return nil, err
	}
	if err := inspect(path, d.config.ReadOnly); err != nil {
		return nil, err
	}
	s := &sqliteDB{db: d, path: path, readers: make(chan *sqliteConn, viewers)}
	for range viewers {
		s.readers <- &sqliteConn{path: path, mode: toRead, pragmas: readerPragmas, connected: d.config.Connected}
	}
	if d.config.ReadOnly {
		return s, nil
	}
	if err := s.openToWrite(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *sqliteDB) openToWrite(ctx context.Context) (err error) {
	if s.lock, err = lockFile(s.path); err != nil {
		return err
	}
	if err := s.mayOpen(ctx); err != nil {
		return err
	}
	if err := createFile(s.path); err != nil {
		return err
	}
	s.writer = &sqliteConn{path: s.path, mode: toWrite, pragmas: writerPragmas, connected: s.db.config.Connected}
	if err := s.writer.open(ctx); err != nil {
		return classify(err)
	}
	// SQLite syncs what is in the file; that the file is in its directory is ours.
	if err := syncDir(filepath.Dir(s.path)); err != nil {
		return fault.New(fault.Unavailable, "the directory of %s can't be synced: %w", s.path, err)
	}
	s.checkpoints, err = newCheckpointer(ctx, s.path, &s.db.stats)
	return err
}

// createFile makes the file if it is not there, for its owner's eyes: customers'
// names are in it. SQLite gives the files beside it the same permissions.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fault.New(fault.Unavailable, "%s can't be made: %w", path, err)
	}
	return file.Close()
}

// realPath returns the absolute path without links: the lock must be the same
// by whatever link the file is reached.
func realPath(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fault.New(fault.Invalid, "%s is no path of a file: %w", path, err)
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		return real, nil
	}
	return absolute, nil
}

// inspect looks at the file without changing it.
func inspect(path string, readOnly bool) error {
	flags := os.O_RDWR
	if readOnly {
		flags = os.O_RDONLY
	}
	file, err := os.OpenFile(path, flags, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist) && readOnly:
		return fault.New(fault.NotFound, "there is no database at %s", path)
	case errors.Is(err, fs.ErrNotExist):
		return inspectDir(path)
	case err != nil:
		return fault.New(fault.Unavailable, "%s can't be opened for %s: %w", path, purpose(readOnly), err)
	}
	defer file.Close()
	if err := inspectNames(file); err != nil {
		return err
	}
	return inspectHeader(file)
}

// inspectNames refuses a file that has several names: the lock and the log lie
// beside one of them, and whoever comes by another one sees neither.
// https://sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file
func inspectNames(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fault.New(fault.Unavailable, "%s can't be looked at: %w", file.Name(), err)
	}
	if n := namesOf(info); n > 1 && info.Mode().IsRegular() {
		return fault.New(fault.Conflict, "%s is one of %d names (hard links) of the same file: "+
			"keep one, the one that has a -wal file beside it if any has, and remove the others", file.Name(), n)
	}
	return nil
}

func inspectDir(path string) error {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || !info.IsDir() {
		return fault.New(fault.NotFound, "there is no directory %s to keep the database in", filepath.Dir(path))
	}
	return nil
}

func inspectHeader(file *os.File) error {
	header := make([]byte, len(sqliteHeader))
	n, err := io.ReadFull(file, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // an empty file is an empty database
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Unavailable, "%s can't be read: %w", file.Name(), err)
	case !bytes.Equal(header, sqliteHeader):
		return fault.New(fault.Internal, "%s is not a database, or its beginning is damaged", file.Name())
	}
	return nil
}

func purpose(readOnly bool) string {
	if readOnly {
		return "reading"
	}
	return "writing"
}

// lockFile makes this process the file's only writer.
func lockFile(path string) (*flock.Flock, error) {
	name := path + ".lock"
	lock := newLock(name)
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s can't be made, so the database can't be locked: %w", name, err)
	}
	if !taken {
		return nil, fault.New(fault.Locked, "another process%s has the database %s", lockHolder(name), path)
	}
	// The number is for the sentence above only; the lock holds without it.
	_ = os.WriteFile(name, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
	return lock, nil
}

// newLock is a lock by a file that only its owner reads.
func newLock(name string) *flock.Flock {
	return flock.New(name, flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR))
}

// lockHolder names the process that wrote the lock file.
func lockHolder(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return ""
	}
	return " (" + strconv.Itoa(pid) + ")"
}

// dsn is the driver's name for the file.
func dsn(path, mode string, pragmas []string) string {
	query := url.Values{"mode": {mode}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (s *sqliteDB) name() string { return sqliteName }

func (s *sqliteDB) writers() []writer { return []writer{&sqliteWriter{db: s.db, engine: s}} }

// view runs on one of the few reading connections.
func (s *sqliteDB) view(ctx context.Context, now time.Time, use func(Reader) error) error {
	var c *sqliteConn
	select {
	case c = <-s.readers:
	case <-ctx.Done():
		return gaveUp(ctx.Err())
	}
	defer func() { s.readers <- c }()
	if err := c.open(ctx); err != nil {
		return classify(err)
	}
	if _, err := c.exec(ctx, "BEGIN", nil); err != nil {
		return classify(err)
	}
	defer c.rollback()
	return use(&viewer{now: now, query: func(sql string, args []any, row func(Row) error) (rowErr, sqlErr error) {
		return c.each(ctx, sql, args, row)
	}})
}

func (s *sqliteDB) asked() durabilityAsked {
	a := durabilityAsked{engine: sqliteName, version: "SELECT sqlite_version()", setting: "PRAGMA ", settings: []string{"journal_mode", "synchronous"}}
	if s.db.config.ReadOnly {
		a.settings = a.settings[:1] // synchronous is not what a writer uses
	}
	return a
}

// durability asks a connection that is made as the writer's is, or when there is
// none a reader's.
func (s *sqliteDB) durability(ctx context.Context) (Durability, error) {
	c := &sqliteConn{path: s.path, mode: toWrite, pragmas: writerPragmas}
	if s.db.config.ReadOnly {
		c.mode, c.pragmas = toRead, readerPragmas
	}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return Durability{}, classify(err)
	}
	d, err := s.asked().by(func(query string) (string, error) { return c.text(ctx, query) })
	return d, classify(err)
}

// close ends what is open, the lock last.
func (s *sqliteDB) close() error {
	var errs []error
	for range viewers {
		errs = append(errs, (<-s.readers).close())
	}
	if s.checkpoints != nil {
		errs = append(errs, s.checkpoints.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}
