package db

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"doorstep/fault"

	"github.com/gofrs/flock"
)

// backup copies the file with VACUUM INTO, in one snapshot:
// https://sqlite.org/lang_vacuum.html#vacuuminto. The name that was asked for
// is given to a complete copy only; until then the copy has a name of its own,
// which a backup that was killed leaves to the next one.
func (s *sqliteDB) backup(ctx context.Context, path string) error {
	partial := path + ".partial"
	lock, err := lockBackup(partial, path)
	if err != nil {
		return err
	}
	err = s.backupAlone(ctx, partial, path)
	return errors.Join(err, ignoreMissing(os.Remove(partial)), os.Remove(lock.Path()), lock.Unlock())
}

// lockBackup makes this the only backup to the path.
func lockBackup(partial, path string) (*flock.Flock, error) {
	lock := newLock(partial + ".lock")
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s can't be made: %w", path, err)
	}
	// Whoever had the lock has removed its file: that lock keeps nobody out now.
	if !taken || !isThere(lock) {
		return nil, errors.Join(fault.New(fault.Conflict, "another backup to %s is under way", path), lock.Unlock())
	}
	return lock, nil
}

func isThere(lock *flock.Flock) bool {
	locked, err1 := lock.Stat()
	named, err2 := os.Stat(lock.Path())
	return err1 == nil && err2 == nil && os.SameFile(locked, named)
}

func (s *sqliteDB) backupAlone(ctx context.Context, partial, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return existsAlready(path)
	}
	if err := makeAnew(partial); err != nil {
		return fault.New(fault.Unavailable, "%s can't be made: %w", partial, err)
	}
	if err := s.copyTo(ctx, partial); err != nil {
		return err
	}
	err := publish(partial, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return existsAlready(path)
	case err != nil:
		return fault.New(fault.Unavailable, "the backup %s can't be completed: %w", path, err)
	}
	return nil
}

func existsAlready(path string) error {
	return fault.New(fault.Conflict, "%s exists already: a backup overwrites nothing", path)
}

// makeAnew makes an empty file for its owner's eyes in the place of any that a
// killed backup has left. SQLite fills an empty file as it is, and would let
// others read one that it made.
func makeAnew(path string) error {
	if err := ignoreMissing(os.Remove(path)); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func (s *sqliteDB) copyTo(ctx context.Context, path string) error {
	c := &sqliteConn{path: s.path, mode: toRead, pragmas: []string{"busy_timeout(10000)", "temp_store(memory)"}}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return classify(err)
	}
	_, err := c.exec(ctx, "VACUUM INTO $1", []any{path})
	return classify(err)
}

// publish makes the copy durable before it gets its name.
func publish(partial, path string) error {
	file, err := os.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	err = renameToNew(partial, path)
	if errors.Is(err, errors.ErrUnsupported) {
		err = linkToNew(partial, path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// linkToNew is renameToNew where a kill in the midst of it may leave both names.
func linkToNew(old, name string) error {
	if err := os.Link(old, name); err != nil {
		return err
	}
	return os.Remove(old)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
