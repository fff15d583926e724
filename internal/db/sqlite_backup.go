package db

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"doorstep/fault"
)

// backup copies the file with VACUUM INTO, in one snapshot:
// https://sqlite.org/lang_vacuum.html#vacuuminto.
func (s *sqliteDB) backup(ctx context.Context, path string) error {
	if err := reserve(path); err != nil {
		return err
	}
	partial := path + ".partial"
	if err := s.copyTo(ctx, partial); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(partial)), os.Remove(path))
	}
	if err := publish(partial, path); err != nil {
		return fault.New(fault.Unavailable, "the backup %s can't be completed: %w", path, err)
	}
	return nil
}

// reserve makes an empty file, which fails when there is one already. Only a
// complete backup takes its place.
func reserve(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fault.New(fault.Conflict, "%s exists already: a backup overwrites nothing", path)
	case err != nil:
		return fault.New(fault.Unavailable, "%s can't be made: %w", path, err)
	}
	return file.Close()
}

func (s *sqliteDB) copyTo(ctx context.Context, path string) error {
	c := &sqliteConn{dsn: dsn(s.path, "ro", []string{"busy_timeout(10000)", "temp_store(memory)"})}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return classify(err)
	}
	_, err := c.conn.ExecContext(ctx, "VACUUM INTO $1", path)
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
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
