package importer

import (
	"errors"
	"os"

	"github.com/gofrs/flock"

	"doorstep/fault"
)

// asideFile is the file of rows set aside. It has its name only once it is
// whole: until then an older one stays as it is, and no other import writes one.
type asideFile struct {
	*AsideWriter
	path string
	file *os.File // nil when nothing is to be written, and at the end
	lock *flock.Flock
}

// newAsideFile begins a file; without a path it writes nowhere.
//
// Errors: unavailable when it can not be made; locked when another import
// writes it.
func newAsideFile(path string, columns []string) (*asideFile, error) {
	if path == "" {
		return &asideFile{}, nil
	}
	part := path + ".part"
	lock := flock.New(part+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, writeFault(err)
	}
	// Whoever had the lock has removed its file: that lock keeps nobody out now.
	if !taken || !isThere(lock) {
		return nil, errors.Join(fault.New(fault.Locked, "another import writes the rows that it sets aside to %s: name another file", path), lock.Unlock())
	}
	file, err := os.Create(part)
	if err != nil {
		return nil, errors.Join(writeFault(err), unlock(lock))
	}
	return &asideFile{NewAsideWriter(file, columns), path, file, lock}, nil
}

func isThere(lock *flock.Flock) bool {
	locked, err1 := lock.Stat()
	named, err2 := os.Stat(lock.Path())
	return err1 == nil && err2 == nil && os.SameFile(locked, named)
}

// unlock removes the lock's file while it is still held.
func unlock(lock *flock.Flock) error { return errors.Join(os.Remove(lock.Path()), lock.Unlock()) }

// Write adds one row.
func (a *asideFile) Write(row Aside) error {
	if a.file == nil {
		return nil
	}
	return a.AsideWriter.Write(row)
}

// keep gives the file its name.
//
// Errors: unavailable when it, or an earlier row, could not be written.
func (a *asideFile) keep() error {
	if a.file == nil {
		return nil
	}
	if err := a.Flush(); err != nil {
		return err
	}
	part := a.file.Name()
	err := errors.Join(a.file.Sync(), a.file.Close())
	a.file = nil
	if err == nil {
		err = os.Rename(part, a.path)
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return writeFault(errors.Join(err, unlock(a.lock)))
}

// discard removes a file that was not kept.
func (a *asideFile) discard() {
	if a.file == nil {
		return
	}
	_ = a.file.Close()
	_ = errors.Join(os.Remove(a.file.Name()), unlock(a.lock)) // the import has failed, and its error says why
}
