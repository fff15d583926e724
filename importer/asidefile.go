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
	file *os.File     // nil when nothing is to be written, and at the end
	lock *flock.Flock // nil when nothing is written beside it
}

// AsideFiles returns the files that an import writes which sets rows aside to a
// path: that one, and what is beside it meanwhile.
func AsideFiles(path string) []string {
	return []string{path, path + partEnd, path + partEnd + lockEnd}
}

const (
	partEnd = ".part"
	lockEnd = ".lock"
)

// newAsideFile begins a file; without a path it writes nowhere.
//
// Errors: unavailable when it can not be made; locked when another import
// writes it.
func newAsideFile(path string, columns []string) (*asideFile, error) {
	if path == "" {
		return &asideFile{}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return straight(path, columns)
	}
	part := path + partEnd
	lock := flock.New(part+lockEnd, flock.SetFlag(os.O_CREATE|os.O_RDWR))
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

// straight writes to what is no file, such as /dev/null, and must not be replaced
// by one.
func straight(path string, columns []string) (*asideFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, writeFault(err)
	}
	return &asideFile{NewAsideWriter(file, columns), path, file, nil}, nil
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
	if a.lock == nil {
		err := a.file.Close()
		a.file = nil
		return writeFault(err)
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
	if a.lock == nil {
		return
	}
	_ = errors.Join(os.Remove(a.file.Name()), unlock(a.lock)) // the import has failed, and its error says why
}
