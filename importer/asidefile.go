package importer

import (
	"errors"
	"os"
)

// asideFile is the file of rows set aside. It has its name only once it is
// whole: until then an older one stays as it is.
type asideFile struct {
	*AsideWriter
	path string
	file *os.File // nil when nothing is to be written, and at the end
}

// newAsideFile begins a file; without a path it writes nowhere.
//
// Errors: unavailable when it can not be made.
func newAsideFile(path string) (*asideFile, error) {
	if path == "" {
		return &asideFile{}, nil
	}
	file, err := os.Create(path + ".part")
	if err != nil {
		return nil, writeFault(err)
	}
	return &asideFile{NewAsideWriter(file), path, file}, nil
}

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
	return writeFault(err)
}

// discard removes a file that was not kept.
func (a *asideFile) discard() {
	if a.file == nil {
		return
	}
	_ = a.file.Close()
	_ = os.Remove(a.file.Name()) // the import has failed, and its error says why
}
